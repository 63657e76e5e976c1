"""What installers and distributions say: in the words of their own, and of the API server that refuses what they make.

Formats are those of the sources named beside them.
"""

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Confidence
from msdoctor.utterances import errors
from msdoctor.utterances.ellipses import rest_of
from msdoctor.utterances.reader import read, read_text

INDEX = registry.load_index(())


def told(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def first(text: str) -> str:
    matches = told(text).matches
    return matches[0].id if matches else ""


REFUSED_SCRAPER = (
    'clusterroles.rbac.authorization.k8s.io "system:metrics-server" is forbidden: attempt to grant extra privileges:'
    " [{[get] [] [pods] [] []}] user=&{jane  [] map[]} ownerrules=[] ruleResolutionErrors=[]"
)
REFUSED_READER = (
    'rolebindings.rbac.authorization.k8s.io "metrics-server-auth-reader" is forbidden: user "jane"'
    ' (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:'
)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        # apiserver pkg/util/proxy/proxy.go, findServicePort
        (
            'no service port 8443 found for service "metrics-server"',
            errors.ServicePortAbsent("metrics-server", "", "8443"),
        ),
        # kube-aggregator pkg/apiserver/handler_proxy.go around apimachinery's NotFound
        (
            'E0101 10:00:00.000000       1 handler_proxy.go:144] error resolving monitoring/ms: service "ms" not found',
            errors.ServiceAbsent("ms", "monitoring"),
        ),
        (
            'error resolving kube-system/metrics-server: endpoints "metrics-server" not found',
            errors.NoEndpoints("metrics-server", "kube-system"),
        ),
        # kube-aggregator pkg/apis/apiregistration/validation, as a status has it and as kubectl prints it
        (
            'Error: INSTALLATION FAILED: APIService.apiregistration.k8s.io "v1.metrics.k8s.io" is invalid: spec.group',
            errors.APIServiceRefused("v1.metrics.k8s.io"),
        ),
        (
            'The APIService "v1beta1.metrics.k8s.io" is invalid: spec.caBundle: Forbidden: may not be set',
            errors.APIServiceRefused("v1beta1.metrics.k8s.io"),
        ),
        # kubernetes pkg/registry/rbac/validation/rule.go, to 1.12 and from 1.13 on
        (
            REFUSED_SCRAPER,
            errors.MayNotGrant("system:metrics-server"),
        ),
        (
            REFUSED_READER,
            errors.MayNotGrant("metrics-server-auth-reader"),
        ),
        # strerror(ENOEXEC), with a capital: crun src/libcrun/linux.c, shells
        ("Error: crun: exec container process `/metrics-server`: Exec format error", errors.ExecFormat()),
        # prometheus-adapter pkg/resourceprovider/provider.go; before and after pods were printed whole
        ('missing memory for node "k8s-node1", skipping', errors.SeriesMismatch()),
        ("unable to fetch CPU metrics for pod &PartialObjectMetadata{ObjectMeta:ObjectMeta{", errors.SeriesMismatch()),
        ("metrics-server-5f : listen tcp :443: bind: permission denied", errors.CannotListen("", "permission denied")),
    ],
)
def test_it_is_a_value(text: str, error: object) -> None:
    said = read_text(text)

    assert said is not None
    assert said.error == error


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("system:metrics-server", "rbac-clusterrole-missing"),
        ("metrics-server:system:auth-delegator", "rbac-auth-delegator-missing"),
        ("my-metrics-server-auth-reader", "rbac-auth-reader-missing"),
        ("system:aggregated-metrics-reader", "rbac-user-metrics-forbidden"),
    ],
)
def test_who_may_not_grant_a_right_leaves_it_missing(name: str, id_: str) -> None:
    assert (
        first(f'clusterroles.rbac.authorization.k8s.io "{name}" is forbidden: attempt to grant extra privileges') == id_
    )


def test_another_program_whose_role_is_refused_is_not_this_pipeline() -> None:
    text = 'clusterroles.rbac.authorization.k8s.io "jupyter" is forbidden: attempt to grant extra privileges: []'

    assert told(text).matches == ()


