"""An HPA scales something that does not exist.

## What it means
The controller looks for the target by kind and name in the HPA's own namespace, and there is none.

## What it does not mean
That metrics are missing: it stops before it asks for any.

## What will not help
- installing metrics-server again: nothing is asked of it.
- waiting: the controller tries every 15 s, and finds what is there.

## How it comes about
A misspelt or renamed Deployment; a chart whose name has the release in front; the workload was removed and its HPA
stayed; a StatefulSet named as a Deployment.

## How to make sure
`kubectl -n NAMESPACE get deployments,statefulsets` beside the HPA's `spec.scaleTargetRef`.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, scaleForResourceMappings (condition FailedGetScale,
`deployments.apps "NAME" not found`); 1.36.3.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, Look, NotApplicable, Remedy, Says, Unseen, check

from ._scaling import NO_HPA, asked_of, blanks_of, complaint, finding, repoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Scaled

LOOK = Look(
    "kubectl get deployments,statefulsets -A",
    "nothing of that name in any namespace",
    "hpa-target-not-found",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        repoint(
            blanks,
            "Name the workload that is there; or delete the HPA if its workload is gone for good.",
            "name",
            blanks["right"],
            blanks["name"],
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("NotFound", hop=Hop.H, likelihood=0.7),
        Says("ScaleFailed", likelihood=0.4),
        Says("ScaledObjectRefused", where={"lacks": "target"}, likelihood=0.9),
        Says("ScaledObjectRefused", where={"lacks": "either"}, likelihood=0.6),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_target_not_found(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        if one.is_missing and isinstance(one.elsewhere, Unseen):
            yield one.elsewhere
        elif one.is_missing and not one.elsewhere:
            yield _finding(one, repair)
        elif isinstance(one.workload, Unseen) and one.complaint.reason == "FailedGetScale":
            yield one.workload


def _finding(one: Scaled, repair: Repair) -> Finding:
    name = one.hpa.spec.scale_target_ref.name
    right = get_close_matches(name, one.neighbours, n=2)
    known = {"right": right[0]} if len(right) == 1 else {}
    there = f" There is {one.target.partition('/')[0]}/{right[0]}." if len(right) == 1 else ""
    said = one.complaint.reason == "FailedGetScale"
    return finding(
        one,
        f"HPA {one.hpa.key} scales {one.target}, and namespace {one.hpa.metadata.namespace} has none.{there}",
        (complaint(one), asked_of(one)) if said else (asked_of(one),),
        advise(blanks_of(repair, one, name=name, **known)),
        said=said,
    )
