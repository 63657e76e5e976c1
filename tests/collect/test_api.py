import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses

from msdoctor import bundle
from msdoctor.bundle import WORKSTATION, Kind, Place, Reason, Refusal
from msdoctor.collect import api
from msdoctor.collect.access import Access
from msdoctor.collect.api import SELF_REVIEW, Api, MoreThanReadingError, parse_review, proxies

from .conftest import Pki, Talk

SERVER = "https://192.168.10.50:6443"
Serve = Callable[[Talk], str]
OverTls = Callable[[Talk], Talk]


@pytest.fixture
def mocked() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def read(access: Access, path: str = "/version", kind: Kind = Kind.API, seconds: float = 3) -> bytes | Refusal:
    return Api(access).read(Place(WORKSTATION, kind, path), seconds)


def refused(access: Access, path: str = "/version", seconds: float = 3) -> Refusal:
    answer = read(access, path, seconds=seconds)
    assert isinstance(answer, Refusal)
    return answer


def test_a_get_carries_the_credential_and_gives_the_body(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{SERVER}/k8s/api/v1/nodes?limit=5", json={"items": []})
    access = Access(f"{SERVER}/k8s", headers={"Authorization": "Bearer x"})

    assert read(access, "/api/v1/nodes?limit=5") == b'{"items": []}'
    assert mocked.calls[0].request.headers["Authorization"] == "Bearer x"
    assert str(mocked.calls[0].request.headers["User-Agent"]).startswith("msdoctor/")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, '{"message": "Unauthorized"}', Refusal(Reason.UNAUTHORIZED, "Unauthorized", 401)),
        (
            403,
            '{"kind": "Status", "message": "nodes is forbidden"}',
            Refusal(Reason.FORBIDDEN, "nodes is forbidden", 403),
        ),
        (404, "404 page not found\n", Refusal(Reason.ABSENT, "404 page not found", 404)),
        (503, "", Refusal(Reason.FAILED, "Service Unavailable", 503)),
        (302, "", Refusal(Reason.FAILED, "Found", 302)),
        (200, "<html>", Refusal(Reason.MALFORMED, "not JSON: <html>", 200)),
        (200, "", Refusal(Reason.MALFORMED, "an empty answer", 200)),
    ],
)
def test_what_is_no_answer_is_refused_in_the_servers_words(
    mocked: responses.RequestsMock, status: int, body: str, expected: Refusal
) -> None:
    mocked.get(f"{SERVER}/version", status=status, body=body, headers={"Location": "https://elsewhere/"})

    assert refused(Access(SERVER)) == expected
    assert len(mocked.calls) == 1


def test_a_body_without_end_is_not_read_to_its_end(
    mocked: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "LARGEST", 1000)
    mocked.get(f"{SERVER}/version", body=b"0" * 1001)

    assert refused(Access(SERVER)).reason is Reason.TOO_LARGE


def test_logs_are_text_with_bounds(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{SERVER}/api/v1/namespaces/kube-system/pods/ms-0/log", body="a line\n")

    assert read(Access(SERVER), "kube-system/ms-0/ms?previous", Kind.LOG) == b"a line\n"
    assert mocked.calls[0].request.params == {  # type: ignore[attr-defined]
        "container": "ms",
        "timestamps": "true",
        "tailLines": "2000",
        "limitBytes": "4194304",
        "previous": "true",
    }


def test_reviews_are_posted(mocked: responses.RequestsMock) -> None:
    mocked.post(SERVER + SELF_REVIEW, json={"status": {"allowed": True}}, status=201)

    assert read(Access(SERVER), "self list metrics.k8s.io/nodes", Kind.REVIEW) == b'{"status": {"allowed": true}}'
    assert json.loads(mocked.calls[0].request.body or b"") == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "list", "group": "metrics.k8s.io", "resource": "nodes"}},
    }


@pytest.mark.parametrize(
    ("arguments", "spec"),
    [
        (
            ("system:serviceaccount:kube-system:ms", (), "get", "/nodes/metrics"),
            {
                "user": "system:serviceaccount:kube-system:ms",
                "groups": ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
                "resourceAttributes": {"verb": "get", "resource": "nodes", "subresource": "metrics"},
            },
        ),
        (
            ("jane", ("a",), "get", "apps/deployments", "in", "in"),
            {
                "user": "jane",
                "groups": ["a", "system:authenticated"],
                "resourceAttributes": {
                    "verb": "get", "group": "apps", "resource": "deployments", "name": "in", "namespace": "in",
                },
            },
        ),
        (
            ("system:anonymous", (), "list", "/pods", "default"),
            {
                "user": "system:anonymous",
                "groups": ["system:unauthenticated"],
                "resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"},
            },
        ),
        (
            ("jane", (), "get", "/nodes", "", "in"),
            {
                "user": "jane",
                "groups": ["system:authenticated"],
                "resourceAttributes": {"verb": "get", "resource": "nodes", "name": "in"},
            },
        ),
    ],
)  # fmt: skip
def test_a_review_is_read_back_from_its_name(arguments: Any, spec: dict[str, Any]) -> None:
    assert parse_review(bundle.review_path(*arguments))[1]["spec"] == spec


def test_the_servers_clock_is_a_document(mocked: responses.RequestsMock) -> None:
    mocked.get(f"{SERVER}/version", json={}, headers={"Date": "Wed, 25 Nov 2026 13:00:00 GMT"})

    assert read(Access(SERVER), "/version#date") == b'{"date": "2026-11-25T13:00:00Z"}'


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/v1/nodes/a"),
        ("PUT", "/api/v1/nodes/a"),
        ("PATCH", "/api/v1/nodes/a"),
        ("POST", "/api/v1/nodes"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"),
        ("GET", "/api/v1/namespaces/a/pods/b/exec?command=ls"),
        ("GET", "/api/v1/nodes/a/proxy/run/x"),
        ("GET", "/api/v1/namespaces/a/pods/b/portforward"),
    ],
)
def test_nothing_but_reading_can_be_sent(mocked: responses.RequestsMock, method: str, path: str) -> None:
    session = Api(Access(SERVER))._session
    with pytest.raises(MoreThanReadingError):
        session.request(method, SERVER + path)
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get("https://elsewhere.example/version")
    assert len(mocked.calls) == 0


