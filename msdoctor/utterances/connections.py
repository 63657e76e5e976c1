"""Which connection an error is about, and what was wrapped around it.

A wrapper either names the connection (``Get "URL"``, ``bad status from URL``, ``unable to fetch metrics from Kubelet N
(A)``) or says what was being done; the latter are kept as ``outer``. Sources: net/url ``Error.Error`` (URLs unquoted to
Go 1.13, quoted from 1.14), metrics-server pkg/scraper and pkg/sources, kube-aggregator, apiserver ``union.go``.
"""

from __future__ import annotations

import re

from msdoctor.model import Hop
from msdoctor.utterances import Connection, Speaker, errors
from msdoctor.utterances.errors import InnermostError

_URL = re.compile(r"https?://[^\s\"'\\<>)}\]]{0,40}(?:\][^\s\"'\\<>)}\]]{0,20})?[^\s\"'\\<>)}\],]{0,2000}")
_NODE = re.compile(r"(?:from node |from Kubelet |source kubelet_summary:)([\w.-]{1,253})(?: \(([^)]{1,253})\))?")
_SCRAPE = re.compile(
    r"Failed to scrape node|unable to fully (?:scrape|collect) metrics|unable to fetch metrics from (?:node|Kubelet)"
)
_MOST_CONTEXT = 2000  # what stands further before an error than this is not about it

_OF_A_CONNECTION = re.compile(
    r"^(?:(?:Get|Post|Put|Head|Patch|Delete) \S{0,2000}|tls|failed to verify certificate|dial tcp[46]?|error|err)$"
)


def split_wrappers(text: str) -> tuple[str, ...]:
    """The wrappers of a ``%w`` chain, outermost first, without those that only name the connection."""
    parts = (part.strip(" \t\n\"'[],") for part in text[-_MOST_CONTEXT:].split(": "))
    return tuple(_without_url(part) for part in parts if part and not _OF_A_CONNECTION.match(part))


def _without_url(part: str) -> str:
    return _URL.sub("", part).rstrip(" :\"'") if "://" in part else part


def connection_of(
    context: str, error: InnermostError, error_text: str, speaker: Speaker, node: str, outer: tuple[str, ...]
) -> Connection:
    """The connection that an error is about. ``context`` stands before it, ``error_text`` is the error as printed."""
    url = _last_url(context, error_text)
    named, named_address = (_NODE.findall(context[-_MOST_CONTEXT:]) or [("", "")])[-1]
    address = _authority(url) or getattr(error, "address", "") or named_address
    hop = hop_of(Connection(url=url), error, speaker, outer)
    return Connection(hop, url, address, node or named)


def _last_url(context: str, error_text: str) -> str:
    tail = context[-_MOST_CONTEXT:] + error_text
    if "://" not in tail:
        return ""
    urls = _URL.findall(tail)
    return urls[-1].rstrip(".,:;") if urls else ""


def _authority(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def hop_of(connection: Connection, error: InnermostError, speaker: Speaker, outer: tuple[str, ...]) -> Hop | None:
    """The hop that the error is at, or None where the text does not tell."""
    if error.hop is not None:
        return error.hop
    if isinstance(error, errors.Forbidden):
        return _hop_of_refusal(error, speaker)
    if isinstance(error, errors.Unauthorized | errors.TokenExpired | errors.TokenInvalid):
        return _hop_of_unknown_caller(error, speaker, outer)
    path = connection.path
    if _is_kubelets(connection) or (not connection.url and any(_SCRAPE.search(wrapper) for wrapper in outer)):
        return Hop.F if _is_refusal(error) else Hop.E
    if "/subjectaccessreviews" in path or "/tokenreviews" in path:
        return Hop.F if speaker is Speaker.KUBELET else Hop.D
    if path.startswith("/apis/metrics.k8s.io") or isinstance(error, errors.AbandonedRequest):
        return _hop_of_metrics_request(error, speaker, outer)
    if isinstance(error, errors.ServiceUnavailable):
        return Hop.A if "metrics.k8s.io" in error.request or speaker is Speaker.HPA_CONTROLLER else None
    return _HOP_OF_SPEAKER.get(speaker)


_HOP_OF_SPEAKER = {
    Speaker.METRICS_SERVER: None,  # it speaks of the kubelets and of the API server
    Speaker.DELEGATED_AUTH: Hop.D,
    Speaker.AGGREGATOR: Hop.C,
}


def _is_kubelets(connection: Connection) -> bool:
    path = connection.path
    if path.startswith(("/metrics/resource", "/stats/summary")):
        return True
    return _authority(connection.url).endswith((":10250", ":10255")) and not path.startswith("/apis/")


def _is_refusal(error: InnermostError) -> bool:
    return isinstance(error, errors.HTTPStatus) and error.code in ("401", "403")


def _hop_of_metrics_request(error: InnermostError, speaker: Speaker, outer: tuple[str, ...]) -> Hop:
    """Requests for the metrics API are the aggregator's to metrics-server, or a client's to the API server."""
    if isinstance(error, errors.AbandonedRequest):
        return Hop.D
    if speaker is Speaker.AGGREGATOR or any("missing response from" in wrapper for wrapper in outer):
        return Hop.D if isinstance(error, errors.HTTPStatus) and error.code in ("401", "403", "500") else Hop.C
    return Hop.A


# What metrics-server asks of the API server with its own token: reviews, its lists, the ConfigMap that it starts with.
_OWN_REQUESTS = re.compile(
    r"make webhook auth|failed to list |Failed to watch|configmap based |extension-apiserver-authentication"
)


def _hop_of_unknown_caller(error: InnermostError, speaker: Speaker, outer: tuple[str, ...]) -> Hop | None:
    """An API server that knows its caller not. In metrics-server's log a bad token is that of one who asked there."""
    if speaker is Speaker.KUBELET:
        return Hop.F
    if not isinstance(error, errors.Unauthorized):
        return None
    if error.request:
        return Hop.A if error.request.endswith("metrics.k8s.io") else None
    return Hop.D if any(_OWN_REQUESTS.search(wrapper) for wrapper in outer) else None


def _hop_of_refusal(error: errors.Forbidden, speaker: Speaker) -> Hop | None:
    resource = error.resource
    if resource.startswith(("nodes/metrics", "nodes/stats", "nodes/proxy")):
        return Hop.F
    if resource.startswith("/apis/metrics.k8s.io"):
        return Hop.D
    if resource.endswith(".metrics.k8s.io"):
        return Hop.A
    if resource.startswith(("subjectaccessreviews", "tokenreviews")) or "metrics-server" in error.user:
        return Hop.D
    return _HOP_OF_SPEAKER.get(speaker)
