"""A custom metric has no values.

## What it means
The adapter knows the metric and has no value of it now: nothing was measured for these pods, or not lately.

## What it does not mean
That resource metrics are concerned.

## What will not help
- reinstalling metrics-server, or changing its flags: it has no part in this.

## How it comes about
An application that exposes the metric only after its first request, a source that is idle, labels that select nothing.

## How to make sure
`kubectl get --raw "/apis/custom.metrics.k8s.io/v1beta1/namespaces/NAMESPACE/pods/*/METRIC"`.

## Source
kubernetes pkg/controller/podautoscaler/metrics/client.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable

LOOK = Look(
    "kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1",
    "the metric is listed, and its own path returns no items",
    "custom-metrics-query-empty",
)


@check(
    hop=Hop.X,
    cls=Class.ELSEWHERE,
    says=(
        Says("NoAdapterMetrics", likelihood=0.8),
        Says("AdapterFailed", likelihood=0.5),
        Says("EmptyDiscovery", hop=Hop.A, where={"api": "other"}, likelihood=0.5),
    ),
    decide=(LOOK,),
)
def custom_metrics_query_empty() -> Iterator[NotApplicable]:
    yield ONLY_SAID
