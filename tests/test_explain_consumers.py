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
    "an adapter that has no such metric": (
        "I0503 14:41:21.242625       1 series_registry.go:156] metric pods/http_requests(namespaced) not registered",
        "custom-metrics-not-exposed",
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
}


@pytest.mark.parametrize("case", SURE)
def test_names_the_one_cause(case: str) -> None:
    text, cause = SURE[case]
    found = answer(text)

    assert ([match.id for match in found.matches], found.ambiguous) == ([cause], False)


OPEN = {
    "an HPA that shows nothing, for want of another adapter's metric": (
        "keda-hpa-web   Deployment/web   <unknown>/5 (avg)   1   10   1   4h30m\nunable to fetch metrics from external metrics API: no matching metrics found for s0-queue",
        "custom-metrics-query-empty",
        "",
    ),
    "an HPA that shows nothing, and says why": (
        "web   Deployment/web   <unknown>/50%   1   10   1   4h30m\nunable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request (get pods.metrics.k8s.io)",
        "aggregator-cannot-reach-service",
        "metrics-server-not-ready",
    ),
    "a container that an HPA's pods have not, to 1.33": (
        "Warning  FailedGetContainerResourceMetric  9s (x4 over 55s)  horizontal-pod-autoscaler  failed to get cpu utilization: unable to get metrics for resource cpu: failed to get container metrics: container app not present in metrics for pod shop/web-5d8f7c-x7k2p",
        "hpa-container-not-found",
        "hpa-pods-restarting",
    ),
    "the same from 1.34 on, where no pod has it": (
        "the HPA was unable to compute the replica count: failed to get app container metric value: failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)",
        "hpa-container-not-found",
        "hpa-pods-not-ready-yet",
    ),
    "the same from 1.36 on, where some pods have it": (
        "failed to get app container metric value: failed to get memory utilization: container app not found in Pod web-5d8f7c-x7k2p",
        "hpa-container-not-found",
        "hpa-selector-overlap",
    ),
    "a pod of a CronJob without the container that an HPA is measured by": (
        "failed to get app container metric value: failed to get cpu utilization: container app not found in Pod nightly-28502100-x7k2p",
        "hpa-selector-overlap",
        "hpa-container-not-found",
    ),
    "a pod of a CronJob among an HPA's": (
        "failed to get cpu utilization: missing request for cpu in container runner of Pod nightly-28502100-x7k2p",
        "hpa-selector-overlap",
        "hpa-missing-requests",
    ),
    "kubectl whose caller is not known, to whatever it asked": (
        "$ kubectl top node\nerror: You must be logged in to the server (Unauthorized)",
        "requestheader-config-missing",
        "not-resource-metrics-pipeline",
    ),
    "an adapter that says why it has nothing": (
        "unable to get external metric shop/s0-queue/nil: unable to fetch metrics from external metrics API: Internal error occurred: the query is invalid",
        "custom-metrics-query-empty",
        "custom-metrics-not-exposed",
    ),
    "a Java client to whom nobody answers": (
        "KubernetesClientException: Failure executing: GET at: https://10.0.0.1:6443/apis/metrics.k8s.io/v1beta1/nodes. Message: 404 page not found",
        "metrics-api-not-registered",
        "metrics-server-missing",
    ),
    "a node of which nothing is stored": (
        'Error from server (NotFound): nodemetrics.metrics.k8s.io "n1" not found',
        "node-metrics-missing",
        "windows-kubelet-stats-500",
    ),
    "an HPA of Heapster's time, without figures": (
        "failed to get CPU consumption and request: metrics obtained for 0/2 of pods",
        "metrics-not-yet-available",
        "",
    ),
    "KEDA without a value": (
        "unable to fetch metrics from external metrics API: no matching metrics found for s0-queue",
        "custom-metrics-query-empty",
        "",
    ),
    "a dashboard that finds nobody who serves metrics": (
        '{"level":"error","msg":"Error scraping node metrics: the server could not find the requested resource (get nodes.metrics.k8s.io)"}',
        "metrics-api-not-registered",
        "metrics-server-missing",
    ),
    "another client whom the aggregator answers in plain text": (
        "ApiException: (503)\nReason: Service Unavailable\nHTTP response body: service unavailable",
        "aggregator-cannot-reach-service",
        "metrics-server-not-ready",
    ),
    "another client to whom nobody answers": (
        "ApiException: (404)\nReason: Not Found\nHTTP response body: 404 page not found",
        "metrics-api-not-registered",
        "metrics-server-missing",
    ),
    "a beta that came late and went": (
        'no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"',
        "api-version-removed",
        "api-version-not-yet-served",
    ),
    "the same, to a client of before 1.24, whose own servers all have it or do not have it yet": (
        'error: unable to recognize "hpa.yaml": no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"',
        "api-version-not-yet-served",
        "api-version-removed",
    ),
    "kubectl 1.10 to 1.19, which asks Heapster where no metrics API is registered": (
        "Error from server (NotFound): the server could not find the requested resource (get services http:heapster:)",
        "metrics-api-not-registered",
        "kubectl-version-skew",
    ),
    "a title that ends with the resource": (
        "Error from server (NotFound): podmetrics.metrics.k8s.io",
        "metrics-not-yet-available",
        "",
    ),
    "a front proxy's name, and the group cut off": (
        'forbidden: User "aggregator" cannot list resource "nodes" in API group',
        "requestheader-ca-same-as-client-ca",
        "requestheader-allowed-names-mismatch",
    ),
    "a target in quotes of a chat": (
        '`deployments/scale.apps "web" not found`',
        "hpa-target-not-found",
        "hpa-wrong-namespace",
    ),
    "kubectl get of a type that only the metrics API has": (
        'error: the server doesn\'t have a resource type "nodemetrics"',
        "metrics-api-not-registered",
        "metrics-server-missing",
    ),
    "an HPA of Heapster's time": (
        "failed to get CPU utilization: failed to get CPU consumption and request: some pods do not have request for cpu",
        "hpa-missing-requests",
        "",
    ),
}


