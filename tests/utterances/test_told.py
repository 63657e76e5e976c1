"""What people tell in sentences of their own is known for what it says, and no program's line tells anything."""

import re

import pytest
from test_circumstances import must_have, parse_pattern

from msdoctor import registry
from msdoctor.explain import Explanation, explain
from msdoctor.model import Confidence
from msdoctor.utterances import errors
from msdoctor.utterances.reader import read
from msdoctor.utterances.told import TELLINGS

INDEX = registry.load_index(())


def explained(*lines: str) -> Explanation:
    return explain(read(lines), INDEX)


def ids(*lines: str) -> list[str]:
    return [match.id for match in explained(*lines).matches]


@pytest.mark.parametrize(
    ("sentence", "first"),
    [
        ("The hypervisor drops VXLAN between our hosts.", "overlay-vxlan-udp-blocked"),
        ("VXLAN is blocked", "overlay-vxlan-udp-blocked"),
        ("it turned out that UDP port 8472 was not open", "overlay-vxlan-udp-blocked"),
        ("opening 4789/udp between the hosts solved it", "overlay-vxlan-udp-blocked"),
        ("the provider's firewall rejects IPIP", "overlay-vxlan-udp-blocked"),
        ("10.0.0.1.40000 > 10.0.0.2.8472: [bad udp cksum 0x1 -> 0x2!] OTV", "overlay-vxlan-udp-blocked"),
        ("VXLAN does not come through: UDP is not allowed", "overlay-vxlan-udp-blocked"),
        ("the trouble was with the VXLAN", "overlay-vxlan-udp-blocked"),
        ("canal's UDP packets are blocked by the hoster", "overlay-vxlan-udp-blocked"),
        ("a pod cannot reach pods on other nodes", "overlay-vxlan-udp-blocked"),
        ("pods on two nodes can't ping each other", "overlay-vxlan-udp-blocked"),
        ("checksum offload of our virtio cards", "overlay-vxlan-udp-blocked"),
        ("healed by ethtool -K ens3 tx off", "overlay-vxlan-udp-blocked"),
        ("the MTU of the pods is larger than that of wg0", "network-mtu-or-overlay"),
        ("an MTU mismatch", "network-mtu-or-overlay"),
        ("lowering the MTU helped", "network-mtu-or-overlay"),
        ("our MTU causes hanging transfers", "network-mtu-or-overlay"),
        ("due to jumbo MTU", "network-mtu-or-overlay"),
        ("packets bigger than 1400 bytes never arrive", "network-mtu-or-overlay"),
        ("port 4443 is closed for the control plane", "cloud-firewall-control-plane-to-node"),
        ("we need a firewall rule from the masters", "cloud-firewall-control-plane-to-node"),
        ("the security group lacks 10250", "cloud-firewall-control-plane-to-node"),
        ("we added 8443 to the nodes' security group", "cloud-firewall-control-plane-to-node"),
        ("they only open 443 and 10250", "cloud-firewall-control-plane-to-node"),
        ("a NetworkPolicy blocks ingress", "network-policy-blocks"),
        ("Trouble with network policies", "network-policy-blocks"),
        ("network policy issue", "network-policy-blocks"),
        ("we need a network policy that lets metrics-server be reached", "network-policy-blocks"),
        ("the culprit was a network policy", "network-policy-blocks"),
        ("it stopped after we applied a default deny", "network-policy-blocks"),
        ("our nodes are behind a corporate proxy", "proxy-env-no_proxy"),
        ("we export HTTPS_PROXY on the masters", "proxy-env-no_proxy"),
        ("I forgot to put the Services' range into no_proxy", "proxy-env-no_proxy"),
        ("forgot to add the range to no proxy", "proxy-env-no_proxy"),
        ("konnectivity has trouble", "konnectivity-tunnel-down"),
        ("the master is not able to hold its ssh tunnels", "konnectivity-tunnel-down"),
        ("konnectivity 的代理连不上", "konnectivity-tunnel-down"),
        ("the konnectivity agents cannot register", "konnectivity-tunnel-down"),
        ("the API server cannot reach the pod network", "aggregator-cannot-reach-service"),
        ("the control plane has no route to the pods", "aggregator-cannot-reach-service"),
        ("the masters run without kube-proxy on the control plane", "aggregator-cannot-reach-service"),
        ("it asks before kube-proxy runs", "aggregator-cannot-reach-service"),
        ("with konnectivity disabled nothing answers", "aggregator-cannot-reach-service"),
        ("主节点无法访问 Pod", "aggregator-cannot-reach-service"),
        ("our APIService says no route to host", "aggregator-cannot-reach-service"),
        ("kubectl top works on only one of the masters", "front-proxy-ca-mismatch"),
        ("each master made a different front-proxy-ca", "front-proxy-ca-mismatch"),
        ("each has a different proxy client certificate", "front-proxy-ca-mismatch"),
        ("our front-proxy-client.crt had expired", "front-proxy-cert-expired"),
        ("the ConfigMap does not have client-ca-file", "client-ca-config-missing"),
        ("panic: client-ca-file not found in config map", "client-ca-config-missing"),
        ("the ConfigMap lacks requestheader-client-ca-file", "requestheader-config-missing"),
        ("the aggregation layer is not enabled", "requestheader-config-missing"),
        ("our apiserver is not set up for extension API servers", "requestheader-config-missing"),
        ("we forgot --requestheader-client-ca-file", "requestheader-config-missing"),
        ("the --requestheader-* flags are missing", "requestheader-config-missing"),
        ("没有启用 API 聚合层", "requestheader-config-missing"),
        ("we start it without --proxy-client-cert-file", "proxy-client-cert-missing"),
        ("--client-ca-file=/a/ca.pem --requestheader-client-ca-file=/a/ca.pem", "requestheader-ca-same-as-client-ca"),
    ],
)
def test_a_sentence_alone_is_answered_as_what_it_may_be(sentence: str, first: str) -> None:
    matches = explained(sentence).matches

    assert [match.id for match in matches][:1] == [first]
    assert {match.confidence for match in matches} == {Confidence.POSSIBLE}


