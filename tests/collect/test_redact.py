import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from msdoctor.bundle import WORKSTATION, Context, Document, Kind, Place, Reason, Refusal
from msdoctor.collect.redact import prose, redact, redact_context, structured

NOW = datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
# A real CA whose base64 ends in letters that name a secret, before padding: about one certificate in 3,000 does.
UNLUCKY = """\
-----BEGIN CERTIFICATE-----
MIIBbjCCARSgAwIBAgIUV9Uekp+Gkc9jxJ/sI/jNJXg1ZnkwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKS3ViZXJuZXRlczAeFw0yNTEwMjQxODM4NDZaFw0zNjExMjUx
ODM4NDZaMBUxEzARBgNVBAMMCkt1YmVybmV0ZXMwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARwof4325IKSt5b5Q0cMHbSnu3MYSZUv89W76aorYKvHEZ34aS79enf
b+hZKvNBiL7x9OA7M1HkaeakOf1TwVsGo0IwQDAPBgNVHRMBAf8EBTADAQH/MA4G
A1UdDwEB/wQEAwIBhjAdBgNVHQ4EFgQUcHZIUb2puLC7w+r/PK4s3zqVZb4wCgYI
KoZIzj0EAwIDSAAwRQIhAKb9j4TgVsBWyqD6GwAX0pNz53qY1+XPu0cleEWLZYsu
AiBk5DMUHsSGQ7kLzCFLuxpZKpLBmmROfTEt8+tLjwtZXQ==
-----END CERTIFICATE-----
"""
FORMATS = {
    "traditional": serialization.PrivateFormat.TraditionalOpenSSL,
    "PKCS8": serialization.PrivateFormat.PKCS8,
    "OpenSSH": serialization.PrivateFormat.OpenSSH,
}


def private(key: Any = KEY, form: str = "PKCS8", password: str = "") -> str:
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, FORMATS[form], encryption).decode())


def public(key: Any = KEY) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


def api(value: Any) -> Any:
    body = redact(Document(Place(WORKSTATION, Kind.API, "/x"), NOW, json.dumps(value).encode())).body
    assert body is not None
    return json.loads(body)


def file(text: str | bytes, path: str = "/etc/x.conf") -> str:
    body = text if isinstance(text, bytes) else text.encode()
    redacted = redact(Document(Place("host/a", Kind.FILE, path), NOW, body)).body
    assert redacted is not None
    return redacted.decode()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("key", [KEY, RSA], ids=["EC", "RSA"])
def test_a_private_key_leaves_its_public_half(key: Any, form: str) -> None:
    assert file(private(key, form)).strip() == public(key).strip()


def test_an_encrypted_and_a_broken_private_key_leave_a_mark() -> None:
    assert file(private(password="x")) == "[redacted] (a private key, encrypted)\n"
    assert "that cannot be read" in file("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")


@pytest.mark.parametrize("keep", [slice(0, 150), slice(90, None)], ids=["end cut", "beginning cut"])
def test_a_private_key_that_was_cut_is_taken_out(keep: slice) -> None:
    lines = private()[keep].splitlines()
    text = file("before.\n" + "\n".join(lines))
    assert text.startswith("before.\n")
    assert not [line for line in lines if len(line) > 10 and line in text]


def test_a_key_inside_yaml_keeps_its_indentation() -> None:
    text = "kind: X\nkey: |\n" + "".join(f"    {line}\n" for line in private().splitlines()) + "after: 1\n"
    loaded = yaml.safe_load(file(text))
    assert loaded["after"] == 1
    assert loaded["key"].strip() == public().strip()


def test_a_key_escaped_in_a_log_is_taken_out() -> None:
    text = prose(f"level=info key={json.dumps(private())} done")
    assert "BEGIN PUBLIC KEY" in text or "[redacted]" in text
    assert "PRIVATE" not in text


def test_a_key_in_base64_becomes_its_public_half_in_base64() -> None:
    encoded = base64.b64encode(private().encode()).decode()
    loaded = yaml.safe_load(file(f"users:\n- name: a\n  user:\n    client-key-data: {encoded}\n"))
    half = base64.b64decode(loaded["users"][0]["user"]["client-key-data"])
    assert load_pem_public_key(half) == KEY.public_key()


