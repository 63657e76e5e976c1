"""The GitHub Action: its steps, run in a shell as a runner runs them, on a faulty repository and on a repaired one."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import CHECKOUT, Built, run

ACTION = CHECKOUT / "action.yml"
EXAMPLE = CHECKOUT / "deploy" / "github" / "preflight.yml"
FAULTS = {
    "kubelet-cert-san-mismatch",
    "kubelet-insecure-tls",
    "requestheader-allowed-names-mismatch",
    "requestheader-header-names",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What a step left behind."""

    code: int
    log: str
    outputs: dict[str, str]
    summary: str


class Runner:
    """As much of GitHub's runner as a composite action sees."""

    def __init__(self, built: Built, folder: Path) -> None:
        self.action = yaml.safe_load((built.source / "action.yml").read_text())
        self._built, self._folder, self._checkout = built, folder, built.copy(folder / "action")
        self.known: dict[str, dict[str, str]] = {}
        (folder / "temp").mkdir(parents=True)

    def step(self, number: int, workspace: Path, **inputs: str) -> Step:
        """Run one step, as docs.github.com has it of `shell: bash`, in a workspace."""
        step = self.action["runs"]["steps"][number]
        assert step["shell"] == "bash"
        given = {name: str(entry.get("default", "")) for name, entry in self.action["inputs"].items()} | inputs
        files = {name: self._folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_PATH")}
        for file in files.values():
            file.write_text("")
        env = self._built.offline(
            **{name: self._filled(value, given) for name, value in step.get("env", {}).items()},
            **{name: str(file) for name, file in files.items()},
            GITHUB_ACTIONS="true",
            GITHUB_ACTION_PATH=str(self._checkout),
            GITHUB_WORKSPACE=str(workspace),
            RUNNER_TEMP=str(self._folder / "temp"),
        )
        script = self._folder / "step.sh"
        script.write_text(step["run"])
        bash = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script]
        ended = run(bash, cwd=workspace, env=env, expected=None)
        lines = files["GITHUB_OUTPUT"].read_text().splitlines()
        outputs = dict(line.split("=", 1) for line in lines)
        self.known[step["id"]] = outputs
        return Step(ended.code, ended.out + ended.err, outputs, files["GITHUB_STEP_SUMMARY"].read_text())

    def outputs(self) -> dict[str, str]:
        """The action's own outputs."""
        return {name: self._filled(entry["value"], {}) for name, entry in self.action["outputs"].items()}

    def _filled(self, text: str, inputs: dict[str, str]) -> str:
        def value(found: re.Match[str]) -> str:
            match found[1].split("."):
                case ["inputs", name]:
                    return inputs[name]
                case ["steps", step, "outputs", name]:
                    return self.known[step].get(name, "")
            raise AssertionError(found[0])

        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", value, text)


@pytest.fixture(scope="session")
def runner(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """With msdoctor installed by the action's first step, out of its own checkout."""
    runner = Runner(built, tmp_path_factory.mktemp("runner"))
    installed = runner.step(0, tmp_path_factory.mktemp("workspace"), python=sys.executable)
    assert installed.code == 0, installed.log
    return runner


def test_the_faulty_repository_fails_the_job_with_annotations_a_summary_and_sarif(runner: Runner, faulty: Path) -> None:
    step = runner.step(1, faulty)

    assert step.code == 1
    assert runner.outputs()["exit-code"] == "1"
    annotations = [line for line in step.log.splitlines() if line.startswith("::")]
    assert any("file=units/kube-apiserver.service,line=" in line for line in annotations)
    assert {id_ for id_ in FAULTS if any(f"title={id_}" in line for line in annotations)} == FAULTS
    assert all(id_ in step.summary for id_ in FAULTS)
    assert _found(runner) >= FAULTS


def test_the_repaired_repository_passes(runner: Runner, repaired: Path) -> None:
    step = runner.step(1, repaired)

    assert step.code == 0, step.log
    assert runner.outputs()["exit-code"] == "0"
    assert "::error" not in step.log
    assert step.summary
    assert not _found(runner) & FAULTS


def test_what_cannot_be_used_fails_the_job_and_leaves_no_report_of_an_earlier_one(
    runner: Runner, repaired: Path
) -> None:
    runner.step(1, repaired)
    step = runner.step(1, repaired, paths="not/there")

    assert step.code == 2
    assert runner.outputs()["exit-code"] == "2"
    assert runner.outputs()["sarif"] == ""


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"expiring-within": "500d"}, 1),
        ({"expiring-within": "30d"}, 0),
        ({"paths": "units\nconfig\ncerts"}, 0),
        ({"formats": "junit=a report.xml\nmarkdown=report.md\n"}, 0),
        ({"config": "strict.yaml"}, 0),
        ({"config": "no-such.yaml"}, 2),
        ({"fail-on": "risk"}, 0),
        ({"fail-on": "nothing"}, 2),
        ({"args": "--select\nkubelet-*\n--strict"}, 0),
        ({"args": "--no-such"}, 2),
    ],
)
def test_each_input_reaches_msdoctor(runner: Runner, repaired: Path, inputs: dict[str, str], expected: int) -> None:
    (repaired / "strict.yaml").write_text("fail-on: risk\n")
    step = runner.step(1, repaired, **inputs)

    assert step.code == expected, step.log
    if "formats" in inputs:
        assert (repaired / "a report.xml").exists()
        assert (repaired / "report.md").exists()


