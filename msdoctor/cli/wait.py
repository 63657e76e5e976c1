"""`run --wait`: look again until metrics flow, until waiting cannot help, or until the time is over."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from msdoctor.waiting import Decision, Next

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_SECONDS = 5.0  # between looks; after one that took longer, as long as it took
SPARE_SECONDS = 3.0  # left to a look beyond what the one before took: machines that start are busy
LAST_PAUSE_SECONDS = 1.0  # one that would be shorter is not worth another look

Seen = TypeVar("Seen")


class Clock(Protocol):
    """The time, and how it is let pass."""

    def monotonic(self) -> float:
        """Seconds, from any beginning."""

    def sleep(self, seconds: float, /) -> None:
        """Return after so many seconds."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long in all, and how long one look may take, in seconds."""

    seconds: float
    look_seconds: float


def until_healthy(
    look: Callable[[float], Seen],
    decide: Callable[[Seen], Decision],
    patience: Patience,
    say: Callable[[str], None],
    clock: Clock = time,
) -> Seen:
    """What the last look saw. ``look`` is given its seconds; ``say`` is told each change of state, and no other line.

    No look is begun that would be cut short by the end, since it would see less than the one before.
    """
    began = clock.monotonic()
    ends = began + patience.seconds
    told = None
    while True:
        started = clock.monotonic()
        seen = look(min(patience.look_seconds, ends - started))
        now = clock.monotonic()
        decision = decide(seen)
        if decision != told:
            say(f"{_clock_time(now - began)} {decision.next}: {decision.because}")
        told = decision
        if decision.next is not Next.WAIT:
            return seen
        took = now - started
        room = max(2 * took, took + SPARE_SECONDS)
        pause = min(max(PAUSE_SECONDS, took), ends - room - now)
        if pause < LAST_PAUSE_SECONDS:
            say(f"{_clock_time(now - began)} given up: the time of --wait is over")
            return seen
        clock.sleep(pause)


def _clock_time(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
