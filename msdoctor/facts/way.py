"""The way from the API server to metrics-server: how it is routed, what its dial met, and what lies on it.

The aggregator dials the Service's ClusterIP, or with ``--enable-aggregator-routing`` a ready endpoint's own address
(apiserver pkg/util/proxy/proxy.go, 0.36.3). What it met stands in the APIService's condition, in an HTTP client's
words: with its five seconds over, a lost SYN and a lost certificate read alike. From the API server's own host more is
to be seen: its routes, whether kube-proxy runs there, and what a dial meets that is made there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from msdoctor.bundle import Bundle, Document, Kind, Place, Reason
from msdoctor.facts import egress, processes
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Node, Pod, decode
from msdoctor.facts.processes import Component, Process, text_of
from msdoctor.facts.registration import Backend, apiservices, availability
from msdoctor.facts.route_table import longest, routes
from msdoctor.facts.routes import Met, Route
from msdoctor.model import Evidence, Unseen, those_seen
from msdoctor.utterances.errors import DeadlineExceeded, Dial, InnermostError, TunnelFailed
from msdoctor.utterances.reader import read_error

REASON = "FailedDiscoveryCheck"
DIALLED = re.compile(r"https://([^/\s\"]{1,300})/apis/metrics\.k8s\.io")
PROXY = "kube-proxy"
# Programs that make ClusterIPs work without a kube-proxy of that name.
REPLACEMENTS = ("cilium-agent", "k3s", "rke2", "k0s", "kube-router", "antrea-agent", "ovnkube", "calico-node")
# A port on which no pod listens: a refusal from there shows that packets get to the pod and back.
SHUT_PORT = 9


_FAILURES = {
    "connection refused": Met.REFUSED,
    "no route to host": Met.NO_ROUTE,
    "network is unreachable": Met.NO_ROUTE,
    "host is down": Met.NO_ROUTE,
    "i/o timeout": Met.SILENT,
    "connection timed out": Met.SILENT,
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dial made on the API server's host: where to, what it met, and in its own words."""

    address: str
    met: Met
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Stand:
    """What is seen on one API server's host.

    ``dials`` is empty where msdoctor does not run there. ``route`` is the one to metrics-server's pod; None: there is
    none at all. ``proxied``: whether any program runs there that makes ClusterIPs work; ``has_proxy_unit`` whether
    kube-proxy's unit lies ready.
    """

    server: Component
    dials: tuple[Attempt, ...]
    route: Route | Unseen | None
    proxied: bool | Unseen
    has_proxy_unit: bool
    proxy_seen: str = ""

    def to(self, address: str) -> Met | None:
        """What a dial of an address met; None where none was made."""
        return next((dial.met for dial in self.dials if dial.address == address), None)

    @property
    def routes_how(self) -> str:
        """The command that shows the route again."""
        return "cat /proc/1/net/route"


@dataclass(frozen=True, slots=True)
class Way:
    """What is known of it while the API server complains.

    ``dialled`` is ``host:port`` of the complaint, ``by_cluster_ip`` whether that is the Service's address. ``pod`` is a
    ready pod of metrics-server, ``target`` its ``address:port``. ``node`` is the Node that it runs on. ``by_env``: an
    API server has a proxy in its environment. ``stale``: the complaint is of an address that is nobody's any more.
    ``control_plane`` is the first API server's host, ``control_plane_address`` where its calls come from; empty if
    unknown.
    """

    said: Evidence
    met: Met
    error: InnermostError
    dialled: str
    by_cluster_ip: bool
    service: str
    pod: Pod
    port: int
    node: Node | None
    stands: tuple[Stand, ...]
    tunnels: tuple[egress.Tunnel, ...]
    by_env: bool
    stale: bool
    control_plane: str = ""
    control_plane_address: str = ""

    @property
    def target(self) -> str:
        """``10.244.1.4:10250``, the address that has to be reached in the end."""
        return _at(self.pod.status.pod_ip, self.port)

    @property
    def shut(self) -> str:
        """The same host on a port where nobody listens."""
        return _at(self.pod.status.pod_ip, SHUT_PORT)

    @property
    def node_address(self) -> str:
        """The InternalIP of metrics-server's node, empty if unknown."""
        return _internal_ip(self.node) if self.node else ""

    def is_remote(self, stand: Stand) -> bool:
        """Whether metrics-server is on another machine."""
        return self.pod.spec.node_name != stand.server.host


