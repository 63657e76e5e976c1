"""A diagnosis as SARIF 2.1.0, the form of code scanning (OASIS, errata 01).

Each cause is a result, each id a rule with its manual page. A finding with a place in a file has a physical location;
the processes and objects of a cluster are logical ones. Where metrics are not proven to flow the run counts as not
successful, so that no reader takes the absence of results for health. What was not seen is a notification.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from msdoctor import __version__
from msdoctor.diagnosis import Cause, Diagnosis, SetAside, Suppressed, Unexplained, accounted_for, fingerprint
from msdoctor.judge import Result
from msdoctor.model import Check, Location, sections

from . import told
from .blocks import of_cluster
from .formats import Style
from .report_json import as_dict, evidence_dict, remedy_dict, time
from .report_rest import because
from .terminal import one_line, visible
from .told import Level

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "msdoctor/v1"

_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}
_HOSTS_FILE = re.compile(r"([^/:]+):(/.*)", re.DOTALL)

Json = dict[str, object]


def render(diagnosis: Diagnosis, _style: Style) -> str:
    """In ASCII, as every JSON of msdoctor."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(diagnosis)]}
    return json.dumps(log, indent=2, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n"


def _run(diagnosis: Diagnosis) -> Json:
    rules = _rules(diagnosis)
    places = {id_: place for place, id_ in enumerate(rules)}
    driver = {"name": "msdoctor", "version": __version__, "semanticVersion": __version__, "rules": list(rules.values())}
    whole = as_dict(diagnosis)
    return {
        "tool": {"driver": driver},
        "invocations": [
            {
                "executionSuccessful": not _undecided(diagnosis) and not _crashed(diagnosis),
                "endTimeUtc": whole["takenAt"],
                "toolExecutionNotifications": list(_notifications(diagnosis)),
            }
        ],
        "columnKind": "unicodeCodePoints",
        "results": [
            *(_result(cause, places) for cause in (*diagnosis.causes, *diagnosis.elsewhere)),
            *(_symptom(item, places) for item in diagnosis.unexplained),
            *(_set_aside(item, places) for item in diagnosis.suppressed),
        ],
        "properties": {name: whole[name] for name in ("verdict", "context", "flow", "hops", "alternatives")},
    }


def _rules(diagnosis: Diagnosis) -> dict[str, Json]:
    """One for each id that has a result, in the order of the results."""
    aside = [item.cause for item in diagnosis.suppressed if item.cause]
    rules = {cause.id: _rule(cause.check) for cause in (*diagnosis.causes, *diagnosis.elsewhere, *aside)}
    for id_ in (*(item.id for item in diagnosis.unexplained), *(item.id for item in diagnosis.suppressed)):
        rules.setdefault(id_, {"id": visible(id_), "shortDescription": {"text": visible(told.title(id_))}})
    return rules


def _rule(check: Check) -> Json:
    pages = dict(sections(check.manual))
    meaning = pages.get("What it means", "")
    uri = re.search(r"https://[^\s<>)`,;]+", pages.get("Source", ""))
    rule: Json = {"id": check.id, "shortDescription": {"text": check.title}}
    if meaning:
        rule["fullDescription"] = {"text": " ".join(meaning.split())}
    if check.manual:
        rule["help"] = {"text": f"{check.title}\n\n{check.manual}", "markdown": f"{check.title}\n\n{check.manual}"}
    if uri:
        rule["helpUri"] = uri[0].rstrip(".")
    return rule | {"properties": {"tags": [str(check.cls), f"hop-{check.hop}"]}}


def _result(cause: Cause, places: Mapping[str, int]) -> Json:
    finding = cause.finding
    properties = {
        "class": str(cause.check.cls),
        "confidence": str(finding.confidence),
        "state": str(finding.state),
        "hop": str(cause.check.hop),
        "since": time(finding.since),
        "evidence": [evidence_dict(item) for item in finding.evidence],
        "remedies": [remedy_dict(item) for item in finding.remedies],
    }
    return {
        "ruleId": cause.id,
        "ruleIndex": places[cause.id],
        "level": _LEVELS[told.level(cause)],
        "message": _message(told.of(cause)),
        "locations": _locations(finding.subjects, finding.location),
        "partialFingerprints": {FINGERPRINT: cause.fingerprint},
        "properties": properties,
    }


def _symptom(item: Unexplained, places: Mapping[str, int]) -> Json:
    return {
        "ruleId": visible(item.id),
        "ruleIndex": places[item.id],
        "level": _LEVELS[told.level_of_symptom(item)],
        "message": _message(told.of_symptom(item)),
        "locations": _locations(item.subjects, None),
        "partialFingerprints": {FINGERPRINT: fingerprint(item.id, item.subjects)},
    }


def _set_aside(item: Suppressed, places: Mapping[str, int]) -> Json:
    """What the user has decided to live with; a reader keeps it apart from what counts."""
    if item.cause:
        result = _result(item.cause, places)
    else:
        result = _symptom(Unexplained(item.id, item.subjects, item.summary, ()), places)
    kind = "inSource" if item.by is SetAside.INLINE else "external"
    return result | {"suppressions": [{"kind": kind, "status": "accepted", "justification": visible(because(item))}]}


def _message(text: str) -> Json:
    """Braces would be blanks, and brackets links (3.11.5 and 3.11.6 of the standard)."""
    plain = visible(one_line(text)).replace("{", "{{").replace("}", "}}")
    return {"text": re.sub(r"([\[\]])", r"\\\1", plain)}


def _locations(subjects: Sequence[str], place: Location | None) -> list[Json]:
    """One place, in a file and among the objects of the cluster alike."""
    here: Json = {}
    if place:
        here["physicalLocation"] = _physical(place)
    if subjects:
        names = [visible(subject) for subject in subjects]
        here["logicalLocations"] = [
            {"name": name.rpartition("/")[2] or name, "fullyQualifiedName": name, "kind": "resource"} for name in names
        ]
    return [here] if here else []


def _physical(place: Location) -> Json:
    physical: Json = {"artifactLocation": _artifact(place.file)}
    if place.line:
        region = {"startLine": place.line}
        physical["region"] = region | ({"startColumn": place.column} if place.column else {})
    return physical


def _artifact(file: str) -> Json:
    """A file of a host by its own name there, one of a repository relative to its root."""
    host = _HOSTS_FILE.fullmatch(file)
    if host:
        return {"uri": f"file://{_quoted(host[1])}{_quoted(host[2])}"}
    if file.startswith("/"):
        return {"uri": f"file://{_quoted(file)}"}
    return {"uri": _quoted(file.removeprefix("./")), "uriBaseId": "%SRCROOT%"}


def _quoted(path: str) -> str:
    return quote(path, errors="backslashreplace")


def _undecided(diagnosis: Diagnosis) -> bool:
    return of_cluster(diagnosis) and not accounted_for(diagnosis)


def _crashed(diagnosis: Diagnosis) -> bool:
    return any(check.outcome is Result.ERROR for check in diagnosis.checks)


def _notifications(diagnosis: Diagnosis) -> Iterator[Json]:
    if _undecided(diagnosis):
        yield _notification("error", "undecided", told.verdict(diagnosis))
    for check in diagnosis.checks:
        if check.outcome is Result.ERROR:
            yield _notification("error", "check-crashed", f"{check.id}: {check.reason}")
    for gap in diagnosis.gaps:
        more = f" (and {gap.count - 1} more)" if gap.count > 1 else ""
        see = f"; see it with {gap.remedy}" if gap.remedy else ""
        yield _notification("note", "not-seen", f"{gap.what}{more}: {gap.reason}{see}")


def _notification(level: str, id_: str, text: str) -> Json:
    return {"level": level, "descriptor": {"id": id_}, "message": _message(text)}
