"""The head of a report: what was looked at, the verdict, the pipeline, and what to do first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC

from msdoctor.diagnosis import BlindHPA, Diagnosis, HopReport, HopState, Verdict
from msdoctor.model import Class, Hop
from msdoctor.pipeline import NAMES
from msdoctor.vocabulary import VOCABULARY

from .blocks import MOST_MEMBERS, Block, Report, is_open, of_cluster, some
from .terminal import BOLD, GREEN, RED, YELLOW, Page
from .words import and_list, count, plural, share

_VERDICTS = {
    Verdict.HEALTHY: GREEN,
    Verdict.AT_RISK: YELLOW,
    Verdict.DEGRADED: YELLOW,
    Verdict.BROKEN: RED,
    Verdict.INCOMPLETE: YELLOW,
}
HOP_STATES = {
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
OF_FILES = {Verdict.HEALTHY: "OK", Verdict.AT_RISK: "AT RISK", Verdict.INCOMPLETE: "NOTHING TO JUDGE"}


# What was looked at, and the whole in one line


def header(report: Report) -> Iterator[str]:
    """Which cluster, as whom, from where, and when."""
    context, taken_at = report.diagnosis.context, report.diagnosis.taken_at.astimezone(UTC)
    vantages = and_list([vantage.replace("/", " ", 1) for vantage in context.vantages])
    user = f" as {context.user}" if context.user else ""
    age = f", {report.age}" if report.age else ""
    yield from report.page.wrapped(f"cluster {context.cluster or '(no name)'}{user}, from {vantages}")
    version = f"Kubernetes {report.diagnosis.server_version} at " if report.diagnosis.server_version else ""
    yield from report.page.wrapped(f"{version}{context.server or '(no server)'}")
    # A line of its own: it alone differs between a live report and the replay of what it saw.
    yield f"seen at {taken_at:%Y-%m-%d %H:%M:%SZ}{age}"


def verdict(report: Report) -> Iterator[str]:
    """The whole in one line."""
    verdict = report.diagnosis.verdict
    left = f"{verdict.upper()}   {headline(report)}"
    yield from report.page.sides(left, counts(report.diagnosis), BOLD, _VERDICTS[verdict])


def verdict_word(diagnosis: Diagnosis) -> str:
    """The verdict as it is said: of files, which neither live nor die, in words of their own."""
    verdict = diagnosis.verdict
    return verdict.upper() if of_cluster(diagnosis) else OF_FILES.get(verdict, verdict.upper())


def of_files(diagnosis: Diagnosis) -> str:
    """What was found in files, in numbers; of files alone it is not told whether metrics flow."""
    if diagnosis.verdict is Verdict.INCOMPLETE and not diagnosis.causes:
        numbers = "no API server, no metrics-server and no kubelet is declared here"
    else:
        told = [cause for cause in diagnosis.causes if cause.finding.effects]
        faults = sum(cause.check.cls is Class.CAUSE for cause in told)
        counted = ((faults, "fault"), (len(told) - faults, "risk"), (len(diagnosis.causes) - len(told), "note"))
        numbers = ", ".join(count(number, noun) for number, noun in counted if number) or "nothing is the matter"
    return f"{numbers}, {len(diagnosis.gaps)} not seen" if diagnosis.gaps else numbers


def headline(report: Report) -> str:
    """The verdict in a few words, with how many of those that bear it do not count."""
    aside = {item.id for item in report.diagnosis.suppressed if item.cause is None or item.cause.finding.effects}
    told = _told(report)
    return f"{told}, {len(aside)} not counted" if aside else told


def _told(report: Report) -> str:
    diagnosis, active = report.diagnosis, report.active
    if not of_cluster(diagnosis):
        return of_files(diagnosis)
    causes = count(len(active), "cause")
    if diagnosis.verdict is Verdict.BROKEN:
        return f"no metrics for anybody: {causes}"
    if diagnosis.verdict is Verdict.DEGRADED:
        return f"{_missing(diagnosis)}: {causes}"
    if diagnosis.verdict is Verdict.INCOMPLETE:
        return _undecided(report)
    if diagnosis.verdict is Verdict.AT_RISK:
        return ": ".join(part for part in ("metrics flow today", _worries(report)) if part)
    return "metrics flow"


def _missing(diagnosis: Diagnosis) -> str:
    flow, users = diagnosis.flow, diagnosis.refused_users
    if users:
        flows = "metrics flow" if flow.nodes_seen else "metrics may flow"
        return f"{flows}, and {and_list(list(users))} may not read them"
    if not flow.nodes_seen:
        return "metrics were not seen to flow"
    return "metrics are missing" if flow.blind_nodes else "not everything works"


def _undecided(report: Report) -> str:
    if report.active:
        return count(len(report.active), "possible cause")
    if report.diagnosis.unexplained:
        return f"{count(len(report.diagnosis.unexplained), 'symptom')}, no known cause"
    podless = report.diagnosis.flow.podless_nodes
    if podless and report.diagnosis.flow.nodes_seen:
        return f"no pod on {some(podless, report)} has metrics, no cause found"
    if report.diagnosis.flow.nodes_seen and not report.diagnosis.flow.conclusive:
        return "metrics flow for a member of system:masters, and are proven for nobody else"
    return "metrics not seen to flow, no cause found"


def _worries(report: Report) -> str:
    worrying = [block for block in report.blocks if block.first.finding.effects]  # a mere note has none
    risks = [block for block in worrying if block.first.check.cls is Class.RISK]
    faults = [block for block in worrying if block.first.check.cls is Class.CAUSE]
    counted = ((len(risks), "risk"), (len(faults), "hidden fault"))
    return ", ".join(count(number, noun) for number, noun in counted if number)


def counts(diagnosis: Diagnosis) -> str:
    """Who is blind; where nobody is known to be, how much was seen."""
    flow = diagnosis.flow
    blind = []
    if flow.blind_nodes:
        blind.append(share(len(flow.blind_nodes), flow.nodes_of, "node"))
    if flow.blind_hpas:
        blind.append(share(len(flow.blind_hpas), flow.hpas_of, "HPA"))
    if flow.blind_vpas:
        blind.append(share(len(flow.blind_vpas), flow.vpas_of, "VPA"))
    if blind:
        return "blind: " + ", ".join(blind)
    if not flow.nodes_seen:
        return ""
    seen = [share(flow.nodes_seen, flow.nodes_of, "node")]
    if flow.pods_seen is not None and diagnosis.verdict is Verdict.HEALTHY:
        seen.append(share(flow.pods_seen, flow.pods_of, "pod"))
    return "seen: " + ", ".join(seen)


# The pipeline


def pipeline(report: Report) -> Iterator[str]:
    """Every hop with its state, and why it is not ok."""
    hops, page = report.diagnosis.hops, report.page
    if page.width < 2 + _CELL * len(hops) - 2:
        for hop in hops:
            symbol, word, colour = HOP_STATES[hop.state]
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
        symbol, word, colour = HOP_STATES[hop.state]
        above, below = _HOP_LABELS[hop.hop]
        last = hop is hops[-1]
        rail += f"{hop.hop} {page.paint(symbol, BOLD, colour)}{'' if last else ' ' + '─' * (_CELL - 5) + ' '}"
        upper += f"{above:<{_CELL}}"
        lower += f"{below:<{_CELL}}"
        words += page.paint(word, colour) + " " * (_CELL - len(word))
    yield from (f"  {line}".rstrip() for line in (rail, upper, lower, words))


def _note(hop: HopReport, report: Report) -> str:
    """Why a hop is not ok: which cause below sits there, else which symptom, and what the pipeline says of it."""
    if hop.state is HopState.OK or hop == HopReport(hop.hop, HopState.UNKNOWN, "not seen"):
        return hop.note if report.verbose else ""  # the row's own word has said as much
    here = [f"{word(block)} {block.number}" for block in blocks_at(hop, report)]
    here = here or not_counted_at(hop, report) or symptoms_at(hop, report)
    return ", ".join([*here, *([hop.note] if hop.note else [])])


def blocks_at(hop: HopReport, report: Report) -> list[Block]:
    """What is the matter at a hop, of all that is told below; of one that is ok nothing."""
    if hop.state is HopState.OK:
        return []
    return [block for block in report.blocks if _sits(block, hop)]


def not_counted_at(hop: HopReport, report: Report) -> list[str]:
    """What is the matter at a hop and does not count, by its ids."""
    if hop.state is HopState.OK:
        return []
    causes = [item.cause for item in report.diagnosis.suppressed if item.cause]
    here = [cause for cause in causes if cause.check.hop is hop.hop and cause.finding.effects]
    return [f"{check_id}, not counted" for check_id in dict.fromkeys(cause.id for cause in here)]


def symptoms_at(hop: HopReport, report: Report) -> list[str]:
    """The ids of the symptoms by which a hop is known to fail."""
    if hop.state not in (HopState.BROKEN, HopState.DEGRADED):
        return []
    symptoms = [item.id for cause in report.diagnosis.causes for item in cause.explains]
    symptoms += [item.id for item in report.diagnosis.unexplained]
    return [name for name in dict.fromkeys(symptoms) if name in VOCABULARY and VOCABULARY[name].hop is hop.hop]


def _sits(block: Block, hop: HopReport) -> bool:
    hurts = block.first.breaks or hop.state is HopState.AT_RISK
    return block.first.check.hop is hop.hop and bool(block.first.finding.effects) and hurts


def word(block: Block) -> str:
    """What a block is called beside its number."""
    return "risk" if block.first.check.cls is Class.RISK else "cause" if block.first.breaks else "fault"


# What to do first


def order(report: Report) -> Iterator[str]:
    """In which order to repair several causes."""
    numbers = [str(block.number) for block in in_order(report)]
    if numbers:
        yield from report.page.wrapped(f"Repair in this order: {', then '.join(numbers)}.")


def in_order(report: Report) -> list[Block]:
    """Several causes in the order of their repair; none where there is nothing to order."""
    blocks = [block for block in report.active if not is_open(block, report)]
    return blocks if len(blocks) > 1 else []


def stop_gap(report: Report) -> Iterator[str]:
    """A blind HPA still keeps its target within its own limits, so a number by hand must lie there too."""
    blind = report.diagnosis.flow.blind_hpas
    if blind:
        yield from report.page.wrapped(meanwhile(report), "  ", first="")
    for hpa in blind[:MOST_MEMBERS]:
        yield from report.page.command(f"{scale_by_hand(hpa)}  # now {hpa.replicas}")


def meanwhile(report: Report) -> str:
    """What does not scale while its metrics are missing."""
    blind = report.diagnosis.flow.blind_hpas
    one, keys = len(blind) == 1, tuple(hpa.key for hpa in blind)
    return (
        f"Meanwhile {plural(len(blind), 'HPA')} {some(keys, report)} {'scales' if one else 'scale'} nothing."
        f" Scale by hand, within {'its' if one else 'their'} limits:"
    )


def scale_by_hand(hpa: BlindHPA) -> str:
    """The command that does what a blind HPA does not."""
    kind, _, name = hpa.target.partition("/")
    target = f"{_plain(kind, '<KIND>')}/{_plain(name, '<NAME>')}"
    namespace = _plain(hpa.key.partition("/")[0], "<NAMESPACE>")
    return f"kubectl -n {namespace} scale {target} --replicas=<N>"


def _plain(name: str, blank: str) -> str:
    """A name as it may stand in a command; one that no object can have, in a forged bundle, never does."""
    return name if re.fullmatch(r"[a-z0-9][a-z0-9.-]*", name) else blank
