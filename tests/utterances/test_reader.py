"""What the reader makes of single messages: who speaks, over which hop, and the innermost error."""

# ruff: noqa: E501  log lines stand here as they were printed

import pytest

from msdoctor.model import Hop
from msdoctor.utterances import Speaker, Utterance, errors
from msdoctor.utterances.reader import read, read_error, read_text

STORY_AUTHORIZER = (
    'E0217 15:13:53.378655       1 webhook.go:224] Failed to make webhook authorizer request: Post "https://10.32.0.1:443'
    '/apis/authorization.k8s.io/v1/subjectaccessreviews?timeout=10s": context canceled'
)
STORY_TIMEOUT = (
    "E0217 15:13:53.379124       1 timeout.go:137] post-timeout activity - time-elapsed: 121.389µs, "
    'GET "/apis/metrics.k8s.io/v1beta1" result: <nil>'
)
STORY_X509 = (
    'Failed to scrape node" err="Get \\"https://192.168.10.51:10250/metrics/resource\\": x509: certificate is valid for '
    '192.168.10.50, not 192.168.10.51" node="k8s-node1'
)
PROBE = "https://10.104.1.2:443/apis/metrics.k8s.io/v1beta1"


def one(text: str) -> Utterance:
    (utterance,) = read(text.splitlines())
    return utterance


def test_a_refusal_names_the_roles_that_are_bound_and_not_there() -> None:
    text = (
        'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope: RBAC:'
        ' [clusterrole.rbac.authorization.k8s.io "a" not found, role.rbac.authorization.k8s.io "b" not found]'
    )
    (said,) = read([text])

    assert isinstance(said.error, errors.Forbidden)
    assert (said.error.absent, said.error.unfounded) == (("a", "b"), "yes")


def test_a_canceled_subject_access_review_is_metrics_servers_own_authorization() -> None:
    utterance = one(STORY_AUTHORIZER)

    assert utterance.error == errors.Canceled()
    assert utterance.speaker is Speaker.DELEGATED_AUTH
    assert utterance.connection.hop is Hop.D
    assert utterance.connection.address == "10.32.0.1:443"
    assert utterance.connection.path == "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    assert utterance.outer == ("Failed to make webhook authorizer request",)


def test_the_timeout_line_names_the_request_that_was_given_up() -> None:
    utterance = one(STORY_TIMEOUT)

    assert utterance.error == errors.AbandonedRequest("GET", "/apis/metrics.k8s.io/v1beta1", "<nil>")
    assert utterance.connection.hop is Hop.D


def test_its_structured_form_names_it_too() -> None:
    given_up = one(
        'E1128 03:13:32.564880       1 timeout.go:140] "Post-timeout activity" logger="UnhandledError"'
        ' timeElapsed="2.503705916s" method="GET" path="/apis/metrics.k8s.io/v1beta1" result=null'
    )
    aborted = one(
        'E1128 03:13:32.564880       1 wrap.go:53] "Timeout or abort while handling" logger="UnhandledError"'
        ' method="GET" URI="/apis/metrics.k8s.io/v1beta1/pods" auditID=""'
    )

    assert given_up.error == errors.AbandonedRequest("GET", "/apis/metrics.k8s.io/v1beta1", "null")
    assert aborted.error == errors.AbandonedRequest("GET", "/apis/metrics.k8s.io/v1beta1/pods")


def test_a_structured_line_without_its_first_and_last_quote_is_read_whole() -> None:
    utterance = one(STORY_X509)

    assert utterance.error == errors.NotValidFor(("192.168.10.50",), "192.168.10.51")
    assert utterance.connection.hop is Hop.E
    assert utterance.connection.node == "k8s-node1"
    assert utterance.connection.address == "192.168.10.51:10250"
    assert utterance.outer == ("Failed to scrape node",)


@pytest.mark.parametrize(
    ("status", "hop"),
    [
        ("401 Unauthorized", Hop.F),
        ("403 Forbidden", Hop.F),
        ("404 Not Found", Hop.E),
        ("500 Internal Server Error", Hop.E),
    ],
)
def test_a_kubelet_that_refuses_is_another_hop_than_one_that_fails(status: str, hop: Hop) -> None:
    code, _, words = status.partition(" ")
    utterance = one(
        f'E0217 15:13:53.378655 1 scraper.go:149] "Failed to scrape node" err="request failed, status: \\"{status}\\"" node="n"'
    )

    assert utterance.error == errors.HTTPStatus(code, words)
    assert (utterance.connection.hop, utterance.connection.node) == (hop, "n")


