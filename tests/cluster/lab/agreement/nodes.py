"""The Node objects: their annotations and taints."""

import time
from dataclasses import replace

from lab.agreement import ways
from lab.machines import Machines
from lab.truth import NODES, Truth

SHUT_DOWN = "node.cloudprovider.kubernetes.io/shutdown"
TAINT = "dedicated"  # the key of the one that a patient's nodes have


def agree(machines: Machines, truth: Truth) -> None:
    """Wait for the nodes, which kubelets register themselves, and write on them what is theirs."""
    key = "metrics.k8s.io/resource-metrics-path"
    if machines.kubectl("get", "nodes", *NODES, check=False).returncode:
        # A machine that was cut off registers its node once nothing is in the way.
        for node in NODES:
            ways.close(machines, node, replace(truth, firewall=()))
    # A kubelet registers its node a moment after its start.
    deadline = time.monotonic() + 60
    while machines.kubectl("get", "nodes", *NODES, check=False).returncode != 0 and time.monotonic() < deadline:
        time.sleep(0.3)
    for node in NODES:
        path = truth.kubelet(node).metrics_path
        machines.kubectl("annotate", "node", node, "--overwrite", f"{key}={path}" if path else f"{key}-")
        _taint(machines, node, truth.metrics_server.pod.taint)
        shut_down = f"{SHUT_DOWN}:NoSchedule" if truth.kubelet(node).shut_down else f"{SHUT_DOWN}-"
        machines.kubectl("taint", "node", node, shut_down, check=False)


def await_preferred(machines: Machines, truth: Truth) -> None:
    """A node that has only just come back takes no pod yet."""
    prefers = truth.metrics_server.pod.prefers
    if prefers and truth.kubelet(prefers).running:
        machines.wait_until(lambda: prefers in machines.look().ready_nodes, f"{prefers} to be ready")


def _taint(machines: Machines, node: str, taint: str | None) -> None:
    key = (taint or TAINT).partition("=")[0]
    machines.kubectl("taint", "node", node, f"{key}-", check=False)
    machines.kubectl("uncordon", node)
    if taint:
        machines.kubectl("taint", "node", node, taint)
