"""What is said of figures that cannot be read, that lack or are left out: as seen in the lab or printed upstream."""

import pytest

from msdoctor.model import Hop
from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.reader import read

SERIES = r"container_start_time_seconds{pod=\\\"busy-gone\\\"} -6.79e+09 -"
# The message after klog's header.
LINES: tuple[tuple[str, str, InnermostError], ...] = (
    (
        "metrics-server 0.8.0 in the lab",
        (
            'scraper.go:149] "Failed to scrape node" err="failed parsing metrics: expected timestamp or new record, got'
            rf' \"-\" (\"INVALID\") while parsing: \"{SERIES}\"" node="k8s-node1"'
        ),
        errors.UnreadableMetrics(
            "timestamp or new record", "-", 'container_start_time_seconds{pod="busy-gone"} -6.79e+09 -'
        ),
    ),
    (
        "metrics-server 0.8.0 in the lab, of a counter",
        (
            'pod.go:74] "Skipping container usage metric" err="unexpected decrease in cumulative CPU usage value"'
            ' container="busy" pod="default/busy-5c85dbb8d4-5n9n4"'
        ),
        errors.CounterWentBack("cumulative CPU usage value"),
    ),
    (
        "metrics-server 0.6, issue 1141",
        (
            'scraper.go:140] "Failed to scrape node" err="failed parsing metrics: expected timestamp or new record, got'
            ' MNAME" node="n"'
        ),
        errors.UnreadableMetrics("timestamp or new record", "MNAME"),
    ),
    (
        "metrics-server 0.5.0",
        'decode.go:61] "Failed getting node metric timestamp" node="n"',
        errors.FiguresWithoutTime("node"),
    ),
    (
        "metrics-server 0.9.0",
        (
            'storage.go:97] "Metric storage is not ready, pod metrics are missing, this may indicate a'
            ' container-runtime or kubelet issue" nodeMetrics=true podMetrics=false'
        ),
        errors.StorageLacks("pod"),
    ),
    (
        "kubelet 1.36",
        (
            'resource_metrics.go:180] "Error getting summary for resourceMetric prometheus endpoint" err="failed to get'
            r' root cgroup stats: failed to get cgroup stats for \"/\": unexpected number of containers: 0"'
        ),
        errors.NoCgroupStats("/", "unexpected number of containers: 0"),
    ),
    (
        "kubelet 1.9",
        "kubelet.go:1230] Failed to start cAdvisor inotify_init: too many open files",
        errors.InotifyExhausted("inotify_init", "too many open files"),
    ),
    (
        "kubelet 1.36, of its certificate's file",
        (
            'dynamic_serving_content.go:145] "Failed to watch cert and key file, will retry later" err="error creating'
            ' fsnotify watcher: too many open files"'
        ),
        errors.InotifyExhausted("fsnotify", "too many open files"),
    ),
    (
        "kubelet 1.12",
        "kubelet.go:1344] Failed to start cAdvisor inotify_add_watch /sys/fs/cgroup/memory/x: no space left on device",
        errors.InotifyExhausted("inotify_add_watch", "no space left on device"),
    ),
)


@pytest.mark.parametrize(("line", "error"), [item[1:] for item in LINES], ids=[item[0] for item in LINES])
def test_it_is_heard_as_the_kubelets_data(line: str, error: InnermostError) -> None:
    (said,) = read([f"E1125 16:11:05.560321       1 {line}"])

    assert said.error == error
    assert said.connection.hop is Hop.G


def test_of_two_kubelets_in_one_line_each_has_its_own_trouble() -> None:
    line = (
        "E0529 12:15:44.740936       1 manager.go:111] unable to fully collect metrics: [unable to fully scrape metrics"
        " from source kubelet_summary:win-01: unable to fetch metrics from Kubelet win-01 (10.4.111.189): request"
        ' failed - "500 Internal Server Error", response: "Internal Error: failed to list pod stats: failed to list all'
        ' container stats: rpc error: code = Unknown desc = hcsshim::OpenComputeSystem cf9d", unable to fully scrape'
        " metrics from source kubelet_summary:win-02: unable to fetch metrics from Kubelet win-02 (10.4.111.68): Get"
        " https://10.4.111.68:10250/stats/summary?only_cpu_and_memory=true: context deadline exceeded]"
    )
    first, second = read([line])

    assert isinstance(first.error, errors.ContainerStatsFailed)
    assert (first.connection.node, first.error.platform) == ("win-01", "windows")
    assert (second.connection.node, type(second.error)) == ("win-02", errors.DeadlineExceeded)
