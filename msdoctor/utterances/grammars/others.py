"""What other systems say whose words are easily taken for this pipeline's."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, plain, says

_TUNNEL = r": (?:dial unix|read unix|write unix|proxy error from|No agent available|dial timeout, )"


def _refused_prometheus(match: re.Match[str]) -> InnermostError:
    """In its own log it is its own trouble; who tells of it tells which kubelets do not let it in."""
    beside = match.string[:_MOST_BESIDE]
    is_told = re.search(r"(?i)\bkubelet", beside) is not None and "scrape_pool=" not in beside
    code = match["status"][:3]
    return errors.TargetRefused(code) if is_told and code in ("401", "403") else errors.OtherSystem("Prometheus")


_MOST_BESIDE = 2000

GRAMMARS: tuple[Grammar, ...] = (
    # custom-metrics-apiserver pkg/provider/errors.go; k8s.io/metrics pkg/client; podautoscaler/metrics/client.go
    Grammar(
        "the server could not find the metric ",
        r"the server could not find the metric (\S{1,253})(?: for [^\"]{1,300})?",
        lambda match: errors.MetricUnknown(match[1]),
    ),
    Grammar(
        "the server could not find the descriptor for metric ",
        r"the server could not find the descriptor for metric ([^\s:]{1,253})",
        lambda match: errors.MetricUnknown(match[1]),
    ),
    Grammar(
        "no metrics returned from ",
        r"no metrics returned from (?:custom|external) metrics API",
        says(errors.NoAdapterMetrics()),
    ),
    Grammar(
        " metrics API (",
        r" metrics API \((?:custom|external)\.metrics\.k8s\.io\) registered",
        says(errors.AdapterUnregistered()),
    ),
    plain("unable to fetch metrics from custom metrics API", errors.AdapterFailed()),
    plain("unable to fetch metrics from external metrics API", errors.AdapterFailed()),
    # podautoscaler/horizontal.go and replica_calculator.go: reasons of events, and what is around an adapter's words
    plain("FailedGetPodsMetric", errors.AdapterFailed()),
    plain("FailedGetObjectMetric", errors.AdapterFailed()),
    plain("FailedGetExternalMetric", errors.AdapterFailed()),
    plain("unable to get external metric ", errors.AdapterFailed()),
    # k8s.io/metrics pkg/client/custom_metrics
    Grammar(
        "the custom metrics API server returned ",
        r"the custom metrics API server returned \d{1,9} results when we asked for exactly one",
        says(errors.SeriesMismatch()),
    ),
    # prometheus-adapter pkg/custom-provider, pkg/resourceprovider, pkg/client
    plain("unable to fetch metrics from prometheus", errors.PrometheusUnreached()),
    plain("unable to update list of all metrics", errors.PrometheusUnreached()),
    Grammar(
        "unable to fetch metrics for query ", r"unable to fetch metrics for query", says(errors.PrometheusUnreached())
    ),
    plain("failed querying node metrics", errors.PrometheusUnreached()),
    plain("unable to fetch node CPU metrics", errors.PrometheusUnreached()),
    plain("unable to fetch node memory metrics", errors.PrometheusUnreached()),
    plain("unable to construct Prometheus client", errors.PrometheusUnreached()),
    # what its API answers then, and with it the custom metrics API
    plain("Internal error occurred: unable to list matching resources", errors.AdapterFailed()),
    Grammar(
        "unknown response code ",
        r"unknown response code (\d{3})",
        lambda match: errors.PrometheusAnswered(match[1]),
    ),
    Grammar(
        "bad_response: ", r"bad_response: (?!unknown)[^\"]{1,300}", says(errors.PrometheusAnswered("bad_response"))
    ),
    Grammar(
        "unable to fetch ",
        r"unable to fetch (?:CPU|memory) metrics for pod (?:[^,\s]{1,510}, skipping|&PartialObjectMetadata\{)",
        says(errors.SeriesMismatch()),
    ),
    *(
        Grammar(words, words + r"\"?[\w.-]{1,253}\"?, skipping", says(errors.SeriesMismatch()))
        for missing in ("missing", "Missing")  # in a title
        for words in (f"{missing} CPU for node ", f"{missing} memory for node ")
    ),
    # custom-metrics-apiserver's own example, which most adapters began with; keda cmd/adapter/main.go
    Grammar(
        "unable to run ",
        r"unable to run (?:\w{1,40} ){0,3}metrics adapter",
        says(errors.AdapterEnds()),
        word="metrics adapter",
    ),
    *(
        plain(words, errors.AdapterEnds())
        for words in (
            "unable to construct custom metrics provider",
            "unable to construct external metrics provider",
            "unable to construct discovery REST mapper",
            "unable to construct dynamic client",
        )
    ),
    # cmd/adapter, pkg/config, pkg/naming: with rules that it cannot use it ends at once
    *(
        Grammar(words, re.escape(words) + r".{0,600}", says(errors.AdapterConfigRefused()))
        for words in (
            "unable to load metrics discovery config",
            "no metrics discovery configuration file specified",
            "unable to construct naming scheme from metrics rules",
            "unable to parse metrics discovery config",
        )
    ),
    # of labels that are no resources' names: each other label of a series, where a rule has a template for them
    Grammar(
        "unable to normalize group-resource ",
        r"unable to normalize group-resource \S{0,253} from label .{0,600}",
        says(errors.OtherSystem("prometheus-adapter")),
    ),
    *(
        Grammar(words, re.escape(words) + r".{0,600}", says(errors.SeriesMismatch()))
        for words in (
            "unable to name series ",
            "unable to normalize group resource while ",
            "unable to construct query for metric ",
            "unable to construct resource label for metric ",
            "unexpected results from prometheus: ",
        )
    ),
    # to those who ask it tells no more of what its log holds
    Grammar(
        "Internal error occurred: unable to fetch metrics",
        r"Internal error occurred: unable to fetch metrics(?! from)",
        says(errors.PrometheusUnreached()),
    ),
    # zalando-incubator/kube-metrics-adapter pkg/provider/hpa.go and pkg/collector; prometheus client_golang api
    Grammar(
        "client_error: client error: ",
        r"client_error: client error: (\d{3})",
        lambda match: errors.PrometheusAnswered(match[1]),
    ),
    Grammar(
        "server_error: server error: ",
        r"server_error: server error: (\d{3})",
        lambda match: errors.PrometheusAnswered(match[1]),
    ),
    Grammar(
        "no plugin found for ",
        r"no plugin found for \{(?:External|Object|Pods|Resource)? ?\{?([\w./-]{1,253}).{0,600}",
        lambda match: errors.MetricUnknown(match[1]),
    ),
    Grammar(
        "query '",
        r"query '.{1,600}?' did not result a valid response",
        says(errors.NoAdapterMetrics()),
        word="did not result a valid response",
    ),
    Grammar("bad_data: ", r"bad_data: [^\"]{1,300}", lambda _: errors.PrometheusAnswered("bad_data")),
    plain("no metrics retrieved for query", errors.NoAdapterMetrics()),
    # k8s-cloudwatch-adapter pkg/provider/provider_external.go: no ExternalMetric of that name in that namespace
    plain("no metric query found", errors.MetricUnknown()),
    # newrelic-k8s-metrics-adapter internal/provider/newrelic/provider.go
    Grammar(
        'metric "',
        r"metric \\{0,4}\"(?P<metric>[^\"\\]{1,253})\\{0,4}\" not configured",
        lambda match: errors.MetricUnknown(match["metric"]),
        word=" not configured",
    ),
    # azure-k8s-metrics-adapter pkg/azure/externalmetrics/monitor_client.go
    *(
        Grammar(
            words,
            re.escape(words) + r".{0,600}?(?:aggregate type|No value returned by the Azure Monitor)",
            says(errors.NoAdapterMetrics()),
        )
        for words in (
            "Got an empty response for metric ",
            "Got metric result for ",
            "Unable to get value for metric ",
        )
    ),
    # custom-metrics-apiserver pkg/apiserver/installer, of an adapter that knows no metric at all
    *(
        Grammar(f'"resources"{empty}', r"\"resources\"" + re.escape(empty), says(errors.EmptyDiscovery()), word=empty)
        for empty in (":[]", ": []")
    ),
    # k8s.io/metrics pkg/apis/custom_metrics/v1beta1/types.go and external_metrics, in one line as they are sent
    *(
        Grammar(
            f'{kind}"',
            kind + r"\"[^\[\]]{1,900}\"items\": ?\[ ?\]",
            says(errors.NoAdapterMetrics()),
            word=kind,
        )
        for kind in ("ExternalMetricValueList", "MetricValueList")
    ),
    # datadog-agent pkg/util/kubernetes/autoscalers/datadogexternal.go
    plain("Returned series slice empty", errors.NoAdapterMetrics()),
    # keda pkg/provider/provider.go and pkg/scaling/scale_handler.go
    plain("no matching metrics found for ", errors.NoAdapterMetrics()),
    plain("no metrics found getting metricsArray array ", errors.NoAdapterMetrics()),
    Grammar(
        "error when getting metric values ",
        r"error when getting metric values (?!error (?:when )?getting scalers)",
        says(errors.NoAdapterMetrics()),
    ),
    Grammar(
        "metric:", r"metric:\S{1,253} encountered error", says(errors.NoAdapterMetrics()), word=" encountered error"
    ),
    *(
        Grammar(
            label,
            re.escape(label)
            + r".{1,300}?(?:DatadogMetric is|could not find the (?:metric|descriptor)|\bexternal metrics"
            r" invalid).{0,600}",
            says(errors.AnsweredByAnother()),
        )
        for label in ("scaledobject.keda.sh/name: ", "scaledObjectName: ")
    ),
    # keda pkg/common/message and pkg/scaling/resolver; apis/keda/v1alpha1/scaledobject_webhook.go
    *(
        plain(words, errors.ScaledObjectRefused(lacks))
        for words, lacks in (
            ("Target resource doesn't exist", "target"),
            ("target resource doesn't exist", "target"),
            ("target deployment doesn't exist", "target"),
            ("target statefulset doesn't exist", "target"),
            ("Target resource doesn't expose /scale subresource", "scale"),
            ("ScaledObject doesn't have correct scaleTargetRef specification", "either"),
        )
    ),
    Grammar(
        "the scaledobject has a ",
        r"the scaledobject has a (\w{1,20}) trigger but the container (\S{1,253}) doesn't have the \w{1,20} request",
        lambda match: errors.MissingRequest(match[1], match[2]),
    ),
    Grammar(
        "the workload '",
        r"the workload '[^']{1,253}' of type '[^']{1,253}' is already managed by the (?:hpa|ScaledObject) '",
        says(errors.SelectorAmbiguous()),
    ),
    # keda pkg/provider and pkg/metricsservice; google.golang.org/grpc clientconn.go, of the address of that operator
    *(
        plain(words, errors.OperatorUnreached())
        for words in (
            "waiting to establish gRPC connection to KEDA",
            "gRPC connection is shut down",
        )
    ),
    Grammar(
        "addrConn.createTransport failed to connect to ",
        r"addrConn\.createTransport failed to connect to .{0,300}?\bkeda.{0,1000}",
        says(errors.OperatorUnreached()),
    ),
    Grammar(
        "unable to fetch metrics from external metrics API: rpc error: code = ",
        r"unable to fetch metrics from external metrics API: rpc error: code = "
        r"(?:Unavailable|DeadlineExceeded|Canceled) desc = .{0,1000}",
        says(errors.OperatorUnreached()),
    ),
    # prometheus-adapter pkg/custom-provider/series_registry.go
    Grammar(
        "metric ",
        r"metric (?P<metric>[\w./*()-]{1,253})(?: \(namespaced\))? not registered",
        lambda match: errors.MetricUnknown(match["metric"], "series"),
        word=" not registered",
    ),
    Grammar(
        "None of the results returned by when fetching metric ",
        r"None of the results returned by when fetching metric \S{1,253}",
        says(errors.SeriesMismatch()),
    ),
    Grammar(
        "for pods in namespace ",
        r"for pods in namespace \"[^\"]{0,253}\", skipping",
        says(errors.PrometheusUnreached()),
    ),
    # kubectl pkg/metricsutil to 1.12 and podautoscaler/metrics/legacy_metrics_client.go
    plain("http:heapster:", errors.HeapsterUnreached()),
    Grammar('services "heapster"', r"services \"heapster\"", says(errors.HeapsterUnreached()), word="heapster"),
    plain("https:heapster:", errors.HeapsterUnreached()),
    Grammar(
        "failed to unmarshall heapster response",
        # encoding/json, of the first byte of TLS' own alerts: a server of TLS was asked without
        r"failed to unmarshall heapster response(?P<alert>: invalid character '(?:\\x15|\x15)')?",
        lambda match: errors.HeapsterUnread("alert" if match["alert"] else ""),
    ),
    plain("failed to unmarshal heapster response", errors.NoPodMetrics()),  # HPAs'
    # Prometheus scrape/scrape.go; its targets page, and who tells of it, name whose target it is
    Grammar(
        "server returned HTTP status ",
        r"server returned HTTP status (?P<status>.{0,300})",
        _refused_prometheus,
    ),
    # controller-runtime pkg/metrics/server; apiserver pkg/util/webhook
    *(
        Grammar(words, re.escape(words) + r".{0,300}", says(errors.OtherSystem(which)))
        for words, which in (
            ("metrics server failed to listen", "controller-runtime"),
            ("unable to start manager", "controller-runtime"),
            ("failed to start metrics server: ", "controller-runtime"),  # from 0.16
            ("metrics server is starting to listen", "controller-runtime"),
            ("error listening on :8080", "controller-runtime"),
            # kubernetes cmd/kube-proxy/app/server.go and pkg/proxy/healthcheck
            ("starting metrics server failed", "kube-proxy"),
            ("Failed to start node healthz on ", "kube-proxy"),
            ("Failed to start proxier healthz on ", "kube-proxy"),
            # kubernetes pkg/controller/podautoscaler/horizontal.go, which knows by then how many it wants
            ("the HPA controller was unable to update the target scale", "what an HPA scales"),
            ("failed to rescale ", "what an HPA scales"),
            ("FailedRescale", "what an HPA scales"),
            ("Cannot read targetRef", "VPA"),
            # vertical-pod-autoscaler/deploy/admission-controller-deployment.yaml; a script of its own makes the secret
            ('secret "vpa-tls-certs" not found', "VPA"),
            # of a pod or container that it does not follow: one that has ended, an init container
            ("Error adding metric sample", "VPA"),
            ("no scaler found for type: ", "KEDA"),
            # asked by a hand, or by who lists all metrics: pkg/provider/provider.go
            ("scaledObject name is not specified", "KEDA"),
            ("please specify scaledObject name", "KEDA"),
            ("exactly one scaled object should match label", "KEDA"),
            ("error when getting scalers ", "KEDA"),
            ("error getting scalers ", "KEDA"),
            ("Failed to ensure HPA is correctly created for ScaledObject", "KEDA"),
            ("ScaledObject doesn't have correct triggers specification", "KEDA"),
            ("Cannot get target selector from VPA's targetRef", "VPA"),
            ("No pods match this VPA object", "VPA"),
            ("Cannot get cluster history", "VPA's Prometheus"),
            ("Could not initialize history provider", "VPA's Prometheus"),
            ("KEDAScalerFailed", "KEDA"),
            # client-go discovery/cached/memory and helm pkg/kube/client.go, before they ask for any group
            ("couldn't get current server API group list", "kubectl's own configuration"),
            ("Couldn't get current server API group list", "kubectl's own configuration"),
            ("Kubernetes cluster unreachable: ", "Helm's own configuration"),
            # k8s.io/metrics pkg/client/custom_metrics, of the object that an HPA's custom metric is of
            ("unable to map kind ", "custom metrics"),
            # pkg/recommender, pkg/target/controller_fetcher: its own objects
            ("Cannot update VPA", "VPA"),
            ("Cannot list VPA", "VPA"),
            ("Cannot save VPA", "VPA"),
            ("Error while fetching legacy selector", "VPA"),
            ("Error while loading checkpoint", "VPA"),
            ("Error getting Admission Controller status", "VPA"),
            ("Error checking if target is a topmost well-known or scalable controller", "VPA"),
            ("Unhandled targetRef ", "VPA"),
            ("The targetRef controller has a parent but it should point to a topmost", "VPA"),
            ("The connection to the server ", "kubectl's own configuration"),
            # GoogleCloudPlatform/k8s-stackdriver custom-metrics-stackdriver-adapter
            ("Failed request to stackdriver api: ", "Google's adapter for custom metrics"),
            ("Error while fetching metric descriptors for ", "prometheus-to-sd"),
            # datadog-agent pkg/util/kubernetes/kubelet and pkg/util/hostname, which has the reason on other lines
            ("impossible to reach Kubelet with host: ", "Datadog"),
            ("unable to reliably determine the host name", "Datadog"),
            # kubernetes pkg/controller/garbagecollector and resourcequota, client-go tools/cache/shared_informer.go:
            # they watch what can be deleted, which figures cannot
            *(
                (words, "the controller manager's watches")
                for words in (
                    "timed out waiting for dependency graph builder sync",
                    "unable to sync caches for garbage collector",
                    "garbage controller monitor not ",
                    "couldn't start monitor for resource ",
                    "unable to sync caches for resource quota",
                    "unable to monitor quota for resource ",
                    "timed out waiting for quota monitor sync",
                    "quota monitor not synced",
                )
            ),
            # kubernetes pkg/controller/namespace/deletion/status_condition_utils.go, of what has been discovered
            ("Some resources are remaining: ", "what a namespace still holds"),
            ("Some content in the namespace has finalizers remaining: ", "what a namespace still holds"),
            ("Metrics are not available due to missing or invalid Prometheus configuration", "Lens"),
            ("Failed to obtain metrics. The metrics service may not be available", "Rancher"),
            ("kube-apiserver did not contact the rancher imperative api in time", "Rancher"),
        )
    ),
    # apiserver pkg/admission/plugin/webhook/errors; the tunnel by which it is reached is metrics-server's way, too
    *(
        Grammar(words, words + rf"(?:(?!{_TUNNEL}).){{0,300}}", says(errors.OtherSystem(which)))
        for words, which in (
            ("failed calling webhook ", "admission webhook"),
            ("failed calling admission webhook ", "admission webhook"),  # to 1.13
            ("failed to call webhook", "admission webhook"),
            ("conversion webhook for ", "conversion webhook"),
        )
    ),
    # apimachinery pkg/api/errors/errors.go, NewForbidden: of a pod whose name is none of a metrics API's
    Grammar(
        'pods "',
        r"pods \"(?![^\"]{0,253}(?:metric|adapter|keda|datadog))[\w.-]{1,253}\" is forbidden: (?!User \").{1,3000}",
        says(errors.OtherSystem("another pod")),
        word=" is forbidden: ",
    ),
    # dashboard-metrics-scraper says it of the two lists that it gets of the metrics API, opentelemetry-collector of a
    # kubelet that it reads as metrics-server did; what follows is the error
    Grammar(
        "Error scraping ",
        r"Error scraping (?!(?:node|pod) metrics: |metrics\s*$)(?!.{0,300}(?:/stats/summary|:1025[05]/)).{0,300}",
        says(errors.OtherSystem("an exporter")),
    ),
    # dashboard src/app/backend/integration/metric
    *(
        plain(words, errors.OtherSystem("the dashboard's scraper"))
        for words in (
            "Skipping metric because of error: Metric label not set",
            "No metric client provided. Skipping metrics",
            "resources from sidecar instead of ",
        )
    ),
    *(
        Grammar(
            words, re.escape(words) + r": .{1,300}", says(errors.OtherSystem("the dashboard's scraper, or Heapster"))
        )
        for words in ("Metric client health check failed", "Could not enable metric client: Health check failed")
    ),
    # prometheus/node_exporter docs/node-mixin/alerts/alerts.libsonnet, to 1.3 and since
    Grammar(
        "Clock ",
        r"Clock (?:at|on) \S{1,253} is (?:not synchronising|out of sync by)",
        says(errors.ClocksDiffer()),
    ),
    Grammar(
        "NodeClock",
        r"(?<!alert: )NodeClock(?:NotSynchronising|SkewDetected)",
        says(errors.ClocksDiffer()),
    ),
)
