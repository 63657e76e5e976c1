"""What a diagnosis is made of: causes, what they explain, the state of each hop, how many have metrics."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msdoctor.alternatives import Alternatives
from msdoctor.bundle import Context
from msdoctor.facts.gaps import Gap
from msdoctor.facts.readers import Reader
from msdoctor.judge import Result
from msdoctor.model import Check, Class, Confidence, EffectKind, Finding, Hop, State
from msdoctor.requirements import Requirement


class Verdict(StrEnum):
    """The whole in one word."""

    HEALTHY = "healthy"
    AT_RISK = "at-risk"
    DEGRADED = "degraded"
    BROKEN = "broken"
    INCOMPLETE = "incomplete"


class HopState(StrEnum):
    """What is known of one hop."""

    OK = "ok"
    AT_RISK = "at-risk"
    DEGRADED = "degraded"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Explained:
    """A symptom that a cause accounts for."""

    id: str
    subjects: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A root: a cause or a risk that nothing else explains."""

    check: Check
    finding: Finding
    explains: tuple[Explained, ...] = ()
    severity: Class | None = None  # what it counts as by the user's settings, or before a roll-out

    @property
    def id(self) -> str:
        """Its check's id."""
        return self.check.id

    @property
    def fingerprint(self) -> str:
        """The same for the same disease of the same thing, at any time."""
        return fingerprint(self.id, self.finding.subjects)

    @property
    def breaks(self) -> bool:
        """Whether something fails by it now."""
        return self.check.cls is Class.CAUSE and self.finding.state is State.ACTIVE

    def fails(self, fail_on: Class) -> bool:
        """Whether it counts in the exit code, as what it is or as what the user has said."""
        if self.severity is not None:
            return self.severity is Class.CAUSE or fail_on is Class.RISK
        return self.breaks or (fail_on is Class.RISK and bool(self.finding.effects))


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A symptom without a known cause, and what to look at next. ``passes``: it is over by itself, as a rule."""

    id: str
    subjects: tuple[str, ...]
    summary: str
    look: tuple[str, ...]
    passes: bool = False


class SetAside(StrEnum):
    """By what something found is neither told among the causes nor counted in the exit code."""

    SUPPRESSION = "suppression"
    SEVERITY = "severity"
    IGNORED = "ignore"
    NOT_SELECTED = "select"
    BASELINE = "baseline"
    INLINE = "inline"  # a comment in the file that it was found in


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A cause, or a symptom without one, that the user has decided to live with; it still is what it is.

    ``until``: the last moment at which it does not count. ``where``: the file that says so, with
    its line if it has one; empty where the command line does. ``cause`` is None for a symptom.
    """

    id: str
    subjects: tuple[str, ...]
    summary: str
    by: SetAside
    reason: str
    until: datetime | None = None
    where: str = ""
    cause: Cause | None = None

    @property
    def fingerprint(self) -> str:
        """As a cause has it."""
        return fingerprint(self.id, self.subjects)


class RemarkKind(StrEnum):
    """What there is to say about the user's own settings."""

    EXPIRED = "expired"  # a suppression whose last day is past; it suppresses nothing
    UNUSED = "unused"  # a suppression that fits nothing that was found
    UNSEEN = "unseen"  # one, or a line of a baseline, of which this look cannot tell whether it still holds
    FIXED = "fixed"  # in the baseline, and no longer there
    BAD = "bad"  # a comment in a file that cannot be used
    SEVERITY = "severity"  # something that counts as the user has said


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said about the user's own settings, and which line of theirs it concerns."""

    kind: RemarkKind
    text: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class HopReport:
    """One hop's state, and in a few words why."""

    hop: Hop
    state: HopState
    note: str = ""


@dataclass(frozen=True, slots=True)
class BlindHPA:
    """An HPA without metrics: its key, what it scales (such as ``deployment/busy``) and how many there are."""

    key: str
    target: str = ""
    replicas: int = 0


@dataclass(frozen=True, slots=True)
class BlindVPA:
    """A VPA without metrics: its key, what it is for (``deployment/busy``), and whether it still recommends."""

    key: str
    target: str = ""
    recommends: bool = False


