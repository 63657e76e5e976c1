"""metrics-server late with its answers: told from a way to it that is shut by what it says itself."""

import json
import shutil
from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.collect import load
from msdoctor.diagnose import diagnose
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import judge

OVERLOADED = Path(__file__).parents[2] / "fixtures" / "request-timeout-overload"
ID = "request-timeout-overload"
SHUT = (
    "2026-11-28T03:14:28Z E1128 03:14:28.000000       1 webhook.go:269] Failed to make webhook authorizer request: Post"
    ' "https://10.32.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews": dial tcp 10.32.0.1:443: i/o timeout\n'
)


def _named(bundle: Path) -> set[str]:
    cluster = read_facts(load(bundle))
    return {cause.id for cause in diagnose(cluster, judge(cluster, registry.load())).causes if cause.finding.effects}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return Path(shutil.copytree(OVERLOADED, tmp_path / "bundle"))


def _log(bundle: Path) -> Path:
    (log,) = bundle.glob("logs/kube-system/metrics-server-*/metrics-server.log")
    return log


def _rewritten(bundle: Path, old: str, new: str) -> None:
    changed = 0
    for file in bundle.rglob("*.json"):
        text = file.read_text()
        if old in text:
            file.write_text(text.replace(old, new))
            changed += 1
    assert changed


def test_a_limit_that_is_too_low_and_requests_that_were_given_up_are_named_alone(bundle: Path) -> None:
    assert _named(bundle) == {ID}


def test_with_enough_cpu_its_lateness_is_not_put_down_to_that(bundle: Path) -> None:
    _rewritten(bundle, '"cpu": "10m"', '"cpu": "100m"')

    assert ID not in _named(bundle)


def test_without_a_request_that_came_in_the_way_may_as_well_be_shut(bundle: Path) -> None:
    log = _log(bundle)
    log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if "Post-timeout" not in line))

    assert ID not in _named(bundle)


def test_a_connection_that_was_not_made_is_another_matter(bundle: Path) -> None:
    _rewritten(
        bundle,
        'v1beta1\\": context deadline exceeded',
        'v1beta1\\": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting'
        " headers)",
    )

    assert ID not in _named(bundle)


def test_where_it_cannot_reach_the_api_server_its_answers_wait_for_that(bundle: Path) -> None:
    log = _log(bundle)
    log.write_text(log.read_text() + SHUT)

    assert ID not in _named(bundle)


def test_an_available_api_is_in_time(bundle: Path) -> None:
    for file in bundle.rglob("apiservices.json"):
        document = json.loads(file.read_text())
        for item in document["items"]:
            for condition in item["status"]["conditions"]:
                condition |= {"status": "True", "message": "all checks passed"}
        file.write_text(json.dumps(document))

    assert ID not in _named(bundle)
