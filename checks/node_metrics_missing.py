"""The metrics API answers, and some node is not in its answer.

## What it means
`kubectl top nodes` shows `<unknown>` for the node: metrics-server has no fresh figures from its kubelet. HPAs whose
pods run there have none either.

## What it does not mean
That the metrics API is down: other nodes are served.

## What will not help
- anything at the APIService or the front proxy: the question reached metrics-server and was answered.

## How it comes about
That one kubelet is not reached, not trusted, or gives no figures; or the node has just joined.

## How to make sure
`kubectl top nodes`, and metrics-server's log for the node's name.

## Source
metrics-server pkg/api/node.go; kubectl pkg/cmd/top (a node without metrics).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import Class, Effect, EffectKind, Evidence, Finding, Hop, NotApplicable, Unseen, check, those_seen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.flow import Flow, RunningPod
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Node


@check(hop=Hop.E, cls=Class.SYMPTOM)
def node_metrics_missing(
    nodes: tuple[Node, ...],
    flow: Flow,
    installation: Installation | Unseen | None,
    running_pods: tuple[RunningPod, ...] | Unseen,
    taken_at: datetime,
) -> Iterator[Finding | NotApplicable]:
    if flow.refusal is not None:
        yield NotApplicable("the metrics API gave no answer to look in")
        return
    resolution = installation.resolution_seconds if (installation and not isinstance(installation, Unseen)) else 60
    for node in nodes:
        name = node.metadata.name
        if not flow.fresh(name, taken_at, resolution):
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
