"""metrics-server's only pod on a machine that is gone: told apart from a kubelet that was stopped under it."""

import json
from collections.abc import Callable

import pytest

from msdoctor.bundle import WORKSTATION, Kind, Place
from msdoctor.diagnosis import Verdict
from msdoctor.facts import paths
from msdoctor.facts.stranded import SHUT_DOWN
from msdoctor.judge import Result
from msdoctor.model import Confidence
from tests.checks.unreached import log_behind_it, refuses_workstation, silent_to_workstation, stopped
from tests.facts.clusters import Json, Patient, deployment, healthy, moment, pod

ID = "metrics-server-node-down"
TOLERATED = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute", "tolerationSeconds": 300}


def _dead(*pods: Json) -> Patient:
    """Nothing is heard of the worker, and nobody has metrics."""
    return _stopped_under(silent_to_workstation(healthy()), *pods)


def _stopped_under(patient: Patient, *pods: Json) -> Patient:
    return stopped(log_behind_it(patient)).silent().installed(deployment(), pods=pods or (_lost(),))


def _lost(name: str = "metrics-server-1") -> Json:
    made = pod(name, ready=False, node="worker")
    made["spec"]["tolerations"] = [TOLERATED]
    return made


def _marked(patient: Patient, since: float = -60) -> Patient:
    place = Place(WORKSTATION, Kind.API, paths.NODES)
    listing = json.loads(patient.documents[place].body or b"")
    worker = next(item for item in listing["items"] if item["metadata"]["name"] == "worker")
    worker["status"]["conditions"][0]["lastTransitionTime"] = moment(since)
    worker["spec"] = {"taints": [{"key": SHUT_DOWN, "effect": "NoSchedule"}]}
    return patient.api(paths.NODES, listing)


def test_it_alone_is_named_and_explains_that_nobody_has_metrics() -> None:
    diagnosis = _dead().diagnosis()
    causes = [cause for cause in diagnosis.causes if cause.finding.effects]

    assert [cause.id for cause in causes] == [ID]
    assert causes[0].finding.confidence is Confidence.LIKELY
    assert diagnosis.verdict is Verdict.BROKEN
    assert not diagnosis.unexplained


def test_when_the_cluster_moves_it_is_told() -> None:
    (finding,) = _marked(_dead()).outcome(ID).findings

    assert "by itself at 12:04:00Z" in finding.summary


def test_whoever_marked_the_machine_takes_its_node_away() -> None:
    (unmarked,), (marked,) = _dead().outcome(ID).findings, _marked(_dead()).outcome(ID).findings

    assert [command for remedy in marked.remedies for command in remedy.commands] == [
        "kubectl -n kube-system delete pod metrics-server-1 --wait=false"
    ]
    assert "kubectl delete node worker --wait=false" in unmarked.remedies[-1].commands


@pytest.mark.parametrize(
    "patient",
    [
        # Its port refuses: the machine is up, and its kubelet is what is missing.
        lambda: (
            stopped(log_behind_it(refuses_workstation(healthy()))).silent().installed(deployment(), pods=(_lost(),))
        ),
        # Another pod serves, or is about to.
        lambda: _dead(_lost(), pod("metrics-server-2", node="master")),
        lambda: _dead(_lost(), pod("metrics-server-2", node="master", ready=False)),
        # Its kubelet still reports.
        lambda: log_behind_it(silent_to_workstation(healthy())).silent(),
        # A kubelet runs there, as its host shows.
        lambda: _dead().process("worker", "kubelet", "/usr/bin/kubelet"),
    ],
    ids=("refuses", "another-serves", "another-starts", "reports", "runs"),
)
def test_nothing_else_passes_for_it(patient: Callable[[], Patient]) -> None:
    assert patient().outcome(ID).result is Result.PASS
