"""A diagnosis as text, for a reader at 3 a.m.: what is the matter, how it is known, what to type, and when it shows.

Each section is a function that yields whole lines, and ``_SECTIONS`` is their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msdoctor.diagnosis import Diagnosis

from . import report_causes, report_head, report_repository, report_rest
from .blocks import Report, blocks
from .formats import Style
from .terminal import Page, plain_ascii

_SECTIONS: tuple[Callable[[Report], Iterator[str]], ...] = (
    report_head.header,
    report_head.verdict,
    report_head.pipeline,
    report_head.order,
    report_head.stop_gap,
    report_causes.causes,
    report_causes.coming,
    report_causes.notes,
    report_rest.alternatives,
    report_causes.elsewhere,
    report_rest.unexplained,
    report_rest.contradictions,
    report_rest.proof,
    report_rest.readers,
    report_rest.what_next,
    report_rest.requirements,
    report_rest.checks,
    report_rest.not_seen,
    report_rest.not_counted,
    report_rest.remarks,
)


def render(diagnosis: Diagnosis, style: Style) -> str:
    """As every form is asked for."""
    if diagnosis.sources is not None:
        return report_repository.text(diagnosis, style)
    return text(
        diagnosis,
        width=style.width,
        colour=style.colour,
        verbose=style.verbose,
        age=style.age,
        ascii_only=style.ascii_only,
    )


def text(
    diagnosis: Diagnosis,
    *,
    width: int = 80,
    colour: bool = False,
    verbose: bool = False,
    age: str = "",
    ascii_only: bool = False,
) -> str:
    """The report. ``age`` says how old the data is ("1.1 s", "taken 3 d ago"): nothing here looks at a clock.

    ``ascii_only`` is for an output whose encoding has no ``✗``.
    """
    report = Report(diagnosis, Page(width, colour), verbose, age, blocks(diagnosis.causes))
    sections = [list(section(report)) for section in _SECTIONS]
    whole = "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"
    return plain_ascii(whole) if ascii_only else whole
