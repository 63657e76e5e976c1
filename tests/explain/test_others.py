"""What other systems say, and what only looks like this pipeline's trouble, answered by the checks that ship.

Formats: apiserver pkg/endpoints/handlers/responsewriters/errors.go and pkg/server/filters/timeout.go; kube-aggregator
pkg/controllers/openapi; k8s.io/metrics pkg/apis/custom_metrics and external_metrics; kubectl pkg/metricsutil;
prometheus-adapter pkg/custom-provider/series_registry.go; controller-runtime pkg/metrics/server, 0.16 to 0.22; VPA
pkg/updater/logic/updater.go; datadog-agent pkg/util/kubernetes/kubelet.
"""

# ruff: noqa: E501  log lines stand here as they were printed

import json

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.utterances.reader import read

INDEX = registry.load_index()
NOT_OURS = "not-resource-metrics-pipeline"


def ids(text: str) -> list[str]:
    return [match.id for match in explain(read(text.splitlines()), INDEX).matches]


def refusal(account: str, resource: str, group: str = "") -> str:
    return (
        f"E0628 08:45:58.2 1 reflector.go:138] failed to list: {resource} is forbidden: User "
        f'"system:serviceaccount:{account}" cannot list resource "{resource}" in API group "{group}"'
        " at the cluster scope"
    )


@pytest.mark.parametrize("resource", ["nodes", "pods", "services", "endpoints", "persistentvolumeclaims"])
def test_what_another_account_may_not_list_is_not_metrics_servers(resource: str) -> None:
    assert ids(refusal("monitoring:kube-state-metrics", resource)) == [NOT_OURS]


def test_metrics_servers_own_account_is_metrics_servers() -> None:
    assert ids(refusal("kube-system:metrics-server", "pods")) == ["rbac-clusterrole-missing"]


def test_a_default_account_may_be_anybodys() -> None:
    assert ids(refusal("monitoring:default", "pods")) == [NOT_OURS, "rbac-clusterrole-missing"]


@pytest.mark.parametrize("user", ["kubernetes", "jane"])
def test_what_a_certificates_name_may_not_list_of_the_core_group_was_not_forwarded(user: str) -> None:
    """A server behind the aggregator refuses what is of its own group."""
    said = f'pods is forbidden: User "{user}" cannot list resource "pods" in API group "" at the cluster scope'

    assert ids(said) == [NOT_OURS]


def test_where_the_group_was_cut_off_it_may_be_the_metrics_apis() -> None:
    assert ids('nodes is forbidden: User "system:serviceaccount:desk:desk" cannot list resource "nodes" in API') == []


@pytest.mark.parametrize("path", ['"/metrics"', "/metrics"])
def test_metrics_in_prometheus_format_are_prometheus(path: str) -> None:
    assert ids(f'forbidden: User "system:anonymous" cannot get path {path}')[0] == NOT_OURS


@pytest.mark.parametrize(
    "text",
    [
        "failed to start metrics server: failed to create listener: listen tcp :8080: bind: address already in use",
        'E1215 08:47:01.6 1 updater.go:171] "Error getting Admission Controller status. Skipping update loop" err="x"',
        "W0929 11:36:26.117704 1 stackdriver.go:91] Error while fetching metric descriptors for kube-proxy: x",
        "impossible to reach Kubelet with host: 192.168.10.51. Please check if your setup requires kubelet_tls_verify",
    ],
)
def test_others_words_are_others(text: str) -> None:
    assert ids(text) == [NOT_OURS]


@pytest.mark.parametrize("group", ["custom", "external"])
def test_a_check_of_an_adapter_that_was_left_is_noise_first(group: str) -> None:
    """The aggregator asks five times at once, and takes the first answer."""
    path = f"/apis/{group}.metrics.k8s.io/v1beta1"

    left = ids(
        f'E0710 11:59:20.654300 1 wrap.go:53] timeout or abort while handling: method=GET URI="{path}" audit-ID="f"'
    )

    assert left[0] == "benign-http2-stream-closed"


def test_a_request_for_figures_that_was_left_is_overload() -> None:
    path = "/apis/metrics.k8s.io/v1beta1/nodes"

    left = ids(
        f'E0710 11:59:20.654300 1 wrap.go:53] timeout or abort while handling: method=GET URI="{path}" audit-ID="f"'
    )

    assert left == ["request-timeout-overload"]


OPENAPI = (
    'E0330 10:52:01.277714 1 controller.go:114] loading OpenAPI spec for "v1beta1.{}metrics.k8s.io" failed with: {}'
)
AGAIN = (
    "I0330 10:52:01.277732 1 controller.go:127] OpenAPI AggregationController: action for item "
    "v1beta1.{}metrics.k8s.io: Rate Limited Requeue."
)


@pytest.mark.parametrize("of", ["", "custom."])
def test_a_server_without_openapi_answered_and_is_not_accused(of: str) -> None:
    assert ids(f"{OPENAPI.format(of, 'OpenAPI spec does not exist')}\n{AGAIN.format(of)}") == []


