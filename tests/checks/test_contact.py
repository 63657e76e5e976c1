"""metrics-server's connections to the API server: lost again and again, or once, when it was restarted."""

from datetime import timedelta

import pytest

from msdoctor.facts import paths
from msdoctor.judge import Result
from tests.facts.clusters import NOW, Patient, healthy, listed, mirror_pod, moment

UNSTABLE, RESTARTING = "apiserver-connection-unstable", "apiserver-restarting"
LOST = (
    r'I0301 12:00:00.000000       1 reflector.go:556] "Warning: watch ended with error" type="*v1.Node"'
    r' err="an error on the server (\"unable to decode an event from the watch stream: http2: client connection'
    r' lost\") has prevented the request from succeeding"'
)
REFUSED = (
    r'E0301 12:00:00.000000       1 reflector.go:200] "Failed to watch" err="failed to list *v1.Node: Get'
    r' \"https://10.96.0.1:443/api/v1/nodes?limit=500\": dial tcp 10.96.0.1:443: connect: connection refused"'
)
RESET_AT_KUBELET = (
    r'E0301 12:00:00.000000       1 scraper.go:149] "Failed to scrape node" err="Get'
    r" \"https://192.0.2.11:10250/metrics/resource\": read tcp 10.0.0.3:4000->192.0.2.11:10250: read: connection reset"
    r' by peer" node="worker"'
)


def _says(*lines: tuple[float, str]) -> Patient:
    """A log of lines said so many seconds ago."""
    text = "".join(f"{NOW - timedelta(seconds=age):%Y-%m-%dT%H:%M:%S}.000000000Z {line}\n" for age, line in lines)
    return healthy().log(text)


def _started(patient: Patient, age: float) -> Patient:
    server = mirror_pod("master")
    server["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = moment(-age)
    return patient.api(paths.API_SERVER_PODS, listed(server))


def test_three_losses_apart_from_each_other_are_named_with_their_times() -> None:
    (finding,) = _says((900, LOST), (600, LOST), (300, LOST)).outcome(UNSTABLE).findings

    assert "3 times within 10 minutes" in finding.summary
    assert finding.evidence[0].saw == "connections lost at 11:45:00Z, 11:50:00Z, 11:55:00Z"


@pytest.mark.parametrize(
    "patient",
    [
        _says((900, LOST), (600, LOST)),
        # One outage, however many lines it makes.
        _says(*((300 - age, REFUSED if age else LOST) for age in range(0, 240, 30))),
        # Never connected in between, as far as is seen.
        _says((900, REFUSED), (600, REFUSED), (300, REFUSED)),
        # Long past.
        _says((9000, LOST), (8700, LOST), (8400, LOST)),
        # Another connection's.
        _says((900, RESET_AT_KUBELET), (600, RESET_AT_KUBELET), (300, RESET_AT_KUBELET)),
        # One of them is a restart.
        _started(_says((900, LOST), (600, LOST), (300, LOST)), 290),
    ],
    ids=("twice", "one-outage", "unreachable", "past", "kubelets", "restarted"),
)
def test_less_than_that_is_not(patient: Patient) -> None:
    assert patient.outcome(UNSTABLE).result is Result.PASS


def test_a_restart_that_is_over_explains_what_was_said_then() -> None:
    patient = _started(_says((300, LOST), (290, REFUSED), (280, REFUSED)), 285)

    (finding,) = patient.outcome(RESTARTING).findings
    assert finding.effects == ()
    assert patient.outcome(UNSTABLE).result is Result.PASS


@pytest.mark.parametrize(
    "patient",
    [
        _started(_says((300, REFUSED)), 7200),
        _started(_says((20, REFUSED)), 25),
        _started(_says(*((900 - age, REFUSED) for age in range(0, 600, 30))), 600),
    ],
    ids=("started-long-ago", "not-over", "too-long"),
)
def test_what_no_restart_explains_is_not_put_down_to_one(patient: Patient) -> None:
    assert patient.outcome(RESTARTING).result is Result.PASS
