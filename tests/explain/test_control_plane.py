"""What the API server, its aggregator, the pod's events and kubectl's tables say, answered by the checks that ship.

The texts are made of the formats that the sources print, and are none that anybody reported.
"""

# ruff: noqa: E501  log lines stand here as they were printed

import json

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Confidence, Hop
from msdoctor.render.explain import text as page
from msdoctor.utterances import errors
from msdoctor.utterances.ellipses import made_whole
from msdoctor.utterances.reader import read, read_log

INDEX = registry.load_index()
CLUSTER_IP = "https://10.96.7.7:443/apis/metrics.k8s.io/v1beta1"
POD_IP = "https://10.244.1.7:10250/apis/metrics.k8s.io/v1beta1"
OPENAPI = (
    'E0217 15:13:53.378655       1 controller.go:102] "Unhandled Error" err="loading OpenAPI spec for '
    '\\"v1beta1.metrics.k8s.io\\" failed with: failed to download v1beta1.metrics.k8s.io: failed to retrieve openAPI '
    'spec, http error: ResponseCode: 503, Body: service unavailable\\n, Header: map[]"'
)
UNABLE = "the server is currently unable to handle the request (get nodes.metrics.k8s.io)"


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def ids(text: str) -> list[str]:
    return [match.id for match in answer(text).matches]


def failed(url: str, why: str) -> str:
    return (
        "E0217 15:13:53.378655       1 remote_available_controller.go:448] v1beta1.metrics.k8s.io failed with: failing "
        f'or missing response from {url}: Get "{url}": {why}'
    )


@pytest.mark.parametrize(
    ("text", "first"),
    [
        # A missing endpoint is not logged, a failed check is: with no such line the pod is not ready, or not yet.
        (OPENAPI, "metrics-server-not-ready"),
        (f"{OPENAPI}\n{failed(CLUSTER_IP, 'context deadline exceeded')}", "aggregator-cannot-reach-service"),
        # Alone it is said of a server that runs and is not reached more often than of one that is not ready; who asks
        # for all groups, again and again, meets a server that is away for minutes.
        (f"Error from server (ServiceUnavailable): {UNABLE}", "aggregator-cannot-reach-service"),
        (
            "Error: could not get apiVersions from Kubernetes: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: the server is currently unable to handle the request",
            "metrics-server-not-ready",
        ),
        (
            f"{UNABLE}\nv1beta1.metrics.k8s.io   kube-system/metrics-server   False (FailedDiscoveryCheck)   3d",
            "aggregator-cannot-reach-service",
        ),
        # Whom nobody answers, by the address that the API server dialled, whatever stands around it.
        # Who has the API server's log runs it, and seldom behind a provider's firewall.
        (failed(POD_IP, "dial tcp 10.244.1.7:10250: i/o timeout"), "aggregator-cannot-reach-service"),
        (
            f'Message: failing or missing response from {POD_IP}: Get "{POD_IP}": dial tcp 10.244.1.7:10250: i/o timeout',
            "cloud-firewall-control-plane-to-node",
        ),
        (
            f"Message: failing or missing response from {POD_IP}: context deadline exceeded\nReason: FailedDiscoveryCheck",
            "cloud-firewall-control-plane-to-node",
        ),
        # It asks only where there is a ready endpoint: what refuses has just come, or gone.
        (failed(CLUSTER_IP, "dial tcp 10.96.7.7:443: connect: connection refused"), "apiservice-backend-starting"),
        (failed(POD_IP, "dial tcp 10.244.1.7:10250: connect: connection refused"), "apiservice-backend-starting"),
        (
            failed(CLUSTER_IP, "proxyconnect tcp: dial tcp: lookup proxy on 10.0.0.2:53: no such host"),
            "proxy-env-no_proxy",
        ),
        (failed(CLUSTER_IP, "proxyconnect tcp: EOF"), "proxy-env-no_proxy"),
        # net/http client.go, transport.go: plain HTTP answers, which metrics-server never speaks.
        (failed(CLUSTER_IP, "http: server gave HTTP response to HTTPS client"), "service-selector-mismatch"),
        (
            failed(
                CLUSTER_IP, 'net/http: HTTP/1.x transport connection broken: malformed HTTP response "\\x00\\x00\\x06"'
            ),
            "service-selector-mismatch",
        ),
        # apiserver pkg/util/proxy/proxy.go, ResolveCluster
        (
            'E0217 15:13:53.378655  1 remote_available_controller.go:448] v1beta1.metrics.k8s.io failed with: cannot route to service with ClusterIP "None"',
            "aggregator-cannot-reach-service",
        ),
        (failed(POD_IP, "Address is not allowed"), "aggregator-cannot-reach-service"),
        (
            "v1beta1.metrics.k8s.io   kube-system/metrics-server   False (ServicePortError)   5m",
            "apiservice-port-mismatch",
        ),
        (
            f"failing or missing response from {CLUSTER_IP}: bad status from {CLUSTER_IP}: 500",
            "rbac-auth-delegator-missing",
        ),
        # kubectl pkg/cmd/util/helpers.go says it of whatever was asked; the request tells that it was metrics.
        ("error: You must be logged in to the server (Unauthorized)", "not-resource-metrics-pipeline"),
        (
            "error: You must be logged in to the server (the server has asked for the client to provide credentials (get nodes.metrics.k8s.io))",
            "requestheader-config-missing",
        ),
        (
            failed(POD_IP, "write unix @->/etc/kubernetes/konnectivity/server.socket: write: broken pipe"),
            "konnectivity-tunnel-down",
        ),
        (
            "error: unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: Unauthorized",
            "requestheader-config-missing",
        ),
    ],
)
def test_the_aggregators_words(text: str, first: str) -> None:
    assert ids(text)[0] == first


