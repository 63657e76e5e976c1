"""How trouble travels, rule by rule; and that it always stops travelling."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msdoctor.facts import paths
from msdoctor.model import Effect, EffectKind, Hop
from msdoctor.pipeline import NAMES, Topology, consequences, hidden, proof, topology
from tests.checks.refusing_kubelets import ALL, FORBIDDEN, refusal
from tests.facts.clusters import (
    Patient,
    apiservice,
    container,
    deployment,
    healthy,
    hpa,
    listed,
    pod,
)

K = EffectKind
TWO = Topology(
    nodes=frozenset({"n1", "n2"}),
    hpa_nodes={"default/on-1": frozenset({"n1"}), "default/both": frozenset({"n1", "n2"}), "default/none": frozenset()},
    verifies_kubelets=True,
)
UNVERIFIED = Topology(TWO.nodes, TWO.hpa_nodes, verifies_kubelets=False)
BLIND = {"n1", "n2", "default/on-1", "default/both", "default/none"}


def _kinds(*effects: Effect, cluster: Topology = TWO) -> set[EffectKind]:
    return {effect.kind for effect in consequences(effects, cluster)} - {effect.kind for effect in effects}


def _subjects(kind: EffectKind, *effects: Effect, cluster: Topology = TWO) -> set[str]:
    return {effect.subject for effect in consequences(effects, cluster) if effect.kind is kind}


@pytest.mark.parametrize(
    ("cause", "follows"),
    [
        (K.NOTHING_STORED, {K.NOT_READY, K.NO_ENDPOINTS, K.APISERVICE_UNAVAILABLE, K.NO_METRICS}),
        (K.NOT_LISTENING, {K.NOT_READY, K.NO_ENDPOINTS, K.APISERVICE_UNAVAILABLE, K.NO_METRICS}),
        (K.NOT_READY, {K.NO_ENDPOINTS, K.APISERVICE_UNAVAILABLE, K.NO_METRICS}),
        (K.NOT_INSTALLED, {K.NO_ENDPOINTS, K.API_NOT_REGISTERED, K.APISERVICE_UNAVAILABLE, K.NO_METRICS}),
        (K.NO_ENDPOINTS, {K.APISERVICE_UNAVAILABLE, K.NO_METRICS}),
        (K.IDENTITY_REFUSED, {K.APISERVICE_UNAVAILABLE, K.NO_METRICS}),
        (K.APISERVICE_UNAVAILABLE, {K.NO_METRICS}),
        (K.API_NOT_REGISTERED, {K.NO_METRICS}),
        (K.NO_METRICS, set()),
    ],
)
def test_what_stops_the_whole_pipeline_blinds_every_node_and_every_hpa(
    cause: EffectKind, follows: set[EffectKind]
) -> None:
    assert _kinds(Effect(cause)) == follows | {K.NO_NODE_METRICS, K.NO_NODE_FIGURES, K.NO_POD_METRICS, K.HPA_BLIND}
    assert _subjects(K.NO_NODE_METRICS, Effect(cause)) | _subjects(K.HPA_BLIND, Effect(cause)) == BLIND


@pytest.mark.parametrize("cause", [K.UNSAFE, K.USER_REFUSED, K.HPA_BLIND])
def test_what_concerns_nobody_else_leads_to_nothing(cause: EffectKind) -> None:
    assert _kinds(Effect(cause, "somebody")) == set()


def test_one_node_that_fails_loses_its_own_metrics_and_the_hpas_that_live_there_alone() -> None:
    failed = Effect(K.SCRAPE_FAILS, "n1")

    assert _kinds(failed) == {K.NO_NODE_METRICS, K.NO_NODE_FIGURES, K.NO_POD_METRICS, K.HPA_BLIND}
    assert _subjects(K.NO_NODE_METRICS, failed) == {"n1"}
    assert _subjects(K.HPA_BLIND, failed) == {"default/on-1"}


def test_a_kubelet_that_knows_no_containers_blinds_the_hpas_of_its_pods_and_leaves_its_own_row() -> None:
    silent = Effect(K.NO_POD_METRICS, "n1")

    assert _kinds(silent) == {K.HPA_BLIND}
    assert _subjects(K.HPA_BLIND, silent) == {"default/on-1"}


def test_a_node_without_figures_of_its_own_still_has_those_of_its_pods() -> None:
    assert _kinds(Effect(K.NO_NODE_FIGURES, "n1")) == set()


def test_all_nodes_that_fail_leave_nothing_stored() -> None:
    assert K.NOTHING_STORED in _kinds(Effect(K.SCRAPE_FAILS, "n1"), Effect(K.SCRAPE_FAILS, "n2"))
    assert K.NOTHING_STORED in _kinds(Effect(K.KUBELET_NOT_TRUSTED, "n1"), Effect(K.SCRAPE_FAILS, "n2"))


def test_a_node_that_is_not_listed_makes_up_for_none() -> None:
    assert K.NOTHING_STORED not in _kinds(Effect(K.SCRAPE_FAILS, "n1"), Effect(K.SCRAPE_FAILS, "gone"))


def test_where_the_nodes_are_unseen_no_number_of_failures_is_all_of_them() -> None:
    unseen = Topology(frozenset(), {}, verifies_kubelets=True)

    assert K.NOTHING_STORED not in _kinds(Effect(K.SCRAPE_FAILS, "n1"), cluster=unseen)


def test_an_untrusted_kubelet_matters_only_to_who_looks() -> None:
    untrusted = (Effect(K.KUBELET_NOT_TRUSTED, "n1"), Effect(K.KUBELET_NOT_TRUSTED, "n2"))

    assert K.SCRAPE_FAILS in _kinds(*untrusted)
    assert _kinds(*untrusted, cluster=UNVERIFIED) == set()


EFFECTS = st.frozensets(
    st.builds(Effect, st.sampled_from(list(K)), st.sampled_from(["", "n1", "n2", "n3", "default/on-1"])), max_size=6
)
TOPOLOGIES = st.builds(
    Topology,
    nodes=st.frozensets(st.sampled_from(["n1", "n2", "n3"])),
    hpa_nodes=st.dictionaries(
        st.sampled_from(["default/on-1", "default/b"]), st.frozensets(st.sampled_from(["n1", "n2", "n3"]))
    ),
    verifies_kubelets=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(EFFECTS, EFFECTS, TOPOLOGIES)
def test_consequences_end_hold_what_they_came_from_and_only_grow(
    some: frozenset[Effect], more: frozenset[Effect], cluster: Topology
) -> None:
    of_some, of_both = consequences(some, cluster), consequences(some | more, cluster)

    assert some <= of_some <= of_both
    assert consequences(of_some, cluster) == of_some


# What hides what


@pytest.mark.parametrize(
    ("effects", "hops"),
    [
        ((), set()),
        ((Effect(K.NOT_INSTALLED),), {Hop.C, Hop.D, Hop.E, Hop.F, Hop.G}),
        ((Effect(K.API_NOT_REGISTERED),), {Hop.C, Hop.D}),
        ((Effect(K.NOT_READY),), {Hop.C, Hop.D}),
        ((Effect(K.IDENTITY_REFUSED),), set()),
        ((Effect(K.KUBELET_NOT_TRUSTED, "n1"),), set()),
        ((Effect(K.KUBELET_NOT_TRUSTED, "n1"), Effect(K.KUBELET_NOT_TRUSTED, "n2")), {Hop.C, Hop.D, Hop.F, Hop.G}),
    ],
)
def test_hops_that_nothing_reaches_are_hidden(effects: tuple[Effect, ...], hops: set[Hop]) -> None:
    assert set(hidden(consequences(effects, TWO), TWO)) == hops


def test_refused_handshakes_hide_nothing_from_who_ignores_them() -> None:
    untrusted = frozenset({Effect(K.KUBELET_NOT_TRUSTED, "n1"), Effect(K.KUBELET_NOT_TRUSTED, "n2")})

    assert hidden(untrusted, UNVERIFIED) == {}


# Read off the facts


def _topology(patient: Patient) -> Topology:
    return topology(patient.facts())


@pytest.mark.parametrize(
    ("kind", "owner", "scales"),
    [
        ("Deployment", "ReplicaSet/web-75f58ff87f", True),
        ("Deployment", "ReplicaSet/web-front-75f58ff87f", False),
        ("Deployment", "StatefulSet/web", False),
        ("StatefulSet", "StatefulSet/web", True),
        ("ReplicaSet", "ReplicaSet/web", True),
        ("Deployment", "", False),
    ],
)
def test_an_hpa_lives_where_the_pods_that_its_target_owns_run(kind: str, owner: str, scales: bool) -> None:
    patient = healthy().api(paths.HPAS, listed(hpa("web", "web", kind=kind)))
    patient.api(
        paths.RUNNING_PODS,
        listed(
            pod("web-1", namespace="default", node="worker", owner=owner),
            pod("web-2", namespace="other", node="master", owner=owner),
        ),
    )

    assert _topology(patient).hpa_nodes == {"default/web": frozenset({"worker"} if scales else ())}


def test_what_is_unseen_reaches_nothing() -> None:
    assert _topology(Patient()) == Topology(frozenset(), {}, verifies_kubelets=True)


def test_verification_is_what_the_arguments_say() -> None:
    assert _topology(healthy()).verifies_kubelets
    assert not _topology(healthy().args("--kubelet-insecure-tls")).verifies_kubelets


# What was seen to work


def test_metrics_that_flow_prove_every_hop() -> None:
    assert set(proof(healthy().facts()).hops) == set(NAMES)


def test_a_ready_metrics_server_proves_its_kubelets_though_nobody_may_ask_it() -> None:
    hops = proof(healthy().silent().facts()).hops

    assert {Hop.E, Hop.F, Hop.G} <= set(hops)
    assert hops[Hop.E] == "metrics-server is ready"
    assert Hop.D not in hops


def test_a_status_from_metrics_server_proves_that_it_was_reached() -> None:
    message = "failing or missing response from https://10.0.0.1:443/x: bad status from https://10.0.0.1:443/x: 401"
    refused = healthy().silent().api(paths.APISERVICES, listed(apiservice("False", "FailedDiscoveryCheck", message)))
    timed_out = healthy().silent().api(paths.APISERVICES, listed(apiservice("False", "FailedDiscoveryCheck", "i/o")))

    assert Hop.C in proof(refused.facts()).hops
    assert Hop.C not in proof(timed_out.facts()).hops


def test_hpas_prove_consumers_only_where_all_compute() -> None:
    computing, failing = hpa("a", "a"), hpa("b", "b", active=False)

    assert proof(healthy().api(paths.HPAS, listed(computing)).facts()).hops[Hop.H] == "1 HPA computes"
    assert Hop.H not in proof(healthy().api(paths.HPAS, listed(computing, failing)).facts()).hops
    assert proof(healthy().facts()).hops[Hop.H] == "no HPA asks"


def test_kubelets_that_refuse_all_the_same_answer() -> None:
    patient = healthy().silent().installed(deployment(), pods=(pod(ready=False),))

    for refusing in (ALL, ALL[:1]):
        hops = proof(patient.log("".join(refusal(name, FORBIDDEN) for name in refusing)).facts()).hops
        assert (Hop.E in hops) is (refusing is ALL)
        assert not {Hop.F, Hop.G} & set(hops)


def test_nothing_seen_proves_nothing() -> None:
    assert proof(Patient().facts()).hops == {}


def test_a_pod_that_is_not_ready_proves_nothing_behind_it() -> None:
    one = container()
    patient = healthy().silent().installed(deployment(one), pods=(pod("metrics-server-1", one, ready=False),))

    assert not {Hop.E, Hop.F, Hop.G} & set(proof(patient.facts()).hops)
