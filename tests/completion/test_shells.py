"""Completion as a person at a prompt meets it: in each real shell, the line after Tab."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import environ_of, made
from .terminals import SHELLS, Terminal

REQUIRED = bool(os.environ.get("MSDOCTOR_PROGRAMS_REQUIRED"))
BASH_COMPLETION = Path("/usr/share/bash-completion/bash_completion")

OpenShell = Callable[[str], Terminal]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, server: str) -> Path:
    return made(tmp_path_factory.mktemp("shells"), server)


@pytest.fixture(scope="module")
def opened(folder: Path) -> Iterator[OpenShell]:
    """Gives the one terminal of each shell, which all tests type into."""
    terminals: dict[str, Terminal] = {}

    def open_(name: str) -> Terminal:
        program = SHELLS[name].program
        lacking = "" if shutil.which(program) else program
        if name == "bash with bash-completion" and not BASH_COMPLETION.exists():
            lacking = "bash-completion"
        if lacking and not REQUIRED:
            pytest.skip(f"{lacking} is not installed; with MSDOCTOR_PROGRAMS_REQUIRED=1 this fails")
        if name not in terminals:
            terminals[name] = Terminal(SHELLS[name], environ_of(folder), folder)
        return terminals[name]

    yield open_
    for terminal in terminals.values():
        terminal.end()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("expl", "explain "),
        ("run --kubec", "run --kubeconfig "),
        ("run --fail-on=ri", "run --fail-on=risk "),
        ("run --context ad", "run --context admin@prod "),
        ("run --context arn:aws:", "run --context arn:aws:eks:eu-west-1:12:cluster/web "),
        ("run --context=arn:aws:", "run --context=arn:aws:eks:eu-west-1:12:cluster/web "),
        ("run --context 'arn:aws:", "run --context 'arn:aws:eks:eu-west-1:12:cluster/web' "),
        ("run --context my", "run --context my\\ context "),
        ("run --kubeconfig ../work/other --context e", "run --kubeconfig ../work/other --context elsewhere "),
        ("run --kubeconfig $PWD/other --context e", "run --kubeconfig $PWD/other --context elsewhere "),
        ("explain kubelet-cert-san-mism", "explain kubelet-cert-san-mismatch "),
        ("run --select E,kubelet-cert-expire", "run --select E,kubelet-cert-expired "),
        ("run --ignore=E,kubelet-cert-expire", "run --ignore=E,kubelet-cert-expired "),
        ("run -o htm", "run -o html "),
        ("run -o html=rep", "run -o html=report.html "),
        ("run --output=html=rep", "run --output=html=report.html "),
        ("run -o html=dir", "run -o html=directory/"),
        ("run --baseline rep", "run --baseline report.html "),
        ("run --baseline=rep", "run --baseline=report.html "),
        ("run --checks dir", "run --checks directory/"),
        ("run --host-root master=dir", "run --host-root master=directory/"),
        ("cert a", "cert a\\ file.pem "),
        ("cert ~/.kube/con", "cert ~/.kube/config "),
        ("run --for-user sys", "run --for-user system:serviceaccount:"),
        ("run --for-user system:serviceaccount:kube", "run --for-user system:serviceaccount:kube-system:"),
        ("run --for-user=system:serviceaccount:x:met", "run --for-user=system:serviceaccount:x:metrics-server "),
    ],
)  # fmt: skip
def test_tab_completes_the_word(opened: OpenShell, shell: str, typed: str, completed: str) -> None:
    assert opened(shell).completed(f"msdoctor {typed}") == f"msdoctor {completed}"


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_no_command_is_left_alone(opened: OpenShell, shell: str) -> None:
    assert opened(shell).completed("msdoctor nonsense r") == "msdoctor nonsense r"


@pytest.mark.parametrize("shell", SHELLS)
def test_what_is_typed_is_not_run(opened: OpenShell, shell: str, folder: Path) -> None:
    opened(shell).completed("msdoctor run --context $(touch was-run)a")

    assert not (folder / "was-run").exists()


@pytest.mark.parametrize(
    ("shell", "keys"),
    [
        ("zsh", "msdoctor explain kubelet-cert-expir\t"),
        ("fish", "complete --do-complete 'msdoctor explain kubelet-cert-expir'\r"),  # as its pager has it
    ],
)
def test_an_id_is_listed_with_its_title(opened: OpenShell, shell: str, keys: str) -> None:
    opened(shell).shows("A kubelet's serving certificate is past", keys)


def test_bash_lists_ids_alone(opened: OpenShell) -> None:
    opened("bash").shows("kubelet-cert-expired   kubelet-cert-expiring", "msdoctor explain kubelet-cert-expir\t\t")
