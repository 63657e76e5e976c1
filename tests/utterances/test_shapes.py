"""A shape is of lines that are read alike: whatever it lets vary decides nothing."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from said import lines

from msdoctor.utterances import Utterance, errors
from msdoctor.utterances.reader import read_log
from msdoctor.utterances.shapes import MOST_SHAPES, Shapes, names_in, pattern_of

KNOWN = [line for line in lines() if any(not isinstance(one.error, errors.Unrecognised) for one in read_log([line]))]
SCRAPE = (
    'E0217 15:13:53.378655       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://10.0.0.5:10250'
    '/metrics/resource\\": x509: certificate is valid for 10.0.0.1, not 10.0.0.5" node="k8s-node1"'
)


def meaning(said: Sequence[Utterance]) -> list[tuple[object, ...]]:
    return [(type(one.error), one.connection.hop, one.speaker, one.severity, bool(one.at)) for one in said]


def pattern(line: str) -> re.Pattern[bytes]:
    return re.compile(pattern_of(line.encode(), names_in(list(read_log([line])))), re.DOTALL)


@given(st.sampled_from(KNOWN), st.integers(1, 250), st.integers(1, 250), st.integers(0, 99_999))
@settings(max_examples=150, deadline=None)
def test_other_addresses_times_and_nodes_that_fit_a_shape_mean_the_same(line: str, a: int, b: int, node: int) -> None:
    said = list(read_log([line]))
    other = re.sub(r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.(?=\d)", f"10.{a}.{b}.", line)
    other = re.sub(r"\b(\d\d:\d\d):\d\d\b", r"\1:42", other)
    for name in names_in(said):
        other = other.replace(name.decode(), f"other-{node}.example")

    if pattern(line).fullmatch(other.encode("utf-8", "replace")):
        assert meaning(list(read_log([other]))) == meaning(said)


@pytest.mark.parametrize("line", [line for line in KNOWN if len(line) < 4000][::60])
def test_a_line_is_of_its_own_shape(line: str) -> None:
    assert pattern(line).fullmatch(line.encode())


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ("k8s-node1", "k8s-node2", True),
        ("k8s-node1", "ip-10-0-0-5.ec2.internal", False),
        ("10.0.0.5", "10.0.0.6", True),
        ("15:13:53", "16:00:00", True),
        ("10.0.0.1,", "127.0.0.1,", False),
        ("10.0.0.1,", "10.0.2.15,", False),
        ("10.0.0.1,", "10.0.2.150,", True),
        (":10250", ":443", False),
        ("/metrics/resource", "/stats/summary", False),
        ("E0217", "W0217", False),
        ('node="k8s-node1"', 'pod="k8s-node1"', False),
    ],
)
def test_what_may_vary_and_what_may_not(old: str, new: str, fits: bool) -> None:
    assert bool(pattern(SCRAPE).fullmatch(SCRAPE.replace(old, new).encode())) is fits


def test_a_name_that_tells_of_its_machine_stands_for_such_machines_only() -> None:
    line = SCRAPE.replace("k8s-node1", "ip-10-0-0-5.ec2.internal")

    assert pattern(line).fullmatch(line.replace("0-5", "7-8").encode())
    assert not pattern(line).fullmatch(SCRAPE.encode())


def test_a_name_is_the_same_wherever_it_stands() -> None:
    line = SCRAPE.replace("10.0.0.1,", "k8s-node1,")

    assert pattern(line).fullmatch(line.replace("k8s-node1", "k8s-node2").encode())
    assert not pattern(line).fullmatch(line.replace('"k8s-node1"', '"k8s-node2"').encode())


def test_a_number_of_shapes_is_kept_and_no_more() -> None:
    shapes = Shapes()
    for number in range(3 * MOST_SHAPES):
        line = SCRAPE.replace("valid for", f"valid for w{'x' * number},")
        for _ in range(2):
            shapes.learn(line.encode(), str(number).encode(), list(read_log([line])), number)

    assert len(list(shapes)) == MOST_SHAPES
