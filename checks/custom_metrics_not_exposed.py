"""Nobody offers this custom metric.

## What it means
The HPA names a metric of `custom.metrics.k8s.io` or `external.metrics.k8s.io` that no adapter serves, or there is no
adapter at all.

## What it does not mean
That resource metrics are concerned: cpu and memory come from metrics-server.

## What will not help
- reinstalling metrics-server, or changing its flags: it has no part in this.
- a Prometheus without an adapter: HPAs do not ask Prometheus.

## How it comes about
No adapter installed, a metric misspelt, a rule of the adapter that does not match the series, an application that is
not scraped.

## How to make sure
`kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1` lists what is offered.

## Source
sigs.k8s.io/custom-metrics-apiserver pkg/provider/errors.go; k8s.io/metrics pkg/client/custom_metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable

LOOK = Look(
    "kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1",
    "the metric is not listed, or nobody answers",
    "custom-metrics-not-exposed",
)


@check(
    hop=Hop.X,
    cls=Class.ELSEWHERE,
    says=(
        Says("MetricUnknown", likelihood=0.7),
        Says("EmptyDiscovery", hop=Hop.A, where={"api": "other"}, likelihood=0.7),
        Says("HTTPStatus", hop=Hop.C, where={"api": "other", "code": "404"}, likelihood=0.7),
        Says("AdapterUnregistered", likelihood=0.75),
        Says("AdapterFailed", likelihood=0.4),
        Says("ResourceNotFound", hop=Hop.A, where={"api": "other"}, likelihood=0.8),
        Says("NotFound", hop=Hop.A, where={"api": "other"}, likelihood=0.6),
    ),
    decide=(LOOK,),
)
def custom_metrics_not_exposed() -> Iterator[NotApplicable]:
    yield ONLY_SAID
