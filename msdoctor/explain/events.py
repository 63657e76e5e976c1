"""Events that may be over, beside what a text shows of the present: an API server keeps an event for an hour.

Of an HPA that stumbles at each look its controller writes 25 events and then one in five minutes (client-go
tools/record/events_cache.go), so that what it stumbles over by now may be in none of them: its conditions say it. One
that was seen within a minute is not over: it may stumble at every other look, which the next one does not show. A pod
that is ready by now was not when it started; one that is there was made, whatever kept it from that before; and what
was said last before that was said of another pod. Of one that was deleted nothing counts beside the one after it, and
an image that is there could be pulled in the end; and one that was started has found its node.
"""

from __future__ import annotations

import re

from msdoctor.explain.sayings import Saying
from msdoctor.utterances import Utterance, errors

# Texts, which re compiles and keeps when first needed: rows of kubectl describe, of its table of conditions and of
# events, which kubectl get events has too. The reasons are those that the controller itself gives (pkg/controller/
# podautoscaler/horizontal.go).
_CONDITION = r"\s*(?:AbleToScale|ScalingActive)\s{1,40}(?:True|False)\s"
_REASONS = (
    "FailedGet(?:Scale|(?:Resource|ContainerResource|Pods|Object|External)Metric)|FailedComputeMetricsReplicas"
    "|FailedConvertHPA|FailedRescale|AmbiguousSelector|InvalidSelector|SelectorRequired|InvalidMetricSourceType"
)
_OF_AN_HPA = rf"(?:^|\s)Warning\s{{1,40}}(?:{_REASONS})\s{{1,40}}(?:([\dhmsd]{{2,14}}) )?"
_OF_READINESS = r"(?:^|\s)Warning\s{1,40}Unhealthy\s.{1,300}?Readiness probe failed:"
_OF_MAKING = r"(?:^|\s)Warning\s{1,40}FailedCreate\s.{0,200}?metrics-server"
_OF_A_POD = (
    r"(?:^|\s)([\dhmsd]{2,14})\s{1,40}(?:Normal|Warning)\s{1,40}[A-Z]\w{1,60}"
    r"\s{1,40}pod/(metrics-server-[a-z0-9-]{1,100})"
)
_NAME = r"metrics-server-[a-z0-9-]{1,100}"
_OF_SCHEDULING = r"(?:^|\s)Warning\s{1,40}FailedScheduling\s"
_KINDS = (_OF_AN_HPA, _OF_READINESS, _OF_MAKING, _OF_A_POD, _OF_SCHEDULING)
_JUST_NOW = 60  # seconds: some looks of an HPA's controller, each of which may go another way than the last
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_PODS = 100  # that are told apart
_BEGINNING = 500  # characters of a row in which its reason stands


def is_event(utterance: Utterance) -> bool:
    """Whether it is an event that may be over."""
    row = utterance.text[:_BEGINNING]
    return ("Warning" in row or "Normal" in row) and any(re.search(kind, row) for kind in _KINDS)


