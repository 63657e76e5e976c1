"""Services and their endpoints."""

from __future__ import annotations

import msgspec

from msdoctor.facts.objects.base import Meta, Struct


class ServicePort(Struct, frozen=True):
    port: int = 0
    name: str = ""
    target_port: int | str = 0


class ServiceSpec(Struct, frozen=True):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()


class Service(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: ServiceSpec = ServiceSpec()


class ServiceList(Struct, frozen=True):
    items: tuple[Service, ...]


class EndpointConditions(Struct, frozen=True):
    ready: bool | None = None


class Endpoint(Struct, frozen=True):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


class EndpointPort(Struct, frozen=True):
    name: str | None = None
    port: int | None = None


class EndpointSlice(Struct, frozen=True):
    metadata: Meta = Meta()
    endpoints: tuple[Endpoint, ...] | None = ()
    ports: tuple[EndpointPort, ...] | None = ()


class EndpointSliceList(Struct, frozen=True):
    items: tuple[EndpointSlice, ...]