@pytest.mark.parametrize("case", OPEN)
def test_lists_the_likeliest_first(case: str) -> None:
    text, first, another = OPEN[case]
    found = ids(text)

    assert found[0] == first
    assert not another or another in found[1:]


BESIDE = {
    "a node on Fargate, whose kubelet's port a pod can take": (
        '"Failed to scrape node" err="Get \\"https://10.0.0.7:10250/metrics/resource\\": tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, not 10.0.0.7" node="fargate-ip-10-0-0-7.ec2.internal"',
        "port-conflict-10250-fargate",
    ),
    "an add-on that was enabled just now": (
        "* The 'metrics-server' addon is enabled\n$ kubectl top pods\nerror: Metrics API not available",
        "apiservice-backend-starting",
    ),
    "a kubectl that asks Heapster only in need": (
        'Client Version: version.Info{Major:"1", Minor:"16", GitVersion:"v1.16.2"}\nError from server (NotFound): the server could not find the requested resource (get services http:heapster:)',
        "metrics-api-not-registered",
    ),
    "Heapster in another namespace": (
        "Error from server (NotFound): the server could not find the requested resource (get services http:heapster:)\nmonitoring   heapster-5d4bf58946-gblsv   1/1   Running   0   3d",
        "heapster-wrong-namespace",
    ),
    "a server from before the version came": (
        'no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"\nServer Version: v1.11.5',
        "api-version-not-yet-served",
    ),
    "a server from after it went": (
        'Kubernetes version: v1.27.3\nerror: unable to recognize "hpa.yaml": no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"',
        "api-version-removed",
    ),
    "a proxy's variable beside an API server that cannot reach": (
        "- NO_PROXY=localhost,127.0.0.1\nError from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)",
        "proxy-env-no_proxy",
    ),
    "a system that has cgroup v2 alone": (
        "n1   120m        6%        2600Mi          35%\nn2   <unknown>   <unknown> <unknown>       <unknown>\nn2   Ready   <none>   27h   v1.18.16   10.0.0.8   <none>   AlmaLinux 9.0   5.14.0-70.13.1.el9_0.x86_64",
        "cgroup-v2-unsupported",
    ),
}


@pytest.mark.parametrize("case", BESIDE)
def test_what_stands_beside_an_error_puts_its_causes_in_order(case: str) -> None:
    text, first = BESIDE[case]
    found = answer(text)

    assert found.ambiguous
    assert found.matches[0].id == first


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
    assert ids(silent + "Got empty response for: external.metrics.k8s.io/v1beta1") == ["external-metrics-api-down"]
