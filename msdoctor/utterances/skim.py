"""A log of any size, as utterances: one pass over blocks of bytes, in memory that does not grow with it.

Only lines in which a word of the reader's grammars stands are read, with the lines that they may go on in; of lines of
one shape a few, and the last of every block for all that were like it. What comes out is what reading every line gives,
in the same order. One thing is lost: an error whose very words a terminal broke at its margin. Pastes are therefore
read whole (``reader.read``), and this is for what a program wrote.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from msdoctor.utterances import Speaker, Utterance, errors
from msdoctor.utterances.paste import MOST_LINE, NARROWEST, OWN_BEGINNING
from msdoctor.utterances.reader import read_log
from msdoctor.utterances.shapes import Shapes
from msdoctor.utterances.since import Since
from msdoctor.utterances.words import Find, finder

_MOST_AROUND = 8  # lines before or after one with a word in it that it may belong to
_MOST_IN_BLOCK = 64  # lines that a value of several lines has
_BEGINS = re.compile(OWN_BEGINNING.encode(), re.VERBOSE | re.MULTILINE).match
_DOT = ord(".")
_PARTIAL = re.compile(rb" std(?:out|err) P ").search


class Skimmer:
    """Reads logs, one after the other. What finds the words is made once for all of them."""

    def __init__(self, since: Since | None = None, make_finder: Callable[..., Find] = finder) -> None:
        self._since = since
        self._make_finder = make_finder
        # Whether there are errors that nobody knows matters, not how many: after the first they are not looked for.
        self._find = make_finder(errors=True)
        self._looks_for_errors = True

    def batches(self, blocks: Iterable[bytes], *, speaker: Speaker = Speaker.UNKNOWN) -> Iterator[list[Utterance]]:
        """What a log says, in order, as it comes. A block may end anywhere; an empty one says that nothing came now."""
        if self._since:
            self._since.begin()
        log = _Log(speaker, self._since)
        for block in whole_lines(blocks):
            said = log.read(block, self._find(block))
            if self._looks_for_errors and any(isinstance(one.error, errors.Unrecognised) for one in said):
                self._looks_for_errors = False
                self._find = self._make_finder()
            yield sorted(said, key=lambda utterance: utterance.line)


def whole_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks, cut anew where a line begins that goes on nothing; of an endless line only what is read of it."""
    rest = b""
    is_too_long = False
    for block in blocks:
        if is_too_long:
            line_end = block.find(b"\n")
            if line_end < 0:
                continue
            block = block[line_end:]
            is_too_long = False
        whole = rest + block if rest else block
        cut = _last_beginning(whole) if block else whole.rfind(b"\n") + 1
        if cut:
            yield whole[:cut]
        rest = whole[cut:]
        last_line = rest.rfind(b"\n") + 1
        if len(rest) - last_line > MOST_LINE * 4:
            rest = rest[: last_line + MOST_LINE * 4]
            is_too_long = True
    if rest:
        yield rest


def _last_beginning(block: bytes) -> int:
    """Where the last whole line begins that goes on no other; with none near the end, some lines before that."""
    end = start = fallback = block.rfind(b"\n") + 1
    for back in range(_MOST_IN_BLOCK):
        if not start or end - start > MOST_LINE * 4:
            break
        start = block.rfind(b"\n", 0, start - 1) + 1
        if _BEGINS(block, start):
            return start
        if back < _MOST_AROUND:
            fallback = start
    return fallback or end


class _Log:
    """One log, and how far it was read."""

    def __init__(self, speaker: Speaker, since: Since | None) -> None:
        self._speaker = speaker
        self._since = since
        self._shapes = Shapes()
        self._number = 1  # of the line that begins at the place that was counted to

    def read(self, block: bytes, places: list[int]) -> list[Utterance]:
        """What the lines with a word at one of the places say, and those that they go on in."""
        said: list[Utterance] = []
        shapes = self._shapes
        since = self._since
        length = len(block)
        counted = end = 0
        number = self._number
        for index, place in enumerate(places):
            if place < end:
                continue
            start = block.rfind(b"\n", end, place) + 1 or end
            number += block.count(b"\n", counted, start)
            counted = start
            stop = block.find(b"\n", place)
            following = length if stop < 0 else stop + 1
            if not _BEGINS(block, start) or not (following == length or _BEGINS(block, following)):
                first, end = _surroundings(block, end, start, following)
                number -= block.count(b"\n", first, start)
                counted = first
                said += self._read(block[first:end], number)
                continue
            line = block[start:following]
            end = following
            if since and not since.takes_line(line):
                continue
            if block[place] == _DOT and places[index + 1 : index + 2] and places[index + 1] < end:
                place = places[index + 1]  # the one before is the time in a header
            word = block[place - 7 : place + 1]  # or its end: one shape has the same first word in every line
            known = shapes.knows(line, word, number)
            if known:
                continue
            if known is None:
                said += self._read(line, number)
            elif _PARTIAL(line, 0, 300):
                end = _end_of_pieces(block, following)
                said += self._read(block[start:end], number)
            else:
                new = self._read(line, number)
                shapes.learn(line, word, new, number)
                said += new
        self._number = number + block.count(b"\n", counted)
        return [*said, *self._of_shapes()]

    def _read(self, lines: bytes, number: int) -> list[Utterance]:
        said = self._say(lines, number)
        return list(self._since.of(said) if self._since else said)

    def _say(self, lines: bytes, number: int) -> Iterator[Utterance]:
        texts = (line[: MOST_LINE * 4].decode("utf-8", "replace") for line in lines.removesuffix(b"\n").split(b"\n"))
        return read_log(texts, speaker=self._speaker, first=number)

    def _of_shapes(self) -> Iterator[Utterance]:
        for shape in self._shapes:
            if shape.times:
                for utterance in self._say(shape.line, shape.number):
                    yield replace(utterance, times=shape.times)
                shape.times = 0


def _surroundings(block: bytes, floor: int, start: int, end: int) -> tuple[int, int]:
    """Where the lines begin and end that the line from ``start`` to ``end`` may be one with. ``floor``: not before."""
    first = start
    for _ in range(_MOST_AROUND):
        if first <= floor or _BEGINS(block, first):
            break
        before = max(block.rfind(b"\n", floor, first - 1) + 1, floor)
        if first - before <= NARROWEST:
            break
        first = before
    if block[start:end].rstrip().endswith(b"=<"):
        return first, _end_of_value(block, end)
    for _ in range(_MOST_AROUND):
        if end == len(block) or end - start <= NARROWEST or _BEGINS(block, end):
            break
        start, end = end, block.find(b"\n", end) + 1 or len(block)
    return first, end


def _end_of_value(block: bytes, end: int) -> int:
    """Where a value of several lines ends, which klog closes by a line of its own."""
    for _ in range(_MOST_IN_BLOCK):
        start, end = end, block.find(b"\n", end) + 1 or len(block)
        if end == len(block) or block[start:end].strip() == b">":
            break
    return end


def _end_of_pieces(block: bytes, end: int) -> int:
    """Where a line ends that a container runtime cut in pieces: with the first that is none of its beginnings."""
    limit = end + MOST_LINE * 4
    while end < min(len(block), limit):
        start, end = end, block.find(b"\n", end) + 1 or len(block)
        if not _PARTIAL(block, start, start + 300):
            break
    return end
