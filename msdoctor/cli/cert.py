"""The command `cert`: what Go would say of a certificate."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from msdoctor.cli import endings, exits, options, suggest, times
from msdoctor.cli.terminal import aside, colour, print_, unicode, width
from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from datetime import datetime


@click.command(epilog=exits.epilog("cert"))
@click.option(
    "--ca",
    metavar="FILE",
    shell_complete=suggest.files,
    help="The CA certificates that will be trusted. Without it none is, and nothing is valid.",
)
@click.option(
    "--for",
    "name",
    metavar="NAME_OR_IP",
    help="The name or IP address at which it will be dialled. An ADDRESS has its own; a client needs none.",
)
@click.option(
    "--usage",
    type=click.Choice(["server", "client"]),
    default="server",
    show_default=True,
    help="What it is for: to serve, or to show to a server.",
)
@click.option(
    "--at",
    metavar="TIME",
    callback=times.moment,
    help="Judge it as of this time: a date, or a time as in RFC 3339 (default: now).",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=10,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="Seconds for the handshake with an ADDRESS.",
)
@options.FORMAT_OPTION
@click.argument("word", metavar="FILE|ADDRESS|-", shell_complete=suggest.files)
def cert(
    word: str, ca: str | None, name: str | None, usage: str, at: datetime | None, timeout: float, form: str
) -> None:
    """Judge a certificate as Go would: as metrics-server, the API server and kubelets judge each other's.

    \b
      msdoctor cert node1.pem --ca ca.pem --for 192.168.10.51
      msdoctor cert 192.168.10.51:10250 --ca ca.pem
      msdoctor cert front-proxy.pem --ca front-proxy-ca.pem --usage client
      msdoctor cert node1.pem --ca ca.pem --for k8s-node1 --at 2027-01-31

    A file holds PEM, intermediates after the certificate itself, or DER. An address is HOST:PORT or an https:// URL;
    no credential is sent there. A word is taken for a file if there is one of that name.
    """
    from datetime import UTC, datetime

    from msdoctor.bundle import Refusal
    from msdoctor.cert import report
    from msdoctor.collect import certificates
    from msdoctor.render import cert as page
    from msdoctor.x509 import Usage

    target = certificates.target(word)
    trusted = None if ca is None else certificates.in_file(ca, "--ca")
    for hint in filter(None, (target.note, _port_hint(name))):
        click.echo(hint, err=True)
    if word == "-" and sys.stdin is not None and sys.stdin.isatty():
        click.echo("Paste the certificate, then press Ctrl-D.", err=True)
    shown = certificates.show(target, name, timeout)
    if isinstance(shown, Refusal):
        aside(f"msdoctor: {certificates.not_shown(target, shown)}")
        raise click.exceptions.Exit(endings.UNDECIDED)
    if name is None and usage == "server":
        name = target.host or _name_needed(word)
    judged = report(shown.chain, trusted, name=name, usage=Usage(usage), at=at or datetime.now(UTC))
    if form == "json":
        print_(page.json_(judged), "json")
    else:
        source = page.Source(shown.where, ca or "", shown.acceptable_cas)
        print_(page.text(judged, source, width=width(), colour=colour(), ascii_only=not unicode()))
    raise click.exceptions.Exit(0 if judged.valid else 1)


def _port_hint(name: str | None) -> str:
    if name is None or not re.fullmatch(r"[^:]+:\d+|\[.*\]:\d+", name):
        return ""
    return f"--for {name}: taken as it stands, port included; a name or an address has none"


def _name_needed(word: str) -> NoReturn:
    raise GivenError(f"{word}: say by which name or address it will be dialled: --for NAME_OR_IP")
