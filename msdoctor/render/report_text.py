"""A diagnosis as text, for a reader at 3 a.m.: what is the matter, how it is known, what to type, and when it shows.

Read top-down: each section is a function that yields whole lines, and ``_SECTIONS`` is their order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from msdoctor.diagnose import MASTERS, Cause, Diagnosis, Explained, HopReport, HopState, Verdict
from msdoctor.facts.gaps import Gap
from msdoctor.judge import Result
from msdoctor.model import Class, Evidence, Finding, Hop, Location, Remedy, Risk, State, bullets
from msdoctor.pipeline import NAMES
from msdoctor.vocabulary import VOCABULARY

from .terminal import BODY, BOLD, GREEN, MARGIN, RED, YELLOW, Page, one_line, plain_ascii, single, visible

MOST_QUOTED = 300  # characters of a thing seen; all of it with verbose, and in JSON
MOST_EVIDENCE = 4
MOST_MEMBERS = 3  # causes of one id told in full; of more, the first stands for all
MOST_NAMES = 4
MOST_HINTS = 3

_VERDICTS = {
    Verdict.HEALTHY: GREEN,
    Verdict.AT_RISK: YELLOW,
    Verdict.DEGRADED: YELLOW,
    Verdict.BROKEN: RED,
    Verdict.INCOMPLETE: YELLOW,
}
_HOP_STATES = {
    HopState.OK: ("✓", "ok", GREEN),
    HopState.AT_RISK: ("!", "at risk", YELLOW),
    HopState.DEGRADED: ("‼", "degraded", YELLOW),
    HopState.BROKEN: ("✗", "broken", RED),
    HopState.UNKNOWN: ("?", "unknown", ""),
}
# Each name in two lines of at most nine columns, so that eight hops stand side by side in eighty.
_HOP_LABELS = {
    Hop.A: ("API", "server"),
    Hop.B: ("API-", "Service"),
    Hop.C: ("aggre-", "gator"),
    Hop.D: ("metrics-", "server"),
    Hop.E: ("kubelet", "TLS"),
    Hop.F: ("kubelet", "auth"),
    Hop.G: ("kubelet", "data"),
    Hop.H: ("HPA,", "kubectl"),
}
_CELL = 10
_STATES = {State.ACTIVE: "✗", State.NEXT: "»", State.LATENT: "!"}
_RISKS = {Risk.DISRUPTIVE: "interrupts service", Risk.WEAKENS_SECURITY: "WEAKENS SECURITY"}
_HPA_CONTROLLER = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"


def text(
    diagnosis: Diagnosis,
    *,
    width: int = 80,
    colour: bool = False,
    verbose: bool = False,
    age: str = "",
    ascii_only: bool = False,
) -> str:
    """The report. ``age`` says how old the data is ("1.1 s", "taken 3 d ago"): nothing here looks at a clock.

    ``ascii_only`` is for an output whose encoding has no ``✗``.
    """
    report = _Report(diagnosis, Page(width, colour), verbose, age, _blocks(diagnosis.causes))
    sections = [list(section(report)) for section in _SECTIONS]
    whole = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    return plain_ascii(whole) if ascii_only else whole


@dataclass(frozen=True, slots=True)
class _Block:
    """Causes of one id and state, told together: a certificate made wrong once is often on many nodes."""

    number: int
    causes: tuple[Cause, ...]

    @property
    def first(self) -> Cause:
        return self.causes[0]

    @property
    def subjects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(subject for cause in self.causes for subject in cause.finding.subjects))


@dataclass(frozen=True, slots=True)
class _Report:
    diagnosis: Diagnosis
    page: Page
    verbose: bool
    age: str
    blocks: tuple[_Block, ...]

    @property
    def active(self) -> list[_Block]:
        return [block for block in self.blocks if block.first.breaks]

    def time(self, at: datetime) -> str:
        """In UTC; with its date where that is not the report's."""
        at, now = at.astimezone(UTC), self.diagnosis.taken_at.astimezone(UTC)
        return f"{at:%H:%M:%SZ}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%SZ}"


def _blocks(causes: Iterable[Cause]) -> tuple[_Block, ...]:
    grouped: dict[tuple[str, State], list[Cause]] = {}
    for cause in causes:
        grouped.setdefault((cause.id, cause.finding.state), []).append(cause)
    return tuple(_Block(number, tuple(members)) for number, members in enumerate(grouped.values(), 1))


