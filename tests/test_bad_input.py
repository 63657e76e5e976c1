"""Whatever is given and cannot be used gets one message that names the place and what to do, and the right exit code.

A message is right where the person who reads it at 3 a.m. knows what to type next.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from msdoctor.cli import cli
from msdoctor.model import ONLY_SAID

CHECKOUT = Path(__file__).parents[1]
HEALTHY = CHECKOUT / "fixtures" / "healthy"
PROGRAM = [sys.executable, "-m", "msdoctor"]


@pytest.fixture(autouse=True)
def a_users_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home without a kubeconfig, and a folder to stand in that is not the checkout."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.chdir(tmp_path)
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """It accepts connections and never answers: the system completes the handshake, and nobody reads."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener


def msdoctor(*args: str, pasted: bytes | None = None) -> Result:
    """The command in this process. An exception that it does not handle itself fails the test."""
    return CliRunner().invoke(cli, args, input=pasted, catch_exceptions=False)


def started(*args: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, for looks that have threads and deadlines."""
    return subprocess.run([*PROGRAM, *args], capture_output=True, text=True, timeout=30, check=False)


def refused(result: Result | subprocess.CompletedProcess[str]) -> str:
    """The one message of a command that did nothing else, and ended with 2."""
    code = result.exit_code if isinstance(result, Result) else result.returncode
    assert (code, result.stdout) == (2, "")
    assert result.stderr.startswith("msdoctor: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr.removeprefix("msdoctor: ").rstrip("\n")


def kubeconfig(server: str = "https://127.0.0.1:1", user: object = None, **top: object) -> str:
    """A kubeconfig file for one cluster; JSON is YAML."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "story",
        "clusters": [{"name": "kubernetes", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "operator", "user": user or {}}],
        "contexts": [{"name": "story", "context": {"cluster": "kubernetes", "user": "operator"}}],
    }
    Path("config").write_text(json.dumps(content | top))
    return "config"


def url(listener: socket.socket) -> str:
    return f"https://127.0.0.1:{listener.getsockname()[1]}"


# Kubeconfig


def test_no_kubeconfig_anywhere() -> None:
    said = refused(msdoctor("run"))

    assert ".kube/config does not exist" in said
    assert "give --kubeconfig FILE, or set KUBECONFIG" in said


def test_a_kubeconfig_that_is_missing() -> None:
    assert refused(msdoctor("run", "--kubeconfig", "nope")) == "nope: no such kubeconfig file; --kubeconfig names it"


def test_a_kubeconfig_that_is_missing_names_the_variable_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "nope:nada")

    assert (
        refused(msdoctor("run")) == "nope, nada: no such kubeconfig file; the environment variable KUBECONFIG names it"
    )


def test_a_kubeconfig_that_is_malformed_names_the_line() -> None:
    Path("config").write_text("clusters:\n- name: a\n  cluster: [b\nusers: []\n")

    assert refused(msdoctor("run", "--kubeconfig", "config")).startswith("config:4: the kubeconfig is not valid YAML")


def test_a_kubeconfig_that_is_something_else() -> None:
    Path("config").write_text("just a sentence\n")

    assert "config: not a kubeconfig" in refused(msdoctor("run", "--kubeconfig", "config"))


def test_a_kubeconfig_without_a_current_context_lists_those_there_are() -> None:
    said = refused(msdoctor("run", "--kubeconfig", kubeconfig(**{"current-context": ""})))

    assert said == "config: no current-context is set; name one with --context (there are: story)"


@pytest.mark.parametrize(("option", "there"), [("context", "story"), ("cluster", "kubernetes"), ("user", "operator")])
def test_a_name_that_the_kubeconfig_does_not_know(option: str, there: str) -> None:
    said = refused(msdoctor("run", "--kubeconfig", kubeconfig(), f"--{option}", "nope"))

    assert said == f'config: there is no {option} "nope"; there are: {there}'


def _plugin(command: str, *args: str, **more: str) -> dict[str, object]:
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": args, **more}}


def test_a_credential_plugin_that_fails_is_quoted() -> None:
    user = _plugin("sh", "-c", "echo 'session expired: run login' >&2; exit 7")

    said = refused(msdoctor("run", "--kubeconfig", kubeconfig(user=user)))

    assert said.startswith('config: user "operator": credential plugin `sh -c')
    assert said.endswith("failed with exit code 7; it said: session expired: run login")


