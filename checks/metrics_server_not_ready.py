"""metrics-server runs and is not ready.

## What it means
Its readiness probe fails. It answers "ready" only while it has metrics stored, so it is not ready as long as it
reaches no kubelet, and also when its probe asks on the wrong port or it cannot start. Look behind it for the cause.

## What it does not mean
That metrics-server itself is broken. `no metrics to serve` in its log says only that no scrape has succeeded yet.

## What will not help
- deleting the pod: the next one will fare the same.
- a longer initialDelaySeconds, or removing the probe: it would serve, and have nothing to serve.

## How it comes about
Every kubelet's certificate refused, every kubelet refusing metrics-server, no route to the nodes, or a wrong port.

## How to make sure
`kubectl -n kube-system describe pod -l k8s-app=metrics-server`: status code 500 means alive without metrics,
"connection refused" that nothing listens on the port asked.

## Source
metrics-server pkg/server/server.go (probe metric-storage-ready); pkg/storage/storage.go Ready.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    RULED_OUT,
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Says,
    check,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Event


LOOK = Look("kubectl get pods -A -l k8s-app=metrics-server", "Running, and 0/1 under READY", "metrics-server-not-ready")


@check(
    hop=Hop.D,
    cls=Class.SYMPTOM,
    says=(
        Says("Circumstance", where={"what": "asked in vain"}, likelihood=RULED_OUT),
        Says("MetricsAPINotAvailable", likelihood=0.35),
        Says("PodState", likelihood=0.4),
        Says("NotReadyInTime", likelihood=0.6),
        Says("ConnectionLost", where={"outer": "ness probe failed"}, likelihood=0.6),
        Says("DeadlineExceeded", where={"outer": "ness probe failed"}, likelihood=0.7),
        Says("Dial", where={"outer": "ness probe failed"}, likelihood=0.6),
        *(
            Says(error, where={"outer": "ness probe failed"}, likelihood=0.9)
            for error in ("NotTLS", "WrongScheme", "TLSAlert")
        ),
        Says("ProbeStatus", likelihood=0.45),
        Says("HealthCheckFailed", where={"whose": ""}, likelihood=0.5),
        Says("PodState", where={"status": "Running", "ready": "0/1"}, likelihood=0.6),
        Says("Circumstance", where={"what": "one machine"}, likelihood=0.3),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.4),
        # Who needs all groups gives up where one is away for a minute; whom it does not stop reports what stays.
        Says("ServiceUnavailable", hop=Hop.A, where={"outer": "complete list of server APIs"}, likelihood=0.5),
        Says("DiscoveryFailed", likelihood=0.4),
        # What the aggregator does not reach it logs, too (available_controller.go); a missing endpoint it does not.
        Says("OpenAPIUnread", likelihood=0.45),
        Says("NoEndpoints", likelihood=0.4),
        Says("NoMetricsToServe", likelihood=0.7),
    ),
    decide=(
        Look(
            "kubectl get pods -A -l k8s-app=metrics-server", "Running, and 0/1 under READY", "metrics-server-not-ready"
        ),
    ),
)
def metrics_server_not_ready(
    installation: Installation | None, events: tuple[Event, ...]
) -> Iterator[Finding | NotApplicable]:
    if installation is None or not installation.pods:
        yield NotApplicable("there is no pod of metrics-server")
        return
    if any(pod.ready for pod in installation.pods):
        return
    where = f"pods of {installation.subject}"
    yield Finding(
        summary=_summary(len(installation.pods)),
        subjects=tuple(f"pod/{pod.metadata.namespace}/{pod.metadata.name}" for pod in installation.pods),
        evidence=(
            *(
                Evidence(
                    saw=f"Ready is {pod.condition('Ready').status or 'not set'}: {pod.condition('Ready').reason}"
                    f" {pod.condition('Ready').message}".rstrip(),
                    where=where,
                    how=f"kubectl -n {pod.metadata.namespace} describe pod {pod.metadata.name}",
                    at=pod.condition("Ready").last_transition_time,
                )
                for pod in installation.pods
            ),
            *_probe(events, installation),
        ),
        effects=(Effect(EffectKind.NOT_READY),),
    )


def _summary(pods: int) -> str:
    return "metrics-server's pod is not ready." if pods == 1 else f"None of metrics-server's {pods} pods is ready."


def _probe(events: tuple[Event, ...], installation: Installation) -> Iterator[Evidence]:
    failed = [event for event in events if event.message.startswith("Readiness probe failed")]
    for event in failed[-1:]:
        yield Evidence(
            saw=event.message,
            where=f"event of pod {installation.namespace}/{event.involved_object.name}",
            how=f"kubectl -n {installation.namespace} describe pod {event.involved_object.name}",
            at=event.last_timestamp,
        )
