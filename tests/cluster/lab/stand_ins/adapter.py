"""Adapters of external and custom metrics, as far as the API server and the HPA controller ask them.

KEDA's listens on port 6444 and knows every metric of its own (`s0-…`); the Prometheus adapter's on 6445 knows none of
those. Answers are in the API's own form (k8s.io/metrics, custom-metrics-apiserver pkg/provider/errors.go).
"""

import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CERTIFICATE, KEY = "/var/lib/kubelet/kubelet.pem", "/var/lib/kubelet/kubelet-key.pem"
PORTS = {6444: "keda", 6445: "prometheus-adapter"}
GROUPS = ("external.metrics.k8s.io", "custom.metrics.k8s.io")


def answer(path: str, adapter: str) -> tuple[int, Any]:
    """Status and body for a path."""
    parts = path.partition("?")[0].strip("/").split("/")
    if len(parts) == 3 and parts[1] in GROUPS:
        return 200, {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": "/".join(parts[1:]),
            "resources": [],
        }
    if len(parts) == 6 and parts[1] == GROUPS[0] and parts[5].startswith("s0-") and adapter == "keda":
        value = {"metricName": parts[5], "metricLabels": None, "timestamp": "2026-01-01T00:00:00Z", "value": "1"}
        return 200, {"kind": "ExternalMetricValueList", "apiVersion": f"{GROUPS[0]}/v1beta1", "items": [value]}
    return 404, {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": f"the server could not find the metric {parts[-1]} for ",
        "reason": "NotFound",
        "code": 404,
    }


class Adapter(BaseHTTPRequestHandler):
    """One connection to one of the two."""

    protocol_version = "HTTP/1.1"
    adapter = ""

    def do_GET(self) -> None:
        """Answer as the adapter of this port."""
        status, value = answer(self.path, self.adapter)
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve(port: int) -> None:
    """Serve one of them until ended."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE, KEY)
    of_this_port = type("OfThisPort", (Adapter,), {"adapter": PORTS[port]})
    server = ThreadingHTTPServer(("0.0.0.0", port), of_this_port)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    for number in PORTS:
        threading.Thread(target=serve, args=(number,)).start()