def in_question(bundle: Bundle) -> bool:
    """Whether the API server complains of this way, so that it is worth a look."""
    return any(item.spec.service and item.available.reason == REASON for item in those_seen(apiservices(bundle)))


def wanted(
    bundle: Bundle, backend: Backend | Unseen | None, installation: Installation | None, nodes: Sequence[Node]
) -> Iterator[Place]:
    """What there is to read and to dial on each host of an API server."""
    if not in_question(bundle):
        return
    for server in processes.components(bundle, "kube-apiserver"):
        if not server.origin.startswith("host/"):
            continue
        yield from (Place(server.origin, Kind.PROCESS, program) for program in (PROXY, *REPLACEMENTS))
        yield from (Place(server.origin, Kind.FILE, path) for path in processes.unit_paths(PROXY))
        for pid in _pids(bundle, server):
            yield Place(server.origin, Kind.FILE, f"/proc/{pid}/net/route")
        yield from egress.wanted(bundle, server)
        if egress.EGRESS_FLAG not in server.flags:  # else what is dialled is the tunnel
            yield from (Place(server.origin, Kind.TLS, to) for to in _addresses(backend, installation, nodes))


def _addresses(
    backend: Backend | Unseen | None, installation: Installation | None, nodes: Sequence[Node]
) -> Iterator[str]:
    """The Service, a ready pod behind it, a shut port of that pod, and the kubelet of its node."""
    pod = _ready_pod(backend, installation)
    if isinstance(backend, Unseen) or backend is None or installation is None or pod is None:
        return
    if _cluster_ip(backend):
        yield _cluster_ip(backend)
    yield _at(pod.status.pod_ip, _target_port(backend, installation))
    yield _at(pod.status.pod_ip, SHUT_PORT)
    node = _node_of(pod, nodes)
    if node and _internal_ip(node):
        yield _at(_internal_ip(node), node.status.daemon_endpoints.kubelet_endpoint.port or 10250)


def way(
    bundle: Bundle,
    backend: Backend | Unseen | None,
    installation: Installation | None,
    servers: Sequence[Component],
    nodes: Sequence[Node],
) -> Way | Unseen | None:
    """None where the API server does not complain of it: then it works, or nothing gets so far."""
    listed = apiservices(bundle)
    if isinstance(listed, Unseen):
        return listed
    complaint = next((item for item in listed if item.spec.service and item.available.reason == REASON), None)
    if complaint is None:
        return None
    if isinstance(backend, Unseen):
        return backend
    error = read_error(complaint.available.message)
    dialled = DIALLED.search(complaint.available.message)
    met = _met(error, dialled[1] if dialled else "")
    pod = _ready_pod(backend, installation)
    if met is None or error is None or dialled is None or backend is None or installation is None or pod is None:
        return None  # it was answered, if only in order to be refused; or there is nobody to answer
    stands = tuple(_stand(bundle, server, pod) for server in servers if server.origin.startswith("host/"))
    host = dialled[1].rpartition(":")[0].strip("[]")
    service = _cluster_ip(backend)
    host_node = _api_servers_node(bundle, servers, nodes)
    return Way(
        said=availability(complaint),
        met=met,
        error=error,
        dialled=dialled[1],
        by_cluster_ip=dialled[1] == service,
        service=service,
        pod=pod,
        port=_target_port(backend, installation),
        node=_node_of(pod, nodes),
        stands=stands,
        tunnels=tuple(found for server in servers if (found := egress.tunnel(bundle, server))),
        by_env=any(_has_proxy(process) for server in servers for process in _processes(bundle, server)),
        stale=dialled[1] != service and host not in backend.ready,
        control_plane=host_node.metadata.name if host_node else "",
        control_plane_address=_internal_ip(host_node) if host_node else "",
    )


def _api_servers_node(bundle: Bundle, servers: Sequence[Component], nodes: Sequence[Node]) -> Node | None:
    """The node that an API server runs on: by its files or its pod, else by the address that it is asked at."""
    hosts = {server.host for server in servers}
    asked = urlsplit(bundle.context.server).hostname
    named = (node for node in nodes if node.metadata.name in hosts or _internal_ip(node) == asked)
    return next(named, None)


def _met(error: InnermostError | None, dialled: str) -> Met | None:
    if isinstance(error, TunnelFailed):
        return Met.TUNNEL
    if isinstance(error, DeadlineExceeded):
        return Met.OPENS if "TLS handshake" in error.text else Met.SILENT
    # Any other address is that of a proxy, of the environment's or of a tunnel's.
    return _FAILURES.get(error.failure) if isinstance(error, Dial) and error.address == dialled else None


