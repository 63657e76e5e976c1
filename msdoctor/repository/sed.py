r"""The part of sed(1) that remedies are written in: ``s`` and ``d``, on each line, with basic regular expressions.

So that a change of a host's file is made to the repository's by the very command that was tried on the host.

>>> Script.of("sed 's|--x=[^ ]*|&,b|' file > file.new").line("  --x=a \\")
['  --x=a,b \\']
>>> Script.of("sed '/^gone:/d' file").line("gone: 1")
[]
>>> Script.of(r"sed 's/--x\([= ][[:alnum:]]*\)\{0,1\}/--x=b/' file").line("--x=a --y")
['--x=b --y']
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

# A bracket expression: "]" is one of its characters where it comes first.
_LISTED = re.compile(r"\[\^?\]?(?:\[:[a-z]+:\]|[^\]])*\]")
_CLASSES = {
    "alnum": "A-Za-z0-9",
    "alpha": "A-Za-z",
    "digit": "0-9",
    "lower": "a-z",
    "space": " \t\n\r\f\v",
    "upper": "A-Z",
}


@dataclass(frozen=True, slots=True)
class _Step:
    pattern: re.Pattern[str]
    replacement: str | None  # as Python's; None deletes the line
    every: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """The steps of one command, and the file that it reads."""

    steps: tuple[_Step, ...]
    file: str

    @classmethod
    def of(cls, command: str) -> Script | None:
        """The script of a command line; None where it is not sed's, or not of this part of it."""
        try:
            words = shlex.split(re.split(r"\s(?:>|&&|\|)\s", command)[0])
        except ValueError:
            return None
        if words[:1] != ["sed"]:
            return None
        rest = [word for word in words[1:] if word not in ("-i", "-e")]
        *scripts, file = rest or [""]
        steps = [_step(script) for script in scripts]
        found = tuple(step for step in steps if step is not None)
        return cls(found, file) if found and len(found) == len(steps) else None

    def line(self, text: str) -> list[str]:
        """What becomes of one line: none, one or more."""
        for step in self.steps:
            if step.replacement is None:
                if step.pattern.search(text):
                    return []
            else:
                text = step.pattern.sub(step.replacement, text, count=0 if step.every else 1)
        return text.split("\n")


def _step(script: str) -> _Step | None:
    deleted = re.fullmatch(r"(?:/(.*)/|\\(.)(.*)\2)d", script)
    if deleted:
        return _Step(re.compile(_python(deleted[1] if deleted[1] is not None else deleted[3])), None)
    if len(script) < 4 or script[0] != "s":
        return None
    parts = re.split(rf"(?<!\\){re.escape(script[1])}", script[2:])
    if len(parts) != 3 or parts[2] not in ("", "g"):
        return None
    try:
        return _Step(re.compile(_python(parts[0])), _replacement(parts[1]), parts[2] == "g")
    except re.error:
        return None


def _python(basic: str) -> str:
    """A basic regular expression in Python's words: what is special without a backslash there is not here."""
    done, place = "", 0
    while place < len(basic):
        char = basic[place]
        if char == "\\" and place + 1 < len(basic):
            following = basic[place + 1]
            done += following if following in "(){}|+?" else f"\\{following}"
            place += 2
        elif char == "[":
            listed = _LISTED.match(basic, place)
            done += _in_python(listed[0]) if listed else "\\["
            place = listed.end() if listed else place + 1
        else:
            done += f"\\{char}" if char in "(){}|+?" else char
            place += 1
    return done


def _in_python(listed: str) -> str:
    for name, characters in _CLASSES.items():
        listed = listed.replace(f"[:{name}:]", characters)
    return "[" + re.sub(r"([\\[])", r"\\\1", listed[1:-1]) + "]"


def _replacement(text: str) -> str:
    r"""``&`` is the whole match, ``\n`` a new line; the groups are written alike."""
    return re.sub(
        r"\\(.)|&|\\$",
        lambda match: r"\g<0>" if match[0] == "&" else {"n": "\n", "&": "&"}.get(match[1] or "", match[0]),
        text,
    )