# Against real sockets


def http(body: bytes, headers: str = "", seen: list[bytes] | None = None) -> Talk:
    def talk(connection: socket.socket) -> None:
        request = connection.recv(65536)
        if seen is not None:
            seen.append(request)
        if request:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
            connection.sendall(head.encode() + body)

    return talk


def silent(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def access_to(address: str, pki: Pki, **more: Any) -> Access:
    return Access(f"https://{address}", ca_file=str(pki.ca), headers={"Authorization": "Bearer s3cr3t"}, **more)


def test_a_hand_made_ca_is_trusted_and_gzip_is_read(pki: Pki, serve: Serve, over_tls: OverTls) -> None:
    address = serve(over_tls(http(gzip.compress(b'{"a": 1}'), "Content-Encoding: gzip\r\n")))
    client = {"cert_file": str(pki.client.cert), "key_file": str(pki.client.key)}

    assert read(access_to(address, pki, **client)) == b'{"a": 1}'


def test_a_server_may_go_by_another_name(pki: Pki, serve: Serve, over_tls: OverTls) -> None:
    address = serve(over_tls(http(b"{}"))).replace("127.0.0.1", "localhost")

    assert refused(access_to(address, pki)).reason is Reason.UNTRUSTED
    assert read(access_to(address, pki, tls_server_name="story.example")) == b"{}"


def test_nothing_is_sent_to_a_server_that_is_not_trusted(pki: Pki, serve: Serve, over_tls: OverTls) -> None:
    seen: list[bytes] = []
    address = serve(over_tls(http(b"{}", seen=seen)))
    refusal = refused(Access(f"https://{address}", headers={"Authorization": "Bearer s3cr3t"}))

    assert refusal.reason is Reason.UNTRUSTED
    assert f"the certificate of https://{address} is not trusted" in refusal.detail
    assert not any(seen)
    assert read(access_to(address, pki, insecure=True)) == b"{}"
    assert b"s3cr3t" in seen[-1]


def test_a_proxy_of_the_kubeconfig_is_used(pki: Pki, serve: Serve, over_tls: OverTls) -> None:
    inner = over_tls(http(b'{"through": "proxy"}'))

    def proxy(connection: socket.socket) -> None:
        assert connection.recv(65536).startswith(b"CONNECT 127.0.0.1:6443")
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        inner(connection)

    access = access_to("127.0.0.1:6443", pki, proxy_url=f"http://{serve(proxy)}")
    assert read(access) == b'{"through": "proxy"}'


@pytest.mark.parametrize(
    ("server", "no_proxy", "proxied"),
    [
        ("https://192.168.10.50:6443", "", True),
        ("https://192.168.10.50:6443", "192.168.0.0/16", False),
        ("https://[fd00::1]:6443", "fd00::/8", False),
        ("https://[fe00::1]:6443", "fd00::/8", True),
        ("https://a.example:6443", ".example", False),
        ("https://127.0.0.1:6443", "", False),
        ("https://localhost:6443", "", False),
    ],
)
def test_proxies_of_the_environment_are_read_as_go_reads_them(
    monkeypatch: pytest.MonkeyPatch, server: str, no_proxy: str, proxied: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert ("https" in proxies(Access(server))) is proxied


@pytest.mark.parametrize(
    ("talk", "reason", "words"),
    [
        (lambda _: None, Reason.UNREACHABLE, ""),
        (lambda connection: connection.sendall(b"SSH-2.0\r\n" * 9), Reason.MALFORMED, "does not speak TLS"),
        (silent, Reason.TIMEOUT, "no answer within"),
    ],
    ids=["closes", "garbage", "silent"],
)
def test_a_server_that_is_none_is_refused_in_its_time(
    pki: Pki, serve: Serve, talk: Talk, reason: Reason, words: str
) -> None:
    began = time.monotonic()
    refusal = refused(access_to(serve(talk), pki), seconds=0.5)

    assert refusal.reason in (reason, Reason.FAILED) if reason is Reason.UNREACHABLE else refusal.reason is reason
    assert words in refusal.detail
    assert time.monotonic() - began < 10  # a peer that never ends would hold it for ever


def test_an_answer_that_breaks_off_is_malformed(pki: Pki, serve: Serve, over_tls: OverTls) -> None:
    def cut(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")

    assert refused(access_to(serve(over_tls(cut)), pki)).reason is Reason.MALFORMED


def test_a_closed_port_and_an_unknown_name_are_unreachable(pki: Pki) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert refused(access_to(f"127.0.0.1:{port}", pki)) == Refusal(
        Reason.UNREACHABLE, f"https://127.0.0.1:{port}: connection refused"
    )
    assert "no such host" in refused(access_to("no-such-host.invalid", pki)).detail


def test_a_server_that_was_never_reached_is_asked_once(pki: Pki, serve: Serve) -> None:
    asked: list[int] = []

    def count(connection: socket.socket) -> None:
        asked.append(1)
        silent(connection)

    server = Api(access_to(serve(count), pki))
    first, second = (server.read(Place(WORKSTATION, Kind.API, path), 0.3) for path in ("/version", "/api"))

    assert first == second
    assert isinstance(first, Refusal)
    assert len(asked) == 1