@pytest.mark.parametrize(
    ("inner", "error", "hop"),
    [
        (f"bad status from {PROBE}: 401", errors.HTTPStatus("401"), Hop.D),
        (f"bad status from {PROBE}: 403", errors.HTTPStatus("403"), Hop.D),
        (f"bad status from {PROBE}: 404", errors.HTTPStatus("404"), Hop.C),
        (f'Get "{PROBE}": dial tcp 10.104.1.2:443: i/o timeout', errors.Dial("10.104.1.2:443", "i/o timeout"), Hop.C),
        (
            f'Get "{PROBE}": dial tcp 10.104.1.2:443: connect: connection refused',
            errors.Dial("10.104.1.2:443", "connection refused"),
            Hop.C,
        ),
        (
            (
                f'Get "{PROBE}": tls: failed to verify certificate: x509: certificate is valid for localhost, localhost, '
                "not metrics-server.kube-system.svc"
            ),
            errors.NotValidFor(("localhost", "localhost"), "metrics-server.kube-system.svc"),
            Hop.C,
        ),
        (f'Get "{PROBE}": Forbidden', errors.ProxyAnswer("Forbidden"), Hop.C),
    ],
)
def test_the_condition_of_an_apiservice_tells_connection_from_identity(
    inner: str, error: errors.InnermostError, hop: Hop
) -> None:
    utterance = read_text(f"failing or missing response from {PROBE}: {inner}")

    assert utterance is not None
    assert (utterance.error, utterance.connection.hop) == (error, hop)
    assert utterance.speaker is Speaker.AGGREGATOR
    assert utterance.connection.address == "10.104.1.2:443"
    assert utterance.outer == ("failing or missing response from",)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "x509: cannot validate certificate for 10.0.0.5 because it doesn't contain any IP SANs",
            errors.NoIPSANs("10.0.0.5"),
        ),
        (
            "x509: certificate is not valid for any names, but wanted to match k8s-node1",
            errors.NotValidForAny("k8s-node1"),
        ),
        (
            "x509: certificate relies on legacy Common Name field, use SANs or temporarily enable Common Name matching",
            errors.LegacyCommonName(),
        ),
        (
            (
                'x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while '
                'trying to verify candidate authority certificate "kubernetes")'
            ),
            errors.UnknownAuthority("crypto/rsa: verification error", "kubernetes"),
        ),
        (
            (
                "x509: certificate has expired or is not yet valid: current time 2026-11-25T12:00:00Z is after "
                "2026-11-24T12:00:00Z"
            ),
            errors.Expired("2026-11-25T12:00:00Z", "2026-11-24T12:00:00Z"),
        ),
        (
            (
                "x509: certificate has expired or is not yet valid: current time 2026-11-25T12:00:00Z is before "
                "2026-11-26T12:00:00Z"
            ),
            errors.NotYetValid("2026-11-25T12:00:00Z", "2026-11-26T12:00:00Z"),
        ),
        ("x509: certificate has expired or is not yet valid", errors.Expired()),
        ("x509: certificate specifies an incompatible key usage", errors.IncompatibleUsage()),
        (
            "x509: subject with cn=kube-apiserver is not in the allowed list: [front-proxy-client]",
            errors.NotInAllowedList("kube-apiserver"),
        ),
        ("remote error: tls: internal error", errors.TLSAlert("internal error")),
        (
            (
                'kube-system/extension-apiserver-authentication failed with : missing content for CA bundle "client-ca::'
                'kube-system::extension-apiserver-authentication::requestheader-client-ca-file"'
            ),
            errors.MissingBundleContent(
                "client-ca::kube-system::extension-apiserver-authentication::requestheader-client-ca-file"
            ),
        ),
        (
            "dial tcp: lookup k8s-node1 on 10.96.0.10:53: no such host",
            errors.Lookup("k8s-node1", "10.96.0.10:53", "no such host"),
        ),
        (
            "dial tcp: lookup n on 10.96.0.10:53: read udp 10.244.0.5:3345->10.96.0.10:53: i/o timeout",
            errors.Lookup("n", "10.96.0.10:53", "read udp 10.244.0.5:3345->10.96.0.10:53: i/o timeout"),
        ),
        ("dial tcp [fd00::5]:10250: connect: no route to host", errors.Dial("[fd00::5]:10250", "no route to host")),
        (
            "read tcp 10.0.0.1:4->10.0.0.2:10250: read: connection reset by peer",
            errors.ConnectionLost("connection reset by peer", "10.0.0.2:10250"),
        ),
        (
            "net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
            errors.DeadlineExceeded(
                "net/http: request canceled while waiting for connection "
                "(Client.Timeout exceeded while awaiting headers)"
            ),
        ),
        (
            (
                'nodes.metrics.k8s.io is forbidden: User "jane" cannot list resource "nodes" in API group "metrics.k8s.io" '
                "at the cluster scope"
            ),
            errors.Forbidden("jane", "list", "nodes.metrics.k8s.io", "at the cluster scope"),
        ),
        (
            'forbidden: User "system:anonymous" cannot get path "/apis/metrics.k8s.io/v1beta1"',
            errors.Forbidden("system:anonymous", "get", "/apis/metrics.k8s.io/v1beta1"),
        ),
        (
            "Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource(s)=[metrics])",
            errors.Forbidden("system:anonymous", "get", "nodes/metrics"),
        ),
        ("error: Metrics API not available", errors.MetricsAPINotAvailable()),
        ("error: metrics not available yet", errors.MetricsNotAvailableYet()),
        (
            (
                "Error from server (ServiceUnavailable): the server is currently unable to handle the request "
                "(get nodes.metrics.k8s.io)"
            ),
            errors.ServiceUnavailable("get nodes.metrics.k8s.io"),
        ),
        (
            'endpoints for service/metrics-server in "kube-system" have no addresses with port name "https"',
            errors.NoEndpoints("metrics-server", "kube-system", "https"),
        ),
        (
            'service/metrics-server in "kube-system" is not present',
            errors.ServiceAbsent("metrics-server", "kube-system"),
        ),
        ("Readiness probe failed: HTTP probe failed with statuscode: 500", errors.ProbeStatus("500")),
        ("no address matched types [InternalIP ExternalIP]", errors.NoAddressOfType("InternalIP ExternalIP")),
        ("error: You must be logged in to the server (Unauthorized)", errors.Unauthorized()),
        (
            "unable to fetch metrics from resource metrics API: Unauthorized (get pods.metrics.k8s.io)",
            errors.Unauthorized("get pods.metrics.k8s.io"),
        ),
    ],
)
def test_each_kind_of_error_is_a_value(text: str, error: errors.InnermostError) -> None:
    assert read_error(text) == error


