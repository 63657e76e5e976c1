"""One look: ask for everything that is wanted, many at a time, and end in time whatever the peers do."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

from msdoctor.bundle import Bundle, Context, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.collect.redact import redact, redact_context

Answer = bytes | Refusal
Wanted = Callable[[Bundle], frozenset[Place]]
Clock = Callable[[], datetime]
OnProgress = Callable[[int, int, str], None]

SECONDS: Mapping[Kind, float] = MappingProxyType(
    {
        Kind.API: 10.0,
        Kind.REVIEW: 10.0,
        Kind.LOG: 10.0,
        Kind.TLS: 5.0,
        Kind.FILE: 5.0,
        Kind.DIRECTORY: 5.0,
        Kind.PROCESS: 5.0,
        Kind.INOTIFY: 5.0,
    }
)

# A source ends by itself when its time is up and says what it was waiting for; only one that cannot is given up on.
GRACE_SECONDS = 0.5

# Only these can name further places; a cluster has thousands of handshakes, and none of them does.
LEADS_ON = frozenset({Kind.API, Kind.REVIEW, Kind.FILE, Kind.DIRECTORY, Kind.PROCESS})

API_LANE, TLS_LANE, HOST_LANE = "api", "tls", "host"
LANES: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.API: API_LANE,
        Kind.REVIEW: API_LANE,
        Kind.LOG: API_LANE,
        Kind.TLS: TLS_LANE,
        Kind.FILE: HOST_LANE,
        Kind.DIRECTORY: HOST_LANE,
        Kind.PROCESS: HOST_LANE,
        Kind.INOTIFY: HOST_LANE,
    }
)
AT_ONCE: Mapping[str, int] = MappingProxyType({API_LANE: 16, TLS_LANE: 64, HOST_LANE: 8})

# Each handshake has a peer of its own. One that is not over by then no longer keeps the next from beginning, so that
# silent peers cost their own time and not the others'; but threads and open files are not without end.
LIVELY_SECONDS = 1.0
MOST_SHAKING = 400


class Sources(Protocol):
    """Whatever can be read. ``read`` is called from many threads and should end within ``seconds``."""

    @property
    def context(self) -> Context:
        """Whose cluster is looked at, as whom, from where."""

    def read(self, place: Place, seconds: float) -> Answer:
        """What stands at a place, or why that cannot be said."""


def utc_now() -> datetime:
    """The machine's clock, UTC."""
    return datetime.now(UTC)


def silent(done: int, total: int, current: str) -> None:
    """Progress that nobody watches."""


def look(
    sources: Sources,
    wanted: Wanted,
    *,
    timeout: float,
    clock: Clock = utc_now,
    on_progress: OnProgress = silent,
) -> Bundle:
    """Read every place that ``wanted`` names, given what is already there, until it names no new one.

    Never lasts longer than ``timeout`` seconds (but for scheduling): what is not answered by then is a document refused
    with ``Reason.DEADLINE``. Every document is redacted as it comes in, so that what is judged is what is saved.
    ``on_progress`` is told how many documents are there, how many are known to be wanted, and which came last.
    """
    return _Look(sources, wanted, timeout, clock, on_progress).run()


@dataclass(frozen=True, slots=True)
class _Asked:
    """A place that is being read, since when and until when, on the monotonic clock."""

    place: Place
    seconds: float
    began: float
    ends: float

    @property
    def lively_until(self) -> float:
        """From then on it is waited for beside the others of its lane, not before them."""
        return self.began + LIVELY_SECONDS if self.place.kind is Kind.TLS else self.ends


