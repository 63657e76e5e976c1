"""The Services that lead to metrics-server, whichever of them the metrics API's registration names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import Service, ServiceList, decode
from msdoctor.model import Unseen


def wanted(installations: Sequence[Installation]) -> Iterator[str]:
    """The Services of each namespace that has a metrics-server."""
    yield from dict.fromkeys(paths.services(one.namespace) for one in installations)


def own_services(
    bundle: Bundle, installations: Sequence[Installation] | Unseen, serving: Installation | None
) -> tuple[Service, ...] | Unseen:
    """Those that select the pods of a metrics-server: of the one that serves first, then by name."""
    if isinstance(installations, Unseen):
        return installations
    lists = [decode(bundle.api(path), ServiceList) for path in wanted(installations)]
    unseen = next((item for item in lists if isinstance(item, Unseen)), None)
    if unseen:
        return unseen
    there = [service for item in lists if not isinstance(item, Unseen) for service in item.items]
    ours = [service for service in there if any(one.selected_by(service) for one in installations)]

    def rank(service: Service) -> tuple[bool, str, str]:
        of_serving = serving is not None and serving.selected_by(service)
        return (not of_serving, service.metadata.namespace, service.metadata.name)

    return tuple(sorted(ours, key=rank))
