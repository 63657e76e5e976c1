"""This old metrics-server writes an IPv6 address into a URL without brackets.

## What it means
Up to 0.2.1 metrics-server puts a node's address and the kubelet's port together with a colon and nothing else. An IPv6
address then reads as a host and a port that is none, and the request is never sent. It takes the last InternalIP of a
node, so that a node with an IPv4 and an IPv6 address fails as well. Nobody ever dials its kubelet, and the node and its
pods have no metrics.

## What it does not mean
That the node lacks a route for IPv6, or that its kubelet does not answer: nothing was sent there.

## What will not help
- --kubelet-insecure-tls, certificates or RBAC: no connection is ever opened.
- --kubelet-preferred-address-types: releases to 0.2.1 have no such argument and always take an InternalIP.
- brackets in the Node's address: it is written by the kubelet, and is right as it is.

## How it comes about
A manifest of the days of Kubernetes 1.8 to 1.10, kept on nodes that were given IPv6 addresses later.

## How to make sure
The tag of metrics-server's image, and `kubectl get nodes -o jsonpath='{..addresses}'`.

## Source
metrics-server v0.2.1 metrics/sources/kubelet/kubelet_client.go (GetSummary: `fmt.Sprintf("%s:%d", host.IP, host.Port)`)
and metrics/sources/summary/summary.go (getNodeInfo; "error while getting metrics summary from Kubelet"); from v0.3.0 on
net.JoinHostPort, pkg/sources/summary/client.go. `invalid URL port` is net/http's of Go 1.8, which built them
(kubernetes-sigs/metrics-server issue 56); `too many colons in address` net.SplitHostPort's. Not seen in a lab.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Risk,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._kubelet_reach import SHOWS_WITHIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Node
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape

FIRST_WITH_BRACKETS = (0, 3)
MANIFEST = "https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    return (
        Remedy(
            advice=(
                "Replace metrics-server by a release that belongs to your Kubernetes: its README says which. The old"
                " Deployment goes first, since a new release takes none of its arguments."
            ),
            commands=(
                f"kubectl get {target} -o yaml > {blanks['deployment']}-before.yaml",
                f"kubectl delete {target}",
                f"kubectl apply -f {MANIFEST}",
            ),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl delete {target}", f"kubectl create -f {blanks['deployment']}-before.yaml"),
            verify="kubectl top nodes",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(Says("ColonsInAddress", hop=Hop.E),),
    decide=(
        Look(
            "kubectl get deployments -A -o wide | grep metrics-server",
            "an image of 0.2.1 or older",
            "ipv6-unsupported-old-version",
        ),
    ),
    advise=advise,
)
def ipv6_unsupported_old_version(
    nodes: tuple[Node, ...],
    installation: Installation,
    failed_scrapes: tuple[FailedScrape, ...] | Unseen,
    reaches: tuple[Reach, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding]:
    told = {item.node: item for item in those_seen(failed_scrapes) if type(item.error).__name__ == "ColonsInAddress"}
    scraped = {reach.name for reach in those_seen(reaches) if reach.scraped}
    if not told and not _is_old(installation):
        return
    for node in nodes:
        said, address = told.get(node.metadata.name), _dialled(node)
        if said or (_is_old(installation) and ":" in address and node.metadata.name not in scraped):
            yield _finding(node, address, said, installation, repair)


def _is_old(installation: Installation) -> bool:
    return installation.version is not None and installation.version < FIRST_WITH_BRACKETS


def _dialled(node: Node) -> str:
    """The last InternalIP, as these releases choose."""
    return next((item.address for item in reversed(node.status.addresses) if item.type == "InternalIP"), "")


def _finding(
    node: Node, address: str, said: FailedScrape | None, installation: Installation, repair: Repair
) -> Finding:
    name = node.metadata.name
    both = said is not None and _is_old(installation) and ":" in address
    return Finding(
        summary=(
            f"metrics-server is to dial {name} at {address if ':' in address else 'an IPv6 address'}, and this release"
            " writes such an address into a URL without brackets: nothing is ever sent."
        ),
        subjects=(f"node/{name}",),
        evidence=(
            *((said.evidence,) if said else ()),
            Evidence(
                saw=f"image {installation.container.image}",
                where=f"{installation.subject}, containers",
                how=f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml",
            ),
            Evidence(f"InternalIP {address}", f"Node {name}, addresses", f"kubectl get node {name} -o yaml"),
        ),
        effects=(Effect(EffectKind.SCRAPE_FAILS, name),),
        confidence=Confidence.CERTAIN if both else Confidence.LIKELY,
        remedies=advise(repair.blanks(name)),
    )
