"""What those say who ask for metrics, or stumble over their API, in the words of upstream's source at many versions."""

# ruff: noqa: E501  log lines stand here as they are printed

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Confidence
from msdoctor.utterances import errors
from msdoctor.utterances.reader import read, read_error

INDEX = registry.load_index()
UNABLE = "the HPA was unable to compute the replica count"
UNAVAILABLE = "the server is currently unable to handle the request"


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def ids(text: str) -> list[str]:
    return [match.id for match in answer(text).matches]


# kubernetes pkg/controller/podautoscaler at 1.8, 1.14, 1.22, 1.30, 1.36: horizontal.go, replica_calculator.go
@pytest.mark.parametrize(
    "text",
    [
        UNABLE,
        f"{UNABLE}: failed to get cpu utilization: ",
        "failed to get memory usage:",
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value:",
        "invalid metrics (1 invalid out of 1), first error is: failed to get app container metric value: ",
        "FailedGetContainerResourceMetric",
    ],
)
def test_an_hpas_complaint_that_ends_before_its_reason_is_still_an_hpas(text: str) -> None:
    assert ids(text) == ["hpa-metrics-failing"]


@pytest.mark.parametrize(
    "text",
    [
        "FailedGetPodsMetric",
        "FailedGetObjectMetric",
        f"ScalingActive  False  FailedGetExternalMetric  {UNABLE}: unable to get external metric default/s0/&LabelSelector{{Mat",
        f"ScalingActive  False  FailedGetPodsMetric  {UNABLE}: unable to get metric http_requests: ",
        # keda pkg/metricsservice/server.go, 2.17
        "rpc error: code = Unknown desc = error when getting metric values metric:s0-prometheus encountered error",
    ],
)
def test_what_an_adapter_did_not_give_is_not_of_resource_metrics(text: str) -> None:
    assert ids(text)[0] == "custom-metrics-query-empty"
    assert "hpa-metrics-failing" not in ids(text)


@pytest.mark.parametrize(
    "end", ["", " for", " for any", " for any ready", " for targeted po", " for targeted pods (pods might be unready)"]
)
def test_no_metrics_for_the_targets_pods_are_known_by_the_beginning_of_the_words(end: str) -> None:
    assert ids(f"failed to get cpu utilization: did not receive metrics{end}")[0] == "hpa-pods-not-ready-yet"


def test_metrics_that_an_agent_did_not_get_are_not_an_hpas() -> None:
    assert ids("did not receive metrics from agent 7 in time") == []


@pytest.mark.parametrize(
    "text",
    ["  Warning  SelectorRequired  2m  horizontal-pod-autoscaler", "  ScalingActive   False   InvalidSelector"],
)
def test_a_missing_selector_is_known_by_the_reason(text: str) -> None:
    assert ids(text) == ["hpa-scale-selector-missing"]


@pytest.mark.parametrize("word", ["successfully", "succesfully"])
@pytest.mark.parametrize(
    "source", ["cpu resource", "memory container resource", "cpu resource utilization (percentage of request)"]
)
def test_a_replica_count_from_a_resource_shows_that_figures_came(word: str, source: str) -> None:
    text = f"ScalingActive  True  ValidMetricFound  the HPA was able to {word} calculate a replica count from {source}"

    assert ids(text) == ["metrics-shown"]


def test_one_from_an_external_metric_shows_nothing_of_the_resource_metrics() -> None:
    assert ids("the HPA was able to successfully calculate a replica count from external metric s0(nil)") == []


@pytest.mark.parametrize(
    "around",
    [
        "failed to query scale subresource for Deployment/default/web",
        "the HPA controller was unable to get the target's current scale",
    ],
)
def test_a_scale_that_is_not_served_is_the_targets_and_not_the_metrics_apis(around: str) -> None:
    found = answer(f"{around}: the server could not find the requested resource")

    assert [match.id for match in found.matches] == ["hpa-scaletargetref-wrong-api"]


