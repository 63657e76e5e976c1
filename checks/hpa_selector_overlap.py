"""The selector of an HPA's target also catches pods that are not the target's.

## What it means
The controller takes every pod with the target's labels for one of the target's, whoever made it: pods of another
workload, of a Job, or made by hand. It averages over all, and one that requests nothing stops it altogether, even one
that has ended long ago.

## What it does not mean
That the HPA's own pods lack requests or metrics, or that two HPAs are at odds (`hpa-ambiguous-selector`).

## What will not help
- requests for the target's own containers: they have theirs.
- another HPA for the other workload: then both stop, for their selectors are ambiguous.

## How it comes about
Labels such as `app: NAME` shared by a Deployment and its Jobs, its canary, or the worker beside the web server; a chart
whose selector has too few labels.

## How to make sure
`kubectl -n NAMESPACE get pods -l SELECTOR -o wide`, the selector being the target's `spec.selector`: pods of other
owners are in the list.

## Source
kubernetes pkg/controller/podautoscaler/replica_calculator.go, GetResourceReplicas (pods by selector alone) and
calculateRequests (of all of them, in whatever phase); 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Evidence, Finding, Hop, Look, NotApplicable, Remedy, Risk, Says, check

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, blanks_of, complaint, finding, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import Pod
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Scaled

LOOK = Look(
    "kubectl get pods -A -o custom-columns=POD:.metadata.name,OWNER:.metadata.ownerReferences[*].name --show-labels",
    "pods of another owner carry all the labels that the target selects by",
    "hpa-selector-overlap",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    kind, _, name = blanks["other"].partition("/")
    return (_of_pods(blanks, kind, name) if kind in ("job", "pod") else _of_template(blanks),)


def _of_pods(blanks: Blanks, kind: str, name: str) -> Remedy:
    """The template of a Job cannot be changed, and a pod that nobody owns has none."""
    pods = f"kubectl -n {blanks['namespace']} label {f'pods -l job-name={name}' if kind == 'job' else f'pod {name}'}"
    next_time = " The next run has them again, until its manifest, or its CronJob's, is changed." * (kind == "job")
    return Remedy(
        advice=(
            f"Take the target's labels away from the pods of {blanks['other']}; the HPA also counts those that have"
            f" ended.{next_time}"
        ),
        commands=(f"{pods} {' '.join(f'{key}-' for key in blanks['keys'].split(','))}",),
        undo=(f"{pods} {blanks['labels'].replace(',', ' ')}",),
        verify=verify(blanks),
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _of_template(blanks: Blanks) -> Remedy:
    on = f"-n {blanks['namespace']} {blanks['other']}"
    removed = ",".join(
        f'{{"op":"remove","path":"/spec/template/metadata/labels/{_escaped(key)}"}}'
        for key in blanks["keys"].split(",")
    )
    return Remedy(
        advice=(
            f"Take the target's labels away from {blanks['other']}, which is not scaled by this HPA. The API server"
            " refuses that, and changes nothing, where that workload's own selector needs them: then it has to be"
            " made anew under other labels, for a selector cannot be changed."
        ),
        commands=(f"kubectl patch {on} --type json -p '[{removed}]'",),
        risks=(Risk.DISRUPTIVE,),
        undo=(f"kubectl rollout undo {on}",),
        verify=verify(blanks),
        shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
    )


def _escaped(key: str) -> str:
    """A label's key in a JSON pointer (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1")


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("MissingRequest", where={"by": "job"}, likelihood=0.9),
        Says("MissingRequest", likelihood=0.35),
        Says("NoPodsReady", where={"cut": ""}, likelihood=0.2),
        Says("ContainerNotInMetrics", where={"by": "job"}, likelihood=0.9),
        Says("ContainerNotInMetrics", likelihood=0.35),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_selector_overlap(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        # Two HPAs on pods that both select are another disease, and stop both.
        if one.foreign and one.complaint.reason != "AmbiguousSelector":
            yield _finding(one, repair)


def _finding(one: Scaled, repair: Repair) -> Finding:
    namespace, selector = one.hpa.metadata.namespace, one.selector
    names = [pod.metadata.name for pod in one.foreign]
    owners = sorted({_owner(pod) for pod in one.foreign})
    shown = Evidence(
        saw=f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}, of {', '.join(owners)}",
        where=f"pods of namespace {namespace} with {selector}",
        how=f"kubectl -n {namespace} get pods -l '{selector}' -o wide",
    )
    lacking = _lacking(one, names)
    blanks = blanks_of(repair, one, other=owners[0], keys=",".join(one.selector_keys), labels=selector)
    pods = f"{len(names)} pods" if len(names) > 1 else f"pod {names[0]}"
    then = f"and does not compute, for {lacking}" if lacking else "so its average is not that of its target alone"
    return finding(
        one,
        f"HPA {one.hpa.key} also counts {pods} of {', '.join(owners)}, which has the labels of {one.target}, {then}.",
        (complaint(one), shown) if one.complaint.reason else (shown,),
        advise(blanks),
        said=bool(lacking),
    )


def _lacking(one: Scaled, names: list[str]) -> str:
    """What the HPA stumbles over in these pods; empty where it computes with them."""
    they, request, have = ("it", "requests", "has") if len(names) == 1 else ("they", "request", "have")
    if one.says_missing_request and not any(lack.pod in one.own for lack in one.lacks):
        return f"{they} {request} nothing"
    if one.says_no_container in names:
        return f"{they} {have} no container that the HPA is measured by"
    return ""


def _owner(pod: Pod) -> str:
    """``deployment/batch`` of a pod whose ReplicaSet belongs to one; itself where nobody owns it."""
    owner = next(iter(pod.metadata.owner_references), None)
    if owner is None:
        return f"pod/{pod.metadata.name}"
    if owner.kind == "ReplicaSet":
        return f"deployment/{owner.name.rpartition('-')[0]}"
    return f"{owner.kind.lower()}/{owner.name}"
