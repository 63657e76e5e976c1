"""What Go says of connections: net, net/http."""

from __future__ import annotations

import re

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar, plain, says


def _written(match: re.Match[str]) -> InnermostError:
    """A request that could not be sent; what a server could not answer is said of a response, and is no trouble."""
    answered = _ANSWER in match.string[max(match.start() - 200, 0) : match.start()]
    failure = match["failure"]
    return errors.Noise("http2-stream-closed") if answered else errors.ConnectionLost(failure, match["address"])


def _dialled(match: re.Match[str]) -> InnermostError:
    """A kubelet serves its own health on its node alone, to whoever is there (kubeadm): refused, it does not run."""
    if match["address"].endswith(":10248") and match["failure"] == "connection refused":
        return errors.KubeletExits()
    return errors.Dial(match["address"], match["failure"])


def _of_socket(match: re.Match[str]) -> InnermostError:
    """A socket of a container runtime is the kubelet's; any other is the API server's way into its tunnel."""
    if any(runtime in match["tunnel"] for runtime in _RUNTIMES):
        return errors.RuntimeUnreached(match["failure"], match["tunnel"])
    return errors.TunnelFailed(match["failure"], match["tunnel"])


def _of_pool(match: re.Match[str]) -> InnermostError:
    """What a client in Python says of a kubelet that it did not reach, or did not believe."""
    host, why = match["host"], match["why"]
    if why in ("Name or service not known", "Name does not resolve"):
        return errors.Lookup(host, "", "no such host")
    if why.startswith("Temporary failure"):
        return errors.Lookup(host, "", why)
    if why == "certificate has expired":
        return errors.Expired()
    if "issuer" in why or "signed" in why:
        return errors.UnknownAuthority()
    if why == "Read timed out":
        return errors.DeadlineExceeded(why)
    failure = "connection timed out" if "timed out" in why else why.lower()
    return errors.Dial(f"{host}:{match['port']}", failure)


_OF_A_POOL = (
    "Connection refused",
    "No route to host",
    "Connection timed out",
    r"timed out\. \(connect timeout",
    "Name or service not known",
    "Name does not resolve",
    "Temporary failure in name resolution",
    "certificate has expired",
    "self[- ]signed certificate",
    "unable to get (?:local )?issuer certificate",
    "Read timed out",
)

# where they listen: containerd, cri-o, cri-dockerd, Docker, and the kubelet's own dockershim to 1.23
_RUNTIMES = ("containerd", "crio", "cri-dockerd", "docker.sock", "dockershim")
_ANSWER = "apiserver was unable to "  # apiserver pkg/endpoints/handlers/responsewriters/writers.go

