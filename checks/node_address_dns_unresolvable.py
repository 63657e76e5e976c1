"""metrics-server dials nodes by a name, and the cluster's DNS does not know it.

## What it means
Of a node's addresses metrics-server takes the first type in `--kubelet-preferred-address-types`. That is a host name
here, which has to be looked up, and from a pod it is looked up in the cluster's DNS, which knows Services and not
nodes. No connection is begun, so the node and its pods have no metrics. Without the argument the order compiled in
holds, and that begins with Hostname; the manifests and the chart set the argument, hand-made patches lose it.

## What it does not mean
That DNS is broken: it answers, and rightly, that it has no such name. Nor that the nodes do not know each other: their
/etc/hosts is not the pods'.

## What will not help
- --kubelet-insecure-tls: it concerns the certificate, and there is not even an address yet.
- names in the nodes' /etc/hosts: a pod does not read it.
- restarting CoreDNS: it does what it is set to do.

## How it comes about
A patch that replaces the whole list of arguments; a guide that puts Hostname first because of a certificate without IP
addresses; a manifest of before 0.4 without the argument.

## How to make sure
`kubectl -n kube-system logs deployment/metrics-server` shows `lookup NAME on ADDRESS:53`, then `no such host` or
`server misbehaving` (a DNS that does not forward the question answers so). Compare with the arguments of the
Deployment.

## Source
metrics-server pkg/utils/address_resolver.go and cmd/metrics-server/app/options/kubelet_client.go (the compiled order:
Hostname, InternalDNS, InternalIP, ExternalDNS, ExternalIP), seen with 0.8.0; Go net/dnsclient.go, net/net.go DNSError.
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
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
)

from ._kubelet_reach import ADDRESS_TYPES, SANE_TYPES, change_argument

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Node
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape

SCRAPES = "kubectl -n kube-system logs deployment/metrics-server | grep -m1 -o 'lookup .*'"
UNKNOWN = {"no such host": "does not know it", "server misbehaving": "has no answer to it"}


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        change_argument(
            blanks,
            f"--{ADDRESS_TYPES}={SANE_TYPES}",
            "Dial nodes at their InternalIP, as upstream's manifest does. Kubelets' certificates must then hold it.",
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # the network and the cluster's DNS come after the nodes
    says=(
        Says("NoMetricsKnown", where={"of": "node"}, likelihood=0.45),  # until 0.4 names were what it dialled first
        Says("Lookup", hop=Hop.E, where={"failure": "no such host"}),
        Says("Lookup", hop=Hop.E, where={"failure": "server misbehaving"}, likelihood=0.8),
        Says("Lookup", hop=Hop.E, where={"answer": "late"}, likelihood=0.7),
        Says("Lookup", hop=Hop.E, where={"answer": "again"}, likelihood=0.8),
    ),
    decide=(Look(SCRAPES, "no such host", "node-address-dns-unresolvable"),),
    advise=advise,
)
def node_address_dns_unresolvable(
    failed_scrapes: tuple[FailedScrape, ...],
    installation: Installation | Unseen | None,
    nodes: tuple[Node, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding]:
    known = {} if isinstance(nodes, Unseen) else {node.metadata.name: node for node in nodes}
    deployed = None if isinstance(installation, Unseen) else installation
    position = deployed.pointer(f"--{ADDRESS_TYPES}") if deployed else ""
    for scrape in failed_scrapes:
        parts = scrape.error.parts()
        if type(scrape.error).__name__ != "Lookup" or parts["failure"] not in UNKNOWN:
            continue
        yield Finding(
            summary=(
                f"metrics-server dials {scrape.node} by its name {parts['name']}, and the DNS that it asks,"
                f" {parts['server']}, {UNKNOWN[parts['failure']]}."
            ),
            subjects=(f"node/{scrape.node}",),
            evidence=(scrape.evidence, *_chosen(scrape.node, known, deployed)),
            effects=(Effect(EffectKind.SCRAPE_FAILS, scrape.node),),
            confidence=Confidence.LIKELY,
            remedies=advise(repair.blanks(scrape.node, position=position)),
        )


def _chosen(name: str, nodes: Mapping[str, Node], deployed: Installation | None) -> Iterator[Evidence]:
    """Why it was this address: the argument, or that it is left out, and the node's addresses."""
    if deployed is None:
        return
    given = ADDRESS_TYPES in deployed.flags
    types = ",".join(deployed.address_types)
    yield Evidence(
        saw=f"--{ADDRESS_TYPES}={types}" if given else f"no --{ADDRESS_TYPES}, so the compiled order: {types}",
        where=f"{deployed.subject}, args",
        how=f"kubectl -n {deployed.namespace} get deployment {deployed.name} -o yaml",
    )
    if name in nodes:
        addresses = ", ".join(f"{item.type} {item.address}" for item in nodes[name].status.addresses)
        yield Evidence(addresses, f"Node {name}, addresses", f"kubectl get node {name} -o yaml")
