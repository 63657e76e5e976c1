"""msdoctor as its user meets it: commands, what they print, and the exit codes that scripts rely on."""

# ruff: noqa: E501  log lines stand here as they were printed

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import jsonschema
import pytest
from click.testing import CliRunner, Result

from msdoctor import __version__, progress
from msdoctor import cli as command_line
from msdoctor.cli import COMMANDS, cli
from msdoctor.cli.exits import EXITS

CHECKOUT = Path(__file__).parents[1]
HEALTHY = str(CHECKOUT / "fixtures" / "healthy")
BROKEN = str(CHECKOUT / "fixtures" / "requestheader-config-missing")
PROGRAM = [sys.executable, "-m", "msdoctor"]

# As they stand in the guide that the story follows: the first line wrapped, the fourth without its first quote.
AGGREGATION_LAYER = """\
        E0217 15:13:53.378655       1 webhook.go:224] Failed to make webhook authorizer request: Post "https://10.32.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s": cont
        ext canceled
        E0217 15:13:53.378917       1 errors.go:77] Post "https://10.32.0.1:443/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s": context canceled
        E0217 15:13:53.379124       1 timeout.go:137] post-timeout activity - time-elapsed: 121.389µs, GET "/apis/metrics.k8s.io/v1beta1" result: <nil>
"""
X509 = """\
        Failed to scrape node" err="Get \\"https://192.168.10.51:10250/metrics/resource\\": x509: certificate is valid for 192.168.10.50, not 192.168.10.51" node="k8s-node1
"""
START_UP = """\
    I0217 14:54:41.737667       1 serving.go:342] Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)
    I0217 14:54:42.981853       1 requestheader_controller.go:169] Starting RequestHeaderAuthRequestController
    I0217 14:54:42.981913       1 shared_informer.go:240] Waiting for caches to sync for RequestHeaderAuthRequestController
    I0217 14:54:42.985611       1 secure_serving.go:266] Serving securely on [::]:4443
    I0217 14:54:42.985841       1 tlsconfig.go:240] "Starting DynamicServingCertificateController"
    W0217 14:54:42.986181       1 shared_informer.go:372] The sharedIndexInformer has started, run more than once is not allowed
    I0217 14:54:43.082892       1 shared_informer.go:247] Caches are synced for RequestHeaderAuthRequestController
"""

OWN_CHECK = '''\
"""metrics-server runs as one pod."""

from msdoctor.model import Class, Evidence, Finding, Hop, Says, check


@check(hop=Hop.D, cls=Class.RISK, says=[Says("ServiceUnavailable", likelihood=0.3)])
def metrics_server_single_pod(installation):
    seen = Evidence(f"{len(installation.pods)} pod", "its Deployment", "kubectl get pods")
    yield Finding("It has one pod.", ("pod/metrics-server",), (seen,), effects=())
'''


