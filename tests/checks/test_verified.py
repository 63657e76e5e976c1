"""Whom the API server believes to be metrics-server: what it met, what it says of it, and what heals that."""

from datetime import timedelta
from typing import Any

import pytest

from msdoctor.judge import Result
from msdoctor.model import Confidence, Finding, Hop, State
from tests.checks.registered import SERVICE, registered
from tests.checks.verified import OWN_NAME, POD, serving_certificate, verified
from tests.facts.clusters import NOW, Patient, container, deployment, healthy, issue, pod, service

EXPIRED = "x509: certificate has expired or is not yet valid: current time 2026-03-01T12:00:00Z is after "
UNKNOWN = "x509: certificate signed by unknown authority"


def _finding(patient: Patient, check_id: str) -> Finding:
    (finding,) = patient.outcome(check_id).findings
    return finding


def _causes(patient: Patient) -> set[str]:
    return {cause.id for cause in patient.diagnosis().causes if cause.finding.effects}


@pytest.mark.parametrize(
    ("said", "check_id"),
    [
        (f"x509: certificate is valid for localhost, localhost, not {OWN_NAME}", "apiservice-cert-no-san"),
        (f"x509: certificate is not valid for any names, but wanted to match {OWN_NAME}", "apiservice-cert-no-san"),
        ("x509: certificate relies on legacy Common Name field, use SANs instead", "apiservice-cert-no-san"),
        (UNKNOWN, "apiservice-cabundle-mismatch"),
        (f"{EXPIRED}2026-02-28T00:00:00Z", "metrics-server-cert-expired"),
    ],
)
def test_without_the_wire_the_condition_tells_and_nothing_is_certain(said: str, check_id: str) -> None:
    patient = verified(said=said)
    finding = _finding(patient, check_id)

    assert finding.confidence is Confidence.LIKELY
    assert _causes(patient) == {check_id}
    assert patient.outcome("metrics-server-cert-expiring").result is Result.UNSEEN


def test_that_it_signs_for_itself_is_next_where_the_api_server_does_not_even_reach_it() -> None:
    finding = _finding(verified(said="dial tcp 10.96.44.1:443: i/o timeout"), "apiservice-cert-no-san")

    assert (finding.state, finding.confidence) == (State.NEXT, Confidence.LIKELY)
    assert "it signs a certificate for localhost itself" in finding.evidence[1].saw


@pytest.mark.parametrize(
    "check_id", ["apiservice-cert-no-san", "apiservice-cabundle-mismatch", "metrics-server-cert-expired"]
)
def test_an_api_server_that_goes_on_asking_has_verified_what_nobody_else_has_seen(check_id: str) -> None:
    assert verified().outcome(check_id).result is Result.PASS


def test_nobody_looks_where_verification_is_off() -> None:
    patient = healthy().tls(POD, serving_certificate("localhost", by="other-ca", end=NOW - timedelta(days=1)))

    assert patient.outcome("apiservice-cert-no-san").result is Result.NOT_APPLICABLE
    assert patient.outcome("metrics-server-cert-expiring").result is Result.NOT_APPLICABLE


def test_a_server_that_signs_for_itself_lacks_the_name_first_and_the_authority_next() -> None:
    own = issue("localhost@1", by="localhost-ca@1", sans=("localhost", "127.0.0.1"))
    patient = verified(own, said=f"x509: certificate is valid for localhost, not {OWN_NAME}")

    assert _finding(patient, "apiservice-cert-no-san").confidence is Confidence.CERTAIN
    assert _finding(patient, "apiservice-cert-no-san").state is State.ACTIVE
    assert _finding(patient, "apiservice-cabundle-mismatch").state is State.NEXT


def test_that_a_certificate_has_expired_which_has_not_is_said_of_a_wrong_clock() -> None:
    patient = verified(said=f"{EXPIRED.replace('2026-03-01', '2027-03-01')}2026-12-26T12:00:00Z")

    assert not patient.outcome("metrics-server-cert-expired").findings


def test_what_is_seen_to_be_wrong_while_metrics_flow_is_said_and_not_charged() -> None:
    diagnosis = verified(serving_certificate("localhost")).diagnosis()
    (cause,) = [cause for cause in diagnosis.causes if cause.id == "apiservice-cert-no-san"]

    assert cause.finding.state is State.LATENT
    assert diagnosis.contradictions


