"""An HPA measures in percent of a request, and its target's containers request nothing.

## What it means
"50 % CPU" is 50 % of what a container requests. Without a request there is no percentage, so the controller computes
nothing at all: one pod without one is enough, whatever the others have.

## What it does not mean
That metrics are missing: the controller looks at requests only once it has metrics. `kubectl top pods` works.

## What will not help
- installing metrics-server again, or --kubelet-insecure-tls: the figures are there.
- waiting: pods that are there keep the requests that they were made with.
- making the HPA again: it asks the same pods.

## How it comes about
A manifest without `resources`; a LimitRange that once gave defaults was removed; pods that are older than the change of
their template; a request for memory where the HPA measures cpu.

## How to make sure
`kubectl -n NAMESPACE describe hpa NAME`, condition ScalingActive, and
`kubectl -n NAMESPACE get deployment NAME -o jsonpath='{.spec.template.spec.containers[*].resources}'`.

## Source
kubernetes pkg/controller/podautoscaler/replica_calculator.go, calculateRequests ("missing request for cpu in container
C of Pod P"; up to 1.24 "missing request for cpu"); 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Evidence, Finding, Hop, Look, NotApplicable, Remedy, Risk, Says, check

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, blanks_of, complaint, finding, verify

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Lack, Scaled

USUAL = {"cpu": "100m", "memory": "128Mi"}

LOOK = Look(
    "kubectl get pods -A -o custom-columns=POD:.metadata.name,REQUESTS:.spec.containers[*].resources.requests",
    "a container of the target's pods without the resource that the HPA names",
    "hpa-missing-requests",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    on = f"-n {blanks['namespace']} {blanks['target']}"
    resource = blanks.get("resource", "cpu")
    return (
        Remedy(
            advice=(
                f"Request what a container needs when it is busy; {USUAL.get(resource, '1')} is only a beginning, and"
                f" kubectl -n {blanks['namespace']} top pods --containers tells what they use now. Where the manifest"
                " is kept in a repository or a chart, there too."
            ),
            commands=tuple(
                f"kubectl set resources {on} -c {name} --requests={resource}={USUAL.get(resource, '1')}"
                for name in blanks.get("containers", blanks["container"]).split(",")
            ),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo {on}",),
            verify=verify(blanks),
            shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("MissingRequest", where={"sidecar": "no"}, likelihood=0.79),
        Says("MissingRequest", likelihood=0.7),
        Says("MissingRequest", where={"sidecar": "yes"}, likelihood=0.7),
        Says("UnknownTarget", likelihood=0.45),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_missing_requests(scaled: tuple[Scaled, ...], repair: Repair) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
    for one in scaled:
        lack = next((lack for lack in one.lacks if lack.pod in one.own and not lack.having), None)
        if lack:
            yield _finding(one, lack, repair)


def _finding(one: Scaled, lack: Lack, repair: Repair) -> Finding:
    where = f"in {', '.join(lack.without)} of pod" if lack.without else "by containers or as a whole of pod"
    seen = Evidence(
        saw=f"no request for {lack.resource} {where} {lack.pod.metadata.name}",
        where=f"pod/{lack.pod.metadata.namespace}/{lack.pod.metadata.name}",
        how=f"kubectl -n {lack.pod.metadata.namespace} get pod {lack.pod.metadata.name} -o yaml",
    )
    # A pod that requests something as a whole lacks no container's request by name: any of them will do.
    without = lack.without or tuple(item.name for item in lack.pod.spec.containers)
    blanks = blanks_of(repair, one, resource=lack.resource, containers=",".join(without))
    return finding(
        one,
        (
            f"HPA {one.hpa.key} measures {lack.resource} in percent of what is requested, and {one.target} requests"
            f" none: it keeps {one.hpa.status.current_replicas} pods."
        ),
        (complaint(one), seen) if one.complaint.reason else (seen,),
        advise(blanks),
        said=one.says_missing_request,
    )
