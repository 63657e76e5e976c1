"""This user may not read metrics.

## What it means
The API server, or metrics-server when it asked, refused this user the right to read `metrics.k8s.io`. Nothing is
broken; somebody lacks a role.

## What it does not mean
That the pipeline is down: others get metrics. If the user that is named is not you but a proxy's name or
`system:anonymous`, metrics-server has not recognised the API server, and that is another matter.

## What will not help
- --kubelet-insecure-tls: no kubelet was asked.
- nodes/metrics for the user: that is the kubelets' own API, not this one.
- cluster-admin: a reader's role is enough.

## How it comes about
A namespace's role that lists pods and not pods.metrics.k8s.io; a ServiceAccount of a dashboard, or of the HPA
controller whose role was lost; `nodes` where the aggregated reader's role gives only `pods`.

## How to make sure
`kubectl auth can-i list nodes.metrics.k8s.io --as=USER`.

## Source
k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go; metrics-server manifests/base/rbac.yaml
(system:aggregated-metrics-reader, aggregated to view, edit and admin).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look(
    "kubectl auth whoami",
    "the user that the message names is the one who asked",
    "rbac-user-metrics-forbidden",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice=(
                "Give this user a role that may read metrics: metrics-server's own is part of view, edit and admin."
            ),
            commands=(
                "kubectl get clusterrole system:aggregated-metrics-reader -o yaml",
                (
                    "kubectl create clusterrole metrics-reader --verb=get,list,watch"
                    " --resource=nodes.metrics.k8s.io,pods.metrics.k8s.io"
                ),
            ),
            undo=("kubectl delete clusterrole metrics-reader",),
            verify=f"kubectl auth can-i list {blanks['resource']} --as={blanks['user']}",
            shows_within_seconds=10,
        ),
    )


@check(
    hop=Hop.A,
    cls=Class.CAUSE,
    says=(
        Says("Forbidden", hop=Hop.A, where={"who": "serviceaccount"}),
        Says("Forbidden", hop=Hop.A, where={"who": "named"}, likelihood=0.75),
    ),
    decide=(LOOK,),
    advise=advise,
)
def rbac_user_metrics_forbidden() -> Iterator[NotApplicable]:
    yield ONLY_SAID
