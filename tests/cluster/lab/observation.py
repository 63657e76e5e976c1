"""One look at what a user can see of the pipeline, as it can be compared with the next: numbers are left out."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lab.truth import NODES

Run = Callable[[str], "subprocess.CompletedProcess[str]"]

SEPARATOR = "=====8<====="
# One look; each command's output, errors included, ends with the separator.
LOOK = f"""
kubectl get apiservice v1beta1.metrics.k8s.io -o json 2>&1; echo '{SEPARATOR}'
kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes 2>&1; echo '{SEPARATOR}'
kubectl top nodes 2>&1; echo '{SEPARATOR}'
kubectl top pods -A 2>&1; echo '{SEPARATOR}'
kubectl get pods -n kube-system -l k8s-app=metrics-server -o json 2>&1; echo '{SEPARATOR}'
kubectl get hpa busy -o json 2>&1; echo '{SEPARATOR}'
kubectl get nodes -o json 2>&1
"""


@dataclass(frozen=True)
class Observation:
    """What a user sees of the pipeline.

    `available` is "Status/Reason" of the APIService; `top_nodes` pairs rows with whether they have numbers, an error
    text is one row without; `top_pods` are the names without their random parts, or the error text; `ready` counts the
    ready ones of the metrics-server `pods`; `hpa` is "Type=Status/Reason" per condition; `ready_nodes` are node names;
    `stamps` are the node metrics' timestamps (RFC 3339), which take no part in comparisons.
    """

    available: str
    top_nodes: tuple[tuple[str, bool], ...]
    top_pods: tuple[str, ...]
    pods: int
    ready: int
    hpa: tuple[str, ...]
    ready_nodes: tuple[str, ...]
    stamps: tuple[str, ...]

    @property
    def visible(self) -> tuple[object, ...]:
        """The part that must not change any more."""
        return (self.available, self.top_nodes, self.top_pods, self.ready, self.hpa, self.ready_nodes)

    def healthy_since(self, moment: str, pods: set[str]) -> bool:
        """Whether all is well and these pods have metrics, all nodes' taken after the moment (RFC 3339, UTC)."""
        return (
            self.available == "True/Passed"
            and self.top_nodes == tuple((node, True) for node in NODES)
            and pods <= set(self.top_pods)
            and "ScalingActive=True/ValidMetricFound" in self.hpa
            and self.ready_nodes == NODES
            and len(self.stamps) == len(NODES)
            and all(stamp > moment for stamp in self.stamps)
        )


def look(run: Run) -> Observation:
    """Take one observation; `run` runs a shell command on the workstation, as the operator."""
    parts = [part.strip() for part in run(LOOK).stdout.split(SEPARATOR)]
    service, raw, nodes, pods, servers, hpa, members = parts
    server_pods = _items(servers)
    return Observation(
        available=_available(service),
        top_nodes=_top_nodes(nodes),
        top_pods=_top_pods(pods),
        pods=len(server_pods),
        ready=sum(_is_ready(pod) for pod in server_pods),
        hpa=_conditions(hpa),
        ready_nodes=tuple(sorted(str(node["metadata"]["name"]) for node in _items(members) if _is_ready(node))),
        stamps=tuple(str(item["timestamp"]) for item in _items(raw)),
    )


def now() -> str:
    """The present as metrics have it: RFC 3339, UTC, in whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parse(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _items(text: str) -> list[dict[str, Any]]:
    items = _parse(text).get("items")
    return items if isinstance(items, list) else []


def _status_conditions(thing: dict[str, Any]) -> list[dict[str, str]]:
    status = thing.get("status")
    conditions = status.get("conditions") if isinstance(status, dict) else None
    return conditions or []


def _available(text: str) -> str:
    found = [c for c in _status_conditions(_parse(text)) if c["type"] == "Available"]
    return f"{found[0]['status']}/{found[0]['reason']}" if found else _numberless(text)[:300]


def _is_ready(thing: dict[str, Any]) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in _status_conditions(thing))


def _conditions(text: str) -> tuple[str, ...]:
    """Only what depends on metrics: the reasons for scaling or not come and go by themselves."""
    found = {c["type"]: c for c in _status_conditions(_parse(text))}
    active, able = found.get("ScalingActive"), found.get("AbleToScale")
    shown = [f"AbleToScale={able['status']}"] if able else []
    return (*shown, f"ScalingActive={active['status']}/{active['reason']}") if active else tuple(shown)


def _top_nodes(text: str) -> tuple[tuple[str, bool], ...]:
    lines = text.splitlines()
    if not lines or not lines[0].startswith("NAME"):
        return ((_numberless(text), False),)
    return tuple((line.split()[0], "<unknown>" not in line) for line in lines[1:])


def _top_pods(text: str) -> tuple[str, ...]:
    lines = text.splitlines()
    if not lines or not lines[0].startswith("NAMESPACE"):
        return (_numberless(text),)
    return tuple(sorted({re.sub(r"-[a-z0-9]{6,10}-[a-z0-9]{5}$", "", line.split()[1]) for line in lines[1:]}))


def _numberless(text: str) -> str:
    # An API server that is started over and over refuses at one moment and cuts off at the next.
    if ":6443" in text and re.search("refused|connection reset|EOF", text):
        return "no API server answers"
    return re.sub(r"\d+", "#", text)