def test_a_pipe_that_breaks_under_an_answer_is_noise_and_one_under_a_question_is_not() -> None:
    broken = "write tcp 10.244.1.7:10250->10.244.0.1:51234: write: broken pipe"

    assert ids(f"E0217 15:13:53.378655 1 writers.go:130] apiserver was unable to write a JSON response: {broken}") == [
        "benign-http2-stream-closed"
    ]
    assert ids(failed(POD_IP, broken))[0] == "proxy-env-no_proxy"


def test_what_only_follows_does_not_turn_the_order_of_what_was_said_of_the_fault() -> None:
    bare = failed(POD_IP, "dial tcp 10.244.1.7:10250: i/o timeout")
    with_reason = f"{bare}\n    Reason:                FailedDiscoveryCheck\nerror: {UNABLE}"

    assert ids(with_reason)[:3] == ids(bare)[:3]


def test_a_condition_is_read_as_yaml_folds_it() -> None:
    folded = f"""\
status:
  conditions:
  - lastTransitionTime: "2022-02-17T15:13:53Z"
    message: 'failing or missing response from {POD_IP}:
      Get "{POD_IP}": net/http: request
      canceled while waiting for connection (Client.Timeout exceeded while awaiting
      headers)'
    reason: FailedDiscoveryCheck
    status: "False"
    type: Available
"""
    whole = f"""\
failing or missing response from {POD_IP}: Get "{POD_IP}": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)
"""
    assert ids(folded) == ids(whole)
    assert "(Client.Timeout exceeded while awaiting headers)" in answer(folded).matches[0].matched


def test_a_folded_condition_is_read_without_its_key() -> None:
    condition = (
        "failed to get cpu utilization: unable to get metrics for resource cpu: unable\n"
        "  to fetch metrics from resource metrics API: the server is currently unable to\n"
        "  handle the request (get pods.metrics.k8s.io)"
    )
    (found, *_) = read(condition.splitlines())

    assert isinstance(found.error, errors.ServiceUnavailable)
    assert found.outer[-1] == "unable to fetch metrics from resource metrics API"


def test_what_wraps_an_error_does_not_go_on_in_another_line_without_one() -> None:
    cut = "failed to get cpu utilization: unable to get metrics for resource cpu: unable"
    found = list(read([cut, "  we have looked at this for days, and at all else too"]))

    assert [one.text for one in found] == [cut]


