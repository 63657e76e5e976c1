"""Pods that a restarting container hides: told where an HPA computes with them alone, and only then."""

from __future__ import annotations

import pytest

from msdoctor.diagnosis import Verdict, exit_code
from msdoctor.facts import paths
from tests.checks.test_waiting_hpas import hpa
from tests.checks.test_waiting_hpas import pod as plain
from tests.facts.clusters import Json, Patient, healthy, listed, moment, sample

ID = "hpa-pods-restarting"
NONE = "unable to get metrics for resource cpu: no metrics returned from resource metrics API"
FORBIDDEN = (
    "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: pods.metrics.k8s.io"
    ' is forbidden: User "x" cannot list resource "pods" in API group "metrics.k8s.io" in the namespace "shop"'
)


def status(name: str, *, age: float, restarts: int = 0) -> Json:
    ended = {"terminated": {"reason": "Error", "exitCode": 137}} if restarts else {}
    return {
        "name": name,
        "restartCount": restarts,
        "state": {"running": {"startedAt": moment(-age)}},
        "lastState": ended,
    }


def pod(name: str, *statuses: Json) -> Json:
    found = plain(name, ready=True, age=3600)
    found["status"]["containerStatuses"] = list(statuses)
    return found


def flaky(name: str) -> Json:
    return pod(name, status("web", age=3600), status("shipper", age=5, restarts=41))


def with_pods(*pods: Json, inner: str = NONE, rows: tuple[str, ...] = ()) -> Patient:
    return (
        healthy()
        .api(paths.HPAS, listed(hpa(inner)))
        .api(paths.RUNNING_PODS, listed(*pods))
        .api(paths.POD_METRICS, listed(*(sample(name, namespace="shop") for name in rows)))
    )


def test_it_names_the_container_how_it_ended_and_the_hpa() -> None:
    diagnosis = with_pods(flaky("web-5d8f-a"), flaky("web-5d8f-b")).diagnosis()

    (cause,) = [item for item in diagnosis.causes if item.breaks]
    assert cause.id == ID
    assert "shipper keeps restarting (41 times" in cause.finding.summary
    assert any("Error (137)" in evidence.saw for evidence in cause.finding.evidence)
    assert [hpa.key for hpa in diagnosis.flow.blind_hpas] == ["shop/web"]
    assert (diagnosis.verdict, exit_code(diagnosis)) == (Verdict.DEGRADED, 1)


@pytest.mark.parametrize(
    "patient",
    [
        with_pods(flaky("web-5d8f-a"), flaky("web-5d8f-b"), rows=("web-5d8f-b",)),
        with_pods(flaky("web-5d8f-a"), inner=FORBIDDEN),
        with_pods(pod("web-5d8f-a", status("web", age=3600), status("shipper", age=600, restarts=41))),
        with_pods(pod("web-5d8f-a", status("web", age=5))),
        with_pods(flaky("web-5d8f-a"), flaky("web-5d8f-b")).silent(),
    ],
    ids=["one of them has a row", "nobody may ask", "it has run for long", "it has only just begun", "nobody answers"],
)
def test_it_is_silent_where_another_reason_is_as_good(patient: Patient) -> None:
    assert patient.outcome(ID).findings == ()


def ended(reason: str, message: str, container: str = "shipper") -> Json:
    about = {"kind": "Pod", "name": "web-5d8f-a", "fieldPath": f"spec.containers{{{container}}}"}
    named = {"metadata": {"name": f"web-5d8f-a.{len(message)}", "namespace": "shop"}}
    return {**named, "reason": reason, "message": message, "involvedObject": about, "type": "Warning"}


PROBE_FAILED = (
    ended("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", "web"),
    ended("Unhealthy", "Liveness probe failed: dial tcp 10.244.0.5:9: connect: connection refused"),
    ended("Killing", "Container shipper failed liveness probe, will be restarted"),
)


def with_events(*events: Json, template: tuple[str, ...] = ("web", "shipper")) -> Patient:
    workload = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": name} for name in template]}},
        },
    }
    return (
        with_pods(flaky("web-5d8f-a"))
        .api(paths.workload("shop", "deployments", "web"), workload)
        .api(paths.events("shop", "web-5d8f-a"), listed(*events))
    )


def test_a_probe_that_ends_it_is_named_and_can_be_taken_away_until_it_is_mended() -> None:
    (found,) = with_events(*PROBE_FAILED).outcome(ID).findings

    assert any("failed liveness probe, will be restarted" in evidence.saw for evidence in found.evidence)
    (remedy,) = found.remedies
    assert "connection refused" in remedy.advice
    without = '{"spec":{"template":{"spec":{"containers":[{"name":"shipper","livenessProbe":null}]}}}}'
    assert remedy.commands == (f"kubectl patch -n shop deployment/web -p '{without}'",)


@pytest.mark.parametrize(
    "patient",
    [
        with_events(),
        with_events(*PROBE_FAILED, template=("web",)),
        with_events(ended("Killing", "Container web failed liveness probe, will be restarted", "web")),
        with_events(ended("Killing", "Stopping container shipper")),
    ],
    ids=["no event", "a webhook puts it in", "of another container", "its pod was deleted"],
)
def test_without_a_probe_of_its_own_the_look_is_told(patient: Patient) -> None:
    (found,) = patient.outcome(ID).findings

    assert found.remedies[0].commands[0] == "kubectl -n shop describe pod web-5d8f-a"
