"""``msdoctor cert`` as its user runs it: files made here, and servers on loopback that serve them."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import itertools
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from chains import cases
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from derive import recorded

from msdoctor.cli import cli

CHECKOUT = Path(__file__).parents[1]
PROGRAM = [sys.executable, "-m", "msdoctor"]
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
BEGINS, ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
JUNE = "2026-06-01"
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
NODE, OTHER_NODE = "192.168.10.50", "192.168.10.51"
UNKNOWN = "x509: certificate signed by unknown authority"


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    @property
    def pem(self) -> str:
        return self.cert.public_bytes(PEM).decode()

    @property
    def key_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(PEM, form, serialization.NoEncryption()).decode()


def issue(
    name: str,
    issuer: Issued | None = None,
    *,
    alternatives: tuple[str, ...] = (),
    usages: tuple[x509.ObjectIdentifier, ...] = (),
    ca: bool = False,
    ends: datetime = ENDS,
    groups: tuple[str, ...] = (),
) -> Issued:
    """By that issuer, or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [*(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups)]
    subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.cert.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(0x12AB)
        .not_valid_before(BEGINS)
        .not_valid_after(ends)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName([_name(one) for one in alternatives]), False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), False)
    return Issued(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


CA = issue("kubernetes", ca=True)
REMADE_CA = issue("kubernetes", ca=True)
MIDDLE = issue("middle", CA, ca=True)
KUBELET = issue(
    "system:node:k8s-node1",
    CA,
    alternatives=(NODE, "k8s-node1"),
    usages=(SERVER,),
    groups=("system:nodes",),
)


@pytest.fixture(autouse=True)
def a_folder_of_certificates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.chdir(tmp_path)
    write("ca.pem", CA.pem)
    write("node.pem", KUBELET.pem)


def write(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def cert(*args: str, pasted: bytes | None = None) -> Result:
    return CliRunner().invoke(cli, ["cert", *args], input=pasted, catch_exceptions=False)


def answered(*args: str, pasted: bytes | None = None) -> tuple[int, Any]:
    """The exit code, and the JSON."""
    result = cert(*args, "-o", "json", pasted=pasted)
    return result.exit_code, json.loads(result.stdout)


def said(*args: str, code: int = 1) -> str:
    """The text on one line, as no terminal is wide enough to break it."""
    result = cert(*args)
    assert (result.exit_code, result.stderr) == (code, "")
    return " ".join(result.stdout.split())


def refused(*args: str, code: int = 2, pasted: bytes | None = None) -> str:
    """The one message of a command that judged nothing."""
    result = cert(*args, pasted=pasted)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1)
    return result.stderr.removeprefix("msdoctor: ").rstrip("\n")


# The judgement


def test_a_certificate_for_its_own_address_is_valid() -> None:
    assert answered("node.pem", "--ca", "ca.pem", "--for", NODE, "--at", JUNE) == (
        0,
        {"schemaVersion": "1", "valid": True, "error": None, "problems": []},
    )


def test_every_problem_is_told_and_the_first_is_gos() -> None:
    write("other.pem", REMADE_CA.pem)

    code, answer = answered("node.pem", "--ca", "other.pem", "--for", OTHER_NODE, "--at", "2027-06-01T12:00:00+02:00")

    assert code == 1
    assert list(answer) == ["schemaVersion", "valid", "error", "problems"]
    assert answer["error"] == answer["problems"][0]
    assert answer["problems"] == [
        (
            "x509: certificate has expired or is not yet valid: current time 2027-06-01T12:00:00+02:00 is after"
            " 2027-01-01T00:00:00Z"
        ),
        f"x509: certificate is valid for {NODE}, not {OTHER_NODE}",
        (
            f'{UNKNOWN} (possibly because of "x509: ECDSA verification failure" while trying to verify candidate'
            ' authority certificate "kubernetes")'
        ),
    ]


def test_without_a_ca_nothing_is_valid_and_it_says_that_the_issuer_was_not_judged() -> None:
    code, answer = answered("node.pem", "--for", NODE, "--at", JUNE)
    text = said("node.pem", "--for", NODE, "--at", JUNE)

    assert (code, answer["valid"], answer["error"], answer["problems"]) == (1, False, UNKNOWN, [UNKNOWN])
    assert text.startswith("NOT PROVEN who issued it was not judged: no CA was given (--ca FILE)")
    assert f"for metrics-server dialling {NODE}: not proven" in text
    assert "configmap kube-root-ca.crt" in text


def test_without_a_ca_a_fault_is_still_one() -> None:
    assert said("node.pem", "--for", OTHER_NODE, "--at", JUNE).startswith("NOT VALID 1 problem ")


def test_usages_are_judged() -> None:
    code, answer = answered("node.pem", "--ca", "ca.pem", "--usage", "client", "--at", JUNE)

    assert (code, answer["error"]) == (1, "x509: certificate specifies an incompatible key usage")


def test_a_clients_certificate_needs_no_name() -> None:
    write("proxy.pem", issue("front-proxy-client", CA, usages=(CLIENT,)).pem)

    assert answered("proxy.pem", "--ca", "ca.pem", "--usage", "client", "--at", JUNE)[0] == 0
    assert "(user front-proxy-client): yes" in said(
        "proxy.pem", "--ca", "ca.pem", "--usage", "client", "--at", JUNE, code=0
    )


def test_intermediates_come_out_of_the_same_file() -> None:
    leaf = issue("leaf", MIDDLE, alternatives=("a.example.com",))
    write("leaf.pem", leaf.pem)
    write("chain.pem", leaf.pem + MIDDLE.pem)

    assert answered("leaf.pem", "--ca", "ca.pem", "--for", "a.example.com", "--at", JUNE)[0] == 1
    assert answered("chain.pem", "--ca", "ca.pem", "--for", "a.example.com", "--at", JUNE)[0] == 0


def test_der_and_standard_input_are_taken_too() -> None:
    write("node.der", KUBELET.cert.public_bytes(DER))
    question = ("--ca", "ca.pem", "--for", NODE, "--at", JUNE)

    assert answered("node.der", *question)[0] == 0
    assert answered("-", *question, pasted=KUBELET.pem.encode())[0] == 0


def test_a_certificate_that_go_would_not_parse_is_never_valid() -> None:
    broken = KUBELET.cert.public_bytes(DER).replace(b"\x06\x03\x55\x1d\x11", b"\x06\x03\x55\x1d\x13")
    write("broken.der", broken)
    write("cut.der", broken[:-20])

    assert answered("broken.der", "--ca", "ca.pem", "--for", NODE)[1]["error"].startswith("x509: ")
    assert answered("cut.der", "--for", NODE) == (
        1,
        {
            "schemaVersion": "1",
            "valid": False,
            "error": "x509: malformed certificate",
            "problems": ["x509: malformed certificate"],
        },
    )
    assert "certificate 1 of 1 cannot be read: x509: malformed certificate" in said("cut.der", "--for", NODE)


def test_go_agrees_on_what_it_was_asked_about_from_files() -> None:
    """Some of the recorded verdicts (tests/x509 has them all), by the way that a user goes."""
    verdicts = recorded()[1]
    some = [case for case in itertools.islice(cases(), 0, None, 67) if case.chain and case.roots]

    differing = []
    for case in some:
        write("chain.pem", "".join(map(ssl.DER_cert_to_PEM_cert, case.chain)))
        write("roots.pem", "".join(map(ssl.DER_cert_to_PEM_cert, case.roots)))
        question = ("--ca", "roots.pem", "--for", case.name, "--usage", case.usage, "--at", case.at)
        _, answer = answered("chain.pem", *question)
        if answer["error"] != verdicts[case.digest].error:
            differing.append((case.digest, answer["error"]))

    assert len(some) > 100
    assert differing == []


def test_now_is_when_nothing_else_is_said() -> None:
    hour = timedelta(hours=1)
    write("short.pem", issue("short", CA, alternatives=(NODE,), ends=datetime.now(UTC) + 5.5 * hour).pem)

    assert "5 h left of 2" in said("short.pem", "--for", NODE)


# In words


def test_it_says_for_whom_it_would_do_and_for_whom_not_each_with_the_reason() -> None:
    text = said("node.pem", "--ca", "ca.pem", "--for", OTHER_NODE, "--at", JUNE)

    assert f"for metrics-server dialling {OTHER_NODE}: no: x509: certificate is valid for {NODE}, not {OTHER_NODE}" in (
        text
    )
    assert f"for metrics-server dialling {NODE}, k8s-node1: yes" in text
    assert "(user system:node:k8s-node1 of system:nodes): no: x509: certificate specifies an incompatible" in text


def test_a_service_is_dialled_by_the_api_server() -> None:
    service = "metrics-server.kube-system.svc"
    write("ms.pem", issue("ms", CA, alternatives=(service,)).pem)

    assert f"for the API server dialling {service}: yes" in said(
        "ms.pem", "--ca", "ca.pem", "--for", service, "--at", JUNE, code=0
    )


def test_the_certificate_stands_there_in_words() -> None:
    result = cert("node.pem", "--ca", "ca.pem", "--for", NODE, "--at", JUNE)

    assert (
        result.stdout.split("certificate 1 of 1\n")[1]
        == f"""\
    subject   CN=system:node:k8s-node1,O=system:nodes
    issuer    CN=kubernetes, which is in ca.pem
    names     IP {NODE}
              DNS k8s-node1
    valid     from 2020-01-01T00:00:00Z to 2027-01-01T00:00:00Z
              214 d left of 2557 d
    usages    server
    key       ECDSA, P256; signed with ECDSA-SHA256
    serial    12ab
    sha256    {KUBELET.cert.fingerprint(hashes.SHA256()).hex()}
"""
    )


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: issue("self", alternatives=(NODE,)), "CN=self, itself: it is self-signed"),
        (lambda: issue("lost", MIDDLE, alternatives=(NODE,)), "CN=middle, which is neither here nor in ca.pem"),
        (
            lambda: issue("remade", REMADE_CA, alternatives=(NODE,)),
            "CN=kubernetes, of which ca.pem has one of the same name whose key did not sign this",
        ),
        (lambda: CA, "CN=kubernetes, itself, which is in ca.pem"),
        (lambda: issue("old", CA, ends=datetime(2026, 5, 1, tzinfo=UTC)), "EXPIRED 31 d ago"),
        (lambda: issue("nameless", CA), "names none; Go does not look at the common name"),
    ],
)
def test_where_it_comes_from_and_how_long_it_lasts(make: Callable[[], Issued], told: str) -> None:
    write("one.pem", make().pem)

    assert told in said("one.pem", "--ca", "ca.pem", "--for", OTHER_NODE, "--at", JUNE)


