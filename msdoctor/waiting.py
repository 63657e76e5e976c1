"""Whether to look again: a cluster that is starting tells itself from one that is broken. Pure.

A cause that somebody has to mend is not waited for. What a cluster leaves behind by itself is: a start, a restart, a
node that joins, an approval that is due, and, while the cluster is young, what is still being installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from msdoctor.diagnosis import Cause, Diagnosis, exit_code
from msdoctor.facts.objects import Node
from msdoctor.model import Class, Confidence, Passing, Unseen

YOUNG = timedelta(minutes=15)


class Next(StrEnum):
    """What to do after a look."""

    HEALTHY = "healthy"
    WAIT = "waiting"
    BROKEN = "broken"  # looking again changes nothing
    UNDECIDED = "undecided"  # nor does it here


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do next, and why in a few words."""

    next: Next
    because: str


def decide(
    diagnosis: Diagnosis, *, young: bool = False, fail_on: Class = Class.CAUSE, strict: bool = False
) -> Decision:
    """Look again only where that can help. ``young``: the cluster is still being set up."""
    code = exit_code(diagnosis, fail_on=fail_on, strict=strict)
    if code == 1:
        return _of_causes(diagnosis, fail_on, young=young)
    if diagnosis.flow.awaited_nodes:
        names = ", ".join(node.name for node in diagnosis.flow.awaited_nodes[:3])
        return Decision(Next.WAIT, f"for the first metrics of {names}, which joined just now")
    if code == 0:
        return Decision(Next.HEALTHY, "metrics flow" if diagnosis.proven else "nothing that counts is the matter")
    open_ = [item.id for item in diagnosis.unexplained]
    possible = [cause.id for cause in diagnosis.causes if cause.fails(fail_on)]
    if diagnosis.proven and not open_ and not possible:
        return Decision(Next.UNDECIDED, "metrics flow, and what was not seen will not be seen by waiting")
    return Decision(Next.WAIT, _why_open(diagnosis, open_, possible))


def is_young(nodes: tuple[Node, ...] | Unseen, now: datetime) -> bool:
    """Whether a cluster is still being set up: its oldest node came not long ago, or none has come yet."""
    if isinstance(nodes, Unseen):
        return False
    made = [node.metadata.creation_timestamp for node in nodes if node.metadata.creation_timestamp]
    return not nodes or (bool(made) and now - min(made) < YOUNG)


def _of_causes(diagnosis: Diagnosis, fail_on: Class, *, young: bool) -> Decision:
    failing = [cause for cause in diagnosis.causes if cause.fails(fail_on)]
    sure = [cause for cause in failing if cause.finding.confidence is not Confidence.POSSIBLE]
    lasting = [cause for cause in sure if not _passes_by(cause, young=young)]
    if lasting:
        return Decision(Next.BROKEN, f"{_ids(lasting)}: waiting does not heal that")
    return Decision(Next.WAIT, f"{_ids(sure)}: it may pass by itself")


def _passes_by(cause: Cause, *, young: bool) -> bool:
    passes = cause.check.passes
    return passes is Passing.BY_ITSELF or (young and passes is Passing.WHILE_YOUNG)


def _ids(causes: list[Cause]) -> str:
    return ", ".join(dict.fromkeys(cause.id for cause in causes))


def _why_open(diagnosis: Diagnosis, symptoms: list[str], possible: list[str]) -> str:
    if symptoms:
        return ", ".join(dict.fromkeys(symptoms))
    if possible:
        return f"{', '.join(dict.fromkeys(possible))}: possible, and not sure"
    if not diagnosis.server_version and diagnosis.gaps:
        return f"the API server told nothing: {diagnosis.gaps[0].reason[:200]}"
    return "metrics were not seen to flow yet"