# What was looked at, and the whole in one line


def _header(report: _Report) -> Iterator[str]:
    context, taken_at = report.diagnosis.context, report.diagnosis.taken_at.astimezone(UTC)
    vantages = _and([vantage.replace("/", " ", 1) for vantage in context.vantages])
    user = f" as {context.user}" if context.user else ""
    age = f", {report.age}" if report.age else ""
    yield from report.page.wrapped(f"cluster {context.cluster or '(no name)'}{user}, from {vantages}")
    version = f"Kubernetes {report.diagnosis.server_version} at " if report.diagnosis.server_version else ""
    yield from report.page.wrapped(f"{version}{context.server or '(no server)'}")
    # A line of its own: it alone differs between a live report and the replay of what it saw.
    yield f"seen at {taken_at:%Y-%m-%d %H:%M:%SZ}{age}"


def _verdict(report: _Report) -> Iterator[str]:
    verdict = report.diagnosis.verdict
    left = f"{verdict.upper()}   {_headline(report)}"
    yield from report.page.sides(left, _counts(report.diagnosis), BOLD, _VERDICTS[verdict])


def _headline(report: _Report) -> str:
    diagnosis, active = report.diagnosis, report.active
    causes = _count(len(active), "cause")
    if diagnosis.verdict is Verdict.BROKEN:
        return f"no metrics for anybody: {causes}"
    if diagnosis.verdict is Verdict.DEGRADED:
        return f"{_missing(diagnosis)}: {causes}"
    if diagnosis.verdict is Verdict.INCOMPLETE:
        return _undecided(report)
    if diagnosis.verdict is Verdict.AT_RISK:
        return f"metrics flow today: {_worries(report)}"
    return "metrics flow"


def _missing(diagnosis: Diagnosis) -> str:
    flow = diagnosis.flow
    if not flow.nodes_seen:
        return "metrics were not seen to flow"
    return "metrics are missing" if flow.blind_nodes else "not everything works"


def _undecided(report: _Report) -> str:
    if report.active:
        return _count(len(report.active), "possible cause")
    if report.diagnosis.unexplained:
        return f"{_count(len(report.diagnosis.unexplained), 'symptom')}, no known cause"
    return "metrics not seen to flow, no cause found"


def _worries(report: _Report) -> str:
    risks = [block for block in report.blocks if block.first.check.cls is Class.RISK and block.first.finding.effects]
    faults = [block for block in report.blocks if block.first.check.cls is Class.CAUSE]
    counted = ((len(risks), "risk"), (len(faults), "hidden fault"))
    return ", ".join(_count(number, noun) for number, noun in counted if number)


def _counts(diagnosis: Diagnosis) -> str:
    """Who is blind; where nobody is known to be, how much was seen."""
    flow = diagnosis.flow
    blind = []
    if flow.blind_nodes:
        blind.append(_share(len(flow.blind_nodes), flow.nodes_of, "node"))
    if flow.blind_hpas:
        blind.append(_share(len(flow.blind_hpas), flow.hpas_of, "HPA"))
    if blind:
        return "blind: " + ", ".join(blind)
    if not flow.nodes_seen:
        return ""
    seen = [_share(flow.nodes_seen, flow.nodes_of, "node")]
    if flow.pods_seen is not None and diagnosis.verdict is Verdict.HEALTHY:
        seen.append(_share(flow.pods_seen, flow.pods_of, "pod"))
    return "seen: " + ", ".join(seen)


# The pipeline


def _pipeline(report: _Report) -> Iterator[str]:
    hops, page = report.diagnosis.hops, report.page
    if page.width < 2 + _CELL * len(hops) - 2:
        for hop in hops:
            symbol, word, colour = _HOP_STATES[hop.state]
            yield f"  {hop.hop} {page.paint(symbol, BOLD, colour)} {NAMES[hop.hop]:<15} {page.paint(word, colour)}"
    else:
        yield from _row(hops, page)
    notes: dict[str, list[str]] = {}
    for hop in hops:
        note = _note(hop, report)
        if note:
            notes.setdefault(note, []).append(hop.hop)
    lines = list(page.pieces((f"{', '.join(letters)} {note}" for note, letters in notes.items()), "  "))
    yield from ["", *lines] if lines else []


