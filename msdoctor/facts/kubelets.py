"""What each kubelet serves, seen where metrics-server would dial it, and what metrics-server thinks of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from msdoctor import x509
from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place
from msdoctor.facts import paths
from msdoctor.facts.installation import COMPILED_ADDRESS_TYPES, Installation
from msdoctor.facts.objects import ConfigMap, Node, NodeList, decode
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.model import Evidence, Unseen
from msdoctor.utterances.errors import (
    Expired,
    IncompatibleUsage,
    InnermostError,
    LegacyCommonName,
    NoIPSANs,
    NotValidFor,
    NotValidForAny,
    NotYetValid,
    UnknownAuthority,
)

DEFAULT_PORT = 10250

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


@dataclass(frozen=True, slots=True)
class KubeletProblem:
    """One fault of a kubelet's certificate. ``first`` is the one that Go reports while the others hide behind it.

    ``certain``: seen on the wire; otherwise told by metrics-server's log. ``names`` are the certificate's own.
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
    """

    node: Node
    address: str
    port: int
    served: x509.Certificate | None
    problems: tuple[KubeletProblem, ...]
    unseen: str = ""

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
) -> tuple[Kubelet, ...]:
    """Every node's kubelet, in the order of the nodes. ``failed``: what metrics-server last complained of."""
    roots = kubelet_roots(bundle, installation)
    said = {item.node: item for item in failed if type(item.error) in KIND_OF_ERROR}
    return tuple(_kubelet(bundle, node, installation, roots, said.get(node.metadata.name)) for node in listed)


def _kubelet(
    bundle: Bundle,
    node: Node,
    installation: Installation | None,
    roots: tuple[x509.Certificate, ...] | Unseen,
    said: FailedScrape | None,
) -> Kubelet:
    target = dialled(node, installation)
    if target is None:
        return Kubelet(node, "", 0, None, (), "no address of a type that metrics-server dials")
    address, port = target
    place = tls_place(address, port)
    shaken = decode(bundle.at(place), Handshake)
    told = (_told(said),) if said else ()
    if isinstance(shaken, Unseen):
        return Kubelet(node, address, port, None, told, f"no handshake from the workstation, {shaken.reason}")
    try:
        chain = [x509.parse_pem(pem.encode())[0] for pem in shaken.chain]
    except (x509.Unreadable, IndexError) as error:
        return Kubelet(node, address, port, None, told, f"its certificate cannot be read: {error}")
    if not chain:
        return Kubelet(node, address, port, None, told, "it served no certificate")
    if _is_metrics_server(chain[0]):
        return Kubelet(node, address, port, None, told, "what answers there is metrics-server itself, and no kubelet")
    if isinstance(roots, Unseen):
        # Names and dates can be judged without roots; only the chain's end stays open.
        judged = _judged(chain, chain[-1:], address, bundle.taken_at, place)
        problems = tuple(problem for problem in judged if problem.kind in OF_THE_LEAF)
        return Kubelet(node, address, port, chain[0], problems + _if_new(told, problems), roots.reason)
    return Kubelet(node, address, port, chain[0], tuple(_judged(chain, roots, address, bundle.taken_at, place)))


def _judged(
    chain: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    address: str,
    at: datetime,
    place: Place,
) -> Iterator[KubeletProblem]:
    judgement = x509.judge(
        [item.der for item in chain], [item.der for item in roots], name=address, usage=x509.Usage.SERVER, at=at
    )
    leaf = chain[0]
    names = (*leaf.ip_addresses, *leaf.dns_names)
    for number, problem in enumerate(judgement.problems):
        evidence = Evidence(
            saw=f"served certificate: {problem.text}",
            where=place.path,
            how=f"openssl s_client -connect {place.path} </dev/null 2>/dev/null | openssl x509 -noout -text",
            at=leaf.not_before,
        )
        yield KubeletProblem(problem.kind, problem.text, number == 0, True, (evidence,), names)


def _is_metrics_server(leaf: x509.Certificate) -> bool:
    """Its self-signed certificate, met where its port is a node's: for ``localhost`` (client-go util/cert)."""
    return set(leaf.dns_names) == {"localhost"} and set(leaf.ip_addresses) == {"127.0.0.1"}


def _if_new(told: tuple[KubeletProblem, ...], known: tuple[KubeletProblem, ...]) -> tuple[KubeletProblem, ...]:
    """What the log tells beyond what was seen; Go names one problem, so what it told of stood first then, not now."""
    kinds = {problem.kind for problem in known}
    return tuple(replace(item, first=not known) for item in told if item.kind not in kinds)


def _told(failed: FailedScrape) -> KubeletProblem:
    names = failed.error.names if isinstance(failed.error, NotValidFor) else ()
    kind = KIND_OF_ERROR[type(failed.error)]
    return KubeletProblem(kind, failed.said.text, True, False, (failed.evidence,), names)
