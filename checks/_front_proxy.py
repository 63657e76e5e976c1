"""What the checks of the aggregator's client certificate share: what follows from its being refused, and a new one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    Blanks,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Remedy,
    State,
    Unseen,
    those_seen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.front_proxy import FrontProxy
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance
    from msdoctor.x509 import Certificate, Problem

# The API server looks at the files once a minute and when they change; availability is asked every 30 s.
SHOWS_WITHIN_SECONDS = 120
CONFIG_MAP = "ConfigMap kube-system/extension-apiserver-authentication"
# kubeadm's own name for it; there kubeadm issues it anew, from the CA that lies beside.
KUBEADMS = "/etc/kubernetes/pki/front-proxy-client.crt"
TIME = "%Y-%m-%d %H:%M"
AUTHORITY = re.compile(r"verifying certificate SN=\d{1,60}, SKID=[0-9A-F:]{0,200}, AKID=([0-9A-F:]{0,200})")
# What guides and installers call the aggregator's certificate: kubeadm, k3s, hand-built clusters.
PROXIES = (
    "front-proxy-client",
    "system:auth-proxy",
    "aggregator",
    "front-proxy-ca",
    "system:front-proxy",
    "front-proxy",
    "proxy-client",
    # Clusters built by hand often have the aggregator show the API server's own certificate.
    "kubernetes",
    "kube-apiserver",
    "system:kube-apiserver",
)


def what_follows(
    taken: Aggregator | None, aggregators: tuple[Aggregator, ...] | Unseen, flow: Flow | Unseen
) -> tuple[tuple[Effect, ...], State]:
    """What one aggregator that is not taken for a front proxy does to everybody, and whether it hurts now.

    Where metrics-server believes another API server's, metrics come and go. A user that it is taken for may have
    rights, and then metrics flow for everybody by those.
    """
    answers = _answers(flow)
    others = [one for one in those_seen(aggregators) if taken is None or one.server != taken.server]
    odd = any(not (one.refused or one.as_user or one.anonymous) for one in others)
    if taken is not None and taken.as_user:
        if answers and not odd:
            return (Effect(EffectKind.UNSAFE),), State.LATENT
        effect = Effect(EffectKind.IDENTITY_CONFUSED)
    else:
        effect = Effect(EffectKind.IDENTITY_REFUSED)
    if not odd:
        return (effect,), State.ACTIVE
    return (Effect(EffectKind.COMES_AND_GOES), *(() if answers else (effect,))), State.ACTIVE


def follows_from_what_is_said(flow: Flow | Unseen) -> tuple[tuple[Effect, ...], Confidence]:
    """The same of a refusal that was only heard of: while metrics are answered it is one API server's, or just over."""
    if _answers(flow):
        return (Effect(EffectKind.COMES_AND_GOES),), Confidence.POSSIBLE
    return (Effect(EffectKind.IDENTITY_REFUSED),), Confidence.LIKELY


def _answers(flow: Flow | Unseen) -> bool:
    return not isinstance(flow, Unseen) and flow.refusal is None and bool(flow.nodes)


def one_of(taken: Aggregator | None, aggregators: tuple[Aggregator, ...] | Unseen) -> str:
    """That other API servers' aggregators are believed, as a sentence; empty where none is."""
    others = [
        one.server.partition("@")[2] or "another host"
        for one in those_seen(aggregators)
        if taken is not None and one.server != taken.server and not (one.refused or one.as_user or one.anonymous)
    ]
    if not others:
        return ""
    return f" That of {', '.join(others)} is believed, so metrics come and go with the API server that is asked."


def confidence_of(front: FrontProxy) -> Confidence:
    """Certain where the certificate and what it is held against were both read."""
    return Confidence.CERTAIN if front.published else Confidence.LIKELY


def state_of(front: FrontProxy, problem: Problem, state: State) -> State:
    """What metrics-server meets first hides the rest; without a published CA it meets none of it."""
    return state if front.meets_first(problem) or front.taken is None else State.NEXT


def shown(proxy: ProxyClient, saw: str) -> Evidence:
    """Something read off the certificate's file."""
    return Evidence(
        saw=saw,
        where=f"{proxy.api_server.host}:{proxy.path}",
        how=f"openssl x509 -noout -subject -issuer -dates -ext extendedKeyUsage -in {proxy.path}",
        origin=proxy.api_server.origin,
        at=proxy.leaf.not_before,
    )


def in_file(server: Component, path: str, saw: str) -> Evidence:
    """Something read off a certificate in another file of the API server's."""
    how = f"openssl x509 -noout -subject -dates -in {path}"
    return Evidence(saw=saw, where=f"{server.host}:{path}", how=how, origin=server.origin)


def published(saw: str) -> Evidence:
    """Something read in the ConfigMap."""
    return Evidence(saw=saw, where=CONFIG_MAP, how=paths.AUTHENTICATION_HOW)


def said(line: Utterance, blanks: Blanks) -> Evidence:
    """A line of metrics-server's log."""
    return Evidence(
        saw=f"metrics-server says: {line.text}",
        where=f"log of metrics-server, line {line.line}",
        how=f"kubectl -n {blanks['namespace']} logs deployment/{blanks['deployment']}",
        at=line.at,
    )


def refusals(log: tuple[Utterance, ...] | Unseen, error: str) -> Iterator[Utterance]:
    """Lines by which metrics-server refuses a front proxy's certificate for this error, newest first.

    One that is about the second look alone, against the client CA, says nothing of the front proxy's CA.
    """
    for line in reversed(those_seen(log)):
        is_refusal = any("Unable to authenticate the request" in part for part in line.outer)
        second_look = any("verifying certificate SN=" in part for part in line.outer)
        if is_refusal and not second_look and type(line.error).__name__ == error:
            yield line