def test_kedas_admission_names_the_request_that_lacks() -> None:  # keda scaledobject_webhook.go, 2.12 and 2.17
    assert read_error(
        "the scaledobject has a cpu trigger but the container app doesn't have the cpu request defined"
    ) == errors.MissingRequest("cpu", "app")


# podautoscaler/metrics/legacy_metrics_client.go, 1.8 to 1.20; kubectl pkg/metricsutil/metrics_client.go, 1.8 to 1.17
def test_what_came_of_heapster_is_not_said_of_the_metrics_api() -> None:
    assert ids("unable to get metrics for resource cpu: no metrics returned from heapster") == ["hpa-metrics-failing"]
    assert ids(
        "error: failed to unmarshall heapster response: invalid character '<' looking for beginning of value"
    ) == ["kubectl-version-skew"]


# apimachinery pkg/api/errors/errors.go, NewGenericServerResponse, 0.20 to 0.36
@pytest.mark.parametrize(
    "text",
    [
        "the server could not find the requested resource (post deployments.apps)",
        "the server was unable to return a response in the time allotted, but may still be processing the request (get pods)",
        "the server has received too many requests and has asked us to try again later (get pods)",
    ],
)
def test_an_answer_that_names_another_request_is_not_of_the_metrics_api(text: str) -> None:
    assert ids(text) == []
    assert ids(f"Error from server: {text}") == []


@pytest.mark.parametrize("body", ["", "unknown"])
def test_a_failure_without_words_leads_to_the_apiservice(body: str) -> None:
    text = f'an error on the server ("{body}") has prevented the request from succeeding (get pods.metrics.k8s.io)'

    assert ids(text) == ["apiservice-unavailable"]


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("User jane cannot list resource pods in API group metrics.k8s.io at the cluster scope", "rbac-user-metrics-forbidden"),
        ("User 'jane' cannot list resource 'pods' in API group 'metrics.k8s.io' in the namespace 'default'", "rbac-user-metrics-forbidden"),
        ("User jane cannot list pods.metrics.k8s.io at the cluster scope", "rbac-user-metrics-forbidden"),
        ("User system:serviceaccount:kube-system:metrics-server cannot get resource nodes/metrics in API group  at the cluster scope", "kubelet-rbac-forbidden-403"),
    ],
)  # fmt: skip
def test_a_refusal_whose_quotes_were_lost_is_one(text: str, id_: str) -> None:
    assert ids(text) == [id_]


def test_the_namespace_of_a_refusal_without_quotes_is_known() -> None:
    refusal = read_error("User jane cannot list resource pods in API group metrics.k8s.io in the namespace shop")

    assert isinstance(refusal, errors.Forbidden)
    assert (refusal.resource, refusal.namespace) == ("pods.metrics.k8s.io", "shop")


def test_a_type_in_a_group_is_the_groups() -> None:  # kubectl pkg/cmd/util/helpers.go, 0.17 to 0.36
    text = 'the server doesn\'t have a resource type "pods" in group "metrics.k8s.io"'

    assert read_error(text) == errors.TypeUnknown("pods.metrics.k8s.io")
    assert ids(text)[0] == "metrics-api-not-registered"


# apimachinery pkg/api/meta/errors.go: a version or a group always follows
@pytest.mark.parametrize(
    "end", ["", " in version", ' in version "', ' in version "autoscaling/', ' in version "autoscaling/v2']
)
def test_a_kind_whose_version_was_cut_off_leaves_open_what_became_of_it(end: str) -> None:
    found = answer(f'no matches for kind "HorizontalPodAutoscaler"{end}')

    assert found.ambiguous
    assert {match.id for match in found.matches} == {"api-version-removed", "api-version-not-yet-served"}


@pytest.mark.parametrize(
    ("kind", "id_"), [("ScaledObject", "keda-crd-missing"), ("PodMetrics", "metrics-api-not-registered")]
)
def test_a_kind_that_only_one_group_has_needs_no_version(kind: str, id_: str) -> None:
    assert ids(f'no matches for kind "{kind}" in version') == [id_]


