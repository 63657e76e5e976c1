"""The innermost error in a text: one small grammar for each kind, wherever in the text it stands.

A grammar has an anchor, literal text that it begins with, and a pattern that reads on from there. Texts without any
anchor cost a few substring searches; a pattern is compiled when its anchor is first met. Every repetition in a pattern
is bounded, so that the work on a line grows no faster than the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError

_MOST_TRIES = 1000  # anchors of one kind that are tried in one line
_CLOSERS = "\"'`.,;:)]}>"


@dataclass(frozen=True, slots=True)
class Found:
    """An error, and where in the text it stands."""

    error: InnermostError
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Grammar:
    """How one kind of error reads."""

    anchor: str
    pattern: str
    build: Callable[[re.Match[str]], InnermostError]


def find_errors(text: str) -> list[Found]:
    """The innermost errors of a text, in order. Of a chain ``a: b`` of known errors only the last is innermost."""
    hits = sorted(_hits(text), key=lambda found: (found.start, -found.end))
    kept: list[Found] = []
    for hit in hits:
        if kept and hit.start < kept[-1].end:
            continue
        if kept and text[kept[-1].end : hit.start] in _CHAINED:
            kept.pop()
        kept.append(hit)
    return kept


_CHAINED = (": ", ', response: "', '", response: "', ', response: "Internal Error: ', '", response: "Internal Error: ')


def _hits(text: str) -> Iterator[Found]:
    for grammar in GRAMMARS:
        position = text.find(grammar.anchor)
        tries = 0
        while position >= 0 and tries < _MOST_TRIES:
            tries += 1
            following = position + len(grammar.anchor)
            match = _compiled(grammar.pattern).match(text, position)
            if match is not None and not _within_word(text, position):
                yield Found(grammar.build(match), position, match.end())
                following = max(following, match.end())
            position = text.find(grammar.anchor, following)


def _within_word(text: str, position: int) -> bool:
    """Whether the anchor is the tail of a longer ASCII word (``nslookup``); other scripts set no spaces."""
    before = text[position - 1 : position]
    return before.isascii() and before.isalnum() and text[position].isalnum()


def breaks_off(error: InnermostError, following: str) -> bool:
    """Whether an error at the very end of a line is cut in its last word, so that ``following`` belongs to it."""
    match error:
        case errors.NotValidFor(wanted=""):
            return True
        case errors.NotValidFor() | errors.NotValidForAny():
            return error.wanted[-1:] in _OF_AN_ADDRESS and following[:1] in _OF_AN_ADDRESS
        case errors.Dial() | errors.Lookup() | errors.ConnectionLost():
            return not error.failure.endswith(_FAILURES)
        case errors.TLSAlert():
            return error.alert not in _ALERTS
        case _:
            return False


_OF_AN_ADDRESS = tuple("0123456789.:")
# syscall errors as Go prints them, net/net.go, net/dnsclient.go
_FAILURES = (
    "connection refused",
    "i/o timeout",
    "no route to host",
    "network is unreachable",
    "connection timed out",
    "connection reset by peer",
    "operation was canceled",
    "host is down",
    "no such host",
    "server misbehaving",
    "broken pipe",
    "EOF",
    "use of closed network connection",
    "client connection lost",
)
# crypto/tls/alert.go
_ALERTS = frozenset(
    {
        "close notify",
        "unexpected message",
        "bad record MAC",
        "decryption failed",
        "record overflow",
        "decompression failure",
        "handshake failure",
        "bad certificate",
        "unsupported certificate",
        "revoked certificate",
        "expired certificate",
        "unknown certificate",
        "illegal parameter",
        "unknown certificate authority",
        "access denied",
        "error decoding message",
        "error decrypting message",
        "export restriction",
        "protocol version not supported",
        "insufficient security level",
        "internal error",
        "inappropriate fallback",
        "user canceled",
        "no renegotiation",
        "missing extension",
        "unsupported extension",
        "certificate unobtainable",
        "unrecognized name",
        "bad certificate status response",
        "bad certificate hash value",
        "unknown PSK identity",
        "certificate required",
        "no application protocol",
    }
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _trim(text: str | None) -> str:
    return (text or "").rstrip(_CLOSERS)


def _not_valid_for(match: re.Match[str]) -> InnermostError:
    names = match["names"] if match["names"] is not None else _trim(match["cut"])
    return errors.NotValidFor(tuple(name.strip() for name in names.split(",") if name.strip()), _trim(match["wanted"]))


def _validity(match: re.Match[str]) -> InnermostError:
    if match["side"] == "before":
        return errors.NotYetValid(match["now"], _trim(match["bound"]))
    return errors.Expired(match["now"] or "", _trim(match["bound"]))


def _user_cannot(match: re.Match[str]) -> InnermostError:
    resource = match["path"] or match["resource"] or match["old"] or ""
    if match["group"]:
        resource = f"{resource}.{match['group']}"
    return errors.Forbidden(match["user"], match["verb"], resource, (match["scope"] or "").strip())


def _kubelet_forbids(match: re.Match[str]) -> InnermostError:
    subresource = match["subresource"].strip("[]")
    return errors.Forbidden(match["user"], match["verb"], f"{match['resource']}/{subresource}")


def _unreadable(match: re.Match[str]) -> InnermostError:
    reason = match["reason"].strip()
    expected = reason.removeprefix("expected ") if reason.startswith("expected ") else ""
    got, series = ((match[part] or "").replace('\\"', '"') for part in ("got", "series"))
    return errors.UnreadableMetrics(expected, got.strip('"'), series.rstrip('"'), "" if expected else reason)


def _no_container_stats(match: re.Match[str]) -> InnermostError:
    reason = match[1].strip(_CLOSERS)
    windows = any(mark in reason for mark in ("hcsshim", "hcs::", "HCS "))
    return errors.ContainerStatsFailed(reason, "windows" if windows else "")


def _no_node_fits(match: re.Match[str]) -> InnermostError:
    filtered = re.split(r"\. (?:[Pp]reemption: |no new claims)|\.$", match[1])[0]
    # A taint is shown as "{key: value}", to 1.19 followed by ", that the pod didn't tolerate".
    reasons = tuple(part.strip(" .") for part in re.split(r", (?=\d)", filtered))
    kinds = {"taints" if "taint" in one else "ports" if "free ports" in one else "other" for one in reasons}
    return errors.NoNodeFits(reasons, kinds.pop() if len(kinds) == 1 else "other")


def _not_pulled(image: str, why: str | None) -> InnermostError:
    return errors.ImageNotPulled(image, (why or "").strip(), "yes" if "metrics-server" in image else "")


def _says(error: InnermostError) -> Callable[[re.Match[str]], InnermostError]:
    return lambda _: error


_NAME_LIST = r"[\w.*:, @%/-]"
_IN_NAMESPACE = r'in "(?P<namespace>[^"]{0,253})"?'

GRAMMARS: tuple[Grammar, ...] = (
    # crypto/x509/verify.go; from Go 1.20 crypto/tls puts "tls: failed to verify certificate: " before them.
    Grammar(
        "x509: certificate is valid for ",
        r"x509: certificate is valid for (?:(?P<names>"
        + _NAME_LIST
        + r"{0,8192}?), not (?P<wanted>[^\s\"\],;)]{1,300})"
        r"|(?P<cut>" + _NAME_LIST + r"{0,8192}))",
        _not_valid_for,
    ),
    Grammar(
        "x509: cannot validate certificate for ",
        r"x509: cannot validate certificate for (\S{1,300}) because it doesn.t contain any IP SANs",
        lambda match: errors.NoIPSANs(match[1]),
    ),
    Grammar(
        "x509: certificate is not valid for any names",
        r"x509: certificate is not valid for any names(?:, but wanted to match ([^\s\",\]]{1,300}))?",
        lambda match: errors.NotValidForAny(_trim(match[1])),
    ),
    Grammar(
        "x509: certificate relies on legacy Common Name field",
        r"x509: certificate relies on legacy Common Name field(?:, use SANs [a-z ]{1,80})?",
        _says(errors.LegacyCommonName()),
    ),
    Grammar(
        "x509: certificate signed by unknown authority",
        r"x509: certificate signed by unknown authority(?: \(possibly because of \"(?P<hint>[^\"]{0,300})\" while "
        r"trying to verify candidate authority certificate \"(?P<candidate>[^\"]{0,300})\"?\)?)?",
        lambda match: errors.UnknownAuthority(match["hint"] or "", match["candidate"] or ""),
    ),
    Grammar(
        "x509: certificate has expired or is not yet valid",
        r"x509: certificate has expired or is not yet valid"
        r"(?:: current time (?P<now>\S{1,40}) is (?P<side>after|before) (?P<bound>\S{1,60}))?",
        _validity,
    ),
    Grammar(
        "x509: certificate specifies an incompatible key usage",
        r"x509: certificate specifies an incompatible key usage",
        _says(errors.IncompatibleUsage()),
    ),
    # apiserver pkg/authentication/request/x509/x509.go; to 1.17 the allowed names followed in brackets.
    Grammar(
        "x509: subject with cn=",
        r"x509: subject with cn=(.{0,300}?) is not in the allowed list(?:: \[[^\]]{0,2000}\]?)?",
        lambda match: errors.NotInAllowedList(match[1]),
    ),
    Grammar(
        "missing content for CA bundle ",
        r"missing content for CA bundle \"([^\"]{0,400})",
        lambda match: errors.MissingBundleContent(match[1]),
    ),
    Grammar(
        "tls: private key ",
        r"tls: private key (?:does not match public key|type does not match public key type)",
        _says(errors.KeyMismatch()),
    ),
    Grammar(
        "--requestheader-client-ca-file and --client-ca-file ",
        r"--requestheader-client-ca-file and --client-ca-file contain overlapping certificates",
        _says(errors.OverlappingCAs()),
    ),
    Grammar(
        "is set without specifying the standard ",
        r"is set without specifying the standard (X-Remote-[\w-]{1,20})",
        lambda match: errors.HeaderNotNamed(match[1]),
    ),
    Grammar(
        "Cluster doesn't provide ",
        r"Cluster doesn't provide (\S{1,100}) in configmap/\S{1,300}(?: in \S{1,253})?",
        lambda match: errors.RequestHeaderNotProvided(match[1]),
    ),
    # apiserver pkg/server/filters/timeout.go
    Grammar(
        "post-timeout activity - ",
        r"post-timeout activity - time-elapsed: \S{1,40}, (\w{1,16}) \"([^\"]{0,2000})\" result: (.{0,300})",
        lambda match: errors.AbandonedRequest(match[1], match[2], match[3].strip()),
    ),
    # crypto/tls, net/http
    Grammar(
        "remote error: tls: ",
        r"remote error: tls: ([a-z][a-zA-Z ]{2,60}[a-zA-Z])",
        lambda match: errors.TLSAlert(match[1]),
    ),
    Grammar(
        "tls: first record does not look like",
        r"tls: first record does not look like a TLS handshake",
        lambda match: errors.NotTLS(match[0]),
    ),
    Grammar(
        "http: server gave HTTP response",
        r"http: server gave HTTP response to HTTPS client",
        lambda match: errors.NotTLS(match[0]),
    ),
    # metrics-server: pkg/scraper/client/resource/client.go from 0.6, client/summary/client.go before
    Grammar(
        "request failed",
        r"request failed(?:, status:| -) \"(\d{3}) ?([^\"]{0,100})\"?",
        lambda match: errors.HTTPStatus(match[1], match[2]),
    ),
    # kube-aggregator pkg/controllers/status/remote/remote_available_controller.go
    Grammar(
        "bad status from ",
        r"bad status from \S{1,2000}: (\d{3})",
        lambda match: errors.HTTPStatus(match[1]),
    ),
    Grammar(
        "endpoints for service/",
        r"endpoints for service/(?P<service>\S{1,253}) " + _IN_NAMESPACE + r" have no addresses"
        r"(?: with port name \"(?P<port>[^\"]{0,100})\"?)?",
        lambda match: errors.NoEndpoints(match["service"], match["namespace"], match["port"] or ""),
    ),
    Grammar(
        "endpointslices for service/",
        r"endpointslices for service/(?P<service>\S{1,253}) " + _IN_NAMESPACE + r" have no addresses"
        r"(?: with port name \"(?P<port>[^\"]{0,100})\"?)?",
        lambda match: errors.NoEndpoints(match["service"], match["namespace"], match["port"] or ""),
    ),
    Grammar(
        "cannot find endpoint",
        r"cannot find endpoint(?:slice)?s for service/(?P<service>\S{1,253}) " + _IN_NAMESPACE,
        lambda match: errors.NoEndpoints(match["service"], match["namespace"]),
    ),
    Grammar(
        "service/",
        r"service/(?P<service>[\w.-]{1,253}) " + _IN_NAMESPACE + r" is not present",
        lambda match: errors.ServiceAbsent(match["service"], match["namespace"]),
    ),
    Grammar(
        "service/",
        r"service/(?P<service>[\w.-]{1,253}) " + _IN_NAMESPACE + r" is not listening on port (?P<port>\d{1,5})",
        lambda match: errors.ServicePortAbsent(match["service"], match["namespace"], match["port"]),
    ),
    # helm pkg/action/validate.go, checkOwnership
    Grammar(
        'APIService "',
        r"APIService \"(?P<name>[^\"]{1,253})\" in namespace \"[^\"]{0,253}\""
        r" exists and cannot be imported into the current"
        r" release(?:.{0,600}?release-name\" must equal \"(?P<release>[^\"]{1,253})\": current value is"
        r" \"(?P<owner>[^\"]{0,253})\"?)?",
        lambda match: errors.OwnedByAnotherRelease(match["name"], match["release"] or "", match["owner"] or ""),
    ),
    # apiserver pkg/endpoints/handlers/responsewriters/errors.go; to 1.11 without quotes and "resource"
    Grammar(
        'User "',
        r"User \"(?P<user>[^\"]{0,300})\" cannot (?P<verb>[a-z*]{1,32}) (?:path \"(?P<path>[^\"]{0,2000})\"?"
        r"|resource \"(?P<resource>[^\"]{0,253})\"?(?: in API group \"(?P<group>[^\"]{0,253})\"?)?"
        r"|(?P<old>[\w./-]{1,253}))"
        r"(?P<scope> at the cluster scope| in the namespace \"[^\"]{0,253}\"?)?",
        _user_cannot,
    ),
    # kubelet pkg/kubelet/server/server.go, InstallAuthFilter; "subresource(s)" from 1.32
    Grammar(
        "Forbidden (user=",
        r"Forbidden \(user=(?P<user>[^,]{0,300}), verb=(?P<verb>\w{0,32}), resource=(?P<resource>[^,]{0,100}), "
        r"subresource(?:\(s\))?=(?P<subresource>\[[^\]]{0,200}\]|[^)]{0,200})",
        _kubelet_forbids,
    ),
    # apimachinery pkg/api/errors/errors.go, NewUnauthorized and NewGenericServerResponse
    Grammar(
        "Unauthorized",
        r"(?<!\d )Unauthorized(?: \((?P<request>[a-z]{1,20} [^)]{0,300})\)?)?(?=[\s\"'\]),;]|$)",
        lambda match: errors.Unauthorized(match["request"] or ""),
    ),
    Grammar(
        "the server has asked for the client to provide credentials",
        r"the server has asked for the client to provide credentials(?: \((?P<request>[^)]{0,300})\)?)?",
        lambda match: errors.Unauthorized(match["request"] or ""),
    ),
    # kubernetes pkg/serviceaccount, through apiserver pkg/authentication/request/bearertoken
    Grammar(
        "invalid bearer token",
        r"invalid bearer token(?:, (?P<why>[^\]\"]{1,600}))?",
        lambda match: (
            errors.TokenExpired()
            if "token has expired" in (match["why"] or "")
            else errors.TokenInvalid((match["why"] or "").strip())
        ),
    ),
    # net/http transport.go (Go 1.8 to 1.12); net/ipsock.go, whose AddrError has the address last to Go 1.7
    Grammar(
        'invalid URL port "',
        r"invalid URL port \"([0-9a-fA-F:.]{0,45}:\d{1,5})\"?",
        lambda match: errors.ColonsInAddress(match[1]),
    ),
    Grammar(
        "address ",
        r"address (\S{2,300}): too many colons in address",
        lambda match: errors.ColonsInAddress(match[1]),
    ),
    Grammar(
        "too many colons in address",
        r"too many colons in address(?: ([0-9a-fA-F:.%\w-]{2,100}))?",
        lambda match: errors.ColonsInAddress(match[1] or ""),
    ),
    # net/net.go and net/dnsclient.go; "getsockopt" to Go 1.10
    Grammar(
        "lookup ",
        r"lookup (?P<name>[\w.:-]{1,253}?)(?: on (?P<server>[\w.:\[\]%-]{1,100}?))?: "
        r"(?P<failure>(?:read|write|dial) udp \S{1,200}: (?:[a-z]{1,12}: )?[a-z/ ]{2,60}[a-z]"
        r"|[A-Za-z][A-Za-z/ ]{2,60}[a-z])",
        lambda match: errors.Lookup(match["name"], match["server"] or "", match["failure"]),
    ),
    Grammar(
        "dial tcp",
        r"dial tcp[46]? (?:[\w.:\[\]%-]{1,100}->)?(?P<address>[\w.:\[\]%-]{1,300}): "
        r"(?:(?:connect|getsockopt|socket|bind|connectex): )?(?P<failure>[a-z][a-z/ ]{2,80}[a-z])",
        lambda match: errors.Dial(match["address"], match["failure"]),
    ),
    Grammar(
        "read tcp ",
        r"read tcp (?:[\w.:\[\]%-]{1,100}->)?(?P<address>[\w.:\[\]%-]{1,100}): (?:read: )?"
        r"(?P<failure>[a-z][a-z/ ]{2,80}[a-z])",
        lambda match: errors.ConnectionLost(match["failure"], match["address"]),
    ),
    Grammar(
        "http2: client connection lost", r"http2: client connection lost", lambda match: errors.ConnectionLost(match[0])
    ),
    Grammar(": EOF", r": EOF\b", _says(errors.ConnectionLost("EOF"))),
    Grammar(": unexpected EOF", r": unexpected EOF\b", _says(errors.ConnectionLost("unexpected EOF"))),
    # net/http client.go and transport.go
    Grammar(
        "context deadline exceeded",
        r"context deadline exceeded(?: \(Client\.Timeout[a-z ]{1,60}\))?",
        lambda match: errors.DeadlineExceeded(match[0]),
    ),
    Grammar(
        "net/http: request canceled",
        r"net/http: request canceled(?: while waiting for connection)?(?: \(Client\.Timeout[a-z ]{1,60}\))?",
        lambda match: errors.DeadlineExceeded(match[0]),
    ),
    Grammar(
        "net/http: TLS handshake timeout",
        r"net/http: TLS handshake timeout",
        lambda match: errors.DeadlineExceeded(match[0]),
    ),
    Grammar(
        "timed out waiting for http",
        r"timed out waiting for https?://\S{1,2000}",
        _says(errors.DeadlineExceeded("timed out waiting")),
    ),
    Grammar("context canceled", r"context canceled", _says(errors.Canceled())),
    # http.ProxyFromEnvironment: the proxy's answer to CONNECT stands alone, without "bad status"
    *(
        Grammar(f": {answer}", r": (" + answer + r")(?=\"|\s*$)", lambda match: errors.ProxyAnswer(match[1]))
        for answer in ("Forbidden", "Service Unavailable", "Bad Gateway", "Proxy Authentication Required")
    ),
    # metrics-server pkg/server/server.go, pkg/utils/address_resolver.go; apiserver pkg/server/healthz/healthz.go
    Grammar("no metrics to serve", r"no metrics to serve", _says(errors.NoMetricsToServe())),
    Grammar(
        "no address matched types ",
        r"no address matched types \[?([\w ,]{1,200})",
        lambda match: errors.NoAddressOfType(match[1].strip()),
    ),
    # metrics-server pkg/scraper/client, pkg/storage; the reasons are those of Prometheus' model/textparse
    Grammar(
        "failed parsing metrics: ",
        r"failed parsing metrics: (?P<reason>[^,\"\n]{1,200})"
        r"(?:, got (?P<got>\"(?:[^\"\\]|\\.){0,100}\"|\w{1,40})(?: \(\"?\w{1,40}\"?\))?)?"
        r"(?: while parsing: \"(?P<series>.{0,1000}))?",
        _unreadable,
    ),
    Grammar(
        "Failed getting ",
        r"Failed getting (node|container) metric timestamp",
        lambda match: errors.FiguresWithoutTime(match[1]),
    ),
    Grammar(
        "discarding data: missing ",
        r"discarding data: missing (?:cpu|memory) usage metric",
        _says(errors.IncompleteFigures("container")),
    ),
    Grammar(
        "unexpected decrease in ",
        r"unexpected decrease in (cumulative CPU usage value|startTime of node/container)",
        lambda match: errors.CounterWentBack(match[1]),
    ),
    Grammar(
        "Failed getting complete ",
        r"Failed getting complete (node|[Pp]od|container) metric",
        lambda match: errors.IncompleteFigures(match[1].lower()),
    ),
    Grammar(
        "Metric storage is not ready, ",
        r"Metric storage is not ready, (node|pod) metrics are missing",
        lambda match: errors.StorageLacks(match[1]),
    ),
    # kubelet pkg/kubelet/server/stats/summary.go, pkg/kubelet/stats; cAdvisor container/raw and utils/inotify
    Grammar("failed to list pod stats: ", r"failed to list pod stats: ([^\"]{1,500})", _no_container_stats),
    Grammar(
        "failed to get cgroup stats for ",
        r"failed to get cgroup stats for \"([^\"]{1,300})\"(?:: (.{1,300}))?",
        lambda match: errors.NoCgroupStats(match[1], _trim(match[2])),
    ),
    Grammar(
        "cgroup stats not found for ",
        r"cgroup stats not found for \"([^\"]{1,300})\"(?:: (.{1,300}))?",
        lambda match: errors.NoCgroupStats(match[1], _trim(match[2])),
    ),
    Grammar(
        "inotify_init",
        r"inotify_init1?: (too many open files)",
        lambda match: errors.InotifyExhausted("inotify_init", match[1]),
    ),
    Grammar(
        "fsnotify watcher: ",
        r"fsnotify watcher: (too many open files)",
        lambda match: errors.InotifyExhausted("fsnotify", match[1]),
    ),
    Grammar(
        "inotify_add_watch ",
        r"inotify_add_watch \S{1,500}: (no space left on device)",
        lambda match: errors.InotifyExhausted("inotify_add_watch", match[1]),
    ),
    Grammar("[-]", r"\[-\]([\w/.-]{1,100}) failed", lambda match: errors.HealthCheckFailed(match[1])),
    # pflag errors.go; metrics-server cmd/metrics-server/app/options; apiserver pkg/server/options/serving.go
    Grammar("unknown flag: ", r"unknown flag: (--?[\w.-]{1,100})", lambda match: errors.UnknownFlag(match[1])),
    Grammar(
        "unknown shorthand flag: ",
        r"unknown shorthand flag: '.{1,8}' in (-[\w.=-]{1,100})",
        lambda match: errors.UnknownFlag(match[1]),
    ),
    Grammar(
        'invalid argument "',
        r"invalid argument \"[^\"]{0,300}\" for \"(?:-\w, )?(--[\w.-]{1,100})\" flag: .{1,300}",
        lambda match: errors.RejectedArgument(match[0], match[1]),
    ),
    Grammar(
        "flag needs an argument: ",
        r"flag needs an argument: (?:'.{1,8}' in )?(--?[\w.-]{1,100})",
        lambda match: errors.RejectedArgument(match[0], match[1]),
    ),
    Grammar(
        "bad flag syntax: ",
        r"bad flag syntax: (\S{1,200})",
        lambda match: errors.RejectedArgument(match[0], match[1]),
    ),
    *(
        Grammar(
            f"{verb} both --",
            verb + r" both (--[\w-]{1,100}) and --[\w-]{1,100}",
            lambda match: errors.RejectedArgument(match[0], match[1]),
        )
        for verb in ("cannot use", "need")
    ),
    Grammar(
        "metric-resolution should be ",
        r"metric-resolution should be [a-z0-9, -]{1,100} but (?:metric-resolution )?value \S{1,30}(?: provided)?"
        r"(?: kubelet-request-timeout value \S{1,30} provided)?",
        lambda match: errors.RejectedArgument(match[0], "--metric-resolution"),
    ),
    Grammar(
        "kubelet-request-timeout should be positive",
        r"kubelet-request-timeout should be positive",
        lambda match: errors.RejectedArgument(match[0], "--kubelet-request-timeout"),
    ),
    Grammar(
        "error creating self-signed certificates: ",
        r"error creating self-signed certificates: (?:\w{1,20} )?(\S{1,300}): ([a-z -]{3,60})",
        lambda match: errors.CannotWriteCertificate(match[1], match[2]),
    ),
    Grammar(
        "failed to listen on ",
        r"failed to listen on (\S{1,100}): listen tcp[46]?(?: \S{1,100})?: "
        r"(?:bind: |address \S{1,20}: )?([a-z ]{3,60})",
        lambda match: errors.CannotListen(match[1], match[2]),
    ),
    # What keeps a pod from starting: kube-scheduler, kubelet and container runtime, admission
    Grammar(" nodes are available: ", r" nodes are available: (.{1,2000})", _no_node_fits),
    Grammar(
        'Failed to pull image "',
        r"Failed to pull image \"([^\"]{1,400})\"?(?:: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    Grammar(
        'failed to pull and unpack image "',
        r"failed to pull and unpack image \"([^\"]{1,400})\"?(?:: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    Grammar(
        'Back-off pulling image "',
        r"Back-off pulling image \"([^\"]{1,400})\"?(?:: ErrImagePull: (.{1,1500}))?",
        lambda match: _not_pulled(match[1], match[2]),
    ),
    Grammar(
        'Failed to apply default image tag "',
        r"Failed to apply default image tag \"([^\"]{1,400})\"?(?:: .{1,300})?",
        lambda match: errors.InvalidImageName(match[1]),
    ),
    Grammar("exec format error", r"exec format error", _says(errors.ExecFormat())),
    Grammar(
        "container has runAsNonRoot and image ",
        r"container has runAsNonRoot and image ([a-z][^:\n]{3,120}?)(?: \(pod: |,|$)",
        lambda match: errors.MayNotRunAsRoot(match[1]),
    ),
    Grammar(
        "container's runAsUser breaks non-root policy",
        r"container's runAsUser breaks non-root policy",
        _says(errors.MayNotRunAsRoot("runAsUser is 0")),
    ),
    Grammar(
        "exceeded quota: ",
        r"exceeded quota: ([\w.-]{1,253}), (requested: .{1,1000})",
        lambda match: errors.QuotaExceeded(match[1], _trim(match[2])),
    ),
    Grammar(
        "failed quota: ",
        r"failed quota: ([\w.-]{1,253}): (must specify .{1,1000})",
        lambda match: errors.QuotaExceeded(match[1], _trim(match[2])),
    ),
    Grammar(
        'violates PodSecurity "',
        r"violates PodSecurity \"([\w.:-]{1,60})\"?: (.{1,3000})",
        lambda match: errors.PodSecurityViolated(match[1], match[2]),
    ),
    Grammar(
        "The node was low on resource: ",
        r"The node was low on resource: ([\w.-]{1,60}?)\.(?:\s|$)",
        lambda match: errors.Evicted(match[1]),
    ),
    Grammar("OOMKilled", r"OOMKilled", _says(errors.OutOfMemory())),
    # kubectl pkg/cmd/top, apimachinery pkg/api/errors, kubelet pkg/probe/http, controller podautoscaler/metrics
    Grammar("Metrics API not available", r"Metrics API not available", _says(errors.MetricsAPINotAvailable())),
    Grammar("metrics not available yet", r"metrics not available yet", _says(errors.MetricsNotAvailableYet())),
    Grammar(
        "etrics not available for pod ",
        r"etrics not available for pod ([^\s,]{1,510})(?:, age: \S{1,40})?",
        lambda match: errors.NoPodMetrics(match[1]),
    ),
    Grammar(
        "no metrics returned from resource metrics API",
        r"no metrics returned from resource metrics API",
        _says(errors.NoPodMetrics()),
    ),
    Grammar(
        "the server is currently unable to handle the request",
        r"the server is currently unable to handle the request(?: \(([^)]{0,300})\)?)?",
        lambda match: errors.ServiceUnavailable(match[1] or ""),
    ),
    Grammar(
        "HTTP probe failed with statuscode: ",
        r"HTTP probe failed with statuscode: (\d{3})",
        lambda match: errors.ProbeStatus(match[1]),
    ),
)
