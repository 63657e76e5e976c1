"""A HorizontalPodAutoscaler says that it cannot get resource metrics.

## What it means
The autoscaler has nothing to compute with, so it neither scales up nor down and keeps the number of pods as it is.

## What it does not mean
That the HPA is at fault: when the metrics API is down, every HPA says this.

## What will not help
- making the HPA again, or raising its limits: it would ask the same API.

## How it comes about
No metrics for anybody, or none of the pods that this HPA scales.

## How to make sure
`kubectl describe hpa`, condition ScalingActive.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, reason FailedGetResourceMetric.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Effect, EffectKind, Evidence, Finding, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import HPA, Condition

REASONS = ("FailedGetResourceMetric", "FailedGetContainerResourceMetric")
# It stops before it asks for any.
BEFORE_METRICS = ("FailedGetScale", "InvalidSelector", "AmbiguousSelector")
# The same reasons stand for faults of the HPA's own target; those messages speak of a request, not of metrics.
OF_THE_PIPELINE = ("unable to get metrics", "no metrics returned", "did not receive metrics")


@check(
    hop=Hop.H,
    cls=Class.SYMPTOM,
    says=(
        Says("HPAUnable", likelihood=0.5),
        Says("UnknownTarget", likelihood=0.3),
        Says("NoPodMetrics", where={"api": "heapster"}, likelihood=0.5),
    ),
)
def hpa_metrics_failing(hpas: tuple[HPA, ...]) -> Iterator[Finding]:
    for hpa in hpas:
        for condition in hpa.status.conditions or ():
            if condition.status == "False" and condition.reason in (*REASONS, *BEFORE_METRICS):
                name, namespace = hpa.metadata.name, hpa.metadata.namespace
                yield Finding(
                    summary=f"HPA {hpa.key} {_lacks(condition)} and keeps {hpa.status.current_replicas} pods.",
                    subjects=(f"hpa/{hpa.key}",),
                    evidence=(
                        Evidence(
                            saw=condition.message,
                            where=f"HPA {hpa.key}, condition {condition.type}",
                            how=f"kubectl -n {namespace} describe hpa {name}",
                            at=condition.last_transition_time,
                        ),
                    ),
                    effects=(Effect(EffectKind.HPA_BLIND, hpa.key),),
                    since=condition.last_transition_time,
                )


def _lacks(condition: Condition) -> str:
    lacks_metrics = condition.reason in REASONS and any(words in condition.message for words in OF_THE_PIPELINE)
    return "gets no metrics" if lacks_metrics else "does not compute"
