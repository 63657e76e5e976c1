"""One look at a cluster some of whose kubelets misbehave: each costs its own time, and the report says so of each."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from msdoctor.bundle import WORKSTATION, Bundle, Context, Kind, Place, Reason, Refusal
from msdoctor.collect.handshake import shake_hands
from msdoctor.collect.look import Answer, look
from msdoctor.diagnosis import Diagnosis
from msdoctor.facts import paths
from msdoctor.facts.cluster import read_facts
from msdoctor.facts.kubelets import Kubelet
from msdoctor.facts.wanted import wanted
from msdoctor.render import report_text
from tests.facts.clusters import CA, NOW, Issued, diagnosed, healthy, issue, key, listed, node

from .conftest import Talk, serving

SECONDS = 1.0  # for one handshake
SAN = x509.ObjectIdentifier("2.5.29.17")

# A TLS 1.2 server's first two messages, the second a certificate that is none (RFC 5246, 7.4).
SERVER_HELLO = b"\x02\x00\x00\x26\x03\x03" + bytes(32) + b"\x00\xc0\x2b\x00"
NO_CERTIFICATE = b"\x0b\x00\x00\x0f\x00\x00\x0c\x00\x00\x09\x30\x07garbage"


@dataclass(frozen=True)
class Sources:
    """The API server as recorded, the network as it is."""

    recorded: Bundle

    @property
    def context(self) -> Context:
        return self.recorded.context

    def read(self, place: Place, seconds: float) -> Answer:
        if place.kind is Kind.TLS and not place.path.startswith("pod/"):
            return shake_hands(place.path, seconds)
        document = self.recorded.at(place)
        return document.refusal or document.body or Refusal(Reason.FAILED)


# What a kubelet may do


def silent(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def dripping(connection: socket.socket) -> None:
    connection.recv(4096)
    for byte in b"\x16\x03\x03\x40\x00" + bytes(400):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


def garbage(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\xde\xad\xbe\xef" * 1000)


def closing(connection: socket.socket) -> None:
    """It takes the connection and says nothing."""
    connection.recv(4096)


def resetting(connection: socket.socket) -> None:
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def pouring(connection: socket.socket) -> None:
    """A message of a megabyte that never becomes a chain."""
    connection.recv(4096)
    connection.sendall(b"\x16\x03\x03\x00\x2a" + SERVER_HELLO)
    connection.sendall(b"\x16\x03\x03\x40\x00\x0b\x0f\x00\x00\x0e\xff\xfd" + bytes(0x4000 - 7))
    for _ in range(64):
        connection.sendall(b"\x16\x03\x03\x40\x00" + bytes(0x4000))


def undecodable(connection: socket.socket) -> None:
    connection.recv(4096)
    for message in (SERVER_HELLO, NO_CERTIFICATE):
        connection.sendall(b"\x16\x03\x03" + len(message).to_bytes(2, "big") + message)
    silent(connection)


def kubelet(address: str, folder: Path, served: Issued | None = None, above: str = "") -> Talk:
    """One that serves a certificate, sound unless another is given, and what stands above it."""
    issued = served or issue(f"system:node:{address}", by=CA, sans=(address,))
    file = folder / f"{address}.pem"
    key_pem = issued.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file.write_text(key_pem + issued.pem + above)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as inside:
            inside.recv(1)

    return talk


def unreadable(address: str) -> Issued:
    """A certificate that OpenSSL serves, and that Go does not read: an address of five bytes among its names."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"system:node:{address}")])
    own = key(address)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issue(CA).certificate.subject)
        .public_key(own.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.UnrecognizedExtension(SAN, b"\x30\x07\x87\x05\x7f\x00\x00\x01\x01"), critical=False)
    )
    return Issued(builder.sign(key(CA), hashes.SHA256()), own)


# One look at all of them


@dataclass(frozen=True)
class Seen:
    bundle: Bundle
    diagnosis: Diagnosis
    seconds: float
    address: Mapping[str, str]

    def refusal(self, name: str) -> Refusal | None:
        return self.bundle.at(Place(WORKSTATION, Kind.TLS, self.address[name])).refusal

    def kubelet(self, name: str) -> Kubelet:
        kubelets = read_facts(self.bundle).kubelets
        assert isinstance(kubelets, tuple)
        return next(one for one in kubelets if one.name == name)

    def row(self, name: str) -> str:
        """Why that kubelet's certificate was not seen."""
        (gap,) = [gap for gap in self.diagnosis.gaps if self.address[name] in (*gap.what.split(), *gap.others)]
        return gap.reason

    def text(self, *, verbose: bool = False) -> str:
        """The report on one line."""
        return " ".join(report_text.text(self.diagnosis, verbose=verbose).split())


