"""Who made this cluster and keeps its kubelets: decides in whose words a remedy must be said.

Each sign is one that the distribution itself leaves:

- kubeadm keeps its settings in the ConfigMap kube-system/kubeadm-config, and writes /var/lib/kubelet/kubeadm-flags.env
  on each node (kubernetes cmd/kubeadm/app/constants/constants.go, 1.36.3);
- k3s and rke2 annotate a node with their own arguments, ``k3s.io/node-args`` and ``rke2.io/node-args`` (k3s
  pkg/nodeconfig/nodeconfig.go), and end the version in ``+k3s1``, ``+rke2r1``;
- kops labels a node ``kops.k8s.io/instancegroup`` (kops pkg/apis/kops/instancegroup.go, NodeLabelInstanceGroup);
- EKS and GKE end the version in ``-eks-…`` and ``-gke.…`` on nodes that their own cloud knows by its providerID; AKS
  labels a node ``kubernetes.azure.com/cluster``.

A cluster is hand-built only where the files of a host show the unit or the static pod, its nodes run upstream's own
releases, and kubeadm was looked for and is not there. Where signs contradict, or none is seen, it is not told.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msdoctor.bundle import Bundle, Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.facts.objects import ConfigMap, Node, decode
from msdoctor.facts.processes import Component
from msdoctor.model import Evidence, Unseen

KUBEADM_FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
INSTANCE_GROUP = "kops.k8s.io/instancegroup"
AKS_CLUSTER = "kubernetes.azure.com/cluster"
CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/etcd")

UPSTREAM = re.compile(r"v\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?")


class Name(StrEnum):
    """A distribution. ``HAND_BUILT`` is nobody's: units and manifests are the user's own."""

    KUBEADM = "kubeadm"
    K3S = "k3s"
    RKE2 = "rke2"
    KOPS = "kops"
    EKS = "eks"
    GKE = "gke"
    AKS = "aks"
    HAND_BUILT = "hand-built"


@dataclass(frozen=True, slots=True)
class Distribution:
    """Whose cluster it is, and what told so."""

    name: Name
    evidence: tuple[Evidence, ...]

    @property
    def managed(self) -> bool:
        """Whether a provider runs the control plane, and sets up the nodes."""
        return self.name in (Name.EKS, Name.GKE, Name.AKS)


def distribution(
    bundle: Bundle, nodes: Sequence[Node] | Unseen, components: Sequence[Component]
) -> Distribution | Unseen:
    """What the signs agree on. ``components``: kube-apiservers and kubelets, those of host files among them."""
    signs = {**_of_kubeadm(bundle), **({} if isinstance(nodes, Unseen) else _of_nodes(nodes))}
    if len(signs) > 1:
        told = "; ".join(f"{name}: {evidence[0].saw} ({evidence[0].where})" for name, evidence in signs.items())
        return Unseen(f"signs of more than one distribution: {told}")
    for name, evidence in signs.items():
        return Distribution(name, evidence)
    if isinstance(nodes, Unseen):
        return nodes
    return _hand_built(bundle, nodes, components)


def _of_kubeadm(bundle: Bundle) -> Mapping[Name, tuple[Evidence, ...]]:
    found = tuple(_signs_of_kubeadm(bundle))
    return {Name.KUBEADM: found} if found else {}


def _signs_of_kubeadm(bundle: Bundle) -> Iterator[Evidence]:
    kept = decode(bundle.api(paths.KUBEADM_CONFIG), ConfigMap)
    if not isinstance(kept, Unseen) and "ClusterConfiguration" in kept.data:
        yield Evidence(
            saw="kubeadm keeps its ClusterConfiguration here",
            where="ConfigMap kube-system/kubeadm-config",
            how="kubectl -n kube-system get configmap kubeadm-config -o yaml",
        )
    for host in bundle.hosts:
        if bundle.at(Place(f"host/{host}", Kind.FILE, KUBEADM_FLAGS)).body is not None:
            yield Evidence(
                saw="kubeadm wrote the kubelet's flags",
                where=f"{host}:{KUBEADM_FLAGS}",
                how=f"cat {KUBEADM_FLAGS}",
                origin=f"host/{host}",
            )


def _of_nodes(nodes: Sequence[Node]) -> Mapping[Name, tuple[Evidence, ...]]:
    """By distribution the first node that tells it: thousands would say the same."""
    signs: dict[Name, tuple[Evidence, ...]] = {}
    for node in nodes:
        told = _of_node(node)
        if told and told[0] not in signs:
            name = node.metadata.name
            signs[told[0]] = (Evidence(told[1], f"Node {name}", f"kubectl get node {name} -o yaml"),)
    return signs


def _of_node(node: Node) -> tuple[Name, str] | None:
    version, provider = node.status.node_info.kubelet_version, node.spec.provider_id
    labels, annotations = node.metadata.labels, node.metadata.annotations
    for name in (Name.K3S, Name.RKE2):
        if f"+{name}" in version:
            return name, f"kubeletVersion {version}"
        if f"{name}.io/node-args" in annotations:
            return name, f"annotation {name}.io/node-args"
    if INSTANCE_GROUP in labels:
        return Name.KOPS, f"label {INSTANCE_GROUP}={labels[INSTANCE_GROUP]}"
    if AKS_CLUSTER in labels and provider.startswith("azure://"):
        return Name.AKS, f"label {AKS_CLUSTER}={labels[AKS_CLUSTER]}"
    for name, suffix, cloud in ((Name.EKS, "-eks-", "aws://"), (Name.GKE, "-gke.", "gce://")):
        if suffix in version and provider.startswith(cloud):
            return name, f"kubeletVersion {version}, providerID {provider}"
    return None


def _hand_built(bundle: Bundle, nodes: Sequence[Node], components: Sequence[Component]) -> Distribution | Unseen:
    other = next((n for n in nodes if not UPSTREAM.fullmatch(n.status.node_info.kubelet_version)), None)
    if other:
        version = other.status.node_info.kubelet_version
        return Unseen(f"{version} is no release of upstream's, and nothing else tells whose it is")
    absent = bundle.api(paths.KUBEADM_CONFIG).refusal
    if absent is None:
        return Unseen("it holds no ClusterConfiguration, as kubeadm's own does", paths.KUBEADM_CONFIG)
    if absent.reason is not Reason.ABSENT:
        return Unseen(f"whether kubeadm made it was not seen: {absent}", paths.KUBEADM_CONFIG)
    own = tuple(
        Evidence(f"{one.program} is started by {one.file}", one.where, one.how, one.origin)
        for one in components
        if one.file and one.origin.startswith("host/")
    )
    if not nodes or not own:
        return Unseen("no sign of any distribution, and no files of a host to tell that it was built by hand")
    return Distribution(Name.HAND_BUILT, own)
