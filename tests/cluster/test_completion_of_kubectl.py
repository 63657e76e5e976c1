"""The real kubectl completes `kubectl msdoctor …` by asking the program that msdoctor ships for that. Needs no lab."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from lab import binaries

from tests.completion.terminals import SHELLS, Terminal

CHECKOUT = Path(__file__).resolve().parents[2]

BEFORE = {
    "bash with bash-completion": "source <(kubectl completion bash)\n",  # which kubectl's script needs
    "zsh": "autoload -Uz compinit && compinit -D\nsource <(kubectl completion zsh)\n",
    "fish": "kubectl completion fish | source\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where there is a report, beside the programs."""
    folder = tmp_path_factory.mktemp("kubectl") / "work"
    (folder / "bin").mkdir(parents=True)
    (folder / "report.html").touch()
    ask = "from msdoctor.cli.completing import kubectl; kubectl()"
    programs = {
        "msdoctor": f'exec {sys.executable} -m msdoctor "$@"',
        "kubectl-msdoctor": f'exec {sys.executable} -m msdoctor "$@"',
        "kubectl_complete-msdoctor": f"exec {sys.executable} -c '{ask}' \"$@\"",
    }
    for name, line in programs.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
        (folder / "bin" / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def environ(folder: Path) -> dict[str, str]:
    kubectl = binaries.ensure()["kubectl"].parent
    path = f"{folder / 'bin'}:{kubectl}:{os.environ['PATH']}"
    return {"PATH": path, "PYTHONPATH": str(CHECKOUT), "HOME": str(folder), "TERM": "dumb", "LANG": "C.UTF-8"}


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        (["run", "--fail-on", ""], ["cause", "risk"]),
        (["run", "--fail-on=r"], ["risk"]),
        (["explain", "kubelet-cert-san-mism"], ["kubelet-cert-san-mismatch"]),
    ],
)
def test_kubectl_asks_what_may_follow_msdoctor(
    environ: dict[str, str], words: list[str], candidates: list[str]
) -> None:
    command = ["kubectl", "__complete", "msdoctor", *words]

    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    *lines, directive = done.stdout.splitlines()
    assert [line.partition("\t")[0] for line in lines] == candidates
    assert directive == ":4"


@pytest.fixture(scope="module", params=BEFORE)
def terminal(request: pytest.FixtureRequest, folder: Path, environ: dict[str, str]) -> Iterator[Terminal]:
    shell = SHELLS[request.param]
    opened = Terminal(replace(shell, ready=shell.ready + BEFORE[request.param]), environ, folder)
    yield opened
    opened.end()


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("expl", "explain "),
        ("run --fail-on=ri", "run --fail-on=risk "),
        (
            "run -o html=rep",
            "run -o html=report.html ",
        ),  # behind --output= kubectl's script loses count of the equals signs
        ("explain kubelet-cert-san-mism", "explain kubelet-cert-san-mismatch "),
        ("run --for-user sys", "run --for-user system:serviceaccount:"),
    ],
)
def test_each_shell_completes_it_by_kubectls_own_script(terminal: Terminal, typed: str, completed: str) -> None:
    assert terminal.completed(f"kubectl msdoctor {typed}") == f"kubectl msdoctor {completed}"
