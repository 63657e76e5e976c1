"""Causes of which one holds, where what was seen fits several, and the looks that decide between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from msdoctor.judge import Outcome
from msdoctor.model import Check, Class, Confidence, Doubt, Finding, Hop, Look, State


@dataclass(frozen=True, slots=True)
class Alternatives:
    """The ids, the likeliest first, of which one is the matter with these subjects."""

    ids: tuple[str, ...]
    subjects: tuple[str, ...]
    why: str
    decide: tuple[Look, ...]


def alternatives(
    roots: Sequence[tuple[Check, Finding]], outcomes: Iterable[Outcome], hidden: Iterable[Hop]
) -> tuple[Alternatives, ...]:
    """Those of the causes that were found, and those of items that no check could judge.

    The like ones come together, with the looks of the first. What lies beyond ``hidden`` hops was not reached, so that
    nothing speaks for it. A doubt about a thing is over where a cause was found that does something to it.
    """
    told = [*_of_findings(roots), *_of_unseen(roots, outcomes, frozenset(hidden))]
    alike: dict[frozenset[str], list[tuple[tuple[str, ...], str, Doubt]]] = {}
    for ids, subject, doubt in told:
        alike.setdefault(frozenset(ids), []).append((ids, subject, doubt))
    return tuple(
        Alternatives(
            members[0][0],
            tuple(dict.fromkeys(subject for _, subject, _ in members if subject)),
            members[0][2].why,
            members[0][2].decide,
        )
        for members in alike.values()
    )


def _of_findings(roots: Sequence[tuple[Check, Finding]]) -> Iterator[tuple[tuple[str, ...], str, Doubt]]:
    for check, finding in roots:
        if check.cls is not Class.CAUSE or finding.state is not State.ACTIVE:
            continue
        doubt = finding.doubt or _own_doubt(check, finding)
        if doubt:
            yield _ids(doubt, check.id), ", ".join(finding.subjects), doubt


def _own_doubt(check: Check, finding: Finding) -> Doubt | None:
    """What is merely possible is doubted by itself, and its check may say what else it could be."""
    others = {look.then for look in check.decide} - {check.id}
    if finding.confidence is not Confidence.POSSIBLE or not others:
        return None
    return Doubt(finding.summary, check.decide)


def _of_unseen(
    roots: Sequence[tuple[Check, Finding]], outcomes: Iterable[Outcome], hidden: frozenset[Hop]
) -> Iterator[tuple[tuple[str, ...], str, Doubt]]:
    hurting = [(check.id, finding) for check, finding in roots if _hurts(check, finding)]
    for outcome in outcomes:
        for item in outcome.unseen if outcome.check.hop not in hidden else ():
            if item.doubt is None:
                continue
            ids = _ids(item.doubt)
            if not any(_concerns(found, item.where) if item.where else id_ in ids for id_, found in hurting):
                yield ids, item.where, item.doubt


def _hurts(check: Check, finding: Finding) -> bool:
    active = check.cls is Class.CAUSE and finding.state is State.ACTIVE
    return active and finding.confidence is not Confidence.POSSIBLE


def _concerns(finding: Finding, subject: str) -> bool:
    return subject in finding.subjects or subject.partition("/")[2] in {effect.subject for effect in finding.effects}


def _ids(doubt: Doubt, *first: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *(look.then for look in doubt.decide))))
