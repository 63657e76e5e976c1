"""Several HPAs scale the same pods.

## What it means
The controller computes for none of them: whichever it followed, the other would undo it. All keep their pods as they
are.

## What it does not mean
That metrics are missing: it stops before it asks for any.

## What will not help
- installing metrics-server again: nothing is asked of it.
- the same bounds in both HPAs: two are one too many.

## How it comes about
An HPA made with `kubectl autoscale` beside the chart's; a renamed HPA whose old one stayed; KEDA's ScaledObject and an
HPA for one workload; two workloads whose selectors overlap, each with an HPA of its own.

## How to make sure
`kubectl -n NAMESPACE get hpa`: two rows with one REFERENCE, or with targets whose selectors match the same pods.

## Source
kubernetes pkg/controller/podautoscaler/horizontal.go, validateAndParseSelector ("pods by selector S are controlled by
multiple HPAs: [...]"), from 1.27 on; 1.36.3.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Effect, EffectKind, Finding, Hop, NotApplicable, Remedy, Says, check

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, asked_of, blanks_of, complaint, finding, verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Scaled

REASON = "AmbiguousSelector"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    other = f"-n {blanks['namespace']} hpa {blanks['other']}"
    file = f"hpa-{blanks['other']}.yaml"
    return (
        Remedy(
            advice=(
                f"Keep one HPA. {blanks['hpa']} is the older one; look at both first, and remove {blanks['other']}"
                " where it comes from (chart, repository, ScaledObject) too."
            ),
            commands=(f"kubectl get {other} -o yaml > {file}", f"kubectl delete {other}"),
            undo=(f"kubectl create -f {file}",),
            verify=verify(blanks),
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(Says("SelectorAmbiguous"),),
    advise=advise,
)
def hpa_ambiguous_selector(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for group in _groups([one for one in scaled if one.complaint.reason == REASON]):
        yield _finding(sorted(group, key=_age), repair)


def _groups(ambiguous: Sequence[Scaled]) -> list[list[Scaled]]:
    """Those that are at odds with one another."""
    groups: list[list[Scaled]] = []
    for one in ambiguous:
        group = next((group for group in groups if any(_rivals(one, other) for other in group)), None)
        if group is None:
            groups.append([one])
        else:
            group.append(one)
    return groups


def _rivals(one: Scaled, other: Scaled) -> bool:
    """Whether they count a pod in common, or have one target."""
    if one.hpa.metadata.namespace != other.hpa.metadata.namespace:
        return False
    return one.target == other.target or bool(_counted(one) & _counted(other))


def _counted(one: Scaled) -> set[str]:
    return {pod.metadata.name for pod in (*one.own, *one.foreign)}


def _finding(group: Sequence[Scaled], repair: Repair) -> Finding:
    oldest, others = group[0], group[1:]
    blanks = blanks_of(repair, oldest, **({"other": others[-1].hpa.metadata.name} if others else {}))
    rivals = " and ".join(other.hpa.key for other in others) or "another HPA"
    found = finding(
        oldest,
        f"HPA {oldest.hpa.key} and {rivals} scale the same pods, so none of them computes.",
        (complaint(oldest), *map(asked_of, group)),
        advise(blanks),
        said=True,
    )
    return replace(
        found,
        subjects=tuple(f"hpa/{one.hpa.key}" for one in group),
        effects=tuple(Effect(EffectKind.HPA_BLIND, one.hpa.key) for one in group),
    )


def _age(one: Scaled) -> tuple[str, str]:
    made = one.hpa.metadata.creation_timestamp
    return (made.isoformat() if made else "", one.hpa.key)
