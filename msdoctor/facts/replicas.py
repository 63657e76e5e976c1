"""What each API server answers, where there are several.

The condition Available is whichever API server's that wrote last, and a load balancer gives the next question to
another one. Asked by its own address, as the Service ``default/kubernetes`` lists it, each tells for itself whether it
serves metrics: the one that differs is why they come and go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from msdoctor.bundle import API_SERVER, Bundle, Kind, Place, Reason, Refusal
from msdoctor.facts import paths
from msdoctor.facts.flow import Flow
from msdoctor.facts.objects import EndpointSliceList, MetricsList, decode
from msdoctor.model import Evidence, Unseen

MOST = 9  # etcd's largest sensible cluster, and with it most control planes


@dataclass(frozen=True, slots=True)
class Replica:
    """One API server, asked for the metrics of nodes. ``refusal``: why it gave none, None where it gave some."""

    address: str  # ADDRESS:PORT
    refusal: Refusal | None
    at: datetime

    @property
    def refuses(self) -> bool:
        """Whether it knows the caller, and does not give the metrics."""
        return self.refusal is not None and self.refusal.status not in (None, 401)

    @property
    def evidence(self) -> Evidence:
        """What it answered."""
        saw = "gives the metrics of nodes" if self.refusal is None else str(self.refusal)
        how = f"kubectl --server=https://{self.address} get --raw {paths.NODE_METRICS}"
        return Evidence(saw, f"API server {self.address}, {paths.NODE_METRICS}", how, at=self.at)


def addresses(bundle: Bundle) -> tuple[str, ...] | None:
    """``ADDRESS:PORT`` of each API server, as it has registered itself; None where that was not seen."""
    slices = decode(bundle.api(paths.KUBERNETES_SLICES), EndpointSliceList)
    if isinstance(slices, Unseen):
        return None
    return tuple(
        f"{f'[{address}]' if ':' in address else address}:{port.port}"
        for piece in slices.items
        for port in piece.ports or ()
        for endpoint in piece.endpoints or ()
        for address in endpoint.addresses
    )


def wanted(bundle: Bundle) -> Iterator[Place]:
    """The question that consumers ask, to each of several API servers but the one that is asked all else."""
    known = dict.fromkeys(addresses(bundle) or ())
    if len(known) > 1:
        asked = urlsplit(bundle.context.server).netloc
        yield from (_place(address) for address in list(known)[:MOST] if address != asked)


def replicas(bundle: Bundle, flow: Flow | Unseen) -> tuple[Replica, ...]:
    """The API servers that were asked, that of the kubeconfig first; empty where there is one, or none was asked."""
    others = tuple(_replica(bundle, place) for place in wanted(bundle) if place in bundle.documents)
    if not others or isinstance(flow, Unseen):
        return others
    asked = urlsplit(bundle.context.server).netloc
    return (Replica(asked, flow.refusal, bundle.api(paths.NODE_METRICS).at), *others)


def uneven(found: Sequence[Replica]) -> tuple[Replica, ...]:
    """Those that refuse what another one gives to the same caller.

    401 does not count: a credential may be good only where a proxy in front of the API servers takes it.
    """
    if not any(replica.refusal is None for replica in found):
        return ()
    return tuple(replica for replica in found if replica.refuses)


def _replica(bundle: Bundle, place: Place) -> Replica:
    document = bundle.at(place)
    read = decode(document, MetricsList)
    refusal = document.refusal
    if refusal is None and (isinstance(read, Unseen) or not read.items):
        refusal = Refusal(Reason.MALFORMED, "no metrics of any node", 200)
    return Replica(place.origin.removeprefix(API_SERVER), refusal, document.at)


def _place(address: str) -> Place:
    return Place(f"{API_SERVER}{address}", Kind.API, paths.NODE_METRICS)
