"""metrics-server in a kubelet's place: it is named there, and no kubelet is blamed for what it answers."""

from collections.abc import Callable

import pytest

from msdoctor.facts import paths
from msdoctor.model import Confidence, EffectKind
from tests.checks.unreached import ITSELF, WORKER, answer, complaint, sitting
from tests.facts.clusters import (
    MANIFEST_ARGS,
    Patient,
    apiservice,
    healthy,
    issue,
    kubelet_certificate,
    sample,
)

ID = "port-conflict-10250-fargate"
BLAMED_ELSE = (
    "kubelet-cert-san-mismatch",
    "kubelet-anonymous-token-not-accepted",
    "kubelet-rbac-forbidden-403",
    "kubelet-endpoint-404-version",
)


def _own_certificate() -> Patient:
    own = issue("localhost@1795623061", by="localhost-ca@1795623061", sans=("localhost", "127.0.0.1"))
    return sitting(complaint(ITSELF), host_network=True).tls(WORKER, own)


@pytest.mark.parametrize(
    ("patient", "confidence"),
    [
        (_own_certificate, Confidence.CERTAIN),
        # Fargate: from elsewhere the kubelet is met, or nobody.
        (lambda: sitting(complaint(ITSELF)), Confidence.LIKELY),
        (lambda: sitting(complaint(ITSELF)).without_route(WORKER), Confidence.LIKELY),
        (lambda: sitting(answer("403 Forbidden")).without_route(WORKER), Confidence.LIKELY),
        (lambda: sitting(answer("404 Not Found")).without_route(WORKER), Confidence.LIKELY),
    ],
    ids=("its-certificate-met", "kubelet-met-from-elsewhere", "nobody-met", "403", "404"),
)
def test_it_is_named_where_it_sits_in_the_kubelets_place_and_nothing_else_is(
    patient: Callable[[], Patient], confidence: Confidence
) -> None:
    (finding,) = patient().outcome(ID).findings

    assert finding.confidence is confidence
    assert finding.subjects == ("node/worker",)
    assert not [name for name in BLAMED_ELSE if patient().outcome(name).findings]


@pytest.mark.parametrize(
    ("patient", "named"),
    [
        # On another node it meets no port of its own: the certificate is the kubelet's.
        (lambda: sitting(complaint(ITSELF), node="master"), "kubelet-cert-san-mismatch"),
        # In a network of its own it meets none either.
        (lambda: sitting(complaint(ITSELF), address="10.244.1.5"), "kubelet-cert-san-mismatch"),
        # It listens elsewhere.
        (lambda: _listening_elsewhere(complaint(ITSELF)), "kubelet-cert-san-mismatch"),
    ],
    ids=("other-node", "own-network", "other-port"),
)
def test_a_kubelets_certificate_for_localhost_alone_is_the_kubelets_fault(
    patient: Callable[[], Patient], named: str
) -> None:
    unmet = patient().without_route(WORKER)

    assert not unmet.outcome(ID).findings
    assert unmet.outcome(named).findings


def _listening_elsewhere(log: str) -> Patient:
    patient = healthy().args(*(arg.replace("=10250", "=4443") for arg in MANIFEST_ARGS), port=4443)
    return patient.metrics(sample("master")).log(log)


def test_on_the_nodes_network_the_answer_of_a_kubelet_that_is_met_there_is_the_kubelets() -> None:
    patient = sitting(answer("403 Forbidden"), host_network=True).tls(WORKER, kubelet_certificate("192.0.2.11"))

    assert not patient.outcome(ID).findings


def test_an_aggregator_that_meets_the_kubelet_instead_is_accounted_for() -> None:
    message = "failing or missing response from https://192.0.2.11:10250/apis/metrics.k8s.io/v1beta1: "
    message += "bad status from https://192.0.2.11:10250/apis/metrics.k8s.io/v1beta1: 403"
    refused = apiservice("False", "FailedDiscoveryCheck", message)
    patient = sitting(complaint(ITSELF)).api(paths.APISERVICES, {"items": [refused]})
    (finding,) = patient.outcome(ID).findings

    assert EffectKind.APISERVICE_UNAVAILABLE in {effect.kind for effect in finding.effects}


def test_it_is_moved_to_another_port_where_the_kubelets_own_is_the_one_dialled() -> None:
    (finding,) = sitting(complaint(ITSELF)).outcome(ID).findings
    (command,) = finding.remedies[0].commands

    assert '"value":"--secure-port=4443"' in command
    assert '"path":"/spec/template/spec/containers/0/ports/0/containerPort","value":4443' in command
