"""Which connection an error is about, and what was wrapped around it.

A wrapper either names the connection (``Get "URL"``, ``bad status from URL``, ``unable to fetch metrics from Kubelet N
(A)``) or says what was being done; the latter are kept as ``outer``. Sources: net/url ``Error.Error`` (URLs unquoted to
Go 1.13, quoted from 1.14), metrics-server pkg/scraper and pkg/sources, kube-aggregator, apiserver ``union.go``.
"""

from __future__ import annotations

import re
from dataclasses import replace

from msdoctor.model import Hop
from msdoctor.utterances import Connection, Speaker, errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.hops import OF_A_HANDSHAKE, authority, hop_of, is_refusal, says
from msdoctor.utterances.prefixes import announces

# An authority may be redacted, as <node>:<port> or <node>.<region>.compute.internal.
_URL = (
    r"https?://(?:[\w.:-]{0,60}(?:<[\w .-]{1,40}>|\[[A-Za-z_ -]{1,40}\])){0,8}"
    r"[^\s\"'\\<>)}\]]{0,40}(?:\][^\s\"'\\<>)}\]]{0,20})?[^\s\"'\\<>)}\],]{0,2000}"
)
_NODE = r"(?:from node |from Kubelet |source kubelet_summary:)([\w.<>*-]{1,253})(?: ?\(([^)]{1,253})\))?"
# Patterns as texts, which re compiles and keeps when first needed: `explain` has to start fast.
# What nobody but metrics-server says of an answer (pkg/scraper/client, to 0.3 pkg/sources/summary)
_OF_A_SCRAPER = ("request failed, status: ", "request failed - ", "bad status code ")
_MOST_CONTEXT = 2000  # what stands further before an error than this is not about it

_OF_A_CONNECTION = (
    r"^(?:(?:Get|Post|Put|Head|Patch|Delete) \S{0,2000}|tls|[xX]509"
    r"|failed to verify certificate|dial tcp[46]?|error|err)$"
)


def split_wrappers(text: str) -> tuple[str, ...]:
    """The wrappers of a ``%w`` chain, outermost first, without those that only name the connection, or announce it."""
    parts = (part.strip(" \t\n\"'`[],") for part in text[-_MOST_CONTEXT:].split(": "))
    return tuple(
        _without_url(part) for part in parts if part and not re.match(_OF_A_CONNECTION, part) and not announces(part)
    )


def _without_url(part: str) -> str:
    return re.sub(_URL, "", part).rstrip(" :\"'") if "://" in part else part


def connection_of(
    context: str,
    error: InnermostError,
    error_text: str,
    speaker: Speaker,
    node: str,
    outer: tuple[str, ...],
    record: str = "",
) -> Connection:
    """The connection that an error is about.

    ``context`` stands before it, ``error_text`` is the error as printed, ``record`` all that was said with it.
    """
    url = _of_pool(error_text) or _last_url(context, error_text) or _tried(record) or _cut_url(context)
    named, named_address = (re.findall(_NODE, context[-_MOST_CONTEXT:]) or [("", "")])[-1]
    address = authority(url) or getattr(error, "address", "") or named_address
    api = _api_of(context[-_MOST_CONTEXT:] + error_text) or _api_of(record[:_MOST_CONTEXT])
    if not api and isinstance(error, OF_ANY_APISERVICE):
        api = _other_group(context[-_MOST_CONTEXT:] + error_text + record[:_MOST_CONTEXT])
    if not api and isinstance(error, errors.HTTPStatus):
        api = _other_group(url)
    if not api:
        api = _api_of_service(error) or _OTHERS_PORTS.get(address.rpartition(":")[2], "")
    where = Connection(url=url, address=address, node=node or named, api=api)
    if says(outer, _WITHIN_THE_TUNNEL):
        return replace(where, hop=Hop.C, api="tunnel")
    if isinstance(error, errors.HTTPStatus) and '"' in error_text and error_text.startswith(_OF_A_SCRAPER):
        return replace(where, hop=Hop.F if is_refusal(error) else Hop.E)
    if isinstance(error, errors.Dial) and _is_aside(error.address, authority(url)) and "proxyconnect" not in context:
        return replace(where, hop=Hop.C, api="tunnel")
    if not url and context.endswith(_OF_A_PROXIED) and isinstance(error, OF_A_HANDSHAKE):
        return replace(where, hop=Hop.C)
    if context.endswith(_OF_A_PROXIED) and _INSTEAD_OF_A_DOCUMENT in record:
        return replace(where, hop=Hop.C)
    return replace(where, hop=hop_of(where, error, speaker, outer))