def test_of_a_long_chain_the_first_are_told() -> None:
    write("long.pem", KUBELET.pem + MIDDLE.pem * 20)
    text = said("long.pem", "--ca", "ca.pem", "--for", NODE, "--at", JUNE, code=0)

    assert "read from the file long.pem: 21 certificates" in text
    assert "certificate 8 of 21" in text
    assert "certificate 9 of 21" not in text
    assert text.endswith("and 13 more; only the first is judged, the others as its issuers")


def test_a_hostile_name_steers_no_terminal() -> None:
    write("hostile.pem", issue("\x1b]0;owned\x07\u202e", CA, alternatives=(NODE,)).pem)

    for form in ("text", "json"):
        result = cert("hostile.pem", "--for", "\x1b[31m", "--at", JUNE, "-o", form)
        assert all(character.isprintable() or character == "\n" for character in result.stdout)


def test_text_fits_80_columns_but_for_commands() -> None:
    lines = cert("node.pem", "--for", OTHER_NODE, "--at", "2030-01-01").stdout.splitlines()

    assert [line for line in lines if len(line) > 80 and "kubectl" not in line] == []


def test_help_fits_80_columns() -> None:
    assert max(map(len, cert("--help").stdout.splitlines())) <= 80


# Off the wire


@contextlib.contextmanager
def serving(certificate: Issued, *, named: tuple[str, Issued] | None = None) -> Iterator[int]:
    """A TLS server on loopback, with another certificate for who asks by name; its port."""

    def context(of: Issued) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        write("served.pem", of.pem + of.key_pem)
        context.load_cert_chain("served.pem")
        return context

    outer = context(certificate)
    if named:
        wanted, inner = named[0], context(named[1])

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name == wanted:
                connection.context = inner

        outer.sni_callback = choose

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    with contextlib.suppress(OSError), outer.wrap_socket(connection, server_side=True) as inside:
                        inside.recv(1)

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


