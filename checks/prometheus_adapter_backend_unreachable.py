"""The Prometheus adapter does not reach Prometheus.

## What it means
prometheus-adapter has no figures of its own: it asks Prometheus, and gets no answer, or one that is not Prometheus's.

## What it does not mean
That kubelets or metrics-server fail. Only where the adapter serves `metrics.k8s.io` itself is `kubectl top` affected.

## What will not help
- reinstalling metrics-server, or changing its flags: it has no part in this.

## How it comes about
A wrong --prometheus-url: another namespace, port or scheme, or a path prefix that is missing (404).

## How to make sure
`kubectl -n NAMESPACE get deployment prometheus-adapter -o yaml | grep prometheus-url`, and the same URL from a pod.

## Source
prometheus-adapter pkg/client, pkg/custom-provider, pkg/resourceprovider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.X,
    cls=Class.ELSEWHERE,
    says=(
        Says("PrometheusUnreached", likelihood=0.8),
        Says("PrometheusAnswered", likelihood=0.9),
        *(
            Says(error, hop=Hop.X, likelihood=0.95)
            for error in (
                "Dial",
                "Lookup",
                "DeadlineExceeded",
                "UnknownAuthority",
                "NotTLS",
                "ConnectionLost",
                "HTTPStatus",
            )
        ),
    ),
)
def prometheus_adapter_backend_unreachable() -> Iterator[NotApplicable]:
    yield ONLY_SAID
