"""Whose requests on the way of metrics an HTTP proxy gets, because an environment says so.

The aggregator dials an address, never a name: the Service's ClusterIP, or with ``--enable-aggregator-routing`` a pod's
(kube-aggregator pkg/apiserver/resolvers.go), so that a name such as ``.svc`` in NO_PROXY exempts nothing.
metrics-server dials the API server at the address of Service ``kubernetes``, and each kubelet at its node's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from msdoctor.bundle import Bundle
from msdoctor.facts import go_proxy, paths
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Kubelet
from msdoctor.facts.objects import APIService, Container, Node, Service, decode
from msdoctor.facts.processes import Component
from msdoctor.facts.registration import Backend
from msdoctor.model import Evidence, Unseen
from msdoctor.utterances import Speaker
from msdoctor.utterances.reader import read_text

MOST_NODES = 8  # whose own pod ranges are named one by one where the cluster's is not seen


@dataclass(frozen=True, slots=True)
class Diverted:
    """Requests of one program that go to a proxy.

    ``to`` are the destinations, ``HOST:PORT``; ``variable`` names the proxy and ``exceptions`` is the variable that
    exempts too little, empty where there is none. ``needed`` is what it would have to hold. ``file`` is where the
    exceptions are given, or else the proxy, empty where that is not seen; ``server`` is the API server, None for
    metrics-server.
    """

    subject: str
    proxy: str
    to: tuple[str, ...]
    variable: str
    exceptions: str
    needed: str
    evidence: tuple[Evidence, ...]
    certain: bool
    file: str = ""
    server: Component | None = None


@dataclass(frozen=True, slots=True)
class Diversions:
    """All that is diverted, and of whom it was not seen. ``aggregator`` is by API server.

    ``to_api_server`` and ``to_kubelets`` are metrics-server's; ``kubelets`` the addresses among the latter.
    ``api_server_unjudged``: metrics-server has a proxy, and where it dials the API server was not seen.
    """

    aggregator: tuple[Diverted, ...]
    unseen_servers: tuple[str, ...]
    to_api_server: Diverted | None
    to_kubelets: Diverted | None
    api_server_unjudged: bool

    def diverts(self, dialled: str) -> bool:
        """Whether metrics-server's requests to this address never get there by themselves."""
        return self.to_kubelets is not None and dialled in self.to_kubelets.to


def diversions(
    bundle: Bundle,
    servers: Sequence[Component],
    managers: Sequence[Component],
    backend: Backend | Unseen | None,
    apiservices: Sequence[APIService],
    installation: Installation | None,
    kubelets: Sequence[Kubelet],
    nodes: Sequence[Node],
) -> Diversions:
    """Judge every environment that was seen, as Go does."""
    ranges = _Ranges(bundle, servers, managers, nodes)
    own = _own_environ(installation)
    api_server = [(host, 443) for host in ([ranges.api_server] if ranges.api_server else [])]
    dialled = [(kubelet.address, kubelet.port) for kubelet in kubelets if kubelet.address]
    return Diversions(
        aggregator=tuple(_of_servers(servers, backend, apiservices, installation, ranges)),
        unseen_servers=tuple(server.subject for server in servers if server.environ is None),
        to_api_server=_of_metrics_server(installation, own, api_server, ranges),
        to_kubelets=_of_metrics_server(installation, own, dialled, ranges),
        api_server_unjudged=not api_server and bool(_variables(own)[0]),
    )


class _Ranges:
    """What an exception has to cover: addresses of Services, of pods and of nodes."""

    def __init__(
        self, bundle: Bundle, servers: Sequence[Component], managers: Sequence[Component], nodes: Sequence[Node]
    ) -> None:
        given = next((s.flags.text("service-cluster-ip-range") for s in servers), "")
        kubernetes = decode(bundle.api(paths.KUBERNETES_SERVICE), Service)
        self.api_server = "" if isinstance(kubernetes, Unseen) else kubernetes.spec.cluster_ip
        self.services = given or self.api_server
        cluster = next((m.flags.text("cluster-cidr") for m in managers if m.flags.text("cluster-cidr")), "")
        each = [cidr for node in nodes[:MOST_NODES] for cidr in node.spec.pod_cidrs] if len(nodes) <= MOST_NODES else []
        self.pods = cluster or ",".join(each)
        addresses = [a.address for node in nodes for a in node.status.addresses if a.type.endswith("IP")]
        self.nodes = ",".join(addresses) if len(nodes) <= MOST_NODES else ""


