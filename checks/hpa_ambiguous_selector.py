"""Several HPAs scale the same pods.

## What it means
From Kubernetes 1.26 an HPA that finds another one for its pods does nothing, and neither does the other. The message
names all of them.

## What it does not mean
That metrics are missing: none have been asked for.

## What will not help
- restarting metrics-server or the HPA controller: the objects are what is wrong.
- deleting all of them: one is wanted.

## How it comes about
A hand-made HPA beside the one that KEDA or a chart makes; two Deployments with one selector, each with an HPA.

## How to make sure
`kubectl get hpa -A`: the names in the message, and their targets.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, AmbiguousSelector (from 1.26).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Keep one HPA for these pods, and delete the others.",
            commands=(
                "kubectl get hpa -A",
                f"kubectl -n {blanks['namespace']} delete hpa {blanks['other_hpa']}",
            ),
            undo=(f"kubectl -n {blanks['namespace']} apply -f {blanks['file']}",),
            verify=f"kubectl -n {blanks['namespace']} describe hpa {blanks['hpa']}",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(Says("SelectorAmbiguous"),),
    advise=advise,
)
def hpa_ambiguous_selector() -> Iterator[NotApplicable]:
    yield ONLY_SAID