@dataclass(frozen=True, slots=True)
class AwaitedNode:
    """A node that has just joined, and when at the latest its first metrics are due."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class GoneNode:
    """A node of which nothing is expected any more, and what is said of its machine."""

    name: str
    word: str


@dataclass(frozen=True, slots=True)
class FlowReport:
    """How much of the cluster gives metrics now. None where it could not be counted.

    A node that is awaited is not blind. One whose machine is gone is not counted at all.
    """

    nodes_seen: int | None
    nodes_of: int | None
    pods_seen: int | None
    pods_of: int | None
    newest_sample_age_seconds: int | None
    asked_as: str
    conclusive: bool
    blind_nodes: tuple[str, ...] = ()
    blind_hpas: tuple[BlindHPA, ...] = ()
    hpas_of: int | None = None
    blind_vpas: tuple[BlindVPA, ...] = ()
    vpas_of: int | None = None
    awaited_nodes: tuple[AwaitedNode, ...] = ()
    gone_nodes: tuple[GoneNode, ...] = ()
    podless_nodes: tuple[str, ...] = ()  # with figures of their own and of none of their pods
    nodes: tuple[str, ...] = ()  # all that metrics are expected of, as far as they may be listed


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What became of one check. ``seen`` and ``of`` count items where it judges one by one."""

    id: str
    outcome: Result
    reason: str = ""
    seen: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a repository, or a part of one that begins at a line, and what it was taken for."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that a report tells. ``elsewhere``: what is the matter with other pipelines, and changes nothing of this.

    ``proven``: fresh metrics were seen end to end, whatever else is wrong. ``suppressed`` and ``remarks`` come from the
    user's settings and are empty until ``config.policy`` has applied them. ``sources`` are what was judged where it
    was no cluster but a repository, and None of a cluster.
    """

    taken_at: datetime
    context: Context
    server_version: str
    verdict: Verdict
    flow: FlowReport
    causes: tuple[Cause, ...]
    alternatives: tuple[Alternatives, ...]
    elsewhere: tuple[Cause, ...]
    unexplained: tuple[Unexplained, ...]
    contradictions: tuple[str, ...]
    hops: tuple[HopReport, ...]
    requirements: tuple[Requirement, ...]
    checks: tuple[CheckReport, ...]
    gaps: tuple[Gap, ...]
    sources: tuple[Source, ...] | None = None
    proven: bool = False
    suppressed: tuple[Suppressed, ...] = ()
    remarks: tuple[Remark, ...] = ()
    readers: tuple[Reader, ...] = ()

    @property
    def refused_users(self) -> tuple[str, ...]:
        """Those who may not read metrics, where that is all that breaks anything; else nobody."""
        effects = [effect for cause in self.causes if cause.breaks for effect in cause.finding.effects]
        one = all(effect.kind is EffectKind.USER_REFUSED and effect.subject for effect in effects)
        return tuple(dict.fromkeys(effect.subject for effect in effects)) if one else ()


def fingerprint(check_id: str, subjects: Sequence[str]) -> str:
    """The same for the same disease of the same thing, at any time."""
    return hashlib.sha256("\0".join((check_id, *subjects)).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def exit_code(
    diagnosis: Diagnosis, *, fail_on: Class = Class.CAUSE, exit_zero: bool = False, strict: bool = False
) -> int:
    """0 nothing at or above ``fail_on`` and metrics seen to flow; 1 a cause; 3 undecided. The same in every format.

    What is suppressed does not count: where it is known to be why no metrics flow, that is no open question either.
    """
    failing = [cause for cause in diagnosis.causes if cause.fails(fail_on)]
    if any(cause.finding.confidence is not Confidence.POSSIBLE for cause in failing):
        return 0 if exit_zero else 1
    crashed = any(check.outcome is Result.ERROR for check in diagnosis.checks)
    unseen = diagnosis.gaps or any(check.outcome is Result.UNSEEN for check in diagnosis.checks)
    open_ = any(not item.passes for item in diagnosis.unexplained)
    if failing or crashed or open_ or not accounted_for(diagnosis) or (strict and unseen):
        return 3
    return 0


def accounted_for(diagnosis: Diagnosis) -> bool:
    """Whether metrics flow, or do not for a reason that is known."""
    known = diagnosis.verdict in (Verdict.BROKEN, Verdict.DEGRADED)
    return known or diagnosis.proven or diagnosis.verdict in (Verdict.HEALTHY, Verdict.AT_RISK)
