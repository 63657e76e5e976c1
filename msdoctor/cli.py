"""The command line: parse arguments, run the steps in their order, choose the exit code. No judgement lives here."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from msdoctor import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from msdoctor.bundle import Bundle
    from msdoctor.diagnose import Diagnosis
    from msdoctor.model import Check
    from msdoctor.registry import Index
    from msdoctor.utterances import Utterance

USAGE_ERROR, UNDECIDED, INTERNAL_ERROR, INTERRUPTED = 2, 3, 4, 130
WIDEST = 100


class ConfigurationProblem(click.ClickException):
    """Something the user gave cannot be used: one message, exit 2."""

    exit_code = USAGE_ERROR

    def show(self, file: object = None) -> None:  # noqa: ARG002  click's signature
        """Print it as this program's own."""
        click.echo(f"msdoctor: {self.format_message()}", err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST})
def cli() -> None:
    r"""Find the one cause why `kubectl top` and HPAs have no metrics, and how to heal it.

    \b
    Exit codes: 0 metrics flow   1 a cause was found   2 usage or configuration
                3 undecided      4 internal error      130 interrupted
    """


def main() -> NoReturn:
    """Run, and turn every way to end into its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign gets a question mark, never a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        code = cli.main(prog_name=_program(), standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`| head`); the interpreter must not complain about it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE_ERROR)
    except Exception as error:
        if os.environ.get("MSDOCTOR_DEBUG"):
            raise
        click.echo(
            f"msdoctor: internal error: {type(error).__name__}: {error}\n"
            "Run it again with MSDOCTOR_DEBUG=1 to see where, and report that with a bundle from `msdoctor collect`.",
            err=True,
        )
        sys.exit(INTERNAL_ERROR)
    sys.exit(code or 0)


def _program() -> str:
    return "kubectl msdoctor" if Path(sys.argv[0]).name.startswith("kubectl-") else "msdoctor"


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


CLUSTER_OPTIONS = (
    click.option("--kubeconfig", metavar="FILE", help="Kubeconfig file (default: $KUBECONFIG, then ~/.kube/config)."),
    click.option("--context", metavar="NAME", help="Context of the kubeconfig."),
    click.option("--cluster", metavar="NAME", help="Cluster of the kubeconfig."),
    click.option("--user", metavar="NAME", help="User of the kubeconfig."),
    click.option(
        "--host-root",
        "host_roots",
        metavar="[NODE=]DIR",
        multiple=True,
        callback=_host_root,
        help="A host's file system, or a copy of it, to read flags and certificates from. May be repeated.",
    ),
    click.option(
        "--timeout", default=60.0, show_default=True, type=click.FloatRange(min=0.1), help="Seconds for the look."
    ),
    click.option(
        "--port-forward", is_flag=True, help="Also read the certificate that metrics-server serves, by port-forward."
    ),
)
CHECKS_OPTION = click.option(
    "--checks",
    "folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="More checks. May be repeated.",
)
FORMAT_OPTION = click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="Format."
)


F = TypeVar("F", bound="Callable[..., Any]")


def _with(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, listed in `--help` in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@cli.command()
@_with(*CLUSTER_OPTIONS, CHECKS_OPTION, FORMAT_OPTION)
@click.option("--from", "source", metavar="BUNDLE", type=click.Path(path_type=Path), help="Diagnose a saved bundle.")
@click.option(
    "--save", metavar="PATH", type=click.Path(path_type=Path), help="Also save what was seen, as `collect` does."
)
@click.option(
    "--fail-on", type=click.Choice(["cause", "risk"]), default="cause", show_default=True, help="What exits 1."
)
@click.option("--exit-zero", is_flag=True, help="Exit 0 even when a cause was found.")
@click.option("--strict", is_flag=True, help="Exit 3 when anything was not seen.")
@click.option("-v", "--verbose", is_flag=True, help="Also the five requirements and every check's outcome.")
def run(
    source: Path | None,
    save: Path | None,
    folders: tuple[Path, ...],
    form: str,
    fail_on: str,
    exit_zero: bool,
    strict: bool,
    verbose: bool,
    **look: Any,
) -> None:
    """Look at a cluster, or at a saved bundle, and say what is the matter."""
    from msdoctor.diagnose import exit_code
    from msdoctor.model import Class
    from msdoctor.render import report_json, report_text

    if source is not None and (given := _given(look)):
        raise ConfigurationProblem(f"--from replays what was collected then; {', '.join(given)} cannot be used with it")
    checks = _load_checks(folders)
    bundle = _load_bundle(source) if source else _look(look)
    if save is not None:
        _save(bundle, save)
    diagnosis = _diagnose(bundle, checks)
    if form == "json":
        click.echo(report_json.json_(diagnosis), nl=False)
    else:
        age = _age(bundle, replayed=source is not None)
        text = report_text.text(
            diagnosis, width=_width(), colour=_colour(), verbose=verbose, age=age, ascii_only=not _unicode()
        )
        click.echo(text.rstrip("\n"), color=_colour())
    raise click.exceptions.Exit(exit_code(diagnosis, fail_on=Class(fail_on), exit_zero=exit_zero, strict=strict))


@cli.command()
@_with(*CLUSTER_OPTIONS)
@click.argument("path", type=click.Path(path_type=Path))
def collect(path: Path, **look: Any) -> None:
    """Save what a look sees, without secrets, to PATH: a directory, or a file ending in .tar.gz.

    `msdoctor run --from PATH` then gives the same report, on any machine and at any time.
    """
    bundle = _look(look)
    _save(bundle, path)
    seen = sum(document.body is not None for document in bundle.documents.values())
    click.echo(f"{path}: {seen} documents, {len(bundle.documents) - seen} refused or absent")
    click.echo(f"Read it before you pass it on, and replay it with: msdoctor run --from {path}", err=True)


@cli.command()
@_with(CHECKS_OPTION, FORMAT_OPTION)
@click.option("--list", "list_", is_flag=True, help="List every id that can be explained.")
@click.argument("words", nargs=-1, metavar="[TEXT|FILE|-|ID]...")
def explain(words: tuple[str, ...], folders: tuple[Path, ...], form: str, list_: bool) -> None:
    """Say what a pasted error means, or print an id's manual page.

    TEXT is the error itself, in quotes; - reads it from standard input; a FILE's name, from that file.
    """
    from msdoctor import registry

    try:
        index = registry.load_index(folders)
        if list_:
            _list_ids(index)
        elif not words:
            raise click.UsageError("give an error's text in quotes, a file, an id, or - for standard input")
        elif len(words) == 1 and _is_id(words[0]):
            _manual(index, words[0], form)
        else:
            _explain(index, words, form)
    except registry.RegistryError as error:
        raise ConfigurationProblem(str(error)) from error


@cli.command()
@_with(CHECKS_OPTION, FORMAT_OPTION)
def checks(folders: tuple[Path, ...], form: str) -> None:
    """List every check: its hop, what it finds, and its title."""
    found = _load_checks(folders)
    if form == "json":
        import json

        items = [{"id": c.id, "hop": c.hop, "class": c.cls, "title": c.title, "file": c.file} for c in found]
        click.echo(json.dumps({"schemaVersion": "1", "checks": items}, indent=2))
        return
    from tabulate import tabulate

    rows = [(check.hop, check.cls, check.id, check.title) for check in sorted(found, key=lambda c: (c.hop, c.id))]
    columns = [None, None, None, max(30, _width() - 57)]
    click.echo(tabulate(rows, headers=("hop", "class", "id", "title"), tablefmt="plain", maxcolwidths=columns))


@cli.command()
@click.option("--schema", is_flag=True, help="Print the JSON Schema of `run -o json`.")
def version(schema: bool) -> None:
    """Print the version, or the JSON Schema of reports."""
    if schema:
        from msdoctor.render import report_json

        click.echo(report_json.schema(), nl=False)
    else:
        click.echo(f"msdoctor {__version__}")


def _given(look: dict[str, Any]) -> list[str]:
    names = {
        "kubeconfig": None,
        "context": None,
        "cluster": None,
        "user": None,
        "host_roots": (),
        "port_forward": False,
    }
    return [f"--{name.rstrip('s').replace('_', '-')}" for name, default in names.items() if look.get(name) != default]


def _load_checks(folders: tuple[Path, ...]) -> tuple[Check, ...]:
    from msdoctor import registry

    try:
        return registry.load(folders)
    except registry.RegistryError as error:
        raise ConfigurationProblem(str(error)) from error


def _load_bundle(path: Path) -> Bundle:
    from msdoctor.collect import ConfigurationError, load

    try:
        return load(path)
    except ConfigurationError as error:
        raise ConfigurationProblem(str(error)) from error


def _save(bundle: Bundle, path: Path) -> None:
    from msdoctor.collect import ConfigurationError, save

    try:
        save(bundle, path)
    except ConfigurationError as error:
        raise ConfigurationProblem(str(error)) from error


def _look(options: dict[str, Any]) -> Bundle:
    from msdoctor.collect import ConfigurationError, LookOptions, live
    from msdoctor.facts.wanted import wanted
    from msdoctor.progress import progress

    try:
        with progress() as show:
            return live(LookOptions(**options), wanted, show)
    except ConfigurationError as error:
        raise ConfigurationProblem(str(error)) from error


def _diagnose(bundle: Bundle, checks: Iterable[Check]) -> Diagnosis:
    from msdoctor.diagnose import diagnose
    from msdoctor.facts.cluster import read_facts
    from msdoctor.judge import judge

    cluster = read_facts(bundle)
    return diagnose(cluster, judge(cluster, checks))


def _age(bundle: Bundle, *, replayed: bool) -> str:
    """How old the data is, in words; of a replay, which may lie years back, in its largest unit."""
    if not replayed:
        return "just now"
    from datetime import UTC, datetime

    seconds = max(0, int((datetime.now(UTC) - bundle.taken_at).total_seconds()))
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"recorded {seconds // length} {unit} ago"
    return f"recorded {seconds} s ago"


def _is_id(word: str) -> bool:
    from msdoctor.vocabulary import VOCABULARY

    shaped = word.replace("-", "").isalnum() and word.islower() and "-" in word and " " not in word
    return word in VOCABULARY or (shaped and not Path(word).exists())


def _manual(index: Index, check_id: str, form: str) -> None:
    from msdoctor.render import explain as page
    from msdoctor.vocabulary import VOCABULARY

    if any(entry.id == check_id for entry in index.entries):
        check = index.check(check_id)
        click.echo(
            page.manual_json(check) if form == "json" else page.manual_text(check, _width(), _colour()), nl=False
        )
        return
    if check_id in VOCABULARY:
        term = VOCABULARY[check_id]
        click.echo(f"{check_id}: {term.title}\nThis version has no check for it yet, and so no manual page.")
        return
    from difflib import get_close_matches

    near = get_close_matches(check_id, [*VOCABULARY, *(entry.id for entry in index.entries)], n=3)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; see msdoctor explain --list"
    raise ConfigurationProblem(f"nothing is known by the id {check_id!r}{hint}")


def _list_ids(index: Index) -> None:
    for entry in sorted(index.entries, key=lambda entry: entry.id):
        click.echo(f"{entry.id:38} {entry.title}")


def _explain(index: Index, words: tuple[str, ...], form: str) -> None:
    from msdoctor.explain import explain as explain_
    from msdoctor.render import explain as page

    explanation = explain_(_utterances(words), index)
    text = page.json_(explanation) if form == "json" else page.text(explanation, _width(), _colour())
    click.echo(text, nl=False)
    raise click.exceptions.Exit(0 if explanation.matches else 1)


def _utterances(words: tuple[str, ...]) -> Iterable[Utterance]:
    from msdoctor.utterances.reader import read

    if words == ("-",):
        return read(_lines(sys.stdin.buffer))
    if len(words) == 1 and len(words[0]) < 4096 and "\n" not in words[0] and Path(words[0]).is_file():
        try:
            return read(_lines(Path(words[0]).open("rb")))
        except OSError as error:
            raise ConfigurationProblem(f"{words[0]}: cannot be read: {error.strerror}") from error
    return read(" ".join(words).splitlines())


def _lines(stream: Iterable[bytes]) -> Iterable[str]:
    return (line.decode("utf-8", "replace") for line in stream)


def _width() -> int:
    """80 where nobody looks, so that what is piped or saved does not depend on a window."""
    if not sys.stdout.isatty():
        return 80
    import shutil

    return min(WIDEST, max(60, shutil.get_terminal_size().columns))


def _unicode() -> bool:
    return (sys.stdout.encoding or "").lower().startswith("utf")


def _colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
