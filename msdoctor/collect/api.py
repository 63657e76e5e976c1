"""The API server, read and nothing more.

Only GET leaves here, and POST to the two access reviews, which store nothing: the adapter that every request must go
through refuses anything else, and knows no other host.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from msdoctor import __version__
from msdoctor.bundle import CALLER, SELF, Kind, Place, Reason, Refusal
from msdoctor.collect.access import Access
from msdoctor.collect.dial import causes, network_refusal
from msdoctor.collect.look import API_LANE, AT_ONCE, Answer

LARGEST = 256 * 1024 * 1024  # bytes of one answer, unpacked; 5,000 nodes take 66 MB
CHUNK = 1024 * 1024
LOG_LINES = 2000
LOG_BYTES = 4 * 1024 * 1024

SELF_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
REVIEW = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

# Its document is the server's clock: ``{"date": "2026-11-25T13:00:00Z"}``, from the Date header of a GET of /version.
SERVER_CLOCK = "/version#date"

# GETs that do more than read: a stream into a container, and a kubelet's doors to the same.
_MORE_THAN_READING = re.compile(
    r"/pods/[^/]+/(exec|attach|portforward|eviction|binding)(/|$)|/proxy/(exec|attach|portforward|run|cri)(/|$)",
    re.IGNORECASE,
)

_BY_STATUS = {401: Reason.UNAUTHORIZED, 403: Reason.FORBIDDEN, 404: Reason.ABSENT}


class MoreThanReadingError(RuntimeError):
    """A request that could change something was about to be sent: a bug, never an answer."""


class ReadOnlyAdapter(HTTPAdapter):
    """Sends reads, over TLS as kubectl does it. Raises MoreThanReadingError for any other request."""

    def __init__(self, access: Access) -> None:
        self._prefix = urlsplit(access.server).path.rstrip("/")
        self._insecure = access.insecure
        self._tls: dict[str, Any] = {}
        if access.server.startswith("https:"):
            self._tls = {"ssl_context": tls_context(access)}
            if access.tls_server_name:
                self._tls["server_hostname"] = access.tls_server_name
        # Pooled for as many as ever ask at once, so that no connection is opened twice.
        super().__init__(pool_connections=1, pool_maxsize=AT_ONCE[API_LANE])

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a read or a review."""
        path = urlsplit(request.url or "").path.removeprefix(self._prefix)
        reads = request.method == "GET" and not _MORE_THAN_READING.search(path)
        reviews = request.method == "POST" and path in (SELF_REVIEW, REVIEW)
        if not reads and not reviews:
            raise MoreThanReadingError(f"{request.method} {path}")
        return super().send(request, *args, **kwargs)

    def build_connection_pool_key_attributes(
        self,
        request: requests.PreparedRequest,
        verify: Any,  # noqa: ARG002
        cert: Any = None,  # noqa: ARG002
    ) -> Any:
        """Connections of this access's trust, whatever else a request asks for."""
        host, _ = super().build_connection_pool_key_attributes(request, not self._insecure, None)
        return host, dict(self._tls)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        """Leave trust to the context alone: requests would add the public authorities to the cluster's own."""
        conn.cert_reqs = ssl.CERT_NONE if self._insecure else ssl.CERT_REQUIRED


def tls_context(access: Access) -> ssl.SSLContext:
    """Trust and client certificate of an access; the system's authorities where it names none, as kubectl does."""
    context = ssl.create_default_context(cafile=access.ca_file)
    # Go knows neither: a hand-made CA without key identifiers is good, and so is an intermediate as an anchor.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if access.cert_file:
        context.load_cert_chain(access.cert_file, access.key_file)
    return context


