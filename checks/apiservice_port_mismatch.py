"""The APIService asks for a port that its Service does not offer, or that leads to no port of the pod.

## What it means
The API server looks among the Service's ports for the number in `spec.service.port` (443 where none is given), and
then among the EndpointSlices for a port of that one's name. It does not find the one or the other, so it forwards
nothing and answers 503, although the Service and a ready metrics-server are there.

## What it does not mean
That metrics-server listens on a wrong port: nothing has been dialled. Nor that it is not ready.

## What will not help
- changing `--secure-port`: the port asked for is the Service's, not the pod's.
- restarting metrics-server, or making its Service's endpoints by hand.
- opening a firewall: no packet is sent.

## How it comes about
The Service's port changed by a chart's value (`service.port`) beside an APIService that says 443; `targetPort` given
by a name that no port of the container has, as in a patched Deployment whose ports lost their names.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o jsonpath='{.spec.service}'`, and
`kubectl -n kube-system get service metrics-server -o jsonpath='{.spec.ports}'`.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3), reasons ServicePortError and
MissingEndpoints; k8s.io/endpointslice utils.go, getEndpointPorts: a port whose name the pod has not is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    check,
)

from ._registration import SHOWS_WITHIN_SECONDS, apiservice, condition, leading_there, names_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, ServicePort
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (ask_for(blanks),)


def ask_for(blanks: Blanks) -> Remedy:
    """Have the APIService ask for a port that the Service has."""
    name = apiservice(blanks)
    patch = f"kubectl patch apiservice {name} --type merge -p"
    before = f"""{patch} '{{"spec":{{"service":{{"port":{blanks["asked_port"]}}}}}}}'"""
    return Remedy(
        advice=f"Ask for the Service's port {blanks['right_port']}, which leads to metrics-server.",
        commands=(f"""{patch} '{{"spec":{{"service":{{"port":{blanks["right_port"]}}}}}}}'""",),
        undo=(before,) if "asked_port" in blanks else (),
        verify=f"kubectl get apiservice {name}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def lead_to(blanks: Blanks) -> Remedy:
    """Have the Service's port lead to the one that metrics-server listens on."""
    patch = f"kubectl -n {blanks['namespace']} patch service {blanks['service']} --type json -p"
    path = f"/spec/ports/{blanks['position']}/targetPort"
    return Remedy(
        advice=f"Let the Service's port lead to {blanks['secure_port']}, where metrics-server listens.",
        commands=(f"""{patch} '[{{"op":"replace","path":"{path}","value":{blanks["secure_port"]}}}]'""",),
        undo=(f"""{patch} '[{{"op":"replace","path":"{path}","value":"{blanks["target_now"]}"}}]'""",),
        verify=f"kubectl get apiservice {apiservice(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    says=(
        Says("ServicePortAbsent"),
        Says("NotTLS", hop=Hop.C, likelihood=0.3),
        Says("WrongScheme", hop=Hop.C, likelihood=0.3),
    ),
    decide=(
        Look(
            "kubectl -n kube-system get endpointslices -l kubernetes.io/service-name=metrics-server",
            "an address, and <unset> under PORTS",
            "apiservice-port-mismatch",
        ),
    ),
    advise=advise,
)
def apiservice_port_mismatch(
    backend: Backend | None,
    apiservices: tuple[APIService, ...],
    installations: tuple[Installation, ...],
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    service = backend.service if backend else None
    if backend is None or service is None or not service.spec.ports or service.spec.type == "ExternalName":
        yield NotApplicable("no APIService of the metrics API names a Service with ports")
        return
    position = next((place for place, port in enumerate(service.spec.ports) if port.port == backend.port), None)
    if position is None:
        yield _not_offered(backend, service.spec.ports, apiservices, installations, repair)
        return
    port = service.spec.ports[position]
    one = next((one for one in installations if one.selected_by(service)), None)
    if one and (backend.ready or backend.not_ready) and port.name not in backend.port_names:
        yield from _leads_nowhere(backend, position, port, one, apiservices, repair)


def _not_offered(
    backend: Backend,
    ports: tuple[ServicePort, ...],
    apiservices: tuple[APIService, ...],
    installations: tuple[Installation, ...],
    repair: Repair,
) -> Finding:
    offered = ", ".join(str(port.port) for port in ports)
    right = leading_there((backend.service,) if backend.service else (), installations)
    if not right and len(ports) == 1:
        right = {"right_port": str(ports[0].port)}
    return Finding(
        summary=(
            f"The metrics API is registered with port {backend.port} of the Service {backend.namespace}/{backend.name},"
            f" which offers {offered or 'none'}."
        ),
        subjects=tuple(f"apiservice/{item.metadata.name}" for item in apiservices if item.spec.service),
        evidence=(
            *names_service(apiservices, backend),
            _of_service(backend, f"its ports: {offered or 'none'}"),
            *condition(apiservices, "ServicePortError"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
        remedies=(ask_for(repair.blanks(asked_port=str(backend.port), **right)),) if right else (),
    )


def _leads_nowhere(
    backend: Backend,
    position: int,
    port: ServicePort,
    one: Installation,
    apiservices: tuple[APIService, ...],
    repair: Repair,
) -> Iterator[Finding]:
    target = port.target_port
    if not isinstance(target, str) or one.port_number(target) is not None:
        return
    names = ", ".join(item.name for item in one.container.ports if item.name)
    addresses = ", ".join((*backend.ready, *backend.not_ready))
    yield Finding(
        summary=(
            f"Port {port.port} of the Service {backend.namespace}/{backend.name} leads to a port named {target}, and"
            f" metrics-server's container names {names or 'none of its ports'}."
        ),
        subjects=(backend.subject,),
        evidence=(
            _of_service(backend, f"port {port.port} has targetPort {target}"),
            Evidence(
                saw=f"names of its ports: {names or 'none'}",
                where=f"{one.subject}, container {one.container.name}",
                how=f"kubectl -n {one.namespace} get deployment {one.name} -o yaml",
            ),
            Evidence(
                saw=f"{addresses} without a port named {port.name or '(nothing)'}",
                where=f"EndpointSlices of {backend.subject}",
                how=f"kubectl -n {backend.namespace} get endpointslices -l kubernetes.io/service-name={backend.name}",
            ),
            *condition(apiservices, "MissingEndpoints"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
        remedies=(
            lead_to(
                repair.blanks(
                    namespace=backend.namespace,
                    service=backend.name,
                    position=str(position),
                    secure_port=str(one.secure_port),
                    target_now=target,
                )
            ),
        ),
    )


def _of_service(backend: Backend, saw: str) -> Evidence:
    how = f"kubectl -n {backend.namespace} get service {backend.name} -o yaml"
    return Evidence(saw, f"Service {backend.namespace}/{backend.name}", how)
