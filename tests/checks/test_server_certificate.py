"""An API server whose own certificate has expired: seen where nothing else is to be seen."""

from datetime import timedelta

from msdoctor.bundle import Kind, Place, Reason
from msdoctor.diagnosis import Verdict, exit_code
from msdoctor.facts.wanted import wanted
from msdoctor.judge import Result
from msdoctor.model import Confidence, State
from tests.facts.clusters import CA, MASTER, NOW, PKI, SERVER_ARGS, Issued, Patient, healthy, issue, with_host

CHECK = "apiserver-serving-cert-expired"
SERVER = "192.0.2.10:6443"
EXPIRED = f"the certificate of https://{SERVER} is not trusted: certificate has expired; no credential was sent to it"
NAMES = ("192.0.2.10", "10.96.0.1", "kubernetes.default.svc")


def _certificate(*, days: float) -> Issued:
    return issue("kube-apiserver", by=CA, sans=NAMES, start=NOW - timedelta(days=400), end=NOW + timedelta(days=days))


def _untrusted(detail: str = EXPIRED) -> Patient:
    patient = Patient()
    for place in healthy().documents:
        if place.kind is not Kind.TLS:
            patient.refuse(place, Reason.UNTRUSTED, detail=detail)
    return patient


def _in_file(patient: Patient, certificate: Issued) -> Patient:
    cert, key = f"{PKI}/apiserver.pem", f"{PKI}/apiserver-key.pem"
    args = (*SERVER_ARGS, f"--tls-cert-file={cert}", f"--tls-private-key-file={key}")
    return with_host(patient, *args).file(MASTER, cert, certificate.pem)


def test_it_is_the_one_cause_where_nothing_else_can_be_read() -> None:
    diagnosis = _untrusted().tls(SERVER, _certificate(days=-1)).diagnosis()

    (cause,) = (cause for cause in diagnosis.causes if cause.finding.effects)
    assert (cause.id, cause.finding.confidence) == (CHECK, Confidence.CERTAIN)
    assert (diagnosis.verdict, exit_code(diagnosis)) == (Verdict.BROKEN, 1)


def test_the_words_of_the_refusal_are_enough_without_the_certificate_itself() -> None:
    (finding,) = _untrusted().outcome(CHECK).findings

    assert finding.confidence is Confidence.LIKELY


def test_a_handshake_with_the_api_server_is_asked_for_where_it_is_not_trusted() -> None:
    assert Place("workstation", Kind.TLS, SERVER) in wanted(_untrusted().bundle())


def test_its_remedy_issues_it_anew_of_the_same_key_and_for_the_same_names() -> None:
    certificate = _certificate(days=-1)
    (finding,) = _in_file(_untrusted(), certificate).tls(SERVER, certificate).outcome(CHECK).findings

    (remedy,) = finding.remedies
    assert remedy.on == f"control-plane/{MASTER}"
    assert f"-key {PKI}/apiserver-key.pem -subj /CN=kube-apiserver" in remedy.commands[0]
    assert "subjectAltName=IP:192.0.2.10,IP:10.96.0.1,DNS:kubernetes.default.svc\\n" in remedy.commands[1]
    assert "extendedKeyUsage=serverAuth\\n" in remedy.commands[1]


def test_another_reason_for_not_being_trusted_is_not_taken_for_it() -> None:
    unknown = EXPIRED.replace("certificate has expired", "unable to get local issuer certificate")

    assert not _untrusted(unknown).tls(SERVER, _certificate(days=100)).outcome(CHECK).findings


def test_a_ca_that_has_expired_is_not_taken_for_the_certificate() -> None:
    assert _untrusted().tls(SERVER, _certificate(days=100)).outcome(CHECK).result is Result.UNSEEN


def test_an_expired_file_of_a_server_that_is_trusted_is_what_fails_next() -> None:
    (finding,) = _in_file(healthy(), _certificate(days=-1)).outcome(CHECK).findings

    assert finding.state is State.LATENT


def test_metrics_servers_log_tells_it_to_a_look_that_verifies_nobody() -> None:
    get = 'Get \\"https://10.96.0.1:443/api/v1/nodes?limit=500\\": tls: failed to verify certificate'
    times = "current time 2026-03-01T11:59:50Z is after 2026-02-28T00:00:00Z"
    error = f"x509: certificate has expired or is not yet valid: {times}"
    line = (
        "2026-03-01T11:59:50.000000000Z E0301 11:59:50.000000       1 reflector.go:166]"
        f' "Unhandled Error" err="k8s.io/client-go/informers/factory.go:160: Failed to watch *v1.Node: failed to list'
        f' *v1.Node: {get}: {error}"\n'
    )
    (finding,) = healthy().silent().log(line).outcome(CHECK).findings

    assert (finding.confidence, finding.state) == (Confidence.LIKELY, State.ACTIVE)
