"""A node is registered under an address that does not lead to its kubelet.

## What it means
metrics-server dials the InternalIP of the Node object. That address is not one at which others find this node: several
nodes are registered under the same one, or it belongs to a network that only the machine itself has. The API server,
which dials the same address, fails there too, so `kubectl logs` and `exec` do not work for its pods either.

## What it does not mean
That a firewall is in the way, or that the certificate is wrong: it may well be right for the node's real address, and
is then refused, or never met, at this one.

## What will not help
- --kubelet-insecure-tls: where an answer comes at all it comes from the wrong machine, and metrics-server would send
  its token there.
- a new certificate with that address in it: the address leads elsewhere.
- opening firewalls: the packets go elsewhere.

## How it comes about
A machine with several network cards, whose kubelet took the first one: Vagrant's and VirtualBox's NAT card, which has
10.0.2.15 in every machine, a Docker or pod bridge, a storage network. The kubelet's `--node-ip` decides.

## How to make sure
`kubectl get nodes -o wide` beside `ip -br address` on the node.

## Source
kubernetes pkg/kubelet/nodestatus/setters.go (NodeAddress: --node-ip, else the address of the default route).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Remedy,
    Says,
    check,
)

from ._distribution import own_node_ip
from ._kubelet_reach import OWN_ADDRESS, SHOWS_WITHIN_SECONDS, each_blind, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node, file, real = blanks["node"], blanks["kubelet_file"], blanks["real_address"]
    own = own_node_ip(blanks, real)
    if own:
        return own
    return (
        Remedy(
            advice=(
                f"Tell {node}'s kubelet the address at which others find it, {real}, and restart it (pods keep"
                " running). `ip -br address` there shows its addresses. kubeadm keeps the flag in /etc/default/kubelet."
            ),
            commands=(
                f"sed -i.before 's/--node-ip=[^ \\\\]*/--node-ip={real}/' {file}",
                "systemctl daemon-reload",
                "systemctl restart kubelet",
            ),
            on=f"node/{node}",
            undo=(f"mv {file}.before {file}", "systemctl daemon-reload", "systemctl restart kubelet"),
            verify=f"kubectl get node {node} -o wide",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        # The API server asks for a pod where its node is said to be, and another node's kubelet answers
        Says("PodUnknownToKubelet", likelihood=0.75),
        Says("DeadlineExceeded", hop=Hop.E, likelihood=0.3),
        Says("Dial", hop=Hop.E, likelihood=0.3),
        # VirtualBox's manual, chapter "Network Address Translation": of every machine, and none reaches another's
        Says("DeadlineExceeded", hop=Hop.E, where={"address": "10.0.2.15"}, likelihood=0.95),
        *(
            Says("Dial", hop=hop, where={"address": "10.0.2.15", "port": "10250", "failure": failure}, likelihood=0.95)
            for hop in (Hop.C, Hop.E)
            for failure in ("i/o timeout", "no route to host")
        ),
        # connect(2) ENETUNREACH: a pod without an address of that family has no way to any
        Says("Dial", hop=Hop.E, where={"failure": "network is unreachable", "family": "6"}, likelihood=0.9),
    ),
    decide=(OWN_ADDRESS,),
    advise=advise,
)
def node_wrong_internal_ip(reaches: tuple[Reach, ...], repair: Repair) -> Iterator[Finding]:
    for reach in each_blind(reaches):
        if not reach.shared_with and not reach.found_at:
            continue
        told = reach.process.flags.text("node-ip") if reach.process else ""
        yield finding(
            reach,
            f"metrics-server dials {reach.name} at {reach.kubelet.address}, as its Node object says, "
            + (
                f"and {', '.join(reach.shared_with)} {'is' if len(reach.shared_with) == 1 else 'are'} registered under"
                " the same address: it cannot lead to each of them."
                if reach.shared_with
                else f"and gets nothing there; its kubelet is found at {reach.found_at}."
            ),
            advise,
            repair,
            confidence=Confidence.CERTAIN,
            evidence=(*_seen(reach, told), reach.sign()),
            kubelet_file=reach.process.file if reach.process else "",
            real_address=reach.found_at,
        )


def _seen(reach: Reach, told: str) -> Iterator[Evidence]:
    also = f", as of {', '.join(reach.shared_with)}" if reach.shared_with else ""
    yield Evidence(
        saw=f"InternalIP {reach.kubelet.address}{also}",
        where=f"Node {reach.name}, addresses",
        how="kubectl get nodes -o wide",
    )
    if reach.found:
        yield reach.found
    if told and reach.process:
        yield Evidence(f"--node-ip={told}", reach.process.where, reach.process.how, reach.process.origin)
