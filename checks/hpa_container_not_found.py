"""An HPA is measured by one container of its pods, and pods have none of that name.

## What it means
A metric of type ContainerResource counts the usage of one container alone, by its name. Of a pod without one there is
nothing to count. Which pods do harm depends on the release: to 1.33, and from 1.36 on where the target is in percent of
the request, one such pod stops the HPA altogether; else those that have the container are computed with, and only where
none has it the HPA stops, and says "did not receive metrics for targeted pods (pods might be unready)".

## What it does not mean
That pods are unready, whatever the message says, or that metrics are missing: `kubectl top pods --containers` has them,
under their own names.

## What will not help
- waiting for pods to become ready: they are, and have no such container.
- a request for a container that there is not, or metrics-server installed again.
- making the HPA again as it is: nothing compares the name with those of the target when an HPA is made.

## How it comes about
A container that was renamed, a name that was copied from another workload or from an example, an HPA that was rolled
out before its Deployment's new container, a rollout that is paused or stuck in the middle.

## How to make sure
`kubectl -n NAMESPACE get hpa NAME -o jsonpath='{.spec.metrics[*].containerResource.container}'`, and
`kubectl -n NAMESPACE get pods -o custom-columns=POD:.metadata.name,CONTAINERS:.spec.containers[*].name`.

## Source
kubernetes pkg/controller/podautoscaler: metrics/client.go, getContainerMetrics ("container C not present in metrics for
pod N/P", 1.20 to 1.33), replica_calculator.go, calculatePodRequestsFromContainers ("container C not found in Pod P",
1.36.3) and GetResourceReplicas ("did not receive metrics for targeted pods (pods might be unready)").
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Evidence, Finding, Hop, Look, NotApplicable, Remedy, Risk, Says, check

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, blanks_of, complaint, finding, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import Pod
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Absence, Scaled

LOOK = Look(
    "kubectl get pods -A -o custom-columns=POD:.metadata.name,CONTAINERS:.spec.containers[*].name",
    "pods of the target have no container of the name that the HPA gives",
    "hpa-container-not-found",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (_rename(blanks),) if blanks.get("awaited") != "yes" else (_roll_out(blanks),)


def _rename(blanks: Blanks) -> Remedy:
    patch = f"kubectl -n {blanks['namespace']} patch hpa {blanks['hpa']} --type json -p"
    path = f"/spec/metrics/{blanks.get('position', '0')}/containerResource/container"

    def to(name: str) -> str:
        return f"""{patch} '[{{"op":"replace","path":"{path}","value":"{name}"}}]'"""

    there = blanks.get("there", "").split(",")
    names = (
        f": {there[0]}" if len(there) == 1 and there[0] else f", one of {', '.join(there)}" if len(there) > 1 else ""
    )
    return Remedy(
        advice=(
            f"Give the HPA the name that the container has in the pods{names}. Where the HPA is kept in a repository or"
            " a chart, there too."
        ),
        commands=(to(blanks["right"]),),
        undo=(to(blanks["container"]),),
        verify=verify(blanks),
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _roll_out(blanks: Blanks) -> Remedy:
    on = f"-n {blanks['namespace']} {blanks['target']}"
    if blanks.get("paused") == "yes":
        return Remedy(
            advice=f"Let the rollout go on: pods with container {blanks['container']} take the place of the others.",
            commands=(f"kubectl rollout resume {on}",),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo {on}",),
            verify=verify(blanks),
            shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
        )
    if blanks.get("injected") == "yes":
        return Remedy(
            advice=(
                f"Have all pods made anew: something puts container {blanks['container']} into those that are made now,"
                " and the others are older than it."
            ),
            commands=(f"kubectl rollout restart {on}",),
            risks=(Risk.DISRUPTIVE,),
            verify=verify(blanks),
            shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
        )
    return Remedy(
        advice=(
            f"Find out why pods without container {blanks['container']} are still there: their template has it by now."
            " The first command tells how far the rollout is, the second what is the matter with it."
        ),
        commands=(
            f"kubectl rollout status {on} --watch=false",
            f"kubectl -n {blanks['namespace']} describe {blanks['target']}",
        ),
        verify=verify(blanks),
        shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("ContainerNotInMetrics", likelihood=0.5),
        Says("NoPodsReady", where={"outer": "container metric value"}, likelihood=0.85),
        Says("NoPodsReady", where={"outer": "FailedGetContainerResourceMetric"}, likelihood=0.85),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_container_not_found(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        for absence in one.absences:
            without = [pod for pod in absence.pods if pod in one.own]
            if without and not one.is_rolling_out:
                yield _finding(one, absence, without, repair)


def _finding(one: Scaled, absence: Absence, without: list[Pod], repair: Repair) -> Finding:
    container, namespace = absence.container, one.hpa.metadata.namespace
    awaited = one.awaits(container)
    names = one.template or without[0].spec.names
    asked = Evidence(
        saw=f"spec.metrics[{absence.position}].containerResource.container: {container}",
        where=f"spec of HPA {one.hpa.key}",
        how=f"kubectl -n {namespace} get hpa {one.hpa.metadata.name} -o yaml",
    )
    shown = Evidence(
        saw=f"its containers: {', '.join(without[0].spec.names)}",
        where=f"pod/{namespace}/{without[0].metadata.name}",
        how=f"kubectl -n {namespace} get pod {without[0].metadata.name} -o yaml",
    )
    said = bool(one.says_no_container) or (one.says_unready and one.measures_nothing)
    right = names if len(names) == 1 else get_close_matches(container, names, n=2)
    known = {"right": right[0]} if len(right) == 1 else {}
    blanks = blanks_of(
        repair,
        one,
        container=container,
        position=str(absence.position),
        there=",".join(names),
        awaited="yes" if awaited else "no",
        paused="yes" if one.is_paused else "no",
        injected="yes" if awaited and container not in one.template else "no",
        **known,
    )
    return finding(
        one,
        _summary(one, container, len(without), awaited=awaited),
        (complaint(one), asked, shown) if one.complaint.reason else (asked, shown),
        advise(blanks),
        said=said,
    )


def _summary(one: Scaled, container: str, without: int, *, awaited: bool) -> str:
    measured = f"HPA {one.hpa.key} is measured by container {container} alone"
    if not awaited:
        return f"{measured}, and {one.target} has none of that name."
    why = "its rollout is paused" if one.is_paused else "they are older than what has it"
    return f"{measured}, and {without} of {len(one.own)} pods of {one.target} do not have it yet: {why}."
