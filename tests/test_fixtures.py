"""Every recorded cluster gets the report that a reviewer has read: ``fixtures/NAME.txt`` beside ``fixtures/NAME``.

``UPDATE_EXPECTED=1`` writes the reports anew; the difference is then read as prose.
"""

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from expected import ELSEWHERE, FLOWING, MADE_FLOWING, MADE_TRUTH, TRUTH, UNSURE, WRITTEN

from msdoctor import registry
from msdoctor.collect import load
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Diagnosis, exit_code
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import judge
from msdoctor.model import Class
from msdoctor.render import report_json, report_text

FIXTURES = Path(__file__).parents[1] / "fixtures"
RISKS = {check.id for check in registry.load() if check.cls is Class.RISK}
NAMES = sorted(path.name for path in FIXTURES.iterdir() if (path / "bundle.json").is_file())
KNOWN = TRUTH | MADE_TRUTH | WRITTEN


@cache
def _diagnosed(name: str) -> Diagnosis:
    cluster = read_facts(load(FIXTURES / name))
    return diagnose(cluster, judge(cluster, registry.load()))


@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_the_one_that_was_read(name: str) -> None:
    expected = FIXTURES / f"{name}.txt"
    report = _without_counts(report_text.text(_diagnosed(name), age="recorded"))
    if os.environ.get("UPDATE_EXPECTED"):
        expected.write_text(report)

    assert expected.read_text() == report


def _without_counts(report: str) -> str:
    """A new check must not touch what is expected of every other one's patient."""
    return re.sub(r"^\d+ checks: [^)]*\)$", "N checks: …", report, flags=re.MULTILINE)


def test_every_patient_is_recorded() -> None:
    assert sorted(KNOWN) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_patients_faults_are_named(name: str) -> None:
    found = _diagnosed(name).causes

    assert {(cause.id, str(cause.finding.state)) for cause in found if cause.finding.effects} == KNOWN[name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wrong_elsewhere_is_named_and_kept_apart(name: str) -> None:
    assert {cause.id for cause in _diagnosed(name).elsewhere} == ELSEWHERE.get(name, set())


@pytest.mark.parametrize("name", NAMES)
def test_the_exit_code_says_whether_metrics_are_proven_to_flow(name: str) -> None:
    causes = {state for id_, state in KNOWN[name] if id_ not in RISKS and name not in UNSURE}

    assert exit_code(_diagnosed(name)) == (1 if "active" in causes else 0 if name in FLOWING + MADE_FLOWING else 3)


@pytest.mark.parametrize("name", NAMES)
def test_the_json_is_what_its_schema_says(name: str) -> None:
    document: Any = json.loads(report_json.json_(_diagnosed(name)))

    jsonschema.Draft202012Validator(json.loads(report_json.schema())).validate(document)
    assert document["takenAt"].endswith("Z")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_secret_was_recorded(name: str) -> None:
    texts = [path.read_text(errors="replace") for path in (FIXTURES / name).rglob("*") if path.is_file()]

    assert not [text for text in texts if "PRIVATE KEY" in text or "eyJhbGciOi" in text]