def test_a_list_of_errors_is_as_many_utterances_each_with_its_own_node() -> None:
    """metrics-server 0.3 printed one line for all nodes (pkg/manager/manager.go, pkg/sources/summary)."""
    line = (
        "E0217 15:13:53.378655       1 manager.go:111] unable to fully collect metrics: [unable to fully scrape metrics "
        "from source kubelet_summary:n1: unable to fetch metrics from Kubelet n1 (10.0.0.1): request failed - "
        '"403 Forbidden", response: "Forbidden (user=system:anonymous, verb=get, resource=nodes, subresource=stats)", '
        "unable to fully scrape metrics from source kubelet_summary:n2: unable to fetch metrics from Kubelet n2 (n2): "
        "Get https://n2:10250/stats/summary?only_cpu_and_memory=true: dial tcp: lookup n2 on 10.96.0.10:53: no such host]"
    )

    refused, unresolved = read([line])

    assert refused.error == errors.Forbidden("system:anonymous", "get", "nodes/stats")
    assert (refused.connection.node, refused.connection.hop, refused.connection.address) == ("n1", Hop.F, "10.0.0.1")
    assert unresolved.error == errors.Lookup("n2", "10.96.0.10:53", "no such host")
    assert (unresolved.connection.node, unresolved.connection.hop) == ("n2", Hop.E)
    assert refused.outer[0] == unresolved.outer[0] == "unable to fully collect metrics"


@pytest.mark.parametrize(
    "line",
    [
        "E0217 15:13:53.378655 1 webhook.go:269] Failed to make webhook authorizer request: Unauthorized",
        'E0217 15:13:53.378655 1 reflector.go:200] "Failed to watch" err="failed to list *v1.Node: Unauthorized" type="*v1.Node"',
        (
            'E0217 15:13:53.378655 1 reflector.go:166] "Unhandled Error" err="k8s.io/client-go/informers/factory.go:160: '
            'Failed to watch *v1.Node: failed to list *v1.Node: the server has asked for the client to provide credentials"'
        ),
        "panic: unable to load configmap based request-header-client-ca-file: Unauthorized",
    ],
)
def test_the_api_server_does_not_know_metrics_server(line: str) -> None:
    utterance = one(line)

    assert utterance.error == errors.Unauthorized()
    assert utterance.connection.hop is Hop.D


