"""Whether the aggregator believes that it is metrics-server that answers: what is served, against the APIService.

The aggregator asks for the name ``SERVICE.NAMESPACE.svc``, whatever address it dials, and verifies against
``spec.caBundle``, or against the CAs of the API server's host where there is none; with ``insecureSkipTLSVerify`` it
looks at nothing (kube-aggregator pkg/controllers/status/remote/remote_available_controller.go, BuildTransportConfig,
0.36.3). The certificate is read off the wire, through the API server, where the user allowed that; else the condition
tells what the API server met. From the Secret that holds it, it is never read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from msdoctor import x509
from msdoctor.bundle import Bundle
from msdoctor.facts.asked_for import pod_place
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import KIND_OF_ERROR, OF_THE_LEAF, shaken
from msdoctor.facts.objects import APIService
from msdoctor.facts.registration import Backend, availability
from msdoctor.model import Evidence, Hop, Unseen
from msdoctor.utterances import Speaker, Utterance
from msdoctor.utterances.errors import Expired
from msdoctor.utterances.reader import read_text


@dataclass(frozen=True, slots=True)
class Served:
    """The certificate that one pod of metrics-server serves, and where it was met."""

    chain: tuple[x509.Certificate, ...]
    pod: str
    place: str
    at: datetime

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate itself."""
        return self.chain[0]

    def evidence(self, saw: str, namespace: str, port: int) -> Evidence:
        """Something seen in it. The handshake goes through the API server, so a port-forward shows it again."""
        return Evidence(
            saw=saw,
            where=self.place,
            how=(
                f"kubectl -n {namespace} port-forward {self.pod} 4443:{port} &"
                " openssl s_client -connect 127.0.0.1:4443 </dev/null | openssl x509 -noout -text"
            ),
            at=self.at,
        )


