"""An HPA that is measured by one container: told where pods have none of that name, and by what the HPA then says."""

from __future__ import annotations

import pytest

from msdoctor.diagnosis import Verdict
from msdoctor.facts import paths
from msdoctor.model import State
from tests.checks.test_waiting_hpas import pod as plain
from tests.facts.clusters import Json, Patient, healthy, listed, moment

ID, WAITS, OVERLAP = "hpa-container-not-found", "hpa-pods-not-ready-yet", "hpa-selector-overlap"
# By release: metrics/client.go to 1.33, replica_calculator.go from 1.34 on where no pod has it, and from 1.36 on.
TO_1_33 = (
    "unable to get metrics for resource cpu: failed to get container metrics: container main not present in metrics"
    " for pod shop/web-5d8f-a"
)
NONE_HAS_IT = "did not receive metrics for targeted pods (pods might be unready)"
FROM_1_36 = "container main not found in Pod web-5d8f-a"


def hpa(inner: str, container: str = "main") -> Json:
    said = f"the HPA was unable to compute the replica count: failed to get {container} container metric value: "
    condition = {
        "type": "ScalingActive",
        "status": "False" if inner else "True",
        "reason": "FailedGetContainerResourceMetric" if inner else "ValidMetricFound",
        "message": f"{said}failed to get cpu utilization: {inner}" if inner else "computed",
        "lastTransitionTime": moment(-300),
    }
    target = {"type": "Utilization", "averageUtilization": 50}
    usage = {"name": "cpu", "container": container, "target": target}
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "metrics": [{"type": "ContainerResource", "containerResource": usage}],
        },
        "status": {"currentReplicas": 2, "conditions": [condition]},
    }


def pod(name: str, *containers: str, age: float = 3600, owner: str = "web-5d8f") -> Json:
    found = plain(name, ready=True, age=age)
    found["metadata"]["creationTimestamp"] = moment(-age)
    found["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": owner}]
    found["spec"]["containers"] = [{"name": item, "resources": {"requests": {"cpu": "1"}}} for item in containers]
    return found


def workload(*containers: str, paused: bool = False, progress: str = "NewReplicaSetAvailable") -> Json:
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "paused": paused,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {"containers": [{"name": item} for item in containers]}},
        },
        "status": {"conditions": [{"type": "Progressing", "status": "True", "reason": progress}]},
    }


def patient(of: Json, scaled: Json, *pods: Json) -> Patient:
    return (
        healthy()
        .api(paths.HPAS, listed(scaled))
        .api(paths.workload("shop", "deployments", "web"), of)
        .api(paths.RUNNING_PODS, listed(*pods))
    )


def two(*containers: str, age: float = 3600) -> tuple[Json, Json]:
    return pod("web-5d8f-a", *containers, age=age), pod("web-5d8f-b", *containers, age=age)


@pytest.mark.parametrize("inner", [TO_1_33, NONE_HAS_IT, FROM_1_36])
def test_the_name_of_the_only_container_is_the_remedy_whatever_the_release_says(inner: str) -> None:
    diagnosis = patient(workload("web"), hpa(inner), *two("web")).diagnosis()

    (cause,) = [item for item in diagnosis.causes if item.breaks]
    assert (cause.id, cause.finding.state, diagnosis.verdict) == (ID, State.ACTIVE, Verdict.DEGRADED)
    (remedy,) = cause.finding.remedies
    patch = '[{"op":"replace","path":"/spec/metrics/0/containerResource/container","value":"web"}]'
    assert remedy.commands == (f"kubectl -n shop patch hpa web --type json -p '{patch}'",)


def test_of_several_containers_the_one_of_a_like_name_is_taken_and_else_none() -> None:
    like = patient(workload("maim", "log"), hpa(FROM_1_36), *two("maim", "log")).outcome(ID).findings
    unlike = patient(workload("web", "log"), hpa(FROM_1_36), *two("web", "log")).outcome(ID).findings

    assert '"value":"maim"' in like[0].remedies[0].commands[0]
    assert '"value":"<RIGHT>"' in unlike[0].remedies[0].commands[0]
    assert "in the pods, one of web, log." in unlike[0].remedies[0].advice


def test_young_pods_without_it_are_not_what_the_hpa_waits_for() -> None:
    young = patient(workload("web"), hpa(NONE_HAS_IT), *two("web", age=60))

    assert young.outcome(WAITS).findings == ()
    assert [cause.id for cause in young.diagnosis().causes if cause.breaks] == [ID]


def test_a_rollout_that_gives_it_to_them_is_waited_for_and_a_paused_one_is_not() -> None:
    pods = two("web")
    on = patient(workload("web", "main", progress="ReplicaSetUpdated"), hpa(FROM_1_36), *pods)
    (held,) = patient(workload("web", "main", paused=True), hpa(FROM_1_36), *pods).outcome(ID).findings

    assert on.outcome(ID).findings == ()
    assert len(on.outcome(WAITS).findings) == 1
    assert held.remedies[0].commands == ("kubectl rollout resume -n shop deployment/web",)
    assert "its rollout is paused" in held.summary


def test_what_is_put_in_by_a_webhook_since_lately_comes_with_new_pods() -> None:
    old, new = pod("web-5d8f-a", "web"), pod("web-5d8f-b", "web", "main", age=600)
    (found,) = patient(workload("web"), hpa(FROM_1_36), old, new).outcome(ID).findings

    assert "1 of 2 pods" in found.summary
    assert found.remedies[0].commands == ("kubectl rollout restart -n shop deployment/web",)


def test_pods_of_another_workload_that_have_none_are_an_overlap() -> None:
    own, other = pod("web-5d8f-b", "main"), pod("job-77-a", "work", owner="job-77")
    other_named = hpa("container main not found in Pod job-77-a")
    overlap = patient(workload("main"), other_named, own, other)

    assert overlap.outcome(ID).findings == ()
    (found,) = overlap.outcome(OVERLAP).findings
    assert "it has no container that the HPA is measured by" in found.summary
    assert found.state is State.ACTIVE


def test_an_init_container_that_goes_on_counts_as_one() -> None:
    first = pod("web-5d8f-a", "web")
    first["spec"]["initContainers"] = [{"name": "main", "restartPolicy": "Always"}]

    assert patient(workload("web"), hpa(""), first).outcome(ID).findings == ()


def test_all_is_well_where_each_pod_has_it() -> None:
    well = patient(workload("main"), hpa(""), *two("main"))

    assert well.outcome(ID).findings == ()
    assert not any(cause.breaks for cause in well.diagnosis().causes)
