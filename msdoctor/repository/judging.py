"""The ordinary facts and checks, asked about every cluster that a repository declares; what they find put together."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from msdoctor import pipeline
from msdoctor.bundle import Context
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Cause, CheckReport, Diagnosis, FlowReport, HopReport, HopState, Source, Verdict
from msdoctor.facts.cluster import Cluster, read_facts
from msdoctor.facts.gaps import Gap
from msdoctor.facts.installation import Installation
from msdoctor.judge import Result, judge
from msdoctor.model import Check, Class, Confidence, Hop, Remedy, Risk, those_seen
from msdoctor.repository import kubespray
from msdoctor.repository.changes import Change, Editor
from msdoctor.repository.declared import declared
from msdoctor.repository.documents import made
from msdoctor.repository.holes import Holes
from msdoctor.repository.kinds import Reader
from msdoctor.repository.kustomize import Kustomized
from msdoctor.repository.making import Made
from msdoctor.repository.pieces import Recognised
from msdoctor.repository.place import NotRead
from msdoctor.repository.placing import ANY_NODE_SAID, Placer
from msdoctor.repository.walk import Walked

VANTAGE = "repository"
_WORST = (Result.FAIL, Result.ERROR, Result.UNSEEN, Result.NOT_EVALUATED, Result.PASS, Result.NOT_APPLICABLE)
# What only a running cluster tells, so that its absence from a repository says nothing.
CLASSES = frozenset({Class.CAUSE, Class.RISK})


# Words of commands that are of a running host or cluster, and nothing that could be done in a repository.
_ON_MACHINES = re.compile(r"\b(systemctl|scp|kubectl|install -m|ssh|kubeadm)\b|^(cp|mv) ")


@dataclass(frozen=True, slots=True)
class Placed:
    """A cause told of the repository, and the change of its files that heals it, if there is one."""

    cause: Cause
    change: Change | None

    @property
    def key(self) -> tuple[object, ...]:
        """The same for the same fault of the same place."""
        return (self.cause.id, self.cause.finding.location, self.cause.finding.subjects)


@dataclass(frozen=True, slots=True)
class One:
    """One cluster, judged."""

    cluster: Cluster
    placed: tuple[Placed, ...]
    not_read: tuple[NotRead, ...]
    checks: tuple[CheckReport, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a repository's clusters come to. ``recognised`` tells what each file was taken for."""

    files: Mapping[str, str]
    ones: tuple[One, ...]
    placed: tuple[Placed, ...]
    recognised: tuple[Recognised, ...]
    not_read: tuple[NotRead, ...]
    taken_at: datetime

    @property
    def failing(self) -> tuple[Placed, ...]:
        """What a repository is not to be rolled out with."""
        return tuple(item for item in self.placed if fails(item.cause))

    @property
    def diagnosis(self) -> Diagnosis:
        """For everything that shows a report."""
        return _diagnosis(self)


def preflight(
    walked: Walked, checks: Sequence[Check], now: datetime, expiring_within: timedelta | None = None
) -> Judged:
    """Judge everything that was read. No file is opened here."""
    texts = {file.path: file.text for file in walked.files}
    return judged(texts, walked.not_read, checks, now, expiring_within)


def judged(
    texts: Mapping[str, str],
    not_read: Sequence[NotRead],
    checks: Sequence[Check],
    now: datetime,
    expiring_within: timedelta | None = None,
) -> Judged:
    """The same of files' texts by their paths."""
    reader = Reader()
    for path, text in texts.items():
        reader.read(path, text)
    made_of_variables = kubespray.made(reader.found.pieces, reader.holes, reader.not_read)
    pieces = [*kubespray.without_templates(reader.found.pieces), *made_of_variables]
    kustomized = Kustomized(pieces, texts.get)
    clusters = declared(pieces, kustomized)
    ones = tuple(_one(made(item, reader.holes, now), reader.holes, texts, checks, expiring_within) for item in clusters)
    unread = (*not_read, *reader.not_read, *kustomized.not_read, *(item for one in ones for item in one.not_read))
    placed = {item.key: item for one in reversed(ones) for item in reversed(one.placed)}
    counted = (replace(item, cause=_counted(item.cause, expiring_within)) for item in placed.values())
    return Judged(
        texts,
        ones,
        tuple(sorted(counted, key=lambda item: _urgency(item.cause, expiring_within))),
        tuple(dict.fromkeys(sorted(reader.found.files, key=lambda one: one.at))),
        tuple(dict.fromkeys(sorted(unread))),
        now,
    )


