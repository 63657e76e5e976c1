"""Two workloads select the same pods.

## What it means
The HPA counts every pod that its target's selector fits. Pods of another workload, or of a Job, carry the same labels,
and are measured along: their missing requests and their usage spoil the computation.

## What it does not mean
That metrics are missing, or that the target's own pods lack a request.

## What will not help
- adding requests to the target: the pod that lacks one is somebody else's.
- changing the Service's selector: the HPA takes that of the workload.

## How it comes about
Two Deployments with one `app` label, a CronJob whose pods carry the application's labels, an old ReplicaSet's pods that
were left over.

## How to make sure
`kubectl get pods -l SELECTOR -o custom-columns=POD:.metadata.name,OWNER:.metadata.ownerReferences[*].name` shows owners
that are not the target.

## Source
kubernetes pkg/controller/podautoscaler/replica_calculator.go (pods are listed by the scale's selector and not by
owner).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl get pods -A -o custom-columns=POD:.metadata.name,OWNER:.metadata.ownerReferences[*].name --show-labels",
    "pods of another owner carry all the labels that the target selects by",
    "hpa-selector-overlap",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Give the other workload labels of its own; a selector cannot be changed, so make it anew.",
            commands=(f"kubectl -n {blanks['namespace']} get pods --selector {blanks['selector']} --show-labels",),
            verify=f"kubectl -n {blanks['namespace']} get hpa",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(Says("MissingRequest", likelihood=0.35), Says("NoPodsReady", likelihood=0.2)),
    decide=(LOOK,),
    advise=advise,
)
def hpa_selector_overlap() -> Iterator[NotApplicable]:
    yield ONLY_SAID
