"""What the user lives with is told and does not count; the cluster is as ill as it was."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from msdoctor.config.model import OFF, Settings, Suppression
from msdoctor.config.policy import Policy, apply
from msdoctor.diagnosis import Diagnosis, RemarkKind, SetAside, exit_code
from msdoctor.judge import Result
from msdoctor.model import Class, Confidence
from msdoctor.render import report_text

from .recorded import AT_RISK, BROKEN, DEGRADED, HEALTHY, IDS, STARTING, applied, diagnosed, ids

SAN = "kubelet-cert-san-mismatch"
SKIP = "apiservice-insecure-skip-tls"


def _suppressing(name: str, *subjects: str, until: date | None = None) -> Settings:
    globs = subjects or ("*",)
    return Settings(suppressions=(Suppression(name, "so it is", globs, until, "msdoctor.yaml:3"),))


def _remarks(diagnosis: Diagnosis) -> list[tuple[RemarkKind, str]]:
    return [(remark.kind, remark.text) for remark in diagnosis.remarks]


@pytest.mark.parametrize("name", [HEALTHY, AT_RISK, DEGRADED, BROKEN, STARTING])
def test_no_settings_change_nothing(name: str) -> None:
    assert applied(name, Settings()) == diagnosed(name)


def test_what_is_suppressed_is_told_with_its_reason_and_does_not_count() -> None:
    before, after = (
        diagnosed(DEGRADED),
        applied(DEGRADED, _suppressing("kubelet-cert-expired", until=date(2027, 1, 31))),
    )

    assert exit_code(before) == 1
    assert exit_code(after) == 0
    assert "kubelet-cert-expired" not in ids(after)
    (item,) = after.suppressed
    assert (item.id, item.subjects, item.reason) == ("kubelet-cert-expired", ("node/k8s-node1",), "so it is")
    assert (item.by, item.where) == (SetAside.SUPPRESSION, "msdoctor.yaml:3")
    assert item.until == datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)
    assert item.fingerprint == before.causes[0].fingerprint


def test_the_cluster_is_not_turned_healthy_by_it() -> None:
    before, after = diagnosed(DEGRADED), applied(DEGRADED, _suppressing("kubelet-cert-expired"))

    assert (after.verdict, after.hops, after.flow) == (before.verdict, before.hops, before.flow)
    assert (after.requirements, after.checks) == (before.requirements, before.checks)
    text = report_text.text(after)
    assert "DEGRADED   metrics are missing: 0 causes, 1 not counted" in text
    assert "E kubelet-cert-expired, not counted, 1 of 2 nodes" in text
    assert "Why not: so it is (msdoctor.yaml:3)" in text


def test_a_certificate_that_is_accepted_on_one_node_hides_no_other_nodes() -> None:
    after = applied(BROKEN, _suppressing(SAN, "node/k8s-master"))

    assert [cause.finding.subjects for cause in after.causes if cause.id == SAN] == [("node/k8s-node1",)]
    assert [item.subjects for item in after.suppressed] == [("node/k8s-master",)]
    assert exit_code(after) == 1


def test_every_subject_of_a_finding_must_be_accepted() -> None:
    both = ("node/k8s-master", "node/k8s-node1")
    cause = diagnosed(BROKEN).causes[0]
    one = replace(cause, finding=replace(cause.finding, subjects=both))
    diagnosis = replace(diagnosed(BROKEN), causes=(one,))

    partly = apply(diagnosis, Policy(_suppressing(SAN, "node/k8s-master"), IDS))
    assert partly.causes == (one,)
    assert _remarks(partly) == [
        (
            RemarkKind.UNUSED,
            f"the suppression of {SAN} at node/k8s-master fits nothing: found at node/k8s-node1, which it is not about",
        )
    ]
    assert apply(diagnosis, Policy(_suppressing(SAN, "node/k8s-master", "node/*1"), IDS)).causes == ()
    assert apply(diagnosis, Policy(_suppressing(SAN, "node/*"), IDS)).causes == ()


def test_a_suppression_holds_on_its_last_day_and_then_no_longer() -> None:
    day = diagnosed(DEGRADED).taken_at.date()
    yesterday = day.replace(day=day.day - 1)

    assert exit_code(applied(DEGRADED, _suppressing("kubelet-cert-expired", until=day))) == 0
    expired = applied(DEGRADED, _suppressing("kubelet-cert-expired", until=yesterday))
    assert exit_code(expired) == 1
    assert expired.suppressed == ()
    text = f"the suppression of kubelet-cert-expired ended on {yesterday}: kubelet-cert-expired counts again"
    assert _remarks(expired) == [(RemarkKind.EXPIRED, text)]


def test_one_that_lasts_as_long_as_the_calendar_is_no_error() -> None:
    assert exit_code(applied(DEGRADED, _suppressing("E", until=date.max))) == 0


def test_one_that_fits_nothing_is_reported() -> None:
    after = applied(HEALTHY, _suppressing("kubelet-cert-expired"))

    assert _remarks(after) == [
        (RemarkKind.UNUSED, "the suppression of kubelet-cert-expired fits nothing that was found: remove it")
    ]
    assert "remove it (msdoctor.yaml:3)" in " ".join(report_text.text(after).split())


def test_one_whose_disease_could_not_be_seen_is_not_called_useless() -> None:
    healthy = diagnosed(HEALTHY)
    checks = tuple(
        replace(check, outcome=Result.UNSEEN) if check.id == "kubelet-cert-expired" else check
        for check in healthy.checks
    )
    after = apply(replace(healthy, checks=checks), Policy(_suppressing("kubelet-cert-expired"), IDS))

    assert [remark.kind for remark in after.remarks] == [RemarkKind.UNSEEN]


def test_a_symptom_without_a_cause_can_be_suppressed_too_and_proves_no_metrics() -> None:
    after = applied(STARTING, _suppressing("metrics-not-yet-available"))

    assert after.unexplained == ()
    assert [item.cause for item in after.suppressed] == [None]
    assert exit_code(after) == 3


def test_a_symptom_that_nothing_suppressed_leaves_the_question_open() -> None:
    symptom = diagnosed(STARTING).unexplained
    diagnosis = replace(diagnosed(DEGRADED), unexplained=symptom)

    assert exit_code(apply(diagnosis, Policy(_suppressing("kubelet-cert-expired"), IDS))) == 3


def test_a_possible_cause_that_is_suppressed_leaves_it_open_unless_metrics_flow() -> None:
    degraded, healthy = diagnosed(DEGRADED), diagnosed(HEALTHY)
    certain = degraded.causes[0]
    possible = replace(certain, finding=replace(certain.finding, confidence=Confidence.POSSIBLE))
    incomplete = diagnosed(STARTING).verdict
    dark = replace(degraded, causes=(possible,), verdict=incomplete)
    flowing = replace(healthy, causes=(possible,), verdict=incomplete)
    policy = Policy(_suppressing("kubelet-cert-expired"), IDS)

    assert (exit_code(dark), exit_code(apply(dark, policy))) == (3, 3)
    assert (exit_code(flowing), exit_code(apply(flowing, policy))) == (3, 0)


@pytest.mark.parametrize("name", ["E", "kubelet-*", "kubelet-cert-expired"])
def test_ignored_by_id_glob_or_hop(name: str) -> None:
    after = applied(DEGRADED, Settings(ignore=("D", name)))

    assert ids(after) == [SKIP]
    assert [(item.id, item.by, item.reason) for item in after.suppressed] == [
        ("kubelet-cert-expired", SetAside.IGNORED, f"ignored by {name}"),
        ("requestheader-header-names", SetAside.IGNORED, "ignored by D"),
    ]
    assert exit_code(after) == 0


def test_selected_by_hop_and_ignored_all_the_same() -> None:
    after = applied(BROKEN, Settings(select=("C", "E"), ignore=(SKIP,)))

    assert set(ids(after)) == {SAN}
    assert {item.reason for item in after.suppressed} == {f"ignored by {SKIP}", "not among the selected: C, E"}


def test_a_written_reason_comes_before_the_others() -> None:
    settings = replace(_suppressing(SAN), ignore=("E",), select=("D",))

    assert {item.by for item in applied(BROKEN, settings).suppressed if item.id == SAN} == {SetAside.SUPPRESSION}


def test_severity_off_does_not_count_and_is_told() -> None:
    after = applied(DEGRADED, Settings("msdoctor.yaml", severities={"kubelet-*": OFF}))

    assert exit_code(after) == 0
    assert [(item.by, item.reason, item.where) for item in after.suppressed] == [
        (SetAside.SEVERITY, "its severity is off", "msdoctor.yaml")
    ]


def test_a_risk_can_fail_and_a_cause_can_pass() -> None:
    risk = applied(AT_RISK, Settings(severities={"kubelet-cert-expiring": Class.CAUSE}))
    cause = applied(DEGRADED, Settings(severities={"kubelet-cert-expired": Class.RISK}))

    assert (exit_code(diagnosed(AT_RISK)), exit_code(risk)) == (0, 1)
    assert (exit_code(diagnosed(DEGRADED)), exit_code(cause), exit_code(cause, fail_on=Class.RISK)) == (1, 0, 1)
    assert _remarks(risk) == [(RemarkKind.SEVERITY, "kubelet-cert-expiring counts as a cause")]
    assert _remarks(cause) == [(RemarkKind.SEVERITY, "kubelet-cert-expired counts as a risk")]


def test_of_several_severities_the_last_holds() -> None:
    settings = Settings(severities={"E": OFF, "kubelet-cert-expired": Class.CAUSE})

    assert ids(applied(DEGRADED, settings))[0] == "kubelet-cert-expired"


def test_no_cause_at_all_is_left_of_a_report_at_risk() -> None:
    after = applied(AT_RISK, Settings(select=("A",)))

    assert "AT-RISK   metrics flow today, 1 not counted" in report_text.text(after)
