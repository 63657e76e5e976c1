"""The adapter for external or custom metrics does not answer.

## What it means
An APIService of `external.metrics.k8s.io` or `custom.metrics.k8s.io` is not available: what stands behind it, KEDA, a
Prometheus adapter or a cloud's, is down or cannot be reached. HPAs that scale by such metrics stand still.

## What it does not mean
That metrics-server or `kubectl top` is concerned: resource metrics are another API, with another server behind it. An
HPA that asks both still computes with what it gets.

## What will not help
- anything done to metrics-server, its certificate or its flags: it does not serve this API.
- --kubelet-insecure-tls: no kubelet is asked.
- deleting the APIService of an adapter that is to come back: the HPAs that ask it fail all the same, in other words.

## How it comes about
The adapter's pods do not run or are not ready, because it does not reach its source, or its certificate was renewed and
the APIService's caBundle was not; or the adapter was uninstalled and its APIService left behind, which then keeps every
namespace that is deleted in Terminating.

## How to make sure
`kubectl get apiservice | grep False`, and the pods and the log of the Service that it names.

## Source
kubernetes pkg/controller/podautoscaler/metrics/client.go ("unable to fetch metrics from external metrics API");
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go.
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
)

from ._other_metrics import askers, told
from ._registration import SHOWS_WITHIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.other_metrics import OtherMetrics


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """For an adapter that is there no more; one that is there is mended by what its own log says."""
    name = blanks["apiservice"]
    return (
        Remedy(
            advice="If the adapter is not to come back, take away what it left: it keeps namespaces in Terminating.",
            commands=(f"kubectl get apiservice {name} -o yaml > {name}.yaml", f"kubectl delete apiservice {name}"),
            undo=(f"kubectl create -f {name}.yaml",),
            verify="kubectl get apiservice",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


# What is said of an adapter's API as it is of metrics-server's, and how much it speaks for this.
_SAID = (
    ("ServiceUnavailable", Hop.A, 0.75),
    ("DiscoveryFailed", Hop.A, 0.8),
    ("EmptyDiscovery", Hop.A, 0.4),  # it answers, and has nothing to tell of
    ("OpenAPIUnread", Hop.A, 0.75),
    ("NoEndpoints", Hop.B, 0.75),
    ("ServiceAbsent", Hop.B, 0.9),
    ("NoResponse", Hop.C, 0.6),
    ("Dial", Hop.C, 0.3),
    ("AddressNotAllowed", Hop.C, 0.5),
    ("ResourceNotFound", Hop.A, 0.4),
    ("ServerFailed", Hop.A, 0.6),
    ("StillUnavailable", Hop.B, 0.75),
    ("HTTPStatus", Hop.C, 0.6),
)


@check(
    hop=Hop.B,
    cls=Class.ELSEWHERE,
    says=(
        *(Says(error, hop=hop, where={"api": "other"}, likelihood=likelihood) for error, hop, likelihood in _SAID),
        *(Says(error, hop=Hop.C, where={"wants": "adapter"}) for error in ("NotValidFor", "NotValidForAny")),
        # it cannot ask who may do what: by a version of that API that this server has no more
        Says("ResourceNotFound", where={"api": "other", "outer": "Internal Server Error"}, likelihood=0.95),
        Says("HTTPStatus", hop=Hop.C, where={"api": "other", "code": "404"}, likelihood=0.9),
        Says("OperatorUnreached"),
        Says("APIServiceRefused", where={"api": "other"}, likelihood=0.7),
        Says("AdapterConfigRefused", likelihood=0.8),
        Says("AdapterEnds", likelihood=0.5),
        Says("AdapterUnregistered", likelihood=0.5),
        Says("AdapterFailed", likelihood=0.3),
        Says("ServiceUnavailable", where={"outer": "external metrics API"}),
        Says("ServiceUnavailable", where={"outer": "custom metrics API"}),
    ),
    decide=(
        Look(
            "kubectl get apiservices",
            "any other reason than ServiceNotFound beside the adapter's API: its Service is there",
            "external-metrics-api-down",
        ),
    ),
    advise=advise,
)
def external_metrics_api_down(other_metrics: tuple[OtherMetrics, ...]) -> Iterator[Finding | NotApplicable]:
    if not other_metrics:
        yield NotApplicable("no adapter for custom or external metrics is registered")
    for one in other_metrics:
        condition = one.apiservice.available
        if condition.status == "False" and not one.rivals:
            yield Finding(
                summary=_summary(one, condition.reason),
                subjects=(f"apiservice/{one.name}",),
                evidence=(
                    Evidence(
                        saw=condition.message,
                        where=f"APIService {one.name}, condition Available",
                        how=one.how,
                        at=condition.last_transition_time,
                    ),
                    *_pods(one),
                    *told(one),
                ),
                effects=(),
                since=condition.last_transition_time,
                changed="the API server marked it so",
                remedies=advise(Blanks(apiservice=one.name)) if condition.reason == "ServiceNotFound" else (),
            )


def _summary(one: OtherMetrics, reason: str) -> str:
    return (
        f"APIService {one.name} is not available ({reason}): its adapter, Service {one.service}, does not answer."
        f"{askers(one)} Resource metrics do not depend on it."
    )


def _pods(one: OtherMetrics) -> Iterator[Evidence]:
    """That nothing stands behind the Service, and how to see its pods."""
    backend = one.backend
    if isinstance(backend, Unseen) or backend.service is None or backend.ready:
        return
    selector = ",".join(f"{key}={value}" for key, value in sorted(backend.service.spec.selector.items()))
    yield Evidence(
        saw=f"{len(backend.not_ready)} addresses that are not ready" if backend.not_ready else "no address at all",
        where=f"EndpointSlices of {backend.subject}",
        how=f"kubectl -n {backend.namespace} get pods -l {selector}"
        if selector
        else f"kubectl -n {backend.namespace} get endpointslices -l kubernetes.io/service-name={backend.name}",
    )
