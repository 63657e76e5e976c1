import base64
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from msdoctor.bundle import Context
from msdoctor.collect import kubeconfig
from msdoctor.collect.access import Access
from msdoctor.collect.errors import ConfigurationError
from msdoctor.collect.kubeconfig import Choice, resolve
from msdoctor.kubeconfig_files import in_effect

from .conftest import Pki

SERVER = "https://192.168.10.50:6443"
TOKEN = "eyJhbGciOiJub25lIn0.{}.x".format(
    base64.urlsafe_b64encode(b'{"sub": "system:serviceaccount:kube-system:doctor"}').decode().rstrip("=")
)


def config(user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    return {
        "current-context": "ctx",
        "contexts": [{"name": "ctx", "context": {"cluster": "story", "user": "me"}}],
        "clusters": [{"name": "story", "cluster": {"server": SERVER} | (cluster or {})}],
        "users": [{"name": "me", "user": user if user is not None else {"token": "opaque"}}],
    } | top


def write(path: Path, content: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def chosen(tmp_path: Path, content: Any, **choice: str) -> tuple[Access, Context]:
    return resolve(Choice(write(tmp_path / "config", content), **choice), dict(os.environ))


def test_a_certificate_tells_who_asks(tmp_path: Path, pki: Pki) -> None:
    user = {"client-certificate": str(pki.client.cert), "client-key": str(pki.client.key)}
    access, context = chosen(tmp_path, config(user, {"certificate-authority": str(pki.ca)}))

    assert context == Context("story", SERVER, "operator", ("operators",))
    assert (access.server, access.ca_file, access.cert_file) == (SERVER, str(pki.ca), str(pki.client.cert))
    assert not access.insecure


def test_data_in_the_file_serves_as_files_do(tmp_path: Path, pki: Pki) -> None:
    def encoded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    user = {"client-certificate-data": encoded(pki.client.cert), "client-key-data": encoded(pki.client.key)}
    access, context = chosen(tmp_path, config(user, {"certificate-authority-data": encoded(pki.ca)}))

    assert context.user == "operator"
    assert Path(access.ca_file or "").read_bytes() == pki.ca.read_bytes()


@pytest.mark.parametrize("kind", ["token", "file", "plugin"])
def test_tokens_come_from_the_file_another_file_or_a_plugin(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "token", TOKEN + "\n")
    user = {
        "token": {"token": TOKEN},
        "file": {"tokenFile": "token"},
        "plugin": plugin(tmp_path, f"echo '{credential(token=TOKEN)}'"),
    }[kind]
    access, context = chosen(tmp_path, config(user))

    assert access.headers == {"Authorization": f"Bearer {TOKEN}"}
    assert TOKEN not in repr(access)
    assert context.user == "system:serviceaccount:kube-system:doctor"
    assert context.groups == ("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated")


def test_other_credentials(tmp_path: Path) -> None:
    access, context = chosen(tmp_path, config({"username": "u", "password": "p"}))
    assert access.headers == {"Authorization": "Basic dTpw"}
    assert context.user == "me"
    access, context = chosen(tmp_path, config({"token": "opaque", "as": "jane", "as-groups": ["x"]}))
    assert access.headers["Impersonate-User"] == "jane"
    assert (context.user, context.groups) == ("jane", ("x",))
    assert chosen(tmp_path, config({}))[0].headers == {}


def test_no_credential_is_for_plain_http(tmp_path: Path) -> None:
    access, _ = chosen(tmp_path, config(cluster={"server": "http://127.0.0.1:8080"}))
    assert access.headers == {}


def test_what_the_cluster_says_is_taken_over(tmp_path: Path) -> None:
    more = {"tls-server-name": "a", "proxy-url": "http://p:1", "insecure-skip-tls-verify": True}
    access, _ = chosen(tmp_path, config(cluster=more))
    assert (access.tls_server_name, access.proxy_url, access.insecure) == ("a", "http://p:1", True)


def test_several_files_merge_and_the_first_wins(tmp_path: Path, pki: Pki) -> None:
    first = write(
        tmp_path / "one/config", {"current-context": "ctx", "users": [{"name": "me", "user": {"tokenFile": "t"}}]}
    )
    write(tmp_path / "one/t", "first")
    second = write(tmp_path / "two/config", config({"token": "second"}, {"certificate-authority": "ca.pem"}))
    write(tmp_path / "two/ca.pem", pki.ca.read_text())
    access, _ = resolve(Choice(), {"KUBECONFIG": os.pathsep.join([first, str(tmp_path / "gone"), second])})

    assert access.headers == {"Authorization": "Bearer first"}
    assert access.ca_file == str(tmp_path / "two/ca.pem")


def test_the_default_file_is_found_at_home(tmp_path: Path) -> None:
    write(tmp_path / ".kube/config", config())
    assert resolve(Choice(), {"HOME": str(tmp_path)})[1].cluster == "story"


def test_flags_choose_context_cluster_and_user(tmp_path: Path) -> None:
    content = config()
    content["contexts"].append({"name": "other", "context": {"cluster": "b", "user": "you"}})
    content["clusters"].append({"name": "b", "cluster": {"server": "https://b:1"}})
    content["users"].append({"name": "you", "user": {"token": "yours"}})

    assert chosen(tmp_path, content, context="other")[1] == Context("b", "https://b:1", "you")
    assert chosen(tmp_path, content, cluster="b")[1] == Context("b", "https://b:1", "me")
    assert chosen(tmp_path, content, user="you")[1] == Context("story", SERVER, "you")


def test_a_pod_uses_its_service_account(tmp_path: Path, pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconfig, "SERVICE_ACCOUNT", tmp_path)
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "10.32.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(ConfigurationError, match="the service account of this pod cannot be used"):
        resolve(Choice(), environ)
    write(tmp_path / "token", TOKEN)
    write(tmp_path / "ca.crt", pki.ca.read_text())
    access, context = resolve(Choice(), environ)

    assert access.headers == {"Authorization": f"Bearer {TOKEN}"}
    assert (context.server, context.user) == ("https://10.32.0.1:443", "system:serviceaccount:kube-system:doctor")


NOT_PEM = base64.b64encode(b"hello").decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: [1\nb: 2\n", r"config:2: the kubeconfig is not valid YAML"),
        ("just text", "not a kubeconfig"),
        ("", "no current-context is set; name one with --context"),
        ({**config(), "current-context": ""}, r"no current-context is set; name one with --context \(there are: ctx\)"),
        ({**config(), "current-context": "x"}, 'there is no context "x"; there are: ctx'),
        (config(clusters=[]), 'there is no cluster "story", which context "ctx" names; there are: none'),
        (config(users=None), 'there is no user "me", which context "ctx" names'),
        (config(clusters=5), "clusters is not a list"),
        (config(users=[{"user": {}}]), r"users\[0\] has no name and user"),
        (config(cluster={"server": "nowhere"}), 'server "nowhere" is not a URL'),
        (config(cluster={"certificate-authority": "gone.pem"}), "gone.pem cannot be read: No such file"),
        (config(cluster={"certificate-authority-data": "%%%"}), "certificate-authority-data is not base64"),
        (config(cluster={"certificate-authority-data": NOT_PEM}), "certificate-authority-data holds no certificate"),
        (config({"client-certificate": "gone.pem", "client-key": "gone.pem"}), "gone.pem cannot be read"),
        (config({"tokenFile": "gone"}), "tokenFile .*gone cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        chosen(tmp_path, content)
    assert str(tmp_path / "config") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="gone: no such kubeconfig file; --kubeconfig names it"):
        resolve(Choice(str(tmp_path / "gone")), {})
    with pytest.raises(ConfigurationError, match="KUBECONFIG names it"):
        resolve(Choice(), {"KUBECONFIG": str(tmp_path / "gone")})
    with pytest.raises(ConfigurationError, match=r"no kubeconfig: .*give --kubeconfig FILE"):
        resolve(Choice(), {"HOME": str(tmp_path)})


def test_a_certificate_and_a_key_that_do_not_fit_are_refused(tmp_path: Path, pki: Pki) -> None:
    user = {"client-certificate": str(pki.client.cert), "client-key": str(pki.server.key)}
    with pytest.raises(ConfigurationError, match="do not belong together"):
        chosen(tmp_path, config(user))


# Credential plugins


def credential(**status: str) -> str:
    return json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status})


def plugin(tmp_path: Path, script: str, **more: Any) -> dict[str, Any]:
    path = tmp_path / "plugin.sh"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    section = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin.sh", "args": ["get"]}
    return {"exec": section | more}


def test_a_plugin_is_told_of_the_cluster_and_its_own_environment(tmp_path: Path) -> None:
    script = (
        f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/info; echo \'{credential(token="t")}\' | sed "s/\\"t\\"/\\"$A\\"/"'
    )
    user = plugin(tmp_path, script, provideClusterInfo=True, env=[{"name": "A", "value": "mine"}])
    access, _ = chosen(tmp_path, config(user))

    assert access.headers == {"Authorization": "Bearer mine"}
    info = json.loads((tmp_path / "info").read_text())
    assert info["spec"] == {"interactive": False, "cluster": {"server": SERVER}}


def test_a_plugin_may_answer_with_a_certificate(tmp_path: Path, pki: Pki) -> None:
    answer = credential(clientCertificateData=pki.client.cert.read_text(), clientKeyData=pki.client.key.read_text())
    (tmp_path / "answer").write_text(answer)
    assert chosen(tmp_path, config(plugin(tmp_path, f"cat {tmp_path}/answer")))[1].user == "operator"


@pytest.mark.parametrize(
    ("script", "more", "message"),
    [
        ("echo first >&2; echo 'log in first' >&2; exit 3", {}, "failed with exit code 3; it said: log in first"),
        (
            "exit 1",
            {"command": "no-such-plugin", "installHint": "install\nit"},
            "cannot be started: No such file.*; install it",
        ),
        ("echo hello", {}, "did not print an ExecCredential in JSON"),
        ("echo '{}'", {}, "did not print an ExecCredential with a status"),
        (f"echo '{credential()}'", {}, "neither a token nor a client certificate"),
        (f"echo '{credential(token='t')}'", {"apiVersion": "x/v2"}, "the kubeconfig asks for x/v2"),
        ("", {"interactiveMode": "Always"}, "needs a terminal"),
        ("", {"command": None}, "exec has no command"),
    ],
)
def test_a_plugin_that_fails_is_quoted(tmp_path: Path, script: str, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        chosen(tmp_path, config(plugin(tmp_path, script, **more)))


def test_a_plugin_that_hangs_is_ended_with_all_it_started(tmp_path: Path) -> None:
    user = plugin(tmp_path, f"echo waiting >&2; (sleep 1; touch {tmp_path}/alive) & sleep 30")
    path = write(tmp_path / "config", config(user))
    began = time.monotonic()
    with pytest.raises(ConfigurationError, match=r"plugin.sh get` did not end within 0 s; it said: waiting"):
        resolve(Choice(path), dict(os.environ), plugin_seconds=0.3)

    assert time.monotonic() - began < 10  # a peer that never ends would hold it for ever
    time.sleep(1.1)
    assert not (tmp_path / "alive").exists()


def test_a_home_that_nobody_knows_is_a_files_name_as_any_other() -> None:
    with pytest.raises(ConfigurationError, match="~nobody-of-that-name/config: no such kubeconfig file"):
        in_effect("~nobody-of-that-name/config", {})


def test_in_a_pod_whose_user_has_no_home_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(user: int) -> None:
        raise KeyError(user)

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)

    assert in_effect(None, {"KUBERNETES_SERVICE_HOST": "10.32.0.1"}) == ()