def test_one_that_did_not_answer_still_is() -> None:
    failed = "failed to retrieve openAPI spec, http error: ResponseCode: 503, Body: service unavailable"
    absent = OPENAPI.format("", "OpenAPI spec does not exist")

    assert "metrics-server-not-ready" in ids(f"{absent}\n{OPENAPI.format('', failed)}\n{AGAIN.format('')}")


@pytest.mark.parametrize("kind", ["MetricValueList", "ExternalMetricValueList"])
@pytest.mark.parametrize("indent", [None, 2])
def test_an_adapters_empty_list_is_a_metric_without_values(kind: str, indent: int | None) -> None:
    values: dict[str, object] = {
        "kind": kind,
        "apiVersion": "custom.metrics.k8s.io/v1beta1",
        "metadata": {},
        "items": [],
    }

    assert ids(json.dumps(values, indent=indent))[0] == "custom-metrics-query-empty"


@pytest.mark.parametrize("indent", [None, 2])
def test_a_list_with_values_and_what_discovery_lists_say_nothing(indent: int | None) -> None:
    value = {"describedObject": {"kind": "Pod"}, "metricName": "q", "value": "1"}
    full: dict[str, object] = {"kind": "MetricValueList", "metadata": {}, "items": [value]}
    discovery = {"resources": [{"name": "pods/q", "kind": "MetricValueList", "verbs": ["get"]}]}

    assert ids(json.dumps(full, indent=indent)) == []
    assert ids(json.dumps(discovery, indent=indent)) == []


def test_a_series_that_no_rule_found_may_be_the_rules_fault() -> None:
    said = ids("I0503 14:41:21.242625 1 series_registry.go:156] metric pods/q(namespaced) not registered")

    assert said == ["custom-metrics-not-exposed", "prometheus-adapter-query-mismatch"]


PODS = "NAME          CPU(cores)   MEMORY(bytes)\n"
CONTAINERS = "POD           NAME      CPU(cores)   MEMORY(bytes)\n"


def test_a_figure_below_zero_is_a_counter_that_went_back() -> None:  # metrics-server 0.5.0
    assert ids(f"{PODS}web-1         3m           6Mi\nweb-2         -513m        6Mi\n") == [
        "cumulative-cpu-decrease",
        "metrics-shown",
    ]


def test_a_container_without_a_name_is_a_pods_cgroup_that_a_query_counts() -> None:
    rows = "web-1                   10m          27Mi\nweb-1         web       10m          27Mi\n"

    assert ids(CONTAINERS + rows) == ["prometheus-adapter-query-mismatch", "metrics-shown"]


@pytest.mark.parametrize(
    "text",
    [
        f"{CONTAINERS}web-1         web       10m          27Mi\n",
        f"{PODS}web-1         3m           6Mi\n",
        f"{PODS}web-1         3m           6Mi\nthat is -5m      3Mi in words\n",
        "NAME     CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nnode1    61m          3%     944Mi           23%\n",
    ],
)
def test_other_figures_are_only_shown(text: str) -> None:
    assert ids(text) == ["metrics-shown"]


def test_an_address_outside_the_vpc_is_no_way_or_the_adapters() -> None:
    url = "https://10.0.1.1:6443/apis/external.metrics.k8s.io/v1beta1"

    assert ids(f'failing or missing response from {url}: Get "{url}": Address is not allowed') == [
        "aggregator-cannot-reach-service",
        "external-metrics-api-down",
    ]


def test_where_prometheus_adapter_serves_resource_metrics_its_queries_come_first() -> None:
    missing = "error: metrics not available yet"

    assert ids(missing)[0] == "metrics-not-yet-available"
    assert ids(f"After installing prometheus-adapter:\n{missing}")[0] == "prometheus-adapter-query-mismatch"


@pytest.mark.parametrize(
    ("check", "named"),
    [
        ("poststarthook/rbac/bootstrap-roles", ["apiserver-restarting", "startup-race-rbac-not-ready"]),
        ("poststarthook/ca-registration", ["apiserver-restarting"]),
        ("etcd", ["apiserver-restarting"]),
        ("metric-storage-ready", ["metrics-server-not-ready", "metrics-not-yet-available"]),
        ("poststarthook/max-in-flight-filter", ["metrics-server-not-ready"]),
    ],
)
def test_an_api_servers_own_checks_are_not_metrics_servers(check: str, named: list[str]) -> None:
    assert ids(f"[-]{check} failed: reason withheld") == named


def test_containerd_on_windows_says_so_after_the_containers_name() -> None:  # 1.6, container_stats_list_windows.go
    said = (
        "Internal Error: failed to list pod stats: failed to list container stats: rpc error: code = Unknown desc = "
        'failed to convert to cri containerd stats format: failed to decode container metrics for "f8b6": '
        "windows stats is empty"
    )

    assert ids(said)[0] == "windows-kubelet-stats-500"


