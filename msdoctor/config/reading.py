"""The text of ``msdoctor.yaml`` understood. Pure; whatever is wrong with it is one error with its file and line.

The document is read as YAML's nodes and not as Python's values: nodes know their lines, ``off`` stays a word, a date
stays as it was written, and a key that stands twice is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import yaml

from msdoctor.config.model import OFF, Settings, Suppression
from msdoctor.config.names import Known, nearest, problem
from msdoctor.errors import GivenError
from msdoctor.model import Class

FAIL_ON: Mapping[str, Class] = MappingProxyType({"cause": Class.CAUSE, "risk": Class.RISK})
_NOTHING = "tag:yaml.org,2002:null"
SEVERITIES: Mapping[str, Class | str] = MappingProxyType({**FAIL_ON, "off": OFF})


class SettingsError(GivenError):
    """An ``msdoctor.yaml`` that cannot be used; the message begins with file, line and column."""


def schema() -> str:
    """The JSON Schema of ``msdoctor.yaml``."""
    return files("msdoctor").joinpath("schema", "config.schema.json").read_text(encoding="utf-8")


def read(text: str, ids: Known, *, file: str = "msdoctor.yaml", folder: Path = Path()) -> Settings:
    """The settings in a text. ``file`` is how it is shown; paths in it are relative to ``folder``.

    Raises SettingsError for text that is no YAML, an unknown or repeated key, a value of another kind, an unknown id.
    """
    return _Reader(file, folder, ids).settings(text)


@dataclass(frozen=True, slots=True)
class _Reader:
    file: str
    folder: Path
    ids: Known

    def settings(self, text: str) -> Settings:
        root = self._compose(text)
        if root is None or root.tag == _NOTHING:
            return Settings(file=self.file)
        values: dict[str, Any] = {}
        keys: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
            "select": ("select", self._names),
            "ignore": ("ignore", self._names),
            "fail-on": ("fail_on", lambda node, key: self._one_of(node, key, FAIL_ON)),
            "severities": ("severities", self._severities),
            "suppressions": ("suppressions", self._suppressions),
            "baseline": ("baseline", lambda node, key: self.folder / self._word(node, key)),
        }
        for key, node in self._entries(root, keys, "msdoctor.yaml"):
            name, understand = keys[key]
            values[name] = understand(node, key)
        return Settings(file=self.file, **values)

    def _compose(self, text: str) -> yaml.Node | None:
        try:
            return yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = ", ".join(part for part in (error.context, error.problem) if part)
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._fail_at(line, column, f"not YAML: {said}")
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            column = error.position - text.rfind("\n", 0, error.position)
            self._fail_at(line, column, f"not YAML: the character U+{ord(text[error.position]):04X} may not stand here")
        except RecursionError:
            self._fail_at(1, 1, "not usable: it is nested too deeply")

    def _entries(self, node: Any, keys: Mapping[str, object], what: str) -> Iterator[tuple[str, Any]]:
        """A mapping's keys with their values, each known and there once."""
        seen: dict[str, int] = {}
        for key_node, value in self._mapping(node, what):
            key = self._word(key_node, f"a key of {what}")
            if key not in keys:
                self._fail(key_node, f"unknown key {key!r} in {what}; {nearest(key, keys)}")
            if key in seen:
                self._fail(key_node, f"{key} stands here a second time; the first is in line {seen[key]}")
            seen[key] = key_node.start_mark.line + 1
            yield key, value

    def _mapping(self, node: Any, what: str) -> list[tuple[Any, Any]]:
        if not isinstance(node, yaml.MappingNode):
            self._fail(node, f"{what} must be keys with values, `key: value`, and is {_kind(node)}")
        return list(node.value)

    def _list(self, node: Any, key: str) -> list[Any]:
        if not isinstance(node, yaml.SequenceNode):
            self._fail(node, f"{key} must be a list, and is {_kind(node)}")
        return list(node.value)

    def _word(self, node: Any, what: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            self._fail(node, f"{what} must be one word or text, and is {_kind(node)}")
        text: str = node.value.strip()
        if not text or node.tag == _NOTHING:
            self._fail(node, f"{what} is empty")
        return text

    def _words(self, node: Any, key: str) -> tuple[str, ...]:
        """One, or a list of them."""
        if isinstance(node, yaml.SequenceNode):
            if not node.value:
                self._fail(node, f"{key} is an empty list; leave it out instead")
            return tuple(self._word(item, f"an item of {key}") for item in node.value)
        return (self._word(node, key),)

    def _name(self, node: Any, what: str) -> str:
        name = self._word(node, what)
        if wrong := problem(name, self.ids):
            self._fail(node, f"{what}: {wrong}")
        return name

    def _names(self, node: Any, key: str) -> tuple[str, ...]:
        return tuple(self._name(item, key) for item in self._list(node, key))

    def _one_of(self, node: Any, key: str, values: Mapping[str, Any]) -> Any:
        word = self._word(node, key)
        if word not in values:
            self._fail(node, f"{key}: {word!r} is none of its values; {nearest(word, values)}")
        return values[word]

    def _severities(self, node: Any, key: str) -> Mapping[str, Class | str]:
        severities: dict[str, Class | str] = {}
        for key_node, value in self._mapping(node, key):
            name = self._name(key_node, key)
            if name in severities:
                self._fail(key_node, f"{name} stands here a second time")
            severities[name] = self._one_of(value, name, SEVERITIES)
        return MappingProxyType(severities)

    def _suppressions(self, node: Any, key: str) -> tuple[Suppression, ...]:
        return tuple(self._suppression(item) for item in self._list(node, key))

    def _suppression(self, node: Any) -> Suppression:
        keys: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
            "id": ("name", self._name),
            "subject": ("subjects", self._words),
            "reason": ("reason", self._word),
            "until": ("until", self._date),
        }
        values: dict[str, Any] = {}
        for key, value in self._entries(node, keys, "a suppression"):
            name, understand = keys[key]
            values[name] = understand(value, key)
        for key in ("id", "reason"):
            if keys[key][0] not in values:
                self._fail(node, f"a suppression needs its {key}{_WHY[key]}")
        return Suppression(where=f"{self.file}:{node.start_mark.line + 1}", **values)

    def _date(self, node: Any, key: str) -> date:
        word = self._word(node, key)
        try:
            return datetime.strptime(word, "%Y-%m-%d").replace(tzinfo=UTC).date()
        except ValueError:
            self._fail(node, f"{key}: {word!r} is no date; give its last day, such as 2027-01-31")

    def _fail(self, node: Any, message: str) -> NoReturn:
        self._fail_at(node.start_mark.line + 1, node.start_mark.column + 1, message)

    def _fail_at(self, line: int, column: int, message: str) -> NoReturn:
        raise SettingsError(f"{self.file}:{line}:{column}: {message}") from None


_WHY = {
    "id": ": a check's id, a glob of ids, or a hop's letter",
    "reason": ": why this may stay as it is, for whoever reads it next year",
}


def _kind(node: Any) -> str:
    if isinstance(node, yaml.ScalarNode):
        return "nothing" if node.tag == _NOTHING else f"the text {node.value[:40]!r}"
    return "a list" if isinstance(node, yaml.SequenceNode) else "keys with values"
