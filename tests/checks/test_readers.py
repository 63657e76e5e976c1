"""Who may read metrics: what is asked about whom, what is found, and the binding that gives no more than is lacking."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from msdoctor import registry
from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place, Reason, review_path
from msdoctor.collect.api import REVIEW, SELF_REVIEW, parse_review
from msdoctor.diagnosis import Cause, Diagnosis, HopState, Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.facts.readers import CONTROLLER, Why
from msdoctor.facts.wanted import wanted
from msdoctor.model import Hop
from msdoctor.render import report_json, report_text
from tests.facts.clusters import Json, Patient, diagnosed, healthy, listed

ID = "rbac-user-metrics-forbidden"
READER = "system:aggregated-metrics-reader"
RULES = [{"apiGroups": ["metrics.k8s.io"], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}]


def named(patient: Patient, user: str, *groups: str) -> Bundle:
    bundle = patient.bundle()
    return replace(bundle, context=replace(bundle.context, for_user=user, for_groups=groups))


def answered(
    patient: Patient, user: str, *groups: str, nodes: bool = False, pods: bool = False, listing: bool = True
) -> Patient:
    """The API server's answers about somebody in the whole cluster."""
    return (
        patient.review(review_path(user, groups, "list", "metrics.k8s.io/nodes"), nodes)
        .review(review_path(user, groups, "list", "metrics.k8s.io/pods"), pods)
        .review(review_path(user, groups, "list", "/nodes"), listing)
    )


def role(name: str, rules: list[Json]) -> Json:
    return {"metadata": {"name": name}, "rules": rules}


def binding(name: str, role_name: str, subject: Json, namespace: str = "") -> Json:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role_name}
    return {"metadata": {"name": name, "namespace": namespace}, "roleRef": reference, "subjects": [subject]}


def with_roles(patient: Patient, roles: list[Json], bindings: list[Json], inside: list[Json] | None = None) -> Patient:
    return (
        patient.api(paths.ROLES, listed())
        .api(paths.CLUSTER_ROLES, listed(*roles))
        .api(paths.ROLE_BINDINGS, listed(*(inside or [])))
        .api(paths.CLUSTER_ROLE_BINDINGS, listed(*bindings))
    )


def the_cause(diagnosis: Diagnosis) -> Cause:
    """Roles that a test makes hold nothing for metrics-server itself, which is another matter."""
    (cause,) = [cause for cause in diagnosis.causes if cause.breaks and cause.id == ID]
    return cause


def commands(cause: Cause) -> list[str]:
    return [command for remedy in cause.finding.remedies for command in remedy.commands]


# Somebody who was named


def test_what_kubectl_top_and_an_hpas_controller_ask_for_is_asked_about_them() -> None:
    places = {place.path for place in wanted(named(healthy(), "jane", "devs")) if place.kind is Kind.REVIEW}

    assert places >= {
        "jane,devs list metrics.k8s.io/nodes",
        "jane,devs list metrics.k8s.io/pods",
        "jane,devs list /nodes",
        f"{CONTROLLER} list metrics.k8s.io/pods",
    }


def test_who_may_not_read_the_whole_cluster_is_asked_about_by_namespace() -> None:
    patient = answered(healthy(), "jane")

    places = {place.path for place in wanted(named(patient, "jane")) if place.kind is Kind.REVIEW}

    assert "jane list metrics.k8s.io/pods in kube-system" in places


def test_of_a_service_account_its_own_namespace_is_asked_about() -> None:
    user = "system:serviceaccount:monitoring:grafana"

    places = {place.path for place in wanted(named(answered(healthy(), user), user)) if place.kind is Kind.REVIEW}

    assert f"{user} list metrics.k8s.io/pods in monitoring" in places


def test_one_who_may_read_everything_leaves_a_healthy_cluster_healthy() -> None:
    patient = answered(healthy(), "jane", nodes=True, pods=True).review(
        f"{CONTROLLER} list metrics.k8s.io/pods", allowed=True
    )
    diagnosis = diagnosed(named(patient, "jane"))

    assert diagnosis.verdict is Verdict.HEALTHY
    assert "✓ kubectl top nodes: may list nodes.metrics.k8s.io in the whole cluster" in report_text.text(diagnosis)


def test_one_who_may_not_is_a_cause_that_leaves_the_pipeline_whole() -> None:
    diagnosis = diagnosed(named(answered(healthy(), "jane"), "jane"))
    text = report_text.text(diagnosis, width=120)

    assert the_cause(diagnosis).finding.subjects == ("user/jane",)
    assert diagnosis.verdict is Verdict.DEGRADED
    assert diagnosis.contradictions == ()
    assert "metrics flow, and jane may not read them" in text
    assert {hop.hop: hop.state for hop in diagnosis.hops}[Hop.A] is HopState.DEGRADED
    assert all(hop.state is HopState.OK for hop in diagnosis.hops if hop.hop is not Hop.A)
    assert exit_code(diagnosis) == 1