GRAMMARS: tuple[Grammar, ...] = (
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
        word="too many colons in address",
    ),
    Grammar(
        "too many colons in address",
        r"too many colons in address(?: ([0-9a-fA-F:.%\w-]{2,100}))?",
        lambda match: errors.ColonsInAddress(match[1] or ""),
    ),
    # net/net.go and net/dnsclient.go; "getsockopt" to Go 1.10. Who types it off a screen leaves out "on".
    Grammar(
        "lookup ",
        r"lookup (?P<name>[\w.:\[\]<>*$-]{1,253}?)(?: (?:on )?(?P<server>[\w.:\[\]%<>*$-]{1,100}?))?: "
        r"(?P<failure>no such host|server misbehaving|i/o timeout"
        r"|(?:read|write|dial) udp \S{1,200}: (?:[a-z]{1,12}: )?[a-z/ ]{2,60}[a-z]"
        r"|[A-Za-z][A-Za-z/ ]{2,60}[a-z])",
        lambda match: errors.Lookup(match["name"], match["server"] or "", match["failure"]),
    ),
    # Go to 1.12 does not tell the name where the caller's time was over before the look-up was
    Grammar(
        "dial tcp",
        r"dial tcp[46]?: i/o timeout",
        says(errors.Lookup("", "", "i/o timeout")),
        word=": i/o timeout",
    ),
    # curl src/tool_operate.c
    Grammar(
        "Failed to connect to ",
        r"Failed to connect to (?P<host>[\w.:\[\]%<>*$-]{1,253}) port (?P<port>\d{1,5})(?: after \d{1,9} ms)?: "
        r"(?P<failure>Connection refused|Connection timed out|Operation timed out|No route to host)",
        lambda match: errors.Dial(f"{match['host']}:{match['port']}", match["failure"].lower()),
    ),
    Grammar(
        "dial tcp",
        r"dial tcp[46]? (?:[\w.:\[\]%-]{1,100}->)?(?P<address>[\w.:\[\]%<>*$-]{1,300}): "
        r"(?!net/http: )"  # what came of it once it was dialled
        # not what the caller itself lacks: files, ports, an address of the family
        r"(?!(?:connect|socket): (?:too many open files|cannot assign requested address))"
        # Known ones first: of a line that was cut, what follows may have lost the quote before it
        r"(?:(?:connect|getsockopt|socket|bind|connectex) ?: )?(?P<failure>connection refused|no route to host"
        r"|network is unreachable|i/o timeout|connection timed out|connection reset by peer|operation was canceled"
        r"|[a-z][a-z/ ]{2,80}[a-z]|(?=[a-z]{0,3}$))",
        _dialled,
    ),
    # apiserver pkg/server/egressselector/egress_selector.go; apiserver-network-proxy konnectivity-client and pkg/server
    Grammar(
        "dial unix ",
        r"dial unix (?P<tunnel>[\w.@:/-]{1,200}): (?:connect: )?(?P<failure>[a-z][a-z/ ]{2,80}[a-z])",
        _of_socket,
    ),
    # net/net.go OpError of a tunnel's socket (``@->NAME`` for a client without a name of its own), and of a request
    # whose connection was already open, of which the URL says what was asked
    *(
        Grammar(
            f"{verb} unix ",
            verb + r" unix \S{0,200}->(?P<tunnel>[\w.@:/-]{1,200}): (?:\w{4,5}: )?(?P<failure>[a-z][a-z/ ]{2,80}[a-z])",
            lambda match: errors.TunnelFailed(match["failure"], match["tunnel"]),
        )
        for verb in ("read", "write")
    ),
    Grammar(
        ": write tcp ",
        r": write tcp (?:[\w.:\[\]%-]{1,100}->)?(?P<address>[\w.:\[\]%-]{1,100}): (?:write: )?"
        r"(?P<failure>broken pipe|connection reset by peer|i/o timeout)",
        _written,
    ),
    Grammar(
        "proxy error from ",
        r"proxy error from (?P<tunnel>\S{1,200}) while dialing \S{1,200}, (?P<failure>code \d{3}: [\w ]{1,60})",
        lambda match: errors.TunnelFailed(match["failure"].strip(), match["tunnel"]),
    ),
    Grammar(
        "reading HTTP response from CONNECT to ",
        r"reading HTTP response from CONNECT to \S{1,200} via proxy (?P<tunnel>\S{1,200}) failed: "
        r"(?P<failure>[^\"]{1,80})",
        lambda match: errors.TunnelFailed(match["failure"].strip(), match["tunnel"]),
    ),
    Grammar("No agent available", r"No agent available", says(errors.TunnelFailed("No agent available"))),
    Grammar("No backend available", r"No backend available", says(errors.TunnelFailed("No backend available"))),
    Grammar(
        "dial timeout, ",
        r"dial timeout, (?:backstop|context)",
        lambda match: errors.TunnelFailed(match[0]),
    ),
    Grammar(": tunnel closed", r": tunnel closed", says(errors.TunnelFailed("tunnel closed"))),
    Grammar(": tunnel is closed", r": tunnel is closed", says(errors.TunnelFailed("tunnel is closed"))),
    Grammar(
        "read tcp ",
        r"read tcp (?:[\w.:\[\]%-]{1,100}->)?(?P<address>[\w.:\[\]%-]{1,100}): (?:read: )?"
        r"(?P<failure>[a-z][a-z/ ]{2,80}[a-z])",
        lambda match: errors.ConnectionLost(match["failure"], match["address"]),
    ),
    Grammar(
        "http2: client connection lost", r"http2: client connection lost", lambda match: errors.ConnectionLost(match[0])
    ),
    Grammar(": EOF", r": EOF\b", says(errors.ConnectionLost("EOF"))),
    # client-go rest/request.go
    plain("0-length response", errors.ConnectionLost("0-length response")),
    Grammar(": unexpected EOF", r": unexpected EOF\b", says(errors.ConnectionLost("unexpected EOF"))),
    *(plain(words, errors.AddressNotAllowed()) for words in (": Address is not allowed", ": address not allowed")),
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
    *(
        Grammar(words, words, lambda match: errors.DeadlineExceeded(match[0]))
        for words in ("net/http: timeout awaiting response headers", "http2: timeout awaiting response headers")
    ),
    Grammar(
        "timed out waiting for http",
        r"timed out waiting for https?://\S{1,2000}",
        says(errors.DeadlineExceeded("timed out waiting")),
    ),
    Grammar("context canceled", r"context canceled", says(errors.Canceled())),
    # http.ProxyFromEnvironment: the proxy's answer to CONNECT stands alone, without "bad status"
    *(
        Grammar(
            f": {answer}",
            r"(?<![Rr]eason)(?<![Ss]tatus): (" + answer + r")(?=\"|\]?\s*$|[\],] )",
            lambda match: errors.ProxyAnswer(match[1]),
        )
        for answer in (
            "Forbidden",
            "Service Unavailable",
            "Bad Gateway",
            "Gateway Timeout",
            "Gateway Time-out",
            "Proxy Authentication Required",
        )
    ),
    Grammar("malformed HTTP ", r"malformed HTTP (?:response|status code) \\{0,4}\".{0,60}", says(errors.WrongScheme())),
    # k8s.io/utils/trace
    Grammar("Trace[", r"Trace\[\d{1,12}\]", says(errors.Noise("slow-trace"))),
    # the same in a sentence
    *(
        Grammar(
            f"{first}onnection refused on port ",
            first + r"onnection refused on port (1025[05])\b",
            lambda match: errors.Dial(f":{match[1]}", "connection refused"),
        )
        for first in "Cc"
    ),
    # Ruby's rest-client, as fluentd tells of it; elastic/beats metricbeat/helper/http.go
    Grammar(
        "error_class=RestClient::",
        r"error_class=RestClient::\w{1,40} error=\\{0,4}\"(\d{3}) ([A-Za-z ]{1,40})",
        lambda match: errors.HTTPStatus(match[1], match[2]),
    ),
    Grammar(
        "HTTP error ",
        r"HTTP error (\d{3}) in [\w/.:-]{0,80}: (?:\d{3} )?([A-Za-z ]{1,40})",
        lambda match: errors.HTTPStatus(match[1], match[2]),
    ),
    # telegraf plugins/inputs/kubernetes/kubernetes.go
    Grammar(
        "returned HTTP status ",
        r"(?<!server )returned HTTP status (\d{3}) ([A-Za-z ]{1,40})",
        lambda match: errors.HTTPStatus(match[1], match[2]),
    ),
    # VictoriaMetrics lib/promscrape/client.go; a 403's response says more
    Grammar(
        "unexpected status code returned when scraping ",
        r"unexpected status code returned when scraping \S{1,2000}:1025[05]/\S{0,300}: ((?!403)\d{3}); expecting 200"
        r"(?:; response body: \\{0,4}\"([A-Za-z ]{1,40}))?",
        lambda match: errors.HTTPStatus(match[1], match[2] or ""),
    ),
    # urllib3 exceptions.py and connection.py, of a kubelet's ports; the words of C's library and of OpenSSL
    *(
        Grammar(
            f"{pool}(host=",
            pool + r"\(host='(?P<host>[^'\s]{1,253})', port=(?P<port>1025[05])\): "
            r"(?:Max retries exceeded with url: \S{1,2000} \(Caused by .{0,300}?)?(?P<why>"
            + "|".join(_OF_A_POOL)
            + ")",
            _of_pool,
        )
        for pool in ("HTTPSConnectionPool", "HTTPConnectionPool")
    ),
    # opentelemetry-collector internal/kubelet/client.go; a 403's response says more
    Grammar(
        "kubelet request GET ",
        r"kubelet request GET \S{1,2000} failed - \\{0,4}\"((?!403)\d{3}) ([A-Za-z ]{1,40})"
        r"(?:\\{0,4}\", response: .{0,300})?",
        lambda match: errors.HTTPStatus(match[1], match[2]),
    ),
    # Python's requests, requests/models.py, raise_for_status
    *(
        Grammar(
            f"{side} Error: ",
            rf"(?<=(\d{{3}}) ){side} Error: ([A-Za-z ]{{1,60}}) for url: https?://\S{{1,2000}}",
            lambda match: errors.HTTPStatus(match[1], match[2]),
            word=" for url: http",
        )
        for side in ("Client", "Server")
    ),
    # client-go transport/round_trippers.go, from 1.32 on in pairs
    *(
        Grammar(
            "503 Service Unavailable in ",
            rf"(?<=/apis/metrics\.k8s\.io/v1beta1/{listed} )503 Service Unavailable in \d{{1,9}} milliseconds",
            says(errors.ServiceUnavailable(f"get {listed}.metrics.k8s.io")),
        )
        for listed in ("nodes", "pods")
    ),
    Grammar(
        "403 Forbidden in ",
        r"(?<=/configmaps/extension-apiserver-authentication )403 Forbidden in \d{1,9} milliseconds",
        says(errors.Forbidden("", "get", "configmaps", 'in the namespace "kube-system"')),
    ),
    Grammar(
        "404 Not Found in ",
        r"404 Not Found in \d{1,9} milliseconds",
        says(errors.HTTPStatus("404", "Not Found")),
    ),
    Grammar(
        'status="404 Not Found" ',
        r"status=\"404 Not Found\" headers=",
        says(errors.HTTPStatus("404", "Not Found")),
        word="404 Not Found",
    ),
    # hjacobs/kube-ops-view kube_ops_view/kubernetes.py
    Grammar(
        "Failed to query ",
        r"Failed to query (?:node|pod) metrics (?:for cluster )?\S{1,253}: 404 Not Found",
        says(errors.MetricsAPINotAvailable()),
        word=": 404 Not Found",
    ),
    *(
        Grammar(anchor, pattern, says(errors.PolicyDenied()))
        for anchor, pattern in (
            ("policy-verdict:", r"policy-verdict:[\w-]{1,20} (?:(?:INGRESS|EGRESS) )?DENIED\b"),
            ("Policy denied", r"Policy denied(?: DROPPED\b|\)| by )"),
            ("POLICY_DENIED", r"POLICY_DENIED\b"),
        )
    ),
    # tcpdump print-udp.c: Linux' and the IANA's ports for VXLAN
    Grammar(": [bad udp cksum ", r"(?<=\.8472|\.4789): \[bad udp cksum ", says(errors.OverlayChecksum())),
    plain("http2: stream closed", errors.Noise("http2-stream-closed")),
    plain("http2: server sent GOAWAY and closed the connection", errors.Noise("watch-goaway")),
    plain("graceful shutdown GOAWAY", errors.Noise("watch-goaway")),
    plain("http2: server connection error from ", errors.Noise("http2-stream-closed")),
    plain("very short watch", errors.ShortWatch()),
    plain("too old resource version", errors.ShortWatch()),
    plain("The resourceVersion for the provided watch is too old", errors.ShortWatch()),  # apiserver pkg/storage/etcd3
    plain("write: broken pipe", errors.Noise("http2-stream-closed")),
    plain("write a JSON response: client disconnected", errors.Noise("http2-stream-closed")),
)
