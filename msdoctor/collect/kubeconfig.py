"""Which cluster, as whom: kubeconfig read as kubectl reads it. Source of the rules: client-go's clientcmd."""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID
from kubernetes.client import Configuration
from kubernetes.config import ConfigException
from kubernetes.config.incluster_config import InClusterConfigLoader
from kubernetes.config.kube_config import KubeConfigLoader

from msdoctor.bundle import Context
from msdoctor.collect.access import Access
from msdoctor.collect.credential_plugin import PLUGIN_SECONDS, run_plugin
from msdoctor.collect.errors import ConfigurationError
from msdoctor.kubeconfig_files import Entry, Merged, in_effect, merge, text_of

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Choice:
    """kubectl's flags of the same names; None where not given."""

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None


def resolve(
    choice: Choice, environ: Mapping[str, str] = os.environ, plugin_seconds: float = PLUGIN_SECONDS
) -> tuple[Access, Context]:
    """How to reach the chosen cluster, and as whom. Asks no server; runs the user's credential plugin if there is one.

    Raises ConfigurationError for whatever is missing or cannot be used.
    """
    files = in_effect(choice.kubeconfig, environ)
    if not files:
        return _in_cluster(environ)
    merged = merge(files)
    cluster, user = _chosen(merged, choice)
    _check_cluster(cluster)
    if user is not None:
        user = _with_credentials(user, cluster, environ, min(plugin_seconds, PLUGIN_SECONDS))
    access = _access(cluster, user)
    name, groups = _identity(access, user)
    return access, Context(cluster.name, access.server, name, groups)


# Choosing


def _chosen(merged: Merged, choice: Choice) -> tuple[Entry, Entry | None]:
    name = choice.context or merged.current
    if not name and not choice.cluster:
        there = ", ".join(sorted(merged.entries["context"])) or "none"
        raise ConfigurationError(f"{merged}: no current-context is set; name one with --context (there are: {there})")
    context = merged.find("context", name) if name else None
    values = context.values if context else {}
    by = f', which context "{name}" names' if name else ""
    cluster = choice.cluster or text_of(values, "cluster", str(context))
    if not cluster:
        raise ConfigurationError(f"{context} names no cluster; name one with --cluster")
    user = choice.user or text_of(values, "user", str(context))
    found = merged.find("cluster", cluster, "" if choice.cluster else by)
    return found, merged.find("user", user, "" if choice.user else by) if user else None


def _check_cluster(cluster: Entry) -> None:
    server = text_of(cluster.values, "server", str(cluster))
    try:
        parts = urlsplit(server)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(f'{cluster}: server "{server}" is not a URL such as https://192.168.10.50:6443')
    pem = _pem(cluster, "certificate-authority")
    if pem is not None:
        try:
            ssl.create_default_context(cadata=pem.decode("ascii"))
        except (ssl.SSLError, UnicodeDecodeError, ValueError):
            where = _where(cluster, "certificate-authority")
            raise ConfigurationError(f"{where} holds no certificate in PEM") from None


def _pem(entry: Entry, key: str) -> bytes | None:
    """What a pair such as certificate-authority(-data) holds; None where neither is set. Data wins, as in kubectl."""
    data = text_of(entry.values, f"{key}-data", str(entry))
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError):
            raise ConfigurationError(f"{entry}: {key}-data is not base64") from None
    file = text_of(entry.values, key, str(entry))
    return _read(entry, key, file) if file else None


def _read(entry: Entry, key: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{entry}: {key} {file} cannot be read: {error.strerror}") from None


def _where(entry: Entry, key: str) -> str:
    file = entry.values.get(key)
    return f"{entry}: {key}-data" if f"{key}-data" in entry.values else f"{entry}: {key} {file}"


# Credentials


def _with_credentials(user: Entry, cluster: Entry, environ: Mapping[str, str], seconds: float) -> Entry:
    """The user with what its token file or credential plugin says in place of their names."""
    values = dict(user.values)
    if "tokenFile" in values:
        values["token"] = _read(user, "tokenFile", values.pop("tokenFile")).decode("utf-8", "replace").strip()
    plugin = values.pop("exec", None)
    if plugin is not None and "token" not in values:
        values |= run_plugin(str(user), plugin, user.file.absolute().parent, cluster.values, environ, seconds)
    resolved = Entry(user.name, user.file, user.kind, values)
    if _pem(resolved, "client-certificate") is not None and _pem(resolved, "client-key") is None:
        raise ConfigurationError(f"{user}: client-certificate is set without client-key")
    return resolved


def _access(cluster: Entry, user: Entry | None) -> Access:
    configuration = _load(cluster, user)
    access = Access(
        server=str(configuration.host),
        ca_file=configuration.ssl_ca_cert,
        cert_file=configuration.cert_file,
        key_file=configuration.key_file,
        headers=_headers(configuration, user),
        tls_server_name=configuration.tls_server_name,
        # The package takes HTTPS_PROXY as well, without NO_PROXY's networks; that is for requests to judge.
        proxy_url=cluster.values.get("proxy-url"),
        insecure=not configuration.verify_ssl,
    )
    if urlsplit(access.server).scheme == "http":
        # As client-go: a credential is for a peer that has proven who it is.
        return Access(access.server, proxy_url=access.proxy_url)
    _check_pair(access, user)
    return access


def _load(cluster: Entry, user: Entry | None) -> Any:
    """The kubernetes package's own reading of this one cluster and user."""
    who = [{"name": "it", "user": dict(user.values)}] if user else []
    one = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": dict(cluster.values)}],
        "users": who,
    }
    configuration = Configuration()
    loader: Any = KubeConfigLoader  # the package is not typed
    try:
        loader(config_dict=one, config_base_path="").load_and_set(configuration)
    except (ConfigException, ValueError, KeyError, TypeError, OSError) as error:
        raise ConfigurationError(f"{user or cluster}: {' '.join(str(error).split())}") from None
    return configuration


