"""The manual pages: what the help says, in the form that man reads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import manpages
import pytest

from msdoctor.cli import COMMANDS

CHECKOUT = Path(__file__).parents[1]
PAGES = sorted((CHECKOUT / "man").glob("*.1"))


def mandoc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not shutil.which("mandoc") and not os.environ.get("MSDOCTOR_PROGRAMS_REQUIRED"):
        pytest.skip("mandoc is not installed; with MSDOCTOR_PROGRAMS_REQUIRED=1 this fails")
    return subprocess.run(["mandoc", *arguments], capture_output=True, text=True, check=False)


def test_the_pages_say_what_the_help_says_now() -> None:
    shipped = {page.name: manpages.without_date(page.read_text("utf-8")) for page in PAGES}

    made = {name: manpages.without_date(page) for name, page in manpages.pages().items()}

    assert shipped == made, "the help of a command has changed: `make man` writes the pages anew"


def test_there_is_one_for_the_program_and_one_for_each_command() -> None:
    assert {page.stem for page in PAGES} == {"msdoctor", *(f"msdoctor-{name}" for name in COMMANDS)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_mandoc_finds_nothing_wrong(page: Path) -> None:
    checked = mandoc("-T", "lint", "-W", "warning", page)

    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_fits_80_columns_and_breaks_no_word(page: Path) -> None:
    shown = mandoc("-T", "ascii", "-O", "width=78", page).stdout
    plain = re.sub(".\b", "", shown)

    assert max(map(len, plain.splitlines())) <= 80
    assert not re.search(r"[a-z]-$", plain, re.MULTILINE)
    assert "  \b" not in plain


def test_the_programs_page_has_all_sections_in_their_usual_order() -> None:
    page = (CHECKOUT / "man" / "msdoctor.1").read_text("utf-8")

    assert re.findall(r"^\.SH (.*)", page, re.MULTILINE) == [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "COMMANDS",
        "OPTIONS",
        "EXIT STATUS",
        "ENVIRONMENT",
        "FILES",
        "EXAMPLES",
        "SEE ALSO",
    ]


def test_every_variable_that_msdoctor_reads_is_told() -> None:
    told = " ".join(name for name, _, _ in manpages.ENVIRONMENT)
    read = {
        name
        for file in (CHECKOUT / "msdoctor").rglob("*.py")
        for name in re.findall(r'environ(?:\.get\(|\[)"(\w+)"', file.read_text("utf-8"))
    }

    assert {name for name in read if name.upper() not in told} == set()
