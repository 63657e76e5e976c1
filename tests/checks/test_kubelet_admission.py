"""Hop F: how a kubelet knows metrics-server and admits it, from its settings, its answers and the API server's."""

import json
from typing import Any

import pytest

from msdoctor.facts import rights
from msdoctor.judge import Result
from msdoctor.model import EffectKind, Finding
from tests.checks.refusing_kubelets import (
    ALL,
    FORBIDDEN,
    NO_WEBHOOK,
    SOUND,
    UNAUTHORIZED,
    denied,
    not_heard_of,
    refusal,
    refusing,
    set_up,
    unreviewed,
)
from tests.facts.clusters import (
    CHECKS,
    SCRAPER,
    Patient,
    container,
    deployment,
    healthy,
    pod,
    sample,
    scrape_error,
)

IDS = (
    "kubelet-anonymous-token-not-accepted",
    "kubelet-cannot-reach-apiserver-webhook",
    "kubelet-rbac-forbidden-403",
    "kubelet-webhook-unauthorized-401",
    "rbac-image-version-skew",
)
RISKS = ("kubelet-anonymous-enabled", "kubelet-authz-always-allow")


def found(patient: Patient) -> dict[str, Finding]:
    """The findings of this hop's causes by id, where each has one at most."""
    outcomes = {check.id: patient.outcome(check.id) for check in CHECKS if check.id in (*IDS, *RISKS)}
    assert all(outcome.result is not Result.ERROR for outcome in outcomes.values()), outcomes
    assert all(len(outcome.findings) <= 1 for outcome in outcomes.values())
    return {id_: outcome.findings[0] for id_, outcome in outcomes.items() if outcome.findings}


def told(patient: Patient) -> dict[str, str]:
    return {id_: f"{finding.confidence} {finding.state}" for id_, finding in found(patient).items()}


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        # the kubelet's own settings
        (
            set_up(refusing(UNAUTHORIZED, "worker"), NO_WEBHOOK.format("false")),
            {"kubelet-webhook-unauthorized-401": "certain active"},
        ),
        (
            set_up(refusing(FORBIDDEN, "worker"), NO_WEBHOOK.format("true")),
            {"kubelet-anonymous-token-not-accepted": "certain active"},
        ),
        (
            set_up(healthy(), "authentication: {anonymous: {enabled: true}}\n"),
            {"kubelet-anonymous-enabled": "certain active"},
        ),
        (
            set_up(healthy(), "authorization: {mode: AlwaysAllow}\n"),
            {"kubelet-authz-always-allow": "certain active"},
        ),
        # only what it answers
        (refusing(UNAUTHORIZED, "worker"), {"kubelet-webhook-unauthorized-401": "likely active"}),
        (refusing(FORBIDDEN, "worker"), {"kubelet-anonymous-token-not-accepted": "likely active"}),
        (
            unreviewed(refusing(FORBIDDEN, "worker")),  # the other kubelet admits it
            {"kubelet-anonymous-token-not-accepted": "likely active"},
        ),
        (unreviewed(refusing(FORBIDDEN, *ALL)), {"kubelet-rbac-forbidden-403": "possible active"}),
        (
            unreviewed(set_up(refusing(FORBIDDEN, *ALL), SOUND, *ALL)),
            {"kubelet-rbac-forbidden-403": "likely active"},
        ),
        (
            set_up(refusing(UNAUTHORIZED, "worker"), SOUND),
            {"kubelet-cannot-reach-apiserver-webhook": "possible active"},
        ),
        # what the API server says of metrics-server
        (denied(refusing(FORBIDDEN, *ALL), stats=False), {"kubelet-rbac-forbidden-403": "certain active"}),
        (denied(refusing(FORBIDDEN, *ALL), stats=True), {"rbac-image-version-skew": "certain active"}),
        (denied(healthy(), stats=False), {"kubelet-rbac-forbidden-403": "certain latent"}),
        # what the cluster heard of the node
        (
            not_heard_of(refusing(UNAUTHORIZED, "worker")),
            {"kubelet-cannot-reach-apiserver-webhook": "likely active"},
        ),
        (
            not_heard_of(healthy().metrics(sample("master")).log(scrape_error("worker", "192.0.2.11", "EOF"))),
            {"kubelet-cannot-reach-apiserver-webhook": "likely next"},
        ),
        (not_heard_of(healthy()), {}),  # it still remembers whom it admitted
        # nothing of this hop
        (healthy(), {}),
        (set_up(healthy(), SOUND, *ALL), {}),
        (refusing("500 Internal Server Error", "worker"), {}),
        (healthy().log(refusal("worker", UNAUTHORIZED, age=60)), {}),  # overtaken by a sample
    ],
)
def test_what_is_told_and_how_surely(patient: Patient, expected: dict[str, str]) -> None:
    assert told(patient) == expected


