"""A diagnosis as JUnit XML, which every CI shows: each check is a test, and the verdict is the first one.

A test fails where the run does: by a cause that counts (``--fail-on``), a symptom that nothing explains, a check that
crashed, and by metrics that are not seen to flow. What was not seen, or not reached, is skipped with its reason, never
passed. A risk, or what is the matter elsewhere, passes, and is told in the test's output.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC

from msdoctor.diagnosis import Cause, CheckReport, Diagnosis, Verdict, accounted_for
from msdoctor.judge import Result
from msdoctor.model import Class, Hop
from msdoctor.pipeline import NAMES
from msdoctor.vocabulary import VOCABULARY

from . import told
from .blocks import of_cluster
from .formats import Style
from .report_causes import location, machine
from .report_rest import because, next_step
from .terminal import one_line, visible

SUITE = "msdoctor"
FLOW = "metrics flow"  # the name of the test that is the verdict
FILES = "the files are right"  # and of that on files
MOST_CAUSES = 20  # of one check told in full

_TAGS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def render(diagnosis: Diagnosis, style: Style) -> str:
    """In ASCII, and with every character that XML cannot hold as an escape."""
    fail_on = Class(style.fail_on)
    cases = [*_flow(diagnosis, fail_on), *(_test(check, diagnosis, fail_on) for check in _all(diagnosis))]
    counts = {kind: str(sum(case.find(tag) is not None for case in cases)) for kind, tag in _TAGS.items()}
    suites = ET.Element("testsuites", {"name": SUITE, "tests": str(len(cases)), **counts})
    suite = ET.SubElement(suites, "testsuite", dict(suites.attrib))
    suite.set("timestamp", diagnosis.taken_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(diagnosis):
        ET.SubElement(properties, "property", {"name": name, "value": _line(value)})
    suite.extend(cases)
    ET.indent(suites)
    written: bytes = ET.tostring(suites, encoding="us-ascii", xml_declaration=False)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written.decode("ascii")}\n'


def _properties(diagnosis: Diagnosis) -> Iterator[tuple[str, str]]:
    context = diagnosis.context
    yield "verdict", str(diagnosis.verdict)
    yield "cluster", context.cluster
    yield "server", context.server
    yield "user", context.user
    yield "vantages", ", ".join(context.vantages)
    for gap in diagnosis.gaps:
        more = f" (and {gap.count - 1} more)" if gap.count > 1 else ""
        yield "not seen", f"{gap.what}{more}: {gap.reason}"


def _flow(diagnosis: Diagnosis, fail_on: Class) -> Iterator[ET.Element]:
    """The verdict; of files too, so that no report is without any test, which CI systems take for a failure."""
    if not of_cluster(diagnosis):
        yield _judged(diagnosis, fail_on)
        return
    case = ET.Element("testcase", {"classname": SUITE, "name": FLOW})
    line = told.verdict(diagnosis)
    if not accounted_for(diagnosis):
        _end(case, "error", str(diagnosis.verdict), line, [next_step(told.report_of(diagnosis))])
    elif any(cause.breaks and cause.fails(fail_on) for cause in diagnosis.causes):
        _end(case, "failure", str(diagnosis.verdict), line)
    else:
        _print(case, [line])
    yield case


def _judged(diagnosis: Diagnosis, fail_on: Class) -> ET.Element:
    """Whether there was anything in the files that could be judged, and what came of it."""
    case = ET.Element("testcase", {"classname": SUITE, "name": FILES})
    line = told.verdict(diagnosis)
    if any(cause.fails(fail_on) for cause in diagnosis.causes):
        _end(case, "failure", str(diagnosis.verdict), line)
    elif diagnosis.verdict is Verdict.INCOMPLETE:
        _end(case, "skipped", str(diagnosis.verdict), line)
    else:
        _print(case, [line])
    return case


def _all(diagnosis: Diagnosis) -> Iterator[CheckReport]:
    """Every check; and what was found, though the report lists no check for it."""
    causes = (cause.id for cause in (*diagnosis.causes, *diagnosis.elsewhere))
    ids = dict.fromkeys((*causes, *(item.id for item in diagnosis.unexplained)))
    for check in diagnosis.checks:
        yield replace(check, outcome=Result.FAIL) if ids.pop(check.id, 0) is None else check
    yield from (CheckReport(id_, Result.FAIL) for id_ in ids)


def _test(check: CheckReport, diagnosis: Diagnosis, fail_on: Class) -> ET.Element:
    case = ET.Element("testcase", {"classname": _place(check.id), "name": _line(check.id)})
    if check.outcome is Result.ERROR:
        _end(case, "error", "crashed", check.reason)
    elif check.outcome is Result.FAIL:
        _found(case, check.id, diagnosis, fail_on)
    elif check.outcome is not Result.PASS:
        _end(case, "skipped", str(check.outcome), f"{check.outcome}: {check.reason}")
    return case


def _place(id_: str) -> str:
    """The test's class: the hop at which the check looks."""
    hop = VOCABULARY[id_].hop if id_ in VOCABULARY else None
    return SUITE if hop is None else f"{SUITE}.{NAMES.get(hop, 'elsewhere' if hop is Hop.X else str(hop))}"


