"""What kubeadm would write into an API server's manifest: its own flags and the ``extraArgs`` of its configuration.

`kubeadm upgrade` makes manifests anew from ConfigMap kube-system/kubeadm-config, not from those that are there
(kubernetes 1.36.3 cmd/kubeadm/app/phases/controlplane/manifests.go, getAPIServerCommand): what was added by hand is
lost. An argument of the configuration takes the place of kubeadm's own of that name, and may come more than once
(cmd/kubeadm/app/util/arguments.go). v1beta3 has ``extraArgs`` as a mapping, v1beta4 as a list of names and values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from msdoctor.bundle import Bundle
from msdoctor.facts import manifests, paths
from msdoctor.facts.flags import Flags, parse
from msdoctor.facts.forms import Form
from msdoctor.facts.objects import ConfigMap, decode
from msdoctor.facts.pending import changed
from msdoctor.facts.processes import Component
from msdoctor.model import Unseen

CERTIFICATES = "/etc/kubernetes/pki"


@dataclass(frozen=True, slots=True)
class Drift:
    """One API server: each flag that kubeadm would write otherwise, as it runs and as it would then be."""

    server: Component
    changed: Mapping[str, tuple[str, str]]


def drifts(bundle: Bundle, servers: Sequence[Component]) -> tuple[Drift, ...] | Unseen:
    """Of every API server that is a static pod; those that agree are left out."""
    kept = decode(bundle.api(paths.KUBEADM_CONFIG), ConfigMap)
    if isinstance(kept, Unseen):
        return kept
    written = of_api_server(kept.data.get("ClusterConfiguration", ""))
    if written is None:
        return Unseen("it holds no ClusterConfiguration that can be read", paths.KUBEADM_CONFIG)
    pods = (server for server in servers if server.form is Form.STATIC_POD)
    found = (Drift(server, dict(changed(server.flags, written))) for server in pods)
    return tuple(drift for drift in found if drift.changed)


def of_api_server(text: str) -> Flags | None:
    """The flags that this pipeline depends on, as kubeadm writes them with this configuration; None if it is none."""
    try:
        loaded = yaml.load(text, Loader=manifests.LOADER)  # noqa: S506  a safe loader under another name
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict):
        return None
    folder = str(loaded.get("certificatesDir") or CERTIFICATES).rstrip("/")
    server = loaded.get("apiServer")
    given = tuple(_arguments(server.get("extraArgs") if isinstance(server, dict) else None))
    named = {name for name, _ in given}
    own = ((name, value) for name, value in _own(folder).items() if name not in named)
    return parse([f"--{name}={value}" for name, value in (*own, *given)])


def _arguments(extra: object) -> Iterator[tuple[str, str]]:
    if isinstance(extra, dict):
        yield from ((str(name), _text(value)) for name, value in extra.items())
    for item in extra if isinstance(extra, list) else ():
        if isinstance(item, dict) and "name" in item:
            yield str(item["name"]), _text(item.get("value", ""))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _own(folder: str) -> dict[str, str]:
    return {
        "client-ca-file": f"{folder}/ca.crt",
        "proxy-client-cert-file": f"{folder}/front-proxy-client.crt",
        "proxy-client-key-file": f"{folder}/front-proxy-client.key",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": f"{folder}/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
    }
