"""What the real kubectl printed of the lab's patients (`tests/cluster/say.py`) is read, and leads to their faults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from expected import MADE_TRUTH, TRUTH

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Class, Confidence
from msdoctor.utterances.reader import read

SAID = Path(__file__).parent / "kubectl"
TEXTS = {file.stem: file.read_text() for file in sorted(SAID.glob("*.txt"))}
KNOWN = TRUTH | MADE_TRUTH
INDEX = registry.load_index()
# What is so besides, by what it follows from: who has not installed it has no registration of it either.
ALSO_SO = {"metrics-server-missing": {"metrics-api-not-registered"}}
ACCUSING = (Class.CAUSE, Class.RISK)


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def printed(text: str) -> list[str]:
    """What each command printed, as one pastes it, with its prompt."""
    return re.split(r"\n(?=\$ )", text)


def wrapped(text: str) -> str:
    """As a terminal of 80 columns shows it: cut in the middle of a word."""
    lines = text.splitlines()
    return "\n".join(line[start : start + 80] for line in lines for start in range(0, len(line) or 1, 80))


def screens(name: str) -> list[str]:
    """What a patient's kubectl printed, as it was printed and as a narrow terminal shows it."""
    return [TEXTS[name], wrapped(TEXTS[name])]


def accuses_wrongly(found: Explanation, true: set[str]) -> list[str]:
    """Ids that stand first, are sure, and are not there."""
    first = [match for match in found.matches[:1] if match.cls in ACCUSING and match.confidence is Confidence.LIKELY]
    return [match.id for match in first if match.id not in true]


def true_of(name: str) -> set[str]:
    return {id_ for id_, _ in KNOWN[name]} | ALSO_SO.get(name, set())


@pytest.mark.parametrize("name", TEXTS)
def test_nothing_that_kubectl_prints_is_answered_surely_and_wrongly(name: str) -> None:
    true = true_of(name)
    parts = [part for text in screens(name) for part in (text, *printed(text))]
    wrong = [(part, ids) for part in parts if (ids := accuses_wrongly(answer(part), true))]

    assert wrong == []


@pytest.mark.parametrize("name", [name for name in TEXTS if KNOWN[name]])
def test_the_whole_paste_names_the_fault_or_a_symptom_that_leads_on_to_it(name: str) -> None:
    for text in screens(name):
        matches = answer(text).matches

        assert matches
        assert true_of(name) & {match.id for match in matches} or any(match.cls is Class.SYMPTOM for match in matches)


def test_the_table_has_enough_patients() -> None:
    assert len(TEXTS) >= 10
