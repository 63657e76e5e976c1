"""An APIService of the metrics API has outlived the server that it was made for.

## What it means
It names a Service behind which there is nothing, because what it belonged to was uninstalled or has moved. Where a
metrics-server runs all the same, with a Service of its own, nobody is sent there. Besides metrics, a dead APIService
hurts everybody who asks which APIs there are: namespaces hang in Terminating, and helm and kubectl complain.

## What it does not mean
That the metrics-server which runs is at fault, or must be installed again: what points past it is one object.

## What will not help
- restarting metrics-server: the APIService goes on naming the other Service.
- changing the selector of the Service that was left: at the next clean-up it goes, and metrics with it.
- --kubelet-insecure-tls: it concerns the hop between metrics-server and the kubelets.

## How it comes about
metrics-server installed a second time, by a chart beside a manifest or under another name, and the first then
uninstalled without its APIService; an uninstallation that only deleted a namespace, for an APIService is in none.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io`, and the EndpointSlices of the Service that it names.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3), reasons ServiceNotFound and
MissingEndpoints; kubernetes pkg/controller/namespace/deletion, which cannot end while discovery fails in part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
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
)

from ._registration import (
    apiservice,
    as_before,
    condition,
    leading_there,
    names_service,
    no_endpoint,
    point_to,
    selector_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.flow import RunningPod
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, Service
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        point_to(blanks, "Where a metrics-server runs, have the APIService name the Service that leads to it."),
        delete(blanks, "Where nobody is to serve metrics, delete the APIService: what hung on it goes on at once."),
    )


def delete(blanks: Blanks, advice: str) -> Remedy:
    """Take the registration away."""
    name = apiservice(blanks)
    return Remedy(
        advice=advice,
        commands=(f"kubectl get apiservice {name} -o yaml > {name}.yaml", f"kubectl delete apiservice {name}"),
        undo=(f"grep -v '^  resourceVersion:' {name}.yaml | kubectl create -f -",),
        verify="kubectl get apiservices",
        shows_within_seconds=30,
        way=2,
    )


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    says=(
        Says("ServiceAbsent", where={"api": "other"}, likelihood=0.95),
        Says("ServiceAbsent", likelihood=0.4),
        Says("Circumstance", where={"what": "just removed"}, likelihood=0.6),
        Says("DiscoveryFailed", likelihood=0.1),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.1),
        Says("ServiceUnavailable", hop=Hop.A, where={"api": "other"}, likelihood=0.4),
    ),
    decide=(
        Look(
            "kubectl get apiservices",
            "False (ServiceNotFound) beside an API whose server was uninstalled",
            "apiservice-orphaned",
        ),
        Look(
            "kubectl get deployments -A -l k8s-app=metrics-server",
            "no metrics-server is installed any more",
            "apiservice-orphaned",
        ),
    ),
    advise=advise,
)
def apiservice_orphaned(
    backend: Backend | None,
    apiservices: tuple[APIService, ...],
    installations: tuple[Installation, ...],
    own_services: tuple[Service, ...] | Unseen,
    running_pods: tuple[RunningPod, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if backend is None:
        yield NotApplicable("no APIService of the metrics API names a Service")
    elif backend.service is None and not installations:
        yield _left_alone(backend, apiservices, repair)
    elif backend.service is None or backend.ready or backend.not_ready or not installations:
        return  # another disease, if any
    elif any(one.selected_by(backend.service) for one in installations):
        yield NotApplicable("its Service selects metrics-server's pods")
    elif isinstance(own_services, Unseen):
        yield own_services
    elif isinstance(running_pods, Unseen):
        yield running_pods
    elif not _selects_any(backend.service, running_pods):
        there = leading_there(own_services, installations)
        if there:
            yield _left_beside(backend, backend.service, there, apiservices, repair)


def _selects_any(service: Service, pods: tuple[RunningPod, ...]) -> bool:
    wanted, namespace = service.spec.selector.items(), f"{service.metadata.namespace}/"
    return any(pod.key.startswith(namespace) and wanted <= pod.labels.items() for pod in pods if wanted)


def _left_alone(backend: Backend, apiservices: tuple[APIService, ...], repair: Repair) -> Finding:
    """Nothing is there but the registration."""
    named = [item for item in apiservices if item.spec.service]
    name = named[0].metadata.name
    return Finding(
        summary=f"APIService {name} is left of a server that is gone, as is its Service"
        f" {backend.namespace}/{backend.name}; namespaces that are deleted meanwhile hang in Terminating.",
        subjects=tuple(f"apiservice/{item.metadata.name}" for item in named),
        evidence=(
            *names_service(apiservices, backend),
            Evidence(
                saw="there is no such Service",
                where=f"Service {backend.namespace}/{backend.name}",
                how=f"kubectl -n {backend.namespace} get service {backend.name}",
            ),
            *condition(apiservices, "ServiceNotFound"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
        confidence=Confidence.LIKELY,  # that its server is gone is read from labels, which it need not have had
        remedies=(delete(repair.blanks(apiservice=name), "Where nobody is to serve metrics, delete the APIService."),),
    )


def _left_beside(
    backend: Backend, service: Service, there: dict[str, str], apiservices: tuple[APIService, ...], repair: Repair
) -> Finding:
    """A metrics-server is there, with a Service of its own, and the registration names another."""
    leads = f"{there['right_namespace']}/{there['right_service']}"
    blanks = repair.blanks(**there)
    undo = as_before(blanks, backend)
    return Finding(
        summary=(
            f"The metrics API is registered with the Service {backend.namespace}/{backend.name}, whose server is gone;"
            f" the Service that leads to metrics-server is {leads}."
        ),
        subjects=tuple(f"apiservice/{item.metadata.name}" for item in apiservices if item.spec.service),
        evidence=(
            *names_service(apiservices, backend),
            Evidence(
                saw=f"selector {selector_of(service) or 'not set'}, which fits no running pod",
                where=f"Service {backend.namespace}/{backend.name}",
                how=f"kubectl -n {backend.namespace} get service {backend.name} -o yaml",
            ),
            no_endpoint(backend),
            Evidence(
                saw="its selector fits metrics-server's pods",
                where=f"Service {leads}",
                how=f"kubectl -n {there['right_namespace']} get service {there['right_service']} -o yaml",
            ),
            *condition(apiservices, "MissingEndpoints", "EndpointsNotFound"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
        confidence=Confidence.CERTAIN if "metrics-server" in backend.name else Confidence.LIKELY,
        remedies=(point_to(blanks, "Have the APIService name the Service that leads to metrics-server.", undo=undo),),
    )