LOCAL = issue("local", CA, alternatives=("127.0.0.1", "localhost"))


def test_an_address_is_judged_for_itself() -> None:
    with serving(LOCAL) as port:
        assert answered(f"127.0.0.1:{port}", "--ca", "ca.pem", "--at", JUNE)[0] == 0
        text = said(f"https://127.0.0.1:{port}/metrics/resource", "--ca", "ca.pem", "--at", JUNE, code=0)

    assert f"read from the address 127.0.0.1:{port} (TLSv1.3): 1 certificate" in text
    assert "for metrics-server dialling 127.0.0.1: yes" in text


def test_an_address_is_judged_for_another() -> None:
    with serving(LOCAL) as port:
        code, answer = answered(f"127.0.0.1:{port}", "--ca", "ca.pem", "--for", NODE, "--at", JUNE)

    assert (code, answer["error"]) == (1, f"x509: certificate is valid for 127.0.0.1, not {NODE}")


def test_an_address_is_asked_for_the_name_as_the_client_would() -> None:
    service = issue("service", CA, alternatives=("metrics-server.kube-system.svc",))
    with serving(LOCAL, named=("metrics-server.kube-system.svc", service)) as port:
        question = ("--ca", "ca.pem", "--for", "metrics-server.kube-system.svc", "--at", JUNE)
        text = said(f"127.0.0.1:{port}", *question, code=0)

    assert "(TLSv1.3, asked for metrics-server.kube-system.svc)" in text


