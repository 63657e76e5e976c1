"""Clusters as each distribution leaves them: the signs on their nodes, kubeadm's files as kubeadm itself wrote them.

``kubeadm/`` is the host root that kubeadm 1.36.3 made by its own phases (certs, kubeconfig, control-plane, etcd,
kubelet-start; `--rootfs`), with the two unit files of its package, read and redacted as any host root is.
"""

import json
from pathlib import Path
from typing import Any

from msdoctor.bundle import WORKSTATION, Bundle, Document, Kind, Place, bundle_of
from msdoctor.collect import load
from msdoctor.facts import paths
from tests.facts.clusters import Json, config_map

KUBEADM = load(Path(__file__).parent / "kubeadm")
CLUSTER_CONFIGURATION = (
    "apiVersion: kubeadm.k8s.io/v1beta4\ncertificatesDir: /etc/kubernetes/pki\nkind: ClusterConfiguration\n"
    "kubernetesVersion: v1.36.3\n"
)
AWS, GOOGLE = "aws:///us-east-1b/i-0bef257dedc4486c6", "gce://acme/europe-west4-a/gke-main-1a2b"
AZURE = (
    "azure:///subscriptions/0/resourceGroups/mc_rg_main_westeurope/providers/Microsoft.Compute"
    "/virtualMachineScaleSets/aks-pool1-1-vmss/virtualMachines/0"
)

# What each writes onto its nodes: (kubelet's version, labels, annotations, providerID).
Signs = tuple[str, dict[str, str], dict[str, str], str]
SIGNS: dict[str, Signs] = {
    "k3s": ("v1.34.1+k3s1", {}, {"k3s.io/node-args": '["agent"]'}, "k3s://worker"),
    "rke2": ("v1.34.1+rke2r1", {}, {"rke2.io/node-args": '["agent"]'}, "rke2://worker"),
    "kops": ("v1.34.1", {"kops.k8s.io/instancegroup": "nodes-1a"}, {}, AWS),
    "eks": ("v1.34.1-eks-113cf36", {"eks.amazonaws.com/nodegroup": "main"}, {}, AWS),
    "gke": ("v1.34.1-gke.1829001", {"cloud.google.com/gke-nodepool": "main"}, {}, GOOGLE),
    "aks": (
        "v1.34.1",
        {"kubernetes.azure.com/cluster": "MC_rg_main_westeurope", "kubernetes.azure.com/agentpool": "pool1"},
        {},
        AZURE,
    ),
}


def marked(item: Json, signs: Signs) -> Json:
    """A Node with a distribution's signs."""
    version, labels, annotations, provider = signs
    metadata, status = item["metadata"], item["status"]
    metadata |= {"labels": {**metadata.get("labels", {}), **labels}}
    metadata |= {"annotations": {**metadata.get("annotations", {}), **annotations}}
    status["nodeInfo"] |= {"kubeletVersion": version}
    return item | {"metadata": metadata, "status": status, "spec": {**item.get("spec", {}), "providerID": provider}}


def turned(bundle: Bundle, name: str) -> Bundle:
    """The same cluster as one of that distribution, seen without host files: only kubeadm and hands leave them so."""
    documents = {place: one for place, one in bundle.documents.items() if place.origin == WORKSTATION}
    if name == "kubeadm":
        place = Place(WORKSTATION, Kind.API, paths.KUBEADM_CONFIG)
        body = json.dumps(config_map(ClusterConfiguration=CLUSTER_CONFIGURATION)).encode()
        documents[place] = Document(place, bundle.taken_at, body)
    else:
        place = Place(WORKSTATION, Kind.API, paths.NODES)
        nodes: Any = json.loads(documents[place].body or b"")
        nodes["items"] = [marked(item, SIGNS[name]) for item in nodes["items"]]
        documents[place] = Document(place, bundle.taken_at, json.dumps(nodes).encode())
    context = bundle.context
    seen = type(context)(context.cluster, context.server, context.user, context.groups, (WORKSTATION,))
    return bundle_of(documents.values(), bundle.taken_at, seen)
