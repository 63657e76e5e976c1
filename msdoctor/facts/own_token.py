"""metrics-server's own token: whether the API server refuses it, and why that must be.

A token is refused at every use alike: at lists and reviews (hop D), and by each kubelet that has it checked (hop F).
The API server tells its log why, and the caller nothing but ``Unauthorized``. What the token says of itself tells as
well, where the node's files were read, and so does its ServiceAccount, where that is younger than the pod (kubernetes
pkg/serviceaccount/claims.go, Validate: signature, times, account, pod; 1.36.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import msgspec

from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place
from msdoctor.facts import installation as installs
from msdoctor.facts import paths
from msdoctor.facts.flow import Flow
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Meta, Pod, ServiceAccount, decode
from msdoctor.facts.processes import Component
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.model import Evidence, Hop, Unseen
from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import HTTPStatus, Started, Unauthorized

MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"  # client-go rest/config.go, InClusterConfig
LEEWAY = timedelta(minutes=1)  # go-jose jwt.DefaultLeeway
# Within this time metrics-server says it again: it lists anew when a watch ends, 5 to 10 minutes after it began.
SAID_AGAIN = timedelta(minutes=10)
_MARKS = (b"Unauthorized", b"asked for the client to provide credentials")


class Fate(StrEnum):
    """Why a token is refused, as far as it is seen."""

    EXPIRED = "past its exp"
    ACCOUNT_GONE = "its ServiceAccount is not there"
    ACCOUNT_REMADE = "it is of an earlier ServiceAccount of that name"
    UNKNOWN_KEY = "neither expired nor of another account"
    RENEWED = "a kubelet renews it, so it has not expired"
    GIVEN = "given by hand: expired, or invalid for another reason"


class Held(StrEnum):
    """Where metrics-server has its token from."""

    KUBELET = "kubelet"  # a projected volume, renewed in time
    SECRET = "secret"  # noqa: S105  a mounted Secret, with whatever somebody put into it
    KUBECONFIG = "kubeconfig"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says of itself: the uid of its ServiceAccount, and when it ends."""

    account: str
    issued: datetime | None
    expires: datetime | None
    where: str
    origin: str
    how: str


@dataclass(frozen=True, slots=True)
class OwnToken:
    """A token that is refused. ``said`` is what metrics-server says of it, ``proof`` what else shows why.

    ``starting``: without it metrics-server did not even start. ``secret``, ``volume`` and ``mount`` are the name of a
    mounted Secret and JSON pointers into the Deployment, empty where the kubelet gives the token.
    """

    fate: Fate
    held: Held
    said: tuple[Evidence, ...]
    proof: tuple[Evidence, ...]
    read: bool
    starting: bool
    since: datetime | None
    secret: str = ""
    volume: str = ""
    mount: str = ""


class _Bound(msgspec.Struct, frozen=True):
    uid: str = ""


class _Kubernetes(msgspec.Struct, frozen=True):
    serviceaccount: _Bound = _Bound()


class _Token(msgspec.Struct, frozen=True):
    kubernetes: _Kubernetes = msgspec.field(default=_Kubernetes(), name="kubernetes.io")
    iat: float | None = None
    exp: float | None = None


def wanted(bundle: Bundle, one: Installation, kubelets: Sequence[Component]) -> Iterator[Place]:
    """Its ServiceAccount and what its token says of itself, once its log has it that somebody does not know it."""
    logs = (bundle.at(Place(WORKSTATION, Kind.LOG, path)).body or b"" for path in installs.log_paths(one))
    if any(mark in log for log in logs for mark in _MARKS):
        yield Place(WORKSTATION, Kind.API, _account_path(one))
        yield from (place for pod in one.pods if (place := _file(bundle, pod, one, kubelets)))