def _of_servers(
    servers: Sequence[Component],
    backend: Backend | Unseen | None,
    apiservices: Sequence[APIService],
    installation: Installation | None,
    ranges: _Ranges,
) -> Iterator[Diverted]:
    for server in servers:
        environ = server.environ
        to = tuple(_destinations(server, backend, apiservices, installation))
        if environ is None:
            continue
        caught = tuple((host, port) for host, port in to if go_proxy.proxy_of(environ.values, host, port))
        if not caught:
            continue
        origin = server.origin
        shown = _shown(environ.values)
        needed = ranges.pods if server.flags.on("enable-aggregator-routing") else ranges.services
        proxy, exceptions = _variables(environ.values)
        yield Diverted(
            subject=server.subject,
            proxy=environ.values[proxy],
            to=tuple(_joined(*one) for one in caught),
            variable=proxy,
            exceptions=exceptions,
            needed=_extended(environ.values.get(exceptions, ""), ranges.services, ranges.pods, needed=needed),
            evidence=(Evidence(shown, environ.read_from, environ.how, origin, server.started),),
            certain=environ.running,
            file=environ.files.get(exceptions) or environ.files.get(proxy, ""),
            server=server,
        )


def _variables(environ: Mapping[str, str]) -> tuple[str, str]:
    return go_proxy.variable(environ, go_proxy.PROXIES["https"]), go_proxy.variable(environ, go_proxy.NO_PROXY)


def _shown(environ: Mapping[str, str]) -> str:
    proxy, exceptions = _variables(environ)
    rest = f"{exceptions}={environ[exceptions]}" if exceptions else "no NO_PROXY"
    return f"{proxy}={environ[proxy]}, {rest}"


def _extended(given: str, *ranges: str, needed: str) -> str:
    """The exceptions with what they lack; empty where what they need is not known."""
    if not needed:
        return ""
    entries = [entry.strip() for text in (given, *ranges) for entry in text.split(",") if entry.strip()]
    return ",".join(dict.fromkeys(entries))


def _destinations(
    server: Component,
    backend: Backend | Unseen | None,
    apiservices: Sequence[APIService],
    installation: Installation | None,
) -> Iterator[tuple[str, int]]:
    """Where this API server's aggregator sends requests for metrics: known, or as its last complaint says."""
    if isinstance(backend, Unseen) or backend is None or backend.service is None:
        for item in apiservices:
            said = read_text(item.available.message, speaker=Speaker.AGGREGATOR) if item.available.message else None
            where = urlsplit(said.connection.url) if said else None
            if where and where.hostname:
                yield where.hostname, where.port or 443
        return
    if not server.flags.on("enable-aggregator-routing"):
        if backend.service.spec.cluster_ip not in ("", "None"):
            yield backend.service.spec.cluster_ip, backend.port
        return
    port = installation.secure_port if installation else backend.port
    yield from ((address, port) for address in (*backend.ready, *backend.not_ready))


def _own_environ(installation: Installation | None) -> Mapping[str, str]:
    """metrics-server's, as its newest pod has it, or else as its template says."""
    if installation is None:
        return {}
    container = installation.container
    for pod in reversed(installation.pods):
        container = next((item for item in pod.spec.containers if item.name == container.name), container)
        break
    return values(container)


def values(container: Container) -> dict[str, str]:
    """The variables that a container is given by value."""
    return {item.name: item.value for item in container.env}


def _of_metrics_server(
    installation: Installation | None, environ: Mapping[str, str], to: Sequence[tuple[str, int]], ranges: _Ranges
) -> Diverted | None:
    caught = tuple(_joined(host, port) for host, port in to if go_proxy.proxy_of(environ, host, port))
    if installation is None or not caught:
        return None
    proxy, exceptions = _variables(environ)
    newest = f"pod {installation.pods[-1].metadata.name}" if installation.pods else f"deployment {installation.name}"
    how = f"kubectl -n {installation.namespace} get {newest} -o yaml"
    return Diverted(
        subject=installation.subject,
        proxy=environ[proxy],
        to=caught,
        variable=proxy,
        exceptions=exceptions,
        needed=_extended(environ.get(exceptions, ""), ranges.services, ranges.nodes, needed=ranges.services),
        evidence=(Evidence(_shown(environ), f"container {installation.container.name} of metrics-server", how),),
        certain=True,
    )


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
