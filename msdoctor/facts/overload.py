"""Whether metrics-server answers later than it is waited for, having too little CPU for what it is asked.

That the aggregator's request ran out of time may as well be the way to metrics-server. Three things together speak for
metrics-server: it has written of requests that came in and were given up before it had answered, so the way is open;
its CPU is limited to less than it takes in the smallest cluster; and it complains of no connection that could not be
made. It is then late with its own requests too, so what it says of a kubelet's silence is no word about the kubelet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import APIService, Pod
from msdoctor.facts.registration import Backend
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.model import Unseen, those_seen
from msdoctor.utterances import Speaker, Utterance
from msdoctor.utterances.errors import AbandonedRequest, DeadlineExceeded, Dial
from msdoctor.utterances.reader import read_text

LEAST_CPU = 100  # thousandths of a core, up to 100 nodes: metrics-server README, "Scaling"
LATELY = timedelta(minutes=5)
MILLIS = re.compile(r"(\d{1,6})(m?)", re.ASCII)
PATH = "/apis/metrics.k8s.io/"


@dataclass(frozen=True, slots=True)
class Overload:
    """``limit``: the CPU that it may use, as its container has it; ``given_up``: a request that was answered too late.

    ``apiservice`` is the registration whose look at it ran out of time; ``own``: a request of its own that did.
    """

    limit: str
    given_up: Utterance
    apiservice: APIService
    own: Utterance | None


def overload(
    apiservices: Sequence[APIService],
    backend: Backend | Unseen | None,
    installation: Installation | None,
    log: Sequence[Utterance] | Unseen,
    now: datetime,
) -> Overload | None:
    """None where one of the three is not seen: nothing is inferred from one timeout alone."""
    late = next((item for item in apiservices if _ran_out_of_time(item)), None)
    throttled = _throttled(installation, log, now)
    if late is None or throttled is None or isinstance(backend, Unseen) or backend is None or not backend.ready:
        return None
    limit, given_up = throttled
    own = next((one for one in reversed(_lately(log, now)) if isinstance(one.error, DeadlineExceeded)), None)
    return Overload(limit, given_up, late, own)


def _throttled(
    installation: Installation | None, log: Sequence[Utterance] | Unseen, now: datetime
) -> tuple[str, Utterance] | None:
    """A limit that is too low, and a request that was given up on; None where a dial failed, or one is not seen."""
    if installation is None:
        return None
    limit = next((found for pod in installation.pods if (found := _limit(pod, installation.container.name))), "")
    said = _lately(log, now)
    given_up = next((one for one in reversed(said) if _is_of_the_aggregator(one)), None)
    if not limit or given_up is None or any(isinstance(one.error, Dial) for one in said):
        return None
    return limit, given_up


def _lately(log: Sequence[Utterance] | Unseen, now: datetime) -> list[Utterance]:
    return [one for one in those_seen(log) if one.at and one.at.tzinfo and now - LATELY <= one.at]


def not_by_its_own_lateness(
    failed: tuple[FailedScrape, ...] | Unseen,
    installation: Installation | None,
    log: Sequence[Utterance] | Unseen,
    now: datetime,
) -> tuple[FailedScrape, ...] | Unseen:
    """Scrapes that failed by something else than time, where metrics-server is itself what takes it."""
    if isinstance(failed, Unseen) or _throttled(installation, log, now) is None:
        return failed
    return tuple(scrape for scrape in failed if not isinstance(scrape.error, DeadlineExceeded))


def _ran_out_of_time(item: APIService) -> bool:
    if not item.spec.service or item.available.status == "True" or not item.available.message:
        return False
    said = read_text(item.available.message, speaker=Speaker.AGGREGATOR)
    return said is not None and isinstance(said.error, DeadlineExceeded) and said.error.phase != "connection"


def _limit(pod: Pod, name: str) -> str:
    """The limit that a pod runs with, where that is less than it takes; a pod that is not ready is not asked."""
    container = next((one for one in pod.spec.containers if one.name == name), None)
    if container is None or not pod.ready:
        return ""
    text = str(container.resources.limits.get("cpu", ""))
    found = MILLIS.fullmatch(text)
    return text if found and int(found[1]) * (1 if found[2] else 1000) < LEAST_CPU else ""


def _is_of_the_aggregator(said: Utterance) -> bool:
    return isinstance(said.error, AbandonedRequest) and said.error.path.startswith(PATH)
