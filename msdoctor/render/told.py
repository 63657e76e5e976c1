"""A diagnosis as a list of things to tell, the worst first: what forms are made from that have items and no pages.

Each is a few sentences with a level, which a form translates into its own words: an annotation of a pull request, a
line of a code quality report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from msdoctor.diagnosis import Cause, Diagnosis, Unexplained, accounted_for, fingerprint
from msdoctor.model import Class, Confidence, Location, State
from msdoctor.vocabulary import VOCABULARY

from .blocks import Report, blocks, of_cluster
from .report_causes import machine
from .report_head import counts, headline, verdict_word
from .report_rest import next_step
from .terminal import Page, one_line

MOST_QUOTED = 200  # characters of a thing seen
MOST_NAMES = 3  # of further subjects


class Level(IntEnum):
    """How bad a thing is; the worst comes first."""

    ERROR = 0  # breaks something now, certainly or likely; or nothing is proven to work
    WARNING = 1  # breaks something perhaps, or soon, or is unsafe
    NOTE = 2  # neither, or no matter of this pipeline


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to tell: its id, or a verdict; what is to be said of it; its subjects, and where in a file it is."""

    level: Level
    id: str
    text: str
    subjects: tuple[str, ...]
    location: Location | None
    fingerprint: str


def report_of(diagnosis: Diagnosis) -> Report:
    """What the sentences of a report are made from, for a form that has no page."""
    return Report(diagnosis, Page(80, colour=False), verbose=False, age="", blocks=blocks(diagnosis.causes))


def verdict(diagnosis: Diagnosis) -> str:
    """The whole in one line, with its counts."""
    counted = counts(diagnosis)
    return f"{verdict_word(diagnosis)}: {headline(report_of(diagnosis))}{f'; {counted}' if counted else ''}"


def level(cause: Cause) -> Level:
    """How bad a cause or a risk is, or counts as by the user's settings."""
    if cause.severity is not None:
        return Level.ERROR if cause.severity is Class.CAUSE else Level.WARNING
    if cause.check.cls is Class.ELSEWHERE or not cause.finding.effects:
        return Level.NOTE
    sure = cause.finding.confidence is not Confidence.POSSIBLE
    return Level.ERROR if cause.breaks and sure else Level.WARNING


def level_of_symptom(item: Unexplained) -> Level:
    """How bad a symptom without a known cause is; one that passes by itself is not."""
    return Level.NOTE if item.passes else Level.ERROR


def title(id_: str) -> str:
    """What an id means, in one sentence; of one that is not known, itself."""
    return VOCABULARY[id_].title if id_ in VOCABULARY else id_


def items(diagnosis: Diagnosis) -> tuple[Item, ...]:
    """Everything that is the matter, the worst first, and of each level the first of every id before further ones.

    So the few that a reader shows are different ones. Where metrics are not proven to flow, that comes first of all.
    """
    found = (*_undecided(diagnosis), *_causes(diagnosis), *_symptoms(diagnosis), *_elsewhere(diagnosis))
    met: Counter[str] = Counter()
    ranked = []
    for item in found:
        ranked.append((item.level, met[item.id], item))
        met[item.id] += 1
    return tuple(item for _, _, item in sorted(ranked, key=lambda entry: entry[:2]))


def _undecided(diagnosis: Diagnosis) -> Iterator[Item]:
    if of_cluster(diagnosis) and not accounted_for(diagnosis):
        text = " ".join(filter(None, (f"{verdict(diagnosis)}.", next_step(report_of(diagnosis)))))
        yield Item(Level.ERROR, str(diagnosis.verdict), text, (), None, fingerprint(diagnosis.verdict, ()))


def _causes(diagnosis: Diagnosis) -> Iterator[Item]:
    """One for each place in a file; of those that are in none, one for all that have the same disease."""
    for block in blocks(diagnosis.causes):
        unplaced = [cause for cause in block.causes if cause.finding.location is None]
        if unplaced:
            yield _item(unplaced)
        for cause in block.causes:
            if cause.finding.location is not None:
                yield _item([cause])


def _elsewhere(diagnosis: Diagnosis) -> Iterator[Item]:
    for cause in diagnosis.elsewhere:
        yield _item([cause], "Elsewhere, and no matter of resource metrics: ")


def _symptoms(diagnosis: Diagnosis) -> Iterator[Item]:
    for item in diagnosis.unexplained:
        mark = fingerprint(item.id, item.subjects)
        yield Item(level_of_symptom(item), item.id, of_symptom(item), item.subjects, None, mark)


def _item(causes: Sequence[Cause], lead: str = "") -> Item:
    first = causes[0]
    return Item(
        min(level(cause) for cause in causes),
        first.id,
        f"{lead}{of(*causes)}",
        tuple(dict.fromkeys(name for cause in causes for name in cause.finding.subjects)),
        first.finding.location,
        first.fingerprint,
    )


def of(*causes: Cause) -> str:
    """What is to be said of one cause; or of the first of several like it, and how many more there are."""
    first, more = causes[0], ""
    names = list(dict.fromkeys(name for cause in causes[1:] for name in cause.finding.subjects))
    if names:
        more = f"{len(causes) - 1} more like it: {', '.join(names[:MOST_NAMES])}{' …' if names[MOST_NAMES:] else ''}."
    return one_line(" ".join(filter(None, (first.finding.summary, _seen(first), more, _repair(first)))))


def of_symptom(item: Unexplained) -> str:
    """What is to be said of a symptom without a known cause."""
    look = f" Look at: {item.look[0]}" if item.look else ""
    why = "It passes by itself, as a rule." if item.passes else "No known cause explains it."
    return one_line(f"{item.summary or title(item.id)} {why}{look}")


def _seen(cause: Cause) -> str:
    finding, evidence = cause.finding, cause.finding.evidence[0]
    words = [str(finding.confidence), "risk" if cause.check.cls is Class.RISK else ""]
    words += [str(finding.state)] if finding.state is not State.ACTIVE else []
    return f"({', '.join(filter(None, words))}; seen: {one_line(evidence.saw, MOST_QUOTED)}, {evidence.where})."


def _repair(cause: Cause) -> str:
    remedies = cause.finding.remedies
    return f"Repair on {machine(remedies[0].on)}: {remedies[0].advice}" if remedies else ""
