"""The metrics API answers, and some node is not in its answer.

## What it means
`kubectl top nodes` shows `<unknown>` for the node: metrics-server has no fresh figures from its kubelet. HPAs whose
pods run there have none either.

## What it does not mean
That the metrics API is down: other nodes are served.

## What will not help
- anything at the APIService or the front proxy: the question reached metrics-server and was answered.

## How it comes about
That one kubelet is not reached, not trusted, or gives no figures. A node that has just joined has none yet, and is not
meant: two scrapes make its first ones.

## How to make sure
`kubectl top nodes`, and metrics-server's log for the node's name.

## Source
metrics-server pkg/api/node.go; kubectl pkg/cmd/top (a node without metrics).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    NotApplicable,
    Says,
    Unseen,
    check,
    those_seen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.flow import Flow, RunningPod
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Node
    from msdoctor.facts.scrapes import FailedScrape


@check(
    hop=Hop.E,
    cls=Class.SYMPTOM,
    says=(
        # most reports of it end at kubelets that packets do not reach
        Says("NodeWithoutFigures", likelihood=0.45),
        Says("NotFound", hop=Hop.A, where={"resource": "nodemetrics.metrics.k8s.io"}, likelihood=0.6),
    ),
)
def node_metrics_missing(
    expected_nodes: tuple[Node, ...],
    flow: Flow,
    installation: Installation | Unseen | None,
    running_pods: tuple[RunningPod, ...] | Unseen,
    failed_scrapes: tuple[FailedScrape, ...] | Unseen,
    taken_at: datetime,
) -> Iterator[Finding | Unseen | NotApplicable]:
    if flow.refusal is not None:
        yield NotApplicable("the metrics API gave no answer to look in")
        return
    resolution = installation.resolution_seconds if (installation and not isinstance(installation, Unseen)) else 60
    failing = {scrape.node for scrape in those_seen(failed_scrapes)}
    for node in expected_nodes:
        name = node.metadata.name
        until = flow.awaited_until(node, taken_at, resolution)
        if until and name not in failing:
            yield Unseen(f"it has just joined, and its first metrics are due by {until:%H:%M:%S}Z", f"node/{name}")
        elif not flow.fresh(name, taken_at, resolution):
            at = flow.nodes.get(name)
            known = any(
                pod.node == name and flow.has_fresh(pod.key, taken_at, resolution) for pod in those_seen(running_pods)
            )
            kind = EffectKind.NO_NODE_FIGURES if known else EffectKind.NO_NODE_METRICS
            yield Finding(
                summary=f"Node {name} has no metrics" + (f" since {at:%H:%M:%S}Z." if at else "."),
                subjects=(f"node/{name}",),
                evidence=(
                    Evidence(
                        saw=f"its newest sample is from {at:%H:%M:%S}Z" if at else "it is not listed",
                        where=paths.NODE_METRICS,
                        how="kubectl top nodes",
                        at=at,
                    ),
                ),
                effects=(Effect(kind, name),),
            )
