"""Variables of kubespray: judged as what it makes of them, whichever file of an inventory gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import shapes
from .repositories import found, judge, write

GROUP = "inventory/prod/group_vars/k8s_cluster"
ROTATED = "kubelet_rotate_server_certificates"


def test_metrics_server_is_installed_without_verification_unless_a_variable_says_otherwise(tmp_path: Path) -> None:
    write(tmp_path, f"{GROUP}/addons.yml", "# kubelet\nmetrics_server_enabled: true\n")
    places = found(judge(tmp_path), tmp_path)
    assert places["kubelet-insecure-tls"] == {f"{GROUP}/addons.yml:2"}

    insecure = "metrics_server_enabled: true\nmetrics_server_kubelet_insecure_tls: true\n"
    write(tmp_path, f"{GROUP}/addons.yml", insecure)
    assert found(judge(tmp_path), tmp_path)["kubelet-insecure-tls"] == {f"{GROUP}/addons.yml:2"}

    write(tmp_path, f"{GROUP}/addons.yml", insecure.replace("tls: true", "tls: false"))
    assert "kubelet-insecure-tls" not in found(judge(tmp_path), tmp_path)


def test_the_variable_that_has_kubelets_verified_has_metrics_server_verified_too_and_that_fails(tmp_path: Path) -> None:
    """It also fills in the APIService's insecureSkipTLSVerify, and no CA could vouch for what is served then."""
    text = "# kubelet\nmetrics_server_enabled: true\nmetrics_server_kubelet_insecure_tls: false\n"
    write(tmp_path, f"{GROUP}/addons.yml", f"{text}{ROTATED}: true\n")
    (cause,) = judge(tmp_path).diagnosis.causes

    assert cause.id == "apiservice-cert-no-san"
    assert [item.saw for item in cause.finding.evidence] == [
        "insecureSkipTLSVerify: false, and no caBundle",
        "no --tls-cert-file among its arguments: it signs a certificate for localhost itself, anew at each start",
    ]
    assert "not metrics-server.kube-system.svc" in cause.finding.summary


@pytest.mark.parametrize("value", ["false", "no", '"{{ wanted }}"'])
def test_where_it_is_not_installed_nothing_is_judged_of_it(value: str, tmp_path: Path) -> None:
    write(tmp_path, f"{GROUP}/addons.yml", f"metrics_server_enabled: {value}\nmetrics_server_metric_resolution: 5s\n")
    write(tmp_path, "inventory/prod/hosts.ini", "[kube_node]\nw1 ansible_host=10.0.0.11\n")
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert [item.reason for item in judged.not_read] == (
        ["a template that the repository does not resolve: metrics_server_enabled: {{ wanted }}"]
        if "{{" in value
        else []
    )


def test_whether_kubelets_are_verified_is_unseen_where_a_template_decides_it(tmp_path: Path) -> None:
    shapes.kubespray(tmp_path, right=True)
    text = "metrics_server_enabled: true\nmetrics_server_kubelet_insecure_tls: '{{ insecure }}'\n"
    write(tmp_path, f"{GROUP}/addons.yml", text)
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert [(item.at.line, "{{ insecure }}" in item.reason) for item in judged.not_read] == [(2, True)]


def test_variables_of_one_machine_are_of_that_machine(tmp_path: Path) -> None:
    shapes.kubespray(tmp_path, right=True)
    write(tmp_path, "inventory/prod/host_vars/w1.yml", "kubelet_custom_flags: [--authorization-mode=AlwaysAllow]\n")
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {"kubelet-authz-always-allow": {"inventory/prod/host_vars/w1.yml:1"}}
    assert {cause.finding.subjects for cause in judged.diagnosis.causes if cause.finding.effects} == {("node/w1",)}


def test_settings_beside_kubesprays_own_take_their_place(tmp_path: Path) -> None:
    shapes.kubespray(tmp_path, right=True)
    extra = "kubelet_config_extra_args:\n  authorization: {mode: AlwaysAllow}\n"
    write(tmp_path, "inventory/prod/group_vars/kube_node.yml", f"{extra}kubelet_custom_flags: []\n")
    assert found(judge(tmp_path), tmp_path) == {
        "kubelet-authz-always-allow": {"inventory/prod/group_vars/kube_node.yml:2"}
    }


