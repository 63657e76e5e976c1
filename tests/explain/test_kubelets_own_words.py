"""What ``explain`` answers to what kubelets say beside scrapes: to the API server, of callers, of their certificates.

Texts are made from the formats that upstream's sources print.
"""

# ruff: noqa: E501  lines stand here as they are printed

from __future__ import annotations

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Confidence
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


def ids(text: str) -> list[str]:
    return [match.id for match in answer(text).matches]


FIRST = {
    # kubernetes pkg/kubelet/server/server.go; apimachinery pkg/api/errors/errors.go
    "a kubelet that has not the pod, asked for its log": (
        "Error from server (NotFound): the server could not find the requested resource ( pods/log web-0)",
        "node-wrong-internal-ip",
    ),
    "a kubelet that has not the pod, asked for exec": (
        "error: unable to upgrade connection: pod does not exist",
        "node-wrong-internal-ip",
    ),
    "a kubelet that knows the API server not, asked for a log": (
        "error: You must be logged in to the server (the server has asked for the client to provide credentials ( pods/log web-0))",
        "apiserver-kubelet-client-rbac",
    ),
    "a kubelet that knows the API server not, asked for exec": (
        "error: unable to upgrade connection: Unauthorized",
        "apiserver-kubelet-client-rbac",
    ),
    # net/cgo_unix.go: getaddrinfo's words, of glibc and of musl
    "a name that another time may be known": (
        'Error from server: Get "https://n1:10250/containerLogs/a/b/c": dial tcp: lookup n1: Try again',
        "node-address-dns-unresolvable",
    ),
    "the same in glibc's words": (
        'Error from server: Get "https://n1:10250/containerLogs/a/b/c": dial tcp: lookup n1: Temporary failure in name resolution',
        "node-address-dns-unresolvable",
    ),
    "a name that exec needs": (
        "Error from server: error dialing backend: dial tcp: lookup n1 on 10.0.0.2:53: no such host",
        "node-address-dns-unresolvable",
    ),
    "the same, to 1.4": (
        "Error from server: dial tcp: lookup n1 on 10.0.0.2:53: no such host",
        "node-address-dns-unresolvable",
    ),
    "a certificate that has ended, of exec": (
        "Error from server: error dialing backend: x509: certificate has expired or is not yet valid: current time 2031-05-11T06:23:55Z is after 2031-04-12T10:44:26Z",
        "kubelet-cert-expired",
    ),
    "a path that only kubelets have, whatever was made of the port": (
        'Get "https://XX.XX.XX.XX:XXXXX/pods": x509: certificate signed by unknown authority',
        "kubelet-cert-unknown-ca",
    ),
    # server.go InstallAuthFilter, structured
    "a kubelet whose question was given up": (
        'E0310 01:37:47.740671   14482 server.go:288] "Authorization error" err="context canceled" user="u" verb="get" resource="nodes" subresource="metrics"',
        "kubelet-cannot-reach-apiserver-webhook",
    ),
    "a kubelet that could not ask": (
        'E0310 01:37:47.740671   14482 server.go:301] "Authorization error" err="Post \\"https://10.0.0.1:6443/apis/authorization.k8s.io/v1/subjectaccessreviews\\": dial tcp 10.0.0.1:6443: connect: connection refused" user="u" verb="get" resource="nodes" subresource="metrics"',
        "kubelet-cannot-reach-apiserver-webhook",
    ),
    # pkg/controller/certificates/signer/signer.go, pkg/apis/certificates/helpers.go
    "a request that its signer objects to": (
        "    message: DNS or IP subjectAltName is required\n    reason: SignerValidationFailure",
        "kubelet-serving-csr-denied",
    ),
    # postfinance/kubelet-csr-approver internal/controller/regex_ip_checks.go
    "a request that an approver objects to": (
        "Reason: One of the SAN IP addresses, 10.9.8.7, is not part of the allowed IP Prefixes/Subnets, denying the CSR.",
        "kubelet-serving-csr-denied",
    ),
    # kubernetes-mixin alerts/kubelet.libsonnet
    "an alert of a certificate that ends": (
        "Server certificate for Kubelet on node n1 expires in 6d 3h 2m 1s.",
        "kubelet-cert-expiring",
    ),
    "an alert of one that is not renewed": (
        "Kubelet on node n1 has failed to renew its server certificate (5 errors in the last 5 minutes).",
        "kubelet-serving-csr-pending",
    ),
    # apiserver pkg/server/httplog/httplog.go; client-go transport/round_trippers.go
    "an answer that took a minute": (
        'I0727 13:13:23.610822     984 httplog.go:89] "HTTP" verb="GET" URI="/stats/summary?only_cpu_and_memory=true" latency="1m9.8193246s" userAgent="Go-http-client/2.0" resp=200',
        "kubelet-slow-response",
    ),
    "an answer that came after eleven seconds": (
        "I0322 06:05:54.749244       1 round_trippers.go:553] GET https://10.1.1.2:10250/metrics/resource 200 OK in 11250 milliseconds",
        "kubelet-slow-response",
    ),
    # Prometheus scrape/scrape.go, as its targets page shows it
    "a kubelet that knows Prometheus' token not": (
        "monitoring/kubelet/0 (0/1 up): server returned HTTP status 401 Unauthorized",
        "kubelet-webhook-unauthorized-401",
    ),
    # aquasecurity kube-bench cfg/cis-1.24/node.yaml
    "a benchmark's finding on who is let in": (
        "[FAIL] 4.2.1 Ensure that the --anonymous-auth argument is set to false (Automated)",
        "kubelet-anonymous-enabled",
    ),
    "a benchmark's finding on what is allowed": (
        "[FAIL] 4.2.2 Ensure that the --authorization-mode argument is not set to AlwaysAllow (Automated)",
        "kubelet-authz-always-allow",
    ),
    "the kubelet's own settings": ("authorization:\n  mode: AlwaysAllow", "kubelet-authz-always-allow"),
    # openssl apps/lib/s_cb.c
    "a certificate that openssl was shown": (
        "$ openssl s_client -connect 10.2.3.4:10250 </dev/null\nverify error:num=18:self-signed certificate",
        "kubelet-cert-unknown-ca",
    ),
    "one that has ended": (
        "$ openssl s_client -connect 10.2.3.4:10250 </dev/null\nVerify return code: 10 (certificate has expired)",
        "kubelet-cert-expired",
    ),
    "a kubelet that has not the path, through the API server": (
        (
            "$ kubectl get --raw /api/v1/nodes/n1/proxy/metrics/resource\n"
            "Error from server (NotFound): the server could not find the requested resource"
        ),
        "kubelet-endpoint-404-version",
    ),
}