def test_a_key_in_der_leaves_its_public_half_and_other_binaries_their_size() -> None:
    der = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert file(der) == public()
    assert file(b"\xff\0secret") == "[redacted] (binary, 8 bytes)\n"


def test_secrets_and_bulk_leave_api_objects() -> None:
    last = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "kept": "yes"}
    secret = {"kind": "Secret", "metadata": {"managedFields": [1], "annotations": last}, "data": {"a": "czNjcjN0"}}
    assert api(secret) == {
        "kind": "Secret",
        "metadata": {"annotations": {"kept": "yes"}},
        "data": {"a": "[redacted]"},
    }
    assert api({"kind": "SecretList", "items": [{"data": {"a": "czNjcjN0"}}]})["items"] == [
        {"data": {"a": "[redacted]"}}
    ]


def test_environment_values_go_by_their_names() -> None:
    env = [{"name": "DB_PASSWORD", "value": "x"}, {"name": "HTTPS_PROXY", "value": "http://u:p@proxy:1"}]
    assert api({"env": env})["env"] == [
        {"name": "DB_PASSWORD", "value": "[redacted]"},
        {"name": "HTTPS_PROXY", "value": "http://[redacted]@proxy:1"},
    ]
    assert api([{"name": "API_KEY_FILE", "value": "/etc/key"}]) == [{"name": "API_KEY_FILE", "value": "/etc/key"}]


def test_what_a_diagnosis_needs_stays() -> None:
    kept = {
        "args": ["--token-auth-file=/etc/t.csv", "--tls-private-key-file=/k.pem", "--service-account-key-file=/s.pem"],
        "tolerations": [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}],
        "volumes": [{"secret": {"secretName": "a"}}],
        "message": 'failed to get token: Post "https://10.0.0.1": x509: certificate signed by unknown authority',
        "text": "Unable to authenticate the request: [invalid bearer token, Token has been invalidated]",
        "automountServiceAccountToken": True,
        "name": "worker.17a1b2c3d4e5f607",
        "node": "worker.productioneurope.example.com",
        "image": "registry.example/a@sha256:0123",
        "condition": 'Get "https://10.32.0.10:443/apis": dial tcp: connect: connection refused',
    }
    assert api(kept) == kept


def test_flags_hide_the_value_that_follows_them() -> None:
    assert api(["--token", "abc", "--v=2"]) == ["--token", "[redacted]", "--v=2"]
    assert api(["--oidc-client-secret=abc"]) == ["--oidc-client-secret=[redacted]"]


def test_only_proxies_keep_their_values_in_a_process() -> None:
    processes = [{"pid": 1, "args": ["kubelet"], "environ": {"HOME": "/root", "no_proxy": "10.0.0.0/8"}}]
    redacted = redact(Document(Place("host/a", Kind.PROCESS, "kubelet"), NOW, json.dumps(processes).encode())).body
    assert json.loads(redacted or b"")[0]["environ"] == {"HOME": "[redacted]", "no_proxy": "10.0.0.0/8"}


UNIT = """[Service]
Environment="API_TOKEN=s3cr3t value" HOME=/root
Environment=DB_PASSWORD=s3cr3t OTHER=1
EnvironmentFile=-/etc/default/kubelet
ExecStart=/usr/bin/kubelet --token=s3cr3t --config=/var/lib/kubelet/config.yaml
"""


def test_a_unit_keeps_all_but_its_secrets() -> None:
    assert file(UNIT, "/etc/systemd/system/kubelet.service") == (
        "[Service]\n"
        'Environment="API_TOKEN=[redacted]" HOME=/root\n'
        "Environment=DB_PASSWORD=[redacted] OTHER=1\n"
        "EnvironmentFile=-/etc/default/kubelet\n"
        "ExecStart=/usr/bin/kubelet --token=[redacted] --config=/var/lib/kubelet/config.yaml\n"
    )


def test_an_environment_file_hides_a_value_to_the_end_of_its_line() -> None:
    assert file("export SECRET=two words\nA=1\n", "/etc/default/a") == "export SECRET=[redacted]\nA=1\n"


YAML = """# ключ é
users:
- name: a
  user: {token: s3cr3t, username: é}
- name: b
  user:
    password: >-
      s3cr3t
      s3cr3t
    # a comment
    token:
      s3cr3t
kind: Config
"""


