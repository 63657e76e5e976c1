"""What msdoctor answers to a shell, and to kubectl, that asks what may stand next."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from msdoctor.cli import COMMANDS, cli
from msdoctor.cli.completing import answer

OWN_CHECK = '''\
"""A lamp is out."""

from msdoctor.model import Class, Hop, check


@check(hop=Hop.D, cls=Class.RISK)
def lamp_out(installation):
    return ()
'''

HEAVY = ("cryptography", "jinja2", "kubernetes", "msgspec", "requests", "tabulate")


def asked(environ: dict[str, str], folder: Path, *words: str, **more: str) -> list[str]:
    """The lines of the answer; the directive is the last one."""
    done = subprocess.run(
        [sys.executable, "-m", "msdoctor", "__complete", "--", *words],
        env={**environ, **more},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def names(lines: list[str]) -> list[str]:
    return [line.partition("\t")[0] for line in lines[:-1]]


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, folder: Path, environ: dict[str, str]) -> Path:
    """Work there in this process."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", environ["HOME"])
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return folder


def test_the_first_word_is_a_command_with_what_it_does() -> None:
    found = dict(answer(cli, [""]).candidates)

    assert found == {name: later.short_help for name, later in COMMANDS.items()}


@pytest.mark.parametrize("command", ["run", "checks", "version"])
def test_where_only_options_can_stand_an_empty_word_lists_them(command: str) -> None:
    assert "--help" in dict(answer(cli, [command, ""]).candidates)


def test_an_option_is_explained_by_its_first_sentence() -> None:
    found = dict(answer(cli, ["run", "--wa"]).candidates)

    assert found["--wait"].endswith(".")
    assert found["--wait"].count(". ") == 0


@pytest.mark.parametrize("words", [["explain", "--since", ""], ["run", "--timeout", ""], ["nonsense", ""]])
def test_what_nobody_knows_is_not_guessed(words: list[str]) -> None:
    assert str(answer(cli, words)) == ":4\n"


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_ids_and_hops_stand_between_commas_and_none_twice(option: str) -> None:
    found = dict(answer(cli, ["run", option, "E,kubelet-down,"]).candidates)

    assert found["E,kubelet-down,D"] == "every finding of metrics-server"
    assert "E,kubelet-down,kubelet-cert-expired" in found
    assert "E,kubelet-down,E" not in found
    assert "E,kubelet-down,kubelet-down" not in found


def test_ids_of_checks_of_ones_own_are_known(home: Path) -> None:
    (home / "directory" / "lamp_out.py").write_text(OWN_CHECK)

    assert dict(answer(cli, ["explain", "--checks", "directory", "lamp"]).candidates) == {"lamp-out": "A lamp is out."}


@pytest.mark.usefixtures("home")
def test_explain_takes_one_id_or_files() -> None:
    assert "report.html" in dict(answer(cli, ["explain", "re"]).candidates)
    assert "requestheader-config-missing" in dict(answer(cli, ["explain", "re"]).candidates)
    assert str(answer(cli, ["explain", "report.html", "re"])) == ":0\n"


@pytest.mark.usefixtures("home")
def test_files_behind_an_equals_sign_hide_what_begins_with_a_dot() -> None:
    assert [word for word, _ in answer(cli, ["run", "-o", "html="]).candidates] == [
        "html=a file.pem",
        "html=directory/",
        "html=other",
        "html=report.html",
    ]
    assert answer(cli, ["run", "-o", "html=.h"]).candidates == (("html=.hidden", ""),)


def test_a_file_whose_name_is_two_lines_is_not_offered(home: Path) -> None:
    (home / "report\nof today").touch()

    assert [word for word, _ in answer(cli, ["run", "-o", "html=rep"]).candidates] == ["html=report.html"]


def test_contexts_come_from_the_kubeconfig_in_effect(environ: dict[str, str], folder: Path) -> None:
    both = f"{folder.parent}/home/.kube/config:{folder}/other:/nowhere"

    of_home = asked(environ, folder, "run", "--context", "")
    of_variable = asked(environ, folder, "run", "--context", "", KUBECONFIG=both)
    of_option = asked(environ, folder, "collect", "--kubeconfig=other", "--context", "", KUBECONFIG=both)

    assert names(of_home) == ["admin@prod", "arn:aws:eks:eu-west-1:12:cluster/web", "my context"]
    assert of_home[0] == "admin@prod\tthe current one, cluster prod, user admin"
    assert names(of_variable) == [*names(of_home), "elsewhere"]
    assert names(of_option) == ["elsewhere"]


@pytest.mark.parametrize("content", ["contexts: [", "contexts: 1", "\0", "- a list"])
def test_a_kubeconfig_that_is_none_says_nothing(environ: dict[str, str], folder: Path, content: str) -> None:
    (folder / "other").write_text(content)

    assert asked(environ, folder, "run", "--kubeconfig", "other", "--context", "") == [":4"]


def test_a_cluster_that_does_not_answer_keeps_nobody_for_long(environ: dict[str, str], folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        (folder / "silent").write_text(
            "{current-context: it, contexts: [{name: it, context: {cluster: it}}],"
            f" clusters: [{{name: it, cluster: {{server: '{address}'}}}}]}}"
        )
        began = time.monotonic()
        lines = asked(environ, folder, "run", "--kubeconfig", "silent", "--for-user", "system:serviceaccount:")

    assert lines == [":4"]
    assert time.monotonic() - began < 10  # 1.5 s, and the start of Python on a busy machine


def test_a_credential_plugin_that_hangs_keeps_nobody_for_long(environ: dict[str, str], folder: Path) -> None:
    (folder / "plugin").write_text(
        "{current-context: it, contexts: [{name: it, context: {cluster: it, user: me}}],"
        " clusters: [{name: it, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: me, user: {exec:"
        " {apiVersion: client.authentication.k8s.io/v1, command: sleep, args: ['60'], interactiveMode: Never}}}]}"
    )
    began = time.monotonic()

    assert asked(environ, folder, "run", "--kubeconfig", "plugin", "--for-user", "system:serviceaccount:") == [":4"]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "words",
    [[""], ["run", "--"], ["explain", ""], ["run", "--context", ""], ["run", "--select", ""], ["run", "-o", ""]],
)
def test_nothing_heavy_is_imported_for_a_word(environ: dict[str, str], folder: Path, words: list[str]) -> None:
    program = (
        "import sys; from msdoctor.cli import cli\n"
        f"cli.main(['__complete', '--', *{words!r}], standalone_mode=False)\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    asked(environ, folder, "explain", "")  # makes the index of checks, once

    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_kubectl_is_answered_by_the_program_that_it_looks_for(environ: dict[str, str], folder: Path) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "msdoctor", "completion", "kubectl"], env=environ, capture_output=True, check=True
    )
    program = folder.parent / "bin" / "kubectl_complete-msdoctor"
    program.write_bytes(printed.stdout)
    program.chmod(0o755)

    done = subprocess.run([program, "run", "--fail-on", ""], env=environ, capture_output=True, text=True, check=True)

    assert done.stdout == "cause\nrisk\n:4\n"


def test_kubectl_expects_of_an_option_with_its_value_the_value_alone(environ: dict[str, str], folder: Path) -> None:
    assert asked(environ, folder, "run", "--fail-on=r") == ["risk", ":4"]
    assert asked(environ, folder, "run", "--output=html=rep") == ["html=report.html", ":4"]