def _one(
    built: Made, holes: Holes, texts: Mapping[str, str], checks: Sequence[Check], expiring_within: timedelta | None
) -> One:
    cluster = read_facts(built.bundle, expiring_within)
    outcomes = judge(cluster, [check for check in checks if check.cls in CLASSES])
    diagnosis = diagnose(cluster, outcomes)
    placer, editor = Placer(built, holes), Editor(built, holes, texts)
    placed: list[Placed] = []
    not_read = [*built.not_read, *placer.unresolved()]
    unjudged: set[str] = set()
    for cause in diagnosis.causes:
        told = placer.placed(cause.id, cause.finding)
        if isinstance(told, NotRead):
            not_read.append(told)
            unjudged.add(cause.id)
            continue
        change = editor.change(cause.finding)
        remedies = tuple(_remedies(told.remedies, change, texts))
        placed.append(Placed(Cause(cause.check, replace(told, remedies=remedies)), change))
    unjudged -= {item.cause.id for item in placed}
    reports = tuple(
        CheckReport(report.id, Result.UNSEEN, "it rests on what the repository does not tell")
        if report.id in unjudged
        else report
        for report in diagnosis.checks
    )
    return One(cluster, tuple(placed), tuple(not_read), reports)


def _remedies(remedies: Sequence[Remedy], change: Change | None, texts: Mapping[str, str]) -> Iterator[Remedy]:
    """The change as a patch; where there is none, what of the remedies can be done in a repository."""
    if change is not None:
        yield Remedy(_in_repository(change.advice), tuple(change.commands(texts)), on=VANTAGE, shows_within_seconds=0)
        if change.whole:
            return
    changed = next((remedy.way for remedy in remedies if change is not None and remedy.advice == change.advice), None)
    for remedy in sorted(remedies, key=lambda remedy: remedy.way != changed):
        if change is not None and remedy.advice == change.advice:
            continue
        commands = tuple(command for command in remedy.commands if _is_of_files(command))
        # The other steps of what is changed are told even where they can only be taken later, on machines.
        if Risk.WEAKENS_SECURITY not in remedy.risks and (commands or changed in (None, remedy.way)):
            way = remedy.way if change is None else 1 if remedy.way == changed else remedy.way + 1
            where = "Once this is rolled out." if change is not None and not commands else "Here: in the repository."
            advice = remedy.advice if commands == remedy.commands else f"{remedy.advice} ({where})"
            yield replace(remedy, advice=advice, commands=commands, on=VANTAGE, undo=(), verify="", risks=(), way=way)


def _is_of_files(command: str) -> bool:
    """Whether it can be run in a repository: nothing of machines, nor of a node that stands for every one."""
    return not _ON_MACHINES.search(command) and ANY_NODE_SAID not in command


def _in_repository(advice: str) -> str:
    """Advice without what only happens where something runs."""
    told = re.split(r"(?<=\.) ", advice)
    return " ".join(
        part for part in told if not part.startswith(("The API server restarts", "k3s restarts", "rke2 restarts"))
    )


def repaired(
    first: Judged,
    checks: Sequence[Check],
    expiring_within: timedelta | None = None,
    kept: Collection[Cause] = (),
) -> tuple[Judged, tuple[Placed, ...]]:
    """All safe changes made, one after the other: each is judged again, and kept only where it heals and harms not.

    ``kept`` are causes that are to stay as they are.
    """
    now = first
    done: list[Placed] = []
    refused = {Placed(cause, None).key for cause in kept}
    while True:
        item = next((p for p in now.placed if p.change and p.change.whole and p.key not in refused), None)
        if item is None or item.change is None:
            return now, tuple(done)
        texts = {**now.files, **item.change.texts}
        after = judged(texts, (), checks, now.taken_at, expiring_within)
        if _is_better(now, after, item):
            now = replace(after, not_read=first.not_read)
            done.append(item)
        else:
            refused.add(item.key)


def _is_better(before: Judged, after: Judged, healed: Placed) -> bool:
    """Whether a fault is gone, and nothing has come in its place: also no fault that it had only hidden."""
    if healed.key in {item.key for item in after.placed} or len(after.placed) >= len(before.placed):
        return False
    if len(after.ones) != len(before.ones):
        return False
    return all(
        _verifies(old) or not _verifies(new) or _sound(new) for old, new in zip(before.ones, after.ones, strict=True)
    )


