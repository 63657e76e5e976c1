"""The Service of the metrics API selects none of metrics-server's pods.

## What it means
The APIService names a Service that is there, and metrics-server runs, but the Service's selector asks for labels that
metrics-server's pods do not have. So it has no endpoint, ready or not; the API server has nowhere to forward to, and
nobody has metrics, although metrics-server gathers them.

## What it does not mean
That metrics-server is not ready: of a pod that is selected and not ready the EndpointSlice would still hold the
address. Nor that the network is at fault: nothing has been dialled.

## What will not help
- restarting metrics-server: its labels come from its Deployment, and stay as they are.
- --kubelet-insecure-tls: metrics-server already has its metrics; nobody comes to ask for them.
- making the APIService again: it names the right Service.

## How it comes about
Labels renamed in the Deployment and not in the Service; a Service left from a chart (`app.kubernetes.io/name`) in
front of a Deployment from the manifest (`k8s-app`), or of another release; a tool that adds labels to selectors.

## How to make sure
Compare `kubectl -n kube-system get service metrics-server -o jsonpath='{.spec.selector}'` with
`kubectl -n kube-system get pods --show-labels`.

## Source
kubernetes pkg/controller/endpointslice/endpointslice_controller.go, syncService: a pod is an endpoint where it has
every label of the selector; kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3),
reason MissingEndpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    RULED_OUT,
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._registration import SHOWS_WITHIN_SECONDS, apiservice, condition, no_endpoint, selector_of, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.flow import RunningPod
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, Service
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    target = f"kubectl -n {blanks['namespace']} set selector service/{blanks['service']}"
    selects_now = blanks.get("selector_now")
    return (
        Remedy(
            advice="Let the Service select the pods of metrics-server's Deployment, by the Deployment's own labels.",
            commands=(f"{target} {blanks['selector']}",),
            undo=(f"{target} {selects_now}",) if selects_now else (),
            verify=f"kubectl get apiservice {apiservice(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "asked in vain"}, likelihood=RULED_OUT),
        Says("NoEndpoints", likelihood=0.2),
        Says("AppliedOverAnother", likelihood=0.7),
        # Whoever answers for the Service is no metrics-server.
        Says("HTTPStatus", hop=Hop.C, where={"code": "404"}, likelihood=0.5),
        Says("NotTLS", hop=Hop.C, likelihood=0.45),
        Says("WrongScheme", hop=Hop.C, likelihood=0.45),
    ),
    decide=(
        Look(
            "kubectl -n kube-system get endpointslices -l kubernetes.io/service-name=metrics-server",
            "no address, while a pod of metrics-server runs",
            "service-selector-mismatch",
        ),
    ),
    advise=advise,
)
def service_selector_mismatch(
    backend: Backend | None,
    apiservices: tuple[APIService, ...],
    installations: tuple[Installation, ...],
    own_services: tuple[Service, ...] | Unseen,
    running_pods: tuple[RunningPod, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    service = backend.service if backend else None
    if backend is None or service is None or service.spec.type == "ExternalName":
        yield NotApplicable("no APIService of the metrics API names a Service that selects pods")
        return
    if backend.ready or backend.not_ready:
        return
    one = next((one for one in installations if one.namespace == backend.namespace), None)
    if one is None:
        yield NotApplicable(f"no metrics-server is installed in {backend.namespace}")
        return
    if any(installation.selected_by(service) for installation in installations):
        return
    if other := those_seen(own_services):
        name = f"{other[0].metadata.namespace}/{other[0].metadata.name}"
        yield NotApplicable(f"metrics-server has another Service, {name}, which selects it")
        return
    if pod := _selected(service, those_seen(running_pods)):
        yield NotApplicable(f"{backend.subject} is another server's: it selects pod {pod}")
        return
    is_its_own = _is_its_own(service)
    if not is_its_own and isinstance(own_services, Unseen):
        yield own_services
        return
    yield _finding(backend, service, one, apiservices, repair, certain=is_its_own)


def _selected(service: Service, pods: tuple[RunningPod, ...]) -> str:
    """A pod that the Service is for, be it that its endpoints do not say so yet."""
    wanted, namespace = service.spec.selector.items(), f"{service.metadata.namespace}/"
    found = (pod.key for pod in pods if wanted and pod.key.startswith(namespace) and wanted <= pod.labels.items())
    return next(found, "")


def _is_its_own(service: Service) -> bool:
    """Whether a Service says of itself that it is metrics-server's."""
    return any("metrics-server" in word for word in (service.metadata.name, *service.metadata.labels.values()))


def _finding(
    backend: Backend,
    service: Service,
    one: Installation,
    apiservices: tuple[APIService, ...],
    repair: Repair,
    *,
    certain: bool,
) -> Finding:
    selects = selector_of(service)
    labels = one.deployment.spec.template.metadata.labels
    where = f"{backend.namespace}/{backend.name}"
    return Finding(
        summary=(
            f"The Service {where} selects pods labelled {selects}; metrics-server's are labelled {written(labels)}."
            if selects
            else f"The Service {where} has no selector, so metrics-server's pods do not belong to it."
        ),
        subjects=(backend.subject,),
        evidence=(
            Evidence(
                saw=f"selector {selects or 'not set'}",
                where=f"Service {where}",
                how=f"kubectl -n {backend.namespace} get service {backend.name} -o yaml",
            ),
            Evidence(
                saw=f"its pods are labelled {written(labels)}",
                where=one.subject,
                how=f"kubectl -n {one.namespace} get deployment {one.name} -o yaml",
            ),
            no_endpoint(backend),
            *condition(apiservices, "MissingEndpoints", "EndpointsNotFound"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
        confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        remedies=advise(
            repair.blanks(
                namespace=backend.namespace,
                service=backend.name,
                selector=written(one.deployment.spec.selector.match_labels),
                selector_now=selects,
            )
        ),
    )
