"""What the overlay network wraps for pods does not pass between the nodes.

## What it means
The API server's host sends what is for pods of other nodes by an overlay's device (flannel.1, vxlan.calico, …), which
wraps it in UDP from node to node. Those packets are dropped on the way: the host reaches the other node itself, and
nothing of its pods. The APIService is unavailable, and whatever else lies between pods of different nodes fails, too.

## What it does not mean
That metrics-server is broken: it still scrapes every kubelet, because a network plugin lets what is for nodes leave
unwrapped.

## What will not help
- opening metrics-server's TCP port: what travels between the nodes is UDP.
- hostNetwork for metrics-server: every other pod stays cut off.
- --enable-aggregator-routing: with it and without, the packet ends in the overlay.

## How it comes about
A firewall or security group between the nodes without UDP 8472 (flannel, Cilium), 4789 (Calico, others) or 6081
(Geneve); a hypervisor that takes the same UDP port for its own overlay; broken checksum offload of a network card.

## How to make sure
On the API server's host `ip route get POD-ADDRESS` names the device. On the pod's node, `tcpdump -ni any udp port 8472`
shows nothing come in while the other side dials.

## Source
flannel backend/vxlan (UDP 8472, device flannel.VNI); Calico felix (vxlan.calico, UDP 4789); Linux Documentation/
networking/vxlan.rst.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Hop, Remedy, Says, check

from ._registration import apiservice
from ._way import LOOKS, OVERLAY, SHOWS_WITHIN_SECONDS, in_its_own_tunnel, judge, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.way import Way
    from msdoctor.model import Blanks, Finding, NotApplicable, Unseen


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """Let the nodes in to each other on the overlay's own UDP port."""
    node, port = blanks["node"], _port(blanks.get("device", ""))
    rule = f"-s {blanks['control_plane_address']} -p udp --dport {port} -j ACCEPT"
    return (
        Remedy(
            advice=(
                f"Let the nodes' own addresses in to UDP port {port} on {node}, before any rule that forbids it; on"
                " every other node likewise. This lasts until the host's firewall is loaded anew: put it into its"
                " configuration too, and into the security group where a cloud keeps one."
            ),
            commands=(f"iptables -I INPUT 1 {rule}",),
            on=f"node/{node}",
            undo=(f"iptables -D INPUT {rule}",),
            verify=f"kubectl get apiservice {apiservice(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def _port(device: str) -> str:
    """By the device: Calico takes the port that IANA gave VXLAN, flannel and Cilium the one that Linux had before."""
    if device.startswith("genev"):
        return "6081"
    return "4789" if device == "vxlan.calico" else "8472"


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        *unanswered(service=0.35, pod=0.2, logged=0.4),
        *in_its_own_tunnel(0.75),
        Says("OverlayChecksum", likelihood=0.6),
    ),
    decide=LOOKS,
    advise=advise,
)
def overlay_vxlan_udp_blocked(way: Way | None, repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    yield from judge(way, OVERLAY, advise, repair)
