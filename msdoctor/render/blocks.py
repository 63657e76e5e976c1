"""What every section of a report is made from: the diagnosis, its causes put together in blocks, and the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from msdoctor.diagnosis import Cause, Diagnosis
from msdoctor.model import Confidence, State

from .terminal import Page

MOST_MEMBERS = 3  # causes of one id told in full; of more, the first stands for all
MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class Block:
    """Causes of one id and state, told together: a certificate made wrong once is often on many nodes."""

    number: int
    causes: tuple[Cause, ...]

    @property
    def first(self) -> Cause:
        """The one that stands for all where there are many."""
        return self.causes[0]

    @property
    def subjects(self) -> tuple[str, ...]:
        """All of theirs, each once."""
        return tuple(dict.fromkeys(subject for cause in self.causes for subject in cause.finding.subjects))


@dataclass(frozen=True, slots=True)
class Report:
    """A diagnosis, the page it goes onto, and how much of it is told."""

    diagnosis: Diagnosis
    page: Page
    verbose: bool
    age: str
    blocks: tuple[Block, ...]

    @property
    def active(self) -> list[Block]:
        """The blocks that break something today."""
        return [block for block in self.blocks if block.first.breaks]

    def time(self, at: datetime) -> str:
        """In UTC; with its date where that is not the report's."""
        at, now = at.astimezone(UTC), self.diagnosis.taken_at.astimezone(UTC)
        return f"{at:%H:%M:%SZ}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%SZ}"


def of_cluster(diagnosis: Diagnosis) -> bool:
    """Whether a cluster was looked at. Of files alone nobody can say that metrics flow, or that they do not."""
    return bool(diagnosis.hops) and diagnosis.context.vantages != ("repository",)


def blocks(causes: Iterable[Cause]) -> tuple[Block, ...]:
    """The causes in blocks, numbered in their order."""
    grouped: dict[tuple[str, State], list[Cause]] = {}
    for cause in causes:
        grouped.setdefault((cause.id, cause.finding.state), []).append(cause)
    return tuple(Block(number, tuple(members)) for number, members in enumerate(grouped.values(), 1))


def is_open(block: Block, report: Report) -> bool:
    """Whether it is only one of several causes that were found to be possible, of which one holds."""
    finding = block.first.finding
    if finding.doubt is None or finding.confidence is not Confidence.POSSIBLE:
        return False
    found = {other.first.id for other in report.active}
    return any(
        block.first.id in item.ids and len(found.intersection(item.ids)) > 1 for item in report.diagnosis.alternatives
    )


def some(names: Sequence[str], report: Report, most: int = MOST_NAMES) -> str:
    """The first few names, and how many more."""
    if report.verbose or len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