def test_a_file_comes_before_an_address_of_the_same_name() -> None:
    write("localhost:443", KUBELET.pem)

    result = cert("localhost:443", "--ca", "ca.pem", "--for", NODE, "--at", JUNE)

    assert result.exit_code == 0
    assert (
        result.stderr == "localhost:443: read as the file of that name; for the address, give https://localhost:443\n"
    )


def test_an_address_that_shows_none_exits_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = f"127.0.0.1:{listener.getsockname()[1]}"
        told = refused(silent, "--timeout", "0.3", code=3)
        assert told.startswith(f"{silent}: no such file, and the address showed no certificate: connected, but the TLS")
    assert refused(silent, code=3).endswith("showed no certificate: connection refused")
    assert refused(f"https://{silent}", code=3) == f"https://{silent}: showed no certificate: connection refused"


# What cannot be used


def _request() -> str:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return request.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(PEM).decode()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty; did the command that should have written it fail?"),
        (b"hello\n", "neither PEM nor DER"),
        (KUBELET.key_pem, "it holds a private key, and no certificate"),
        (_request(), "it holds a request for a certificate, and no certificate yet"),
        (KUBELET.pem[:300], "cut short: a certificate begins in it and does not end"),
        (KUBELET.pem.replace("MII", "M!I", 1), "certificate 1: not base64: "),
        (re.sub("^", "    ", KUBELET.pem, flags=re.MULTILINE), "its lines are indented, as within YAML"),
        (base64.b64encode(KUBELET.pem.encode()), "base64 of a PEM file, as in a Secret or a kubeconfig"),
        (KUBELET.pem.encode("utf-16"), "it begins with a byte order mark, as PowerShell's > writes it"),
        (KUBELET.pem.encode("utf-8-sig"), "it begins with a byte order mark"),
        (KUBELET.pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE"), "it holds TRUSTED CERTIFICATE, and no CERTIFICATE"),
        (b"\n" * 5_000_000, "empty"),
        (b"x" * 5_000_000, "larger than 4 MiB, and so no file of certificates"),
    ],
)
def test_a_file_that_is_no_certificate(content: str | bytes, told: str) -> None:
    write("bad.pem", content)

    assert refused("bad.pem", "--for", NODE).startswith(f"bad.pem: {told}")
    assert refused("node.pem", "--ca", "bad.pem", "--for", NODE).startswith(f"--ca bad.pem: {told}")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("nope.pem", "nope.pem: no such file"),
        ("below/nope", "below/nope: no such file"),
        (".", ".: a directory; name a file in it"),
        ("node1", "node1: no such file; an address needs a port: node1:10250 is a kubelet's"),
        ("node1:ssh", "node1:ssh: no such file; an address is HOST:PORT, with a port from 1 to 65535"),
        ("node1:0", "node1:0: no such file; an address is HOST:PORT, with a port from 1 to 65535"),
        ("fd00::1", "fd00::1: no such file; an IPv6 address stands in brackets, with a port: [fd00::1]:10250 is"),
        ("fd00::1:10250", "fd00::1:10250: no such file; an IPv6 address stands in brackets: [fd00::1]:10250"),
        ("https://", "https://: not an address; give https://HOST:PORT"),
        ("https://a:b", "https://a:b: not an address; give https://HOST:PORT"),
        ("", "give a certificate's file, or an address such as 192.168.10.51:10250"),
    ],
)
def test_a_word_that_is_neither_a_file_nor_an_address(word: str, told: str) -> None:
    assert refused(word, "--for", NODE).startswith(told)


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("yesterday", "give a date, 2027-01-31, or a time with its zone, 2027-01-31T12:00:00Z"),
        ("2027-01-31T12:00:00", "give a date, "),
        ("20270131", "give a date, "),
        ("2027-02-30", "there is no such time: "),
        ("2027-01-31T25:00:00Z", "there is no such time: "),
    ],
)
def test_a_moment_that_is_none(moment: str, told: str) -> None:
    assert refused("node.pem", "--for", NODE, "--at", moment).startswith(f"--at {moment}: {told}")


def test_a_name_must_be_given_for_a_servers_file() -> None:
    assert refused("node.pem") == "node.pem: say by which name or address it will be dialled: --for NAME_OR_IP"


def test_a_name_with_a_port_is_judged_as_it_stands_and_hinted_at() -> None:
    result = cert("node.pem", "--for", f"{NODE}:10250", "--ca", "ca.pem", "--at", JUNE)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"--for {NODE}:10250: taken as it stands, port included")


def test_a_reader_that_sees_no_terminal_gets_no_colour() -> None:
    done = subprocess.run(
        [*PROGRAM, "cert", "node.pem", "--for", NODE], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (1, "")
    assert "\x1b" not in done.stdout