@pytest.mark.parametrize(
    "sentence",
    [
        "there is no firewall between the masters and the workers",
        "the firewall is disabled on the control plane",
        "we have no network policy that blocks anything",
        "--client-ca-file=/a/ca.pem --requestheader-client-ca-file=/a/ca.pem.d",
        "the ConfigMap has requestheader-client-ca-file",
        "MTU 1500",
        "HTTPS_PROXY=http://10.0.0.1:3128",
        "VXLAN, port 8472/udp",
        "Cilium without kube-proxy",
        "pods on two nodes",
        "konnectivity-agent 1/1 Running",
        "--requestheader-client-ca-file=/a/ca.pem",
    ],
)
def test_what_speaks_of_it_and_names_no_trouble_tells_nothing(sentence: str) -> None:
    assert ids(sentence) == []


def test_a_sentence_may_go_on_in_the_next_line() -> None:
    assert ids("the nodes' provider silently drops", "whatever VXLAN carries") == ["overlay-vxlan-udp-blocked"]


@pytest.mark.parametrize(
    "head",
    [
        "I0217 15:13:46.378655       1 main.go:1] ",
        "2026-02-17T15:13:46Z ",
        "Feb 17 15:13:46 host agent[1]: ",
        'time="2026-02-17T15:13:46Z" ',
        "10.0.0.1 - - [17/Feb/2026] ",
    ],
)
def test_a_line_of_a_log_tells_nothing(head: str) -> None:
    assert ids(f"{head}VXLAN is blocked") == []


def test_what_a_program_says_of_the_fault_itself_comes_before_what_somebody_thinks() -> None:
    said = "E0217 15:13:46.378655 1 authentication.go:73] x509: subject with cn=a is not in the allowed list: [b]"

    assert ids(said, "maybe VXLAN is blocked") == ids(said)


def test_beside_what_is_said_of_any_fault_it_is_the_cause() -> None:
    any_fault = "error: Metrics API not available"

    assert ids(any_fault, "VXLAN is blocked")[0] == "overlay-vxlan-udp-blocked"


def test_of_what_is_left_open_it_puts_one_before_the_others() -> None:
    url = "https://10.0.0.7:10250/apis/metrics.k8s.io/v1beta1"
    no_answer = f'failing or missing response from {url}: Get "{url}": dial tcp 10.0.0.7:10250: i/o timeout'
    found = ids(no_answer, "a NetworkPolicy blocks ingress")

    assert found[0] == "network-policy-blocks"
    assert sorted(found) == sorted(ids(no_answer))


def test_a_sentence_is_weighed_once() -> None:
    said = [utterance.error for utterance in read(["VXLAN is blocked", "so, VXLAN is blocked"])]

    assert said == [
        errors.Told("the overlay is shut", "VXLAN is blocked"),
        errors.Told("the overlay is shut", "VXLAN is blocked"),
    ]
    assert ids("VXLAN is blocked", "so, VXLAN is blocked") == ["overlay-vxlan-udp-blocked"]


@pytest.mark.parametrize(
    ("pattern", "words"), [(pattern, words) for _, patterns, words in TELLINGS for pattern in patterns]
)
def test_no_sentence_is_missed_for_want_of_a_word(pattern: str, words: tuple[str, ...]) -> None:
    assert must_have(parse_pattern(pattern), words)


def test_what_is_told_is_something_that_a_check_says_of_itself() -> None:
    known = {says.where["what"] for entry in INDEX.entries for says in entry.says if says.error == "Told"}

    assert {what for what, _, _ in TELLINGS} == known


@pytest.mark.parametrize("pattern", [pattern for _, patterns, _ in TELLINGS for pattern in patterns])
def test_no_pattern_repeats_without_a_bound(pattern: str) -> None:
    assert re.search(r"(?<!\\)[*+](?![?\]\w.-]*\])", pattern) is None