@pytest.fixture(autouse=True)
def a_users_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without a kubeconfig, and a folder to stand in that is not the checkout."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.chdir(tmp_path)
    for name in ("KUBECONFIG", "NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def own_checks(tmp_path: Path) -> str:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "metrics_server_single_pod.py").write_text(OWN_CHECK)
    return str(folder)


def msdoctor(*args: str, pasted: str | bytes | None = None) -> Result:
    """The command in this process, which spares its start."""
    return CliRunner().invoke(cli, args, input=pasted, catch_exceptions=False)


def started(*args: str, pasted: str | None = None) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    return subprocess.run([*PROGRAM, *args], input=pasted, capture_output=True, text=True, timeout=60, check=False)


def on_a_terminal(*args: str) -> str:
    """What the command writes where standard output is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([*PROGRAM, *args], stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL):
        os.close(theirs)
        written = b""
        try:
            while part := os.read(ours, 65536):
                written += part
        except OSError:  # how Linux says that the other end of a terminal is closed
            pass
    os.close(ours)
    return written.decode()


def json_of(result: Result | subprocess.CompletedProcess[str]) -> Any:
    return json.loads(result.stdout)


def ids(result: Result) -> list[str]:
    return [match["id"] for match in json_of(result)["matches"]]


# version, checks, help


def test_version_says_which() -> None:
    done = started("version")

    assert (done.returncode, done.stdout, done.stderr) == (0, f"msdoctor {__version__}\n", "")


def test_the_schema_that_version_prints_is_one() -> None:
    result = msdoctor("version", "--schema")

    jsonschema.Draft202012Validator.check_schema(json_of(result))


def test_checks_lists_every_check_within_80_columns() -> None:
    result = msdoctor("checks")
    listed = [check["id"] for check in json_of(msdoctor("checks", "-o", "json"))["checks"]]

    assert len(listed) == len([file for file in (CHECKOUT / "checks").glob("*.py") if not file.name.startswith("_")])
    assert [name for name in listed if name not in result.stdout] == []
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)])
def test_help_fits_80_columns_and_keeps_the_lines_of_its_examples(command: tuple[str, ...]) -> None:
    result = msdoctor(*command, "--help")

    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\\b" not in result.stdout
    assert not [line for line in result.stdout.splitlines()[1:] if line.endswith("...")]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_explains_every_option_and_exit_code(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command

    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []
    assert msdoctor(name, "--help").stdout.splitlines()[-1] == "    130  interrupted"
    assert name in EXITS


def test_the_list_of_commands_imports_none_and_each_is_there_when_it_is_called() -> None:
    program = (
        "import sys; from msdoctor.cli import COMMANDS, cli\n"
        "cli.main(['--help'], standalone_mode=False)\n"
        "assert not {later.module for later in COMMANDS.values()} & set(sys.modules)\n"
    )

    listed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    for name, later in COMMANDS.items():
        assert name in listed
        assert later.short_help in " ".join(listed.split())
        assert msdoctor(name, "--help").stdout.startswith(f"Usage: cli {name} ")


def test_a_command_that_does_not_exist_exits_2_and_the_nearest_is_named() -> None:
    ended = started("rum")

    assert ended.returncode == 2
    assert "Did you mean 'run'?" in ended.stderr


# run --from: reports and exit codes


def test_a_healthy_cluster_exits_0_and_proves_it() -> None:
    done = started("run", "--from", HEALTHY)

    assert (done.returncode, done.stderr) == (0, "")
    assert "HEALTHY   metrics flow" in done.stdout
    assert "Proof: fresh metrics of 2 of 2 nodes" in done.stdout


def test_a_cause_exits_1_and_is_named_with_its_repair() -> None:
    result = msdoctor("run", "--from", BROKEN)

    assert result.exit_code == 1
    assert "1 ✗ requestheader-config-missing   certain     process/kube-apiserver@k8s-master" in result.stdout
    assert "--requestheader-client-ca-file=" in result.stdout


@pytest.mark.parametrize(
    ("fixture", "options", "code"),
    [
        ("healthy", [], 0),
        ("healthy", ["--fail-on", "risk"], 0),
        ("healthy", ["--strict"], 3),  # without --port-forward metrics-server's own certificate stays unseen
        ("guides-way-out", [], 0),
        ("guides-way-out", ["--fail-on", "risk"], 1),
        ("guides-way-out", ["--fail-on", "risk", "--exit-zero"], 0),
        ("requestheader-config-missing", [], 1),
        ("requestheader-config-missing", ["--strict"], 1),
        ("requestheader-config-missing", ["--exit-zero"], 0),
        ("metrics-not-yet-available", [], 3),
        ("metrics-not-yet-available", ["--exit-zero"], 3),
    ],
)
def test_exit_codes_are_the_same_in_every_format(fixture: str, options: list[str], code: int) -> None:
    bundle = str(CHECKOUT / "fixtures" / fixture)

    assert msdoctor("run", "--from", bundle, *options).exit_code == code
    assert msdoctor("run", "--from", bundle, *options, "-o", "json").exit_code == code


@pytest.mark.parametrize("bundle", [HEALTHY, BROKEN])
def test_json_is_what_the_printed_schema_says(bundle: str) -> None:
    schema = json_of(msdoctor("version", "--schema"))
    report = json_of(msdoctor("run", "--from", bundle, "-o", "json"))

    jsonschema.Draft202012Validator(schema).validate(report)


def test_a_report_that_is_not_for_a_terminal_has_80_columns_and_no_colour() -> None:
    report = started("run", "--from", HEALTHY, "--verbose").stdout

    assert max(map(len, report.splitlines())) <= 80
    assert "\x1b" not in report


def test_colour_is_for_terminals_and_obeys_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    coloured = on_a_terminal("run", "--from", HEALTHY)
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_a_terminal("run", "--from", HEALTHY)

    assert "\x1b[" in coloured
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


def test_an_output_without_unicode_gets_look_alikes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")

    assert "A + ----- B + -----" in started("run", "--from", HEALTHY).stdout


@pytest.mark.parametrize(("bundle", "code"), [(HEALTHY, 0), (BROKEN, 1)])
def test_a_reader_that_goes_away_changes_neither_the_exit_code_nor_says_anything(bundle: str, code: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*PROGRAM, "run", "--from", bundle], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)

    assert (done.returncode, done.stderr) == (code, b"")


def test_a_bundle_is_repacked_and_gives_the_same_report(tmp_path: Path) -> None:
    packed = str(tmp_path / "healthy.tar.gz")

    first = msdoctor("run", "--from", BROKEN, "-o", "json", "--save", packed)
    second = msdoctor("run", "--from", packed, "-o", "json")

    assert second.stdout == first.stdout


# explain


@pytest.mark.parametrize("way", ["argument", "stdin", "file"])
def test_the_storys_aggregation_lines_lead_to_the_config_map(way: str, tmp_path: Path) -> None:
    file = tmp_path / "metrics-server.log"
    file.write_text(AGGREGATION_LAYER)
    args = {"argument": AGGREGATION_LAYER, "stdin": "-", "file": str(file)}[way]

    result = msdoctor("explain", args, "-o", "json", pasted=AGGREGATION_LAYER if way == "stdin" else None)

    answer = json_of(result)
    assert result.exit_code == 0
    assert answer["ambiguous"]
    assert answer["matches"][0]["id"] == "requestheader-config-missing"
    assert all(
        "configmap extension-apiserver-authentication" in look["look"] for look in answer["matches"][0]["decide"]
    )


def test_explain_says_in_words_that_a_text_alone_does_not_decide() -> None:
    done = started("explain", "-", pasted=AGGREGATION_LAYER)

    assert done.returncode == 0
    assert "This decides:\n      kubectl -n kube-system get configmap extension-apiserver-authentication" in done.stdout


def test_the_storys_x509_line_is_known_without_its_first_quote() -> None:
    result = msdoctor("explain", X509, "-o", "json")

    (match,) = json_of(result)["matches"]
    assert (match["id"], match["class"], match["confidence"]) == ("kubelet-cert-san-mismatch", "cause", "likely")
    assert "k8s-node1" in match["remedies"][0]["commands"][0]


def test_a_healthy_start_up_is_called_healthy() -> None:
    result = msdoctor("explain", "-", "-o", "json", pasted=START_UP)

    assert result.exit_code == 0
    assert {match["class"] for match in json_of(result)["matches"]} <= {"healthy", "benign"}
    assert "metrics-server-started" in ids(result)


def test_a_text_need_not_be_quoted() -> None:
    assert ids(msdoctor("explain", "x509:", "certificate", "is", "valid", "for", "a,", "not", "b", "-o", "json")) == [
        "kubelet-cert-san-mismatch"
    ]


def test_an_id_gets_its_manual_page() -> None:
    result = msdoctor("explain", "kubelet-cert-san-mismatch")

    assert result.exit_code == 0
    assert result.stdout.startswith("kubelet-cert-san-mismatch   cause, hop E\n")
    assert "What will not help\n  - --kubelet-insecure-tls:" in result.stdout


@pytest.mark.parametrize("name", ["kubelet-cert-san-mismatch", "helm-apiservice-ownership-conflict"])
def test_an_ids_page_has_one_form_in_json_whether_a_check_stands_behind_it_or_not(name: str) -> None:
    page = json_of(msdoctor("explain", name, "-o", "json"))

    assert page["id"] == name
    assert list(page) == ["schemaVersion", "id", "class", "hop", "title", "manual", "says", "willNotHelp", "remedies"]


def test_an_unknown_id_exits_2_and_the_nearest_are_named() -> None:
    result = msdoctor("explain", "kubelet-cert-san-mismach")

    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean kubelet-cert-san-mismatch or " in result.stderr


def test_an_unknown_text_exits_1_and_matches_nothing() -> None:
    result = msdoctor("explain", "the coffee machine is out of beans", "-o", "json")

    assert result.exit_code == 1
    assert json_of(result) == {"schemaVersion": "1", "ambiguous": False, "matches": []}


def test_the_list_of_ids_has_one_on_each_line() -> None:
    listed = msdoctor("explain", "--list").stdout.splitlines()

    assert [line.split()[0] for line in listed] == sorted(
        check["id"] for check in json_of(msdoctor("checks", "-o", "json"))["checks"]
    )


# --checks


def test_a_check_of_ones_own_is_listed_runs_and_is_explained(own_checks: str) -> None:
    mine = ("--checks", own_checks)

    assert "metrics-server-single-pod" in msdoctor("checks", *mine).stdout
    assert "metrics-server-single-pod: It has one pod." in msdoctor("run", "--from", HEALTHY, *mine).stdout
    assert "metrics-server runs as one pod." in msdoctor("explain", "metrics-server-single-pod", *mine).stdout
    unavailable = "Error from server (ServiceUnavailable): the server is currently unable to handle the request"
    assert "metrics-server-single-pod" in ids(msdoctor("explain", unavailable, *mine, "-o", "json"))


def test_a_check_that_crashes_is_reported_beside_what_the_others_found(own_checks: str) -> None:
    Path(own_checks, "metrics_server_single_pod.py").write_text(OWN_CHECK.replace("installation.pods", "nonsense"))

    result = msdoctor("run", "--from", HEALTHY, "--checks", own_checks)

    assert result.exit_code == 3
    assert "metrics-server-single-pod: the check itself failed: NameError" in result.stdout
    assert "Proof: fresh metrics" in result.stdout


# Progress


class Terminal(io.StringIO):
    """A standard error that somebody watches."""

    def isatty(self) -> bool:
        return True


def test_whoever_waits_sees_what_for_and_nothing_is_left_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setattr(progress, "QUIET_SECONDS", 0.01)
    monkeypatch.setattr(progress, "BETWEEN_SECONDS", 0.01)

    with progress.progress() as show:
        _until(lambda: "nothing has answered yet" in screen.getvalue())
        show(3, 20, "/api/v1/nodes\x1b[2J")
        _until(lambda: "0 s: 3 of 20 documents; last: /api/v1/nodes\\x1b[2J" in screen.getvalue())

    assert screen.getvalue().endswith("\r\x1b[K")
    assert max(map(len, screen.getvalue().split("\r\x1b[K"))) < 80


def test_a_short_look_and_one_that_nobody_watches_show_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    screens = [Terminal(), io.StringIO()]
    for screen, quiet in zip(screens, (60.0, 0.0), strict=True):
        monkeypatch.setattr(sys, "stderr", screen)
        monkeypatch.setattr(progress, "QUIET_SECONDS", quiet)
        with progress.progress() as show:
            show(1, 2, "/version")

    assert [screen.getvalue() for screen in screens] == ["", ""]


def _until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    ends = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.005)


# Ends


def test_an_internal_error_exits_4_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("out of beans")

    monkeypatch.setattr("msdoctor.cli.run._diagnose", fail)
    monkeypatch.setattr(sys, "argv", ["msdoctor", "run", "--from", HEALTHY])

    with pytest.raises(SystemExit) as ended:
        command_line.main()

    said = capsys.readouterr().err
    assert ended.value.code == 4
    assert "internal error: RuntimeError: out of beans" in said
    assert "MSDOCTOR_DEBUG=1" in said
    assert "Traceback" not in said
