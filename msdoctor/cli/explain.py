"""The command `explain`: of a pasted text, of logs, or of an id."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from msdoctor.called import called
from msdoctor.cli import endings, exits, options, suggest, times
from msdoctor.cli.terminal import colour, print_, width
from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from msdoctor.explain import Hearing
    from msdoctor.reading import Reading
    from msdoctor.registry import Index
    from msdoctor.utterances.since import Since


@click.command(epilog=exits.epilog("explain"))
@options.with_(options.CHECKS_OPTION, options.FORMAT_OPTION)
@click.option("--list", "list_", is_flag=True, help="List every id that can be explained.")
@click.option(
    "--since",
    metavar="TIME",
    callback=times.since,
    help="Only what was said since: 90s, 1h30m or 2d ago, a date, or a time as in RFC 3339.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on as lines arrive, and say at once what they mean.")
@click.argument("words", nargs=-1, metavar="[TEXT|FILE...|-|ID]...", shell_complete=suggest.ids_or_files)
def explain(
    words: tuple[str, ...], folders: tuple[Path, ...], form: str, list_: bool, since: datetime | None, follow: bool
) -> None:
    """Say what a pasted error or a log means, or print an id's manual page.

    \b
      msdoctor explain 'x509: certificate is valid for 10.0.0.1, not 10.0.0.2'
      kubectl -n kube-system logs deploy/metrics-server | msdoctor explain -
      kubectl -n kube-system logs -f deploy/metrics-server | msdoctor explain -f -
      msdoctor explain metrics-server.log kubelet.log.gz
      msdoctor explain must-gather/
      msdoctor explain kubelet-cert-san-mismatch

    A word that names a file or a folder stands for what it holds. A file may be of any size, and packed (.gz, .xz,
    .bz2, .zst). Ctrl-C ends the reading, and what was found by then is printed.

    It looks at no cluster.
    """
    from msdoctor import registry

    index = registry.load_index(folders)
    if list_:
        print_("".join(f"{entry.id:38} {entry.title}\n" for entry in sorted(index.entries, key=lambda e: e.id)))
    elif not words:
        raise click.UsageError("give an error's text in quotes, a file, an id, or - for standard input")
    elif len(words) == 1 and _is_id(words[0]):
        _manual(index, words[0], form)
    else:
        _explain(index, words, form, since, follow)


def _is_id(word: str) -> bool:
    if "-" not in word or not word.replace("-", "").isalnum() or not word.islower():
        return False
    from msdoctor.pasted import is_there
    from msdoctor.vocabulary import VOCABULARY

    return word in VOCABULARY or not is_there(word)


def _manual(index: Index, check_id: str, form: str) -> None:
    from msdoctor.render import explain as page
    from msdoctor.vocabulary import VOCABULARY

    if any(entry.id == check_id for entry in index.entries):
        check = index.check(check_id)
        print_(page.manual_json(check) if form == "json" else page.manual_text(check, width(), colour()))
    elif check_id in VOCABULARY:
        entry = VOCABULARY[check_id]
        print_(page.name_json(entry) if form == "json" else page.name_text(entry))
    else:
        raise GivenError(_unknown_id(check_id, {*VOCABULARY, *(entry.id for entry in index.entries)}))


def _unknown_id(word: str, ids: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(ids), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"{called()} explain --list names the ids"
    return f"{word} is neither an id nor a file; {hint}"


def _explain(index: Index, words: tuple[str, ...], form: str, since: datetime | None, follow: bool) -> None:
    from msdoctor import pasted
    from msdoctor.explain import Hearing
    from msdoctor.interrupt import Interrupt
    from msdoctor.progress import reading
    from msdoctor.reading import Reading
    from msdoctor.render import explain as page

    what = pasted.given(words)
    if follow and (what.text or what.is_many):
        raise GivenError("--follow: give one file, or - for standard input")
    if what.is_input and not follow and sys.stdin is not None and sys.stdin.isatty():
        click.echo("Paste the text, then press Ctrl-D.", err=True)
    hearing = Hearing(index)
    with Interrupt() as interrupt:
        if follow:
            _follow(hearing, Reading(what, interrupt, hearing.note, since=_recent(since)), form)
        else:
            with reading() as show:
                for utterance in Reading(what, interrupt, hearing.note, show, _recent(since)).utterances():
                    hearing.hear(utterance)
    explanation = hearing.explanation()
    if interrupt.asked and not explanation.matches:
        raise click.Abort
    if form == "json":
        print_(page.json_(explanation, one_line=follow), "json")
    elif follow:
        print_(page.summary(explanation, width(), colour()))
    else:
        print_(page.text(explanation, width(), colour()))
    if interrupt.asked:
        click.echo("msdoctor: interrupted; this is what was found until then", err=True)
        raise click.exceptions.Exit(endings.INTERRUPTED)
    raise click.exceptions.Exit(0 if explanation.matches else 1)


def _recent(since: datetime | None) -> Since | None:
    if since is None:
        return None
    from datetime import UTC, datetime

    from msdoctor.utterances.since import Since

    return Since(since, datetime.now(UTC))


def _follow(hearing: Hearing, text: Reading, form: str) -> None:
    """Print what is new in the answer whenever something is, until the text ends or nobody reads any more."""
    from msdoctor.render import explain as page

    shown: set[tuple[object, ...]] = set()
    for batch in text.following():
        for utterance in batch:
            hearing.hear(utterance)
        explanation = hearing.explanation() if batch else None
        fresh = explanation.beside(shown) if explanation else None
        if not explanation or not fresh:
            continue
        shown |= {match.verdict for match in fresh.matches}
        answer = (
            page.json_(explanation, one_line=True) if form == "json" else page.text(fresh, width(), colour()) + "\n"
        )
        if not print_(answer, form):
            return
