"""Which policies leave metrics-server no way, and what is made of it while metrics flow and while they do not."""

from typing import Any

import pytest

from msdoctor.facts import paths
from msdoctor.judge import Result
from msdoctor.model import Confidence, State
from tests.facts.clusters import Patient, apiservice, healthy, listed

CHECK = "network-policy-blocks"
TIMEOUT = (
    'failing or missing response from https://10.96.0.20:443/apis/metrics.k8s.io/v1beta1: Get "https://10.96.0.20:443'
    '/apis/metrics.k8s.io/v1beta1": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
)


def _with(*specs: dict[str, Any], patient: Patient | None = None) -> Patient:
    items = [{"metadata": {"name": f"policy-{number}"}, "spec": spec} for number, spec in enumerate(specs)]
    return (patient or healthy()).api(paths.network_policies("kube-system"), listed(*items))


def _ingress(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": list(rules)} | more


def _to(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(rules)}


@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}},  # without types and rules: nobody gets in
        _ingress({"ports": [{"protocol": "TCP", "port": 443}]}),  # the Service's port
        _ingress({"ports": [{"protocol": "UDP", "port": 10250}]}),
        _ingress({"from": [{"namespaceSelector": {}}]}),  # pods alone
        _ingress(podSelector={"matchExpressions": [{"key": "k8s-app", "operator": "Exists"}]}),
        _to(),
        _to({"to": [{"ipBlock": {"cidr": "192.0.2.0/24", "except": ["192.0.2.11/32"]}}]}),
        _to({"ports": [{"port": 6443}]}),
    ],
)
def test_what_leaves_it_no_way_is_a_risk_while_metrics_flow(spec: dict[str, Any]) -> None:
    (finding,) = _with(spec).outcome(CHECK).findings

    assert finding.state is State.LATENT
    assert "networking.k8s.io" in finding.remedies[0].commands[0]


@pytest.mark.parametrize(
    "specs",
    [
        [],
        [_ingress(podSelector={"matchLabels": {"app": "another"}})],
        [_ingress(), _ingress({"ports": [{"port": "https"}]})],  # policies add up
        [_ingress({"ports": [{"port": 10000, "endPort": 11000}]})],
        [_ingress({"from": [{"ipBlock": {"cidr": "198.51.100.0/24"}}]})],  # perhaps what the API server comes from
        [_to({"ports": [{"port": 10250}]}, {"ports": [{"port": 443}]})],
        [_to({})],
    ],
)
def test_what_lets_it_through_is_none(specs: list[dict[str, Any]]) -> None:
    outcome = _with(*specs).outcome(CHECK)

    assert outcome.result in (Result.PASS, Result.NOT_APPLICABLE)


def test_where_the_api_server_waits_in_vain_it_may_be_the_cause() -> None:
    ill = healthy().silent().api(paths.APISERVICES, listed(apiservice("False", "FailedDiscoveryCheck", TIMEOUT)))

    (finding,) = _with(_ingress(), patient=ill).outcome(CHECK).findings

    assert finding.confidence is Confidence.POSSIBLE
    assert finding.doubt


def test_where_nothing_is_seen_to_time_out_it_is_not_accused() -> None:
    outcome = _with(_ingress(), patient=healthy().silent()).outcome(CHECK)

    assert not outcome.findings
    assert outcome.unseen