def test_another_certificate_may_be_served_to_those_who_ask_by_name() -> None:
    patient = verified(
        serving_certificate("localhost"), args=("--secure-port=10250", "--tls-sni-cert-key=/a.pem,/a-key.pem")
    )

    assert patient.outcome("metrics-server-cert-expiring").result is Result.UNSEEN
    assert not patient.outcome("apiservice-cert-no-san").findings


def test_the_pods_of_another_server_are_not_who_answers() -> None:
    patient = verified(serving_certificate("localhost")).api(SERVICE, service({"app": "adapter"}))

    assert not patient.outcome("apiservice-cert-no-san").findings


@pytest.mark.parametrize("ca_bundle", ["QUJD", "not base64", "LS0t"])
def test_a_ca_bundle_that_holds_no_certificate_is_told_from_the_object(ca_bundle: str) -> None:
    finding = _finding(verified(ca_bundle=ca_bundle).silent(), "apiservice-cabundle-mismatch")

    assert finding.confidence is Confidence.CERTAIN
    assert "holds no certificate" in finding.summary


def test_without_a_ca_bundle_the_hosts_authorities_count_and_are_not_seen() -> None:
    silent = verified(ca_bundle="", said="i/o timeout")
    told = _finding(verified(serving_certificate(), ca_bundle="", said=UNKNOWN), "apiservice-cabundle-mismatch")

    assert silent.outcome("apiservice-cabundle-mismatch").result is Result.UNSEEN
    assert told.confidence is Confidence.LIKELY
    assert "has no caBundle" in told.summary


def test_what_lies_behind_a_server_that_is_not_trusted_is_hidden() -> None:
    hops = {hop.hop: hop for hop in verified(said=UNKNOWN).diagnosis().hops}

    assert hops[Hop.D].note == "hidden by C: nothing is asked of a server that is not trusted"


# Its remedies


def _mounted(*arguments: str, **volume: Any) -> Patient:
    one = container(("--secure-port=10250", *arguments))
    one["volumeMounts"] = [{"name": "certs", "mountPath": "/certs"}]
    made = deployment(one)
    made["spec"]["template"]["spec"]["volumes"] = [{"name": "certs", **volume}] if volume else []
    return verified(said=UNKNOWN).installed(made, pods=(pod("metrics-server-1", one),))


def _first_commands(patient: Patient) -> str:
    return "\n".join(_finding(patient, "apiservice-cabundle-mismatch").remedies[0].commands)


def test_the_authority_is_taken_from_where_it_is_known_to_lie() -> None:
    by_cluster = verified(serving_certificate(), authority="other-ca", said=UNKNOWN)
    from_secret = _mounted("--tls-cert-file=/certs/tls.crt", secret={"secretName": "ms-tls"})

    assert "configmap kube-root-ca.crt" in _first_commands(by_cluster)
    assert "get secret ms-tls" in _first_commands(from_secret)
    assert "openssl req -x509" in _first_commands(_mounted("--tls-cert-file=/elsewhere/tls.crt"))
    assert "openssl req -x509" in _first_commands(_mounted(secret={"secretName": "ms-tls"}))


def test_a_first_certificate_is_mounted_beside_what_is_there() -> None:
    bare, with_volume = verified(said=UNKNOWN), _mounted(secret={"secretName": "else"})
    serving = [_finding(p, "apiservice-cabundle-mismatch").remedies[1].commands[0] for p in (bare, with_volume)]

    assert '"path":"/spec/template/spec/volumes","value":[{' in serving[0]
    assert '"path":"/spec/template/spec/volumes/-","value":{' in serving[1]
    assert all("--tls-private-key-file=/etc/metrics-server-tls/tls.key" in command for command in serving)


def test_a_condition_of_another_reason_is_nobodys_certificate() -> None:
    patient = registered("False", "FailedDiscoveryCheck", "failing or missing response from https://10.0.0.1: EOF")

    assert patient.outcome("apiservice-cert-no-san").result is Result.NOT_APPLICABLE
