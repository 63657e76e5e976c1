"""The group of commands: each is imported when it is called, so that none pays for another's start."""

from __future__ import annotations

import importlib
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from msdoctor.called import in_its_name
from msdoctor.cli.endings import ConfigurationProblem
from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

_Command = TypeVar("_Command", bound=click.Command)


@dataclass(frozen=True, slots=True)
class Later:
    """A command that is not imported yet: its module, its line in the help, and its name there if it is another."""

    module: str
    short_help: str
    name: str = ""


class Commands(click.Group):
    """Also turns what the user gave and cannot be used into one message, whichever part of msdoctor noticed it."""

    def __init__(self, *args: Any, later: Mapping[str, Later], hidden: Mapping[str, Later], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._later = later
        self._all = {**later, **hidden}
        for name, command in later.items():
            self.add_command(click.Command(name, short_help=command.short_help))  # its name and its line, for the lists

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself, imported now."""
        if cmd_name not in self._all:
            return super().get_command(ctx, cmd_name)
        later = self._all[cmd_name]
        command = getattr(importlib.import_module(later.module), later.name or cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  what the table says
        return self._in_its_name(command)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the group's own text."""
        super(Commands, self._in_its_name(self)).format_help_text(ctx, formatter)

    def _in_its_name(self, command: _Command) -> _Command:
        """A copy whose text names the commands as they were called."""
        named = copy(command)
        named.help = in_its_name(command.help or "", self._later)
        return named

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        """Write the list of commands in the table's order, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._later[name].short_help) for name in self._later])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the commands' names, without importing any, and the group's own options."""
        from click.shell_completion import CompletionItem

        names = [name for name in sorted(self._later) if name.startswith(incomplete)]
        items = [CompletionItem(name, help=self._later[name].short_help) for name in names]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except GivenError as error:
            raise ConfigurationProblem(str(error)) from error


class OnlyOptions(click.Command):
    """A command that takes nothing but options: they are what a shell completes an empty word with."""

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The options that begin like this."""
        return super().shell_complete(ctx, incomplete or "-")
