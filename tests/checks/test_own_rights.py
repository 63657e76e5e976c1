"""metrics-server's own rights: asked of the API server, else worked out from roles, else heard in its words."""

from typing import Any

import pytest

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.diagnosis import Verdict
from msdoctor.facts import paths
from msdoctor.facts.own_rights import (
    ASKS_WHETHER,
    ASKS_WHO,
    EVERYTHING,
    FOLLOWS_CONFIG,
    LISTS,
    READS_CONFIG,
    READS_STATS,
    SCRAPES,
    WATCHES,
)
from msdoctor.facts.rbac import Request
from msdoctor.facts.wanted import wanted
from msdoctor.judge import Result
from msdoctor.model import Finding
from tests.facts.clusters import (
    CHECKS,
    MANIFEST_ARGS,
    SCRAPER,
    Patient,
    container,
    deployment,
    healthy,
    hpa,
    listed,
    pod,
)

Json = dict[str, Any]

READER, DELEGATOR, ROLE = "rbac-auth-reader-missing", "rbac-auth-delegator-missing", "rbac-clusterrole-missing"
IDS = (READER, DELEGATOR, ROLE, "kubelet-rbac-forbidden-403", "rbac-image-version-skew")
ACCOUNT: Json = {"kind": "ServiceAccount", "name": "metrics-server", "namespace": "kube-system"}
ELSEWHERE = ACCOUNT | {"namespace": "monitoring"}
PANIC = (
    "panic: unable to load configmap based request-header-client-ca-file: configmaps"
    f' "extension-apiserver-authentication" is forbidden: User "{SCRAPER}" cannot get resource "configmaps" in API'
    ' group "" in the namespace "kube-system"\n'
)
NO_REVIEW = (
    'Internal Server Error: "/apis/metrics.k8s.io/v1beta1/nodes": subjectaccessreviews.authorization.k8s.io is'
    f' forbidden: User "{SCRAPER}" cannot create resource "subjectaccessreviews" in API group "authorization.k8s.io" at'
    " the cluster scope"
)


def reviewed(patient: Patient, *denied: Request) -> Patient:
    for request in EVERYTHING:
        patient.review(request.review(SCRAPER), allowed=request not in (*denied, READS_STATS))
    return patient


def down(patient: Patient, *args: str) -> Patient:
    """Its container crashes, again and again."""
    one = container(args or MANIFEST_ARGS)
    crashing = pod("metrics-server-1", one, ready=False, restarts=3)
    crashing["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}
    return patient.installed(deployment(one), pods=(crashing,)).silent()


def running(patient: Patient) -> Patient:
    """Its container runs, and is not ready."""
    return patient.installed(deployment(), pods=(pod(ready=False),)).silent()


def found(patient: Patient) -> dict[str, Finding]:
    outcomes = {check.id: patient.outcome(check.id) for check in CHECKS if check.id in IDS}
    assert all(outcome.result is not Result.ERROR for outcome in outcomes.values()), outcomes
    return {id_: outcome.findings[0] for id_, outcome in outcomes.items() if outcome.findings}


def told(patient: Patient) -> dict[str, str]:
    return {id_: f"{finding.confidence} {finding.state}" for id_, finding in found(patient).items()}


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        (reviewed(healthy()), {}),
        (reviewed(down(healthy()), READS_CONFIG, *FOLLOWS_CONFIG), {READER: "certain active"}),
        (reviewed(healthy(), READS_CONFIG), {READER: "certain latent"}),
        (reviewed(running(healthy()), READS_CONFIG), {READER: "certain latent"}),  # it reads that first of all
        (reviewed(healthy().silent(), *FOLLOWS_CONFIG), {READER: "certain active"}),
        (reviewed(healthy(), *FOLLOWS_CONFIG), {READER: "certain latent"}),
        (reviewed(healthy().silent(), ASKS_WHETHER), {DELEGATOR: "certain active"}),
        (reviewed(down(healthy()), ASKS_WHETHER), {DELEGATOR: "certain next"}),
        (reviewed(healthy(), ASKS_WHO), {DELEGATOR: "certain latent"}),
        (reviewed(running(healthy()), *LISTS, *WATCHES, SCRAPES), {ROLE: "certain active"}),
        (reviewed(down(healthy()), *LISTS, *WATCHES, SCRAPES), {ROLE: "certain active"}),
        (reviewed(healthy(), *LISTS), {ROLE: "certain latent"}),
        (reviewed(healthy(), *WATCHES), {ROLE: "certain latent"}),
        (reviewed(healthy(), SCRAPES), {"kubelet-rbac-forbidden-403": "certain latent"}),
        (
            reviewed(down(healthy()), *EVERYTHING),
            {READER: "certain active", DELEGATOR: "certain next", ROLE: "certain next"},
        ),
    ],
)
def test_what_is_told_and_how_surely(patient: Patient, expected: dict[str, str]) -> None:
    assert told(patient) == expected


