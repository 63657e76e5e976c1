"""No kubelet runs on a node: whether inotify is why, and when that is not known."""

import json
from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.bundle import Document, Kind, Place, bundle_of
from msdoctor.collect import load
from msdoctor.facts import inotify
from msdoctor.facts.cluster import read_facts
from msdoctor.judge import Outcome, Result, judge
from msdoctor.model import Confidence

FIXTURES = Path(__file__).parents[2] / "fixtures"
PLACE = Place("host/k8s-node1", Kind.INOTIFY, "/proc")
CHECKS = {check.id: check for check in registry.load()}


def _outcomes(instances: int, watches: int = 10, unread: int = 0) -> tuple[Outcome, Outcome]:
    recorded = load(FIXTURES / "kubelet-down")
    users = [
        {"uid": 0, "instances": instances, "watches": watches, "holders": []},
        {"uid": 7, "instances": 128, "watches": 8192},
    ]
    held = {"max_user_instances": 128, "max_user_watches": 8192, "users": users, "unread": unread}
    document = Document(PLACE, recorded.taken_at, json.dumps(held).encode())
    cluster = read_facts(bundle_of([*recorded.documents.values(), document], recorded.taken_at, recorded.context))
    ours, other = judge(cluster, [CHECKS["inotify-limit-exhausted"], CHECKS["kubelet-down"]])
    return ours, other


@pytest.mark.parametrize(("instances", "watches", "what"), [(128, 10, "instances"), (90, 8192, "watches")])
def test_where_root_holds_all_that_it_may_that_is_the_cause_and_not_the_kubelet(
    instances: int, watches: int, what: str
) -> None:
    ours, other = _outcomes(instances, watches)
    (finding,) = ours.findings

    assert finding.confidence is Confidence.LIKELY
    assert f"all inotify {what}" in finding.summary
    assert finding.evidence[0].how == f"cat /proc/sys/fs/inotify/max_user_{what}"
    assert not other.findings


def test_where_less_is_left_than_a_kubelet_takes_it_is_possible_and_the_kubelet_is_down_all_the_same() -> None:
    ours, other = _outcomes(125)

    assert [finding.confidence for finding in ours.findings] == [Confidence.POSSIBLE]
    assert other.findings


def test_where_enough_is_left_it_is_not_that() -> None:
    ours, other = _outcomes(40)

    assert ours.result is Result.PASS
    assert other.findings


def test_a_count_of_some_processes_alone_clears_nobody() -> None:
    assert _outcomes(40, unread=3)[0].result is Result.UNSEEN


def test_it_is_counted_only_where_no_kubelet_runs() -> None:
    assert list(inotify.places(load(FIXTURES / "kubelet-down"))) == [PLACE]
    assert not list(inotify.places(load(FIXTURES / "healthy")))
