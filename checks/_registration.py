"""What the checks of the metrics API's registration share: what its condition says, and how to point it elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Evidence, Remedy, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, Service
    from msdoctor.facts.registration import Backend

# The API server looks at an APIService again when its Service or endpoints change, and every 30 s.
SHOWS_WITHIN_SECONDS = 60


def apiservice(blanks: Blanks) -> str:
    """The APIService's name, which is the same in every cluster."""
    return blanks.get("apiservice", "v1beta1.metrics.k8s.io")


def condition(apiservices: Sequence[APIService], *reasons: str) -> Iterator[Evidence]:
    """What the API server says of the metrics API, where it says one of these reasons."""
    for item in apiservices:
        if item.available.reason in reasons:
            yield availability(item)


def availability(item: APIService) -> Evidence:
    """What the API server says of one APIService."""
    return Evidence(
        saw=item.available.message or item.available.reason or "no condition Available",
        where=f"APIService {item.metadata.name}, condition Available",
        how=f"kubectl get apiservice {item.metadata.name} -o yaml",
        at=item.available.last_transition_time,
    )


def names_service(apiservices: Sequence[APIService], backend: Backend) -> Iterator[Evidence]:
    """Which Service the registration names."""
    for item in apiservices:
        reference = item.spec.service
        if reference and (reference.namespace, reference.name) == (backend.namespace, backend.name):
            yield Evidence(
                saw=f"it names the Service {backend.namespace}/{backend.name}, port {reference.port}",
                where=f"APIService {item.metadata.name}, spec.service",
                how=f"kubectl get apiservice {item.metadata.name} -o yaml",
            )


def no_endpoint(backend: Backend) -> Evidence:
    """That nothing at all stands behind a Service."""
    return Evidence(
        saw="no address, ready or not",
        where=f"EndpointSlices of {backend.subject}",
        how=f"kubectl -n {backend.namespace} get endpointslices -l kubernetes.io/service-name={backend.name}",
    )


def selector_of(service: Service) -> str:
    """``k8s-app=metrics-server,tier=web``."""
    return written(service.spec.selector)


def written(labels: dict[str, str]) -> str:
    """Labels as kubectl takes them."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def leading_there(services: Sequence[Service] | Unseen, installations: Sequence[Installation]) -> dict[str, str]:
    """Values for the blanks of ``point_to``: the Service that leads to metrics-server, and its port that does."""
    if isinstance(services, Unseen):
        return {}
    for service in services:
        for one in installations:
            ports = [
                port.port
                for port in service.spec.ports
                if one.selected_by(service) and one.port_number(port.target_port or port.port) == one.secure_port
            ]
            if ports:
                found = {"right_service": service.metadata.name, "right_namespace": service.metadata.namespace}
                return {**found, "right_port": str(ports[0])}
    return {}


def right_service(blanks: Blanks) -> str:
    """The Service that leads to metrics-server, as an APIService names it in JSON."""
    name, namespace, port = blanks["right_service"], blanks["right_namespace"], blanks["right_port"]
    return f'{{"name":"{name}","namespace":"{namespace}","port":{port}}}'


def point_to(blanks: Blanks, advice: str, undo: tuple[str, ...] = ()) -> Remedy:
    """Have the APIService name this Service."""
    name = apiservice(blanks)
    patch = f'{{"spec":{{"service":{right_service(blanks)}}}}}'
    return Remedy(
        advice=advice,
        commands=(f"kubectl patch apiservice {name} --type merge -p '{patch}'",),
        undo=undo,
        verify=f"kubectl get apiservice {name}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def as_before(blanks: Blanks, backend: Backend) -> tuple[str, ...]:
    """The command that has the APIService name again what it names now."""
    service = f'{{"name":"{backend.name}","namespace":"{backend.namespace}","port":{backend.port}}}'
    return (f'kubectl patch apiservice {apiservice(blanks)} --type merge -p \'{{"spec":{{"service":{service}}}}}\'',)