def _found(case: ET.Element, id_: str, diagnosis: Diagnosis, fail_on: Class) -> None:
    """What a check found, as what became of it: a cause, a symptom with or without one, or what only is told."""
    causes = [cause for cause in diagnosis.causes if cause.id == id_]
    failing = [cause for cause in causes if cause.fails(fail_on)]
    unexplained = [item for item in diagnosis.unexplained if item.id == id_]
    aside = [item for item in diagnosis.suppressed if item.id == id_]
    behind = [cause.id for cause in diagnosis.causes if any(item.id == id_ for item in cause.explains)]
    if failing:
        _locate(case, failing)
        _end(case, "failure", str(failing[0].check.cls), _first_of(failing), _all_of(failing))
    elif any(not item.passes for item in unexplained):
        looks = [f"Look at: {look}" for item in unexplained for look in item.look]
        _end(case, "failure", "symptom", unexplained[0].summary or told.title(id_), looks)
    elif behind:
        _end(case, "skipped", "symptom", f"follows from {', '.join(dict.fromkeys(behind))}")
    elif aside and not causes:
        _end(case, "skipped", str(aside[0].by), f"{aside[0].summary} Not counted: {because(aside[0])}")
    else:
        rest = causes or [cause for cause in diagnosis.elsewhere if cause.id == id_]
        _locate(case, rest)
        _print(case, _all_of(rest) or [*map(told.of_symptom, unexplained)] or [told.title(id_)])


def _first_of(causes: Sequence[Cause]) -> str:
    more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
    return f"{causes[0].finding.summary}{more}"


def _all_of(causes: Sequence[Cause]) -> list[str]:
    lines = [line for cause in causes[:MOST_CAUSES] for line in (*_told(cause), "")]
    if len(causes) > MOST_CAUSES:
        rest = [subject for cause in causes[MOST_CAUSES:] for subject in cause.finding.subjects]
        lines.append(f"And {len(causes) - MOST_CAUSES} more: {', '.join(rest)}")
    return lines


def _told(cause: Cause) -> Iterator[str]:
    finding = cause.finding
    yield f"{', '.join(finding.subjects)} ({finding.confidence}, {finding.state}): {one_line(finding.summary)}"
    if finding.location:
        yield f"  file: {location(finding.location)}"
    for item in finding.evidence:
        yield f"  saw: {one_line(item.saw)}"
        yield f"       {item.where}"
        yield f"       {item.how}"
    for remedy in finding.remedies:
        yield f"  repair on {machine(remedy.on)}: {remedy.advice}"
        for command in remedy.commands:
            yield from (f"    {line}" for line in command.splitlines())


def _locate(case: ET.Element, causes: Sequence[Cause]) -> None:
    """Where a CI that shows files finds the first of them."""
    place = next((cause.finding.location for cause in causes if cause.finding.location), None)
    if place:
        case.set("file", _line(place.file))
        if place.line:
            case.set("line", str(place.line))


def _end(case: ET.Element, tag: str, kind: str, message: str, body: Iterable[str] = ()) -> None:
    end = ET.SubElement(case, tag, {"type": kind, "message": _line(message)})
    end.text = _paragraph(body)


def _print(case: ET.Element, lines: Iterable[str]) -> None:
    ET.SubElement(case, "system-out").text = _paragraph(lines)


def _line(text: str) -> str:
    return visible(one_line(text))


def _paragraph(lines: Iterable[str]) -> str | None:
    """Whole lines; none of them can begin another one."""
    return "\n".join(visible(line) for line in lines).strip("\n") or None
