"""This kubectl is too old for the cluster.

## What it means
`kubectl top` to 1.9, and HPA controllers to 1.8, ask Heapster through the Service `heapster`. Clusters of today have
metrics-server instead, and nothing of that name. `kubectl top` 1.10 to 1.19 asks Heapster only where no metrics API is
registered; what is missing then is metrics-server.

## What it does not mean
That metrics-server is broken: it was not asked.

## What will not help
- installing Heapster: it was retired in 2018.
- reinstalling metrics-server, or more rights for services/proxy.

## How it comes about
A kubectl of an old distribution package or container image in front of a newer cluster, or
`--horizontal-pod-autoscaler-use-rest-clients=false` kept by an old controller-manager.

## How to make sure
`kubectl version`: the client is years behind the server.

## Source
kubectl pkg/cmd/top and pkg/metricsutil/metrics_client.go to 1.19 (heapster, http, kube-system); kubernetes
pkg/controller/podautoscaler/metrics/legacy_metrics_client.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable

LOOK = Look("kubectl version", "a client older than 1.10", "kubectl-version-skew")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Use a kubectl within one minor version of the API server's.",
            commands=("kubectl version",),
            verify=f"kubectl top node {blanks['node']}",
            shows_within_seconds=0,
        ),
    )


@check(
    hop=Hop.A,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "kubectl of before 1.10"}, likelihood=0.4),
        Says("UnknownFlag", where={"of": "kubectl"}, likelihood=0.9),
        Says("VersionUnexpected", likelihood=0.8),
        Says("NoMatchForKind", where={"fate": "client"}, likelihood=0.8),
        Says("ResourceNotFound", where={"api": "heapster"}, likelihood=0.7),
        # from 1.12 `describe` asks for v2beta2, which no older server has
        Says("ResourceNotFound", where={"of": "HPAs"}, likelihood=0.6),
        Says("NotFound", where={"api": "heapster"}, likelihood=0.6),
        Says("HeapsterUnread", where={"api": "heapster"}, likelihood=0.6),
        Says("Forbidden", where={"api": "heapster"}, likelihood=0.6),
        Says("Unauthorized", where={"api": "heapster"}, likelihood=0.6),
        Says("HeapsterUnreached", where={"api": "heapster", "outer": "no endpoints available"}, likelihood=0.6),
        Says("ServerFailed", where={"api": "heapster"}, likelihood=0.5),
        Says("ServiceUnavailable", where={"api": "heapster"}, likelihood=0.6),
        Says("Dial", where={"api": "heapster"}, likelihood=0.6),
        Says("WrongScheme", where={"api": "heapster"}, likelihood=0.3),
    ),
    decide=(LOOK,),
    advise=advise,
)
def kubectl_version_skew() -> Iterator[NotApplicable]:
    yield ONLY_SAID
