"""No node will take metrics-server's pod.

## What it means
The scheduler finds no node that fits what the pod asks for: labels (nodeSelector, node affinity), room for its
requests, distance from its other pods; or the nodes are cordoned. The pod waits, Pending, and nobody has metrics.

## What it does not mean
That metrics-server fails: it was never started. That the cluster is out of CPU: what counts are requests, not use.

## What will not help
- deleting the pod, or installing metrics-server again: the next one asks for the same.
- limits, probes or arguments of metrics-server: the scheduler looks at none of them.
- a node with more CPU in use or less: requests are what the scheduler adds up.

## How it comes about
A nodeSelector or affinity copied from another cluster, whose labels no node has here (or had until its pool was
replaced); requests raised for a large cluster; all nodes full; a node cordoned for maintenance and forgotten; the high
availability manifest, whose two pods may not share a node, in a cluster of one.

## How to make sure
`kubectl -n kube-system describe pod -l k8s-app=metrics-server` ends in FailedScheduling, which counts the nodes by what
each lacks. Where it says nothing at all, no scheduler has looked at the pod.

## Source
kubernetes pkg/scheduler/framework/types.go (FitError: `0/2 nodes are available: …`) and plugins nodeaffinity (`node(s)
didn't match Pod's node affinity/selector`), noderesources (`Insufficient cpu`), nodeunschedulable (`node(s) were
unschedulable`), interpodaffinity; 1.36.3. Seen with Kubernetes 1.36.3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Finding,
    Hop,
    Look,
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._starting import SHOWS_WITHIN_SECONDS, changed_by, finding, made, patched, target
from ._unplaced import about_ports, evidence, objections, only_taints, pressed, unplaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.placing import Placing
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

REQUESTS = "cpu=100m,memory=200Mi"  # manifests/base/deployment.yaml, for up to a hundred nodes


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="See what the scheduler has against each node, and what room their pods' requests leave.",
            commands=(
                f"kubectl -n {blanks['namespace']} get events --field-selector reason=FailedScheduling",
                "kubectl describe nodes | grep -E '^Name:|^Taints:|^Unschedulable:|^  (cpu|memory) '",
            ),
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.BY_ITSELF,  # an autoscaler adds nodes for such a pod
    says=(
        Says("PodState", where={"status": "Pending"}, likelihood=0.7),
        Says("NotReadyInTime", likelihood=0.35),
        # kubernetes pkg/kubelet/lifecycle/predicate.go: the node's own refusal, after the scheduler's consent
        *(
            Says("PodState", where={"status": status}, likelihood=0.8)
            for status in ("NodeAffinity", "NodePorts", "OutOfcpu", "OutOfmemory", "OutOfpods", "MatchNodeSelector")
        ),
        Says("NoNodeFits", where={"because": "other"}, likelihood=0.8),
        Says("NoNodeFits", where={"because": "taints"}, likelihood=0.3),
    ),
    decide=(
        Look(
            "kubectl -n kube-system describe pod -l k8s-app=metrics-server",
            "FailedScheduling, for anything but taints",
            "metrics-server-unschedulable",
        ),
    ),
    advise=advise,
)
def metrics_server_unschedulable(
    starts: tuple[Start, ...],
    placings: tuple[Placing, ...] | Unseen,
    installation: Installation,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    start = unplaced(starts)
    if start is None or only_taints(placings, start) or about_ports(start):
        return
    seen = those_seen(placings)
    if any(pressed(placing) for placing in seen):
        return  # it is the node that is short of something, and says so
    if isinstance(placings, Unseen) and "taint" in start.unplaced:
        yield placings  # the taint may tell of a node that is not well
        return
    read = bool(seen) and all(any(objections(placing)) for placing in seen)
    ailing = [placing.node for placing in seen if placing.ailing]
    yield finding(
        installation,
        _summary(start, seen, ailing),
        evidence(start, placings),
        _remedies(repair.blanks(labels=",".join(_lacking(seen))), installation, seen, start, ailing),
        confidence=Confidence.POSSIBLE if ailing else Confidence.CERTAIN if read else Confidence.LIKELY,
        since=start.since,
        changed=made(start),
    )


def _summary(start: Start, placings: Sequence[Placing], ailing: Sequence[str]) -> str:
    reasons = "; ".join(start.misfits.reasons) if start.misfits else start.unplaced.rstrip(". ")
    text = f"No node takes metrics-server's pod: {reasons}."
    labels = _lacking(placings)
    if ailing:
        return f"{text} {', '.join(ailing)} would have to get well first: their taints say that they are not."
    if labels:
        return f"{text} Its nodeSelector asks for {' and '.join(labels)}, which no node has."
    if all(placing.resources for placing in placings) and placings:
        return f"{text} It requests more than any node has in all."
    cordoned = [placing.node for placing in placings if placing.cordoned]
    return f"{text} Cordoned: {', '.join(cordoned)}." if cordoned else text


def _lacking(placings: Sequence[Placing]) -> tuple[str, ...]:
    """The labels of the nodeSelector that no node has, as kubectl writes them."""
    first = placings[0].labels if placings else ()
    return tuple("=".join(label) for label in first if all(label in placing.labels for placing in placings))


def _remedies(
    blanks: Blanks, who: Installation, placings: Sequence[Placing], start: Start, ailing: Sequence[str]
) -> tuple[Remedy, ...]:
    if ailing:
        return (_nodes(ailing[0]),)
    if "labels" in blanks:
        labels = blanks["labels"].split(",")
        return (_select_less(blanks, labels), _label(blanks, labels, placings[0].node))
    if all(placing.resources for placing in placings) and placings:
        return (_request_less(blanks),)
    free = next((p for p in placings if p.cordoned and not (p.labels or p.taints or p.resources)), None)
    if free:
        return (_uncordon(blanks, free.node),)
    reasons = start.misfits.reasons if start.misfits else ()
    if any("anti-affinity" in reason for reason in reasons):
        return (_fewer(blanks, sum(pod.ready for pod in who.pods) or 1, who.deployment.spec.replicas),)
    if any("Insufficient" in reason for reason in reasons):
        return (*advise(blanks), _request_less(blanks, way=2))
    return advise(blanks)


def _select_less(blanks: Blanks, labels: Sequence[str]) -> Remedy:
    keys = [label.partition("=")[0].replace("/", "~1") for label in labels]
    operations = [{"op": "remove", "path": f"/spec/template/spec/nodeSelector/{key}"} for key in keys]
    return patched(blanks, "Ask for no label that no node has.", json.dumps(operations, separators=(",", ":")))


def _label(blanks: Blanks, labels: Sequence[str], node: str) -> Remedy:
    taken = " ".join(f"{label.partition('=')[0]}-" for label in labels)
    return Remedy(
        advice="Or give a node the label, if that is what it is for.",
        commands=(f"kubectl label node {node} {' '.join(labels)}",),
        undo=(f"kubectl label node {node} {taken}",),
        verify=f"kubectl rollout status {target(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=2,
    )


def _request_less(blanks: Blanks, way: int = 1) -> Remedy:
    return changed_by(
        blanks,
        "Request what upstream's manifest does; it suffices for a hundred nodes, with more add 1m and 2Mi for each.",
        f"kubectl set resources {target(blanks)} -c {blanks['container']} --requests={REQUESTS}",
        way=way,
    )


def _uncordon(blanks: Blanks, node: str) -> Remedy:
    return Remedy(
        advice=f"Let pods come to {node} again; if somebody works on it, ask them first.",
        commands=(f"kubectl uncordon {node}",),
        undo=(f"kubectl cordon {node}",),
        verify=f"kubectl rollout status {target(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _fewer(blanks: Blanks, replicas: int, before: int) -> Remedy:
    return Remedy(
        advice="Its pods may not share a node: ask for no more of them than there are nodes.",
        commands=(f"kubectl scale {target(blanks)} --replicas={replicas}",),
        undo=(f"kubectl scale {target(blanks)} --replicas={before}",),
        verify=f"kubectl rollout status {target(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _nodes(node: str) -> Remedy:
    return Remedy(
        advice="See why it is not well, and mend that; the taint goes by itself then.",
        commands=(f"kubectl describe node {node}",),
        verify="kubectl get nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )
