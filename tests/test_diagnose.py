"""Findings reduced to roots: one cause for what has one, two for what has two, and no guess where signs are unclear."""

from collections.abc import Iterable
from dataclasses import FrozenInstanceError, replace
from datetime import timedelta
from typing import Any

import pytest

from msdoctor.bundle import Reason
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Diagnosis, HopState, Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.judge import Outcome, Result
from msdoctor.model import (
    Check,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    State,
    Unseen,
    no_remedy,
)
from tests.facts.clusters import (
    MANIFEST_ARGS,
    NOW,
    Patient,
    apiservice,
    authentication_data,
    container,
    deployment,
    endpoint_slice,
    healthy,
    hpa,
    kubelet_certificate,
    listed,
    node,
    pod,
    sample,
    scrape_error,
)

K = EffectKind
MISMATCH = "x509: certificate is valid for 192.0.2.99, not 192.0.2.11"


def _finding(*effects: Effect, subject: str = "x", **more: Any) -> Finding:
    return Finding(f"{subject} is ill.", (subject,), (Evidence("a", "b", "kubectl get x"),), effects, **more)


def _outcome(
    name: str, *findings: Finding, cls: Class = Class.CAUSE, hop: Hop = Hop.E, result: Result = Result.FAIL
) -> Outcome:
    check = Check(name, hop, cls, "Title.", "", (), (), no_remedy, {}, lambda: (), __file__)
    return Outcome(check, result, findings)


def _cause(name: str, kind: EffectKind, subject: str = "", hop: Hop = Hop.E, **more: Any) -> Outcome:
    return _outcome(name, _finding(Effect(kind, subject), subject=subject or name, **more), hop=hop)


def _symptom(name: str, kind: EffectKind, subject: str = "", hop: Hop = Hop.B) -> Outcome:
    return _outcome(name, _finding(Effect(kind, subject), subject=subject or name), cls=Class.SYMPTOM, hop=hop)


def _diagnosis(*outcomes: Outcome, patient: Patient | None = None) -> Diagnosis:
    return diagnose((patient or healthy().silent()).facts(), outcomes)


def _roots(diagnosis: Diagnosis) -> list[str]:
    return [cause.id for cause in diagnosis.causes]


def _explains(diagnosis: Diagnosis, cause: str) -> set[str]:
    return {item.id for one in diagnosis.causes if one.id == cause for item in one.explains}


NOT_READY = _symptom("not-ready", K.NOT_READY, hop=Hop.D)
UNAVAILABLE = _symptom("unavailable", K.APISERVICE_UNAVAILABLE)


# Roots


def test_a_cause_that_follows_from_another_is_among_what_that_one_explains() -> None:
    diagnosis = _diagnosis(
        _cause("metrics-server-missing", K.NOT_INSTALLED, hop=Hop.D),
        _cause("metrics-api-not-registered", K.API_NOT_REGISTERED, hop=Hop.B),
    )

    assert _roots(diagnosis) == ["metrics-server-missing"]
    assert _explains(diagnosis, "metrics-server-missing") == {"metrics-api-not-registered"}


def test_two_causes_that_do_not_follow_from_each_other_stay_two() -> None:
    diagnosis = _diagnosis(
        _cause("identity", K.IDENTITY_REFUSED, hop=Hop.D), _cause("untrusted", K.KUBELET_NOT_TRUSTED, "worker")
    )

    assert _roots(diagnosis) == ["identity", "untrusted"]


def test_a_cause_amid_the_chain_stays_one_beside_what_would_bring_about_the_same() -> None:
    """Healing either leaves the other: a Service that selects nothing, and every kubelet untrusted."""
    kubelets = [_finding(Effect(K.KUBELET_NOT_TRUSTED, name), subject=name) for name in ("master", "worker")]
    diagnosis = _diagnosis(_cause("selector", K.NO_ENDPOINTS, hop=Hop.B), _outcome("untrusted", *kubelets))

    assert set(_roots(diagnosis)) == {"selector", "untrusted"}


def test_two_causes_of_the_same_effect_stay_two() -> None:
    diagnosis = _diagnosis(_cause("one", K.IDENTITY_REFUSED), _cause("two", K.IDENTITY_REFUSED), UNAVAILABLE)

    assert _roots(diagnosis) == ["one", "two"]
    assert _explains(diagnosis, "one") == _explains(diagnosis, "two") == {"unavailable"}


def test_what_is_merely_possible_takes_nothing_away_from_what_is_certain() -> None:
    diagnosis = _diagnosis(
        _cause("perhaps", K.NOT_INSTALLED, confidence=Confidence.POSSIBLE),
        _cause("surely", K.API_NOT_REGISTERED),
    )

    assert set(_roots(diagnosis)) == {"perhaps", "surely"}
    assert exit_code(diagnosis) == 1


def test_a_latent_cause_explains_nothing() -> None:
    diagnosis = _diagnosis(_cause("later", K.NOT_READY, state=State.LATENT), UNAVAILABLE)

    assert _explains(diagnosis, "later") == set()
    assert [item.id for item in diagnosis.unexplained] == ["unavailable"]


def test_a_risk_is_nobodys_consequence() -> None:
    risk = _outcome("risk", _finding(Effect(K.UNSAFE)), cls=Class.RISK)
    both = _outcome("cause", _finding(Effect(K.UNSAFE), Effect(K.NOT_READY)))

    assert set(_roots(_diagnosis(risk, both))) == {"risk", "cause"}


def test_causes_come_in_the_order_of_repair_and_notes_last() -> None:
    diagnosis = _diagnosis(
        _outcome("note", _finding(), cls=Class.RISK, hop=Hop.A),
        _outcome("risk", _finding(Effect(K.UNSAFE)), cls=Class.RISK, hop=Hop.A),
        _cause("latent", K.KUBELET_NOT_TRUSTED, "worker", state=State.LATENT, hop=Hop.A),
        _cause("next", K.KUBELET_NOT_TRUSTED, "worker", state=State.NEXT, hop=Hop.A),
        _cause("kubelet", K.SCRAPE_FAILS, "worker", hop=Hop.F),
        _cause("front", K.IDENTITY_REFUSED, hop=Hop.C),
    )

    assert _roots(diagnosis) == ["front", "kubelet", "next", "latent", "risk", "note"]


# What explains what


def test_one_node_of_two_explains_its_own_row_and_no_missing_endpoint() -> None:
    row = _symptom("row", K.NO_NODE_METRICS, "worker", hop=Hop.E)
    diagnosis = _diagnosis(_cause("untrusted", K.KUBELET_NOT_TRUSTED, "worker"), row, NOT_READY)

    assert _explains(diagnosis, "untrusted") == {"row"}
    assert [item.id for item in diagnosis.unexplained] == ["not-ready"]


def test_two_nodes_of_two_explain_together_what_neither_does_alone() -> None:
    diagnosis = _diagnosis(
        _cause("untrusted", K.KUBELET_NOT_TRUSTED, "worker"), _cause("firewall", K.SCRAPE_FAILS, "master"), NOT_READY
    )

    assert _explains(diagnosis, "untrusted") == _explains(diagnosis, "firewall") == {"not-ready"}
    assert not diagnosis.unexplained


def test_where_each_node_has_two_causes_all_of_them_explain() -> None:
    diagnosis = _diagnosis(
        _outcome("untrusted", *(_finding(Effect(K.KUBELET_NOT_TRUSTED, n), subject=n) for n in ("master", "worker"))),
        _outcome("firewall", *(_finding(Effect(K.SCRAPE_FAILS, n), subject=n) for n in ("master", "worker"))),
        NOT_READY,
    )

    assert len(diagnosis.causes) == 4
    assert all({item.id for item in cause.explains} == {"not-ready"} for cause in diagnosis.causes)
    assert not diagnosis.unexplained


def test_of_unexplained_symptoms_only_those_are_told_that_no_other_accounts_for() -> None:
    diagnosis = _diagnosis(NOT_READY, UNAVAILABLE, _symptom("no-endpoints", K.NO_ENDPOINTS))

    assert [item.id for item in diagnosis.unexplained] == ["not-ready"]
    assert diagnosis.unexplained[0].look == ("kubectl get x",)
    assert diagnosis.verdict is Verdict.INCOMPLETE
    assert exit_code(diagnosis) == 3


# States and verdicts


def test_an_untrusted_kubelet_is_latent_where_nobody_looks() -> None:
    patient = healthy().args(*MANIFEST_ARGS, "--kubelet-insecure-tls")
    diagnosis = _diagnosis(_cause("untrusted", K.KUBELET_NOT_TRUSTED, "worker"), patient=patient)

    assert diagnosis.causes[0].finding.state is State.LATENT
    assert diagnosis.verdict is Verdict.AT_RISK
    assert exit_code(diagnosis) == 0
    assert not diagnosis.contradictions


FLOWS = healthy
SILENT = healthy().silent
ONE = _cause("one", K.SCRAPE_FAILS, "worker")
ALL = _cause("all", K.IDENTITY_REFUSED)
POSSIBLE = _cause("possible", K.IDENTITY_REFUSED, confidence=Confidence.POSSIBLE)
LATENT = _cause("latent", K.NOT_READY, state=State.LATENT)
RISK = _outcome("risk", _finding(Effect(K.UNSAFE)), cls=Class.RISK)
NOTE = _outcome("note", _finding(), cls=Class.RISK)
CRASHED = _outcome("crashed", result=Result.ERROR)
UNSEEN = _outcome("unseen", result=Result.UNSEEN)


def _without_worker() -> Patient:
    return healthy().metrics(sample("master"))


@pytest.mark.parametrize(
    ("patient", "outcomes", "verdict", "code", "on_risk"),
    [
        (healthy(), (), Verdict.HEALTHY, 0, 0),
        (healthy(), (NOTE,), Verdict.HEALTHY, 0, 0),
        (healthy(), (RISK,), Verdict.AT_RISK, 0, 1),
        (healthy(), (LATENT,), Verdict.AT_RISK, 0, 1),
        (healthy(), (CRASHED,), Verdict.HEALTHY, 3, 3),
        (healthy(), (UNAVAILABLE,), Verdict.INCOMPLETE, 3, 3),
        (_without_worker(), (), Verdict.INCOMPLETE, 3, 3),
        (_without_worker(), (ONE,), Verdict.DEGRADED, 1, 1),
        (_without_worker(), (ONE, CRASHED), Verdict.DEGRADED, 1, 1),
        (healthy().silent(), (ALL,), Verdict.BROKEN, 1, 1),
        (healthy().silent(), (ALL, POSSIBLE), Verdict.BROKEN, 1, 1),
        (healthy().silent(), (POSSIBLE,), Verdict.INCOMPLETE, 3, 3),
        (healthy().silent(), (RISK,), Verdict.INCOMPLETE, 3, 1),
        (healthy().silent(), (), Verdict.INCOMPLETE, 3, 3),
        (healthy().metrics(), (), Verdict.INCOMPLETE, 3, 3),
        (healthy().metrics(sample("master", 300), sample("worker", 300)), (), Verdict.INCOMPLETE, 3, 3),
        (Patient(), (), Verdict.INCOMPLETE, 3, 3),
    ],
)
def test_verdict_and_exit_code(
    patient: Patient, outcomes: tuple[Outcome, ...], verdict: Verdict, code: int, on_risk: int
) -> None:
    diagnosis = _diagnosis(*outcomes, patient=patient)

    assert diagnosis.verdict is verdict
    assert exit_code(diagnosis) == code
    assert exit_code(diagnosis, fail_on=Class.RISK) == on_risk


@pytest.mark.parametrize(
    ("patient", "outcomes", "code"),
    [
        (healthy().silent(), (ALL,), 0),  # 1 without it
        (healthy().silent(), (POSSIBLE,), 3),
        (healthy(), (CRASHED,), 3),
        (healthy(), (), 0),
    ],
)
def test_exit_zero_stands_for_one_only(patient: Patient, outcomes: tuple[Outcome, ...], code: int) -> None:
    assert exit_code(_diagnosis(*outcomes, patient=patient), exit_zero=True) == code


def test_strict_is_undecided_where_anything_was_not_seen() -> None:
    seen = replace(_diagnosis(patient=healthy()), gaps=())

    assert exit_code(seen, strict=True) == 0
    assert exit_code(_diagnosis(patient=healthy()), strict=True) == 3  # no host files
    assert exit_code(replace(_diagnosis(UNSEEN, patient=healthy()), gaps=()), strict=True) == 3
    assert exit_code(_diagnosis(ALL), strict=True) == 1


# Contradictions


def _ill_worker(**samples: float) -> Patient:
    patient = healthy().tls("192.0.2.11:10250", kubelet_certificate("192.0.2.99"))
    return patient.metrics(*(sample(name, age) for name, age in samples.items()))


def test_a_kubelets_certificate_is_the_cause_where_its_node_gives_no_metrics() -> None:
    diagnosis = _ill_worker(master=10).diagnosis()

    assert [(c.id, c.finding.state) for c in diagnosis.causes if c.breaks] == [
        ("kubelet-cert-san-mismatch", State.ACTIVE)
    ]
    assert _explains(diagnosis, "kubelet-cert-san-mismatch") == {"node-metrics-missing"}
    assert exit_code(diagnosis) == 1


def test_a_kubelets_certificate_whose_node_is_scraped_all_the_same_is_latent_and_the_contradiction_is_told() -> None:
    diagnosis = _ill_worker(master=10, worker=10).diagnosis()
    (contradiction,) = diagnosis.contradictions

    assert [(c.id, c.finding.state) for c in diagnosis.causes if c.finding.effects] == [
        ("kubelet-cert-san-mismatch", State.LATENT)
    ]
    assert "worker" in contradiction
    assert "11:59:50Z" in contradiction
    assert diagnosis.verdict is Verdict.AT_RISK
    assert exit_code(diagnosis) == 0


def test_a_complaint_younger_than_the_sample_settles_the_contradiction() -> None:
    patient = _ill_worker(master=10, worker=30).log(scrape_error("worker", "192.0.2.11", MISMATCH, age=5))

    assert not patient.diagnosis().contradictions
    assert exit_code(patient.diagnosis()) == 1


def test_a_certificate_younger_than_the_sample_contradicts_nothing() -> None:
    served = kubelet_certificate("192.0.2.99", start=NOW - timedelta(seconds=5), generation="young")
    patient = _ill_worker(master=10, worker=30).tls("192.0.2.11:10250", served)

    assert not patient.diagnosis().contradictions
    assert exit_code(patient.diagnosis()) == 1


@pytest.mark.parametrize(
    "kind", [K.IDENTITY_REFUSED, K.API_NOT_REGISTERED, K.NOT_INSTALLED, K.NOT_LISTENING, K.USER_REFUSED]
)
def test_what_would_silence_the_api_is_latent_while_it_answers(kind: EffectKind) -> None:
    diagnosis = _diagnosis(_cause("one", kind), patient=healthy())

    assert diagnosis.causes[0].finding.state is State.LATENT
    assert diagnosis.contradictions
    assert diagnosis.verdict is Verdict.AT_RISK


def test_the_next_fault_behind_another_contradicts_nothing() -> None:
    diagnosis = _diagnosis(_cause("one", K.KUBELET_NOT_TRUSTED, "worker", state=State.NEXT), patient=healthy())

    assert not diagnosis.contradictions
    assert diagnosis.causes[0].finding.state is State.NEXT


# How much flows


def test_a_healthy_clusters_flow_is_counted() -> None:
    flow = healthy().diagnosis().flow

    assert (flow.nodes_seen, flow.nodes_of, flow.pods_seen, flow.pods_of) == (2, 2, 1, 1)
    assert (flow.newest_sample_age_seconds, flow.asked_as, flow.conclusive) == (10, "operator", True)
    assert flow.blind_nodes == ()
    assert flow.hpas_of == 0


def test_one_of_system_masters_proves_little() -> None:
    patient = healthy()
    patient.groups = ("system:masters",)

    assert not patient.diagnosis().flow.conclusive
    assert not healthy().silent().diagnosis().flow.conclusive


def test_a_caller_without_rights_counts_nobody_as_blind() -> None:
    patient = (
        healthy().refuse(paths.NODE_METRICS, Reason.FORBIDDEN, 403).review("self list metrics.k8s.io/nodes", False)
    )
    diagnosis = patient.diagnosis()

    assert diagnosis.flow.nodes_seen is None
    assert diagnosis.flow.blind_nodes == ()
    assert [cause.id for cause in diagnosis.causes if cause.breaks] == ["rbac-user-metrics-forbidden"]
    assert diagnosis.verdict is not Verdict.BROKEN
    assert exit_code(diagnosis) == 1


@pytest.mark.parametrize("named_by", ["pod", "log"])
def test_where_nodes_may_not_be_listed_one_that_is_named_elsewhere_still_counts_as_blind(named_by: str) -> None:
    patient = _without_worker().refuse(paths.NODES, Reason.FORBIDDEN, 403)
    if named_by == "log":
        patient.api(paths.RUNNING_PODS, listed()).log(scrape_error("worker", "192.0.2.11", MISMATCH))

    assert patient.diagnosis().flow.blind_nodes == ("worker",)
    assert exit_code(patient.diagnosis()) == 3
    assert exit_code(healthy().refuse(paths.NODES, Reason.FORBIDDEN, 403).diagnosis()) == 0


def test_a_caller_with_rights_who_is_refused_all_the_same_is_blind() -> None:
    diagnosis = healthy().refuse(paths.NODE_METRICS, Reason.FORBIDDEN, 403).diagnosis()

    assert diagnosis.flow.blind_nodes == ("master", "worker")


def test_pods_that_may_not_be_asked_for_are_not_counted() -> None:
    flow = healthy().refuse(paths.POD_METRICS, Reason.FORBIDDEN, 403).diagnosis().flow

    assert (flow.nodes_seen, flow.pods_seen, flow.pods_of) == (2, None, 1)


def test_a_sample_from_the_future_has_no_negative_age() -> None:
    flow = healthy().metrics(sample("master", -30)).api(paths.POD_METRICS, listed()).diagnosis().flow

    assert flow.newest_sample_age_seconds == 0


def test_blind_hpas_are_named_with_what_they_scale() -> None:
    patient = healthy().silent().api(paths.HPAS, listed(hpa("busy", "web")))
    (blind,) = _diagnosis(ALL, patient=patient).flow.blind_hpas

    assert (blind.key, blind.target, blind.replicas) == ("default/busy", "deployment/web", 2)


# Hops, requirements, checks


def _states(diagnosis: Diagnosis) -> str:
    letters = {
        HopState.OK: "+",
        HopState.AT_RISK: "!",
        HopState.DEGRADED: "~",
        HopState.BROKEN: "x",
        HopState.UNKNOWN: "?",
    }
    return "".join(letters[hop.state] for hop in diagnosis.hops)


@pytest.mark.parametrize(
    ("patient", "outcomes", "states"),
    [
        (healthy(), (), "++++++++"),
        (healthy(), (RISK,), "++++!+++"),
        (_without_worker(), (ONE,), "++++~+++"),
        (Patient(), (), "????????"),
        (healthy(), (_outcome("note", _finding(), cls=Class.RISK),), "++++++++"),
    ],
)
def test_the_states_of_the_hops(patient: Patient, outcomes: Iterable[Outcome], states: str) -> None:
    assert _states(_diagnosis(*outcomes, patient=patient)) == states


def test_a_hop_behind_what_is_broken_is_not_called_well() -> None:
    nothing_ready = healthy().silent().api(paths.slices("kube-system", "metrics-server"), listed(endpoint_slice(())))
    nothing_ready.installed(deployment(), pods=(pod(ready=False),))
    diagnosis = _diagnosis(_symptom("no-endpoints", K.NO_ENDPOINTS), patient=nothing_ready)
    hops = {hop.hop: hop for hop in diagnosis.hops}

    assert hops[Hop.B].state is HopState.BROKEN
    assert hops[Hop.C].state is HopState.UNKNOWN
    assert "hidden by B" in hops[Hop.C].note


def test_requirements_are_met_broken_or_unseen() -> None:
    well = {one.id: one.state for one in healthy().diagnosis().requirements}
    ill = {one.id: one for one in _ill_worker(master=10).diagnosis().requirements}
    unknown = {one.id: one.state for one in Patient().diagnosis().requirements}

    assert set(well.values()) == {"met"}
    assert ill["kubelet-certificates"].state == "not-met"
    assert ill["kubelet-certificates"].because.startswith("kubelet-cert-san-mismatch: ")
    assert set(unknown.values()) == {"unseen"}
    assert set(well) == {
        "reachable-from-apiserver",
        "aggregation-layer",
        "webhook-authn-authz",
        "kubelet-certificates",
        "container-runtime-metrics",
    }


