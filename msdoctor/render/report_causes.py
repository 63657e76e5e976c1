"""The causes and risks of a report: what is the matter, how it is known, what to type, and when it shows."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Sequence

from msdoctor.called import called
from msdoctor.diagnosis import Cause, Diagnosis, Explained
from msdoctor.model import Class, Evidence, Finding, Location, Remedy, Risk, State, bullets

from .blocks import MOST_MEMBERS, Block, Report, is_open, of_cluster, some
from .terminal import BODY, BOLD, MARGIN, RED, YELLOW, Page, one_line, single
from .words import and_list

MOST_QUOTED = 300  # characters of a thing seen; all of it with verbose, and in JSON
MOST_EVIDENCE = 4
MOST_HINTS = 3

STATES = {State.ACTIVE: "✗", State.NEXT: "»", State.LATENT: "!"}
MEANINGS = {
    State.NEXT: "Hidden behind the causes above; it shows once they are healed.",
    State.LATENT: "True, and nothing fails by it today.",
}
_HIDDEN_IN_FILES = "Another fault of these files hides it for now."
RISKS = {Risk.DISRUPTIVE: "interrupts service", Risk.WEAKENS_SECURITY: "WEAKENS SECURITY"}


def meaning(block: Block, diagnosis: Diagnosis) -> str:
    """What it means that a thing is true and breaks nothing now; empty where it does."""
    state = block.first.finding.state
    if block.first.breaks or state not in MEANINGS:
        return ""
    return MEANINGS[state] if of_cluster(diagnosis) else _HIDDEN_IN_FILES


def causes(report: Report) -> Iterator[str]:
    """What breaks something today, told in full; of several that may be it only what tells them apart."""
    yield from _joined(list((_short if is_open(block, report) else _full)(block, report)) for block in report.active)


def coming(report: Report) -> Iterator[str]:
    """What is true and does not hurt yet, and risks: shorter, and without what weakens security."""
    rest = [block for block in report.blocks if not block.first.breaks and block.first.finding.effects]
    yield from _joined(list(_short(block, report)) for block in rest)


def notes(report: Report) -> Iterator[str]:
    """What is neither: a line each."""
    for block in report.blocks:
        if not block.first.breaks and not block.first.finding.effects:
            summary = block.first.finding.summary
            yield from report.page.wrapped(f"{block.first.id}: {summary}", " " * MARGIN, first="  · ")


def elsewhere(report: Report) -> Iterator[str]:
    """What is the matter with other pipelines, kept apart: whatever it is, it leaves resource metrics alone."""
    page = report.page
    if report.diagnosis.elsewhere:
        yield page.paint("Elsewhere, and no matter of resource metrics:", BOLD)
    for cause in report.diagnosis.elsewhere:
        left = f"  → {cause.id}   {cause.finding.confidence}"
        yield from page.sides(left, some(cause.finding.subjects, report, 2), YELLOW)
        yield from page.wrapped(cause.finding.summary, " " * MARGIN)
        yield from _seen(cause.finding, report)
        yield from _repair(cause.finding.remedies, page)


def _full(block: Block, report: Report) -> Iterator[str]:
    page = report.page
    yield from _title(block, RED, report)
    shown = _shown(block, report)
    for cause in shown:
        yield from page.wrapped(cause.finding.summary, " " * MARGIN)
        yield from _seen(cause.finding, report)
    yield from _others(block, shown, report)
    yield from _explains([item for cause in block.causes for item in cause.explains], report)
    yield from _repair(remedies(shown), page)
    for place, bullet in enumerate(bullets(block.first.check.manual, "What will not help")[:MOST_HINTS]):
        yield from page.labelled("" if place else "no help", _reason(bullet, page.width - len(BODY)))


def _short(block: Block, report: Report) -> Iterator[str]:
    page = report.page
    yield from _title(block, YELLOW, report)
    shown = _shown(block, report)
    for cause in shown:
        yield from page.wrapped(cause.finding.summary, " " * MARGIN)
        yield from _evidence(cause.finding.evidence[:1], report)
    yield from _others(block, shown, report)
    safe = [remedy for remedy in remedies(shown) if Risk.WEAKENS_SECURITY not in remedy.risks]
    yield from _repair(safe, page)


def _title(block: Block, colour: str, report: Report) -> Iterator[str]:
    finding, cls = block.first.finding, block.first.check.cls
    kind = "risk" if cls is Class.RISK else "" if finding.state is State.ACTIVE else str(finding.state)
    left = f"{block.number} {symbol(block)} {block.first.id}   {', '.join(filter(None, (confidence(block), kind)))}"
    yield from report.page.sides(left, some(block.subjects, report, 2), BOLD, colour)
    if kind in MEANINGS:
        yield from report.page.wrapped(MEANINGS[State(kind)], " " * MARGIN)


def confidence(block: Block) -> str:
    """How sure it is, of each of several."""
    return and_list(list(dict.fromkeys(str(cause.finding.confidence) for cause in block.causes)))


def symbol(block: Block) -> str:
    """What stands before a block's name besides its colour."""
    return "!" if block.first.check.cls is Class.RISK else STATES[block.first.finding.state]


def _shown(block: Block, report: Report) -> tuple[Cause, ...]:
    return block.causes if report.verbose or len(block.causes) <= MOST_MEMBERS else block.causes[:1]