def _of_pool(error_text: str) -> str:
    """What was asked for, of which urllib3 names server and path apart (connectionpool.py)."""
    asked = re.match(
        r"HTTPS?ConnectionPool\(host='([^'\s]{1,253})', port=(\d{1,5})\): (?:[\w ]{1,40}: (/\S{0,2000}))?", error_text
    )
    return f"https://{asked[1]}:{asked[2]}{asked[3] or '/'}" if asked else ""


# apiserver-network-proxy pkg/agent/clientset.go and pkg/server/server.go, of its agents' way to its server
_WITHIN_THE_TUNNEL = ("cannot connect once", "Failed to validate authentication token")


def _is_aside(dialled: str, asked: str) -> bool:
    """Whether another port of the same host was dialled than was asked for: the near end of an egress tunnel.

    apiserver pkg/server/egressselector; one that is to go through an HTTP proxy is said to be (net/http transport.go).
    """
    host, _, port = dialled.rpartition(":")
    return host in ("127.0.0.1", "[::1]") and ":" in asked and not asked.endswith(f":{port}")


# apimachinery pkg/util/proxy/transport.go, of a server that it was to pass a request to; what it tried may be left out
_OF_A_PROXIED = "Error: '"
# kube-aggregator pkg/controllers/openapi
_INSTEAD_OF_A_DOCUMENT = f"Body: {_OF_A_PROXIED}"


_API = (
    r"(?:(custom|external)\.)?metrics\.k8s\.io|(custom|external) metrics API|(Pods|Object|External)Metric\b"
    # not the paths of its own sources, in its own log, nor names that hold its own
    r"|(\bhttps?:heapster|(?<![/:])\bheapster\b(?![.-]|/metrics/)|/apis/metrics/v1alpha1)"
)
# A group in a URL, in an APIService's name, or in a list of groups.
_GROUP = (
    r"/apis/([a-z0-9.-]{1,200})/v\d|\bv\d\w{0,12}\.([a-z][a-z0-9-]{0,60}(?:\.[a-z][a-z0-9-]{0,60}){1,6})"
    r"|\b([a-z][a-z0-9.-]{1,200})/v\d"
)
# What is said of the APIService of any aggregated server.
OF_ANY_APISERVICE = (
    errors.NoResponse,
    errors.DiscoveryFailed,
    errors.EmptyDiscovery,
    errors.OpenAPIUnread,
    errors.NoEndpoints,
    errors.ServiceAbsent,
    errors.ServiceUnavailable,
    errors.ResourceNotFound,
    errors.Dial,
    errors.DeadlineExceeded,
    errors.UnknownAuthority,
    errors.NotValidFor,
)


# Where others serve metrics of their own (kubernetes pkg/cluster/ports/ports.go, node_exporter, coredns)
_OTHERS_PORTS = {
    "4194": "cAdvisor",
    "9100": "node-exporter",
    "9153": "CoreDNS",
    "10249": "kube-proxy",
    "10256": "kube-proxy",
    "10251": "kube-scheduler",
    "10259": "kube-scheduler",
    "10252": "kube-controller-manager",
    "10257": "kube-controller-manager",
}
_OF_NO_GROUP = ("metrics.k8s.io", ".svc", ".local", ".go")
# kubernetes pkg/controlplane/instance.go, and those of aggregation and of CRDs
_KUBERNETES_OWN = frozenset(
    f"{name}.k8s.io"
    for name in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "auditregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "imagepolicy",
        "internal.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "settings",
        "storage",
        "storagemigration",
    )
)


def _other_group(text: str) -> str:
    """The API group of an aggregated server that has nothing to do with metrics; empty for Kubernetes' own groups."""
    for match in re.finditer(_GROUP, text):
        group = match[1] or match[2] or match[3] or ""
        if "." in group and group not in _KUBERNETES_OWN and not group.endswith(_OF_NO_GROUP):
            return group
    return ""


def _api_of_service(error: InnermostError) -> str:
    """The API behind a Service that is named, for those that only another system has, under their own names."""
    service, namespace = getattr(error, "service", ""), getattr(error, "namespace", "")
    return _APIS_OF_SERVICES.get(service, "") or _APIS_OF_SERVICES.get(f"{namespace}/{service}", "")


