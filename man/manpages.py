"""The manual pages, made of what the commands' own help says: `make man` writes them.

A page says nothing about a command that its help does not say; only ENVIRONMENT and FILES are written here.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from msdoctor import __version__
from msdoctor.cli import COMMANDS, cli
from msdoctor.cli.exits import EXITS

FOLDER = Path(__file__).parent
TITLE = "find the one cause why kubectl top and HPAs have no metrics"

LOOKS = ("run", "collect")
REPORTS = ("run", "preflight")
EXPLAINS = ("run", "preflight", "explain", "checks")
EVERY = tuple(COMMANDS)

# Name, what it is for, and the commands that heed it.
ENVIRONMENT = (
    ("KUBECONFIG", "Kubeconfig files, between colons, that are merged as kubectl does it.", LOOKS),
    (
        "HTTPS_PROXY, NO_PROXY",
        "The way to the API server, also in lower case, where the kubeconfig has no proxy-url.",
        LOOKS,
    ),
    ("KUBERNETES_SERVICE_HOST", "Set in a pod, which then needs no kubeconfig.", LOOKS),
    ("GITHUB_STEP_SUMMARY", "The file that the job summary of -o github is added to.", REPORTS),
    ("HOME", "Where .kube/config is, and where the search for msdoctor.yaml ends.", (*LOOKS, "preflight")),
    ("NO_COLOR", "Where it is set to anything, nothing is coloured.", EVERY),
    ("TERM", "A dumb terminal gets no colour and no progress.", EVERY),
    ("XDG_CACHE_HOME", "Where the index of checks is kept, instead of ~/.cache.", EXPLAINS),
    ("MSDOCTOR_DEBUG", "Where it is set to anything, an internal error shows where it happened.", EVERY),
)
FILES = (
    ("~/.kube/config", "The kubeconfig, where neither an option nor KUBECONFIG names one.", LOOKS),
    (
        "/var/run/secrets/kubernetes.io/serviceaccount",
        "Whose token and CA are used in a pod without kubeconfig.",
        LOOKS,
    ),
    (
        "msdoctor.yaml",
        (
            "Settings: the nearest one, from the working directory up to the root of the repository or the home"
            " directory. `msdoctor version --schema=config` prints its schema."
        ),
        REPORTS,
    ),
    ("~/.cache/msdoctor", "The index of checks. It is made anew where it is missing.", EXPLAINS),
)


def pages() -> dict[str, str]:
    """Each page by its file's name. The date in the second line is the day of the writing."""
    whole = {"msdoctor.1": _page("", cli)}
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None  # noqa: S101  what the table says
        whole[f"msdoctor-{name}.1"] = _page(name, command)
    return whole


def without_date(page: str) -> str:
    """A page as it would be on any other day."""
    return re.sub(r'^(\.TH \S+ 1 )"[^"]*"', r'\1""', page, flags=re.MULTILINE)


def _page(name: str, command: click.Command) -> str:
    full = f"msdoctor-{name}" if name else "msdoctor"
    short = COMMANDS[name].short_help.rstrip(".") if name else TITLE
    context = click.Context(command, info_name=f"msdoctor {name}".strip(), help_option_names=["-h", "--help"])
    lines = [
        '.\\" Made of the help of msdoctor by `make man`: change that.',
        f'.TH {full.upper()} 1 "{datetime.now(UTC):%Y-%m-%d}" "msdoctor {__version__}" "msdoctor"',
        ".nh",  # ids and options are not to be broken
        ".ad l",
        ".SH NAME",
        f"{_text(full)} \\- {_text(short[0].lower() + short[1:])}",
        ".SH SYNOPSIS",
        *_synopsis(command, context),
        *_description(command),
        *(_commands() if not name else ()),
        *_entries("OPTIONS", _options(command, context)),
        *_entries("EXIT STATUS", ((f"\\fB{code}\\fR", text) for code, text in EXITS[name].items())),
        *_entries("ENVIRONMENT", _heeded(ENVIRONMENT, name)),
        *_entries("FILES", _heeded(FILES, name)),
        *_examples(command),
        *_see_also(name),
    ]
    return "\n".join(lines) + "\n"


def _synopsis(command: click.Command, context: click.Context) -> Iterator[str]:
    words = " ".join(command.collect_usage_pieces(context))
    name = "msdoctor" if isinstance(command, click.Group) else f"msdoctor {command.name}"
    yield f"\\fB{_text(name)}\\fR {_text(words)}"
    yield ".br"
    yield f"\\fBkubectl {_text(name)}\\fR {_text(words)}"


