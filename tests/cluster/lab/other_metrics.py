"""API objects of the external and the custom metrics API, as the charts of KEDA and prometheus-adapter write them.

kedacore/charts keda/templates/metrics-server, prometheus-community/helm-charts charts/prometheus-adapter/templates; the
HPA is the one that KEDA makes of a ScaledObject (keda controllers/keda/hpa.go).
"""

from collections.abc import Iterator
from typing import Any

from lab import images
from lab.truth import ADDRESSES, NODE1, ExternalMetrics

Object = dict[str, Any]

EXTERNAL, CUSTOM = "v1beta1.external.metrics.k8s.io", "v1beta1.custom.metrics.k8s.io"
KEDA, PROMETHEUS = "keda-operator-metrics-apiserver", "prometheus-adapter"
NAMESPACES = {KEDA: "keda", PROMETHEUS: "monitoring"}
PORTS = {KEDA: 6444, PROMETHEUS: 6445}
RELEASES = {KEDA: "keda", PROMETHEUS: "prometheus-adapter"}
METRIC = "s0-kafka-orders"


def wanted(external: ExternalMetrics) -> Iterator[Object]:
    """What is installed; namespaces first."""
    for namespace in NAMESPACES.values():
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    for name in (PROMETHEUS,) if external.uninstalled else (KEDA, PROMETHEUS):
        yield _service(name)
        if external.answers:
            yield _slice(name)
    yield _registration(EXTERNAL, PROMETHEUS if external.taken_over else KEDA)
    if external.answers:
        yield _registration(CUSTOM, PROMETHEUS)
    yield from _worker()


def identities() -> list[tuple[str, str, str]]:
    """All that is taken away again. Namespaces stay: one ends only once every API that is registered answers."""
    found = [("APIService", "", EXTERNAL), ("APIService", "", CUSTOM)]
    found += [("HorizontalPodAutoscaler", "default", "keda-hpa-worker"), ("Deployment", "default", "worker")]
    for name, namespace in NAMESPACES.items():
        found += [("EndpointSlice", namespace, f"{name}-lab"), ("Service", namespace, name)]
    return found


def _metadata(name: str, of: str, namespace: str | None = None, **labels: str) -> Object:
    """As Helm writes it for a release."""
    common = {"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/instance": RELEASES[of]}
    annotations = {
        "meta.helm.sh/release-name": RELEASES[of],
        "meta.helm.sh/release-namespace": NAMESPACES[of],
    }
    metadata: Object = {"name": name, "labels": {**common, **labels}, "annotations": annotations}
    return metadata | ({"namespace": namespace} if namespace else {})


def _service(name: str) -> Object:
    metadata = _metadata(name, name, NAMESPACES[name], **{"app.kubernetes.io/name": name})
    ports = [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": PORTS[name]}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": ports, "selector": {"app": name}},
    }


def _slice(name: str) -> Object:
    labels = {"kubernetes.io/service-name": name, "endpointslice.kubernetes.io/managed-by": "lab"}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": f"{name}-lab", "namespace": NAMESPACES[name], "labels": labels},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [ADDRESSES[NODE1]], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": PORTS[name], "protocol": "TCP"}],
    }


def _registration(name: str, of: str) -> Object:
    version, _, group = name.partition(".")
    return {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": _metadata(name, of),
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": of, "namespace": NAMESPACES[of], "port": 443},
        },
    }


def _worker() -> Iterator[Object]:
    labels = {"app": "worker"}
    container = {"name": "worker", "image": images.BUSY, "imagePullPolicy": "IfNotPresent", "args": ["burn", "5"]}
    pod = {"terminationGracePeriodSeconds": 1, "containers": [container]}
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    metadata: Object = {"name": "worker", "namespace": "default", "labels": labels}
    yield {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
    scaled = {"scaledobject.keda.sh/name": "worker"}
    external = {
        "metric": {"name": METRIC, "selector": {"matchLabels": scaled}},
        "target": {"type": "AverageValue", "averageValue": "5"},
    }
    yield {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {
            "name": "keda-hpa-worker",
            "namespace": "default",
            "labels": {"app.kubernetes.io/managed-by": "keda-operator", **scaled},
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "worker"},
            "minReplicas": 1,
            "maxReplicas": 3,
            "metrics": [{"type": "External", "external": external}],
        },
    }
