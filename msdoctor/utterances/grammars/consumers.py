"""What those say who ask for metrics: kubectl, the HPA controller, the VPA recommender."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, plain, says, trim


def _of_fabric8(match: re.Match[str]) -> InnermostError:
    if match["what"] == "Forbidden":
        return errors.Forbidden("", match["verb"].lower(), "pods.metrics.k8s.io")
    return errors.ResourceNotFound() if "ot " in match["what"] else errors.ServiceUnavailable()


def _of_a_console(match: re.Match[str]) -> InnermostError:
    resource = "pods.metrics.k8s.io" if "/pods" in match[0] else "nodes.metrics.k8s.io"
    known = {"401": errors.Unauthorized(), "403": errors.Forbidden("", "list", resource)}
    unserved = {"404": errors.ResourceNotFound(), "503": errors.ServiceUnavailable()}
    return {**known, **unserved}.get(match["code"]) or errors.HTTPStatus(match["code"], match["words"])


def _zeros(match: re.Match[str]) -> InnermostError:
    """Of a node's row, where its memory is zero: whether its CPU is, too."""
    before = match.string[max(match.start() - 60, 0) : match.start()]
    return errors.ZeroFigures("memory" if re.search(r"\b[1-9]\d{0,8}m\s{1,40}\d{1,4}%\s{1,40}$", before) else "")