def _row(hops: Sequence[HopReport], page: Page) -> Iterator[str]:
    """Four lines: letters and symbols on a rail, names in two lines, states in words."""
    rail, upper, lower, words = "", "", "", ""
    for hop in hops:
        symbol, word, colour = _HOP_STATES[hop.state]
        above, below = _HOP_LABELS[hop.hop]
        last = hop is hops[-1]
        rail += f"{hop.hop} {page.paint(symbol, BOLD, colour)}{'' if last else ' ' + '─' * (_CELL - 5) + ' '}"
        upper += f"{above:<{_CELL}}"
        lower += f"{below:<{_CELL}}"
        words += page.paint(word, colour) + " " * (_CELL - len(word))
    yield from (f"  {line}".rstrip() for line in (rail, upper, lower, words))


def _note(hop: HopReport, report: _Report) -> str:
    """Why a hop is not ok: which cause below sits there, else which symptom, and what the pipeline says of it."""
    if hop.state is HopState.OK or hop == HopReport(hop.hop, HopState.UNKNOWN, "not seen"):
        return hop.note if report.verbose else ""  # the row's own word has said as much
    here = [f"{_word(block)} {block.number}" for block in report.blocks if _sits(block, hop)]
    if not here and hop.state in (HopState.BROKEN, HopState.DEGRADED):
        symptoms = [item.id for cause in report.diagnosis.causes for item in cause.explains]
        symptoms += [item.id for item in report.diagnosis.unexplained]
        here = [name for name in dict.fromkeys(symptoms) if name in VOCABULARY and VOCABULARY[name].hop is hop.hop]
    return ", ".join([*here, *([hop.note] if hop.note else [])])


def _sits(block: _Block, hop: HopReport) -> bool:
    hurts = block.first.breaks or hop.state is HopState.AT_RISK
    return block.first.check.hop is hop.hop and bool(block.first.finding.effects) and hurts


def _word(block: _Block) -> str:
    return "risk" if block.first.check.cls is Class.RISK else "cause" if block.first.breaks else "fault"


# What to do first


def _order(report: _Report) -> Iterator[str]:
    if len(report.active) > 1:
        numbers = ", then ".join(str(block.number) for block in report.active)
        yield from report.page.wrapped(f"Repair in this order: {numbers}.")


def _stop_gap(report: _Report) -> Iterator[str]:
    """A blind HPA still keeps its target within its own limits, so a number by hand must lie there too."""
    blind = report.diagnosis.flow.blind_hpas
    if not blind:
        return
    one, keys = len(blind) == 1, tuple(hpa.key for hpa in blind)
    yield from report.page.wrapped(
        f"Meanwhile {_plural(len(blind), 'HPA')} {_some(keys, report)} {'scales' if one else 'scale'} nothing."
        f" Scale by hand, within {'its' if one else 'their'} limits:",
        "  ",
        first="",
    )
    for hpa in blind[:MOST_MEMBERS]:
        kind, _, name = hpa.target.partition("/")
        target = f"{_plain(kind, '<KIND>')}/{_plain(name, '<NAME>')}"
        namespace = _plain(hpa.key.partition("/")[0], "<NAMESPACE>")
        yield from report.page.command(f"kubectl -n {namespace} scale {target} --replicas=<N>  # now {hpa.replicas}")


def _plain(name: str, blank: str) -> str:
    """A name as it may stand in a command; one that no object can have, in a forged bundle, never does."""
    return name if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name) else blank


# Causes and risks


def _causes(report: _Report) -> Iterator[str]:
    yield from _joined(list(_full(block, report)) for block in report.active)


def _coming(report: _Report) -> Iterator[str]:
    """What is true and does not hurt yet, and risks: shorter, and without what weakens security."""
    rest = [block for block in report.blocks if not block.first.breaks and block.first.finding.effects]
    yield from _joined(list(_short(block, report)) for block in rest)


def _notes(report: _Report) -> Iterator[str]:
    for block in report.blocks:
        if not block.first.breaks and not block.first.finding.effects:
            summary = block.first.finding.summary
            yield from report.page.wrapped(f"{block.first.id}: {summary}", " " * MARGIN, first="  · ")


