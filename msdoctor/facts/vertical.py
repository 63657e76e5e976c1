"""VerticalPodAutoscalers, and when their recommender has last had a sample of their pods.

The recommender lists the metrics of all pods once a minute. Where that fails it goes on with what it has: a VPA does
not say that its metrics have stopped, and one that never had a sample recommends the least that there is, as if nothing
were used (kubernetes/autoscaler vertical-pod-autoscaler 1.8.1, run in the lab: pkg/recommender/input/cluster_feeder.go,
LoadRealTimeMetrics; logic/recommender.go). When the last sample came stands in its checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.bundle import Bundle, Reason
from msdoctor.facts import paths
from msdoctor.facts.objects import VPA, Condition, VPACheckpointList, VPAList, decode
from msdoctor.model import Unseen, those_seen

DEFAULT_RECOMMENDER = "default"
# pkg/recommender/model/vpa.go and input/cluster_feeder.go: with these it is its own configuration that is at fault.
OWN_FAULTS = ("NoPodsMatched", "ConfigUnsupported")
# The one updateMode with which pods do not get what is recommended (pkg/apis/autoscaling.k8s.io/v1/types.go).
OFF = "Off"
# A checkpoint is saved every minute, and a sample comes as often.
LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Vertical:
    """One VPA. ``sampled`` is when its newest sample began, None where it never had one.

    ``saved`` is when its recommender has last written that down, None where it has not, or where that was not seen.
    """

    vpa: VPA
    sampled: datetime | None
    saved: datetime | None

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return self.vpa.key

    @property
    def target(self) -> str:
        """``deployment/busy``."""
        return f"{self.vpa.target.kind.lower()}/{self.vpa.target.name}"

    @property
    def recommends(self) -> bool:
        """Whether it has a recommendation, of whatever age."""
        return self.vpa.recommends

    @property
    def recommendation(self) -> str:
        """``busy cpu=25m, memory=250Mi``, of each container."""
        given = self.vpa.status.recommendation
        return "; ".join(
            f"{item.container_name} {', '.join(f'{name}={amount}' for name, amount in item.target.items())}"
            for item in (given.container_recommendations or () if given else ())
        )

    @property
    def is_applied(self) -> bool:
        """Whether pods get what it recommends."""
        policy = self.vpa.spec.update_policy
        return policy is None or policy.update_mode != OFF

    @property
    def has_own_fault(self) -> bool:
        """Whether it says itself why it recommends nothing."""
        return any(self.condition(kind).status == "True" for kind in OWN_FAULTS)

    @property
    def never_sampled(self) -> bool:
        """Whether its recommender has saved what it has seen, and that was nothing."""
        return self.saved is not None and self.sampled is None

    @property
    def stopped(self) -> bool:
        """Whether samples have come, and come no more."""
        return self.saved is not None and self.sampled is not None and self.saved - self.sampled > LATE

    def condition(self, kind: str) -> Condition:
        """One of its conditions by its type; an empty one where it has none of that type."""
        return next((item for item in self.vpa.status.conditions or () if item.type == kind), Condition())


def wanted(bundle: Bundle) -> Iterator[str]:
    """The lists, where there are such kinds."""
    if bundle.api(paths.VPA_KIND).body is not None:
        yield from (paths.VPAS, paths.VPA_CHECKPOINTS)


def vpas(bundle: Bundle) -> tuple[Vertical, ...] | Unseen:
    """Every VPA that the default recommender computes; none where there is no such kind, or in an older bundle."""
    kind = bundle.api(paths.VPA_KIND).refusal
    if kind is not None:
        older = kind.reason is Reason.NOT_ASKED and bundle.api(paths.HPAS).body is not None
        return () if older or kind.reason is Reason.ABSENT else Unseen(str(kind), paths.VPA_KIND)
    found = decode(bundle.api(paths.VPAS), VPAList)
    if isinstance(found, Unseen):
        refusal = bundle.api(paths.VPAS).refusal
        return () if refusal and refusal.reason is Reason.ABSENT else found
    return tuple(_vertical(bundle, vpa) for vpa in found.items if _is_computed_here(vpa))


def _is_computed_here(vpa: VPA) -> bool:
    """A recommender of another name may take its metrics from elsewhere."""
    named = [item.name for item in vpa.spec.recommenders or ()]
    return not named or DEFAULT_RECOMMENDER in named


def _vertical(bundle: Bundle, vpa: VPA) -> Vertical:
    listed = decode(bundle.api(paths.VPA_CHECKPOINTS), VPACheckpointList)
    own = [
        item.status
        for item in (() if isinstance(listed, Unseen) else listed.items)
        if (item.metadata.namespace, item.spec.vpa_object_name) == (vpa.metadata.namespace, vpa.metadata.name)
    ]
    return Vertical(
        vpa,
        sampled=max((item.last_sample_start for item in own if item.last_sample_start), default=None),
        saved=max((item.last_update_time for item in own if item.last_update_time), default=None),
    )


def that_need_metrics(found: tuple[Vertical, ...] | Unseen) -> tuple[Vertical, ...]:
    """Those that nothing else keeps from recommending."""
    return tuple(vpa for vpa in those_seen(found) if not vpa.has_own_fault)
