"""Clusters whose metrics-server does not start, for the tests of hop D."""

from typing import Any

from msdoctor.facts import paths
from tests.facts.clusters import (
    ADDRESSES,
    MANIFEST_ARGS,
    Json,
    Patient,
    container,
    deployment,
    endpoint_slice,
    healthy,
    listed,
    moment,
    node,
    pod,
)

NAME = "metrics-server-1"
USAGE = "Usage:\n   [flags]\n\nMetrics server flags:\n\n      --kubeconfig string   The path to the kubeconfig\n"
NO_FIT = "0/2 nodes are available: {}. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling."


def starting(one: Json, status: Json | None = None, *others: Json, **spec: Any) -> Patient:
    """This container, in a pod that has come as far as its container's status; ``spec`` is more of the pod's."""
    made = pod(NAME, one, ready=False, started=-300)
    made["spec"] |= spec
    shown = {"name": "metrics-server", "ready": False, "restartCount": 3, "state": {}, "lastState": {}}
    made["status"]["containerStatuses"] = [shown | (status or {})]
    template = deployment(one)
    template["spec"]["template"]["spec"] |= spec
    patient = healthy().installed(template, pods=(made, *others)).log("").log("", suffix="?previous")
    return patient if any(_ready(other) for other in others) else _down(patient)


def _ready(one: Json) -> bool:
    ready: Json = one["status"]["conditions"][0]
    return ready == ready | {"type": "Ready", "status": "True"}


def _down(patient: Patient) -> Patient:
    return patient.silent().api(paths.slices("kube-system", "metrics-server"), listed(endpoint_slice(ready=())))


def waiting(reason: str, message: str = "") -> Json:
    return {"state": {"waiting": {"reason": reason, "message": message}}, "restartCount": 0}


def crashed(code: int = 2, reason: str = "Error") -> Json:
    """It has ended three times, and waits for its next start."""
    ended = {"reason": reason, "exitCode": code, "startedAt": moment(-40), "finishedAt": moment(-39)}
    message = "back-off 40s restarting failed container=metrics-server pod=metrics-server-1"
    state = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    return {"state": state, "lastState": {"terminated": ended}}


def said(*errors: str) -> str:
    """A log that ends in these errors, as ``kubectl logs --timestamps`` prints a start that fails."""
    lines = [line for error in errors for line in (f"Error: {error}", *USAGE.splitlines(), f"panic: {error}")]
    return "".join(f"2026-03-01T11:59:21.000000000Z {line}\n" for line in lines)


def complaining(error: str, *args: str, **spec: Any) -> Patient:
    """It ends over this error."""
    one = container(args or MANIFEST_ARGS)
    return starting(one, crashed(), **spec).log(said(error))


def unplaced(message: str, *nodes: Json, one: Json | None = None, **spec: Any) -> Patient:
    """The scheduler has found no node for it."""
    patient = starting(one or container(), None, nodeName="", **spec)
    made = pod(NAME, one or container(), ready=False, started=-300)
    made["spec"] |= {"nodeName": "", **spec}
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    made["status"] = {"phase": "Pending", "conditions": [scheduled]}
    template = deployment(one or container())
    template["spec"]["template"]["spec"] |= spec
    patient.installed(template, pods=(made,))
    return patient.api(paths.NODES, listed(*nodes)) if nodes else patient


def noded(name: str, *taints: str, cordoned: bool = False, memory: str = "8Gi", **labels: str) -> Json:
    """A node with taints as kubectl writes them."""
    one = node(name, ("InternalIP", ADDRESSES[name]), ("Hostname", name))
    one["metadata"]["labels"] = labels
    one["spec"] = {"unschedulable": cordoned, "taints": [_taint(taint) for taint in taints]}
    one["status"]["allocatable"] = {"cpu": "2", "memory": memory}
    one["status"]["nodeInfo"]["architecture"] = "amd64"
    return one


def _taint(text: str) -> Json:
    named, _, effect = text.partition(":")
    key, _, value = named.partition("=")
    return {"key": key, "value": value, "effect": effect}
