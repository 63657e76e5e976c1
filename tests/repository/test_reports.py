"""The reports of `preflight`: every form of every outcome, read back, with one exit code and in words of files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families

from msdoctor.cli import cli
from msdoctor.render.formats import FORMATS
from msdoctor.render.runner import tamed
from tests.render.readers import READERS, junit_suite

from . import shapes
from .repositories import write
from .story import make, make_right

UNIT = "roles/control-plane/templates/kube-apiserver.service.j2"
BROKEN_YAML = "kind: Deployment # metrics-server\napiVersion: {\n"


def _risky(root: Path) -> None:
    make_right(root)
    make(root, allowed="front-proxy-client", prefix="X-Remote-Extra-", own_certificates=True)


def _expiring(root: Path) -> None:
    make_right(root)
    make(root, allowed="front-proxy-client", prefix="X-Remote-Extra-", insecure=False, own_certificates=True, days=20)


def _open(root: Path) -> None:
    shapes.ansible(root, right=True)
    text = (root / UNIT).read_text()
    write(root, UNIT, text.replace("allowed-names=front-proxy-client", "allowed-names={{ names }}"))
    write(root, "bad.yaml", BROKEN_YAML)


def _nothing(root: Path) -> None:
    write(root, "README", "nothing here\n")


# A repository, what is asked of it, and the exit code.
OUTCOMES: dict[str, tuple[Callable[[Path], None], tuple[str, ...], int]] = {
    "faults": (make, (), 1),
    "faults that may be": (make, ("--exit-zero",), 0),
    "risks": (_risky, (), 0),
    "risks that may not be": (_risky, ("--fail-on", "risk"), 1),
    "certificates that end soon": (_expiring, (), 0),
    "certificates that end too soon": (_expiring, ("--expiring-within", "30d"), 1),
    "right": (make_right, (), 0),
    "right, and looked at closely": (make_right, ("--strict",), 0),
    "not all seen": (_open, (), 0),
    "not all seen, and that is not enough": (_open, ("--strict",), 3),
    "nothing to judge": (_nothing, (), 0),
    "nothing to judge, and that is not enough": (_nothing, ("--strict",), 3),
    "a wrong question": (make_right, ("--expiring-within", "soon"), 2),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], None]], Path]:
    known: dict[Callable[[Path], None], Path] = {}

    def of(how: Callable[[Path], None]) -> Path:
        if how not in known:
            known[how] = tmp_path_factory.mktemp("repository")
            how(known[how])
        return known[how]

    return of


def preflight(*words: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(cli, ["preflight", *map(str, words)], env=env)


Made = Callable[[Callable[[Path], None]], Path]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_exit_code_is_the_same_in_every_form(outcome: str, made: Made) -> None:
    how, options, code = OUTCOMES[outcome]
    root = made(how)
    for form in FORMATS:
        result = preflight(root, *options, "-o", form)
        assert result.exit_code == code, (form, result.output)
        if code == 2:
            assert result.stdout == ""
        else:
            READERS[form](result.stdout)


@pytest.mark.parametrize("outcome", [name for name, (_, _, code) in OUTCOMES.items() if code != 2])
def test_a_test_fails_where_the_run_does(outcome: str, made: Made, tmp_path: Path) -> None:
    how, options, code = OUTCOMES[outcome]
    preflight(made(how), *options, "-o", f"junit={tmp_path / 'x'}")
    suite = junit_suite((tmp_path / "x").read_text())
    asked = code if "--exit-zero" not in options else 1
    assert bool(suite.failures) == (asked == 1)
    assert suite.tests > 0, "a report without a test fails the build in Jenkins, and is no report to GitLab"
    assert suite.tests > suite.skipped or how is _nothing


SAYS_OF_CLUSTERS = re.compile(r"metrics (for anybody|flow)|not seen to flow|[Cc]luster .{0,3}\(no name|same kubeconfig")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("how", [make, _risky, make_right, _open, _nothing])
def test_every_form_speaks_of_files(how: Callable[[Path], None], form: str, made: Made) -> None:
    assert not SAYS_OF_CLUSTERS.search(preflight(made(how), "-o", form).stdout)


def test_metrics_of_a_repository_set_off_no_alert_of_a_cluster(made: Made) -> None:
    rules = (Path(__file__).parents[2] / "deploy/prometheus/msdoctor.rules.yaml").read_text()
    asked_for = set(re.findall(r"\bmsdoctor_\w+", rules))
    written = preflight(made(make), "-o", "prometheus").stdout
    names = {family.name for family in text_string_to_metric_families(written)}
    assert names
    assert not names & asked_for


# What a runner reads


def commands(text: str) -> Iterator[str]:
    """The commands that GitHub's runner finds in what a job prints, after its TryParseV2 and TryParse."""
    for line in text.split("\n"):
        start = line.lstrip()
        end = start.find("::", 2) if start.startswith("::") else -1
        if end >= 0:
            yield start[2:end].partition(" ")[0]
            continue
        place = line.find("##[")
        close = line.find("]", place) if place >= 0 else -1
        if close >= 0:
            yield line[place + 3 : close].partition(" ")[0]


