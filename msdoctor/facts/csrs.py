"""Kubelets' requests for serving certificates: who asked, for which names, and what became of it.

With ``serverTLSBootstrap`` a kubelet asks the signer ``kubernetes.io/kubelet-serving``, and nothing in Kubernetes
approves such a request by itself (pkg/controller/certificates/approver/sarapprove.go knows client certificates only).
What is decided is deleted after an hour, what waits after a day (pkg/controller/certificates/cleaner/cleaner.go).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msdoctor import x509
from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.objects import Condition, Meta, Node, Struct, decode
from msdoctor.model import Unseen

SIGNER = "kubernetes.io/kubelet-serving"
NODE_USER = "system:node:"
NODE_GROUP = "system:nodes"

# pkg/apis/certificates/helpers.go, kubeletServingRequiredUsages and the same without what only RSA keys need.
USAGES = (
    frozenset({"digital signature", "server auth"}),
    frozenset({"digital signature", "key encipherment", "server auth"}),
)


class Spec(Struct, frozen=True):
    """What was asked, and by whom."""

    request: str = ""
    signer_name: str = ""
    username: str = ""
    groups: tuple[str, ...] = ()
    usages: tuple[str, ...] = ()


class Status(Struct, frozen=True):
    """What became of it."""

    conditions: tuple[Condition, ...] = ()
    certificate: str = ""


class CSR(Struct, frozen=True):
    """A CertificateSigningRequest."""

    metadata: Meta = Meta()
    spec: Spec = Spec()
    status: Status = Status()


class CSRList(Struct, frozen=True):
    """All of them."""

    items: tuple[CSR, ...]


class Fate(StrEnum):
    """What became of a request."""

    PENDING = "pending"
    APPROVED = "approved, and not issued"
    ISSUED = "issued"
    DENIED = "denied"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for: the subject and the names that its certificate is to have."""

    common_name: str
    organizations: tuple[str, ...]
    dns_names: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    others: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of its names."""
        return (*self.ip_addresses, *self.dns_names, *self.others)


@dataclass(frozen=True, slots=True)
class ServingRequest:
    """One request to be a kubelet's serving certificate.

    ``requestor`` is who the API server took the asker for, which nobody can choose; ``wish`` is what they wrote, None
    where it cannot be read. ``decision`` is the reason and the message of whoever decided, ``decided`` when.
    """

    name: str
    created: datetime | None
    requestor: str
    groups: tuple[str, ...]
    usages: frozenset[str]
    fate: Fate
    decision: str
    decided: datetime | None
    wish: Wish | None
    certificate: x509.Certificate | None

    @property
    def node(self) -> str:
        """The node whose kubelet asked; empty where somebody else did."""
        return self.requestor.removeprefix(NODE_USER) if self.requestor.startswith(NODE_USER) else ""

    @property
    def where(self) -> str:
        """The object."""
        return f"{paths.CSRS}/{self.name}"

    @property
    def how(self) -> str:
        """A command that shows what it asks for."""
        return (
            f"kubectl get csr {self.name} -o jsonpath='{{.spec.request}}' | openssl base64 -d -A"
            " | openssl req -noout -text"
        )

    @property
    def how_issued(self) -> str:
        """A command that shows the certificate that came of it."""
        return (
            f"kubectl get csr {self.name} -o jsonpath='{{.status.certificate}}' | openssl base64 -d -A"
            " | openssl x509 -noout -text"
        )


def serving_requests(bundle: Bundle) -> tuple[ServingRequest, ...] | Unseen:
    """Those for a kubelet's serving certificate, oldest first."""
    found = decode(bundle.api(paths.CSRS), CSRList)
    if isinstance(found, Unseen):
        return found
    asked = [_request(item) for item in found.items if item.spec.signer_name == SIGNER]
    return tuple(sorted(asked, key=lambda one: (one.created is not None, one.created, one.name)))


def newest_of(requests: Sequence[ServingRequest], node: str) -> ServingRequest | None:
    """The last one that the node's kubelet itself made: of the earlier ones it has thrown the keys away."""
    return next((one for one in reversed(requests) if one.node == node), None)


