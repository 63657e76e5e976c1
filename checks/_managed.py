"""What can be done about the kubelets of EKS, GKE and AKS: replace a machine, and where that changes nothing, ask.

The provider's image and its approver decide what a kubelet serves and whom it admits; nothing in the cluster does.
EKS's images set serverTLSBootstrap (awslabs/amazon-eks-ami pull request 100), and its control plane approves; a request
that was made under another name than the node's stays pending (eksctl issue 1381). AKS has the cluster's CA sign
kubelets' serving certificates from Kubernetes 1.27 on, on node images since July 2025, and labels such nodes
``kubernetes.azure.com/kubelet-serving-ca=cluster`` (its documentation's page on certificate rotation); before that they
are self-signed. A machine of a GKE node pool that is deleted is made anew by its instance group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Remedy, Risk

if TYPE_CHECKING:
    from msdoctor.model import Blanks

SHOWS_WITHIN_SECONDS = 900  # a machine boots, joins, and is scraped twice

PROVIDERS = {"eks": "EKS", "gke": "GKE", "aks": "AKS"}
_CERTIFICATE = {
    "eks": "On EKS the kubelet asks for its serving certificate, and AWS's control plane approves and signs.",
    "gke": "On GKE the kubelet asks for its serving certificate, and Google's control plane approves and signs.",
    "aks": (
        "AKS has kubelets' serving certificates signed by the cluster's CA only from Kubernetes 1.27 on, and on node"
        " images since July 2025: `kubectl get nodes -L kubernetes.azure.com/kubelet-serving-ca` shows where."
    ),
}
_SETTINGS = {
    "eks": (
        "On EKS the machine's image sets whom its kubelet admits, unless its launch template or NodeConfig"
        " (spec.kubelet) says otherwise; mend it there first."
    ),
    "gke": "On GKE Google sets whom a kubelet admits; there is nothing for you to set.",
    "aks": "On AKS Microsoft sets whom a kubelet admits; there is nothing for you to set.",
}
_APPROVES = {
    "eks": (
        "EKS approves such requests by itself, within a minute. That it did not is for AWS to answer, in a ticket,"
        " unless the node joined under a name that is not its own (its role's mapping must say system:node:"
        "{{EC2PrivateDNSName}})."
    ),
    "gke": "GKE approves such requests by itself. That it did not is for Google to answer: open a ticket.",
    "aks": "AKS approves such requests by itself. That it did not is for Microsoft to answer: open a ticket.",
}


def new_certificate(blanks: Blanks) -> tuple[Remedy, ...]:
    """Replace the machine."""
    return (_replaced(blanks, _CERTIFICATE[blanks["distribution"]]),)


def settings(blanks: Blanks, _: str, *__: str) -> tuple[Remedy, ...]:
    """Replace the machine: no setting of it can be changed to last."""
    return (_replaced(blanks, _SETTINGS[blanks["distribution"]]),)


def approves(blanks: Blanks) -> str:
    """Who should have approved a request."""
    return _APPROVES[blanks["distribution"]]


def _replaced(blanks: Blanks, why: str) -> Remedy:
    node = blanks["node"]
    return Remedy(
        advice=(
            f"{why} Replace {node}. If the machine that takes its place is no better, nothing in the cluster mends it:"
            " open a ticket with the provider."
        ),
        commands=_commands(blanks),
        risks=(Risk.DISRUPTIVE,),
        verify="kubectl top nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _commands(blanks: Blanks) -> tuple[str, ...]:
    if blanks["distribution"] == "aks":  # drains each machine of the pool itself
        cluster = f"--resource-group {blanks['resource_group']} --cluster-name {blanks['cluster_name']}"
        return (f"az aks nodepool upgrade --node-image-only {cluster} --name {blanks['pool']}",)
    drain = f"kubectl drain {blanks['node']} --ignore-daemonsets --delete-emptydir-data"
    if blanks["distribution"] == "eks":
        return drain, f"aws ec2 terminate-instances --instance-ids {blanks['instance']}"
    return (
        drain,
        f"gcloud compute instances delete {blanks['instance']} --zone={blanks['zone']} --project={blanks['project']}",
    )
