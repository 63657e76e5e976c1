"""Deployments."""

from __future__ import annotations

from msdoctor.facts.objects.base import Condition, LabelSelector, Meta, Struct
from msdoctor.facts.objects.pods import PodTemplate


class DeploymentSpec(Struct, frozen=True):
    replicas: int = 1
    paused: bool = False
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()


class DeploymentStatus(Struct, frozen=True):
    replicas: int = 0
    ready_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class DeploymentList(Struct, frozen=True):
    items: tuple[Deployment, ...]