def _headers(configuration: Any, user: Entry | None) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    credential = configuration.api_key.get("BearerToken")
    if credential:
        headers["Authorization"] = " ".join(str(credential).split())
    values = user.values if user else {}
    if "as" in values:
        headers["Impersonate-User"] = str(values["as"])
        # requests keeps one value a name; a list of groups is read from one header, split at commas, by no server.
        groups = values.get("as-groups") or []
        if len(groups) > 1:
            raise ConfigurationError(f"{user}: as-groups with more than one group is not supported")
        if groups:
            headers["Impersonate-Group"] = str(groups[0])
    return headers


def _check_pair(access: Access, user: Entry | None) -> None:
    if access.cert_file is None:
        return
    try:
        # Without a password of its own OpenSSL would ask for one on the terminal.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(access.cert_file, access.key_file, password="")
    except ssl.SSLError as error:
        why = "do not belong together" if error.reason == "KEY_VALUES_MISMATCH" else "are not a usable pair in PEM"
        raise ConfigurationError(f"{user}: client-certificate and client-key {why}") from None
    except OSError as error:
        raise ConfigurationError(f"{user}: client-certificate or client-key: {error.strerror}") from None


# Inside a pod


def _in_cluster(environ: Mapping[str, str]) -> tuple[Access, Context]:

    configuration = Configuration()
    loader: Any = InClusterConfigLoader  # the package is not typed
    token_file, ca_file = str(SERVICE_ACCOUNT / "token"), str(SERVICE_ACCOUNT / "ca.crt")
    try:
        loader(token_file, ca_file, try_refresh_token=False, environ=environ).load_and_set(configuration)
    except (ConfigException, OSError) as error:
        raise ConfigurationError(
            f"no kubeconfig, and the service account of this pod cannot be used: {SERVICE_ACCOUNT}: {error}"
        ) from None
    token = str(configuration.api_key["BearerToken"]).split()[-1]
    access = Access(configuration.host, configuration.ssl_ca_cert, headers={"Authorization": f"Bearer {token}"})
    name, groups = _identity(access, None)
    return access, Context("in-cluster", access.server, name, groups)


# Who


def _identity(access: Access, user: Entry | None) -> tuple[str, tuple[str, ...]]:
    """Name and groups, in the order in which the API server tries: impersonation, certificate, token."""
    if "Impersonate-User" in access.headers:
        group = access.headers.get("Impersonate-Group")
        return access.headers["Impersonate-User"], (group,) if group else ()
    if access.cert_file:
        return _certificate_subject(access.cert_file)
    scheme, _, credential = access.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        subject = _jwt_subject(credential)
        if subject:
            return subject, _service_account_groups(subject)
    return (user.name, ()) if user else ("system:anonymous", ("system:unauthenticated",))


def _certificate_subject(file: str) -> tuple[str, tuple[str, ...]]:

    try:
        subject = x509.load_pem_x509_certificates(Path(file).read_bytes())[0].subject
    except ValueError as error:
        raise ConfigurationError(f"the client certificate cannot be read: {error}") from None
    names = [str(name.value) for name in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = (str(group.value) for group in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME))
    return names[-1] if names else "", tuple(groups)


def _jwt_subject(token: str) -> str:
    """The ``sub`` of a token that is a JWT, unverified: it is our own, and only names who we are."""
    parts = token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return ""
    return str(claims.get("sub") or "") if isinstance(claims, dict) else ""


def _service_account_groups(subject: str) -> tuple[str, ...]:
    parts = subject.split(":")
    if parts[:2] != ["system", "serviceaccount"] or len(parts) != 4:
        return ()
    return ("system:serviceaccounts", f"system:serviceaccounts:{parts[2]}", "system:authenticated")
