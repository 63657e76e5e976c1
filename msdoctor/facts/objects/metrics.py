"""What metrics-server answers (metrics.k8s.io)."""

from __future__ import annotations

from msdoctor.facts.objects.base import Meta, Struct, Time


class MetricsItem(Struct, frozen=True):
    """A NodeMetrics or a PodMetrics. ``timestamp`` is the end of the sample's window."""

    metadata: Meta = Meta()
    timestamp: Time | None = None
    window: str = ""


class MetricsList(Struct, frozen=True):
    items: tuple[MetricsItem, ...] | None