def test_what_does_not_even_parse_its_flags_comes_first() -> None:
    patient = reviewed(down(healthy(), *MANIFEST_ARGS, "--no-such-flag"), READS_CONFIG, *LISTS)
    patient.log("Error: unknown flag: --no-such-flag\n")

    assert told(patient) == {READER: "certain next", ROLE: "certain next"}


@pytest.mark.parametrize(
    "args",
    [
        ("--kubeconfig=/etc/k",),
        ("--authentication-kubeconfig=/etc/k", "--authorization-kubeconfig=/etc/k"),
    ],
)
def test_rights_of_an_account_that_it_does_not_use_do_not_matter(args: tuple[str, ...]) -> None:
    patient = reviewed(down(healthy(), *MANIFEST_ARGS, *args), *EVERYTHING)

    assert found(patient) == {}
    assert patient.outcome(READER).result is Result.NOT_APPLICABLE


@pytest.mark.parametrize("flag", ["--requestheader-client-ca-file=/etc/ca.crt", "--authentication-skip-lookup"])
def test_who_is_told_by_flags_does_not_read_the_configmap(flag: str) -> None:
    patient = reviewed(down(healthy(), *MANIFEST_ARGS, flag), READS_CONFIG)

    assert patient.outcome(READER).result is Result.NOT_APPLICABLE


# Without the API server's answers


def unreviewed(patient: Patient) -> Patient:
    for request in EVERYTHING:
        patient.refuse(Place(WORKSTATION, Kind.REVIEW, request.review(SCRAPER)), Reason.FORBIDDEN, 403)
    return patient


def role(name: str, *rules: tuple[str, str, list[str]], namespace: str = "") -> Json:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {
        "metadata": metadata,
        "rules": [{"apiGroups": [group], "resources": [what], "verbs": verbs} for group, what, verbs in rules],
    }


def bound(name: str, kind: str, to: str, *subjects: Json, namespace: str = "") -> Json:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"metadata": metadata, "roleRef": {"kind": kind, "name": to}, "subjects": list(subjects)}


READERS = "extension-apiserver-authentication-reader"
AUTH_READER = bound("metrics-server-auth-reader", "Role", READERS, ACCOUNT, namespace="kube-system")
AUTH_DELEGATOR = bound("metrics-server:system:auth-delegator", "ClusterRole", "system:auth-delegator", ACCOUNT)
OWN = bound("system:metrics-server", "ClusterRole", "system:metrics-server", ACCOUNT)
ALL_VERBS = ["get", "list", "watch"]
OWN_ROLE = role(
    "system:metrics-server", ("", "nodes/metrics", ["get"]), ("", "nodes", ALL_VERBS), ("", "pods", ALL_VERBS)
)


