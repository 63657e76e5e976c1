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
from msdoctor.utterances.prefixes import announces

# An authority may be redacted, as <node>:<port>.
_URL = (
    r"https?://(?:<[\w .-]{1,40}>:?){0,2}[^\s\"'\\<>)}\]]{0,40}(?:\][^\s\"'\\<>)}\]]{0,20})?[^\s\"'\\<>)}\],]{0,2000}"
)
_NODE = r"(?:from node |from Kubelet |source kubelet_summary:)([\w.<>*-]{1,253})(?: ?\(([^)]{1,253})\))?"
# Words, and patterns as texts, which re compiles and keeps when first needed: `explain` has to start fast.
_SCRAPE = (
    "Failed to scrape node",
    "unable to fully scrape metrics",
    "unable to fully collect metrics",
    "unable to fetch metrics from node",
    "unable to fetch metrics from Kubelet",
    "error while getting metrics summary from Kubelet",
    # other clients of kubelets: elastic/beats metricbeat/module/kubernetes, splunk-connect-for-kubernetes
    "Metricset data",
    "title=:metric_scraper",
)
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
    url = _last_url(context, error_text) or _tried(record) or _cut_url(context)
    named, named_address = (re.findall(_NODE, context[-_MOST_CONTEXT:]) or [("", "")])[-1]
    address = _authority(url) or getattr(error, "address", "") or named_address
    api = _api_of(context[-_MOST_CONTEXT:] + error_text) or _api_of(record[:_MOST_CONTEXT])
    if not api and isinstance(error, _OF_ANY_APISERVICE):
        api = _other_group(context[-_MOST_CONTEXT:] + error_text + record[:_MOST_CONTEXT])
    if not api and isinstance(error, errors.HTTPStatus):
        api = _other_group(url)
    if not api:
        api = _api_of_service(error) or _OTHERS_PORTS.get(address.rpartition(":")[2], "")
    where = Connection(url=url, address=address, node=node or named, api=api)
    if _says(outer, _WITHIN_THE_TUNNEL):
        return replace(where, hop=Hop.C, api="tunnel")
    if isinstance(error, errors.HTTPStatus) and '"' in error_text and error_text.startswith(_OF_A_SCRAPER):
        return replace(where, hop=Hop.F if _is_refusal(error) else Hop.E)
    if isinstance(error, errors.Dial) and _is_aside(error.address, _authority(url)) and "proxyconnect" not in context:
        return replace(where, hop=Hop.C, api="tunnel")
    if not url and context.endswith(_OF_A_PROXIED) and isinstance(error, _OF_A_HANDSHAKE):
        return replace(where, hop=Hop.C)
    return replace(where, hop=hop_of(where, error, speaker, outer))


def _is_aside(dialled: str, asked: str) -> bool:
    """Whether another port of the same host was dialled than was asked for: the near end of an egress tunnel.

    apiserver pkg/server/egressselector; one that is to go through an HTTP proxy is said to be (net/http transport.go).
    """
    host, _, port = dialled.rpartition(":")
    return host in ("127.0.0.1", "[::1]") and ":" in asked and not asked.endswith(f":{port}")