def test_what_k3s_dials_for_its_api_server_is_on_the_way_to_metrics_server_and_not_to_a_kubelet() -> None:
    """Of k3s pkg/util/apierrors.go, SendError; a pod of k3s' network, whose port is the kubelets' number, too."""
    text = (
        'time="2026-01-02T03:04:05Z" level=error msg="Sending HTTP/1.1 502 response to 127.0.0.1:4444:'
        ' dial tcp 10.42.1.7:10250: connect: connection timed out"'
    )

    explanation = told(text)

    assert explanation.ambiguous
    assert explanation.matches[0].id == "overlay-vxlan-udp-blocked"
    assert "aggregator-cannot-reach-service" in {match.id for match in explanation.matches}
    assert "node-unreachable-timeout" not in {match.id for match in explanation.matches}


def test_a_webhook_that_is_lost_in_the_tunnel_tells_of_the_tunnel() -> None:
    """Of apiserver pkg/admission/plugin/webhook/errors around net's OpError of a socket."""
    webhook = (
        'failed calling webhook "w.example.org": failed to call webhook: Post "https://w.a.svc:443/v?timeout=10s": '
    )

    assert first(webhook + "read unix @->/run/konnectivity/socket: read: connection reset by peer") == (
        "konnectivity-tunnel-down"
    )
    assert first(webhook + "x509: certificate is valid for a, not w.a.svc") == "not-resource-metrics-pipeline"


@pytest.mark.parametrize(
    ("wanted", "id_"),
    [
        ("metrics-server.kube-system.svc", "apiservice-cert-no-san"),
        ("keda-operator-metrics-apiserver.keda.svc", "external-metrics-api-down"),
        ("prometheus-adapter.monitoring.svc", "external-metrics-api-down"),
        ("ingress-nginx-controller-admission.ingress-nginx.svc", "not-resource-metrics-pipeline"),
    ],
)
def test_the_name_of_a_service_tells_whose_certificate_it_is(wanted: str, id_: str) -> None:
    assert first(f"x509: certificate is valid for a, b, not {wanted}") == id_


def test_a_service_of_any_name_is_the_pipelines_where_its_api_is_named() -> None:
    text = (
        "v1beta1.metrics.k8s.io failed with: failing or missing response from"
        ' https://10.96.0.9:443/apis/metrics.k8s.io/v1beta1: Get "https://10.96.0.9:443/apis/metrics.k8s.io/v1beta1":'
        " x509: certificate is valid for localhost, not ms.kube-system.svc"
    )

    assert first(text) == "apiservice-cert-no-san"


def test_the_name_of_an_exporter_that_is_scraped_is_not_the_aggregators() -> None:
    text = "Get https://10.1.2.3:8443/metrics: x509: certificate is valid for localhost, not metrics.operator.svc"

    assert "apiservice-cert-no-san" not in {match.id for match in told(text).matches}