WATCH = (
    "E0304 09:01:02.345678       1 reflector.go:322] k8s.io/client-go/informers/factory.go:130: Failed to watch *v1.Pod: "
    "Get https://10.96.0.1:443/api/v1/pods?{query}: dial tcp 10.96.0.1:443: connect: connection refused"
)


def test_who_watches_has_reached_the_api_server_before() -> None:
    goaway = (
        "E0304 09:01:02.345678       1 streamwatcher.go:109] Unable to decode an event from the watch stream: http2:"
        ' server sent GOAWAY and closed the connection; LastStreamID=15, ErrCode=NO_ERROR, debug=""'
    )
    lists = WATCH.format(query="limit=500&resourceVersion=0")
    watches = WATCH.format(query="resourceVersion=8561&timeoutSeconds=395&watch=true")

    assert answer(lists).matches[0].id == "pod-cannot-reach-apiserver"
    assert answer(watches).matches[0].id == "apiserver-restarting"
    assert [match.id for match in answer(f"{goaway}\n{lists}").matches][::2] == [
        "apiserver-restarting",
        "benign-watch-goaway",
    ]


def test_a_folded_value_ends_with_its_quote() -> None:
    said = """\
    message: 'Discovery failed for some groups, 1 failing: unable to retrieve the
      complete list of server APIs: metrics.k8s.io/v1beta1: the server is currently
      unable to handle the request'
    reason: DiscoveryFailed
"""
    (utterance,) = read(said.splitlines())

    assert utterance.text.endswith("unable to handle the request'")
    assert ids(said)[0] == "metrics-server-not-ready"


@pytest.mark.parametrize(
    "document",
    [
        {"stream": "stderr", "pod": "kube-apiserver-1", "log": "LINE\n"},
        {"category": "kube-apiserver", "properties": {"log": "LINE\n", "pod": "kube-apiserver-1"}},
        {"textPayload": "LINE", "severity": "ERROR"},
        {"MESSAGE": "LINE", "_SYSTEMD_UNIT": "kube-apiserver.service"},
    ],
    ids=["fluent-bit", "Azure", "Google", "journald"],
)
def test_a_line_in_a_shippers_document_is_the_line(document: dict[str, object]) -> None:
    line = failed(POD_IP, "dial tcp 10.244.1.7:10250: i/o timeout")
    # PHP's and some others' JSON escapes each slash.
    text = json.dumps(document).replace("LINE", json.dumps(line)[1:-1]).replace("/", "\\/")

    assert ids(text) == ids(line)


@pytest.mark.parametrize("month", ["Feb 17", "févr. 17", "may 7", "Sep  7"])
def test_a_journal_line_is_read_in_its_readers_language_and_without_a_number(month: str) -> None:
    line = failed(CLUSTER_IP, "No agent available")
    (bare,) = read_log([line])
    for program in ("k0s[812]", "k0s"):
        (carried,) = read_log([f"{month} 15:13:53 controller {program}: {line}"])

        assert carried.error == bare.error


@pytest.mark.parametrize(
    ("errors", "first"),
    [
        # crypto/x509 looks at the usage only once it has found who issued.
        (
            (
                "[x509: certificate signed by unknown authority, verifying certificate SN=7, SKID=, AKID= failed: x509: "
                "certificate specifies an incompatible key usage]"
            ),
            "client-cert-key-usage",
        ),
        (
            (
                "[x509: certificate specifies an incompatible key usage, verifying certificate SN=7, SKID=, AKID= failed: "
                "x509: certificate signed by unknown authority]"
            ),
            "client-cert-key-usage",
        ),
        (
            (
                "[x509: certificate signed by unknown authority, verifying certificate SN=7, SKID=, AKID=A1 failed: x509: "
                "certificate signed by unknown authority]"
            ),
            "front-proxy-ca-mismatch",
        ),
        (
            "verifying certificate SN=7, SKID=, AKID=A1 failed: x509: certificate signed by unknown authority",
            "requestheader-config-missing",
        ),
        ("x509: subject with cn=front-proxy is not in the allowed list", "requestheader-allowed-names-mismatch"),
        # In the API server's own log: a client that comes as far as the name has the front proxies' CA.
        (
            "x509: subject with cn=system:kube-scheduler is not in the allowed list",
            "requestheader-ca-same-as-client-ca",
        ),
    ],
)
def test_whom_the_authenticators_refuse(errors: str, first: str) -> None:
    line = f'E0217 15:13:53.378655 1 authentication.go:73] "Unable to authenticate the request" err="{errors}"'

    assert ids(line)[0] == first


