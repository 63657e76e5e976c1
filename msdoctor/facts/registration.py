"""The APIService of the metrics API, the Service behind it and that Service's endpoints."""

from __future__ import annotations

from dataclasses import dataclass

from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.objects import (
    APIService,
    APIServiceList,
    EndpointSliceList,
    Service,
    ServiceReference,
    decode,
)
from msdoctor.model import Evidence, Unseen

GROUP = "metrics.k8s.io"


def apiservices(bundle: Bundle) -> tuple[APIService, ...] | Unseen:
    """Every APIService of the group ``metrics.k8s.io``, in the order of their names; usually one, v1beta1."""
    found = decode(bundle.api(paths.APISERVICES), APIServiceList)
    if isinstance(found, Unseen):
        return found
    ours = (item for item in found.items if item.spec.group == GROUP)
    return tuple(sorted(ours, key=lambda item: item.metadata.name))


@dataclass(frozen=True, slots=True)
class Backend:
    """What stands behind the APIService. ``ready`` and ``not_ready`` are pod addresses; ``port_names`` of the slices.

    ``port`` is the Service's port that the APIService names.

    ``service`` is None where the API server answered that there is none of that name.
    """

    namespace: str
    name: str
    service: Service | None
    ready: tuple[str, ...]
    not_ready: tuple[str, ...]
    port_names: tuple[str, ...]
    port: int = 443

    @property
    def subject(self) -> str:
        """``service/kube-system/metrics-server``."""
        return f"service/{self.namespace}/{self.name}"


def backend(bundle: Bundle) -> Backend | Unseen | None:
    """The Service that the metrics APIService names, with its endpoints; None where no APIService names one."""
    registered = apiservices(bundle)
    if isinstance(registered, Unseen):
        return registered
    reference = next((item.spec.service for item in registered if item.spec.service), None)
    return None if reference is None else behind(bundle, reference)


def behind(bundle: Bundle, reference: ServiceReference) -> Backend | Unseen:
    """What stands behind the Service that an APIService names."""
    document = bundle.api(paths.service(reference.namespace, reference.name))
    absent = document.refusal is not None and document.refusal.status == 404
    service = None if absent else decode(document, Service)
    slices = decode(bundle.api(paths.slices(reference.namespace, reference.name)), EndpointSliceList)
    if isinstance(service, Unseen):
        return service
    if isinstance(slices, Unseen):
        return slices
    endpoints = [endpoint for piece in slices.items for endpoint in piece.endpoints or ()]
    return Backend(
        namespace=reference.namespace,
        name=reference.name,
        service=service,
        # A missing "ready" counts as ready (discovery/v1 EndpointConditions).
        ready=tuple(a for e in endpoints if e.conditions.ready is not False for a in e.addresses),
        not_ready=tuple(a for e in endpoints if e.conditions.ready is False for a in e.addresses),
        port_names=tuple(sorted({port.name or "" for piece in slices.items for port in piece.ports or ()})),
        port=reference.port,
    )


def availability(item: APIService) -> Evidence:
    """What the API server says of an APIService."""
    return Evidence(
        saw=item.available.message,
        where=f"APIService {item.metadata.name}, condition Available",
        how=f"kubectl get apiservice {item.metadata.name} -o yaml",
        at=item.available.last_transition_time,
    )
