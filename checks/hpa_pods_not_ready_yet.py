"""The HPA waits for new pods to settle.

## What it means
Every pod of the target is starting, not ready, or so new that its first minutes of CPU do not count, so for the moment
there is nothing to compute with. It passes when the pods are ready.

## What it does not mean
That the metrics pipeline is broken: other pods have figures.

## What will not help
- restarting metrics-server.
- deleting the pods: the wait begins anew.

## How it comes about
A rollout, a first start, a readiness probe that takes its time; the controller's
--horizontal-pod-autoscaler-cpu-initialization-period is 5 minutes. If it stays, the pods do not become ready, and that
is what to look at.

## How to make sure
`kubectl get pods`: the target's pods are younger than five minutes, or not ready.

## Source
kubernetes pkg/controller/podautoscaler/replica_calculator.go, groupPods (to 1.22 `did not receive metrics for any ready
pods`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Effect, EffectKind, Evidence, Finding, Hop, Look, NotApplicable, Says, check

from ._scaling import NO_HPA, complaint

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.scaling import Scaled

LOOK = Look(
    "kubectl get pods -A",
    "the target's pods are not ready, or younger than five minutes",
    "hpa-pods-not-ready-yet",
)


@check(
    hop=Hop.H,
    cls=Class.BENIGN,
    says=(
        Says("NoPodsReady", where={"cut": ""}, likelihood=0.8),
        Says("NoPodsReady", likelihood=0.5),
        Says("NoPodsSelected", likelihood=0.5),
        Says("NoPodMetrics", hop=Hop.H, where={"speaker": "horizontal-pod-autoscaler"}, likelihood=0.35),
    ),
    decide=(LOOK,),
)
def hpa_pods_not_ready_yet(scaled: tuple[Scaled, ...], taken_at: datetime) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        if one.says_unready and not one.measures_nothing and one.unsettled(taken_at):
            yield _finding(one)
        elif one.says_no_container and one.is_rolling_out:
            yield _rolling_out(one)


def _rolling_out(one: Scaled) -> Finding:
    return Finding(
        summary=(
            f"HPA {one.hpa.key} is measured by one container alone, and a rollout that gives it to each pod of"
            f" {one.target} is under way."
        ),
        subjects=(f"hpa/{one.hpa.key}",),
        evidence=(complaint(one),),
        effects=(Effect(EffectKind.HPA_WAITS, one.hpa.key),),
        since=one.complaint.last_transition_time,
    )


def _finding(one: Scaled) -> Finding:
    waiting = one.waiting
    names = ", ".join(pod.metadata.name for pod in waiting[:3])
    more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
    state = f"{len(waiting)} of {len(one.counted)} not ready: {names}{more}" if waiting else "all of them just started"
    advice = "See why they do not become ready" if waiting else "Look again in five minutes"
    return Finding(
        summary=(
            f"HPA {one.hpa.key} computes with ready pods alone, and none of {one.target}'s counts yet: {state}."
            f" {advice}; metrics-server has their figures."
        ),
        subjects=(f"hpa/{one.hpa.key}",),
        evidence=(
            complaint(one),
            Evidence(
                saw=state,
                where=f"pods of {one.target}",
                how=f"kubectl -n {one.hpa.metadata.namespace} get pods",
            ),
        ),
        effects=(Effect(EffectKind.HPA_WAITS, one.hpa.key),),
        since=one.complaint.last_transition_time,
    )