def test_a_server_that_may_not_ask_about_its_callers_says_so_of_its_own_token() -> None:
    """Apiserver pkg/endpoints/handlers/responsewriters/errors.go, InternalError: the authorizer failed."""
    said = (
        'Error from server (InternalError): an error on the server ("Internal Server Error: '
        '\\"/apis/metrics.k8s.io/v1beta1/nodes\\": Unauthorized") has prevented the request from succeeding (get '
        "nodes.metrics.k8s.io)"
    )
    assert ids(said) == ["serviceaccount-token-invalid", "serviceaccount-token-expired"]


@pytest.mark.parametrize(
    ("hint", "sure"),
    [("ROLE_NAME", False), ("ROLEBINDING_NAME", True)],
)
def test_the_hint_at_the_binding_is_sure_only_where_its_version_says_it_of_a_refusal(hint: str, sure: bool) -> None:
    said = (
        "W0217 15:13:53.378655 1 authentication.go:245] Unable to get configmap/extension-apiserver-authentication in "
        f"kube-system.  Usually fixed by 'kubectl create rolebinding -n kube-system {hint} --role=extension-apiserver-"
        "authentication-reader --serviceaccount=YOUR_NS:YOUR_SA'"
    )
    lost = (
        "Error: Get https://10.96.0.1:443/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication: "
        "dial tcp 10.96.0.1:443: i/o timeout"
    )
    first = answer(said).matches[0]

    assert first.id == "rbac-auth-reader-missing"
    assert (first.confidence is Confidence.LIKELY) is sure
    assert sure or ids(f"{said}\n{lost}") == ["pod-cannot-reach-apiserver"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("      Reason:       ImagePullBackOff", "image-pull"),
        ("      Reason:       CreateContainerConfigError", "pod-security-runasnonroot"),
        ("metrics-server   0/1     1            0           5m", "metrics-server-not-ready"),
        ("metrics-server   0/0     0            0           5m", "metrics-server-not-running"),
        ("NAME             ENDPOINTS   AGE\nmetrics-server   <none>      5m", "apiservice-missing-endpoints"),
        ("metrics-server-x7k2p   IPv4          <unset>   <unset>     5m", "apiservice-missing-endpoints"),
        ("Endpoints:         <none>", "apiservice-missing-endpoints"),
        ("Liveness probe failed: HTTP probe failed with statuscode: 500", "kubelet-cert-san-missing-ip"),
        ('Error: unable to load client CA file "/ca.crt": open /ca.crt: no such file or directory', "bad-flag-or-args"),
        ('Error: configmaps "extension-apiserver-authentication" not found', "requestheader-config-missing"),
        (
            (
                'Error: ServiceAccount "metrics-server" in namespace "kube-system" exists and cannot be imported into the '
                "current release: invalid ownership metadata"
            ),
            "helm-apiservice-ownership-conflict",
        ),
        (
            'nodes.metrics.k8s.io is forbidden: User "192.168.10.50" cannot list nodes.metrics.k8s.io at the cluster scope',
            "requestheader-ca-same-as-client-ca",
        ),
    ],
)
def test_what_a_start_and_kubectls_tables_say(text: str, first: str) -> None:
    assert ids(text)[0] == first


def test_a_probe_that_is_answered_with_500_leaves_the_kubelets_certificates_open() -> None:
    """metrics-server v0.4 adds both of its checks to /livez; ready is from 0.3 on what has figures of a node."""
    said = (
        "  Warning  Unhealthy  2m (x6 over 5m)  kubelet  Liveness probe failed: HTTP probe failed with statuscode: 500"
    )

    assert {"kubelet-cert-san-missing-ip", "kubelet-cert-unknown-ca"} <= set(ids(said))


