"""A comment in a file that accepts what is found in its line: ``# msdoctor: ignore[id, id] reason``. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from msdoctor.config.names import Known, matches, problem
from msdoctor.model import Hop

_MARK = re.compile(r"(?:#|//|;|--|/\*)\s*msdoctor\s*:(.*)", re.IGNORECASE)
_IGNORE = re.compile(r"\s*ignore\s*\[([^\]]*)\](.*)")
_FORM = "write # msdoctor: ignore[ID] REASON"


@dataclass(frozen=True, slots=True)
class Ignored:
    """What a comment accepts: ids, globs or hop letters, and why."""

    names: tuple[str, ...]
    reason: str

    def covers(self, check_id: str, hop: Hop | None) -> bool:
        """Whether a finding of this check is meant."""
        return any(matches(name, check_id, hop) for name in self.names)


@dataclass(frozen=True, slots=True)
class BadComment:
    """A comment that is meant for msdoctor and cannot be used: why, and at which column, from 1."""

    problem: str
    column: int


def parse(line: str, ids: Known) -> Ignored | BadComment | None:
    """What the comment in one line says; None where none is meant for msdoctor.

    >>> parse("  - --kubelet-insecure-tls  # msdoctor: ignore[E] lab only", {"kubelet-insecure-tls": Hop.E})
    Ignored(names=('E',), reason='lab only')
    >>> parse("a: 1", {}) is None
    True
    """
    found = _MARK.search(line)
    if found is None:
        return None
    column = found.start() + 1
    ignore = _IGNORE.fullmatch(found[1].rstrip())
    if ignore is None:
        return BadComment(f"not understood; {_FORM}", column)
    names = tuple(name.strip() for name in ignore[1].split(",") if name.strip())
    reason = ignore[2].removesuffix("*/").strip(" \t-:")
    if not names:
        return BadComment(f"it names no id; {_FORM}", column)
    for name in names:
        if wrong := problem(name, ids):
            return BadComment(wrong, column)
    if not reason:
        return BadComment(f"it gives no reason; {_FORM}", column)
    return Ignored(names, reason)
