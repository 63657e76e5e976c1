"""The Prometheus adapter's query finds no series.

## What it means
prometheus-adapter reaches Prometheus, and the series or labels that its rules name are not there as they are named, or
the query is not one that Prometheus accepts.

## What it does not mean
That metrics-server or the kubelets fail.

## What will not help
- reinstalling metrics-server, or changing its flags: it has no part in this.

## How it comes about
Labels that a scrape configuration renames (`pod_name` and `pod`, `instance` and `node`), a rule for another exporter, a
window shorter than the scrape interval.

## How to make sure
The rule's query, with its placeholders filled, in Prometheus' own page.

## Source
prometheus-adapter pkg/custom-provider/provider.go, pkg/resourceprovider/provider.go, docs/config.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Look, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable

LOOK = Look(
    "kubectl get --raw /apis/custom.metrics.k8s.io/v1beta1",
    "the metric is not listed, though Prometheus has it",
    "prometheus-adapter-query-mismatch",
)


@check(
    hop=Hop.X,
    cls=Class.ELSEWHERE,
    says=(
        Says("PrometheusAnswered", where={"what": "bad_data"}),
        Says("SeriesMismatch"),
        Says("AdapterConfigRefused", likelihood=0.6),
        Says("MetricUnknown", where={"api": "custom.metrics.k8s.io"}, likelihood=0.35),
        Says("MetricUnknown", where={"among": "series"}, likelihood=0.6),
        Says("NamelessContainer", likelihood=0.8),
        # where it serves resource metrics in metrics-server's place
        Says("Circumstance", where={"what": "prometheus-adapter"}, likelihood=0.5),
        Says("MetricsNotAvailableYet", likelihood=0.3),
        Says("NodeWithoutFigures", likelihood=0.25),
        Says("NoAdapterMetrics", likelihood=0.5),
    ),
    decide=(LOOK,),
)
def prometheus_adapter_query_mismatch() -> Iterator[NotApplicable]:
    yield ONLY_SAID
