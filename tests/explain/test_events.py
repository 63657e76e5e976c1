"""Whole screens of kubectl: an event that is over, as something else in the text shows, accuses nobody.

Rows are as kubectl's describers print them; messages are horizontal.go's and the kubelet's.
"""

# ruff: noqa: E501  lines stand here as they are printed

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.utterances.errors import Circumstance
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())
WIDTHS = (0, 80, 100, 120)  # 0: unwrapped

AWAY = "unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)"
EVENTS = f"""Events:
  Type     Reason                        Age                    From                       Message
  ----     ------                        ----                   ----                       -------
  Warning  FailedGetResourceMetric       2m24s (x3 over 2m34s)  horizontal-pod-autoscaler  failed to get cpu utilization: {AWAY}
  Warning  FailedComputeMetricsReplicas  2m24s (x3 over 2m34s)  horizontal-pod-autoscaler  invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: {AWAY}
  Warning  AmbiguousSelector             3m3s (x3 over 3m13s)   horizontal-pod-autoscaler  pods by selector app=web are controlled by multiple HPAs: [shop/web shop/web-by-hand]
"""
COMPUTES = """Conditions:
  Type            Status  Reason              Message
  ----            ------  ------              -------
  AbleToScale     True    ReadyForNewScale    recommended size matches current size
  ScalingActive   True    ValidMetricFound    the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)
"""
LACKS = """Conditions:
  Type            Status  Reason                   Message
  ----            ------  ------                   -------
  AbleToScale     True    SucceededGetScale        the HPA controller was able to get the target's current scale
  ScalingActive   False   FailedGetResourceMetric  the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container web of Pod web-656bc69c8b-nhsjn
"""
IS_AWAY = LACKS.replace("missing request for cpu in container web of Pod web-656bc69c8b-nhsjn", AWAY)
UNHEALTHY = """Events:
  Type     Reason     Age                From     Message
  ----     ------     ----               ----     -------
  Warning  Unhealthy  32s (x4 over 39s)  kubelet  spec.containers{metrics-server}: Readiness probe failed: HTTP probe failed with statuscode: 500
"""
NOT_MADE = 'kube-system   3m11s       Warning   FailedCreate   replicaset/metrics-server-75f58ff87f   Error creating: pods "metrics-server-75f58ff87f-tmhgc" is forbidden: exceeded quota: few-pods, requested: pods=1, used: pods=2, limited: pods=1\n'


def wrapped(text: str, width: int) -> list[str]:
    """As a terminal of that width does it."""
    if not width:
        return text.splitlines()
    return [line[start : start + width] for line in text.splitlines() for start in range(0, len(line) or 1, width)]


def ids(text: str, width: int = 0) -> list[str]:
    return [match.id for match in explain(read(wrapped(text, width)), INDEX).matches]


@pytest.mark.parametrize("width", WIDTHS)
def test_an_hpa_that_computes_has_got_over_its_events(width: int) -> None:
    assert ids(COMPUTES + EVENTS, width) == ["metrics-shown"]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_was_seen_within_a_minute_is_not_over_though_the_last_look_went_well(width: int) -> None:
    row = "  Warning  FailedGetResourceMetric  {}  horizontal-pod-autoscaler  failed to get cpu utilization: unable to get "
    row += "metrics for resource cpu: no metrics returned from resource metrics API"

    assert "hpa-pods-restarting" in ids(COMPUTES + row.format("7s (x6 over 2m20s)"), width)
    assert ids(COMPUTES + row.format("2m7s (x6 over 5m20s)"), width) == ["metrics-shown"]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_it_stumbles_over_now_stands_in_its_condition_and_maybe_in_no_event(width: int) -> None:
    found = ids(LACKS + EVENTS, width)

    assert set(found) == {"hpa-missing-requests", "hpa-missing-requests-sidecar", "hpa-selector-overlap"}


@pytest.mark.parametrize("width", WIDTHS)
def test_events_that_say_what_the_condition_says_are_of_the_present(width: int) -> None:
    found = ids(IS_AWAY + EVENTS, width)

    assert "metrics-server-not-ready" in found
    assert "hpa-ambiguous-selector" not in found


@pytest.mark.parametrize("width", WIDTHS)
def test_events_alone_are_taken_at_their_word(width: int) -> None:
    assert "hpa-ambiguous-selector" in ids(EVENTS, width)


@pytest.mark.parametrize(
    "ready", ["  ContainersReady             True \n", "metrics-server-75f58ff87f-m9k9c   1/1     Running   0   5m\n"]
)
@pytest.mark.parametrize("width", WIDTHS)
def test_a_pod_that_is_ready_was_not_when_it_started(ready: str, width: int) -> None:
    assert ids(ready + UNHEALTHY, width) == []


@pytest.mark.parametrize(
    "unready",
    ["", "  ContainersReady             False \n", "metrics-server-75f58ff87f-m9k9c   0/1     Running   0   5m\n"],
)
def test_one_that_is_not_ready_is_not(unready: str) -> None:
    assert "metrics-server-not-ready" in ids(unready + UNHEALTHY)


def test_a_pod_that_is_there_was_made_whatever_kept_it_from_that() -> None:
    row = "kube-system   metrics-server-57c64c75bd-clxb6   0/1     ImagePullBackOff   0   37s\n"

    assert ids(NOT_MADE) == ["metrics-server-not-running"]
    assert "metrics-server-not-running" not in ids(row + NOT_MADE)


