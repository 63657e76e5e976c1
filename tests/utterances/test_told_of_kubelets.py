"""What people tell of kubelets in sentences of their own, and what they tell that is no trouble."""

import pytest

from msdoctor import registry
from msdoctor.explain import explain
from msdoctor.model import Confidence
from msdoctor.utterances.reader import read

INDEX = registry.load_index(())


def ids(*lines: str) -> list[str]:
    return [match.id for match in explain(read(lines), INDEX).matches]


@pytest.mark.parametrize(
    ("sentence", "first"),
    [
        ("the kubelet's certificate does not contain its IP address", "kubelet-cert-san-missing-ip"),
        ("our certificates only have the host names as SANs", "kubelet-cert-san-missing-ip"),
        ("adding --kubelet-insecure-tls solved it", "kubelet-cert-san-missing-ip"),
        ("each kubelet here has a self-signed certificate", "kubelet-cert-unknown-ca"),
        ("the kubelets' certificates are of another CA: kubelet and metrics-server", "kubelet-cert-unknown-ca"),
        ("the CSRs of the new nodes stay pending", "kubelet-serving-csr-pending"),
        ("somebody has to approve the CSRs", "kubelet-serving-csr-pending"),
        ("without kubelet-csr-approver nothing works", "kubelet-serving-csr-pending"),
        ("such CSRs cannot be automatically approved", "kubelet-serving-csr-pending"),
        ("every CSR is denied by the approver", "kubelet-serving-csr-denied"),
        ("the kubelet certificate /var/lib/kubelet/pki/kubelet.crt is about to expire", "kubelet-cert-expiring"),
        ("the kubelet certificate has not been rotated", "kubelet-cert-expiring"),
        ("the kubelet self-signs its certificate", "kubelet-cert-unknown-ca"),
        ("the kubelet's serving certificate had expired", "kubelet-cert-expired"),
        ("kubelet certificates that are about to expire", "kubelet-cert-expiring"),
        ("port 10250 still serves the old certificate", "kubelet-cert-not-reloaded"),
        ("pods cannot resolve the hostnames of nodes", "node-address-dns-unresolvable"),
        ("node names are not resolvable from pods", "node-address-dns-unresolvable"),
        ("some nodes have no InternalIP", "node-address-type-missing"),
        ("every node has the InternalIP 10.0.2.15", "node-wrong-internal-ip"),
        ("setting --node-ip for each of them helped", "node-wrong-internal-ip"),
        ("port 10250 was not open between the workers", "node-unreachable-timeout"),
        ("disabling firewalld on the nodes helped", "node-firewall-reject"),
        ("it goes on for minutes after a node was terminated", "node-terminated-still-listed"),
        ("it is about spot instances", "node-terminated-still-listed"),
        ("the kubelet on that worker was stopped", "kubelet-down"),
        ("we set --read-only-port=0 everywhere", "kubelet-read-only-port-10255"),
        ("/stats/summary takes 40 seconds on these machines", "kubelet-slow-response"),
        ("it needs --authentication-token-webhook", "kubelet-webhook-unauthorized-401"),
        ("the ClusterRole lacks nodes/metrics", "kubelet-rbac-forbidden-403"),
        ("it now asks for nodes/metrics instead of nodes/stats", "rbac-image-version-skew"),
        ("the kubelet cannot reach the API server", "kubelet-cannot-reach-apiserver-webhook"),
        ("the kubelets allow unauthenticated access", "kubelet-anonymous-enabled"),
        ("kubelet --authorization-mode=AlwaysAllow", "kubelet-authz-always-allow"),
        ("on Fargate the pod and its kubelet have the same IP", "port-conflict-10250-fargate"),
        ("the clocks of the nodes were out of sync", "clock-skew"),
        ("metrics-server has TLS errors with two of the nodes", "kubelet-cert-san-missing-ip"),
        ("our agent cannot verify the certificate of its kubelet", "kubelet-cert-san-missing-ip"),
        ("the kubelet's self-signed certificate is never renewed", "kubelet-cert-expired"),
        ("I did not see that the kubelet certificate was renewed", "kubelet-cert-expiring"),
        ("each worker had to be put into /etc/hosts", "node-address-dns-unresolvable"),
        ("it assumes that it can resolve the node names", "node-address-dns-unresolvable"),
        ('KUBELET_EXTRA_ARGS="--node-ip=192.168.1.2"', "node-wrong-internal-ip"),
        ("the masters have to be able to reach 10250 on the workers", "node-unreachable-timeout"),
        ("the kubelet answers 401 since it is up again", "kubelet-webhook-unauthorized-401"),
        ("the kubelet's certificate lacks serverAuth", "kubelet-cert-key-usage"),
    ],
)
def test_a_sentence_alone_is_answered_as_what_it_may_be(sentence: str, first: str) -> None:
    matches = explain(read([sentence]), INDEX).matches

    assert [match.id for match in matches][:1] == [first]
    assert {match.confidence for match in matches} == {Confidence.POSSIBLE}


@pytest.mark.parametrize(
    "sentence",
    [
        "the kubelet listens on 10250",
        "port 10250 is open on every node",
        "metrics-server listens on 10250",
        "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
        "the certificate is valid for both names and both addresses",
        "time to upgrade the nodes",
        "the CSRs were all approved and issued",
        "every node has its InternalIP and its ExternalIP",
        "the kubelet runs",
        "nodes/metrics: get",
    ],
)
def test_what_speaks_of_it_and_names_no_trouble_tells_nothing(sentence: str) -> None:
    assert ids(sentence) == []