class _Look:
    """The state of one look. One thread (the caller's) owns all of it; workers only put documents into the queue."""

    def __init__(self, sources: Sources, wanted: Wanted, timeout: float, clock: Clock, on_progress: OnProgress) -> None:
        self._sources = sources
        self._wanted = wanted
        self._deadline = time.monotonic() + timeout
        self._clock = clock
        self._on_progress = on_progress
        self._known: set[Place] = set()
        self._waiting: dict[str, deque[Place]] = {lane: deque() for lane in AT_ONCE}
        self._asked: dict[Place, _Asked] = {}
        self._arrived: queue.SimpleQueue[Document] = queue.SimpleQueue()
        self._documents: dict[Place, Document] = {}

    def run(self) -> Bundle:
        self._plan()
        while self._asked or any(self._waiting.values()):
            if time.monotonic() >= self._deadline:
                self._give_up()
                break
            self._start()
            arrived = [*self._receive(), *self._overdue()]
            for document in arrived:
                self._keep(document)
            if any(document.place.kind in LEADS_ON for document in arrived):
                self._plan()
        return self._bundle()

    def _plan(self) -> None:
        new = self._wanted(self._bundle()) - self._known
        self._known |= new
        for place in sorted(new):
            self._waiting[LANES[place.kind]].append(place)

    def _start(self) -> None:
        now = time.monotonic()
        busy, slow = dict.fromkeys(AT_ONCE, 0), 0
        for place, asked in self._asked.items():
            if now < asked.lively_until:
                busy[LANES[place.kind]] += 1
            else:
                slow += 1
        for lane, waiting in self._waiting.items():
            most = min(AT_ONCE[lane], MOST_SHAKING - slow) if lane == TLS_LANE else AT_ONCE[lane]
            while waiting and busy[lane] < most:
                busy[lane] += 1
                self._ask(waiting.popleft())

    def _ask(self, place: Place) -> None:
        now = time.monotonic()
        seconds = min(SECONDS[place.kind], self._deadline - now)
        self._asked[place] = _Asked(place, seconds, now, now + seconds + GRACE_SECONDS)
        # A thread for each, rather than a pool: a peer that holds one for ever must not hold the others, nor the exit.
        threading.Thread(target=self._read, args=(place, seconds), name=f"read {place}", daemon=True).start()

    def _read(self, place: Place, seconds: float) -> None:
        try:
            document = self._document(place, self._sources.read(place, seconds))
        except Exception as error:  # noqa: BLE001  one thing that cannot be read must not hide all the others
            document = self._document(
                place, Refusal(Reason.FAILED, f"msdoctor failed: {type(error).__name__}: {error}")
            )
        self._arrived.put(document)

    def _receive(self) -> Iterator[Document]:
        """Wait for one document, or until something is overdue or slow; then take whatever else is there."""
        now = time.monotonic()
        ends = [asked.ends for asked in self._asked.values()]
        if self._waiting[TLS_LANE]:
            ends += [asked.lively_until for asked in self._asked.values() if asked.lively_until > now]
        patience = max(0.0, min([self._deadline, *ends]) - now)
        try:
            document = self._arrived.get(timeout=patience)
            while True:
                if document.place in self._asked:  # otherwise given up on before
                    yield document
                document = self._arrived.get_nowait()
        except queue.Empty:
            return

    def _overdue(self) -> Iterator[Document]:
        now = time.monotonic()
        for asked in list(self._asked.values()):
            if asked.ends <= now < self._deadline:
                yield self._document(asked.place, Refusal(Reason.TIMEOUT, f"no answer within {asked.seconds:.0f} s"))

    def _give_up(self) -> None:
        for place in list(self._asked):
            self._keep(self._document(place, self._late("not answered")))
        for place in (place for waiting in self._waiting.values() for place in waiting):
            self._keep(self._document(place, self._late("not asked")))

    def _late(self, what: str) -> Refusal:
        return Refusal(Reason.DEADLINE, f"{what} before the whole look's time (--timeout) ran out")

    def _keep(self, document: Document) -> None:
        self._asked.pop(document.place, None)
        self._documents.setdefault(document.place, document)
        self._on_progress(len(self._documents), len(self._known), str(document.place))

    def _document(self, place: Place, answer: Answer) -> Document:
        at = self._now()
        if isinstance(answer, Refusal):
            return redact(Document(place, at, refusal=answer))
        return redact(Document(place, at, body=answer))

    def _bundle(self) -> Bundle:
        documents: Iterable[Document] = (self._documents[place] for place in sorted(self._documents))
        return bundle_of(documents, self._now(), redact_context(self._sources.context))

    def _now(self) -> datetime:
        return self._clock().astimezone(UTC).replace(microsecond=0)