def test_a_kind_that_nobody_knows_is_not_accused_without_its_version() -> None:
    assert all(
        match.confidence is Confidence.POSSIBLE
        for match in answer('no matches for kind "Deployment" in version').matches
    )
    assert ids('no matches for kind "Certificate" in version') in ([], ["not-resource-metrics-pipeline"])


def test_a_manifest_of_an_earlier_release_was_served_once() -> None:  # helm pkg/action/upgrade.go, 2.17 to 3.18
    text = (
        "Error: UPGRADE FAILED: current release manifest contains removed kubernetes api(s) for this kubernetes version and it is"
        " therefore unable to build the kubernetes objects for performing the diff. error from kubernetes: unable to recognize"
        ' "": no matches for kind "HorizontalPodAutoscaler" in version "autoscaling/v2beta2"'
    )

    assert ids(text)[0] == "api-version-removed"


# kubernetes pkg/controller/garbagecollector 1.14, 1.30, 1.36; pkg/controller/namespace/deletion 1.18 to 1.36
@pytest.mark.parametrize(
    "text",
    [
        f"W1128 10:00:00.123456       1 garbagecollector.go:704] failed to discover some groups: map[metrics.k8s.io/v1beta1:{UNAVAILABLE}]",
        (
            'I1128 10:00:00.123456       1 garbagecollector.go:826] "failed to discover some groups" logger="garbage-collector-controller"'
            ' groups="<internal error: json: unsupported type: map[schema.GroupVersion]error>"'
        ),
        "Discovery failed for some groups, 1 failing: ",
        "  NamespaceDeletionDiscoveryFailure   True   Sat, 28 Nov 2026 10:00:00 +0000   DiscoveryFailed",
        # client-go discovery/cached/memory/memcache.go, 0.37
        f'E1128 10:00:00.123456   1 memcache.go:133] "Couldn\'t get resource list" err="{UNAVAILABLE}" gv="metrics.k8s.io/v1beta1"',
        # helm pkg/action/action.go, 3.2 to 3.18
        "WARNING: The Kubernetes server has an orphaned API service.",
    ],
)
def test_who_stumbles_over_the_api_while_looking_what_there_is_leads_to_it(text: str) -> None:
    found = answer(text)

    assert found.ambiguous
    assert "apiservice-unavailable" in [match.id for match in found.matches]


def test_a_namespace_without_that_trouble_says_nothing() -> None:
    assert (
        ids("NamespaceDeletionDiscoveryFailure  False  Sat  ResourcesDiscovered  All resources successfully discovered")
        == []
    )


def test_argos_error_stands_beside_its_message() -> None:  # gitops-engine pkg/utils/kube/ctl.go, 0.7
    text = (
        'time="2026-11-28T10:00:00Z" level=error msg="Partial success when performing preferred resource discovery"'
        f' error="unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: {UNAVAILABLE}" server="x"'
    )

    assert "apiservice-unavailable" in ids(text)


@pytest.mark.parametrize(
    "text",
    [
        # client-go discovery/cached/memory/memcache.go, 0.20 to 0.36, and 0.37
        'E1128 10:00:00.123456 7 memcache.go:265] couldn\'t get current server API group list: Get "http://localhost:8080/api?timeout=32s": dial tcp 127.0.0.1:8080: connect: connection refused',
        'E1128 10:00:00.123456 7 memcache.go:381] "Couldn\'t get current server API group list" err="Get \\"https://10.0.0.1:6443/api?timeout=32s\\": dial tcp 10.0.0.1:6443: i/o timeout"',
        # helm pkg/kube/client.go, 3.2 to 3.18
        "Error: Kubernetes cluster unreachable: the server has asked for the client to provide credentials",
        # vertical-pod-autoscaler pkg/recommender/input/cluster_feeder.go, 0.9 to 1.8
        'E1128 10:00:00.123456 1 cluster_feeder.go:300] "Cannot get cluster history" err="cannot get usage history: x"',
        # k8s.io/metrics pkg/client/custom_metrics/client.go
        'unable to map kind Foo to resource: no matches for kind "Foo" in group "apps"',
    ],
)
def test_what_fails_on_another_way_is_not_this_pipelines(text: str) -> None:
    assert ids(text) == ["not-resource-metrics-pipeline"]


