"""How a run of the program ends: its exit codes, and what the user gave and cannot be used."""

import click

from msdoctor.cli.terminal import aside

USAGE_ERROR, UNDECIDED, INTERNAL_ERROR, INTERRUPTED = 2, 3, 4, 130


class ConfigurationProblem(click.ClickException):
    """Something the user gave cannot be used: one message, exit 2."""

    exit_code = USAGE_ERROR

    def show(self, file: object = None) -> None:  # noqa: ARG002  click's signature
        """Print it as this program's own."""
        aside(f"msdoctor: {self.format_message()}")
