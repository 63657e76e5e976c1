"""The HPA's target does not request the resource it is measured by.

## What it means
A target in percent is a share of what the pods request. A container of the target requests nothing of that resource, so
there is nothing to take the share of, and the HPA leaves the number of pods as it is.

## What it does not mean
That metrics are missing: they came, and could not be put in relation to anything. `kubectl top pods` works.

## What will not help
- reinstalling metrics-server, or --kubelet-insecure-tls: the figures are there.
- a limit alone, where a LimitRange or another container lacks one: every container of the pod needs a request; a limit
  sets one only for its own container.

## How it comes about
A manifest without resources.requests, or one with memory where the HPA asks for cpu. Pods made before the requests were
added count until they are gone.

## How to make sure
`kubectl describe hpa`: the condition ScalingActive names the container and the pod. `kubectl get pod POD -o
jsonpath='{.spec.containers[*].resources.requests}'`.

## Source
kubernetes pkg/controller/podautoscaler/replica_calculator.go, calculatePodRequests (1.36; to 1.24 without the names of
container and pod).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Risk, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl get pods -A -o custom-columns=POD:.metadata.name,REQUESTS:.spec.containers[*].resources.requests",
    "a container of the target's pods without the resource that the HPA names",
    "hpa-missing-requests",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    kind, name = blanks["target_kind"], blanks["target"]
    return (
        Remedy(
            advice="Request the resource in every container of the target. Its pods are made anew.",
            commands=(
                (
                    f"kubectl -n {blanks['namespace']} set resources {kind}/{name} --containers={blanks['container']}"
                    f" --requests={blanks['resource']}={blanks['amount']}"
                ),
            ),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl -n {blanks['namespace']} rollout undo {kind}/{name}",),
            verify=f"kubectl -n {blanks['namespace']} get hpa",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("MissingRequest", likelihood=0.7),
        Says("MissingRequest", where={"sidecar": "yes"}, likelihood=0.7),
        Says("UnknownTarget", likelihood=0.45),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_missing_requests() -> Iterator[NotApplicable]:
    yield ONLY_SAID