# apimachinery pkg/util/proxy/transport.go, of a server that it was to pass a request to; what it tried may be left out
_OF_A_PROXIED = "Error: '"


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
_OF_ANY_APISERVICE = (
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


def group_listed(text: str) -> str:
    """The API group whose resources a list in JSON holds (metav1.APIResourceList); empty where the line names none."""
    return (_api_of(text) or _other_group(text)) if '"groupVersion":' in text else ""


_RAW = r"\bget --raw[ =][\"']?(/\S{1,500})"
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


def _authority(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def hop_of(connection: Connection, error: InnermostError, speaker: Speaker, outer: tuple[str, ...]) -> Hop | None:
    """The hop that the error is at, or None where the text does not tell."""
    if error.hop is not None:
        return error.hop
    if isinstance(error, errors.Forbidden):
        return _hop_of_refusal(error, speaker)
    if isinstance(error, errors.Unauthorized | errors.TokenExpired | errors.TokenEarly | errors.TokenInvalid):
        return _hop_of_unknown_caller(error, speaker, outer, connection.api)
    if isinstance(error, errors.HandlerTimeout):  # in another's log it was another's handler
        return Hop.X if speaker in (Speaker.API_SERVER, Speaker.KUBELET) else Hop.D
    if isinstance(error, errors.HandshakeFailed):
        return Hop.E if speaker is Speaker.KUBELET or error.kind == "no-certificate" else Hop.C
    hop = _hop_of_request(connection, error, speaker, outer) or _HOP_OF_SPEAKER.get(speaker)
    is_aggregators = getattr(error, "wants", "") and (not connection.url or connection.path.startswith("/apis/"))
    return Hop.C if hop is None and is_aggregators else hop


def _hop_of_request(
    connection: Connection, error: InnermostError, speaker: Speaker, outer: tuple[str, ...]
) -> Hop | None:
    """The hop of a request, by what was wrapped around its error, and by its path."""
    wrapped = _hop_of_wrappers(connection, error, outer)
    if wrapped is not None:
        return wrapped
    path = connection.path
    if path == _PROMETHEUS_ASKS and not connection.address.endswith(_KUBELETS_PORTS):
        return Hop.X
    if speaker is Speaker.AGGREGATOR and _is_answered(error):
        return Hop.D
    if speaker is Speaker.UNKNOWN and not outer and re.fullmatch(_ROOT_CHECK, connection.url):
        return Hop.C
    if path.startswith(_METRICS_API) or isinstance(error, errors.AbandonedRequest):
        return _hop_of_metrics_request(connection, error, speaker, outer)
    if _is_kubelets(connection, speaker) or (not connection.url and _is_scrape(connection, speaker, outer)):
        return Hop.F if _is_refusal(error) else Hop.E
    if "/subjectaccessreviews" in path or "/tokenreviews" in path:
        return _hop_of_review(error, speaker)
    if (_says(outer, _OWN_REQUESTS) or _is_own(path, speaker)) and not _says(outer, _OF_A_KUBELETS_LISTS):
        return Hop.A if isinstance(error, _OF_THE_SERVER) else Hop.D
    if isinstance(error, errors.ResourceNotFound) and not error.request and _says(outer, _OF_A_SCALE):
        return Hop.H
    return _hop_of_answer(connection, error, speaker, outer)


def _hop_of_review(error: InnermostError, speaker: Speaker) -> Hop:
    """The API server is asked of a caller, so a certificate that is objected to is its own, and no caller's."""
    if speaker is Speaker.KUBELET:
        return Hop.A if isinstance(error, errors.Expired | errors.NotYetValid) else Hop.F
    return Hop.A if isinstance(error, _OF_THE_SERVER) else Hop.D


def _hop_of_wrappers(connection: Connection, error: InnermostError, outer: tuple[str, ...]) -> Hop | None:
    if connection.api == "heapster" or _says(outer, _AT_ALL):
        return Hop.A
    if _says(outer, _PROMETHEUS):
        return Hop.X
    if _says(outer, _OF_ITS_AUTHORIZER) and connection.api == "metrics.k8s.io":
        return Hop.D
    if _says(outer, _OF_ITS_AUTHORIZER) and isinstance(error, errors.ResourceNotFound):
        return Hop.D  # the API of reviews: whatever a server serves itself it answers with 404
    if _says(outer, _TO_A_KUBELET) and (isinstance(error, _OF_A_HANDSHAKE) or _is_refused_by_node(connection, error)):
        return Hop.E
    if _says(outer, _OF_THE_RUNTIME):
        return Hop.G
    if _says(outer, _OF_K3S_TUNNEL):
        # its kubelets it asks at their loopback address, pods at theirs, by default of this range
        return Hop.C if connection.address.startswith("10.42.") else Hop.E
    return Hop.C if _says(outer, _TUNNEL) else None


def _hop_of_answer(
    connection: Connection, error: InnermostError, speaker: Speaker, outer: tuple[str, ...]
) -> Hop | None:
    """The hop of what any API server answers, or any client says of it: by who asked, and for which API."""
    if isinstance(error, _OF_THE_SERVER) and connection.path.startswith(("/api/", "/apis/")):
        # whom a kubelet trusts stands in its own kubeconfig
        if speaker is Speaker.KUBELET and isinstance(error, errors.UnknownAuthority):
            return None
        is_expired = isinstance(error, errors.Expired | errors.NotYetValid)
        return Hop.A if is_expired or not _says(outer, _LISTS) or _says(outer, _OWN_REQUESTS) else None
    by_hpa = speaker is Speaker.HPA_CONTROLLER
    if isinstance(error, errors.NotFound) and not connection.api and (by_hpa or "/scale" in error.resource):
        return Hop.H
    if isinstance(error, errors.NotFound) and error.of:
        return Hop.D
    if isinstance(error, _OF_ANY_API):
        asked_raw = speaker is Speaker.KUBECTL and not getattr(error, "request", "")
        return Hop.A if connection.api or asked_raw or by_hpa or speaker is Speaker.VPA else None
    return None


_PROMETHEUS_ASKS = "/metrics"  # and nobody of this pipeline: a kubelet is asked for what is below it
# kubernetes pkg/controller/podautoscaler/horizontal.go, of what is to be scaled
_OF_A_SCALE = ("unable to get the target's current scale", "FailedGetScale", "query scale subresource")
_METRICS_API = ("/apis/metrics.k8s.io", "/apis/custom.metrics.k8s.io", "/apis/external.metrics.k8s.io")
_AT_ALL = ("Unable to connect to the server", "server API group list")
# prometheus-adapter pkg/custom-provider and pkg/resourceprovider
_PROMETHEUS = (
    "metrics from prometheus",
    "update list of all metrics",
    "fetch metrics for query",
    "failed querying node metrics",
    "failed querying pod metrics",
)
# apimachinery pkg/util/proxy/upgradeaware.go: kubectl's exec, attach and port-forward are upgraded, at a kubelet
_TO_A_KUBELET = ("error dialing backend",)
_OF_A_HANDSHAKE = (
    errors.UnknownAuthority,
    errors.NotValidFor,
    errors.NotValidForAny,
    errors.NoIPSANs,
    errors.Expired,
    errors.NotYetValid,
    errors.TLSAlert,
)
_TUNNEL = (
    " 502 response to ",  # k3s pkg/util/apierrors.go, of what it dials for its API server
    "error dialing backend",
    "rror trying to reach service",
    "no response from",
    "Object 'Kind' is missing in 'Error",
)
# apiserver-network-proxy pkg/agent/clientset.go and pkg/server/server.go, of its agents' way to its server
_WITHIN_THE_TUNNEL = ("cannot connect once", "Failed to validate authentication token")
# kubelet pkg/kubelet/cri/remote/remote_runtime.go, from 1.32 k8s.io/cri-client
_OF_THE_RUNTIME = ("from runtime service failed",)
# k3s pkg/daemons/control/tunnel.go, where the API server's requests to nodes and pods leave
_OF_K3S_TUNNEL = ("Sending HTTP 502 response to",)
# A server that cannot ask whether a caller is admitted (apiserver pkg/endpoints/handlers/responsewriters/errors.go).
_OF_ITS_AUTHORIZER = ("Internal Server Error",)
# What a client found of the group when it asked what the API server has (client-go discovery).
_DISCOVERY = ("complete list of server APIs", "get resource list for", "stale GroupVersion discovery")
# What metrics-server reads of the API server: lists, and how it is to know its callers.
_OWN_PATHS = (
    "/api/v1/nodes",
    "/api/v1/pods",
    "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
    "/api/v1/namespaces/kube-system/configmaps",
)
# What a client says of the certificate of the server that it asks.
_OF_THE_SERVER = (
    errors.Expired,
    errors.NotYetValid,
    errors.NotValidFor,
    errors.UnknownAuthority,
    errors.NoIPSANs,
    errors.IncompatibleUsage,
)
# What an API server answers to whatever was asked of it.
_OF_ANY_API = (
    errors.ServiceUnavailable,
    errors.ResourceNotFound,
    errors.NotFound,
    errors.ServerFailed,
    errors.ServerTooSlow,
    errors.TooManyRequests,
)


_HOP_OF_SPEAKER = {
    Speaker.METRICS_SERVER: None,  # it speaks of the kubelets and of the API server
    Speaker.DELEGATED_AUTH: Hop.D,
    Speaker.AGGREGATOR: Hop.C,
}


def _says(wrappers: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(word in wrapper for wrapper in wrappers for word in words)


def _is_own(path: str, speaker: Speaker) -> bool:
    return path.startswith(_OWN_PATHS) and speaker not in (Speaker.KUBELET, Speaker.KUBECTL)


def _is_scrape(connection: Connection, speaker: Speaker, outer: tuple[str, ...]) -> bool:
    """Whether it is said of a scrape: who scrapes names the node beside the error."""
    of_node = connection.node and speaker in (Speaker.UNKNOWN, Speaker.METRICS_SERVER)
    return bool(of_node) or _says(outer, _SCRAPE)


_KUBELETS_PORTS = (":10250", ":10255")


def _is_kubelets(connection: Connection, speaker: Speaker) -> bool:
    path = connection.path
    if path.startswith(("/metrics/resource", "/stats/")):
        return True
    if not connection.url and connection.address.endswith(_KUBELETS_PORTS):
        return speaker not in (Speaker.AGGREGATOR, Speaker.API_SERVER)
    # From 0.7 on metrics-server's own port has the same number, and is probed on it.
    own = ("/apis/", "/readyz", "/livez", "/healthz")
    return _authority(connection.url).endswith(_KUBELETS_PORTS) and not path.startswith(own)


def _is_refused_by_node(connection: Connection, error: InnermostError) -> bool:
    """Whether a kubelet's node answered and refused: packets do arrive, be it through a tunnel or without one."""
    refused = isinstance(error, errors.Dial) and error.failure.endswith(("refused", "no route to host"))
    return refused and connection.address.endswith(_KUBELETS_PORTS)


def _is_refusal(error: InnermostError) -> bool:
    return isinstance(error, errors.HTTPStatus) and error.code in ("401", "403")


# To 1.14 it asked for the root of a Service, and to 1.15 the URL had no quotes.
_ROOT_CHECK = r"https://(?:[\d.]{7,15}|\[[\da-f:]{2,45}\]):\d{1,5}/?"

# What the aggregator asks for to see whether a server answers (kube-aggregator remote_available_controller.go), and no
# client does: they ask with a timeout, or for what is below it.
_DISCOVERY_CHECK = r"/apis/(?:[a-z]{1,20}\.)?metrics\.k8s\.io/v\w{1,10}$"


def _hop_of_metrics_request(
    connection: Connection, error: InnermostError, speaker: Speaker, outer: tuple[str, ...]
) -> Hop:
    """Requests for the metrics API are the aggregator's to metrics-server, or a client's to the API server."""
    if isinstance(error, errors.AbandonedRequest):
        return Hop.D
    if isinstance(error, errors.DeadlineExceeded) and error.text == "timed out waiting":
        return Hop.C  # nobody but the aggregator says so
    is_check = speaker is Speaker.UNKNOWN and re.search(_DISCOVERY_CHECK, connection.url) is not None
    if is_check or speaker is Speaker.AGGREGATOR or any("missing response from" in wrapper for wrapper in outer):
        return Hop.D if _is_answered(error) else Hop.C
    return Hop.A


def _is_answered(error: InnermostError) -> bool:
    """Whether a server of aggregation was reached, and did not let the aggregator in or could not tell."""
    return isinstance(error, errors.HTTPStatus) and error.code in ("401", "403", "500")


# client-go's reflector names the package that lists; a kubelet lists pods and nodes too, before anybody scrapes it.
_OF_A_KUBELETS_LISTS = ("/pkg/kubelet/",)
# What metrics-server asks of the API server with its own token: reviews, its lists, the ConfigMap that it starts with.
_OWN_REQUESTS = (
    "make webhook auth",
    "ailed to list *v1.Node",
    "ailed to list *v1.Pod",
    "ailed to list *api.Node",  # before the types had versions, to 1.5
    "ailed to list *api.Pod",
    "ailed to list *v1.PartialObject",
    "unable to list nodes",
    "Failed to list nodes",
    "configmap based ",
    "extension-apiserver-authentication",
)


# client-go tools/cache/reflector.go, of anything
_LISTS = ("ailed to list *v",)
# cobra and Go's runtime, of what a program ends of
_ENDS = (("Error",), ("panic",))

# kubernetes pkg/controller/podautoscaler/metrics/client.go; VPA's pkg/recommender/input/cluster_feeder.go
_BY_A_CONSUMER = (
    "unable to fetch metrics from API",
    "unable to fetch metrics from resource metrics API",
    "ContainerMetricsSnapshot from MetricsClient",
)
# kubectl pkg/cmd/util/helpers.go, of whatever it was that it asked
_TO_ITS_USER = ("You must be logged in to the server",)


def _hop_of_unknown_caller(error: InnermostError, speaker: Speaker, outer: tuple[str, ...], api: str) -> Hop | None:
    """An API server that knows its caller not. In metrics-server's log a bad token is that of one who asked there."""
    if speaker is Speaker.KUBELET:
        return Hop.F
    if not isinstance(error, errors.Unauthorized):
        return None
    if _says(outer, _OF_ITS_AUTHORIZER):
        return Hop.D if api == "metrics.k8s.io" else None
    if api and _says(outer, _DISCOVERY):
        return Hop.A
    if _says(outer, _OWN_REQUESTS) and not _says(outer, _OF_A_KUBELETS_LISTS):
        return Hop.D
    if error.request:
        return Hop.A if error.request.endswith("metrics.k8s.io") else None
    if _says(outer, _TO_ITS_USER) or _says(outer, _BY_A_CONSUMER):
        return Hop.A
    return Hop.D if speaker is Speaker.METRICS_SERVER and outer in _ENDS else None


_CONTROL_PLANE = ("system:kube-scheduler", "system:kube-controller-manager")


def _hop_of_refusal(error: errors.Forbidden, speaker: Speaker) -> Hop | None:
    resource = error.resource
    if resource.startswith(("nodes/metrics", "nodes/stats", "nodes/proxy")):
        return Hop.F
    if resource.startswith("/apis/metrics.k8s.io"):
        return Hop.D
    if resource.endswith(".metrics.k8s.io") or (error.who == "proxy" and error.what == "list"):
        return Hop.A  # a proxy's name lists nothing for itself; the group may have been cut off
    if error.user in _CONTROL_PLANE and resource == "configmaps":
        return Hop.X  # they read how to know their callers, too
    if error.what == "review" and speaker is Speaker.KUBELET:
        return Hop.F  # with its own rights it asks about callers
    if error.what == "review" or "metrics-server" in error.user or resource == "configmaps":
        return Hop.D
    if error.what == "other":
        return Hop.X  # of another group than those of metrics and of reviews
    return _HOP_OF_SPEAKER.get(speaker)
