"""What this terminal can show, and how a result gets there."""

from __future__ import annotations

import os
import sys

import click

WIDEST = 100


def print_(text: str) -> bool:
    """To standard output; whether anybody reads it. One that has gone away (`| head`) does not change the exit code."""
    try:
        click.echo(text, nl=False, color=colour())
    except BrokenPipeError:
        # What could not be written must not trouble the interpreter on its way out either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


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
