"""Settings as their user meets them: options, the file that is found, exit codes, and what is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from msdoctor.cli import cli
from msdoctor.cli.endings import ConfigurationProblem
from msdoctor.render import report_json

from .recorded import BROKEN, DEGRADED, FIXTURES, HEALTHY


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository to stand in."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "repository" / ".git").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "repository")
    return tmp_path / "repository"


def run(name: str, *options: str) -> Result:
    return CliRunner().invoke(cli, ["run", "--from", str(FIXTURES / name), *options], catch_exceptions=True)


def refused(name: str, *options: str) -> str:
    result = CliRunner().invoke(cli, ["run", "--from", str(FIXTURES / name), *options], standalone_mode=False)
    assert isinstance(result.exception, ConfigurationProblem)
    assert result.stdout == ""
    return str(result.exception)


def report(name: str, *options: str) -> Any:
    return json.loads(run(name, "-o", "json", *options).stdout)


SUPPRESSING = "suppressions:\n- id: kubelet-cert-expired\n  reason: so it is\n  until: 2027-01-31\n"


def test_the_file_that_is_found_holds(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "msdoctor.yaml").write_text(SUPPRESSING)
    (here / "deep").mkdir()
    monkeypatch.chdir(here / "deep")

    assert run(DEGRADED).exit_code == 0
    assert run(DEGRADED, "--no-config").exit_code == 1
    assert f"settings from {here}/msdoctor.yaml" in run(DEGRADED, "-v").stderr


def test_the_json_says_what_is_suppressed_and_keeps_to_its_schema(here: Path) -> None:
    (here / "msdoctor.yaml").write_text(SUPPRESSING + "severities: {apiservice-insecure-skip-tls: cause}\n")
    document = report(DEGRADED)

    jsonschema.Draft202012Validator(json.loads(report_json.schema())).validate(document)
    assert document["verdict"] == "degraded"
    (suppressed,) = document["suppressed"]
    assert len(suppressed.pop("fingerprint")) == 16
    assert suppressed == {
        "id": "kubelet-cert-expired",
        "subjects": ["node/k8s-node1"],
        "by": "suppression",
        "reason": "so it is",
        "until": "2027-01-31T23:59:59Z",
        "where": "msdoctor.yaml:2",
    }
    assert document["remarks"] == [
        {"kind": "severity", "text": "apiservice-insecure-skip-tls counts as a cause", "where": "msdoctor.yaml"}
    ]
    assert {cause["id"]: cause["severity"] for cause in document["causes"]}["apiservice-insecure-skip-tls"] == "cause"


def test_an_option_replaces_what_the_file_says(here: Path) -> None:
    (here / "ci.yaml").write_text("ignore: [E]\nfail-on: risk\nselect: [E]\n")
    given = ("--config", "ci.yaml")

    assert [item["by"] for item in report(DEGRADED, *given)["suppressed"]] == ["ignore", "select", "select"]
    assert run(DEGRADED, *given, "--ignore", "D").exit_code == 1
    assert run("kubelet-cert-expiring", *given, "--ignore", "D").exit_code == 1
    assert run("kubelet-cert-expiring", *given, "--ignore", "D", "--fail-on", "cause").exit_code == 0


def test_names_may_stand_between_commas_and_in_several_options() -> None:
    assert run(DEGRADED, "--select", "A, B", "--select", "kubelet-cert-e*").exit_code == 1
    assert run(DEGRADED, "--ignore", "A,E").exit_code == 0


def test_what_cannot_be_used_is_one_error(here: Path) -> None:
    (here / "bad.yaml").write_text("ignore:\n- kubelet-donw\n")

    assert refused(HEALTHY, "--config", "bad.yaml").startswith("bad.yaml:2:3: ignore: there is no check kubelet-donw;")
    assert refused(HEALTHY, "--config", "none.yaml") == "none.yaml: cannot be read: No such file or directory"
    assert refused(HEALTHY, "--select", "kubelet-donw").endswith("did you mean kubelet-down?")
    assert refused(HEALTHY, "--config", "bad.yaml", "--no-config").startswith("--config and --no-config")
    assert refused(HEALTHY, "--baseline", "b") == "b: no such baseline; --write-baseline b makes one"
    assert "there is no directory" in refused(HEALTHY, "--write-baseline", "none/b.json")


def test_a_baseline_is_written_and_then_only_what_is_new_fails(here: Path) -> None:
    written = run(DEGRADED, "--write-baseline", "known.json")
    assert written.exit_code == 1
    assert "known.json: 3 findings written; give it with --baseline" in written.stderr

    assert run(DEGRADED, "--baseline", "known.json").exit_code == 0
    assert run(BROKEN, "--baseline", "known.json").exit_code == 1
    assert "kubelet-cert-expired at node/k8s-node1 is there no longer (known.json)" in " ".join(
        run(HEALTHY, "--baseline", "known.json").stdout.split()
    )
    assert [path.name for path in here.iterdir() if path.name != ".git"] == ["known.json"]


def test_the_files_baseline_lies_beside_it_and_may_be_about_to_be_written(here: Path) -> None:
    (here / "ci").mkdir()
    (here / "ci" / "msdoctor.yaml").write_text("baseline: known.json\n")
    given = ("--config", "ci/msdoctor.yaml")

    assert refused(DEGRADED, *given).startswith("ci/known.json: no such baseline")
    assert run(DEGRADED, *given, "--write-baseline", "ci/known.json").exit_code == 1
    assert run(DEGRADED, *given).exit_code == 0


def test_a_baseline_written_over_itself_keeps_what_is_there_and_drops_what_is_mended(here: Path) -> None:
    run(DEGRADED, "--write-baseline", "known.json")
    before = (here / "known.json").read_bytes()
    both = ("--baseline", "known.json", "--write-baseline", "known.json")

    run(DEGRADED, *both)
    assert (here / "known.json").read_bytes() == before
    run(HEALTHY, *both)
    assert b"kubelet-cert-expired" not in (here / "known.json").read_bytes()


def test_a_look_that_saw_nothing_leaves_a_baseline_alone(here: Path, tmp_path: Path) -> None:
    run(DEGRADED, "--write-baseline", "known.json")
    before = (here / "known.json").read_bytes()
    (tmp_path / "empty").mkdir()
    index = json.loads((FIXTURES / HEALTHY / "bundle.json").read_text())
    (tmp_path / "empty" / "bundle.json").write_text(json.dumps({**index, "documents": []}))

    result = CliRunner().invoke(cli, ["run", "--from", str(tmp_path / "empty"), "--write-baseline", "known.json"])
    assert result.exit_code == 2
    assert "known.json: not written, since nothing was seen" in result.output
    assert (here / "known.json").read_bytes() == before


def test_version_prints_the_schema_of_the_file() -> None:
    printed = CliRunner().invoke(cli, ["version", "--schema=config"])

    assert json.loads(printed.stdout)["title"] == "msdoctor.yaml"
    assert json.loads(CliRunner().invoke(cli, ["version", "--schema"]).stdout)["title"] == "msdoctor report"