def heard(
    error: str,
    summary: str,
    remedies: tuple[Remedy, ...],
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Finding | None:
    """That the certificate is refused for this error, where no file was read and metrics-server's log tells of it."""
    refused = not isinstance(aggregator, Unseen) and aggregator.refused
    line = next(refusals(log, error), None) if refused else None
    if line is None:
        return None
    effects, confidence = follows_from_what_is_said(flow)
    return Finding(
        summary=summary,
        subjects=("process/kube-apiserver",),
        evidence=(said(line, repair.blanks()),),
        effects=effects,
        confidence=confidence,
        remedies=remedies,
    )


def authority_key(text: str) -> str:
    """The key id of the CA that issued the certificate which a line of metrics-server's log is about, as hex."""
    found = AUTHORITY.search(text)
    return found[1].replace(":", "").lower() if found else ""


def names(authorities: Sequence[Certificate]) -> str:
    """CAs by their subjects and the ids of their keys."""
    return ", ".join(f"{ca.subject} (key id {colons(ca.subject_key_id) or 'none'})" for ca in authorities)


def colons(key_id: str) -> str:
    """As openssl and metrics-server's log print a key's id."""
    return ":".join(key_id[place : place + 2].upper() for place in range(0, len(key_id), 2))


def blanks_unseen(repair: Repair, config: AuthenticationConfig | Unseen | None) -> Blanks:
    """The same where no certificate was read: under a name that is allowed."""
    allowed = () if config is None or isinstance(config, Unseen) else config.allowed_names
    return repair.blanks(proxy_name=(*allowed, "front-proxy-client")[0])


def blanks_of(repair: Repair, proxy: ProxyClient, config: AuthenticationConfig | Unseen | None) -> Blanks:
    """The blanks of a remedy for one API server's own certificate."""
    server = proxy.api_server
    allowed = () if config is None or isinstance(config, Unseen) else config.allowed_names
    name = proxy.leaf.common_name
    own = {
        "control_plane": server.host,
        "apiserver_form": str(server.form),
        "proxy_cert": proxy.path,
        "proxy_key": server.flags.text("proxy-client-key-file"),
        "proxy_ca": server.flags.text("requestheader-client-ca-file"),
        "proxy_ca_key": proxy.ca_key,
        "proxy_name": name if name and (not allowed or name in allowed) else (*allowed, "front-proxy-client")[0],
        "apiserver_file": server.file,
    }
    return repair.blanks(**{blank: value for blank, value in own.items() if value})


def reissue(blanks: Blanks) -> tuple[Remedy, ...]:
    """A new certificate for the aggregator's key, from the front-proxy CA, in the place of the old one."""
    cert, key, ca, ca_key = (blanks[name] for name in ("proxy_cert", "proxy_key", "proxy_ca", "proxy_ca_key"))
    if cert == KUBEADMS:
        commands: tuple[str, ...] = (
            f"cp {cert} {cert}.before && cp {key} {key}.before",
            "kubeadm certs renew front-proxy-client",
        )
        undo = f"mv {cert}.before {cert} && mv {key}.before {key}"
    else:
        commands = (
            f"openssl req -new -key {key} -subj /CN={blanks['proxy_name']} -out {cert}.csr",
            f"printf 'extendedKeyUsage=clientAuth\\n' > {cert}.ext",
            (
                f"openssl x509 -req -in {cert}.csr -CA {ca} -CAkey {ca_key} -set_serial 0x$(openssl rand -hex 8)"
                f" -days 365 -extfile {cert}.ext -out {cert}.new"
            ),
            f"openssl verify -CAfile {ca} -purpose sslclient {cert}.new",
            f"cp {cert} {cert}.before && mv {cert}.new {cert}",
        )
        undo = f"mv {cert}.before {cert}"
    return (
        Remedy(
            advice=(
                f"Issue a new certificate for the aggregator as {blanks['proxy_name']}, from the front-proxy CA. The"
                " API server takes it up within a minute, or as it starts."
            ),
            commands=commands,
            on=f"control-plane/{blanks['control_plane']}",
            undo=(undo,),
            verify=f"kubectl get apiservice {blanks['apiservice']}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def renew_ca(blanks: Blanks) -> tuple[Remedy, ...]:
    """The front-proxy CA for ten more years, of the same key and name: what it issued stays valid by it."""
    ca, ca_key = blanks["proxy_ca"], blanks["proxy_ca_key"]
    return (
        Remedy(
            advice=(
                "Issue the front-proxy CA anew, of the same key and name, so that the aggregator's certificate stays"
                " valid by it. The API server publishes it within a minute."
            ),
            commands=(
                (
                    "printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\n"
                    f"subjectKeyIdentifier=hash\\n' > {ca}.ext"
                ),
                f"openssl x509 -in {ca} -signkey {ca_key} -days 3650 -clrext -extfile {ca}.ext -out {ca}.new",
                f"cp {ca} {ca}.before && mv {ca}.new {ca}",
            ),
            on=f"control-plane/{blanks['control_plane']}",
            undo=(f"mv {ca}.before {ca}",),
            verify=f"kubectl get apiservice {blanks['apiservice']}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def publish_anew(blanks: Blanks, advice: str, way: int = 1) -> Remedy:
    """Delete the ConfigMap, which API servers only ever add to: each writes it again, with what it has now."""
    name = "extension-apiserver-authentication"
    return Remedy(
        advice=advice,
        commands=(
            "until kubectl get --raw /readyz > /dev/null; do sleep 2; done",
            f"kubectl -n kube-system get configmap {name} -o yaml > {name}.before.yaml",
            f"kubectl -n kube-system delete configmap {name}",
        ),
        verify=f"kubectl get apiservice {blanks['apiservice']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=way,
    )
