"""VPAs: whom a broken pipeline blinds, what they recommend meanwhile, and a recommender that may not read metrics."""

from __future__ import annotations

import json
from typing import Any

from msdoctor.bundle import Reason
from msdoctor.diagnosis import Diagnosis
from msdoctor.facts import paths
from msdoctor.model import Unseen, those_seen
from msdoctor.render import report_json, report_text
from tests.checks.verticals import LEAST, NO_PODS, PROVIDED, checkpoint, vpa, with_vpas
from tests.facts.clusters import Patient, healthy, listed

Json = dict[str, Any]
ID = "vpa-metrics-failing"
ACCOUNT = "system:serviceaccount:kube-system:vpa-recommender"
EARLIER = "2026-11-25T09:00:00Z"


def dead() -> Patient:
    """The metrics API is not registered, and so nobody is answered."""
    return healthy().silent().api(paths.APISERVICES, listed())


def summaries(diagnosis: Diagnosis) -> list[str]:
    explained = [item for cause in diagnosis.causes for item in cause.explains]
    open_ = [item.summary for item in diagnosis.unexplained if item.id == ID]
    return open_ + [item.summary for item in explained if item.id == ID]


def test_a_dead_pipeline_blinds_vpas_by_name_and_number() -> None:
    diagnosis = with_vpas(dead(), vpa(PROVIDED, recommendation=LEAST)).diagnosis()

    assert [(item.key, item.target, item.recommends) for item in diagnosis.flow.blind_vpas] == [
        ("shop/web", "deployment/web", True)
    ]
    assert "1 of 1 VPA" in report_text.text(diagnosis)
    assert json.loads(report_json.json_(diagnosis))["flow"]["blind"]["vpas"] == [
        {"name": "shop/web", "target": "deployment/web", "recommends": True}
    ]


def test_one_that_never_had_a_sample_recommends_the_least_and_its_pods_get_that() -> None:
    patient = with_vpas(dead(), vpa(PROVIDED, recommendation=LEAST), checkpoints=(checkpoint(None),))

    assert summaries(patient.diagnosis()) == [
        (
            "VPA shop/web never had a sample and recommends the least that there is (web cpu=25m, memory=250Mi),"
            " and pods are given that."
        )
    ]


def test_one_that_is_off_gives_nothing_to_pods() -> None:
    patient = with_vpas(dead(), vpa(PROVIDED, recommendation=LEAST, mode="Off"), checkpoints=(checkpoint(None),))

    assert all("pods are given that" not in text for text in summaries(patient.diagnosis()))


def test_one_whose_samples_have_stopped_says_since_when() -> None:
    patient = with_vpas(dead(), vpa(PROVIDED, recommendation=LEAST), checkpoints=(checkpoint(EARLIER),))

    assert summaries(patient.diagnosis()) == [
        "VPA shop/web has no sample since 2026-11-25 09:00:00Z, and keeps what it recommends."
    ]


def test_one_without_a_recommendation_and_without_checkpoints_is_told_of_too() -> None:
    patient = with_vpas(dead(), vpa()).refuse(paths.VPA_CHECKPOINTS, Reason.FORBIDDEN, 403)

    assert summaries(patient.diagnosis()) == ["VPA shop/web has no recommendation for deployment/web."]


def test_one_without_a_recommendation_is_not_told_of_by_somebody_who_is_refused_himself() -> None:
    patient = with_vpas(healthy(), vpa()).refuse(paths.POD_METRICS, Reason.FORBIDDEN, 403)

    assert summaries(patient.diagnosis()) == []


def test_while_metrics_flow_nothing_is_said_of_any_vpa() -> None:
    diagnosis = with_vpas(healthy(), vpa(), checkpoints=(checkpoint(None),)).diagnosis()

    assert summaries(diagnosis) == []
    assert diagnosis.flow.blind_vpas == ()


def test_one_that_says_itself_what_it_lacks_is_not_the_pipelines() -> None:
    diagnosis = with_vpas(dead(), vpa(NO_PODS)).diagnosis()

    assert diagnosis.flow.blind_vpas == ()
    assert summaries(diagnosis) == []


def test_one_of_another_recommender_may_have_other_metrics() -> None:
    assert with_vpas(dead(), vpa(recommenders=[{"name": "by-history"}])).facts().vpas == ()


def test_where_there_is_no_such_kind_nothing_is_asked_and_nothing_is_unseen() -> None:
    facts = healthy().refuse(paths.VPA_KIND, Reason.ABSENT, 404).facts()

    assert facts.vpas == ()
    assert paths.VPA_KIND not in [gap.what for gap in facts.gaps]


def test_a_list_that_is_refused_is_unseen_and_said() -> None:
    facts = with_vpas(healthy()).refuse(paths.VPAS, Reason.FORBIDDEN, 403).facts()

    assert isinstance(facts.vpas, Unseen)
    assert paths.VPAS in [gap.what for gap in facts.gaps]


# The recommender


def recommender(*args: str) -> Json:
    return {
        "metadata": {
            "name": "vpa-recommender-1",
            "namespace": "kube-system",
            "labels": {"app": "vpa-recommender"},
        },
        "spec": {
            "nodeName": "k8s-node1",
            "serviceAccountName": "vpa-recommender",
            "containers": [{"name": "recommender", "args": list(args)}],
        },
        "status": {"phase": "Running"},
    }


def with_recommender(*args: str, allowed: bool) -> Patient:
    patient = with_vpas(healthy(), vpa(PROVIDED, recommendation=LEAST), checkpoints=(checkpoint(EARLIER),))
    return patient.api(paths.RUNNING_PODS, listed(recommender(*args))).review(
        f"{ACCOUNT} list metrics.k8s.io/pods", allowed=allowed
    )


def test_a_recommender_that_may_not_read_metrics_is_why_its_vpas_get_none() -> None:
    diagnosis = with_recommender(allowed=False).diagnosis()

    (cause,) = [item for item in diagnosis.causes if item.breaks]
    assert cause.id == "rbac-user-metrics-forbidden"
    assert cause.finding.subjects == (f"user/{ACCOUNT}",)
    assert [item.id for item in cause.explains] == [ID]
    assert [item.key for item in diagnosis.flow.blind_vpas] == ["shop/web"]


def test_one_that_may_is_not_mentioned() -> None:
    diagnosis = with_recommender(allowed=True).diagnosis()

    assert not [item for item in diagnosis.causes if item.breaks]
    assert diagnosis.flow.blind_vpas == ()


def test_one_that_takes_its_metrics_elsewhere_is_not_asked_about() -> None:
    readers = with_recommender("--use-external-metrics=true", allowed=False).facts().readers

    assert [reader.user for reader in readers if reader.recommends] == []


def test_samples_that_are_just_late_have_not_stopped() -> None:
    found, *_ = those_seen(with_vpas(dead(), vpa(), checkpoints=(checkpoint("2026-11-25T12:58:00Z"),)).facts().vpas)

    assert not found.stopped