GRAMMARS: tuple[Grammar, ...] = (
    # kubectl pkg/cmd/top, apimachinery pkg/api/errors, kubelet pkg/probe/http, controller podautoscaler/metrics
    Grammar("Metrics API not available", r"Metrics API not available", says(errors.MetricsAPINotAvailable())),
    # lens renderer k8s-api, of /apis/metrics.k8s.io
    Grammar(
        "loadKubeMetrics failed",
        r"loadKubeMetrics failed.{0,40}404 page not found",
        says(errors.MetricsAPINotAvailable()),
        word="page not found",
    ),
    # k9s internal/client, of the group in what discovery lists
    *(
        plain(words, errors.MetricsAPINotAvailable())
        for words in (
            "No metrics-server detected",
            "no metrics-server detected on cluster",
            "No metrics api group metrics.k8s.io found on cluster",
        )
    ),
    Grammar(
        "user is not authorized to list ",
        r"user is not authorized to list (?:(?P<nodes>node)|pods?) metrics",
        lambda match: errors.Forbidden("", "list", f"{'nodes' if match['nodes'] else 'pods'}.metrics.k8s.io"),
    ),
    Grammar("metrics not available yet", r"metrics not available yet", says(errors.MetricsNotAvailableYet())),
    *(
        Grammar(
            f"{word} not available for pod ",
            word + r" not available for pod ([^\s,]{1,510})(?:, age: \S{1,40})?",
            lambda match: errors.NoPodMetrics(match[1]),
        )
        for word in ("Metrics", "metrics")
    ),
    Grammar(
        "no metrics returned from resource metrics API",
        r"no metrics returned from resource metrics API",
        says(errors.NoPodMetrics()),
    ),
    # to 1.20: podautoscaler/metrics/legacy_metrics_client.go
    plain("no metrics returned from heapster", errors.NoPodMetrics()),
    Grammar(
        "<unknown>",
        r"<unknown>\s{1,40}<unknown>\s{1,40}<unknown>",
        says(errors.NodeWithoutFigures("")),
    ),
    Grammar("<unknown>", r"<unknown>\s{0,3}/\s{0,3}(?:\d{1,6}|<auto>)", says(errors.UnknownTarget())),
    # of a kind that has no scale (kubernetes pkg/registry/apps)
    Grammar(
        "DaemonSet/",
        r"DaemonSet/[\w.-]{1,253}\s{1,90}(?:[a-z]{1,20}: )?<unknown>\s{0,3}/",
        says(errors.UnknownTarget("DaemonSet")),
    ),
    # kubectl pkg/metricsutil/metrics_printer.go prints a head only where there is a row
    Grammar("0Mi ", r"0Mi\s{1,40}0%", _zeros),
    # kubelet pkg/apis/stats/v1alpha1/types.go, in /stats/summary; pkg/kubelet/metrics/collectors, in /metrics/resource
    Grammar(
        '"usageCoreNanoSeconds":',
        r"\"usageCoreNanoSeconds\": ?0(?=[,\s}]|$)",
        says(errors.ZeroFigures("cpu")),
    ),
    Grammar('"workingSetBytes":', r"\"workingSetBytes\": ?0(?=[,\s}]|$)", says(errors.ZeroFigures("memory"))),
    Grammar(
        "node_cpu_usage_seconds_total ",
        r"node_cpu_usage_seconds_total 0(?:\.0)?(?=\s|$)",
        says(errors.ZeroFigures("cpu")),
    ),
    Grammar(
        "node_memory_working_set_bytes ",
        r"node_memory_working_set_bytes 0(?:\.0)?(?=\s|$)",
        says(errors.ZeroFigures("memory")),
    ),
    Grammar("CPU(cores)", r"CPU\(cores\)\s{1,40}(?:CPU%\s{1,40})?MEMORY\(bytes\)", says(errors.Shown())),
    # k8s.io/metrics pkg/apis/metrics/v1beta1/types.go. Of an empty list of nodes kubectl says that metrics are not
    # available yet (pkg/cmd/top/top_node.go).
    *(
        Grammar(
            f"{kind}MetricsList",
            rf"{kind}MetricsList(?:\"[^\[]{{1,600}}\"items\": ?(?:\[ ?\](?P<none>)|\[))?",
            lambda match: errors.Shown("list") if match["none"] is None else errors.MetricsNotAvailableYet(),
        )
        for kind in ("Node", "Pod")
    ),
    Grammar('items": []', r"items\": \[\]", says(errors.NothingListed()), word=": []"),
    plain("items: []", errors.NothingListed()),
    # kubernetes-client for Python prints the body of an answer as it came: kubernetes/client/exceptions.py; what
    # API servers say in plain text: apiserver pkg/util/proxy, net/http's and go-restful's 404
    *(
        Grammar(f"HTTP response body: {body}", re.escape(f"HTTP response body: {body}"), says(error))
        for body, error in (
            ("service unavailable", errors.ServiceUnavailable()),
            ("404 page not found", errors.ResourceNotFound()),
        )
    ),
    # browsers' consoles, of what a dashboard in them asks for: METHOD URL STATUS (WORDS)
    Grammar(
        "/apis/metrics.k8s.io/",
        r"/apis/metrics\.k8s\.io/[\w./?=&%*-]{1,300}:? (?P<code>401|403|404|500|503) "
        r"\((?P<words>[A-Z][A-Za-z ]{2,30})\)",
        _of_a_console,
    ),
    # fabric8 kubernetes-client, OperationSupport.java
    Grammar(
        "Failure executing: ",
        r"Failure executing: (?P<verb>[A-Z]{3,6}) at: https?://\S{0,300}/apis/metrics\.k8s\.io/\S{0,300}\. "
        r"Message: (?P<what>Forbidden|404 page not found|Not Found|Service Unavailable|service unavailable)",
        _of_fabric8,
    ),
    # kubernetes pkg/controller/podautoscaler: horizontal.go, replica_calculator.go
    # The resource metrics API has two resources; any other is a custom metric that was asked of the wrong API.
    Grammar(
        "unable to get metrics for resource ",
        r"unable to get metrics for resource (?!cpu\b|memory\b)([\w./-]{1,253}): "
        r"no metrics returned from resource metrics API",
        lambda match: errors.MetricUnknown(match[1]),
    ),
    Grammar(
        "unable to get metrics for resource ",
        r"unable to get metrics for resource ([\w./-]{1,60})",
        lambda match: errors.HPAUnable(match[1]),
    ),
    plain("unable to fetch metrics from resource metrics API", errors.HPAUnable()),
    plain("unable to fetch metrics from API", errors.HPAUnable()),
    plain("FailedGetResourceMetric", errors.HPAUnable()),
    plain("FailedGetContainerResourceMetric", errors.HPAUnable()),
    # what is around the reason, where a copy ends before it: of other metrics it names the metric or says so
    Grammar(
        "the HPA was unable to compute the replica count",
        r"the HPA was unable to compute the replica count(?!: (?:unable to get (?:external )?metric"
        r"|failed to get \S{1,253} (?:object|pods|external) ))",
        says(errors.HPAUnable()),
    ),
    *(
        Grammar(
            f"failed to get {resource} ",
            f"failed to get {resource}" + r" (?:utilization|usage|resource metric value|container metric value)\b",
            says(errors.HPAUnable(resource.lower())),
        )
        for resource in ("cpu", "memory", "CPU")
    ),
    plain(" container metric value", errors.HPAUnable()),
    # horizontal.go when it works; to 1.8 with one c
    *(
        Grammar(
            f"the HPA was able to {word} calculate a replica count from ",
            f"the HPA was able to {word}" + r" calculate a replica count from \w{1,20} (?:container )?resource",
            says(errors.Shown()),
        )
        for word in ("successfully", "succesfully")
    ),
    plain("FailedComputeMetricsReplicas", errors.HPAUnable()),
    # kubernetes/autoscaler vertical-pod-autoscaler: pkg/recommender/input/cluster_feeder.go, to 0.8 with a full stop
    plain("Cannot get ContainerMetricsSnapshot from MetricsClient", errors.VPAUnable()),
    # pkg/recommender/model/cluster.go; the condition in a table, and in JSON either way round
    Grammar(
        " is missing recommendation for more than ",
        r" is missing recommendation for more than \d\S{0,20}",
        says(errors.VPAUnable()),
    ),
    Grammar(
        "RecommendationProvided",
        r"(?:(?<=\"status\":\"False\",\"type\":\")RecommendationProvided"
        r"|RecommendationProvided[\s\":=,]{1,60}(?:status[\s\":=]{1,9})?False)\b",
        says(errors.VPAUnable()),
    ),
    Grammar(
        "missing request for ",
        r"missing request for (?P<resource>[\w./-]{1,60})"
        r"(?: (?:in|on) container (?P<container>\S{1,253})(?: (?:of|in) [Pp]od (?P<pod>\S{1,510}))?)?",
        lambda match: errors.MissingRequest(match["resource"], trim(match["container"]), trim(match["pod"])),
    ),
    Grammar(
        "missing pod-level request for ",
        r"missing pod-level request for (\S{1,60})(?: in Pod (\S{1,253}))?",
        lambda match: errors.MissingRequest(match[1], "", trim(match[2])),
    ),
    # heapster metrics/apis/metrics/handlers.go, which writes it so
    Grammar(
        "No metrics availalble for pod ",
        r"No metrics availalble for pod (\S{1,510})",
        lambda match: errors.NoPodMetrics(trim(match[1])),
    ),
    # to 1.5: pkg/controller/podautoscaler/metrics/metrics_client.go
    Grammar("metrics obtained for ", r"metrics obtained for \d{1,5}/\d{1,5} of pods", says(errors.NoPodMetrics())),
    Grammar(
        "some pods do not have request for ",
        r"some pods do not have request for (\w{1,20})",
        lambda match: errors.MissingRequest(match[1]),
    ),
    plain("did not receive metrics for any ready pods", errors.NoPodsReady()),
    plain("did not receive metrics for targeted pods", errors.NoPodsReady()),
    # the same, of which a copy has the beginning
    Grammar(
        "did not receive metrics",
        r"did not receive metrics(?: for?)?(?: (?:a|an|any|t[a-z]{1,8})(?: [a-z]{1,5})?)?[\s.\"'\u2026]{0,9}$",
        says(errors.NoPodsReady("yes")),
    ),
    plain("no metrics returned matched known pods", errors.NoPodsSelected()),
    plain("no pods returned by selector while calculating replica count", errors.NoPodsSelected()),
    plain("the HPA target's scale is missing a selector", errors.SelectorMissing()),
    plain("selector is required", errors.SelectorMissing()),
    plain("SelectorRequired", errors.SelectorMissing()),
    plain("scaling is disabled since the replica count of the target is zero", errors.ScaledToZero()),
    Grammar("False", r"False\s{1,40}InvalidSelector\b", says(errors.SelectorMissing()), word="InvalidSelector"),
    plain("couldn't convert selector into a corresponding internal selector object", errors.SelectorMissing()),
    Grammar(
        "pods by selector ",
        r"pods by selector (.{1,500}?) are controlled by (?:multiple HPAs|more than one HPA)",  # the latter from 1.37
        lambda match: errors.SelectorAmbiguous(match[1]),
    ),
    plain("AmbiguousSelector", errors.SelectorAmbiguous()),
    # apimachinery pkg/api/errors/errors.go, of whatever it is that is to be scaled
    *(
        Grammar(
            words,
            re.escape(words).replace(r"\ \ ", r"\s{2,40}") + r"(?P<around>[A-Z]\w{1,60}/\S{1,510}: )?"
            r"(?P<resource>[a-z][a-z0-9.-]{2,253}(?:/scale[a-z0-9.-]{0,253})?) "
            r"\\{0,4}\"(?P<name>[^\"\\]{1,253})\\{0,4}\" not found",
            lambda match: errors.NotFound(match["resource"], match["name"]),
        )
        for words in (
            "unable to get the target's current scale: ",
            "failed to query scale subresource for ",
            "horizontal-pod-autoscaler  ",
        )
    ),
    plain("unable to get the target's current scale", errors.ScaleFailed()),
    plain("FailedGetScale", errors.ScaleFailed()),
    plain("failed to query scale subresource for ", errors.ScaleFailed()),
    plain("unable to determine resource for scale target reference", errors.ScaleFailed()),
    plain("invalid API version in scale target reference", errors.NoMatchForKind("")),
    *(
        Grammar(
            "container ",
            rf"container (\S{{1,253}}){words}(\S{{1,510}})",
            lambda match: errors.ContainerNotInMetrics(match[1], trim(match[2]).rpartition("/")[2]),
            word=words,
        )
        for words in (" not present in metrics for pod ", " not found in Pod ")
    ),
)
