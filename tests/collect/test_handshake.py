import json
import socket
import ssl
import time
from collections.abc import Callable

import pytest
from OpenSSL import SSL

from msdoctor.bundle import Reason, Refusal
from msdoctor.collect.handshake import shake_hands, split_address

from .conftest import Pki, Talk

Serve = Callable[[Talk], str]


def refusal(address: str, seconds: float = 2.0) -> Refusal:
    answer = shake_hands(address, seconds)
    assert isinstance(answer, Refusal)
    return answer


def wait(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def test_a_real_peer_shows_its_chain_and_whom_it_trusts(pki: Pki, serve: Serve) -> None:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.use_certificate_file(str(pki.server.cert))
    context.use_privatekey_file(str(pki.server.key))
    context.load_client_ca(str(pki.ca).encode())
    context.set_verify(SSL.VERIFY_PEER, lambda *_: True)

    def talk(connection: socket.socket) -> None:
        inside = SSL.Connection(context, connection)
        inside.set_accept_state()
        inside.do_handshake()

    answer = shake_hands(serve(talk), 5)

    assert isinstance(answer, bytes)
    assert json.loads(answer) == {
        "protocol": "TLSv1.3",
        "chain": [pki.server.cert.read_text()],
        "acceptableCAs": ["CN=hand-made"],
    }


def test_no_credential_and_no_name_is_sent_to_an_address(pki: Pki, serve: Serve) -> None:
    names: list[str | None] = []
    certificates: list[object] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.cert, pki.server.key)
    context.load_verify_locations(pki.ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.sni_callback = lambda _, name, __: names.append(name)
    sent: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            certificates.append(inside.getpeercert())
            sent.append(inside.recv(1))

    address = serve(talk)
    assert isinstance(shake_hands(address, 5), bytes)
    assert isinstance(shake_hands(address.replace("127.0.0.1", "localhost"), 5), bytes)
    time.sleep(0.05)

    assert names == [None, "localhost"]
    assert not any(certificates)
    assert not any(sent)


def test_a_closed_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert refusal(f"127.0.0.1:{port}") == Refusal(Reason.UNREACHABLE, "connection refused")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"", Refusal(Reason.FAILED, "EOF: closed the connection during the TLS handshake")),
        (
            b"HTTP/1.0 400 Bad Request\r\n\r\n",
            Refusal(Reason.MALFORMED, "http: server gave HTTP response to HTTPS client"),
        ),
        (
            b"SSH-2.0-x\r\n",
            Refusal(Reason.MALFORMED, "tls: first record does not look like a TLS handshake: SSH-2.0-x\\r\\n"),
        ),
        (b"\x15\x03\x01\x00\x02\x02\x50", Refusal(Reason.FAILED, "remote error: tls: internal error")),
        (b"\x15\x03\x01\x00\x02\x02\x28", Refusal(Reason.FAILED, "remote error: tls: handshake failure")),
        (b"\x15\x03\x01\x00\x02\x02\x70", Refusal(Reason.FAILED, "remote error: tls: unrecognized name")),
        (b"\x15\x03\x01\x00\x02\x02\x46", Refusal(Reason.FAILED, "remote error: tls: protocol version not supported")),
    ],
    ids=["close", "http", "ssh", "internal error", "handshake failure", "name", "version"],
)
def test_what_is_not_a_handshake_is_told_apart(serve: Serve, said: bytes, expected: Refusal) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(said)

    assert refusal(serve(talk)) == expected


def test_a_certificate_that_is_none_is_malformed(serve: Serve) -> None:
    """Also of a peer from before secure renegotiation: it is to be seen, not to be trusted."""
    hello = b"\x02\x00\x00\x26\x03\x03" + bytes(32) + b"\x00\xc0\x2b\x00"
    certificate = b"\x0b\x00\x00\x0f\x00\x00\x0c\x00\x00\x09\x30\x07garbage"

    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        for message in (hello, certificate):
            connection.sendall(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)
        wait(connection)

    answer = refusal(serve(talk))
    assert answer.reason is Reason.MALFORMED
    assert answer.detail.startswith("tls: failed to parse certificate from server (OpenSSL says: ")


def test_another_name_than_the_host_can_be_asked_for(pki: Pki, serve: Serve) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki.server.cert, pki.server.key)
    context.sni_callback = lambda _, name, __: names.append(name)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            inside.recv(1)

    assert isinstance(shake_hands(serve(talk), 5, server_name="metrics-server.kube-system.svc"), bytes)
    assert names == ["metrics-server.kube-system.svc"]


def test_a_name_that_no_handshake_can_carry_is_told(serve: Serve) -> None:
    answer = shake_hands(serve(wait), 5, server_name="a" * 300)

    assert answer == Refusal(Reason.MALFORMED, f'"{"a" * 300}" is no name that TLS can ask for')


def test_a_silent_peer_costs_its_own_time_only(serve: Serve) -> None:
    began = time.monotonic()
    assert refusal(serve(wait), 0.3).reason is Reason.TIMEOUT
    assert time.monotonic() - began < 10  # a peer that never ends would hold it for ever


def test_a_peer_that_drips_costs_its_own_time_only(serve: Serve) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(4096)
        for byte in b"\x16\x03\x03\x40\x00" + b"\0" * 200:
            connection.sendall(bytes([byte]))
            time.sleep(0.03)

    began = time.monotonic()
    assert refusal(serve(drip), 0.3).reason is Reason.TIMEOUT
    assert time.monotonic() - began < 10  # a peer that never ends would hold it for ever


def test_a_chain_of_a_megabyte_is_not_read(serve: Serve) -> None:
    def pour(connection: socket.socket) -> None:
        connection.recv(4096)
        record = b"\x16\x03\x03\x40\x00" + b"\x02\x0f\x00\x00" + b"\0" * (0x4000 - 4)
        for _ in range(64):
            connection.sendall(record)

    began = time.monotonic()
    answer = refusal(serve(pour), 2)
    assert answer.reason in (Reason.TOO_LARGE, Reason.FAILED)
    assert answer.detail
    assert time.monotonic() - began < 10  # a peer that never ends would hold it for ever


def test_a_real_chain_that_is_too_long_is_too_large(
    pki: Pki, serve: Serve, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chain = tmp_path_factory.mktemp("long") / "chain.pem"
    chain.write_text(pki.server.cert.read_text() + pki.ca.read_text() * 3000)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, pki.server.key)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            inside.recv(1)

    assert refusal(serve(talk)).reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    "address",
    [
        "",
        "host",
        "host:x",
        "fd00::1:10250",
        "host:0",
        "host:70000",
        ":10250",
        "[::1:10250",
        "[host]:1",
        "host: 1",
        "h:１",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    assert refusal(address).reason is Reason.MALFORMED


def test_ipv6_addresses_stand_in_brackets() -> None:
    assert split_address("[::1]:10250") == ("::1", 10250)
