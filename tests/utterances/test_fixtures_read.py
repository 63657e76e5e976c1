"""What the recorded clusters' components said is read, and answered with their faults: logs, events and conditions.

The lab goes on from patient to patient, and so do its logs: of a log, the last minute before the look is what a person
would have pasted.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from expected import MADE_TRUTH, TRUTH, WRITTEN

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Class, Confidence
from msdoctor.utterances.reader import read

FIXTURES = Path(__file__).parents[2] / "fixtures"
KNOWN = TRUTH | MADE_TRUTH | WRITTEN
# Its log is made to end in lines of a fault that is over, which only the metrics that flow tell.
OLD_LINES = {"old-x509-lines"}
NAMES = sorted(KNOWN.keys() - OLD_LINES)
KLOG = re.compile(r"\b[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.")
LATELY = timedelta(seconds=60)
INDEX = registry.load_index()
ACCUSING = (Class.CAUSE, Class.RISK)
RISKS = {entry.id for entry in INDEX.entries if entry.cls is Class.RISK}


@cache
def _answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def _last_minute(log: str, taken_at: datetime) -> str:
    lately = False
    lines = []
    for line in log.splitlines():
        if header := KLOG.search(line):
            month, day, hour, minute, second = map(int, header.groups())
            lately = datetime(taken_at.year, month, day, hour, minute, second, tzinfo=UTC) >= taken_at - LATELY
        if lately or header is None:
            lines.append(line)
    return "\n".join(lines)


def _texts(folder: Path) -> Iterator[str]:
    taken_at = datetime.fromisoformat(json.loads((folder / "bundle.json").read_text())["takenAt"])
    for file in folder.rglob("*.log"):
        yield _last_minute(file.read_text(), taken_at)
    for file in (folder / "api").rglob("*.json"):
        for item in _items(json.loads(file.read_text())):
            yield from _messages(item)


def _items(document: Any) -> list[dict[str, Any]]:
    body = document.get("body", document) if isinstance(document, dict) else {}
    return (body.get("items") or [body]) if isinstance(body, dict) else []


def _messages(item: dict[str, Any]) -> Iterator[str]:
    """What is wrong with an object, as ``kubectl describe`` shows it: an event, or conditions that do not hold."""
    if "involvedObject" in item and item.get("type") == "Warning":
        yield f"  Warning  {item.get('reason')}  12s  {item.get('message')}"
    status = item.get("status")
    for condition in (status.get("conditions") or []) if isinstance(status, dict) else []:
        if condition.get("status") == "False" and condition.get("message"):
            yield f"  {condition['type']}  False  {condition.get('reason')}  {condition['message']}"


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_is_sure_and_wrong(name: str) -> None:
    true = {id_ for id_, _ in KNOWN[name]}
    for text in sorted(set(_texts(FIXTURES / name))):
        for match in _answer(text).matches[:1]:
            accuses = match.cls in ACCUSING and match.confidence is Confidence.LIKELY

            assert not accuses or match.id in true, text[-500:]


@pytest.mark.parametrize("name", [name for name in NAMES if {id_ for id_, _ in KNOWN[name]} - RISKS])
def test_an_answer_that_accuses_names_the_fault_or_leads_on_to_it(name: str) -> None:
    """The patient's fault is first or a candidate, or the answer has a symptom, which says where to look on."""
    true = {id_ for id_, _ in KNOWN[name]}
    for text in sorted(set(_texts(FIXTURES / name))):
        matches = _answer(text).matches
        accuses = any(match.cls in ACCUSING for match in matches)
        leads_on = any(match.cls is Class.SYMPTOM for match in matches)

        assert not accuses or leads_on or true & {match.id for match in matches}, text[-500:]


@pytest.mark.parametrize("name", NAMES)
def test_every_error_of_a_log_is_read(name: str) -> None:
    for file in (FIXTURES / name).rglob("*.log"):
        unread = [
            line
            for line in file.read_text().splitlines()
            if re.match(r"[EF]\d{4} ", line) and not _answer(line).matches
        ]

        assert not unread
