"""What k3s and rke2 are told by commands, units, playbooks and cloud-init: judged as their configuration files are."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from msdoctor.cli import cli

from .repositories import found, judge, write
from .shapes import COMPONENTS

NAMES = "requestheader-allowed-names"
WRONG, RIGHT = "front-proxy-client", "system:auth-proxy"
K3S = "curl -L get.k3s.io |"

# A file's name, its text with a hole for the value, and the line at which that stands.
SERVERS = {
    "INSTALL_K3S_EXEC": (
        "install.sh",
        (
            "#!/bin/sh\n"
            'curl -L get.k3s.io | INSTALL_K3S_EXEC="server --kube-apiserver-arg=requestheader-allowed-names=%s" sh -\n'
        ),
        2,
    ),
    "INSTALL_K3S_EXEC over several lines": (
        "install.sh",
        (
            'curl -L get.k3s.io | INSTALL_K3S_EXEC="server \\\n'
            "  --disable traefik \\\n"
            "  --kube-apiserver-arg requestheader-allowed-names=%s \\\n"
            '  --tls-san x" sh -\n'
        ),
        3,
    ),
    "exported": (
        "install.sh",
        ("export INSTALL_K3S_EXEC='--kube-apiserver-arg=requestheader-allowed-names=%s'\n./install.sh\n"),
        1,
    ),
    "the installer's words": (
        "install.sh",
        ("curl -L get.k3s.io | sh -s - server --kube-apiserver-arg='requestheader-allowed-names=%s'\n"),
        1,
    ),
    "rke2's command": (
        "run.sh",
        ("rke2 server --kube-apiserver-arg=requestheader-allowed-names=%s\n"),
        1,
    ),
    "a unit": (
        "k3s.service",
        (
            "[Service]\n"
            "ExecStart=/usr/local/bin/k3s server \\\n"
            "  '--kube-apiserver-arg=requestheader-allowed-names=%s' \\\n"
            "  --tls-san=x\n"
        ),
        3,
    ),
    "a unit of rke2": (
        "rke2-server.service",
        ("[Service]\nExecStart=/usr/local/bin/rke2 server --kube-apiserver-arg=requestheader-allowed-names=%s\n"),
        2,
    ),
    "a drop-in": (
        "etc/systemd/system/k3s.service.d/10-flags.conf",
        (
            "[Service]\n"
            "ExecStart=\n"
            "ExecStart=/usr/local/bin/k3s server \\\n"
            "  --kube-apiserver-arg=requestheader-allowed-names=%s\n"
        ),
        4,
    ),
    "Ansible, shell": (
        "tasks/main.yml",
        ("- name: k3s\n  shell: curl -L get.k3s.io | sh -s - --kube-apiserver-arg=requestheader-allowed-names=%s\n"),
        2,
    ),
    "Ansible, environment": (
        "tasks/main.yml",
        (
            "- name: k3s\n"
            "  command: /tmp/install.sh\n"
            "  environment:\n"
            '    INSTALL_K3S_EXEC: "server --kube-apiserver-arg=requestheader-allowed-names=%s"\n'
        ),
        4,
    ),
    "Ansible, a variable": (
        "group_vars/all.yml",
        (
            "k3s_version: v1.36\n"
            "extra_server_args: >-\n"
            "  --disable traefik\n"
            "  --kube-apiserver-arg=requestheader-allowed-names=%s\n"
        ),
        4,
    ),
    "Ansible, a mapping": (
        "group_vars/all.yml",
        ("k3s_server:\n  kube-apiserver-arg:\n  - requestheader-allowed-names=%s\n"),
        3,
    ),
    "Ansible, words": (
        "tasks/main.yml",
        (
            "- command:\n"
            "    argv:\n"
            "    - /tmp/install.sh\n"
            "    - server\n"
            "    - --kube-apiserver-arg\n"
            "    - requestheader-allowed-names=%s\n"
        ),
        6,
    ),
    "cloud-init": (
        "user-data.yaml",
        (
            "#cloud-config\n"
            "runcmd:\n"
            "- curl -L get.k3s.io | INSTALL_K3S_EXEC='--kube-apiserver-arg=requestheader-allowed-names=%s' sh -\n"
        ),
        3,
    ),
    "cloud-init, a script": (
        "user-data.yaml",
        (
            "#cloud-config\n"
            "runcmd:\n"
            "- |\n"
            "  set -e\n"
            "  curl -L get.k3s.io | sh -s - --kube-apiserver-arg=requestheader-allowed-names=%s\n"
        ),
        5,
    ),
    "cloud-init, a file": (
        "user-data.yaml",
        (
            "#cloud-config\n"
            "write_files:\n"
            "- path: /etc/rancher/rke2/config.yaml\n"
            "  content: |\n"
            "    cni: calico\n"
            "    kube-apiserver-arg:\n"
            "    - requestheader-allowed-names=%s\n"
        ),
        7,
    ),
    "Terraform": (
        "main.tf",
        (
            'resource "null_resource" "k3s" {\n'
            '  provisioner "remote-exec" {\n'
            "    inline = [\n"
            '      "curl -L get.k3s.io | sh -s - server --kube-apiserver-arg=requestheader-allowed-names=%s",\n'
            "    ]\n"
            "  }\n"
            "}\n"
        ),
        4,
    ),
    "a variable of the script": (
        "install.sh",
        (
            'ARGS="--kube-apiserver-arg=requestheader-allowed-names=%s"\n'
            'curl -L get.k3s.io | INSTALL_K3S_EXEC="$ARGS" sh -\n'
        ),
        1,
    ),
}


@pytest.mark.parametrize("case", SERVERS)
def test_a_flag_of_the_api_server_is_told_where_it_stands(case: str, tmp_path: Path) -> None:
    name, text, line = SERVERS[case]
    write(tmp_path, name, text % WRONG)
    assert found(judge(tmp_path), tmp_path) == {"requestheader-allowed-names-mismatch": {f"{name}:{line}"}}


@pytest.mark.parametrize("case", SERVERS)
def test_the_right_twin_has_nothing_the_matter(case: str, tmp_path: Path) -> None:
    name, text, _ = SERVERS[case]
    write(tmp_path, name, text % RIGHT)
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert judged.ones, "it is judged"
    assert judged.not_read == ()


@pytest.mark.parametrize("case", SERVERS)
def test_fix_writes_the_name_that_the_certificate_has(case: str, tmp_path: Path) -> None:
    name, text, _ = SERVERS[case]
    write(tmp_path, name, text % WRONG)
    CliRunner().invoke(cli, ["preflight", "--fix", str(tmp_path)])
    assert (tmp_path / name).read_text() == text % RIGHT


KUBELETS = {
    "k3s": (
        "install.sh",
        f'{K3S} INSTALL_K3S_EXEC="agent --kubelet-arg=%s" sh -\n',
        1,
    ),
    "k3s, a server": ("install.sh", f"{K3S} sh -s - server --kubelet-arg '%s'\n", 1),
    "k3s, an agent": ("tasks/main.yml", '- shell: k3s agent --kubelet-arg="%s"\n', 1),
    "rke2": ("roles/server/templates/config.yaml.j2", "# rke2\nwrite-kubeconfig-mode: '0600'\nkubelet-arg:\n- %s\n", 4),
    "rke2, an agent": ("roles/rke2-agent/templates/config.yaml.j2", "kubelet-arg:\n- max-pods=200\n- %s\n", 3),
    "a unit": ("k3s-agent.service", "[Service]\nExecStart=/usr/local/bin/k3s agent --kubelet-arg=%s\n", 2),
}
SETTINGS = {
    "kubelet-webhook-unauthorized-401": ("authentication-token-webhook=false", "authentication-token-webhook=true"),
    "kubelet-authz-always-allow": ("authorization-mode=AlwaysAllow", "authorization-mode=Webhook"),
}


@pytest.mark.parametrize("id_", SETTINGS)
@pytest.mark.parametrize("case", KUBELETS)
def test_a_kubelets_flag_is_judged_as_a_kubelets(case: str, id_: str, tmp_path: Path) -> None:
    write(tmp_path, "metrics-server.yaml", COMPONENTS)
    name, text, line = KUBELETS[case]
    wrong, right = SETTINGS[id_]
    write(tmp_path, name, text % wrong)
    assert found(judge(tmp_path), tmp_path) == {id_: {f"{name}:{line}"}}

    write(tmp_path, name, text % right)
    assert found(judge(tmp_path), tmp_path) == {}


def test_agents_and_servers_are_told_each_their_own(tmp_path: Path) -> None:
    write(tmp_path, "metrics-server.yaml", COMPONENTS)
    write(
        tmp_path,
        "install.sh",
        f"{K3S} sh -s - server --kubelet-arg=authorization-mode=Webhook\n"
        f"{K3S} sh -s - agent --kubelet-arg=authorization-mode=AlwaysAllow\n",
    )
    write(tmp_path, "hosts.ini", "[master]\ncp1 ansible_host=10.0.0.10\n[node]\nw1 ansible_host=10.0.0.11\n")
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {"kubelet-authz-always-allow": {"install.sh:2"}}
    assert {cause.finding.subjects for cause in judged.diagnosis.causes if cause.finding.effects} == {("node/w1",)}


def test_the_command_is_laid_over_the_configuration_beside_it(tmp_path: Path) -> None:
    """Its words come after those of the file: of both together nothing is the matter."""
    write(tmp_path, "k3s/config.yaml", f"kube-apiserver-arg:\n- {NAMES}={WRONG}\n")
    write(tmp_path, "k3s/install.sh", f"{K3S} sh -s - server --kube-apiserver-arg={NAMES}={RIGHT}\n")
    judged = judge(tmp_path)
    assert len(judged.ones) == 1
    assert found(judged, tmp_path) == {}


def test_two_environments_are_two_clusters(tmp_path: Path) -> None:
    for environment, value in (("staging/a/b", RIGHT), ("prod/a/b", WRONG)):
        write(tmp_path, f"{environment}/install.sh", f"{K3S} sh -s - --kube-apiserver-arg={NAMES}={value}\n")
    assert found(judge(tmp_path), tmp_path) == {"requestheader-allowed-names-mismatch": {"prod/a/b/install.sh:1"}}


def test_what_a_variable_holds_is_unseen(tmp_path: Path) -> None:
    write(tmp_path, "install.sh", f'{K3S} sh -s - --kube-apiserver-arg="{NAMES}=$PROXY_NAME"\n')
    judged = judge(tmp_path)
    assert found(judged, tmp_path) == {}
    assert [(item.at.line, "$PROXY_NAME" in item.reason) for item in judged.not_read] == [(1, True)]

    write(tmp_path, "install.sh", f'PROXY_NAME={WRONG}\n{K3S} sh -s - --kube-apiserver-arg="{NAMES}=$PROXY_NAME"\n')
    assert set(found(judge(tmp_path), tmp_path)) == {"requestheader-allowed-names-mismatch"}


@pytest.mark.parametrize(
    "line",
    [
        f"# {K3S} sh -s - --kube-apiserver-arg={NAMES}={WRONG}",
        f"{K3S} sh -s - --kube-apiserver-arg=audit-log-path=/var/log/audit",
        f"{K3S} sh -s - --kube-apiserver-arg=",
        f"{K3S} sh -s - --kube-apiserver-args={NAMES}={WRONG}",
    ],
)
def test_what_tells_it_nothing_of_this_is_no_fault(line: str, tmp_path: Path) -> None:
    write(tmp_path, "install.sh", f"#!/bin/sh\n{line}\n")
    assert found(judge(tmp_path), tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("install.sh", f"k3s server {' '.join(f'--kube-apiserver-arg=a{n}=b' for n in range(40_000))}\n"),
        ("install.sh", "k3s server \\\n" + "  --kube-apiserver-arg=a=b \\\n" * 40_000),
        ("tasks.yml", f"- shell: k3s server {' '.join(f'--kube-apiserver-arg=a{n}=b' for n in range(40_000))}\n"),
    ],
    ids=["a line", "a command", "a task"],
)
def test_arguments_beyond_the_bound_are_told_as_not_read(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, name, text)
    (reason,) = [item.reason for item in judge(tmp_path).not_read]
    assert reason == "more than 500 arguments of k3s and rke2: this one and those after it were not read"