def test_the_answers_stand_in_the_json_too() -> None:
    diagnosis = diagnosed(named(answered(healthy(), "jane", "devs", pods=True), "jane", "devs"))

    about = next(item for item in json.loads(report_json.json_(diagnosis))["access"] if item["user"] == "jane")

    assert about["groups"] == ["devs"]
    assert about["why"] == "named"
    assert [(item["resource"], item["allowed"]) for item in about["answers"]] == [
        ("nodes.metrics.k8s.io", False),
        ("pods.metrics.k8s.io", True),
        ("nodes", True),
    ]


def test_who_may_not_ask_on_behalf_of_others_is_told_why_there_is_no_answer() -> None:
    patient = healthy()
    for what in ("metrics.k8s.io/nodes", "metrics.k8s.io/pods", "/nodes"):
        place = Place(WORKSTATION, Kind.REVIEW, f"jane list {what}")
        patient = patient.refuse(place, Reason.FORBIDDEN, 403, "cannot create subjectaccessreviews")
    diagnosis = diagnosed(named(patient, "jane"))

    assert not [cause for cause in diagnosis.causes if cause.breaks]
    assert "not known whether they may list nodes.metrics.k8s.io" in report_text.text(diagnosis, width=200)
    assert "cannot create subjectaccessreviews" in report_text.text(diagnosis, width=200)
    about = next(item for item in json.loads(report_json.json_(diagnosis))["access"] if item["user"] == "jane")
    assert {item["allowed"] for item in about["answers"]} == {None}


def test_before_metrics_server_is_installed_nobody_lacks_a_right() -> None:
    patient = answered(healthy(), "jane").installed()

    assert ID not in {cause.id for cause in diagnosed(named(patient, "jane")).causes}


# The binding


def test_the_role_that_metrics_server_brings_is_bound_to_the_user_alone() -> None:
    patient = with_roles(answered(healthy(), "jane"), [role(READER, RULES)], [])

    assert commands(the_cause(diagnosed(named(patient, "jane")))) == [
        f"kubectl create clusterrolebinding metrics-reader-jane --clusterrole={READER} --user=jane"
    ]


def test_a_service_account_is_bound_as_one() -> None:
    user = "system:serviceaccount:monitoring:grafana"
    patient = with_roles(answered(healthy(), user), [role(READER, RULES)], [])

    assert commands(the_cause(diagnosed(named(patient, user)))) == [
        (
            f"kubectl create clusterrolebinding metrics-reader-monitoring-grafana --clusterrole={READER}"
            " --serviceaccount=monitoring:grafana"
        )
    ]


def test_who_works_in_a_namespace_is_given_that_one_first_and_the_cluster_as_another_way() -> None:
    jane = {"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}
    inside = [binding("devs", "dev", jane, "shop")]
    patient = with_roles(answered(healthy(), "jane"), [role(READER, RULES)], [], inside)

    first, second = the_cause(diagnosed(named(patient, "jane"))).finding.remedies

    assert (first.way, first.commands) == (
        1,
        (f"kubectl -n shop create rolebinding metrics-reader-jane --clusterrole={READER} --user=jane",),
    )
    assert second.way == 2


def test_where_that_role_is_gone_one_of_its_own_is_made() -> None:
    patient = with_roles(answered(healthy(), "jane"), [], [])

    assert commands(the_cause(diagnosed(named(patient, "jane"))))[0] == (
        "kubectl create clusterrole metrics-reader --verb=get,list,watch"
        " --resource=pods.metrics.k8s.io,nodes.metrics.k8s.io"
    )


def test_who_may_not_list_nodes_either_is_given_that_for_kubectl_top_nodes() -> None:
    patient = with_roles(answered(healthy(), "jane", listing=False), [role(READER, RULES)], [])

    assert any("--resource=nodes" in command for command in commands(the_cause(diagnosed(named(patient, "jane")))))


@pytest.mark.parametrize(("user", "written"), [("Ann Lee", "'Ann Lee'"), ("a\u202eb", "<USER>"), ("x'; rm y", '"')])
def test_a_strange_name_cannot_write_into_a_shell(user: str, written: str) -> None:
    (command,) = commands(the_cause(diagnosed(named(answered(healthy(), user), user))))

    assert written in command
    assert "\u202e" not in command
    assert "-reader-x-rm-y" in command or ";" not in command


# Who looks


def test_the_caller_is_named_by_the_api_servers_refusal_and_not_by_the_kubeconfig() -> None:
    said = (
        'nodes.metrics.k8s.io is forbidden: User "jane@example.com" cannot list resource "nodes" in API group'
        ' "metrics.k8s.io" at the cluster scope'
    )
    patient = (
        healthy()
        .refuse(paths.NODE_METRICS, Reason.FORBIDDEN, 403, said)
        .review("self list metrics.k8s.io/nodes", allowed=False)
    )

    assert the_cause(patient.diagnosis()).finding.subjects == ("user/jane@example.com",)


def test_a_caller_whom_the_api_server_allows_is_refused_by_something_else() -> None:
    patient = (
        healthy()
        .refuse(paths.NODE_METRICS, Reason.FORBIDDEN, 403)
        .review("self list metrics.k8s.io/nodes", allowed=True)
    )

    assert ID not in {cause.id for cause in patient.diagnosis().causes}


# HPAs' controller


def hpa(message: str) -> Json:
    condition = {
        "type": "ScalingActive",
        "status": "False",
        "reason": "FailedGetResourceMetric",
        "message": message,
        "lastTransitionTime": "2026-03-01T11:00:00Z",
    }
    target = {"type": "Utilization", "averageUtilization": 50}
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
        "status": {"currentReplicas": 2, "conditions": [condition]},
    }


