"""The server behind the metrics API has only just been started.

## What it means
A pod that the APIService's Service selects began to run a short while ago, for the first time, and is not ready yet:
metrics-server takes 20 s and two scrapes, and any other server is given a minute. Until it is, the Service has no
endpoint and the API is unavailable; then it heals by itself, within half a minute.

## What it does not mean
That anything is broken. If it lasts longer than a minute or two, or the pod starts again and again, it is not this.

## What will not help
- restarting it: the wait begins anew.
- making the APIService or the Service again: they are right, and wait for the pod.

## How it comes about
A start, a rollout, an eviction, or a node that came back with it.

## How to make sure
Ask again in a minute: `kubectl get apiservice v1beta1.metrics.k8s.io`.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3): looks again when the endpoints
change, and every 30 s.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import Class, Effect, EffectKind, Evidence, Finding, Hop, NotApplicable, Says, Unseen, check

from ._registration import condition
from .metrics_not_yet_available import START_UP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.flow import RunningPod
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.registration import Backend

OF_ANOTHER = timedelta(seconds=60)


@check(
    hop=Hop.B,
    cls=Class.BENIGN,
    says=(
        Says("Circumstance", where={"what": "just installed"}, likelihood=0.5),
        # It asks its add-ons from its own first second on, and logs what does not answer yet.
        Says("Circumstance", where={"what": "a log of all in one"}, likelihood=0.5),
        Says("NoResponse", where={"speaker": "aggregator"}, likelihood=0.25),
        Says("MetricsAPINotAvailable", likelihood=0.3),
        Says("JustRegistered", likelihood=0.7),
        Says("NoEndpoints", likelihood=0.2),
        Says("OpenAPIUnread", likelihood=0.4),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.2),
        Says("DiscoveryFailed", likelihood=0.2),
        # Availability is asked only where there is a ready endpoint: its port opens late, or kube-proxy lags behind.
        Says("Dial", hop=Hop.C, where={"failure": "connection refused", "port": "443"}, likelihood=0.55),
        Says("Dial", hop=Hop.C, where={"failure": "connection refused", "port": "pod"}, likelihood=0.5),
    ),
)
def apiservice_backend_starting(
    backend: Backend | None,
    apiservices: tuple[APIService, ...],
    running_pods: tuple[RunningPod, ...],
    installation: Installation | Unseen | None,
    taken_at: datetime,
) -> Iterator[Finding | NotApplicable]:
    service = backend.service if backend else None
    if backend is None or service is None or not service.spec.selector or backend.ready:
        yield NotApplicable("no Service of the metrics API waits for a pod")
        return
    due = _due(installation, backend)
    namespace, wanted = f"{backend.namespace}/", service.spec.selector.items()
    for pod in running_pods:
        behind = pod.key.startswith(namespace) and wanted <= pod.labels.items()
        if behind and pod.since and not pod.restarts and taken_at - pod.since < due:
            yield _finding(pod, pod.since, taken_at, apiservices)


def _due(installation: Installation | Unseen | None, backend: Backend) -> timedelta:
    """By when it has to be ready: metrics-server after two scrapes, another server after a minute."""
    if installation is None or isinstance(installation, Unseen) or not installation.selected_by(backend.service):
        return OF_ANOTHER
    return START_UP + timedelta(seconds=2 * installation.resolution_seconds)


def _finding(pod: RunningPod, since: datetime, taken_at: datetime, apiservices: tuple[APIService, ...]) -> Finding:
    namespace, _, name = pod.key.partition("/")
    age = max(0, int((taken_at - since).total_seconds()))
    return Finding(
        summary=f"The server behind the metrics API, pod {pod.key}, started {age} s ago. Look again in a minute.",
        subjects=(f"pod/{pod.key}",),
        evidence=(
            Evidence(
                saw=f"its containers run since {since:%H:%M:%S}Z, for the first time",
                where=f"pod {pod.key}",
                how=f"kubectl -n {namespace} get pod {name}",
                at=since,
            ),
            *condition(apiservices, "MissingEndpoints", "EndpointsNotFound"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
    )
