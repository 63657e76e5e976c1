"""Repositories of other shapes: each fault where it stands, nothing of the twin, and what `--fix` does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from msdoctor.cli import cli

from . import shapes
from .repositories import found, judge, write

ARGS = "overlays/prod/args.yaml"
VARIABLES = "inventory/prod/group_vars/k8s_cluster"
UNIT = "roles/control-plane/templates/kube-apiserver.service.j2"
# By shape: where each fault stands, and which are left when what is safe was written.
FAULTS: dict[Callable[..., None], tuple[dict[str, str], set[str]]] = {
    shapes.manifests: (
        {
            "secure-port-mismatch": "deploy/metrics-server.yaml:65",
            "service-selector-mismatch": "deploy/metrics-server.yaml:41",
            "rbac-image-version-skew": "deploy/metrics-server.yaml:62",
        },
        {"service-selector-mismatch", "rbac-image-version-skew"},
    ),
    shapes.kubeadm: (
        {
            "requestheader-allowed-names-mismatch": "kubeadm.yaml:9",
            "kubelet-cert-san-missing-ip": "kubeadm.yaml:11",
        },
        {"kubelet-cert-san-missing-ip"},
    ),
    shapes.kubeadm_v1beta3: (
        {
            "requestheader-allowed-names-mismatch": "kubeadm.yaml:6",
            "kubelet-cert-san-missing-ip": "kubeadm.yaml:8",
        },
        {"kubelet-cert-san-missing-ip"},
    ),
    shapes.k3s: (
        {
            "requestheader-allowed-names-mismatch": "k3s/config.yaml:3",
            "requestheader-header-names": "k3s/config.yaml:4",
        },
        set(),
    ),
    shapes.rke2: ({"requestheader-allowed-names-mismatch": "etc/rancher/rke2/config.yaml:2"}, set()),
    shapes.kops: ({"requestheader-allowed-names-mismatch": "cluster.yaml:9"}, set()),
    shapes.ansible: (
        {"requestheader-header-names": f"{UNIT}:14", "kubelet-cert-san-mismatch": "roles/node/files/worker1.pem:1"},
        {"kubelet-cert-san-mismatch"},
    ),
    shapes.kustomize: ({"secure-port-mismatch": f"{ARGS}:13", "bad-flag-or-args": f"{ARGS}:15"}, set()),
    shapes.kubespray: (
        {
            "requestheader-allowed-names-mismatch": f"{VARIABLES}/k8s-cluster.yml:3",
            "kubelet-cert-san-missing-ip": f"{VARIABLES}/k8s-cluster.yml:4",
            "kubelet-webhook-unauthorized-401": f"{VARIABLES}/k8s-cluster.yml:5",
            "kubelet-authz-always-allow": f"{VARIABLES}/k8s-cluster.yml:7",
            "bad-flag-or-args": f"{VARIABLES}/addons.yml:3",
            "apiservice-cert-no-san": f"{VARIABLES}/addons.yml:2",
        },
        {"kubelet-cert-san-missing-ip", "kubelet-webhook-unauthorized-401", "apiservice-cert-no-san"},
    ),
    shapes.chart: ({"bad-flag-or-args": "charts/metrics-server/values.yaml:5"}, set()),
}
every = pytest.mark.parametrize("shape", FAULTS, ids=lambda shape: shape.__name__)


@every
def test_each_fault_is_told_where_it_stands(shape: Callable[..., None], tmp_path: Path) -> None:
    shape(tmp_path, right=False)
    assert found(judge(tmp_path), tmp_path) == {name: {place} for name, place in FAULTS[shape][0].items()}


@every
def test_the_repaired_twin_has_nothing_the_matter(shape: Callable[..., None], tmp_path: Path) -> None:
    shape(tmp_path, right=True)
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert judged.not_read == ()
    assert CliRunner().invoke(cli, ["preflight", str(tmp_path)]).exit_code == 0


@every
def test_fix_heals_what_is_safe_to_change_and_then_changes_nothing_more(
    shape: Callable[..., None], tmp_path: Path
) -> None:
    shape(tmp_path, right=False)
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert set(found(judge(tmp_path), tmp_path)) == FAULTS[shape][1]
    once = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == once


def test_what_a_template_leaves_open_is_unseen_and_neither_passes_nor_fails(tmp_path: Path) -> None:
    shapes.ansible(tmp_path, right=True)
    text = (tmp_path / UNIT).read_text()
    write(tmp_path, UNIT, text.replace("allowed-names=front-proxy-client", "allowed-names={{ front_proxy_names }}"))
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert {(Path(item.at.file).relative_to(tmp_path).as_posix(), item.at.line) for item in judged.not_read} == {
        (UNIT, 11)
    }
    outcomes = {check.id: str(check.outcome) for check in judged.diagnosis.checks}
    assert outcomes["requestheader-allowed-names-mismatch"] == "unseen"
    run = CliRunner().invoke
    assert run(cli, ["preflight", str(tmp_path)]).exit_code == 0
    assert run(cli, ["preflight", "--strict", str(tmp_path)]).exit_code == 3


def test_flags_that_a_variable_holds_are_not_taken_for_missing(tmp_path: Path) -> None:
    unit = "[Service]\nEnvironmentFile=/etc/kubernetes/apiserver\nExecStart=/usr/bin/kube-apiserver $KUBE_API_ARGS\n"
    write(tmp_path, "kube-apiserver.service", unit)
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert [item.at.line for item in judged.not_read] == [3]


def test_flags_of_an_environment_file_are_read_where_they_stand(tmp_path: Path) -> None:
    unit = "[Service]\nEnvironmentFile=/etc/kubernetes/apiserver\nExecStart=/usr/bin/kube-apiserver $KUBE_API_ARGS\n"
    write(tmp_path, "kube-apiserver.service", unit)
    write(tmp_path, "apiserver", 'KUBE_API_ARGS="--authorization-mode=RBAC --client-ca-file=/etc/ca.pem"\n# kubelet\n')
    assert set(found(judge(tmp_path), tmp_path)) == {"requestheader-config-missing"}


def test_other_flags_of_the_front_proxy_do_nothing_without_its_ca(tmp_path: Path) -> None:
    flags = "--client-ca-file=/etc/ca.pem --requestheader-extra-headers-prefix=X-Remote-Extra"
    write(tmp_path, "kube-apiserver.service", f"[Service]\nExecStart=/usr/bin/kube-apiserver {flags}\n")

    assert "requestheader-config-missing" in found(judge(tmp_path), tmp_path)


def test_a_script_that_writes_a_unit_is_read_and_changed(tmp_path: Path) -> None:
    script = (
        "#!/bin/bash\nPKI=/var/lib/kubernetes\ncat <<EOF | sudo tee /etc/systemd/system/kube-apiserver.service\n"
        "[Service]\nExecStart=/usr/local/bin/kube-apiserver \\\\\n  --client-ca-file=${PKI}/ca.pem \\\\\n"
        "  --requestheader-client-ca-file=${PKI}/front-proxy-ca.pem \\\\\n"
        "  --requestheader-extra-headers-prefix=X-Remote-Extra \\\\\n"
        "  --requestheader-group-headers=X-Remote-Group \\\\\n"
        "  --requestheader-username-headers=X-Remote-User \\\\\n"
        "  --proxy-client-cert-file=${PKI}/proxy.pem --proxy-client-key-file=${PKI}/proxy-key.pem\nEOF\n"
    )
    write(tmp_path, "bootstrap.sh", script)
    assert found(judge(tmp_path), tmp_path)["requestheader-header-names"] == {"bootstrap.sh:8"}
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert (tmp_path / "bootstrap.sh").read_text() == script.replace("X-Remote-Extra ", "X-Remote-Extra- ")


def test_two_environments_of_one_repository_are_two_clusters(tmp_path: Path) -> None:
    shapes.kops(tmp_path / "staging", right=True)
    shapes.kops(tmp_path / "prod", right=False)
    assert found(judge(tmp_path), tmp_path) == {"requestheader-allowed-names-mismatch": {"prod/cluster.yaml:9"}}


def test_a_policy_that_shuts_the_api_server_out_is_told_of(tmp_path: Path) -> None:
    shapes.manifests(tmp_path, right=True)
    policy = (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: kube-system}\n"
        "spec:\n  podSelector: {}\n  policyTypes: [Ingress]\n"
    )
    write(tmp_path, "deploy/policy.yaml", policy)
    places = found(judge(tmp_path), tmp_path)
    assert set(places) == {"network-policy-blocks"}


def test_of_a_node_that_stands_for_every_one_no_command_is_printed_and_later_steps_are_told(tmp_path: Path) -> None:
    shapes.kubeadm(tmp_path, right=False)
    cause = next(c for c in judge(tmp_path).diagnosis.causes if c.id == "kubelet-cert-san-missing-ip")
    commands = [command for remedy in cause.finding.remedies for command in remedy.commands]
    assert not [command for command in commands if "every node" in command]
    assert "which it signs for itself" in cause.finding.summary
    advice = [remedy.advice for remedy in cause.finding.remedies]
    assert "approve" in advice[1], "the next step of the same way comes next"
    assert advice[1].endswith("(Once this is rolled out.)")
    assert {remedy.way for remedy in cause.finding.remedies[:2]} == {1}


def test_fix_sets_a_kubelets_flags_to_what_is_safe_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, "metrics-server.yaml", shapes.COMPONENTS)
    unit = (
        "[Service]\nExecStart=/usr/bin/kubelet --anonymous-auth={anonymous} --authentication-token-webhook=true"
        " --authorization-mode={mode} --v=2\n"
    )
    write(tmp_path, "kubelet.service", unit.format(anonymous="true", mode="AlwaysAllow"))
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert (tmp_path / "kubelet.service").read_text() == unit.format(anonymous="false", mode="Webhook")
