"""A diagnosis as one HTML file that opens without a network: the whole report, folded, with a picture of the pipeline.

What a cluster says is text here and nothing else: the templates escape it, what would not print as itself is written as
an escape first, and the page's own Content-Security-Policy lets nothing run but the one script that is named by its
hash, and nothing be loaded from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from importlib.resources import files
from itertools import groupby
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from msdoctor import __version__, pipeline
from msdoctor.called import called
from msdoctor.diagnosis import Cause, Diagnosis, Explained
from msdoctor.model import Confidence, Evidence, Remedy, Risk, bullets

from . import report_causes, report_head, report_rest
from .blocks import MOST_MEMBERS, Block, Report, blocks, is_open, of_cluster
from .html_nodes import NODE_STATES, node_groups, waffle
from .html_pack import packed
from .html_picture import HEARD, picture
from .terminal import Page, one_line, single, visible
from .words import and_list, count, share

if TYPE_CHECKING:
    from .formats import Style

MOST_OPEN = 10  # causes of one id that stand in the page; of more the rest is packed, and unpacked one at a time
MOST_LISTED = 40  # things of one sort that are listed; more of them are folded
MOST_PLAIN = 12  # nodes that need neither folding nor finding

_TEMPLATES = "render/templates"
_COMMAND = re.compile(r"`([^`]{1,200})`")


def render(diagnosis: Diagnosis, style: Style) -> str:
    """As every form is asked for. It is always told in full: what is not asked for stays folded."""
    return html(diagnosis, age=style.age)


def html(diagnosis: Diagnosis, *, age: str = "") -> str:
    """The page. ``age`` says how old the data is where the page has no script to look at a clock."""
    report = full(diagnosis, age)
    style, script = _part("report.css"), _part("report.js")
    page = _environment().get_template("report.html")
    text = page.render(
        report=report,
        diagnosis=diagnosis,
        policy=_policy(style, script),
        stylesheet=Markup(style),  # noqa: S704  both are this package's own files
        script=Markup(script),  # noqa: S704
        head=tuple(_head(diagnosis)),
        tiles=tuple(_tiles(diagnosis)),
        tellings=tuple(_telling(block, report) for block in report.blocks),
        groups=node_groups(report) if of_cluster(diagnosis) else (),
        version=__version__,
    )
    # ASCII, whatever encoding it is taken for; in style and script, which have nothing else, references mean nothing.
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii") + "\n"


def full(diagnosis: Diagnosis, age: str) -> Report:
    """All that there is to tell."""
    return Report(diagnosis, Page(80, colour=False), True, age, blocks(diagnosis.causes))


# The page's frame


@cache
def _environment() -> Environment:
    environment = Environment(
        autoescape=True,
        finalize=_shown,
        loader=PackageLoader("msdoctor", _TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "prose": _prose,
        "single": single,
        "one_line": one_line,
        "time": _time,
        "and_list": and_list,
    }
    environment.globals |= {
        "HEARD": HEARD,
        "HOP_STATES": report_head.HOP_STATES,
        "MOST_LISTED": MOST_LISTED,
        "MOST_PLAIN": MOST_PLAIN,
        "NAMES": pipeline.NAMES,
        "NODE_STATES": NODE_STATES,
        "RISKS": report_causes.RISKS,
        "Risk": Risk,
        "anchor": _anchor,
        "called": called,
        "causes": report_causes,
        "count": count,
        "explained": _explained,
        "gaps": report_rest.alike,
        "of_cluster": of_cluster,
        "host": _host,
        "pack": partial(_pack, environment),
        "picture": picture,
        "rest": report_rest,
        "top": report_head,
        "waffle": waffle,
        "ways": _ways,
    }
    return environment


def _part(name: str) -> str:
    return files("msdoctor").joinpath(_TEMPLATES, name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Nothing is loaded, and nothing runs but what was written here; the hashes are of what stands between the tags."""
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    style_hash, script_hash = digests
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}';"
        " base-uri 'none'; form-action 'none'"
    )


# Text


