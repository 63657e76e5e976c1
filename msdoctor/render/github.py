"""A diagnosis as workflow commands, which a runner of GitHub Actions turns into annotations.

It shows ten of each kind for a step, in the order in which they were printed (docs.github.com, "Limitations" of
annotations), so the worst are printed first, and of one disease at many places the first before the others. Escapes are
those that the runner takes back (actions/runner: src/Runner.Common/ActionCommand.cs): in a message ``%`` and line ends,
in a property also ``:`` and ``,``.
"""

from __future__ import annotations

from collections.abc import Iterator

from msdoctor.diagnosis import Diagnosis, Verdict
from msdoctor.model import Location

from . import markdown, told
from .blocks import of_cluster
from .formats import Style
from .terminal import one_line, visible
from .told import Level
from .words import count

LARGEST_SUMMARY = 1000 * 1000  # bytes; GitHub drops one of more than 1 MiB as a whole

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(diagnosis: Diagnosis, _style: Style) -> str:
    """A line for each thing to tell; of a cluster in order, one that says so."""
    lines = [_command(_COMMANDS[item.level], item.id, item.text, item.location) for item in told.items(diagnosis)]
    return "".join(f"{line}\n" for line in (*lines, *_flow(diagnosis), *_settings(diagnosis), *_not_seen(diagnosis)))


def summary(diagnosis: Diagnosis, style: Style) -> str:
    """The job summary: the report in Markdown, as much as GitHub takes."""
    whole = markdown.render(diagnosis, style)
    if len(whole.encode("utf-8", "backslashreplace")) <= LARGEST_SUMMARY:
        return whole
    return markdown.cut(whole, LARGEST_SUMMARY)


def _flow(diagnosis: Diagnosis) -> Iterator[str]:
    if of_cluster(diagnosis) and diagnosis.verdict in (Verdict.HEALTHY, Verdict.AT_RISK):
        yield _command("notice", str(diagnosis.verdict), told.verdict(diagnosis))


def _settings(diagnosis: Diagnosis) -> Iterator[str]:
    for remark in diagnosis.remarks:
        yield _command("notice", "settings", f"{remark.text}{f' ({remark.where})' if remark.where else ''}")


def _not_seen(diagnosis: Diagnosis) -> Iterator[str]:
    if diagnosis.gaps:
        first, number = diagnosis.gaps[0], sum(gap.count for gap in diagnosis.gaps)
        text = f"{count(number, 'thing')} not seen, the first: {first.what}: {first.reason}"
        yield _command("notice", "not seen", text)


def _command(name: str, title: str, message: str, place: Location | None = None) -> str:
    properties = {"title": title}
    if place:
        properties |= {"file": place.file}
        properties |= {"line": str(place.line)} if place.line else {}
        properties |= {"col": str(place.column)} if place.line and place.column else {}
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {listed}::{_message(message)}"


def _message(text: str) -> str:
    return visible(one_line(text)).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
