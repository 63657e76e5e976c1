"""This cluster's own names and paths, for the blanks in remedies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msdoctor.bundle import Bundle, Kind, Place
from msdoctor.facts.authentication import FrontProxyFiles, keys_beside
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Mode, serving_file
from msdoctor.facts.objects import APIService, Node
from msdoctor.facts.processes import Component, kubelet_settings, text_of
from msdoctor.model import Blanks, Unseen

# What comes from a cluster must not write into somebody's shell: other values leave their blank open.
PLAIN = re.compile(r"[\w.,:/@=+-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Repair:
    """Values for blanks: those of the whole cluster, and by node those of its kubelet."""

    cluster: Mapping[str, str]
    kubelets: Mapping[str, Mapping[str, str]]

    def blanks(self, node: str = "", **more: str) -> Blanks:
        """All that is known for a remedy, about one node if it is named. What is not plain stays open."""
        known = {**self.cluster, **self.kubelets.get(node, {}), **more}
        return Blanks({name: value for name, value in known.items() if PLAIN.fullmatch(value)})


def repair(
    bundle: Bundle,
    installation: Installation | None,
    apiservices: Sequence[APIService],
    servers: Sequence[Component],
    kubelet_processes: Sequence[Component],
    nodes: Sequence[Node],
    front_proxy: FrontProxyFiles | None,
    files: frozenset[str],
) -> Repair:
    """Gather them from the facts; nothing here is guessed except conventional places, and those only for kubeadm's."""
    cluster = {
        **_of_installation(installation),
        **_of_apiservice(apiservices),
        **_of_server(servers, files),
        **_of_front_proxy(front_proxy),
    }
    by_host = {process.host: process for process in kubelet_processes}
    kubelets = {n.metadata.name: _of_kubelet(bundle, n, by_host.get(n.metadata.name)) for n in nodes}
    return Repair(cluster, kubelets)


def _of_installation(installation: Installation | None) -> dict[str, str]:
    if installation is None:
        return {"namespace": "kube-system", "deployment": "metrics-server"}
    return {
        "namespace": installation.namespace,
        "deployment": installation.name,
        "container": installation.container.name,
        "secure_port": str(installation.secure_port),
    }


def _of_apiservice(apiservices: Sequence[APIService]) -> dict[str, str]:
    return {"apiservice": apiservices[0].metadata.name if apiservices else "v1beta1.metrics.k8s.io"}


def _of_server(servers: Sequence[Component], files: frozenset[str]) -> dict[str, str]:
    if not servers:
        return {}
    server = servers[0]
    found = {"control_plane": server.host, "apiserver_form": str(server.form)}
    if server.file:
        found["apiserver_file"] = server.file
    ca = server.flags.text("client-ca-file")
    if ca:
        found |= {"ca": ca, "pki": ca.rpartition("/")[0]}
        key = next((path for path in keys_beside(ca) if f"{server.host}:{path}" in files), "")
        found |= {"ca_key": key} if key else {}
    for blank, flag in (
        ("allowed_names", "requestheader-allowed-names"),
        ("requestheader_ca", "requestheader-client-ca-file"),
        ("signing_key", "service-account-signing-key-file"),
        ("accepted_key", "service-account-key-file"),
    ):
        if flag in server.flags:
            found[blank] = server.flags.text(flag)
    return found


def _of_front_proxy(files: FrontProxyFiles | None) -> dict[str, str]:
    if files is None:
        return {}
    return {
        "front_proxy_ca": files.ca,
        "front_proxy_cert": files.certificate,
        "front_proxy_key": files.key,
        "front_proxy_name": files.common_name,
    }


def _of_kubelet(bundle: Bundle, node: Node, process: Component | None) -> dict[str, str]:
    found = {"node": node.metadata.name, "san": _names(node)}
    if process is None:
        return found
    config = process.flags.text("config")
    if config:
        found["kubelet_config"] = config
    text = text_of(bundle.at(Place(process.origin, Kind.FILE, config)))
    if config and isinstance(text, Unseen):
        return found
    settings = {} if isinstance(text, Unseen) else kubelet_settings(text)
    mode, cert = serving_file(process.flags, settings)
    key = process.flags.text("tls-private-key-file") or settings.get("tlsPrivateKeyFile", "")
    if mode is Mode.SELF_SIGNED:
        key = f"{cert.removesuffix('.crt')}.key"
    found["kubelet_mode"] = str(mode)
    files = {"kubelet_cert": cert, "kubelet_key": key} if mode is not Mode.BOOTSTRAP else {}
    return found | {blank: path for blank, path in files.items() if path}


def _names(node: Node) -> str:
    """What the node's certificate should be valid for, as openssl writes it: every address of its Node object."""
    kinds = (("IP" if item.type.endswith("IP") else "DNS", item.address) for item in node.status.addresses)
    return ",".join(dict.fromkeys(f"{kind}:{address}" for kind, address in kinds))
