"""What `preflight` tells a person: each finding where it stands, as compilers do, with why and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msdoctor.diagnosis import Cause, Diagnosis, Verdict
from msdoctor.model import Class, Location, Risk, State

from .formats import Style
from .report_head import of_files, verdict_word
from .terminal import BOLD, CYAN, GREEN, RED, YELLOW, Page, one_line, plain_ascii, single, visible
from .words import count

_COLOURS = {Verdict.AT_RISK: YELLOW, Verdict.HEALTHY: GREEN, Verdict.INCOMPLETE: YELLOW}
MOST_SOURCES = 12
INDENT = " " * 4


def text(diagnosis: Diagnosis, style: Style) -> str:
    """The report."""
    page = Page(style.width, style.colour)
    sections = [
        *(list(_finding(cause, page, verbose=style.verbose)) for cause in diagnosis.causes),
        list(_not_seen(diagnosis, page)),
        list(_accepted(diagnosis, page)),
        list(_sources(diagnosis, page, verbose=style.verbose)),
        list(_verdict(diagnosis, page)),
    ]
    whole = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    return plain_ascii(whole) if style.ascii_only else whole


def _finding(cause: Cause, page: Page, *, verbose: bool) -> Iterator[str]:
    finding = cause.finding
    colour = RED if cause.check.cls is Class.CAUSE and finding.effects else YELLOW
    kind = "note" if not finding.effects else str(cause.check.cls)
    hidden = ", hidden for now" if finding.state is State.LATENT and kind == "cause" else ""
    # A line that editors can jump to; a place is never broken.
    yield page.paint(visible(f"{place(finding.location)}: {kind}: {cause.id}"), BOLD, colour)
    yield from page.wrapped(f"{finding.summary} ({finding.confidence}{hidden})", INDENT)
    for item in finding.evidence if verbose else finding.evidence[:3]:
        yield from page.labelled("saw", one_line(item.saw, 0 if verbose else 300))
        yield from page.wrapped(item.where, " " * 14)
        if verbose and item.how:
            yield from page.command(single(item.how), " " * 14)
    for remedy in finding.remedies:
        if Risk.WEAKENS_SECURITY in remedy.risks:
            continue
        label = "change" if any("<<'EOF'" in command for command in remedy.commands) else "repair"
        yield from page.labelled(label, one_line(remedy.advice))
        for command in remedy.commands:
            yield from _command(command, page)


def _command(command: str, page: Page) -> Iterator[str]:
    """A patch as the diff that it is, with the signs at the first column; anything else as it is typed."""
    if "<<'EOF'\n" not in command:
        yield from page.command(command)
        return
    for line in command.partition("\n")[2].removesuffix("EOF").rstrip("\n").split("\n"):
        colour = {"+": GREEN, "-": RED, "@": CYAN}.get(line[:1], "")
        yield page.paint(visible(line), colour)


def place(location: Location | None) -> str:
    """``file:line:column``."""
    if location is None:
        return "repository"
    return ":".join(str(part) for part in (location.file, location.line, location.column) if part is not None)


def _not_seen(diagnosis: Diagnosis, page: Page) -> Iterator[str]:
    if diagnosis.gaps:
        yield page.paint("Not seen, and so neither passed nor failed:", BOLD)
    for gap in diagnosis.gaps:
        yield from page.wrapped(f"{gap.what}: unseen: {gap.reason}", INDENT, first="  ")


def _accepted(diagnosis: Diagnosis, page: Page) -> Iterator[str]:
    """What does not count by the user's own word, and what is to be said of that word."""
    if diagnosis.suppressed:
        yield page.paint("Accepted, and not counted:", BOLD)
    for item in diagnosis.suppressed:
        at = f"{place(item.cause.finding.location)}: " if item.cause else ""
        where = f" ({item.where})" if item.where else ""
        yield from page.wrapped(f"{at}{item.id}: {item.reason}{where}", INDENT, first="  ")
    if diagnosis.remarks:
        yield page.paint("About your settings and comments:", BOLD)
    for remark in diagnosis.remarks:
        yield from page.wrapped(f"{remark.where or 'settings'}: {remark.text}", INDENT, first="  ")


def _sources(diagnosis: Diagnosis, page: Page, *, verbose: bool) -> Iterator[str]:
    sources: Sequence[object] = diagnosis.sources or ()
    shown = sources if verbose else sources[:MOST_SOURCES]
    if sources:
        yield page.paint(f"Read {count(len(sources), 'part')} of this pipeline's:", BOLD)
    for source in (diagnosis.sources or ())[: len(shown)]:
        yield from page.wrapped(f"{source.file}:{source.line}: {source.what}", INDENT, first="  ")
    if len(sources) > len(shown):
        yield f"  and {len(sources) - len(shown)} more, shown with --verbose"


def _verdict(diagnosis: Diagnosis, page: Page) -> Iterator[str]:
    whole = f"{verdict_word(diagnosis)}   {of_files(diagnosis)}"
    yield page.paint(whole, BOLD, _COLOURS.get(diagnosis.verdict, RED))
