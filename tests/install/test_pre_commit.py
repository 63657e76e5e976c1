"""The hook for pre-commit: a real repository, with the hook from a clone of msdoctor's own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.repository.story import make, make_right

from .conftest import CHECKOUT, Built, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def committing(built: Built, tmp_path: Path) -> dict[str, str]:
    """An environment for git and pre-commit that knows nothing of this machine's settings."""
    (tmp_path / "home").mkdir()
    return built.offline(
        HOME=str(tmp_path / "home"),
        PRE_COMMIT_HOME=str(tmp_path / "pre-commit"),
        VIRTUALENV_OVERRIDE_APP_DATA=str(tmp_path / "virtualenv"),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_AUTHOR_NAME="A",
        GIT_AUTHOR_EMAIL="a@example.org",
        GIT_COMMITTER_NAME="A",
        GIT_COMMITTER_EMAIL="a@example.org",
    )


def test_a_commit_with_a_fault_is_stopped_and_one_without_is_made(
    built: Built, committing: dict[str, str], tmp_path: Path
) -> None:
    def git(folder: Path, *words: str, expected: int = 0) -> str:
        ended = run(["git", *words], cwd=folder, env=committing, expected=expected)
        return ended.out + ended.err

    hooks, mine = built.copy(tmp_path / "hooks"), tmp_path / "mine"
    git(hooks, "init", "-q")
    git(hooks, "add", "-A")
    git(hooks, "commit", "-qm", "as it is")
    mine.mkdir()
    git(mine, "init", "-q")
    hook = {"repo": str(hooks), "rev": git(hooks, "rev-parse", "HEAD").strip(), "hooks": [{"id": "msdoctor-preflight"}]}
    (mine / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [hook]}))
    run([sys.executable, "-m", "pre_commit", "install", "--install-hooks"], cwd=mine, env=committing)

    make(mine)
    git(mine, "add", "-A")
    said = git(mine, "commit", "-m", "with faults", expected=1)
    assert "requestheader-allowed-names-mismatch" in said
    assert "units/kube-apiserver.service" in said

    (mine / "certs" / "kubelet.pem").unlink()
    make_right(mine)
    git(mine, "add", "-A")
    git(mine, "commit", "-qm", "without")

    # What is left lacks what the unit names; that no file of the commit is one to judge does not matter.
    (mine / "units" / "kube-apiserver.service").write_text(
        "[Service]\nExecStart=/usr/local/bin/kube-apiserver --client-ca-file=/var/lib/kubernetes/ca.pem\n"
    )
    git(mine, "add", "units")
    assert "requestheader-config-missing" in git(mine, "commit", "-m", "without its flags", expected=1)


def test_the_manifest_is_valid() -> None:
    manifest = CHECKOUT / ".pre-commit-hooks.yaml"
    run([sys.executable, "-m", "pre_commit", "validate-manifest", manifest], cwd=CHECKOUT, env={})
