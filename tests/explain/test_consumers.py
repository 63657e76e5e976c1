"""What ``explain`` answers to those who ask for metrics: in the words of kubectl, the HPA controller and other clients.

Texts are made from the formats that upstream's sources print; the answers are those of the bundled checks.
"""

# ruff: noqa: E501  lines stand here as they are printed

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())

REFUSED = (
    'nodes.metrics.k8s.io is forbidden: User "system:serviceaccount:desk:desk" cannot list resource "nodes" in API'
    ' group "metrics.k8s.io" at the cluster scope'
)
QUOTED = REFUSED.replace('"', '\\\\\\"')


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def ids(text: str) -> list[str]:
    return [match.id for match in answer(text).matches]


SURE = {
    "a dashboard of Heapster's time": (
        "Metric client health check failed: the server could not find the requested resource (get services heapster). Retrying in 30 seconds.",
        "not-resource-metrics-pipeline",
    ),
    "a vertical autoscaler whose target has no pods": (
        "Message:               No pods match this VPA object",
        "not-resource-metrics-pipeline",
    ),
    "a Java client's words for a refusal": (
        "KubernetesClientException: Failure executing: GET at: https://10.0.0.1/apis/metrics.k8s.io/v1beta1/pods. Message: Forbidden!Configured service account doesn't have access.",
        "rbac-user-metrics-forbidden",
    ),
    "discovery of another API, of a group that ends as Kubernetes' own": (
        "controllermanager.go:155] error starting controllers: failed to discover resources: unable to retrieve the complete list of server APIs: servicecatalog.k8s.io/v1beta1: the server is currently unable to handle the request",
        "not-resource-metrics-pipeline",
    ),
    "a desktop program that asks Prometheus": (
        "Metrics are not available due to missing or invalid Prometheus configuration.",
        "not-resource-metrics-pipeline",
    ),
    "another client's body of an answer": (
        f'Reason: Forbidden\nHTTP response body: {{"kind":"Status","message":"{REFUSED}","reason":"Forbidden","code":403}}',
        "rbac-user-metrics-forbidden",
    ),
    "a dashboard's scraper": (
        f"Error scraping node metrics: {REFUSED}",
        "rbac-user-metrics-forbidden",
    ),
    "a field of a log store's document": (
        f'{{\n  "_source": {{\n    "log": "{{\\"msg\\":\\"Error scraping node metrics: {QUOTED}\\"}}\\n",\n    "stream": "stderr"',
        "rbac-user-metrics-forbidden",
    ),
    "a log store's document on one line": (
        f'{{"_source":{{"kubernetes":{{"host":"n1"}},"log":"{{\\"msg\\":\\"Error scraping node metrics: {QUOTED}\\"}}\\n"}}}}',
        "rbac-user-metrics-forbidden",
    ),
    "an exporter that is none of this": (
        "Error scraping target: dial tcp 10.0.0.9:9100: connect: connection refused",
        "not-resource-metrics-pipeline",
    ),
    "a dashboard without its scraper": (
        "2026/01/02 03:04:05 Internal error occurred: No metric client provided. Skipping metrics.",
        "not-resource-metrics-pipeline",
    ),
    "GitOps, of a version that is gone": (
        'The Kubernetes API could not find version "v2beta1" of autoscaling/HorizontalPodAutoscaler for requested resource shop/web. Version "v2" of autoscaling/HorizontalPodAutoscaler is installed on the destination cluster.',
        "api-version-removed",
    ),
    "a version that is gone, to a client of after 1.23": (
        'error: resource mapping not found for name: "web" namespace: "" from "hpa.yaml": no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"\nensure CRDs are installed first',
        "api-version-removed",
    ),
    "a version that came late, to a server of before": (
        'error: unable to recognize "hpa.yaml": no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2"',
        "api-version-not-yet-served",
    ),
    "a target's kind without its group, to 1.9": (
        "the HPA controller was unable to get the target's current scale: no matches for /, Kind=Deployment",
        "hpa-scaletargetref-wrong-api",
    ),
    "a scale that the controller does not know": (
        'the HPA controller was unable to get the target\'s current scale: no kind "Scale" is registered for version "extensions/v1beta1"',
        "hpa-scaletargetref-wrong-api",
    ),
    "the metrics API's resource in a REST mapper": (
        "failed to list: no matches for metrics.k8s.io/v1beta1, Resource=pods",
        "metrics-api-not-registered",
    ),
    "the APIService looked for and not there": (
        'Error from server (NotFound): apiservices.apiregistration.k8s.io "v1beta1.metrics.k8s.io" not found',
        "metrics-api-not-registered",
    ),
    "KEDA of before 2.0": (
        'unable to fetch metrics from external metrics API: no matches for kind "ScaledObject" in version "keda.k8s.io/v1alpha1"',
        "keda-crd-missing",
    ),
    "a namespace that cannot be emptied for another API's sake": (
        (
            "    - type: NamespaceDeletionDiscoveryFailure\n"
            "      reason: DiscoveryFailed\n"
            "      message: >-\n"
            "        Discovery failed for some groups, 1 failing: unable to retrieve the\n"
            "        complete list of server APIs: upload.store.example.com/v1: the\n"
            "        server is currently unable to handle the request\n"
            "      status: 'True'"
        ),
        "not-resource-metrics-pipeline",
    ),
    "an old kubectl's scheme": (
        'Error from server (BadRequest): error when creating "apiservice.yaml": the API version in the data (apiregistration.k8s.io/v1beta1) does not match the expected API version (apiregistration.k8s.io/v1)',
        "kubectl-version-skew",
    ),
    "KEDA's adapter, which waits for its operator in vain": (
        'E0304 09:01:02.345678       1 provider.go:89] keda_metrics_adapter/provider "msg"="timeout" "error"="timeout while waiting to establish gRPC connection to KEDA Metrics Service server" "server"="keda-operator.keda.svc.cluster.local:9666"',
        "external-metrics-api-down",
    ),
    "the same and what its library says of the request": (
        (
            'E0304 09:01:02.345678       1 status.go:71] apiserver received an error that is not an metav1.Status: &errors.errorString{s:"timeout while waiting to establish gRPC connection to KEDA Metrics Service server"}: timeout while waiting to establish gRPC connection to KEDA Metrics Service server\n'
            "E0304 09:01:02.345679       1 writers.go:122] apiserver was unable to write a JSON response: http: Handler timeout"
        ),
        "external-metrics-api-down",
    ),
    "gRPC's address of KEDA's operator": (
        'W0304 09:01:02.345678       1 logging.go:59] [core] [Channel #1 SubChannel #2] grpc: addrConn.createTransport failed to connect to {Addr: "10.0.0.9:9666", ServerName: "keda-operator.keda.svc.cluster.local:9666", }. Err: connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.9:9666: connect: connection refused"',
        "external-metrics-api-down",
    ),
    "the same as JSON over several lines": (
        (
            "W0304 09:01:02.345678       1 logging.go:59] [core] [Channel #1 SubChannel #2] grpc: addrConn.createTransport failed to connect to {\n"
            '  "Addr": "keda-operator.keda.svc.cluster.local:9666",\n'
            '  "ServerName": "keda-operator.keda.svc.cluster.local:9666",\n'
            '  "Type": 0,\n'
            '  "Metadata": null\n'
            '}. Err: connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.9:9666: connect: connection timed out"'
        ),
        "external-metrics-api-down",
    ),
    "KEDA's operator, which an HPA is told of": (
        'the HPA was unable to compute the replica count: unable to get external metric shop/s0-queue/nil: unable to fetch metrics from external metrics API: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 10.0.0.9:9666: connect: connection refused"',
        "external-metrics-api-down",
    ),
    "a VPA's recommender, of a pod that it does not follow": (
        "W0304 09:01:02.345678       1 cluster_feeder.go:393] Error adding metric sample for container {{shop web-1} migrate}: KeyError: {{shop web-1} migrate}",
        "not-resource-metrics-pipeline",
    ),
    "the same, structured": (
        'I0304 09:01:02.345678       1 cluster_feeder.go:519] "Error adding metric sample" sample="&{{0 0001-01-01} 0 cpu}" error="KeyError: {shop web-1 migrate}"',
        "not-resource-metrics-pipeline",
    ),
    "Google's adapter, which may not ask": (
        'E0304 09:01:02.345678       1 provider.go:271] Failed request to stackdriver api: Get "https://monitoring.googleapis.com/v3/projects/p/metricDescriptors": compute: Received 403',
        "not-resource-metrics-pipeline",
    ),
    "a version that the migration guide tells of": (
        "The **autoscaling/v2beta2** API version of HorizontalPodAutoscaler is no longer served as of v1.26.",
        "api-version-removed",
    ),
    "a version that will go": (
        "The autoscaling/v2beta1 API version of HorizontalPodAutoscaler will no longer be served in v1.25.",
        "api-version-deprecated",
    ),
    "helm 3.0, of an APIService": (
        "Error: rendered manifests contain a resource that already exists. Unable to continue with install: existing resource conflict: kind: APIService, namespace: , name: v1beta1.metrics.k8s.io",
        "helm-apiservice-ownership-conflict",
    ),
    "helm 3.0, of another adapter's APIService": (
        "Error: rendered manifests contain a resource that already exists. Unable to continue with install: existing resource conflict: kind: APIService, namespace: , name: v1beta1.external.metrics.k8s.io",
        "external-metrics-apiservice-conflict",
    ),
}


