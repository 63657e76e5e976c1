"""Pod manifests in files, with the line of each argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from msdoctor.facts.flags import Argument
from msdoctor.model import Unseen

# The C parser where PyYAML was built with it: ten times faster, the same language.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class ContainerCommand:
    """A container of a manifest: its name and all its words (command, then args), program first.

    ``environ`` holds the variables that are given by value.
    """

    container: str
    words: tuple[Argument, ...]
    environ: Mapping[str, str]


def containers(text: str) -> tuple[ContainerCommand, ...] | Unseen:
    """The containers of a pod manifest (YAML or JSON), or what is wrong with it and where."""
    try:
        root = yaml.compose(text, Loader=LOADER)
        return tuple(_containers(root))
    except (yaml.YAMLError, RecursionError) as error:
        return Unseen(f"not YAML: {' '.join(str(error).split())}")


def _containers(root: yaml.Node | None) -> Iterator[ContainerCommand]:
    listed = _child(_child(root, "spec"), "containers")
    if not isinstance(listed, yaml.SequenceNode):
        return
    for node in listed.value:
        name = _child(node, "name")
        words = (*_strings(_child(node, "command")), *_strings(_child(node, "args")))
        environ = dict(_variables(_child(node, "env")))
        yield ContainerCommand(name.value if isinstance(name, yaml.ScalarNode) else "", words, environ)


def _variables(node: yaml.Node | None) -> Iterator[tuple[str, str]]:
    for item in node.value if isinstance(node, yaml.SequenceNode) else ():
        name, value = _child(item, "name"), _child(item, "value")
        if isinstance(name, yaml.ScalarNode) and isinstance(value, yaml.ScalarNode):
            yield name.value, value.value


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if getattr(name, "value", None) == key), None)


def _strings(node: yaml.Node | None) -> Iterator[Argument]:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if isinstance(item, yaml.ScalarNode):
                yield Argument(item.value, item.start_mark.line + 1)
