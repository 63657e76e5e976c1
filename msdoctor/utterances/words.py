"""By which words a line can concern this pipeline, and where in a block of a log they stand.

A line without any of the words says nothing that the reader knows. They come from the reader's own grammars; a text
that carriers write otherwise (a quote, escaped once or twice) is in none of them. The native matcher, the package
``hyperscan``, is some hundred times faster than the way without it; both find the same places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache

from msdoctor.utterances.ellipses import BEGUN
from msdoctor.utterances.grammar import Grammar
from msdoctor.utterances.grammars import GRAMMARS
from msdoctor.utterances.milestones import WORDINGS

Find = Callable[[bytes], list[int]]
"""The offset, in a block, of the last byte of every word in it, ascending."""

_ESCAPED = re.compile(r"[\"'\\<>&\x00-\x1f]")  # by Go's strconv and encoding/json, or typographically


def word_of(grammar: Grammar) -> str:
    """The word of a grammar: the one that it declares, or what of its anchor no carrier escapes."""
    return grammar.word or max(_ESCAPED.split(grammar.anchor), key=len)


WORDS: tuple[str, ...] = tuple(dict.fromkeys((*map(word_of, GRAMMARS), *WORDINGS)))

MARKS = (" stdout P ", " stderr P ", "=<\n", "=<\r\n", "metrics.k8s.io failed with: ", *BEGUN)
"""Where a line is not whole: a container runtime cut it (CRI's tag ``P``), klog opened a value of several lines,
systemd left out the middle of what the aggregator said, or it breaks off within a sentence."""

APART = tuple(f'{name}"{path}' for name in ("URI=", '"URI":') for path in ("/stats/summary", "/metrics/resource"))
"""Where fields have what a grammar reads side by side, ``GET /stats/summary``: from 1.19 httplog prints it so."""

ENCODED = tuple(word.encode() for word in (*WORDS, *MARKS, *APART))

# What the lines have that are errors by their level: klog's header, the field that its JSON has in no other line.
ERRORS = (rb"[EF]\d{4} \d\d:\d\d:\d\d\.", rb"\"err\\*\":")


@cache
def finder(*, errors: bool = False) -> Find:
    """What finds the words and the marks. ``errors``: and whatever is an error by its level, known or not."""
    patterns = ERRORS if errors else ()
    return native(ENCODED, patterns) or plain(ENCODED, patterns)


def native(words: Sequence[bytes], patterns: Sequence[bytes]) -> Find | None:
    """The native matcher, or None where its package is not installed."""
    try:
        import hyperscan  # noqa: PLC0415  heavy, and often not there
    except ImportError:
        return None
    expressions = [*(b"".join(b"\\x%02x" % byte for byte in word) for word in words), *patterns]
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(expressions=expressions, ids=list(range(len(expressions))), flags=[0] * len(expressions))

    def find(block: bytes) -> list[int]:
        places: list[int] = []

        def note(_id: int, _start: int, end: int, _flags: int, _context: object) -> None:
            places.append(end - 1)

        database.scan(block, match_event_handler=note)
        places.sort()
        return places

    return find


def plain(words: Sequence[bytes], patterns: Sequence[bytes]) -> Find:
    """The same without any package: faster than one pattern of all words is a search for each of them."""
    compiled = [re.compile(pattern) for pattern in patterns]

    def find(block: bytes) -> list[int]:
        places = [match.end() - 1 for pattern in compiled for match in pattern.finditer(block)]
        for word in words:
            place = block.find(word)
            while place >= 0:
                places.append(place + len(word) - 1)
                place = block.find(word, place + 1)
        places.sort()
        return places

    return find
