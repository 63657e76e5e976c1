"""The picture of the pipeline: who asks whom on which machine, and where on that way it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from msdoctor.diagnosis import HopReport, HopState
from msdoctor.model import Hop
from msdoctor.pipeline import NAMES

from .blocks import Block, Report
from .report_head import HOP_STATES, blocks_at, word
from .words import count

_KUBELETS = "kubelets"
# The machines in the order in which a question passes them, each with the hops that it has a part in.
_MACHINES = (
    ("Who asks", (Hop.H,)),
    ("kube-apiserver", (Hop.A, Hop.B, Hop.C)),
    ("metrics-server", (Hop.D,)),
    (_KUBELETS, (Hop.E, Hop.F, Hop.G)),
)
_ROOM = {_KUBELETS: 92}  # for each hop
# What the box around them does not say already.
_SHORT = {Hop.D: "itself", Hop.E: "TLS", Hop.F: "auth", Hop.G: "data", Hop.H: "kubectl, HPA"}

HEARD = {state: word for state, (_, word, _) in HOP_STATES.items()}


@dataclass(frozen=True, slots=True)
class Station:
    """A hop in the picture: the middle of its sign, and where its words begin."""

    hop: HopReport
    x: int
    y: int
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """Its name, as short as there is room."""
        return _SHORT.get(self.hop.hop, NAMES[self.hop.hop])

    @property
    def word(self) -> str:
        """Its state."""
        return HOP_STATES[self.hop.state][1]

    @property
    def cause(self) -> str:
        """Which causes below sit there."""
        return ", ".join(f"{word(block)} {block.number}" for block in self.blocks[:2])


@dataclass(frozen=True, slots=True)
class Box:
    """A machine in the picture."""

    title: str
    x: int
    y: int
    width: int
    height: int
    many: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Where everything is; ``rails`` are the ways into a hop, with its state."""

    wide: bool
    width: int
    height: int
    boxes: tuple[Box, ...]
    stations: tuple[Station, ...]
    rails: tuple[tuple[HopState, str], ...]


def picture(report: Report, wide: bool) -> Picture:
    """From left to right, or from top to bottom."""
    hops = {hop.hop: hop for hop in report.diagnosis.hops}
    machines = [(title, [hops[hop] for hop in own if hop in hops]) for title, own in _MACHINES]
    return (_wide if wide else _narrow)([item for item in machines if item[1]], report)


def _wide(machines: list[tuple[str, list[HopReport]]], report: Report) -> Picture:
    gap, top = 26, 44
    boxes, stations, x = [], [], 1
    for title, hops in machines:
        width = _ROOM.get(title, 112) * len(hops) + (0 if len(hops) > 1 else 26)
        boxes.append(Box(_titled(title, report), x, top - 40, width, 170, title == _KUBELETS))
        for place, hop in enumerate(hops):
            middle = x + width * (2 * place + 1) // (2 * len(hops))
            stations.append(Station(hop, middle, top + 32, tuple(blocks_at(hop, report))))
        x += width + gap
    return Picture(True, x - gap + 9, top + 140, tuple(boxes), tuple(stations), tuple(_rails(stations, wide=True)))


def _narrow(machines: list[tuple[str, list[HopReport]]], report: Report) -> Picture:
    pitch, gap, width = 56, 22, 316
    boxes, stations, y = [], [], 1
    for title, hops in machines:
        height = pitch * len(hops) + 30
        boxes.append(Box(_titled(title, report), 1, y, width - 10, height, title == _KUBELETS))
        for place, hop in enumerate(hops):
            stations.append(Station(hop, 36, y + 54 + pitch * place, tuple(blocks_at(hop, report))))
        y += height + gap
    return Picture(False, width, y - gap + 9, tuple(boxes), tuple(stations), tuple(_rails(stations, wide=False)))


def _titled(title: str, report: Report) -> str:
    nodes = report.diagnosis.flow.nodes_of
    return f"kubelets of {count(nodes, 'node')}" if title == _KUBELETS and nodes else title


def _rails(stations: list[Station], *, wide: bool) -> Iterator[tuple[HopState, str]]:
    radius = 19
    for before, after in pairwise(stations):
        if wide:
            yield after.hop.state, f"M{before.x + radius} {before.y}H{after.x - radius}"
        else:
            yield after.hop.state, f"M{before.x} {before.y + radius}V{after.y - radius}"