@pytest.mark.parametrize("case", SURE)
def test_names_the_one_cause(case: str) -> None:
    text, cause = SURE[case]
    found = answer(text)

    assert ([match.id for match in found.matches], found.ambiguous) == ([cause], False)


@pytest.mark.parametrize(
    "request_", ["nodes.metrics.k8s.io worker-1", "services http:heapster:", "services https:metrics-server:"]
)
@pytest.mark.parametrize(
    "words",
    ["the server is currently unable to handle the request", "the server could not find the requested resource"],
)
def test_a_metrics_api_asked_by_name_is_no_other_programs(words: str, request_: str) -> None:
    assert "not-resource-metrics-pipeline" not in ids(f"{words} (get {request_})")


def test_what_is_yet_to_be_removed_works() -> None:
    assert ids("autoscaling/v2beta2 will be removed in Kubernetes 1.26") == []
    assert ids("v1beta1.metrics.k8s.io was removed from Kubernetes") == []


def test_what_stands_beside_no_error_names_nothing() -> None:
    text = "Server Version: v1.27.3\nNO_PROXY=10.0.0.0/8\nthe nodes are Windows Server 2022 on EKS, behind a firewall"

    assert ids(text) == []


def test_what_has_a_name_of_its_own_comes_before_what_is_only_none_of_this() -> None:
    text = (
        '{"level":"info","msg":"metrics server is starting to listen","addr":"0.0.0.0:8383"}\n'
        '{"level":"error","msg":"not started","error":"no matches for kind \\"ScaledObject\\" in version \\"keda.sh/v1alpha1\\""}'
    )

    assert ids(text) == ["keda-crd-missing", "not-resource-metrics-pipeline"]


