"""What each kubelet serves, seen where metrics-server would dial it, and what metrics-server thinks of it.

The wire outranks all else. Where no handshake is to be had, the certificate is presumed to be the one that the cluster
issued last at the kubelet's request, else the one in the file that its configuration names; and metrics-server's log
tells what it met. Each origin is named in the evidence, and only the wire makes certain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import msgspec

from msdoctor import x509
from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place
from msdoctor.facts import csrs, paths
from msdoctor.facts.flags import Flags
from msdoctor.facts.impostor import Dialled, Impostor, impostor, is_own_certificate
from msdoctor.facts.installation import COMPILED_ADDRESS_TYPES, Installation
from msdoctor.facts.objects import ConfigMap, Node, NodeList, decode
from msdoctor.facts.processes import Component, kubelet_settings, text_of
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.model import Evidence, Hop, Unseen
from msdoctor.utterances.errors import (
    Expired,
    IncompatibleUsage,
    InnermostError,
    LegacyCommonName,
    NoIPSANs,
    NotValidFor,
    NotValidForAny,
    NotYetValid,
    TLSAlert,
    UnknownAuthority,
)

DEFAULT_PORT = 10250
CERT_DIR = "/var/lib/kubelet/pki"

# What a kubelet without any certificate ends a handshake with: GetCertificate fails, which Go's crypto/tls does not
# explain to the client (pkg/kubelet/kubelet.go "no serving certificate available for the kubelet", 1.36).
NO_CERTIFICATE = "internal error"

# What can be told from the served certificate alone, without knowing which CAs are trusted.
OF_THE_LEAF = frozenset(
    {
        x509.ProblemKind.EXPIRED,
        x509.ProblemKind.NOT_YET_VALID,
        x509.ProblemKind.NO_IP_SANS,
        x509.ProblemKind.NO_NAMES,
        x509.ProblemKind.NAME_MISMATCH,
        x509.ProblemKind.LEGACY_COMMON_NAME,
    }
)

KIND_OF_ERROR: Mapping[type[InnermostError], x509.ProblemKind] = {
    NotValidFor: x509.ProblemKind.NAME_MISMATCH,
    NoIPSANs: x509.ProblemKind.NO_IP_SANS,
    NotValidForAny: x509.ProblemKind.NO_NAMES,
    LegacyCommonName: x509.ProblemKind.LEGACY_COMMON_NAME,
    UnknownAuthority: x509.ProblemKind.UNKNOWN_AUTHORITY,
    Expired: x509.ProblemKind.EXPIRED,
    NotYetValid: x509.ProblemKind.NOT_YET_VALID,
    IncompatibleUsage: x509.ProblemKind.KEY_USAGE,
}


class Handshake(msgspec.Struct, frozen=True, rename="camel"):
    """A TLS document's body: the peer's chain as PEM, leaf first, and the subjects of the client CAs it asks for."""

    protocol: str = ""
    chain: tuple[str, ...] = ()
    acceptable_cas: tuple[str, ...] = msgspec.field(default=(), name="acceptableCAs")


class Mode(StrEnum):
    """Where a kubelet takes its serving certificate from (cmd/kubelet/app/server.go, InitializeTLS)."""

    FILE = "file"  # tlsCertFile
    BOOTSTRAP = "bootstrap"  # serverTLSBootstrap: it asks the cluster, and outranks tlsCertFile
    SELF_SIGNED = "self-signed"  # neither: it signs its own, once


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate that a kubelet should be serving, by what its file or its last issued request says."""

    chain: tuple[x509.Certificate, ...]
    where: str
    how: str
    origin: str = WORKSTATION

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate itself."""
        return self.chain[0]

    def evidence(self, saw: str) -> Evidence:
        """Something seen in it."""
        return Evidence(saw=saw, where=self.where, how=self.how, origin=self.origin, at=self.leaf.not_before)


@dataclass(frozen=True, slots=True)
class KubeletProblem:
    """One fault of a kubelet's certificate. ``first`` is the one that Go reports while the others hide behind it.

    ``certain``: seen on the wire; otherwise told by metrics-server's log, or read from what the kubelet is presumed to
    serve. ``names`` are the certificate's own.
    """

    kind: x509.ProblemKind
    text: str
    first: bool
    certain: bool
    evidence: tuple[Evidence, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kubelet:
    """A node's kubelet as metrics-server dials it.

    ``served`` is the certificate off the wire; None where no handshake was to be had, for ``unseen``'s reason.
    ``on_disk`` is the one in the file that it is configured to serve, ``issued`` the last one that the cluster issued
    for it. ``alert`` quotes the TLS alert with which it ends handshakes, by whoever met it. ``sound_on_disk``: the file
    holds another certificate than is served, a younger one, in which metrics-server would find no fault;
    ``wrong_on_disk``: the faults that it would find there. ``impostor``: metrics-server itself, met in its place.
    """

    node: Node
    address: str
    port: int
    served: x509.Certificate | None
    problems: tuple[KubeletProblem, ...]
    unseen: str = ""
    mode: Mode | None = None
    on_disk: Held | None = None
    issued: Held | None = None
    alert: Evidence | None = None
    sound_on_disk: bool = False
    wrong_on_disk: tuple[str, ...] = ()
    impostor: Impostor | None = None

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.metadata.name

    @property
    def subject(self) -> str:
        """``node/k8s-node1``."""
        return f"node/{self.name}"

    @property
    def dialled(self) -> str:
        """``192.168.10.51:10250``."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def how(self) -> str:
        """A command that shows the certificate again."""
        return f"openssl s_client -connect {self.dialled} </dev/null 2>/dev/null | openssl x509 -noout -text"

    @property
    def presumed(self) -> Held | None:
        """What it should be serving: the last certificate issued for it, else its file's."""
        return self.issued if self.issued and self.mode in (None, Mode.BOOTSTRAP) else self.on_disk

    @property
    def renewed(self) -> Held | None:
        """The file's certificate, where the kubelet serves an older one."""
        if self.served is None or self.on_disk is None or self.on_disk.leaf.der == self.served.der:
            return None
        return self.on_disk if self.on_disk.leaf.not_before > self.served.not_before else None


