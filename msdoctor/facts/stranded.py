"""metrics-server's pods where every one of them sits on a machine that nobody reaches any more.

A kubelet that was stopped leaves its machine to refuse connections at its port; a machine that is off, or cut off,
answers nobody at all. From outside these two are alike, and both take along what runs there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Pod
from msdoctor.facts.reach import METRICS_SERVER, Outcome, Reach
from msdoctor.model import Unseen

UNANSWERED = (Outcome.SILENT, Outcome.NO_ROUTE)
SHUT_DOWN = "node.cloudprovider.kubernetes.io/shutdown"
UNREACHABLE = "node.kubernetes.io/unreachable"
LONGEST = 86400


@dataclass(frozen=True, slots=True)
class Stranded:
    """Such pods, oldest first, and their nodes. ``moves_at``: when the cluster makes one elsewhere by itself.

    ``marked``: whether a cloud's controller has written on a node that its machine is shut down.
    """

    pods: tuple[Pod, ...]
    nodes: tuple[Reach, ...]
    moves_at: datetime | None
    marked: bool


def stranded(reaches: Sequence[Reach] | Unseen, installation: Installation | None) -> Stranded | Unseen | None:
    """All of metrics-server's pods that were given to a node, if every one is stranded."""
    if isinstance(reaches, Unseen):
        return reaches
    pods = tuple(pod for pod in installation.pods if pod.spec.node_name) if installation else ()
    dead = {reach.name: reach for reach in reaches if is_dead(reach)}
    if not pods or any(pod.ready or pod.spec.node_name not in dead for pod in pods):
        return None
    nodes = tuple(dead[name] for name in dict.fromkeys(pod.spec.node_name for pod in pods))
    marked = any(taint.key == SHUT_DOWN for reach in nodes for taint in reach.kubelet.node.spec.taints)
    return Stranded(pods, nodes, _moves_at(pods[-1], dead[pods[-1].spec.node_name]), marked)


def is_dead(reach: Reach) -> bool:
    """Whether a machine gives no sign of life: no Lease renewed, no answer to whoever dialled it, be it a refusal.

    What metrics-server itself said was said before it was lost.
    """
    others = [attempt for attempt in reach.attempts if attempt.origin != METRICS_SERVER]
    silent = bool(others) and all(attempt.outcome in UNANSWERED for attempt in others)
    return reach.reporting is False and reach.blind and silent and not reach.processes


def _moves_at(pod: Pod, reach: Reach) -> datetime | None:
    """When the taint that its node has got is no longer tolerated (kubernetes pkg/controller/tainteviction)."""
    since = reach.ready.last_transition_time
    borne = (one.toleration_seconds for one in pod.spec.tolerations if one.key == UNREACHABLE)
    seconds = next((one for one in borne if one is not None and 0 <= one <= LONGEST), None)
    return since + timedelta(seconds=seconds) if since and seconds is not None else None