@pytest.mark.parametrize("group", ["custom.metrics.k8s.io", "external.metrics.k8s.io"])
@pytest.mark.parametrize(
    ("user", "named", "first"),
    [
        ("system:serviceaccount:kube-system:horizontal-pod-autoscaler", True, "rbac-user-metrics-forbidden"),
        ("system:vpa-recommender", True, "rbac-user-metrics-forbidden"),
        ("system:anonymous", False, "requestheader-config-missing"),
    ],
)
def test_who_may_not_read_an_adapters_metrics(group: str, user: str, named: bool, first: str) -> None:
    # apiserver pkg/endpoints/handlers/responsewriters/errors.go
    said = f'q.{group} is forbidden: User "{user}" cannot list resource "q" in API group "{group}" in the namespace "a"'
    match = answer(said).matches[0]
    commands = [command for remedy in match.remedies for command in remedy.commands]

    assert match.id == first
    assert any(group in command for command in commands) is named


EMPTY_LISTS = {
    "as kubectl get --raw prints it": (
        '{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[]}'
    ),
    "as jq lays it out": """\
{
  "kind": "PodMetricsList",
  "apiVersion": "metrics.k8s.io/v1beta1",
  "metadata": {},
  "items": []
}
""",
}


@pytest.mark.parametrize("form", EMPTY_LISTS)
def test_an_empty_list_of_metrics_is_none_yet_as_kubectl_says_of_it(form: str) -> None:
    assert ids(EMPTY_LISTS[form]) == ids("error: metrics not available yet")