class Credentials(requests.auth.AuthBase):
    """The headers that say who asks; as an ``auth`` so that no .netrc of the machine replaces them."""

    def __init__(self, access: Access) -> None:
        self._headers = access.headers

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the credentials on a request."""
        request.headers.update(self._headers)
        return request


class Api:
    """One API server, asked as one user."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._server = access.server.rstrip("/")
        self._session = _session(access)
        self._lock = threading.Lock()
        self._answered = False
        self._gone: Refusal | None = None

    def read(self, place: Place, seconds: float) -> Answer:
        """The body at an API, REVIEW or LOG place, or the refusal; ends within about ``seconds``."""
        with self._lock:
            if self._gone is not None:
                return self._gone
        answer = self._ask(place, seconds)
        self._remember(answer)
        return answer

    def _remember(self, answer: Answer) -> None:
        """A server that nobody reached at the first try is not tried again: every try would cost its whole time."""
        with self._lock:
            if not isinstance(answer, Refusal) or answer.status is not None:
                self._answered, self._gone = True, None
            elif not self._answered and answer.reason in (Reason.UNREACHABLE, Reason.UNTRUSTED, Reason.TIMEOUT):
                self._gone = answer

    def _ask(self, place: Place, seconds: float) -> Answer:
        if place.kind is Kind.LOG:
            return self._get(log_path(place.path), seconds, json_expected=False)
        if place.kind is Kind.REVIEW:
            path, review = parse_review(place.path)
            return self._send("POST", path, seconds, body=json.dumps(review).encode())
        if place.path == SERVER_CLOCK:
            return self._clock(seconds)
        return self._get(place.path, seconds)

    def _get(self, path: str, seconds: float, *, json_expected: bool = True) -> Answer:
        return self._send("GET", path, seconds, json_expected=json_expected)

    def _clock(self, seconds: float) -> Answer:
        dates: list[str] = []
        answer = self._send("GET", "/version", seconds, dates=dates)
        if isinstance(answer, Refusal):
            return answer
        try:
            date = parsedate_to_datetime(dates[0]).astimezone(UTC)
        except (IndexError, ValueError):
            return Refusal(Reason.ABSENT, "the answer carries no Date header")
        return json.dumps({"date": f"{date:%Y-%m-%dT%H:%M:%SZ}"}).encode()

    def _send(
        self,
        method: str,
        path: str,
        seconds: float,
        *,
        body: bytes | None = None,
        json_expected: bool = True,
        dates: list[str] | None = None,
    ) -> Answer:
        ends = monotonic() + seconds
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            with self._session.request(
                method,
                self._server + path,
                data=body,
                headers=headers,
                timeout=seconds,
                stream=True,
                allow_redirects=False,
            ) as response:
                if dates is not None and "Date" in response.headers:
                    dates.append(response.headers["Date"])
                content = _content(response, ends, seconds)
                return content if isinstance(content, Refusal) else _judge(response, content, json_expected)
        except (requests.RequestException, OSError) as error:
            return _refusal(error, self._server, seconds)


def _session(access: Access) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no .netrc, no REQUESTS_CA_BUNDLE: trust and credentials are the kubeconfig's
    session.auth = Credentials(access)
    session.headers.update({"Accept": "application/json", "User-Agent": f"msdoctor/{__version__}"})
    session.proxies.update(proxies(access))
    session.adapters.clear()
    session.mount(access.server.rstrip("/") + "/", ReadOnlyAdapter(access))
    if access.insecure:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)  # the user's own kubeconfig says so
    return session


def proxies(access: Access) -> dict[str, str]:
    """Proxies by scheme: the kubeconfig's, else the environment's, as Go reads it."""
    if access.proxy_url:
        return {"http": access.proxy_url, "https": access.proxy_url}
    host = urlsplit(access.server).hostname or ""
    found: dict[str, str] = get_environ_proxies(access.server)
    return {} if _never_proxied(host, _no_proxy()) else found


