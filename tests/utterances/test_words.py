"""No line that the reader understands is without a word by which it is found, and all ways to find words agree."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from said import lines

from msdoctor.utterances import errors
from msdoctor.utterances.grammars import GRAMMARS
from msdoctor.utterances.reader import read_log
from msdoctor.utterances.words import ENCODED, ERRORS, WORDS, finder, native, plain

EVERYDAY = Path(__file__).with_name("everyday.txt").read_text().splitlines()
SRE: Any = importlib.import_module("re._parser")
NATIVE = native(ENCODED, ERRORS)


def test_every_line_that_is_understood_has_a_word() -> None:
    find = finder()
    lost = [
        line
        for line in lines()
        if not find(f"{line}\n".encode("utf-8", "surrogatepass"))
        and any(not isinstance(said.error, errors.Unrecognised) for said in read_log([line]))
    ]

    assert lost == []


def test_every_line_that_is_an_error_by_its_level_is_found_where_errors_are_looked_for() -> None:
    find = finder(errors=True)
    lost = [
        line for line in lines() if list(read_log([line])) and not find(f"{line}\n".encode("utf-8", "surrogatepass"))
    ]

    assert lost == []


@pytest.mark.parametrize("line", EVERYDAY)
def test_no_word_is_in_what_every_log_is_full_of(line: str) -> None:
    """A line with a word is read whole, which takes a hundred times what it takes to pass it over."""
    assert [word for word in WORDS if word in line] == []


def test_a_word_of_its_own_is_in_whatever_the_pattern_matches() -> None:
    declared = [grammar for grammar in GRAMMARS if grammar.word]

    assert declared
    assert [one for one in declared if not any(one.word in text for text in _needed(SRE.parse(one.pattern)))] == []


def _needed(pattern: Iterable[tuple[object, Any]]) -> list[str]:
    """The literal texts that a pattern cannot match without."""
    texts = [""]
    for kind, detail in pattern:
        if kind is SRE.LITERAL:
            texts[-1] += chr(detail)
            continue
        if kind is SRE.SUBPATTERN:
            texts += _needed(detail[3])
        texts.append("")
    return texts


@pytest.mark.parametrize("word", WORDS)
def test_a_word_is_long_enough_and_no_carrier_escapes_it(word: str) -> None:
    assert len(word.strip()) >= 3
    assert not set(word) & set('"\\<>&\n\t')


@given(st.lists(st.one_of(st.sampled_from(ENCODED), st.binary(max_size=20), st.just(b"E0217 15:13:53.3")), max_size=30))
@settings(max_examples=200, deadline=None)
def test_the_native_matcher_and_the_plain_way_find_the_same(pieces: list[bytes]) -> None:
    assert NATIVE is not None, "the extra dev has hyperscan"
    block = b"".join(pieces)

    assert set(NATIVE(block)) == set(plain(ENCODED, ERRORS)(block))


def test_a_line_without_a_word_costs_nothing_to_tell() -> None:
    assert finder()(b"I0217 15:13:53.378655 1 reconciler.go:1] nothing of this pipeline\n") == []


@pytest.mark.parametrize(
    "line", ['"HTTP" verb="GET" URI="/stats/summary" latency="1m9s"', '{"URI":"/metrics/resource"}']
)
def test_what_stands_apart_in_fields_is_found_too(line: str) -> None:
    assert finder()(line.encode())