def test_yaml_keeps_its_lines_and_comments() -> None:
    redacted = file(YAML)
    assert "s3cr3t" not in redacted
    assert redacted.splitlines().index("kind: Config") == YAML.splitlines().index("kind: Config")
    assert "# a comment" in redacted
    assert yaml.safe_load(redacted)["users"][0]["user"] == {"token": "[redacted]", "username": "é"}


def test_a_secret_manifest_on_a_host_loses_its_data() -> None:
    assert "s3cr3t" not in file("kind: Secret\nstringData:\n  any: s3cr3t\n", "/etc/kubernetes/x.yaml")


def test_a_file_named_for_its_secret_is_not_kept() -> None:
    assert file("31ada4fd,adm,1\n", "/etc/kubernetes/token.csv") == "[redacted]\n"


def test_of_a_service_accounts_token_what_it_says_of_itself_remains() -> None:
    claims = {"exp": 1, "kubernetes.io": {"serviceaccount": {"uid": "u"}}, "email": "a@b.example"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")

    once = file(f"eyJhbGciOiJFUzI1NiJ9.{payload}.c2lnbmF0dXJl\n", "/var/lib/kubelet/pods/u/volumes/v/token")

    assert json.loads(once) == {"exp": 1, "kubernetes.io": {"serviceaccount": {"uid": "u"}}}
    assert file(once, "/var/lib/kubelet/pods/u/volumes/v/token") == once


@pytest.mark.parametrize(
    "text", ["a.b.c", "a.e30.c", "eyJhbGciOiJFUzI1NiJ9.eyJleHAiOjF9.c2ln", '{"exp": 1}', "[[[", "1"]
)
def test_any_other_token_is_not_kept(text: str) -> None:
    assert file(text, "/run/token") == "[redacted]\n"


def test_what_is_not_json_is_refused_without_its_secrets() -> None:
    refused = redact(Document(Place(WORKSTATION, Kind.API, "/x"), NOW, f"<html>{JWT}".encode()))
    assert refused.body is None
    assert refused.refusal == Refusal(Reason.MALFORMED, "not JSON: <html>[redacted]")


def test_refusals_and_the_context_are_redacted_too() -> None:
    refusal = Refusal(Reason.UNAUTHORIZED, f"Bearer {JWT}", 401)
    document = redact(Document(Place(WORKSTATION, Kind.API, "/x"), NOW, refusal=refusal))
    assert document.refusal == Refusal(Reason.UNAUTHORIZED, "Bearer [redacted]", 401)
    assert redact_context(Context(server="https://a:b@c:6443")).server == "https://[redacted]@c:6443"


@pytest.mark.parametrize(
    "text",
    [
        "A" * 500_000,
        "A/" * 250_000,
        "eyJ" * 160_000,
        "-----BEGIN PRIVATE KEY-----\n" * 20_000,
        "-----END PRIVATE KEY-----\n" * 20_000,
        "a: " * 160_000,
        "token=" * 80_000,
        '"token":' * 60_000,
        "://" * 160_000,
        "--a-" * 120_000,
        "?token" * 80_000,
        ("A" * 64 + "\n") * 8_000,
        "-----BEGIN CERTIFICATE-----\n" * 20_000,
        "-----BEGIN CERTIFICATE-----" + "\n" * 500_000,
        "-----BEGIN " * 50_000,
        "LS0tLS1CRUdJTi" * 40_000,
    ],
    ids=[
        *("word", "path", "eyJ", "begin", "end", "a:", "token=", "token:", "scheme", "dashes", "query", "base64"),
        *("certificates", "empty certificate", "begun", "pem in base64"),
    ],
)
def test_no_text_takes_long(text: str) -> None:
    began = time.monotonic()
    prose(text)
    structured("secret\n" + text)

    assert time.monotonic() - began < 20


# Anywhere: a secret in any form in which it shows what it is, between texts of any kind.
FORMS = {
    "bearer": "Authorization: Bearer {}",
    "jwt": "eyJhbGciOiJSUzI1NiJ9.{}.c2ln",
    "flag": "--token={}",
    "url": "https://user:{}@example.com/x",
    "query": "https://example.com/?access_token={}&x=1",
    "environment": "MY_SECRET={}",
    "json": '{{"password": "{}"}}',
    "yaml": "password: {}",
}
secrets = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=10, max_size=30).map(lambda text: f"zq{text}7")
words = st.sampled_from(
    ["", "plain", "E1125 13:00:00", "token", "---\na: 1\n", '{"a": 1}', "\\n", "'", '"', "é", "Basic", "key:", "=", "{"]
)