def serving_file(flags: Flags, settings: Mapping[str, str]) -> tuple[Mode, str]:
    """How a kubelet comes by its certificate, and the file that holds it."""
    folder = (flags.text("cert-dir") or CERT_DIR).rstrip("/")
    given = flags.text("tls-cert-file") or settings.get("tlsCertFile", "")
    if flags.on("rotate-server-certificates") or settings.get("serverTLSBootstrap") == "True":
        return Mode.BOOTSTRAP, f"{folder}/kubelet-server-current.pem"
    return (Mode.FILE, given) if given else (Mode.SELF_SIGNED, f"{folder}/kubelet.crt")


def nodes(bundle: Bundle) -> tuple[Node, ...] | Unseen:
    """All nodes, by name."""
    found = decode(bundle.api(paths.NODES), NodeList)
    return found if isinstance(found, Unseen) else tuple(sorted(found.items, key=lambda node: node.metadata.name))


def dialled(node: Node, installation: Installation | None) -> tuple[str, int] | None:
    """Address and port at which metrics-server asks a node's kubelet; None where no address is of a type it knows.

    The first address whose type comes first in its preference (pkg/utils/address_resolver.go); the port from the node's
    status only with ``--kubelet-use-node-status-port`` (pkg/scraper/client/resource/client.go).
    """
    types = installation.address_types if installation else ("InternalIP", *COMPILED_ADDRESS_TYPES)
    address = next((a.address for kind in types for a in node.status.addresses if a.type == kind), None)
    if address is None:
        return None
    flags = installation.flags if installation else None
    reported = node.status.daemon_endpoints.kubelet_endpoint.port
    if reported and (flags is None or flags.on("kubelet-use-node-status-port")):
        return address, reported
    given = flags.text("kubelet-port") if flags else ""
    return address, int(given) if given.isdigit() else DEFAULT_PORT


def tls_place(address: str, port: int) -> Place:
    """Where a kubelet's handshake is kept."""
    return Place(WORKSTATION, Kind.TLS, f"[{address}]:{port}" if ":" in address else f"{address}:{port}")


def kubelet_roots(bundle: Bundle, installation: Installation | None) -> tuple[x509.Certificate, ...] | Unseen:
    """The CAs that metrics-server trusts kubelets by: its ServiceAccount's ca.crt, which each namespace has a copy of.

    With ``--kubelet-certificate-authority`` it is a file inside the pod, which the API does not show.
    """
    given = installation.flags.text("kubelet-certificate-authority") if installation else ""
    if given:
        return Unseen(f"metrics-server trusts the CAs in {given} inside its pod, which cannot be read from here")
    config_map = decode(bundle.api(paths.ROOT_CA), ConfigMap)
    if isinstance(config_map, Unseen):
        return config_map
    try:
        return tuple(x509.parse_pem(config_map.data.get("ca.crt", "").encode()))
    except x509.Unreadable as error:
        return Unseen(f"ca.crt: {error}", paths.ROOT_CA)