def _others(block: Block, shown: Sequence[Cause], report: Report) -> Iterator[str]:
    left = [subject for cause in block.causes[len(shown) :] for subject in cause.finding.subjects]
    if left:
        yield from report.page.labelled(
            "and", f"{len(left)} more: {some(left, report)}; each with commands of its own: `{called()} run --verbose`"
        )


def _seen(finding: Finding, report: Report) -> Iterator[str]:
    most = len(finding.evidence) if report.verbose else MOST_EVIDENCE
    yield from _evidence(finding.evidence[:most], report)
    if len(finding.evidence) > most:
        yield from report.page.labelled("", f"and {len(finding.evidence) - most} more, shown with --verbose")
    if finding.location:
        yield from report.page.labelled("file", location(finding.location))
    if finding.since:
        changed = f": {finding.changed}" if finding.changed else ""
        yield from report.page.labelled("since", f"{report.time(finding.since)}{changed}")


def location(place: Location) -> str:
    """``FILE:LINE:COLUMN``, as far as it is known."""
    return ":".join(str(part) for part in (place.file, place.line, place.column) if part is not None)


def _evidence(items: Sequence[Evidence], report: Report) -> Iterator[str]:
    """What was seen and where, and once for all that it shows, the command."""
    page = report.page
    for place, item in enumerate(items):
        host = item.origin.removeprefix("host/")
        origin = f", read on {host}" if host != item.origin and host not in item.where else ""
        at = f", {report.time(item.at)}" if item.at else ""
        yield from page.labelled("saw", one_line(item.saw, 0 if report.verbose else MOST_QUOTED))
        yield from page.wrapped(f"{item.where}{origin}{at}", BODY)
        if item.how and (place + 1 == len(items) or items[place + 1].how != item.how):
            yield from page.command(single(item.how), BODY)


def _explains(items: Sequence[Explained], report: Report) -> Iterator[str]:
    by_id: dict[str, list[Explained]] = {}
    for item in dict.fromkeys(items):
        by_id.setdefault(item.id, []).append(item)
    label = "explains"
    for name, alike in by_id.items():
        if len(alike) > MOST_MEMBERS and not report.verbose:
            subjects = [subject for item in alike for subject in item.subjects]
            yield from report.page.labelled(label, f"{name}: {len(alike)} times, {some(subjects, report)}")
            label = ""
            continue
        for item in alike:
            yield from report.page.labelled(label, item.summary or name)
            label = ""


def remedies(causes: Iterable[Cause]) -> list[Remedy]:
    """All, in order; one that several causes share comes once, after the others."""
    every = [remedy for cause in causes for remedy in cause.finding.remedies]
    once = list(dict.fromkeys(reversed(every)))
    once.reverse()
    return sorted(once, key=lambda remedy: remedy.way)


def label(remedies: Sequence[Remedy], remedy: Remedy) -> str:
    """A remedy's name among its like.

    ``repair 1a``, ``repair 1b``: steps of the first way; ``or 2``: another way, of one step.
    """
    if len(remedies) == 1:
        return "repair"
    steps = [item for item in remedies if item.way == remedy.way]
    letter = f"{string.ascii_lowercase}+"[min(steps.index(remedy), 26)] if len(steps) > 1 else ""
    first = remedy.way == remedies[0].way
    return f"{'repair' if first else 'or' if steps[0] is remedy else ''} {remedy.way}{letter}".strip()


def _repair(remedies: Sequence[Remedy], page: Page) -> Iterator[str]:
    for remedy in remedies:
        yield from page.labelled(
            label(remedies, remedy), f"on {machine(remedy.on)}{_at_what_cost(remedy)}: {remedy.advice}"
        )
        for command in remedy.commands:
            yield from page.command(command)
        if remedy.verify:
            yield from page.labelled_command("shows", f"{when(remedy)}:", single(remedy.verify))
        for place, command in enumerate(remedy.undo):
            yield from page.labelled_command("" if place else "undo", "", command)


def when(remedy: Remedy) -> str:
    """How long until a remedy shows."""
    return f"within {remedy.shows_within_seconds} s" if remedy.shows_within_seconds else "at once"


def _at_what_cost(remedy: Remedy) -> str:
    return f" ({', '.join(RISKS[risk] for risk in remedy.risks)})" if remedy.risks else ""


def machine(on: str) -> str:
    """``control-plane/k8s-master`` in words."""
    kind, _, name = on.partition("/")
    return {"workstation": "your workstation", "repository": "your repository"}.get(kind, name or kind)


def _joined(blocks: Iterable[list[str]]) -> Iterator[str]:
    """Blocks with an empty line between them."""
    for place, lines in enumerate(blocks):
        yield from ["", *lines] if place else lines


def _reason(bullet: str, room: int) -> str:
    """``what: why, and more`` on one line: without what does not fit, but never without the first clause of the why."""
    what, colon, why = bullet.partition(": ")
    clauses = re.split(r"(?<=[,;:.]) ", why)
    told = f"{what}{colon}{clauses[0]}"
    for clause in clauses[1:]:
        if len(told) + 1 + len(clause) > room:
            break
        told = f"{told} {clause}"
    return told.rstrip(",;:.")