@pytest.mark.parametrize("name", FIRST)
def test_the_likeliest_cause_comes_first(name: str) -> None:
    text, first = FIRST[name]
    assert ids(text)[:1] == [first]


@pytest.mark.parametrize(
    "rule",
    [
        "- alert: KubeletServerCertificateRenewalErrors\n  expr: increase(kubelet_server_expiration_renew_errors[5m]) > 0",
        "description: Kubelet on node {{ $labels.node }} has failed to renew its server certificate ({{ $value }} errors).",
        "- alert: KubeletServerCertificateExpiration",
        "Server certificate for Kubelet on node {{ $labels.node }} expires in {{ $value | humanizeDuration }}.",
        "- alert: NodeClockNotSynchronising",
        "Clock at {{ $labels.instance }} is not synchronising. Ensure NTP is configured on this host.",
    ],
)
def test_an_alerts_rule_tells_nothing_of_a_cluster(rule: str) -> None:
    assert ids(rule) == []


@pytest.mark.parametrize(
    "text",
    [
        "[PASS] 4.2.1 Ensure that the --anonymous-auth argument is set to false (Automated)",
        "[FAIL] 1.2.1 Ensure that the --anonymous-auth argument is set to false (Manual)",
        'I0727 13:13:23.610822     984 httplog.go:89] "HTTP" verb="GET" URI="/metrics/resource" latency="9.819ms" resp=200',
        "I0322 06:05:54.749244       1 round_trippers.go:553] GET https://10.1.1.2:10250/metrics/resource 200 OK in 11 milliseconds",
        "$ openssl s_client -connect 10.2.3.4:443 </dev/null\nverify error:num=18:self-signed certificate",
        'error: unable to upgrade connection: container not found ("app")',
    ],
)
def test_what_is_as_it_should_be_or_another_matter_names_nothing(text: str) -> None:
    assert not ids(text)


def test_prometheus_own_log_tells_of_its_own_troubles() -> None:
    text = 'caller=scrape.go:1351 scrape_pool=kubelet msg="Scrape failed" err="server returned HTTP status 401 Unauthorized"'
    assert ids(text) == ["not-resource-metrics-pipeline"]