@dataclass(frozen=True, slots=True)
class ServingFault:
    """One fault that the aggregator finds. ``first`` is the one that Go reports while the others hide behind it.

    ``certain``: seen on the wire, rather than told by the condition. ``served`` is the certificate, where it was seen;
    ``ends`` is its notAfter, where that is the fault.
    """

    kind: x509.ProblemKind
    text: str
    first: bool
    certain: bool
    evidence: tuple[Evidence, ...]
    served: Served | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What the aggregator demands of metrics-server, and what it gets.

    ``passed``: the API server goes on asking, so it has verified one. ``unseen``: why no certificate was met, empty if
    one was. ``unreadable``: what Go says of a caBundle that it cannot
    read; then nothing is even asked. ``by_cluster_ca``: whether the cluster's own CA has issued what is served.
    """

    apiservice: str
    name: str
    roots: tuple[x509.Certificate, ...] | None  # None: those of the API server's host
    served: tuple[Served, ...]
    faults: tuple[ServingFault, ...]
    passed: bool
    unseen: str = ""
    unreadable: str = ""
    by_cluster_ca: bool = False


def verification(
    bundle: Bundle,
    apiservices: Sequence[APIService] | Unseen,
    backend: Backend | Unseen | None,
    installation: Installation | None,
    cluster_ca: Sequence[x509.Certificate],
) -> Verification | Unseen | None:
    """Of the APIService that names a Service; None where none does, or none is verified."""
    if isinstance(apiservices, Unseen):
        return apiservices
    item = next((item for item in apiservices if item.spec.service), None)
    if item is None or item.spec.service is None or item.spec.insecure_skip_tls_verify:
        return None
    name = f"{item.spec.service.name}.{item.spec.service.namespace}.svc"
    found = Verification(item.metadata.name, name, None, (), (), passed=item.available.status == "True")
    if item.spec.ca_bundle:
        roots = _roots(item.spec.ca_bundle)
        if isinstance(roots, str):
            return replace(found, unreadable=roots)
        found = replace(found, roots=roots)
    served, unseen = _served(bundle, backend, installation)
    found = replace(found, served=served, unseen=unseen)
    judged = tuple(_seen(found, installation, bundle.taken_at)) if installation else ()
    said = _said(item, bundle.taken_at)
    # What the API server met comes before what the arguments let expect: they may have been changed since.
    if installation and installation.signs_for_itself and not (served or found.passed or said):
        judged = (_self_signed(found, item, installation),)
    return replace(
        found,
        faults=_with_what_is_said(judged, said, item),
        by_cluster_ca=bool(served and cluster_ca) and all(_issued(one, cluster_ca, one.at) for one in served),
    )


def _roots(ca_bundle: str) -> tuple[x509.Certificate, ...] | str:
    """The CAs of a caBundle, or why Go would have none of it (client-go transport/transport.go, rootCertPool)."""
    try:
        found = tuple(x509.parse_pem(base64.b64decode(ca_bundle, validate=True)))
    except (binascii.Error, ValueError):
        found = ()
    return found or "unable to parse bytes as PEM block"


def _served(
    bundle: Bundle, backend: Backend | Unseen | None, installation: Installation | None
) -> tuple[tuple[Served, ...], str]:
    """What each pod behind the Service serves; where none was met, why."""
    service = None if isinstance(backend, Unseen) or backend is None else backend.service
    if installation is None or not installation.selected_by(service):
        return (), "it is not seen who answers behind the Service"
    if "tls-sni-cert-key" in installation.flags:
        return (), "it serves other certificates to those who ask by name (--tls-sni-cert-key)"
    found, why = [], "it has no pod"
    for pod in installation.pods:
        name = pod.metadata.name
        place = pod_place(installation, name)
        chain = shaken(bundle, place)
        if isinstance(chain, Unseen):
            why = chain.reason
        else:
            found.append(Served(tuple(chain), name, place.path, bundle.at(place).at))
    return tuple(found), "" if found else why


def _seen(found: Verification, installation: Installation, now: datetime) -> Iterator[ServingFault]:
    """The faults of what was met on the wire, each kind once."""
    told: set[x509.ProblemKind] = set()
    for one in found.served:
        roots = one.chain[-1:] if found.roots is None else found.roots
        judgement = x509.judge(
            [item.der for item in one.chain],
            [item.der for item in roots],
            name=found.name,
            usage=x509.Usage.SERVER,
            at=now,
        )
        for number, problem in enumerate(judgement.problems):
            if problem.kind in told or (found.roots is None and problem.kind not in OF_THE_LEAF):
                continue
            told.add(problem.kind)
            evidence = one.evidence(
                f"it serves a certificate of {one.leaf.subject}, issued by {one.leaf.issuer}: {problem.text}",
                installation.namespace,
                installation.secure_port,
            )
            ends = one.leaf.not_after if problem.kind is x509.ProblemKind.EXPIRED else None
            yield ServingFault(problem.kind, problem.text, number == 0, True, (evidence,), one, ends)


def _self_signed(found: Verification, item: APIService, installation: Installation) -> ServingFault:
    """The fault of the certificate that it makes at its start, which nobody need meet to know.

    It is for ``localhost`` (metrics-server cmd/metrics-server/app/options/options.go, 0.9.0).
    """
    authority = "a caBundle" if item.spec.ca_bundle else "no caBundle"
    verified = Evidence(
        saw=f"insecureSkipTLSVerify: false, and {authority}",
        where=f"APIService {found.apiservice}",
        how=f"kubectl get apiservice {found.apiservice} -o yaml",
    )
    signed = Evidence(
        saw="no --tls-cert-file among its arguments: it signs a certificate for localhost itself, anew at each start",
        where=f"Deployment {installation.namespace}/{installation.name}",
        how=f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml",
    )
    text = f"x509: certificate is valid for localhost, localhost, not {found.name}"
    # An API server that complains of something else has not come as far as a handshake.
    return ServingFault(x509.ProblemKind.NAME_MISMATCH, text, not item.available.message, False, (verified, signed))


def _said(item: APIService, now: datetime) -> Utterance | None:
    """What the API server says of the certificate that it met, if that is what keeps it from asking.

    That one has expired which has not is no word about the certificate, but about the API server's clock.
    """
    if item.available.status == "True" or not item.available.message:
        return None
    said = read_text(item.available.message, speaker=Speaker.AGGREGATOR)
    if said is None or type(said.error) not in KIND_OF_ERROR or said.connection.hop is not Hop.C:
        return None
    ends = _ends(said)
    return None if ends and ends > now else said


def _ends(said: Utterance) -> datetime | None:
    if not isinstance(said.error, Expired):
        return None
    try:
        ends = datetime.fromisoformat(said.error.not_after)
    except ValueError:
        return None
    return ends if ends.tzinfo else None


def _with_what_is_said(
    seen: tuple[ServingFault, ...], said: Utterance | None, item: APIService
) -> tuple[ServingFault, ...]:
    """The faults with the condition's word on them: the API server was there, and names the first."""
    if said is None:
        return seen
    evidence = availability(item)
    kind = KIND_OF_ERROR[type(said.error)]
    agreed = next((fault for fault in seen if fault.kind is kind and fault.first), None)
    if agreed:
        confirmed = replace(agreed, evidence=(*agreed.evidence, evidence))
        return tuple(confirmed if fault is agreed else fault for fault in seen)
    others = tuple(replace(fault, first=False) for fault in seen if fault.kind is not kind)
    return (ServingFault(kind, said.text, True, False, (evidence,), ends=_ends(said)), *others)


def _issued(one: Served, roots: Sequence[x509.Certificate], at: datetime) -> bool:
    chain, pool = [item.der for item in one.chain], [item.der for item in roots]
    problems = x509.judge(chain, pool, name=None, usage=x509.Usage.SERVER, at=at).problems
    return all(problem.kind in OF_THE_LEAF for problem in problems)
