"""What each API server answers, where there are several.

The condition Available is whichever API server's that wrote last, and a load balancer gives the next question to
another one. Asked by its own address, as the Service ``default/kubernetes`` lists it, each tells for itself whether it
serves metrics: the one that differs is why they come and go. Its certificate is held against the Service's address,
which every pod knows it by (client-go rest/config.go, InClusterConfig), and which it need not have beside its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from msdoctor.bundle import API_SERVER, Bundle, Kind, Place, Reason, Refusal
from msdoctor.facts import paths
from msdoctor.facts.flow import Flow
from msdoctor.facts.objects import EndpointSliceList, MetricsList, Service, decode
from msdoctor.model import Evidence, Unseen

MOST = 9  # etcd's largest sensible cluster, and with it most control planes


@dataclass(frozen=True, slots=True)
class Replica:
    """One API server, asked for the metrics of nodes. ``refusal``: why it gave none, None where it gave some."""

    address: str  # ADDRESS:PORT
    name: str  # that its certificate has, empty for the one of the kubeconfig
    refusal: Refusal | None
    at: datetime

    @property
    def refuses(self) -> bool:
        """Whether it knows the caller, and does not give the metrics.

        401 does not count: a credential may be good only where a proxy in front of the API servers takes it.
        """
        return self.refusal is not None and self.refusal.status not in (None, 401)

    @property
    def evidence(self) -> Evidence:
        """What it answered."""
        saw = "gives the metrics of nodes" if self.refusal is None else str(self.refusal)
        where = f" --server=https://{self.address} --tls-server-name={self.name}" if self.name else ""
        how = f"kubectl{where} get --raw {paths.NODE_METRICS}"
        return Evidence(saw, f"API server {self.address}, {paths.NODE_METRICS}", how, at=self.at)


@dataclass(frozen=True, slots=True)
class Replicas:
    """The API servers that were asked, that of the kubeconfig first; none where there is but one."""

    asked: tuple[Replica, ...] = ()

    @property
    def serving(self) -> tuple[Replica, ...]:
        """Those that give metrics."""
        return tuple(replica for replica in self.asked if replica.refusal is None)

    @property
    def odd(self) -> tuple[Replica, ...]:
        """Those that refuse what another one gives to the same caller."""
        return tuple(replica for replica in self.asked if replica.refuses) if self.serving else ()


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
    service = decode(bundle.api(paths.KUBERNETES_SERVICE), Service)
    known = dict.fromkeys(addresses(bundle) or ())
    if len(known) > 1 and not isinstance(service, Unseen) and service.spec.cluster_ip:
        others = (address for address in list(known)[:MOST] if address != _asked(bundle))
        yield from (Place(f"{API_SERVER}{at}/{service.spec.cluster_ip}", Kind.API, paths.NODE_METRICS) for at in others)


def replicas(bundle: Bundle, flow: Flow | Unseen) -> Replicas:
    """What each answered."""
    others = tuple(_replica(bundle, place) for place in wanted(bundle) if place in bundle.documents)
    if not others or isinstance(flow, Unseen):
        return Replicas(others)
    return Replicas((Replica(_asked(bundle), "", flow.refusal, bundle.api(paths.NODE_METRICS).at), *others))


def _asked(bundle: Bundle) -> str:
    return urlsplit(bundle.context.server).netloc


def _replica(bundle: Bundle, place: Place) -> Replica:
    document = bundle.at(place)
    read = decode(document, MetricsList)
    refusal = document.refusal
    if refusal is None and (isinstance(read, Unseen) or not read.items):
        refusal = Refusal(Reason.MALFORMED, "no metrics of any node", 200)
    return Replica(place.api_server, place.origin.rpartition("/")[2], refusal, document.at)
