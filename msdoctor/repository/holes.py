"""Templates as far as they are literal: what is not becomes a hole, a word that no judgement may rest on.

A hole has a name of its own, so that whatever quotes it later can be told from what was really written, and can be
shown again as it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from msdoctor.repository.place import At

_HOLE = re.compile(r"msdoctor-hole-(\d+)-")
_EXPRESSION = re.compile(r"\{\{-?(.*?)-?\}\}|<%=(.*?)%>|\$\{([^{}]*)\}", re.DOTALL)
_STATEMENT = re.compile(
    r"^[ \t]*(?:\{%.*?%\}|\{#.*?#\}|\{\{-? *(?:if|else|end|range|with|define|template|/\*).*?\}\})[ \t]*$", re.MULTILINE
)
_INLINE_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_DIRECTIVE = re.compile(r"^[ \t]*%\{.*?\}[ \t]*$", re.MULTILINE)

# What templates and shells call the machine that a file is for.
_HOST = re.compile(
    r"\s*(?:\$?\(?\s*hostname(?: -s)?\s*\)?|inventory_hostname(?:_short)?|ansible_(?:hostname|nodename)|HOSTNAME|HOST"
    r"|NODE(?:_?NAME)?|node_?name|node|host|instance|INSTANCE|WORKER|worker|each\.key|each\.value\.name)\s*"
)


@dataclass(frozen=True, slots=True)
class Hole:
    """What stood there, and where."""

    written: str
    at: At

    @property
    def of_host(self) -> bool:
        """Whether it asks for nothing but the name of the machine that a file is for."""
        inner = re.sub(r"^(\{\{-?|\$\{|<%=|\$)|(-?\}\}|\}|%>)$", "", self.written)
        return bool(_HOST.fullmatch(inner))


@dataclass(slots=True)
class Holes:
    """Every hole of one repository, by number."""

    known: list[Hole] = field(default_factory=list)

    def make(self, written: str, at: At) -> str:
        """A word that stands for what was not to be resolved."""
        self.known.append(Hole(written, at))
        return f"msdoctor-hole-{len(self.known) - 1}-"

    def within(self, text: str) -> tuple[Hole, ...]:
        """The holes that a text holds."""
        return tuple(self.known[int(number)] for number in dict.fromkeys(_HOLE.findall(text)))

    def restored(self, text: str) -> str:
        """The text as it was written."""
        return _HOLE.sub(lambda match: self.known[int(match[1])].written, text)

    def filled(self, text: str, host: str) -> str:
        """The text as it is on one host: holes that ask for nothing but its name are no holes."""
        return _HOLE.sub(lambda match: host if self.known[int(match[1])].of_host else match[0], text)


def has(text: str) -> bool:
    """Whether there is any hole in it."""
    return bool(_HOLE.search(text))


def is_template(text: str) -> bool:
    """Whether it looks as if something still had to fill it in."""
    return "{{" in text or "{%" in text or "<%=" in text


def literal(
    text: str, file: str, holes: Holes, known: Mapping[str, str] | None = None, *, for_shell: bool = False
) -> str:
    """A template with holes where it is not literal, and lines that only steer it made empty. Lines keep their number.

    ``known`` are variables by name. ``for_shell``: also ``$NAME`` and ``$(…)`` are to be resolved.
    """
    variables = known or {}

    def hole(match: re.Match[str]) -> str:
        name = next((group for group in match.groups() if group is not None), "").strip()
        if name in variables:
            return variables[name]
        line = text.count("\n", 0, match.start()) + 1
        column = match.start() - (text.rfind("\n", 0, match.start()) + 1) + 1
        return holes.make(match[0], At(file, line, column)) + "\n" * match[0].count("\n")

    # Nothing of a line of its own is left: before a block of YAML, spaces alone would be an indentation.
    for pattern in (_STATEMENT, _DIRECTIVE):
        text = pattern.sub(lambda match: "\n" * match[0].count("\n"), text)
    text = _INLINE_STATEMENT.sub(lambda match: "".join("\n" if c == "\n" else " " for c in match[0]), text)
    found = _EXPRESSION.sub(hole, text)
    if for_shell:
        text = found
        found = re.sub(r"\$\(([^()]*)\)|\$(?:(\w+))", hole, text)
    return found
