"""Which rows of a node are due, what their absence says, and above all what it does not say."""

from datetime import timedelta

import pytest

from msdoctor.bundle import Reason
from msdoctor.facts import paths
from msdoctor.judge import Result
from msdoctor.model import Confidence, Effect, EffectKind
from tests.facts.clusters import (
    MANIFEST_ARGS,
    NOW,
    Json,
    Patient,
    container,
    deployment,
    healthy,
    listed,
    moment,
    node,
    pod,
    sample,
    scrape_error,
)

CONTAINERS = "container-metrics-missing-from-kubelet"
CGROUP_V2 = "cgroup-v2-unsupported"
NODE_ZERO = "cgroup-hierarchy-node-stats-zero"
NOTHING = "cadvisor-root-stats-missing"
ALL = (CONTAINERS, NODE_ZERO, NOTHING)
LONG = -3600.0


def _workload(name: str, started: float = LONG, state: Json | None = None) -> Json:
    made = pod(name, started=started, namespace="default", labels={"app": name}, node="worker")
    if state is not None:
        made["status"]["containerStatuses"].append({"name": "sidecar", "state": state})
    return made


def _patient(*workloads: Json, rows: tuple[str, ...] = (), nodes: tuple[str, ...] = ("master", "worker")) -> Patient:
    """metrics-server is on the master; of the worker's pods those in ``rows`` have one."""
    server = pod(node="master")
    samples = (sample(name, namespace="default") for name in rows)
    return (
        healthy()
        .installed(deployment(), pods=(server,))
        .api(paths.RUNNING_PODS, listed(server, *workloads))
        .api(paths.POD_METRICS, listed(sample("metrics-server-1", namespace="kube-system"), *samples))
        .metrics(*map(sample, nodes))
    )


def _failing(patient: Patient) -> set[str]:
    return {name for name in ALL if patient.outcome(name).result is Result.FAIL}


def test_pods_that_have_run_for_long_and_have_no_row_while_their_node_has_one() -> None:
    outcome = _patient(_workload("a"), _workload("b")).outcome(CONTAINERS)

    (finding,) = outcome.findings
    assert finding.subjects == ("node/worker",)
    assert finding.effects == (Effect(EffectKind.NO_POD_METRICS, "worker"),)
    assert finding.confidence is Confidence.LIKELY


def test_of_one_pod_alone_its_own_container_may_be_at_fault() -> None:
    (finding,) = _patient(_workload("a")).outcome(CONTAINERS).findings

    assert finding.confidence is Confidence.POSSIBLE


@pytest.mark.parametrize(
    "workload",
    [
        _workload("just-started", started=-20),
        _workload("one-waits", state={"waiting": {"reason": "CrashLoopBackOff"}}),
        _workload("one-has-ended", state={"terminated": {"exitCode": 0}}),
        _workload("one-was-restarted", state={"running": {"startedAt": moment(-15)}}),
    ],
    ids=lambda workload: str(workload["metadata"]["name"]),
)
def test_a_pod_that_is_not_due_is_not_missed(workload: Json) -> None:
    assert _failing(_patient(workload)) == set()


def test_as_long_as_some_pods_have_rows_the_kubelet_knows_containers() -> None:
    assert _failing(_patient(_workload("idle"), _workload("b"), rows=("b",))) == set()


def test_a_metrics_server_that_has_just_started_has_not_every_row_yet() -> None:
    young = pod(started=-40, node="master")
    patient = _patient(_workload("a"), _workload("b")).installed(deployment(), pods=(young,))

    assert {name: patient.outcome(name).result for name in ALL} == dict.fromkeys(ALL, Result.UNSEEN)


def test_who_may_not_see_pods_metrics_misses_none() -> None:
    patient = _patient(_workload("a"), _workload("b")).refuse(paths.POD_METRICS, Reason.FORBIDDEN, 403)

    assert patient.outcome(CONTAINERS).result is Result.UNSEEN


def test_a_node_without_a_row_of_which_the_pods_have_theirs() -> None:
    patient = _patient(_workload("a"), _workload("b"), rows=("a", "b"), nodes=("master",))

    assert _failing(patient) == {NODE_ZERO}
    (finding,) = patient.outcome(NODE_ZERO).findings
    assert finding.effects == (Effect(EffectKind.NO_NODE_FIGURES, "worker"),)


def test_an_old_metrics_server_also_leaves_out_a_node_without_a_start() -> None:
    old = container()
    old["image"] = "registry.k8s.io/metrics-server/metrics-server:v0.5.0"
    patient = _patient(_workload("a"), rows=("a",), nodes=("master",))
    patient.installed(deployment(old), pods=(pod("metrics-server-1", old, node="master"),))

    (finding,) = patient.outcome(NODE_ZERO).findings
    assert finding.confidence is Confidence.POSSIBLE


