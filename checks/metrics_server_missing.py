"""No metrics-server is installed.

## What it means
Nothing in the cluster gathers resource metrics: there is no metrics-server, and nothing else serves metrics.k8s.io.
`kubectl top` and every HPA on CPU or memory have nothing to ask.

## What it does not mean
That the API server is misconfigured; whether it is shows only once there is something to forward to.

## What will not help
- aggregation flags of the API server: they are needed too, and serve nothing without a metrics-server.
- kube-state-metrics or Prometheus: neither serves metrics.k8s.io by itself.

## How it comes about
Kubernetes does not include it; hand-built clusters and kubeadm leave it to you.

## How to make sure
`kubectl get deployments -A | grep metrics-server` and `kubectl get apiservice v1beta1.metrics.k8s.io` find nothing.

## Source
kubernetes-sigs/metrics-server README, "Installation".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    RULED_OUT,
    Blanks,
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.flow import RunningPod
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.registration import Backend


def advise(_: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Install metrics-server, of a release that fits this cluster's version.",
            commands=(
                "kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml",
            ),
            undo=(
                "kubectl delete -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml",
            ),
            verify="kubectl -n kube-system rollout status deployment/metrics-server && kubectl top nodes",
            shows_within_seconds=120,
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # still being installed, object by object
    says=(
        Says("Circumstance", where={"what": "asked in vain"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "registered as its own"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "said to be missing"}, likelihood=0.5),
        Says("ServiceAbsent", likelihood=0.4),
        Says("AddonUnknown", likelihood=0.8),
        Says("NotFound", where={"of": "metrics-server"}, likelihood=0.6),  # or it is in another namespace
        Says("NotFound", where={"of": "its service"}, likelihood=0.5),
        Says("ResourceNotFound", hop=Hop.A, likelihood=0.4),
        Says("ResourceNotFound", where={"api": "heapster"}, likelihood=0.76),
        Says("HTTPStatus", hop=Hop.A, where={"code": "404", "api": "metrics.k8s.io"}, likelihood=0.4),
        Says("NotFound", where={"api": "heapster"}, likelihood=0.4),
        Says("TypeUnknown", where={"of": "metrics"}, likelihood=0.5),
        Says("UnknownTarget", likelihood=0.3),
        Says("MetricsAPINotAvailable", likelihood=0.4),
    ),
    decide=(
        Look("kubectl get deployments -A -l k8s-app=metrics-server", "no resources found", "metrics-server-missing"),
    ),
    advise=advise,
)
def metrics_server_missing(
    installations: tuple[Installation, ...],
    apiservices: tuple[APIService, ...],
    backend: Backend | Unseen | None,
    running_pods: tuple[RunningPod, ...] | Unseen,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if installations:
        return
    if isinstance(backend, Unseen):
        yield backend
        return
    if backend and backend.ready:
        yield NotApplicable(f"another server stands behind {apiservices[0].metadata.name}: {backend.subject}")
        return
    if isinstance(running_pods, Unseen) and backend and backend.service:
        yield running_pods
        return
    if backend and (other := _another_server(backend, those_seen(running_pods))):
        yield NotApplicable(f"{apiservices[0].metadata.name} is for another server to serve: {other}")
        return
    left = [item.metadata.name for item in apiservices if item.spec.service]
    yield Finding(
        summary="No metrics-server is installed" + (f", though {left[0]} still points to one." if left else "."),
        subjects=("deployment/kube-system/metrics-server",),
        evidence=(
            Evidence(
                saw="no Deployment with metrics-server's labels in any namespace",
                where=" and ".join(paths.DEPLOYMENTS),
                how="kubectl get deployments -A -l k8s-app=metrics-server",
            ),
            *(
                Evidence(
                    saw="no ready endpoint" if backend and backend.service else "no such Service",
                    where=backend.subject if backend else name,
                    how=f"kubectl get apiservice {name} -o yaml",
                )
                for name in left
            ),
        ),
        effects=(Effect(EffectKind.NOT_INSTALLED),),
        remedies=advise(Blanks()),
    )


def _another_server(backend: Backend, pods: tuple[RunningPod, ...]) -> str:
    """What else is meant to serve the API, without metrics-server's labels: by its pods, or by the Service's name."""
    service = backend.service
    if service is None:
        return ""
    if backend.not_ready:
        return f"{backend.subject} has endpoints, none of them ready"
    wanted = service.spec.selector.items()
    running = [pod.key for pod in pods if pod.key.startswith(f"{backend.namespace}/") and wanted <= pod.labels.items()]
    if wanted and running:
        return f"pod {running[0]}"
    return "" if "metrics-server" in backend.name else backend.subject