def test_a_credential_plugin_that_does_not_exist_gives_its_own_hint() -> None:
    user = _plugin("no-such-login", installHint="install it with: pkg add login")

    said = refused(msdoctor("run", "--kubeconfig", kubeconfig(user=user)))

    assert said.endswith("cannot be started: No such file or directory; install it with: pkg add login")


def test_a_credential_plugin_that_hangs_is_ended_in_time() -> None:
    config = kubeconfig(user=_plugin("sleep", "100"))
    began = time.monotonic()

    said = refused(msdoctor("run", "--kubeconfig", config, "--timeout", "1"))

    assert said.endswith("credential plugin `sleep 100` did not end within 1 s")
    assert time.monotonic() - began < 20  # the start of a process on a busy machine included


# API servers


def test_an_api_server_that_never_answers_is_undecided_within_the_deadline(silent_server: socket.socket) -> None:
    began = time.monotonic()

    done = started("run", "--kubeconfig", kubeconfig(url(silent_server)), "--timeout", "2")

    assert time.monotonic() - began < 20  # the start of a process on a busy machine included
    assert (done.returncode, done.stderr) == (3, "")
    assert "INCOMPLETE   metrics not seen to flow, no cause found" in done.stdout
    assert "Next: the API server told nothing (deadline: " in done.stdout
    assert "Not seen:\n" in done.stdout
    assert "(--timeout)" in done.stdout


def test_an_api_server_that_is_not_there_is_undecided_at_once() -> None:
    done = started("run", "--kubeconfig", kubeconfig("https://127.0.0.1:1"), "-o", "json")

    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (3, "")
    assert report["verdict"] == "incomplete"
    assert report["causes"] == []
    judging = [check for check in report["checks"] if check["reason"] != ONLY_SAID.reason]
    assert {check["outcome"] for check in judging} == {"unseen"}


def test_a_look_that_saw_nothing_is_saved_and_does_not_count_as_success() -> None:
    done = started("collect", "--kubeconfig", kubeconfig("https://127.0.0.1:1"), "seen")

    assert done.returncode == 3
    assert done.stdout.startswith("seen: 0 documents, ")
    assert done.stderr == "Nothing was seen; this says why: msdoctor run --from seen\n"
    assert "connection refused" in msdoctor("run", "--from", "seen").stdout


def test_an_interrupted_look_says_so_and_leaves_nothing_behind(silent_server: socket.socket) -> None:
    command = [*PROGRAM, "collect", "--kubeconfig", kubeconfig(url(silent_server)), "seen"]
    # A shell that started the tests in the background has them, and what they start, ignore interrupts.
    command = ["env", "--default-signal=INT", *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        silent_server.settimeout(20)
        silent_server.accept()[0].close()  # so it has begun to look
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=10)

    assert (process.returncode, output, errors) == (130, "", "\nmsdoctor: interrupted\n")
    assert os.listdir() == ["config"]  # noqa: PTH208  names, as they are


# Bundles


def _packed(names: dict[str, bytes]) -> str:
    with tarfile.open("bundle.tar.gz", "w:gz") as archive:
        for name, content in names.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return "bundle.tar.gz"


def _index(**changed: object) -> dict[str, object]:
    return {**json.loads((HEALTHY / "bundle.json").read_bytes()), **changed}


def _cut_short() -> str:
    msdoctor("run", "--from", str(HEALTHY), "--save", "whole.tar.gz")
    Path("bundle.tar.gz").write_bytes(Path("whole.tar.gz").read_bytes()[:5000])
    return "bundle.tar.gz"


def _newer() -> str:
    return _packed({"bundle.json": json.dumps(_index(format="9", tool="9.1.0")).encode()})


def _climbing() -> str:
    entry = {"origin": "workstation", "kind": "api", "path": "/version", "at": "2026-01-01T00:00:00Z"}
    documents = [{**entry, "file": "../../etc/passwd"}]
    return _packed({"bundle.json": json.dumps(_index(documents=documents)).encode()})


def _climbing_member() -> str:
    return _packed({"bundle.json": b"{}", "../outside": b"x"})


