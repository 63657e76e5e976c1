"""A TLS handshake with nothing to show and nothing to say: what a peer presents, and whom it would trust.

No credential is sent, no name for an IP address, and no byte of application data, so the certificate need not be
verified: it is the thing looked at. Body of the document:
``{"protocol": "TLSv1.3", "chain": [PEM, leaf first], "acceptableCAs": ["CN=…,O=…"]}``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import re
import socket
from ssl import DER_cert_to_PEM_cert
from time import monotonic
from typing import Any, Protocol

from OpenSSL import SSL
from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

from msdoctor.bundle import Reason, Refusal
from msdoctor.collect.dial import network_refusal
from msdoctor.collect.look import Answer

LARGEST = 128 * 1024  # bytes taken from a peer; OpenSSL itself stops at a chain of 100 KiB

# OpenSSL's names of alerts where Go has another, from Go's crypto/tls/alert.go.
_GO_ALERTS = {
    "handshake failure": "handshake failure",
    "protocol version": "protocol version not supported",
    "unknown ca": "unknown certificate authority",
    "certificate unknown": "unknown certificate",
    "certificate expired": "expired certificate",
    "certificate revoked": "revoked certificate",
    "decode error": "error decoding message",
    "decrypt error": "error decrypting message",
    "insufficient security": "insufficient security level",
    "bad record mac": "bad record MAC",
}


_LEGACY_SERVER_CONNECT = 0x4  # SSL_OP_LEGACY_SERVER_CONNECT: talk to one that knows no secure renegotiation

_ADDRESS = re.compile(r"(?:\[(?P<v6>[^][]*:[^][]*)\]|(?P<host>[^][:]+)):(?P<port>[0-9]{1,5})", re.ASCII)
_SPECIAL, _ESCAPED = re.compile(r'([,+"\\<>;])'), r"\\\1"


class Stream(Protocol):
    """The part of a socket that a handshake needs."""

    def settimeout(self, seconds: float, /) -> None:
        """Bound the calls that follow."""

    def recv(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none when the peer has closed."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""


class _ClosedError(Exception):
    """The peer ended the connection before the handshake was over."""


class _LateError(Exception):
    """The time for the handshake ran out."""


class _TooMuchError(Exception):
    """The peer sent more than any certificate chain needs."""


def shake_hands(address: str, seconds: float, server_name: str | None = None) -> Answer:
    """Connect to ``host:port`` (IPv6 in brackets) and shake hands, all within ``seconds``.

    Asked for by name is ``server_name``, or else the host, if that is a name.
    """
    ends = monotonic() + seconds
    try:
        host, port = split_address(address)
    except ValueError:
        return Refusal(Reason.MALFORMED, f'"{address}" is not host:port')
    try:
        connection = socket.create_connection((host, port), timeout=seconds)
    except (OSError, UnicodeError) as error:
        return network_refusal(error, seconds) or Refusal(Reason.UNREACHABLE, str(error))
    with connection:
        return handshake_over(connection, server_name or _server_name(host), ends, seconds)


def split_address(address: str) -> tuple[str, int]:
    """Host and port. Raises ValueError.

    >>> split_address("[fd00::51]:10250")
    ('fd00::51', 10250)
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 65536:
        raise ValueError(address)
    return match["v6"] or match["host"], int(match["port"])


def _server_name(host: str) -> str | None:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return None


def handshake_over(stream: Stream, server_name: str | None, ends: float, seconds: float) -> Answer:
    """Shake hands over a connected stream until ``ends`` on the monotonic clock; ``seconds`` is for the words."""
    connection = SSL.Connection(_context(), None)
    connection.set_connect_state()
    try:
        if server_name:
            connection.set_tlsext_host_name(server_name.encode("idna"))
    except (UnicodeError, SSL.Error):
        return Refusal(Reason.MALFORMED, f'"{server_name}" is no name that TLS can ask for')
    received = bytearray()
    try:
        while True:
            try:
                connection.do_handshake()
                seen = _seen(connection)
                _take_leave(connection, stream, ends)
                return seen
            except SSL.WantReadError:
                _exchange(connection, stream, received, ends)
    except SSL.Error as error:
        return _tls_refusal(error, bytes(received))
    except _ClosedError:
        return _closed(bytes(received))
    except _TooMuchError:
        return Refusal(Reason.TOO_LARGE, f"sent more than {LARGEST >> 10} KiB during the TLS handshake")
    except (_LateError, TimeoutError):
        return Refusal(Reason.TIMEOUT, f"connected, but the TLS handshake was not over within {seconds:.0f} s")
    except OSError as error:
        return network_refusal(error, seconds) or Refusal(Reason.UNREACHABLE, str(error))


