"""What ``explain`` answers to consumers where a text alone leaves several causes: which comes first, and by what beside it.

Texts are made from the formats that upstream's sources print; the answers are those of the bundled checks.
"""

# ruff: noqa: E501  lines stand here as they are printed

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def ids(text: str) -> list[str]:
    return [match.id for match in answer(text).matches]


OPEN = {
    "a custom metric that no pod has": (
        '{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta1","metadata":{},"items":[]}',
        "custom-metrics-query-empty",
        "prometheus-adapter-query-mismatch",
    ),
    "a query for which Datadog has nothing": (
        "2026-03-04 09:01:02 UTC | ERROR | (datadogexternal.go:45 in queryDatadogExternal) | Returned series slice empty",
        "custom-metrics-query-empty",
        "",
    ),
    "an HPA with fields of another version, as kubectl to 1.26 has it": (
        'error: error validating "hpa.yaml": error validating data: [ValidationError(HorizontalPodAutoscaler.spec.metrics[0].resource): unknown field "targetAverageUtilization" in io.k8s.api.autoscaling.v2.ResourceMetricSource',
        "api-version-removed",
        "not-resource-metrics-pipeline",
    ),
    "all that is wrong with it": (
        'error validating data: [ValidationError(HorizontalPodAutoscaler.spec.metrics[0].resource): unknown field "targetAverageUtilization" in io.k8s.api.autoscaling.v2.ResourceMetricSource, ValidationError(HorizontalPodAutoscaler.spec.metrics[0].resource): missing required field "target" in io.k8s.api.autoscaling.v2.ResourceMetricSource]',
        "api-version-removed",
        "not-resource-metrics-pipeline",
    ),
    "fields that no version has": (
        'error validating data: ValidationError(HorizontalPodAutoscaler.spec.metrics[0].resource): unknown field "averageUtilisation" in io.k8s.api.autoscaling.v2.ResourceMetricSource',
        "not-resource-metrics-pipeline",
        "api-version-removed",
    ),
    "the same, as the API server has it that nobody asked before": (
        'The HorizontalPodAutoscaler "web" is invalid: spec.metrics[0].resource.target.type: Required value: must specify a metric target type',
        "api-version-removed",
        "not-resource-metrics-pipeline",
    ),
    "the same, of a metric of its pods": (
        'HorizontalPodAutoscaler.autoscaling "web" is invalid: spec.metrics[0].pods.metric.name: Required value: must specify a metric name',
        "api-version-removed",
        "not-resource-metrics-pipeline",
    ),
    "the same, as a server has it": (
        'strict decoding error: unknown field "spec.metrics[0].resource.targetAverageUtilization"',
        "api-version-removed",
        "not-resource-metrics-pipeline",
    ),
    "a target of a kind of its own that is not there": (
        '  AbleToScale  False  FailedGetScale  the HPA controller was unable to get the target\'s current scale: inferenceservices.serving.kserve.io "web" not found',
        "hpa-target-not-found",
        "hpa-wrong-namespace",
    ),
    "the same, in an event": (
        'Warning  FailedGetScale  11s (x161 over 40m)  horizontal-pod-autoscaler  deploymentconfigs.apps.openshift.io "web" not found',
        "hpa-target-not-found",
        "hpa-wrong-namespace",
    ),
    "the same, as controllers to 1.8 log it": (
        'W0304 09:01:02.345678       1 horizontal.go:99] Failed to reconcile web: failed to query scale subresource for DeploymentConfig/shop/web: deploymentconfigs "web" not found',
        "hpa-target-not-found",
        "hpa-wrong-namespace",
    ),
    "a container that is named as its pod, of a ReplicaSet to 1.8": (
        "missing request for cpu on container web in pod shop/shop-web-4162317122-70rgf",
        "hpa-missing-requests",
        "hpa-selector-overlap",
    ),
    "a container that is named as its pod, and not as what is put beside others": (
        "missing request for cpu in container webproxy of Pod web-proxy-5cdb678c48-8bgbm",
        "hpa-missing-requests",
        "hpa-missing-requests-sidecar",
    ),
    "a pod of a CronJob": (
        "missing request for cpu in container web of Pod web-migrate-28399840-x7k2p",
        "hpa-selector-overlap",
        "hpa-missing-requests",
    ),
    "a Heapster that speaks TLS, as an old kubectl sees it": (
        r"error: failed to unmarshall heapster response: invalid character '\x15' looking for beginning of value",
        "heapster-scheme-mismatch",
        "kubectl-version-skew",
    ),
    "a kubectl that asks for rights on what nobody serves": (
        "Warning: the server doesn't have a resource type 'nodes' in group 'metrics.k8s.io'",
        "metrics-api-not-registered",
        "metrics-server-missing",
    ),
    "a metric that Amazon's adapter was not told of": (
        "unable to get external metric shop/queue-length/nil: unable to fetch metrics from external metrics API: no metric query found",
        "custom-metrics-not-exposed",
        "",
    ),
    "a metric that New Relic's adapter was not told of": (
        'unable to fetch metrics from external metrics API: getting metric value: metric "queue" not configured',
        "custom-metrics-not-exposed",
        "",
    ),
    "a metric that has no values at Azure": (
        "unable to fetch metrics from external metrics API: Got an empty response for metric Microsoft.ServiceBus/Messages and aggregate type Total",
        "custom-metrics-query-empty",
        "",
    ),
    "Lens, that finds no metrics API": (
        'loadKubeMetrics failed {error: "404 page not found\\n"}',
        "metrics-api-not-registered",
        "metrics-server-missing",
    ),
    "an adapter that knows no metric": (
        '{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"custom.metrics.k8s.io/v1beta1","resources":[]}',
        "custom-metrics-not-exposed",
        "custom-metrics-query-empty",
    ),
    "the same, printed over lines": (
        '{\n  "kind": "APIResourceList",\n  "apiVersion": "v1",\n  "groupVersion": "external.metrics.k8s.io/v1beta1",\n  "resources": []\n}',
        "custom-metrics-not-exposed",
        "custom-metrics-query-empty",
    ),
    "a scaler of KEDA's that has no figure": (
        "Error from server: rpc error: code = Unknown desc = error when getting metric values no matching metrics found for s0-queue",
        "custom-metrics-query-empty",
        "",
    ),
    "Heapster's Service without a pod, which an old kubectl asks": (
        'Error from server (ServiceUnavailable): no endpoints available for service "http:heapster:"',
        "kubectl-version-skew",
        "",
    ),
    "another Service without a pod, of which a proxied request was asked": (
        'Error from server (ServiceUnavailable): no endpoints available for service "https:kubernetes-dashboard:"',
        "not-resource-metrics-pipeline",
        "",
    ),
    "an adapter's APIService that is not changed, as two write it": (
        'APIService.apiregistration.k8s.io "v1beta1.external.metrics.k8s.io" is invalid: spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
        "external-metrics-api-down",
        "external-metrics-apiservice-conflict",
    ),
    "the VPA's webhook before its script made a certificate": (
        'Warning  FailedMount  12s (x7 over 44s)  kubelet  MountVolume.SetUp failed for volume "tls-certs" : secret "vpa-tls-certs" not found',
        "not-resource-metrics-pipeline",
        "",
    ),
    "a scrape of a kubelet, in a collector's words": (
        'debug scrape/scrape.go:1400 Scrape failed {"kind": "receiver", "scrape_pool": "serviceMonitor/monitoring/kubelet/0", "target": "https://10.0.0.1:10250/metrics", "error": "server returned HTTP status 403 Forbidden"}',
        "not-resource-metrics-pipeline",
        "kubelet-rbac-forbidden-403",
    ),
    "rules that prometheus-adapter cannot read": (
        "F0304 09:01:02.345678       1 adapter.go:340] unable to load metrics discovery config: unable to load metrics discovery configuration: unable to parse metrics discovery config: yaml: line 4: did not find expected key",
        "external-metrics-api-down",
        "prometheus-adapter-query-mismatch",
    ),
    "a query that Prometheus cannot parse": (
        "E0304 09:01:02.345678       1 provider.go:150] unable to fetch metrics from prometheus: bad_data: invalid parameter 'query': 1:8: parse error: unexpected character",
        "prometheus-adapter-query-mismatch",
        "prometheus-adapter-backend-unreachable",
    ),
    "a query of kube-metrics-adapter's that has no result": (
        "Failed to collect metrics: query 'sum(rate(requests[1m]))' did not result a valid response",
        "custom-metrics-query-empty",
        "prometheus-adapter-query-mismatch",
    ),
    "k9s, that finds no metrics API": (
        'level=WARN msg="Fail to locate metrics-server" error="No metrics api group metrics.k8s.io found on cluster"',
        "metrics-api-not-registered",
        "metrics-server-missing",
    ),
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
    "a container that an HPA's pods have not, or not now, to 1.33": (
        "Warning  FailedGetContainerResourceMetric  9s (x4 over 55s)  horizontal-pod-autoscaler  failed to get cpu utilization: unable to get metrics for resource cpu: failed to get container metrics: container app not present in metrics for pod shop/web-5d8f7c-x7k2p",
        "hpa-pods-restarting",
        "hpa-container-not-found",
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
        "metrics-server-missing",
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
    "what an adapter that has no metric yet answers to discovery": (
        "E0304 09:01:02.345678   4242 memcache.go:255] couldn't get resource list for external.metrics.k8s.io/v1beta1: Got empty response for: external.metrics.k8s.io/v1beta1",
        "custom-metrics-not-exposed",
        "external-metrics-api-down",
    ),
    "the same from 1.28 on": (
        "unable to retrieve the complete list of server APIs: custom.metrics.k8s.io/v1beta1: received empty response for: custom.metrics.k8s.io/v1beta1",
        "custom-metrics-not-exposed",
        "custom-metrics-query-empty",
    ),
    "a trigger of KEDA that fails": (
        "unable to fetch metrics from external metrics API: rpc error: code = Unknown desc = error when getting metric values metric:s0-queue encountered error",
        "custom-metrics-query-empty",
        "",
    ),
    "an adapter that does not have the group that it is registered for": (
        "failing or missing response from https://10.0.0.9:6443/apis/custom.metrics.k8s.io/v1beta1: bad status from https://10.0.0.9:6443/apis/custom.metrics.k8s.io/v1beta1: 404",
        "external-metrics-api-down",
        "custom-metrics-not-exposed",
    ),
    "an adapter that does not answer to what was asked of it": (
        "$ kubectl get --raw /apis/external.metrics.k8s.io/v1beta1\nError from server (ServiceUnavailable): the server is currently unable to handle the request",
        "external-metrics-api-down",
        "apiservice-orphaned",
    ),
    "a path of another adapter's that nobody serves": (
        '$ kubectl get --raw "/apis/custom.metrics.k8s.io/v1beta1" | jq .\nError from server (NotFound): the server could not find the requested resource',
        "custom-metrics-not-exposed",
        "",
    ),
    "a kind that kubectl itself does not know": (
        'error: unable to decode "/tmp/a": no kind "APIService" is registered for version "apiregistration.k8s.io/v1" in scheme "k8s.io/kubernetes/pkg/kubectl/scheme/scheme.go:28"',
        "kubectl-version-skew",
        "api-version-not-yet-served",
    ),
    "Heapster's own list": (
        'E0304 09:01:02.345678       1 reflector.go:190] k8s.io/heapster/metrics/util/util.go:30: Failed to list *v1.Node: nodes is forbidden: User "system:serviceaccount:kube-system:heapster" cannot list nodes at the cluster scope',
        "rbac-clusterrole-missing",
        "not-resource-metrics-pipeline",
    ),
    "KEDA's operator, which does not find what it is to scale": (
        '2026-03-04T09:01:02Z\tERROR\tTarget resource doesn\'t exist\t{"controller": "scaledobject", "resource": "apps/v1.Deployment", "name": "web", "error": "deployments.apps \\"web\\" not found"}',
        "hpa-target-not-found",
        "hpa-scaletargetref-wrong-api",
    ),
    "KEDA's condition of the same": (
        "Message:  ScaledObject doesn't have correct scaleTargetRef specification",
        "hpa-target-not-found",
        "hpa-scaletargetref-wrong-api",
    ),
    "KEDA's operator, of a target that does not scale": (
        "Target resource doesn't expose /scale subresource",
        "hpa-scaletargetref-wrong-api",
        "",
    ),
    "KEDA's webhook, of a container without a request": (
        'admission webhook "vscaledobject.kb.io" denied the request: the scaledobject has a cpu trigger but the container app doesn\'t have the cpu request defined',
        "hpa-missing-requests",
        "",
    ),
    "an HPA whose aggregated server knows the aggregator not": (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: Unauthorized",
        "requestheader-config-missing",
        "front-proxy-ca-mismatch",
    ),
    "an adapter that takes the aggregator for a user, in the words of before 1.11": (
        'unable to fetch metrics from API: pods.custom.metrics.k8s.io "*" is forbidden: User "kubernetes" cannot get pods.custom.metrics.k8s.io/requests in the namespace "shop"',
        "requestheader-ca-same-as-client-ca",
        "requestheader-allowed-names-mismatch",
    ),
    "a prometheus-adapter that prints the whole pod": (
        "E0304 09:01:02.345678       1 provider.go:191] unable to fetch CPU metrics for pod &PartialObjectMetadata{ObjectMeta:ObjectMeta{Name:web-1,GenerateName:web-,Namespace:shop,SelfLink:,UID:1,",
        "prometheus-adapter-query-mismatch",
        "",
    ),
    "the same and what its storage says": (
        "E0304 09:01:02.345678       1 provider.go:185] unable to fetch CPU metrics for pod shop/web-1, skipping\nE0304 09:01:02.345679       1 reststorage.go:144] unable to fetch pod metrics for pod shop/web-1: no metrics known for pod",
        "prometheus-adapter-query-mismatch",
        "",
    ),
    "Heapster without a row": (
        "Response Body: No metrics availalble for pod shop/web-1",
        "metrics-not-yet-available",
        "",
    ),
    "kubectl 1.12, which finds no Heapster in need of one": (
        'User-Agent: kubectl/v1.12.2 (linux/amd64) kubernetes/17c77c7\nResponse Body: {"kind":"Status","status":"Failure","message":"services \\"heapster\\" not found","reason":"NotFound","code":404}',
        "metrics-api-not-registered",
        "kubectl-version-skew",
    ),
    "an HPA of what has no scale": (
        "web   DaemonSet/web   <unknown>/80%   1   10   0   4m",
        "hpa-scaletargetref-wrong-api",
        "hpa-missing-requests",
    ),
    "a kubectl that describes HPAs in a version that this server has not": (
        "$ kubectl describe hpa web\nError from server (NotFound): the server could not find the requested resource",
        "api-version-not-yet-served",
        "kubectl-version-skew",
    ),
    "an injected container": (
        "missing request for cpu on container consul-template in pod shop/web-1",
        "hpa-missing-requests-sidecar",
        "hpa-missing-requests",
    ),
}


@pytest.mark.parametrize("case", OPEN)
def test_lists_the_likeliest_first(case: str) -> None:
    text, first, another = OPEN[case]
    found = ids(text)

    assert found[0] == first
    assert not another or another in found[1:]


BESIDE = {
    "a mesh, which puts a container beside each": (
        "Warning  FailedGetResourceMetric  41s  horizontal-pod-autoscaler  failed to get cpu utilization: missing request for cpu\nall pods of the namespace have Envoy",
        "hpa-missing-requests-sidecar",
    ),
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


def test_a_mesh_says_nothing_of_a_container_that_is_none_of_it() -> None:
    text = "missing request for cpu in container web of Pod shop-5cdb678c48-8bgbm\nwith Istio"

    assert ids(text)[0] == "hpa-missing-requests"
