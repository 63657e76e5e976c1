"""Every check put to the facts, and what came of it: one outcome per check, none lost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msdoctor.facts.cluster import Cluster
from msdoctor.model import Check, Finding, NotApplicable, Unseen

MOST_REASONS = 8  # of one check
# Why a question does not arise that is about something that is not there, the weightiest first.
ABSENT = {
    "installation": "no metrics-server is installed",
    "verification": "no APIService of the metrics API has its server verified",
    "own_rights": "it is given a kubeconfig, and asks in that one's name",
}
BY_KUBELET = ("kubelets", "asked")  # facts with one item for each


class Result(StrEnum):
    """How a check ended. Only ``pass`` says that its disease is not there."""

    PASS = "pass"  # noqa: S105  a verdict, not a password
    FAIL = "fail"
    NOT_EVALUATED = "not-evaluated"  # hidden behind another fault: never reached
    UNSEEN = "unseen"
    NOT_APPLICABLE = "not-applicable"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One check's answer. ``unseen`` holds what it could not judge, item by item.

    ``seen`` and ``of`` count kubelets, for a check that judges them one by one.
    """

    check: Check
    result: Result
    findings: tuple[Finding, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    reason: str = ""
    seen: int | None = None
    of: int | None = None


def judge(cluster: Cluster, checks: Iterable[Check]) -> tuple[Outcome, ...]:
    """Put every check to the cluster, in the order of their ids. A check that crashes takes no other down with it."""
    return tuple(_put(cluster, check) for check in sorted(checks, key=lambda check: check.id))


def _put(cluster: Cluster, check: Check) -> Outcome:
    unknown = [name for name in check.needs if not hasattr(cluster, name)]
    if unknown:
        return Outcome(check, Result.ERROR, reason=f"the check asks for {', '.join(unknown)}, which is no fact")
    facts = {name: getattr(cluster, name) for name in check.needs}
    missing = [fact for name, fact in facts.items() if isinstance(fact, Unseen) and not check.needs[name]]
    if missing:
        return Outcome(check, Result.UNSEEN, unseen=tuple(missing), reason=_reasons(missing[:1]))
    absent = [name for name in (*ABSENT, *check.needs) if name in check.present and facts[name] is None]
    if absent:
        return Outcome(
            check, Result.NOT_APPLICABLE, reason=ABSENT.get(absent[0], f"there is no {absent[0].replace('_', ' ')}")
        )
    try:
        items = tuple(check.judge(**facts))
    except Exception as error:  # noqa: BLE001  a third party's check may raise anything; the report must still come
        return Outcome(check, Result.ERROR, reason=f"the check itself failed: {type(error).__name__}: {error}")
    kubelets = next((facts[name] for name in BY_KUBELET if name in facts), None)
    of = len(kubelets) if isinstance(kubelets, tuple) else None
    findings = tuple(item for item in items if isinstance(item, Finding))
    unseen = tuple(item for item in items if isinstance(item, Unseen))
    seen = None if of is None else max(0, of - len(unseen))
    aside = next((item for item in items if isinstance(item, NotApplicable)), None)
    if findings:
        return Outcome(check, Result.FAIL, findings, unseen, _reasons(unseen), seen=seen, of=of)
    if unseen:
        return Outcome(check, Result.UNSEEN, unseen=unseen, reason=_reasons(unseen), seen=seen, of=of)
    if aside:
        return Outcome(check, Result.NOT_APPLICABLE, reason=aside.reason)
    return Outcome(check, Result.PASS, seen=seen, of=of)


def _reasons(unseen: Sequence[Unseen]) -> str:
    """Why items were not seen: each reason once, with the first item that it holds for, and how many more."""
    alike: dict[str, list[str]] = {}
    for item in unseen:
        alike.setdefault(item.reason, []).append(item.where)
    told = [f"{_items(items)}{reason}" for reason, items in alike.items()]
    more = ["and for other reasons"] if len(told) > MOST_REASONS else []
    return "; ".join((*told[:MOST_REASONS], *more))


def _items(wheres: Sequence[str]) -> str:
    if not wheres[0]:
        return ""
    return f"{wheres[0]} and {len(wheres) - 1} more: " if len(wheres) > 1 else f"{wheres[0]}: "
