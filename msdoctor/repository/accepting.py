"""Findings that a comment in their own file accepts: in their line, or in a line of its own above it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from msdoctor.config.inline import BadComment, Ignored, parse
from msdoctor.config.names import Known
from msdoctor.diagnose import Cause, Diagnosis, SetAside, Suppressed
from msdoctor.facts.gaps import Gap
from msdoctor.model import Location

_COMMENTS = ("#", "//", ";", "/*")  # no dashes: a flag in a line of its own begins with them


def accepted(diagnosis: Diagnosis, files: Mapping[str, str], ids: Known) -> Diagnosis:
    """The diagnosis without what its files' own comments accept. A comment that cannot be used is told as a gap."""
    counting: list[Cause] = []
    aside: list[Suppressed] = []
    bad: dict[str, Gap] = {}
    for cause in diagnosis.causes:
        ruling = None
        for at, line in _lines(cause.finding.location, files):
            comment = parse(line, ids)
            if isinstance(comment, BadComment):
                what = f"{at.file}:{at.line}:{comment.column}"
                bad[what] = Gap(what, f"a comment for msdoctor: {comment.problem}")
            elif isinstance(comment, Ignored) and comment.covers(cause.id, cause.check.hop):
                ruling = (comment.reason, f"{at.file}:{at.line}")
        if ruling is None:
            counting.append(cause)
        else:
            subjects, summary = cause.finding.subjects, cause.finding.summary
            aside.append(Suppressed(cause.id, subjects, summary, SetAside.INLINE, ruling[0], None, ruling[1], cause))
    return replace(
        diagnosis,
        causes=tuple(counting),
        suppressed=(*diagnosis.suppressed, *aside),
        gaps=(*diagnosis.gaps, *bad.values()),
    )


def _lines(location: Location | None, files: Mapping[str, str]) -> list[tuple[Location, str]]:
    """The line itself, and the one above it if that is nothing but a comment."""
    if location is None or location.line is None or location.file not in files:
        return []
    lines = files[location.file].split("\n")
    found = []
    for number in (location.line, location.line - 1):
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        if number == location.line or text.lstrip().startswith(_COMMENTS):
            found.append((Location(location.file, number), text))
    return found