def with_roles(patient: Patient, *bindings: Json, own_role: Json | None = OWN_ROLE) -> Patient:
    delegator = role(
        "system:auth-delegator",
        ("authentication.k8s.io", "tokenreviews", ["create"]),
        ("authorization.k8s.io", "subjectaccessreviews", ["create"]),
    )
    reader = role(READERS, ("", "configmaps", ALL_VERBS), namespace="kube-system")
    patient.api(paths.ROLES, listed(reader))
    patient.api(paths.CLUSTER_ROLES, listed(delegator, *([own_role] if own_role else [])))
    patient.api(paths.ROLE_BINDINGS, listed(*(one for one in bindings if "namespace" in one["metadata"])))
    patient.api(paths.CLUSTER_ROLE_BINDINGS, listed(*(one for one in bindings if "namespace" not in one["metadata"])))
    return patient


def offline(*bindings: Json, own_role: Json | None = OWN_ROLE) -> Patient:
    return with_roles(unreviewed(down(healthy())), *bindings, own_role=own_role)


def seen(patient: Patient, check_id: str) -> str:
    return "\n".join(evidence.saw for evidence in found(patient)[check_id].evidence)


def commands(patient: Patient, check_id: str) -> list[str]:
    return [command for remedy in found(patient)[check_id].remedies for command in remedy.commands]


def test_roles_that_are_bound_as_upstream_does_are_enough() -> None:
    assert told(offline(AUTH_READER, AUTH_DELEGATOR, OWN)) == {}


def test_what_is_bound_to_nobody_is_told_as_likely() -> None:
    assert told(offline(AUTH_DELEGATOR, OWN)) == {READER: "likely active"}
    assert told(offline(AUTH_READER, AUTH_DELEGATOR)) == {ROLE: "likely active"}
    assert told(offline(AUTH_READER, OWN)) == {DELEGATOR: "likely next"}


def test_another_authorizer_may_allow_what_no_role_does() -> None:
    patient = offline(AUTH_DELEGATOR, OWN).process(
        "master", "kube-apiserver", "kube-apiserver", "--authorization-mode=RBAC,Webhook"
    )

    assert told(patient) == {}
    assert "Webhook" in patient.outcome(READER).reason


def test_a_binding_beside_metrics_server_is_told_of() -> None:
    patient = offline(AUTH_READER | {"metadata": {"name": "x", "namespace": "default"}}, AUTH_DELEGATOR, OWN)

    assert "RoleBinding default/x binds it to Role" in seen(patient, READER)


def test_a_binding_of_somebody_else_gets_this_account_too() -> None:
    other = bound("metrics-server-auth-reader", "Role", READERS, ELSEWHERE, namespace="kube-system")
    patient = offline(other, AUTH_DELEGATOR, OWN)

    assert "to ServiceAccount monitoring/metrics-server, not to kube-system/metrics-server" in seen(patient, READER)
    assert commands(patient, READER)[0] == (
        "kubectl -n kube-system set subject rolebinding metrics-server-auth-reader"
        " --serviceaccount=kube-system:metrics-server"
    )


def test_a_role_that_does_not_exist_is_made_and_not_bound_again() -> None:
    patient = offline(AUTH_READER, AUTH_DELEGATOR, OWN, own_role=None)

    assert "binds it to ClusterRole system:metrics-server, which does not exist" in seen(patient, ROLE)
    assert commands(patient, ROLE)[0].startswith("kubectl create clusterrole system:metrics-server ")
    assert not [command for command in commands(patient, ROLE) if "clusterrolebinding" in command]


def test_a_role_that_lacks_a_verb_is_given_it() -> None:
    without = role("system:metrics-server", ("", "nodes", ["get"]), ("", "pods", ALL_VERBS))
    patient = offline(AUTH_READER, AUTH_DELEGATOR, OWN, own_role=without)

    assert "does not allow: list nodes; watch nodes" in seen(patient, ROLE)
    assert commands(patient, ROLE)[0].startswith("kubectl patch clusterrole system:metrics-server ")