EXPIRED = (
    'E0217 15:13:53.378655 812 authentication.go:73] "Unable to authenticate the request" err="x509: certificate has '
    'expired or is not yet valid: current time 2022-02-17T15:13:53Z is after 2022-02-01T00:00:00Z"'
)
SERVING = "I0217 15:13:53.378655 1 secure_serving.go:213] Serving securely on "


@pytest.mark.parametrize("program", ["k3s", "microk8s.daemon-kubelite", "kube-apiserver"])
def test_a_program_that_holds_the_api_server_speaks_of_its_own_callers_and_of_its_own_start(program: str) -> None:
    assert ids(EXPIRED) == ["front-proxy-cert-expired"]
    assert ids(f"Feb 17 15:13:53 node1 {program}[812]: {EXPIRED}") == []
    assert ids(f"Feb 17 15:13:53 node1 {program}[812]: {SERVING}127.0.0.1:8443") == []


def test_a_program_that_holds_the_api_server_has_its_aggregator_too() -> None:
    line = failed(POD_IP, "dial tcp 10.244.1.7:10250: i/o timeout")

    assert ids(f"Feb 17 15:13:53 node1 k3s[812]: {line}") == ids(line)


@pytest.mark.parametrize("address", ["[::]:6443", "127.0.0.1:6444", "[::]:16443"])
def test_the_api_servers_port_is_none_of_metrics_servers(address: str) -> None:
    assert ids(f"{SERVING}[::]:10250") == ["metrics-server-started"]
    assert ids(SERVING + address) == []


@pytest.mark.parametrize("why", ["service account token has expired", "Token has expired."])
def test_a_token_that_expired_is_read_in_old_words_and_new(why: str) -> None:
    said = (
        'E0217 15:13:53.378655 1 authentication.go:73] "Unable to authenticate the request" '
        f'err="[invalid bearer token, {why}]"'
    )
    assert ids(said) == ["serviceaccount-token-expired"]


def test_a_container_that_ends_again_and_again_is_metrics_servers_where_it_is_named_or_none_is() -> None:
    restarted = "  Warning  BackOff  90s (x6 over 3m)  kubelet  Back-off restarting failed container"
    pod = "metrics-server-5b4f-x2k7p_kube-system(1d2e)"

    assert "bad-flag-or-args" in ids(restarted)
    assert "bad-flag-or-args" in ids(f"{restarted} metrics-server in pod {pod}")
    assert "bad-flag-or-args" in ids(f'"back-off 5m0s restarting failed container=metrics-server pod={pod}"')
    assert ids(f"{restarted} web in pod web-5b4f-x2k7p_default(1d2e)") == []


def test_what_is_wrong_with_this_pipeline_comes_before_what_is_wrong_with_another() -> None:
    table = """\
v1beta1.custom.metrics.k8s.io   monitoring/prometheus-adapter   False (MissingEndpoints)   3h
v1beta1.metrics.k8s.io          monitoring/prometheus-adapter   False (MissingEndpoints)   3h
"""
    found = ids(table)

    assert found[0] == "apiservice-missing-endpoints"
    assert {"endpoints-controller-stale", "external-metrics-api-down"} <= set(found)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (f"timed out waiting for {CLUSTER_IP}", "aggregator-cannot-reach-service"),
        (f"failing or missing response from {POD_IP}: bad status from {POD_IP}: 404", "service-selector-mismatch"),
        (
            'The Deployment.apps "metrics-server" is invalid: spec.selector: Invalid value: v1.LabelSelector{}: field is immutable',
            "helm-apiservice-ownership-conflict",
        ),
    ],
)
def test_rarer_words(text: str, first: str) -> None:
    assert ids(text)[0] == first


def test_a_pods_row_of_which_all_is_well_says_nothing() -> None:
    row = "kube-system   metrics-server-5b4f-x2k7p   {}   {}   0   5m"

    assert ids(row.format("1/1", "Running")) == []
    assert ids(row.format("0/1", "Running"))[0] == "metrics-server-not-ready"
    assert ids(row.format("1/1", "Terminating"))[0] == "metrics-server-node-down"


