"""What msdoctor calls itself: as whoever started it did."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from msdoctor.called import called
from msdoctor.cli import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Callable

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What it prints where kubectl started it."""
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-msdoctor"])
    return lambda *arguments: CliRunner().invoke(cli, arguments, prog_name=called()).output


def test_it_is_msdoctor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/msdoctor"])
    assert called() == "msdoctor"
    assert "kubectl msdoctor" not in CliRunner().invoke(cli, ["--help"]).output


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_as_a_plugin_its_help_names_no_command_that_is_not_on_the_path(said: Callable[..., str], command: str) -> None:
    text = said(*command.split(), "--help")
    assert text.startswith("Usage: kubectl msdoctor")
    assert _other_names(text) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--from", str(FIXTURES / "story")),
        ("run", "--from", str(FIXTURES / "story"), "-o", "html"),
        ("run", "--from", str(FIXTURES / "story"), "-o", "markdown"),
        ("run", "--from", str(FIXTURES / "kubelet-cert-expired-everywhere")),
        ("run", "--select", "no-such-check"),
        ("explain", "good morning"),
        ("explain", "--id"),
        ("explain", str(FIXTURES / "story")),
        ("checks",),
    ],
)
def test_as_a_plugin_its_advice_can_be_typed_as_it_stands(said: Callable[..., str], arguments: tuple[str, ...]) -> None:
    assert _other_names(said(*arguments)) == []


def test_advice_is_given_in_its_name(said: Callable[..., str]) -> None:
    assert "look at the cluster itself: kubectl msdoctor run" in " ".join(said("explain", "good morning").split())
    assert f"kubectl msdoctor run --from {FIXTURES / 'story'}" in said("explain", str(FIXTURES / "story"))


def _other_names(text: str) -> list[str]:
    """Commands of msdoctor that begin with its bare name."""
    words = re.sub(r"[`'<>()]", " ", text).split()
    pairs = zip(["", *words], words, [*words[1:], ""], strict=False)
    return [
        f"{word} {after}"
        for before, word, after in pairs
        if word == "msdoctor" and after in {*COMMANDS, "COMMAND", "--help"} and before != "kubectl"
    ]
