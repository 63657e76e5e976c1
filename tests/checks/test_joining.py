"""A node that has just joined has no metrics yet, and is neither accused nor counted as blind; unless something is."""

from collections.abc import Callable

import pytest

from msdoctor.diagnosis import Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.judge import Result
from tests.checks.unreached import WORKER, complaint
from tests.facts.clusters import (
    ADDRESSES,
    Json,
    Patient,
    healthy,
    kubelet_certificate,
    listed,
    moment,
    node,
    sample,
)

ID = "node-metrics-missing"
UNTRUSTED = "tls: failed to verify certificate: x509: certificate is valid for 192.0.2.99, not 192.0.2.11"


def _joined(age: float) -> Patient:
    """The worker is that old, and has no metrics."""
    nodes: list[Json] = [node(name, ("InternalIP", at), ("Hostname", name)) for name, at in ADDRESSES.items()]
    nodes[1]["metadata"]["creationTimestamp"] = moment(-age)
    return healthy().api(paths.NODES, listed(*nodes)).metrics(sample("master"))


def test_it_is_awaited_for_as_long_as_two_scrapes_may_take() -> None:
    patient = _joined(20)
    diagnosis = patient.diagnosis()

    assert patient.outcome(ID).result is Result.UNSEEN
    assert (diagnosis.verdict, exit_code(diagnosis), exit_code(diagnosis, strict=True)) == (Verdict.HEALTHY, 0, 3)
    assert [one.name for one in diagnosis.flow.awaited_nodes] == ["worker"]
    assert not diagnosis.flow.blind_nodes


@pytest.mark.parametrize(
    "patient",
    [
        lambda: _joined(300),
        lambda: _joined(20).log(complaint(UNTRUSTED)).without_route(WORKER),
    ],
    ids=("long-there", "complained-of"),
)
def test_it_is_missed_once_it_is_late_or_complained_of(patient: Callable[[], Patient]) -> None:
    assert patient().outcome(ID).result is Result.FAIL
    assert patient().diagnosis().flow.blind_nodes == ("worker",)


def test_it_counts_as_blind_where_something_is_known_to_keep_its_metrics_away() -> None:
    patient = _joined(20).tls(WORKER, kubelet_certificate("192.0.2.99"))

    assert patient.diagnosis().flow.blind_nodes == ("worker",)


def test_where_nobody_has_metrics_nobody_is_awaited() -> None:
    assert not _joined(20).metrics().diagnosis().flow.awaited_nodes
