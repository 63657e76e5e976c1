"""Which hop of the pipeline an error is at: by its kind, by who speaks, and by what was wrapped around it."""

from __future__ import annotations

import re

from msdoctor.model import Hop
from msdoctor.utterances import Connection, Speaker, errors
from msdoctor.utterances.errors import InnermostError

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


def authority(url: str) -> str:
    """Host and port of a URL."""
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
        return Hop.F if is_refusal(error) else Hop.E
    if "/subjectaccessreviews" in path or "/tokenreviews" in path:
        return _hop_of_review(error, speaker)
    if (says(outer, _OWN_REQUESTS) or _is_own(path, speaker)) and not says(outer, _OF_A_KUBELETS_LISTS):
        return Hop.A if isinstance(error, _OF_THE_SERVER) else Hop.D
    if isinstance(error, errors.ResourceNotFound) and not error.request and says(outer, _OF_A_SCALE):
        return Hop.H
    return _hop_of_answer(connection, error, speaker, outer)


def _hop_of_review(error: InnermostError, speaker: Speaker) -> Hop:
    """The API server is asked of a caller, so a certificate that is objected to is its own, and no caller's."""
    if speaker is Speaker.KUBELET:
        return Hop.A if isinstance(error, errors.Expired | errors.NotYetValid) else Hop.F
    return Hop.A if isinstance(error, _OF_THE_SERVER) else Hop.D


def _hop_of_wrappers(connection: Connection, error: InnermostError, outer: tuple[str, ...]) -> Hop | None:
    if connection.api == "heapster" or says(outer, _AT_ALL):
        return Hop.A
    if says(outer, _PROMETHEUS):
        return Hop.X
    if says(outer, _OF_ITS_AUTHORIZER) and connection.api == "metrics.k8s.io":
        return Hop.D
    if says(outer, _OF_ITS_AUTHORIZER) and isinstance(error, errors.ResourceNotFound):
        return Hop.D  # the API of reviews: whatever a server serves itself it answers with 404
    if says(outer, _TO_A_KUBELET) and (isinstance(error, _OF_A_NODE) or _is_refused_by_node(connection, error)):
        return Hop.E
    of_exec = outer == _TO_A_KUBELETS_NAME or outer[-1:] == _OF_AN_UPGRADE
    if of_exec and isinstance(error, errors.Lookup) and not connection.url:
        return Hop.E
    if says(outer, _OF_THE_RUNTIME):
        return Hop.G
    if says(outer, _OF_K3S_TUNNEL):
        # its kubelets it asks at their loopback address, pods at theirs, by default of this range
        return Hop.C if connection.address.startswith("10.42.") else Hop.E
    return Hop.C if says(outer, _TUNNEL) else None


def _hop_of_answer(
    connection: Connection, error: InnermostError, speaker: Speaker, outer: tuple[str, ...]
) -> Hop | None:
    """The hop of what any API server answers, or any client says of it: by who asked, and for which API."""
    if isinstance(error, _OF_THE_SERVER) and connection.path.startswith(("/api/", "/apis/")):
        # whom a kubelet trusts stands in its own kubeconfig
        if speaker is Speaker.KUBELET and isinstance(error, errors.UnknownAuthority):
            return None
        is_expired = isinstance(error, errors.Expired | errors.NotYetValid)
        return Hop.A if is_expired or not says(outer, _LISTS) or says(outer, _OWN_REQUESTS) else None
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
OF_A_HANDSHAKE = (
    errors.UnknownAuthority,
    errors.NotValidFor,
    errors.NotValidForAny,
    errors.NoIPSANs,
    errors.Expired,
    errors.NotYetValid,
    errors.TLSAlert,
    errors.IncompatibleUsage,
)
# what a node's name and its kubelet's certificate are worth shows in whatever way it is reached
_OF_A_NODE = (*OF_A_HANDSHAKE, errors.Lookup)
# to 1.4, of exec and attach
_TO_A_KUBELETS_NAME = ("Error from server",)
_OF_AN_UPGRADE = ("error upgrading connection",)
_TUNNEL = (
    " 502 response to ",  # k3s pkg/util/apierrors.go, of what it dials for its API server
    "error dialing backend",
    "rror trying to reach service",
    "no response from",
    "Object 'Kind' is missing in 'Error",
)
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


