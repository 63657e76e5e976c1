"""A firewall keeps the control plane from the port of metrics-server's pod.

## What it means
The API server's packets for metrics-server are dropped or turned away on their way to the pod, while the pod is ready
and its own node reaches it. What has to be open is the POD's port on the nodes (10250 from metrics-server 0.7, 4443
before), from the control plane: the Service's port 443 is turned into it before a packet leaves the host.

## What it does not mean
That metrics-server, its Service or its certificate is at fault: no handshake has begun.

## What will not help
- opening port 443, the Service's: no packet with it ever travels.
- --kubelet-insecure-tls: it concerns another connection.
- hostNetwork for metrics-server: it only moves the port to the node, where a firewall shuts it as well.
- reinstalling metrics-server: the packets are lost outside of it.

## How it comes about
A private cluster of a cloud, whose rule for the control plane names 443 and 10250 and not the port of this
metrics-server; a security group of the nodes that does not know the control plane's; a host firewall (firewalld, ufw)
on the pod's node that forwards nothing from outside; an update that moved metrics-server from 4443 to 10250.

## How to make sure
On the API server's host, `openssl s_client -connect POD-ADDRESS:PORT </dev/null` gets no CONNECTED, and the same with a
port where nobody listens is refused at once: packets get to the pod and back. On the node, `iptables -S FORWARD` or
`nft list ruleset`; in a cloud its flow log. Under a hail of dials a Linux firewall that rejects may look as if it
dropped: the kernel sends only so many refusals a second.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3); iptables-extensions(8), REJECT;
Linux net/ipv4/icmp.c (icmp_ratelimit).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import RULED_OUT, Class, Hop, Remedy, Says, check

from ._registration import apiservice
from ._way import FIREWALL, LOOKS, SHOWS_WITHIN_SECONDS, judge, unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.way import Way
    from msdoctor.model import Blanks, Finding, NotApplicable, Unseen


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """Open the pod's port to the control plane, where the cloud keeps the rule or on the node."""
    name, port = blanks.get("distribution", ""), blanks["pod_port"]
    cloud = _CLOUDS.get(name)
    on_node = _on_node(blanks)
    if cloud is None:
        return (on_node,)
    command, undo = cloud(port)
    advice = (
        f"Let the control plane in to port {port} of the nodes, and to no other: it is the pod's, not the Service's."
    )
    remedy = Remedy(
        advice=advice,
        commands=(command,),
        undo=(undo,),
        verify=f"kubectl get apiservice {apiservice(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )
    return (remedy, replace(on_node, way=2))


def _on_node(blanks: Blanks) -> Remedy:
    node, port = blanks["node"], blanks["pod_port"]
    rule = f"FORWARD -s {blanks['control_plane_address']} -p tcp --dport {port} -j ACCEPT"
    return Remedy(
        advice=(
            f"Let the API server's host in to port {port} of pods on {node}, before any rule that forbids it. This"
            " lasts until the host's firewall is loaded anew: put it into its configuration too, on every node that may"
            " run metrics-server. Where a cloud's security group forbids it, open the same there: the pod's port, from"
            " the control plane, not the Service's."
        ),
        commands=(f"iptables -I {rule.replace('FORWARD', 'FORWARD 1', 1)}",),
        on=f"node/{node}",
        undo=(f"iptables -D {rule}",),
        verify=f"kubectl get apiservice {apiservice(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _gke(port: str) -> tuple[str, str]:
    rule = "apiserver-to-metrics-server"
    opened = f"--direction=INGRESS --source-ranges=<MASTER-CIDR> --target-tags=<NODE-TAG> --allow=tcp:{port}"
    return (
        f"gcloud compute firewall-rules create {rule} --network=<NETWORK> {opened}",
        f"gcloud compute firewall-rules delete {rule}",
    )


def _eks(port: str) -> tuple[str, str]:
    groups = f"--group-id <NODE-SECURITY-GROUP> --source-group <CLUSTER-SECURITY-GROUP> --protocol tcp --port {port}"
    return f"aws ec2 authorize-security-group-ingress {groups}", f"aws ec2 revoke-security-group-ingress {groups}"


_CLOUDS: Mapping[str, Callable[[str], tuple[str, str]]] = {"gke": _gke, "eks": _eks}


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "nobody to ask"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "EKS"}, likelihood=0.3),
        Says("Circumstance", where={"what": "GKE"}, likelihood=0.3),
        Says("Circumstance", where={"what": "a firewall"}, likelihood=0.5),
        *unanswered(service=0.35, pod=0.6),
        Says("Dial", hop=Hop.C, where={"failure": "no route to host"}, likelihood=0.4),
        Says("Dial", hop=Hop.C, where={"failure": "connection refused"}, likelihood=0.2),
        Says("NoResponse", likelihood=0.35),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.25),
    ),
    decide=LOOKS,
    advise=advise,
)
def cloud_firewall_control_plane_to_node(way: Way | None, repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    yield from judge(way, FIREWALL, advise, repair)
