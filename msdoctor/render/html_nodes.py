"""The nodes behind the pipeline: what each one gives, which causes sit at it, and a picture of thousands of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .blocks import Block, Report

# What is known of a node, the worst first: its symbol, and what it means.
NODE_STATES = {
    "blind": ("✗", "no metrics"),
    "podless": ("‼", "no metrics of its pods"),
    "faulty": ("!", "metrics seen, with a fault"),
    "awaited": ("…", "joined just now, metrics are not due yet"),
    "unknown": ("?", "not counted"),
    "gone": ("–", "gone, nothing is expected"),
    "fresh": ("✓", "metrics seen"),
}
_ORDER = tuple(NODE_STATES)

_CELL = 10  # of which 8 are drawn
_MOST_COLUMNS = 125


@dataclass(frozen=True, slots=True)
class NodeGroup:
    """Nodes of one state at which the same causes sit."""

    state: str
    blocks: tuple[Block, ...]
    names: tuple[str, ...]

    @property
    def symbol(self) -> str:
        """What tells the state without colour."""
        return NODE_STATES[self.state][0]

    @property
    def means(self) -> str:
        """The state in words."""
        return NODE_STATES[self.state][1]


def node_groups(report: Report) -> tuple[NodeGroup, ...]:
    """All nodes that are known of, those first at which a cause sits, then the blind ones."""
    flow = report.diagnosis.flow
    at = _blocks_at_nodes(report)
    known = {
        **dict.fromkeys(flow.nodes, "fresh" if flow.nodes_seen is not None else "unknown"),
        **dict.fromkeys((name for name in at if name not in flow.nodes), "unknown"),
        **dict.fromkeys((node.name for node in flow.awaited_nodes), "awaited"),
        **dict.fromkeys((node.name for node in flow.gone_nodes), "gone"),
        **dict.fromkeys(flow.podless_nodes, "podless"),
        **dict.fromkeys(flow.blind_nodes, "blind"),
    }
    grouped: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for name, state in sorted(known.items()):
        here = tuple(block.number for block in at.get(name, ()))
        grouped.setdefault(("faulty" if state == "fresh" and here else state, here), []).append(name)
    blocks = {block.number: block for block in report.blocks}
    groups = (
        NodeGroup(state, tuple(blocks[number] for number in here), tuple(names))
        for (state, here), names in grouped.items()
    )
    return tuple(sorted(groups, key=_urgency))


def _urgency(group: NodeGroup) -> tuple[bool, int, list[int]]:
    hurt = any(block.first.breaks for block in group.blocks)
    return (not hurt, _ORDER.index(group.state), [block.number for block in group.blocks])


def _blocks_at_nodes(report: Report) -> dict[str, list[Block]]:
    """What is the matter with a node itself, by its name."""
    found: dict[str, list[Block]] = {}
    for block in report.blocks:
        if block.first.breaks or block.first.finding.effects:
            for name in sorted(set(_nodes_of(block, frozenset(report.diagnosis.flow.nodes)))):
                found.setdefault(name, []).append(block)
    return found


def _nodes_of(block: Block, nodes: frozenset[str]) -> Iterator[str]:
    for cause in block.causes:
        yield from (subject.removeprefix("node/") for subject in cause.finding.subjects if subject.startswith("node/"))
        yield from (effect.subject for effect in cause.finding.effects if effect.subject in nodes)


@dataclass(frozen=True, slots=True)
class Waffle:
    """A cell for each node, as one path for each group: a page with 5,000 elements would be slow."""

    width: int
    height: int
    paths: tuple[tuple[str, str], ...]  # a group's state, and where its cells are


def waffle(groups: Sequence[NodeGroup]) -> Waffle:
    """The cells of all groups, one after the other, in rows."""
    total = sum(len(group.names) for group in groups)
    columns = max(1, min(_MOST_COLUMNS, max(math.ceil(math.sqrt(total * 4)), min(total, 12))))
    place, paths = 0, []
    for group in groups:
        cells = (divmod(cell, columns) for cell in range(place, place + len(group.names)))
        paths.append((group.state, "".join(_drawn(group.state, x * _CELL, y * _CELL) for y, x in cells)))
        place += len(group.names)
    return Waffle(columns * _CELL, max(1, math.ceil(total / columns)) * _CELL, tuple(paths))


def _drawn(state: str, x: int, y: int) -> str:
    """A shape of its own for what is well, what is not, and what is not known, besides the colour."""
    if state in ("blind", "podless"):
        return f"M{x + 1} {y + 1}l7 7m0-7l-7 7"
    if state == "faulty":
        return f"M{x + 1} {y + 8}h7l-3.5-7z"
    if state == "fresh":
        return f"M{x + 1} {y + 1}h7v7h-7z"
    return f"M{x + 3} {y + 3}h3v3h-3z"
