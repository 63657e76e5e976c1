"""A Windows kubelet fails to make up its statistics, and answers 500.

## What it means
The kubelet was reached and let metrics-server in, and could not list its containers' figures: the host compute service
of Windows no longer knows a container that the runtime still lists. One such container spoils the answer for the whole
node, so neither it nor any of its pods has metrics.

## What it does not mean
That the way there, the certificate or the rights are wrong. A 500 of a Linux kubelet is another thing: it comes of a
kubelet that cannot ask the API server about the caller.

## What will not help
- --kubelet-insecure-tls or more RBAC: the kubelet has let metrics-server in.
- a longer timeout: the kubelet has answered, with an error.

## How it comes about
A container that ended while it was being listed, or whose record was left behind when the runtime was restarted. Up to
0.5 metrics-server asks for `/stats/summary`, which fails as a whole; what it asks for from 0.6 is then empty instead,
which an upgrade of metrics-server does not mend.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/stats/summary` shows the kubelet's own words, `hcsshim::OpenComputeSystem`
or `hcs::System`, with the container's id.

## Source
metrics-server pkg/sources/summary and pkg/scraper/client/summary/client.go (0.3 to 0.5: "request failed"), issue 539;
kubernetes pkg/kubelet/server/stats/handler.go and summary.go ("Internal Error: failed to list pod stats"), issue 91575.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Class,
    Confidence,
    Effect,
    EffectKind,
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

from ._kubelet_data import SHOWS_WITHIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import Node
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape
    from msdoctor.model import Blanks

SYSTEM = "kubernetes.io/os"
LOOK = Look(
    "kubectl get --raw /api/v1/nodes/NODE/proxy/stats/summary",
    "failed to list pod stats, with hcsshim or hcs in it",
    "windows-kubelet-stats-500",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        Remedy(
            advice=(
                f"In PowerShell on {node}: start the runtime and the kubelet anew, so that the record of the container"
                " that is gone goes too. If it stays, `crictl rm` takes it away by the id that the message names."
            ),
            commands=("Restart-Service containerd", "Restart-Service kubelet"),
            on=f"node/{node}",
            risks=(Risk.DISRUPTIVE,),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("NodeWithoutFigures", likelihood=0.3),
        Says("NotFound", hop=Hop.A, where={"resource": "nodemetrics.metrics.k8s.io"}, likelihood=0.3),
        Says("Circumstance", where={"what": "Windows"}, likelihood=0.6),
        Says("HTTPStatus", hop=Hop.E, where={"code": "500"}, likelihood=0.35),
        Says("HTTPStatus", hop=Hop.E, where={"code": "500", "node_kind": "windows"}, likelihood=0.9),
        Says("NotFound", hop=Hop.A, where={"node_kind": "windows"}, likelihood=0.7),
        Says("ContainerStatsFailed", where={"platform": "windows"}),
    ),
    decide=(LOOK,),
    advise=advise,
)
def windows_kubelet_stats_500(
    failed_scrapes: tuple[FailedScrape, ...], nodes: tuple[Node, ...] | Unseen, repair: Repair
) -> Iterator[Finding]:
    windows = {node.metadata.name for node in those_seen(nodes) if node.metadata.labels.get(SYSTEM) == "windows"}
    for scrape in failed_scrapes:
        kind, parts = type(scrape.error).__name__, scrape.error.parts()
        told = kind == "ContainerStatsFailed" and parts["platform"] == "windows"
        inferred = kind == "HTTPStatus" and parts["code"] == "500" and scrape.node in windows
        if not (told or inferred):
            continue
        yield Finding(
            summary=(
                f"The Windows kubelet of {scrape.node} fails to make up its statistics: a container that it lists is"
                " unknown to Windows."
                if told
                else f"The Windows kubelet of {scrape.node} answers 500: perhaps it fails to make up its statistics."
            ),
            subjects=(f"node/{scrape.node}",),
            evidence=(scrape.evidence,),
            effects=(Effect(EffectKind.SCRAPE_FAILS, scrape.node),),
            confidence=Confidence.LIKELY if told else Confidence.POSSIBLE,
            remedies=advise(repair.blanks(scrape.node)),
        )
