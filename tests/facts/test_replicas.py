"""Several API servers, each asked for itself: who is asked, and what it says that one differs."""

import pytest

from msdoctor.bundle import Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.facts.wanted import wanted

from .clusters import Patient, healthy, listed

FIRST, SECOND, THIRD = (f"192.0.2.{number}:6443" for number in (10, 11, 12))  # the kubeconfig names the first
SERVICE = "10.96.0.1"  # as every pod knows them
FORBIDDEN = 'nodes.metrics.k8s.io is forbidden: User "system:anonymous" cannot list resource "nodes"'


def at(address: str) -> Place:
    return Place(f"apiserver/{address}/{SERVICE}", Kind.API, paths.NODE_METRICS)


def control_plane(*addresses: str) -> Patient:
    endpoints = [{"addresses": [address.rpartition(":")[0]]} for address in addresses]
    piece = {"metadata": {"name": "kubernetes"}, "endpoints": endpoints, "ports": [{"name": "https", "port": 6443}]}
    service = {"metadata": {"name": "kubernetes"}, "spec": {"clusterIP": SERVICE}}
    return healthy().api(paths.KUBERNETES_SLICES, listed(piece)).api(paths.KUBERNETES_SERVICE, service)


def asked(patient: Patient) -> set[Place]:
    return {place for place in wanted(patient.bundle()) if place.origin.startswith("apiserver/")}


def test_each_but_the_one_of_the_kubeconfig_is_asked() -> None:
    assert asked(control_plane(FIRST, SECOND, THIRD)) == {at(SECOND), at(THIRD)}


def test_behind_a_load_balancer_all_are_asked() -> None:
    assert asked(control_plane(SECOND, THIRD)) == {at(SECOND), at(THIRD)}


def test_a_single_one_is_not_asked_twice_nor_where_nobody_lists_them() -> None:
    assert asked(control_plane(SECOND)) == set()
    assert asked(healthy()) == set()


def test_an_ipv6_address_is_asked_as_a_url_has_it() -> None:
    assert asked(control_plane(FIRST, "2001:db8::1:6443")) == {at("[2001:db8::1]:6443")}


@pytest.mark.parametrize(("status", "detail"), [(503, "service unavailable"), (403, FORBIDDEN)])
def test_one_that_refuses_what_the_other_gives_is_named(status: int, detail: str) -> None:
    patient = control_plane(FIRST, SECOND).refuse(at(SECOND), Reason.FAILED, status, detail)
    outcome = patient.outcome("apiservice-unavailable")
    (finding,) = outcome.findings

    assert [replica.address for replica in patient.facts().replicas.odd] == [SECOND]
    assert finding.summary == f"API server {SECOND} refuses what {FIRST} gives to the same caller."
    command = f"kubectl --server=https://{SECOND} --tls-server-name={SERVICE} get --raw {paths.NODE_METRICS}"
    assert command in [evidence.how for evidence in finding.evidence]


def test_a_cluster_of_which_one_refuses_is_not_healthy_and_the_looks_that_decide_are_named() -> None:
    diagnosis = control_plane(FIRST, SECOND).refuse(at(SECOND), Reason.FAILED, 503).diagnosis()
    (alternatives,) = diagnosis.alternatives

    assert diagnosis.verdict == "incomplete"
    assert {*alternatives.ids} >= {"proxy-client-cert-missing", "front-proxy-ca-mismatch"}


@pytest.mark.parametrize(
    ("reason", "status"), [(Reason.UNAUTHORIZED, 401), (Reason.TIMEOUT, None), (Reason.UNTRUSTED, None)]
)
def test_one_that_does_not_know_the_caller_or_is_out_of_reach_says_nothing(reason: Reason, status: int | None) -> None:
    patient = control_plane(FIRST, SECOND).refuse(at(SECOND), reason, status)

    assert not patient.facts().replicas.odd
    assert f"what API server {SECOND} answers for itself" in [gap.what for gap in patient.facts().gaps]


def test_all_that_serve_are_even_and_so_are_all_that_refuse() -> None:
    serving = control_plane(FIRST, SECOND).put(at(SECOND), b'{"items": [{"metadata": {"name": "n"}}]}')
    silent = control_plane(FIRST, SECOND).silent().refuse(at(SECOND), Reason.FAILED, 503)

    assert len(serving.facts().replicas.serving) == 2
    assert not serving.facts().replicas.odd
    assert not silent.facts().replicas.odd


def test_one_that_knows_of_no_node_refuses_too() -> None:
    assert control_plane(FIRST, SECOND).put(at(SECOND), b'{"items": []}').facts().replicas.odd


def test_it_is_named_to_those_too_who_may_not_list_apiservices() -> None:
    patient = control_plane(FIRST, SECOND).refuse(at(SECOND), Reason.FORBIDDEN, 403, FORBIDDEN)
    diagnosis = patient.refuse(paths.APISERVICES, Reason.FORBIDDEN, 403).diagnosis()

    assert diagnosis.verdict == "incomplete"
    assert [item.id for item in diagnosis.unexplained] == ["apiservice-unavailable"]
