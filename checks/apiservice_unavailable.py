"""The APIService of the metrics API is not Available.

## What it means
The API server's own check of the metrics API fails, so it answers every question about metrics with 503 and newer
clients do not even see the API. The condition's reason says at which step it fails; the cause lies behind it.

## What it does not mean
That metrics-server is missing: "Metrics API not available" is what kubectl prints in every one of these cases.

## What will not help
- installing metrics-server again: the object is there, and what it points to fails.
- deleting the APIService: the error changes its words.

## How it comes about
No ready endpoint, no route to it, a certificate refused, or the aggregator's identity refused. Of several API servers
the condition is that of the one that wrote last; each is asked for itself where it can be reached.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o yaml`.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Effect, EffectKind, Finding, Hop, Look, Says, Unseen, check, those_seen

from ._registration import availability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.flow import Flow
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.replicas import Replicas


LOOK = Look(
    "kubectl get apiservice v1beta1.metrics.k8s.io",
    "False, and in brackets the step at which it fails",
    "apiservice-unavailable",
)


@check(
    hop=Hop.B,
    cls=Class.SYMPTOM,
    says=(
        Says("MetricsAPINotAvailable", likelihood=0.3),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.3),
        Says("NoResponse", likelihood=0.3),
        Says("DiscoveryFailed", likelihood=0.3),
        Says("OpenAPIUnread", likelihood=0.3),
        Says("Dial", hop=Hop.C, likelihood=0.3),
        Says("DeadlineExceeded", hop=Hop.C, likelihood=0.3),
        Says("ConnectionLost", hop=Hop.C, likelihood=0.3),
        Says("HTTPStatus", hop=Hop.D, likelihood=0.3),
        Says("TLSAlert", hop=Hop.C, likelihood=0.3),
        Says("ServiceAbsent", likelihood=0.3),
        Says("StillUnavailable", likelihood=0.5),
        Says("ServerFailed", hop=Hop.A, where={"api": "metrics.k8s.io"}, likelihood=0.3),
    ),
    decide=(
        Look(
            "kubectl get apiservice v1beta1.metrics.k8s.io",
            "False, and in brackets the step at which it fails",
            "apiservice-unavailable",
        ),
    ),
)
def apiservice_unavailable(
    apiservices: tuple[APIService, ...] | Unseen, flow: Flow | Unseen, replicas: Replicas
) -> Iterator[Finding | Unseen]:
    answers = not isinstance(flow, Unseen) and flow.refusal is None and bool(flow.nodes)
    if isinstance(apiservices, Unseen):
        yield apiservices
    for item in those_seen(apiservices):
        condition = item.available
        if condition.status != "True":
            yield Finding(
                summary=f"APIService {item.metadata.name} is not available: {condition.reason or 'not checked yet'}.",
                subjects=(f"apiservice/{item.metadata.name}",),
                evidence=(availability(item),),
                # The condition is whichever API server's that wrote last, and another may have been asked.
                effects=(Effect(EffectKind.COMES_AND_GOES if answers else EffectKind.APISERVICE_UNAVAILABLE),),
                since=condition.last_transition_time,
            )
    if replicas.odd:
        first, serving = replicas.odd[0], replicas.serving[0]
        yield Finding(
            summary=f"API server {first.address} refuses what {serving.address} gives to the same caller.",
            subjects=tuple(f"apiserver/{replica.address}" for replica in replicas.odd),
            evidence=(*(replica.evidence for replica in replicas.odd), serving.evidence),
            effects=(Effect(EffectKind.COMES_AND_GOES),),
        )
