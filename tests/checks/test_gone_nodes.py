"""A node whose machine is gone: nobody is accused for it, nothing is expected of it, and it must not pass for one."""

import json
from collections.abc import Callable

import pytest

from msdoctor.bundle import WORKSTATION, Kind, Place
from msdoctor.diagnosis import Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.facts.leaving import TO_BE_DELETED
from msdoctor.facts.stranded import SHUT_DOWN
from msdoctor.judge import Result
from msdoctor.model import Confidence
from msdoctor.render import report_text
from tests.checks.unreached import (
    NO_NAME,
    NO_ROUTE,
    REFUSED,
    TIMEOUT,
    leases,
    log_behind_it,
    refuses_workstation,
    silent_to_workstation,
    stopped,
    unreached,
)
from tests.facts.clusters import Json, Patient, healthy, moment

ID = "node-terminated-still-listed"
NODES = Place(WORKSTATION, Kind.API, paths.NODES)


def _written(patient: Patient, *, taint: str = "", deleted: bool = False) -> Patient:
    """The same with a taint on the worker's Node, or with the moment of its deletion."""
    listing: Json = json.loads(patient.documents[NODES].body or b"")
    worker = next(item for item in listing["items"] if item["metadata"]["name"] == "worker")
    if taint:
        worker["spec"] = {"taints": [{"key": taint, "effect": "NoSchedule"}]}
    if deleted:
        worker["metadata"]["deletionTimestamp"] = moment(-120)
    return patient.api(paths.NODES, listing)


def _silent(error: str = TIMEOUT) -> Patient:
    return stopped(silent_to_workstation(unreached(error)))


@pytest.mark.parametrize(
    ("patient", "confidence"),
    [
        (lambda: _written(_silent(), taint=SHUT_DOWN), Confidence.CERTAIN),
        (lambda: _written(_silent(NO_ROUTE), taint=SHUT_DOWN), Confidence.CERTAIN),
        # Its name has gone with it.
        (lambda: _written(_silent(NO_NAME), taint=SHUT_DOWN), Confidence.CERTAIN),
        (lambda: _written(_silent(), taint=TO_BE_DELETED), Confidence.LIKELY),
        (lambda: _written(_silent(), deleted=True), Confidence.LIKELY),
    ],
    ids=("shut-down", "no-route", "no-name", "to-be-deleted", "deleted"),
)
def test_nobody_is_accused_and_the_verdict_stays(patient: Callable[[], Patient], confidence: Confidence) -> None:
    gone = patient()
    diagnosis = gone.diagnosis()

    assert [finding.confidence for finding in gone.outcome(ID).findings] == [confidence]
    assert not [cause for cause in diagnosis.causes if cause.finding.effects]
    assert not diagnosis.unexplained
    assert diagnosis.verdict is Verdict.HEALTHY
    assert exit_code(diagnosis) == 0
    assert (diagnosis.flow.nodes_seen, diagnosis.flow.nodes_of, diagnosis.flow.blind_nodes) == (1, 1, ())
    assert "Not counted: worker" in report_text.text(diagnosis, age="recorded")


@pytest.mark.parametrize(
    "patient",
    [
        # Nothing is written on it.
        _silent,
        # It is drained, and works meanwhile.
        lambda: _written(leases(healthy()), taint=TO_BE_DELETED),
        lambda: _written(leases(silent_to_workstation(unreached(TIMEOUT))), taint=TO_BE_DELETED),
        # The machine refuses: it is up.
        lambda: _written(stopped(refuses_workstation(unreached(REFUSED))), taint=SHUT_DOWN),
        # It is cut off from the API server, and shakes hands.
        lambda: _written(stopped(unreached(TIMEOUT)), deleted=True),
        # A kubelet runs there, as its host shows.
        lambda: _written(_silent(), deleted=True).process("worker", "kubelet", "/usr/bin/kubelet"),
        # All of metrics-server is there.
        lambda: _written(stopped(log_behind_it(silent_to_workstation(healthy()))).silent(), taint=SHUT_DOWN),
    ],
    ids=("unwritten", "drained", "drained-and-firewalled", "refuses", "shakes-hands", "runs", "metrics-servers-own"),
)
def test_it_is_not_said_of_a_node_that_gives_a_sign_of_life_or_does_harm(patient: Callable[[], Patient]) -> None:
    outcome = patient().outcome(ID)

    assert not outcome.findings
    assert outcome.result is Result.PASS


def test_another_nodes_fault_is_named_beside_it() -> None:
    both = _written(_silent(), taint=SHUT_DOWN).metrics()

    assert both.diagnosis().verdict is not Verdict.HEALTHY
    assert both.diagnosis().flow.blind_nodes == ("master",)
