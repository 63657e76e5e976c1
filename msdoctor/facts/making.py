"""Why the controllers make no pod of metrics-server: what its Deployment says, and what the API server told them.

Sources: kubernetes pkg/controller/deployment/util (condition ReplicaFailure, reason FailedCreate, with the API server's
answer as its message), plugin/pkg/admission/serviceaccount and priority, apiserver pkg/admission/plugin (1.36.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from msdoctor.facts.installation import Installation
from msdoctor.facts.placing import quantity
from msdoctor.utterances import errors
from msdoctor.utterances.reader import read_error

PATIENCE = timedelta(seconds=60)  # a controller acts within seconds


class Why(StrEnum):
    """What keeps a pod from being made."""

    SCALED = "scaled to zero"
    PAUSED = "paused"
    QUOTA = "quota"
    UNBOUNDED = "quota that asks for requests or limits"
    SECURITY = "pod security"
    ACCOUNT = "no such ServiceAccount"
    PRIORITY = "no such priority class"
    WEBHOOK = "admission webhook"
    REFUSED = "refused"
    SILENCE = "nothing is said"


@dataclass(frozen=True, slots=True)
class NotMade:
    """``text`` is the API server's answer to the controller, if there was one; ``names`` what is in it."""

    why: Why
    text: str = ""
    since: datetime | None = None
    names: Mapping[str, str] = field(default_factory=dict)


_ACCOUNT = re.compile(r"error looking up service account [\w.-]{1,253}/([\w.-]{1,253}):")
_PRIORITY = re.compile(r"no PriorityClass with name ([\w.-]{1,253}) was found")
_WEBHOOK = re.compile(r"(?:admission webhook|failed calling webhook) \"([\w.-]{1,253})\"")
_AMOUNT = re.compile(r"([\w./-]{1,100})=([\w.+-]{1,40})", re.ASCII)
_LACKS = re.compile(r"((?:requests|limits)\.)?(cpu|memory)\b(?= for:|;|,|$)")


def not_made(installation: Installation, now: datetime) -> NotMade | None:
    """Why there is no pod, or none of the newest template; None where nothing keeps them from being made."""
    deployment = installation.deployment
    if deployment.spec.replicas == 0:
        return NotMade(Why.SCALED)
    failure = next((c for c in deployment.status.conditions if c.type == "ReplicaFailure" and c.status == "True"), None)
    if failure:
        why, names = _of(failure.message)
        return NotMade(why, failure.message, failure.last_transition_time, names)
    if installation.pods or deployment.status.replicas:
        return None
    if deployment.spec.paused:
        return NotMade(Why.PAUSED)
    made = deployment.metadata.creation_timestamp
    return NotMade(Why.SILENCE, since=made) if made and now - made > PATIENCE else None


def _of(text: str) -> tuple[Why, dict[str, str]]:
    error = read_error(text)
    if isinstance(error, errors.QuotaExceeded):
        if error.text.startswith("must specify"):
            return Why.UNBOUNDED, {"quota": error.quota, "lacks": ",".join(_lacking(error.text))}
        return Why.QUOTA, {"quota": error.quota, **_enough(error.text)}
    if isinstance(error, errors.PodSecurityViolated):
        return Why.SECURITY, {"level": error.level.partition(":")[0], "violates": error.what}
    for why, pattern, name in (
        (Why.ACCOUNT, _ACCOUNT, "account"),
        (Why.PRIORITY, _PRIORITY, "priority"),
        (Why.WEBHOOK, _WEBHOOK, "webhook"),
    ):
        found = pattern.search(text)
        if found:
            return why, {name: found[1]}
    return Why.REFUSED, {}


def _lacking(text: str) -> Iterator[str]:
    """``requests.cpu`` and the like that a quota counts and the container does not name."""
    yield from dict.fromkeys(f"{match[1] or 'requests.'}{match[2]}" for match in _LACKS.finditer(text))


def _enough(text: str) -> dict[str, str]:
    """What a quota has to allow for the pod to be made beside what is there, ``"pods":"2"``, and what it allows now."""
    parts = re.split(r"requested: |, used: |, limited: ", text)
    if len(parts) != 4:
        return {}
    asked, used, limited = (dict(_AMOUNT.findall(part)) for part in parts[1:])
    sums = {name: _sum(amount, used.get(name, "0")) for name, amount in asked.items()}
    return {
        "hard": ",".join(f'"{name}":"{total}"' for name, total in sums.items() if total),
        "before": ",".join(f'"{name}":"{limited[name]}"' for name, total in sums.items() if total and name in limited),
    }


def _sum(one: str, other: str) -> str:
    amounts = quantity(one), quantity(other)
    if amounts[0] is None or amounts[1] is None:
        return ""
    total = amounts[0] + amounts[1]
    return f"{int(total)}" if total == int(total) else f"{int(total * 1000)}m"
