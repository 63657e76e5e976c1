"""A kubelet's figures told falsely: what metrics-server asks of this machine's kubelet passes through here.

`figures.py TALE` listens on port 10251, to which the lab's firewall sends what pods want of port 10250, and serves with
the kubelet's own certificate. Each request goes on to the kubelet with the caller's token; of the answer only what the
tale says is changed, in the text format that the kubelet of that release would have printed. As with the real faults,
which lie in the state of a running kubelet or of the runtime it asks, a kubelet started anew tells the truth.
"""

import http.client
import json
import re
import ssl
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATE, KEY = "/var/lib/kubelet/kubelet.pem", "/var/lib/kubelet/kubelet-key.pem"
KUBELET = Path("/run/lab/state/kubelet.json")
# A container's start read as the zero time.Time: kubernetes/kubernetes issue 109679, from kubelets to 1.26.
ZERO_START = (
    'container_start_time_seconds{container="busy",namespace="default",pod="busy-gone"}'
    " -6.7953645788713455e+09 -62135596800000\n"
)
asked = 0


def no_containers(text: str) -> str:
    """The node's own figures alone: the runtime gives none of its containers."""
    return "".join(line for line in text.splitlines(True) if not re.search(r"\b(container|pod)_", line))


def zero_start(text: str) -> str:
    """One container too many, begun and measured at the zero time, which is before 1970."""
    heading = re.compile(r"^(# TYPE container_start_time_seconds .*\n)", re.MULTILINE)
    return heading.sub(lambda match: match[1] + ZERO_START, text)


def node_cpu_zero(text: str) -> str:
    """The root cgroup has no CPU accounting."""
    return re.sub(r"^(node_cpu_usage_seconds_total) \S+", r"\1 0", text, flags=re.MULTILINE)


def nothing(_: str) -> str:
    """What a kubelet prints that has no statistics of the root cgroup: pkg/kubelet/metrics/collectors, 1.36."""
    return "".join(
        f"# HELP {name} [{level}] 1 if there was an error while getting container metrics, 0 otherwise\n"
        f"# TYPE {name} gauge\n{name} 1\n"
        for name, level in (("resource_scrape_error", "STABLE"), ("scrape_error", "ALPHA"))
    )


def cpu_decrease(text: str) -> str:
    """Every third answer has counters of workload busy that have lost a second."""
    global asked  # noqa: PLW0603  one process, one count
    asked += 1
    if asked % 3:
        return text
    counter = re.compile(r'^(container_cpu_usage_seconds_total\{container="busy".*\}) (\S+)', re.MULTILINE)
    return counter.sub(lambda match: f"{match[1]} {max(0.001, float(match[2]) - 1)}", text)


TALES: dict[str, Callable[[str], str]] = {
    "no-containers": no_containers,
    "zero-start": zero_start,
    "node-cpu-zero": node_cpu_zero,
    "nothing": nothing,
    "cpu-decrease": cpu_decrease,
}


def kubelet_start() -> float:
    """When the kubelet's unit was started last."""
    try:
        return float(json.loads(KUBELET.read_text())["since"])
    except (OSError, ValueError):
        return 0.0


class Figures(BaseHTTPRequestHandler):
    """Asks the kubelet in the caller's name."""

    protocol_version = "HTTP/1.1"
    tale: Callable[[str], str] = staticmethod(lambda text: text)
    tells_of = 0.0

    def do_GET(self) -> None:
        """Pass the question on, and the answer back."""
        trusting = ssl._create_unverified_context()
        kubelet = http.client.HTTPSConnection("127.0.0.1", 10250, context=trusting, timeout=10)
        kept = {name: self.headers[name] for name in ("Authorization", "Accept", "User-Agent") if name in self.headers}
        kubelet.request("GET", self.path, headers=kept)
        answer = kubelet.getresponse()
        body = answer.read()
        if answer.status == 200 and kubelet_start() == type(self).tells_of:
            body = type(self).tale(body.decode()).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    """Serve until ended."""
    Figures.tale = staticmethod(TALES[sys.argv[1]])
    Figures.tells_of = kubelet_start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    server = ThreadingHTTPServer(("0.0.0.0", 10251), Figures)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
