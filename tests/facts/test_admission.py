"""What a kubelet admits by, from its flags, its file and its defaults."""

import pytest

from msdoctor.bundle import Kind, Place, Reason
from msdoctor.facts import rights
from msdoctor.facts.admission import Admission, Source
from msdoctor.model import Unseen
from tests.facts.clusters import SCRAPER, Patient, healthy

CONFIG = "/var/lib/kubelet/config.yaml"


def kubelet(text: str | None, *flags: str) -> Patient:
    config = () if text is None else (f"--config={CONFIG}",)
    patient = healthy().process("worker", "kubelet", "/usr/bin/kubelet", "--kubeconfig=/k", *config, *flags)
    return patient if text is None else patient.file("worker", CONFIG, text)


def admission(patient: Patient) -> Admission:
    found = patient.facts().admissions["worker"]
    assert isinstance(found, Admission)
    return found


def values(found: Admission) -> tuple[bool, bool, str]:
    return found.tokens.on, found.anonymous.on, found.mode.value


@pytest.mark.parametrize(
    ("text", "flags", "expected"),
    [
        ("kind: KubeletConfiguration\n", (), (True, False, "Webhook")),
        (None, (), (False, True, "AlwaysAllow")),
        (None, ("--anonymous-auth=false", "--authorization-mode", "Webhook"), (False, False, "Webhook")),
        ("authentication: {webhook: {enabled: false}}\n", (), (False, False, "Webhook")),
        ("authentication:\n  webhook:\n    enabled: null\n", (), (True, False, "Webhook")),
        ('{"authentication": {"anonymous": {"enabled": true}}}', (), (True, True, "Webhook")),
        ("authentication: {anonymous: {enabled: true}}\n", ("--anonymous-auth=false",), (True, False, "Webhook")),
        ("authorization: {mode: AlwaysAllow}\n", (), (True, False, "AlwaysAllow")),
        ("authentication: nonsense\nauthorization: []\n", (), (True, False, "Webhook")),
    ],
)
def test_a_flag_outranks_the_file_and_the_file_the_default(
    text: str | None, flags: tuple[str, ...], expected: tuple[bool, bool, str]
) -> None:
    assert values(admission(kubelet(text, *flags))) == expected


def test_a_setting_says_where_it_is_made() -> None:
    found = admission(kubelet("authentication:\n  webhook:\n    enabled: false\n", "--anonymous-auth"))

    assert (found.tokens.source, found.tokens.line) == (Source.FILE, 3)
    assert found.tokens.evidence.where == f"worker:{CONFIG}:3"
    assert found.tokens.evidence.saw == "authentication.webhook.enabled: false"
    assert (found.anonymous.source, found.anonymous.evidence.saw) == (Source.FLAG, "--anonymous-auth=true")
    assert found.mode.source is Source.DEFAULT


@pytest.mark.parametrize("text", ["a: [", "--- 1\n--- 2\n", "[" * 5000])
def test_a_file_that_is_not_yaml_is_unseen(text: str) -> None:
    found = kubelet(text).facts().admissions["worker"]

    assert isinstance(found, Unseen)
    assert found.reason.startswith("not YAML")


def test_a_file_that_may_not_be_read_and_drop_ins_leave_it_unseen() -> None:
    refused = kubelet("").refuse(Place("host/worker", Kind.FILE, CONFIG), Reason.FORBIDDEN)
    flags = ("--anonymous-auth=false", "--authentication-token-webhook", "--authorization-mode=Webhook")

    assert isinstance(refused.facts().admissions["worker"], Unseen)
    assert isinstance(kubelet("", "--config-dir=/etc/kubelet.d").facts().admissions["worker"], Unseen)
    assert values(admission(kubelet("", "--config-dir=/etc/kubelet.d", *flags))) == (True, False, "Webhook")


def test_hosts_without_a_kubelet_are_not_told_of() -> None:
    assert healthy().facts().admissions == {}


@pytest.mark.parametrize(
    ("reason", "role"),
    [
        ('RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "system:ms" to ServiceAccount "ms/n"', "system:ms"),
        ('RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "view" to Group "system:serviceaccounts"', ""),
        ("", ""),
    ],
)
def test_the_role_is_the_one_that_is_metrics_servers_own(reason: str, role: str) -> None:
    patient = healthy().review(rights.lists_nodes(SCRAPER), allowed=True, reason=reason)

    assert patient.facts().scraper_role == role
