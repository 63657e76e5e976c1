"""Which documents to read next, given those that are there.

The one place where the questions of all facts meet. Sources fetch what is named here and call again, until nothing new
is named; so what a document leads on to (a node to its kubelet's address, a flag to the file that it names) is said
purely, and a saved bundle holds just what a live look would have read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place
from msdoctor.facts import (
    api_way,
    asked_for,
    distribution,
    endings,
    inotify,
    installation,
    issuance,
    kubelets,
    network_policies,
    other_metrics,
    own_rights,
    own_token,
    paths,
    processes,
    rancher,
    reach,
    readers,
    registration,
    replicas,
    scaling,
    server_certificate,
    services,
    units,
    vertical,
    way,
)
from msdoctor.facts.flags import Flags
from msdoctor.facts.objects import decode
from msdoctor.model import Unseen, those_seen

API_PATHS = (
    paths.VERSION,
    paths.APISERVICES,
    paths.AUTHENTICATION,
    paths.ROOT_CA,
    paths.KUBEADM_CONFIG,
    paths.NODES,
    paths.NODE_LEASES,
    *paths.DEPLOYMENTS,
    *paths.PODS,
    paths.API_SERVER_PODS,
    paths.NODE_METRICS,
    paths.POD_METRICS,
    paths.RUNNING_PODS,
    paths.HPAS,
    paths.VPA_KIND,
    paths.CSRS,
    paths.KUBERNETES_SERVICE,
    paths.KUBERNETES_SLICES,
)
PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kubelet")
CERTIFICATE_FLAGS = (
    "client-ca-file",
    "requestheader-client-ca-file",
    "proxy-client-cert-file",
    "proxy-client-key-file",
    "kubelet-certificate-authority",
    "tls-cert-file",
)
KUBELET_CERTIFICATES = tuple(f"{kubelets.CERT_DIR}/{name}" for name in ("kubelet.crt", "kubelet-server-current.pem"))


def wanted(bundle: Bundle) -> frozenset[Place]:
    """Every place that should be read, those that have been included."""
    return frozenset((*_from_api(bundle), *_from_hosts(bundle)))


def _from_api(bundle: Bundle) -> Iterator[Place]:
    api = [*API_PATHS, *_backend_paths(bundle)]
    if bundle.api(paths.KUBEADM_CONFIG).body is not None:
        api.append(paths.KUBELET_CONFIG)
    found = installation.installations(bundle)
    installed = those_seen(found)
    api += services.wanted(installed)
    api += network_policies.wanted(installed)
    api += other_metrics.wanted(bundle)
    api += issuance.wanted(installed)
    api += scaling.wanted(bundle)
    api += endings.wanted(bundle)
    api += vertical.wanted(bundle)
    for one in installed:
        api += [paths.events(pod.metadata.namespace, pod.metadata.name) for pod in one.pods]
        yield from (Place(WORKSTATION, Kind.LOG, path) for path in installation.log_paths(one))
        yield from (asked_for.pod_place(one, pod.metadata.name) for pod in one.pods)
        yield from own_token.wanted(bundle, one, processes.components(bundle, "kubelet"))
        yield from own_rights.wanted(bundle, one)
    yield from (Place(WORKSTATION, Kind.API, path) for path in api)
    yield from replicas.wanted(bundle)
    server = asked_for.server_place(bundle.context)
    yield from () if server is None else (server,)
    yield from readers.wanted(bundle)
    yield from server_certificate.wanted(bundle)
    if not isinstance(found, Unseen):
        yield from _kubelet_handshakes(bundle, installation.serving(found, registration.backend(bundle)))


def _backend_paths(bundle: Bundle) -> Iterator[str]:
    found = registration.apiservices(bundle)
    for item in those_seen(found):
        if item.spec.service:
            yield paths.service(item.spec.service.namespace, item.spec.service.name)
            yield paths.slices(item.spec.service.namespace, item.spec.service.name)


def _kubelet_handshakes(bundle: Bundle, one: installation.Installation | None) -> Iterator[Place]:
    listed = kubelets.nodes(bundle)
    nodes = those_seen(listed)
    for node in nodes:
        target = kubelets.dialled(node, one)
        if target:
            yield kubelets.tls_place(*target)
    for process in processes.components(bundle, "kubelet"):
        held = kubelets.on_disk_of(bundle, process)[1]
        yield from (kubelets.tls_place(ip, kubelets.DEFAULT_PORT) for ip in reach.other_addresses(held, nodes))


def _from_hosts(bundle: Bundle) -> Iterator[Place]:
    yield from inotify.places(bundle)
    yield from api_way.wanted(bundle, those_seen(installation.installations(bundle)))
    found = installation.installations(bundle)
    serving = None if isinstance(found, Unseen) else installation.serving(found, registration.backend(bundle))
    yield from way.wanted(bundle, registration.backend(bundle), serving, those_seen(kubelets.nodes(bundle)))
    for host in bundle.hosts:
        origin = f"host/{host}"
        yield Place(origin, Kind.FILE, distribution.KUBEADM_FLAGS)
        for program in PROGRAMS:
            yield Place(origin, Kind.PROCESS, program)
            yield Place(origin, Kind.FILE, f"{processes.MANIFESTS}/{program}.yaml")
            yield from _unit_places(bundle, host, program)
        yield from rancher.places(bundle, host)
        for program in rancher.there(bundle, host):
            yield from _unit_places(bundle, host, rancher.UNITS[program])
        named = (*_named_files(bundle, host), *_front_proxy_files(bundle, host))
        yield from (Place(origin, Kind.FILE, path) for path in named)
        yield from (Place(origin, Kind.DIRECTORY, path) for path in _folders(bundle, host))


def _unit_places(bundle: Bundle, host: str, program: str) -> Iterator[Place]:
    origin = f"host/{host}"
    for folder in processes.UNIT_FOLDERS:
        drop_ins = Place(origin, Kind.DIRECTORY, f"{folder}/{program}.service.d")
        yield Place(origin, Kind.FILE, f"{folder}/{program}.service")
        yield drop_ins
        names = decode(bundle.at(drop_ins), tuple[str, ...])
        for name in those_seen(names):
            if name.endswith(".conf"):
                yield Place(origin, Kind.FILE, f"{drop_ins.path}/{name}")
    for _, text in processes.unit_files(bundle, host, program):
        yield from (Place(origin, Kind.FILE, path) for path in units.environment_files(text))


def _named_files(bundle: Bundle, host: str) -> Iterator[str]:
    for component in _components(bundle, host):
        for flags in (component.flags, component.file_flags):
            named = [value for name in CERTIFICATE_FLAGS for value in flags.values(name)]
            if component.program == "kubelet":
                named += [flags.text("config"), *_kubelet_files(bundle, host, flags)]
            yield from (path for path in named if path.startswith("/"))


def _kubelet_files(bundle: Bundle, host: str, flags: Flags) -> Iterator[str]:
    yield from KUBELET_CERTIFICATES
    text = processes.text_of(bundle.at(Place(f"host/{host}", Kind.FILE, flags.text("config"))))
    if not isinstance(text, Unseen):
        settings = processes.kubelet_settings(text)
        yield from (settings.get("tlsCertFile", ""), settings.get("clientCAFile", ""))
        yield kubelets.serving_file(flags, settings)[1]


def _front_proxy_files(bundle: Bundle, host: str) -> Iterator[str]:
    """Certificates that lie ready beside those in use, whether a flag names them or not."""
    for folder in _folders(bundle, host):
        names = decode(bundle.at(Place(f"host/{host}", Kind.DIRECTORY, folder)), tuple[str, ...])
        for name in those_seen(names):
            if "front-proxy" in name and name.endswith((".pem", ".crt")) and not name.endswith("-key.pem"):
                yield f"{folder}/{name}"


def _folders(bundle: Bundle, host: str) -> Iterator[str]:
    """Where the API server's certificates lie: what lies beside them decides which remedy is shortest."""
    for component in _components(bundle, host):
        for name in ("client-ca-file", "requestheader-client-ca-file"):
            path = component.flags.text(name)
            if component.program == "kube-apiserver" and path.startswith("/"):
                yield posixpath.dirname(path)


def _components(bundle: Bundle, host: str) -> Iterator[processes.Component]:
    for program in PROGRAMS:
        yield from (item for item in processes.components(bundle, program) if item.host == host)
