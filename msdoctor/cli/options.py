"""Options that several commands have, and how their values are read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from msdoctor.cli import suggest

if TYPE_CHECKING:
    from collections.abc import Callable


def _host_root(
    _context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str | None, Path], ...]:
    """``NODE=DIR`` or ``DIR``; a directory's own name may hold an equals sign after a slash."""
    roots: list[tuple[str | None, Path]] = []
    for value in values:
        name, equals, folder = value.partition("=")
        named = bool(equals) and "/" not in name
        roots.append((name, Path(folder)) if named else (None, Path(value)))
    return tuple(roots)


def _for_user(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, tuple[str, ...]]:
    """``NAME[,GROUP…]``; nobody is ``("", ())``."""
    name, *groups = [part.strip() for part in (value or "").split(",")]
    if value is not None and not (name and all(groups)):
        raise click.BadParameter(f'"{value}" is not NAME[,GROUP...]')
    return name, tuple(groups)


CLUSTER_OPTIONS = (
    click.option(
        "--kubeconfig",
        metavar="FILE",
        shell_complete=suggest.files,
        help="Kubeconfig file (default: $KUBECONFIG, then ~/.kube/config).",
    ),
    click.option(
        "--context",
        metavar="NAME",
        shell_complete=suggest.contexts,
        help="Context in it (default: its current-context).",
    ),
    click.option(
        "--cluster", metavar="NAME", shell_complete=suggest.clusters, help="Cluster in it, instead of the context's."
    ),
    click.option("--user", metavar="NAME", shell_complete=suggest.users, help="User in it, instead of the context's."),
    click.option(
        "--host-root",
        "host_roots",
        metavar="[NODE=]DIR",
        multiple=True,
        callback=_host_root,
        shell_complete=suggest.host_roots,
        help="A host's root directory, or a copy of its files: shows the API server's flags and the certificates on"
        " disk. NODE defaults to what its /etc/hostname says. May be repeated.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        default=60,
        show_default=True,
        type=click.FloatRange(min=0.1),
        help="Seconds for the whole look; what has not answered by then is reported as not seen.",
    ),
    click.option(
        "--port-forward",
        is_flag=True,
        help="Also read the certificate that metrics-server serves, by a port-forward to its pod.",
    ),
    click.option(
        "--for-user",
        metavar="NAME[,GROUP...]",
        callback=_for_user,
        shell_complete=suggest.accounts,
        help="Also ask what somebody else may read, such as system:serviceaccount:NAMESPACE:NAME. Groups are those"
        " besides the ones that the API server gives to everybody, or to every ServiceAccount.",
    ),
)
CHECKS_OPTION = click.option(
    "--checks",
    "folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    shell_complete=suggest.directories,
    help="A folder with checks of your own, beside the bundled ones. May be repeated.",
)
FORMAT_OPTION = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Print text for a person, or JSON for a program.",
)

F = TypeVar("F", bound="Callable[..., Any]")


def with_(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, listed in `--help` in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
