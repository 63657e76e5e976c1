"""Only what was said since a moment; a line without a time is of the time of the one before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from msdoctor.utterances import NO_YEAR, Utterance
from msdoctor.utterances.prefixes import take_off
from msdoctor.utterances.records import read_record

_CLOCKS_DIFFER = timedelta(days=1)
_MOST_HEAD = 1000  # bytes of a line in which its time stands


class Since:
    """Tells, for the lines of one text after the other, which are recent enough.

    Where a line names no year, it is of the last one in which it is not yet to come; where it names no zone, of UTC,
    which is what containers live in.
    """

    def __init__(self, moment: datetime, now: datetime) -> None:
        self._moment = moment
        self._now = now
        self._is_recent = True

    def begin(self) -> None:
        """Another text begins: what its first lines say of no time is taken."""
        self._is_recent = True

    def takes(self, at: datetime | None) -> bool:
        """Whether what was said at this time is recent enough."""
        if at is not None:
            self._is_recent = self._whole(at) >= self._moment
        return self._is_recent

    def takes_line(self, line: bytes) -> bool:
        """The same of a line that was not read."""
        carried = take_off(line[:_MOST_HEAD].decode("utf-8", "replace"))
        return self.takes(carried.at or read_record(carried.text.strip()).at)

    def of(self, utterances: Iterable[Utterance]) -> Iterator[Utterance]:
        """Those of the utterances that are recent enough."""
        return (utterance for utterance in utterances if self.takes(utterance.at))

    def _whole(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        if at.year != NO_YEAR:
            return at
        latest = self._now + _CLOCKS_DIFFER
        for year in range(latest.year, latest.year - 9, -1):  # among nine years there is a leap year
            try:
                whole = at.replace(year=year)
            except ValueError:
                continue
            if whole <= latest:
                return whole
        return at
