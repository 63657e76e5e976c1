"""metrics-server has just started, and has no metrics yet.

## What it means
metrics-server needs two scrapes of a kubelet before it has a figure to serve, and until then it is not ready. With
its manifest's 15 s that is half a minute after the start, with the compiled default of 60 s more than two.

## What it does not mean
That anything is broken. If it lasts longer than that, every scrape fails, and then metrics-server's log says why.

## What will not help
- restarting it: the wait begins anew.
- --kubelet-insecure-tls: nothing has been refused.

## How it comes about
A start, a rollout, an eviction, or a node that came back with it.

## How to make sure
Wait for two times `--metric-resolution`, then ask again: `kubectl top nodes`.

## Source
metrics-server pkg/storage/node.go (two points make a rate); kubectl pkg/cmd/top ("metrics not available yet").
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import Class, Effect, EffectKind, Evidence, Finding, Hop, NotApplicable, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Pod

# Pulling the informers' caches and the first tick come before the two scrapes (pkg/server/server.go).
START_UP = timedelta(seconds=20)


@check(
    hop=Hop.D,
    cls=Class.SYMPTOM,
    says=(
        Says("Circumstance", where={"what": "just installed"}, likelihood=0.3),
        Says("Circumstance", where={"what": "a young pod"}, likelihood=0.3),
        Says("NoMetricsKnown", likelihood=0.8),
        Says("NotFound", hop=Hop.A, where={"resource": "podmetrics.metrics.k8s.io"}, likelihood=0.8),
        Says("NoPodMetrics", likelihood=0.45),
        Says("HealthCheckFailed", where={"name": "metric-storage-ready"}, likelihood=0.3),
        Says("MetricsNotAvailableYet", likelihood=0.6),
        Says("NoMetricsToServe", likelihood=0.8),
    ),
)
def metrics_not_yet_available(
    installation: Installation | None, taken_at: datetime
) -> Iterator[Finding | NotApplicable]:
    if installation is None or any(pod.ready for pod in installation.pods):
        yield NotApplicable("no metrics-server is starting")
        return
    due = START_UP + timedelta(seconds=2 * installation.resolution_seconds)
    for pod in installation.pods:
        started = _running_since(pod, installation.container.name)
        if started and taken_at - started < due:
            age = max(0, int((taken_at - started).total_seconds()))
            yield Finding(
                summary=(
                    f"metrics-server started {age} s ago; its first metrics are due"
                    f" {int(due.total_seconds())} s after a start. Wait for them, and look again."
                ),
                subjects=(f"pod/{pod.metadata.namespace}/{pod.metadata.name}",),
                evidence=(
                    Evidence(
                        saw=f"its container runs since {started:%H:%M:%S}Z, with --metric-resolution"
                        f" {installation.resolution_seconds}s",
                        where=f"pod {pod.metadata.namespace}/{pod.metadata.name}",
                        how="kubectl top nodes",
                        at=started,
                    ),
                ),
                effects=(Effect(EffectKind.NOTHING_STORED),),
            )


def _running_since(pod: Pod, container: str) -> datetime | None:
    """Start of a container that runs for the first time; one that was restarted is not merely starting."""
    for status in pod.status.container_statuses:
        if status.name == container and status.state.running and not status.restart_count:
            return status.state.running.started_at
    return None
