"""Moments at which a patient can be caught: what `Caught` names, brought about."""

import json
import time
from typing import Any

from lab.agreement import api_objects, metrics_server
from lab.agreement.metrics_server import METRICS_SERVER
from lab.machines import LabError, Machines
from lab.observation import Observation, now
from lab.truth import MASTER, NODES, Caught, Truth

OWN_ROLE = "system:metrics-server"


def start(machines: Machines, truth: Truth) -> None:
    """Start metrics-server once more, if that is a part of it."""
    if truth.caught is Caught.RACED:
        _race(machines, truth)
    if truth.caught is Caught.STARTED_ANEW:
        metrics_server.restart(machines)


def _race(machines: Machines, truth: Truth) -> None:
    """Start it without its role, which comes as soon as it has been refused, and before it is started anew."""
    machines.kubectl("delete", "clusterrole", OWN_ROLE)
    metrics_server.restart(machines)
    logs = ("logs", "-n", "kube-system", "-l", METRICS_SERVER, "--tail=-1")
    machines.wait_until(lambda: "RBAC: clusterrole" in machines.kubectl(*logs, check=False).stdout, "a refusal")
    api_objects.agree(machines, truth)


def await_start(machines: Machines) -> Observation:
    """metrics-server runs and has scraped once at most: it needs two scrapes, a minute apart here."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        shown = machines.kubectl("get", "pods", "-n", "kube-system", "-l", METRICS_SERVER, "-o", "json").stdout
        pods = json.loads(shown)["items"]
        if len(pods) == 1 and "running" in _container_state(pods[0]):
            time.sleep(3)
            return machines.look()
        time.sleep(0.5)
    raise LabError("metrics-server did not start")


def _container_state(pod: dict[str, Any]) -> dict[str, object]:
    statuses = pod["status"].get("containerStatuses") or [{}]
    found: dict[str, object] = statuses[0].get("state", {})
    return found


def rejoin(machines: Machines, node: str) -> Observation:
    """Take a node out of the cluster until metrics-server has forgotten it; its kubelet registers as it starts."""
    machines.wait_until(lambda: len(machines.look().stamps) == len(NODES), "metrics of all nodes")
    machines.kubectl("delete", "node", node)
    left = now()
    machines.wait_until(lambda: any(stamp > left for stamp in machines.look().stamps), f"a scrape without {node}")
    machines.run(node, ["systemctl", "restart", "kubelet"], check=True)
    machines.wait_until(lambda: node in machines.look().ready_nodes, f"{node} to be ready")
    return machines.look()


def restart_apiserver(machines: Machines) -> Observation:
    """Stop it for as long as it takes to be missed, and wait until nobody complains any more."""
    machines.wait_until(lambda: len(machines.look().stamps) == len(NODES), "metrics of all nodes")
    machines.run(MASTER, ["systemctl", "stop", "kube-apiserver"], check=True)
    time.sleep(10)
    machines.run(MASTER, ["systemctl", "start", "kube-apiserver"], check=True)
    time.sleep(120)
    machines.wait_until(lambda: machines.look().available == "True/Passed", "the metrics API")
    return machines.look()
