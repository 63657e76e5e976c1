"""An old kubectl looks for Heapster in the wrong namespace.

## What it means
`kubectl top` to 1.12 looks for the Service `heapster` in kube-system, and here it is in another namespace, or named
otherwise.

## What it does not mean
That metrics-server is at fault: this kubectl asks Heapster.

## What will not help
- restarting Heapster: it is not asked.
- more rights.

## How it comes about
Heapster as part of a monitoring stack of its own; `kubectl top --heapster-namespace` not given.

## How to make sure
`kubectl get services -A | grep heapster`.

## Source
kubectl pkg/cmd/top to 1.12 (--heapster-namespace, --heapster-service, --heapster-scheme, --heapster-port).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl get services -A --field-selector metadata.name=heapster",
    "a Service of that name in another namespace",
    "heapster-wrong-namespace",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Use a kubectl of 1.13 or newer, with metrics-server; until then tell it where Heapster is.",
            commands=(f"kubectl top node --heapster-namespace={blanks['namespace']}",),
            verify="kubectl top node",
            shows_within_seconds=0,
        ),
    )


@check(
    hop=Hop.A,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "Heapster elsewhere"}, likelihood=0.6),
        Says("NoPodMetrics", where={"speaker": "kubectl"}, likelihood=0.25),
        Says("NotFound", where={"api": "heapster"}, likelihood=0.5),
        Says("ResourceNotFound", where={"api": "heapster"}, likelihood=0.4),
    ),
    decide=(LOOK,),
    advise=advise,
)
def heapster_wrong_namespace() -> Iterator[NotApplicable]:
    yield ONLY_SAID
