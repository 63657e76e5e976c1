"""``-o FORMAT[=FILE]``: what goes where, what is refused before the look, and that no file is ever half-written."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner, Result

from msdoctor import collect
from msdoctor.cli import cli, outputs
from msdoctor.render import formats

CHECKOUT = Path(__file__).parents[1]
HEALTHY = str(CHECKOUT / "fixtures" / "healthy")
BROKEN = str(CHECKOUT / "fixtures" / "requestheader-config-missing")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*args: str, bundle: str = HEALTHY) -> Result:
    return CliRunner().invoke(cli, ["run", "--from", bundle, *args])


def refused(*args: str) -> str:
    """What is said of arguments that cannot be used; nothing is looked at."""
    result = run(*args, bundle="no-such-bundle")
    assert result.exit_code == 2, result
    assert result.stdout == ""
    assert "no-such-bundle" not in result.stderr
    return result.stderr


def fails_when_looked_for(*_: object) -> None:
    raise AssertionError("it looked")


# Where reports go


def test_text_goes_to_standard_output_where_nothing_is_asked_for() -> None:
    assert run().stdout == run("-o", "text").stdout == run("-o", "text=-").stdout


def test_several_reports_come_of_one_look() -> None:
    both = run("-o", "text", "-o", "json=seen.json", "-o", "text=seen.txt", bundle=BROKEN)

    assert both.exit_code == 1
    assert both.stdout == Path("seen.txt").read_text()
    assert Path("seen.json").read_text() == run("-o", "json", bundle=BROKEN).stdout


def test_a_file_may_have_an_equals_sign_in_its_name() -> None:
    run("-o", "json=a=b.json")

    assert json.loads(Path("a=b.json").read_text())["verdict"] == "healthy"


def test_where_every_report_has_a_file_nothing_is_printed() -> None:
    result = run("-o", "json=seen.json")

    assert (result.stdout, result.stderr) == ("", "")


def test_a_pipe_is_written_to_and_not_replaced() -> None:
    os.mkfifo("pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text()))
    reader.start()
    run("-o", "json=pipe")
    reader.join(10)

    assert json.loads(read[0])["verdict"] == "healthy"
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


def test_standard_error_can_be_named_as_a_file() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "msdoctor", "run", "--from", HEALTHY, "-o", "text", "-o", "json=/dev/stderr"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
    )

    assert json.loads(done.stderr)["verdict"] == "healthy"
    assert "HEALTHY" in done.stdout


# What is refused, before anything is looked at


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("-o", "json="), "json= names no file"),
        (("-o", "jsn"), "did you mean json?"),
        (("-o", "=seen.json"), "'' is no format; they are text, json"),
        (("-o", "text", "-o", "json"), "json=FILE"),
        (("-o", "text=-", "-o", "json"), "both go to standard output"),
        (("-o", "json=seen", "-o", "text=./seen"), "both go to seen"),
        (("-o", "json=no/such/seen.json"), "there is no directory"),
        (("-o", "json=."), "is a directory"),
        (("-o", "json=/sys/seen.json"), "could not be written into /sys"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_look(args: tuple[str, ...], says: str) -> None:
    # click wraps a long message; what is said is the same
    assert says in " ".join(refused(*args).split())


def test_a_folder_that_nobody_may_write_into_is_refused_before_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    monkeypatch.setattr(collect, "load", fails_when_looked_for)

    assert "Permission denied" in refused("-o", "json=seen.json")


def test_a_write_protected_file_is_refused_before_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("seen.json").write_text("kept")
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everything

    assert "write-protected" in refused("-o", "json=seen.json")
    assert Path("seen.json").read_text() == "kept"


def test_trying_a_file_leaves_nothing_behind() -> None:
    run("-o", "json=seen.json", bundle="no-such-bundle")

    assert list(Path().iterdir()) == []


# What a file is, whatever happens


def test_a_file_is_replaced_as_a_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("seen.json").write_text("yesterday's")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)  # after the content, before the name
    result = run("-o", "text", "-o", "json=seen.json")

    assert "seen.json: cannot be written: No space left on device" in result.stderr
    assert "HEALTHY" in result.stdout  # what could be told is told
    assert [path.name for path in Path().iterdir()] == ["seen.json"]
    assert Path("seen.json").read_text() == "yesterday's"


def test_the_others_are_written_where_one_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "try_files", lambda _: None)  # the folder vanishes during the look
    result = run("-o", "json=gone/seen.json", "-o", "text=seen.txt")

    assert result.exit_code == 2
    assert "HEALTHY" in Path("seen.txt").read_text()


def test_a_new_file_has_the_permissions_of_any_new_file_and_an_old_one_keeps_its_own() -> None:
    Path("mine.json").touch(0o600)
    before = os.umask(0o027)
    try:
        run("-o", "json=mine.json", "-o", "text=new.txt")
    finally:
        os.umask(before)

    assert stat.S_IMODE(Path("mine.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(Path("new.txt").stat().st_mode) == 0o640


def test_a_link_stays_one_and_its_file_is_written() -> None:
    Path("kept").mkdir()
    Path("latest.json").symlink_to("kept/seen.json")
    run("-o", "json=latest.json")

    assert Path("latest.json").is_symlink()
    assert json.loads(Path("kept/seen.json").read_text())["verdict"] == "healthy"


# The shell's help


def test_the_shell_completes_formats_and_then_files() -> None:
    shell = ShellComplete(cli, {}, "msdoctor", "_MSDOCTOR_COMPLETE")

    assert [item.value for item in shell.get_completions(["run", "-o"], "js")] == ["json"]
    (item,) = shell.get_completions(["run", "-o"], "json=se")
    assert (item.type, item.value) == ("file", "se")


def test_every_format_of_the_table_is_made_by_a_module_that_is_there() -> None:
    assert formats.FORMATS
    for form in formats.FORMATS.values():
        assert (CHECKOUT / "msdoctor" / "render" / f"{form.module}.py").is_file()