def test_a_check_of_what_was_never_reached_is_not_evaluated_and_says_why() -> None:
    unseen = replace(_outcome("deep", hop=Hop.D, result=Result.UNSEEN), unseen=(Unseen("no answer"),))
    passed = _outcome("read", hop=Hop.D, result=Result.PASS)
    diagnosis = _diagnosis(_symptom("no-endpoints", K.NO_ENDPOINTS), unseen, passed)
    reports = {report.id: report for report in diagnosis.checks}

    assert reports["deep"].outcome is Result.NOT_EVALUATED
    assert "hidden by B" in reports["deep"].reason
    assert reports["read"].outcome is Result.PASS


def test_a_fingerprint_is_of_the_disease_and_whom_it_befell() -> None:
    (one,) = _diagnosis(_cause("one", K.SCRAPE_FAILS, "worker")).causes
    (same,) = _diagnosis(_cause("one", K.NOT_READY, "worker")).causes
    (other,) = _diagnosis(_cause("one", K.SCRAPE_FAILS, "master")).causes

    assert one.fingerprint == same.fingerprint != other.fingerprint


# Whole clusters that are easily misjudged


def _active(patient: Patient) -> set[str]:
    return {cause.id for cause in patient.diagnosis().causes if cause.breaks}


def _unexplained(patient: Patient) -> set[str]:
    return {item.id for item in patient.diagnosis().unexplained}


def test_a_deployment_scaled_to_nothing_accuses_nothing_else() -> None:
    patient = healthy().silent().installed(deployment(replicas=0))
    patient.api(paths.slices("kube-system", "metrics-server"), listed(endpoint_slice(())))
    patient.api(paths.APISERVICES, listed(apiservice("False", "MissingEndpoints", "endpoints have no addresses")))

    assert _active(patient) == {"metrics-server-not-running"}
    assert _unexplained(patient) == set()


def test_where_pods_metrics_are_not_seen_those_of_nodes_prove_no_health() -> None:
    for path in (paths.POD_METRICS, paths.RUNNING_PODS):
        assert exit_code(healthy().refuse(path, Reason.FORBIDDEN, 403).diagnosis()) == 3


def test_another_adapter_that_rightly_serves_the_api_is_healthy() -> None:
    adapter = {"app": "prometheus-adapter"}
    patient = healthy().installed()
    patient.api(paths.APISERVICES, listed(apiservice(name="prometheus-adapter", namespace="monitoring")))
    patient.api(
        paths.service("monitoring", "prometheus-adapter"),
        {"metadata": {"name": "prometheus-adapter", "namespace": "monitoring"}, "spec": {"selector": adapter}},
    )
    patient.api(paths.slices("monitoring", "prometheus-adapter"), listed(endpoint_slice()))

    assert _active(patient) == set()
    assert patient.diagnosis().verdict is Verdict.HEALTHY


def test_another_adapter_that_is_down_is_not_a_missing_metrics_server() -> None:
    patient = healthy().silent().installed()
    patient.api(paths.APISERVICES, listed(apiservice("False", "MissingEndpoints", "", name="adapter", namespace="m")))
    patient.api(
        paths.service("m", "adapter"),
        {"metadata": {"name": "adapter", "namespace": "m"}, "spec": {"selector": {"app": "adapter"}}},
    )
    patient.api(paths.slices("m", "adapter"), listed(endpoint_slice((), ("10.0.0.3",))))

    assert _active(patient) == set()
    assert exit_code(patient.diagnosis()) == 3


def test_metrics_server_beside_another_adapter_is_not_held_against_that_ones_service() -> None:
    patient = healthy().args(*MANIFEST_ARGS).api(paths.APISERVICES, listed(apiservice(name="adapter", namespace="m")))
    ports = [{"name": "https", "port": 443, "targetPort": 6443}]
    patient.api(
        paths.service("m", "adapter"),
        {"metadata": {"name": "adapter", "namespace": "m"}, "spec": {"selector": {"app": "adapter"}, "ports": ports}},
    )
    patient.api(paths.slices("m", "adapter"), listed(endpoint_slice()))

    assert _active(patient) == set()