def _full(block: _Block, report: _Report) -> Iterator[str]:
    page = report.page
    yield from _title(block, RED, report)
    shown = _shown(block, report)
    for cause in shown:
        yield from page.wrapped(cause.finding.summary, " " * MARGIN)
        yield from _seen(cause.finding, report)
    yield from _others(block, shown, report)
    yield from _explains([item for cause in block.causes for item in cause.explains], report)
    yield from _repair(_remedies(shown), page)
    for place, bullet in enumerate(bullets(block.first.check.manual, "What will not help")[:MOST_HINTS]):
        yield from page.labelled("" if place else "no help", _reason(bullet, page.width - len(BODY)))


def _short(block: _Block, report: _Report) -> Iterator[str]:
    page = report.page
    yield from _title(block, YELLOW, report)
    shown = _shown(block, report)
    for cause in shown:
        yield from page.wrapped(cause.finding.summary, " " * MARGIN)
        yield from _evidence(cause.finding.evidence[:1], report)
    yield from _others(block, shown, report)
    safe = [remedy for remedy in _remedies(shown) if Risk.WEAKENS_SECURITY not in remedy.risks]
    yield from _repair(safe, page)


def _title(block: _Block, colour: str, report: _Report) -> Iterator[str]:
    finding, cls = block.first.finding, block.first.check.cls
    sure = _and(list(dict.fromkeys(str(cause.finding.confidence) for cause in block.causes)))
    kind = "risk" if cls is Class.RISK else {State.NEXT: "next", State.LATENT: "latent"}.get(finding.state, "")
    symbol = "!" if cls is Class.RISK else _STATES[finding.state]
    sure = f"{sure}, {kind}" if kind else sure
    left = f"{block.number} {symbol} {block.first.id}   {sure}"
    yield from report.page.sides(left, _some(block.subjects, report, 2), BOLD, colour)
    if kind in ("next", "latent"):
        meaning = (
            "Hidden behind the causes above; it shows once they are healed."
            if kind == "next"
            else "True, and nothing fails by it today."
        )
        yield from report.page.wrapped(meaning, " " * MARGIN)


def _shown(block: _Block, report: _Report) -> tuple[Cause, ...]:
    return block.causes if report.verbose or len(block.causes) <= MOST_MEMBERS else block.causes[:1]


def _others(block: _Block, shown: Sequence[Cause], report: _Report) -> Iterator[str]:
    left = [subject for cause in block.causes[len(shown) :] for subject in cause.finding.subjects]
    if left:
        yield from report.page.labelled(
            "and", f"{len(left)} more: {_some(left, report)}; each with commands of its own: `msdoctor run --verbose`"
        )


def _seen(finding: Finding, report: _Report) -> Iterator[str]:
    most = len(finding.evidence) if report.verbose else MOST_EVIDENCE
    yield from _evidence(finding.evidence[:most], report)
    if len(finding.evidence) > most:
        yield from report.page.labelled("", f"and {len(finding.evidence) - most} more, shown with --verbose")
    if finding.location:
        yield from report.page.labelled("file", _location(finding.location))
    if finding.since:
        changed = f": {finding.changed}" if finding.changed else ""
        yield from report.page.labelled("since", f"{report.time(finding.since)}{changed}")


def _location(location: Location) -> str:
    return ":".join(str(part) for part in (location.file, location.line, location.column) if part is not None)


def _evidence(items: Sequence[Evidence], report: _Report) -> Iterator[str]:
    """What was seen and where, and once for all that it shows, the command."""
    page = report.page
    for place, item in enumerate(items):
        host = item.origin.removeprefix("host/")
        origin = f", read on {host}" if host != item.origin and host not in item.where else ""
        at = f", {report.time(item.at)}" if item.at else ""
        yield from page.labelled("saw", one_line(item.saw, 0 if report.verbose else MOST_QUOTED))
        yield from page.wrapped(f"{item.where}{origin}{at}", BODY)
        if item.how and (place + 1 == len(items) or items[place + 1].how != item.how):
            yield from page.command(single(item.how), BODY)


