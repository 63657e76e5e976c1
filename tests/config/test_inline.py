"""A comment accepts what is found in its line, if it names it and says why."""

import pytest

from msdoctor.config.inline import BadComment, Ignored, parse
from msdoctor.config.names import known
from msdoctor.model import Hop

IDS = known()


@pytest.mark.parametrize(
    ("line", "names", "reason"),
    [
        ("- --flag  # msdoctor: ignore[kubelet-insecure-tls] lab only", ("kubelet-insecure-tls",), "lab only"),
        ("x  #msdoctor:ignore[E,D]: why not", ("E", "D"), "why not"),
        ("# MSDoctor: ignore[ kubelet-cert-* ] - thrown away", ("kubelet-cert-*",), "thrown away"),
        ("flag = true // msdoctor: ignore[E] in HCL", ("E",), "in HCL"),
        ("; msdoctor: ignore[E] a unit file\r\n", ("E",), "a unit file"),
        ("/* msdoctor: ignore[E] in between */", ("E",), "in between"),
    ],
)
def test_ids_and_reason_are_read(line: str, names: tuple[str, ...], reason: str) -> None:
    assert parse(line, IDS) == Ignored(names, reason)


@pytest.mark.parametrize(
    "line", ["", "image: registry/msdoctor:1", "# msdoctor found this", "a: 1  # ignore[E] so", "msdoctor: ignore[E] x"]
)
def test_other_lines_are_none(line: str) -> None:
    assert parse(line, IDS) is None


@pytest.mark.parametrize(
    ("line", "problem", "column"),
    [
        ("a: 1 # msdoctor: ignore[E]", "it gives no reason; write # msdoctor: ignore[ID] REASON", 6),
        ("# msdoctor: ignore[E]  -", "it gives no reason; write # msdoctor: ignore[ID] REASON", 1),
        ("# msdoctor: ignore[] so", "it names no id; write # msdoctor: ignore[ID] REASON", 1),
        ("# msdoctor: ignore E so", "not understood; write # msdoctor: ignore[ID] REASON", 1),
        ("# msdoctor: disable[E] so", "not understood; write # msdoctor: ignore[ID] REASON", 1),
        ("# msdoctor: ignore[kubelet-donw] so", "there is no check kubelet-donw; did you mean kubelet-down?", 1),
    ],
)
def test_one_that_cannot_be_used_says_why_and_where(line: str, problem: str, column: int) -> None:
    assert parse(line, IDS) == BadComment(problem, column)


def test_it_covers_what_it_names() -> None:
    comment = Ignored(("kubelet-cert-*", "D"), "so")

    assert comment.covers("kubelet-cert-expired", Hop.E)
    assert comment.covers("requestheader-config-missing", Hop.D)
    assert not comment.covers("kubelet-down", Hop.E)