def _description(command: click.Command) -> Iterator[str]:
    yield ".SH DESCRIPTION"
    begun = False
    for paragraph in _paragraphs(command):
        if paragraph == _example_of(command):
            continue
        if begun:
            yield ".PP"
        begun = True
        yield from _block(paragraph)


def _examples(command: click.Command) -> Iterator[str]:
    lines = _example_of(command).removeprefix("\b\n").splitlines()
    if lines:
        yield ".SH EXAMPLES"
    for number, line in enumerate(lines):
        typed, *meaning = re.split(r"\s{2,}", line.strip(), maxsplit=1)
        if meaning:
            yield from (".TP", _bold(typed), *_wrapped(meaning[0]))
        else:
            yield from (".PP", _bold(typed)) if number else (_bold(typed),)


def _example_of(command: click.Command) -> str:
    """The one block of lines as typed in a help; where there are several, they belong to what is said between them."""
    blocks = [paragraph for paragraph in _paragraphs(command) if paragraph.startswith("\b")]
    return blocks[0] if len(blocks) == 1 else ""


def _commands() -> Iterator[str]:
    entries = ((_bold(name), later.short_help) for name, later in COMMANDS.items())
    yield from _entries("COMMANDS", entries)
    yield ".PP"
    yield "Each has a page of its own, such as"
    yield ".BR msdoctor\\-run (1)."


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and isinstance(parameter, click.Option):
            names, help_ = record
            yield ", ".join(_option(name) for name in names.split(", ")), help_


def _option(name: str) -> str:
    """``--output FORMAT[=FILE]``: what is typed is bold, what stands for something is not."""
    typed, _, value = name.partition(" ")
    return _bold(typed) + (f" \\fI{_text(value)}\\fR" if value else "")


def _heeded(table: Iterable[tuple[str, str, tuple[str, ...]]], name: str) -> Iterator[tuple[str, str]]:
    """What a command heeds of it; the program's page has all."""
    for what, text, commands in table:
        if not name or name in commands:
            yield _bold(what), text


def _see_also(name: str) -> Iterator[str]:
    yield ".SH SEE ALSO"
    others = ["msdoctor"] if name else []
    others += [f"msdoctor-{other}" for other in COMMANDS if other != name]
    for other in others:
        yield f".BR {_text(other)} (1),"
    yield ".BR kubectl (1)"


def _entries(title: str, entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """A section of terms, each with its explanation, and none where there is no entry."""
    listed = list(entries)
    if listed:
        yield f".SH {title}"
    for term, text in listed:
        yield from (".TP", term, *_wrapped(text))


def _paragraphs(command: click.Command) -> list[str]:
    return re.split(r"\n\s*\n", inspect.cleandoc(command.help or ""))


def _block(paragraph: str) -> Iterator[str]:
    """A paragraph of a help: text, or, behind click's mark, lines that stay as they are."""
    if not paragraph.startswith("\b"):
        yield from _wrapped(paragraph)
        return
    typed = textwrap.dedent(paragraph.removeprefix("\b\n"))
    yield from (".nf", *(_line(_text(line)) for line in typed.splitlines()), ".fi")


def _wrapped(text: str) -> list[str]:
    """Running text; what stands between backticks is bold."""
    marked = re.sub(r"`([^`]*)`", lambda match: f"\\fB{match[1]}\\fR", " ".join(text.split()))
    parts = re.split(r"(\\f[BR])", marked)
    escaped = "".join(part if part.startswith("\\f") else _text(part) for part in parts)
    lines = textwrap.wrap(escaped, 78, break_long_words=False, break_on_hyphens=False)
    return [_line(line) for line in lines]


def _bold(text: str) -> str:
    return f"\\fB{_text(text)}\\fR"


def _text(text: str) -> str:
    """Text whose signs stay what they are: roff would make dashes, accents and slanted quotes of some."""
    signs = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "~": "\\(ti", "^": "\\(ha"}
    return "".join(signs.get(sign, sign) for sign in text)


def _line(line: str) -> str:
    return f"\\&{line}" if line.startswith((".", "'")) else line


def main() -> None:
    """Write the pages that have changed, and remove those of commands that are gone."""
    whole = pages()
    for old in FOLDER.glob("*.1"):
        if old.name not in whole:
            old.unlink()
    for name, page in whole.items():
        file = FOLDER / name
        if not file.exists() or without_date(file.read_text("utf-8")) != without_date(page):
            file.write_text(page, "utf-8")
            sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