def test_a_list_of_metrics_with_items_shows_figures_and_another_empty_list_is_no_news() -> None:
    full = '{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{'

    assert ids(full) == ["metrics-shown"]
    assert ids('{"kind": "EndpointSliceList",\n  "items": []\n}') == []


def test_an_adapters_api_that_does_not_answer_may_be_left_of_one_that_is_gone() -> None:
    silent = "couldn't get resource list for external.metrics.k8s.io/v1beta1: "
    unavailable = silent + "the server is currently unable to handle the request"

    assert ids(unavailable) == ["external-metrics-api-down", "apiservice-orphaned"]
    assert "apiservice-orphaned" not in ids(silent + "Got empty response for: external.metrics.k8s.io/v1beta1")


def test_a_server_that_crashes_is_asked_by_nobody() -> None:
    text = (
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)\n"
        "kube-system   metrics-server-6cf87b9c8d-bqkwm   0/1   CrashLoopBackOff   20   1h"
    )

    assert "aggregator-cannot-reach-service" not in ids(text)


CLOSED = {
    "an adapter's refusal of which a title has the beginning": (
        "unable to fetch metrics from external metrics API: s0-queue.external.metrics.k8s.io is forbidden",
        "rbac-user-metrics-forbidden",
    ),
    "a program that asks a kubelet through the API server": (
        "failed to get stats from kubelet on node worker-1: the server is currently unable to handle the request (get nodes worker-1)",
        "not-resource-metrics-pipeline",
    ),
    "one that asks a pod so": (
        "Send request failed: the server could not find the requested resource (get pods https:kube-scheduler-cp-1:10251)",
        "not-resource-metrics-pipeline",
    ),
    "an HPA whose figures are there, and whose target refuses": (
        "  AbleToScale  False  FailedUpdateScale  the HPA controller was unable to update the target scale: Internal error occurred: no",
        "not-resource-metrics-pipeline",
    ),
    "the same, as an event": (
        "  Warning  FailedRescale  3s  horizontal-pod-autoscaler  New size: 4; reason: cpu resource utilization (percentage of request) above target; error: etcdserver: request timed out",
        "not-resource-metrics-pipeline",
    ),
    "KEDA's adapter, asked for all metrics at once": (
        'E0304 09:01:02.345678       1 status.go:71] apiserver received an error that is not an metav1.Status: &errors.errorString{s:"exactly one scaled object should match label "}',
        "not-resource-metrics-pipeline",
    ),
    "somebody who may not read HPAs, whose group a copy left out": (
        'forbidden: User "system:serviceaccount:shop:deployer" cannot get resource "horizontalpodautoscalers"',
        "not-resource-metrics-pipeline",
    ),
    "a program's own HPA in an API group that went, as kubectl to 1.9 has it": (
        'error: unable to recognize "hpa.yaml": no matches for extensions/, Kind=HorizontalPodAutoscaler',
        "api-version-removed",
    ),
    "an object that a server does not have yet, as kubectl to 1.9 has it": (
        'error: unable to recognize "metrics-apiservice.yaml": no matches for apiregistration.k8s.io/, Kind=APIService',
        "api-version-not-yet-served",
    ),
    "a sentence of what went": (
        "autoscaling/v2beta2 was removed in Kubernetes 1.26, which the chart still asks for",
        "api-version-removed",
    ),
    "a browser's console, of a dashboard that may not list": (
        "GET https://desk.example.com/k8s/apis/metrics.k8s.io/v1beta1/nodes 403 (Forbidden)",
        "rbac-user-metrics-forbidden",
    ),
    "a refusal of which a copy has the beginning": (
        'pods.metrics.k8s.io is forbidden: User "jane" ca…',
        "rbac-user-metrics-forbidden",
    ),
    "a condition as YAML quotes it": (
        "message: 'the HPA target''s scale is missing a selector'",
        "hpa-scale-selector-missing",
    ),
    "figures of Heapster's time, whose API group was called metrics": (
        'User "jane" cannot list nodes.metrics at the cluster scope.',
        "rbac-user-metrics-forbidden",
    ),
    "a user interface that asks a Prometheus through its pod": (
        'pods "prometheus-0" is forbidden: User "jane" cannot get resource "pods/proxy" in API group "" in the namespace "monitoring"',
        "not-resource-metrics-pipeline",
    ),
    "an object of the vertical autoscaler that has no status": (
        'E0304 09:01:02.345678       1 recommender.go:128] Cannot update VPA shop/web object. Reason: verticalpodautoscalers.autoscaling.k8s.io "web" not found',
        "not-resource-metrics-pipeline",
    ),
    "a target whose scale the vertical autoscaler cannot read": (
        "message: 'Error checking if target is a topmost well-known or scalable controller: Unhandled targetRef example.com/v1 / Pool / web, last error the server could not find the requested resource'",
        "not-resource-metrics-pipeline",
    ),
    "the Prometheus of a vertical autoscaler": (
        'E0304 09:01:02.345678       1 cluster_feeder.go:120] Cannot get cluster history: cannot get usage history: cannot get timeseries for cpu: Post "http://prometheus:9090/api/v1/query_range": dial tcp: lookup prometheus: no such host',
        "not-resource-metrics-pipeline",
    ),
    "a metric of KEDA's that was asked for without its ScaledObject": (
        'E0304 09:01:02.345678       1 status.go:71] apiserver received an error that is not an metav1.Status: &errors.errorString{s:"scaledObject name is not specified"}: scaledObject name is not specified',
        "not-resource-metrics-pipeline",
    ),
    "a label that is no resource, which prometheus-adapter leaves out": (
        'I0304 09:01:02.345678       1 resource_converter.go:190] unable to normalize group-resource job from label "job", skipping: no matches for /, Resource=job',
        "not-resource-metrics-pipeline",
    ),
    "a series that prometheus-adapter's rules cannot name": (
        'E0304 09:01:02.345678       1 series_registry.go:95] unable to name series "http_requests_total", skipping: series name "http_requests_total" did not match expected pattern "^x$"',
        "prometheus-adapter-query-mismatch",
    ),
    "a query that prometheus-adapter cannot make of its rule": (
        "E0304 09:01:02.345678       1 series_registry.go:164] unable to construct query for metric pods/http_requests(namespaced): no generic resource label form specified for this metric",
        "prometheus-adapter-query-mismatch",
    ),
    "prometheus-adapter's figures of a node, whose label is another": (
        'I0304 09:01:02.345678       1 provider.go:291] missing CPU for node "node-1", skipping',
        "prometheus-adapter-query-mismatch",
    ),
    "what those see who ask prometheus-adapter, where Prometheus answered it nothing": (
        "unable to get metric http_requests: unable to fetch metrics from custom metrics API: Internal error occurred: unable to fetch metrics",
        "prometheus-adapter-backend-unreachable",
    ),
    "Prometheus, which lets kube-metrics-adapter not in": (
        'time="2026-03-04T09:01:02Z" level=error msg="Failed to collect metrics: client_error: client error: 403" provider=hpa',
        "prometheus-adapter-backend-unreachable",
    ),
    "a metric for which kube-metrics-adapter has no collector": (
        "Failed to create new metrics collector: no plugin found for {Pods {requests-per-second nil}}",
        "custom-metrics-not-exposed",
    ),
    "Rancher's own monitoring": (
        "Failed to obtain metrics. The metrics service may not be available.",
        "not-resource-metrics-pipeline",
    ),
    "a kubectl that knows no -A": ("Error: unknown shorthand flag: 'A' in -A", "kubectl-version-skew"),
    "an aggregated server that asks for reviews in a version of before 1.22": (
        "E0304 09:01:02.345678       1 webhook.go:196] Failed to make webhook authorizer request: the server could not find the requested resource",
        "api-version-removed",
    ),
    "the same, as apiserver's handler says it": (
        "E0304 09:01:02.345678       1 errors.go:77] the server could not find the requested resource",
        "api-version-removed",
    ),
    "the same, of who comes with a token": (
        "E0304 09:01:02.345678       1 webhook.go:111] Failed to make webhook authenticator request: the server could not find the requested resource",
        "api-version-removed",
    ),
    "the same, as its clients see it": (
        'Error from server (InternalError): an error on the server ("Internal Server Error: \\"/apis/metrics.k8s.io/v1beta1\\": the server could not find the requested resource") has prevented the request from succeeding',
        "api-version-removed",
    ),
    "the same, as the aggregator reads its OpenAPI": (
        'OpenAPI spec for "v1beta1.metrics.k8s.io" failed with: failed to retrieve openAPI spec, http error: ResponseCode: 500, Body: Internal Server Error: "/openapi/v2": the server could not find the requested resource',
        "api-version-removed",
    ),
    "kube-rbac-proxy, in front of an API server": (
        "Error from server (Forbidden): Forbidden (user=jane@example.com, verb=list, resource=pods, subresource=) (get pods.metrics.k8s.io)",
        "rbac-user-metrics-forbidden",
    ),
    "KEDA's metric, which Datadog's agent is asked for": (
        "unable to get external metric shop/s0-queue/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: web-queue,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: Internal error occurred: DatadogMetric is invalid, err: no valid datapoint",
        "external-metrics-apiservice-conflict",
    ),
    "KEDA's metric, which another library's adapter does not know": (
        "unable to get external metric shop/s0-queue/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: web-queue,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server could not find the metric s0-queue for",
        "external-metrics-apiservice-conflict",
    ),
    "KEDA's webhook, of a second one that scales": (
        """admission webhook "vscaledobject.kb.io" denied the request: the workload 'web' of type 'apps/v1.Deployment' is already managed by the hpa 'web'""",
        "hpa-ambiguous-selector",
    ),
    "a trigger that this KEDA does not have": (
        '2026-03-04T09:01:02Z\tERROR\tReconciler error\t{"controller": "scaledobject", "error": "error getting scaler for trigger #0: no scaler found for type: cpu"}',
        "not-resource-metrics-pipeline",
    ),
    "the rights of a recommender on its own objects": (
        'verticalpodautoscalers.autoscaling.k8s.io "web" is forbidden: User "system:serviceaccount:kube-system:vpa-recommender" cannot patch resource "verticalpodautoscalers" in API group "autoscaling.k8s.io" in the namespace "shop"',
        "not-resource-metrics-pipeline",
    ),
    "an API server's log of whom it refuses": (
        'I0304 09:01:02.345678       1 rbac.go:119] RBAC: no rules authorize user "jane" with groups ["developers" "system:authenticated"] to "list" resource "pods.metrics.k8s.io" in namespace "shop"',
        "rbac-user-metrics-forbidden",
    ),
    "the same, of before 1.19 and of a scraper": (
        'I0304 09:01:02.345678       1 rbac.go:118] RBAC DENY: user "system:serviceaccount:kube-system:metrics-server" groups ["system:serviceaccounts" "system:authenticated"] cannot "get" resource "nodes/stats" named "n1" cluster-wide',
        "kubelet-rbac-forbidden-403",
    ),
    "a program that asks Prometheus through the API server": (
        'services "prometheus:9090" is forbidden: User "jane" cannot create resource "services/proxy" in API group "" in the namespace "monitoring"',
        "not-resource-metrics-pipeline",
    ),
    "an HPA that asks for a custom metric as for a resource": (
        "failed to get queue_length utilization: unable to get metrics for resource queue_length: no metrics returned from resource metrics API",
        "custom-metrics-not-exposed",
    ),
    "the path of another group's": (
        "$ kubectl get --raw /apis/projectcalico.org/v3\nError from server (NotFound): the server could not find the requested resource",
        "not-resource-metrics-pipeline",
    ),
}