@pytest.mark.parametrize(
    "probed",
    [
        'Get "http://10.1.2.3:8080/readyz"',
        "Get http://10.1.2.3:2112/metrics",
        'Get "https://10.1.2.3:8443/api/health"',
    ],
)
def test_a_probe_of_what_metrics_server_does_not_serve_is_another_programs(probed: str) -> None:
    text = (
        f"Liveness probe failed: {probed}: context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    )

    assert [match.id for match in told(text).matches] == ["not-resource-metrics-pipeline"]


def test_a_probe_of_metrics_server_is_its_own() -> None:
    probe = 'Readiness probe failed: Get "https://10.1.2.3:4443/readyz": '
    text = f"{probe}dial tcp 10.1.2.3:4443: connect: connection refused"

    assert first(text) == "metrics-server-not-ready"


def test_a_flag_without_a_word_of_its_own_leaves_open_whose_it_is() -> None:
    assert first("Error: unknown flag: --kublet-insecure-tls") == "bad-flag-or-args"
    assert first("Error: unknown flag: --tenant-url") == "not-resource-metrics-pipeline"
    assert told("Error: unknown flag: --tenant-url").ambiguous
    started = "I0101 10:00:00.000000       1 serving.go:374] Generated self-signed cert (/tmp/a.crt, /tmp/a.key)"
    assert first(f"{started}\nError: unknown flag: --tenant-url") == "bad-flag-or-args"


def test_the_addon_resizer_is_beside_metrics_server() -> None:
    """Of kubernetes/autoscaler addon-resizer nanny: it reads and writes the Deployment whose ServiceAccount it has."""
    text = (
        'E0101 10:00:00.000000       1 nanny_lib.go:162] deployments.apps "metrics-server" is forbidden: User'
        ' "system:serviceaccount:kube-system:metrics-server" cannot get resource "deployments" in API group "apps"'
        ' in the namespace "kube-system"'
    )

    assert first(text) == "not-resource-metrics-pipeline"


def test_reviews_of_a_version_that_is_gone() -> None:
    """Of apiserver pkg/endpoints/handlers/responsewriters, InternalError, of an authorizer that was answered 404."""
    text = 'Internal Server Error: "{}": the server could not find the requested resource'

    assert first(text.format("/apis/metrics.k8s.io/v1beta1/nodes")) == "api-version-removed"
    assert first(text.format("/apis/external.metrics.k8s.io/v1beta1?timeout=32s")) == "external-metrics-api-down"


@pytest.mark.parametrize(
    "words",
    [
        "we have no idea, but somebody did not install metrics-server",
        "the metrics-server was not installed",
        "这是因为没有安装metrics-server",
        "metrics-serverがインストールされていない",
        "metrics-server가 설치되어 있지 않습니다",
    ],
)
def test_who_says_that_none_is_installed_is_believed_first(words: str) -> None:
    assert first("error: Metrics API not available") == "metrics-api-not-registered"
    assert first(f"error: Metrics API not available\n{words}") == "metrics-server-missing"


def test_markdowns_escapes_are_no_part_of_what_was_printed() -> None:
    assert first(r"| web | Deployment/web | \<unknown\>/50% | 1 | 3 | 1 | 5m |") == first(
        "| web | Deployment/web | <unknown>/50% | 1 | 3 | 1 | 5m |"
    )


SCRAPE = (
    'E0101 10:00:00.000000       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://10.1.2.3:10250/m\\": '
)


@pytest.mark.parametrize(
    ("text", "least"),
    [
        (SCRAPE + "x509: cannot validate certificate for 10.1.2.3 because it doesn't contain any IP SANs", 16),
        (SCRAPE + "x509: certificate signed by unknown authority", 20),
        (SCRAPE + "dial tcp 10.1.2.3:10250: connect: connection refused", 5),
        (SCRAPE + "dial tcp: lookup k8s-node1 on 10.96.0.10:53: no such host", 3),
        (SCRAPE + "remote error: tls: internal error", 9),
        ("Error: Get https://10.96.0.1:443/api/v1/nodes: dial tcp 10.96.0.1:443: i/o timeout", 5),
        ("panic: failed to listen on 0.0.0.0:443: listen tcp 0.0.0.0:443: bind: permission denied", 13),
        ('endpoints for service/metrics-server in "kube-system" have no addresses', 6),
    ],
)
def test_a_line_that_breaks_off_is_read_as_if_it_went_on(text: str, least: int) -> None:
    """``least``: how many letters may be lacking before something else could have been meant."""
    whole = first(text)
    assert whole

    for lacking in range(1, least + 1):
        explanation = told(text[:-lacking])
        assert explanation.matches[0].id == whole, text[:-lacking]


def test_it_says_what_it_added() -> None:
    explanation = told(SCRAPE + "x509: certificate signed by unkn")

    assert any("own authority" in note for note in explanation.notes)


@pytest.mark.parametrize("text", ["", "connect: connection ", "x509: certificate ", "all is well", "no route to host"])
def test_nothing_is_added_where_something_else_may_be_meant(text: str) -> None:
    assert rest_of(text) == ""


def test_a_dial_that_breaks_off_before_its_failure_is_of_the_api_server_all_the_same() -> None:
    text = (
        "Error: Get https://10.43.0.1:443/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication: "
    )

    explanation = told(text + "dial tcp 10.43.0.1:443: connect: con")

    assert explanation.matches[0].id == "pod-cannot-reach-apiserver"
    assert explanation.matches[0].confidence is Confidence.POSSIBLE


@pytest.mark.parametrize(
    "text",
    [
        # kubectl pkg/polymorphichelpers/rollout_status.go
        'error: deployment "metrics-server" exceeded its progress deadline',
        'Waiting for deployment "metrics-server" rollout to finish: 0 of 1 updated replicas are available...',
        # gitops-engine pkg/health/health_deployment.go
        'Deployment "rke2-metrics-server" exceeded its progress deadline',
        # kubernetes pkg/controller/deployment/progress.go, in a condition
        "    message: 'ReplicaSet \"metrics-server-6d94bc8694\" has timed out progressing.'",
        # kubectl pkg/cmd/wait/wait.go
        "error: timed out waiting for the condition on deployments/metrics-server",
        "timed out waiting for the condition on pods/metrics-server-6d94bc8694-abcde",
        # helm pkg/kube/ready.go, pkg/action/install.go and upgrade.go
        "ready.go:258: [debug] Deployment is not ready: kube-system/metrics-server. 0 out of 1 expected pods are ready",
        (
            "Error: INSTALLATION FAILED: release metrics-server failed, and has been uninstalled due to atomic being "
            "set: timed out waiting for the condition"
        ),
        (
            "Error: UPGRADE FAILED: release metrics-server failed, and has been rolled back due to atomic being set: "
            "context deadline exceeded"
        ),
        # cmd/helm/upgrade.go, as Ansible's module prints both streams
        (
            r'"msg": "Failure when executing Helm command. Exited 1.\nstdout: Release \"metrics-server\" does not'
            r' exist. Installing it now.\n\nstderr: Error: timed out waiting for the condition\n",'
        ),
        'Release "metrics-server" does not exist. Installing it now.\nError: timed out waiting for the condition',
        (
            "$ helm -n kube-system upgrade ms metrics-server/metrics-server --wait\n"
            "Error: UPGRADE FAILED: context deadline exceeded"
        ),
        # helm 4 pkg/kube/statuswait.go
        "Error: resource Deployment/kube-system/metrics-server not ready. status: InProgress, message: Available: 0/1",
        # fluxcd/pkg ssa/manager_wait.go
        (
            "Helm install failed for release kube-system/metrics-server with chart metrics-server@3.12.2: timeout"
            " waiting for: [Deployment/kube-system/metrics-server status: 'InProgress']"
        ),
        # eksctl pkg/actions/addon/wait.go
        'Error: timed out waiting for addon "metrics-server" to become active, status: "CREATING"',
        # kops pkg/validation/validate_cluster.go
        'Pod\tkube-system/ms-1\tsystem-cluster-critical pod "metrics-server-1" is not ready (metrics-server)',
        # terraform-provider-aws internal/service/eks/addon.go
        (
            "Error: waiting for EKS Add-On (a:metrics-server) create: timeout while waiting for state to become "
            "'ACTIVE' (last state: 'DEGRADED', timeout: 20m0s)"
        ),
    ],
)
def test_who_waits_for_metrics_server_in_vain_says_that_it_is_not_ready(text: str) -> None:
    assert first(text) == "metrics-server-not-ready"
    assert told(text).ambiguous


@pytest.mark.parametrize(
    "before",
    [
        'Release "grafana" does not exist. Installing it now.',
        '$ helm upgrade -i ms metrics-server/metrics-server\nRelease "ms" has been upgraded. Happy Helming!',
        "$ helm upgrade -i ms metrics-server/metrics-server\n$ helm upgrade -i grafana grafana/grafana",
    ],
)
def test_of_another_release_that_helm_waited_for_nothing_is_known(before: str) -> None:
    assert not told(f"{before}\nError: timed out waiting for the condition").matches


@pytest.mark.parametrize(
    "text",
    [
        'deployment "metrics-server" successfully rolled out',
        'Waiting for deployment "metrics-server" rollout to finish: 1 old replicas are pending termination...',
        'error: deployment "web" exceeded its progress deadline',
        "error: timed out waiting for the condition on deployments/web",
        "health check failed after 5m0.08977014s: timeout waiting for: [Deployment/llm/litellm status: 'InProgress']",
        'Error: timed out waiting for addon "aws-guardduty-agent" to become active, status: "CREATING"',
        "Error: INSTALLATION FAILED: release web failed, and has been uninstalled due to atomic being set: timed out",
    ],
)
def test_others_that_are_waited_for_are_none_of_metrics_server(text: str) -> None:
    assert first(text) == ""


def test_a_pod_that_kops_waits_for_is_pending() -> None:
    text = 'Cluster did not pass validation: system-cluster-critical pod "metrics-server-5c45c474f5-t8ppf" is pending.'
    assert first(text) == "metrics-server-unschedulable"


@pytest.mark.parametrize(
    "text",
    [
        # minikube pkg/addons/addons.go, cmd/minikube/cmd/config to 1.3
        "❌  Exiting due to MK_ADDON_ENABLE: enable failed: run callbacks: metric-server is not a valid addon",
        "! enable failed: run callbacks: heapster is not a valid addon",
        "addon 'metric-server' is not a valid addon packaged with minikube.",
    ],
)
def test_an_addon_of_another_name_is_not_installed(text: str) -> None:
    assert first(text) == "metrics-server-missing"


@pytest.mark.parametrize(
    "text",
    [
        # client-go transport/round_trippers.go, to 1.31 and from 1.32 on
        (
            "I0101 10:00:00.000000    4920 round_trippers.go:405] GET https://10.0.0.1:6443/apis/metrics.k8s.io/v1beta1/nodes"
            " 404 Not Found in 2 milliseconds"
        ),
        (
            'I0101 10:00:00.000000    4920 round_trippers.go:632] "Response" verb="GET" url="https://10.0.0.1:6443/apis/'
            'metrics.k8s.io/v1beta1/nodes" status="404 Not Found" headers="" milliseconds=2'
        ),
        # Python's requests
        (
            "requests.exceptions.HTTPError: 404 Client Error: Not Found for url: "
            "http://localhost:8001/apis/metrics.k8s.io/v1beta1/nodes"
        ),
        # hjacobs/kube-ops-view kube_ops_view/kubernetes.py
        "WARNING:kube_ops_view.kubernetes:Failed to query node metrics localhost:8001: 404 Not Found",
        # apimachinery's NotFound of the Service that kubectl to 1.19 asked in need
        '"status":"Failure","message":"services "heapster" not found","reason":"NotFound"',
    ],
)
def test_a_metrics_api_that_is_not_found_is_not_registered(text: str) -> None:
    assert first(text) == "metrics-api-not-registered"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("apis/metrics.k8s.io/v1beta1/pods 503 Service Unavailable", "503"),
        ("apis/metrics.k8s.io/v1beta1/nodes 503 Service Unavailable", "503"),
        ("api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication 403 Forbidden", "403"),
        ("apis/apps/v1/deployments 503 Service Unavailable", ""),
        ("api/v1/namespaces/kube-system/configmaps/other 403 Forbidden", ""),
    ],
)
def test_what_a_client_traces_is_what_it_was_answered(answer: str, expected: str) -> None:
    same = {
        "503": "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get "
        "pods.metrics.k8s.io)",
        "403": 'configmaps "extension-apiserver-authentication" is forbidden: User "system:serviceaccount:a:ms" '
        'cannot get resource "configmaps" in API group "" in the namespace "kube-system"',
    }
    traced = (
        f"I0101 10:00:00.000000    4920 round_trippers.go:553] GET https://10.0.0.1:6443/{answer} in 2 milliseconds"
    )

    assert first(traced) == (first(same[expected]) if expected else "")


