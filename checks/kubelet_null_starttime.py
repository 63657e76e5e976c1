"""A kubelet reports something without a start time, and metrics-server 0.5 leaves it out.

## What it means
metrics-server 0.5 reads the kubelet's `/stats/summary`, and from 0.5.0 on wants to know since when a counter runs. What
has `"startTime": null` it leaves out without a word, but for `Failed getting node metric timestamp` with `-v=1`: the
node has no row then, or a pod of which one container has no start.

## What it does not mean
That the kubelet cannot be reached or the node's clock is wrong, or that nothing is measured: its figures are there.

## What will not help
- --kubelet-insecure-tls or more RBAC: nothing has been refused.
- restarting metrics-server: it reads the same again.

## How it comes about
metrics-server 0.5 beside kubelets whose cAdvisor does not know when the root cgroup or a container's was made, which is
seen on some hosts and not on others of the same cluster.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/stats/summary | grep -n '"startTime": null'`.

## Source
metrics-server pkg/scraper/client/summary/decode.go at 0.5.0 ("Failed getting node metric timestamp", V(1)), issue 785;
from 0.5.1 the node's start is not asked for, and from 0.6 it reads `/metrics/resource` instead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Effect, EffectKind, Finding, Hop, Look, Remedy, Risk, Says, check

from ._kubelet_data import LATEST, SHOWS_WITHIN_SECONDS, start_anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape
    from msdoctor.model import Blanks

LOOK = Look(
    "kubectl get --raw /api/v1/nodes/NODE/proxy/stats/summary | grep '\"startTime\": null'",
    "a start time that is null",
    "kubelet-null-starttime",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        Remedy(
            advice=(
                "Upgrade metrics-server, with the role that belongs to it: from 0.6 it reads another answer of the"
                " kubelet, and a start that is not known does no harm."
            ),
            commands=(f"kubectl apply -f {LATEST}",),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo -n {blanks['namespace']} deployment/{blanks['deployment']}",),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        replace(start_anew(blanks, f"Until then, start the kubelet of {node} anew."), way=2),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(Says("FiguresWithoutTime"),),
    decide=(LOOK,),
    advise=advise,
)
def kubelet_null_starttime(failed_scrapes: tuple[FailedScrape, ...], repair: Repair) -> Iterator[Finding]:
    for scrape in failed_scrapes:
        if type(scrape.error).__name__ == "FiguresWithoutTime":
            yield Finding(
                summary=(
                    f"The kubelet of {scrape.node} reports its node's figures without a start time, and this"
                    " metrics-server leaves them out."
                ),
                subjects=(f"node/{scrape.node}",),
                evidence=(scrape.evidence,),
                effects=(Effect(EffectKind.NO_NODE_FIGURES, scrape.node),),
                confidence=Confidence.LIKELY,
                remedies=advise(repair.blanks(scrape.node)),
            )