_APIS_OF_SERVICES = {
    "keda-metrics-apiserver": "external.metrics.k8s.io",
    "keda-operator-metrics-apiserver": "external.metrics.k8s.io",
    "datadog-cluster-agent-metrics-api": "external.metrics.k8s.io",
    "custom-metrics-apiserver": "custom.metrics.k8s.io",
    "custom-metrics-stackdriver-adapter": "custom.metrics.k8s.io",
    "kube-metrics-adapter": "custom.metrics.k8s.io",
    "knative-serving/autoscaler": "custom.metrics.k8s.io",
}


def group_asked(command: str) -> str:
    """The API group that ``kubectl get --raw PATH`` asks for; empty where that is no other group's than metrics."""
    path = re.search(_RAW, command) if "--raw" in command else None
    return _api_of(path[1]) or _other_group(path[1]) if path else ""


def others_apiservice(text: str) -> str | None:
    """The group of another system's APIService that a command asks for, or a description is of.

    Empty where it is one for metrics, and None where the text names none.
    """
    named = re.search(_APISERVICE, text) if "piservice" in text or "ame:" in text else None
    return None if named is None else _other_group(named[1])


def kubelet_asked(command: str) -> str:
    """The URL at a kubelet that a command asks for, by itself or through the API server; empty where it is none."""
    if "10250/" in command and re.search(r"\b(?:curl|wget)\b", command):
        asked = re.search(r"https://[^\s\"'/]{1,300}:10250/[^\s\"']{0,300}", command)
        return asked[0] if asked else ""
    shaken = re.search(r"s_client\b[^|]{0,200}-connect [\"']?([^\s\"':]{1,253}:10250)\b", command)
    if shaken:
        return f"https://{shaken[1]}/"
    proxied = re.search(_RAW_OF_NODE, command) if "/proxy/" in command else None
    return f"https://{proxied[1]}:10250{proxied[2]}" if proxied else ""


def group_listed(text: str) -> str:
    """The API group whose resources a list in JSON holds (metav1.APIResourceList); empty where the line names none."""
    return (_api_of(text) or _other_group(text)) if '"groupVersion":' in text else ""


# kubectl's own arguments; the head of its description, and of an object in YAML
_APISERVICE = (
    r"(?:\bapiservices?(?:\.apiregistration\.k8s\.io)?[ /]|^\s{0,8}[Nn]ame:\s{1,20})(v\d\w{0,12}\.[a-z0-9.-]{1,253})"
)
_RAW = r"\bget --raw[ =][\"']?(/\S{1,500})"
_RAW_OF_NODE = r"--raw[ =][\"']?/api/v1/nodes/([\w.<>$*{}-]{1,253})/proxy(/[^\s\"']{1,300})"
_OF_ADAPTERS = {"Pods": "custom", "Object": "custom", "External": "external"}


def _api_of(text: str) -> str:
    """The metrics API that a text speaks of. The last one: a list names each before what is said of it."""
    found = list(re.finditer(_API, text)) if "etric" in text or "heapster" in text else []
    if not found:
        return ""
    if found[-1][4]:
        return "heapster"
    adapter = found[-1][1] or found[-1][2] or _OF_ADAPTERS.get(found[-1][3], "")
    return f"{adapter}.metrics.k8s.io" if adapter else "metrics.k8s.io"


def _last_url(context: str, error_text: str) -> str:
    tail = context[-_MOST_CONTEXT:] + error_text
    if "://" not in tail:
        return ""
    urls = re.findall(_URL, tail)
    return urls[-1].rstrip(".,:;") if urls else ""


_CUT_URL = (
    r"[\s\"'\\/.]{0,9}((?:[\w.-]{0,253}:)?1025[05])?(/?(?:metrics/resource|stats/summary|stats/container)\b|/pods\b)"
)


def _cut_url(context: str) -> str:
    """The kubelet's URL that a line begins within: a copy began, or a terminal wrapped, in its middle."""
    cut = re.match(_CUT_URL, context[:_MOST_CONTEXT])
    if not cut or (cut[2] == "/pods" and not cut[1]):
        return ""
    return f"https://{(cut[1] or '').lstrip(':')}/{cut[2].lstrip('/')}"


def _tried(record: str) -> str:
    r"""The URL after an error: ``Error: 'dial tcp …'\nTrying to reach: 'URL'`` (apimachinery pkg/util/proxy)."""
    before, tries, after = record.partition("Trying to reach: '")
    return _last_url(after[:_MOST_CONTEXT], "") if tries and before else ""
