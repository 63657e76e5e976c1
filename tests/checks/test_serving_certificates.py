"""The checks about how a kubelet comes by its certificate, and how long it lasts."""

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from msdoctor.judge import Result
from msdoctor.model import Confidence, Finding, State
from tests.checks.serving import ADDRESS, BY_FILE, DAY, DIALLED, asked, configured, not_reloaded, without_certificate
from tests.facts.clusters import CA, NOW, Patient, healthy, issue, kubelet_certificate, sample, scrape_error
from tests.facts.serving_requests import csr

PENDING = "kubelet-serving-csr-pending"
DENIED = "kubelet-serving-csr-denied"


def _finding(patient: Patient, check: str) -> Finding:
    (found,) = patient.outcome(check).findings
    return found


# Requests


def test_a_kubelet_without_a_certificate_whose_request_waits() -> None:
    finding = _finding(without_certificate(csr("old", age=1000), csr("new", age=60)), PENDING)

    assert (finding.state, finding.confidence) == (State.ACTIVE, Confidence.CERTAIN)
    assert finding.summary.startswith("Request new of worker's kubelet waits for approval")
    assert "kubectl certificate approve $CSR" in finding.remedies[0].commands


def test_a_request_for_strange_names_is_not_to_be_approved() -> None:
    finding = _finding(without_certificate(csr(names=(ADDRESS, "192.0.2.10"))), PENDING)

    assert "must not be approved as it is: it asks for 192.0.2.10, which the node does not have" in finding.summary
    assert not [command for remedy in finding.remedies for command in remedy.commands if "approve" in command]


def test_requests_of_others_for_the_nodes_names_are_named_as_such() -> None:
    finding = _finding(without_certificate(csr("own"), csr("stranger", by="mallory")), PENDING)

    assert "Do not approve stranger" in finding.summary
    assert "mallory asks to be worker" in finding.evidence[-1].saw


def test_what_was_approved_and_is_not_issued_points_to_the_signer() -> None:
    finding = _finding(without_certificate(csr(fate="Approved")), PENDING)

    assert "is not issued: the controller-manager" in finding.summary


def test_a_renewal_that_waits_hurts_only_when_the_old_one_ends() -> None:
    finding = _finding(asked(csr()), PENDING)

    assert (finding.state, finding.confidence) == (State.LATENT, Confidence.CERTAIN)
    assert "Until then it serves the one that ends on" in finding.summary


@pytest.mark.parametrize(
    "patient",
    [
        asked(csr(age=7200)),  # nobody has asked again since
        configured(asked(csr()), BY_FILE),  # it asks no longer
        asked(csr(fate="Approved", issued=kubelet_certificate(ADDRESS))),
        asked(csr(by="mallory")),
        asked(),
        healthy(),
    ],
)
def test_requests_that_nobody_waits_for_are_no_disease(patient: Patient) -> None:
    assert patient.outcome(PENDING).result is Result.PASS
    assert patient.outcome(DENIED).result is Result.PASS


@pytest.mark.parametrize("fate", ["Denied", "Failed"])
def test_a_request_that_was_turned_down(fate: str) -> None:
    patient = without_certificate(csr("old", age=900), csr("new", fate=fate))
    finding = _finding(patient, DENIED)

    assert finding.state is State.ACTIVE
    assert "“Why: because”" in finding.summary
    assert patient.outcome(PENDING).result is Result.PASS


def test_after_a_denial_the_next_request_decides() -> None:
    patient = without_certificate(csr("denied", age=900, fate="Denied"), csr("next"))

    assert patient.outcome(DENIED).result is Result.PASS
    assert patient.outcome(PENDING).result is Result.FAIL


def test_who_may_not_read_requests_is_told_where_to_look() -> None:
    patient = without_certificate().refuse(paths.CSRS, Reason.FORBIDDEN, 403)

    for check in (PENDING, DENIED):
        outcome = patient.outcome(check)
        assert outcome.result is Result.UNSEEN
        assert "`kubectl get csr` would tell why" in outcome.reason


def test_a_kubelet_without_a_certificate_that_never_asked_for_one_is_not_passed() -> None:
    outcome = without_certificate().outcome(PENDING)

    assert outcome.result is Result.UNSEEN
    assert "no request of it for one is there" in outcome.reason


# Times