def test_the_ca_that_go_names_tells_who_asked() -> None:
    said = (
        'x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while '
        'trying to verify candidate authority certificate "front-proxy-ca")'
    )
    assert ids(said)[0] == "front-proxy-ca-mismatch"


def test_what_metrics_server_ends_of_is_said_by_it_though_without_a_header() -> None:
    start = "I0713 17:10:15.696812       1 serving.go:312] Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)"

    assert ids(f"{start}\nError: Unauthorized\nUsage:\n   [flags]")[0] == "serviceaccount-token-invalid"
    assert ids("Error: Unauthorized") == []  # any client prints that


def test_the_words_that_turned_an_order_are_told() -> None:
    first, *others = answer(f"on a private cluster of GKE\n{UNABLE}").matches

    assert (first.id, first.because) == ("cloud-firewall-control-plane-to-node", "private cluster")
    assert not any(other.because for other in others)
    assert 'because of these words: "private cluster"' in " ".join(
        page(answer(f"on a private cluster of GKE\n{UNABLE}")).split()
    )


def test_words_that_turn_nothing_are_not_told() -> None:
    assert not any(match.because for match in answer(f"on k3s\n{UNABLE}").matches)


@pytest.mark.parametrize("sign", ["# ", "// ", "│ ", "> "])
def test_a_line_that_goes_on_in_a_comment_is_read_as_one(sign: str) -> None:
    first, second = f"Message: failing or missing response from {POD_IP}:", f'Get "{POD_IP}": context deadline exceeded'

    assert ids(f"{sign}{first}\n{sign}{second}")[0] == "cloud-firewall-control-plane-to-node"


def test_who_asks_an_address_for_the_group_itself_is_the_aggregator() -> None:
    # kube-aggregator remote_available_controller.go: discoveryURL; clients ask with a timeout, or for what is below it
    (asked,) = read_log([f'Get "{POD_IP}": dial tcp 10.244.1.7:10250: i/o timeout'])
    (by_client,) = read_log([f'Get "{POD_IP}?timeout=32s": dial tcp 10.244.1.7:10250: i/o timeout'])

    assert asked.connection.hop is Hop.C
    assert by_client.connection.hop is Hop.A


def test_quotes_as_a_chat_sets_them_are_quotes() -> None:
    refused = 'nodes.metrics.k8s.io is forbidden: User "dev" cannot list resource "nodes" in API group "metrics.k8s.io"'
    typeset = refused.replace(' "', " “").replace('"', "”").replace("cannot", "can’t")

    assert ids(typeset) == ids(refused) == ["rbac-user-metrics-forbidden"]


def test_a_status_that_follows_its_colon_at_once_is_a_status() -> None:
    condition = f"failing or missing response from {CLUSTER_IP}:bad status from {CLUSTER_IP}"

    assert ids(f"{condition}:401") == ids(f"{condition}: 401")


@pytest.mark.parametrize(
    "line",
    [
        '16m  Warning  Unhealthy  pod/web-7dc458997b-rcvws  Readiness probe failed: Get "http://10.244.1.5:8000/health": dial tcp 10.244.1.5:8000: connect: connection refused',
        # kubelet pkg/kubelet/prober/prober.go
        'I0217 15:13:53.378655  812 prober.go:107] "Probe failed" probeType="Readiness" pod="shop/web-7dc458997b-rcvws" podUID="e2" containerName="web" probeResult="failure" output="HTTP probe failed with statuscode: 500"',
    ],
)
def test_a_probe_of_another_pod_says_nothing(line: str) -> None:
    assert ids(line) == []
    assert "metrics-server-not-ready" in ids(line.replace("web-", "metrics-server-"))


def test_what_kubectl_cannot_apply_over_another_installation_it_has_half_applied() -> None:
    # kubectl pkg/cmd/util/helpers.go, apimachinery pkg/api/validation
    text = (
        'The Deployment "metrics-server" is invalid: spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map'
        '[string]string{"k8s-app":"metrics-server"}}: field is immutable'
    )

    assert ids(text)[0] == "service-selector-mismatch"


