"""The commands that look at a cluster: `run` and `collect`."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from msdoctor.called import called
from msdoctor.cli import endings, exits, options, outputs, settings, times
from msdoctor.cli.group import OnlyOptions
from msdoctor.cli.terminal import aside, print_
from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from msdoctor.bundle import Bundle
    from msdoctor.config.policy import Policy
    from msdoctor.diagnosis import Diagnosis
    from msdoctor.facts.cluster import Cluster
    from msdoctor.model import Check, Class


@click.command(cls=OnlyOptions, epilog=exits.epilog("run"))
@options.with_(*options.CLUSTER_OPTIONS, options.CHECKS_OPTION, outputs.OUTPUT_OPTION)
@click.option(
    "--from",
    "source",
    metavar="BUNDLE",
    type=click.Path(path_type=Path),
    help="Diagnose what `collect` or --save kept, instead of looking at a cluster.",
)
@click.option(
    "--save", metavar="PATH", type=click.Path(path_type=Path), help="Also save what was seen, as `collect` does."
)
@settings.with_settings
@click.option(
    "--wait",
    metavar="DURATION",
    callback=times.wait,
    help="Look again until metrics flow, for at most so long, such as 5m. Ends at once where waiting heals nothing.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where it would be 1.")
@click.option("--strict", is_flag=True, help="Exit with 3 where it would be 0 and anything was not seen.")
@click.option(
    "-v", "--verbose", is_flag=True, help="Also report all evidence, the five requirements, and every check's outcome."
)
def run(
    source: Path | None,
    save: Path | None,
    folders: tuple[Path, ...],
    reports: tuple[outputs.Output, ...],
    given: settings.Given,
    wait: float | None,
    exit_zero: bool,
    strict: bool,
    verbose: bool,
    **look: Any,
) -> None:
    """Look at a cluster, or at a saved bundle, and say what is the matter.

    \b
      msdoctor run                            the cluster of the current context
      msdoctor run --host-root master=/mnt/m  that, with the files of a host
      msdoctor run --from BUNDLE              what `msdoctor collect` saved
    """
    from msdoctor.collect import check_target, load
    from msdoctor.collect import save as save_bundle
    from msdoctor.diagnosis import exit_code
    from msdoctor.model import Class
    from msdoctor.registry import load as load_checks

    if source is not None and (looks := _given(look)):
        raise GivenError(f"--from looks at no cluster and no host: leave out {' and '.join(looks)}, or --from")
    if source is not None and wait is not None:
        raise GivenError("--wait: what --from saved does not change; leave out one of them")
    checks = load_checks(folders)
    policy = settings.chosen(given, checks, verbose=verbose)
    outputs.try_files(reports)
    if save is not None:
        check_target(save)
    fail_on = policy.settings.fail_on or Class.CAUSE
    diagnosed = functools.partial(_diagnose, checks=checks, policy=policy)
    if wait is None:
        bundle = load(source) if source else _look(look)
    else:
        bundle = _wait(look, wait, diagnosed, fail_on=fail_on, strict=strict)
    if save is not None:
        save_bundle(bundle, save)  # before it is judged: what cannot be judged is needed most
    _, diagnosis = diagnosed(bundle)
    age = _age(bundle, replayed=source is not None)
    outputs.write(reports, diagnosis, verbose=verbose, age=age, fail_on=fail_on)
    settings.keep(given, diagnosis, policy)
    raise click.exceptions.Exit(exit_code(diagnosis, fail_on=fail_on, exit_zero=exit_zero, strict=strict))


@click.command(epilog=exits.epilog("collect"))
@options.with_(*options.CLUSTER_OPTIONS)
@click.argument("path", type=click.Path(path_type=Path))
def collect(path: Path, **look: Any) -> None:
    """Save what a look sees, without secrets, to PATH: a new directory, or a file ending in .tar.gz.

    `msdoctor run --from PATH` then gives the same report, on any machine and at any time.

    \b
      msdoctor collect seen.tar.gz
      msdoctor run --from seen.tar.gz
    """
    from msdoctor.collect import check_target, save

    check_target(path)
    bundle = _look(look)
    save(bundle, path)
    seen = sum(document.body is not None for document in bundle.documents.values())
    print_(f"{path}: {seen} documents, {len(bundle.documents) - seen} refused or absent\n")
    if not seen:
        click.echo(f"Nothing was seen; this says why: {called()} run --from {path}", err=True)
        raise click.exceptions.Exit(endings.UNDECIDED)
    click.echo(f"Read it before you pass it on. To diagnose it: {called()} run --from {path}", err=True)


def _given(look: dict[str, Any]) -> list[str]:
    names = {
        "kubeconfig": None,
        "context": None,
        "cluster": None,
        "user": None,
        "host_roots": (),
        "port_forward": False,
        "for_user": ("", ()),
    }
    return [f"--{name.rstrip('s').replace('_', '-')}" for name, default in names.items() if look.get(name) != default]


def _look(options: dict[str, Any]) -> Bundle:
    from msdoctor.collect import LookOptions, live
    from msdoctor.facts.wanted import wanted
    from msdoctor.progress import progress

    with progress() as show:
        return live(LookOptions(**options), wanted, show)


def _diagnose(bundle: Bundle, checks: Iterable[Check], policy: Policy) -> tuple[Cluster, Diagnosis]:
    from msdoctor.config.policy import apply
    from msdoctor.diagnose import diagnose
    from msdoctor.facts.cluster import read_facts
    from msdoctor.judge import judge

    cluster = read_facts(bundle)
    return cluster, apply(diagnose(cluster, judge(cluster, checks)), policy)


def _wait(
    look: dict[str, Any],
    seconds: float,
    diagnosed: Callable[[Bundle], tuple[Cluster, Diagnosis]],
    *,
    strict: bool,
    fail_on: Class,
) -> Bundle:
    """What the last look saw."""
    from msdoctor.cli.wait import Patience, until_healthy
    from msdoctor.waiting import Decision, decide, is_young

    def decided(bundle: Bundle) -> Decision:
        cluster, diagnosis = diagnosed(bundle)
        young = is_young(cluster.nodes, cluster.taken_at)
        return decide(diagnosis, young=young, fail_on=fail_on, strict=strict)

    return until_healthy(
        lambda most: _look({**look, "timeout": most}),
        decided,
        Patience(seconds, look["timeout"]),
        aside,
    )


def _age(bundle: Bundle, *, replayed: bool) -> str:
    """How old the data is, in words; of a replay, which may lie years back, in its largest unit."""
    if not replayed:
        return "just now"
    from datetime import UTC, datetime

    seconds = max(0, int((datetime.now(UTC) - bundle.taken_at).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"recorded {seconds // length} {unit} ago"
    return f"recorded {seconds} s ago"
