"""An HPA whose pods do not count yet: told as what it is, while metrics flow for everybody."""

from __future__ import annotations

import pytest

from msdoctor.diagnosis import Diagnosis, HopState, Verdict, exit_code
from msdoctor.facts import paths
from msdoctor.model import Hop
from msdoctor.render import report_text
from tests.facts.clusters import Json, Patient, healthy, listed, moment

ID = "hpa-pods-not-ready-yet"
UNREADY = "did not receive metrics for targeted pods (pods might be unready)"
UP_TO_1_22 = "did not receive metrics for any ready pods"


def hpa(inner: str) -> Json:
    message = f"the HPA was unable to compute the replica count: failed to get cpu utilization: {inner}"
    condition = {
        "type": "ScalingActive",
        "status": "False",
        "reason": "FailedGetResourceMetric",
        "message": message,
        "lastTransitionTime": moment(-300),
    }
    target = {"type": "Utilization", "averageUtilization": 50}
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
        "status": {"currentReplicas": 1, "conditions": [condition]},
    }


def pod(name: str, *, ready: bool, age: float) -> Json:
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"app": "web"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d8f"}],
        },
        "spec": {
            "nodeName": "worker",
            "containers": [{"name": "web", "resources": {"requests": {"cpu": "100m"}}}],
        },
        "status": {
            "phase": "Running",
            "startTime": moment(-age),
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
        },
    }


def with_pods(*pods: Json, inner: str = UNREADY) -> Patient:
    workload = {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": [{"name": "web"}]}}},
    }
    return (
        healthy()
        .api(paths.HPAS, listed(hpa(inner)))
        .api(paths.workload("shop", "deployments", "web"), workload)
        .api(paths.RUNNING_PODS, listed(*pods))
    )


def told(diagnosis: Diagnosis) -> set[str]:
    return {item.id for item in diagnosis.unexplained}


@pytest.mark.parametrize("inner", [UNREADY, UP_TO_1_22])
def test_pods_that_are_not_ready_are_what_it_waits_for(inner: str) -> None:
    diagnosis = with_pods(pod("web-5d8f-a", ready=False, age=3600), inner=inner).diagnosis()

    assert told(diagnosis) == {ID}
    assert diagnosis.causes == () or not any(cause.breaks for cause in diagnosis.causes)


def test_nothing_is_the_matter_with_metrics_meanwhile() -> None:
    diagnosis = with_pods(pod("web-5d8f-a", ready=False, age=60)).diagnosis()

    assert diagnosis.verdict is Verdict.HEALTHY
    assert exit_code(diagnosis) == 0
    assert {hop.hop: hop.state for hop in diagnosis.hops}[Hop.H] is HopState.DEGRADED
    assert "over by itself" in report_text.text(diagnosis)


def test_ready_pods_count_from_their_fifth_minute_on() -> None:
    assert told(with_pods(pod("web-5d8f-a", ready=True, age=120)).diagnosis()) == {ID}
    assert ID not in told(with_pods(pod("web-5d8f-a", ready=True, age=600)).diagnosis())


def test_one_pod_that_counts_is_enough() -> None:
    young, old = pod("web-5d8f-a", ready=False, age=60), pod("web-5d8f-b", ready=True, age=3600)

    assert ID not in told(with_pods(young, old).diagnosis())


def test_an_hpa_that_gets_no_metrics_at_all_does_not_wait() -> None:
    inner = "unable to get metrics for resource cpu: no metrics returned from resource metrics API"

    assert ID not in told(with_pods(pod("web-5d8f-a", ready=False, age=60), inner=inner).diagnosis())