def test_a_kubelet_that_answers_with_nothing() -> None:
    patient = _patient(_workload("a"), _workload("b"), nodes=("master",))

    assert _failing(patient) == {NOTHING}
    (finding,) = patient.outcome(NOTHING).findings
    assert finding.confidence is Confidence.POSSIBLE


def test_whoever_is_complained_of_has_another_disease() -> None:
    patient = _patient(_workload("a"), _workload("b"), nodes=("master",))
    patient.log(scrape_error("worker", "192.0.2.11", "x509: certificate signed by unknown authority"))

    assert _failing(patient) == set()


def test_a_node_that_is_not_ready_is_silent_for_its_own_reasons() -> None:
    down = node("worker", ("InternalIP", "192.0.2.11"))
    down["status"]["conditions"] = [{"type": "Ready", "status": "Unknown"}]
    patient = _patient(_workload("a"), _workload("b"), nodes=("master",))
    patient.api(paths.NODES, listed(node("master", ("InternalIP", "192.0.2.10")), down))

    assert _failing(patient) == set()


def test_metrics_server_may_have_been_told_to_leave_nodes_out() -> None:
    told = container((*MANIFEST_ARGS, "--node-selector=metrics=yes"))
    patient = _patient(_workload("a"), _workload("b"), nodes=("master",))
    patient.installed(deployment(told), pods=(pod("metrics-server-1", told, node="master"),))

    assert _failing(patient) == set()


def test_without_its_log_silence_is_no_sign() -> None:
    patient = _patient(_workload("a"), _workload("b"), nodes=("master",))
    for place in [place for place in patient.documents if place.kind == "log"]:
        patient.refuse(place, Reason.FORBIDDEN, 403)

    assert patient.outcome(NOTHING).result is Result.UNSEEN


def test_a_sample_that_is_left_out_changes_nothing_but_a_note() -> None:
    at = NOW - timedelta(seconds=5)
    line = (
        f'{at:%Y-%m-%dT%H:%M:%S}.000000000Z E{at:%m%d %H:%M:%S}.000000       1 node.go:55] "Skipping node usage metric"'
        ' err="unexpected decrease in cumulative CPU usage value" node="worker"\n'
    )
    patient = healthy().log(line)

    (finding,) = patient.outcome("cumulative-cpu-decrease").findings
    assert finding.effects == ()
    assert patient.facts().failed_scrapes == ()
    assert patient.diagnosis().verdict == healthy().diagnosis().verdict


def _of(kubelet: str, system: str, *rows: str) -> Patient:
    """The worker's kubelet and system, and which nodes have a row; its pods have theirs."""
    patient = _patient(_workload("a"), rows=("a",), nodes=rows)
    items = [node("master", ("InternalIP", "192.0.2.10")), node("worker", ("InternalIP", "192.0.2.11"))]
    items[1]["status"]["nodeInfo"] = {"kubeletVersion": kubelet, "osImage": system}
    return patient.api(paths.NODES, listed(*items))


@pytest.mark.parametrize(
    ("kubelet", "system", "named"),
    [
        ("v1.21.14", "Debian GNU/Linux 12 (bookworm)", {CGROUP_V2: Confidence.LIKELY}),
        ("v1.19.16", "AlmaLinux 9.0 (Emerald Puma)", {CGROUP_V2: Confidence.LIKELY}),
        ("v1.21.1", "NixOS 21.05 (Okapi)", {CGROUP_V2: Confidence.POSSIBLE}),
        ("v1.21.1", "", {CGROUP_V2: Confidence.POSSIBLE}),
        # Systems that start with cgroup v1.
        ("v1.21.1", "Ubuntu 20.04.6 LTS", {NODE_ZERO: Confidence.POSSIBLE}),
        ("v1.21.1", "CentOS Linux 7 (Core)", {NODE_ZERO: Confidence.POSSIBLE}),
        ("v1.22.0", "Ubuntu 22.04.3 LTS", {NODE_ZERO: Confidence.LIKELY}),
    ],
)
def test_a_kubelet_too_old_for_cgroup_v2_is_named_where_its_system_may_have_it(
    kubelet: str, system: str, named: dict[str, Confidence]
) -> None:
    patient = _of(kubelet, system, "master")

    assert {id_: f.confidence for id_ in (CGROUP_V2, NODE_ZERO) for f in patient.outcome(id_).findings} == named


def test_a_kubelet_too_old_for_cgroup_v2_is_not_named_for_what_else_may_be_behind() -> None:
    well = _of("v1.21.14", "Ubuntu 22.04.3 LTS", "master", "worker")
    mixed = _of("v1.21.14", "Ubuntu 22.04.3 LTS")  # the new one has no row either

    assert well.outcome(CGROUP_V2).result is Result.PASS
    assert [finding.confidence for finding in mixed.outcome(CGROUP_V2).findings] == [Confidence.POSSIBLE]
