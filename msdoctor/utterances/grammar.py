"""One small grammar for each kind of error: literal text that it begins with, and a pattern that reads on from there.

Every repetition in a pattern is bounded, so that the work on a line grows no faster than the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from msdoctor.utterances.errors import InnermostError

CLOSERS = "\"'`.,;:)]}>"


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one kind of error reads.

    ``word``: where the anchor is of everyday speech, a rarer text that whatever the pattern matches has, too. By its
    word a line of a big log is found; so no quote may be in it, which carriers escape.
    """

    anchor: str
    pattern: str
    build: Callable[[re.Match[str]], InnermostError]
    word: str = ""


def plain(text: str, error: InnermostError) -> Grammar:
    """The grammar of an error that is always said in the same words."""
    return Grammar(text, re.escape(text), says(error))


def says(error: InnermostError) -> Callable[[re.Match[str]], InnermostError]:
    """For errors that have no parts."""
    return lambda _: error


def trim(text: str | None) -> str:
    """A part at the end of an error, without what closes the brackets and quotes around it."""
    return (text or "").rstrip(CLOSERS)