# kubernetes pkg/controller/garbagecollector and resourcequota 1.10 to 1.37, client-go tools/cache/shared_informer.go
@pytest.mark.parametrize(
    "said",
    [
        "E1128 10:00:00.1 1 garbagecollector.go:219] timed out waiting for dependency graph builder sync during GC sync",
        "E1128 10:00:00.1 1 garbagecollector.go:242] timed out waiting for dependency graph builder sync during GC sync (attempt 7)",
        'E1128 10:00:00.1 1 garbagecollector.go:268] "Unhandled Error" err="timed out waiting for dependency graph builder sync during GC sync (attempt 7)" logger="UnhandledError"',
        "E1128 10:00:00.1 1 shared_informer.go:243] unable to sync caches for garbage collector",
        "E1128 10:00:00.1 1 shared_informer.go:243] unable to sync caches for resource quota",
        "I1128 10:00:00.1 1 graph_builder.go:279] garbage controller monitor not yet synced: wardle.example.com/v1, Resource=flunders",
        'E1128 10:00:00.1 1 resource_quota_controller.go:171] initial monitor sync has error: couldn\'t start monitor for resource "wardle.example.com/v1, Resource=flunders": unable to monitor quota for resource "wardle.example.com/v1, Resource=flunders"',
        "E1128 10:00:00.1 1 resource_quota_controller.go:452] timed out waiting for quota monitor sync",
    ],
)
def test_what_can_be_deleted_is_watched_and_figures_cannot(said: str) -> None:
    assert ids(said) == [NOT_OURS]


def test_which_group_was_not_discovered_tells_more_than_what_was_not_watched() -> None:
    undiscovered = (
        "W1128 10:00:00.1 1 garbagecollector.go:704] failed to discover some groups:"
        " map[metrics.k8s.io/v1beta1:the server is currently unable to handle the request]"
    )
    unwatched = "E1128 10:00:00.1 1 shared_informer.go:243] unable to sync caches for garbage collector"

    assert ids(f"{undiscovered}\n{unwatched}")[:2] == ids(undiscovered)[:2]


# kubernetes pkg/controller/namespace/deletion/status_condition_utils.go
HELD = (
    "NamespaceContentRemaining   True   Sat, 28 Nov 2026 10:00:00 +0000   SomeResourcesRemain   Some resources are"
    " remaining: flunders.wardle.example.com has 1 resource instances"
)


def test_a_namespace_that_still_holds_something_is_not_held_by_metrics() -> None:
    finalizers = (
        "Some content in the namespace has finalizers remaining: wardle.example.com/keep in 1 resource instances"
    )
    discovered = "NamespaceDeletionDiscoveryFailure   False   Sat, 28 Nov 2026 10:00:00 +0000   ResourcesDiscovered"

    assert ids(f"{discovered}\n{HELD}") == ids(finalizers) == [NOT_OURS]


def test_a_namespace_whose_resources_were_not_all_discovered_holds_some_for_that() -> None:
    undiscovered = (
        "NamespaceDeletionDiscoveryFailure   True   Sat, 28 Nov 2026 10:00:00 +0000   DiscoveryFailed   Discovery failed"
        " for some groups, 1 failing: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the"
        " server is currently unable to handle the request"
    )

    assert ids(f"{undiscovered}\n{HELD}") == ids(undiscovered)


@pytest.mark.parametrize("path", ["/apis/wardle.example.com/v1alpha1", "/apis/apps/v1"])
def test_who_may_not_ask_for_another_group_is_none_of_this(path: str) -> None:
    said = f'forbidden: User "system:serviceaccount:kube-system:generic-garbage-collector" cannot get path "{path}"'

    assert ids(f"unable to retrieve the complete list of server APIs: {path[6:]}: {said}") == [NOT_OURS]


@pytest.mark.parametrize("what", ["list *v1.ResourceQuota", "watch *v1.Service", "watch *v1.Node"])
def test_who_lists_and_is_refused_by_the_api_server_may_have_met_its_restart(what: str) -> None:
    said = (
        f"E1128 10:00:00.1 1 reflector.go:270] k8s.io/client-go/informers/factory.go:133: Failed to {what}: Get"
        " https://192.168.0.2:6443/api/v1/things?limit=500: dial tcp 192.168.0.2:6443: connect: connection refused"
    )

    assert "apiserver-restarting" in ids(said)


@pytest.mark.parametrize("end", ['"nodes" in API group "metr', '"nodes" in API', '"nod', '"'])
def test_a_refusal_that_was_cut_names_its_group_at_its_beginning(end: str) -> None:
    said = 'nodes.metrics.k8s.io is forbidden: User "jane" cannot list resource ' + end
    of_core = said.replace("nodes.metrics.k8s.io", "nodes").replace(
        "jane", "system:serviceaccount:kube-system:metrics-server"
    )

    assert ids(f"Error from server (Forbidden): {said}") == ["rbac-user-metrics-forbidden"]
    assert ids(f"Failed to list *v1.Node: {of_core}") == ["rbac-clusterrole-missing"]


def test_a_cut_refusal_of_one_object_has_its_name_between() -> None:
    said = 'pods.metrics.k8s.io "web-1" is forbidden: User "jane" cannot get resource "po'

    assert ids(f"Error from server (Forbidden): {said}") == ["rbac-user-metrics-forbidden"]
