"""The real kubectl completes `kubectl msdoctor …` by asking the program that msdoctor ships for that. Needs no lab."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from lab import binaries

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        (["run", "--fail-on", ""], ["cause", "risk"]),
        (["run", "--fail-on=r"], ["risk"]),
        (["explain", "kubelet-cert-san-mism"], ["kubelet-cert-san-mismatch"]),
    ],
)
def test_kubectl_completes_what_follows_msdoctor(tmp_path: Path, words: list[str], candidates: list[str]) -> None:
    programs = {
        "kubectl-msdoctor": f'exec {sys.executable} -m msdoctor "$@"',
        "kubectl_complete-msdoctor": f"exec {sys.executable} -c"
        " 'from msdoctor.cli.completing import kubectl; kubectl()' \"$@\"",
    }
    for name, line in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{line}\n")
        (tmp_path / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(CHECKOUT)}

    done = subprocess.run(
        [binaries.ensure()["kubectl"], "__complete", "msdoctor", *words],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )

    *lines, directive = done.stdout.splitlines()
    assert [line.partition("\t")[0] for line in lines] == candidates
    assert directive == ":4"
