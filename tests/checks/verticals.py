"""VPAs and their checkpoints, as their recommender leaves them."""

from __future__ import annotations

from typing import Any

from msdoctor.facts import paths
from tests.facts.clusters import Patient, listed

Json = dict[str, Any]
LEAST = {"containerRecommendations": [{"containerName": "web", "target": {"cpu": "25m", "memory": "250Mi"}}]}
PROVIDED = {"type": "RecommendationProvided", "status": "True"}
NO_PODS = {"type": "NoPodsMatched", "status": "True", "reason": "NoPodsMatched"}
LATELY = "2026-11-25T13:00:00Z"


def vpa(*conditions: Json, recommendation: Json | None = None, mode: str | None = None, **spec: object) -> Json:
    policy = {"updatePolicy": {"updateMode": mode}} if mode else {}
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    return {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"targetRef": reference, **policy, **spec},
        "status": {"conditions": list(conditions), "recommendation": recommendation},
    }


def checkpoint(sampled: str | None, saved: str = LATELY) -> Json:
    return {
        "metadata": {"name": "web-web", "namespace": "shop"},
        "spec": {"vpaObjectName": "web", "containerName": "web"},
        "status": {"lastSampleStart": sampled, "lastUpdateTime": saved},
    }


def with_vpas(patient: Patient, *vpas: Json, checkpoints: tuple[Json, ...] = ()) -> Patient:
    return (
        patient.api(paths.VPA_KIND, {"kind": "APIResourceList"})
        .api(paths.VPAS, listed(*vpas))
        .api(paths.VPA_CHECKPOINTS, listed(*checkpoints))
    )
