"""Only what is new fails, and what is mended is said."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from msdoctor.config.baseline import Baseline, entries_of, read, text
from msdoctor.config.model import Settings
from msdoctor.config.policy import Policy, apply, not_seen_again
from msdoctor.diagnosis import Diagnosis, RemarkKind, SetAside, exit_code
from msdoctor.errors import GivenError
from msdoctor.judge import Result
from msdoctor.model import Class, State

from .recorded import AT_RISK, BROKEN, DEGRADED, HEALTHY, IDS, STARTING, applied, diagnosed, ids

SAN = "kubelet-cert-san-mismatch"


def _baseline(diagnosis: Diagnosis) -> Baseline:
    return read(text(entries_of(diagnosis)).encode(), "known.json")


@pytest.mark.parametrize("name", [HEALTHY, AT_RISK, DEGRADED, BROKEN, STARTING])
def test_nothing_of_what_was_there_counts(name: str) -> None:
    after = applied(name, Settings(), _baseline(diagnosed(name)))

    assert (after.causes, after.unexplained, after.remarks) == ((), (), ())
    assert {item.by for item in after.suppressed} == {SetAside.BASELINE}
    assert exit_code(after, fail_on=Class.RISK) == (3 if name == STARTING else 0)


def test_what_is_new_fails() -> None:
    known = _baseline(diagnosed(HEALTHY))
    after = applied(DEGRADED, Settings(), known)

    assert ids(after) == ["kubelet-cert-expired"]
    assert exit_code(after) == 1


def test_the_same_disease_on_another_node_is_new() -> None:
    master = replace(diagnosed(BROKEN), causes=diagnosed(BROKEN).causes[:1])
    after = applied(BROKEN, Settings(), _baseline(master))

    assert [cause.finding.subjects for cause in after.causes if cause.id == SAN] == [("node/k8s-node1",)]


def test_what_is_mended_is_said() -> None:
    after = applied(HEALTHY, Settings(), _baseline(diagnosed(DEGRADED)))

    assert [(remark.kind, remark.text, remark.where) for remark in after.remarks] == [
        (RemarkKind.FIXED, "kubelet-cert-expired at node/k8s-node1 is there no longer", "known.json")
    ]


def test_what_could_not_be_seen_is_not_called_mended_and_stays_in_the_baseline() -> None:
    healthy, known = diagnosed(HEALTHY), _baseline(diagnosed(DEGRADED))
    unseen = replace(healthy, checks=tuple(replace(check, outcome=Result.UNSEEN) for check in healthy.checks))
    after = apply(unseen, Policy(Settings(), IDS, known))

    assert [remark.kind for remark in after.remarks] == [RemarkKind.UNSEEN]
    assert [entry.id for entry in not_seen_again(after, known)] == ["kubelet-cert-expired"]
    assert list(not_seen_again(applied(HEALTHY, Settings(), known), known)) == []


def test_what_nothing_failed_by_and_something_does_now_is_new() -> None:
    degraded = diagnosed(DEGRADED)
    latent = replace(degraded.causes[0], finding=replace(degraded.causes[0].finding, state=State.LATENT))
    known = _baseline(replace(degraded, causes=(latent, *degraded.causes[1:])))

    assert ids(applied(DEGRADED, Settings(), known)) == ["kubelet-cert-expired"]


def test_what_is_now_only_a_consequence_is_still_there() -> None:
    broken = diagnosed(BROKEN)
    cause = broken.causes[0]
    explained = cause.explains[0]
    symptom = replace(
        diagnosed(STARTING),
        unexplained=(replace(diagnosed(STARTING).unexplained[0], id=explained.id, subjects=explained.subjects),),
    )

    after = apply(broken, Policy(Settings(), IDS, _baseline(replace(symptom, causes=()))))
    assert after.remarks == ()


def test_no_time_is_in_it_and_the_order_is_always_the_same() -> None:
    broken = diagnosed(BROKEN)
    later = replace(broken, taken_at=broken.taken_at + timedelta(days=9), causes=broken.causes[::-1])

    assert text(entries_of(later)) == text(entries_of(broken))
    assert str(broken.taken_at.year) not in text(entries_of(broken))


def test_each_finding_is_a_line_of_its_own() -> None:
    lines = text(entries_of(diagnosed(DEGRADED))).splitlines()

    assert len(lines) == len(diagnosed(DEGRADED).causes) + 2
    assert json.loads(lines[2].rstrip(","))["id"] == "kubelet-cert-expired"
    assert read(text([]).encode(), "x").entries == ()


def test_what_is_suppressed_or_ignored_does_not_get_into_it() -> None:
    after = applied(DEGRADED, Settings(ignore=("E",)))

    assert "kubelet-cert-expired" not in [entry.id for entry in entries_of(after)]


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"\xff", b'{"schemaVersion": "2", "findings": []}', b"[" * 100_000, b'{"findings": [1]}'],
    ids=["empty", "list", "no keys", "not UTF-8", "another version", "deep", "no findings"],
)
def test_another_file_is_one_error(content: bytes) -> None:
    with pytest.raises(GivenError, match=r"^known\.json: .*; write it anew with --write-baseline$"):
        read(content, "known.json")