def _no_proxy() -> Iterator[str]:
    for item in (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").split(","):
        yield item.strip()


def _never_proxied(host: str, exceptions: Iterator[str]) -> bool:
    """What Go's httpproxy exempts and requests does not: this machine itself, and IPv6 networks."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or any(_within(address, item) for item in exceptions if ":" in item)


def _within(address: ipaddress.IPv4Address | ipaddress.IPv6Address, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network.strip("[]"), strict=False)
    except ValueError:
        return False


# Answers


def _content(response: requests.Response, ends: float, seconds: float) -> bytes | Refusal:
    """The whole body, unpacked; a peer that drips it is cut off when the time is up."""
    parts: list[bytes] = []
    size = 0
    for part in response.iter_content(CHUNK):
        size += len(part)
        if size > LARGEST:
            return Refusal(Reason.TOO_LARGE, f"more than {LARGEST >> 20} MiB", response.status_code)
        if monotonic() > ends:
            return Refusal(Reason.TIMEOUT, f"the answer was not complete within {seconds:.0f} s", response.status_code)
        parts.append(part)
    return b"".join(parts)


def _judge(response: requests.Response, content: bytes, json_expected: bool) -> Answer:
    status = response.status_code
    if not 200 <= status < 300:
        return Refusal(_BY_STATUS.get(status, Reason.FAILED), _message(response, content), status)
    if json_expected and content.lstrip()[:1] not in (b"{", b"["):
        return Refusal(Reason.MALFORMED, f"not JSON: {_text(content)}" if content else "an empty answer", status)
    return content


def _message(response: requests.Response, content: bytes) -> str:
    """What a Status object says, or the text that stands in its place."""
    try:
        status = json.loads(content)
    except ValueError:
        status = None
    if isinstance(status, dict) and isinstance(status.get("message"), str):
        return str(status["message"])
    return _text(content) or response.reason or ""


def _text(content: bytes) -> str:
    return " ".join(content[:2000].decode("utf-8", "replace").split())[:500]


def _refusal(error: Exception, server: str, seconds: float) -> Refusal:
    for cause in causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or str(cause)
            return Refusal(
                Reason.UNTRUSTED, f"the certificate of {server} is not trusted: {why}; no credential was sent to it"
            )
        if isinstance(cause, ssl.SSLError):
            return _tls_refusal(cause, server)
    refusal = network_refusal(error, seconds)
    proxied = isinstance(error, requests.exceptions.ProxyError)
    if refusal is not None:
        return Refusal(refusal.reason, f"{'the proxy for ' if proxied else ''}{server}: {refusal.detail}")
    innermost = list(causes(error))[-1]
    what = " ".join(str(innermost).split()) or type(innermost).__name__
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return Refusal(Reason.MALFORMED, f"{server}: the answer broke off: {what}")
    if isinstance(error, requests.exceptions.ConnectionError):
        return Refusal(Reason.UNREACHABLE, f"{'the proxy for ' if proxied else ''}{server}: {what}")
    return Refusal(Reason.FAILED, f"{server}: {what}")


def _tls_refusal(error: ssl.SSLError, server: str) -> Refusal:
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"):
        return Refusal(Reason.MALFORMED, f"{server} does not speak TLS")
    why = (error.reason or str(error)).replace("_", " ").lower()
    return Refusal(Reason.FAILED, f"{server}: TLS handshake failed: {why}")


# Places


def log_path(place: str) -> str:
    """The URL path of a log place.

    >>> log_path("kube-system/metrics-server-0/metrics-server?previous").split("?")[0]
    '/api/v1/namespaces/kube-system/pods/metrics-server-0/log'
    """
    name, _, previous = place.partition("?")
    namespace, pod, container = (quote(part, safe="") for part in name.split("/"))
    path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&timestamps=true"
    path += f"&tailLines={LOG_LINES}&limitBytes={LOG_BYTES}"
    return f"{path}&previous=true" if previous else path


@dataclass(frozen=True, slots=True)
class _Question:
    """Who may do what: the parts of ``bundle.review_path``."""

    user: str
    groups: tuple[str, ...]
    attributes: dict[str, str]


def parse_review(place: str) -> tuple[str, dict[str, Any]]:
    """The URL path and the object to POST for a review place, the reverse of ``bundle.review_path``.

    >>> parse_review("self list metrics.k8s.io/nodes")[1]["spec"]
    {'resourceAttributes': {'verb': 'list', 'group': 'metrics.k8s.io', 'resource': 'nodes'}}
    """
    question = _question(place)
    version = "authorization.k8s.io/v1"
    spec: dict[str, Any] = {"resourceAttributes": question.attributes}
    if question.user == CALLER:
        return SELF_REVIEW, {"apiVersion": version, "kind": "SelfSubjectAccessReview", "spec": spec}
    spec |= {"user": question.user, "groups": [*question.groups]}
    return REVIEW, {"apiVersion": version, "kind": "SubjectAccessReview", "spec": spec}


def _question(place: str) -> _Question:
    who, verb, what, *rest = place.split(" ")
    namespace = rest.pop() if len(rest) > 1 and rest[-2] == "in" else ""
    rest = rest[:-1] if namespace else rest
    group, resource, *sub = what.split("/")
    parts = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": "/".join(sub),
        "name": " ".join(rest),
        "namespace": namespace,
    }
    user, *groups = map(unquote, who.split(",")) if who != SELF else (CALLER,)
    return _Question(user, _all_groups(user, groups), {key: value for key, value in parts.items() if value})


def _all_groups(user: str, groups: list[str]) -> tuple[str, ...]:
    """The groups named, and those that the API server gives to every such user."""
    implied = ["system:unauthenticated"] if user == "system:anonymous" else ["system:authenticated"]
    parts = user.split(":")
    if parts[:2] == ["system", "serviceaccount"] and len(parts) == 4:
        implied = ["system:serviceaccounts", f"system:serviceaccounts:{parts[2]}", *implied]
    return tuple(dict.fromkeys([*groups, *implied]))
