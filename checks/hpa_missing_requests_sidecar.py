r"""A sidecar in the HPA's target lacks a resource request.

## What it means
The application requests what the HPA measures, and something that was put beside it does not: a proxy of a mesh, a log
shipper, an agent, or a restartable init container. One container without a request is enough for the HPA to compute
nothing.

## What it does not mean
That the application's manifest is wrong: look at the pod as it runs, to which an admission webhook may have added a
container.

## What will not help
- adding requests to the application's own container: it has them.
- reinstalling metrics-server: metrics came.

## How it comes about
A mesh or an agent that injects its container without requests; from Kubernetes 1.28 also an init container with
restartPolicy Always.

## How to make sure
`kubectl get pod POD -o jsonpath='{range .spec.containers[*]}{.name}{" "}{.resources.requests}{"\n"}{end}'` shows which
container has none.

## Source
kubernetes pkg/controller/podautoscaler/replica_calculator.go, calculatePodRequests (1.36: names the container, and
counts restartable init containers).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Risk, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl get pods -A -o custom-columns=POD:.metadata.name,CONTAINERS:.spec.containers[*].name",
    "the pod has a container that its Deployment does not name",
    "hpa-missing-requests-sidecar",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice=(
                "Let the injector set requests, by its own annotation or settings (Istio:"
                " sidecar.istio.io/proxyCPU), or measure one container: a ContainerResource metric."
            ),
            commands=(
                (
                    f"kubectl -n {blanks['namespace']} annotate --overwrite {blanks['target_kind']}/{blanks['target']}"
                    " sidecar.istio.io/proxyCPU=100m"
                ),
            ),
            risks=(Risk.DISRUPTIVE,),
            undo=(
                (
                    f"kubectl -n {blanks['namespace']} annotate {blanks['target_kind']}/{blanks['target']}"
                    " sidecar.istio.io/proxyCPU-"
                ),
            ),
            verify=f"kubectl -n {blanks['namespace']} get hpa",
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("MissingRequest", where={"sidecar": "yes"}),
        Says("MissingRequest", likelihood=0.4),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_missing_requests_sidecar() -> Iterator[NotApplicable]:
    yield ONLY_SAID
