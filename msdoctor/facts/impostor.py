"""Whether metrics-server meets itself where it looks for a kubelet.

That is so where it listens on the port that it dials, in a network that has the node's address: the node's own
(hostNetwork), or a machine's that is node and pod at once, as on Fargate, whose pod has the node's address.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor import x509
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Pod
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.model import Evidence
from msdoctor.utterances.errors import HTTPStatus, NotValidFor

# The names of the certificate that it signs for itself (metrics-server pkg/server; apiserver pkg/server/options
# serving.go, MaybeDefaultWithSelfSignedCerts). Asked for an address, Go quotes the addresses only.
OWN_NAMES = frozenset({"localhost", "127.0.0.1"})
SOON = timedelta(seconds=30)  # within which one that may not have the port has ended


@dataclass(frozen=True, slots=True)
class Impostor:
    """metrics-server in the kubelet's place. ``seen``: on the wire; ``pod`` is the one that sits there, if known."""

    evidence: Evidence
    seen: bool
    pod: Pod | None = None


@dataclass(frozen=True, slots=True)
class Dialled:
    """A kubelet's place as metrics-server dials it, with the certificate that answers the workstation there, if any."""

    node: str
    address: str
    port: int
    leaf: x509.Certificate | None

    @property
    def place(self) -> str:
        """``192.168.10.51:10250``."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def is_own_certificate(leaf: x509.Certificate) -> bool:
    """Whether a certificate is one that metrics-server has signed for itself."""
    return set(leaf.dns_names) == {"localhost"} and set(leaf.ip_addresses) == {"127.0.0.1"}


def impostor(
    at: Dialled, installation: Installation | None, said: FailedScrape | None, now: datetime
) -> Impostor | None:
    """The sign of it, or None where a kubelet may well be what answers."""
    if installation is None or installation.secure_port != at.port:
        return None
    pod = next(_pods_there(installation, at), None)
    if at.leaf is not None and is_own_certificate(at.leaf):
        return Impostor(_seen(at, at.leaf), seen=True, pod=pod)
    if pod is None or said is None or (at.leaf is not None and pod.spec.host_network):
        return None
    return Impostor(said.evidence, seen=False, pod=pod) if _is_own_answer(said, pod, now) else None


def _pods_there(installation: Installation, at: Dialled) -> Iterator[Pod]:
    """Its pods that run on the node and hold the address."""
    for pod in installation.pods:
        if pod.spec.node_name == at.node and (pod.spec.host_network or pod.status.pod_ip == at.address):
            yield pod


def _is_own_answer(said: FailedScrape, pod: Pod, now: datetime) -> bool:
    """By the names in the certificate that it met; or any answer at all, where it holds the port for sure."""
    if isinstance(said.error, NotValidFor):
        return set(said.error.names) <= OWN_NAMES
    running = (status.state.running for status in pod.status.container_statuses)
    since = [state.started_at for state in running if state and state.started_at]
    return isinstance(said.error, HTTPStatus) and bool(since) and now - max(since) > SOON


def _seen(at: Dialled, leaf: x509.Certificate) -> Evidence:
    return Evidence(
        saw=f"there answers who has a certificate of {leaf.subject}, issued by {leaf.issuer}, for localhost: its own",
        where=at.place,
        how=f"openssl s_client -connect {at.place} </dev/null 2>/dev/null | openssl x509 -noout -text",
        at=leaf.not_before,
    )
