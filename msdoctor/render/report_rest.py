"""The rest of a report: what no cause explains, the proof that metrics flow, the checks, and what was not seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC

from msdoctor.bundle import MASTERS
from msdoctor.diagnosis import SetAside, Suppressed, Unexplained, Verdict
from msdoctor.facts.gaps import Gap
from msdoctor.facts.readers import Answer
from msdoctor.judge import Result
from msdoctor.model import Unseen

from .blocks import MOST_MEMBERS, Report, of_cluster, some
from .terminal import BOLD, MARGIN, YELLOW, Page, one_line, single, visible
from .words import count, share

_HPA_CONTROLLER = "system:serviceaccount:kube-system:horizontal-pod-autoscaler"
PROVES_LITTLE = (
    f"But this user is of {MASTERS}, which metrics-server never checks: that it is answered proves nothing about"
    " anybody else. Ask as the HPA controller does, or run msdoctor with another user's kubeconfig:"
)
ASK_AS_CONTROLLER = f"kubectl get --raw /apis/metrics.k8s.io/v1beta1/pods --as={_HPA_CONTROLLER}"


def alternatives(report: Report) -> Iterator[str]:
    """Causes of which one holds, with the looks that decide."""
    found, page = report.diagnosis.alternatives, report.page
    if not found:
        return
    said = {cause.finding.summary for cause in report.diagnosis.causes}
    yield page.paint("Not told apart from here; a look decides:", BOLD)
    for item in found:
        yield from page.sides(f"  ? {' or '.join(item.ids)}", some(item.subjects, report, 2), YELLOW)
        if item.why not in said:
            yield from page.wrapped(item.why, " " * MARGIN)
        shown = ""
        for look in item.decide:
            if look.look != shown:
                lead = f"on {look.on}:" if look.on else ""
                yield from page.labelled_command("look at", lead, single(look.look))
            yield from page.labelled("" if look.look == shown else "it is", f"{look.then} if {look.shows}")
            shown = look.look


def unexplained(report: Report) -> Iterator[str]:
    """Symptoms without a known cause, with what to look at."""
    found = report.diagnosis.unexplained
    passing = [item for item in found if item.passes]
    yield from _seen("Seen, and explained by no known cause:", [item for item in found if item not in passing], report)
    yield from _seen("Seen, and as a rule over by itself:", passing, report)


def _seen(heading: str, found: Sequence[Unexplained], report: Report) -> Iterator[str]:
    page = report.page
    if found:
        yield page.paint(heading, BOLD)
    for item in found:
        yield from page.sides(f"  ? {item.id}", some(item.subjects, report, 2), YELLOW)
        yield from page.wrapped(item.summary, " " * MARGIN)
        for place, look in enumerate(item.look):
            yield from page.labelled_command("" if place else "look at", "", single(look))


def contradictions(report: Report) -> Iterator[str]:
    """Signs that cannot all be true."""
    for item in report.diagnosis.contradictions:
        yield from report.page.wrapped(f"{item}.", "  ", first="Contradiction: ")


def proof(report: Report) -> Iterator[str]:
    """That metrics flow, how fresh, and for whom that holds."""
    for sentence in proven(report):
        yield from report.page.wrapped(sentence, "  ", first="")
    if proves_little(report):
        yield from report.page.wrapped(PROVES_LITTLE, "  ")
        yield from report.page.command(ASK_AS_CONTROLLER)


def proven(report: Report) -> Iterator[str]:
    """What was seen to flow, which nodes are not missed yet, and which are not counted."""
    flow = report.diagnosis.flow
    if not flow.nodes_seen:
        return
    pods = "" if flow.pods_seen is None else f" and {share(flow.pods_seen, flow.pods_of, 'pod')}"
    newest = flow.newest_sample_age_seconds
    age = "" if newest is None else f"; the newest sample is {newest} s old"
    asked = f", asked as {flow.asked_as}" if flow.asked_as else ""
    lead = "Proof: fresh" if report.diagnosis.verdict is Verdict.HEALTHY else "Fresh"
    nodes = share(flow.nodes_seen, flow.nodes_of, "node")
    yield f"{lead} metrics of {nodes}{pods}{age}{asked}."
    yield from _awaited(report)
    yield from _gone(report)


def proves_little(report: Report) -> bool:
    """Whether what flows was answered to somebody whom nobody checks."""
    return bool(report.diagnosis.flow.nodes_seen) and not report.diagnosis.flow.conclusive


def _awaited(report: Report) -> Iterator[str]:
    """Nodes that are not missed yet."""
    nodes = report.diagnosis.flow.awaited_nodes
    if nodes:
        latest = max(node.until for node in nodes).astimezone(UTC)
        joined = f"{some([node.name for node in nodes], report, MOST_MEMBERS)} joined just now"
        yield f"{joined}: a node's first metrics take two scrapes, and are due by {latest:%H:%M:%S}Z."


def _gone(report: Report) -> Iterator[str]:
    """Nodes that nothing is expected of, by what is said of their machines."""
    words: dict[str, list[str]] = {}
    for node in report.diagnosis.flow.gone_nodes:
        words.setdefault(node.word, []).append(node.name)
    for word, names in words.items():
        answer = "answers" if len(names) == 1 else "answer"
        yield f"Not counted: {some(names, report, MOST_MEMBERS)}, which no longer {answer}: {word}."


def readers(report: Report) -> Iterator[str]:
    """What they may read who were asked about, in the API server's own words."""
    page = report.page
    for reader in report.diagnosis.readers:
        if reader.is_caller or not report.diagnosis.context.for_user:
            continue
        groups = f" (also of {', '.join(reader.groups)})" if reader.groups else ""
        yield page.paint(f"{one_line(reader.user, 200)}{groups}, by the API server's own answers:", BOLD)
        for answer in reader.answers:
            yield from page.wrapped(_may(answer), "      ", first="  ")