def test_a_clients_name_at_the_front_proxys_door_leaves_open_whose_fault_it_is() -> None:
    found = answer("x509: subject with cn=system:kube-scheduler is not in the allowed list")

    assert [match.id for match in found.matches] == [
        "requestheader-ca-same-as-client-ca",
        "requestheader-allowed-names-mismatch",
    ]


def test_kube_proxys_name_is_a_clients_where_another_clients_stands_beside_it() -> None:
    """It asks no aggregated server, and its certificate may have been given to the aggregator."""
    refused = (
        "W1128 10:00:00.123456       1 x509.go:172] x509: subject with cn={} is not in the allowed list: [aggregator]"
    )
    of_proxy = refused.format("system:kube-proxy")

    assert ids(of_proxy) == ["requestheader-allowed-names-mismatch", "requestheader-ca-same-as-client-ca"]
    assert ids(f"{refused.format('system:node:n1')}\n{of_proxy}") == [
        "requestheader-ca-same-as-client-ca",
        "requestheader-allowed-names-mismatch",
    ]


def test_an_api_server_that_may_not_call_a_webhook_has_no_certificate_of_the_aggregators() -> None:
    said = "panic: An admission plugin wants a client cert/key, but they were not provided."

    assert ids(said) == ["proxy-client-cert-missing"]


@pytest.mark.parametrize("lost", ["read tcp {} read: connection reset by peer", "write tcp {} write: broken pipe"])
def test_a_connection_to_the_very_address_that_was_asked_for_goes_through_no_http_proxy(lost: str) -> None:
    said = f'failing or missing response from {CLUSTER_IP}: Get "{CLUSTER_IP}": {lost}'

    assert "proxy-env-no_proxy" in ids(said.format("10.0.0.1:50000->10.0.0.9:3128:"))
    assert "proxy-env-no_proxy" not in ids(said.format("10.0.0.1:50000->10.96.7.7:443:"))
    assert ids(said.format("10.0.0.1:50000->10.96.7.7:443:"))[0] == "aggregator-cannot-reach-service"


OTHERS_SERVER = "no response from https://10.96.7.8:443: Get https://10.96.7.8:443: dial tcp 10.96.7.8:443: i/o timeout"


@pytest.mark.parametrize(
    "head",
    [
        "Name:         v1beta1.wardle.example.com",
        "metadata:\n  name: v1beta1.wardle.example.com",
        "$ kubectl get apiservice v1beta1.wardle.example.com -o yaml",
        "$ kubectl describe apiservices.apiregistration.k8s.io/v1beta1.wardle.example.com",
    ],
)
def test_an_apiservices_name_tells_whose_server_an_address_is(head: str) -> None:
    condition = f"    Message:               {OTHERS_SERVER}"

    assert ids(f"{head}\n{condition}") == ["not-resource-metrics-pipeline"]
    assert ids(f"{head.replace('wardle.example.com', 'metrics.k8s.io')}\n{condition}") == ids(condition)


def test_the_next_apiservice_is_another() -> None:
    both = f"Name: v1beta1.wardle.example.com\nName: v1beta1.metrics.k8s.io\n    Message: {OTHERS_SERVER}"

    assert ids(both) == ids(f"    Message: {OTHERS_SERVER}")


@pytest.mark.parametrize(
    ("cut", "whole"),
    [
        # systemd src/basic/string-util.c, ellipsize_mem
        (
            "v1beta1.metrics.k8s.io failed with: Get https://10.96.7.7:443...ng headers)",
            "v1beta1.metrics.k8s.io failed with: Get https://10.96.7.7:443: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
        ),
        (
            "couldn't get resource list for metrics.k8s.io/v1beta1: the server is current…the request",
            "couldn't get resource list for metrics.k8s.io/v1beta1: the server is currently unable to handle the request",
        ),
        # less, --chop-long-lines
        (
            "available_controller.go:524] v1beta1.metrics.k8s.io failed with: failing or missi>",
            "available_controller.go:524] v1beta1.metrics.k8s.io failed with: failing or missing response from https://",
        ),
    ],
)
def test_what_a_pager_or_systemd_cut_is_read_as_far_as_what_is_left_tells(cut: str, whole: str) -> None:
    assert made_whole(cut) == whole
    assert ids(cut) == ids(whole) != []


