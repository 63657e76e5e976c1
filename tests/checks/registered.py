"""Clusters whose metrics API is registered wrongly."""

from collections.abc import Callable
from typing import Any

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from tests.facts.clusters import (
    Patient,
    apiservice,
    endpoint_slice,
    healthy,
    listed,
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


ILL: dict[str, Callable[[], Patient]] = {
    "service-selector-mismatch": lambda: selecting({"k8s-app": "metric-server"}),
    "apiservice-local": local,
    "apiservice-service-missing": without_service,
    "apiservice-port-mismatch": lambda: on_port(8443),
    "apiservice-orphaned": left_beside,
}
WELL: dict[str, Callable[[], Patient]] = {
    "service-selector-mismatch": lambda: selecting({"k8s-app": "metrics-server"}),
    "apiservice-local": lambda: registered("True", "Passed", "all checks passed"),
    "apiservice-service-missing": lambda: selecting({"k8s-app": "metric-server"}),
    "apiservice-port-mismatch": lambda: leading_to("https", "https"),
    "apiservice-orphaned": lambda: selecting({"k8s-app": "metrics-server"}),
}
REGISTRATION = (paths.APISERVICES, SERVICE, SLICES, *paths.DEPLOYMENTS)
SEES: dict[str, tuple[str, ...]] = {
    "service-selector-mismatch": REGISTRATION,
    "apiservice-local": (paths.APISERVICES,),
    "apiservice-service-missing": REGISTRATION,
    "apiservice-port-mismatch": REGISTRATION,
    "apiservice-orphaned": REGISTRATION,
}