def _explains(items: Sequence[Explained], report: _Report) -> Iterator[str]:
    by_id: dict[str, list[Explained]] = {}
    for item in dict.fromkeys(items):
        by_id.setdefault(item.id, []).append(item)
    label = "explains"
    for name, alike in by_id.items():
        if len(alike) > MOST_MEMBERS and not report.verbose:
            subjects = [subject for item in alike for subject in item.subjects]
            yield from report.page.labelled(label, f"{name}: {len(alike)} times, {_some(subjects, report)}")
            label = ""
            continue
        for item in alike:
            yield from report.page.labelled(label, item.summary or name)
            label = ""


def _remedies(causes: Iterable[Cause]) -> list[Remedy]:
    """All, in order; one that several causes share comes once, after the others."""
    every = [remedy for cause in causes for remedy in cause.finding.remedies]
    return list(dict.fromkeys(reversed(every)))[::-1]


def _repair(remedies: Sequence[Remedy], page: Page) -> Iterator[str]:
    for number, remedy in enumerate(remedies, 1):
        label = f"repair {number}" if len(remedies) > 1 else "repair"
        yield from page.labelled(label, f"on {_machine(remedy.on)}{_at_what_cost(remedy)}: {remedy.advice}")
        for command in remedy.commands:
            yield from page.command(command)
        if remedy.verify:
            seconds = remedy.shows_within_seconds
            lead = f"within {seconds} s:" if seconds else "at once:"
            yield from page.labelled_command("shows", lead, single(remedy.verify))
        for place, command in enumerate(remedy.undo):
            yield from page.labelled_command("" if place else "undo", "", command)


def _at_what_cost(remedy: Remedy) -> str:
    return f" ({', '.join(_RISKS[risk] for risk in remedy.risks)})" if remedy.risks else ""


def _machine(on: str) -> str:
    """``control-plane/k8s-master`` in words."""
    kind, _, name = on.partition("/")
    return {"workstation": "your workstation", "repository": "your repository"}.get(kind, name or kind)


# What is left


def _unexplained(report: _Report) -> Iterator[str]:
    found, page = report.diagnosis.unexplained, report.page
    if not found:
        return
    yield page.paint("Seen, and explained by no known cause:", BOLD)
    for item in found:
        yield from page.sides(f"  ? {item.id}", _some(item.subjects, report, 2), YELLOW)
        yield from page.wrapped(item.summary, " " * MARGIN)
        for place, look in enumerate(item.look):
            yield from page.labelled_command("" if place else "look at", "", single(look))


def _contradictions(report: _Report) -> Iterator[str]:
    for item in report.diagnosis.contradictions:
        yield from report.page.wrapped(f"{item}.", "  ", first="Contradiction: ")


def _proof(report: _Report) -> Iterator[str]:
    """That metrics flow, how fresh, and for whom that holds."""
    flow, page = report.diagnosis.flow, report.page
    if not flow.nodes_seen:
        return
    pods = "" if flow.pods_seen is None else f" and {_share(flow.pods_seen, flow.pods_of, 'pod')}"
    newest = flow.newest_sample_age_seconds
    age = "" if newest is None else f"; the newest sample is {newest} s old"
    asked = f", asked as {flow.asked_as}" if flow.asked_as else ""
    lead = "Proof: fresh" if report.diagnosis.verdict is Verdict.HEALTHY else "Fresh"
    nodes = _share(flow.nodes_seen, flow.nodes_of, "node")
    yield from page.wrapped(f"{lead} metrics of {nodes}{pods}{age}{asked}.", "  ", first="")
    if not flow.conclusive:
        yield from page.wrapped(
            f"But this user is of {MASTERS}, which metrics-server never checks: that it is answered proves nothing"
            " about anybody else. Ask as the HPA controller does:",
            "  ",
        )
        yield from page.command(f"kubectl get --raw /apis/metrics.k8s.io/v1beta1/pods --as={_HPA_CONTROLLER}")


def _requirements(report: _Report) -> Iterator[str]:
    if report.verbose and report.diagnosis.requirements:
        rows = [(item.id, item.state, item.because) for item in report.diagnosis.requirements]
        yield report.page.paint("What metrics-server requires:", BOLD)
        yield from _table(rows, report.page)


