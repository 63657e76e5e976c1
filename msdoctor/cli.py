"""The command line: parse arguments, run the steps in their order, choose the exit code. No judgement lives here."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from msdoctor import __version__
from msdoctor.errors import GivenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from msdoctor.bundle import Bundle
    from msdoctor.diagnose import Diagnosis
    from msdoctor.explain import Hearing
    from msdoctor.model import Check
    from msdoctor.reading import Reading
    from msdoctor.registry import Index
    from msdoctor.utterances.since import Since

USAGE_ERROR, UNDECIDED, INTERNAL_ERROR, INTERRUPTED = 2, 3, 4, 130
WIDEST = 100
_RFC_3339 = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)"


class ConfigurationProblem(click.ClickException):
    """Something the user gave cannot be used: one message, exit 2."""

    exit_code = USAGE_ERROR

    def show(self, file: object = None) -> None:  # noqa: ARG002  click's signature
        """Print it as this program's own."""
        click.echo(f"msdoctor: {self.format_message()}", err=True)


class Commands(click.Group):
    """Turns what the user gave and cannot be used into one message, whichever part of msdoctor noticed it."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except GivenError as error:
            raise ConfigurationProblem(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": WIDEST})
def cli() -> None:
    """Find the one cause why `kubectl top` and HPAs have no metrics, and how to heal it.

    \b
      msdoctor run                     look at the cluster of the current context
      msdoctor explain 'ERROR TEXT'    say what a pasted error means

    It never writes to a cluster.

    \b
    Exit codes:  0  metrics flow, nothing is the matter
                 1  a cause was found
                 2  something that was given cannot be used: a flag, a file
                 3  undecided: metrics not seen to flow, and no sure cause found
                 4  internal error
               130  interrupted
    """


def main() -> NoReturn:
    """Run, and turn every way to end into its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a sign gets a question mark, never a traceback.
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        code = cli.main(prog_name=_program(), standalone_mode=False)
    except (click.Abort, KeyboardInterrupt):
        click.echo("msdoctor: interrupted", err=True)
        sys.exit(INTERRUPTED)
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
    click.option("--context", metavar="NAME", help="Context in it (default: its current-context)."),
    click.option("--cluster", metavar="NAME", help="Cluster in it, instead of the context's."),
    click.option("--user", metavar="NAME", help="User in it, instead of the context's."),
    click.option(
        "--host-root",
        "host_roots",
        metavar="[NODE=]DIR",
        multiple=True,
        callback=_host_root,
        help="A host's root directory, or a copy of its files: shows the API server's flags and the certificates on"
        " disk. NODE defaults to what its /etc/hostname says. May be repeated.",
    ),
    click.option(
        "--timeout",
        metavar="SECONDS",
        default=60.0,
        show_default=True,
        type=click.FloatRange(min=0.1),
        help="For the whole look; what did not answer until then is reported as not seen.",
    ),
    click.option(
        "--port-forward",
        is_flag=True,
        help="Also read the certificate that metrics-server serves, by a port-forward to its pod.",
    ),
)
CHECKS_OPTION = click.option(
    "--checks",
    "folders",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder with checks of your own, beside the bundled ones. May be repeated.",
)
FORMAT_OPTION = click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print.",
)


F = TypeVar("F", bound="Callable[..., Any]")


