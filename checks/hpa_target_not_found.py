"""The HPA's target does not exist.

## What it means
There is no object of the kind and name that spec.scaleTargetRef gives, in the HPA's own namespace.

## What it does not mean
That metrics are missing: the HPA has not come that far.

## What will not help
- reinstalling metrics-server.
- more rights for the HPA controller: a right that is missing is said to be forbidden, not absent.

## How it comes about
A Deployment that was renamed or deleted, a chart whose full name differs from what the HPA was written with.

## How to make sure
`kubectl -n NAMESPACE get KIND NAME`.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, FailedGetScale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl get deployments,statefulsets -A",
    "nothing of that name in any namespace",
    "hpa-target-not-found",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Name the target that is meant.",
            commands=(
                (
                    f"kubectl -n {blanks['namespace']} patch hpa {blanks['hpa']} --type=merge"
                    f' -p \'{{"spec":{{"scaleTargetRef":{{"name":"{blanks["target"]}"}}}}}}\''
                ),
            ),
            undo=(
                (
                    f"kubectl -n {blanks['namespace']} patch hpa {blanks['hpa']} --type=merge"
                    f' -p \'{{"spec":{{"scaleTargetRef":{{"name":"{blanks["name"]}"}}}}}}\''
                ),
            ),
            verify=f"kubectl -n {blanks['namespace']} describe hpa {blanks['hpa']}",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("NotFound", hop=Hop.H, likelihood=0.7),
        Says("ScaleFailed", likelihood=0.4),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_target_not_found() -> Iterator[NotApplicable]:
    yield ONLY_SAID
