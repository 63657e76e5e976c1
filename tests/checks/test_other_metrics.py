"""Custom and external metrics: named where they fail, and kept apart from the pipeline of resource metrics."""

from collections.abc import Callable
from typing import Any

import pytest

from msdoctor.bundle import Reason
from msdoctor.diagnosis import Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.judge import Result
from msdoctor.model import Class
from msdoctor.render import report_json
from tests.facts.clusters import Json, Patient, apiservice, healthy, listed, service

DOWN, CONFLICT = "external-metrics-api-down", "external-metrics-apiservice-conflict"
EXTERNAL, CUSTOM = "external.metrics.k8s.io", "custom.metrics.k8s.io"
UNABLE = "unable to fetch metrics from external metrics API: the server is currently unable to handle the request"


def _registered(group: str, named: str, *, version: str = "v1beta1", reason: str = "Passed", **release: str) -> Json:
    namespace, _, name = named.partition("/")
    status = "True" if reason == "Passed" else "False"
    item = apiservice(status, reason, "no answer", name=name, namespace=namespace)
    item["metadata"] = {"name": f"{version}.{group}", "annotations": _of(**release)}
    item["spec"] |= {"group": group, "version": version}
    return item


def _of(release: str = "", namespace: str = "") -> dict[str, str]:
    names = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    return names if release else {}


def _with(*registered: Json, keda: bool = False, prometheus: dict[str, str] | None = None) -> Patient:
    patient = healthy().api(paths.APISERVICES, listed(apiservice(), *registered))
    adapter = service({"app": "adapter"}, name="prometheus-adapter", namespace="monitoring")
    adapter["metadata"]["annotations"] = prometheus or {}
    own = service({"app": "keda"}, name="keda-operator-metrics-apiserver", namespace="keda")
    own["metadata"]["labels"] = {"app.kubernetes.io/name": "keda-operator-metrics-apiserver"}
    for one in (adapter, own):
        at = one["metadata"]["namespace"], one["metadata"]["name"]
        patient.api(paths.service(*at), one).api(paths.slices(*at), listed())
    return patient.api(paths.KEDA_SERVICES, listed(*([own] if keda else [])))


def _by_keda(**more: str) -> Json:
    return _registered(EXTERNAL, "keda/keda-operator-metrics-apiserver", **more)


def _by_prometheus(group: str = EXTERNAL, **more: str) -> Json:
    return _registered(group, "monitoring/prometheus-adapter", **more)


def _asks(kind: str, **status: Any) -> Json:
    return {
        "metadata": {"name": "worker", "namespace": "default"},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "worker"}, "metrics": [{"type": kind}]},
        "status": status,
    }


CONFLICTS: dict[str, Callable[[], Patient]] = {
    "keda-is-there-and-another-is-named": lambda: _with(_by_prometheus(), keda=True),
    "two-versions-name-two": lambda: _with(
        _by_prometheus(CUSTOM), _registered(CUSTOM, "datadog/cluster-agent", version="v1beta2")
    ),
    "written-over-by-another-release": lambda: _with(
        _by_prometheus(release="keda", namespace="keda"), prometheus=_of("prometheus-adapter", "monitoring")
    ),
}
NO_CONFLICTS: dict[str, Callable[[], Patient]] = {
    "each-its-own": lambda: _with(_by_keda(), _by_prometheus(CUSTOM), keda=True),
    "both-by-one-without-keda": lambda: _with(_by_prometheus(), _by_prometheus(CUSTOM)),
    "two-versions-of-one": lambda: _with(_by_prometheus(CUSTOM), _by_prometheus(CUSTOM, version="v1beta2")),
    "its-own-release": lambda: _with(
        _by_prometheus(release="p", namespace="monitoring"), prometheus=_of("p", "monitoring")
    ),
}


@pytest.mark.parametrize("patient", CONFLICTS.values(), ids=CONFLICTS)
def test_a_conflict_is_told_apart_and_changes_nothing_of_this_pipeline(patient: Callable[[], Patient]) -> None:
    diagnosis = patient().diagnosis()

    assert {cause.id for cause in diagnosis.elsewhere} == {CONFLICT}
    assert diagnosis.verdict is Verdict.HEALTHY
    assert exit_code(diagnosis) == 0


@pytest.mark.parametrize("patient", NO_CONFLICTS.values(), ids=NO_CONFLICTS)
def test_adapters_that_get_on_are_no_conflict(patient: Callable[[], Patient]) -> None:
    assert patient().outcome(CONFLICT).result is Result.PASS


def test_one_that_is_down_is_told_with_who_asks_it() -> None:
    failing = {"type": "ScalingActive", "status": "False", "reason": "FailedGetExternalMetric", "message": UNABLE}
    patient = _with(_by_keda(reason="MissingEndpoints"), keda=True)
    patient.api(paths.HPAS, listed(_asks("External", conditions=[failing])))

    (finding,) = patient.outcome(DOWN).findings
    assert "default/worker" in finding.summary
    assert UNABLE in [evidence.saw for evidence in finding.evidence]
    assert finding.effects == ()


def test_in_json_it_stands_among_no_causes() -> None:
    document = report_json.as_dict(_with(_by_keda(reason="FailedDiscoveryCheck")).diagnosis())

    assert [(one["id"], one["class"]) for one in document["elsewhere"]] == [(DOWN, Class.ELSEWHERE)]  # type: ignore[attr-defined]
    assert DOWN not in [one["id"] for one in document["causes"]]  # type: ignore[attr-defined]


def test_only_what_an_uninstalled_adapter_left_is_taken_away() -> None:
    left, slow = _by_keda(reason="ServiceNotFound"), _by_keda(reason="FailedDiscoveryCheck")

    assert [len(_with(one).outcome(DOWN).findings[0].remedies) for one in (left, slow)] == [1, 0]


def test_without_the_right_to_see_its_service_the_condition_is_enough() -> None:
    patient = _with(_by_keda(reason="MissingEndpoints"))
    patient.refuse(paths.service("keda", "keda-operator-metrics-apiserver"), Reason.FORBIDDEN, 403)
    patient.refuse(paths.KEDA_SERVICES, Reason.FORBIDDEN, 403)

    assert patient.outcome(DOWN).result is Result.FAIL
    assert patient.outcome(CONFLICT).result is Result.PASS


def test_where_no_such_api_is_registered_nothing_is_asked_of_it() -> None:
    assert healthy().outcome(DOWN).result is Result.NOT_APPLICABLE