def _with(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, listed in `--help` in this order."""

    def decorate(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


@cli.command(short_help="Look at a cluster or a saved bundle, and say what is the matter.")
@_with(*CLUSTER_OPTIONS, CHECKS_OPTION, FORMAT_OPTION)
@click.option(
    "--from",
    "source",
    metavar="BUNDLE",
    type=click.Path(path_type=Path),
    help="Diagnose what `collect` or --save kept, instead of looking at a cluster.",
)
@click.option(
    "--save", metavar="PATH", type=click.Path(path_type=Path), help="Also save what was seen, as `collect` does."
)
@click.option(
    "--fail-on",
    type=click.Choice(["cause", "risk"]),
    default="cause",
    show_default=True,
    help="The least that exits with 1.",
)
@click.option("--exit-zero", is_flag=True, help="Exit with 0 where it would be 1.")
@click.option("--strict", is_flag=True, help="Exit with 3 where it would be 0 and anything was not seen.")
@click.option("-v", "--verbose", is_flag=True, help="All evidence, the five requirements, and every check's outcome.")
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
    """Look at a cluster, or at a saved bundle, and say what is the matter.

    \b
      msdoctor run                            the cluster of the current context
      msdoctor run --host-root master=/mnt/m  that, with the files of a host
      msdoctor run --from BUNDLE              what `msdoctor collect` saved

    The exit code says how it ended; `msdoctor --help` lists them.
    """
    from msdoctor.collect import check_target, load
    from msdoctor.collect import save as save_bundle
    from msdoctor.diagnose import exit_code
    from msdoctor.model import Class
    from msdoctor.registry import load as load_checks
    from msdoctor.render import report_json, report_text

    if source is not None and (given := _given(look)):
        raise GivenError(f"--from looks at no cluster and no host: leave out {' and '.join(given)}, or --from")
    checks = load_checks(folders)
    if save is not None:
        check_target(save)
    bundle = load(source) if source else _look(look)
    if save is not None:
        save_bundle(bundle, save)
    diagnosis = _diagnose(bundle, checks)
    if form == "json":
        _print(report_json.json_(diagnosis))
    else:
        age = _age(bundle, replayed=source is not None)
        _print(
            report_text.text(
                diagnosis, width=_width(), colour=_colour(), verbose=verbose, age=age, ascii_only=not _unicode()
            )
        )
    raise click.exceptions.Exit(exit_code(diagnosis, fail_on=Class(fail_on), exit_zero=exit_zero, strict=strict))


@cli.command(short_help="Save what a look sees, without secrets, to diagnose it elsewhere.")
@_with(*CLUSTER_OPTIONS)
@click.argument("path", type=click.Path(path_type=Path))
def collect(path: Path, **look: Any) -> None:
    """Save what a look sees, without secrets, to PATH: a new directory, or a file ending in .tar.gz.

    `msdoctor run --from PATH` then gives the same report, on any machine and at any time. Exits with 3 where nothing
    was seen.
    """
    from msdoctor.collect import check_target, save

    check_target(path)
    bundle = _look(look)
    save(bundle, path)
    seen = sum(document.body is not None for document in bundle.documents.values())
    _print(f"{path}: {seen} documents, {len(bundle.documents) - seen} refused or absent\n")
    if not seen:
        click.echo(f"Nothing was seen; this says why: msdoctor run --from {path}", err=True)
        raise click.exceptions.Exit(UNDECIDED)
    click.echo(f"Read it before you pass it on. To diagnose it: msdoctor run --from {path}", err=True)


def _since(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """How long ago, as kubectl has it (``90s``, ``1h30m``) or in days, or a moment."""
    if value is None:
        return None
    from datetime import UTC, datetime, timedelta

    ago = re.fullmatch(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?", value, re.ASCII)
    if not value or not ago:
        return _time("--since", value, "how long ago, 90s, 1h30m or 2d, ")
    days, hours, minutes, seconds = (int(part or 0) for part in ago.groups())
    try:
        return datetime.now(UTC) - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise GivenError(f"--since {value}: there was no such time") from error


@cli.command(short_help="Say what a pasted error or a log means, or print an id's manual page.")
@_with(CHECKS_OPTION, FORMAT_OPTION)
@click.option("--list", "list_", is_flag=True, help="List every id that can be explained.")
@click.option(
    "--since",
    metavar="TIME",
    callback=_since,
    help="Only what was said since: 90s, 1h30m or 2d ago, a date, or a time as in RFC 3339.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on as lines arrive, and say at once what they mean.")
@click.argument("words", nargs=-1, metavar="[TEXT|FILE...|-|ID]...")
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

    Words that are the names of files or folders stand for them. A file may be of any size, and packed (.gz, .xz, .bz2,
    .zst). Ctrl-C ends the reading, and what was found by then is printed.

    Looks at no cluster. Exits with 1 where it knows nothing of the text.
    """
    from msdoctor import registry

    index = registry.load_index(folders)
    if list_:
        _print("".join(f"{entry.id:38} {entry.title}\n" for entry in sorted(index.entries, key=lambda e: e.id)))
    elif not words:
        raise click.UsageError("give an error's text in quotes, a file, an id, or - for standard input")
    elif len(words) == 1 and _is_id(words[0]):
        _manual(index, words[0], form)
    else:
        _explain(index, words, form, since, follow)


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    return None if value is None else _time("--at", value)


def _time(option: str, value: str, other: str = "") -> datetime:
    """A date, which begins at midnight UTC, or RFC 3339. ``other``: what else the option takes."""
    from datetime import UTC, datetime

    date = re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)
    if not date and not re.fullmatch(_RFC_3339, value, re.ASCII):
        raise GivenError(
            f"{option} {value}: give {other}a date, 2027-01-31, or a time with its zone, 2027-01-31T12:00:00Z"
        )
    try:
        moment = datetime.fromisoformat(value.upper().replace(" ", "T"))
        return moment.replace(tzinfo=UTC) if date else moment
    except ValueError as error:
        raise GivenError(f"{option} {value}: there is no such time: {error}") from None