def says(wrappers: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether one of the wrappers has one of the words."""
    return any(word in wrapper for wrapper in wrappers for word in words)


def _is_own(path: str, speaker: Speaker) -> bool:
    return path.startswith(_OWN_PATHS) and speaker not in (Speaker.KUBELET, Speaker.KUBECTL)


def _is_scrape(connection: Connection, speaker: Speaker, outer: tuple[str, ...]) -> bool:
    """Whether it is said of a scrape: who scrapes names the node beside the error."""
    of_node = connection.node and speaker in (Speaker.UNKNOWN, Speaker.METRICS_SERVER)
    return bool(of_node) or says(outer, _SCRAPE)


_KUBELETS_PORTS = (":10250", ":10255")


# kubernetes pkg/kubelet/server/server.go, and nobody else's
_KUBELETS_PATHS = ("/metrics/resource", "/metrics/cadvisor", "/metrics/probes", "/stats/", "/containerLogs/")


def _is_kubelets(connection: Connection, speaker: Speaker) -> bool:
    path = connection.path
    if path.startswith(_KUBELETS_PATHS) or path.rstrip("/") == "/pods":
        return True
    if not connection.url and connection.address.endswith(_KUBELETS_PORTS):
        return speaker not in (Speaker.AGGREGATOR, Speaker.API_SERVER)
    # From 0.7 on metrics-server's own port has the same number, and is probed on it.
    own = ("/apis/", "/readyz", "/livez", "/healthz")
    return authority(connection.url).endswith(_KUBELETS_PORTS) and not path.startswith(own)


def _is_refused_by_node(connection: Connection, error: InnermostError) -> bool:
    """Whether a kubelet's node answered and refused: packets do arrive, be it through a tunnel or without one."""
    refused = isinstance(error, errors.Dial) and error.failure.endswith(("refused", "no route to host"))
    return refused and connection.address.endswith(_KUBELETS_PORTS)


def is_refusal(error: InnermostError) -> bool:
    """Whether a server knew its caller not, or did not let it."""
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
    # adapters, which ask for nothing else before they run
    "unable to construct discovery ",
    "unable to construct RESTMapper",
    "unable to construct dynamic client",
    "unable to run external metrics adapter",
    "unable to run custom metrics adapter",
    "making provider",
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
    if says(outer, _OF_ITS_AUTHORIZER):
        return Hop.D if api == "metrics.k8s.io" else None
    if api and says(outer, _DISCOVERY):
        return Hop.A
    if says(outer, _OWN_REQUESTS) and not says(outer, _OF_A_KUBELETS_LISTS):
        return Hop.D
    if error.request:
        return Hop.A if error.request.endswith("metrics.k8s.io") else None
    if says(outer, _TO_ITS_USER) or says(outer, _BY_A_CONSUMER):
        return Hop.A
    return Hop.D if speaker is Speaker.METRICS_SERVER and outer in _ENDS else None


_CONTROL_PLANE = ("system:kube-scheduler", "system:kube-controller-manager")


def _hop_of_refusal(error: errors.Forbidden, speaker: Speaker) -> Hop | None:
    resource = error.resource
    if resource.startswith(("nodes/metrics", "nodes/stats", "nodes/proxy")):
        return Hop.F
    if resource.startswith("/apis/metrics.k8s.io"):
        return Hop.D
    if resource.endswith(".metrics.k8s.io"):
        return Hop.A
    if error.who == "proxy" and error.what == "list" and not error.scope:
        return Hop.A  # a proxy's name seldom lists for itself; the group may have been cut off
    if error.user in _CONTROL_PLANE and resource == "configmaps":
        return Hop.X  # they read how to know their callers, too
    if error.what == "review" and speaker is Speaker.KUBELET:
        return Hop.F  # with its own rights it asks about callers
    if error.what == "review" or "metrics-server" in error.user or resource == "configmaps":
        return Hop.D
    if error.what == "other":
        return Hop.X  # of another group than those of metrics and of reviews
    return _HOP_OF_SPEAKER.get(speaker)
