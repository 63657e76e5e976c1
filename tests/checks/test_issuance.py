"""A certificate that cert-manager cannot have issued, and metrics-server's pod that waits for it."""

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from msdoctor.judge import Result
from tests.checks.starting import starting, waiting
from tests.facts.clusters import Json, Patient, container, listed, moment

ID = "chart-cert-acme-cn"
NO_SECRET = 'MountVolume.SetUp failed for volume "tls" : secret "metrics-server-tls" not found'
COMMON_NAME = (
    "The CSR PEM requests a commonName that is not present in the list of dnsNames or ipAddresses. If a commonName is"
    ' set, ACME requires …: "metrics-server" does not exist in [metrics-server.kube-system] or []'
)
NAMES = (
    'Failed to wait for order resource "m-1-2" to become ready: order is in "errored" state: Failed to create Order:'
    " 400 urn:ietf:params:acme:error:rejectedIdentifier: Error creating new order"
)
ELSE = 'Referenced "Issuer" not found: issuer.cert-manager.io "ca" not found'
CERTIFICATES, REQUESTS = paths.certificates("kube-system"), paths.certificate_requests("kube-system")


def _certificate(secret: str = "metrics-server-tls", message: str = "") -> Json:
    said = {"type": "Issuing", "status": "False", "reason": "Failed", "message": message}
    return {
        "metadata": {"name": "metrics-server", "namespace": "kube-system"},
        "spec": {
            "secretName": secret,
            "commonName": "metrics-server",
            "dnsNames": ["metrics-server.kube-system"],
            "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"},
        },
        "status": {"conditions": [said] if message else []},
    }


def _request(message: str, name: str = "metrics-server-1", age: float = 60, status: str = "False") -> Json:
    return {
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "creationTimestamp": moment(-age),
            "annotations": {"cert-manager.io/certificate-name": "metrics-server"},
        },
        "status": {"conditions": [{"type": "Ready", "status": status, "reason": "Failed", "message": message}]},
    }


def _waits(*certificates: Json, requests: tuple[Json, ...] = (), message: str = NO_SECRET) -> Patient:
    volume = {"name": "tls", "secret": {"secretName": "metrics-server-tls"}}
    patient = starting(container(), waiting("ContainerCreating"), volumes=[volume])
    event = {
        "metadata": {"name": "e", "namespace": "kube-system"},
        "involvedObject": {"kind": "Pod", "name": "metrics-server-1"},
        "reason": "FailedMount",
        "message": message,
        "lastTimestamp": moment(-20),
    }
    patient.api(paths.events("kube-system", "metrics-server-1"), listed(event))
    return patient.api(CERTIFICATES, listed(*certificates)).api(REQUESTS, listed(*requests))


@pytest.mark.parametrize(
    ("message", "because"),
    [(COMMON_NAME, "the common name metrics-server among the DNS names"), (NAMES, "from outside")],
    ids=("common-name", "names"),
)
def test_what_the_issuer_refuses_is_named(message: str, because: str) -> None:
    (finding,) = _waits(_certificate(), requests=(_request(message),)).outcome(ID).findings

    assert because in finding.summary
    assert message in [evidence.saw for evidence in finding.evidence]
    assert NO_SECRET in [evidence.saw for evidence in finding.evidence]


def test_the_certificates_own_word_is_enough() -> None:
    failed = f"The certificate request has failed to complete and will be retried: {COMMON_NAME}"

    assert _waits(_certificate(message=failed)).outcome(ID).result is Result.FAIL


def test_the_newest_request_counts() -> None:
    requests = (_request(NAMES, "metrics-server-1", age=600), _request("", "metrics-server-2", status="True"))

    assert _waits(_certificate(), requests=requests).outcome(ID).result is Result.PASS


@pytest.mark.parametrize(
    "patient",
    [
        _waits(_certificate(secret="another"), requests=(_request(COMMON_NAME),)),
        _waits(_certificate(), requests=(_request(ELSE),)),
        _waits(_certificate(), requests=(_request(COMMON_NAME),), message="MountVolume.SetUp failed: timed out"),
        _waits().refuse(CERTIFICATES, Reason.ABSENT, 404),
    ],
    ids=("another-secret", "another-reason", "another-complaint", "no-cert-manager"),
)
def test_no_other_missing_secret_is_put_down_to_it(patient: Patient) -> None:
    assert patient.outcome(ID).result is Result.PASS


def test_without_the_right_to_ask_cert_manager_it_is_not_seen() -> None:
    assert _waits().refuse(CERTIFICATES, Reason.FORBIDDEN, 403).outcome(ID).result is Result.UNSEEN