def _checks(report: _Report) -> Iterator[str]:
    checks, page = report.diagnosis.checks, report.page
    if not checks:
        return
    if report.verbose:
        yield page.paint("Checks:", BOLD)
        yield from _table([(item.id, str(item.outcome), item.reason) for item in checks], page)
        return
    counted = Counter(item.outcome for item in checks)
    ends = ", ".join(f"{counted[result]} {result}" for result in Result if counted[result])
    yield from page.wrapped(f"{_count(len(checks), 'check')}: {ends} (each with --verbose)")
    for item in checks:
        if item.outcome is Result.ERROR:
            yield from page.wrapped(f"{item.id}: {item.reason}", "    ", first="  ")


def _next(report: _Report) -> Iterator[str]:
    """What to do where nothing above says it."""
    diagnosis = report.diagnosis
    if diagnosis.verdict is Verdict.INCOMPLETE and not diagnosis.causes and not diagnosis.unexplained:
        reason = f" ({one_line(diagnosis.gaps[0].reason, 200)})" if diagnosis.gaps else ""
        advice = f"Next: see to what stands first under Not seen{reason}, and run it again."
        if not diagnosis.server_version:
            advice = (
                f"Next: the API server told nothing{reason}. See whether `kubectl get --raw /version` gets an answer"
                " with the same kubeconfig, and run it again."
            )
        yield from report.page.wrapped(advice, "  ", first="")


def _not_seen(report: _Report) -> Iterator[str]:
    """Every gap; where one reason keeps many things from being seen, it is said once."""
    gaps, page = report.diagnosis.gaps, report.page
    if not gaps:
        return
    yield page.paint("Not seen:", BOLD)
    alike: dict[tuple[str, str], list[Gap]] = {}
    for gap in gaps:
        alike.setdefault((gap.reason, gap.remedy), []).append(gap)
    for (reason, remedy), members in alike.items():
        what = _some([_counted(gap) for gap in members], report)
        see = f"; see it with `{remedy}`" if remedy else ""
        yield from page.wrapped(f"{what}: {reason}{see}", "    ", first="  ")


def _counted(gap: Gap) -> str:
    return f"{gap.what} (and {gap.count - 1} more)" if gap.count > 1 else gap.what


_SECTIONS: tuple[Callable[[_Report], Iterator[str]], ...] = (
    _header,
    _verdict,
    _pipeline,
    _order,
    _stop_gap,
    _causes,
    _coming,
    _notes,
    _unexplained,
    _contradictions,
    _proof,
    _next,
    _requirements,
    _checks,
    _not_seen,
)


# Words


def _joined(blocks: Iterable[list[str]]) -> Iterator[str]:
    """Blocks with an empty line between them."""
    for place, lines in enumerate(blocks):
        yield from ["", *lines] if place else lines


def _table(rows: Sequence[tuple[str, str, str]], page: Page) -> Iterator[str]:
    """Three columns, of which the last is wrapped; where no room is left for it, a paragraph for each row."""
    from tabulate import tabulate  # noqa: PLC0415  most reports have no table

    room = page.width - 2 - sum(max(len(row[column]) for row in rows) + 2 for column in (0, 1))
    if room < 35:
        for one, two, three in rows:
            yield from page.wrapped(f"{one}: {two}{f', {three}' if three else ''}", "    ", first="  ")
        return
    cells = [(visible(one), visible(two), "\n".join(page.fill(three, room))) for one, two, three in rows]
    for line in tabulate(cells, tablefmt="plain", disable_numparse=True).split("\n"):
        yield f"  {line}".rstrip()


def _reason(bullet: str, room: int) -> str:
    """``what: why, and more`` on one line: without what does not fit, but never without the first clause of the why."""
    what, colon, why = bullet.partition(": ")
    clauses = re.split(r"(?<=[,;:.]) ", why)
    told = f"{what}{colon}{clauses[0]}"
    for clause in clauses[1:]:
        if len(told) + 1 + len(clause) > room:
            break
        told = f"{told} {clause}"
    return told.rstrip(",;:.")


def _some(names: Sequence[str], report: _Report, most: int = MOST_NAMES) -> str:
    """The first few names, and how many more."""
    if report.verbose or len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _count(number: int, noun: str) -> str:
    return f"{number} {_plural(number, noun)}"


def _plural(number: int | None, noun: str) -> str:
    return noun if number == 1 else f"{noun}s"


def _share(part: int, whole: int | None, noun: str) -> str:
    """``1 of 2 nodes``, or ``1 node`` where nobody could count them all."""
    return _count(part, noun) if whole is None else f"{part} of {_count(whole, noun)}"