def _may(answer: Answer) -> str:
    """``✗ kubectl top nodes: may not list nodes.metrics.k8s.io``."""
    space = f" in namespace {answer.request.namespace}" if answer.request.namespace else " in the whole cluster"
    asks = f"{answer.request.verb} {answer.resource}{space}"
    if isinstance(answer.allowed, Unseen):
        return f"? {answer.consumer}: not known whether they may {asks}: {answer.allowed.reason}"
    by = f" ({one_line(answer.by, 200)})" if answer.by else ""
    return f"{'✓' if answer.allowed else '✗'} {answer.consumer}: may {'' if answer.allowed else 'not '}{asks}{by}"


def requirements(report: Report) -> Iterator[str]:
    """What metrics-server needs, and whether it has it."""
    if report.verbose and report.diagnosis.requirements:
        rows = [(item.id, item.state, item.because) for item in report.diagnosis.requirements]
        yield report.page.paint("What metrics-server requires:", BOLD)
        yield from _table(rows, report.page)


def checks(report: Report) -> Iterator[str]:
    """How the checks ended: counted, or with verbose each."""
    checks, page = report.diagnosis.checks, report.page
    if not checks:
        return
    if report.verbose:
        yield page.paint("Checks:", BOLD)
        yield from _table([(item.id, str(item.outcome), item.reason) for item in checks], page)
        return
    counted = Counter(item.outcome for item in checks)
    ends = ", ".join(f"{counted[result]} {result}" for result in Result if counted[result])
    yield from page.wrapped(f"{count(len(checks), 'check')}: {ends} (each with --verbose)")
    for item in checks:
        if item.outcome is Result.ERROR:
            yield from page.wrapped(f"{item.id}: {item.reason}", "    ", first="  ")


def what_next(report: Report) -> Iterator[str]:
    """What to do where nothing above says it."""
    advice = next_step(report)
    if advice:
        yield from report.page.wrapped(advice, "  ", first="")


def next_step(report: Report) -> str:
    """What would tell more, where neither a cause nor a symptom does."""
    diagnosis = report.diagnosis
    if not of_cluster(diagnosis):
        return ""
    if diagnosis.verdict is not Verdict.INCOMPLETE or diagnosis.causes or diagnosis.unexplained:
        return ""
    reason = f" ({one_line(diagnosis.gaps[0].reason, 200)})" if diagnosis.gaps else ""
    if not diagnosis.server_version:
        return (
            f"Next: the API server told nothing{reason}. See whether `kubectl get --raw /version` gets an answer"
            " with the same kubeconfig, and run it again."
        )
    return f"Next: see to what stands first under Not seen{reason}, and run it again."


def not_seen(report: Report) -> Iterator[str]:
    """Every gap; where one reason keeps many things from being seen, it is said once."""
    page = report.page
    if report.diagnosis.gaps:
        yield page.paint("Not seen:", BOLD)
    for (reason, remedy), members in alike(report.diagnosis.gaps).items():
        what = some([_counted(gap, report) for gap in members], report)
        see = f"; see it with `{remedy}`" if remedy else ""
        yield from page.wrapped(f"{what}: {reason}{see}", "    ", first="  ")


def alike(gaps: Sequence[Gap]) -> dict[tuple[str, str], list[Gap]]:
    """Gaps by their reason and how to see what they hide."""
    found: dict[tuple[str, str], list[Gap]] = {}
    for gap in gaps:
        found.setdefault((gap.reason, gap.remedy), []).append(gap)
    return found


def _counted(gap: Gap, report: Report) -> str:
    which = f": {', '.join(gap.others)}" if report.verbose and gap.others else ""
    return f"{gap.what} (and {gap.count - 1} more{which})" if gap.count > 1 else gap.what


def not_counted(report: Report) -> Iterator[str]:
    """What was found and does not count, with the reason for it; all that has one reason is told once."""
    found, page = report.diagnosis.suppressed, report.page
    if not found:
        return
    by_file = any(item.by in (SetAside.SUPPRESSION, SetAside.SEVERITY) for item in found)
    yield page.paint(f"Found, and not counted{'; --no-config tells it in full' if by_file else ''}:", BOLD)
    alike: dict[tuple[str, str], list[Suppressed]] = {}
    for item in found:
        alike.setdefault((item.id, because(item)), []).append(item)
    for (check_id, reason), items in alike.items():
        subjects = tuple(dict.fromkeys(subject for item in items for subject in item.subjects))
        yield from page.sides(f"  - {check_id}", some(subjects, report, 2))
        yield from page.wrapped(items[0].summary, " " * MARGIN)
        yield from page.wrapped(f"Why not: {reason}", " " * MARGIN)


def because(item: Suppressed) -> str:
    """Why something does not count, until when, and which line says so."""
    until = f", until {item.until:%Y-%m-%d}" if item.until else ""
    where = f" ({item.where})" if item.where else ""
    return f"{item.reason}{until}{where}"


def remarks(report: Report) -> Iterator[str]:
    """What there is to say about the user's own settings."""
    found, page = report.diagnosis.remarks, report.page
    if not found:
        return
    yield page.paint("About your settings:", BOLD)
    for item in found:
        where = f" ({item.where})" if item.where else ""
        yield from page.wrapped(f"{item.text}{where}", "    ", first="  - ")


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
