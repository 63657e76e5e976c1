"""What is scaled: the workload `busy`, its autoscaler, and those that get in its way."""

from collections.abc import Iterator

from lab import images
from lab.objects.kinds import Object, deployment, object_
from lab.truth import Hpa, Truth

FLEETS = "fleets.example.com"
MIGRATION = "migrate"


def wanted(truth: Truth) -> Iterator[Object]:
    """A workload, one pod a node, and its autoscaler."""
    labels = {"app": "busy"}
    strategy = None if truth.hpa.ready else {"type": "Recreate"}
    busy = deployment("busy", "default", labels, _busy_pod(truth.hpa, labels), replicas=2, strategy=strategy)
    busy["spec"]["paused"] = truth.hpa.worker
    yield busy
    if truth.hpa.batch:
        yield _batch(labels)
    if truth.hpa.ended:
        yield _ended(labels)
    if truth.hpa.kind == "Fleet":
        yield from _fleet(labels)
    yield _autoscaler("busy", truth)
    if truth.hpa.second:
        yield _autoscaler("busy-by-hand", truth)


def _busy_pod(hpa: Hpa, labels: dict[str, str]) -> Object:
    """It uses 20 thousandths of a core."""
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": labels},
    }
    pod: Object = {
        "terminationGracePeriodSeconds": 1,
        "topologySpreadConstraints": [spread],
        "containers": list(_busy_containers(hpa)),
    }
    if hpa.sidecar:
        sidecar = _container("log-shipper", hpa, "burn", "1", restartPolicy="Always")
        del sidecar["resources"]
        pod["initContainers"] = [sidecar]
    if hpa.of_pod:
        pod["resources"] = {"requests": dict(hpa.of_pod)}
    return pod


def _busy_containers(hpa: Hpa) -> Iterator[Object]:
    nobody_listens = {"tcpSocket": {"port": 9}}
    # Pods that were ready before would be computed with as long as these are not.
    probes = {} if hpa.ready else {"readinessProbe": {**nobody_listens, "periodSeconds": 3}}
    yield _container("busy", hpa, "burn", "20", **probes)
    if hpa.flaky:
        probe = {**nobody_listens, "periodSeconds": 2, "failureThreshold": 2}
        yield _container("flaky", hpa, "burn", "1", livenessProbe=probe)
    if hpa.idle:
        yield _container("idle", hpa, "idle")
    if hpa.worker:
        yield _container("worker", hpa, "burn", "20")


def _container(name: str, hpa: Hpa, *args: str, **rest: object) -> Object:
    asked = {"requests": {"cpu": hpa.requests_cpu, "memory": "16Mi"}} if hpa.requests_cpu else {}
    image = {"image": images.BUSY, "imagePullPolicy": "IfNotPresent"}
    return {"name": name, **image, "args": list(args), "resources": asked, **rest}


def _batch(labels: dict[str, str]) -> Object:
    """Another workload whose pods carry another's labels too, and whose selector does not ask for them."""
    container = {"name": "batch", "image": images.BUSY, "imagePullPolicy": "IfNotPresent", "args": ["burn", "5"]}
    own = {"job": "batch"}
    batch = deployment(
        "batch", "default", own, {"terminationGracePeriodSeconds": 1, "containers": [container]}, replicas=1
    )
    batch["spec"]["template"]["metadata"]["labels"] = own | labels
    return batch


def _ended(labels: dict[str, str]) -> Object:
    container = {"name": "migrate", "image": images.BUSY, "imagePullPolicy": "IfNotPresent", "args": ["end"]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "restartPolicy": "Never"}}
    return object_("batch/v1", "Job", MIGRATION, "default", None, spec={"template": template})


def _fleet(labels: dict[str, str]) -> Iterator[Object]:
    """Something to be scaled whose definition does not say where its pods' labels stand; they stand in its status."""
    fields = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": fields},
        "subresources": {"scale": scale},
    }
    names = {"kind": "Fleet", "plural": "fleets", "singular": "fleet", "listKind": "FleetList"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    yield object_("apiextensions.k8s.io/v1", "CustomResourceDefinition", FLEETS, None, None, spec=spec)
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    status = {"replicas": 2, "selector": selector}
    yield object_("example.com/v1", "Fleet", "busy", "default", None, spec={"replicas": 2}, status=status)


def _autoscaler(name: str, truth: Truth) -> Object:
    usage: Object = {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": truth.hpa.target_percent},
    }
    metric: Object = {"type": "Resource", "resource": usage}
    if truth.hpa.container:
        metric = {"type": "ContainerResource", "containerResource": usage | {"container": truth.hpa.container}}
    spec = {
        "scaleTargetRef": {"apiVersion": truth.hpa.api_version, "kind": truth.hpa.kind, "name": truth.hpa.target},
        "minReplicas": 2,
        "maxReplicas": 4,
        "metrics": [metric],
    }
    return object_("autoscaling/v2", "HorizontalPodAutoscaler", name, truth.hpa.namespace, None, spec=spec)