@pytest.mark.parametrize("text", ["waiting...done, the request", "a list: <unknown>", "the ser>", "no more...of it"])
def test_dots_that_leave_too_little_stay(text: str) -> None:
    assert made_whole(text) == text


def test_the_log_of_a_program_that_is_all_in_one_begins_before_its_add_ons_do() -> None:
    line = f"Jan 26 23:27:39 pi k3s[1477]: {OPENAPI}"

    assert answer(line).matches[0].id == "apiservice-backend-starting"
    assert answer(line).matches[0].because == "k3s[1477]:"


def test_who_asks_a_service_for_its_root_is_an_aggregator_of_before_115() -> None:
    (asked,) = read_log(["Get https://10.96.7.7:443: dial tcp 10.96.7.7:443: i/o timeout"])

    assert asked.connection.hop is Hop.C


@pytest.mark.parametrize(
    ("url", "first"),
    [
        # kube-aggregator available_controller.go to 1.14, of a server that knows nobody, or of what stands between
        ("https://10.96.7.7:443", "proxy-env-no_proxy"),
        # and of an aggregated server that is none of metrics
        ("https://10.96.7.7:443/apis/acme.example.com/v1alpha1", "not-resource-metrics-pipeline"),
    ],
)
def test_a_refusal_of_the_aggregator_is_the_asked_servers_beside_its_reason_too(url: str, first: str) -> None:
    message = f"    Message:    failing or missing response from {url}: bad status from {url}: 403"

    assert ids(message)[0] == first
    assert ids(f"{message}\n    Reason:    FailedDiscoveryCheck") == ids(message)


@pytest.mark.parametrize(
    "why",
    [
        "dial tcp 10.96.3.3:9090: i/o timeout",
        "dial tcp: lookup prometheus.monitoring.svc on 10.96.0.10:53: no such host",
    ],
)
def test_an_adapter_that_does_not_reach_what_it_asks_is_no_scraper(why: str) -> None:
    # prometheus-adapter pkg/resourceprovider/provider.go
    line = (
        "failed querying node metrics: unable to fetch node CPU metrics: unable to execute query: "
        f'Get "http://prometheus.monitoring.svc:9090/api/v1/query?query=sum&time=1653139173.515": {why}'
    )

    assert ids(line) == ["prometheus-adapter-backend-unreachable"]


@pytest.mark.parametrize(
    ("age", "first"),
    [
        ("47.1234s", "metrics-not-yet-available"),
        ("6m34.1234s", "metrics-not-yet-available"),
        ("26m33.1234s", "container-metrics-missing-from-kubelet"),
        ("3h22m10.1234s", "container-metrics-missing-from-kubelet"),
    ],
)
def test_a_pod_without_figures_waits_for_them_while_it_is_young(age: str, first: str) -> None:
    # kubectl pkg/cmd/top/top_pod.go
    assert ids(f"Metrics not available for pod default/web-0, age: {age}")[0] == first


@pytest.mark.parametrize("words", ["with a NetworkPolicy", "a default network policy", "profile: cis-1.23"])
def test_a_policy_that_a_text_speaks_of_comes_into_question(words: str) -> None:
    match = answer(f"{words}\n{UNABLE}").matches[0]

    assert match.id == "network-policy-blocks"
    assert match.because in words


def test_a_policy_that_there_is_none_of_does_not() -> None:
    assert ids(f"there is no network policy\n{UNABLE}")[0] == "aggregator-cannot-reach-service"


def test_a_proxy_that_opens_tls_takes_the_aggregators_certificate_away() -> None:
    refused = failed("https://10.0.0.9:4443/apis/metrics.k8s.io/v1beta1", "bad status from https://10.0.0.9:4443: 403")

    assert "proxy-env-no_proxy" in ids(refused)
    assert ids("We are behind a corporate proxy.\n" + refused)[0] == "proxy-env-no_proxy"