def refused(user: str) -> str:
    return (
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for"
        " resource cpu: unable to fetch metrics from resource metrics API: pods.metrics.k8s.io is forbidden:"
        f' User "{user}" cannot list resource "pods" in API group "metrics.k8s.io" in the namespace "shop"'
    )


def refused_controller(user: str = CONTROLLER) -> Patient:
    return (
        healthy()
        .api(paths.HPAS, listed(hpa(refused(user))))
        .review(f"{user} list metrics.k8s.io/pods", allowed=False)
        .review(f"{user} list metrics.k8s.io/pods in shop", allowed=False)
    )


def test_a_controller_that_lost_its_role_is_why_its_hpas_do_not_compute() -> None:
    cause = the_cause(refused_controller().diagnosis())

    assert cause.finding.subjects == (f"user/{CONTROLLER}",)
    assert [item.id for item in cause.explains] == ["hpa-metrics-failing"]


def test_its_own_role_is_bound_again_where_only_the_binding_is_lost() -> None:
    name = "system:controller:horizontal-pod-autoscaler"
    patient = with_roles(refused_controller(), [role(name, RULES), role(READER, RULES)], [])

    assert commands(the_cause(patient.diagnosis())) == [
        (
            f"kubectl create clusterrolebinding {name} --clusterrole={name}"
            " --serviceaccount=kube-system:horizontal-pod-autoscaler"
        )
    ]


def test_where_its_role_has_lost_the_right_the_readers_role_is_bound_beside_it() -> None:
    name = "system:controller:horizontal-pod-autoscaler"
    account = {"kind": "ServiceAccount", "name": "horizontal-pod-autoscaler", "namespace": "kube-system"}
    patient = with_roles(refused_controller(), [role(name, []), role(READER, RULES)], [binding(name, name, account)])

    (command,) = commands(the_cause(patient.diagnosis()))

    assert f"--clusterrole={READER} --serviceaccount=kube-system:horizontal-pod-autoscaler" in command


@pytest.mark.parametrize("user", ["system:anonymous", "front-proxy-client"])
def test_whom_metrics_server_takes_for_somebody_else_lacks_no_right(user: str) -> None:
    assert ID not in {cause.id for cause in refused_controller(user).diagnosis().causes}


# Names


@pytest.mark.parametrize(
    ("user", "groups"), [("jane", ()), ("self", ("a,b", "c d")), ("Ann Lee", ("self",)), ("100%", ())]
)
def test_a_review_is_asked_about_the_very_user_that_it_is_named_by(user: str, groups: tuple[str, ...]) -> None:
    path, asked = parse_review(review_path(user, groups, "list", "metrics.k8s.io/pods", "shop"))

    assert path == REVIEW
    assert asked["spec"]["user"] == user
    assert asked["spec"]["groups"] == [*groups, "system:authenticated"]
    assert asked["spec"]["resourceAttributes"]["namespace"] == "shop"


def test_the_caller_asks_in_their_own_name() -> None:
    assert parse_review(review_path("", (), "list", "metrics.k8s.io/pods"))[0] == SELF_REVIEW


def test_the_caller_is_always_asked_about() -> None:
    assert [reader.why for reader in healthy().facts().readers] == [Why.CALLER]
    assert ID in {check.id for check in registry.load()}


def test_where_they_read_already_nothing_is_bound_anew() -> None:
    group = {"kind": "Group", "name": "developers", "apiGroup": "rbac.authorization.k8s.io"}
    patient = with_roles(healthy(), [role(READER, RULES)], [], [binding("devs", "admin", group, "team")])
    answered(patient, "jane", "developers").review(
        review_path("jane", ("developers",), "list", "metrics.k8s.io/pods", "team"), True
    )

    cause = the_cause(diagnosed(named(patient, "jane", "developers")))

    assert "In team they may read those of pods." in cause.finding.summary
    assert not any("rolebinding" in command and "-n team" in command for command in commands(cause))


def test_where_somebody_has_rights_by_name_is_asked_about_though_nothing_runs_there() -> None:
    group = {"kind": "Group", "name": "developers", "apiGroup": "rbac.authorization.k8s.io"}
    patient = with_roles(healthy(), [role(READER, RULES)], [], [binding("devs", "admin", group, "team")])
    places = wanted(named(answered(patient, "jane", "developers"), "jane", "developers"))

    path = review_path("jane", ("developers",), "list", "metrics.k8s.io/pods", "team")
    assert Place(WORKSTATION, Kind.REVIEW, path) in places
