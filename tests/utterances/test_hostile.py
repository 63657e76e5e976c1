"""Whatever is given to the reader, it answers, and in time that grows with the input and no faster."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from msdoctor.utterances.grammars import GRAMMARS
from msdoctor.utterances.paste import MOST_LINE
from msdoctor.utterances.reader import read, read_text

PIECES = [
    *dict.fromkeys(grammar.anchor for grammar in GRAMMARS),
    'E0217 15:13:53.378655       1 scraper.go:149] "Failed to scrape node" err="',
    "https://[fd00::5]:10250/metrics/resource",
    "2022-02-17T15:13:53.378655123Z stderr P ",
    "[pod/a/b] ",
    '{"log":"',
    '{"msg":"',
    "Feb 17 15:13:53 n kubelet[1]: ",
    "=<",
    "\t",
    " >",
    "\n",
    '\\"',
    '"',
    "[",
    "]: [",
    ", ",
    ": ",
    "\\ud800",
    "\\UFFFFFFFF",
    "\x00",
    "\x1b[",
    "\u202e",
    "403",
    "x" * 70,
]


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=40))
@settings(max_examples=400, deadline=None)
def test_no_text_raises(pieces: list[str]) -> None:
    text = "".join(pieces)

    list(read(text.split("\n")))
    read_text(text)


@pytest.mark.parametrize("piece", [piece for piece in PIECES if piece != "\n"])
def test_time_is_linear_in_a_line_of_nothing_but_one_piece(piece: str) -> None:
    line = piece * (MOST_LINE // len(piece))
    started = time.process_time()

    list(read([line] * 3))

    assert time.process_time() - started < 3.0  # 0.02 s for most; what is quadratic in 64 KiB takes minutes


@pytest.mark.parametrize(
    "head", ['E0217 15:13:53.378655 1 a.go:1] "x" err=<', 'E0217 15:13:53.378655 1 a.go:1] "' + "x" * 60]
)
def test_time_is_linear_in_the_lines_that_one_may_go_on_in(head: str) -> None:
    lines = [head, *["y" * 100] * 20_000]
    started = time.process_time()

    list(read(lines))

    assert time.process_time() - started < 10.0
