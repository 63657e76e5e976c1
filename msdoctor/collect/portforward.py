"""A TLS handshake with a pod's own port, carried by the API server; only where the user's flag asked for it."""

from __future__ import annotations

import json
import re
from time import monotonic
from typing import Any
from urllib.parse import quote

import websocket
from kubernetes.client import Configuration
from kubernetes.stream.ws_client import portforward_call

from msdoctor.bundle import Reason, Refusal
from msdoctor.collect.access import Access
from msdoctor.collect.api import proxies
from msdoctor.collect.handshake import handshake_over, split_address
from msdoctor.collect.look import Answer

_BY_STATUS = {401: Reason.UNAUTHORIZED, 403: Reason.FORBIDDEN, 404: Reason.ABSENT}


def through_port_forward(access: Access, address: str, seconds: float) -> Answer:
    """Shake hands with ``NAMESPACE/POD:PORT``. The stream needs ``pods/portforward``; it is closed right after."""
    ends = monotonic() + seconds
    target, port = split_address(address)
    namespace, _, pod = target.partition("/")
    try:
        stream = _open(access, namespace, pod, port, seconds)
    except Exception as error:  # noqa: BLE001  the package raises one type for all, made of the inner error's text
        return _refusal(error)
    try:
        answer = handshake_over(stream.socket(port), None, ends, seconds)
        said = (stream.error(port) or "").strip()
        if isinstance(answer, Refusal) and said:
            return Refusal(Reason.UNREACHABLE, said)
        return answer
    finally:
        stream.close()


def _open(access: Access, namespace: str, pod: str, port: int, seconds: float) -> Any:
    websocket.setdefaulttimeout(seconds)
    configuration = Configuration()
    configuration.host = access.server
    configuration.ssl_ca_cert = access.ca_file
    configuration.cert_file, configuration.key_file = access.cert_file, access.key_file
    configuration.verify_ssl = not access.insecure
    configuration.tls_server_name = access.tls_server_name
    configuration.proxy = proxies(access).get("https")
    headers = {name.lower(): value for name, value in access.headers.items()}
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/portforward"
    url = f"{access.server}{path}?ports={port}"
    forward: Any = portforward_call  # the package is not typed
    return forward(configuration, "GET", url, query_params=[("ports", str(port))], headers=headers)


def _refusal(error: Exception) -> Refusal:
    text = str(getattr(error, "reason", "") or error)
    status = re.search(r"Handshake status (\d{3})", text)
    if not status:
        return Refusal(Reason.UNREACHABLE, f"port-forward: {' '.join(text.split())[:300]}")
    code = int(status[1])
    return Refusal(_BY_STATUS.get(code, Reason.FAILED), f"port-forward: {_message(text)}", code)


def _message(text: str) -> str:
    """The message of the Status object that the websocket library quotes after the headers."""
    found = re.search(r'"message":("(?:[^"\\]|\\.)*")', text.replace("\\\\", "\\"))
    if not found:
        return " ".join(text.partition("-+-+-")[0].split())
    try:
        return str(json.loads(found[1]))
    except ValueError:
        return found[1].strip('"')
