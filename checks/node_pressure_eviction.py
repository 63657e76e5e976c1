"""metrics-server was evicted from a node that is short of memory, disk or process numbers.

## What it means
A node that runs short of something ends pods until it is not, and takes no new ones meanwhile: its condition says so
(MemoryPressure, DiskPressure, PIDPressure), and so does a taint. metrics-server's pod was among those, or finds no
other node, and nobody has metrics.

## What it does not mean
That metrics-server used too much: what counts is what all pods of the node use, and who may go first. That something is
wrong with the pod that is left, as Failed or even Succeeded: it is kept for its message only.

## What will not help
- deleting the pods that are left as Evicted: they take no room any more.
- a toleration of the pressure's taint: the node would end the pod again.
- higher limits of metrics-server: there is less to be had, not more.

## How it comes about
Images and logs that fill the disk; pods without requests, of which more come to a node than it can bear; a
metrics-server without upstream's priority class system-cluster-critical, with which it is never evicted.

## How to make sure
`kubectl -n kube-system get pods -l k8s-app=metrics-server` shows Evicted, or Completed with an event Evicted;
`kubectl describe node NODE | grep Pressure` what the node is short of now.

## Source
kubernetes pkg/kubelet/eviction/helpers.go (`The node was low on resource: …`, `The node had condition: …`) and
eviction_manager.go (critical pods are spared; 1.36.3); metrics-server manifests/base/deployment.yaml
(priorityClassName). Seen with Kubernetes 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._starting import finding, patched, status
from ._unplaced import pressed, unplaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Condition, Node
    from msdoctor.facts.placing import Placing
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

# Conditions of a Node by what it is then short of, with a look at what uses it up.
SHORT_OF = {
    "MemoryPressure": ("memory", "ps -eo rss,args --sort=-rss | head -15"),
    "DiskPressure": ("disk", "df -h / /var/lib/kubelet /var/lib/containerd; crictl rmi --prune"),
    "PIDPressure": ("process numbers", "ps -eo nlwp,args --sort=-nlwp | head -15"),
}
CRITICAL = "system-cluster-critical"
EVICTED = "Evicted"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node, short = blanks["node"], blanks.get("short_of", "MemoryPressure")
    what, look = SHORT_OF[short]
    return (
        Remedy(
            advice=(
                f"Find what uses up {node}'s {what}, and end or move it; up to five minutes later the node takes pods"
                " again."
            ),
            commands=(look,),
            on=f"node/{node}",
            verify=f"kubectl describe node {node} | grep Pressure",
            shows_within_seconds=300,
        ),
        patched(
            blanks,
            "Then have others go before metrics-server, as upstream's manifest does.",
            f'[{{"op":"add","path":"/spec/template/spec/priorityClassName","value":"{CRITICAL}"}}]',
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("NoNodeFits", where={"because": "other"}, likelihood=0.4),
        Says("NoNodeFits", where={"because": "taints"}, likelihood=0.4),
        Says("PodState", where={"status": "Evicted"}, likelihood=0.9),
        Says("Evicted", likelihood=0.7),
    ),
    decide=(Look("kubectl -n kube-system get pods -l k8s-app=metrics-server", "Evicted", "node-pressure-eviction"),),
    advise=advise,
)
def node_pressure_eviction(
    starts: tuple[Start, ...],
    installation: Installation,
    nodes: tuple[Node, ...] | Unseen,
    placings: tuple[Placing, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding]:
    evicted = next((start for start in reversed(starts) if _why_evicted(start)), None)
    waiting = unplaced(starts)
    left = [start for start in starts if start.pod.status.phase not in ("Failed", "Succeeded")]
    if any(pod.ready for pod in installation.pods) or any(start.node for start in left):
        return  # what is left has a node, and is judged by what keeps it from serving there
    if evicted is None and waiting is None:
        return
    pressures = _pressures(those_seen(nodes))
    node = _which(evicted, pressures, those_seen(placings))
    if not node and (evicted is None or not isinstance(nodes, Unseen)):
        return
    condition = pressures.get(node)
    short = condition.type if condition else ""
    blanks = repair.blanks(node=node or (evicted.node if evicted else ""), short_of=short or "MemoryPressure")
    yield finding(
        installation,
        _summary(evicted, blanks["node"], short),
        _evidence(evicted, waiting, node, condition),
        _remedies(blanks, installation),
        confidence=Confidence.CERTAIN if evicted and condition else Confidence.LIKELY,
        since=(condition.last_transition_time if condition else None) or (waiting.since if waiting else None),
        changed=f"{node} came to be short of {SHORT_OF[short][0]}" if short else "its newest pod was made",
    )


def _why_evicted(start: Start) -> str:
    """Why its node ended it. A metrics-server that ended well counts as Succeeded, and only an event tells of it."""
    if start.pod.status.reason == EVICTED:
        return start.pod.status.message or EVICTED
    return next((event.message for event in start.events if event.reason == EVICTED), "")


def _pressures(nodes: Sequence[Node]) -> dict[str, Condition]:
    """What each node says that it is short of."""
    found = ((node.metadata.name, condition) for node in nodes for condition in node.status.conditions)
    return {name: condition for name, condition in found if condition.type in SHORT_OF and condition.status == "True"}


def _which(evicted: Start | None, pressures: dict[str, Condition], placings: Sequence[Placing]) -> str:
    """The node that has ended it and is still short of something, or that would take it if it were not."""
    if evicted and evicted.node in pressures:
        return evicted.node
    return next((placing.node for placing in placings if pressed(placing) and placing.node in pressures), "")


def _summary(evicted: Start | None, node: str, short: str) -> str:
    of = f" is short of {SHORT_OF[short][0]} ({short})" if short else " was short of something"
    if evicted:
        return f"metrics-server was evicted from {node}, which{of}, and no node takes its next pod."
    return f"No node takes metrics-server's pod: {node}, which would,{of}."


def _evidence(
    evicted: Start | None, waiting: Start | None, node: str, condition: Condition | None
) -> Iterator[Evidence]:
    if evicted:
        yield status(evicted, f"{EVICTED}: {_why_evicted(evicted)}")
    if condition:
        yield Evidence(
            saw=f"condition {condition.type} is True: {condition.message}",
            where=f"Node {node}",
            how=f"kubectl describe node {node}",
            at=condition.last_transition_time,
        )
    if waiting:
        yield status(waiting, f"PodScheduled is False: {waiting.unplaced}")


def _remedies(blanks: Blanks, who: Installation) -> tuple[Remedy, ...]:
    """The second step only where it is not done already."""
    relief, rank = advise(blanks)
    critical = who.deployment.spec.template.spec.priority_class_name.startswith("system-")
    return (relief,) if critical else (relief, rank)