def own_token(
    bundle: Bundle,
    one: Installation | None,
    log: Sequence[Utterance] | Unseen,
    failed: Sequence[FailedScrape] | Unseen,
    flow: Flow | Unseen,
    kubelets: Sequence[Component],
) -> OwnToken | Unseen | None:
    """The token, if it is refused now; None where nothing says so."""
    if one is None:
        return None
    if isinstance(log, Unseen) or isinstance(failed, Unseen):
        return log if isinstance(log, Unseen) else None
    refusal = _refusal(log, flow, bundle.taken_at)
    by_kubelets = tuple(scrape.evidence for scrape in failed if _says_401(scrape))
    if refusal is None and not by_kubelets:
        return None
    account = decode(bundle.api(_account_path(one)), ServiceAccount)
    refused_account = bundle.api(_account_path(one)).refusal
    gone = refused_account is not None and refused_account.status == 404
    claims = next((found for pod in reversed(one.pods) if (found := _claims(bundle, pod, one, kubelets))), None)
    reason = _reason(one, claims, None if isinstance(account, Unseen) else account.metadata, gone, bundle.taken_at)
    fate, proof, since = reason
    if refusal is None and fate not in (Fate.EXPIRED, Fate.ACCOUNT_GONE, Fate.ACCOUNT_REMADE):
        return None  # kubelets alone say no: that has other causes too
    held, secret, volume, mount = _held(one)
    return OwnToken(
        fate=fate,
        held=held,
        said=(*((_evidence(refusal, one),) if refusal else ()), *by_kubelets[:1]),
        proof=proof,
        read=claims is not None or fate is Fate.ACCOUNT_GONE,
        starting=refusal is not None and _at_start(refusal) and not by_kubelets,
        since=since,
        secret=secret,
        volume=volume,
        mount=mount,
    )


def _refusal(log: Sequence[Utterance], flow: Flow | Unseen, now: datetime) -> Utterance | None:
    """The last time that the API server did not know metrics-server, unless it did later, or it would say so again."""
    said = [u for u in log if isinstance(u.error, Unauthorized) and u.connection.hop is Hop.D]
    last = max(said, key=_moment, default=None)
    if last is None or (_at_start(last) and any(_serves(u) and _moment(u) > _moment(last) for u in log)):
        return None
    if now - _moment(last) > SAID_AGAIN:
        return None
    newest = None if isinstance(flow, Unseen) else flow.newest
    return None if newest is not None and newest > _moment(last) else last


def _moment(said: Utterance) -> datetime:
    """When it was said; what has no full date was said at no known time, and anything may have come later."""
    return said.at if said.at and said.at.tzinfo else datetime.min.replace(tzinfo=UTC)


def _at_start(said: Utterance) -> bool:
    return any("configmap based" in wrapper for wrapper in said.outer)


def _serves(said: Utterance) -> bool:
    return isinstance(said.error, Started) and said.error.what == "serving"


def _says_401(scrape: FailedScrape) -> bool:
    return scrape.said.connection.hop is Hop.F and isinstance(scrape.error, HTTPStatus) and scrape.error.code == "401"


def _reason(
    one: Installation, claims: Claims | None, account: Meta | None, gone: bool, now: datetime
) -> tuple[Fate, tuple[Evidence, ...], datetime | None]:
    """In the order in which the API server looks: the token's times before its account."""
    if claims and claims.expires and claims.expires + LEEWAY < now:
        return Fate.EXPIRED, (_shows(claims, f"expired at {claims.expires:%Y-%m-%d %H:%M:%SZ}"),), claims.expires
    if gone:
        return Fate.ACCOUNT_GONE, (_of_account(one, "there is no such ServiceAccount"),), None
    if claims and account and claims.account and claims.account != account.uid:
        seen = (
            _shows(claims, f"is of the ServiceAccount with uid {claims.account}"),
            _of_account(one, f"the one that is there has uid {account.uid}", account.creation_timestamp),
        )
        return Fate.ACCOUNT_REMADE, seen, account.creation_timestamp
    if claims:
        until = f", and ends at {claims.expires:%Y-%m-%d %H:%M:%SZ}" if claims.expires else ""
        return Fate.UNKNOWN_KEY, (_shows(claims, f"is of the ServiceAccount that is there{until}"),), None
    made = account.creation_timestamp if account else None
    begun = max((pod.metadata.creation_timestamp for pod in one.pods if pod.metadata.creation_timestamp), default=None)
    if made and begun and made > begun:
        return Fate.ACCOUNT_REMADE, (_of_account(one, "it is younger than metrics-server's pod", made),), made
    return (Fate.RENEWED if _held(one)[0] is Held.KUBELET else Fate.GIVEN), (), None


