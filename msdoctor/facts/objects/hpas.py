"""HorizontalPodAutoscalers."""

from __future__ import annotations

from msdoctor.facts.objects.base import Condition, Meta, Name, Struct


class ScaleTarget(Struct, frozen=True):
    kind: Name = ""
    name: Name = ""
    api_version: str = ""


class MetricTarget(Struct, frozen=True):
    average_utilization: int | None = None


class ResourceMetric(Struct, frozen=True):
    """``container`` is named where it is one container's usage that counts."""

    name: str = ""
    container: Name = ""
    target: MetricTarget = MetricTarget()


class MetricSpec(Struct, frozen=True):
    """One thing that an HPA is measured by; ``type`` says from which of the metrics APIs it comes."""

    type: str = ""
    resource: ResourceMetric | None = None
    container_resource: ResourceMetric | None = None


class HPASpec(Struct, frozen=True):
    scale_target_ref: ScaleTarget = ScaleTarget()
    metrics: tuple[MetricSpec, ...] = ()


class HPAStatus(Struct, frozen=True):
    conditions: tuple[Condition, ...] | None = ()
    current_replicas: int = 0


class HPA(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: HPASpec = HPASpec()
    status: HPAStatus = HPAStatus()

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.metadata.namespace}/{self.metadata.name}"


class HPAList(Struct, frozen=True):
    items: tuple[HPA, ...]