def kubelets(
    bundle: Bundle,
    listed: Sequence[Node],
    installation: Installation | None,
    failed: Sequence[FailedScrape],
    requests: Sequence[csrs.ServingRequest] = (),
    processes: Sequence[Component] = (),
) -> tuple[Kubelet, ...]:
    """Every node's kubelet, in the order of the nodes. ``failed``: what metrics-server last complained of."""
    roots = kubelet_roots(bundle, installation)
    said = {item.node: item for item in failed}
    by_host = {process.host: process for process in processes}
    issued = {one.node: one for one in requests if one.certificate}
    judges = _Judges(bundle, installation, roots)
    return tuple(
        judges.kubelet(
            node, said.get(node.metadata.name), issued.get(node.metadata.name), by_host.get(node.metadata.name)
        )
        for node in listed
    )


@dataclass(frozen=True, slots=True)
class _Judges:
    """What all kubelets of a cluster are judged by."""

    bundle: Bundle
    installation: Installation | None
    roots: tuple[x509.Certificate, ...] | Unseen

    def kubelet(
        self,
        node: Node,
        said: FailedScrape | None,
        issued: csrs.ServingRequest | None,
        process: Component | None,
    ) -> Kubelet:
        target = dialled(node, self.installation)
        if target is None:
            return Kubelet(node, "", 0, None, (), "no address of a type that metrics-server dials")
        mode, on_disk = on_disk_of(self.bundle, process)
        known = Kubelet(
            node, *target, None, (), mode=mode, on_disk=on_disk, issued=_held(issued), alert=_alert_told(said)
        )
        place = tls_place(*target)
        answering = shaken(self.bundle, place)
        leaf = None if isinstance(answering, Unseen) else answering[0]
        itself = impostor(Dialled(node.metadata.name, *target, leaf), self.installation, said, self.bundle.taken_at)
        if itself is None:
            return self._met(known, place, said)
        alone = self._met(known, place, None)
        # Whatever is wrong with the kubelet, nobody has come as far as to meet it.
        return replace(alone, impostor=itself, problems=tuple(replace(one, first=False) for one in alone.problems))

    def _met(self, known: Kubelet, place: Place, said: FailedScrape | None) -> Kubelet:
        chain = met(self.bundle, place)
        if isinstance(chain, Unseen) and not chain.where:
            return replace(known, problems=_told(said), unseen=chain.reason)
        if isinstance(chain, Unseen):
            alerted = _alert_met(self.bundle, place) or known.alert
            return self._presumed(replace(known, unseen=chain.reason, alert=alerted), said)
        return self._served(replace(known, served=chain[0], alert=None), chain, place, said)

    def _served(
        self, kubelet: Kubelet, chain: Sequence[x509.Certificate], place: Place, said: FailedScrape | None
    ) -> Kubelet:
        how = f"openssl s_client -connect {place.path} </dev/null 2>/dev/null | openssl x509 -noout -text"
        wire = Held(tuple(chain), place.path, how)
        problems = tuple(self._problems(wire, kubelet.address, "served certificate", certain=True))
        if isinstance(self.roots, Unseen):
            return replace(kubelet, problems=problems + _if_new(_told(said), problems), unseen=self.roots.reason)
        renewed = kubelet.renewed
        wrong = tuple(problem.text for problem in self._judged(renewed.chain, kubelet.address)) if renewed else ()
        return replace(kubelet, problems=problems, sound_on_disk=bool(renewed) and not wrong, wrong_on_disk=wrong)

    def _presumed(self, kubelet: Kubelet, said: FailedScrape | None) -> Kubelet:
        """What can be told without the wire; where the log and the presumed certificate differ, the log was there."""
        told = _told(said)
        held = kubelet.presumed
        if held is None or kubelet.alert:
            return replace(kubelet, problems=told)
        what = "in the kubelet's file" if held is kubelet.on_disk else "issued for the kubelet"
        problems = tuple(self._problems(held, kubelet.address, f"certificate {what}", certain=False))
        if not told:
            # A scrape that fails otherwise never got as far as a certificate.
            return replace(kubelet, problems=tuple(replace(p, first=p.first and said is None) for p in problems))
        if problems and problems[0].kind is told[0].kind:
            agreed = replace(problems[0], evidence=(*told[0].evidence, *problems[0].evidence))
            return replace(kubelet, problems=(agreed, *problems[1:]))
        differs = held.evidence(f"the certificate {what} has no such fault: it is perhaps not the one that is served")
        return replace(kubelet, problems=(replace(told[0], evidence=(*told[0].evidence, differs)),))

    def _problems(self, held: Held, address: str, what: str, *, certain: bool) -> Iterator[KubeletProblem]:
        names = (*held.leaf.ip_addresses, *held.leaf.dns_names)
        for number, problem in enumerate(self._judged(held.chain, address)):
            evidence = held.evidence(f"{what}: {problem.text}")
            yield KubeletProblem(problem.kind, problem.text, number == 0, certain, (evidence,), names)

    def _judged(self, chain: Sequence[x509.Certificate], address: str) -> tuple[x509.Problem, ...]:
        """Names and dates can be judged without roots; only the chain's end stays open."""
        unrooted = isinstance(self.roots, Unseen)
        roots = chain[-1:] if isinstance(self.roots, Unseen) else self.roots
        judgement = x509.judge(
            [item.der for item in chain],
            [item.der for item in roots],
            name=address,
            usage=x509.Usage.SERVER,
            at=self.bundle.taken_at,
        )
        return tuple(problem for problem in judgement.problems if not unrooted or problem.kind in OF_THE_LEAF)


