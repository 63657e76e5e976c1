"""What may stand next on a command line: the answer to a shell that completes a word.

The answer is in the form that programs made with cobra give, and that kubectl asks its plug-ins for (its
pkg/cmd/plugin/plugin_completion.go, cobra's completions.go): a line for each candidate, with a tab before what explains
it, and in the last line a colon and a number, whose bits say what the shell may add.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, ShellComplete

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NO_SPACE_AFTER = ("/", "=", ":", ",")
LONGEST_HELP = 90


class Directive(IntFlag):
    """Cobra's ShellCompDirective."""

    FILES = 0  # where there is no candidate
    ERROR = 1
    NO_SPACE = 2
    NO_FILES = 4
    DIRECTORIES = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """Candidates, each the whole word with what explains it, and what the shell may do besides."""

    candidates: tuple[tuple[str, str], ...]
    directive: Directive

    def __str__(self) -> str:
        lines = [f"{word}\t{help_}" if help_ else word for word, help_ in self.candidates]
        return "".join(f"{line}\n" for line in (*lines, f":{self.directive:d}"))


def answer(command: click.Command, words: Sequence[str], *, as_cobra: bool = False) -> Answer:
    """What may stand in place of the last word, which may be empty. The program's own name is none of the words.

    ``as_cobra``: of ``--option=value`` only the value, which is what the scripts of programs made with cobra expect.
    """
    *before, word = words or [""]
    if _is_unknown(command, before):
        return Answer((), Directive.NO_FILES)
    items = ShellComplete(command, {}, "msdoctor", "").get_completions([_expanded(each) for each in before], word)
    option = word[: word.index("=") + 1] if word.startswith("--") and "=" in word else ""
    paths = [item for item in items if item.type in ("file", "dir")]
    if len(paths) == len(items) == 1 and not option and not paths[0].prefix:
        # The shell's own way with files knows ~, variables and quotes.
        return Answer((), Directive.DIRECTORIES if paths[0].type == "dir" else Directive.FILES)
    found = dict(_candidates(items, option))
    kept = tuple((each, help_) for each, help_ in found.items() if each.startswith(word) and each.isprintable())
    if as_cobra:
        kept = tuple((each.removeprefix(option), help_) for each, help_ in kept)
    spaceless = any(each.endswith(NO_SPACE_AFTER) for each, _ in kept)
    return Answer(kept, Directive.NO_FILES | (Directive.NO_SPACE if spaceless else 0))


def unquoted(word: str) -> str:
    """A word as the shell will hand it over, of what was typed; it may lack its closing quote.

    >>> [unquoted(word) for word in ("a\\\\ b", "'a b", "it=\\"a b\\"", "")]
    ['a b', 'a b', 'it=a b', '']
    """
    import shlex

    lexer = shlex.shlex(word, posix=True)
    lexer.whitespace = ""
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return lexer.get_token() or ""
    except ValueError:  # it stands in lexer.token, up to where the closing quote is missing
        return lexer.token


def kubectl() -> None:
    """The program ``kubectl_complete-msdoctor``."""
    from msdoctor.cli import cli

    cli.main(["__complete", "--", *sys.argv[1:]], prog_name="msdoctor")


def _is_unknown(command: click.Command, before: Sequence[str]) -> bool:
    """Whether the first word is no command; click would go on as if it were not there."""
    first = next((word for word in before if not word.startswith("-")), None)
    if first is None or not isinstance(command, click.Group):
        return False
    return command.get_command(click.Context(command), first) is None


def _expanded(word: str) -> str:
    """Variables and ~, which a shell has left as they were typed."""
    return os.path.expandvars(os.path.expanduser(word))  # noqa: PTH111  a word, mostly no path


def _candidates(items: Iterable[CompletionItem[Any]], option: str) -> Iterator[tuple[str, str]]:
    for item in items:
        prefix = f"{option}{item.prefix or ''}"
        if item.type == "plain":
            yield f"{prefix}{item.value}", _short(item.help or "")
        else:
            for path in _paths(item.value, directories=item.type == "dir"):
                yield f"{prefix}{path}", ""


def _paths(begun: str, *, directories: bool) -> Iterator[str]:
    """Files and directories whose path begins like this, those with a dot in front only where it is typed."""
    folder, slash, name = begun.rpartition("/")
    try:
        found = sorted(os.scandir(os.path.expanduser(folder + slash) or "."), key=lambda entry: entry.name)  # noqa: PTH111
    except OSError:
        return
    for entry in found:
        if entry.name.startswith(name) and (name.startswith(".") or not entry.name.startswith(".")):
            if entry.is_dir():
                yield f"{folder}{slash}{entry.name}/"
            elif not directories:
                yield f"{folder}{slash}{entry.name}"


def _short(help_: str) -> str:
    """The first sentence, in one line.

    >>> _short("Look again, for at most so long,\\nsuch as 5m. Ends at once where waiting heals nothing.")
    'Look again, for at most so long, such as 5m.'
    """
    line = " ".join(help_.split())
    end = line.find(". ") + 1
    line = line[:end] if end else line
    return line if len(line) <= LONGEST_HELP else f"{line[: LONGEST_HELP - 1].rstrip()}…"
