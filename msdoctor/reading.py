"""From what the user handed to ``explain`` to utterances: a paste line by line, a log by the words that matter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msdoctor import pasted
from msdoctor.errors import GivenError
from msdoctor.interrupt import Interrupt
from msdoctor.pasted import Given
from msdoctor.utterances import Speaker, Utterance
from msdoctor.utterances.prefixes import speaker_of_name
from msdoctor.utterances.reader import read
from msdoctor.utterances.since import Since

if TYPE_CHECKING:
    from msdoctor.utterances.skim import Skimmer

MOST_PASTED = 256 * 1024
"""Bytes; one text up to this size is read line by line, as people paste it. A larger one was written by a program."""

_NOT_LOGS = (".json", ".yaml", ".yml")  # of a component, but not by it

OnRead = Callable[[int, int], None]
"""Told how many bytes of how many were read; 0 for a number that nobody knows."""


class Reading:
    """Reads what was given, once. ``interrupt`` ends it early. ``note`` is told what could not be read, and why."""

    def __init__(
        self,
        what: Given,
        interrupt: Interrupt,
        note: Callable[[str], None],
        on_read: OnRead = lambda _done, _total: None,
        since: Since | None = None,
    ) -> None:
        self._what = what
        self._interrupt = interrupt
        self._note = note
        self._on_read = on_read
        self._since = since
        self._before = 0  # bytes of the files that were read before this one
        self._total = sum(map(pasted.size, what.paths))

    def utterances(self) -> Iterator[Utterance]:
        """Everything that is said in it. Raises GivenError where nothing of it could be read."""
        if self._what.text:
            yield from self._recent(read(self._what.text.splitlines()))
        elif self._what.is_input:
            yield from self._of_one("standard input", pasted.standard_input(), Speaker.UNKNOWN)
        elif self._what.is_many:
            yield from self._of_many()
        else:
            yield from self._of_file(self._what.paths[0])

    def following(self) -> Iterator[list[Utterance]]:
        """The same, and what comes to it, as it comes. Raises GivenError."""
        if self._what.is_input:
            stream = pasted.standard_input()
            yield from self._skimmer.batches(pasted.arriving("standard input", stream, None, self._interrupt))
            return
        path = self._what.paths[0]
        with pasted.opened(path) as stream:
            blocks = pasted.arriving(str(path), stream, path, self._interrupt)
            yield from self._skimmer.batches(blocks, speaker=speaker_by_path(path))

    def _of_many(self) -> Iterator[Utterance]:
        failure: GivenError | None = None
        was_read = False
        for path in self._what.paths:
            if self._interrupt.asked:
                break
            try:
                for utterance in self._of_file(path):
                    yield replace(utterance, file=str(path))
                was_read = True
            except GivenError as error:
                failure = failure or error
                self._note(str(error))
            self._before += pasted.size(path)
        if failure is not None and not was_read:
            raise failure

    def _of_file(self, path: Path) -> Iterator[Utterance]:
        with pasted.opened(path) as stream:
            yield from self._of_one(str(path), stream, speaker_by_path(path))

    def _of_one(self, name: str, stream: IO[bytes], speaker: Speaker) -> Iterator[Utterance]:
        blocks = pasted.blocks(
            name, stream, self._interrupt, self._note, lambda done: self._on_read(self._before + done, self._total)
        )
        head, is_all = _beginning(blocks)
        if is_all and not self._what.is_many:
            if self._since:
                self._since.begin()
            yield from self._recent(read(head.decode("utf-8", "replace").split("\n"), speaker=speaker))
            return
        for batch in self._skimmer.batches(chain([head], blocks), speaker=speaker):
            yield from batch

    @cached_property
    def _skimmer(self) -> Skimmer:
        from msdoctor.utterances.skim import Skimmer  # noqa: PLC0415  a paste does without it

        return Skimmer(self._since)

    def _recent(self, utterances: Iterable[Utterance]) -> Iterable[Utterance]:
        return self._since.of(utterances) if self._since else utterances


def _beginning(blocks: Iterator[bytes]) -> tuple[bytes, bool]:
    """What comes first, at least as much as a paste may have; and whether that is all."""
    head = b""
    for block in blocks:
        head += block
        if len(head) > MOST_PASTED:
            return head, False
    return head, True


def speaker_by_path(path: Path) -> Speaker:
    """Whose log a file is, by the name in its path that is nearest to it: a collection has a folder for each pod."""
    if path.suffix in _NOT_LOGS:
        return Speaker.UNKNOWN
    speakers = map(speaker_of_name, reversed(path.parts))
    return next((speaker for speaker in speakers if speaker is not Speaker.UNKNOWN), Speaker.UNKNOWN)
