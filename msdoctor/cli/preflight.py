"""`msdoctor preflight`: judge a repository before any cluster is made of it."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from msdoctor.cli import exits, options, outputs, settings
from msdoctor.cli.terminal import aside, print_
from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdoctor.config.policy import Policy
    from msdoctor.diagnosis import Diagnosis
    from msdoctor.model import Check
    from msdoctor.repository.judging import Judged, Placed

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds", "w": "weeks"}


def _duration(_: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    """``30d``, ``12h``, ``1d12h``."""
    if value is None:
        return None
    if not re.fullmatch(r"(\d{1,6}[wdhms])+", value):
        raise click.BadParameter(f"{value!r} is no time; give one such as 30d or 12h", param=parameter)
    parts = re.findall(r"(\d+)([wdhms])", value)
    return sum((timedelta(**{_UNITS[unit]: int(number)}) for number, unit in parts), timedelta())


@click.command(epilog=exits.epilog("preflight"))
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.with_(options.CHECKS_OPTION, outputs.OUTPUT_OPTION)
@settings.with_settings
@click.option(
    "--expiring-within",
    metavar="TIME",
    callback=_duration,
    help="Fail for certificates that end within this time, such as 30d.",
)
@click.option("--diff", "show", is_flag=True, help="Print the safe changes as one diff, and write nothing.")
@click.option("--fix", is_flag=True, help="Write the safe changes, and report what is left.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where it would be 1.")
@click.option("--strict", is_flag=True, help="Exit with 3 where it would be 0 and anything was not seen.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Also report all evidence, and every file with what it was taken for."
)
def preflight(
    paths: tuple[Path, ...],
    folders: tuple[Path, ...],
    reports: tuple[outputs.Output, ...],
    given: settings.Given,
    expiring_within: timedelta | None,
    show: bool,
    fix: bool,
    exit_zero: bool,
    strict: bool,
    verbose: bool,
) -> None:
    """Judge the files of a repository before a cluster is made of them.

    \b
      msdoctor preflight .                    everything below here
      msdoctor preflight --diff deploy/       what it would change, as a diff
      msdoctor preflight --fix deploy/        and change it

    It tells files by their content: systemd units, static pods, kubeadm, k3s, rke2 and kops configuration, kubespray's
    variables, kubelet configuration, certificates, manifests, kustomizations, values of metrics-server's chart,
    scripts, templates and inventories. It reads nothing outside of the paths, and needs no cluster and no network.
    """
    from concurrent.futures import ThreadPoolExecutor
    from datetime import UTC, datetime

    from msdoctor.repository.walk import walk

    outputs.try_files(reports)
    with ThreadPoolExecutor(1) as aside:  # the disk is waited for while all else is imported
        walked = aside.submit(walk, paths)
        from msdoctor.model import Class
        from msdoctor.registry import load_of
        from msdoctor.repository.judging import CLASSES, exit_code
        from msdoctor.repository.judging import preflight as judge

        checks = load_of(CLASSES, folders)
        policy = settings.chosen(given, checks, verbose=verbose)
    judged = judge(walked.result(), checks, datetime.now(UTC), expiring_within)
    diagnosis = _counting(judged, policy)
    problems: list[str] = []
    if show or fix:
        from msdoctor.repository.changes import diff
        from msdoctor.repository.judging import repaired

        kept = [item.cause for item in diagnosis.suppressed if item.cause]
        after, done = repaired(judged, checks, expiring_within, kept)
        if show:
            changed = sorted(path for path, text in after.files.items() if text != judged.files[path])
            print_(diff(judged.files, after.files, changed), "diff")
        else:
            judged, problems = _written(judged, after, done, paths, checks, expiring_within)
            diagnosis = _counting(judged, policy)
    fail_on = policy.settings.fail_on or Class.CAUSE
    if not show:
        outputs.write(reports, diagnosis, verbose=verbose, fail_on=fail_on)
    if problems:
        raise GivenError("\n".join(problems))
    settings.keep(given, diagnosis, policy)
    code = exit_code(diagnosis, fail_on=fail_on, exit_zero=exit_zero, strict=strict, expiring_within=expiring_within)
    raise click.exceptions.Exit(code)


def _counting(judged: Judged, policy: Policy) -> Diagnosis:
    """What was found, without what the files' own comments accept, or the user's settings."""
    from msdoctor.config import inline
    from msdoctor.config.policy import apply

    return apply(inline.apply(judged.diagnosis, judged.files, policy.ids), policy)


def _written(
    before: Judged,
    after: Judged,
    done: Sequence[Placed],
    roots: Sequence[Path],
    checks: Sequence[Check],
    expiring_within: timedelta | None,
) -> tuple[Judged, list[str]]:
    """What the files are judged as once they are written, and why some could not be."""
    from msdoctor.render.terminal import visible
    from msdoctor.repository.judging import judged
    from msdoctor.repository.writing import write

    problems: list[str] = []
    texts = dict(after.files)
    written: set[Path] = set()
    for path in sorted(path for path, text in texts.items() if text != before.files[path]):
        target = Path(path).resolve()
        if target in written:
            continue  # another name of the same file
        try:
            write(path, before.files[path], texts[path], roots)
            written.add(target)
        except GivenError as error:
            problems.append(str(error))
            texts[path] = before.files[path]
    for item in done:
        at = item.cause.finding.location
        if at is None or texts.get(at.file) != before.files.get(at.file):
            aside(visible(f"{at.file}:{at.line}: changed for {item.cause.id}") if at else item.cause.id)
    if problems:
        after = judged(texts, before.not_read, checks, before.taken_at, expiring_within)
    return after, problems
