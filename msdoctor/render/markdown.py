"""A diagnosis as Markdown, to paste into a ticket: GitHub's and GitLab's dialect, readable as plain text too.

Nothing that comes from a cluster is markup. Prose is escaped; what a reader would make a link, a mention or a formula
of is set as code, in which none of that is read; and code is fenced by more backticks than it holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC

from msdoctor import __version__
from msdoctor.called import called
from msdoctor.diagnosis import Cause, Diagnosis, HopReport, HopState
from msdoctor.judge import Result
from msdoctor.model import Class, Evidence, Look, Remedy, Risk, State, bullets
from msdoctor.pipeline import NAMES

from .blocks import MOST_MEMBERS, Block, Report, blocks, is_open, of_cluster, some
from .formats import Style
from .report_causes import (
    MOST_HINTS,
    MOST_QUOTED,
    RISKS,
    confidence,
    label,
    location,
    machine,
    meaning,
    remedies,
    symbol,
    when,
)
from .report_head import (
    HOP_STATES,
    blocks_at,
    counts,
    headline,
    in_order,
    meanwhile,
    scale_by_hand,
    symptoms_at,
    verdict_word,
    word,
)
from .report_rest import ASK_AS_CONTROLLER, PROVES_LITTLE, alike, because, next_step, proven, proves_little
from .terminal import Page, one_line, visible
from .words import and_list, count

_MARKUP = re.compile(r"[\\`*_{}\[\]<>&|~#]")
_STARTS = re.compile(r"^([-+=]|\d+(?=[.)]))")  # what begins a list, an underline
# Mentions, links, references, formulas, emoji: what GitHub and GitLab read out of plain words, escaped or not. And
# flags, whose dashes some readers join.
_READ = re.compile(r"[@$]|://|www\.|(^|\W)[#!%&^~]\w|GH-\d|:[\w+-]+(:|$)|^--\w")


def render(diagnosis: Diagnosis, style: Style) -> str:
    """Paragraphs with an empty line between them."""
    report = Report(diagnosis, Page(80, colour=False), style.verbose, style.age, blocks(diagnosis.causes))
    return "\n\n".join(_paragraphs(report)) + "\n"


def cut(whole: str, most: int) -> str:
    """The first paragraphs, of at most so many bytes; no fence and no fold is left open."""
    rest = f"\n\n… the rest does not fit here: `{called()} run` tells it all.\n"
    kept, size = [], len(rest.encode())
    for part in whole.split("\n\n"):
        size += len(part.encode("utf-8", "backslashreplace")) + 2
        if size > most - 100:
            break
        kept.append(part)
    text = "\n\n".join(kept)
    fences = re.findall(r"^(`{3,})", text, re.MULTILINE)
    open_fence = f"\n{fences[-1]}" if len(fences) % 2 else ""
    open_fold = "\n\n</details>" * (text.count("<details>") - text.count("</details>"))
    return f"{text}{open_fence}{open_fold}{rest}"


# How text becomes Markdown


def prose(text: str, *, cell: bool = False) -> str:
    """Text as text, with what stands in backticks as code. ``cell``: within a table."""
    pieces = re.split(r"(?<!`)`([^`]+)`(?!`)", visible(one_line(text)))
    told = (code(piece, cell=cell) if place % 2 else _words(piece, cell) for place, piece in enumerate(pieces))
    return _unlisted(_joined(told))


def code(text: str, *, cell: bool = False) -> str:
    """Text in which nothing is read, on one line."""
    text = visible(one_line(text))
    if not text:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    spanned = f"{fence}{space}{text}{space}{fence}"
    return spanned.replace("|", "\\|") if cell else spanned


def commands(lines: Iterable[str]) -> str:
    """Commands to copy, in a block of their own."""
    text = "\n".join(visible(line) for command in lines for line in command.strip("\n").split("\n"))
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    return f"{fence}sh\n{text}\n{fence}"


def _words(text: str, cell: bool) -> str:
    words = re.split(r"(\s+)", text)
    return _joined(code(part, cell=cell) if _READ.search(part) else _escaped(part) for part in words)


def _joined(parts: Iterable[str]) -> str:
    """One after the other, where no two fences may grow together."""
    whole = ""
    for part in parts:
        whole += f" {part}" if whole.endswith("`") and part.startswith("`") else part
    return whole


def _escaped(text: str) -> str:
    return _MARKUP.sub(lambda match: f"\\{match[0]}", text)


def _unlisted(text: str) -> str:
    """Without what would begin a list or underline a heading, at the beginning of a line."""
    return _STARTS.sub(lambda match: f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}", text)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _fold(title: str, *paragraphs: str) -> list[str]:
    """What is shown when asked for. The empty lines around it let Markdown be read inside."""
    return [f"<details><summary>{title}</summary>", *paragraphs, "</details>"]


# The report


def _paragraphs(report: Report) -> Iterator[str]:
    yield from _head(report)
    for block in report.blocks:
        if block.first.breaks or block.first.finding.effects:
            yield from _block(block, report)
    yield from _notes(report)
    yield from _alternatives(report)
    yield from _elsewhere(report.diagnosis)
    yield from _unexplained(report.diagnosis)
    yield from _rest(report)


def _head(report: Report) -> Iterator[str]:
    diagnosis = report.diagnosis
    yield f"## {verdict_word(diagnosis)}: {prose(headline(report))}"
    counted = counts(diagnosis)
    if counted:
        yield f"**{prose(counted)}**"
    if not of_cluster(diagnosis):
        yield f"Files of a repository, before any cluster is made of them. Judged at {_seen_at(report)}."
        return
    yield _context(report)
    if diagnosis.hops:
        yield "\n".join(("| | hop | state | |", "|---|---|---|---|", *(_hop(hop, report) for hop in diagnosis.hops)))
    order = [str(block.number) for block in in_order(report)]
    if order:
        yield f"Repair in this order: {', then '.join(order)}."
    blind = diagnosis.flow.blind_hpas
    if blind:
        yield prose(meanwhile(report))
        yield commands(f"{scale_by_hand(hpa)}  # now {hpa.replicas}" for hpa in blind[:MOST_MEMBERS])


def _context(report: Report) -> str:
    diagnosis, context = report.diagnosis, report.diagnosis.context
    vantages = and_list([prose(vantage.replace("/", " ", 1)) for vantage in context.vantages])
    user = f" as {code(context.user)}" if context.user else ""
    version = f"Kubernetes {prose(diagnosis.server_version)} at " if diagnosis.server_version else ""
    server = f" {version}{code(context.server)}." if context.server else ""
    return f"Cluster {code(context.cluster or '(no name)')}{user}, from {vantages}.{server} Seen at {_seen_at(report)}."


def _seen_at(report: Report) -> str:
    age = f", {prose(report.age)}" if report.age else ""
    return f"{report.diagnosis.taken_at.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}{age}"


def _hop(hop: HopReport, report: Report) -> str:
    sign, state, _ = HOP_STATES[hop.state]
    here = [f"{word(block)} {block.number}" for block in blocks_at(hop, report)] or symptoms_at(hop, report)
    said = hop.state in (HopState.OK, HopState.UNKNOWN) and hop.note == "not seen"
    note = ", ".join((*here, *([hop.note] if hop.note and not said else [])))
    return f"| {hop.hop} | {NAMES[hop.hop]} | {sign} {state} | {prose(note, cell=True)} |"


def _block(block: Block, report: Report) -> Iterator[str]:
    """All that is known of one disease; of one that does not hurt, less."""
    finding = block.first.finding
    kind = "risk" if block.first.check.cls is Class.RISK else "" if finding.state is State.ACTIVE else finding.state
    sure = ", ".join(filter(None, (confidence(block), kind)))
    yield f"### {block.number}. {symbol(block)} {code(block.first.id)}: {sure}"
    yield f"At {_names(block.subjects, report)}."
    if kind != "risk" and meaning(block, report.diagnosis):
        yield meaning(block, report.diagnosis)
    shown = block.causes if report.verbose or len(block.causes) <= MOST_MEMBERS else block.causes[:1]
    for cause in shown:
        yield from _cause(cause, report)
    if len(shown) < len(block.causes):
        left = [subject for cause in block.causes[len(shown) :] for subject in cause.finding.subjects]
        command = "run" if of_cluster(report.diagnosis) else "preflight"
        yield f"And {len(left)} more, each with commands of its own: `{called()} {command} --verbose`."
    if block.first.breaks:
        yield from _explains(block, report)
    if block.first.breaks and is_open(block, report):
        return
    every = remedies(shown)
    safe = every if block.first.breaks else [item for item in every if Risk.WEAKENS_SECURITY not in item.risks]
    for remedy in safe:
        yield from _remedy(safe, remedy)
    hints = bullets(block.first.check.manual, "What will not help")[:MOST_HINTS] if block.first.breaks else ()
    if hints:
        yield from _fold("What will not help", _bullets(map(prose, hints)))


def _cause(cause: Cause, report: Report) -> Iterator[str]:
    finding = cause.finding
    told = [prose(finding.summary)]
    if finding.since:
        changed = f": {prose(finding.changed)}" if finding.changed else ""
        told.append(f"Since {report.time(finding.since)}{changed}.")
    if finding.location:
        told.append(f"File {code(location(finding.location))}.")
    yield " ".join(told)
    yield from _fold("Evidence", _bullets(_evidence(item, report) for item in finding.evidence))


def _evidence(item: Evidence, report: Report) -> str:
    host = item.origin.removeprefix("host/")
    origin = f", read on {code(host)}" if host != item.origin and host not in item.where else ""
    at = f", {report.time(item.at)}" if item.at else ""
    how = f"  \n  {code(item.how)}" if item.how else ""
    saw = one_line(item.saw, 0 if report.verbose else MOST_QUOTED)
    return f"{prose(saw)}  \n  {prose(item.where)}{origin}{at}{how}"


def _explains(block: Block, report: Report) -> Iterator[str]:
    explained = list(dict.fromkeys(item for cause in block.causes for item in cause.explains))
    if not explained:
        return
    lines = [prose(item.summary or item.id) for item in explained]
    most = len(lines) if report.verbose or len(lines) <= MOST_MEMBERS + 1 else MOST_MEMBERS
    more = [f"and {len(lines) - most} more"] if len(lines) > most else []
    yield "It explains:"
    yield _bullets((*lines[:most], *more))


def _remedy(every: Sequence[Remedy], remedy: Remedy) -> Iterator[str]:
    cost = f" ({', '.join(RISKS[risk] for risk in remedy.risks)})" if remedy.risks else ""
    name = label(every, remedy) or "then"
    yield f"**{name[0].upper()}{name[1:]}** on {prose(machine(remedy.on))}{cost}: {prose(remedy.advice)}"
    if remedy.commands:
        yield commands(remedy.commands)
    if remedy.verify:
        yield f"Shows {when(remedy)}:"
        yield commands([one_line(remedy.verify)])
    if remedy.undo:
        yield from _fold("Undo", commands(remedy.undo))


def _notes(report: Report) -> Iterator[str]:
    told = [block.first for block in report.blocks if not block.first.breaks and not block.first.finding.effects]
    if told:
        yield _bullets(f"{code(cause.id)}: {prose(cause.finding.summary)}" for cause in told)


def _alternatives(report: Report) -> Iterator[str]:
    if report.diagnosis.alternatives:
        yield "### Not told apart from here; a look decides"
    for item in report.diagnosis.alternatives:
        about = f" at {_names(item.subjects, report)}" if item.subjects else ""
        yield f"{' or '.join(map(code, item.ids))}{about}: {prose(item.why)}"
        yield _bullets(
            f"{code(look.then)} if {prose(look.shows)}{_on(look)}:  \n  {code(look.look)}" for look in item.decide
        )


def _on(look: Look) -> str:
    return f", on {prose(look.on)}" if look.on else ""


def _elsewhere(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.elsewhere:
        yield "### Elsewhere, and no matter of resource metrics"
        yield _bullets(f"{code(cause.id)}: {prose(cause.finding.summary)}" for cause in diagnosis.elsewhere)


def _unexplained(diagnosis: Diagnosis) -> Iterator[str]:
    lasting = [item for item in diagnosis.unexplained if not item.passes]
    passing = [item for item in diagnosis.unexplained if item.passes]
    for place, item in enumerate((*lasting, *passing)):
        if place == 0 and lasting:
            yield "### Seen, and explained by no known cause"
        if place == len(lasting):
            yield "### Seen, and over by itself, as a rule"
        yield f"{code(item.id)} at {and_list(list(map(code, item.subjects)))}: {prose(item.summary)}"
        if item.look:
            yield commands(map(one_line, item.look))


def _rest(report: Report) -> Iterator[str]:
    diagnosis = report.diagnosis
    for contradiction in diagnosis.contradictions:
        yield f"Contradiction: {prose(contradiction)}."
    yield from map(prose, proven(report))
    if proves_little(report):
        yield prose(PROVES_LITTLE)
        yield commands([ASK_AS_CONTROLLER])
    if diagnosis.suppressed:
        lines = (
            f"{code(item.id)} at {_names(item.subjects, report)}: {prose(item.summary)} Why not: {prose(because(item))}"
            for item in diagnosis.suppressed
        )
        yield from _fold("Found, and not counted", _bullets(lines))
    if diagnosis.remarks:
        yield "About the settings:"
        yield _bullets(f"{prose(item.text)}{item.where and f' ({code(item.where)})'}" for item in diagnosis.remarks)
    step = next_step(report)
    if step:
        yield prose(step)
    if diagnosis.gaps:
        title = "Not seen" if of_cluster(diagnosis) else "Not seen, and so neither passed nor failed"
        yield from _fold(title, _bullets(_gaps(report)))
    if diagnosis.sources and not of_cluster(diagnosis):
        read = (f"{code(f'{source.file}:{source.line}')}: {prose(source.what)}" for source in diagnosis.sources)
        yield from _fold(f"Read {count(len(diagnosis.sources), 'part')} of this pipeline's", _bullets(read))
    counted = Counter(item.outcome for item in diagnosis.checks)
    ends = ", ".join(f"{counted[result]} {result}" for result in Result if counted[result])
    crashed = [f"{code(c.id)}: {prose(c.reason)}" for c in diagnosis.checks if c.outcome is Result.ERROR]
    if crashed:
        yield _bullets(crashed)
    yield f"{count(len(diagnosis.checks), 'check')}{f': {ends}' if ends else ''}. msdoctor {__version__}."


def _gaps(report: Report) -> Iterator[str]:
    for (reason, remedy), members in alike(report.diagnosis.gaps).items():
        names = [f"{gap.what}{f' (and {gap.count - 1} more)' if gap.count > 1 else ''}" for gap in members]
        see = f"; see it with {code(remedy)}" if remedy else ""
        yield f"{prose(some(names, report))}: {prose(reason)}{see}"


def _names(subjects: Sequence[str], report: Report) -> str:
    shown = subjects if report.verbose or len(subjects) <= MOST_MEMBERS + 1 else subjects[:MOST_MEMBERS]
    left = [f"{len(subjects) - len(shown)} more"] if len(shown) < len(subjects) else []
    return and_list([*map(code, shown), *left])
