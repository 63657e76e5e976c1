"""Lines as people paste them, made into the lines that were printed.

A terminal wraps at its width, in mid-word, without a mark; a text with the paste in it may indent both halves. Whether
a line goes on in the next one is therefore judged from its form: it is long, what it says is unfinished, and the next
line does not begin anything of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Unfinished = Callable[[str, str], bool]
"""Whether a text breaks off in what it says, given the line that follows it (empty: none does)."""

MOST_LINE = 64 * 1024
MOST_PARTS = 64  # screen lines that one printed line is looked for in
NARROWEST = 60  # columns; nobody reads logs in a narrower terminal

OWN_BEGINNING = r"""[\ \t\r]*(?:$|```|~~~|[-*+>#]\s|[$%]\s|\d{1,3}[.)]\s|!!!|\|
        |\{|\[(?:pod/|[-+]\])|\d{4}-\d\d-\d\d[T\ ]|[A-Z][a-z]{2}\ [\ \d]\d\ \d\d:\d\d:\d\d
        |[IWEF]\d{4}\ \d\d:\d\d:\d\d\.|\d{4}/\d\d/\d\d\ |(?:time|ts|level)=|\[[A-Z]{4,8}\]\s
        |\d{1,3}(?:\.\d{1,3}){3}\ -\s
        |\w+@[\w.-]+[:\s])"""

_FOLDED = r"[ \t-]*[A-Za-z][\w.-]{0,60}: >[-+]?\s*$"  # YAML's header of a text whose line ends are spaces
_RECORD = r"\s*[IWEF]\d{4} \d\d:\d\d:\d\d\."
_LIKELY_BEGINNING = r"\s*(?:Error|error|Warning|Failed|failed|Get|Post|Unable|unable|x509|panic|goroutine)[\s:]"
_MORE_MUST_COME = (":", ",", "[", "(", '"', " ")


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line, the number of the first pasted line that it came from, and what of it was left out."""

    text: str
    number: int
    note: str = ""


def printed_lines(lines: Iterable[str], is_unfinished: Unfinished, first: int = 1) -> Iterator[Line]:
    """The printed lines of a paste, in one pass. ``first``: the number of the first line."""
    held: _Held | None = None
    for number, raw in enumerate(lines, first):
        whole = raw.rstrip("\r\n")
        text = whole[:MOST_LINE]
        if held is not None and held.goes_on(text, is_unfinished):
            held.add(text)
            continue
        if held is not None:
            yield from held.let_go(is_unfinished)
        note = f"only the first {MOST_LINE // 1024} KiB of this line were read" if len(whole) > MOST_LINE else ""
        held = _Held(text, number, note)
    if held is not None:
        yield from held.let_go(is_unfinished)


class _Held:
    """A line that may go on in the next one."""

    def __init__(self, text: str, number: int, note: str) -> None:
        self._indent = len(text) - len(text.lstrip())
        self._parts = [text]
        self._number = number
        self._note = note
        self._size = len(text)
        self._width = len(text) - self._indent
        self._block = text.endswith("=<")
        self._folded = text.rstrip().endswith((">-", ">", ">+")) and re.match(_FOLDED, text) is not None

    def goes_on(self, following: str, is_unfinished: Unfinished) -> bool:
        if self._size + len(following) > MOST_LINE:
            return False
        if self._folded:
            return following[: self._indent + 1].isspace() and not following.isspace()
        if self._block:
            is_open = self._parts[-1].strip() != ">" or len(self._parts) == 1
            return is_open and not re.match(_RECORD, following)  # of a value that was cut the end never comes
        if self._width < NARROWEST or len(self._parts) == MOST_PARTS or re.match(OWN_BEGINNING, following, re.VERBOSE):
            return False
        if re.match(_LIKELY_BEGINNING, following) and not self._parts[-1].endswith(_MORE_MUST_COME):
            return False
        if len(self._parts) > 1 and len(self._parts[-1]) < self._width:
            return False
        return is_unfinished(self._joined(), self._unindented(following))

    def add(self, following: str) -> None:
        if self._folded:
            self._parts.append(" " + following.strip())
        elif self._block:
            self._parts.append("\n" + following.strip())
            self._block = following.strip() != ">"
        else:
            self._parts.append(self._unindented(following))
        self._size += len(following)

    def let_go(self, is_unfinished: Unfinished) -> Iterator[Line]:
        """The joined line; or each of its parts, if joining did not finish what the first one says."""
        joined = self._joined()
        if len(self._parts) == 1 or self._folded or joined.count("\n") or not is_unfinished(joined, ""):
            yield Line(joined, self._number, self._note)
            return
        for offset, part in enumerate(self._parts):
            yield Line(part, self._number + offset, self._note)

    def _joined(self) -> str:
        return "".join(self._parts)

    def _unindented(self, text: str) -> str:
        """The text without the indentation that the first half has too; a space that was wrapped stays."""
        return text[self._indent :] if text[: self._indent].isspace() or not self._indent else text.lstrip()
