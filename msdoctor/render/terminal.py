"""How text reaches a terminal: wrapped, coloured where asked, and with nothing in it that could steer the terminal.

Names, messages and files come from a cluster that may be hostile: what does not print as itself is shown as an escape.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

BOLD, RED, GREEN, YELLOW, CYAN = "1", "31", "32", "33", "36"

MARGIN = 4  # columns before a label
LABEL = 10  # columns that a label takes
BODY = " " * (MARGIN + LABEL)

_WHOLE = re.compile(r"`[^`]{1,200}`|\d (?:s|min|h|d)\b")  # a command in backticks, a number with its unit
_GLUE = "\x00"  # stands for a space that must not become a line end; ``visible`` leaves none in a text

_ASCII = str.maketrans(
    {"✓": "+", "✗": "x", "‼": "!", "»": ">", "─": "-", "·": "*", "…": "~", "–": "-", "—": "-", "×": "x", "→": ">"}
)


def visible(text: str) -> str:
    r"""The text with every character that does not print as itself written as an escape.

    >>> visible("red \x1b[31m, \u202ereversed")
    'red \\x1b[31m, \\u202ereversed'
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def plain_ascii(text: str) -> str:
    """For a terminal that has no other characters: symbols by look-alikes of one column, the rest as escapes."""
    return text.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def one_line(text: str, most: int = 0) -> str:
    """The text on one line, cut to ``most`` characters if that is not 0."""
    line = " ".join(text.split())
    return f"{line[: most - 1]}…" if most and len(line) > most else line


def single(command: str) -> str:
    """A command that is meant to be one line, as one: a line end in a forged name starts no command of its own."""
    return " ".join(command.splitlines())


class Page:
    """How wide, and whether in colour. Everything that it returns is made of whole lines."""

    def __init__(self, width: int, colour: bool) -> None:
        self.width = max(width, 40)
        self._colour = colour

    def paint(self, content: str, *styles: str) -> str:
        """The content in these styles; nothing is added without colour or without a style."""
        codes = ";".join(filter(None, styles))
        return f"\x1b[{codes}m{content}\x1b[0m" if self._colour and codes and content else content

    def wrapped(
        self, content: str, indent: str = "", first: str | None = None, *, break_words: bool = False
    ) -> list[str]:
        """A paragraph; a command within it, in backticks, stays whole, and so does a number with its unit.

        ``break_words``: of a log, which may be one.
        """
        whole = _WHOLE.sub(lambda match: match[0].replace(" ", _GLUE), visible(one_line(content)))
        lines = textwrap.wrap(
            whole,
            self.width,
            initial_indent=indent if first is None else first,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=break_words,
        )
        return [line.replace(_GLUE, " ") for line in lines]

    def fill(self, content: str, columns: int) -> list[str]:
        """A paragraph for a column of a table."""
        return textwrap.wrap(visible(one_line(content)), columns, break_on_hyphens=False, break_long_words=False)

    def labelled(self, label: str, content: str) -> list[str]:
        """A paragraph whose label stands in the margin, before the first line only."""
        first, *rest = self.wrapped(content, BODY, first=BODY) or [BODY]
        return [f"{self._margin(label)}{first[len(BODY) :]}".rstrip(), *rest]

    def _margin(self, label: str) -> str:
        return " " * MARGIN + self.paint(label, BOLD) + " " * (LABEL - len(label))

    def command(self, command: str, indent: str = "        ") -> Iterator[str]:
        """A command as it must be typed, however long.

        One of several lines starts at the first column: spaces before the end of a here-document would break it.
        """
        lines = command.strip("\n").split("\n")
        for line in lines:
            yield (indent if len(lines) == 1 else "") + self.paint(visible(line), CYAN)

    def labelled_command(self, label: str, lead: str, command: str) -> Iterator[str]:
        """A label, a few words, and a command: beside them where there is room, otherwise below."""
        lead_in = f"{lead} " if lead else ""
        if "\n" not in command and len(BODY) + len(lead_in) + len(visible(command)) <= self.width:
            yield f"{self._margin(label)}{lead_in}{self.paint(visible(command), CYAN)}"
            return
        yield from self.labelled(label, lead)
        yield from self.command(command)

    def sides(self, left: str, right: str, *styles: str) -> Iterator[str]:
        """One text at the left in these styles, one at the right; below it where both do not fit."""
        left, right = visible(left), visible(right)
        gap = self.width - len(left) - len(right)
        if not right:
            yield self.paint(left, *styles)
        elif gap >= 2:
            yield f"{self.paint(left, *styles)}{' ' * gap}{right}"
        else:
            yield self.paint(left, *styles)
            yield from (line.rjust(self.width) for line in self.wrapped(right, " " * MARGIN, first=""))

    def pieces(self, items: Iterable[str], indent: str) -> Iterator[str]:
        """Short texts side by side, as many to a line as fit."""
        line = ""
        for item in map(visible, items):
            if line and len(indent) + len(line) + 3 + len(item) > self.width:
                yield from self.wrapped(line, indent) if len(indent + line) > self.width else [indent + line]
                line = ""
            line = f"{line}   {item}" if line else item
        if line:
            yield from self.wrapped(line, indent) if len(indent + line) > self.width else [indent + line]
