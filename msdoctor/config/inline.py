"""A comment in a file that accepts what is found in its line: ``# msdoctor: ignore[id, id] reason``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from msdoctor.config.names import Known, matches, problem
from msdoctor.diagnosis import Cause, Diagnosis, Remark, RemarkKind, SetAside, Suppressed
from msdoctor.model import Hop

_MARK = re.compile(r"(?:#|//|;|/\*)\s*msdoctor\s*:(.*)", re.IGNORECASE)
_IGNORE = re.compile(r"\s*ignore\s*\[([^\]]*)\](.*)")
_BEGINS = ("#", "//", ";", "/*")
_PROSE = (".md", ".markdown", ".rst", ".adoc", ".txt")
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


def apply(diagnosis: Diagnosis, texts: Mapping[str, str], ids: Known) -> Diagnosis:
    """The diagnosis without what comments accept, of files by the names that findings' locations give them.

    A comment is about its own line, and where it stands alone also about the next that is no comment. One that accepts
    nothing, or cannot be used, is told; in prose, which shows how they are written, it is not.
    """
    comments = [comment for file, text in texts.items() for comment in _comments(file, text, ids)]
    used: set[_Comment] = set()
    causes, aside = [], []
    for cause in diagnosis.causes:
        at = next((comment for comment in comments if comment.accepts(cause)), None)
        if at is None or not isinstance(at.says, Ignored):
            causes.append(cause)
            continue
        used.add(at)
        finding = cause.finding
        aside.append(
            Suppressed(
                cause.id,
                finding.subjects,
                finding.summary,
                SetAside.INLINE,
                at.says.reason,
                where=at.where,
                cause=cause,
            )
        )
    unused = (comment for comment in comments if comment not in used and not comment.file.lower().endswith(_PROSE))
    remarks = [comment.remark() for comment in unused]
    return replace(
        diagnosis,
        causes=tuple(causes),
        suppressed=(*diagnosis.suppressed, *aside),
        remarks=(*diagnosis.remarks, *remarks),
    )


@dataclass(frozen=True, slots=True)
class _Comment:
    file: str
    lines: tuple[int, ...]  # that it is about, its own first
    says: Ignored | BadComment

    @property
    def where(self) -> str:
        return f"{self.file}:{self.lines[0]}"

    def accepts(self, cause: Cause) -> bool:
        at = cause.finding.location
        if at is None or at.file != self.file or at.line not in self.lines or isinstance(self.says, BadComment):
            return False
        return self.says.covers(cause.id, cause.check.hop)

    def remark(self) -> Remark:
        """What to say of one that accepts nothing."""
        if isinstance(self.says, BadComment):
            return Remark(RemarkKind.BAD, f"a comment that accepts nothing: {self.says.problem}", self.where)
        names = ", ".join(self.says.names)
        return Remark(RemarkKind.UNUSED, f"ignore[{names}] fits nothing that was found in its line", self.where)


def _comments(file: str, text: str, ids: Known) -> Iterator[_Comment]:
    if "msdoctor" not in text.lower():
        return  # of ten thousand files hardly one has any
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        says = parse(line, ids)
        if says is not None:
            yield _Comment(file, tuple(range(number, _last(lines, number) + 1)), says)


def _last(lines: Sequence[str], number: int) -> int:
    """The last line that a comment in this one is about."""
    while number < len(lines) and lines[number - 1].lstrip().startswith(_BEGINS):
        number += 1
    return number
