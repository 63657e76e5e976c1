"""What VPA's real recommender (1.8.1) logs beside the lab's metrics-server: well, refused, and with a dead pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Class
from msdoctor.utterances.reader import read

SAID = Path(__file__).parent / "recommender"
INDEX = registry.load_index()


def answer(name: str) -> Explanation:
    return explain(read((SAID / f"{name}.txt").read_text().splitlines()), INDEX)


def test_one_that_gets_metrics_accuses_nobody() -> None:
    assert [match.id for match in answer("healthy").matches if match.cls in (Class.CAUSE, Class.RISK)] == []


def test_one_that_is_refused_says_whom_to_bind() -> None:
    first = answer("forbidden").matches[0]

    assert first.id == "rbac-user-metrics-forbidden"
    assert any("--serviceaccount=kube-system:vpa-recommender" in text for text in first.remedies[0].commands)


def test_one_without_an_api_leads_on_to_the_way_there() -> None:
    found = answer("requestheader-config-missing")

    assert found.ambiguous
    assert "apiservice-unavailable" in [match.id for match in found.matches]


@pytest.mark.parametrize("words", ["Cannot get target selector from VPA's targetRef", "Cannot read targetRef"])
def test_what_it_says_of_a_vpa_itself_is_not_this_pipelines(words: str) -> None:
    found = explain(
        read([f'E1128 08:44:43.979280 1 cluster_feeder.go:629] "{words}" err="Deployment x does not exist"']), INDEX
    )

    assert [match.id for match in found.matches] in ([], ["not-resource-metrics-pipeline"])