@given(secrets, st.sampled_from(sorted(FORMS)), words, words)
def test_no_secret_survives_in_any_text(secret: str, form: str, before: str, after: str) -> None:
    text = f"{before} {FORMS[form].format(secret)} {after}"

    assert secret not in file(f"{before}\n{FORMS[form].format(secret)}\n{after}")
    assert secret not in prose(text)
    assert secret not in json.dumps(api({"message": text, "list": [text], "data": {"f": f"x\n{text}\n"}}))


@given(st.one_of(st.text(max_size=60), st.tuples(secrets, st.sampled_from(sorted(FORMS)), words)))
def test_redacting_twice_changes_nothing(made: Any) -> None:
    text = made if isinstance(made, str) else f"{made[2]} {FORMS[made[1]].format(made[0])} {made[2]}"
    once = file(text)

    assert file(once) == once
    assert prose(prose(text)) == prose(text)
    assert api(api({"a": text, "token": text})) == api({"a": text, "token": text})


def test_a_certificate_stays_whatever_its_letters_spell() -> None:
    once = base64.b64encode(UNLUCKY.encode()).decode()
    kubeconfig = f"clusters:\n- cluster:\n    certificate-authority-data: {once}\n    server: https://a\n"

    assert file(UNLUCKY, "/etc/kubernetes/pki/ca.crt") == UNLUCKY
    assert api({"data": {"client-ca-file": UNLUCKY}, "caBundle": once}) == {
        "data": {"client-ca-file": UNLUCKY},
        "caBundle": once,
    }
    assert file(kubeconfig) == kubeconfig
    assert file(f"ca: |\n    {once}\n") == f"ca: |\n    {once}\n"
    assert prose(json.dumps({"ca": UNLUCKY})) == json.dumps({"ca": UNLUCKY})


@given(
    st.lists(st.sampled_from(["token", "JWT", "secret", "Bearer", "basic", "key", "/auth", "+pass", "AAAA"])),
    st.sampled_from(["", "=", "=="]),
    st.sampled_from(["\n", "\r\n", "\\n"]),
)
def test_no_public_block_loses_a_letter_and_what_follows_it_is_still_hidden(
    letters: list[str], padding: str, end: str
) -> None:
    block = end.join(("-----BEGIN CERTIFICATE-----", *letters, f"x{padding}", "-----END CERTIFICATE-----", ""))
    once = base64.b64encode(block.encode()).decode()

    assert file(f"{block}MY_TOKEN=zqsecret7").startswith(block)
    assert api({"a": block, "b": [once]}) == {"a": block, "b": [once]}
    for text in (f"{block}MY_TOKEN=zqsecret7", f"{once} MY_TOKEN=zqsecret7\n", f"MY_TOKEN=zqsecret7\n{block}"):
        assert "zqsecret7" not in file(text)
        assert "zqsecret7" not in prose(text)


def test_what_k3s_is_told_in_confidence_is_hidden_and_its_flags_are_not() -> None:
    text = (
        "token: K10abc::server:secret1\nagent-token: another1\netcd-s3-access-key: AKIA1\netcd-s3-secret-key: s3cr3t\n"
        "vpn-auth: name=tailscale,joinKey=tskey1\ndatastore-endpoint: postgres://user:pa55@db/k3s\n"
        "kube-apiserver-arg:\n- requestheader-allowed-names=aggregator\n"
    )
    place = Place("host/server-1", Kind.FILE, "/etc/rancher/k3s/config.yaml")
    body = (redact(Document(place, NOW, body=text.encode())).body or b"").decode()

    assert not [word for word in ("secret1", "another1", "AKIA1", "s3cr3t", "tskey1", "pa55") if word in body]
    assert "requestheader-allowed-names=aggregator" in body
    assert body.count("\n") == text.count("\n")