def test_a_role_that_a_controller_puts_together_is_not_written_to() -> None:
    whole = role("system:metrics-server") | {"aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    patient = offline(AUTH_READER, AUTH_DELEGATOR, OWN, own_role=whole)

    assert not [command for command in commands(patient, ROLE) if "patch clusterrole system:metrics-server " in command]
    assert "kubectl create clusterrole system:metrics-server:metrics-server" in commands(patient, ROLE)[0]


def test_a_name_that_would_write_into_a_shell_is_not_printed_in_a_command() -> None:
    other = bound("x;reboot metrics-server", "Role", READERS, ELSEWHERE, namespace="kube-system")
    patient = offline(other, AUTH_DELEGATOR, OWN)
    evidence = found(patient)[READER].evidence

    assert not [command for command in commands(patient, READER) if "reboot" in command]
    assert [e.how for e in evidence if "reboot" in e.how] == [
        "kubectl -n kube-system get rolebinding 'x;reboot metrics-server' -o yaml"
    ]


# By words alone, as a viewer hears them


def test_its_panic_is_heard() -> None:
    assert told(unreviewed(down(healthy())).log(PANIC)) == {READER: "likely active"}


def test_its_answer_is_heard() -> None:
    patient = unreviewed(healthy())
    for path in (paths.NODE_METRICS, paths.POD_METRICS):
        patient.refuse(path, Reason.FAILED, 500, NO_REVIEW)

    assert told(patient) == {DELEGATOR: "likely active"}


def test_an_hpa_tells_what_it_was_answered() -> None:
    patient = unreviewed(healthy().silent()).api(paths.HPAS, listed(hpa("web", "web", active=False, message=NO_REVIEW)))

    assert told(patient) == {DELEGATOR: "likely active"}


def test_where_nothing_is_seen_nothing_is_told() -> None:
    patient = unreviewed(down(healthy()))

    assert told(patient) == {}
    assert {patient.outcome(id_).result for id_ in (READER, DELEGATOR, ROLE)} == {Result.UNSEEN}


# As a member of system:masters


def test_who_is_never_asked_about_is_told_that_it_proves_nothing() -> None:
    patient = reviewed(healthy(), ASKS_WHETHER)
    patient.groups = ("system:masters",)
    diagnosis = patient.diagnosis()

    assert [cause.id for cause in diagnosis.causes if cause.breaks] == [DELEGATOR]
    assert diagnosis.verdict is Verdict.DEGRADED
    assert diagnosis.contradictions == ()
    assert "proves nothing about others" in diagnosis.causes[0].finding.summary


# Refused for a moment, at the start

REFUSED = (
    'E0301 11:00:05.000000       1 reflector.go:200] "Failed to watch" err="failed to list *v1.Node: nodes is'
    f' forbidden: User \\"{SCRAPER}\\" cannot list resource \\"nodes\\" in API group \\"\\" at the cluster scope{{}}"\n'
)
UNFOUNDED = REFUSED.format(': RBAC: clusterrole.rbac.authorization.k8s.io \\"system:metrics-server\\" not found')
RACE = "startup-race-rbac-not-ready"


def test_who_was_refused_before_the_role_was_there_and_serves_now_has_nothing() -> None:
    patient = reviewed(healthy()).log(UNFOUNDED)
    (finding,) = patient.outcome(RACE).findings

    assert finding.effects == ()
    assert told(patient) == {}


@pytest.mark.parametrize(
    "patient",
    [
        reviewed(healthy()).log(REFUSED.format("")),  # no role was missing: rights were taken, and given back
        reviewed(running(healthy()), *LISTS).log(UNFOUNDED),  # it is missing now
        reviewed(healthy(), ASKS_WHETHER).log(UNFOUNDED),
    ],
)
def test_any_other_refusal_is_no_race(patient: Patient) -> None:
    assert patient.outcome(RACE).findings == ()


# What is read


def test_roles_are_read_only_where_something_is_lacking_or_refused() -> None:
    def reads_roles(patient: Patient) -> bool:
        return any(place.path in paths.RBAC for place in wanted(patient.bundle()))

    assert not reads_roles(reviewed(healthy()))
    assert reads_roles(reviewed(healthy(), ASKS_WHO))
    assert reads_roles(unreviewed(healthy()))