def foreign(requests: Sequence[ServingRequest], node: Node) -> tuple[ServingRequest, ...]:
    """Undecided requests for a node's names that somebody else made: approved, they could answer in its place."""
    own = {node.metadata.name, *(item.address for item in node.status.addresses)}
    return tuple(
        one
        for one in requests
        if one.fate is Fate.PENDING
        and one.node != node.metadata.name
        and one.wish
        and (own & set(one.wish.names) or one.wish.common_name == NODE_USER + node.metadata.name)
    )


def objections(request: ServingRequest, node: Node) -> tuple[str, ...]:
    """Why a request must not be approved as that node's; none where it asks for the node's own names and no more.

    The rules of the signer (pkg/apis/certificates/helpers.go, ValidateKubeletServingCSR), and those that it leaves to
    whoever approves: that asker and subject are one, and that every name is the node's.
    """
    return tuple(_objections(request, node))


def _objections(request: ServingRequest, node: Node) -> Iterator[str]:
    user = NODE_USER + node.metadata.name
    wish = request.wish
    if request.requestor != user:
        yield f"it was made by {request.requestor or 'nobody known'}, not by {user}"
    elif NODE_GROUP not in request.groups:
        yield f"its maker is not of the group {NODE_GROUP}"
    if wish is None:
        yield "what it asks for cannot be read"
        return
    if wish.common_name != user:
        yield f"it asks to be {wish.common_name or 'nobody'}"
    if wish.organizations != (NODE_GROUP,):
        yield f"it asks for the organization {', '.join(wish.organizations) or 'none'}"
    own = {_plain(item.address) for item in node.status.addresses} | {node.metadata.name}
    strange = [name for name in wish.names if _plain(name) not in own]
    if strange:
        yield f"it asks for {', '.join(strange)}, which the node does not have"
    if not wish.names:
        yield "it asks for no name at all"
    if request.usages not in USAGES:
        yield f"it asks for the usages {', '.join(sorted(request.usages)) or 'none'}"


def _plain(address: str) -> str:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address


def _request(item: CSR) -> ServingRequest:
    decision = next((one for one in reversed(item.status.conditions) if one.type in FATES), None)
    fate = FATES[decision.type] if decision else Fate.PENDING
    certificate = _certificate(item.status.certificate)
    if fate is Fate.APPROVED and item.status.certificate:
        fate = Fate.ISSUED
    return ServingRequest(
        name=item.metadata.name,
        created=item.metadata.creation_timestamp,
        requestor=item.spec.username,
        groups=item.spec.groups,
        usages=frozenset(item.spec.usages),
        fate=fate,
        decision=": ".join(part for part in (decision.reason, decision.message) if part) if decision else "",
        decided=decision.last_transition_time if decision else None,
        wish=_wish(item.spec.request),
        certificate=certificate,
    )


# Later ones outrank earlier ones: what was approved can fail.
FATES = {"Approved": Fate.APPROVED, "Denied": Fate.DENIED, "Failed": Fate.FAILED}


def _certificate(encoded: str) -> x509.Certificate | None:
    try:
        return x509.parse_pem(base64.b64decode(encoded))[0] if encoded else None
    except (binascii.Error, ValueError):
        return None


def _wish(encoded: str) -> Wish | None:
    from cryptography import x509 as certificates  # noqa: PLC0415  most clusters have no request to read
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415

    oids = certificates.NameOID
    try:
        request = certificates.load_pem_x509_csr(base64.b64decode(encoded))
        names = next(
            (e.value for e in request.extensions if isinstance(e.value, certificates.SubjectAlternativeName)), ()
        )
        subject = request.subject
        return Wish(
            common_name=str(next((a.value for a in subject.get_attributes_for_oid(oids.COMMON_NAME)), "")),
            organizations=tuple(str(a.value) for a in subject.get_attributes_for_oid(oids.ORGANIZATION_NAME)),
            dns_names=tuple(name.value for name in names if isinstance(name, certificates.DNSName)),
            ip_addresses=tuple(str(name.value) for name in names if isinstance(name, certificates.IPAddress)),
            others=tuple(
                str(name.value) for name in names if not isinstance(name, certificates.DNSName | certificates.IPAddress)
            ),
        )
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        certificates.DuplicateExtension,
        certificates.InvalidVersion,
        certificates.UnsupportedGeneralNameType,
    ):
        return None
