"""The HPA names its target by the wrong kind or API version.

## What it means
spec.scaleTargetRef gives a kind, group or version that this cluster does not serve, or one without a scale subresource:
no object of that description can exist.

## What it does not mean
That the target itself is missing, or that metrics are.

## What will not help
- making the target again: it is fine, and its description is wrong.
- reinstalling metrics-server.

## How it comes about
A missing or misspelt apiVersion, `extensions/v1beta1` from before 1.16, `v1` for a Deployment; a custom resource whose
CRD has no scale subresource.

## How to make sure
`kubectl api-resources | grep -i KIND` shows the apiVersion that is right.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler; k8s.io/apimachinery pkg/api/meta/errors.go
(no matches for kind).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl api-resources",
    "the kind under another APIVERSION than scaleTargetRef gives, or not at all",
    "hpa-scaletargetref-wrong-api",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Give the target's apiVersion as the cluster serves it.",
            commands=(
                (
                    f"kubectl -n {blanks['namespace']} patch hpa {blanks['hpa']} --type=merge"
                    ' -p \'{"spec":{"scaleTargetRef":{"apiVersion":"apps/v1"}}}\''
                ),
            ),
            verify=f"kubectl -n {blanks['namespace']} describe hpa {blanks['hpa']}",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("NoMatchForKind", where={"fate": "group"}),
        Says("NoMatchForKind", where={"outer": "current scale"}),
        Says("NoMatchForKind", where={"outer": "FailedGetScale"}),
        Says("ResourceNotFound", where={"outer": "current scale"}, likelihood=0.8),
        Says("ResourceNotFound", where={"outer": "FailedGetScale"}, likelihood=0.8),
        Says("ScaleFailed", likelihood=0.5),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_scaletargetref_wrong_api() -> Iterator[NotApplicable]:
    yield ONLY_SAID