@pytest.mark.parametrize("case", CLOSED)
def test_leaves_no_other_cause(case: str) -> None:
    text, cause = CLOSED[case]

    assert ids(text) == [cause]


def test_a_path_that_was_asked_is_forgotten_with_the_next_command() -> None:
    text = (
        "$ kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1\n"
        "$ kubectl top nodes\n"
        "Error from server (NotFound): the server could not find the requested resource"
    )

    assert ids(text)[0] == "metrics-api-not-registered"


@pytest.mark.parametrize(
    "healthy",
    [
        'I0304 09:01:02.345678       1 provider.go:95] keda_metrics_adapter/provider "msg"="Connection to KEDA Metrics Service gRPC server has been successfully established" "server"="keda-operator.keda.svc.cluster.local:9666"',
        'I0304 09:01:02.345678       1 main.go:162] keda_metrics_adapter "msg"="Connecting Metrics Service gRPC client to the server" "address"="keda-operator.keda.svc.cluster.local:9666"',
        'I0304 09:01:02.345678       1 client.go:88] keda_metrics_adapter/provider "msg"="Waiting for establishing a gRPC connection to KEDA Metrics Server"',
        "the autoscaling/v2 API version of HorizontalPodAutoscaler is served as of v1.23",
    ],
)
def test_what_a_healthy_adapter_says_is_no_fault(healthy: str) -> None:
    assert ids(healthy) == []


