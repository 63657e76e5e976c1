"""A VerticalPodAutoscaler gets no samples, and recommends without them.

## What it means
The VPA's recommender lists the metrics of all pods once a minute, and makes its recommendations of what it has seen.
Nothing new comes in. A VPA that has seen something keeps what it made of that; one that never had a sample recommends
the least that there is (cpu 25m, memory 250Mi, shared out among the containers), as if its pods used nothing. Neither
its conditions nor its events say so: RecommendationProvided is True in both cases.

## What it does not mean
That the VPA, or its updater or admission webhook, is at fault: they act on what the recommender writes. Nor that a
recommendation is right because it is there.

## What will not help
- making the VPA again: a recommendation from samples would be lost, and the least would take its place.
- starting the recommender anew: it asks the same API, and logs the same error again a minute later.
- `minAllowed` as a cure: it only keeps the damage small.

## How it comes about
No metrics for anybody, or a recommender that may not read them. While metrics flow, a VPA without a recommendation has
other reasons, of which nothing is said here: no recommender runs, its target has no pods (NoPodsMatched), or it names
one that there is not (ConfigUnsupported).

## How to make sure
`kubectl get verticalpodautoscalercheckpoints -A -o yaml`: lastSampleStart is null, or long before lastUpdateTime.
`kubectl -n kube-system logs deploy/vpa-recommender | grep MetricsSnapshot`. Until it is healed,
`kubectl patch vpa NAME --type merge -p '{"spec":{"updatePolicy":{"updateMode":"Off"}}}'` keeps it from its pods.

## Source
kubernetes/autoscaler vertical-pod-autoscaler (1.8.1, run in the lab): pkg/recommender/input/cluster_feeder.go
("Cannot get ContainerMetricsSnapshot from MetricsClient"), logic/recommender.go (the least), model/vpa.go (conditions),
model/aggregate_container_state.go (checkpoints).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Effect, EffectKind, Evidence, Finding, Hop, Says, Unseen, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.flow import Flow
    from msdoctor.facts.readers import Reader
    from msdoctor.facts.vertical import Vertical

PROVIDED = "RecommendationProvided"
FORBIDDEN = 403


@check(
    hop=Hop.H,
    cls=Class.SYMPTOM,
    says=(Says("VPAUnable", likelihood=0.5),),
)
def vpa_metrics_failing(
    vpas: tuple[Vertical, ...], flow: Flow | Unseen, readers: tuple[Reader, ...]
) -> Iterator[Finding]:
    refused = any(reader.recommends and reader.denied for reader in readers)
    if not refused and not isinstance(flow, Unseen) and flow.pods:
        return
    gets_none = refused or is_dead(flow)
    for vpa in vpas:
        lacks = vpa.never_sampled or vpa.stopped or (gets_none and not vpa.recommends)
        if lacks and not vpa.has_own_fault:
            yield Finding(
                summary=_summary(vpa),
                subjects=(f"vpa/{vpa.key}",),
                evidence=(_evidence(vpa),),
                effects=(Effect(EffectKind.VPA_BLIND, vpa.key),),
                since=vpa.sampled if vpa.stopped else None,
            )


def is_dead(flow: Flow | Unseen) -> bool:
    """Whether nobody gets metrics of pods, as far as the one who asks can tell: he may be refused alone."""
    if isinstance(flow, Unseen) or flow.pods:
        return False
    return flow.pods_refusal is None or flow.pods_refusal.status != FORBIDDEN


def _summary(vpa: Vertical) -> str:
    if not vpa.recommends:
        return f"VPA {vpa.key} has no recommendation for {vpa.target}."
    if vpa.stopped:
        return f"VPA {vpa.key} has no sample since {vpa.sampled:%Y-%m-%d %H:%M:%SZ}, and keeps what it recommends."
    given = ", and pods are given that" if vpa.is_applied else ""
    return f"VPA {vpa.key} never had a sample and recommends the least that there is ({vpa.recommendation}){given}."


def _evidence(vpa: Vertical) -> Evidence:
    namespace, name = vpa.vpa.metadata.namespace, vpa.vpa.metadata.name
    if vpa.saved is None:
        said = vpa.condition(PROVIDED)
        return Evidence(
            saw=f"{PROVIDED} is {said.status}" if said.status else "its status holds no recommendation",
            where=f"VPA {vpa.key}",
            how=f"kubectl -n {namespace} describe vpa {name}",
            at=said.last_transition_time,
        )
    return Evidence(
        saw=f"lastSampleStart is {f'{vpa.sampled:%Y-%m-%dT%H:%M:%SZ}' if vpa.sampled else 'null'}",
        where=f"the checkpoints of VPA {vpa.key}, saved at {vpa.saved:%Y-%m-%dT%H:%M:%SZ}",
        how=f"kubectl -n {namespace} get verticalpodautoscalercheckpoints -o yaml",
        at=vpa.saved,
    )
