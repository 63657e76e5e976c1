"""What the two checks of a pod that no node takes share: which pod, what each node has against it, and the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Evidence, Unseen, those_seen

from ._starting import status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.objects import Taint
    from msdoctor.facts.placing import Placing
    from msdoctor.facts.starts import Start


MOST_NODES = 3  # that are shown one by one


def unplaced(starts: Sequence[Start]) -> Start | None:
    """The newest pod that the scheduler has found no node for."""
    return next((start for start in reversed(starts) if start.unplaced and not start.node), None)


def pressed(placing: Placing) -> bool:
    """Whether a node would take it, were it not short of something."""
    short = bool(placing.ailing) and all(taint.key.endswith("-pressure") for taint in placing.ailing)
    return short and not (placing.own_taints or placing.cordoned or placing.labels or placing.resources)


def about_ports(start: Start) -> bool:
    """Whether a port of the host is all that it lacks, which is another cause."""
    return start.misfits is not None and start.misfits.because == "ports"


def only_taints(placings: Sequence[Placing] | Unseen, start: Start) -> bool:
    """Whether every node would take it but for a taint that somebody gave it."""
    if isinstance(placings, Unseen) or not placings:
        return start.misfits is not None and start.misfits.because == "taints"
    return all(placing.only_own_taints for placing in placings) and not _otherwise(start)


def _otherwise(start: Start) -> bool:
    """Whether the scheduler names something besides taints; an older word of it may be about nodes of then."""
    return start.misfits is not None and start.misfits.because != "taints"


def evidence(start: Start, placings: Sequence[Placing] | Unseen) -> Iterator[Evidence]:
    """The scheduler's words, and what each node is like."""
    yield status(start, f"PodScheduled is False: {start.unplaced}")
    told = [(placing, against) for placing in those_seen(placings) if (against := tuple(objections(placing)))]
    for placing, against in told[:MOST_NODES]:
        how = f"kubectl describe node {placing.node}"
        yield Evidence(saw="; ".join(against), where=f"Node {placing.node}", how=how)


def objections(placing: Placing) -> Iterator[str]:
    """What one node has against the pod, in words."""
    if placing.cordoned:
        yield "it is cordoned"
    yield from (f"it lacks label {name}={value}" for name, value in placing.labels)
    if placing.resources:
        yield f"all its {' and '.join(placing.resources)} is less than the pod requests"
    yield from (f"taint {shown(taint)}" for taint in placing.taints)


def shown(taint: Taint) -> str:
    """As kubectl writes it."""
    return f"{taint.key}={taint.value}:{taint.effect}" if taint.value else f"{taint.key}:{taint.effect}"
