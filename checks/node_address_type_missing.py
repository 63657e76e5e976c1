"""A node has no address of any type that metrics-server was told to dial.

## What it means
metrics-server dials a node at the first of its addresses whose type stands in `--kubelet-preferred-address-types`. This
node has none of those types, so it is never dialled and has no metrics; where no node has one, metrics-server never
becomes ready and nobody has metrics.

## What it does not mean
That the node is unreachable: nobody has tried.

## What will not help
- --kubelet-insecure-tls: it concerns a connection, and none is begun.
- opening firewalls: likewise.

## How it comes about
`--kubelet-preferred-address-types=ExternalIP` on nodes that have internal addresses only; a cloud provider that has not
filled in the node's addresses yet; a kubelet told an address (`--node-ip`) that its host does not have, which then
reports none.

## How to make sure
`kubectl get node NODE -o jsonpath='{.status.addresses}'`, beside the arguments of metrics-server's Deployment.

## Source
metrics-server pkg/utils/address_resolver.go ("no address matched types"), seen with 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Remedy,
    Says,
    Unseen,
    check,
)

from ._kubelet_reach import ADDRESS_TYPES, SANE_TYPES, change_argument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Node
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    types = blanks.get("types", SANE_TYPES)
    return (
        change_argument(
            blanks, f"--{ADDRESS_TYPES}={types}", f"Let metrics-server dial addresses of these types: {types}."
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(Says("NoAddressOfType", hop=Hop.E),),
    advise=advise,
)
def node_address_type_missing(
    nodes: tuple[Node, ...],
    installation: Installation,
    failed_scrapes: tuple[FailedScrape, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding]:
    types = installation.address_types
    position = installation.pointer(f"--{ADDRESS_TYPES}")
    said = {} if isinstance(failed_scrapes, Unseen) else {scrape.node: scrape for scrape in failed_scrapes}
    for node in nodes:
        name, has = node.metadata.name, tuple(dict.fromkeys(item.type for item in node.status.addresses))
        if set(has) & set(types):
            continue
        yield Finding(
            summary=(
                f"metrics-server may dial addresses of type {', '.join(types)}, and node {name} has"
                f" {'only ' + ', '.join(has) if has else 'no address at all'}."
            ),
            subjects=(f"node/{name}",),
            evidence=(
                Evidence(
                    saw=", ".join(f"{a.type} {a.address}" for a in node.status.addresses) or "no address",
                    where=f"Node {name}, addresses",
                    how=f"kubectl get node {name} -o yaml",
                ),
                Evidence(
                    saw=f"--{ADDRESS_TYPES}={','.join(types)}",
                    where=f"{installation.subject}, args",
                    how=f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml",
                ),
                *((said[name].evidence,) if name in said else ()),
            ),
            effects=(Effect(EffectKind.SCRAPE_FAILS, name),),
            remedies=advise(repair.blanks(name, position=position, types=_dialable(has))) if has else (),
        )


def _dialable(has: tuple[str, ...]) -> str:
    """Types to dial: upstream's, and what this node has besides."""
    return ",".join(dict.fromkeys((*SANE_TYPES.split(","), *has)))
