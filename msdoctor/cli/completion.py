"""The command `completion`, and the hidden one that its scripts ask."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from msdoctor.cli import exits
from msdoctor.cli.terminal import print_

if TYPE_CHECKING:
    from collections.abc import Sequence

SCRIPTS = {
    "bash": "msdoctor.bash",
    "zsh": "msdoctor.zsh",
    "fish": "msdoctor.fish",
    "kubectl": "kubectl_complete-msdoctor",
}


@click.command(epilog=exits.epilog("completion"))
@click.argument("shell", metavar="SHELL", type=click.Choice(list(SCRIPTS)))
def completion(shell: str) -> None:
    """Print a script that lets SHELL, which is bash, zsh or fish, complete msdoctor's words.

    It completes commands, options and their values: contexts of the kubeconfig, ids with their titles, files, and
    namespaces of the cluster where it answers within two seconds.

    In this shell, now:

    \b
      source <(msdoctor completion bash)    in bash
      source <(msdoctor completion zsh)     in zsh
      msdoctor completion fish | source     in fish

    For good:

    \b
      bash  echo 'source <(msdoctor completion bash)' >> ~/.bashrc
      zsh   echo 'source <(msdoctor completion zsh)' >> ~/.zshrc
            (below compinit, where you call it yourself)
      fish  mkdir -p ~/.config/fish/completions
            msdoctor completion fish > ~/.config/fish/completions/msdoctor.fish

    `kubectl msdoctor` is completed by kubectl's own completion, which asks the program kubectl_complete-msdoctor on
    the PATH. pip installs it; where it is missing, make it:

    \b
      msdoctor completion kubectl > ~/.local/bin/kubectl_complete-msdoctor
      chmod +x ~/.local/bin/kubectl_complete-msdoctor
    """
    from importlib.resources import files

    print_(files("msdoctor.cli").joinpath("shells", SCRIPTS[shell]).read_text("utf-8"))


@click.command(
    "__complete",
    hidden=True,
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--quoted", is_flag=True, help="For msdoctor's own scripts: the words are as they were typed, quotes and all."
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def complete(context: click.Context, words: Sequence[str], quoted: bool) -> None:
    """Print what may stand in place of the last of these words."""
    from msdoctor.cli.completing import Answer, Directive, answer, unquoted

    try:
        given = [unquoted(word) for word in words] if quoted else words
        found = answer(context.find_root().command, given, as_cobra=not quoted)
    except Exception:
        # Whoever is in the middle of a line wants no message, whatever it was.
        if os.environ.get("MSDOCTOR_DEBUG"):
            raise
        found = Answer((), Directive.ERROR)
    print_(str(found))