def met(bundle: Bundle, place: Place) -> list[x509.Certificate] | Unseen:
    """The chain off the wire, if a kubelet's. ``Unseen`` names the place where no handshake was to be had at all."""
    chain = shaken(bundle, place)
    if not isinstance(chain, Unseen) and is_own_certificate(chain[0]):
        return Unseen("what answers there is metrics-server itself, and no kubelet")
    return chain


def shaken(bundle: Bundle, place: Place) -> list[x509.Certificate] | Unseen:
    """The chain off the wire, whoever's; never empty."""
    handshake = decode(bundle.at(place), Handshake)
    if isinstance(handshake, Unseen):
        return Unseen(f"no handshake from the workstation, {handshake.reason}", place.path)
    try:
        chain = [x509.parse_pem(pem.encode())[0] for pem in handshake.chain]
    except (x509.Unreadable, IndexError) as error:
        return Unseen(f"its certificate cannot be read: {error}")
    if not chain:
        return Unseen("it served no certificate")
    return chain


def on_disk_of(bundle: Bundle, process: Component | None) -> tuple[Mode | None, Held | None]:
    """How the kubelet of a host gets its certificate, and the one in the file where it then lies."""
    if process is None:
        return None, None
    config = process.flags.text("config")
    text = text_of(bundle.at(Place(process.origin, Kind.FILE, config)))
    if config and isinstance(text, Unseen):
        return None, None
    mode, path = serving_file(process.flags, {} if isinstance(text, Unseen) else kubelet_settings(text))
    content = bundle.at(Place(process.origin, Kind.FILE, path)).body
    try:
        chain = tuple(x509.parse_pem(content)) if content else ()
    except x509.Unreadable:
        chain = ()
    how = f"openssl x509 -noout -text -in {path}"
    return mode, Held(chain, f"{process.host}:{path}", how, process.origin) if chain else None


def _held(issued: csrs.ServingRequest | None) -> Held | None:
    return Held((issued.certificate,), issued.where, issued.how_issued) if issued and issued.certificate else None


def _alert_told(said: FailedScrape | None) -> Evidence | None:
    """metrics-server's own word that a kubelet has no certificate to serve."""
    if said is None or said.said.connection.hop is not Hop.E:
        return None
    return said.evidence if isinstance(said.error, TLSAlert) and said.error.alert == NO_CERTIFICATE else None


def _alert_met(bundle: Bundle, place: Place) -> Evidence | None:
    refusal = bundle.at(place).refusal
    if refusal is None or refusal.detail != f"remote error: tls: {NO_CERTIFICATE}":
        return None
    return Evidence(
        saw=f"it ends the handshake: {refusal.detail}",
        where=place.path,
        how=f"openssl s_client -connect {place.path} </dev/null",
    )


def _if_new(told: tuple[KubeletProblem, ...], known: tuple[KubeletProblem, ...]) -> tuple[KubeletProblem, ...]:
    """What the log tells beyond what was seen; Go names one problem, so what it told of stood first then, not now."""
    kinds = {problem.kind for problem in known}
    return tuple(replace(item, first=not known) for item in told if item.kind not in kinds)


def _told(failed: FailedScrape | None) -> tuple[KubeletProblem, ...]:
    """What metrics-server says of the certificate, if that is what it complains of."""
    if failed is None or type(failed.error) not in KIND_OF_ERROR:
        return ()
    names = failed.error.names if isinstance(failed.error, NotValidFor) else ()
    kind = KIND_OF_ERROR[type(failed.error)]
    return (KubeletProblem(kind, failed.said.text, True, False, (failed.evidence,), names),)
