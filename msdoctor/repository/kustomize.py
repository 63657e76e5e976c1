"""Kustomizations applied by reading: bases and patches that lie in the repository, merged as kustomize merges them.

Only what says something of metrics-server's own objects is followed: resources and bases, ``patches``,
``patchesStrategicMerge``, ``patchesJson6902``, ``namespace`` and ``images``. A base that lies elsewhere is not read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence

from msdoctor.repository import trees
from msdoctor.repository.pieces import Kustomization, Object, Patch, Piece
from msdoctor.repository.place import NotRead
from msdoctor.repository.trees import Tree

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
# Lists of which every item has a name, and is merged with its namesake (kubernetes' patchMergeKey).
MERGED_BY = {
    "containers": "name",
    "initContainers": "name",
    "volumes": "name",
    "env": "name",
    "volumeMounts": "mountPath",
}
MOST = 50  # bases upon bases


def merged(base: Tree, patch: Tree, field: str = "") -> Tree:
    """A strategic merge: mappings field by field, lists of named items item by item, all else replaced."""
    if patch.text("$patch") == "replace":
        return patch
    if isinstance(base.value, dict) and isinstance(patch.value, dict):
        fields = dict(base.fields)
        for name, value in patch.fields.items():
            if value.value is None:
                fields.pop(name, None)
            else:
                fields[name] = merged(fields[name], value, name) if name in fields else value
        return Tree(fields, base.at, base.end, {**base.keys, **patch.keys})
    key = MERGED_BY.get(field)
    if key and isinstance(base.value, list) and isinstance(patch.value, list):
        items = list(base.items)
        for item in patch.items:
            place = next((i for i, one in enumerate(items) if one.text(key) == item.text(key)), None)
            if item.text("$patch") == "delete":
                items = [one for one in items if one.text(key) != item.text(key)]
            elif place is None:
                items.append(item)
            else:
                items[place] = merged(items[place], item, "")
        return Tree(items, base.at, base.end)
    return patch


def by_operations(base: Tree, operations: Sequence[Tree]) -> Tree:
    """A JSON patch (RFC 6902): add, replace and remove; what does not fit is left out."""
    for operation in operations:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in operation.text("path").split("/")[1:]]
        base = _operated(base, steps, operation.text("op"), operation.get("value"))
    return base


def _operated(tree: Tree, steps: Sequence[str], op: str, value: Tree | None) -> Tree:
    if not steps:
        return value if value is not None and op in ("add", "replace") else tree
    step, *rest = steps
    if isinstance(tree.value, list):
        items = list(tree.items)
        if not rest and op == "add" and value is not None:
            items.insert(len(items) if step == "-" else int(step) if step.isdecimal() else len(items), value)
        elif step.isdecimal() and int(step) < len(items):
            if not rest and op == "remove":
                del items[int(step)]
            else:
                items[int(step)] = _operated(items[int(step)], rest, op, value)
        return Tree(items, tree.at, tree.end)
    fields = dict(tree.fields)
    if not rest and op == "remove":
        fields.pop(step, None)
    elif step in fields:
        fields[step] = _operated(fields[step], rest, op, value)
    elif not rest and value is not None:
        fields[step] = value
    return Tree(fields, tree.at, tree.end, tree.keys)


class Kustomized:
    """What every kustomization of a repository makes of its bases."""

    def __init__(self, pieces: Iterable[Piece], read: Callable[[str], str | None]) -> None:
        self.kustomizations: dict[str, Kustomization] = {}
        self.objects: dict[str, list[Object]] = {}
        self.patches: dict[str, list[Patch]] = {}
        self.read = read
        self.not_read: list[NotRead] = []
        for piece in pieces:
            if isinstance(piece, Kustomization):
                self.kustomizations[posixpath.dirname(piece.tree.at.file)] = piece
            elif isinstance(piece, Object):
                self.objects.setdefault(piece.at.file, []).append(piece)
            elif isinstance(piece, Patch):
                self.patches.setdefault(piece.tree.at.file, []).append(piece)

    def outermost(self) -> list[tuple[str, list[Object]]]:
        """Each kustomization that no other one takes as a base, and its objects after all patches."""
        used = {target for folder in self.kustomizations for target in self._bases(folder)}
        outer = [folder for folder in sorted(self.kustomizations) if folder not in used]
        return [(folder, self.built(folder)) for folder in outer]

    def unfounded(self) -> list[Patch]:
        """Patches of a Deployment whose base is not in the repository."""
        found: list[Patch] = []
        for folder, one in self.kustomizations.items():
            if any(item.kind == "Deployment" for item in self.built(folder)):
                continue
            for patch in self._patches(one):
                target = patch.get("target")
                for tree in self._trees(folder, patch):
                    name = target.text("name") if target else tree.text("metadata", "name")
                    kind = target.text("kind") if target else tree.text("kind")
                    if kind in ("Deployment", "") and name:
                        found.append(Patch(tree, name))
        return found

    def files(self) -> frozenset[str]:
        """Files that are part of some kustomization."""
        found: set[str] = set()
        for folder, one in self.kustomizations.items():
            found.update(_beside(folder, str(item.value)) for item in self._listed(one))
            for patch in self._patches(one):
                path = patch.text("path")
                if path:
                    found.add(_beside(folder, path))
        return frozenset(found)

    def built(self, folder: str, depth: int = 0) -> list[Object]:
        """A kustomization's objects."""
        one = self.kustomizations.get(folder)
        if one is None:
            return []
        if depth > MOST:
            self.not_read.append(NotRead(one.tree.at, f"a base below {MOST} others, and not read"))
            return []
        objects: list[Object] = []
        for item in self._listed(one):
            if not isinstance(item.value, str):
                continue
            path = _beside(folder, item.value)
            if path in self.kustomizations:
                objects += self.built(path, depth + 1)
            elif path in self.objects:
                objects += self.objects[path]
            elif ("://" in item.value or "github.com/" in item.value) and "metrics-server" in item.value:
                self.not_read.append(NotRead(item.at, f"a base that lies outside of the paths given: {item.value}"))
        for patch in self._patches(one):
            objects = self._patched(folder, objects, patch)
        namespace = one.tree.get("namespace")
        return [_in_namespace(item, namespace) for item in objects] if namespace else objects

    def _bases(self, folder: str) -> list[str]:
        one = self.kustomizations[folder]
        return [_beside(folder, item.value) for item in self._listed(one) if isinstance(item.value, str)]

    def _listed(self, one: Kustomization) -> list[Tree]:
        lists = (one.tree.get(name) for name in ("resources", "bases", "components"))
        return [item for found in lists if found for item in found.items]

    def _patches(self, one: Kustomization) -> list[Tree]:
        """All in one form: ``path`` or ``patch``, and ``target``."""
        found = [item for name in ("patches", "patchesJson6902") for item in (one.tree.get(name) or one.tree).items]
        strategic = one.tree.get("patchesStrategicMerge")
        for item in strategic.items if strategic else ():
            name = "patch" if "\n" in str(item.value) else "path"
            found.append(Tree({name: item}, item.at))
        return found

    def _patched(self, folder: str, objects: list[Object], patch: Tree) -> list[Object]:
        target = patch.get("target")
        for tree in self._trees(folder, patch):
            if isinstance(tree.value, list):
                operations = tree.items
                objects = [
                    Object(by_operations(item.tree, operations)) if _is_target(item, target) else item
                    for item in objects
                ]
            else:
                objects = [Object(merged(item.tree, tree)) if _fits(item, tree, target) else item for item in objects]
        return objects

    def _trees(self, folder: str, patch: Tree) -> tuple[Tree, ...]:
        path, inline = patch.text("path"), patch.get("patch")
        if path:
            file = _beside(folder, path)
            text = self.read(file)
            return trees.read(text, file).trees if text is not None else ()
        if inline is not None and isinstance(inline.value, str):
            block = 1 if inline.end > inline.at.line else 0
            body = "\n" * (inline.at.line - 1 + block) + inline.value
            return trees.read(body, inline.at.file).trees
        return ()


def _beside(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path))


def _is_target(item: Object, target: Tree | None) -> bool:
    if target is None:
        return False
    name, kind = target.text("name"), target.text("kind")
    return (not kind or kind == item.kind) and (not name or name == item.name)


def _fits(item: Object, patch: Tree, target: Tree | None) -> bool:
    if target is not None:
        return _is_target(item, target)
    return (patch.text("kind"), patch.text("metadata", "name")) == (item.kind, item.name)


def _in_namespace(item: Object, namespace: Tree) -> Object:
    if item.kind in ("APIService", "ClusterRole", "ClusterRoleBinding", "Node"):
        return item
    metadata = item.tree.get("metadata") or Tree({}, item.at)
    there = Tree({**metadata.fields, "namespace": namespace}, metadata.at, metadata.end, metadata.keys)
    return Object(Tree({**item.tree.fields, "metadata": there}, item.at, item.tree.end, item.tree.keys))