@pytest.mark.parametrize(
    ("why", "error"),
    [
        (", service account token has expired", errors.TokenExpired()),
        (
            ", service account UID (a-1) does not match claim (b-2)",
            errors.TokenInvalid("service account UID (a-1) does not match claim (b-2)"),
        ),
        ("", errors.TokenInvalid()),
    ],
)
def test_a_kubelet_says_why_a_token_is_refused(why: str, error: errors.InnermostError) -> None:
    utterance = one(
        'E0217 15:13:53.378655 116 server.go:376] "Unable to authenticate the request due to an error" '
        f'err="[invalid bearer token{why}]"'
    )

    assert (utterance.error, utterance.connection.hop, utterance.speaker) == (error, Hop.F, Speaker.KUBELET)


def test_of_two_authenticators_the_first_gives_the_reason() -> None:
    """The plain x509 authenticator refuses every front proxy's certificate: its word adds nothing."""
    utterance = one(
        'E0217 15:13:53.378655 1 authentication.go:63] "Unable to authenticate the request" err="[x509: subject with '
        "cn=front-proxy-client is not in the allowed list, verifying certificate SN=123, SKID=, AKID=AA:BB failed: "
        'x509: certificate signed by unknown authority]"'
    )

    assert utterance.error == errors.NotInAllowedList("front-proxy-client")
    assert utterance.speaker is Speaker.DELEGATED_AUTH


def test_what_only_the_second_authenticator_says_keeps_its_wrapper() -> None:
    utterance = one(
        'E0217 15:13:53.378655 1 authentication.go:63] "Unable to authenticate the request" err="verifying certificate '
        'SN=123, SKID=, AKID=AA:BB failed: x509: certificate signed by unknown authority"'
    )

    assert utterance.error == errors.UnknownAuthority()
    assert utterance.connection.hop is Hop.D
    assert "verifying certificate SN=123" in utterance.outer[1]


def test_a_message_of_the_hpa_leads_to_what_the_api_server_said() -> None:
    utterance = read_text(
        "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for "
        "resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the "
        "request (get pods.metrics.k8s.io)"
    )

    assert utterance is not None
    assert utterance.error == errors.ServiceUnavailable("get pods.metrics.k8s.io")
    assert utterance.speaker is Speaker.HPA_CONTROLLER
    assert utterance.connection.hop is Hop.A


def test_the_same_words_are_the_kubelets_where_the_log_is_its() -> None:
    line = 'E0217 15:13:53.378655 1 webhook.go:224] Failed to make webhook authorizer request: Post "https://10.0.0.1:6443/apis/authorization.k8s.io/v1/subjectaccessreviews": context deadline exceeded'
    (utterance,) = read([line], speaker=Speaker.KUBELET)

    assert utterance.speaker is Speaker.KUBELET
    assert utterance.connection.hop is Hop.F


@pytest.mark.parametrize(("source", "hop"), [("server.go:310", Hop.F), ("authentication.go:75", Hop.D)])
def test_whose_authentication_fails_is_told_by_the_file_that_says_so(source: str, hop: Hop) -> None:
    """As in kubernetes pkg/kubelet/server/server.go and apiserver pkg/endpoints/filters/authentication.go (1.36.3)."""
    asked = (
        'Post \\"https://192.168.10.50:6443/apis/authentication.k8s.io/v1/tokenreviews\\": context deadline exceeded'
    )
    utterance = one(
        f'E1125 10:00:00.000000 1 {source}] "Unable to authenticate the request due to an error" err="{asked}"'
    )

    assert isinstance(utterance.error, errors.DeadlineExceeded)
    assert utterance.connection.hop is hop


def test_an_error_that_nobody_knows_is_said_to_be_one() -> None:
    utterance = one('E0217 15:13:53.378655 1 scraper.go:149] "Failed to scrape node" err="the moon is full" node="n"')

    assert utterance.error == errors.Unrecognised("the moon is full")
    assert utterance.connection.node == "n"
    assert read_error(utterance.text) is None


@pytest.mark.parametrize(
    "text", ["", "hello", "kubectl get pods -A", "メトリクスが取得できません", "a: b: c", "{}", "[]", '"']
)
def test_text_that_says_nothing_of_this_pipeline_is_no_utterance(text: str) -> None:
    assert read_text(text) is None
