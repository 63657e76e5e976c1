"""The template for GitLab: its jobs, run in the shells that a runner takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import junitparser
import pytest
import yaml

from .conftest import CHECKOUT, Built, Ended, once, run

TEMPLATE = CHECKOUT / "deploy" / "gitlab" / "msdoctor.gitlab-ci.yml"
BASH = ("bash", "-e", "-o", "pipefail")
SH = ("sh", "-e")


def job(name: str) -> dict[str, Any]:
    """A job of the template with what it extends, merged as GitLab does."""
    written = yaml.safe_load(TEMPLATE.read_text())[name]
    base = job(written["extends"]) if "extends" in written else {}
    variables = base.get("variables", {}) | written.get("variables", {})
    return {**base, **written, "variables": variables}


@pytest.fixture(scope="session")
def home(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the template's own lines put msdoctor."""
    given = {"MSDOCTOR_PACKAGE": str(built.wheel), "MSDOCTOR_PYTHON": sys.executable}
    with once(tmp_path_factory, "gitlab") as (folder, is_first):
        if is_first:
            lines = [*job("msdoctor-preflight")["before_script"], f'echo "$MSDOCTOR_HOME" > {folder / "home"}']
            _lines(built, lines, BASH, folder, TMPDIR=str(folder), expected=0, **given)
    return Path((folder / "home").read_text().strip())


def _lines(built: Built, lines: list[str], shell: tuple[str, ...], cwd: Path, expected: int, **variables: str) -> Ended:
    return run([*shell, "-c", "\n".join(lines)], cwd=cwd, env=built.offline(**variables), expected=expected)


def _script(
    built: Built, home: Path, name: str, cwd: Path, expected: int, shell: tuple[str, ...] = BASH, **variables: str
) -> Ended:
    given = job(name)["variables"] | {"MSDOCTOR_HOME": str(home)} | variables
    return _lines(built, job(name)["script"], shell, cwd, expected, **given)


def _reports(folder: Path, name: str = "msdoctor-preflight") -> tuple[list[dict[str, Any]], junitparser.JUnitXml]:
    """The code quality report and the tests, from where the job says that its artifacts lie."""
    reports = job(name)["artifacts"]["reports"]
    return json.loads((folder / reports["codequality"]).read_text()), junitparser.JUnitXml.fromfile(
        str(folder / reports["junit"])
    )


@pytest.mark.parametrize("shell", [BASH, SH])
def test_the_faulty_repository_fails_the_job_and_leaves_both_reports(
    built: Built, home: Path, faulty: Path, shell: tuple[str, ...]
) -> None:
    ended = _script(built, home, "msdoctor-preflight", faulty, 1, shell)

    quality, tests = _reports(faulty)
    assert "requestheader-allowed-names-mismatch" in ended.out
    unit = "units/kube-apiserver.service"
    assert any(entry["location"]["path"] == unit and entry["location"]["lines"]["begin"] > 1 for entry in quality)
    assert tests.failures


@pytest.mark.parametrize("shell", [BASH, SH])
def test_the_repaired_repository_passes(built: Built, home: Path, repaired: Path, shell: tuple[str, ...]) -> None:
    _script(built, home, "msdoctor-preflight", repaired, 0, shell)

    quality, tests = _reports(repaired)
    assert [entry for entry in quality if entry["severity"] in ("major", "critical", "blocker")] == []
    assert not tests.failures
    assert not tests.errors


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"MSDOCTOR_EXPIRING_WITHIN": "500d"}, 1),
        ({"MSDOCTOR_EXPIRING_WITHIN": ""}, 0),
        ({"MSDOCTOR_PATHS": "units certs config"}, 0),
        ({"MSDOCTOR_FAIL_ON": "nothing"}, 2),
        ({"MSDOCTOR_PATHS": "$(touch pwned) `touch pwned` ; touch pwned"}, 2),
        ({"MSDOCTOR_EXPIRING_WITHIN": '"; touch pwned; $(touch pwned)'}, 2),
        ({"MSDOCTOR_FAIL_ON": '"; touch pwned; $(touch pwned)'}, 2),
    ],
)
def test_each_variable_reaches_msdoctor_and_none_is_run(
    built: Built, home: Path, repaired: Path, variables: dict[str, str], expected: int
) -> None:
    _script(built, home, "msdoctor-preflight", repaired, expected, SH, **variables)

    assert not (repaired / "pwned").exists()


def test_after_a_rollout_it_waits_and_reports_what_it_saw_last(built: Built, home: Path, tmp_path: Path) -> None:
    nowhere = {"server": "https://127.0.0.1:9"}
    (tmp_path / "kubeconfig").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "new",
                "clusters": [{"name": "new", "cluster": nowhere}],
                "users": [{"name": "new", "user": {"token": "x"}}],
                "contexts": [{"name": "new", "context": {"cluster": "new", "user": "new"}}],
            }
        )
    )
    given = {"KUBECONFIG": str(tmp_path / "kubeconfig"), "MSDOCTOR_WAIT": "2s"}
    ended = _script(built, home, ".msdoctor-run", tmp_path, 3, SH, **given)

    quality, tests = _reports(tmp_path, ".msdoctor-run")
    assert "127.0.0.1:9" in ended.out + ended.err
    assert quality
    assert tests.errors


def test_it_keeps_to_the_schema() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    run([*check, "--data-transform", "gitlab-ci", TEMPLATE], cwd=CHECKOUT, env={})


def test_the_image_is_pinned_and_is_that_of_the_container() -> None:
    image = job("msdoctor-preflight")["image"]

    assert "@sha256:" in image
    assert image in (CHECKOUT / "Containerfile").read_text()
