"""The report as JSON keeps to its schema, and to the contract's keys and their order."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from msdoctor import __version__
from msdoctor.diagnosis import Diagnosis
from msdoctor.render import report_json

from .patients import AT_RISK, BROKEN, HOSTILE, PATIENTS

SCHEMA: dict[str, Any] = json.loads(report_json.schema())
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def parts(schema: object, path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema that describes an object or names a type."""
    if isinstance(schema, dict):
        if "type" in schema or "enum" in schema:
            yield path, schema
        for key, value in schema.items():
            yield from parts(value, f"{path}/{key}")
    elif isinstance(schema, list):
        for place, value in enumerate(schema):
            yield from parts(value, f"{path}/{place}")


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_is_strict_and_says_what_things_are() -> None:
    objects = [(path, part) for path, part in parts(SCHEMA) if part.get("type") == "object"]
    assert len(objects) > 12
    for path, part in objects:
        assert part["additionalProperties"] is False, path
        assert part["required"] == list(part["properties"]), path
        assert part["description"], path
        for name, value in part["properties"].items():
            assert "description" in value or "$ref" in value, f"{path}/{name}"


# Of the hostile one, whose every text is forged, the id of a symptom is no id.
@pytest.mark.parametrize("name", [name for name in PATIENTS if name != "hostile"])
def test_reports_keep_to_it(name: str) -> None:
    VALIDATOR.validate(json.loads(report_json.json_(PATIENTS[name])))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "fine"),
        (("takenAt",), "2026-03-01T14:02:07+01:00"),
        (("causes", 0, "evidence"), []),
        (("causes", 0, "remedies", 0, "on"), "somewhere"),
        (("flow", "conclusive"), None),
        (("more",), 1),
    ],
)
def test_what_is_not_a_report_is_refused(path: tuple[str | int, ...], value: object) -> None:
    document: Any = report_json.as_dict(BROKEN)
    part = document
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document)


def test_keys_and_their_order() -> None:
    document: Any = report_json.as_dict(BROKEN)
    assert list(document) == [
        "schemaVersion", "tool", "takenAt", "context", "verdict", "flow", "causes", "alternatives", "elsewhere",
        "unexplained", "contradictions", "suppressed", "remarks", "sources", "hops", "requirements", "checks", "gaps",
        "access",
    ]  # fmt: skip
    assert list(document["causes"][0]) == [
        "id", "class", "severity", "confidence", "state", "hop", "subjects", "summary", "since", "fingerprint",
        "location", "evidence", "explains", "remedies",
    ]  # fmt: skip
    assert list(document["causes"][0]["remedies"][0]) == [
        "advice", "commands", "on", "risks", "undo", "verify", "showsWithinSeconds", "way",
    ]  # fmt: skip
    assert list(document["causes"][0]["evidence"][0]) == ["saw", "where", "origin", "at", "how"]
    assert list(document["flow"]) == ["nodes", "pods", "newestSampleAgeSeconds", "askedAs", "conclusive", "blind"]


def test_values() -> None:
    document: Any = report_json.as_dict(BROKEN)
    cause = document["causes"][0]
    assert document["tool"] == {"version": __version__}
    assert document["takenAt"] == "2026-03-01T14:02:07Z"
    assert document["flow"]["nodes"] == {"seen": 0, "of": 2}
    assert (cause["since"], cause["evidence"][0]["at"]) == ("2026-03-01T13:20:07Z", None)
    assert cause["location"] == {
        "file": "k8s-master:/etc/kubernetes/manifests/kube-apiserver.yaml",
        "line": 14,
        "column": None,
    }
    assert document["causes"][1]["location"] is None
    assert cause["remedies"][1]["risks"] == ["disruptive"]
    assert document["hops"][0] == {"id": "A", "name": "API server", "state": "ok"}


def test_times_are_in_utc_whatever_the_zone_they_came_in() -> None:
    tokyo = datetime(2026, 3, 1, 23, 2, 7, 999, tzinfo=timezone(timedelta(hours=9)))
    assert report_json.as_dict(replace(BROKEN, taken_at=tokyo))["takenAt"] == "2026-03-01T14:02:07Z"


@pytest.mark.parametrize("diagnosis", [AT_RISK, HOSTILE])
def test_it_is_plain_ascii_text(diagnosis: Diagnosis) -> None:
    text = report_json.json_(diagnosis)
    assert text.isascii()
    assert all(character.isprintable() or character == "\n" for character in text)
    assert json.loads(text) == report_json.as_dict(diagnosis)


def test_the_same_diagnosis_gives_the_same_bytes() -> None:
    assert report_json.json_(BROKEN) == report_json.json_(replace(BROKEN, taken_at=BROKEN.taken_at.astimezone(UTC)))
