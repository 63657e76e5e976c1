"""What the two ends of a control plane's tunnel to its nodes say, answered by the checks that ship.

The texts are made of the formats of apiserver-network-proxy (pkg/server, pkg/agent), of k3s' and RKE2's
pkg/daemons/control/tunnel.go, and of rancher/remotedialer.
"""

# ruff: noqa: E501  log lines stand here as they were printed

import pytest

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Confidence, Hop
from msdoctor.utterances.reader import read

INDEX = registry.load_index()


def answer(text: str) -> Explanation:
    return explain(read(text.splitlines()), INDEX)


@pytest.mark.parametrize(
    "line",
    [
        'E0301 10:00:00.000001       1 server.go:672] "Failed to get a backend" err="No agent available" dialID=8061',
        'E0301 10:00:00.000001       1 server.go:702] "DIAL_REQ to Backend failed" err="EOF" dialID=8061',
        'E0301 10:00:00.000001       1 tunnel.go:194] "backend dial timed out before connection was established" err="timed out waiting for backend dial" host="10.42.1.7:10250" dialID=8061 agentID="a"',
        'time="2026-03-01T10:00:00Z" level=debug msg="Tunnel server egress proxy rejecting connection to 10.42.1.7:10250"',
        "proxy error from 127.0.0.1:9345 while dialing 10.42.1.7:10250, code 502: 502 Bad Gateway",
        "Error from server: error dialing backend: failed to find Session for client agent-1",
        "Tunnel connection has not been established (could not setup pod port forwarding: EOF)",  # gardener
        # another port of the API server's own host than the one that was asked for: where its tunnel begins
        'Error from server: Get "https://node1:10250/containerLogs/ns/pod/c": dial tcp 127.0.0.1:6443: connect: connection refused',
    ],
)
def test_a_tunnel_without_its_other_end_is_what_is_down(line: str) -> None:
    first = answer(line).matches[0]

    assert (first.id, first.hop, first.confidence) == ("konnectivity-tunnel-down", Hop.C, Confidence.LIKELY)


@pytest.mark.parametrize(
    "why",
    [
        'rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 192.0.2.9:8132: i/o timeout\\"',
        'rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 192.0.2.9:8132: connect: connection refused\\"',
        'rpc error: code = Unavailable desc = connection error: desc = \\"transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority\\"',
        "rpc error: code = Canceled desc = grpc: the client connection is closing",
    ],
)
def test_an_agent_that_does_not_get_through_speaks_of_the_tunnel_and_of_no_kubelet(why: str) -> None:
    matches = answer(f'E0301 10:00:00.000001       1 clientset.go:238] "cannot connect once" err="{why}"').matches

    assert [match.id for match in matches] == ["konnectivity-tunnel-down"]


def test_a_server_that_cannot_ask_who_an_agent_is_is_no_pod_of_metrics_server() -> None:
    matches = answer(
        'E0301 10:00:00.000001       1 server.go:895] "Client authentication failed" err="Failed to validate authentication token, err:Failed to authenticate request. err:Post \\"https://192.0.2.9:6443/apis/authentication.k8s.io/v1/tokenreviews\\": dial tcp 192.0.2.9:6443: i/o timeout" agentID="a"'
    ).matches

    assert [match.id for match in matches] == ["konnectivity-tunnel-down"]


@pytest.mark.parametrize(
    "line",
    [
        'Get "https://127.0.0.1:10250/metrics/resource": dial tcp 127.0.0.1:10250: connect: connection refused',
        'Get "https://10.96.7.7:443/apis/metrics.k8s.io/v1beta1": proxyconnect tcp: dial tcp 127.0.0.1:3128: connect: connection refused',
    ],
)
def test_a_dial_of_what_was_asked_for_or_of_a_proxy_is_of_no_tunnel(line: str) -> None:
    assert answer(line).matches[0].id != "konnectivity-tunnel-down"


@pytest.mark.parametrize(
    "line",
    [
        'time="2026-03-01T10:00:00Z" level=debug msg="Tunnel server egress proxy dialing 10.42.1.7:10250 directly"',
        'time="2026-03-01T10:00:00Z" level=debug msg="Tunnel server egress proxy updating Node agent-1 IP 192.0.2.9/32"',
        'I0301 10:00:00.000001       1 client.go:204] "Connect to server" serverID="a"',
    ],
)
def test_a_tunnel_that_works_says_nothing(line: str) -> None:
    assert not answer(line).matches