def test_a_fault_behind_a_refused_certificate_comes_next() -> None:
    refused = scrape_error("worker", "192.0.2.11", "x509: certificate signed by unknown authority")
    patient = set_up(healthy().metrics(sample("master")).log(refused), NO_WEBHOOK.format("false"))

    assert told(patient) == {"kubelet-webhook-unauthorized-401": "certain next"}


def test_rights_that_are_lacking_blind_those_kubelets_that_ask_about_them() -> None:
    patient = set_up(
        denied(refusing(FORBIDDEN, "worker"), stats=False), "authorization: {mode: AlwaysAllow}\n", "master"
    )
    finding = found(patient)["kubelet-rbac-forbidden-403"]

    assert [(effect.kind, effect.subject) for effect in finding.effects] == [(EffectKind.SCRAPE_FAILS, "worker")]


SKEW, LACKING, IGNORED = "rbac-image-version-skew", "kubelet-rbac-forbidden-403", "kubelet-anonymous-token-not-accepted"


@pytest.mark.parametrize(
    ("image", "metrics", "stats", "expected"),
    [
        ("v0.5.2", True, False, (SKEW, "certain")),
        ("v0.5.2", False, True, (IGNORED, "likely")),
        ("v0.5.2", False, False, (LACKING, "certain")),
        ("v0.6.0", True, False, (IGNORED, "likely")),
        ("latest", False, True, (SKEW, "certain")),
        ("latest", True, False, (IGNORED, "possible")),
    ],
)
def test_which_right_is_needed_is_the_images_to_say(
    image: str, metrics: bool, stats: bool, expected: tuple[str, str]
) -> None:
    one = container() | {"image": f"example.org/metrics-server:{image}"}
    patient = refusing(FORBIDDEN, *ALL).installed(deployment(one), pods=(pod("metrics-server-1", one),))
    patient.review(rights.scrapes(SCRAPER), metrics).review(rights.reads_stats(SCRAPER), stats)
    findings = {
        (id_, str(finding.confidence)) for id_ in (SKEW, LACKING, IGNORED) for finding in patient.outcome(id_).findings
    }

    assert findings == {expected}


def test_an_image_without_a_release_that_nobody_refuses_may_be_an_old_one() -> None:
    one = container() | {"image": "example.org/metrics-server:latest"}
    patient = denied(healthy(), stats=True).installed(deployment(one), pods=(pod("metrics-server-1", one),))

    assert patient.outcome("rbac-image-version-skew").result is Result.NOT_APPLICABLE


@pytest.mark.parametrize("check_id", IDS)
def test_a_metrics_server_that_shows_no_token_is_another_matter(check_id: str) -> None:
    patient = denied(refusing(FORBIDDEN, *ALL)).args("--secure-port=10250", "--kubelet-client-certificate=/c")

    assert patient.outcome(check_id).result is Result.NOT_APPLICABLE


