"""Metrics were asked for pods that have ended.

## What it means
A list of pods has completed, evicted or failed ones in it. They use nothing, so nothing is known of them, and old
versions of metrics-server log each as an error.

## What it does not mean
That running pods lack metrics.

## What will not help
- restarting whoever prints it: it will be said again, and does no harm.

## How it comes about
Jobs that are done, evicted pods that nobody deleted; metrics-server to 0.4, and `kubectl top pod` of such a pod.

## How to make sure
`kubectl get pods -A --field-selector=status.phase!=Running`: the pods that are named are among them.

## Source
metrics-server pkg/storage/podmetrics/reststorage.go to 0.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.D,
    cls=Class.BENIGN,
    says=(
        Says("NoMetricsKnown", where={"of": "pod"}, likelihood=0.6),
        Says("Circumstance", where={"what": "an ended pod"}, likelihood=0.3),
    ),
)
def benign_terminated_pods_queried() -> Iterator[NotApplicable]:
    yield ONLY_SAID
