"""Lines as people paste them, made into the lines that were printed.

A terminal wraps at its width, in mid-word, without a mark; mail and documents fold between words; a text with the paste
in it may indent both halves, or quote them with ``>``, a comment's sign or a box. Whether a line goes on in the next
one is therefore judged from its form: it is long, what it says is unfinished, and the next line does not begin anything
of its own. How its parts belong together is told by what they then say. YAML (``kubectl get -o yaml``) folds a long
value at a space, and indents what follows by two columns more than its key (go-yaml emitterc.go).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

Unfinished = Callable[[str, str, bool], bool]
"""Whether a text breaks off in what it says, given the line that follows it (empty: none does).

The last says whether the text was put together from lines of one width, as a terminal has wrapped it.
"""

Sense = Callable[[str], int]
"""How much of a text reads as errors that somebody prints: less where words were joined, or torn apart."""

MOST_LINE = 64 * 1024
MOST_PARTS = 64  # screen lines that one printed line is looked for in
NARROWEST = 60  # columns; nobody reads logs in a narrower terminal

OWN_BEGINNING = r"""[\ \t\r]*(?:$|```|~~~|[-*+#]\s|[$%]\s|\d{1,3}[.)]\s|!!!|\|
        |\{|\[(?:pod/|[-+]\])|\d{4}-\d\d-\d\d[T\ ]|[A-Z][a-z]{2}\ [\ \d]\d\ \d\d:\d\d:\d\d
        |[IWEF]\d{4}\ \d\d:\d\d:\d\d\.|\d{4}/\d\d/\d\d\ |(?:time|ts|level)=|\[[A-Z]{4,8}\]\s
        |\d{1,3}(?:\.\d{1,3}){3}\ -\s
        |\w+@[\w.-]+[:\s])"""

_FOLDED = r"[ \t-]*[A-Za-z][\w.-]{0,60}: >[-+]?\s*$"  # YAML's header of a text whose line ends are spaces
_RECORD = r"\s*[IWEF]\d{4} \d\d:\d\d:\d\d\."
_LIKELY_BEGINNING = r"\s*(?:Error|error|Warning|Failed|failed|Get|Post|Unable|unable|x509|panic|goroutine)[\s:]"
_MORE_MUST_COME = (":", ",", "[", "(", '"', " ")
_BEFORE_A_TIME = ("current time", "is after", "is before")  # in what is said of certificates
_FOLDED_BY = 2  # columns
_KEY = r"\s*(?:- )?[A-Za-z][\w./-]{0,100}:(?:\s|$)"
_OPEN_VALUE = r"\s*(?:- )?[A-Za-z][\w./-]{0,100}: (?:'(?:[^']|''){1,9000}|\"(?:[^\"\\]|\\.){1,9000})"
_QUOTED = r"[ \t]{0,40}(?:(?:>\s?){1,5}|(?:#|//) {1,3}|[│┃║] {0,2})(?=\S)"  # as mail, Markdown, comments and boxes do
_QUOTES = (">", "# ", "//", "│", "┃", "║")


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line, the number of the first pasted line that it came from, and what of it was left out."""

    text: str
    number: int
    note: str = ""


def printed_lines(lines: Iterable[str], is_unfinished: Unfinished, sense: Sense, first: int = 1) -> Iterator[Line]:
    """The printed lines of a paste, in one pass. ``first``: the number of the first line."""
    held: _Held | None = None
    for number, raw in enumerate(lines, first):
        whole = raw.rstrip("\r\n")
        quote = re.match(_QUOTED, whole) if whole.lstrip(" \t").startswith(_QUOTES) else None
        text = (whole[quote.end() :] if quote else whole)[:MOST_LINE]
        is_quoted = quote is not None
        if held is not None and held.is_quoted is is_quoted and held.goes_on(text, is_unfinished):
            held.add(text)
            continue
        if held is not None:
            yield from held.let_go(is_unfinished, sense)
        note = f"only the first {MOST_LINE // 1024} KiB of this line were read" if len(whole) > MOST_LINE else ""
        held = _Held(text, number, note, is_quoted)
    if held is not None:
        yield from held.let_go(is_unfinished, sense)


class _Held:
    """A line that may go on in the next one."""

    def __init__(self, text: str, number: int, note: str, is_quoted: bool) -> None:
        self.is_quoted = is_quoted
        self._indent = _indent(text)
        self._parts = [text]
        self._number = number
        self._note = note
        self._size = len(text)
        self._width = len(text) - self._indent
        self._block = text.endswith("=<")
        self._folded = text.rstrip().endswith((">-", ">", ">+")) and re.match(_FOLDED, text) is not None
        self._fold = 0  # the indentation of the rest of a value
        self._is_over = False  # what was added last has any width

    def goes_on(self, following: str, is_unfinished: Unfinished) -> bool:
        if self._size + len(following) > MOST_LINE:
            return False
        if self._folded:
            return following[: self._indent + 1].isspace() and not following.isspace()
        if self._block:
            is_open = self._parts[-1].strip() != ">" or len(self._parts) == 1
            return is_open and not re.match(_RECORD, following)  # of a value that was cut the end never comes
        if self._width < NARROWEST or len(self._parts) == MOST_PARTS:
            return False
        if re.match(OWN_BEGINNING, following, re.VERBOSE) and not self._parts[-1].rstrip().endswith(_BEFORE_A_TIME):
            return False
        if self._fold or (len(self._parts) == 1 and self._is_value(following)):
            return self._fold in (0, _indent(following)) and self._is_value(following)
        is_rest = _indent(following) == 1 != self._indent  # a space that was wrapped; nothing of its own begins so
        if _begins_something(following) and not (is_rest or self._parts[-1].endswith(_MORE_MUST_COME)):
            return False
        if len(self._parts) > 1 and not self._was_full(following):
            return False
        rest = self._unindented(following)
        return is_unfinished(self._ways_to_join()[0], rest, len(self._parts) > 1 and self._is_even(self._parts[1:]))

    def _is_value(self, following: str) -> bool:
        """Whether this is a key's value, which goes on in a line that is indented further than the key."""
        if not re.match(_KEY, self._parts[0]) or _indent(following) < self._indent + _FOLDED_BY:
            return False
        is_open = re.fullmatch(_OPEN_VALUE, "".join(self._parts)) is not None
        return is_open or not (re.match(_KEY, following) or _begins_something(following))

    def add(self, following: str) -> None:
        if not (self._block or self._folded) and len(self._parts) == 1 and self._is_value(following):
            self._fold = _indent(following)
        if self._folded or self._fold:
            self._parts.append(" " + following.strip())
        elif self._block:
            self._parts.append("\n" + following.strip())
            self._block = following.strip() != ">"
        else:
            self._parts.append(self._unindented(following))
            if " " in following.strip():  # one word may be longer than any line
                self._width = max(self._width, len(self._parts[-1]))
        self._size += len(following)

    def let_go(self, is_unfinished: Unfinished, sense: Sense) -> Iterator[Line]:
        """The joined line; or each of its parts, if no way to join them finishes what the first one says."""
        self._is_over = True
        ways = self._ways_to_join()
        if len(ways) > 1 or not (len(self._parts) == 1 or self._folded or self._fold or "\n" in ways[0]):
            ways = [joined for joined in ways if not is_unfinished(joined, "", False)]
        if ways:
            yield Line(max(ways, key=sense) if len(ways) > 1 else ways[0], self._number, self._note)
            return
        for offset, part in enumerate(self._parts):
            yield Line(part, self._number + offset, self._note)

    def _was_full(self, following: str) -> bool:
        """Whether the last part has the width of the others, or had no room for the following's first word."""
        first_word = following.split(maxsplit=1)[0] if following.strip() else ""
        room = self._width - len(self._parts[-1])
        return room <= 0 or len(first_word) + 1 > room

    def _ways_to_join(self) -> list[str]:
        """As a terminal wraps, which is evenly, as mail folds, and as a table breaks a word; the likeliest first."""
        if len(self._parts) == 1 or self._folded or self._fold or self._parts[1].startswith("\n"):
            return ["".join(self._parts)]
        bare = [part.strip() for part in self._parts]
        wrapped, folded, broken = "".join(self._parts), " ".join(bare), "".join(bare)
        is_even = self._is_even(self._parts[1:-1] if self._is_over else self._parts[1:])
        return list(dict.fromkeys((wrapped, folded, broken) if is_even else (folded, wrapped, broken)))

    def _is_even(self, rest: list[str]) -> bool:
        """Whether the first part has the width of the rest, without the indentation of the whole, or with its own."""
        first, widths = len(self._parts[0]), set(map(len, rest))
        return any(widths <= {width} for width in (first, first - self._indent))

    def _unindented(self, text: str) -> str:
        """The text without the indentation that the first half has too; a space that was wrapped stays."""
        return text[self._indent :] if _indent(text) >= self._indent else text


def _begins_something(text: str) -> bool:
    return re.match(_LIKELY_BEGINNING, text) is not None


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
