"""What a paste shows of its cluster is seen in each of its wordings."""

import re
from collections.abc import Collection
from re import _constants, _parser  # type: ignore[attr-defined]  # how Python itself understands a pattern
from typing import Any

import pytest

from msdoctor.utterances.circumstances import _SIGNS, _WORDS, circumstances_in


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("fargate-ip-10-0-1-2.ec2.internal   Ready", "fargate"),
        ("server: https://0A1B.gr7.eu-west-1.EKS.amazonaws.com", "EKS"),
        ("v1.21.5-eks-bc4871b", "EKS"),
        ("our EKS cluster", "EKS"),
        ("v1.21.5-gke.1302", "GKE"),
        ("gke-prod-pool-1-0a1b2c3d-x1y2", "GKE"),
        ("on GKE", "GKE"),
        ("aks-nodepool1-12345678-vmss000000", "AKS"),
        ("https://x.hcp.westeurope.azmk8s.io:443", "AKS"),
        ("on aks", "AKS"),
        ("the Firewall is open", "a firewall"),
        ("a Security Group", "a firewall"),
        ("a private cluster", "a firewall"),
        ("konnectivity-agent-0", "a tunnel"),
        ("tunnelfront-0", "a tunnel"),
        ("aks-link-0", "a tunnel"),
        ("HTTPS_PROXY=http://p", "an HTTP proxy"),
        ("no_proxy=10.0.0.0/8", "an HTTP proxy"),
        ("Windows Server 2019", "Windows"),
        ("akswin000001", "Windows"),
        ("cgroup2fs", "cgroup v2"),
        ("cgroups v2", "cgroup v2"),
        ("5.14.0-70.el9.x86_64", "cgroup v2"),
        ("Rocky Linux 9", "cgroup v2"),
        ("AlmaLinux 9", "cgroup v2"),
        ("RHEL 9", "cgroup v2"),
        ("CentOS Stream 9", "cgroup v2"),
        ("Ubuntu 22.04", "cgroup v2"),
        ("Debian GNU/Linux 12", "cgroup v2"),
        ("Fedora 38", "cgroup v2"),
        ("minikube addons enable metrics-server", "just installed"),
        ("apiservice.apiregistration.k8s.io/v1beta1.metrics.k8s.io created", "just installed"),
        ("deployment.apps/metrics-server configured", "just installed"),
        ("* The 'metrics-server' addon is enabled", "just installed"),
        ("minikube addons disable metrics-server", "just removed"),
        ("after uninstalling metrics-server", "just removed"),
        ("profile: cis", "a network policy"),
        ('apiservice.apiregistration.k8s.io/v1beta1.metrics.k8s.io" deleted', "just removed"),
        ("monitoring   heapster-5c448886d-x1y2z   1/1   Running", "Heapster elsewhere"),
        ("k8s-node1   NotReady   <none>   3d", "a node down"),
        ("edge-001     76m          1%     343Mi           19%", "nodes' figures"),
        ("backup-29   0/1     Completed   0          5h50m", "an ended pod"),
        ("jobs        backup-29   0/2     Succeeded   0          5h50m", "an ended pod"),
        ("/api/v1/pods?resourceVersion=85&timeoutSeconds=395&watch=true: dial tcp", "reached before"),
        ("http2: server sent GOAWAY and closed the connection; LastStreamID=15", "reached before"),
        ("the namespace has Istio", "a sidecar"),
        ("injected as a sidecar", "a sidecar"),
        ('Client Version: version.Info{Major:"1", Minor:"18"', "kubectl of 1.10 to 1.19"),
        ("Client Version: v1.27.1", "kubectl of today"),
        ('Server Version: version.Info{Major:"1", Minor:"11"', "a server of before 1.12"),
        ("k8s version: 1.20", "a server of 1.12 to 1.25"),
        ("Kubernetes is running v1.28", "a server of after 1.25"),
        ("minikube 1.29", "a server of after 1.25"),
    ],
)
def test_each_wording_is_seen_in_either_case(line: str, what: str) -> None:
    assert what in [circumstance.what for circumstance in circumstances_in(line)]


def test_a_line_of_the_pipeline_itself_shows_nothing() -> None:
    line = 'E0217 15:14:01.123456 1 scraper.go:139] "Failed to scrape node" err="x509: is valid for a, not b"'

    assert list(circumstances_in(line)) == []


@pytest.mark.parametrize(("what", "sign"), [pair for pair in _SIGNS if pair[0] in _WORDS])
def test_no_sign_is_missed_for_want_of_a_word(what: str, sign: str) -> None:
    assert must_have(parse_pattern(sign), _WORDS[what])


def parse_pattern(pattern: str) -> Any:
    """A pattern as Python itself understands it."""
    return _parser.parse(pattern, re.IGNORECASE)


def must_have(parsed: Any, words: Collection[str]) -> bool:
    """Whether every text that a parsed pattern fits has one of the words in it."""
    run = ""
    for kind, value in parsed:
        run = run + chr(value).lower() if kind is _constants.LITERAL else ""
        if any(run.endswith(word) for word in words):
            return True
        if kind is _constants.BRANCH and all(must_have(branch, words) for branch in value[1]):
            return True
        if kind is _constants.SUBPATTERN and must_have(value[-1], words):
            return True
        if kind is _constants.MAX_REPEAT and value[0] > 0 and must_have(value[2], words):
            return True
    return False


def test_a_word_that_only_one_alternative_has_is_not_enough() -> None:
    assert must_have(_parser.parse("(?:on )?(?:eks|gke)-x"), ["eks", "gke"])
    assert not must_have(_parser.parse("(?:on )?(?:eks|gke)-x"), ["on", "eks"])