@pytest.mark.parametrize("check_id", [*IDS[:2], IDS[3], *RISKS])
def test_a_kubelet_of_which_nothing_is_known_is_unseen(check_id: str) -> None:
    patient = not_heard_of(healthy().metrics(sample("master")).without_route("192.0.2.11:10250"))
    outcome = patient.outcome(check_id)

    assert outcome.result is Result.UNSEEN
    assert "node/worker" in {item.where for item in outcome.unseen}


def test_pods_of_a_node_that_is_not_heard_of_are_not_ready_whatever_they_do() -> None:
    patient = not_heard_of(healthy().silent()).installed(deployment(), pods=(pod(ready=False),))
    kinds = {effect.kind for effect in found(patient)["kubelet-cannot-reach-apiserver-webhook"].effects}

    assert kinds == {EffectKind.SCRAPE_FAILS, EffectKind.NOT_READY}


# Remedies


def commands(finding: Finding) -> list[str]:
    return [command for remedy in finding.remedies for command in remedy.commands]


def test_settings_are_mended_on_their_own_lines_of_this_kubelets_file() -> None:
    patient = set_up(refusing(FORBIDDEN, "worker"), NO_WEBHOOK.format("true"))

    assert commands(found(patient)["kubelet-anonymous-token-not-accepted"]) == [
        "cp -p /etc/kubelet.yaml /etc/kubelet.yaml.before",
        "sed -i -e '5{/enabled/s/false/true/}' -e '3{/enabled/s/true/false/}' /etc/kubelet.yaml",
        "systemctl restart kubelet",
    ]


def test_a_kubelet_that_reports_and_doubts_the_token_is_restarted_and_no_firewall_opened_for_it() -> None:
    finding = found(set_up(refusing(UNAUTHORIZED, "worker"), SOUND))["kubelet-cannot-reach-apiserver-webhook"]

    assert "systemctl restart kubelet" in commands(finding)
    assert "kubectl rollout restart -n kube-system deployment/metrics-server" in commands(finding)
    assert not [command for command in commands(finding) if "iptables" in command]


@pytest.mark.parametrize(
    ("flags", "edit"),
    [
        (("--anonymous-auth=true",), r"-e 's/--anonymous-auth\([= ][[:alnum:]]*\)\{0,1\}/--anonymous-auth=false/'"),
        ((), "-e 's/ --kubeconfig[= ]/ --anonymous-auth=false&/'"),
    ],
)
def test_settings_by_flag_are_mended_in_the_unit(flags: tuple[str, ...], edit: str) -> None:
    args = ("/usr/bin/kubelet", "--kubeconfig=/k", "--authentication-token-webhook", *flags)
    patient = healthy().process("worker", "kubelet", *args)
    patient.file("worker", "/etc/systemd/system/kubelet.service", "[Service]\nExecStart=" + " ".join(args) + "\n")
    finding = found(patient)["kubelet-anonymous-enabled"]

    assert commands(finding)[1] == f"sed -i {edit} /etc/systemd/system/kubelet.service"
    assert commands(finding)[-2:] == ["systemctl daemon-reload", "systemctl restart kubelet"]


def test_the_right_goes_to_the_role_that_metrics_server_has() -> None:
    patient = denied(refusing(FORBIDDEN, *ALL), stats=False)
    reason = 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "system:ms" to ServiceAccount "metrics-server/x"'
    patient.review(rights.lists_nodes(SCRAPER), allowed=True, reason=reason)
    finding = found(patient)["kubelet-rbac-forbidden-403"]
    command = commands(finding)[0]
    patch: Any = json.loads(command.partition("'")[2].removesuffix("'"))

    assert command.startswith("kubectl patch clusterrole system:ms --type json ")
    assert patch == [
        {
            "op": "add",
            "path": "/rules/-",
            "value": {"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]},
        }
    ]
    assert finding.subjects == ("clusterrole/system:ms",)
