"""Which cluster, as whom: kubeconfig read as kubectl reads it.

Source of the rules: kubernetes.io "Organizing Cluster Access Using kubeconfig Files" (merging: the first file that
sets a value wins; relative paths belong to the file they stand in) and client-go's clientcmd.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
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
from msdoctor.dataclass import dataclass

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_PATH_KEYS = {"cluster": ("certificate-authority",), "user": ("client-certificate", "client-key", "tokenFile")}
_SECTIONS = {"clusters": "cluster", "contexts": "context", "users": "user"}


@dataclass(frozen=True, slots=True)
class Choice:
    """kubectl's flags of the same names; None where not given."""

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    """A named cluster, context or user, and the file it stands in."""

    name: str
    file: Path
    kind: str
    values: Mapping[str, Any]

    def __str__(self) -> str:
        return f'{self.file}: {self.kind} "{self.name}"'


@dataclass(frozen=True, slots=True)
class _Merged:
    """Several kubeconfig files as one: the first file to name a thing defines it."""

    files: tuple[Path, ...]
    current: str
    entries: Mapping[str, Mapping[str, _Entry]]

    def find(self, kind: str, name: str, wanted_by: str = "") -> _Entry:
        entry = self.entries[kind].get(name)
        if entry is None:
            there = ", ".join(sorted(self.entries[kind])) or "none"
            raise ConfigurationError(f'{self}: there is no {kind} "{name}"{wanted_by}; there are: {there}')
        return entry

    def __str__(self) -> str:
        return ", ".join(map(str, self.files))


def resolve(
    choice: Choice, environ: Mapping[str, str] = os.environ, plugin_seconds: float = PLUGIN_SECONDS
) -> tuple[Access, Context]:
    """How to reach the chosen cluster, and as whom. Asks no server; runs the user's credential plugin if there is one.

    Raises ConfigurationError for whatever is missing or cannot be used.
    """
    files = _files(choice.kubeconfig, environ)
    if not files:
        return _in_cluster(environ)
    merged = _merge(files)
    cluster, user = _chosen(merged, choice)
    _check_cluster(cluster)
    if user is not None:
        user = _with_credentials(user, cluster, environ, min(plugin_seconds, PLUGIN_SECONDS))
    access = _access(cluster, user)
    name, groups = _identity(access, user)
    return access, Context(cluster.name, access.server, name, groups)


# Files


