"""The command line: parse arguments, run the steps in their order, choose the exit code. No judgement lives here."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import click

from msdoctor.called import called
from msdoctor.cli import endings, exits, terminal
from msdoctor.cli.group import Commands, Later

COMMANDS = {
    "run": Later("msdoctor.cli.run", "Look at a cluster or a saved bundle, and say what is the matter."),
    "preflight": Later("msdoctor.cli.preflight", "Judge a repository before a cluster is made of it."),
    "collect": Later("msdoctor.cli.run", "Save what a look sees, without secrets, to diagnose it elsewhere."),
    "explain": Later("msdoctor.cli.explain", "Say what a pasted error or a log means, or print an id's manual page."),
    "cert": Later("msdoctor.cli.cert", "Judge a certificate as Go would, before it is rolled out."),
    "checks": Later("msdoctor.cli.listings", "List every check: its hop, what it finds, and its title."),
    "version": Later("msdoctor.cli.listings", "Print the version, or a JSON Schema."),
    "completion": Later("msdoctor.cli.completion", "Print a script that lets a shell complete msdoctor's words."),
}
HIDDEN = {"__complete": Later("msdoctor.cli.completion", "", "complete")}


@click.group(
    cls=Commands,
    later=COMMANDS,
    hidden=HIDDEN,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": terminal.WIDEST},
    epilog=exits.epilog(),
)
def cli() -> None:
    """Find the one cause why `kubectl top` and HPAs have no metrics, and how to heal it.

    \b
      msdoctor run                     look at the cluster of the current context
      msdoctor explain 'ERROR TEXT'    say what a pasted error means
      msdoctor preflight .             judge the files a cluster will be made of
      msdoctor COMMAND --help          what a command does, and its options

    It never writes to a cluster.
    """


def main() -> NoReturn:
    """Run, and turn every way to end into its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign gets a question mark, never a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        code = cli.main(prog_name=called(), standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        click.echo("msdoctor: interrupted", err=True)
        sys.exit(endings.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(endings.USAGE_ERROR)
    except Exception as error:
        if os.environ.get("MSDOCTOR_DEBUG"):
            raise
        click.echo(
            f"msdoctor: internal error: {type(error).__name__}: {error}\n"
            "Run it again with MSDOCTOR_DEBUG=1 to see where, and report that with a bundle from"
            f" `{called()} collect`.",
            err=True,
        )
        sys.exit(endings.INTERNAL_ERROR)
    sys.exit(code or 0)