@pytest.mark.parametrize(
    "hostile",
    ["""$(touch pwned)`touch pwned`"; touch pwned; "'; touch pwned; '\n$(touch pwned)""", "--fix"],
)
@pytest.mark.parametrize("name", ["paths", "formats", "expiring-within", "fail-on", "config"])
def test_nothing_in_an_input_is_run(runner: Runner, faulty: Path, name: str, hostile: str) -> None:
    before = {path: path.read_bytes() for path in faulty.rglob("*") if path.is_file()}
    step = runner.step(1, faulty, **{name: hostile})

    assert step.code == 2, step.log
    assert {path: path.read_bytes() for path in faulty.rglob("*") if path.is_file()} == before


def test_no_expression_stands_in_the_text_of_a_step(runner: Runner) -> None:
    assert [step["run"] for step in runner.action["runs"]["steps"] if "${{" in step["run"]] == []


def test_a_release_can_be_named(built: Built, tmp_path: Path) -> None:
    step = Runner(built, tmp_path / "runner").step(0, tmp_path, python=sys.executable, version="99.0")

    assert step.code == 1
    assert "msdoctor==99.0" in step.log


def test_a_python_that_is_too_old_is_said(built: Built, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    step = Runner(built, tmp_path / "runner").step(0, tmp_path, python=str(old))

    assert step.code == 2
    assert step.log.startswith("::error title=msdoctor::It needs Python 3.11 or newer")


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", ACTION),
        ("vendor.github-workflows", EXAMPLE),
        ("custom.github-workflows-require-timeout", EXAMPLE),
    ],
)
def test_it_keeps_to_the_schema(schema: str, file: Path) -> None:
    run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, file], cwd=CHECKOUT, env={})


@pytest.mark.parametrize("file", [ACTION, EXAMPLE])
def test_the_auditor_of_actions_finds_nothing(file: Path) -> None:
    zizmor = [Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", "--persona=pedantic", file]
    ended = run(zizmor, cwd=CHECKOUT, env={}, expected=None)
    assert ended.code == 0, ended.out + ended.err


def test_every_action_of_the_example_is_pinned_and_it_may_do_little() -> None:
    workflow: Any = yaml.safe_load(EXAMPLE.read_text())
    job = workflow["jobs"]["preflight"]

    used = [step["uses"] for step in job["steps"]]
    assert [name for name in used if not re.fullmatch(r"[\w-]+(/[\w-]+)+@[0-9a-f]{40}", name)] == []
    assert workflow["permissions"] == {}
    assert job["permissions"] == {"contents": "read", "security-events": "write"}


def test_the_example_names_only_inputs_and_outputs_that_the_action_has(runner: Runner) -> None:
    (step,) = [step for step in yaml.safe_load(EXAMPLE.read_text())["jobs"]["preflight"]["steps"] if "id" in step]

    assert step["with"].keys() <= runner.action["inputs"].keys()
    named = set(re.findall(r"steps\.preflight\.outputs\.([\w-]+)", EXAMPLE.read_text()))
    assert named
    assert named <= runner.action["outputs"].keys()


def _found(runner: Runner) -> set[str]:
    """The ids that the SARIF file tells of."""
    with open(runner.outputs()["sarif"]) as file:  # noqa: PTH123  a path that a shell wrote
        report = json.load(file)
    return {result["ruleId"] for found in report["runs"] for result in found["results"]}
