"""What an HPA scales does not say which pods are its own.

## What it means
The controller asks the target's scale subresource for a label selector and gets none, so it has no pods to measure.

## What it does not mean
That metrics are missing: it stops before it asks for any.

## What will not help
- labels on the pods: it is the target that does not name them.
- installing metrics-server again: nothing is asked of it.

## How it comes about
A custom resource whose definition has a scale subresource without `labelSelectorPath`, or whose controller does not
write that field of its status.

## How to make sure
`kubectl get --raw /apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/scale`: `status.selector` is empty.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, validateAndParseSelector (condition InvalidSelector, event
SelectorRequired), and the documentation of CustomResourceDefinition, scale subresource; 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, NotApplicable, Remedy, Says, check

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, asked_of, blanks_of, complaint, finding, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Scaled

REASON = "InvalidSelector"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    crd = f"kubectl patch crd {blanks['crd']} --type json -p"
    path = f"/spec/versions/{blanks.get('version', '0')}/subresources/scale/labelSelectorPath"
    return (
        Remedy(
            advice=(
                "Have the definition say where the selector stands, with the maker of that resource: its controller has"
                " to write the pods' labels there, in the form that kubectl get -l takes."
            ),
            commands=(f"""{crd} '[{{"op":"add","path":"{path}","value":".status.selector"}}]'""",),
            undo=(f"""{crd} '[{{"op":"remove","path":"{path}"}}]'""",),
            verify=verify(blanks),
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(Says("SelectorMissing"),),
    advise=advise,
)
def hpa_scale_selector_missing(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        if one.complaint.reason == REASON:
            target = one.hpa.spec.scale_target_ref
            group = target.api_version.rpartition("/")[0]
            yield finding(
                one,
                f"HPA {one.hpa.key} scales {one.target}, which does not say which pods are its own.",
                (complaint(one), asked_of(one)),
                advise(blanks_of(repair, one, crd=f"{target.kind.lower()}s.{group}")),
                said=True,
            )