def _without_a_file() -> str:
    return _packed({"bundle.json": (HEALTHY / "bundle.json").read_bytes()})


def _not_packed() -> str:
    Path("bundle.tar.gz").write_text("hello\n")
    return "bundle.tar.gz"


def _something_packed() -> str:
    Path("bundle.tar.gz").write_bytes(gzip.compress(b"hello"))
    return "bundle.tar.gz"


def _without_an_index() -> str:
    Path("bundle.tar.gz").mkdir()
    return "bundle.tar.gz"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: "bundle.tar.gz", "bundle.tar.gz: no such bundle"),
        (_not_packed, "not a bundle: neither a directory nor a .tar.gz that msdoctor saved"),
        (_something_packed, "the bundle is cut short or damaged"),
        (_without_an_index, "not a bundle: it has no bundle.json"),
        (_cut_short, "the bundle is cut short or damaged"),
        (_newer, "made by msdoctor 9.1.0 with format 9; this one reads 1: update msdoctor"),
        (_climbing, '"../../etc/passwd" climbs out of the bundle'),
        (_climbing_member, '"../outside" climbs out of the bundle'),
        (_without_a_file, "which bundle.json names, is missing: the bundle is cut short"),
    ],
)
def test_a_bundle_that_is_none(make: Callable[[], str], message: str) -> None:
    said = refused(msdoctor("run", "--from", make()))

    assert said.startswith("bundle.tar.gz: ")
    assert message in said


def test_what_looks_at_a_cluster_is_refused_with_a_bundle() -> None:
    said = refused(msdoctor("run", "--from", str(HEALTHY), "--context", "story", "--host-root", "a=b"))

    assert said == "--from looks at no cluster and no host: leave out --context and --host-root, or --from"


# Where a bundle goes


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("full", "full exists; name another file or directory for the bundle"),
        ("file", "file exists; name another"),
        ("file.tar.gz", "file.tar.gz exists; name another"),
        ("file/below", "/file is a file; name a place in a directory"),
    ],
)
@pytest.mark.parametrize("command", [["collect"], ["run", "--save"]])
def test_a_target_that_cannot_be_is_refused_before_the_look(
    command: list[str], target: str, message: str, silent_server: socket.socket
) -> None:
    Path("full").mkdir()
    Path("full/mine").touch()
    Path("file").touch()
    Path("file.tar.gz").touch()
    began = time.monotonic()

    said = refused(msdoctor(*command, target, "--kubeconfig", kubeconfig(url(silent_server)), "--timeout", "9"))

    assert message in said
    assert time.monotonic() - began < 20  # the start of a process on a busy machine included
    assert Path("file").read_bytes() == Path("file.tar.gz").read_bytes() == b""


def test_a_target_that_fails_while_it_is_written_leaves_nothing_half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)

    said = refused(msdoctor("run", "--from", str(HEALTHY), "--save", "copy"))

    assert said == "copy: the bundle cannot be written: No space left on device"
    assert list(Path().iterdir()) == []


# Folders of checks

CHECK = '''\
"""A disease."""

from msdoctor.model import Class, Hop, check


@check(hop=Hop.D, cls=Class.RISK)
def kubelet_cert_expired():
    return ()
'''


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "mine: holds no check; name the folder in which the checks' own .py files lie"),
        ("x = 1\n", "mine/one.py: holds no check; a file with no check begins with an underscore"),
        ("def x(:\n", "mine/one.py:1: not Python: "),
        ("import no_such_module\n", "mine/one.py: cannot be imported: ModuleNotFoundError: No module named"),
        ("raise SystemExit(0)\n", "mine/one.py: cannot be imported: SystemExit: 0"),
        (CHECK, "mine/one.py: a check named kubelet-cert-expired is already there: "),
    ],
)
@pytest.mark.parametrize("command", [["checks"], ["run", "--from", str(HEALTHY)], ["explain", "x509"]])
def test_a_folder_of_checks_that_cannot_be_used(command: list[str], content: str | None, message: str) -> None:
    Path("mine").mkdir()
    if content is not None:
        Path("mine/one.py").write_text(content)

    assert message in refused(msdoctor(*command, "--checks", "mine"))


def test_a_folder_of_checks_that_is_missing() -> None:
    assert refused(msdoctor("checks", "--checks", "nope")) == "--checks nope: no such folder"


