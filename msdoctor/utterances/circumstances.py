"""What a paste shows of its cluster beside any error: whose it is, how old, what was done to it just before.

None of it is an error, and none names a cause. Where an error leaves several open, it puts them in another order: a
name of a node that only one platform gives, a version, a variable that only matters to one of them.

Sources: the names that platforms give to nodes and API servers (EKS and its Fargate, GKE, AKS); kubectl pkg/cmd/version
and its output to 1.27; the systems whose systemd mounts cgroup v2 by itself; Go's golang.org/x/net/http/httpproxy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msdoctor.utterances.errors import Circumstance

_ROW_OF_POD = r"^\s*(?:[a-z0-9-]{1,63}\s{1,40})?metrics-server-[a-z0-9-]{1,100}\s{1,40}"
_AND_ITS_AGE = r"\s{1,40}\S{1,60}\s{1,40}\d{1,9}(?: \(\S{1,14} ago\))?\s{1,40}\d\w{1,14}"
# What is told of each pod that it is said of; all else is told once.
OF_ONE_POD = ("a pod", "a made pod", "a deleted pod", "an image that is there")

# Texts, which re compiles and keeps when first needed; upper and lower case are one.
_SIGNS = (
    ("fargate", r"\bfargate\b"),
    ("EKS", r"\.eks\.amazonaws\.com|-eks-[0-9a-f]{6,10}\b|\bEKS\b"),
    ("GKE", r"-gke\.\d|\bgke-[\w-]{3,60}|\bGKE\b"),
    ("AKS", r"\baks-\w{1,12}-\d{6,10}-|\.azmk8s\.io|\bAKS\b"),
    ("a firewall", r"\bfirewall|security group|\bprivate cluster\b"),
    (
        "a network policy",
        r"(?<!no )(?<!without )\bnetwork[ -]?polic(?:y|ies)\b|\bGlobalNetworkPolicy\b|\bprofile\W{1,4}cis\b",
    ),
    ("a tunnel", r"konnectivity|tunnelfront|\baks-link\b"),
    (
        "an HTTP proxy",
        (
            r"\bhttps?_proxy\b|\bno_proxy\b|\b(?:https?|corporate|company|squid|forward|enterprise) prox(?:y|ies)\b"
            r"|\bbehind (?:an? |the |our )?(?:\w{1,20} )?proxy\b|\bproxy (?:network|option|settings?|environment)\b"
        ),
    ),
    ("one machine", r"\bminikube\b|\bdocker[- ]desktop\b|\bk3d\b|\bkind-control-plane\b|\brancher[- ]desktop\b"),
    (
        "a cluster of one's own",
        r"\b(?:kubeadm|microk8s|k3s|rke2?|k0s|kubespray|kubeasz|bare[- ]?metal|on-prem\w{0,8})\b",
    ),
    ("a log of all in one", r"\b(?:k3s|kubelite)\[\d{1,10}\]:"),
    ("prometheus-adapter", r"\bprometheus[- ]adapter\b"),
    ("Windows", r"\bWindows\b|\bakswin\w{3,20}"),
    (
        "cgroup v2",
        (
            r"cgroup2fs|\bcgroups? ?v2\b|\.el9[_.]|\b(?:Alma|Rocky) ?Linux (?:release )?9|\b(?:RHEL|CentOS Stream) 9"
            r"|\bUbuntu 2(?:1\.10|[2-9]\.)|\bDebian GNU/Linux 1[1-9]|\bFedora (?:Linux )?(?:3[1-9]|4\d)"
        ),
    ),
    (
        "just installed",
        (
            r"\benabled? (?:the )?['\"]?metrics-server|(?:apiservice\S{0,60}/v1beta1\.metrics\.k8s\.io"
            r"|deployment\S{0,20}/metrics-server) (?:created|configured)\b|'metrics-server' addon is enabled"
            # k3s and RKE2 pkg/deploy/controller.go, at each of their starts
            r"|Appl(?:ied|ying) manifest at \S{1,200}metrics-server"
        ),
    ),
    (
        "just removed",
        (
            r"\b(?:(?:disabl|uninstall)(?:e|ed|ing)?|already (?:removed|deleted))"
            r" (?:the )?['\"]?metrics[- ]server"
            r"|/v1beta1\.metrics\.k8s\.io\"? deleted\b"
        ),
    ),
    ("Heapster elsewhere", r"^\s*(?!kube-system\s)[a-z0-9-]{1,63}\s+heapster-\S{1,100}\s+\d+/\d+\s"),
    # what puts a container of its own into others' pods
    ("a sidecar", r"\bsidecars?\b|\bside-cars?\b|\b(?:envoy|istio|linkerd|dapr|consul connect|service mesh|appmesh)\b"),
    # kubelet pkg/apis/stats/v1alpha1/types.go: of pods, not of the node
    ("containers' figures", r"\"(?:containers|podRef|rootfs)\":"),
    ("kubectl top", r"\bkubectl(?:\.exe)? top\b"),
    # kubectl get apiservice: as long as it lists no endpoint, nothing is asked of metrics-server, and then it was asked
    ("registered", r"^\s*v1beta1\.metrics\.k8s\.io\s+(?:Local|\S+/\S+)\s+(?:True|False)\b"),
    ("registered as its own", r"^\s*v1beta1\.metrics\.k8s\.io\s+Local\s+True\b"),
    ("asked in vain", r"^\s*v1beta1\.metrics\.k8s\.io\s+\S+/\S+\s+False \(FailedDiscoveryCheck\)"),
    (
        "nobody to ask",
        (
            r"^\s*v1beta1\.metrics\.k8s\.io\s+\S+/\S+\s+False \((?:MissingEndpoints|EndpointsNotFound)\)"
            r"|\bmetrics-server-[\w.-]{1,200}\s{1,40}0/\d{1,2}\s{1,20}[A-Z]"
            r"|\bmetrics-server\S{0,60}\W{1,40}(?:\w{1,20} ){0,4}(?:CrashLoopBackOff|ImagePullBackOff|ErrImagePull)\b"
        ),
    ),
    # kubectl pkg/cmd/top/top_pod.go; the first figures come minutes after a start
    ("a young pod", r"\bMetrics not available for pod \S{1,510}, age: (?:\d{1,2}\.|\d{1,2}s|[1-9]m\d)"),
    # as people say it, in the languages that reports are written in
    (
        "said to be missing",
        (
            r"\b(?:missing|lacks?|without(?: a| the)?) metrics-server\b"
            r"|\b(?:did|do|have|has)(?:n't| not) (?:install|deploy)(?:ed)? (?:the |a )?metrics-server\b"
            r"|metrics-server (?:is|was|has|had)(?:n't| not) (?:been )?(?:installed|deployed)\b"
            r"|(?:没有|未|缺少|尚未|沒有)(?:安装|部署|安裝)?\s?metrics-server"
            r"|metrics-server\s?(?:没有|未|尚未|沒有)(?:安装|部署|安裝)"
            r"|metrics-server\s?[がをは]\s?(?:インストール|導入|デプロイ)\w{0,6}(?:ない|ません)"
            r"|metrics-server\s?[가이를은는]?\s?(?:설치되어 있지|설치되지|설치하지)"
        ),
    ),
    ("a node down", r"^\s*\S{1,253}\s+NotReady\b"),
    # kubectl pkg/metricsutil/metrics_printer.go
    ("nodes' figures", r"\b[1-9]\d{0,8}m\s{1,40}\d{1,6}%\s{1,40}[1-9]\d{0,9}Mi \s{1,40}\d{1,6}%"),
    # kubectl get pods: it has no figures any more
    (
        "an ended pod",
        (
            r"^\s*(?:[a-z0-9-]{1,63}\s{1,40})?(?!metrics-server)[a-z0-9][\w.-]{0,252}\s{1,90}0/\d{1,2}"
            r"\s{1,40}(?:Completed|Succeeded)\s"
        ),
    ),
    # client-go tools/cache/reflector.go, whose watches begin where a list ended; golang.org/x/net/http2
    (
        "reached before",
        r"\bresourceVersion=[1-9]\d{0,20}&\S{0,300}\bwatch=true\b|server sent GOAWAY and closed the connection",
    ),
    # kubectl get pods and kubectl describe pod, which nodes have no such row in
    ("a pod", rf"{_ROW_OF_POD}\d{{1,2}}/\d{{1,2}}(?:{_AND_ITS_AGE})?"),
    # rows of kubectl get events: the replica set's, and the kubelet's
    ("a made pod", r"\bCreated pod: metrics-server-[a-z0-9-]{1,100}"),
    (
        "a deleted pod",
        (
            r"\bDeleted pod: metrics-server-[a-z0-9-]{1,100}"
            r"|\bKilling\s{1,40}pod/metrics-server-[a-z0-9-]{1,100}\s{1,40}Stopping container\b"
        ),
    ),
    (
        "an image that is there",
        (
            r"(?:^|\s)[\dhmsd]{2,14}\s{1,40}Normal\s{1,40}(?:Pulled|Started)\s{1,40}pod/metrics-server-[a-z0-9-]{1,100}"
            # of kubectl describe, whose pod is named above
            r"|^\s*Normal\s{1,40}(?:Pulled|Started)\s{1,40}[\dhmsd]{2,14}\s.{1,100}\bmetrics-server\b"
        ),
    ),
    ("a pending pod", rf"{_ROW_OF_POD}\d{{1,2}}/\d{{1,2}}\s{{1,40}}Pending\b|^\s*Status:\s{{1,40}}Pending\b"),
    ("a ready pod", rf"{_ROW_OF_POD}(\d{{1,2}})/\1\s{{1,40}}Running\b|^\s*ContainersReady\s{{1,40}}True\b"),
    ("an unready pod", rf"{_ROW_OF_POD}(?!(\d{{1,2}})/\1\s)\d{{1,2}}/\d|^\s*ContainersReady\s{{1,40}}False\b"),
)

# Of what a sign fits there is at least one of these in the line, in lower case: most signs need not be compiled then.
_WORDS = {
    "fargate": ("fargate",),
    "EKS": ("eks",),
    "GKE": ("gke",),
    "AKS": ("aks", "azmk8s"),
    "a firewall": ("firewall", "security group", "private cluster"),
    "a network policy": ("polic", "cis"),
    "a tunnel": ("konnectivity", "tunnelfront", "aks-link"),
    "an HTTP proxy": ("prox",),
    "one machine": ("minikube", "docker", "k3d", "kind-control-plane", "rancher"),
    "registered": ("v1beta1.metrics.k8s.io",),
    "registered as its own": ("v1beta1.metrics.k8s.io",),
    "asked in vain": ("faileddiscoverycheck",),
    "nobody to ask": ("missingendpoints", "endpointsnotfound", "0/", "backoff", "errimagepull"),
    "a cluster of one's own": (
        "kubeadm",
        "microk8s",
        "k3s",
        "rke",
        "k0s",
        "kubespray",
        "kubeasz",
        "bare",
        "on-prem",
    ),
    "a log of all in one": ("]:",),
    "Windows": ("windows", "akswin"),
    "prometheus-adapter": ("adapter",),
    "cgroup v2": ("cgroup", ".el9", "linux", "rhel", "centos", "ubuntu", "fedora"),
    "just installed": ("enable", "metrics-server", "v1beta1.metrics"),
    "just removed": ("disabl", "uninstall", "removed", "deleted"),
    "Heapster elsewhere": ("heapster",),
    "a sidecar": ("sidecar", "side-car", "envoy", "istio", "linkerd", "dapr", "consul", "mesh"),
    "containers' figures": ("containers", "podref", "rootfs"),
    "kubectl top": ("kubectl",),
    "a young pod": (", age: ",),
    "said to be missing": ("metrics-server",),
    "a node down": ("notready",),
    "nodes' figures": ("mi ",),
    "an ended pod": ("completed", "succeeded"),
    "reached before": ("resourceversion=", "goaway"),
    "a pod": ("metrics-server-",),
    "a made pod": ("created pod: ",),
    "a deleted pod": ("deleted pod: ", "stopping container"),
    "an image that is there": ("metrics-server",),
    "a pending pod": ("pending",),
    "a ready pod": ("metrics-server-", "containersready"),
    "an unready pod": ("metrics-server-", "containersready"),
}

# kubectl --v=8 prints its requests' headers
_CLIENT = r"(?:Client Version: (?:version\.Info\{Major:\"1\", Minor:\"|v1\.)|User-Agent: kubectl/v1\.)(\d{1,2})"
_SERVER = (
    r"(?:Server Version: version\.Info\{Major:\"1\", Minor:\""
    r"|\b(?:k8s|kubernetes|cluster|EKS|GKE|AKS|minikube|Server)\W{1,5}(?:(?:version|running|is|on|with|to)\W{1,5}){0,3}"
    r"v?1\.)(\d{1,2})\b"
)
_ASKED_HEAPSTER_IN_NEED = range(10, 20)
"""Minor versions of kubectl that ask Heapster where no metrics API is registered; those before always do."""
_FIRST_LATE_BETA = 12
_LAST_LATE_BETA = 25


def circumstances_in(text: str) -> Iterator[Circumstance]:
    """What a line shows of the cluster."""
    lower = text.lower()
    for what, sign in _SIGNS:
        if what in _WORDS and not any(word in lower for word in _WORDS[what]):
            continue
        shown = re.search(sign, text, re.IGNORECASE)
        if shown is not None:
            yield Circumstance(what, shown[0].strip())
    if "1" in text:
        for version in re.finditer(_CLIENT, text):
            yield Circumstance(_client(int(version[1])), version[0].strip())
        for version in re.finditer(_SERVER, text, re.IGNORECASE):
            yield Circumstance(_server(int(version[1])), version[0].strip())


def _client(minor: int) -> str:
    if minor in _ASKED_HEAPSTER_IN_NEED:
        return "kubectl of 1.10 to 1.19"
    return "kubectl of before 1.10" if minor < _ASKED_HEAPSTER_IN_NEED.start else "kubectl of today"


def _server(minor: int) -> str:
    if minor < _FIRST_LATE_BETA:
        return "a server of before 1.12"
    return "a server of after 1.25" if minor > _LAST_LATE_BETA else "a server of 1.12 to 1.25"
