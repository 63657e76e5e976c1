"""``explain`` of big and of running logs, as a process: what it prints and when, and how it ends."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from msdoctor.cli import cli

CHECKOUT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "msdoctor", "explain"]
X509 = (
    'E0217 15:13:53.378655       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://10.0.0.5:10250'
    '/metrics/resource\\": x509: certificate is valid for 10.0.0.1, not 10.0.0.5" node="k8s-node1"\n'
)
REFUSED = (
    'E0217 15:14:53.378655       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://10.0.0.6:10250'
    '/metrics/resource\\": dial tcp 10.0.0.6:10250: connect: no route to host" node="k8s-node2"\n'
)
OTHER = 'I0217 15:13:53.378655       1 reconciler.go:1] "all is well"\n'
SAN, ROUTE = "kubelet-cert-san-mismatch", "kubelet-down"


@pytest.fixture(autouse=True)
def a_users_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.chdir(tmp_path)


def explain(*args: str, pasted: str = "") -> Result:
    return CliRunner().invoke(cli, ("explain", *args), input=pasted, catch_exceptions=False)


class Running:
    """The command, running, with what it has printed so far."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.printed = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        while part := os.read(self.process.stdout.fileno(), 65536):
            self.printed += part

    def write(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + 50
        while text.encode() not in self.printed:
            assert time.monotonic() < deadline, self.printed
            assert self.process.poll() is None, self.printed
            time.sleep(0.05)

    def wait_until_read(self) -> None:
        """Until nothing that was written waits in the pipe: it gives no other sign before it is asked."""
        assert self.process.stdin
        deadline = time.monotonic() + 50
        while int.from_bytes(fcntl.ioctl(self.process.stdin.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)  # what was read is on its way

    def end(self) -> int:
        code = self.process.wait(50)
        self._reader.join(50)
        return code


@contextmanager
def running(*args: str) -> Iterator[Running]:
    pipe = subprocess.PIPE
    with subprocess.Popen([*PROGRAM, *args], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        yield Running(process)
        process.kill()


def test_a_log_that_is_followed_is_answered_as_lines_arrive_and_summed_up_at_its_end() -> None:
    with running("-f", "-") as command:
        command.write(OTHER + X509)
        command.wait_for(SAN)
        assert ROUTE.encode() not in command.printed
        command.write(X509 * 3 + REFUSED)
        command.wait_for(ROUTE)
        assert command.process.stdin
        command.process.stdin.close()
        code = command.end()

    printed = command.printed.decode()
    assert code == 0
    assert printed.count(f"✗ {SAN}") == 2, "once when it came, once at the end"
    assert "4 times" in printed


def test_ctrl_c_while_following_prints_what_was_found() -> None:
    with running("-f", "-") as command:
        command.write(X509)
        command.wait_for(SAN)
        command.process.send_signal(signal.SIGINT)
        code = command.end()

    assert code == 130
    assert command.printed.decode().count(f"✗ {SAN}") == 2


def test_ctrl_c_while_a_pipe_is_read_answers_what_had_come() -> None:
    with running("-") as command:
        command.write(OTHER + X509)
        command.wait_until_read()
        command.process.send_signal(signal.SIGINT)
        code = command.end()

    assert code == 130
    assert SAN.encode() in command.printed


def test_a_file_is_followed_and_so_is_the_one_that_takes_its_name() -> None:
    Path("a.log").write_text(OTHER)
    with running("--follow", "-o", "json", "a.log") as command:
        time.sleep(1)
        with Path("a.log").open("a") as log:
            log.write(X509)
        command.wait_for(SAN)
        Path("a.log").rename("a.log.1")
        Path("a.log").write_text(REFUSED)
        command.wait_for(ROUTE)
        command.process.send_signal(signal.SIGINT)
        assert command.end() == 130

    answers = [json.loads(line) for line in command.printed.decode().splitlines()]
    assert [len(answer["matches"]) for answer in answers][:1] == [1]
    assert SAN in [match["id"] for match in answers[-1]["matches"]]


def test_a_reader_that_goes_away_ends_the_following_without_a_word() -> None:
    with subprocess.Popen(
        [*PROGRAM, "-f", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(X509.encode())
        process.stdin.flush()
        process.wait(50)
        assert process.stderr.read() == b""


@pytest.mark.parametrize("words", [("-f", "x509: certificate"), ("-f", "a.log", "b.log")])
def test_only_one_log_is_followed(words: tuple[str, ...]) -> None:
    Path("a.log").touch()
    Path("b.log").touch()

    result = explain(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--follow: give one file, or - for standard input" in result.stderr


def test_what_is_packed_is_not_followed() -> None:
    Path("a.log.gz").write_bytes(b"\x1f\x8b" + b"x" * 30)

    result = explain("-f", "a.log.gz")

    assert result.exit_code == 2
    assert "a.log.gz: packed, and so nothing will come to it: leave out --follow" in result.stderr


def test_since_takes_what_is_recent() -> None:
    old, new = (f"2026-11-2{day}T10:00:00Z stderr F {X509}" for day in (1, 5))

    assert "2026-11-25T10:00:00Z" in explain("--since", "2026-11-24", "-", pasted=old + new).stdout
    assert "2 times" not in explain("--since", "2026-11-24T00:00:00+01:00", "-", pasted=old + new).stdout
    assert explain("--since", "2026-11-26", "-", pasted=old + new).exit_code == 1
    assert explain("--since", "30m", "-", pasted=old + new).exit_code == 1


@pytest.mark.parametrize("moment", ["yesterday", "", "2026-02-30", "5"])
def test_a_moment_that_is_none_is_refused(moment: str) -> None:
    result = explain("--since", moment, X509)

    assert result.exit_code == 2
    assert f"--since {moment}" in result.stderr


def test_an_answer_from_many_files_says_which_one_it_is_from() -> None:
    Path("a.log").write_text(OTHER)
    Path("b.log").write_text(OTHER + X509)
    Path("c.log").write_text(X509)

    assert "b.log, line 2, and in c.log, 2 times" in explain("a.log", "b.log", "c.log").stdout
    (match,) = json.loads(explain("a.log", "b.log", "c.log", "-o", "json").stdout)["matches"]
    assert (match["files"], match["line"]) == (["b.log", "c.log"], 2)


def test_a_log_of_many_nodes_says_that_there_are_more_than_it_names() -> None:
    Path("big.log").write_text("".join(X509.replace("node1", f"node{number}") for number in range(3000)))

    answer = explain("big.log").stdout

    assert "k8s-node9, and more" in answer
    assert "3000 times" in answer
