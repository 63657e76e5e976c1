"""No ready pod stands behind the Service of the metrics API.

## What it means
The APIService names a Service that has no ready endpoint, so the API server has nowhere to forward to and answers
503. It is a consequence: of a metrics-server that is not ready, not running, or not selected by the Service.

## What it does not mean
That the Service or the network is at fault. metrics-server becomes ready only once it has scraped kubelets, so what
is behind this is most often a kubelet's certificate.

## What will not help
- deleting and making the Service or the APIService again: the pods behind it would be the same.
- aggregation flags or front-proxy certificates: nothing has been asked of metrics-server yet.

## How it comes about
See the pods: `kubectl -n kube-system get pods -l k8s-app=metrics-server`.

## How to make sure
`kubectl -n kube-system get endpointslices -l kubernetes.io/service-name=metrics-server`.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go, reason MissingEndpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import RULED_OUT, Class, Effect, EffectKind, Evidence, Finding, Hop, NotApplicable, Says, check

from ._registration import condition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import APIService
    from msdoctor.facts.registration import Backend


@check(
    hop=Hop.B,
    cls=Class.SYMPTOM,
    says=(
        Says("Circumstance", where={"what": "asked in vain"}, likelihood=RULED_OUT),
        Says("JustRegistered", likelihood=0.4),
        Says("Dial", hop=Hop.C, where={"failure": "connection refused", "port": "443"}, likelihood=0.45),
        Says("NoEndpoints", likelihood=0.6),
    ),
)
def apiservice_missing_endpoints(
    backend: Backend | None, apiservices: tuple[APIService, ...]
) -> Iterator[Finding | NotApplicable]:
    if backend is None or backend.service is None:
        yield NotApplicable("no APIService of the metrics API names a Service that exists")
        return
    if backend.ready:
        return
    waiting = f"{len(backend.not_ready)} not ready" if backend.not_ready else "none"
    yield Finding(
        summary=f"The Service {backend.namespace}/{backend.name} has no ready endpoint.",
        subjects=(backend.subject,),
        evidence=(
            Evidence(
                saw=f"endpoints: {waiting}",
                where=f"EndpointSlices of {backend.subject}",
                how=f"kubectl -n {backend.namespace} get endpointslices -l kubernetes.io/service-name={backend.name}",
            ),
            *condition(apiservices, "MissingEndpoints", "EndpointsNotFound"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
    )
