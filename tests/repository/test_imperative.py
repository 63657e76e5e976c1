"""Commands that set flags of metrics-server: judged by what they say literally, where it stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from msdoctor.cli import cli
from msdoctor.repository import imperative

from .repositories import found, judge, write
from .shapes import COMPONENTS

OPERATION = '[{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--kubelet-insecure-tls"}]'
KUSTOMIZATION = (
    "resources:\n- https://github.com/kubernetes-sigs/metrics-server/releases/download/v0.8.0/components.yaml\n"
)

# A file's name, its text, and the line at which the flag stands.
ADDING = {
    "kubectl patch, JSON": (
        "install.sh",
        (
            f"#!/bin/sh\nkubectl apply -f components.yaml\nkubectl -n kube-system patch deployment metrics-server \\\n"
            f"  --type=json -p '{OPERATION}'\n"
        ),
        4,
    ),
    "kubectl patch, JSON in double quotes": (
        "install.sh",
        '#!/bin/sh\nkubectl patch deploy/metrics-server -n kube-system --type json --patch="'
        + OPERATION.replace('"', '\\"')
        + '"\n',
        2,
    ),
    "kubectl patch, merged": (
        "install.sh",
        (
            "kubectl patch deploy metrics-server -n kube-system --patch '\nspec:\n"
            "  template:\n    spec:\n      containers:\n      - name:"
            " metrics-server\n        args:\n        - --kubelet-insecure-tls\n'\n"
        ),
        8,
    ),
    "helm": (
        "Makefile",
        (
            "metrics:\n\thelm upgrade --install metrics-server metrics-server/metrics-server \\\n"
            "\t  -n kube-system --set args={--kubelet-insecure-tls}\n"
        ),
        3,
    ),
    "helm, a place of the list": (
        "install.sh",
        "helm install ms metrics-server/metrics-server --set 'args[0]=--kubelet-insecure-tls' && echo done\n",
        1,
    ),
    "sed, beside another": (
        "install.sh",
        (
            "curl -L $URL -o metrics-server.yaml\n"
            "sed -i 's/- --metric-resolution=15s/&\\n        - --kubelet-insecure-tls/'"
            " metrics-server.yaml\n"
        ),
        2,
    ),
    "sed, below another": (
        "install.sh",
        "sed -i '/--metric-resolution/a\\        - --kubelet-insecure-tls' metrics-server.yaml\n",
        1,
    ),
    "yq": (
        "install.sh",
        ('yq -i \'(select(.kind == "Deployment") | .spec..args) += "--kubelet-insecure-tls"\' metrics-server.yaml\n'),
        1,
    ),
    "Ansible, command": (
        "tasks/main.yml",
        (
            "- name: metrics-server\n"
            "  ansible.builtin.command: >-\n    kubectl patch deployment metrics-server -n kube-system"
            f" --type=json -p '{OPERATION}'\n"
        ),
        3,
    ),
    "Ansible, shell": (
        "tasks/main.yml",
        f"- shell: |\n    set -e\n    kubectl patch deployment metrics-server --type=json -p '{OPERATION}'\n",
        3,
    ),
    "Ansible, words": (
        "tasks/main.yml",
        "- command:\n    argv: [kubectl, patch, deployment, metrics-server, --type=json, -p, '" + OPERATION + "']\n",
        2,
    ),
    "Ansible, JSON patch": (
        "tasks/main.yml",
        (
            "- kubernetes.core.k8s_json_patch:\n"
            "    kind: Deployment\n    name: metrics-server\n    namespace: kube-system\n"
            "    patch:\n    - op: add\n      path: /spec/template/spec/containers/0/args/-\n"
            "      value: --kubelet-insecure-tls\n"
        ),
        8,
    ),
    "Ansible, helm": (
        "tasks/main.yml",
        (
            "- kubernetes.core.helm:\n    name: metrics-server\n    chart_ref: metrics-server/metrics-server\n"
            "    values:\n      args:\n      - --kubelet-insecure-tls\n"
        ),
        6,
    ),
    "a CI's script": (
        ".gitlab-ci.yml",
        (
            "deploy:\n  script:\n  - helm upgrade -i metrics-server metrics-server/metrics-server --set"
            " args={--kubelet-insecure-tls}\n"
        ),
        3,
    ),
    "cloud-init": (
        "user-data.yaml",
        (
            "#cloud-config\nruncmd:\n"
            f"- kubectl patch deployment metrics-server --type=json -p '{OPERATION.replace(': ', ':')}'\n"
        ),
        3,
    ),
    "kustomize, JSON patch": (
        "kustomization.yaml",
        (
            f"{KUSTOMIZATION}patches:\n- target: {{kind: Deployment, name: metrics-server}}\n"
            "  patch: |-\n    - op: add\n"
            "      path: /spec/template/spec/containers/0/args/-\n      value: --kubelet-insecure-tls\n"
        ),
        8,
    ),
    "kustomize, merged": (
        "kustomization.yaml",
        (
            f"{KUSTOMIZATION}patches:\n- patch: |-\n    apiVersion: apps/v1\n    kind: Deployment\n"
            "    metadata: {name: metrics-server, namespace: kube-system}\n    spec:\n      template:\n        spec:\n"
            "          containers:\n          - name: metrics-server\n            args: [--kubelet-insecure-tls]\n"
        ),
        13,
    ),
    "a here-document": (
        "install.sh",
        (
            "cat <<'EOF' > patch.yaml\nspec:\n  template:\n    spec:\n      containers:\n      - name: metrics-server\n"
            "        args:\n        - --kubelet-insecure-tls\nEOF\n"
            "kubectl patch deploy metrics-server --patch-file patch.yaml\n"
        ),
        8,
    ),
    "Terraform, set": (
        "main.tf",
        (
            'resource "helm_release" "metrics" {\n  chart = "metrics-server"\n  set {\n    name  = "args[0]"\n'
            '    value = "--kubelet-insecure-tls"\n  }\n}\n'
        ),
        5,
    ),
    "Terraform, values": (
        "main.tf",
        (
            'resource "helm_release" "metrics" {\n  chart = "metrics-server"\n  values = [yamlencode({\n'
            '    args = [\n      "--kubelet-insecure-tls",\n    ]\n  })]\n}\n'
        ),
        5,
    ),
    "Terraform, a text": (
        "main.tf",
        (
            'resource "helm_release" "metrics" {\n  chart = "metrics-server"\n  values = [<<-EOT\n    args:\n'
            "    - --kubelet-insecure-tls\n    EOT\n  ]\n}\n"
        ),
        5,
    ),
    "Terraform, a command": (
        "main.tf",
        'resource "null_resource" "patch" {\n  provisioner "local-exec" {\n'
        "    command = \"kubectl patch deployment metrics-server --type=json -p '"
        + OPERATION.replace('"', '\\"')
        + "'\"\n"
        "  }\n}\n",
        3,
    ),
    "Argo CD, a text": (
        "app.yaml",
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: metrics-server}\nspec:\n  source:\n"
            "    chart: metrics-server\n    helm:\n      values: |\n        args:\n        - --kubelet-insecure-tls\n"
        ),
        10,
    ),
    "k3s, HelmChart": (
        "chart.yaml",
        (
            "apiVersion: helm.cattle.io/v1\nkind: HelmChart\n"
            "metadata: {name: metrics-server, namespace: kube-system}\nspec:\n"
            "  chart: metrics-server\n  valuesContent: |-\n    args:\n    - --kubelet-insecure-tls\n"
        ),
        8,
    ),
}


@pytest.mark.parametrize("case", ADDING)
def test_a_flag_that_a_command_adds_is_told_where_it_stands(case: str, tmp_path: Path) -> None:
    name, text, line = ADDING[case]
    write(tmp_path, name, text)
    assert found(judge(tmp_path), tmp_path) == {"kubelet-insecure-tls": {f"{name}:{line}"}}


@pytest.mark.parametrize("case", ["kubectl patch, JSON", "helm", "sed, beside another", "Ansible, JSON patch"])
def test_the_column_is_that_of_the_flag(case: str, tmp_path: Path) -> None:
    name, text, line = ADDING[case]
    write(tmp_path, name, text)
    (cause,) = (c for c in judge(tmp_path).diagnosis.causes if c.id == "kubelet-insecure-tls")
    place = cause.finding.location
    assert place
    assert place.column == text.splitlines()[line - 1].index("--kubelet-insecure-tls") + 1


@pytest.mark.parametrize(
    "line",
    [
        f"# kubectl patch deployment metrics-server --type=json -p '{OPERATION}'",
        f"kubectl patch deployment other --type=json -p '{OPERATION}' # metrics-server",
        f"kubectl patch deployment metrics-server --type=json -p '{OPERATION.replace('add', 'remove')}'",
        "sed -i '/--kubelet-insecure-tls/d' metrics-server.yaml",
        "sed -i 's/- --kubelet-insecure-tls//' metrics-server.yaml",
        "grep -q -- --kubelet-insecure-tls metrics-server.yaml && echo insecure",
        "yq 'del(.args[] | select(. == \"--kubelet-insecure-tls\"))' metrics-server.yaml",
        "helm uninstall metrics-server --set args={--kubelet-insecure-tls}",
        "helm upgrade -i metrics-server metrics-server/metrics-server",
        "helm upgrade -i metrics-server metrics-server/metrics-server --set apiService.create=true,replicas=2",
        "kubectl patch deployment metrics-server -p 'not closed",
        'kubectl patch deployment metrics-server --type=json -p "$PATCH"',
    ],
)
def test_what_adds_no_flag_is_no_fault(line: str, tmp_path: Path) -> None:
    write(tmp_path, "install.sh", f"#!/bin/sh\n{line}\n")
    assert found(judge(tmp_path), tmp_path) == {}


def test_a_value_that_a_shell_fills_in_is_unseen(tmp_path: Path) -> None:
    text = (
        'helm upgrade -i metrics-server metrics-server/metrics-server --set "args={--metric-resolution=$RESOLUTION}"\n'
    )
    write(tmp_path, "install.sh", text)
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert [(item.at.line, "$RESOLUTION" in item.reason) for item in judged.not_read][:1] == [(1, True)]


def test_a_patch_is_laid_over_the_manifest_that_lies_beside_it(tmp_path: Path) -> None:
    write(tmp_path, "components.yaml", COMPONENTS)
    operation = OPERATION.replace("--kubelet-insecure-tls", "--secure-port=4443")
    write(tmp_path, "install.sh", f"kubectl patch deployment metrics-server --type=json -p '{operation}'\n")
    assert set(found(judge(tmp_path), tmp_path)) == {"secure-port-mismatch"}


def test_several_commands_of_a_file_are_one_metrics_server(tmp_path: Path) -> None:
    second = OPERATION.replace("--kubelet-insecure-tls", "--kubelet-request-timeout=30s")
    command = "kubectl patch deployment metrics-server --type=json -p"
    third = OPERATION.replace("--kubelet-insecure-tls", "--metric-resolution=15s")
    write(tmp_path, "install.sh", f"{command} '{OPERATION}'\n{command} '{second}'\n{command} '{third}'\n")
    judged = judge(tmp_path)
    assert set(found(judged, tmp_path)) == {"kubelet-insecure-tls"}
    assert len(judged.ones) == 1


def test_fix_leaves_commands_as_they_are_where_it_cannot_take_the_flag_away(tmp_path: Path) -> None:
    name, text, _ = ADDING["kubectl patch, JSON"]
    write(tmp_path, name, text)
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert (tmp_path / name).read_text() == text


def test_parameters_of_an_application_stand_beside_its_values(tmp_path: Path) -> None:
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: metrics}\nspec:\n  sources:\n"
        "  - chart: metrics-server\n    helm:\n      parameters:\n      - name: args[0]\n"
        "        value: --kubelet-insecure-tls\n      values: |\n        args:\n        - --secure-port=4443\n"
    )
    write(tmp_path, "app.yaml", text)
    places = found(judge(tmp_path), tmp_path)
    assert places["kubelet-insecure-tls"] == {"app.yaml:10"}
    assert set(places) == {"kubelet-insecure-tls", "secure-port-mismatch"}


def test_a_configuration_of_k3s_that_cloud_init_writes_is_read_in_its_template(tmp_path: Path) -> None:
    text = (
        "#cloud-config\nwrite_files:\n- path: /etc/rancher/k3s/config.yaml\n  content: |\n    token: ${token}\n"
        "    kube-apiserver-arg:\n    - requestheader-allowed-names=front-proxy-client\n"
    )
    write(tmp_path, "templates/server.yaml.tftpl", text)
    places = found(judge(tmp_path), tmp_path)
    assert places == {"requestheader-allowed-names-mismatch": {"templates/server.yaml.tftpl:7"}}


@pytest.mark.parametrize("words", ["sed " * 20_000, '"sed"' * 20_000, "sed;" * 20_000])
def test_a_line_that_is_all_commands_is_read_through(words: str, tmp_path: Path) -> None:
    """Each word is taken once: taken anew from each on, such a line took minutes."""
    write(tmp_path, "deploy.sh", f"# kubectl, metrics-server\n{words}\n")

    assert found(judge(tmp_path), tmp_path) == {}


def test_commands_beyond_the_bound_are_told_as_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not silently: what stands there might be a fault."""
    monkeypatch.setattr(imperative, "MOST_PARTED", 1_000)
    other = OPERATION.replace("insecure-tls", "use-node-status-port")
    lines = [f"kubectl patch deployment metrics-server --type=json -p '{other}'"] * 8
    last = f"  kubectl patch deployment metrics-server --type=json -p '{OPERATION}'"
    write(tmp_path, "within.sh", "\n".join([*lines[:4], last]) + "\n")
    assert judge(tmp_path).not_read == ()

    write(tmp_path, "within.sh", "\n".join([*lines, last]) + "\n")
    judged = judge(tmp_path)

    assert [(item.at.line, item.at.column, item.reason) for item in judged.not_read] == [
        (8, 1, "more than 1,000 characters of commands: this one and those after it were not read")
    ]
    assert "kubelet-insecure-tls" not in found(judged, tmp_path), "only what was read is judged"
    run = CliRunner().invoke
    assert run(cli, ["preflight", str(tmp_path)]).exit_code == 0
    assert run(cli, ["preflight", "--strict", str(tmp_path)]).exit_code == 3