def _shown(value: Any) -> Any:
    """What the templates print: text with an escape for each character that could hide or reorder others."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return value if value.isprintable() else "\n".join(map(visible, value.split("\n")))
    return value


def _prose(text: str) -> Markup:
    """A sentence on one line, what stands in backticks set as a command."""
    parts = _COMMAND.split(visible(one_line(text)))
    return Markup().join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def _time(at: datetime | str) -> str:
    """In UTC. One that is text already is such a time, or stands for one."""
    return at if isinstance(at, str) else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


# What stands where


@dataclass(frozen=True, slots=True)
class Telling:
    """A block as the page tells it.

    ``told``: those of its causes that stand there in full; ``packed``: the others. ``anchor`` is its place in the page.
    """

    block: Block
    anchor: str
    word: str
    told: tuple[Cause, ...]
    packed: tuple[Cause, ...]
    is_open: bool

    @property
    def is_possible(self) -> bool:
        """Whether nothing better than possible speaks for it."""
        return all(cause.finding.confidence is Confidence.POSSIBLE for cause in self.block.causes)

    @property
    def weighs(self) -> bool:
        """Whether it is more than a mere note."""
        return bool(self.block.first.breaks or self.block.first.finding.effects)

    @property
    def no_help(self) -> tuple[str, ...]:
        """What does not heal it, each with the reason."""
        return bullets(self.block.first.check.manual, "What will not help")

    def remedies(self, causes: Iterable[Cause]) -> list[Remedy]:
        """What heals these; what does not hurt today, or may not be it, is never healed by weakening."""
        found = report_causes.remedies(causes)
        if self.block.first.breaks and not self.is_open:
            return found
        return [remedy for remedy in found if Risk.WEAKENS_SECURITY not in remedy.risks]


def _telling(block: Block, report: Report) -> Telling:
    most = len(block.causes) if len(block.causes) <= MOST_OPEN else MOST_MEMBERS
    return Telling(
        block,
        f"cause-{block.number}",
        report_head.word(block),
        block.causes[:most],
        block.causes[most:],
        is_open(block, report),
    )


def _head(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    """What was looked at, as whom and from where: names and values."""
    context = diagnosis.context
    if not of_cluster(diagnosis):
        yield "seen", "files alone, no cluster"
        return
    yield "cluster", context.cluster or "(no name)"
    yield "asked as", context.user or "(no user)"
    yield "seen from", and_list([vantage.replace("/", " ", 1) for vantage in context.vantages])
    yield "API server", context.server or "(no server)"
    if diagnosis.server_version:
        yield "Kubernetes", diagnosis.server_version


def _tiles(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    """Who is blind, and how much was seen: numbers, and what they count."""
    flow = diagnosis.flow
    if flow.blind_nodes:
        yield share(len(flow.blind_nodes), flow.nodes_of, "node"), "blind"
    if flow.blind_hpas:
        yield share(len(flow.blind_hpas), flow.hpas_of, "HPA"), "blind"
    if flow.blind_vpas:
        yield share(len(flow.blind_vpas), flow.vpas_of, "VPA"), "blind"
    if flow.nodes_seen:
        yield share(flow.nodes_seen, flow.nodes_of, "node"), "with metrics"
        if flow.pods_seen is not None:
            yield share(flow.pods_seen, flow.pods_of, "pod"), "with metrics"
        if flow.newest_sample_age_seconds is not None:
            yield f"{flow.newest_sample_age_seconds} s", "age of the newest sample"


def _anchor(number: int) -> str:
    return f"cause-{number}"


def _host(item: Evidence) -> str:
    """The host that a thing was read on, where that is not said already."""
    host = item.origin.removeprefix("host/")
    return host if host != item.origin and host not in item.where else ""


def _explained(causes: Sequence[Cause]) -> list[tuple[str, list[str]]]:
    """Symptoms by their ids, each told once."""
    every: dict[str, list[Explained]] = {}
    for item in dict.fromkeys(item for cause in causes for item in cause.explains):
        every.setdefault(item.id, []).append(item)
    return [(name, [item.summary or name for item in alike]) for name, alike in every.items()]


def _ways(remedies: Sequence[Remedy]) -> list[list[tuple[str, Remedy]]]:
    """Steps by the way that they belong to, each with its name."""
    named = [(report_causes.label(remedies, remedy), remedy) for remedy in remedies]
    return [list(steps) for _, steps in groupby(named, key=lambda item: item[1].way)]


def _pack(environment: Environment, telling: Telling) -> str:
    """The causes that are too many to stand in the page."""
    macro: Any = environment.get_template("cause.html").module

    def tell(cause: Cause) -> str:
        return str(macro.cause(telling, (cause,), ", ".join(cause.finding.subjects), "h6"))

    return packed(telling.packed, tell, _time)
