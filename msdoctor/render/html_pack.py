"""Thousands of causes of one id in little room: they differ in a few words, so these are kept apart from their page.

A certificate that was made wrong on 5,000 nodes has 5,000 sets of commands, 40 megabytes of HTML. Told once, with
blanks for the words that differ, and a table of these words, they are some hundred kilobytes.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from msdoctor.diagnosis import Cause

from .terminal import visible

# Letters and digits alone, so that a word can stand wherever it stood in HTML without being escaped.
_WORD = re.compile(r"([A-Za-z0-9]+)")


def packed(causes: Sequence[Cause], tell: Callable[[Cause], str], time: Callable[[datetime | str], str]) -> str:
    """Their names and their HTML, as JSON, compressed, in base64.

    Causes of one shape come together: ``pieces`` of HTML and, as numbers, the columns whose word stands there;
    ``columns`` have a word for each of these causes; ``names`` tell their subjects as ``pieces`` do.
    """
    alike: dict[tuple[Any, ...], list[tuple[Cause, list[str]]]] = {}
    for cause in causes:
        words: list[str] = []
        shape = tuple(_taken_apart((cause.finding, cause.explains), words, time))
        alike.setdefault(shape, []).append((cause, words))
    groups = [
        _group([cause for cause, _ in members], [words for _, words in members], tell, time)
        for members in alike.values()
    ]
    return base64.b64encode(gzip.compress(json.dumps(groups).encode(), 9, mtime=0)).decode()


def _group(
    causes: Sequence[Cause],
    words: Sequence[list[str]],
    tell: Callable[[Cause], str],
    time: Callable[[datetime | str], str],
) -> dict[str, Any]:
    first, html = causes[0], tell(causes[0])
    mark = "Z"
    while mark in html or mark in "".join(first.finding.subjects):
        mark += "Q"
    distinct: dict[tuple[str, ...], int] = {}
    blanks = []
    for column in zip(*words, strict=True):
        same = all(word == column[0] for word in column)
        blanks.append(column[0] if same else f"{mark}{distinct.setdefault(column, len(distinct))}{mark}")
    finding, explains = _put_together((first.finding, first.explains), iter(blanks), time)
    blank = replace(first, finding=finding, explains=explains)
    return {
        "pieces": _pieces(tell(blank), mark),
        "names": _pieces(visible(", ".join(finding.subjects)), mark),
        "columns": list(distinct),
        "count": len(causes),
    }


def _pieces(text: str, mark: str) -> list[str | int]:
    parts = re.split(f"{mark}([0-9]+){mark}", text)
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _taken_apart(value: Any, words: list[str], time: Callable[[datetime | str], str]) -> Iterator[Any]:
    """What is not a word, in order; the words go into ``words``."""
    if type(value) is str or isinstance(value, datetime):  # no word of an enumeration
        parts = _WORD.split(time(value))
        words += parts[1::2]
        yield tuple(parts[::2])
    elif isinstance(value, tuple):
        yield len(value)
        for item in value:
            yield from _taken_apart(item, words, time)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in _UNTOLD:
                yield from _taken_apart(getattr(value, field.name), words, time)
    else:
        yield value


def _put_together(value: Any, words: Iterator[str], time: Callable[[datetime | str], str]) -> Any:
    """The same with other words; a time is then the text of one."""
    if type(value) is str or isinstance(value, datetime):  # no word of an enumeration
        parts = _WORD.split(time(value))
        parts[1::2] = [next(words) for _ in parts[1::2]]
        return "".join(parts)
    if isinstance(value, tuple):
        return tuple(_put_together(item, words, time) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        told = [field.name for field in fields(value) if field.name not in _UNTOLD]
        return replace(value, **{name: _put_together(getattr(value, name), words, time) for name in told})
    return value


_UNTOLD = ("effects", "doubt")  # of a finding, not told in its place