def test_a_folder_of_checks_that_is_given_twice_counts_once() -> None:
    Path("mine").mkdir()
    Path("mine/one.py").write_text(CHECK.replace("kubelet_cert_expired", "one"))

    assert msdoctor("checks", "--checks", "mine", "--checks", "./mine").exit_code == 0


# Host roots


@pytest.mark.parametrize(
    ("root", "message"),
    [
        ("nope", "--host-root nope: no such directory"),
        ("file", "--host-root file: no such directory"),
        ("empty", "--host-root empty: not the root of a host's files: none of etc/kubernetes, "),
        ("node=empty", "--host-root empty: not the root of a host's files: none of etc/kubernetes, "),
        ("nameless", "there is no /etc/hostname in it; name the node: --host-root NAME=nameless"),
    ],
)
def test_a_host_root_that_is_none(root: str, message: str) -> None:
    Path("file").touch()
    Path("empty").mkdir()
    Path("nameless/etc/kubernetes").mkdir(parents=True)

    assert message in refused(msdoctor("run", "--kubeconfig", kubeconfig(), "--host-root", root))


# What explain is given


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("metrics-server.log", "metrics-server.log: no such file; if it is an error's text, give the whole line"),
        ("/var/log/nope", "/var/log/nope: no such file"),
        ("folder", "folder: a directory without a file in it"),
        (str(HEALTHY), f"a bundle; it is diagnosed: msdoctor run --from {HEALTHY}"),
        ("program", "program: not text; give a log, or the error itself in quotes"),
        ("cut.log.gz", "cut.log.gz: cannot be read: "),
        ("log.tar.gz", "log.tar.gz: an archive; unpack it and name the folder, or a bundle: msdoctor run --from"),
        ("empty.log", "empty.log: empty; did the command that should have written it fail?"),
        ("-", "standard input: empty; did the command that should have written it fail?"),
        ("", "the text is empty; did the command that should have printed it fail?"),
        (" \n ", "the text is empty"),
    ],
)
def test_what_cannot_be_read_as_text(word: str, message: str) -> None:
    Path("folder").mkdir()
    Path("program").write_bytes(b"\x7fELF\x02\x01\x01\x00\x00")
    Path("cut.log.gz").write_bytes(gzip.compress(b"x509: certificate has expired")[:10])
    with tarfile.open("log.tar.gz", "w:gz") as archive:
        archive.add("program")
    Path("empty.log").touch()

    assert message in refused(msdoctor("explain", word, pasted=b""))


def test_nothing_to_explain_is_a_usage_error() -> None:
    result = msdoctor("explain")

    assert result.exit_code == 2
    assert "give an error's text in quotes, a file, an id, or - for standard input" in result.stderr


@pytest.mark.parametrize("length", [300, 5000, 2_000_000])
def test_a_line_of_any_length_is_a_text(length: int) -> None:
    line = "x" * length

    asked = msdoctor("explain", line) if length < 100_000 else msdoctor("explain", "-", pasted=line.encode())

    assert asked.exit_code == 1
    assert "Nothing here that msdoctor knows." in asked.stdout


def test_bytes_that_are_no_text_in_a_log_do_not_hide_the_rest() -> None:
    log = b"\xff\xfe\xfa garbage \x80\n".replace(b"\xff\xfe", b"\xfa")
    line = b'E1 scraper.go:139] "Failed to scrape node" err="x509: certificate is valid for a, not b" node="n"\n'

    result = msdoctor("explain", "-", "-o", "json", pasted=log + line)

    assert [match["id"] for match in json.loads(result.stdout)["matches"]] == ["kubelet-cert-san-mismatch"]


def test_a_log_that_powershell_wrote_is_read() -> None:
    Path("windows.log").write_text("x509: certificate is valid for a, not b\r\n", encoding="utf-16")

    result = msdoctor("explain", "windows.log", "-o", "json")

    assert [match["id"] for match in json.loads(result.stdout)["matches"]] == ["kubelet-cert-san-mismatch"]


def test_an_unknown_option_is_a_usage_error() -> None:
    result = msdoctor("run", "--nonsense")

    assert result.exit_code == 2
    assert "No such option" in result.stderr
    assert "--nonsense" in result.stderr
