"""A big log says what reading every line of it says."""

import itertools
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from said import example_texts, recorded_logs

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.utterances import Utterance, errors
from msdoctor.utterances.reader import read_log
from msdoctor.utterances.since import Since
from msdoctor.utterances.skim import Skimmer, whole_lines
from msdoctor.utterances.words import ENCODED, ERRORS, plain

SCRAPE = (
    'E0217 15:13:5%d.378655       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://10.0.0.%d:10250'
    '/metrics/resource\\": x509: certificate is valid for 10.0.0.%d, not 10.0.0.%d" node="k8s-node%d"\n'
)
OTHER = 'I0217 15:13:53.378655       1 reconciler.go:1] "all is well" pod="kube-system/kube-proxy-4x2x1"\n'
UNKNOWN = 'E0217 15:13:53.378655       1 reconciler.go:1] "something of its own" err="it broke"\n'


def skim(log: bytes, size: int = 1 << 20, since: Since | None = None) -> list[Utterance]:
    blocks = (log[start : start + size] for start in range(0, len(log), size))
    return list(itertools.chain.from_iterable(Skimmer(since).batches(blocks)))


def whole(log: bytes) -> list[Utterance]:
    return list(read_log(log.decode("utf-8", "replace").removesuffix("\n").split("\n")))


@pytest.mark.parametrize("size", [777, 1 << 16, 1 << 20])
def test_the_answer_is_the_same_for_all_recorded_logs(size: int) -> None:
    index = registry.load_index()
    log = b"".join(log if log.endswith(b"\n") else log + b"\n" for log in recorded_logs())

    assert explain(skim(log, size), index) == explain(whole(log), index)


def test_the_answer_is_the_same_for_every_example_that_is_one_line() -> None:
    lines = [text.encode("utf-8", "replace") for text in example_texts() if "\n" not in text]

    assert [line for line in lines if skim(line) != whole(line)] == []


def test_an_error_in_a_value_of_several_lines_has_its_whole_line() -> None:
    block = (
        'E0217 15:13:53.378655       1 scraper.go:149] "Failed to scrape node" err=<\n'
        + "\tfirst words\n" * 20
        + '\tGet "https://10.0.0.5:10250/metrics/resource": dial tcp 10.0.0.5:10250: connect: connection refused\n'
        + ' > node="k8s-node1"\n'
    )
    log = (OTHER * 50 + block + OTHER * 50).encode()

    assert [(one.error, one.line) for one in skim(log)] == [(one.error, one.line) for one in whole(log)]


def test_an_error_that_a_terminal_wrapped_is_joined() -> None:
    line = SCRAPE % (1, 5, 1, 5, 1)
    log = (OTHER * 5 + line[:120] + "\n" + line[120:] + OTHER * 5).encode()

    assert skim(log) == whole(log)
    assert len(skim(log)) == 1


def test_a_line_that_a_container_runtime_cut_is_made_whole() -> None:
    line = (SCRAPE % (1, 5, 1, 5, 1)).strip()
    stamp = "2022-02-17T15:13:53.378655123Z stderr"
    pieces = ("F before", f"P {line[:130]}", f"P {line[130:180]}", f"F {line[180:]}", "F after")

    (said,) = skim("".join(f"{stamp} {piece}\n" for piece in pieces).encode())

    assert isinstance(said.error, errors.NotValidFor)
    assert said.connection.node == "k8s-node1"


def test_lines_of_one_shape_are_counted_with_the_first_and_the_last_time() -> None:
    lines = [SCRAPE % (number % 10, number % 250, number % 9, number % 250, number) for number in range(5000)]
    log = "".join(lines).encode()

    said = skim(log, 1 << 17)

    assert sum(one.times for one in said) == 5000
    assert len(said) < 50
    assert [one.line for one in said] == sorted(one.line for one in said)
    assert (said[0].line, said[-1].line) == (1, 5000)
    assert len({one.connection.node for one in said}) > 10


def test_what_decides_is_never_taken_for_the_same_shape() -> None:
    line = 'E0217 15:13:53.378655 1 scraper.go:149] "Failed to scrape node" err="request failed - \\"%s\\"" node="n1"\n'
    log = "".join(line % ("401 Unauthorized" if number % 2 else "403 Forbidden") for number in range(400)).encode()

    codes = {"401": 0, "403": 0}
    for one in skim(log):
        assert isinstance(one.error, errors.HTTPStatus)
        codes[one.error.code] += one.times
    assert codes == {"401": 200, "403": 200}