# kube-aggregator pkg/apiserver/handler_proxy.go around apiserver pkg/util/proxy/proxy.go, 0.20 to 0.36
@pytest.mark.parametrize(
    ("why", "error"),
    [
        ('service "metrics-server" not found', errors.ServiceAbsent("metrics-server", "kube-system")),
        ('endpoints "metrics-server" not found', errors.NoEndpoints("metrics-server", "kube-system")),
        (
            'no service port 443 found for service "metrics-server"',
            errors.ServicePortAbsent("metrics-server", "kube-system", "443"),
        ),
    ],
)
def test_the_aggregator_says_what_its_service_lacks(why: str, error: errors.InnermostError) -> None:
    assert (
        read_error(f"E1128 10:00:00.1 1 handler_proxy.go:143] error resolving kube-system/metrics-server: {why}")
        == error
    )


@pytest.mark.parametrize(
    "text",
    [
        "I1128 10:00:00.123456 1 controller.go:126] OpenAPI AggregationController: action for item v1beta1.metrics.k8s.io: Rate Limited Requeue.",
        'I1128 10:00:00.123456 1 controller.go:120] "OpenAPI AggregationController: action for item: Rate Limited Requeue" key="v1beta1.metrics.k8s.io"',
    ],
)  # kube-aggregator pkg/controllers/openapi/controller.go, 0.20 and 0.36
def test_an_item_that_is_put_back_is_a_description_that_was_not_got(text: str) -> None:
    assert "apiservice-unavailable" in ids(text)


@pytest.mark.parametrize(
    "text",
    [
        'endpoints for service/autoscaler in "knative-serving" have no addresses with port name "https-custom-metrics"',
        'endpoints for service/keda-operator-metrics-apiserver in "keda" have no addresses with port name "https"',
        "failing or missing response from https://10.96.3.4:443/apis/custom.metrics.k8s.io/v1beta1: bad status from https://10.96.3.4:443/apis/custom.metrics.k8s.io/v1beta1: 404",
        # keda pkg/provider/provider.go, 2.12
        "timeout while waiting to establish gRPC connection to KEDA Metrics Service server",
        "timed out waiting for the condition on apiservices/v1beta1.external.metrics.k8s.io",
    ],
)
def test_an_adapters_service_is_not_metrics_servers(text: str) -> None:
    assert ids(text)[0] == "external-metrics-api-down"


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        # fluxcd pkg/ssa manager_wait.go, 0.45; kubectl pkg/cmd/wait and pkg/polymorphichelpers/rollout_status.go, 0.36
        ("timeout waiting for: [APIService/v1beta1.metrics.k8s.io status: 'InProgress']", "apiservice-unavailable"),
        ("error: timed out waiting for the condition on apiservices/v1beta1.metrics.k8s.io", "apiservice-unavailable"),
        (
            "timeout waiting for: [Deployment/kube-system/metrics-server status: 'InProgress']",
            "metrics-server-not-ready",
        ),
        ("error: timed out waiting for the condition on deployments/metrics-server", "metrics-server-not-ready"),
        ('error: deployment "metrics-server" exceeded its progress deadline', "metrics-server-not-ready"),
    ],
)
def test_what_was_waited_for_in_vain_is_named(text: str, id_: str) -> None:
    assert ids(text)[0] == id_


# prometheus-adapter pkg/resourceprovider/provider.go, 0.9 to 0.12
def test_an_adapter_that_serves_resource_metrics_says_which_node_it_has_none_of() -> None:
    assert ids('I1128 10:00:00.123456 1 provider.go:300] missing CPU for node "n1", skipping') == [
        "prometheus-adapter-query-mismatch"
    ]