def test_another_api_that_is_not_found_says_nothing_of_it() -> None:
    assert first("GET https://10.0.0.1:6443/apis/apps/v1/deployments/web 404 Not Found in 2 milliseconds") == ""


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ('# metrics-server fails with the well known "doesn\'t contain any IP SANs"', "kubelet-cert-san-missing-ip"),
        ("kubelet server TLS certificates expired", "kubelet-cert-expired"),
        ("the kubelet's serving certificate has expired", "kubelet-cert-expired"),
        ("the kubelet holds 10250 already: `bind: address already in use`", "hostnetwork-port-conflict"),
        ("listen tcp :9100: bind: address already in use", ""),
        ('# Error Metrics Missing CPU for node "node-1", skipping', "prometheus-adapter-query-mismatch"),
    ],
)
def test_errors_are_heard_as_people_quote_them(text: str, cause: str) -> None:
    assert first(text) == cause


def test_a_name_ends_at_the_bracket_that_its_language_closes_with() -> None:
    utterance = read_text("「x509: certificate is valid for 10.x.x.x, not x.x.x.x」というエラー")
    assert utterance is not None
    assert utterance.error == errors.NotValidFor(("10.x.x.x",), "x.x.x.x")


@pytest.mark.parametrize(
    "alert",
    [
        # kubernetes-mixin alerts/kube_apiserver.libsonnet, of 2020 and since
        "message = An aggregated API v1beta1.metrics.k8s.io/default is down. It has not been available at least for",
        "An aggregated API v1beta1.metrics.k8s.io/default has been only 0% available over the last 5m.",
        "<td>Kubernetes aggregated API v1beta1.metrics.k8s.io/default has been only 0% available over the last</td>",
        "Kubernetes aggregated API v1beta1.metrics.k8s.io/default has reported FailedDiscoveryCheck errors.",
        # kubesphere/ks-installer roles/metrics-server, as Ansible's default callback shows it
        "FAILED - RETRYING: Metrics-Server | Waitting for v1beta1.metrics.k8s.io ready (60 retries left).",
    ],
)
def test_an_alert_on_the_aggregated_api_says_as_little_as_kubectl_top(alert: str) -> None:
    asked = told(
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get"
        " nodes.metrics.k8s.io)"
    )
    assert [match.id for match in told(alert).matches][:2] == [match.id for match in asked.matches][:2]


