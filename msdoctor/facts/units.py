r"""The command of a systemd unit, with the line of each argument.

Read as systemd.syntax(7), systemd.exec(5) and systemd.service(5) say: a backslash at the very end of a line joins it
with the next, comments between joined lines are skipped, single and double quotes group words, an empty ``ExecStart=``
in a drop-in clears the ones before, ``$VAR`` and ``${VAR}`` come from ``Environment=`` and, before that, from
``EnvironmentFile=``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from msdoctor.facts.flags import Argument

_BRACED = re.compile(r"\$\$|\$\{(\w+)\}")
_WORD = re.compile(r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+""")
_QUOTED = re.compile(r""""((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)""", re.DOTALL)
# An environment file's assignment: quoted parts may go over several lines, and a backslash joins lines.
_ASSIGNMENT = re.compile(
    r"""^[ \t]*([A-Za-z_]\w*)[ \t]*=[ \t]*((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\n"'\\])*)""", re.MULTILINE | re.DOTALL
)
_COMMENT = re.compile(r"^[ \t]*[#;].*$", re.MULTILINE)
_PREFIXES = "-@:+!|"  # systemd.service(5), table "Special executable prefixes"


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
    lines = iter(enumerate(re.split(r"\r\n|\n|\r", text), 1))
    for number, line in lines:
        if not line.strip() or line.lstrip()[0] in "#;[":
            continue
        parts = []
        going_on = True
        while going_on:
            if line.lstrip()[:1] not in ("#", ";"):
                going_on = _goes_on(line)
                parts.append(Argument(line[:-1] if going_on else line, number))
            number, line = next(lines, (number, "")) if going_on else (number, line)
        name, equals, rest = parts[0].text.partition("=")
        if equals:
            yield Setting(name.strip(), (Argument(rest, parts[0].line), *parts[1:]))


def _goes_on(line: str) -> bool:
    """Whether the last character is a backslash that no other one escapes; a space behind it ends the line."""
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def environment_files(text: str) -> tuple[str, ...]:
    """Paths that ``EnvironmentFile=`` names, without the dash that makes one optional."""
    paths: list[str] = []
    for item in settings(text):
        if item.name == "EnvironmentFile":
            path = _unquote(item.value.removeprefix("-"))
            paths = [*paths, path] if path else []
    return tuple(path for path in paths if path.startswith("/"))


def command(files: Mapping[str, str], environment: Mapping[str, str]) -> Command | None:
    """What the last ``ExecStart=`` of a unit and its drop-ins starts.

    ``files`` maps path to text, in the order in which systemd reads them; ``environment`` holds the variables that its
    environment files gave, which come before those that the unit gives itself.
    """
    found: tuple[str, Setting] | None = None
    given: dict[str, str] = {}
    for path, text in files.items():
        for item in settings(text):
            if item.name == "Environment":
                given = {**given, **dict(_assignments(item.value))} if item.value else {}
            elif item.name == "ExecStart":
                found = (path, item) if item.value else None
    if found is None:
        return None
    words = tuple(_words(found[1].parts, {**given, **environment}))
    return Command(found[0], words) if words else None


def environment(text: str) -> dict[str, str]:
    """The variables of an environment file: ``NAME=value`` lines, quotes taken off."""
    joined = text.replace("\r\n", "\n")
    return {name: _unquote(value.strip()) for name, value in _ASSIGNMENT.findall(_COMMENT.sub("", joined))}


def environ(files: Mapping[str, str], environment_files: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Each variable of the service that a unit starts: its value, and the file that gives it that.

    ``files`` are the unit and its drop-ins, ``environment_files`` the files that these name, each by path in the order
    in which systemd reads them.
    """
    given: dict[str, tuple[str, str]] = {}
    for path, text in files.items():
        for item in settings(text):
            if item.name == "Environment":
                ours = {name: (value, path) for name, value in _assignments(item.value)}
                given = {**given, **ours} if item.value else {}
    for path, text in environment_files.items():
        given |= {name: (value, path) for name, value in environment(text).items()}
    return given


def _assignments(value: str) -> Iterator[tuple[str, str]]:
    for word in _WORD.findall(value):
        name, equals, rest = _unquote(word).partition("=")
        if equals:
            yield name, rest


def _words(parts: Iterable[Argument], variables: Mapping[str, str]) -> Iterator[Argument]:
    raw = [Argument(word, part.line) for part in parts for word in _WORD.findall(part.text)]
    program = raw[0].text.lstrip(_PREFIXES) if raw else ""
    prefixes = raw[0].text.removesuffix(program) if raw else ""
    if not program:
        return
    yield Argument(_unquote(program), raw[0].line)
    for word in raw[2 if "@" in prefixes else 1 :]:  # with "@" the second word is what the process calls itself
        yield from [Argument(_unquote(word.text), word.line)] if ":" in prefixes else _substituted(word, variables)


def _substituted(word: Argument, variables: Mapping[str, str]) -> Iterator[Argument]:
    whole = re.fullmatch(r"\$(\w+)", word.text)
    if whole:
        # An unbraced variable is one only where it stands alone, and is split (systemd.service(5), "Command lines").
        yield from (Argument(_unquote(part), word.line) for part in _WORD.findall(variables.get(whole[1], "")))
    else:
        text = _BRACED.sub(lambda m: variables.get(m[1], "") if m[1] else "$", _unquote(word.text))
        yield Argument(text, word.line)


def _unquote(text: str) -> str:
    return _QUOTED.sub(_unquoted, text)


def _unquoted(match: re.Match[str]) -> str:
    if match[1] is not None:
        return re.sub(r"\\(\n?)(.?)", lambda m: m[2], match[1], flags=re.DOTALL)
    return match[2] if match[2] is not None else match[3].strip("\n")
