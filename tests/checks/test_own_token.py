"""metrics-server's own token: refused by the API server, and by every kubelet that asks it."""

import json
from datetime import timedelta

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from msdoctor.judge import Result
from msdoctor.model import Effect, EffectKind, Finding
from tests.checks.refusing_kubelets import ALL, NO_WEBHOOK, SOUND, UNAUTHORIZED, not_heard_of, refusal, set_up
from tests.checks.tokens import account, refused, said, with_secret, with_token
from tests.facts.clusters import CHECKS, NOW, Patient, healthy

IDS = (
    "kubelet-cannot-reach-apiserver-webhook",
    "kubelet-webhook-unauthorized-401",
    "serviceaccount-token-expired",
    "serviceaccount-token-invalid",
)
INVALID, EXPIRED = "serviceaccount-token-invalid", "serviceaccount-token-expired"


def found(patient: Patient) -> dict[str, Finding]:
    outcomes = {check.id: patient.outcome(check.id) for check in CHECKS if check.id in IDS}
    assert all(outcome.result is not Result.ERROR for outcome in outcomes.values()), outcomes
    return {id_: outcome.findings[0] for id_, outcome in outcomes.items() if outcome.findings}


def told(patient: Patient) -> dict[str, str]:
    return {id_: str(finding.confidence) for id_, finding in found(patient).items()}


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        # what the token says of itself
        (with_token(account(refused()), uid="older"), {INVALID: "certain"}),
        (with_token(account(refused()), ends=-3600), {EXPIRED: "certain"}),
        (with_token(account(refused()), uid="older", ends=-3600), {EXPIRED: "certain"}),  # what is looked at first
        (with_token(account(refused()), ends=-30), {INVALID: "likely"}),  # the API server grants a minute
        (with_token(account(refused())), {INVALID: "likely"}),
        # its ServiceAccount
        (account(refused(), age=60), {INVALID: "likely"}),  # younger than the pod
        (
            refused().refuse(paths.service_account("kube-system", "metrics-server"), Reason.ABSENT, 404),
            {INVALID: "certain"},
        ),
        (account(refused()), {INVALID: "likely"}),
        (refused(), {INVALID: "likely"}),
        (not_heard_of(refused()), {INVALID: "possible", "kubelet-cannot-reach-apiserver-webhook": "likely"}),
        # from a Secret that nobody renews
        (account(with_secret(refused())), {EXPIRED: "possible"}),
        (account(with_secret(refused()), age=60), {INVALID: "likely"}),
        # the kubelets' settings are known to be right
        (set_up(account(refused()), SOUND, *ALL), {INVALID: "likely"}),
        # only the kubelets say no
        (account(refused(log="")), {"kubelet-webhook-unauthorized-401": "likely"}),
        (set_up(account(refused(log="")), SOUND, *ALL), {"kubelet-cannot-reach-apiserver-webhook": "possible"}),
        (with_token(account(refused(log="")), uid="older"), {INVALID: "certain"}),
        # history
        (
            set_up(account(refused(log=said(1200))), NO_WEBHOOK.format("false"), *ALL),
            {"kubelet-webhook-unauthorized-401": "certain"},
        ),
        (account(healthy().log(said(60))), {}),
        (with_token(account(healthy().log(said(60))), uid="older"), {}),
        (healthy(), {}),
    ],
)
def test_what_is_told_and_how_surely(patient: Patient, expected: dict[str, str]) -> None:
    assert told(patient) == expected


def test_a_metrics_server_that_does_not_start_for_it_listens_nowhere() -> None:
    panic = said(20, "panic: unable to load configmap based request-header-client-ca-file: Unauthorized")

    (finding,) = found(account(healthy().silent().log(panic))).values()

    assert finding.effects == (Effect(EffectKind.NOT_LISTENING),)


def test_one_that_has_started_since_then_is_not_accused() -> None:
    panic = said(90, "panic: unable to load configmap based request-header-client-ca-file: Unauthorized")
    start = said(60, "I0301 11:59:00.000000       1 secure_serving.go:211] Serving securely on [::]:10250")

    assert found(account(healthy().silent().log(panic + start))) == {}


def test_the_mounted_secret_is_given_up_where_the_deployment_mounts_it() -> None:
    (finding,) = found(with_token(account(with_secret(refused())), ends=-3600, kind="secret")).values()

    patch = json.loads(finding.remedies[0].commands[0].partition(" -p ")[2].strip("'"))
    assert [step["path"] for step in patch][:2] == [
        "/spec/template/spec/containers/0/volumeMounts/0",
        "/spec/template/spec/volumes/0",
    ]
    assert "Secret by-hand" in finding.summary
    assert finding.since == NOW - timedelta(seconds=3600)


def test_kubelets_that_answer_401_for_it_are_not_blamed_one_by_one() -> None:
    patient = account(refused(log=said(5) + refusal("worker", UNAUTHORIZED) + refusal("master", UNAUTHORIZED)))

    (finding,) = found(patient).values()

    assert finding.subjects == ("deployment/kube-system/metrics-server",)
    assert {effect.subject for effect in finding.effects} == {"master", "worker"}
