"""Go's recorded verdicts on eleven thousand chains, replayed: same acceptance, same words, same reading of the leaf.

``derive.py`` makes the record, and with ``--check`` asks Go anew.
"""

from __future__ import annotations

from functools import cache

import pytest
from chains import FAMILIES, Case, cases
from derive import Verdict, differences, recorded


@cache
def record() -> dict[str, Verdict]:
    return recorded()[1]


@cache
def made() -> dict[str, Case]:
    return {case.digest: case for case in cases()}


def test_the_record_is_of_exactly_these_chains() -> None:
    """A generator that makes other chains on another machine would replay nothing."""
    assert record().keys() == made().keys()
    assert len(record()) >= 5000


def test_the_record_names_the_go_that_it_is_of() -> None:
    assert recorded()[0] == "go1.26.8"


@pytest.mark.parametrize("family", FAMILIES)
def test_go_agrees_on(family: str) -> None:
    chosen = [case for case in made().values() if case.family == family]

    assert chosen
    assert list(differences(chosen, record())) == []


def test_every_family_has_chains_that_go_refuses_and_most_have_some_that_it_accepts() -> None:
    refused = {case.family for digest, case in made().items() if record()[digest].error}
    accepted = {case.family for digest, case in made().items() if record()[digest].error is None}

    assert refused == FAMILIES.keys()
    assert len(accepted) >= len(FAMILIES) - 2
