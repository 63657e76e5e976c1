"""Certificates, keys and small servers on loopback that misbehave on purpose."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Talk = Callable[[socket.socket], None]


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, as PEM files."""

    cert: Path
    key: Path


@dataclass(frozen=True)
class Pki:
    """A hand-made CA without any key identifier, and what it signed."""

    ca: Path
    server: Pair
    client: Pair


def pem_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def certificate(
    names: list[x509.NameAttribute[str]],
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
    alternatives: list[x509.GeneralName] | None = None,
) -> x509.Certificate:
    subject = x509.Name(names)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=issuer is None)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return builder.sign(signer or key, hashes.SHA256())


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    folder = tmp_path_factory.mktemp("pki")

    def write(name: str, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
        pair = Pair(folder / f"{name}.pem", folder / f"{name}-key.pem")
        pair.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(pem_of(key))
        return pair

    ca_key, server_key, client_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    ca = certificate([x509.NameAttribute(NameOID.COMMON_NAME, "hand-made")], ca_key)
    local: list[x509.GeneralName] = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("story.example")]
    server_name = [x509.NameAttribute(NameOID.COMMON_NAME, "server")]
    server = certificate(server_name, server_key, ca.subject, ca_key, local)
    client_name = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "operators"),
        x509.NameAttribute(NameOID.COMMON_NAME, "operator"),
    ]
    client = certificate(client_name, client_key, ca.subject, ca_key)
    return Pki(
        write("ca", ca, ca_key).cert,
        write("server", server, server_key),
        write("client", client, client_key),
    )


@pytest.fixture
def serve() -> Iterator[Callable[[Talk], str]]:
    """Start a server on loopback that talks as told to each connection; its address."""
    with contextlib.ExitStack() as stack:
        yield lambda talk: stack.enter_context(serving(talk))


@contextlib.contextmanager
def serving(talk: Talk, host: str = "127.0.0.1") -> Iterator[str]:
    """A server at that host that talks as told to each connection; its address."""
    listener = socket.create_server((host, 0), backlog=128)
    threading.Thread(target=_accept, args=(listener, talk), daemon=True).start()
    try:
        host, port = listener.getsockname()
        yield f"{host}:{port}"
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, talk: Talk) -> None:
    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            talk(connection)

    with contextlib.suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=answer, args=(connection,), daemon=True).start()


@pytest.fixture
def over_tls(pki: Pki) -> Callable[[Talk], Talk]:
    """The same talk inside TLS, with the server's certificate; clients are asked for one of the hand-made CA."""

    def wrap(talk: Talk) -> Talk:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.server.cert, pki.server.key)
        context.load_verify_locations(pki.ca)
        context.verify_mode = ssl.CERT_OPTIONAL

        def talk_inside(connection: socket.socket) -> None:
            with context.wrap_socket(connection, server_side=True) as inside:
                talk(inside)

        return talk_inside

    return wrap