@cli.command(short_help="Judge a certificate as Go would, before it is rolled out.")
@click.option(
    "--ca",
    metavar="FILE",
    help="The CA certificates that will be trusted. Without it nobody's are, and nothing is valid.",
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
    callback=_moment,
    help="When: a date, or a time as in RFC 3339 (default: now).",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    help="For the handshake with an ADDRESS.",
)
@FORMAT_OPTION
@click.argument("word", metavar="FILE|ADDRESS|-")
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

    Exits with 0 where Go would accept it, 1 where not, 2 where a file or a flag cannot be used, and 3 where the
    address did not show a certificate.
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
        click.echo(f"msdoctor: {certificates.not_shown(target, shown)}", err=True)
        raise click.exceptions.Exit(UNDECIDED)
    if name is None and usage == "server":
        name = target.host or _name_needed(word)
    judged = report(shown.chain, trusted, name=name, usage=Usage(usage), at=at or datetime.now(UTC))
    if form == "json":
        _print(page.json_(judged))
    else:
        source = page.Source(shown.where, ca or "", shown.acceptable_cas)
        _print(page.text(judged, source, width=_width(), colour=_colour(), ascii_only=not _unicode()))
    raise click.exceptions.Exit(0 if judged.valid else 1)


def _port_hint(name: str | None) -> str:
    if name is None or not re.fullmatch(r"[^:]+:\d+|\[.*\]:\d+", name):
        return ""
    return f"--for {name}: taken as it stands, port included; a name or an address has none"


def _name_needed(word: str) -> NoReturn:
    raise GivenError(f"{word}: say by which name or address it will be dialled: --for NAME_OR_IP")


@cli.command()
@_with(CHECKS_OPTION, FORMAT_OPTION)
def checks(folders: tuple[Path, ...], form: str) -> None:
    """List every check: its hop, what it finds, and its title."""
    from msdoctor.registry import load

    found = load(folders)
    if form == "json":
        import json

        items = [{"id": c.id, "hop": c.hop, "class": c.cls, "title": c.title, "file": c.file} for c in found]
        _print(json.dumps({"schemaVersion": "1", "checks": items}, indent=2) + "\n")
        return
    _print(_table(found))
    click.echo("The manual page of one: msdoctor explain ID", err=True)


@cli.command()
@click.option("--schema", is_flag=True, help="Print the JSON Schema of `run -o json`.")
def version(schema: bool) -> None:
    """Print the version, or the JSON Schema of reports."""
    if schema:
        from msdoctor.render import report_json

        _print(report_json.schema())
    else:
        _print(f"msdoctor {__version__}\n")


def _print(text: str) -> bool:
    """To standard output; whether anybody reads it. One that has gone away (`| head`) does not change the exit code."""
    try:
        click.echo(text, nl=False, color=_colour())
    except BrokenPipeError:
        # What could not be written must not trouble the interpreter on its way out either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True


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


def _look(options: dict[str, Any]) -> Bundle:
    from msdoctor.collect import LookOptions, live
    from msdoctor.facts.wanted import wanted
    from msdoctor.progress import progress

    with progress() as show:
        return live(LookOptions(**options), wanted, show)


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


def _table(checks: Iterable[Check]) -> str:
    """Hop and class of each check, its id, and below that its title."""
    import textwrap

    from tabulate import tabulate

    from msdoctor.pipeline import NAMES

    def row(check: Check) -> tuple[str, str, str]:
        title = textwrap.wrap(check.title, _width() - 29, break_on_hyphens=False)
        return f"{check.hop} {NAMES.get(check.hop, '')}", check.cls, "\n".join((check.id, *title))

    rows = [row(check) for check in sorted(checks, key=lambda check: (check.hop, check.id))]
    return tabulate(rows, headers=("hop", "class", "id and title"), tablefmt="plain") + "\n"


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
        _print(page.manual_json(check) if form == "json" else page.manual_text(check, _width(), _colour()))
    elif check_id in VOCABULARY:
        entry = VOCABULARY[check_id]
        _print(page.name_json(entry) if form == "json" else page.name_text(entry))
    else:
        raise GivenError(_unknown_id(check_id, {*VOCABULARY, *(entry.id for entry in index.entries)}))


def _unknown_id(word: str, ids: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, sorted(ids), n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "msdoctor explain --list names the ids"
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
        _print(page.json_(explanation, one_line=follow))
    elif follow:
        _print(page.summary(explanation, _width(), _colour()))
    else:
        _print(page.text(explanation, _width(), _colour()))
    if interrupt.asked:
        click.echo("msdoctor: interrupted; this is what was found until then", err=True)
        raise click.exceptions.Exit(INTERRUPTED)
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
            page.json_(explanation, one_line=True) if form == "json" else page.text(fresh, _width(), _colour()) + "\n"
        )
        if not _print(answer):
            return


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
