"""Clusters whose metrics API is registered wrongly."""

from collections.abc import Callable
from typing import Any

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from tests.facts.clusters import (
    MASTER,
    Patient,
    apiservice,
    deployment,
    endpoint_slice,
    healthy,
    listed,
    pod,
    service,
)

SERVICES = paths.services("kube-system")
SERVICE = paths.service("kube-system", "metrics-server")
SLICES = paths.slices("kube-system", "metrics-server")
ABSENT = 'service/metrics-server in "kube-system" is not present'


def registered(status: str, reason: str, message: str, **reference: Any) -> Patient:
    """Nobody has metrics, for this reason."""
    return healthy().silent().api(paths.APISERVICES, listed(apiservice(status, reason, message, **reference)))


def missing_endpoints(**reference: Any) -> Patient:
    """Nothing stands behind the Service."""
    message = 'endpointslices for service/metrics-server in "kube-system" have no addresses with port name "https"'
    return registered("False", "MissingEndpoints", message, **reference).api(SLICES, listed(endpoint_slice(())))


def selecting(labels: dict[str, str], *others: dict[str, Any]) -> Patient:
    """The Service selects these labels, and has no endpoint. ``others``: Services beside it."""
    own = service(labels)
    return missing_endpoints().api(SERVICE, own).api(SERVICES, listed(own, *others))


def local() -> Patient:
    """The APIService names no Service."""
    item = apiservice("True", "Local", "Local APIServices are always available")
    item["spec"] = {"group": "metrics.k8s.io", "version": "v1beta1"}
    return healthy().silent().api(paths.APISERVICES, listed(item)).api(SERVICES, listed(service()))


def without_service(*others: dict[str, Any], **reference: Any) -> Patient:
    """The Service that it names is not there."""
    name = reference.get("name", "metrics-server")
    patient = registered("False", "ServiceNotFound", ABSENT, **reference)
    patient.refuse(paths.service("kube-system", name), Reason.ABSENT, 404)
    return patient.api(paths.slices("kube-system", name), listed()).api(SERVICES, listed(*others))


def on_port(port: int) -> Patient:
    """The Service does not offer the port asked for."""
    message = f'service/metrics-server in "kube-system" is not listening on port {port}'
    return registered("False", "ServicePortError", message, port=port)


def leading_to(target: int | str, *port_names: str) -> Patient:
    """The Service's port leads to this one of the pod; the slices have ports of these names."""
    piece = endpoint_slice()
    piece["ports"] = [{"name": name, "port": 10250} for name in port_names]
    ports = ({"name": "https", "port": 443, "targetPort": target},)
    return missing_endpoints().api(SERVICE, service(ports=ports)).api(SLICES, listed(piece))


def left_beside(name: str = "metrics-server-legacy") -> Patient:
    """It names the Service of a server that is gone, and metrics-server has another."""
    old = service({"app": "gone"}, name=name)
    patient = missing_endpoints(name=name).api(SERVICES, listed(old, service()))
    patient.api(paths.service("kube-system", name), old)
    return patient.api(paths.slices("kube-system", name), listed(endpoint_slice(())))


def owned_elsewhere(owner: str = "legacy", release: str = "metrics") -> Patient:
    """The APIService is one Helm release's, metrics-server another's, and the Service that it names is not there."""
    item = apiservice("False", "ServiceNotFound", ABSENT, name="legacy-metrics-server")
    item["metadata"]["annotations"] = _of_release(owner)
    made = deployment()
    made["metadata"]["annotations"] = _of_release(release)
    patient = without_service(service(), name="legacy-metrics-server").api(paths.APISERVICES, listed(item))
    return patient.installed(made, pods=(pod(),))


def _of_release(name: str) -> dict[str, str]:
    return {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": "kube-system"} if name else {}


def stale(*controllers: str, ready_for: float = 600, host: str = MASTER) -> Patient:
    """metrics-server's pod is ready, and the slices hold another's address. Its flags are read from a host's files."""
    one = pod(started=-ready_for - 30)
    one["status"] |= {"podIP": "10.244.1.9"}
    patient = registered("False", "FailedDiscoveryCheck", "dial tcp 10.244.1.5:10250: connect: no route to host")
    patient.installed(deployment(), pods=(one,))
    words = ("kube-controller-manager", "--root-ca-file=/ca.pem", *controllers)
    unit = f"[Service]\nExecStart=/usr/bin/{' '.join(words)}\n"
    patient.process(host, "kube-controller-manager", *words)
    return patient.file(host, "/etc/systemd/system/kube-controller-manager.service", unit)


def starting(age: float, restarts: int = 0) -> Patient:
    """A pod behind the Service has only just begun."""
    one = pod(ready=False, started=-age, restarts=restarts)
    patient = missing_endpoints().api(paths.RUNNING_PODS, listed(one)).installed(deployment(), pods=(one,))
    return patient.api(SLICES, listed(endpoint_slice((), ("10.244.1.5",))))


ILL: dict[str, Callable[[], Patient]] = {
    "service-selector-mismatch": lambda: selecting({"k8s-app": "metric-server"}),
    "apiservice-local": local,
    "apiservice-service-missing": without_service,
    "apiservice-port-mismatch": lambda: on_port(8443),
    "apiservice-orphaned": left_beside,
    "helm-apiservice-ownership-conflict": owned_elsewhere,
    "endpoints-controller-stale": stale,
    "apiservice-backend-starting": lambda: starting(20),
}
WELL: dict[str, Callable[[], Patient]] = {
    "service-selector-mismatch": lambda: selecting({"k8s-app": "metrics-server"}),
    "apiservice-local": lambda: registered("True", "Passed", "all checks passed"),
    "apiservice-service-missing": lambda: selecting({"k8s-app": "metric-server"}),
    "apiservice-port-mismatch": lambda: leading_to("https", "https"),
    "apiservice-orphaned": lambda: selecting({"k8s-app": "metrics-server"}),
    "helm-apiservice-ownership-conflict": lambda: owned_elsewhere(owner="metrics"),
    "endpoints-controller-stale": lambda: stale(ready_for=20),
    "apiservice-backend-starting": lambda: starting(51),
}
REGISTRATION = (paths.APISERVICES, SERVICE, SLICES, *paths.DEPLOYMENTS)
SEES: dict[str, tuple[str, ...]] = {
    "service-selector-mismatch": REGISTRATION,
    "apiservice-local": (paths.APISERVICES,),
    "apiservice-service-missing": REGISTRATION,
    "apiservice-port-mismatch": REGISTRATION,
    "apiservice-orphaned": REGISTRATION,
    "helm-apiservice-ownership-conflict": REGISTRATION,
    "endpoints-controller-stale": REGISTRATION,
    "apiservice-backend-starting": (paths.APISERVICES, SERVICE, SLICES, paths.RUNNING_PODS),
}