# vertical-pod-autoscaler pkg/apis/autoscaling.k8s.io/v1 and pkg/recommender/model/cluster.go, 0.9 to 1.8
@pytest.mark.parametrize(
    "text",
    [
        "    Status:                False\n    Type:                  RecommendationProvided",
        '  - status: "False"\n    type: RecommendationProvided',
        '[{"lastTransitionTime":"2026-11-28T10:00:00Z","status":"False","type":"RecommendationProvided"}]',
        "NAME   MODE   CPU   MEM   PROVIDED   AGE\nweb    Auto               False      5m",
        "VPA default/web is missing recommendation for more than 24h0m0s",
    ],
)
def test_a_vpa_without_a_recommendation_is_one(text: str) -> None:
    assert ids(text) == ["vpa-metrics-failing"]


@pytest.mark.parametrize(
    "text",
    [
        "    Status:                True\n    Type:                  RecommendationProvided",
        "    Status:                False\n    Type:                  ConfigUnsupported",
        "NAME   MODE   CPU   MEM       PROVIDED   AGE\nweb    Auto   25m   262144k   True       5m",
    ],
)
def test_a_vpa_with_one_says_nothing(text: str) -> None:
    assert ids(text) == []


# kubectl pkg/cmd/top/top_pod.go, 0.20 to 0.36
def test_no_resources_in_a_namespace_are_no_pods_there() -> None:
    assert ids("$ kubectl top pods -n shop\nNo resources found in shop namespace.") == ["no-pods-to-show"]


@pytest.mark.parametrize("flag", ["-A", "--all-namespaces"])
def test_no_resources_anywhere_are_pods_without_metrics(flag: str) -> None:
    assert ids(f"$ kubectl top pods {flag}\nNo resources found")[0] == "container-metrics-missing-from-kubelet"


@pytest.mark.parametrize("before", ["", "$ kubectl get pods\n", "$ kubectl top pods -A\n\n"])
def test_no_resources_of_another_command_say_nothing(before: str) -> None:
    assert ids(f"{before}No resources found") == []


# systemd src/systemctl/systemctl-show.c
@pytest.mark.parametrize(
    "state", ["inactive (dead)", "failed (Result: exit-code)", "activating (auto-restart) (Result: exit-code)"]
)
def test_a_kubelets_unit_that_does_not_run_is_a_kubelet_that_does_not(state: str) -> None:
    text = (
        "● kubelet.service - kubelet: The Kubernetes Node Agent\n"
        "     Loaded: loaded (/lib/systemd/system/kubelet.service; enabled; preset: enabled)\n"
        f"     Active: {state} since Sat 2026-11-28 10:00:00 UTC; 3s ago"
    )

    assert ids(text) == ["kubelet-down"]


@pytest.mark.parametrize(
    "text",
    [
        "● kubelet.service - kubelet: The Kubernetes Node Agent\n     Active: active (running) since Sat 2026-11-28",
        "● nginx.service - A web server\n     Active: failed (Result: exit-code)",
        "     Active: inactive (dead)",
    ],
)
def test_a_unit_that_runs_or_is_anothers_says_nothing(text: str) -> None:
    assert ids(text) == []


# kubernetes pkg/controller/podautoscaler/horizontal.go, 1.26 to 1.36, and 1.37
@pytest.mark.parametrize("words", ["multiple HPAs: [default/a default/b]", "more than one HPA (e.g. default/a)"])
def test_pods_of_several_hpas_are_named_so(words: str) -> None:
    assert ids(f"pods by selector app=web are controlled by {words}") == ["hpa-ambiguous-selector"]


# k9s internal/client/metrics.go, 0.27 and 0.50
@pytest.mark.parametrize("what", ["pods", "pod", "node"])
def test_k9s_says_as_kubectl_does_what_a_user_may_not(what: str) -> None:
    assert ids(f"user is not authorized to list {what} metrics") == ["rbac-user-metrics-forbidden"]


@pytest.mark.parametrize("no", ["No", "no"])
def test_k9s_says_as_kubectl_does_that_there_is_no_api(no: str) -> None:
    assert read_error(f"{no} metrics-server detected on cluster") == errors.MetricsAPINotAvailable()


# kubernetes cmd/kubeadm/app/phases/certs/certs.go, 1.18 to 1.37
def test_kubeadm_holds_the_front_proxys_certificate_against_its_ca() -> None:
    assert ids("certificate front-proxy-client is not signed by corresponding CA")[0] == "front-proxy-ca-mismatch"
    assert ids("certificate etcd-peer is not signed by corresponding CA") == []