HOSTILE = (
    "::add-mask::a.yaml",
    "::error file=x::pwned.yaml",
    "  ::stop-commands::x.yaml",
    "##[error]x.yaml",
    "a ##[add-mask]y.yaml",
    "##vso[task.setvariable variable=x]y.yaml",
    "section_start:1:x\r\x1b[0K.yaml",
    "a\n::warning::b.yaml",
)


def hostile(root: Path) -> None:
    """Names, lines and values that a runner could take for commands, at faults, in what is not read, and in diffs."""
    for number, name in enumerate(HOSTILE):
        write(root, f"{number}/{name}", BROKEN_YAML if number % 2 else shapes.COMPONENTS)
        write(root, f"{number}/x/{name}", shapes.KOPS.format(allowed="front-proxy-client"))
    unit = "[Service]\nExecStart=/usr/bin/kube-apiserver --client-ca-file=/etc/ca.pem\n::error::x\n##[error]y\n"
    write(root, "::notice::/kube-apiserver.service", unit)
    name = "::set-output name=x::y ##[error]z"
    write(root, "kops.yaml", shapes.KOPS.format(allowed=f'"{name}"').replace("\n    - ", "\n    # ::error::z\n    - "))


RUNNERS = {"GITHUB_ACTIONS": "true"}


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "github"])
def test_no_name_becomes_a_command_of_a_runner(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = preflight(".", "--verbose", "-o", form, env=RUNNERS)
    assert list(commands(result.stdout)) == []
    assert list(commands(result.stderr)) == []
    assert "##vso[" not in result.stdout
    assert "\x1b" not in result.stdout
    assert "\r" not in result.stdout
    READERS[form](result.stdout)


def test_only_its_own_commands_are_printed_for_github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = preflight(".", "-o", "github", env=RUNNERS)
    assert set(commands(result.stdout)) <= {"error", "warning", "notice"}
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in result.stdout.splitlines())


def test_a_diff_stays_one_and_commands_in_it_are_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile(tmp_path)
    monkeypatch.chdir(tmp_path)
    plain = preflight("--diff", ".").stdout
    assert list(commands(plain))
    shown = preflight("--diff", ".", env=RUNNERS).stdout
    first, *rest, last = shown.splitlines()
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
    assert rest == plain.splitlines()


def test_what_fix_says_it_changed_is_no_command_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile(tmp_path)
    monkeypatch.chdir(tmp_path)
    result = preflight("--fix", ".", env=RUNNERS)
    assert "changed for" in result.stderr
    assert list(commands(result.stderr)) == []


def test_a_program_reads_the_same_with_and_without_a_runner() -> None:
    text = json.dumps({"file": "##[error]x", "lines": ["::error::y"]}, indent=0)
    assert tamed(text, "json") != text
    assert json.loads(tamed(text, "json")) == json.loads(text)
