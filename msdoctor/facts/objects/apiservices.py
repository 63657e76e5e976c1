"""APIServices: what the API server forwards to another server (apiregistration.k8s.io)."""

from __future__ import annotations

import msgspec

from msdoctor.facts.objects.base import Condition, Conditions, Meta, Name, Struct


class ServiceReference(Struct, frozen=True):
    name: Name = ""
    namespace: Name = ""
    port: int = 443


class APIServiceSpec(Struct, frozen=True):
    group: str = ""
    version: str = ""
    service: ServiceReference | None = None
    ca_bundle: str = ""
    insecure_skip_tls_verify: bool = msgspec.field(default=False, name="insecureSkipTLSVerify")


class APIService(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: APIServiceSpec = APIServiceSpec()
    status: Conditions = Conditions()

    @property
    def available(self) -> Condition:
        """Its Available condition; an empty one where the API server has not written any yet."""
        return next((item for item in self.status.conditions if item.type == "Available"), Condition())


class APIServiceList(Struct, frozen=True):
    items: tuple[APIService, ...]
