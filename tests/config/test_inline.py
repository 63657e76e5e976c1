"""A comment accepts what is found in its line, if it names it and says why."""

from dataclasses import replace

import pytest

from msdoctor.config.inline import BadComment, Ignored, apply, parse
from msdoctor.diagnosis import Diagnosis, RemarkKind, SetAside, exit_code
from msdoctor.model import Hop, Location

from .recorded import DEGRADED, IDS, diagnosed


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


def _found_at(line: int | None, file: str = "a.yaml") -> Diagnosis:
    """The fault of a kubelet's certificate, as if it stood in a file."""
    degraded = diagnosed(DEGRADED)
    cause = degraded.causes[0]
    return replace(degraded, causes=(replace(cause, finding=replace(cause.finding, location=Location(file, line))),))


TEXT = (
    "first: 1\n# msdoctor: ignore[kubelet-cert-expired] so it is\nthird: 3\nfourth: 4  # msdoctor: ignore[E] it too\n"
)


@pytest.mark.parametrize(("line", "reason"), [(2, "so it is"), (3, "so it is"), (4, "it too")])
def test_a_comment_is_about_its_line_and_alone_also_about_the_next(line: int, reason: str) -> None:
    after = apply(_found_at(line), {"a.yaml": TEXT, "b.yaml": "x: 1\n"}, IDS)

    assert after.causes == ()
    (item,) = after.suppressed
    assert (item.by, item.reason) == (SetAside.INLINE, reason)
    assert item.where == ("a.yaml:4" if line == 4 else "a.yaml:2")
    assert exit_code(after) == 0


@pytest.mark.parametrize(("line", "file"), [(1, "a.yaml"), (5, "a.yaml"), (None, "a.yaml"), (3, "b.yaml")])
def test_it_is_about_nothing_else_and_then_that_is_said(line: int | None, file: str) -> None:
    after = apply(_found_at(line, file), {"a.yaml": TEXT}, IDS)

    assert after.causes == _found_at(line, file).causes
    assert [(remark.kind, remark.where) for remark in after.remarks] == [
        (RemarkKind.UNUSED, "a.yaml:2"),
        (RemarkKind.UNUSED, "a.yaml:4"),
    ]


def test_one_that_cannot_be_used_accepts_nothing_and_is_told() -> None:
    after = apply(_found_at(1), {"a.yaml": "first: 1  # msdoctor: ignore[kubelet-cert-expired]\n"}, IDS)

    assert len(after.causes) == 1
    assert [(remark.kind, remark.text) for remark in after.remarks] == [
        (
            RemarkKind.BAD,
            "a comment that accepts nothing: it gives no reason; write # msdoctor: ignore[ID] REASON",
        )
    ]


def test_a_flag_with_a_comment_is_no_comment_that_stands_alone() -> None:
    text = "kubelet \\\n  --anonymous-auth=false  # msdoctor: ignore[E] so\n  --read-only-port=0\n"

    assert apply(_found_at(2), {"a.yaml": text}, IDS).causes == ()
    assert len(apply(_found_at(3), {"a.yaml": text}, IDS).causes) == 1


def test_several_comments_that_stand_alone_are_about_one_line() -> None:
    text = "# msdoctor: ignore[D] one\n# msdoctor: ignore[E] other\n# why it is so\nvalue: 1\nnext: 2\n"

    assert apply(_found_at(4), {"a.yaml": text}, IDS).causes == ()
    assert len(apply(_found_at(5), {"a.yaml": text}, IDS).causes) == 1


def test_prose_that_shows_how_comments_are_written_is_not_told_of() -> None:
    assert apply(_found_at(1), {"README.md": "write `# msdoctor: ignore[ID] REASON`\n"}, IDS).remarks == ()
