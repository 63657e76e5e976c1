"""VerticalPodAutoscalers and their checkpoints (autoscaling.k8s.io)."""

from __future__ import annotations

from msdoctor.facts.objects.base import Condition, Meta, Name, Quantity, Struct, Time
from msdoctor.facts.objects.hpas import ScaleTarget


class ContainerRecommendation(Struct, frozen=True):
    container_name: Name = ""
    target: dict[str, Quantity] = {}


class Recommendation(Struct, frozen=True):
    container_recommendations: tuple[ContainerRecommendation, ...] | None = ()


class RecommenderName(Struct, frozen=True):
    name: str = ""


class UpdatePolicy(Struct, frozen=True):
    update_mode: str | None = None


class VPASpec(Struct, frozen=True):
    target_ref: ScaleTarget | None = None
    update_policy: UpdatePolicy | None = None
    recommenders: tuple[RecommenderName, ...] | None = ()


class VPAStatus(Struct, frozen=True):
    conditions: tuple[Condition, ...] | None = ()
    recommendation: Recommendation | None = None


class VPA(Struct, frozen=True):
    """A VerticalPodAutoscaler of autoscaling.k8s.io/v1 (kubernetes/autoscaler, its types.go)."""

    metadata: Meta = Meta()
    spec: VPASpec = VPASpec()
    status: VPAStatus = VPAStatus()

    @property
    def key(self) -> str:
        """Namespace/name."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def target(self) -> ScaleTarget:
        """What it recommends for."""
        return self.spec.target_ref or ScaleTarget()

    @property
    def recommends(self) -> bool:
        """Whether it has a recommendation, be it an old one."""
        return bool(self.status.recommendation and self.status.recommendation.container_recommendations)


class VPAList(Struct, frozen=True):
    items: tuple[VPA, ...]


class CheckpointSpec(Struct, frozen=True):
    vpa_object_name: Name = ""
    container_name: Name = ""


class CheckpointStatus(Struct, frozen=True):
    last_sample_start: Time | None = None
    last_update_time: Time | None = None


class VPACheckpoint(Struct, frozen=True):
    """What VPA's recommender has seen of one container of a VPA's target, as it saves it once a minute."""

    metadata: Meta = Meta()
    spec: CheckpointSpec = CheckpointSpec()
    status: CheckpointStatus = CheckpointStatus()


class VPACheckpointList(Struct, frozen=True):
    items: tuple[VPACheckpoint, ...]
