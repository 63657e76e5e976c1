"""Nodes whose machine is gone and whose Node object is not yet: what says so, and that nothing speaks against it.

Silence alone says only that a node is not reached. What somebody wrote on the Node object tells that its machine was
meant to go, and is believed as long as no sign of life belies it: a node that is drained works until its last minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Node
from msdoctor.facts.reach import Reach
from msdoctor.facts.stranded import SHUT_DOWN, UNANSWERED
from msdoctor.model import Evidence, Unseen

# kubernetes staging/src/k8s.io/cloud-provider/api/well_known_taints.go; autoscaler cluster-autoscaler/utils/taints.
TO_BE_DELETED = "ToBeDeletedByClusterAutoscaler"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gone:
    """One such node. ``word`` is what was written of its machine; ``sure``: whether by the cloud that it ran in."""

    reach: Reach
    word: str
    evidence: Evidence
    sure: bool

    @property
    def node(self) -> str:
        """The node's name."""
        return self.reach.name


def gone(reaches: Sequence[Reach] | Unseen, installation: Installation | None) -> tuple[Gone, ...] | Unseen:
    """Every node that is, but for one that takes all of metrics-server along: that does harm."""
    if isinstance(reaches, Unseen):
        return reaches
    return tuple(
        Gone(reach, word, evidence, sure)
        for reach in reaches
        if _is_silent(reach) and not _takes_metrics_server_along(reach, installation)
        for word, evidence, sure in list(_words(reach.kubelet.node))[:1]
    )


def without(
    items: Sequence[T] | Unseen, left: Sequence[Gone] | Unseen, node_of: Callable[[T], str]
) -> tuple[T, ...] | Unseen:
    """The items of the other nodes: nothing is expected of these."""
    if isinstance(items, Unseen):
        return items
    names = frozenset() if isinstance(left, Unseen) else frozenset(item.node for item in left)
    return tuple(item for item in items if node_of(item) not in names)


def _is_silent(reach: Reach) -> bool:
    """Towards everybody, for longer than its Lease lasts. A port that refuses shows that the machine is up."""
    dialled = all(attempt.outcome in UNANSWERED for attempt in reach.attempts)
    return reach.reporting is False and reach.blind and dialled and not reach.processes


def _takes_metrics_server_along(reach: Reach, installation: Installation | None) -> bool:
    pods = installation.pods if installation else ()
    return reach.hosts_metrics_server and not any(pod.ready and pod.spec.node_name != reach.name for pod in pods)


def _words(node: Node) -> Iterator[tuple[str, Evidence, bool]]:
    """What is written on it, the surest first."""
    name = node.metadata.name
    where, how = f"Node {name}", f"kubectl describe node {name}"
    keys = {taint.key for taint in node.spec.taints}
    if SHUT_DOWN in keys:
        yield "the cloud has shut its machine down", Evidence(f"taint {SHUT_DOWN}", where, how), True
    if TO_BE_DELETED in keys:
        yield "the cluster autoscaler takes its machine away", Evidence(f"taint {TO_BE_DELETED}", where, how), False
    deleted = node.metadata.deletion_timestamp
    if deleted:
        saw = f"deletionTimestamp {deleted:%Y-%m-%dT%H:%M:%SZ}: a finalizer holds it"
        yield "its Node object is being deleted", Evidence(saw, where, how, at=deleted), False
