"""YAML and JSON as trees in which every value knows the file, line and column that it stands at.

What two files say of one object can be merged, and still every value leads back to where it was written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from msdoctor.facts.manifests import LOADER
from msdoctor.repository.place import At, NotRead

LARGEST = 200_000  # values of one document, aliases followed
DEEPEST = 200
_RESOLVER = yaml.SafeLoader("")

Value: TypeAlias = "dict[str, Tree] | list[Tree] | str | int | float | bool | None"


@dataclass(frozen=True, slots=True)
class Tree:
    """A value and where it stands. ``end`` is the line it ends on; ``keys`` are the places of a mapping's keys."""

    value: Value
    at: At
    end: int = 0
    keys: Mapping[str, At] = field(default_factory=dict)

    def get(self, *path: str | int) -> Tree | None:
        """What lies at a path of keys and positions; None where nothing does."""
        tree: Tree | None = self
        for step in path:
            if tree is None:
                return None
            if isinstance(step, int):
                items = tree.items
                tree = items[step] if -len(items) <= step < len(items) else None
            else:
                tree = tree.fields.get(step)
        return tree

    def text(self, *path: str | int, default: str = "") -> str:
        """A scalar at a path as text."""
        found = self.get(*path)
        if found is None or found.value is None or isinstance(found.value, dict | list):
            return default
        return str(found.value).lower() if isinstance(found.value, bool) else str(found.value)

    @property
    def fields(self) -> dict[str, Tree]:
        """A mapping's; none where it is something else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def items(self) -> list[Tree]:
        """A list's; none where it is something else."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """The value without places."""
        if isinstance(self.value, dict):
            return {name: item.plain() for name, item in self.value.items()}
        return [item.plain() for item in self.value] if isinstance(self.value, list) else self.value

    def walk(self) -> Iterator[Tree]:
        """This and all that is below it, in order."""
        yield self
        below = self.value.values() if isinstance(self.value, dict) else self.items
        for item in below:
            yield from item.walk()


@dataclass(frozen=True, slots=True)
class Documents:
    """What a file of YAML holds, document by document, and what is wrong with it."""

    trees: tuple[Tree, ...] = ()
    wrong: tuple[NotRead, ...] = ()


def read(text: str, file: str) -> Documents:
    """Read all documents of a text; those before an error are kept."""
    trees: list[Tree] = []
    wrong: list[NotRead] = []
    try:
        for root in yaml.compose_all(text, Loader=LOADER):
            if root is None:
                continue
            if _size(root, {}, 0) > LARGEST:
                why = f"aliases that make more than {LARGEST:,} values of it, or too deep"
                wrong.append(NotRead(_at(root, file), why))
                continue
            trees.append(_tree(root, file, wrong))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = At(file, mark.line + 1, mark.column + 1) if mark else At(file)
        wrong.append(NotRead(at, f"not YAML: {error.problem or error.context}"))
    except yaml.reader.ReaderError as error:
        position = error.position if isinstance(error.position, int) else 0
        at = At(file, text.count("\n", 0, position) + 1)
        wrong.append(NotRead(at, f"not YAML: {error.reason}"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        wrong.append(NotRead(At(file), f"not YAML: {type(error).__name__}"))
    return Documents(tuple(trees), tuple(wrong))


def _size(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """How many values a node has, its aliases counted each time; one that holds itself is beyond any bound."""
    if depth > DEEPEST:
        return LARGEST + 1
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = LARGEST + 1
    total = 1
    for child in _children(node):
        total = min(LARGEST + 1, total + _size(child, known, depth + 1))
    known[id(node)] = total
    return total


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _at(node: yaml.Node, file: str) -> At:
    return At(file, node.start_mark.line + 1, node.start_mark.column + 1)


def _tree(node: yaml.Node, file: str, wrong: list[NotRead]) -> Tree:
    at, end = _at(node, file), node.end_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return Tree([_tree(item, file, wrong) for item in node.value], at, end)
    if not isinstance(node, yaml.MappingNode):
        return Tree(_scalar(node), at, end)
    fields: dict[str, Tree] = {}
    keys: dict[str, At] = {}
    merged: dict[str, Tree] = {}
    for key, item in node.value:
        name = str(getattr(key, "value", ""))
        tree = _tree(item, file, wrong)
        if key.tag == "tag:yaml.org,2002:merge":
            for one in (tree, *tree.items):
                merged |= {field: value for field, value in one.fields.items() if field not in merged}
            continue
        if name in fields:
            first = keys[name]
            wrong.append(NotRead(_at(key, file), f"the key {name} is given twice, first in line {first.line}"))
        fields[name], keys[name] = tree, _at(key, file)
    return Tree({**merged, **fields}, at, end, keys)


def _scalar(node: yaml.Node) -> Any:
    try:
        value = _RESOLVER.construct_object(node)
    except (yaml.YAMLError, ValueError):
        return str(node.value)
    finally:
        _RESOLVER.constructed_objects.clear()
        _RESOLVER.recursive_objects.clear()
    # Dates, bytes and the like stay as they are written.
    return value if isinstance(value, str | int | float | bool | None) else str(node.value)


def only(text: str, tree: Tree, trees: tuple[Tree, ...]) -> str:
    """One document of a file's text with all else made empty, so that every line keeps its number."""
    later = [other.at.line for other in trees if other.at.line > tree.at.line]
    end = min(later, default=None)
    lines = text.splitlines()
    stop = len(lines) if end is None else end - 1
    kept = lines[tree.at.line - 1 : stop]
    for place, line in enumerate(kept):
        if re.match(r"(---|\.\.\.)(\s|$)", line):
            kept = kept[:place]
            break
    return "\n" * (tree.at.line - 1) + "\n".join(kept) + "\n"
