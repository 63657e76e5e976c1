"""What metrics-server says itself, from 0.3 on."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, plain, says


def _unreadable(match: re.Match[str]) -> InnermostError:
    reason = match["reason"].strip()
    expected = reason.removeprefix("expected ") if reason.startswith("expected ") else ""
    got, series = ((match[part] or "").replace('\\"', '"') for part in ("got", "series"))
    return errors.UnreadableMetrics(expected, got.strip('"'), series.rstrip('"'), "" if expected else reason)


_WAITING = (
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "CreateContainerConfigError",
    "Evicted",
)

GRAMMARS: tuple[Grammar, ...] = (
    # metrics-server: pkg/scraper/client/resource/client.go from 0.6, client/summary/client.go before
    Grammar(
        "request failed",
        r"request failed(?:, status:| -) \\{0,4}[\"']?(\d{3})\b ?([^\"'\\,\]]{0,100})[\"']?",
        lambda match: errors.HTTPStatus(match[1], match[2]),
    ),
    # metrics-server pkg/server/server.go, pkg/utils/address_resolver.go; apiserver pkg/server/healthz/healthz.go
    Grammar("no metrics to serve", r"no metrics to serve", says(errors.NoMetricsToServe())),
    Grammar(
        "no address matched types ",
        r"no address matched types \[?([\w ,]{1,200})",
        lambda match: errors.NoAddressOfType(match[1].strip()),
    ),
    # metrics-server pkg/scraper/client, pkg/storage; the reasons are those of Prometheus' model/textparse
    Grammar(
        "failed parsing metrics: ",
        r"failed parsing metrics: (?P<reason>[^,\"\n]{1,200})"
        r"(?:, got (?P<got>\"(?:[^\"\\]|\\.){0,100}\"|\w{1,40})(?: \(\"?\w{1,40}\"?\))?)?"
        r"(?: while parsing: \"(?P<series>.{0,1000}))?",
        _unreadable,
    ),
    Grammar(
        "Failed getting ",
        r"Failed getting (node|container) metric timestamp",
        lambda match: errors.FiguresWithoutTime(match[1]),
    ),
    Grammar(
        "discarding data: missing ",
        r"discarding data: missing (?:cpu|memory) usage metric",
        says(errors.IncompleteFigures("container")),
    ),
    Grammar(
        "unexpected decrease in ",
        r"unexpected decrease in (cumulative CPU usage value|startTime of node/container)",
        lambda match: errors.CounterWentBack(match[1]),
    ),
    Grammar(
        "Failed getting complete ",
        r"Failed getting complete (node|[Pp]od|container) metric",
        lambda match: errors.IncompleteFigures(match[1].lower()),
    ),
    Grammar(
        "Metric storage is not ready, ",
        r"Metric storage is not ready, (node|pod) metrics are missing",
        lambda match: errors.StorageLacks(match[1]),
    ),
    # 0.9 pkg/storage/storage.go, where it is neither, and was
    Grammar(
        "Metric storage is not ready",
        r"Metric storage is not ready(?= \S{1,20} \S{1,20}$)",
        says(errors.NoMetricsToServe()),
    ),
    Grammar(
        "metric-resolution should be ",
        r"metric-resolution should be [a-z0-9, -]{1,100} but (?:metric-resolution )?value \S{1,30}(?: provided)?"
        r"(?: kubelet-request-timeout value \S{1,30} provided)?",
        lambda match: errors.RejectedArgument(match[0], "--metric-resolution"),
    ),
    Grammar(
        "kubelet-request-timeout should be positive",
        r"kubelet-request-timeout should be positive",
        lambda match: errors.RejectedArgument(match[0], "--kubelet-request-timeout"),
    ),
    Grammar(
        "error creating self-signed certificates: ",
        r"error creating self-signed certificates: (?:\w{1,20} )?(\S{1,300}): ([a-z -]{3,60})",
        lambda match: errors.CannotWriteCertificate(match[1], match[2]),
    ),
    # to 0.4: pkg/storage/reststorage.go, pkg/provider/sink, pkg/manager
    Grammar(
        "no metrics known for ",
        r"no metrics known for (node|pod)",
        lambda match: errors.NoMetricsKnown(match[1]),
    ),
    # 0.2 metrics/sources/summary/summary.go
    Grammar(
        "has no valid hostname and/or IP address",
        r"has no valid hostname and/or IP address",
        says(errors.NoAddressOfType("")),
    ),
    # 0.2 pkg/storage/reststorage.go
    Grammar(
        "No metrics for ",
        r"No metrics for (?P<of>pod|node|container \S{1,253} in pod)(?= \S)",
        lambda match: (
            errors.NoneStored() if match["of"].startswith("container") else errors.NoMetricsKnown(match["of"])
        ),
    ),
    plain("last tick wasn't healthy", errors.NoMetricsToServe()),
    plain("not metrics to serve", errors.NoMetricsToServe()),
    plain("error collecting or saving metrics in the last collection tick", errors.NoMetricsToServe()),
    plain("metric collection didn't finish on time", errors.CollectionLate()),
    # to 0.2, Heapster's: metrics/sources/manager.go, metrics/manager/manager.go
    Grammar(
        "Failed to get all responses in time",
        r"Failed to get all responses in time \(got \d{1,6}/\d{1,6}\)",
        says(errors.ResponsesMissing()),
    ),
    Grammar(
        "Failed to get kubelet_summary:",
        r"Failed to get kubelet_summary:\S{1,260} response in time",
        says(errors.ResponsesMissing()),
    ),
    plain("Spent too long waiting for housekeeping to start", errors.CollectionLate()),
    plain("time since last tick (", errors.CollectionLate()),
    # apiserver pkg/server/healthz/healthz.go: the checks' names, V(2)
    *(
        Grammar(f"{name} check failed: ", f"{name} check failed: ", says(error))
        for name, error in (
            ("metric-collection-timely", errors.CollectionLate()),
            ("metric-storage-ready", errors.NoMetricsToServe()),
            ("metric-informer-sync", errors.InformerNotSynced()),
        )
    ),
    plain("informer has not synced", errors.InformerNotSynced()),
    plain("informers not started yet", errors.InformerNotSynced()),
    Grammar(
        "bad status code ",
        r"bad status code (?:\\{0,4}[\"'])?(\d{3})\b ?([^\"'\\]{0,100})",
        lambda match: errors.HTTPStatus(match[1], match[2]),
    ),
    Grammar(
        "had no addresses that matched types ",
        r"had no addresses that matched types \[?([\w ,]{1,200})",
        lambda match: errors.NoAddressOfType(match[1].strip()),
    ),
    # 0.4 and 0.5 pkg/scraper/summary, V(1)
    *(
        Grammar(words, re.escape(words), says(errors.IncompleteFigures("container")))
        for words in (
            "missing usageNanoCores value",
            "missing usageCoreNanoSeconds value",
            "missing workingSetBytes value",
            "Got UsageCoreNanoSeconds equal zero",
            "Got WorkingSetBytes equal zero",
        )
    ),
    # 0.4 pkg/scraper/decode.go, V(1)
    *(
        Grammar(
            f"Skip {what}",
            r"Skip (?:(?:CPU |Memory )?[mM]etric for )?(?P<of>node|container) \"[^\"]{1,253}\"(?: in pod \S{1,510})?"
            r", error:? (?:no non-zero timestamp|missing \w{1,30} value)",
            lambda match: errors.IncompleteFigures(match["of"]),
        )
        for what in ("node ", "container ", "metric for ", "Metric for ", "CPU metric for ", "Memory metric for ")
    ),
    # 0.2: cmd/metrics-server heapster.go
    Grammar(
        "No kubernetes source found",
        r"No kubernetes source found",
        says(errors.RejectedArgument("No kubernetes source found", "--source")),
    ),
    # kubectl get pods: name, ready, status; a row of which all is well says nothing
    Grammar(
        "metrics-server-",
        r"metrics-server-[\w.-]{1,200}\s{1,40}(?!(?P<all>\d{1,2})/(?P=all)\s{1,20}(?:Running|Completed)\b)"
        r"(?P<ready>\d{1,2}/\d{1,2})\s{1,20}(?P<status>[A-Z][\w:]{3,40})",
        lambda match: errors.PodState(match["status"], match["ready"]),
    ),
    # the same states, in a sentence or a title about it
    *(
        Grammar(
            "metrics-server",
            r"metrics-server(?!-\w{1,63}\s{2,40})[^|\n]{0,80}?\b" + status + r"\b",
            says(errors.PodState(status, "")),
            word=status,
        )
        for status in ("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull")
    ),
    # the kernel's mm/oom_kill.c, to 4.19 and from 5.0 on; kubelet pkg/kubelet/oom/oom_watcher_linux.go
    *(
        Grammar(head, head + r"\d{1,10} \(metrics-server\)", says(errors.PodState("OOMKilled", "")), word=word)
        for head, word in (
            ("Killed process ", "Killed process "),
            ("Kill process ", "Kill process "),
        )
    ),
    Grammar(
        "oom-kill:constraint=",
        r"oom-kill:constraint=\S{1,2000},task=metrics-server,",
        says(errors.PodState("OOMKilled", "")),
    ),
    Grammar(
        "System OOM encountered",
        r"System OOM encountered, victim process: metrics-server\b",
        says(errors.PodState("OOMKilled", "")),
    ),
    # kubernetes pkg/controller/tainteviction/taint_eviction.go, to 1.28 nodelifecycle/scheduler
    Grammar(
        "Marking for deletion Pod ",
        r"Marking for deletion Pod (?:[\w-]{1,63}/)?metrics-server-",
        says(errors.PodState("Terminating", "")),
    ),
    # kubernetes pkg/controller/util/node/controller_utils.go: an event of the pod, as kubectl get events lists it
    Grammar(
        "NodeNotReady ",
        r"NodeNotReady\s{1,40}[Pp]od/metrics-server-\S{1,100}\s{1,40}Node is not ready",
        says(errors.PodState("Unknown", "")),
        word="NodeNotReady",
    ),
    # kubelet pkg/kubelet/eviction/eviction_manager.go
    *(
        Grammar(
            f"{head}viction manager: pod is evicted successfully",
            head + r"viction manager: pod is evicted successfully\W{0,4}(?:pod=)?\W{0,4}[\w-]{1,63}/metrics-server-",
            says(errors.PodState("Evicted", "")),
        )
        for head in ("E", "e")
    ),
    Grammar(
        "eviction manager: pods ",
        r"eviction manager: pods metrics-server-\S{1,200} evicted, waiting for pod to be cleaned up",
        says(errors.PodState("Evicted", "")),
    ),
    # kubectl describe pod: the state that a container waits in, or how it ended
    Grammar(
        "Reason: ",
        r"Reason:\s{1,40}(?P<status>" + "|".join(_WAITING) + r")\s*$",
        lambda match: errors.PodState(match["status"], ""),
        word="Reason:",
    ),
    # kubelet pkg/kubelet/kuberuntime/kuberuntime_manager.go, in events to 1.25 without any name; pod_workers.go
    Grammar(
        "Back-off restarting failed container",
        r"Back-off restarting failed container(?: \S{0,60}metrics-server\S{0,60} in pod \S{1,510}|\W{0,3}$)",
        says(errors.PodState("CrashLoopBackOff", "")),
    ),
    # kubelet pkg/kubelet/kuberuntime/kuberuntime_manager.go, container_manager; pkg/volume, pod_workers.go
    Grammar(
        "failed liveness probe, will be restarted",
        r"failed liveness probe, will be restarted",
        says(errors.PodState("Unhealthy", "")),
    ),
    Grammar(
        " restarting failed container=",
        r" restarting failed container=\S{0,60}metrics-server",
        says(errors.PodState("CrashLoopBackOff", "")),
    ),
    # kubectl get deployments: name, ready of wanted
    Grammar(
        "metrics-server ",
        r"metrics-server\s{1,60}(?P<ready>0/(?P<wanted>\d{1,2}))\s{1,20}\d{1,2}\s{1,20}0\s{1,20}\d{1,6}[smhdy]",
        lambda match: errors.PodState("Running" if match["wanted"] != "0" else "Absent", match["ready"]),
    ),
    # kubectl get endpoints, get endpointslices and describe service
    Grammar(
        "metrics-server ",
        r"metrics-server\s{1,60}<none>\s{1,20}\d{1,6}[smhdy]",
        says(errors.NoEndpoints("metrics-server", "")),
    ),
    Grammar(
        "metrics-server-",
        r"metrics-server-\w{5}\s{1,40}IPv[46]\s{1,20}\S{1,40}\s{1,40}<unset>\s{1,20}\d{1,6}[smhdy]",
        says(errors.NoEndpoints("metrics-server", "")),
    ),
    Grammar("Endpoints: ", r"Endpoints:\s{1,40}<none>", says(errors.NoEndpoints("", "")), word="Endpoints:"),
    Grammar(
        "unable to get ",
        r"unable to get (?:CPU|memory|a valid timestamp|valid timestamp)[a-z ]{0,30} for (?P<of>node|container) "
        r".{1,600}discarding data",
        lambda match: errors.IncompleteFigures(match["of"]),
    ),
    # the same, cut before its end: no other program says it of containers
    *(
        Grammar(
            f"unable to get {figure} for container",
            rf"unable to get {figure} for container\b(?!.{{1,600}}discarding data)",
            says(errors.IncompleteFigures("container")),
        )
        for figure in ("CPU", "memory")
    ),
    plain("older than stored previous", errors.OlderSample()),
    plain("older then stored previous", errors.OlderSample()),
)
