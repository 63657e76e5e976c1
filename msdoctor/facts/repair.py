"""This cluster's own names and paths, for the blanks in remedies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msdoctor.bundle import Bundle, Kind, Place
from msdoctor.facts import paths
from msdoctor.facts.authentication import FrontProxyFiles, keys_beside
from msdoctor.facts.distribution import CONTROL_PLANE, INSTANCE_GROUP, Distribution, Name
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Mode, serving_file
from msdoctor.facts.objects import APIService, ConfigMap, Node, decode
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
    distribution: Distribution | None = None,
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
    if distribution is None:
        return Repair(cluster, kubelets)
    cluster = {**_of_distribution(bundle, distribution, nodes, files), **cluster}
    kubeadms = _mode_of_kubeadms(bundle)
    kept = {n.metadata.name: _kept_by(distribution, n, kubeadms) for n in nodes}
    return Repair(cluster, {name: {**kept[name], **kubelets[name]} for name in kubelets})


def _of_distribution(
    bundle: Bundle, whose: Distribution, nodes: Sequence[Node], files: frozenset[str]
) -> dict[str, str]:
    """Its name, and where kubeadm lays what it makes: in ``certificatesDir``, which its configuration tells."""
    found = {"distribution": str(whose.name)}
    control_plane = next((n.metadata.name for n in nodes if _is_control_plane(n)), "")
    if control_plane:
        found["control_plane"] = control_plane
    if whose.name is Name.KUBEADM:
        pki = _certificates_dir(bundle)
        found |= {"pki": pki, "ca": f"{pki}/ca.crt"}
        listed = {path.partition(":")[2] for path in files}
        if f"{pki}/ca.crt" not in listed or f"{pki}/ca.key" in listed:  # not so where an outside CA keeps the key
            found["ca_key"] = f"{pki}/ca.key"
    return found


def _certificates_dir(bundle: Bundle) -> str:
    kept = decode(bundle.api(paths.KUBEADM_CONFIG), ConfigMap)
    told = {} if isinstance(kept, Unseen) else kubelet_settings(kept.data.get("ClusterConfiguration", ""))
    return told.get("certificatesDir", "/etc/kubernetes/pki").rstrip("/")


def _mode_of_kubeadms(bundle: Bundle) -> dict[str, str]:
    """Where kubeadm has all its kubelets ask for certificates: that they do."""
    kept = decode(bundle.api(paths.KUBELET_CONFIG), ConfigMap)
    told = {} if isinstance(kept, Unseen) else kubelet_settings(kept.data.get("kubelet", ""))
    return {"kubelet_mode": str(Mode.BOOTSTRAP)} if told.get("serverTLSBootstrap") == "True" else {}


def _kept_by(whose: Distribution, node: Node, kubeadms: Mapping[str, str]) -> dict[str, str]:
    """What the distribution calls the machine, and where it keeps what concerns its kubelet."""
    labels, provider = node.metadata.labels, node.spec.provider_id
    if whose.name is Name.KUBEADM:
        folder = "/var/lib/kubelet"  # KubeletRunDirectory; a certificate that nobody configured is the kubelet's own
        files = {"kubelet_cert": f"{folder}/pki/kubelet.crt", "kubelet_key": f"{folder}/pki/kubelet.key"}
        return {"kubelet_config": f"{folder}/config.yaml", **(kubeadms or files)}
    if whose.name is Name.K3S:
        return {"kubelet_service": "k3s" if _is_control_plane(node) else "k3s-agent"}
    if whose.name is Name.RKE2:
        return {"kubelet_service": "rke2-server" if _is_control_plane(node) else "rke2-agent"}
    if whose.name is Name.KOPS:
        return {"instance_group": labels.get(INSTANCE_GROUP, "")}
    if whose.name is Name.EKS:  # aws:///us-east-1b/i-0bef257dedc4486c6
        instance = provider.rpartition("/")[2]
        return {"instance": instance} if instance.startswith("i-") else {}
    if whose.name is Name.GKE:  # gce://project/zone/instance
        return dict(zip(("project", "zone", "instance"), provider.removeprefix("gce://").split("/"), strict=False))
    return {"pool": labels["kubernetes.azure.com/agentpool"]} if "kubernetes.azure.com/agentpool" in labels else {}


def _is_control_plane(node: Node) -> bool:
    return any(label in node.metadata.labels for label in CONTROL_PLANE)


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
    ca = server.flags.text("client-ca-file") or _ca_beside(server, files)
    if ca:
        found |= {"ca": ca, "pki": ca.rpartition("/")[0]}
        key = next((path for path in keys_beside(ca) if f"{server.host}:{path}" in files), "")
        found |= {"ca_key": key} if key else {}
    for blank, flag in (
        ("allowed_names", "requestheader-allowed-names"),
        ("requestheader_ca", "requestheader-client-ca-file"),
        ("proxy_ca", "requestheader-client-ca-file"),
        ("proxy_cert", "proxy-client-cert-file"),
        ("proxy_key", "proxy-client-key-file"),
        ("signing_key", "service-account-signing-key-file"),
        ("accepted_key", "service-account-key-file"),
    ):
        if flag in server.flags:
            found[blank] = server.flags.text(flag)
    return found


def _ca_beside(server: Component, files: frozenset[str]) -> str:
    """The cluster's CA by its usual names, beside the front proxy's files, for an API server that was told of none."""
    folder = server.flags.text("requestheader-client-ca-file").rpartition("/")[0]
    named = (f"{folder}/{name}" for name in ("ca.crt", "ca.pem"))
    return next((path for path in named if f"{server.host}:{path}" in files), "")


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
