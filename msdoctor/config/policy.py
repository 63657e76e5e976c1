"""The user's settings applied to a diagnosis, between diagnosing and reporting. Pure.

What is set aside is told in ``suppressed`` and no longer counts; what the cluster is stays as it was judged: verdict,
hops and requirements are not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from datetime import time as time_of_day
from fnmatch import fnmatchcase

from msdoctor.config.baseline import Baseline, Entry
from msdoctor.config.model import OFF, Settings, Suppression
from msdoctor.config.names import Known, matches
from msdoctor.diagnosis import Cause, CheckReport, Diagnosis, Remark, RemarkKind, SetAside, Suppressed, fingerprint
from msdoctor.judge import Result
from msdoctor.model import Class, Hop, State


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings, the ids that their names can mean, and the baseline that they name, where it was read."""

    settings: Settings
    ids: Known
    baseline: Baseline | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Something found, as far as settings can be about it."""

    id: str
    hop: Hop | None
    subjects: tuple[str, ...]
    state: State

    @property
    def fingerprint(self) -> str:
        """As its cause has it."""
        return fingerprint(self.id, self.subjects)


@dataclass(frozen=True, slots=True)
class Ruling:
    """Why something does not count. As in ``Suppressed``."""

    by: SetAside
    reason: str
    until: datetime | None = None
    where: str = ""


def apply(diagnosis: Diagnosis, policy: Policy) -> Diagnosis:
    """The diagnosis with what the user lives with set aside, and with what is to be said about their settings."""
    now = diagnosis.taken_at
    causes, aside = sort(diagnosis.causes, policy, now)
    elsewhere, aside_elsewhere = sort(diagnosis.elsewhere, policy, now)
    unexplained, symptoms = [], []
    for item in diagnosis.unexplained:
        ruling = rule(Found(item.id, policy.ids.get(item.id), item.subjects, State.ACTIVE), policy, now)
        if ruling is None:
            unexplained.append(item)
        else:
            symptoms.append(_suppressed(item.id, item.subjects, item.summary, ruling))
    return replace(
        diagnosis,
        causes=causes,
        elsewhere=elsewhere,
        unexplained=tuple(unexplained),
        suppressed=(*diagnosis.suppressed, *aside, *aside_elsewhere, *symptoms),
        remarks=(
            *diagnosis.remarks,
            *_about_suppressions(diagnosis, policy),
            *_about_severities(causes, policy.settings),
            *_about_baseline(diagnosis, policy),
        ),
    )


def sort(causes: Iterable[Cause], policy: Policy, now: datetime) -> tuple[tuple[Cause, ...], tuple[Suppressed, ...]]:
    """The causes that count, with what they count as, and the others."""
    counting, aside = [], []
    for cause in causes:
        ruling = rule(_found(cause), policy, now)
        if ruling is None:
            severity = _severity(cause.id, cause.check.hop, policy.settings)
            counting.append(replace(cause, severity=severity) if isinstance(severity, Class) else cause)
        else:
            suppressed = _suppressed(cause.id, cause.finding.subjects, cause.finding.summary, ruling)
            aside.append(replace(suppressed, cause=cause))
    return tuple(counting), tuple(aside)


def rule(found: Found, policy: Policy, now: datetime) -> Ruling | None:
    """Why it does not count; None where it does. A reason that was written down comes before all others."""
    settings = policy.settings
    for item in settings.suppressions:
        if _fits(item, found) and not _expired(item, now):
            return Ruling(SetAside.SUPPRESSION, item.reason, _end(item), item.where)
    if _severity(found.id, found.hop, settings) == OFF:
        return Ruling(SetAside.SEVERITY, "its severity is off", where=settings.file)
    for name in settings.ignore:
        if matches(name, found.id, found.hop):
            return Ruling(SetAside.IGNORED, f"ignored by {name}")
    if settings.select and not any(matches(name, found.id, found.hop) for name in settings.select):
        return Ruling(SetAside.NOT_SELECTED, f"not among the selected: {', '.join(settings.select)}")
    if policy.baseline is not None and policy.baseline.knows(found.fingerprint, found.state):
        return Ruling(SetAside.BASELINE, "known from the baseline", where=policy.baseline.file)
    return None


def not_seen_again(diagnosis: Diagnosis, baseline: Baseline) -> Iterator[Entry]:
    """What the baseline holds, was not found, and may be there all the same, for all that this look could see."""
    return (entry for entry in _missing(diagnosis, baseline) if not _settled(entry.id, None, diagnosis))


def _found(cause: Cause) -> Found:
    return Found(cause.id, cause.check.hop, cause.finding.subjects, cause.finding.state)


def _suppressed(check_id: str, subjects: tuple[str, ...], summary: str, ruling: Ruling) -> Suppressed:
    return Suppressed(check_id, subjects, summary, ruling.by, ruling.reason, ruling.until, ruling.where)


def _severity(check_id: str, hop: Hop | None, settings: Settings) -> Class | str | None:
    fitting = [value for name, value in settings.severities.items() if matches(name, check_id, hop)]
    return fitting[-1] if fitting else None


# Suppressions


def _names(suppression: Suppression, found: Found) -> bool:
    return matches(suppression.name, found.id, found.hop)


def _fits(suppression: Suppression, found: Found) -> bool:
    return _names(suppression, found) and not _beyond(suppression, found)


def _beyond(suppression: Suppression, found: Found) -> tuple[str, ...]:
    """The subjects of a finding that the suppression is not about."""
    return tuple(
        subject for subject in found.subjects if not any(fnmatchcase(subject, glob) for glob in suppression.subjects)
    )


def _end(suppression: Suppression) -> datetime | None:
    """The last second of its last day."""
    if suppression.until is None:
        return None
    return datetime.combine(suppression.until, time_of_day(23, 59, 59), UTC)


def _expired(suppression: Suppression, now: datetime) -> bool:
    end = _end(suppression)
    return end is not None and end < now


def _about_suppressions(diagnosis: Diagnosis, policy: Policy) -> Iterator[Remark]:
    """Those that do nothing: past their last day, or about nothing that was found."""
    symptoms = (Found(i.id, policy.ids.get(i.id), i.subjects, State.ACTIVE) for i in diagnosis.unexplained)
    found = [*map(_found, (*diagnosis.causes, *diagnosis.elsewhere)), *symptoms]
    for item in policy.settings.suppressions:
        fitting = [one for one in found if _fits(item, one)]
        if _expired(item, diagnosis.taken_at):
            so = f"{fitting[0].id} counts again" if fitting else "it fits nothing that was found either"
            yield Remark(RemarkKind.EXPIRED, f"the suppression of {item.name} ended on {item.until}: {so}", item.where)
        elif not fitting:
            yield _unused(item, found, diagnosis, policy.ids)


def _unused(item: Suppression, found: Sequence[Found], diagnosis: Diagnosis, ids: Known) -> Remark:
    about = f"{item.name} at {' or '.join(item.subjects)}" if item.subjects != ("*",) else item.name
    others = [subject for one in found if _names(item, one) for subject in _beyond(item, one)]
    if others:
        text = f"the suppression of {about} fits nothing: found at {others[0]}, which it is not about"
        return Remark(RemarkKind.UNUSED, text, item.where)
    if not _settled(item.name, ids, diagnosis):
        text = f"the suppression of {about} fits nothing, and this look could not see whether it still has to"
        return Remark(RemarkKind.UNSEEN, text, item.where)
    return Remark(RemarkKind.UNUSED, f"the suppression of {about} fits nothing that was found: remove it", item.where)


# Severities


def _about_severities(causes: Iterable[Cause], settings: Settings) -> Iterator[Remark]:
    by_them = (cause for cause in causes if _severity(cause.id, cause.check.hop, settings) is not None)
    changed = {cause.id: cause for cause in by_them if cause.severity not in (None, cause.check.cls)}
    for check_id, cause in changed.items():
        yield Remark(RemarkKind.SEVERITY, f"{check_id} counts as a {cause.severity}", settings.file)


# The baseline


def _about_baseline(diagnosis: Diagnosis, policy: Policy) -> Iterator[Remark]:
    """What was there once and is no longer found."""
    if policy.baseline is None:
        return
    unsettled = set(not_seen_again(diagnosis, policy.baseline))
    for entry in _missing(diagnosis, policy.baseline):
        about = f"{entry.id} at {', '.join(entry.subjects)}"
        if entry in unsettled:
            yield Remark(RemarkKind.UNSEEN, f"{about} could not be seen this time", policy.baseline.file)
        else:
            yield Remark(RemarkKind.FIXED, f"{about} is there no longer", policy.baseline.file)


def _missing(diagnosis: Diagnosis, baseline: Baseline) -> Iterator[Entry]:
    there = {cause.fingerprint for cause in (*diagnosis.causes, *diagnosis.elsewhere)}
    there |= {fingerprint(item.id, item.subjects) for item in diagnosis.unexplained}
    there |= {fingerprint(item.id, item.subjects) for cause in diagnosis.causes for item in cause.explains}
    there |= {item.fingerprint for item in diagnosis.suppressed}
    return (entry for entry in baseline.entries if entry.print_ not in there)


def _settled(name: str, ids: Known | None, diagnosis: Diagnosis) -> bool:
    """Whether this look could tell of every check that is meant whether its disease is there."""
    meant = (item for item in diagnosis.checks if matches(name, item.id, ids.get(item.id) if ids else None))
    return all(_decided(item) for item in meant)


def _decided(check: CheckReport) -> bool:
    """A check that failed at one thing gives a reason where it could not judge another."""
    return check.outcome in (Result.PASS, Result.NOT_APPLICABLE) or (check.outcome is Result.FAIL and not check.reason)