def test_who_asks_a_kubelet_through_the_api_server_for_something_else_is_told_nothing_of_metrics() -> None:
    text = (
        "$ kubectl get --raw /api/v1/nodes/n1/proxy/metrics/resource\nnode_cpu_usage_seconds_total 1.5 1664880978253\n"
        "$ kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes\n"
        "Error from server (NotFound): the server could not find the requested resource"
    )
    assert ids(text)[:1] == ["metrics-api-not-registered"]


POOL = "HTTPSConnectionPool(host='10.0.0.3', port=10250): "
NEW = f"{POOL}Max retries exceeded with url: /pods (Caused by NewConnectionError('<urllib3.connection.HTTPSConnection object at 0x7f3a>: Failed to establish a new connection: %s'))"
SSL = f"{POOL}Max retries exceeded with url: /metrics/cadvisor (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: %s (_ssl.c:1129)')))"


@pytest.mark.parametrize(
    ("line", "first"),
    [
        (NEW % "[Errno 111] Connection refused", "kubelet-down"),
        (NEW % "[Errno 113] No route to host", "node-firewall-reject"),
        (NEW % "[Errno 110] Connection timed out", "node-unreachable-timeout"),
        (NEW.replace("10.0.0.3", "node-1") % "[Errno -2] Name or service not known", "node-address-dns-unresolvable"),
        (SSL % "self signed certificate in certificate chain", "kubelet-cert-unknown-ca"),
        (SSL % "unable to get local issuer certificate", "kubelet-cert-unknown-ca"),
        (SSL % "certificate has expired", "kubelet-cert-expired"),
        (NEW.replace("10250", "10255") % "[Errno 111] Connection refused", "kubelet-read-only-port-10255"),
        (
            (
                "[inputs.kubernetes]: Error in plugin: https://10.0.0.3:10250/stats/summary returned HTTP status "
                "401 Unauthorized"
            ),
            "kubelet-webhook-unauthorized-401",
        ),
        (
            (
                'unexpected status code returned when scraping "https://10.0.0.3:10250/metrics": 401; expecting 200; '
                'response body: "Unauthorized"'
            ),
            "kubelet-webhook-unauthorized-401",
        ),
        (
            (
                "[kubelet-check] The HTTP call equal to 'curl -sSL http://localhost:10248/healthz' failed with error: "
                'Get "http://localhost:10248/healthz": dial tcp 127.0.0.1:10248: connect: connection refused.'
            ),
            "kubelet-down",
        ),
        ("[kubelet-check] The kubelet is not healthy after 4m0.000574182s", "kubelet-down"),
        (
            "Error: forwarding ports: error upgrading connection: dial tcp: lookup node-1 on 10.0.0.2:53: no such host",
            "node-address-dns-unresolvable",
        ),
        (
            "Error from server: error dialing backend: dial tcp 10.0.0.3:10250: i/o timeout",
            "cloud-firewall-control-plane-to-node",
        ),
    ],
)
def test_what_other_clients_say_of_a_kubelet_is_read_as_metrics_servers_words_are(line: str, first: str) -> None:
    assert [match.id for match in explain(read([line]), INDEX).matches][:1] == [first]


def test_what_a_client_in_python_says_of_another_server_is_none_of_a_kubelets() -> None:
    assert not explain(read([NEW.replace("10250", "8443") % "[Errno 111] Connection refused"]), INDEX).matches


def test_a_certificate_that_was_not_even_asked_for_is_no_sure_sign_of_a_request_that_waits() -> None:
    asks = (
        "E0310 01:37:47.740671   14482 certificate_manager.go:562] kubernetes.io/kubelet-serving: Failed while requesting"
        " a signed certificate from the control plane: "
    )
    (waits,) = answer(f"{asks}timed out waiting for the condition").matches
    (refused,) = answer(
        f'{asks}cannot create certificate signing request: Post "https://10.0.0.1:6443/apis/certificates.k8s.io/v1/'
        'certificatesigningrequests": dial tcp 10.0.0.1:6443: connect: connection refused'
    ).matches

    assert waits.id == refused.id == "kubelet-serving-csr-pending"
    assert (waits.confidence, refused.confidence) == (Confidence.LIKELY, Confidence.POSSIBLE)
