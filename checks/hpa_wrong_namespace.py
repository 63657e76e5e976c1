"""An HPA and what it is meant to scale are in different namespaces.

## What it means
An HPA scales only in its own namespace. There, nothing of that kind and name exists; in another namespace it does, and
runs pods.

## What it does not mean
That metrics are missing: the controller stops before it asks for any.

## What will not help
- rights for the HPA controller: it may look everywhere, and does not.
- `namespace` inside scaleTargetRef: there is no such field.

## How it comes about
An HPA applied without `-n`, which landed in `default`; a chart whose HPA has no namespace; a workload that moved.

## How to make sure
`kubectl get deployments,statefulsets -A` beside `kubectl get hpa -A`.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, reconcileAutoscaler (scales in the HPA's own namespace); API
autoscaling/v2, CrossVersionObjectReference; 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, asked_of, blanks_of, complaint, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Scaled

LOOK = Look(
    "kubectl get deployments,statefulsets -A",
    "the target's name in another namespace than the HPA's",
    "hpa-wrong-namespace",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    here, there, hpa = blanks["namespace"], blanks["elsewhere"], blanks["hpa"]
    file = f"hpa-{hpa}.yaml"
    afresh = "-e '/^  resourceVersion:/d' -e '/^  uid:/d'"
    moved = f"sed -e 's/^  namespace: {here}$/  namespace: {there}/' {afresh} {file}"
    return (
        Remedy(
            advice=(
                f"Have the HPA in the namespace of what it scales, {there}. Where it is kept in a repository or a"
                " chart, there too."
            ),
            commands=(
                f"kubectl -n {here} get hpa {hpa} -o yaml > {file}",
                f"{moved} | kubectl create -f -",
                f"kubectl -n {here} delete hpa {hpa}",
            ),
            undo=(
                f"kubectl -n {there} delete hpa {hpa}",
                f"sed {afresh} {file} | kubectl create -f -",
            ),
            verify=f"kubectl -n {there} get hpa {hpa}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(Says("NotFound", hop=Hop.H, likelihood=0.4),),
    decide=(LOOK,),
    advise=advise,
)
def hpa_wrong_namespace(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        if one.is_missing and isinstance(one.elsewhere, Unseen):
            yield one.elsewhere
        elif one.is_missing and one.elsewhere:
            yield _finding(one, those_seen(one.elsewhere), repair)


def _finding(one: Scaled, elsewhere: tuple[str, ...], repair: Repair) -> Finding:
    places = ", ".join(elsewhere)
    known = {"elsewhere": elsewhere[0]} if len(elsewhere) == 1 else {}
    said = one.complaint.reason == "FailedGetScale"
    found = Evidence(
        saw=f"pods of {one.target} run in {places}, and none in {one.hpa.metadata.namespace}",
        where="running pods of all namespaces",
        how="kubectl get pods -A --field-selector status.phase=Running",
    )
    return finding(
        one,
        (
            f"HPA {one.hpa.key} scales {one.target} in namespace {one.hpa.metadata.namespace}, where there is none; the"
            f" one in {places} is out of its reach."
        ),
        (complaint(one), asked_of(one), found) if said else (asked_of(one), found),
        advise(blanks_of(repair, one, **known)),
        said=said,
    )