def test_an_unknown_error_is_said_once_and_then_no_longer_looked_for() -> None:
    log = (OTHER * 20 + UNKNOWN * 2000).encode()

    said = [one.error for one in skim(log, 1000)]

    assert said
    assert all(isinstance(error, errors.Unrecognised) for error in said)
    assert len(said) < 100


def test_an_empty_block_gives_out_what_was_held_back() -> None:
    line = (SCRAPE % (1, 5, 1, 5, 1)).encode()
    batches = Skimmer().batches(iter([line, b"", OTHER.encode()]))

    assert [one.line for one in next(batch for batch in batches if batch)] == [1]


def test_a_line_without_end_is_never_held_whole() -> None:
    endless = itertools.chain(itertools.repeat(b"x" * (1 << 20), 64), [b"\n" + (SCRAPE % (1, 5, 1, 5, 1)).encode()])

    tracemalloc.start()
    (said,) = itertools.chain.from_iterable(Skimmer().batches(endless))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert said.line == 2
    assert peak < 16 << 20


def test_memory_does_not_grow_with_the_log() -> None:
    def blocks() -> Iterator[bytes]:
        for number in range(40):
            yield "".join(SCRAPE % (1, 5, 1, 5, number * 1000 + line) for line in range(1000)).encode()

    tracemalloc.start()
    times = sum(one.times for one in itertools.chain.from_iterable(Skimmer().batches(blocks())))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert times == 40_000
    assert peak < 8 << 20


@pytest.mark.parametrize("size", [1, 100, 1000, 10_000])
def test_blocks_are_cut_between_lines_whatever_their_size(size: int) -> None:
    log = (OTHER + "goes on\n\n" + SCRAPE % (1, 5, 1, 5, 1)).encode() * 30
    blocks = list(whole_lines(log[start : start + size] for start in range(0, len(log), size)))

    assert b"".join(blocks) == log
    assert all(block.endswith(b"\n") for block in blocks)


PIECES = st.one_of(
    st.sampled_from([OTHER, UNKNOWN, SCRAPE % (1, 5, 1, 5, 1), "\n", "=<\n", " >\n", "x" * 70, "\x1b[31m", "\u202e"]),
    st.sampled_from(example_texts()),
    st.text(max_size=30),
)


@given(st.lists(PIECES, max_size=30), st.integers(1, 2000))
@settings(max_examples=150, deadline=None)
def test_no_log_raises(pieces: list[str], size: int) -> None:
    skim("".join(pieces).encode("utf-8", "replace"), size)


RECORDS = st.sampled_from([OTHER, UNKNOWN, SCRAPE % (1, 5, 1, 5, 1), SCRAPE % (2, 6, 1, 6, 2), "\n", "goes on\n"])


@given(st.lists(RECORDS, max_size=30), st.integers(1, 2000))
@settings(max_examples=100, deadline=None)
def test_where_blocks_end_changes_nothing(records: list[str], size: int) -> None:
    log = "".join(records).encode()

    assert _known(skim(log, size)) == _known(skim(log))


def _known(said: list[Utterance]) -> list[tuple[object, int]]:
    return [(one.error, one.line) for one in said if not isinstance(one.error, errors.Unrecognised)]


@pytest.mark.parametrize(
    "piece", [b"x509: ", b"\n", b"dial tcp \n", b" stderr P \n", b"=<\n", b"a\n" * 3, b"\x00", b" "]
)
def test_time_is_linear_in_a_log_of_nothing_but_one_piece(piece: bytes) -> None:
    def seconds(size: int) -> float:
        log = piece * (size // len(piece))
        started = time.process_time()
        skim(log)
        return time.process_time() - started

    assert seconds(1 << 19) < 3 * 8 * seconds(1 << 16) + 0.5


def test_only_what_was_said_since_is_heard() -> None:
    log = (SCRAPE % (1, 5, 1, 5, 1) + SCRAPE % (8, 6, 1, 6, 2)).encode()
    since = Since(datetime(2022, 2, 17, 15, 13, 55, tzinfo=UTC), datetime(2022, 3, 1, tzinfo=UTC))

    assert [one.connection.node for one in skim(log, since=since)] == ["k8s-node2"]


def test_the_native_matcher_is_not_needed() -> None:
    log = (OTHER * 9 + SCRAPE % (1, 5, 1, 5, 1) + UNKNOWN).encode()
    without = Skimmer(make_finder=lambda errors=False: plain(ENCODED, ERRORS if errors else ()))

    assert list(itertools.chain.from_iterable(without.batches([log]))) == skim(log) == whole(log)