@pytest.mark.parametrize(("age", "is_told"), [("37s", False), ("5m", True), ("2d4h", True)])
def test_an_event_that_is_older_than_the_pod_is_of_another(age: str, is_told: bool) -> None:
    row = f"kube-system   metrics-server-6ff9d6d4b8-wm65n   0/1     Running   1 (7s ago)   {age}\n"
    event = 'kube-system   91s         Warning   Failed   pod/metrics-server-7d889f8cfc-2wbmc   Failed to pull image "registry.k8s.io/metrics-server/metrics-server:0.8.0": not found\n'

    assert ("image-pull" in ids(row + event)) is is_told
    assert "image-pull" in ids(event)


REPLACED = """\
kube-system   88s         Warning   Failed             pod/metrics-server-7d889f8cfc-x2svh    Failed to pull image "registry.k8s.io/metrics-server/metrics-server:0.8.0": failed to pull and unpack image "registry.k8s.io/metrics-server/metrics-server:0.8.0": failed to resolve reference "registry.k8s.io/metrics-server/metrics-server:0.8.0": failed to do request: Head "https://registry.k8s.io/v2/metrics-server/metrics-server/manifests/0.8.0": dial tcp: lookup registry.k8s.io on 192.168.10.1:53: server misbehaving
kube-system   56s         Warning   Failed             pod/metrics-server-7d889f8cfc-x2svh    Error: ImagePullBackOff
"""
DELETED = "kube-system   42s         Normal    SuccessfulDelete   replicaset/metrics-server-7d889f8cfc   Deleted pod: metrics-server-7d889f8cfc-x2svh\n"
NEXT = 'kube-system   5s          Normal    Pulled             pod/metrics-server-dffcc8749-wntwr     Container image "registry.k8s.io/metrics-server/metrics-server:v0.8.0" already present on machine\n'
ITS_ROW = "kube-system   metrics-server-dffcc8749-wntwr   0/1     CrashLoopBackOff   3 (3s ago)   40s\n"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("after", [ITS_ROW, DELETED + NEXT, DELETED + ITS_ROW], ids=["row", "event", "both"])
def test_what_an_older_pod_lacked_is_over(after: str, width: int) -> None:
    assert ids(REPLACED, width)[0] == "image-pull"
    assert "image-pull" not in ids(REPLACED + after, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_deleted_pod_is_taken_at_its_word_as_long_as_none_has_come_after_it(width: int) -> None:
    assert ids(REPLACED + DELETED, width)[0] == "image-pull"


@pytest.mark.parametrize(("age", "is_told"), [("5s", False), ("3m", True)])
@pytest.mark.parametrize("width", WIDTHS)
def test_an_image_that_came_in_the_end_is_there(age: str, is_told: bool, width: int) -> None:
    came = f"kube-system   {age}          Normal    Pulled             pod/metrics-server-7d889f8cfc-x2svh     Successfully pulled image\n"

    assert ("image-pull" in ids(REPLACED + came, width)) is is_told


def test_of_several_pods_each_tells_of_itself() -> None:
    other = REPLACED.replace("x2svh", "q7tbn")

    assert "image-pull" in ids(REPLACED + DELETED + NEXT + other, 80)


@pytest.mark.parametrize("width", range(60, 100))
def test_rows_that_a_terminal_cut_anywhere_are_whole_again(width: int) -> None:
    registered = "v1beta1.metrics.k8s.io   kube-system/metrics-server   False (FailedDiscoveryCheck)   2m4s\n"
    shown = {u.error.words for u in read(wrapped(registered + ITS_ROW, width)) if isinstance(u.error, Circumstance)}

    assert any(words.endswith("(FailedDiscoveryCheck)") for words in shown)
    assert any(words.endswith("40s") for words in shown)


KILLED = "kube-system   35s         Normal    Killing            pod/metrics-server-75f58ff87f-q4x6w    Stopping container metrics-server\n"
SILENT = 'kube-system   33s         Warning   Unhealthy          pod/metrics-server-75f58ff87f-q4x6w    Readiness probe failed: Get "https://10.244.1.16:10250/readyz": context deadline exceeded\n'
CREATED = "kube-system   34s         Normal    SuccessfulCreate   replicaset/metrics-server-75f58ff87f   Created pod: metrics-server-75f58ff87f-bgj7m\n"
PENDING = "kube-system   metrics-server-75f58ff87f-bgj7m   0/1     Pending   0          34s\n"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pod_that_was_told_to_stop_answers_no_probe(width: int) -> None:
    assert "metrics-server-resource-starvation" in ids(SILENT, width)
    assert "metrics-server-resource-starvation" not in ids(PENDING + KILLED + SILENT, width)


def test_a_pod_of_the_same_template_may_lack_what_the_one_before_it_lacked() -> None:
    assert "image-pull" in ids(REPLACED + DELETED + CREATED.replace("75f58ff87f", "7d889f8cfc"))
    assert "image-pull" not in ids(REPLACED + DELETED + CREATED)


NO_NODE = "  Warning  FailedScheduling  39s   default-scheduler  0/2 nodes are available: 2 node(s) had untolerated taint(s). preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.\n"
STARTED = "  Normal   Started           0s (x4 over 37s)  kubelet            spec.containers{metrics-server}: Container started\n"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_pod_that_was_started_has_found_its_node(width: int) -> None:
    assert ids(NO_NODE, width)[0] == "node-taint"
    assert "node-taint" not in ids(NO_NODE + STARTED, width)
    assert "node-taint" in ids(PENDING + NO_NODE + STARTED, width)