def age(text: str) -> int:
    """Seconds of an age as kubectl writes it: ``3m11s``, ``5h``, ``2d4h`` (apimachinery pkg/util/duration)."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d{1,6})([smhd])", text))


def last_seen(utterance: Utterance) -> int | None:
    """How many seconds ago an event was seen last: of an HPA in its description, of a pod in ``kubectl get events``."""
    beginning = utterance.text[:_BEGINNING]
    row = re.search(_OF_AN_HPA, beginning) or re.search(_OF_A_POD, beginning)
    return age(row[1]) if row and row[1] else None


def _is_of_image(event: Utterance) -> bool:
    error = event.error
    return isinstance(error, errors.ImageNotPulled) or (isinstance(error, errors.PodState) and "Image" in error.status)


def _is_of_scheduling(event: Utterance) -> bool:
    return isinstance(event.error, errors.NoNodeFits)


def note_event(saying: Saying, utterance: Utterance) -> None:
    """Note whether all that is counted there are events, and how long ago the last of them was."""
    saying.is_event = saying.is_event and is_event(utterance)
    if not saying.is_event:
        return
    pod = re.search(_OF_A_POD, utterance.text[:_BEGINNING])
    if len(saying.pods) < _MOST_PODS:
        saying.pods.add(pod[2] if pod else "")
    seen = last_seen(utterance)
    is_first = saying.tally.times == utterance.times
    if is_first or seen is None or saying.newest is None:
        saying.newest = seen if is_first else None
    else:
        saying.newest = min(seen, saying.newest)


class Present:
    """What a text shows of the present: conditions of HPAs, and whether metrics-server's pods are ready."""

    def __init__(self) -> None:
        self._has_conditions = False
        self._in_conditions: set[type] = set()
        self._has_ready = self._has_unready = False
        self._has_pending = False
        self._pods: dict[str, int] = {}  # those in rows with their ages, in seconds; 0 where that is not told
        self._made: set[str] = set()
        self._deleted: set[str] = set()
        self._has_started = False  # one that is not named
        self._pulled: dict[str, int] = {}  # how many seconds ago the image of a pod was there

    def hear(self, utterance: Utterance) -> None:
        """Remember what is of the present; all else is passed over."""
        if isinstance(utterance.error, errors.Circumstance):
            self._has_ready |= utterance.error.what == "a ready pod"
            self._has_unready |= utterance.error.what == "an unready pod"
            self._has_pending |= utterance.error.what == "a pending pod"
            self._hear_of_pod(utterance.error.what, utterance.error.words)
        elif "Sca" in utterance.text and re.match(_CONDITION, utterance.text):
            self._has_conditions = True
            self._in_conditions.add(type(utterance.error))

    def _hear_of_pod(self, what: str, words: str) -> None:
        named = re.search(_NAME, words, re.IGNORECASE)
        if named is None:
            self._has_started |= what == "an image that is there"
        elif what == "a pod":
            self._pods[named[0]] = age(words.rpartition(" ")[2])
        elif what == "a made pod":
            self._made.add(named[0])
        elif what == "a deleted pod":
            self._deleted.add(named[0])
        elif what == "an image that is there":
            self._pulled[named[0]] = age(words[: named.start()])

    def contradicts(self, saying: Saying) -> bool:
        """Whether what only events say is over, as far as the present is told of."""
        event, newest = saying.tally.utterance, saying.newest
        if re.search(_OF_AN_HPA, event.text[:_BEGINNING]):
            is_recent = newest is not None and newest < _JUST_NOW
            return self._has_conditions and type(event.error) not in self._in_conditions and not is_recent
        if all(self._is_past(pod, newest, event) for pod in saying.pods):
            return True
        if re.search(_OF_READINESS, event.text[:_BEGINNING]):
            return self._has_ready and not self._has_unready
        if re.search(_OF_MAKING, event.text[:_BEGINNING]):
            return bool(self._pods)
        return False

    def _is_past(self, pod: str, seen: int | None, event: Utterance) -> bool:
        """Whether an event of this pod is: ``seen`` so many seconds ago for the last time."""
        if not pod:
            return _is_of_scheduling(event) and self._has_started and not self._has_pending
        if _is_of_scheduling(event) and pod in self._pulled:
            return True
        if pod in self._deleted and self._is_followed(pod):
            return True
        if seen is None:
            return False
        if _is_of_image(event) and seen > self._pulled.get(pod, seen):
            return True
        ages = [old for old in self._pods.values() if old]
        return bool(ages) and pod not in self._pods and seen > min(ages)

    def _is_followed(self, pod: str) -> bool:
        """Whether another pod has come after it: one that is there, or one made of another template."""
        template = pod.rpartition("-")[0]
        changed = {made for made in self._made if made.rpartition("-")[0] != template}
        return bool((self._pods.keys() | self._pulled.keys() | changed) - self._deleted)