def test_an_alert_on_another_aggregated_api_is_none_of_this_pipeline() -> None:
    assert (
        first("An aggregated API v1.packages.operators.coreos.com/default is down.") == "not-resource-metrics-pipeline"
    )
    assert first("An aggregated API v1beta1.external.metrics.k8s.io/default is down.") == "external-metrics-api-down"


@pytest.mark.parametrize(
    "alert",
    [
        # kubernetes-mixin alerts/apps_alerts.libsonnet
        "Deployment kube-system/metrics-server has not matched the expected number of replicas for longer",
        "Rollout of deployment kube-system/metrics-server is not progressing for longer than 15 minutes on cluster .",
        "Pod kube-system/metrics-server-1 has been in a non-ready state for longer than 15 minutes.",
    ],
)
def test_an_alert_on_its_deployment_says_that_it_is_not_ready(alert: str) -> None:
    assert first(alert) == "metrics-server-not-ready"


def test_an_alert_on_another_deployment_is_not_of_metrics_server() -> None:
    assert first("Rollout of deployment kasten-io/metering-svc is not progressing for longer than 15 minutes") == ""


def test_helm_2_names_what_another_installation_has_left() -> None:
    text = 'Error: release metrics-server failed: serviceaccounts "metrics-server" already exists'
    assert first(text) == "helm-apiservice-ownership-conflict"


def test_a_blank_that_no_script_filled_in_is_seen_in_the_log_of_who_was_given_it() -> None:
    # kubernetes cluster/addons/metrics-server/metrics-server-deployment.yaml
    text = "pod_nanny.go:65] Invoked by [/pod_nanny --config-dir=/etc/config --cpu={{ base_metrics_server_cpu }}"
    assert first(text) == "manifest-template-unrendered"
