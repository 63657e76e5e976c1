"""The one table of the forms in which a report is given, each made by a module of its own.

Such a module has ``render(diagnosis, style)``, which returns the whole text, and is imported where its form is asked
for. It is pure: how wide a terminal is and how old the data is, the style tells. A new form is a module and a line
here; the command line, its completion and the test of every form with every outcome take it from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msdoctor.diagnosis import Diagnosis


@dataclass(frozen=True, slots=True)
class Style:
    """What shows a report, and how much of it is told. Most forms for machines heed none of it.

    ``age`` says how old the data is ("just now", "recorded 3 d ago"); ``ascii_only`` is for an output whose encoding
    has no ``✗``; ``fail_on`` is the least by which the run fails, the name of a ``model.Class``.
    """

    width: int = 80
    colour: bool = False
    ascii_only: bool = False
    verbose: bool = False
    age: str = ""
    fail_on: str = "cause"


@dataclass(frozen=True, slots=True)
class Format:
    """A form: how it is asked for, the module in this package that makes it, and who reads it."""

    name: str
    module: str
    reader: str


FORMATS = {
    form.name: form
    for form in (
        Format("text", "report_text", "a person at a terminal"),
        Format("json", "report_json", "a program; `msdoctor version --schema` prints its schema"),
        Format("yaml", "yaml_", "the same for eyes, or for yq"),
        Format("junit", "junit", "any CI: each check is a test"),
        Format("sarif", "sarif", "code scanning, SARIF 2.1.0"),
        Format("github", "github", "GitHub Actions: annotations, and a job summary"),
        Format("gitlab", "gitlab", "GitLab's code quality report"),
        Format("markdown", "markdown", "a ticket or a chat"),
        Format("prometheus", "prometheus", "node_exporter's textfile collector"),
        Format("html", "html", "a person with a browser; one file that opens without a network"),
    )
}


def render(name: str, diagnosis: Diagnosis, style: Style) -> str:
    """The diagnosis in the form of this name, which is a key of ``FORMATS``."""
    from importlib import import_module  # noqa: PLC0415  the table is read by every start of the command line

    rendered: str = import_module(f"msdoctor.render.{FORMATS[name].module}").render(diagnosis, style)
    return rendered
