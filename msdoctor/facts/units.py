"""The command of a systemd unit, with the line of each argument.

Read as systemd.syntax(7), systemd.exec(5) and systemd.service(5) say: a trailing backslash joins lines, comments
between joined lines are skipped, single and double quotes group words, an empty ``ExecStart=`` in a drop-in
clears the ones before, ``$VAR`` and ``${VAR}`` come from ``Environment=`` and ``EnvironmentFile=``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from msdoctor.facts.flags import Argument

_VARIABLE = re.compile(r"\$\{(\w+)\}|\$(\w+)")
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'])+""")
_QUOTED = re.compile(r""""((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)""")


@dataclass(frozen=True, slots=True)
class Command:
    """What a unit starts: the file that says so, and its words, program first."""

    path: str
    words: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One ``Name=value`` line of a unit after joining, with the line that each part of the value stood on."""

    name: str
    parts: tuple[Argument, ...]

    @property
    def value(self) -> str:
        """The whole value on one line."""
        return " ".join(part.text for part in self.parts).strip()


def settings(text: str) -> Iterator[Setting]:
    """Every setting of a unit file, in order."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        stripped = line.strip()
        if not stripped or stripped[0] in "#;[" or "=" not in stripped:
            continue
        name, _, rest = stripped.partition("=")
        parts = [Argument(rest.removesuffix("\\"), number)]
        while stripped.endswith("\\"):
            number, line = next(lines, (number, ""))
            stripped = line.strip()
            if stripped[:1] in ("#", ";"):
                stripped = "\\"
                continue
            parts.append(Argument(stripped.removesuffix("\\"), number))
        yield Setting(name.strip(), tuple(parts))


def environment_files(text: str) -> tuple[str, ...]:
    """Paths that ``EnvironmentFile=`` names, without the dash that makes one optional."""
    return tuple(item.value.removeprefix("-") for item in settings(text) if item.name == "EnvironmentFile")


def command(files: Mapping[str, str], environment: Mapping[str, str]) -> Command | None:
    """What the last ``ExecStart=`` of a unit and its drop-ins starts.

    ``files`` maps path to text, in the order in which systemd reads them; ``environment`` holds the variables that its
    environment files gave.
    """
    found: Command | None = None
    variables = dict(environment)
    for path, text in files.items():
        for item in settings(text):
            if item.name == "Environment":
                variables |= dict(_assignments(item.value))
            elif item.name == "ExecStart":
                words = tuple(_words(item, variables))
                found = Command(path, words) if words else None
    return found


def environment(text: str) -> dict[str, str]:
    """The variables of an environment file: ``NAME=value`` lines, quotes taken off."""
    lines = (line.strip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if line and line[0] not in "#;" and "=" in line)
    return {name.strip(): _unquote(value.strip()) for name, _, value in pairs}


def _assignments(value: str) -> Iterator[tuple[str, str]]:
    for word in _WORD.findall(value):
        name, equals, rest = _unquote(word).partition("=")
        if equals:
            yield name, rest


def _words(item: Setting, variables: Mapping[str, str]) -> Iterator[Argument]:
    for part in item.parts:
        for raw in _WORD.findall(part.text):
            whole = re.fullmatch(r"\$(\w+)", raw)
            if whole:
                # An unbraced variable that stands alone is split into words (systemd.service(5), "Command lines").
                yield from (Argument(word, part.line) for word in variables.get(whole[1], "").split())
            else:
                yield Argument(_VARIABLE.sub(lambda m: variables.get(m[1] or m[2], ""), _unquote(raw)), part.line)


def _unquote(word: str) -> str:
    return _QUOTED.sub(lambda m: m[1] if m[1] is not None else m[2] if m[2] is not None else m[3], word)