def _files(explicit: str | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    if explicit:
        path = Path(explicit).expanduser()
        if not path.exists():
            raise ConfigurationError(f"{path}: no such kubeconfig file; --kubeconfig names it")
        return (path,)
    listed = [Path(item).expanduser() for item in environ.get("KUBECONFIG", "").split(os.pathsep) if item]
    if listed:
        there = tuple(dict.fromkeys(path for path in listed if path.exists()))
        if not there:
            names = ", ".join(map(str, listed))
            raise ConfigurationError(f"{names}: no such kubeconfig file; the environment variable KUBECONFIG names it")
        return there
    default = Path(environ.get("HOME") or Path.home()) / ".kube" / "config"
    if default.exists():
        return (default,)
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return ()
    raise ConfigurationError(f"no kubeconfig: {default} does not exist; give --kubeconfig FILE, or set KUBECONFIG")


def _merge(files: tuple[Path, ...]) -> _Merged:
    entries: dict[str, dict[str, _Entry]] = {kind: {} for kind in _SECTIONS.values()}
    current = ""
    for file in files:
        content = _parse(file)
        current = current or _text(content, "current-context", str(file))
        for section, kind in _SECTIONS.items():
            for entry in _entries(file, content, section, kind):
                entries[kind].setdefault(entry.name, entry)
    return _Merged(files, current, entries)


def _parse(file: Path) -> Mapping[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigurationError(f"{file}{line}: the kubeconfig is not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise ConfigurationError(f"{file}: the kubeconfig is not valid YAML: {first}") from None
    except OSError as error:
        raise ConfigurationError(f"{file}: the kubeconfig cannot be read: {error.strerror}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file}: not a kubeconfig: clusters, contexts and users were expected")
    return content


def _entries(file: Path, content: Mapping[str, Any], section: str, kind: str) -> list[_Entry]:
    items = content.get(section) or []
    if not isinstance(items, list):
        raise ConfigurationError(f"{file}: {section} is not a list")
    return [_entry(file, item, f"{section}[{number}]", kind) for number, item in enumerate(items)]


def _entry(file: Path, item: Any, where: str, kind: str) -> _Entry:
    values = item.get(kind) or {} if isinstance(item, dict) else None
    if not isinstance(values, dict) or not isinstance(item.get("name"), str):
        raise ConfigurationError(f"{file}: {where} has no name and {kind}")
    plain = {key: value for key, value in values.items() if value not in (None, "")}
    for key in _PATH_KEYS.get(kind, ()):
        if key in plain:
            plain[key] = str(file.absolute().parent / _text(plain, key, f"{file}: {where}"))
    return _Entry(item["name"], file, kind, plain)


def _text(values: Mapping[str, Any], key: str, where: str) -> str:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{where}: {key} is not a text")
    return value or ""


# Choosing


def _chosen(merged: _Merged, choice: Choice) -> tuple[_Entry, _Entry | None]:
    name = choice.context or merged.current
    if not name and not choice.cluster:
        there = ", ".join(sorted(merged.entries["context"])) or "none"
        raise ConfigurationError(f"{merged}: no current-context is set; name one with --context (there are: {there})")
    context = merged.find("context", name) if name else None
    values = context.values if context else {}
    by = f', which context "{name}" names' if name else ""
    cluster = choice.cluster or _text(values, "cluster", str(context))
    if not cluster:
        raise ConfigurationError(f"{context} names no cluster; name one with --cluster")
    user = choice.user or _text(values, "user", str(context))
    found = merged.find("cluster", cluster, "" if choice.cluster else by)
    return found, merged.find("user", user, "" if choice.user else by) if user else None


def _check_cluster(cluster: _Entry) -> None:
    server = _text(cluster.values, "server", str(cluster))
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


def _pem(entry: _Entry, key: str) -> bytes | None:
    """What a pair such as certificate-authority(-data) holds; None where neither is set. Data wins, as in kubectl."""
    data = _text(entry.values, f"{key}-data", str(entry))
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError):
            raise ConfigurationError(f"{entry}: {key}-data is not base64") from None
    file = _text(entry.values, key, str(entry))
    return _read(entry, key, file) if file else None


def _read(entry: _Entry, key: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{entry}: {key} {file} cannot be read: {error.strerror}") from None


def _where(entry: _Entry, key: str) -> str:
    file = entry.values.get(key)
    return f"{entry}: {key}-data" if f"{key}-data" in entry.values else f"{entry}: {key} {file}"


# Credentials


def _with_credentials(user: _Entry, cluster: _Entry, environ: Mapping[str, str], seconds: float) -> _Entry:
    """The user with what its token file or credential plugin says in place of their names."""
    values = dict(user.values)
    if "tokenFile" in values:
        values["token"] = _read(user, "tokenFile", values.pop("tokenFile")).decode("utf-8", "replace").strip()
    plugin = values.pop("exec", None)
    if plugin is not None and "token" not in values:
        values |= run_plugin(str(user), plugin, user.file.absolute().parent, cluster.values, environ, seconds)
    resolved = _Entry(user.name, user.file, user.kind, values)
    if _pem(resolved, "client-certificate") is not None and _pem(resolved, "client-key") is None:
        raise ConfigurationError(f"{user}: client-certificate is set without client-key")
    return resolved


def _access(cluster: _Entry, user: _Entry | None) -> Access:
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


def _load(cluster: _Entry, user: _Entry | None) -> Any:
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


def _headers(configuration: Any, user: _Entry | None) -> Mapping[str, str]:
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


def _check_pair(access: Access, user: _Entry | None) -> None:
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


def _identity(access: Access, user: _Entry | None) -> tuple[str, tuple[str, ...]]:
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
