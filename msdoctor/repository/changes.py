"""Changes of a repository's files that heal a finding: the edit that its remedy makes of a host's file or an object.

Pure: texts in, texts out. A change is made only where the text that it replaces stands where it was read; what is
worked out from elsewhere has none, and its remedy stays words.
"""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from msdoctor.model import Finding, Remedy, Risk
from msdoctor.repository.holes import Holes
from msdoctor.repository.making import Made
from msdoctor.repository.pieces import Text
from msdoctor.repository.place import At
from msdoctor.repository.sed import Script
from msdoctor.repository.trees import Tree

_PATCHED = re.compile(r"kubectl (?:-n (?P<n1>\S+) )?patch (?:-n (?P<n2>\S+) )?(?P<kind>[a-z]+)[/ ](?P<name>\S+)")
_ECHOED = re.compile(r"echo '([^']*)' >> (\S+)")
_CONFIGURED = re.compile(r"^printf '([\w-]+-arg\+:.*)' > ")
_ARGUMENT = re.compile(r"\\n- ([\w-]+)=([^\\]*)")
_JSON = re.compile(r"-p\s+'(\[.*\])'", re.DOTALL)

Texts = Mapping[str, str]


def diff(before: Texts, after: Texts, paths: Iterable[str]) -> str:
    """A unified diff of some files."""
    parts: list[str] = []
    for path in paths:
        old, new = before[path].splitlines(keepends=True), after[path].splitlines(keepends=True)
        lines = difflib.unified_diff(old, new, path, path)
        parts += (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Change:
    """New texts of files. ``whole``: nothing else has to be done for it, such as making a certificate."""

    texts: Texts
    advice: str
    whole: bool

    def commands(self, before: Texts) -> Iterator[str]:
        """The change of each file as a command to paste."""
        for path in sorted(self.texts):
            yield f"patch {shlex.quote(path)} <<'EOF'\n{diff(before, self.texts, [path])}EOF"


@dataclass(frozen=True, slots=True)
class Editor:
    """Makes changes to the files that one cluster is declared in."""

    made: Made
    holes: Holes
    files: Texts

    def change(self, finding: Finding) -> Change | None:
        """What heals a finding, where an edit of files does: by the first of its ways that weakens nothing."""
        sound = [remedy for remedy in finding.remedies if Risk.WEAKENS_SECURITY not in remedy.risks]
        for way in dict.fromkeys(remedy.way for remedy in sound):
            steps = [remedy for remedy in sound if remedy.way == way]
            texts: dict[str, str] = {}
            advice = ""
            for remedy in steps:
                edited = self._edited(remedy, texts)
                if edited:
                    texts |= edited
                    advice = advice or remedy.advice
            if texts:
                commands = [command for remedy in steps for command in remedy.commands]
                more = any(word in command for command in commands for word in ("openssl", "certificate approve"))
                return Change(texts, advice, whole=not more)
        return None

    def _edited(self, remedy: Remedy, so_far: Texts) -> dict[str, str]:
        texts: dict[str, str] = {}
        for command in remedy.commands:
            for edit in (
                *self._by_sed(command),
                *self._by_echo(command),
                *self._by_printf(command),
                *self._by_patch(command),
            ):
                text = {**self.files, **so_far, **texts}.get(edit.at.file)
                changed = None if text is None else edit.made(text)
                if changed is None:
                    return {}
                texts[edit.at.file] = changed
        return texts

    def _by_sed(self, command: str) -> Iterator[_Edit]:
        script = Script.of(command)
        if script is None:
            return
        text = next((text for (_, path), text in self.made.texts.items() if path == script.file), None)
        lines = text.body.split("\n") if text else []
        # From the end, so that lines that come or go move nothing that is still to be changed.
        for number in range(len(lines), 0, -1):
            new = script.line(lines[number - 1])
            if text is not None and new != [lines[number - 1]]:
                yield from self._of_line(text, number, lines[number - 1], new)

    def _by_echo(self, command: str) -> Iterator[_Edit]:
        match = _ECHOED.search(command)
        text = match and next((text for (_, path), text in self.made.texts.items() if path == match[2]), None)
        if match and text and text.lines is None:
            last = len(text.body.rstrip("\n").split("\n"))
            yield _Appended(At(text.at.file, last), match[1])
        elif match and text and match[1] in text.adds:
            yield _Appended(*text.adds[match[1]])

    def _by_printf(self, command: str) -> Iterator[_Edit]:
        """Of k3s and rke2: what a file of its own would add is changed where it is configured already."""
        match = _CONFIGURED.search(command)
        for name, value in _ARGUMENT.findall(match[1]) if match else ():
            at = self.made.flags.get(name)
            line = self.files[at.file].split("\n")[at.line - 1] if at and at.file in self.files else ""
            given = re.search(rf"\b{re.escape(name)}=[^\s'\"]*", line)
            if at and given:
                yield _Line(at, line, [line.replace(given[0], f"{name}={value}")])

    def _of_line(self, text: Text, number: int, old: str, new: list[str]) -> Iterator[_Edit]:
        restored = [self.holes.restored(line) for line in new]
        if text.lines is None:
            yield _Line(At(text.at.file, number), self.holes.restored(old), restored)
        elif number in text.lines and len(new) == 1:
            before, after = (re.sub(r"^\s*(?:- ['\"]?)?|(?: \\|['\"])$", "", line) for line in (old, restored[0]))
            yield _Scalar(text.lines[number], before, after)

    def _by_patch(self, command: str) -> Iterator[_Edit]:
        target, operations = _PATCHED.search(command), _JSON.search(command)
        if target is None or operations is None:
            return
        namespace = target["n1"] or target["n2"] or ""
        kind, name = target["kind"].rstrip("s"), target["name"]
        tree = self.made.objects.get(f"{kind}/{namespace}/{name}") or self.made.objects.get(f"{kind}/{name}")
        try:
            listed = json.loads(operations[1])
        except ValueError:
            return
        for operation in listed if tree is not None else ():
            steps = [int(s) if s.isdecimal() else s for s in str(operation.get("path", "")).split("/")[1:]]
            yield from _operation(tree, steps, str(operation.get("op")), operation.get("value"))


def _operation(tree: Tree | None, steps: list[str | int], op: str, value: object) -> Iterator[_Edit]:
    if tree is None or not steps or (op != "remove" and not isinstance(value, str | int)):
        return
    if op == "add" and steps[-1] == "-":
        listed = tree.get(*steps[:-1])
        if listed is not None and listed.items:
            last = listed.items[-1]
            yield _Added(last.at, str(last.value), str(value))
        return
    there = tree.get(*steps)
    if there is None or isinstance(there.value, dict | list) or (op != "remove" and str(there.value) == str(value)):
        return
    if op == "remove":
        yield _Removed(there.at, str(there.value))
    else:
        yield _Scalar(there.at, str(there.value), str(value))


class _Edit(Protocol):
    """A change of one file, at a place in it."""

    @property
    def at(self) -> At: ...

    def made(self, text: str) -> str | None:
        """The text with this edit; None where what it changes does not stand there."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A whole line by others, however it is indented in its file."""

    at: At
    old: str
    new: list[str]

    def made(self, text: str) -> str | None:
        lines = text.split("\n")
        if self.at.line > len(lines):
            return None
        line = lines[self.at.line - 1]
        old, new = self.old, self.new
        # In a here-document that a shell reads, a backslash at the end is written twice.
        if line.endswith("\\\\") and old.endswith("\\") and not old.endswith("\\\\"):
            old, new = f"{old}\\", [f"{one}\\" if one.endswith("\\") else one for one in new]
        if not line.endswith(old.lstrip()) or line.strip() != old.strip():
            return None
        deeper = line[: len(line) - len(line.lstrip())].removesuffix(old[: len(old) - len(old.lstrip())])
        lines[self.at.line - 1 : self.at.line] = [deeper + one for one in new]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Scalar:
    """One value by another, in its own quotes; of a flag that is written as name and value apart, the value."""

    at: At
    old: str
    new: str

    def made(self, text: str) -> str | None:
        lines = text.split("\n")
        if self.at.line > len(lines):
            return None
        line = lines[self.at.line - 1]
        head, rest = line[: self.at.column - 1], line[self.at.column - 1 :]
        quote = rest[:1] if rest[:1] in ("'", '"') else ""
        pairs = [(self.old, self.new)]
        old_flag, old_equals, old_value = self.old.partition("=")
        new_flag, _, new_value = self.new.partition("=")
        if old_equals and old_flag == new_flag:
            pairs.append((old_value, new_value))
            pairs.append((self.old.lstrip("-"), self.new.lstrip("-")))
        for old, new in pairs:
            if old and rest[len(quote) :].startswith(old + quote):
                after = rest[len(quote) + len(old) :]
                if quote or not after or after[0] in " \t,]}#\"'\\":
                    lines[self.at.line - 1] = f"{head}{quote}{new}{after}"
                    return "\n".join(lines)
        return None


@dataclass(frozen=True, slots=True)
class _Removed:
    """An item of a list that has a line of its own."""

    at: At
    old: str

    def made(self, text: str) -> str | None:
        lines = text.split("\n")
        if self.at.line > len(lines) or not _is_item(lines[self.at.line - 1], self.old):
            return None
        del lines[self.at.line - 1]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Added:
    """One more item behind the last one of a list, each on a line of its own."""

    at: At
    last: str
    new: str

    def made(self, text: str) -> str | None:
        lines = text.split("\n")
        if self.at.line > len(lines) or not _is_item(lines[self.at.line - 1], self.last):
            return None
        indent = lines[self.at.line - 1].partition("-")[0]
        lines.insert(self.at.line, f"{indent}- {self.new}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class _Appended:
    """A line behind the last one of a document, which other edits may have moved up meanwhile."""

    at: At
    new: str

    def made(self, text: str) -> str | None:
        lines = text.split("\n")
        end = min(self.at.line, len(lines))
        while end > 1 and not lines[end - 1].strip():
            end -= 1
        lines.insert(end, self.new)
        return "\n".join(lines)


def _is_item(line: str, value: str) -> bool:
    item = line.strip()
    return item.startswith("- ") and item[2:].split(" #")[0].strip().strip("'\"") == value
