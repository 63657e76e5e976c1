"""The HPA and its target are in different namespaces.

## What it means
An HPA scales only what is in its own namespace. Its target exists, in another one.

## What it does not mean
That the target is missing altogether, or that metrics are.

## What will not help
- a namespace in scaleTargetRef: it has no such field.
- reinstalling metrics-server.

## How it comes about
`kubectl autoscale` or a manifest without a namespace, applied with another one as the default.

## How to make sure
`kubectl get hpa,deployments -A`: the same name stands in another namespace.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, scaleForResourceMappings (the HPA's namespace is used).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl get deployments,statefulsets -A",
    "the target's name in another namespace than the HPA's",
    "hpa-wrong-namespace",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Make the HPA in its target's namespace, and delete the one that is in the wrong one.",
            commands=(
                (
                    f"kubectl -n {blanks['target_namespace']} autoscale deployment {blanks['name']} --cpu-percent=80"
                    " --min=1 --max=5"
                ),
                f"kubectl -n {blanks['namespace']} delete hpa {blanks['hpa']}",
            ),
            undo=(f"kubectl -n {blanks['target_namespace']} delete hpa {blanks['name']}",),
            verify=f"kubectl -n {blanks['target_namespace']} get hpa {blanks['name']}",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(Says("NotFound", hop=Hop.H, likelihood=0.4),),
    decide=(LOOK,),
    advise=advise,
)
def hpa_wrong_namespace() -> Iterator[NotApplicable]:
    yield ONLY_SAID
