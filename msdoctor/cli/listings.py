"""The commands that list what msdoctor is made of: `checks` and `version`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from msdoctor import __version__
from msdoctor.called import called
from msdoctor.cli import exits, options, terminal
from msdoctor.cli.group import OnlyOptions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from msdoctor.model import Check


@click.command(cls=OnlyOptions, epilog=exits.epilog("checks"))
@options.with_(options.CHECKS_OPTION, options.FORMAT_OPTION)
def checks(folders: tuple[Path, ...], form: str) -> None:
    """List every check: its hop, what it finds, and its title."""
    from msdoctor.registry import load

    found = load(folders)
    if form == "json":
        import json

        items = [{"id": c.id, "hop": c.hop, "class": c.cls, "title": c.title, "file": c.file} for c in found]
        terminal.print_(json.dumps({"schemaVersion": "1", "checks": items}, indent=2) + "\n")
        return
    terminal.print_(_table(found))
    click.echo(f"The manual page of one: {called()} explain ID", err=True)


@click.command(cls=OnlyOptions, epilog=exits.epilog("version"))
@click.option(
    "--schema",
    type=click.Choice(["report", "config"]),
    is_flag=False,
    flag_value="report",
    help="Print the JSON Schema of `run -o json` (report, the default), or that of msdoctor.yaml (config).",
)
def version(schema: str | None) -> None:
    """Print the version, or a JSON Schema."""
    if schema == "report":
        from msdoctor.render import report_json

        terminal.print_(report_json.schema())
    elif schema == "config":
        from msdoctor.config import reading

        terminal.print_(reading.schema())
    else:
        terminal.print_(f"msdoctor {__version__}\n")


def _table(checks: Iterable[Check]) -> str:
    """Hop and class of each check, its id, and below that its title."""
    import textwrap

    from tabulate import tabulate

    from msdoctor.pipeline import NAMES

    def row(check: Check) -> tuple[str, str, str]:
        title = textwrap.wrap(check.title, terminal.width() - 29, break_on_hyphens=False)
        return f"{check.hop} {NAMES.get(check.hop, '')}", check.cls, "\n".join((check.id, *title))

    rows = [row(check) for check in sorted(checks, key=lambda check: (check.hop, check.id))]
    return tabulate(rows, headers=("hop", "class", "id and title"), tablefmt="plain") + "\n"
