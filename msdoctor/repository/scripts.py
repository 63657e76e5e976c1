"""Shell scripts, and texts within other files, as far as they are literal.

A script writes files by here-documents, starts components with their flags, and patches objects: each of these is cut
out and kept at the lines that it stands on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HEREDOC = re.compile(r"<<(-|~)?\s*(['\"]?)(\\?)([A-Za-z_][\w-]*)\2([^\n]*)\n")
_ASSIGNED = re.compile(
    r"""^[ \t]*(?:(?:export|local|readonly)[ \t]+)?([A-Za-z_]\w*)="""
    r"""("[^"$`\\]*"|'[^']*'|[^\s"'$`;&|()]*)[ \t]*(?:#.*)?$""",
    re.MULTILINE,
)
_COMPONENT = re.compile(
    r"(?<![\w./-])((?:/[\w./-]*/)?(kube-apiserver|kube-controller-manager|kubelet))[ \t]+(?=(?:\\\n[ \t]*)*--?\w)"
)
_PATCH = re.compile(r"""\bpatch\s[^\n]*?\b(?:deploy(?:ment)?s?(?:\.apps)?)[ /]([\w.-]+)""")
_PATCH_BODY = re.compile(r"""(?:-p|--patch)[ =]\s*(["'])""")
_FILE = re.compile(r"(?:>|tee(?:[ \t]+-a)?)[ \t]*([^\s|;&<>]+)")


@dataclass(frozen=True, slots=True)
class Part:
    """A text within a file: what begins at ``line`` there. ``name`` is the file that it is written to, if told."""

    body: str
    line: int
    name: str = ""
    literal: bool = True  # whether no shell looks for variables in it


def assignments(text: str) -> dict[str, str]:
    """Variables that are given a literal value once, and no other."""
    found: dict[str, set[str]] = {}
    for name, value in _ASSIGNED.findall(text):
        found.setdefault(name, set()).add(value.strip("\"'"))
    return {name: values.pop() for name, values in found.items() if len(values) == 1}


def heredocs(text: str) -> Iterator[Part]:
    """Here-documents, in order; one without an end goes to the end of the file."""
    position = 0
    while match := _HEREDOC.search(text, position):
        line_start = text.rfind("\n", 0, match.start()) + 1
        indented = match[1] is not None
        end = re.compile(("^[ \t]*" if indented else "^") + re.escape(match[4]) + "[ \t]*$", re.MULTILINE)
        closing = end.search(text, match.end())
        stop = closing.start() if closing else len(text)
        body = text[match.end() : stop]
        command = text[line_start : match.start()] + match[5]
        target = _FILE.search(command)
        quoted = bool(match[2] or match[3])
        if indented:
            body = _unindented(body)
        if not quoted:
            body = body.replace("\\\\\n", "\\\n").replace("\\$", "$").replace("\\`", "`")
        line = text.count("\n", 0, match.end()) + 1
        yield Part(body, line, target[1].strip("\"'") if target else "", quoted)
        position = closing.end() if closing else len(text)


def _unindented(body: str) -> str:
    """Without the indentation that all lines share: YAML and units do not mind, and columns stay near."""
    lines = body.split("\n")
    width = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[width:] for line in lines)


def commands(text: str) -> Iterator[tuple[str, Part]]:
    """Components that are started with flags right here: the program, and the command as a unit would start it."""
    for match in _COMPONENT.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        before = text[line_start : match.start()]
        if "ExecStart" in before or before.lstrip().startswith(("#", "//")):
            continue
        rest = text[match.start() :]
        lines = []
        for line in rest.split("\n"):
            lines.append(line)
            if not line.rstrip().endswith("\\"):
                break
        yield match[2], Part("ExecStart=" + "\n".join(lines) + "\n", text.count("\n", 0, match.start()) + 1, "", False)


def patches(text: str) -> Iterator[tuple[str, Part]]:
    """`kubectl patch` of a Deployment, its name and the YAML or JSON that is given in quotes."""
    for match in _PATCH.finditer(text):
        body = _PATCH_BODY.search(text, match.end())
        until = text.find("\n", match.end())
        if body is None or (until >= 0 and body.start() > until and "\\\n" not in text[match.end() : body.start()]):
            continue
        stop = text.find(body[1], body.end())
        if stop < 0:
            continue
        content = text[body.end() : stop]
        yield match[1], Part(content, text.count("\n", 0, body.end()) + 1)