def _ready_pod(backend: Backend | Unseen | None, installation: Installation | None) -> Pod | None:
    """A pod of metrics-server that the Service's endpoints hold as ready."""
    if isinstance(backend, Unseen) or backend is None or installation is None:
        return None
    return next((pod for pod in installation.pods if pod.ready and pod.status.pod_ip in backend.ready), None)


def _target_port(backend: Backend, installation: Installation) -> int:
    """What the Service's port leads to on the pod; where that cannot be told, what metrics-server listens on."""
    ports = backend.service.spec.ports if backend.service else ()
    target = next((port.target_port or port.port for port in ports if port.port == backend.port), 0)
    return installation.port_number(target) or installation.secure_port


def _cluster_ip(backend: Backend) -> str:
    address = backend.service.spec.cluster_ip if backend.service else ""
    return _at(address, backend.port) if address not in ("", "None") else ""


def _at(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _node_of(pod: Pod, nodes: Sequence[Node]) -> Node | None:
    return next((node for node in nodes if node.metadata.name == pod.spec.node_name), None)


def _internal_ip(node: Node) -> str:
    return next((item.address for item in node.status.addresses if item.type == "InternalIP"), "")


# On a host


def _stand(bundle: Bundle, server: Component, pod: Pod) -> Stand:
    dials = (_attempt(document) for document in bundle.of(Kind.TLS, server.origin))
    proxied, seen = _proxied(bundle, server)
    units = (bundle.at(Place(server.origin, Kind.FILE, path)) for path in processes.unit_paths(PROXY))
    return Stand(
        server=server,
        dials=tuple(dial for dial in dials if dial is not None),
        route=_route_to(bundle, server, pod.status.pod_ip),
        proxied=proxied,
        has_proxy_unit=any(document.body is not None for document in units),
        proxy_seen=seen,
    )


def _attempt(document: Document) -> Attempt | None:
    """What a dial met; None where none was made, or not in time."""
    refusal, address = document.refusal, document.place.path
    if refusal is None:
        met, saw = Met.ANSWERS, "completes a TLS handshake"
    elif refusal.reason in (Reason.NOT_ASKED, Reason.DEADLINE):
        return None
    elif refusal.reason is Reason.TIMEOUT:
        met = Met.OPENS if "connected" in refusal.detail else Met.SILENT
        saw = refusal.detail
    elif refusal.reason is Reason.UNREACHABLE and refusal.detail in _FAILURES:
        met, saw = _FAILURES[refusal.detail], refusal.detail
    else:  # it speaks, though not as it should
        met, saw = Met.ANSWERS, refusal.detail
    where = f"{address}, dialled on {document.place.origin.removeprefix('host/')}"
    how = f"openssl s_client -connect {address} </dev/null"
    return Attempt(address, met, Evidence(saw, where, how, document.place.origin, document.at))


def _processes(bundle: Bundle, server: Component) -> tuple[Process, ...]:
    found = decode(bundle.at(Place(server.origin, Kind.PROCESS, server.program)), tuple[Process, ...])
    return those_seen(found)


def _pids(bundle: Bundle, server: Component) -> list[int]:
    return [process.pid for process in _processes(bundle, server) if len(process.args) > 1][:1]


def _has_proxy(process: Process) -> bool:
    """Whether net/http would look for a proxy there (http.ProxyFromEnvironment): for https only these count."""
    return any((process.environ or {}).get(name) for name in ("HTTPS_PROXY", "https_proxy"))


def _proxied(bundle: Bundle, server: Component) -> tuple[bool | Unseen, str]:
    found: list[str] = []
    for program in (PROXY, *REPLACEMENTS):
        listed = decode(bundle.at(Place(server.origin, Kind.PROCESS, program)), tuple[Process, ...])
        if isinstance(listed, Unseen):
            return Unseen(f"the processes of {server.host} are not seen"), ""
        found += [program] if listed else []
    return bool(found), " and ".join(found)


def _route_to(bundle: Bundle, server: Component, address: str) -> Route | Unseen | None:
    if ":" in address:
        return Unseen("routes of IPv6 are not read")
    for pid in _pids(bundle, server):
        text = text_of(bundle.at(Place(server.origin, Kind.FILE, f"/proc/{pid}/net/route")))
        if not isinstance(text, Unseen):
            return longest(routes(text), address)
    return Unseen(f"the routes of {server.host} are not seen")