def _held(one: Installation) -> tuple[Held, str, str, str]:
    """Where the token comes from; of a Secret its name, and where the Deployment mounts it."""
    if one.flags.text("kubeconfig"):
        return Held.KUBECONFIG, "", "", ""
    spec = one.deployment.spec.template.spec
    secrets = {
        volume.name: (place, volume.secret.secret_name) for place, volume in enumerate(spec.volumes) if volume.secret
    }
    for place, mount in enumerate(one.container.volume_mounts):
        if mount.mount_path.rstrip("/") == MOUNT and mount.name in secrets:
            volume, secret = secrets[mount.name]
            number = spec.containers.index(one.container)
            top = "/spec/template/spec"
            return Held.SECRET, secret, f"{top}/volumes/{volume}", f"{top}/containers/{number}/volumeMounts/{place}"
    return Held.KUBELET, "", "", ""


def _account_path(one: Installation) -> str:
    return paths.service_account(one.namespace, one.deployment.spec.template.spec.service_account_name)


def _file(bundle: Bundle, pod: Pod, one: Installation, kubelets: Sequence[Component]) -> Place | None:
    """Where a pod's token lies on its node, if that node's files were given."""
    host = pod.spec.node_name
    container = next((item for item in pod.spec.containers if item.name == one.container.name), None)
    if host not in bundle.hosts or container is None or not re.fullmatch(r"[\w-]{1,64}", pod.metadata.uid):
        return None
    name = next((item.name for item in container.volume_mounts if item.mount_path.rstrip("/") == MOUNT), "")
    volume = next((item for item in pod.spec.volumes if item.name == name), None)
    if volume is None or not (volume.projected or volume.secret):
        return None
    roots = (kubelet.flags.text("root-dir") for kubelet in kubelets if kubelet.host == host)
    root = next((path for path in roots if path.startswith("/")), "/var/lib/kubelet")
    kind = "projected" if volume.projected else "secret"
    path = f"{root}/pods/{pod.metadata.uid}/volumes/kubernetes.io~{kind}/{name}/token"
    return Place(f"host/{host}", Kind.FILE, path)


def _claims(bundle: Bundle, pod: Pod, one: Installation, kubelets: Sequence[Component]) -> Claims | None:
    place = _file(bundle, pod, one, kubelets)
    said = decode(bundle.at(place), _Token) if place else None
    if place is None or said is None or isinstance(said, Unseen):
        return None
    return Claims(
        account=said.kubernetes.serviceaccount.uid,
        issued=_time(said.iat),
        expires=_time(said.exp),
        where=str(place),
        origin=place.origin,
        how=f"cut -d. -f2 {place.path} | tr _- /+ | base64 -d",
    )


def _time(seconds: float | None) -> datetime | None:
    """A NumericDate of RFC 7519; none where it is of no year that Python has."""
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _shows(claims: Claims, what: str) -> Evidence:
    return Evidence(f"metrics-server's token {what}", claims.where, claims.how, claims.origin, claims.issued)


def _of_account(one: Installation, what: str, at: datetime | None = None) -> Evidence:
    name = one.deployment.spec.template.spec.service_account_name
    return Evidence(
        saw=what,
        where=f"ServiceAccount {one.namespace}/{name}",
        how=f"kubectl -n {one.namespace} get serviceaccount {name} -o yaml",
        at=at,
    )


def _evidence(said: Utterance, one: Installation) -> Evidence:
    return Evidence(
        saw=f"metrics-server says: {said.text}",
        where=f"log of metrics-server, line {said.line}",
        how=f"kubectl -n {one.namespace} logs deployment/{one.name}",
        at=said.at,
    )
