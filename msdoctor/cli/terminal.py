"""What this terminal can show, and how a result gets there."""

from __future__ import annotations

import os
import sys

import click

WIDEST = 100
_RUNNERS = {"GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"}


def print_(text: str, form: str = "text") -> bool:
    """To standard output; whether anybody reads it. One that has gone away (`| head`) does not change the exit code.

    ``form`` is that of a report: no runner of a CI may take what is quoted in it for a command.
    """
    try:
        click.echo(_tamed(text, form), nl=False, color=colour())
    except BrokenPipeError:
        # What could not be written must not trouble the interpreter on its way out either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


def aside(text: str) -> None:
    """A line to standard error, which a runner reads as well."""
    click.echo(_tamed(text, "text"), err=True)


def _tamed(text: str, form: str) -> str:
    if not _RUNNERS.intersection(os.environ):
        return text
    from msdoctor.render import runner

    return runner.tamed(text, form) if runner.reads(os.environ) else text


def width() -> int:
    """80 where nobody looks, so that what is piped or saved does not depend on a window."""
    if not sys.stdout.isatty():
        return 80
    import shutil

    return min(WIDEST, max(60, shutil.get_terminal_size().columns))


def unicode() -> bool:
    """Whether it shows more than ASCII."""
    return (sys.stdout.encoding or "").lower().startswith("utf")


def colour() -> bool:
    """Whether it is one, and wants colour."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