def test_an_inventory_in_ini_form_has_variables_too(tmp_path: Path) -> None:
    text = (
        "[kube_node]\nw1 ansible_host=10.0.0.11\n\n[k8s_cluster:vars]\nmetrics_server_enabled=true\n"
        "metrics_server_kubelet_insecure_tls=false\n"
    )
    write(tmp_path, "inventory/prod/hosts.ini", text)
    unverified = {"apiservice-cert-no-san": {"inventory/prod/hosts.ini:6"}}
    assert found(judge(tmp_path), tmp_path) == {
        "kubelet-cert-san-missing-ip": {"inventory/prod/hosts.ini:4"},
        **unverified,
    }

    write(tmp_path, "inventory/prod/hosts.ini", f"{text}{ROTATED}=true\n")
    assert found(judge(tmp_path), tmp_path) == unverified


def test_an_inventory_in_yaml_has_variables_too(tmp_path: Path) -> None:
    text = (
        "all:\n  hosts:\n    w1: {ansible_host: 10.0.0.11}\n  children:\n    k8s_cluster:\n      vars:\n"
        "        metrics_server_enabled: true\n        metrics_server_metric_resolution: 5s\n"
    )
    write(tmp_path, "inventory/prod/hosts.yaml", text)
    places = found(judge(tmp_path), tmp_path)
    assert places["bad-flag-or-args"] == {"inventory/prod/hosts.yaml:8"}


def test_defaults_of_a_role_are_no_cluster_by_themselves(tmp_path: Path) -> None:
    defaults = "roles/kubernetes-apps/metrics_server/defaults/main.yml"
    write(tmp_path, defaults, "metrics_server_enabled: true\nmetrics_server_metric_resolution: 5s\n")
    assert found(judge(tmp_path), tmp_path) == {}

    shapes.kubespray(tmp_path, right=True)
    assert found(judge(tmp_path), tmp_path) == {}, "the inventory's own come later"

    write(tmp_path, f"{GROUP}/addons.yml", "metrics_server_enabled: true\nmetrics_server_kubelet_insecure_tls: false\n")
    places = found(judge(tmp_path), tmp_path)
    assert places["bad-flag-or-args"] == {f"{defaults}:2"}
    assert set(places) == {"bad-flag-or-args", "apiservice-cert-no-san"}


def test_another_ones_variable_of_the_same_name_is_not_kubesprays(tmp_path: Path) -> None:
    write(tmp_path, "terraform/values.yaml", "metrics_server_enabled: true\n")
    assert judge(tmp_path).recognised == ()


def test_the_change_is_one_of_a_variable(tmp_path: Path) -> None:
    text = "metrics_server_enabled: true\nmetrics_server_kubelet_insecure_tls: false\n"
    write(tmp_path, f"{GROUP}/addons.yml", text)
    (cause,) = (c for c in judge(tmp_path).diagnosis.causes if c.id == "kubelet-cert-san-missing-ip")
    commands = [command for remedy in cause.finding.remedies for command in remedy.commands]
    assert any(f"+{ROTATED}: true\n" in command for command in commands)
    assert not [command for command in commands if "sed" in command or ">>" in command], "of a file that is made up"


def test_kubesprays_own_templates_are_judged_as_what_an_inventory_makes_of_them(tmp_path: Path) -> None:
    shapes.kubespray(tmp_path, right=True)
    template = shapes.COMPONENTS.replace("--secure-port=10250", "--secure-port={{ metrics_server_container_port }}")
    folder = "roles/kubernetes-apps/metrics_server/templates"
    write(tmp_path, f"{folder}/metrics-server-deployment.yaml.j2", f"{template}        - --kubelet-insecure-tls\n")
    assert found(judge(tmp_path), tmp_path) == {}


def test_a_value_over_several_lines_of_template_hides_no_other(tmp_path: Path) -> None:
    shapes.kubespray(tmp_path, right=True)
    text = (
        "kube_proxy_nodeport_addresses: >-\n  {%- if cidr is defined -%}\n  [{{ cidr }}]\n  {%- else -%}\n  []\n"
        "  {%- endif -%}\nkubelet_custom_flags: [--authorization-mode=AlwaysAllow]\n"
    )
    write(tmp_path, "inventory/prod/group_vars/kube_node.yml", text)
    assert found(judge(tmp_path), tmp_path) == {
        "kubelet-authz-always-allow": {"inventory/prod/group_vars/kube_node.yml:7"}
    }