@pytest.mark.parametrize(
    ("name", "id_"),
    [("front-proxy-client", "front-proxy-cert-expired"), ("apiserver", "apiserver-serving-cert-expired")],
)
def test_kubeadm_warns_of_a_certificate_that_has_ended(name: str, id_: str) -> None:
    text = (
        f"W1128 10:00:00.123456 7 certs.go:474] WARNING: could not validate bounds for certificate {name}: the certificate has"
        " expired: NotBefore: 2024-11-28 10:00:00 +0000 UTC, NotAfter: 2025-11-28 10:00:00 +0000 UTC"
    )

    assert ids(text) == [id_]


# metrics-server 0.2 pkg/storage/reststorage.go and metrics/sources/summary/summary.go
def test_what_is_not_stored_accuses_nobody_beside_a_scrape_that_was_refused() -> None:
    text = (
        "I0802 01:38:30.801336       1 reststorage.go:140] No metrics for container web in pod default/web-1\n"
        "E0802 01:39:05.015074       1 summary.go:97] error while getting metrics summary from Kubelet n1(10.0.0.1:10255):"
        " Get http://10.0.0.1:10255/stats/summary/: dial tcp 10.0.0.1:10255: getsockopt: connection refused"
    )

    assert ids(text)[0] == "kubelet-read-only-port-10255"
    assert "container-metrics-missing-from-kubelet" not in ids(text)
    assert ids(text.partition("\n")[0]) == ["container-metrics-missing-from-kubelet"]


# client-go rest/config.go, 0.20 to 0.37
def test_a_program_outside_of_a_pod_has_no_token_that_could_be_wrong() -> None:
    found = answer(
        "panic: unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined"
    )

    assert found.ambiguous
    assert found.matches[0].id == "bad-flag-or-args"


# prometheus-adapter pkg/resourceprovider, pkg/custom-provider and cmd/adapter, 0.9 to 0.12
@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("unable to fetch node CPU metrics: unable to execute query: x", "prometheus-adapter-backend-unreachable"),
        ("F1128 10:00:00.123456 1 adapter.go:250] unable to construct Prometheus client: x", "prometheus-adapter-backend-unreachable"),
        ("Error from server (InternalError): Internal error occurred: unable to fetch metrics", "prometheus-adapter-backend-unreachable"),
    ],
)  # fmt: skip
def test_an_adapter_names_prometheus_or_only_that_it_failed(text: str, id_: str) -> None:
    assert ids(text)[0] == id_


# kubernetes pkg/controller/podautoscaler/horizontal.go, 1.8 to 1.37
def test_an_hpa_whose_target_has_no_replicas_is_no_trouble() -> None:
    text = (
        "  resource cpu on pods  (as a percentage of request):  <unknown> / 80%\n"
        "  AbleToScale    True    SucceededGetScale  the HPA controller was able to get the target's current scale\n"
        "  ScalingActive  False   ScalingDisabled    scaling is disabled since the replica count of the target is zero"
    )

    assert ids(text) == ["hpa-scaled-to-zero"]


# the same; kubectl pkg/describe and kubernetes pkg/printers of 1.6 to 1.22 print no target as <auto>
def test_an_unknown_figure_beside_no_target_is_one() -> None:
    assert ids("web   Deployment/web   <unknown>/<auto>   1   5   1   5m") == ids(
        "web   Deployment/web   <unknown>/80%   1   5   1   5m"
    )


@pytest.mark.parametrize(
    "around",
    [
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: ",
        'E1128 10:00:00.123456 1 cluster_feeder.go:402] "Cannot get ContainerMetricsSnapshot from MetricsClient" err=',
    ],
)
def test_who_asks_for_metrics_and_is_not_known_met_a_server_that_does_not_know_the_aggregator(around: str) -> None:
    found = answer(f"{around}Unauthorized")

    assert found.ambiguous
    assert "front-proxy-ca-mismatch" in [match.id for match in found.matches]