@pytest.mark.parametrize(
    ("life", "left", "warned"),
    [(365, 29, True), (365, 31, False), (10, 0.9, True), (10, 1.1, False), (3650, 31, False), (365, -1, False)],
)
def test_a_certificate_expires_soon_in_its_last_tenth_and_last_thirty_days(
    life: float, left: float, warned: bool
) -> None:
    served = kubelet_certificate(ADDRESS, start=NOW + (left - life) * DAY, end=NOW + left * DAY)
    outcome = healthy().tls(DIALLED, served).outcome("kubelet-cert-expiring")

    assert bool(outcome.findings) is warned
    assert all(finding.state is State.LATENT for finding in outcome.findings)


@pytest.mark.parametrize(("said", "confidence"), [(True, Confidence.CERTAIN), (False, Confidence.LIKELY)])
def test_a_certificate_that_begins_ahead_is_certain_where_two_clocks_agree(said: bool, confidence: Confidence) -> None:
    patient = healthy().metrics(sample("master")).tls(DIALLED, kubelet_certificate(ADDRESS, start=NOW + DAY / 4))
    text = (
        f"x509: certificate has expired or is not yet valid: current time {NOW:%FT%TZ} is before 2026-03-01T18:00:00Z"
    )
    if said:
        patient.log(scrape_error("worker", ADDRESS, text))
    finding = _finding(patient, "clock-skew")

    assert finding.confidence is confidence
    assert "6 h from now" in finding.summary


# Renewals


def test_a_renewed_file_that_is_not_served_is_the_one_cause_of_the_old_ones_fault() -> None:
    patient = not_reloaded()
    finding = _finding(patient, "kubelet-cert-not-reloaded")

    assert finding.state is State.ACTIVE
    assert [evidence.origin for evidence in finding.evidence] == ["workstation", "host/worker"]
    assert [cause.id for cause in patient.diagnosis().causes if cause.breaks] == ["kubelet-cert-not-reloaded"]


def test_an_old_certificate_that_still_does_makes_a_missed_renewal_latent() -> None:
    old, new = kubelet_certificate(ADDRESS), kubelet_certificate(ADDRESS, start=NOW - DAY, generation="2")
    patient = configured(healthy().tls(DIALLED, old), BY_FILE, new)

    assert _finding(patient, "kubelet-cert-not-reloaded").state is State.LATENT


def test_a_renewal_that_would_not_do_is_told_of_before_the_next_restart() -> None:
    bad = kubelet_certificate("192.0.2.99", start=NOW - DAY)
    finding = _finding(configured(healthy(), BY_FILE, bad), "kubelet-cert-not-reloaded")

    assert finding.state is State.LATENT
    assert "metrics-server would refuse it: certificate is valid for 192.0.2.99, not 192.0.2.11" in finding.summary
    assert not [c for remedy in finding.remedies[:1] for c in remedy.commands if "restart" in c]


def test_a_served_fault_stays_the_cause_where_the_renewal_is_no_better() -> None:
    bad = kubelet_certificate("192.0.2.99", start=NOW - DAY)
    old = kubelet_certificate(ADDRESS, end=NOW - DAY)
    patient = configured(healthy().metrics(sample("master")).tls(DIALLED, old), BY_FILE, bad)

    assert [cause.id for cause in patient.diagnosis().causes if cause.breaks] == ["kubelet-cert-expired"]


# Names


@pytest.mark.parametrize("common_name", ["worker", "somebody"])
def test_a_certificate_without_any_name_is_the_same_lack_where_the_node_is_dialled_by_name(common_name: str) -> None:
    patient = healthy().metrics(sample("master")).args("--kubelet-preferred-address-types=Hostname")
    patient.tls("worker:10250", issue(common_name, by=CA)).tls("master:10250", issue("master", by=CA, sans=("master",)))
    (finding,) = patient.outcome("kubelet-cert-san-missing-ip").findings

    assert finding.subjects == ("node/worker",)


@pytest.mark.parametrize(
    "error",
    [
        "x509: certificate relies on legacy Common Name field, use SANs instead",
        "x509: certificate is not valid for any names, but wanted to match worker",
    ],
)
def test_the_log_tells_of_that_lack_in_gos_words(error: str) -> None:
    patient = healthy().metrics(sample("master")).without_route(DIALLED).log(scrape_error("worker", ADDRESS, error))

    assert _finding(patient, "kubelet-cert-san-missing-ip").confidence is Confidence.LIKELY
