"""The small words of a report: numbers with their nouns, lists with their "and"."""

from __future__ import annotations

from collections.abc import Sequence


def and_list(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def count(number: int, noun: str) -> str:
    """``2 causes``."""
    return f"{number} {plural(number, noun)}"


def plural(number: int | None, noun: str) -> str:
    """The noun, with an s unless there is one of it."""
    return noun if number == 1 else f"{noun}s"


def share(part: int, whole: int | None, noun: str) -> str:
    """``1 of 2 nodes``, or ``1 node`` where nobody could count them all."""
    return count(part, noun) if whole is None else f"{part} of {count(whole, noun)}"
