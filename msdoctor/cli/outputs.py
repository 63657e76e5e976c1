"""Where reports go: ``-o FORMAT[=FILE]``, repeated. Read, tried before anything is looked at, and written.

A command that reports a diagnosis takes ``OUTPUT_OPTION``, calls ``try_files`` before its work and ``write`` after it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from msdoctor.cli.terminal import aside, colour, print_, unicode, width
from msdoctor.errors import GivenError
from msdoctor.render.formats import FORMATS, Style, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from click.shell_completion import CompletionItem

    from msdoctor.diagnosis import Diagnosis

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Output:
    """One report: the name of its form, and its file, or None for standard output."""

    form: str
    file: Path | None = None


class _OutputType(click.ParamType[Output]):
    name = "output"

    def convert(self, value: str | Output, param: click.Parameter | None, ctx: click.Context | None) -> Output:
        """``FORMAT``, or ``FORMAT=FILE``, where ``-`` is standard output as well."""
        if isinstance(value, Output):
            return value
        form, equals, file = value.partition("=")
        if form not in FORMATS:
            self.fail(f"{form!r} is no format; {_instead(form)}", param, ctx)
        if equals and not file:
            self.fail(f"{value} names no file: give {form}=FILE, or leave out the = for standard output", param, ctx)
        return Output(form, None if file in ("", STANDARD_OUTPUT) else Path(file))

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The formats; after the equals sign, the shell's own files."""
        from click.shell_completion import CompletionItem

        form, equals, file = incomplete.partition("=")
        if equals:
            return [CompletionItem(file, type="file", prefix=f"{form}=")]
        return [CompletionItem(name, help=FORMATS[name].reader) for name in FORMATS if name.startswith(incomplete)]


def _instead(form: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(form.lower(), FORMATS, n=1)
    return f"did you mean {near[0]}?" if near else f"they are {', '.join(FORMATS)}"


def _distinct(_: click.Context, parameter: click.Parameter, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
    """Each place takes one report."""
    places: dict[Path | None, Output] = {}
    for output in outputs:
        place = output.file and output.file.resolve()
        other = places.setdefault(place, output)
        if other is output:
            continue
        if place is None:
            raise click.BadParameter(
                f"{other.form} and {output.form} would both go to standard output: give one of them a file, such as"
                f" {output.form}=FILE",
                param=parameter,
            )
        raise click.BadParameter(f"{other.form} and {output.form} would both go to {output.file}", param=parameter)
    return outputs


OUTPUT_OPTION = click.option(
    "-o",
    "--output",
    "reports",
    metavar="FORMAT[=FILE]",
    type=_OutputType(),
    multiple=True,
    default=("text",),
    callback=_distinct,
    help=f"How to report, and where to: {', '.join(FORMATS)}; without a FILE to standard output. May be repeated, each"
    " to a place of its own. Default: text.",
)


def try_files(outputs: Iterable[Output]) -> None:
    """Raise GivenError for a file that cannot be written, before anything is looked at for nothing."""
    for output in outputs:
        if output.file is not None:
            try_file(output.file)


def write(
    outputs: Sequence[Output], diagnosis: Diagnosis, *, verbose: bool = False, age: str = "", fail_on: str = "cause"
) -> None:
    """Each report to its place. All are written before GivenError tells which of them could not be."""
    problems = []
    on_paper = Style(verbose=verbose, age=age, fail_on=fail_on)
    on_screen = replace(on_paper, width=width(), colour=colour(), ascii_only=not unicode())
    for output in outputs:
        if output.file is None:
            print_(render(output.form, diagnosis, on_screen), output.form)
            continue
        try:
            write_file(output.file, render(output.form, diagnosis, on_paper).encode("utf-8", "backslashreplace"))
        except OSError as error:
            problems.append(f"{output.form}={output.file}: cannot be written: {error.strerror or error}")
    if any(output.form == "github" for output in outputs):
        _summarize(diagnosis, on_paper)
    if problems:
        raise GivenError("; ".join(problems))


def _summarize(diagnosis: Diagnosis, style: Style) -> None:
    """Add the job summary to the file that a runner of GitHub Actions names. Nobody asked for it, so none may fail."""
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if not file:
        return
    from msdoctor.render import github

    try:
        with Path(file).open("ab") as stream:
            stream.write(github.summary(diagnosis, style).encode("utf-8", "backslashreplace"))
    except OSError as error:
        aside(f"msdoctor: no job summary: {file}: {error.strerror or error}")


def try_file(file: Path) -> None:
    """Raise GivenError for a file that a report could not be written to."""
    if file.is_dir():
        raise GivenError(f"{file} is a directory; name a file in it for the report")
    if not _is_stream(file):
        target = file.resolve()
        if not target.parent.is_dir():
            raise GivenError(f"{file}: there is no directory {target.parent} for the report; make it first")
        try:
            _beside(target)[1].unlink()
        except OSError as error:
            raise GivenError(
                f"{file}: the report could not be written into {target.parent}: {error.strerror or error}"
            ) from None
    if file.exists() and not os.access(file, os.W_OK):
        raise GivenError(f"{file} is write-protected; name another file for the report")


def write_file(file: Path, content: bytes) -> None:
    """Beside the file and then renamed, so that nothing half-written ever bears its name; a pipe is written to."""
    if _is_stream(file):
        file.write_bytes(content)
        return
    target = file.resolve()
    descriptor, temporary = _beside(target)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            if target.exists():
                os.fchmod(stream.fileno(), stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _beside(target: Path) -> tuple[int, Path]:
    """A new file in the same directory, opened, with the permissions that the user's umask gives."""
    temporary = target.parent / f".msdoctor-{os.urandom(6).hex()}.tmp"
    return os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), temporary


def _is_stream(file: Path) -> bool:
    """Whether it is something that renaming would not fill: a pipe, a terminal, a descriptor under its /dev name."""
    return file.exists() and (not file.is_file() or file.absolute().parts[1] in ("dev", "proc"))