def _verifies(one: One) -> bool:
    """Whether metrics-server looks at kubelets' certificates."""
    installation = one.cluster.installation
    return not isinstance(installation, Installation) or installation.verifies_kubelets


def _sound(one: One) -> bool:
    """Whether every kubelet's certificate was seen, and is right."""
    kubelets = those_seen(one.cluster.kubelets)
    return bool(kubelets) and all(item.presumed and not item.problems for item in kubelets)


def _diagnosis(judged_: Judged) -> Diagnosis:
    causes = tuple(item.cause for item in judged_.placed)
    return Diagnosis(
        taken_at=judged_.taken_at,
        context=Context(vantages=(VANTAGE,)),
        server_version="",
        verdict=_verdict(causes, judged=bool(judged_.ones)),
        flow=FlowReport(None, None, None, None, None, "", conclusive=False),
        causes=causes,
        alternatives=(),
        elsewhere=(),
        unexplained=(),
        contradictions=(),
        hops=tuple(_hop(hop, causes) for hop in pipeline.NAMES),
        requirements=(),
        checks=_checks(judged_.ones),
        gaps=tuple(Gap(str(item.at), item.reason) for item in judged_.not_read),
        sources=tuple(Source(item.at.file, item.at.line, item.what) for item in judged_.recognised),
    )


def fails(cause: Cause, fail_on: Class = Class.CAUSE, expiring_within: timedelta | None = None) -> bool:
    """Whether a repository with this is not to be rolled out: that something hides it for now is no excuse.

    A certificate that ends within a time that was asked for counts as a cause.
    """
    if cause.severity is not None:
        return cause.severity is Class.CAUSE or fail_on is Class.RISK
    if cause.finding.confidence is Confidence.POSSIBLE:
        return False
    if not cause.finding.effects:
        return False
    if expiring_within is not None and cause.id.endswith("-expiring"):
        return True
    return cause.check.cls is Class.CAUSE or fail_on is Class.RISK


def exit_code(
    diagnosis: Diagnosis,
    *,
    fail_on: Class = Class.CAUSE,
    exit_zero: bool = False,
    strict: bool = False,
    expiring_within: timedelta | None = None,
) -> int:
    """0 nothing at or above ``fail_on``, 1 something; with ``strict`` 3 where anything of the files was not seen."""
    if any(fails(cause, fail_on, expiring_within) for cause in diagnosis.causes):
        return 0 if exit_zero else 1
    return 3 if strict and (diagnosis.gaps or diagnosis.verdict is Verdict.INCOMPLETE) else 0


def _counted(cause: Cause, expiring_within: timedelta | None) -> Cause:
    """With what it counts as in every form of the report, where a cluster's report would let it pass."""
    if fails(cause, expiring_within=expiring_within) and not cause.fails(Class.CAUSE):
        return replace(cause, severity=Class.CAUSE)
    if cause.breaks and cause.finding.confidence is Confidence.POSSIBLE:
        return replace(cause, severity=Class.RISK)
    return cause


def _urgency(cause: Cause, expiring_within: timedelta | None) -> tuple[object, ...]:
    at = cause.finding.location
    place = (at.file, at.line or 0, at.column or 0) if at else ("", 0, 0)
    worst = (not fails(cause, expiring_within=expiring_within), not cause.finding.effects)
    return (*worst, cause.check.hop, cause.id, place, cause.finding.subjects)


def _verdict(causes: Sequence[Cause], *, judged: bool) -> Verdict:
    if any(fails(cause) for cause in causes):
        return Verdict.BROKEN
    if any(cause.finding.effects for cause in causes):
        return Verdict.AT_RISK
    return Verdict.HEALTHY if judged else Verdict.INCOMPLETE


def _hop(hop: Hop, causes: Sequence[Cause]) -> HopReport:
    here = [cause for cause in causes if cause.check.hop is hop and cause.finding.effects]
    if any(fails(cause) for cause in here):
        return HopReport(hop, HopState.BROKEN)
    return HopReport(hop, HopState.AT_RISK if here else HopState.UNKNOWN, "" if here else "not rolled out yet")


def _checks(ones: Sequence[One]) -> tuple[CheckReport, ...]:
    """Of each check the worst that it said of any cluster."""
    found: dict[str, CheckReport] = {}
    for report in (report for one in ones for report in one.checks):
        known = found.get(report.id)
        if known is None or _WORST.index(report.outcome) < _WORST.index(known.outcome):
            found[report.id] = replace(report, seen=None, of=None)
    return tuple(found[name] for name in sorted(found))