def seen(talks: Mapping[str, Callable[[str], Talk]]) -> Seen:
    """A look at a cluster with a node for each, at 127.0.1.100 and so on."""
    hosts = {name: f"127.0.{number // 100 + 1}.{number % 100 + 100}" for number, name in enumerate(talks)}
    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr("msdoctor.collect.look.SECONDS", dict.fromkeys(Kind, 10.0) | {Kind.TLS: SECONDS})
        patch.setattr("msdoctor.collect.look.LIVELY_SECONDS", 0.2)
        address = {name: stack.enter_context(serving(make(hosts[name]), hosts[name])) for name, make in talks.items()}
        ports = {name: int(where.rpartition(":")[2]) for name, where in address.items()}
        nodes = [node(name, ("InternalIP", hosts[name]), port=port) for name, port in ports.items()]
        recorded = healthy(**hosts).api(paths.NODES, listed(*nodes)).bundle()
        began = time.monotonic()
        bundle = look(Sources(recorded), wanted, timeout=20, clock=lambda: NOW)
        return Seen(bundle, diagnosed(bundle), time.monotonic() - began, address)


def always(talk: Talk) -> Callable[[str], Talk]:
    return lambda _: talk


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Every way to misbehave, the healthy among them and last."""
    folder = tmp_path_factory.mktemp("kubelets")

    def expired(address: str) -> Talk:
        end = NOW - timedelta(days=2)
        return kubelet(address, folder, issue(f"old-{address}", by=CA, sans=(address,), end=end))

    talks: dict[str, Callable[[str], Talk]] = {
        "closing": always(closing),
        "dripping": always(dripping),
        "expired": expired,
        "first-sound": lambda address: kubelet(address, folder),
        "garbage": always(garbage),
        "megabyte": lambda address: kubelet(address, folder, above=issue(CA).pem * 2500),
        "pouring": always(pouring),
        "resetting": always(resetting),
        "silent": always(silent),
        "silent-too": always(silent),
        "undecodable": always(undecodable),
        "unreadable": lambda address: kubelet(address, folder, unreadable(address)),
        "z-last-sound": lambda address: kubelet(address, folder),
    }
    return seen(talks)


def test_each_costs_its_own_time_and_all_together_no_more(ward: Seen) -> None:
    assert ward.seconds < 20  # one after the other they would take minutes


@pytest.mark.parametrize("name", ["first-sound", "z-last-sound"])
def test_the_sound_ones_are_seen_beside_them(ward: Seen, name: str) -> None:
    assert ward.refusal(name) is None
    assert ward.kubelet(name).served
    assert ward.kubelet(name).problems == ()


ROWS = {
    "silent": f"timeout: connected, but the TLS handshake was not over within {SECONDS:.0f} s",
    "silent-too": f"timeout: connected, but the TLS handshake was not over within {SECONDS:.0f} s",
    "dripping": f"timeout: connected, but the TLS handshake was not over within {SECONDS:.0f} s",
    "garbage": "malformed: tls: first record does not look like a TLS handshake",
    "closing": "failed: EOF: closed the connection during the TLS handshake",
    "resetting": "unreachable: connection reset by peer",
    "megabyte": "too large: ",
    "pouring": "too large: ",
    "undecodable": "malformed: tls: failed to parse certificate from server",
    "unreadable": "its certificate cannot be read: certificate 1: x509: cannot parse IP address of length 5",
}


def test_every_one_that_was_not_seen_says_why_in_its_row(ward: Seen) -> None:
    assert {name: ward.row(name)[: len(f"from the workstation: {row}")] for name, row in ROWS.items()} == {
        name: f"from the workstation: {row}" for name, row in ROWS.items()
    }


def test_the_expired_one_is_a_cause_that_was_seen_itself(ward: Seen) -> None:
    found = {(cause.id, subject) for cause in ward.diagnosis.causes for subject in cause.finding.subjects}

    assert ("kubelet-cert-expired", "node/expired") in found
    assert {subject for id_, subject in found if id_.startswith("kubelet-cert")} == {"node/expired"}


def test_the_report_names_each_address_and_counts_the_alike(ward: Seen) -> None:
    short, whole = ward.text(), ward.text(verbose=True)

    for name in ("garbage", "closing", "resetting", "undecodable", "unreadable"):
        assert f"the certificate of the kubelet at {ward.address[name]}" in short
    assert f"kubelet at {ward.address['dripping']} (and 2 more): from the workstation: timeout: connected" in short
    assert f"(and 2 more: {ward.address['silent']}, {ward.address['silent-too']})" in whole


def test_of_the_checks_each_says_how_many_it_saw(ward: Seen) -> None:
    (check,) = [check for check in ward.diagnosis.checks if check.id == "kubelet-cert-san-mismatch"]

    assert (check.seen, check.of) == (3, 13)
    assert "node/dripping and 2 more: no handshake from the workstation, timeout: " in check.reason
    for name in ("closing", "garbage", "megabyte", "resetting", "undecodable", "unreadable"):
        assert f"node/{name}" in check.reason


def test_the_bundle_of_such_a_look_gives_the_same_answers_again(ward: Seen) -> None:
    assert diagnosed(ward.bundle) == ward.diagnosis
    assert all(json.loads(document.body or b"0") is not None for document in ward.bundle.of(Kind.TLS))


def test_a_hundred_silent_ones_keep_no_sound_one_waiting(tmp_path: Path) -> None:
    talks = {f"a{number:03}": always(silent) for number in range(100)}
    ward = seen({**talks, "sound": lambda address: kubelet(address, tmp_path)})

    assert ward.kubelet("sound").served
    assert ward.seconds < 20  # one after the other they would take minutes
    assert "(and 99 more): from the workstation: timeout" in ward.text()
