"""A diagnosis as the JSON of ``run -o json``: a contract, whose schema ships beside this package."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.resources import files

from msdoctor import __version__, pipeline
from msdoctor.alternatives import Alternatives
from msdoctor.diagnosis import Cause, Diagnosis, FlowReport, Suppressed
from msdoctor.facts.readers import Answer, Reader
from msdoctor.model import Evidence, Location, Remedy, Unseen

from .formats import Style

SCHEMA_VERSION = "1"


def render(diagnosis: Diagnosis, _style: Style) -> str:
    """As every form is asked for."""
    return json_(diagnosis)


def json_(diagnosis: Diagnosis) -> str:
    """The diagnosis as JSON, in ASCII: no character of a cluster's can reorder or steer what shows it."""
    return json.dumps(as_dict(diagnosis), indent=2, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n"


def schema() -> str:
    """The JSON Schema that this JSON keeps to."""
    return files("msdoctor").joinpath("schema", "report.schema.json").read_text(encoding="utf-8")


def as_dict(diagnosis: Diagnosis) -> dict[str, object]:
    """The diagnosis as the values that JSON has."""
    context = diagnosis.context
    return {
        "schemaVersion": SCHEMA_VERSION,
        "tool": {"version": __version__},
        "takenAt": time(diagnosis.taken_at),
        "context": {
            "cluster": context.cluster,
            "server": context.server,
            "user": context.user,
            "vantages": list(context.vantages),
        },
        "verdict": str(diagnosis.verdict),
        "flow": _flow(diagnosis.flow),
        "causes": [_cause(cause) for cause in diagnosis.causes],
        "alternatives": [_alternatives(item) for item in diagnosis.alternatives],
        "elsewhere": [_cause(cause) for cause in diagnosis.elsewhere],
        "unexplained": [
            {"id": item.id, "subjects": list(item.subjects), "look": list(item.look)} for item in diagnosis.unexplained
        ],
        "contradictions": list(diagnosis.contradictions),
        "suppressed": [_suppressed(item) for item in diagnosis.suppressed],
        "remarks": [{"kind": str(item.kind), "text": item.text, "where": item.where} for item in diagnosis.remarks],
        "sources": [{"file": item.file, "line": item.line, "what": item.what} for item in diagnosis.sources or ()],
        "hops": [
            {"id": str(item.hop), "name": pipeline.NAMES[item.hop], "state": str(item.state)} for item in diagnosis.hops
        ],
        "requirements": [
            {"id": item.id, "state": item.state, "because": item.because} for item in diagnosis.requirements
        ],
        "checks": [
            {"id": item.id, "outcome": str(item.outcome), "reason": item.reason, "seen": item.seen, "of": item.of}
            for item in diagnosis.checks
        ],
        "gaps": [
            {"what": gap.what, "reason": gap.reason, "count": gap.count, "remedy": gap.remedy} for gap in diagnosis.gaps
        ],
        "access": [_access(reader) for reader in diagnosis.readers],
    }


def _access(reader: Reader) -> dict[str, object]:
    return {
        "user": reader.user,
        "groups": list(reader.groups),
        "why": reader.why.name.lower(),
        "answers": [_answer(answer) for answer in reader.answers],
    }


def _answer(answer: Answer) -> dict[str, object]:
    unseen = isinstance(answer.allowed, Unseen)
    return {
        "consumer": answer.consumer,
        "verb": answer.request.verb,
        "resource": answer.resource,
        "namespace": answer.request.namespace,
        "allowed": None if unseen else answer.allowed,
        "reason": answer.allowed.reason if isinstance(answer.allowed, Unseen) else answer.by,
    }


def _flow(flow: FlowReport) -> dict[str, object]:
    return {
        "nodes": {"seen": flow.nodes_seen, "of": flow.nodes_of},
        "pods": {"seen": flow.pods_seen, "of": flow.pods_of},
        "newestSampleAgeSeconds": flow.newest_sample_age_seconds,
        "askedAs": flow.asked_as,
        "conclusive": flow.conclusive,
        "blind": {
            "nodes": list(flow.blind_nodes),
            "hpas": [{"name": hpa.key, "target": hpa.target, "replicas": hpa.replicas} for hpa in flow.blind_hpas],
            "hpasOf": flow.hpas_of,
            "vpas": [{"name": vpa.key, "target": vpa.target, "recommends": vpa.recommends} for vpa in flow.blind_vpas],
            "vpasOf": flow.vpas_of,
        },
    }


def _cause(cause: Cause) -> dict[str, object]:
    finding = cause.finding
    return {
        "id": cause.id,
        "class": str(cause.check.cls),
        "severity": str(cause.severity or cause.check.cls),
        "confidence": str(finding.confidence),
        "state": str(finding.state),
        "hop": str(cause.check.hop),
        "subjects": list(finding.subjects),
        "summary": finding.summary,
        "since": time(finding.since),
        "fingerprint": cause.fingerprint,
        "location": _location(finding.location),
        "evidence": [evidence_dict(item) for item in finding.evidence],
        "explains": [{"id": item.id, "subjects": list(item.subjects)} for item in cause.explains],
        "remedies": [remedy_dict(remedy) for remedy in finding.remedies],
    }


def _suppressed(item: Suppressed) -> dict[str, object]:
    return {
        "id": item.id,
        "subjects": list(item.subjects),
        "fingerprint": item.fingerprint,
        "by": str(item.by),
        "reason": item.reason,
        "until": time(item.until),
        "where": item.where,
    }


def _alternatives(item: Alternatives) -> dict[str, object]:
    about = f"{', '.join(item.subjects)}: " if item.subjects else ""
    return {
        "causes": list(item.ids),
        "why": f"{about}{item.why}",
        "decide": [{"look": look.look, "on": look.on, "if": look.shows, "then": look.then} for look in item.decide],
    }


def _location(location: Location | None) -> dict[str, object] | None:
    if location is None:
        return None
    return {"file": location.file, "line": location.line, "column": location.column}


def evidence_dict(evidence: Evidence) -> dict[str, object]:
    """A thing seen, likewise."""
    return {
        "saw": evidence.saw,
        "where": evidence.where,
        "origin": evidence.origin,
        "at": time(evidence.at),
        "how": evidence.how,
    }


def remedy_dict(remedy: Remedy) -> dict[str, object]:
    """A remedy, in the words that every JSON of msdoctor has for it."""
    return {
        "advice": remedy.advice,
        "commands": list(remedy.commands),
        "on": remedy.on,
        "risks": [str(risk) for risk in remedy.risks],
        "undo": list(remedy.undo),
        "verify": remedy.verify,
        "showsWithinSeconds": remedy.shows_within_seconds,
        "way": remedy.way,
    }


def time(at: datetime | None) -> str | None:
    """In UTC, to the second."""
    if at is None:
        return None
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