def test_a_sentence_of_an_hpa_that_was_folded_is_read_whole() -> None:
    text = (
        "The HPA was unable to compute the replica count: unable to get external metric \n"
        "shop/s0-queue/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: \n"
        "web-queue},MatchExpressions:[]LabelSelectorRequirement{}}: unable to fetch metrics from external metrics \n"
        "API: the server is currently unable to handle the request (get \n"
        "s0-queue.external.metrics.k8s.io)"
    )

    assert ids(text)[0] == "external-metrics-api-down"


def test_an_api_server_does_not_know_who_lists_what_a_scraper_needs() -> None:
    # client-go of before 1.24 adds what was asked
    text = "Failed to list *v1.Node: the server has asked for the client to provide credentials (get nodes)"

    assert ids(text)[0] == "serviceaccount-token-invalid"


def test_an_id_is_listed_once_though_consequences_name_it_too() -> None:
    text = (
        "I0208 16:03:00.123456       1 reststorage.go:93] No metrics for pod default/web-5b669f8784-5lqpt\n"
        "E0208 16:03:05.001717       1 summary.go:97] error while getting metrics summary from Kubelet node1"
        "(10.0.0.5:10255): Get http://10.0.0.5:10255/stats/summary/: dial tcp 10.0.0.5:10255: connect: "
        "connection refused\n"
        "error: metrics not available yet\n"
    )

    assert ids(text).count("metrics-not-yet-available") == 1
