"""An HPA names its target by a kind or an API version that this cluster does not serve.

## What it means
The controller finds no resource for `scaleTargetRef`'s kind and API group, so it cannot even look for the target.

## What it does not mean
That the workload is missing, or that metrics are: it stops before it asks for any.

## What will not help
- installing metrics-server again: nothing is asked of it.
- another apiVersion of the HPA itself: it is the one inside scaleTargetRef that counts.

## How it comes about
`extensions/v1beta1` of a manifest from before Kubernetes 1.16; `apps` left out (`v1`); a misspelt kind; a custom
resource whose definition is not installed.

## How to make sure
`kubectl api-resources | grep KIND` beside the HPA's `spec.scaleTargetRef`.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler (`no matches for kind "K" in group "G"`, from
apimachinery pkg/api/meta/errors.go, NoKindMatchError); 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, Look, NotApplicable, Remedy, Says, check

from ._scaling import NO_HPA, asked_of, blanks_of, complaint, finding, repoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Scaled

NO_MATCH = "no matches for kind"
RIGHT = {"Deployment": "apps/v1", "StatefulSet": "apps/v1", "ReplicaSet": "apps/v1", "ReplicationController": "v1"}

LOOK = Look(
    "kubectl api-resources",
    "the kind under another APIVERSION than scaleTargetRef gives, or not at all",
    "hpa-scaletargetref-wrong-api",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        repoint(
            blanks,
            "Name the API version that serves this kind. Where the HPA is kept in a repository or a chart, there too.",
            "apiVersion",
            blanks["right"],
            blanks["api_version"],
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("NoMatchForKind", where={"fate": "group"}),
        Says("NoMatchForKind", where={"outer": "unable to get the target's current scale"}),
        Says("NoMatchForKind", where={"fate": "cut"}, likelihood=0.4),
        Says("NoMatchForKind", where={"outer": "FailedGetScale"}),
        Says("NoMatchForKind", where={"outer": "query scale subresource"}),
        Says("ResourceNotFound", where={"outer": "query scale subresource"}, likelihood=0.8),
        Says("ResourceNotFound", where={"outer": "unable to get the target's current scale"}, likelihood=0.8),
        Says("ResourceNotFound", where={"outer": "FailedGetScale"}, likelihood=0.8),
        Says("ScaleFailed", likelihood=0.5),
        Says("UnknownTarget", where={"kind": "DaemonSet"}, likelihood=0.8),
        Says("ScaledObjectRefused", where={"lacks": "target"}, likelihood=0.5),  # of that kind
        Says("ScaledObjectRefused", where={"lacks": "scale"}, likelihood=0.8),
        Says("ScaledObjectRefused", where={"lacks": "either"}, likelihood=0.5),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_scaletargetref_wrong_api(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        if NO_MATCH in one.complaint.message:
            target = one.hpa.spec.scale_target_ref
            known = {"right": RIGHT[target.kind]} if target.kind in RIGHT else {}
            yield finding(
                one,
                (
                    f"HPA {one.hpa.key} scales a {target.kind} of {target.api_version or 'no API version'}, which this"
                    " cluster does not serve."
                ),
                (complaint(one), asked_of(one)),
                advise(blanks_of(repair, one, api_version=target.api_version, **known)),
                said=True,
            )
