"""The user's own settings: ``msdoctor.yaml``, the options that say the same, and baselines.

A command that reports findings takes ``with_settings``, calls ``chosen`` before its work, applies the policy to what it
found, and calls ``keep`` when it has reported.
"""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from msdoctor.cli import options, outputs, suggest
from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from msdoctor.config.model import Settings
    from msdoctor.config.names import Known
    from msdoctor.config.policy import Policy
    from msdoctor.diagnosis import Diagnosis
    from msdoctor.model import Check


@dataclass(frozen=True, slots=True)
class Given:
    """What of it the command line says. None, or empty, where it says nothing."""

    config: Path | None = None
    no_config: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None


def _split(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Each may hold several, between commas."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


OPTIONS = (
    click.option(
        "--select",
        metavar="NAME",
        multiple=True,
        callback=_split,
        shell_complete=suggest.findings,
        help="Count only these findings: ids, globs of ids such as kubelet-cert-*, or letters of hops (A to H in the"
        " report); several between commas. May be repeated.",
    ),
    click.option(
        "--ignore",
        metavar="NAME",
        multiple=True,
        callback=_split,
        shell_complete=suggest.findings,
        help="Do not count these findings, named as for --select.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(["cause", "risk"]),
        help="The least kind of finding that exits with 1.  [default: cause]",
    ),
    click.option(
        "--baseline",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Count only findings that are not in FILE, and say which of FILE are there no longer.",
    ),
    click.option(
        "--write-baseline",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write the findings that count now to FILE, for --baseline. Changes neither report nor exit code.",
    ),
    click.option(
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Read the settings from FILE, instead of the nearest msdoctor.yaml in this directory or above.",
    ),
    click.option("--no-config", is_flag=True, help="Read no msdoctor.yaml."),
)


def with_settings(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of ``Given``, handed to the command as one value named ``given``."""

    @functools.wraps(command)
    def gathered(**values: Any) -> Any:
        return command(given=Given(**{item.name: values.pop(item.name) for item in fields(Given)}), **values)

    return options.with_(*OPTIONS)(gathered)


def chosen(given: Given, checks: Iterable[Check], *, verbose: bool = False) -> Policy:
    """What holds: the file's settings, each replaced by the option that says the same. Raises GivenError."""
    from msdoctor.config import names
    from msdoctor.config.policy import Policy
    from msdoctor.model import Class

    ids = names.known(checks)
    for option, words in (("--select", given.select), ("--ignore", given.ignore)):
        for word in words:
            if wrong := names.problem(word, ids):
                raise GivenError(f"{option}: {wrong}")
    settings = _read(given, ids)
    if verbose:
        click.echo(f"settings from {settings.file}" if settings.file else "no msdoctor.yaml", err=True)
    settings = replace(
        settings,
        select=given.select or settings.select,
        ignore=given.ignore or settings.ignore,
        fail_on=Class(given.fail_on) if given.fail_on else settings.fail_on,
        baseline=given.baseline or settings.baseline,
    )
    if given.write_baseline:
        outputs.try_file(given.write_baseline)
    return Policy(settings, ids, _baseline(settings.baseline, given.write_baseline))


def keep(given: Given, diagnosis: Diagnosis, policy: Policy) -> None:
    """Write the baseline that was asked for. What the old one holds and could not be seen this time stays in it."""
    if given.write_baseline is None:
        return
    from msdoctor.config import baseline as kept
    from msdoctor.config.policy import not_seen_again
    from msdoctor.judge import Result

    if not any(check.outcome in (Result.PASS, Result.FAIL) for check in diagnosis.checks):
        raise GivenError(f"{given.write_baseline}: not written, since nothing was seen that could be found")
    entries = list(kept.entries_of(diagnosis))
    if policy.baseline:
        entries += not_seen_again(diagnosis, policy.baseline)
    try:
        outputs.write_file(given.write_baseline, kept.text(entries).encode())
    except OSError as error:
        raise GivenError(f"{given.write_baseline}: cannot be written: {error.strerror or error}") from None
    found = f"{len(entries)} finding{'' if len(entries) == 1 else 's'}"
    click.echo(f"{given.write_baseline}: {found} written; give it with --baseline", err=True)


def _read(given: Given, ids: Known) -> Settings:
    from msdoctor.config.model import Settings
    from msdoctor.config.place import find, load

    if given.no_config:
        if given.config:
            raise GivenError("--config and --no-config say the opposite: leave one of them out")
        return Settings()
    here = Path.cwd()
    file = here / given.config if given.config else find(here, _home())
    return load(file, ids, here=here) if file else Settings()


def _home() -> Path | None:
    home = os.environ.get("HOME")
    return Path(home).resolve() if home else None


def _baseline(file: Path | None, being_written: Path | None) -> Any:
    """The baseline to hold against; one that is about to be written for the first time is not there yet."""
    if file is None:
        return None
    from msdoctor.config import baseline

    here = Path.cwd()
    shown = str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
    try:
        return baseline.read(file.read_bytes(), shown)
    except FileNotFoundError:
        if being_written is not None and being_written.resolve() == file.resolve():
            return None
        raise GivenError(f"{shown}: no such baseline; --write-baseline {shown} makes one") from None
    except OSError as error:
        raise GivenError(f"{shown}: the baseline cannot be read: {error.strerror or error}") from None
