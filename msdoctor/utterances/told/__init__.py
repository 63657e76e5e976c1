"""What people tell of their trouble in sentences of their own: ``UDP 8472 is blocked``, ``only one master answers``.

No program prints any of it. It is a person's view, and may be a wrong one: it names something only where nothing that a
program said does, and otherwise puts what it names before others that are left open. A log's lines tell nothing.

Each module has the sentences about one part of the pipeline.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msdoctor.utterances.errors import Told
from msdoctor.utterances.told import consumers, figures, kubelets, registration, starting, way

TELLINGS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    *way.TELLINGS,
    *kubelets.TELLINGS,
    *starting.TELLINGS,
    *registration.TELLINGS,
    *figures.TELLINGS,
    *consumers.TELLINGS,
)
"""What is told; the patterns of its sentences, upper and lower case being one; words of which each such line has one.

The words are in lower case. Every repetition in a pattern is bounded, as in a grammar.
"""

_MOST_TOLD = 1000  # characters of a line: nobody writes longer ones
_MOST_BEFORE = 200  # of the line before, which the sentence may have begun in
_PRINTED = (
    r"\s*(?:[IWEF]\d{4} \d\d:\d\d|\d{4}[-/]\d\d[-/]\d\d|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|(?:time|ts|level)="
    r"|\d{1,3}(?:\.\d{1,3}){3} - |\{\"|\[\d)"
)


class Teller:
    """Takes a paste's lines one by one. A sentence may go on from one line to the next."""

    def __init__(self) -> None:
        self._before = ""

    def told_by(self, text: str) -> Iterator[Told]:
        """What this line tells, with the end of the one before it."""
        before, self._before = self._before, ""
        if len(text) > _MOST_TOLD or not text.strip() or re.match(_PRINTED, text):
            return
        self._before = text[-_MOST_BEFORE:].strip()
        whole = f"{before} {text.strip()}" if before else text.strip()
        lower = whole.lower()
        for what, patterns, words in TELLINGS:
            if not any(word in lower for word in words):
                continue
            for pattern in patterns:
                told = next(
                    (found for found in re.finditer(pattern, whole, re.IGNORECASE) if found.end() > len(before)), None
                )
                if told is not None:
                    yield Told(what, told[0].strip())
                    break