def _context() -> Any:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE, None)
    # An old or weak peer is to be seen as well; nothing is entrusted to it.
    context.set_cipher_list(b"ALL:@SECLEVEL=0")
    context.set_min_proto_version(SSL.TLS1_VERSION)
    context.set_options(_LEGACY_SERVER_CONNECT)
    return context


def _exchange(connection: Any, stream: Stream, received: bytearray, ends: float) -> None:
    """Send what OpenSSL has to say, hand it what the peer answers."""
    _flush(connection, stream, ends)
    stream.settimeout(_left(ends))
    incoming = stream.recv(65536)
    if not incoming:
        raise _ClosedError
    received += incoming
    if len(received) > LARGEST:
        raise _TooMuchError
    connection.bio_write(incoming)


def _flush(connection: Any, stream: Stream, ends: float) -> None:
    with contextlib.suppress(SSL.WantReadError):
        while True:
            outgoing = connection.bio_read(65536)
            stream.settimeout(_left(ends))
            stream.sendall(outgoing)


def _take_leave(connection: Any, stream: Stream, ends: float) -> None:
    """End as TLS ends, so that the peer's log does not fill with handshakes that broke off."""
    with contextlib.suppress(SSL.Error, OSError, _LateError):
        connection.shutdown()
        _flush(connection, stream, ends)


def _left(ends: float) -> float:
    left = ends - monotonic()
    if left <= 0:
        raise _LateError
    return left


def _seen(connection: Any) -> bytes:
    # As bytes: a certificate that another library could not parse is to be seen, too.
    chain = connection.get_peer_cert_chain() or []
    seen = {
        "protocol": connection.get_protocol_version_name(),
        "chain": [DER_cert_to_PEM_cert(dump_certificate(FILETYPE_ASN1, certificate)) for certificate in chain],
        "acceptableCAs": [_name(name.get_components()) for name in connection.get_client_ca_list()],
    }
    return json.dumps(seen, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _name(components: list[tuple[bytes, bytes]]) -> str:
    """A distinguished name as Go prints it: the last part first, special characters escaped (RFC 4514)."""
    parts = ((key.decode(), value.decode("utf-8", "replace")) for key, value in reversed(components))
    return ",".join(f"{key}={_SPECIAL.sub(_ESCAPED, value)}" for key, value in parts)


# What went wrong


def _tls_refusal(error: Exception, received: bytes) -> Refusal:
    reasons = [str(entry[-1]) for entry in (error.args[0] if error.args else []) if isinstance(entry, tuple)]
    text = "; ".join(reasons) or "closed during the TLS handshake"
    alert = re.search(r"(?:ssl/tls|tlsv1\.?\d*|tlsv13|sslv3|ssl3|tls) alert (.+?)(?:;|$)", text)
    if not alert:
        alert = re.search(r"^tlsv1(?:\.\d|3)? (unrecognized name|unsupported extension|certificate unobtainable)", text)
    if alert:
        words = alert[1].strip()
        return Refusal(Reason.FAILED, f"remote error: tls: {_GO_ALERTS.get(words, words)}")
    if "ASN1 lib" in reasons:
        why = "; ".join(reason for reason in reasons if reason not in ("ASN1 lib", "nested asn1 error"))
        return Refusal(Reason.MALFORMED, f"tls: failed to parse certificate from server (OpenSSL says: {why})")
    if "excessive message size" in text:
        return Refusal(Reason.TOO_LARGE, "a certificate chain of more than 100 KiB")
    return _not_tls(received) or Refusal(Reason.FAILED, f"TLS handshake failed: {text}")


def _closed(received: bytes) -> Refusal:
    return _not_tls(received) or Refusal(Reason.FAILED, "EOF: closed the connection during the TLS handshake")


def _not_tls(received: bytes) -> Refusal | None:
    """A TLS record begins with its type, 20 to 23, and major version 3."""
    if not received or (20 <= received[0] <= 23 and received[1:2] in (b"", b"\x03")):
        return None
    if received.startswith(b"HTTP/"):
        return Refusal(Reason.MALFORMED, "http: server gave HTTP response to HTTPS client")
    start = received[:24].decode("latin-1").encode("unicode_escape").decode()
    return Refusal(Reason.MALFORMED, f"tls: first record does not look like a TLS handshake: {start}")
