"""Lines that differ in nothing but times, addresses and a node's name, recognised without reading each anew.

A shape is learnt from a line that was read: its text, in which what the reader takes as it comes may be any other of
its kind. Whatever decides what a line means (wordings, status codes, ports, paths, users) stands in the shape as it is,
so that two lines of one shape are read alike but for those parts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msdoctor.model import Hop
from msdoctor.utterances import Utterance
from msdoctor.utterances.nodes import KINDS, kind_of

MOST_SHAPES = 64
MOST_LINE = 4096  # bytes; longer lines are rare, and read one by one
ENOUGH = 11  # lines and subjects of one shape that are read, so that an answer can name ten and say that there are more
_MOST_KINDS = 10_000  # of lines that are remembered until they are learnt

# Addresses that mean something are not any other's: the machine's own, and VirtualBox' (checks/node_wrong_internal_ip)
_VARIABLE = re.compile(
    rb"""
    (?P<moment>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)
    |(?P<header>(?<=[IWEF])\d{4}\ \d\d:\d\d:\d\d\.\d{6}\ {1,10}\d{1,10}(?=\ [\w.+-]{1,100}\.go:))
    |(?P<day>(?<=[A-Z][a-z]{2}\ )[\ \d]\d\ \d\d:\d\d:\d\d(?:\.\d{1,6})?(?=\ ))
    |(?P<ip4>(?<![\w.])(?!127\.|0\.|10\.0\.2\.15(?!\d))\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d))
    |(?P<ip6>(?<![\w:.])(?!::1?(?![0-9a-f]))(?=[0-9a-f:]{0,35}::|(?:[0-9a-f]{1,4}:){7})[0-9a-f:]{3,39}(?![\w:.]))
    |(?P<from_port>(?<=:)\d{1,5}(?=->))
    |(?P<stamp>(?<="ts":)\d{1,20}(?:\.\d{1,9})?)
    |(?P<serial>(?<=SN=)\d{1,60})
    |(?P<pid>(?<=\[)\d{1,10}(?=\]:\ ))
    |(?P<length>(?<![\w.])(?:\d{1,6}h)?(?:\d{1,6}m)?\d{1,6}(?:\.\d{1,9})?(?:ns|\xc2\xb5s|us|ms|s)(?!\w))
    """,
    re.VERBOSE,
)
_ANY = {
    "moment": rb"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?",
    "header": rb"\d{4} \d\d:\d\d:\d\d\.\d{6} {1,10}\d{1,10}",
    "day": rb"[ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,6})?",
    "ip4": rb"(?!127\.|0\.|10\.0\.2\.15(?!\d))\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)",
    "ip6": rb"(?!::1?(?![0-9a-f]))[0-9a-f:]{3,39}",
    "from_port": rb"\d{1,5}",
    "stamp": rb"\d{1,20}(?:\.\d{1,9})?",
    "serial": rb"\d{1,60}",
    "pid": rb"\d{1,10}",
    "length": rb"(?:\d{1,6}h)?(?:\d{1,6}m)?\d{1,6}(?:\.\d{1,9})?(?:ns|\xc2\xb5s|us|ms|s)",
}
_NAME = rb"[\w.-]{1,253}"
_LIKE_A_NAME = re.compile(rb"(?=[^\W\d_])(?=.*[\d.-])[\w.-]{3,253}")


class Shape:
    """One shape, and what lines of it came since it was last asked: how many, and the newest with its number."""

    __slots__ = ("_match", "_read", "_subjects", "_told", "line", "means_something", "number", "times", "used")

    def __init__(self, pattern: bytes, means_something: bool) -> None:
        self._match = re.compile(pattern, re.DOTALL).fullmatch
        self._subjects: set[bytes] = set()
        self._read = 1
        self._told = pattern.count(b"(?P<n0>") > 0
        self.means_something = means_something
        self.times = 0
        self.line = b""
        self.number = 0
        self.used = 0

    def fits(self, line: bytes, number: int) -> bool | None:
        """Whether the line is of this shape; it is then counted. None: it is, and it is to be read by itself."""
        match = self._match(line)
        if match is None:
            return False
        self.used = number
        if not self.means_something:
            return True
        if self._read < ENOUGH or (self._told and len(self._subjects) < ENOUGH and match["n0"] not in self._subjects):
            self._read += 1
            if self._told:
                self._subjects.add(match["n0"])
            return None
        self.times += 1
        self.line = line
        self.number = number
        return True


class Shapes:
    """The shapes of one log, a bounded number, by where in which source they were printed and by a word in them."""

    def __init__(self) -> None:
        self._by_source: dict[tuple[bytes, bytes], list[Shape]] = {}
        self._met: dict[object, int] = {}
        self._number = 0

    def __iter__(self) -> Iterator[Shape]:
        for shapes in self._by_source.values():
            yield from shapes

    def knows(self, line: bytes, word: bytes, number: int) -> bool | None:
        """Whether the line is of a known shape, and counted there. None: it is known, and to be read by itself."""
        for shape in self._by_source.get((_source(line), word), ()):
            fits = shape.fits(line, number)
            if fits is not False:
                return fits
        return False

    def learn(self, line: bytes, word: bytes, said: Sequence[Utterance], number: int) -> None:
        """Remember what a line looks like that was read, once lines with the same to say have come again and again."""
        if len(line) > MOST_LINE:
            return
        place = _source(line), word
        if not self._is_time_to_learn((place, _meaning(said) or line.translate(None, b"0123456789"))):
            return
        if self._number >= MOST_SHAPES and not self._forget_one():
            return
        shape = Shape(pattern_of(line, names_in(said)), bool(said))
        shape.used = number
        self._by_source.setdefault(place, []).append(shape)
        self._number += 1

    def _is_time_to_learn(self, kind: object) -> bool:
        """At the second, fourth, eighth … line of a kind: those whose lines never agree cost little that way."""
        if len(self._met) >= _MOST_KINDS:
            self._met.clear()
        times = self._met[kind] = self._met.get(kind, 0) + 1
        return times > 1 and times & (times - 1) == 0

    def _forget_one(self) -> bool:
        """Make room: the shape goes that was not met for longest. One with lines that were not asked for stays."""
        idle = [
            (shape.used, place, shape) for place, all_ in self._by_source.items() for shape in all_ if not shape.times
        ]
        if not idle:
            return False
        _, place, shape = min(idle, key=lambda item: item[0])
        self._by_source[place].remove(shape)
        self._number -= 1
        return True


def _source(line: bytes) -> bytes:
    """Roughly the place in the source that printed a line: enough to tell most shapes apart at once."""
    place = line.find(b".go:", 1, 300)
    return line[place - 1 : place + 8] if place > 0 else b""


def _meaning(said: Sequence[Utterance]) -> tuple[object, ...]:
    return tuple((type(one.error), one.connection.hop, one.speaker) for one in said)


def names_in(said: Sequence[Utterance]) -> list[bytes]:
    """The names in a line that may be any other: of nodes, as a field or as the host that a kubelet is asked at."""
    names = [one.connection.node for one in said]
    names += [one.connection.address.rpartition(":")[0] for one in said if one.connection.hop in (Hop.E, Hop.F)]
    encoded = dict.fromkeys(name.encode("utf-8", "surrogateescape") for name in names if not name.endswith(".svc"))
    return [name for name in encoded if _LIKE_A_NAME.fullmatch(name) and not _VARIABLE.fullmatch(name)]


def pattern_of(line: bytes, names: Sequence[bytes]) -> bytes:
    """The regular expression of all lines like this one. A name is the same wherever it stands."""
    parts: list[bytes] = []
    end = 0
    met: set[bytes] = set()
    for start, stop, kind in _variable_parts(line, names):
        parts.append(re.escape(line[end:start]))
        end = stop
        if isinstance(kind, str):
            parts.append(_ANY[kind])
            continue
        group = b"n%d" % names.index(kind)
        parts.append(b"(?P=%s)" % group if kind in met else b"(?P<%s>%s)" % (group, _name_like(kind)))
        met.add(kind)
    parts.append(re.escape(line[end:]))
    return b"".join(parts)


def _name_like(name: bytes) -> bytes:
    """The regular expression of the names that tell as much of a node as this one does."""
    kind = kind_of(name.decode("utf-8", "surrogateescape"))
    patterns = b"|".join(pattern.encode() for of, pattern in KINDS if kind in ("", of))
    return b"(?:%s)" % patterns if kind else b"(?!(?:%s)(?![\\w.-]))%s" % (patterns, _NAME)


def _variable_parts(line: bytes, names: Sequence[bytes]) -> list[tuple[int, int, str | bytes]]:
    """Start, end and kind of each, in order, none within another."""
    found: list[tuple[int, int, str | bytes]] = [
        (match.start(), match.end(), match.lastgroup or "") for match in _VARIABLE.finditer(line)
    ]
    for name in names:
        whole = re.compile(rb"(?<![\w.-])" + re.escape(name) + rb"(?![\w.-]|=)")
        found += [(match.start(), match.end(), name) for match in whole.finditer(line)]
    found.sort(key=lambda part: (part[0], -part[1]))
    kept: list[tuple[int, int, str | bytes]] = []
    for part in found:
        if not kept or part[0] >= kept[-1][1]:
            kept.append(part)
    return kept