def test_metrics_server_in_another_namespace_is_as_good() -> None:
    labels = {"app.kubernetes.io/name": "metrics-server", "app.kubernetes.io/instance": "ms"}
    patient = healthy().installed(
        deployment(namespace="monitoring", name="ms", labels=labels),
        pods=(pod("ms-1", namespace="monitoring", labels=labels),),
    )
    patient.api(paths.APISERVICES, listed(apiservice(name="ms", namespace="monitoring")))
    patient.api(
        paths.service("monitoring", "ms"),
        {
            "metadata": {"name": "ms", "namespace": "monitoring"},
            "spec": {"selector": labels, "ports": [{"port": 443, "targetPort": "https"}]},
        },
    )
    patient.api(paths.slices("monitoring", "ms"), listed(endpoint_slice()))

    assert _active(patient) == set()
    assert patient.diagnosis().verdict is Verdict.HEALTHY


@pytest.mark.parametrize("status", ["False", "Unknown"])
def test_a_node_that_has_just_joined_or_is_not_ready_is_a_symptom_and_no_cause(status: str) -> None:
    newcomer = node("newcomer", ("InternalIP", "192.0.2.12"))
    newcomer["status"]["conditions"] = [{"type": "Ready", "status": status}]
    nodes = [node("master", ("InternalIP", "192.0.2.10")), node("worker", ("InternalIP", "192.0.2.11")), newcomer]
    patient = healthy().api(paths.NODES, listed(*nodes)).without_route("192.0.2.12:10250")

    assert _active(patient) == set()
    assert _unexplained(patient) == {"node-metrics-missing"}
    assert patient.diagnosis().flow.blind_nodes == ("newcomer",)


def test_a_rollout_whose_new_pod_fails_while_the_old_one_serves_breaks_nothing_yet() -> None:
    new = container(("--secure-port=4443", *MANIFEST_ARGS[2:]))
    pods = (pod("metrics-server-1"), pod("metrics-server-2", new, ready=False, started=-100))
    patient = healthy().installed(deployment(new), pods=pods)

    assert _active(patient) == set()
    assert "secure-port-mismatch" in {c.id for c in patient.diagnosis().causes if c.finding.state is State.LATENT}
    assert patient.diagnosis().verdict is Verdict.AT_RISK


def test_metrics_servers_own_requestheader_ca_acquits_a_config_map_without_one() -> None:
    missing = authentication_data(requestheader_client_ca_file=None)
    args = (*MANIFEST_ARGS, "--requestheader-client-ca-file=/etc/front-proxy-ca.crt")

    assert _active(healthy().silent().api(paths.AUTHENTICATION, missing)) == {"requestheader-config-missing"}
    assert _active(healthy().silent().api(paths.AUTHENTICATION, missing).args(*args)) == set()


def test_a_config_map_that_lost_its_ca_while_metrics_server_still_holds_the_old_one_is_latent() -> None:
    patient = healthy().api(paths.AUTHENTICATION, authentication_data(requestheader_client_ca_file=None))

    assert _active(patient) == set()
    assert patient.diagnosis().verdict is Verdict.AT_RISK
    assert patient.diagnosis().contradictions


def test_kubelets_behind_a_ca_of_their_own_are_not_called_untrusted() -> None:
    patient = healthy().silent().args(*MANIFEST_ARGS, "--kubelet-certificate-authority=/ca.crt")
    for address in ("192.0.2.10", "192.0.2.11"):
        patient.tls(f"{address}:10250", kubelet_certificate(address, by="kubelet-ca"))

    assert _active(patient) == set()


def test_a_workstation_without_a_route_and_without_a_log_accuses_no_kubelet() -> None:
    patient = healthy().silent().without_route("192.0.2.10:10250", "192.0.2.11:10250")

    assert _active(patient) == set()
    assert exit_code(patient.diagnosis()) == 3


def test_a_diagnosis_is_the_same_for_the_same_bundle() -> None:
    bundle = _ill_worker(master=10)

    assert bundle.diagnosis() == bundle.diagnosis()
    with pytest.raises(FrozenInstanceError):
        bundle.facts().taken_at = NOW  # type: ignore[misc]  # what it is there for
