"""What no remedy may ever tell somebody to do.

Judged are the texts of all: those printed for every recorded cluster, and those of every check for a cluster of which
nothing is known.

The errors of this pipeline name somebody who "cannot list resource", and the port that a Service has. Who gives rights
to the one named, be it the proxy or nobody, or opens that port, opens the cluster and heals nothing.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.collect import load
from msdoctor.facts.cluster import Cluster, read_facts
from msdoctor.facts.installation import Installation
from msdoctor.judge import judge
from msdoctor.model import Blanks, Check, Remedy, those_seen

FIXTURES = Path(__file__).parents[1] / "fixtures"
CHECKS = registry.load()
NAMES = sorted(path.name for path in FIXTURES.iterdir() if (path / "bundle.json").is_file())

EVERYBODY = frozenset({"system:anonymous", "system:unauthenticated"})
# Names by which the aggregator's certificate is known in kubeadm, k3s, kops, hand-built clusters and their guides, and
# those that the API server itself goes by.
PROXIES = frozenset(
    {
        "aggregator",
        "aggregator-client",
        "apiserver",
        "apiserver-aggregator",
        "front-proxy",
        "front-proxy-ca",
        "front-proxy-client",
        "kube-aggregator",
        "kube-apiserver",
        "kubernetes",
        "system:auth-proxy",
        "system:front-proxy",
        "system:kube-aggregator",
        "system:kube-apiserver",
    }
)
SERVICE_PORT = 443

_BINDS = re.compile(r"rolebinding|set subject|\bsubjects\b", re.IGNORECASE)
_WHOM = re.compile(
    r"--(?:user|group|serviceaccount)[= ]['\"]?([\w:.@-]+)"  # kubectl create rolebinding, kubectl set subject
    r"|[\"']?\bname[\"']?\s*:\s*[\"']?([\w:.@-]+)"  # a subject of a manifest or of a patch
)
_OPENS = re.compile(
    r"\b(?:ip6?tables|nft|ufw|firewall-cmd)\b|authorize-security-group|firewall-rules|nsg rule|networkpolic",
    re.IGNORECASE,
)
_PROSE_GIVES = re.compile(
    r"\b(?:bind|give|grant|allow|let)\b[^.;]*?(system:(?:anonymous|unauthenticated))", re.IGNORECASE
)
_PROSE_OPENS = re.compile(r"\b(?:open|allow|let through)\b[^.;]*?\b(?:port|tcp)\b[ /:]*443\b", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\d.])443(?![\d.]*\d)")


def objections(remedy: Remedy, proxies: frozenset[str] = PROXIES, pod_port: int = 10250) -> list[str]:
    """What is to be said against a remedy; nothing against a good one."""
    found = []
    for text in (*remedy.commands, *remedy.undo):
        if _BINDS.search(text):
            whom = {
                name.rpartition(":")[2] if ":" in name and not name.startswith("system:") else name
                for match in _WHOM.findall(text)
                for name in match
                if name
            }
            found += [f"gives rights to {name}: {text}" for name in sorted(whom & (EVERYBODY | proxies))]
        if _OPENS.search(text) and _NUMBER.search(text) and pod_port != SERVICE_PORT:
            found.append(f"opens the Service's port: {text}")
    if _PROSE_GIVES.search(remedy.advice):
        found.append(f"gives rights to everybody: {remedy.advice}")
    if _PROSE_OPENS.search(remedy.advice) and pod_port != SERVICE_PORT:
        found.append(f"opens the Service's port: {remedy.advice}")
    return found


@cache
def _facts(name: str) -> Cluster:
    return read_facts(load(FIXTURES / name))


def printed(cluster: Cluster) -> Iterator[Remedy]:
    for outcome in judge(cluster, CHECKS):
        for finding in outcome.findings:
            yield from finding.remedies


def own_proxies(cluster: Cluster) -> frozenset[str]:
    """What this cluster's own proxy certificates are called."""
    clients = those_seen(cluster.proxy_clients)
    return PROXIES | {client.leaf.common_name for client in clients}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_no_remedy_for_an_unknown_cluster_opens_it(check: Check) -> None:
    assert [objection for remedy in check.advise(Blanks()) for objection in objections(remedy)] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_remedy_that_is_printed_for_a_recorded_cluster_opens_it(name: str) -> None:
    cluster = _facts(name)
    port = cluster.installation.secure_port if isinstance(cluster.installation, Installation) else 10250
    proxies = own_proxies(cluster)

    assert [text for remedy in printed(cluster) for text in objections(remedy, proxies, port)] == []


def test_there_are_remedies_that_bind_and_remedies_that_open_to_be_judged() -> None:
    texts = [text for check in CHECKS for remedy in check.advise(Blanks()) for text in remedy.commands]

    assert any(_BINDS.search(text) for text in texts)
    assert any(_OPENS.search(text) for text in texts)


@pytest.mark.parametrize(
    "command",
    [
        "kubectl create clusterrolebinding x --clusterrole=view --user=front-proxy-client",
        "kubectl create clusterrolebinding x --clusterrole=cluster-admin --user system:anonymous",
        "kubectl create rolebinding x -n kube-system --role=r --group=system:unauthenticated",
        "kubectl set subject clusterrolebinding system:metrics-server --user='aggregator'",
        """kubectl patch clusterrolebinding x -p '{"subjects":[{"kind":"User","name":"kube-apiserver"}]}'""",
        "echo 'kind: ClusterRoleBinding\\nsubjects: [{kind: User, name: system:kube-aggregator}]' | kubectl apply -f -",
        "iptables -I INPUT -p tcp --dport 443 -j ACCEPT",
        "ufw allow 443/tcp",
        "aws ec2 authorize-security-group-ingress --group-id sg-1 --protocol tcp --port 443 --source-group sg-2",
        "gcloud compute firewall-rules create x --allow=tcp:443 --source-ranges=10.0.0.0/28",
    ],
)  # fmt: skip
def test_a_command_that_opens_the_cluster_is_objected_to(command: str) -> None:
    assert objections(Remedy("Do it.", (command,)))


@pytest.mark.parametrize(
    "advice",
    ["Grant view to system:anonymous.", "Open port 443 of the nodes in the security group.", "Let through tcp/443."],
)
def test_advice_that_opens_the_cluster_is_objected_to(advice: str) -> None:
    assert objections(Remedy(advice, ("kubectl top nodes",)))


@pytest.mark.parametrize(
    "command",
    [
        "kubectl create clusterrolebinding m --clusterrole=m --serviceaccount=kube-system:metrics-server",
        "kubectl create clusterrolebinding x --clusterrole=view --user=jane",
        "iptables -I INPUT -p tcp --dport 10250 -j ACCEPT",
        "iptables -I INPUT -s 192.0.2.44 -p tcp --dport 10250 -j ACCEPT",
        "kubectl get --raw https://192.0.2.1:443/apis",
    ],
)
def test_a_command_that_does_not_is_not(command: str) -> None:
    assert objections(Remedy("Do it.", (command,))) == []


def test_the_service_port_may_be_opened_where_it_is_the_pods_too() -> None:
    remedy = Remedy("Open it.", ("iptables -I INPUT -p tcp --dport 443 -j ACCEPT",))

    assert objections(remedy, pod_port=443) == []


def test_a_clusters_own_name_for_its_proxy_counts() -> None:
    remedy = Remedy("Do it.", ("kubectl create clusterrolebinding x --clusterrole=view --user=my-proxy",))

    assert objections(remedy) == []
    assert objections(remedy, PROXIES | {"my-proxy"})
