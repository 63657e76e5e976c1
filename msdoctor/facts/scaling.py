"""What each HPA scales, and with which pods it computes: those that its target selects, and what they request.

The controller averages over every pod that the target's selector matches, whoever made it (kubernetes 1.36.3
pkg/controller/podautoscaler/replica_calculator.go, GetResourceReplicas and calculateRequests).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.bundle import Bundle, Reason
from msdoctor.facts import paths
from msdoctor.facts.flow import resource_hpas
from msdoctor.facts.labels import selects
from msdoctor.facts.objects import (
    HPA,
    Condition,
    Deployment,
    Pod,
    PodList,
    ResourceMetric,
    ScaleTarget,
    decode,
)
from msdoctor.model import Unseen, those_seen

PLURALS: Mapping[str, str] = {"Deployment": "deployments", "StatefulSet": "statefulsets", "ReplicaSet": "replicasets"}
GROUP_VERSION = "apps/v1"
# kube-controller-manager --horizontal-pod-autoscaler-cpu-initialization-period, its default.
INITIALIZATION = timedelta(minutes=5)

# ``missing request for cpu`` to 1.24, then with the container and its pod (replica_calculator.go).
_MISSING_REQUEST = re.compile(
    r"missing (?:pod-level )?request for [\w./-]+(?: in container \S+ of Pod ([\w.-]+)| in Pod ([\w.-]+))?"
)
# The first to 1.33 (metrics/client.go, getContainerMetrics), the second from 1.36 on (calculateRequests). What lies
# between computes with the pods that have it; one that none has is told of as if no pod were ready, from 1.34 on.
_NO_CONTAINER = re.compile(r"container \S+ (?:not present in metrics for pod|not found in Pod) (?:\S+/)?([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Lack:
    """A pod without a request for a resource that an HPA needs: which of its containers lack it, and which have it."""

    pod: Pod
    resource: str
    without: tuple[str, ...]
    having: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Absence:
    """A container that an HPA is measured by alone, and the pods without one; ``position``: of the metric, from 0."""

    position: int
    container: str
    pods: tuple[Pod, ...]


@dataclass(frozen=True, slots=True)
class Scaled:
    """One HPA and what it scales.

    ``workload`` is None where the target does not exist, ``Unseen`` where it could not be read. ``own`` are the
    target's pods, ``foreign`` those that only its selector catches: running ones, and the one that the HPA complains
    of, for it also computes with those that have ended. ``elsewhere`` are other namespaces where a
    workload of that kind and name runs pods, ``Unseen`` where pods are; ``neighbours`` the names of its kind in the
    HPA's own.
    """

    hpa: HPA
    workload: Deployment | Unseen | None
    own: tuple[Pod, ...]
    foreign: tuple[Pod, ...]
    elsewhere: tuple[str, ...] | Unseen
    neighbours: tuple[str, ...]
    lacks: tuple[Lack, ...]
    absences: tuple[Absence, ...]

    @property
    def target(self) -> str:
        """``deployment/busy``."""
        return f"{self.hpa.spec.scale_target_ref.kind.lower()}/{self.hpa.spec.scale_target_ref.name}"

    @property
    def complaint(self) -> Condition:
        """The condition that says why it does not compute; an empty one where none does."""
        return _complaint(self.hpa)

    @property
    def says_missing_request(self) -> bool:
        """Whether it does not compute for want of a request."""
        return bool(_MISSING_REQUEST.search(self.complaint.message))

    @property
    def says_no_rows(self) -> bool:
        """Whether it has asked, and was given metrics of no pod (metrics/client.go, GetResourceMetric)."""
        return "no metrics returned from resource metrics API" in self.complaint.message

    @property
    def says_no_container(self) -> str:
        """The pod that it names as one without the container that it is measured by; empty where it names none."""
        said = _NO_CONTAINER.search(self.complaint.message)
        return said[1] if said else ""

    @property
    def says_unready(self) -> bool:
        """Whether it has its pods' metrics, and none of a pod that counts (to 1.22 ``for any ready pods``)."""
        return "did not receive metrics for" in self.complaint.message and "ready" in self.complaint.message

    @property
    def measures_nothing(self) -> bool:
        """Whether no pod has the container that it is measured by."""
        return any(len(absence.pods) == len(self.counted) for absence in self.absences)

    @property
    def template(self) -> tuple[str, ...]:
        """Names of the containers that new pods of the target have; none where it was not seen."""
        return self.workload.spec.template.spec.names if isinstance(self.workload, Deployment) else ()

    def awaits(self, container: str) -> bool:
        """Whether pods of the target that are made now have one: their template does, or something puts it in."""
        times = [(pod.metadata.creation_timestamp, pod) for pod in self.own]
        newest = max(((at, pod) for at, pod in times if at), key=lambda item: item[0], default=None)
        return container in self.template or (newest is not None and container in newest[1].spec.names)

    @property
    def is_paused(self) -> bool:
        """Whether a change of its template makes no new pods."""
        return isinstance(self.workload, Deployment) and self.workload.spec.paused

    @property
    def is_rolling_out(self) -> bool:
        """Whether new pods are taking the place of older ones (kubernetes pkg/controller/deployment/progress.go)."""
        said = self.workload.status.conditions if isinstance(self.workload, Deployment) else ()
        progress = next((item for item in said if item.type == "Progressing"), Condition())
        return progress.status == "True" and progress.reason != "NewReplicaSetAvailable"

    @property
    def counted(self) -> tuple[Pod, ...]:
        """The pods that it computes with."""
        return (*self.own, *self.foreign)

    @property
    def waiting(self) -> tuple[Pod, ...]:
        """Those of them that are not ready."""
        return tuple(pod for pod in self.counted if not pod.ready)

    def unsettled(self, now: datetime) -> bool:
        """Whether no pod counts: each is not ready, or in its first minutes (replica_calculator.go, groupPods)."""
        started = (pod.status.start_time for pod in self.counted if pod.ready)
        return bool(self.counted) and all(start is None or now - start < INITIALIZATION for start in started)

    @property
    def is_missing(self) -> bool:
        """Whether its target does not exist."""
        return self.workload is None

    @property
    def selector(self) -> str:
        """The target's selector as ``kubectl get -l`` takes it, as far as it is of equal labels."""
        return ",".join(f"{key}={value}" for key, value in self._equal.items())

    @property
    def selector_keys(self) -> tuple[str, ...]:
        """The labels that the target's selector asks for."""
        return tuple(self._equal)

    @property
    def _equal(self) -> Mapping[str, str]:
        return self.workload.spec.selector.match_labels if isinstance(self.workload, Deployment) else {}


def scaled(bundle: Bundle) -> tuple[Scaled, ...] | Unseen:
    """Every HPA on resource metrics, in the order of the list."""
    found = resource_hpas(bundle)
    if isinstance(found, Unseen):
        return found
    listed = decode(bundle.api(paths.RUNNING_PODS), PodList)
    return tuple(_scaled(bundle, hpa, listed) for hpa in found)


def wanted(bundle: Bundle) -> Iterator[str]:
    """The targets, and pods that an HPA complains of and that do not run."""
    listed = decode(bundle.api(paths.RUNNING_PODS), PodList)
    running = set() if isinstance(listed, Unseen) else {_key(pod) for pod in listed.items}
    for hpa in those_seen(resource_hpas(bundle)):
        namespace, target = hpa.metadata.namespace, hpa.spec.scale_target_ref
        if target.kind in PLURALS and target.api_version == GROUP_VERSION:
            yield paths.workload(namespace, PLURALS[target.kind], target.name)
        named = _named(hpa)
        if named and (namespace, named) not in running and not isinstance(listed, Unseen):
            yield paths.pod(namespace, named)


def _complaint(hpa: HPA) -> Condition:
    said = hpa.status.conditions or ()
    kinds = ("AbleToScale", "ScalingActive")
    false = [item for kind in kinds for item in said if item.type == kind and item.status == "False"]
    return false[0] if false else Condition()


def _named(hpa: HPA) -> str:
    """The pod that it complains of; empty where it names none."""
    found = (pattern.search(_complaint(hpa).message) for pattern in (_MISSING_REQUEST, _NO_CONTAINER))
    return next((name for match in found if match for name in match.groups() if name), "")


def _key(pod: Pod) -> tuple[str, str]:
    return pod.metadata.namespace, pod.metadata.name


def belongs(target: ScaleTarget, owners: Sequence[tuple[str, str]]) -> bool:
    """Whether a pod of these owners (kind, name) is the target's: a Deployment's ReplicaSet is its name and a hash."""
    return any(
        (kind, name) == (target.kind, target.name)
        or (target.kind == "Deployment" and kind == "ReplicaSet" and name.rpartition("-")[0] == target.name)
        for kind, name in owners
    )


def _scaled(bundle: Bundle, hpa: HPA, listed: PodList | Unseen) -> Scaled:
    running = () if isinstance(listed, Unseen) else listed.items
    target, namespace = hpa.spec.scale_target_ref, hpa.metadata.namespace
    workload = _workload(bundle, hpa)
    there = (*(pod for pod in running if pod.metadata.namespace == namespace), *_complained_of(bundle, hpa))
    at_home = list({pod.metadata.name: pod for pod in there}.values())
    own = [pod for pod in at_home if belongs(target, _owners(pod))]
    selector = workload.spec.selector if isinstance(workload, Deployment) else None
    caught = [pod for pod in at_home if selector and selects(selector, pod.metadata.labels)]
    away = {pod.metadata.namespace for pod in running if belongs(target, _owners(pod))} - {namespace}
    others = {owner.name for pod in at_home for owner in pod.metadata.owner_references if owner.kind == target.kind}
    if target.kind == "Deployment":
        owners = (owner for pod in at_home for owner in pod.metadata.owner_references)
        others = {owner.name.rpartition("-")[0] for owner in owners if owner.kind == "ReplicaSet"}
    return Scaled(
        hpa=hpa,
        workload=workload,
        own=tuple(own),
        foreign=tuple(pod for pod in caught if pod not in own),
        elsewhere=listed if isinstance(listed, Unseen) else tuple(sorted(away)),
        neighbours=tuple(sorted(others - {target.name})),
        lacks=tuple(_lacks(hpa, caught or own)),
        absences=tuple(_absences(hpa, caught or own)),
    )


def _complained_of(bundle: Bundle, hpa: HPA) -> tuple[Pod, ...]:
    named = _named(hpa)
    found = decode(bundle.api(paths.pod(hpa.metadata.namespace, named)), PodList) if named else Unseen("none is named")
    return () if isinstance(found, Unseen) else found.items


def _workload(bundle: Bundle, hpa: HPA) -> Deployment | Unseen | None:
    target = hpa.spec.scale_target_ref
    plural = PLURALS.get(target.kind)
    if plural is None or target.api_version != GROUP_VERSION:
        return Unseen(f"msdoctor does not read a {target.kind} of {target.api_version}", f"hpa/{hpa.key}")
    document = bundle.api(paths.workload(hpa.metadata.namespace, plural, target.name))
    if document.refusal and document.refusal.status == 404 and document.refusal.reason is Reason.ABSENT:
        return None
    return decode(document, Deployment)


def _owners(pod: Pod) -> list[tuple[str, str]]:
    return [(owner.kind, owner.name) for owner in pod.metadata.owner_references]


# Requests


def _resources(hpa: HPA) -> Iterator[ResourceMetric]:
    for metric in hpa.spec.metrics:
        one = {"Resource": metric.resource, "ContainerResource": metric.container_resource}.get(metric.type)
        if one:
            yield one


def _lacks(hpa: HPA, pods: Sequence[Pod]) -> Iterator[Lack]:
    """Only a target in percent of the request needs one."""
    for metric in _resources(hpa):
        if metric.target.average_utilization is not None:
            for pod in pods:
                yield from _lack(pod, metric)


def _lack(pod: Pod, metric: ResourceMetric) -> Iterator[Lack]:
    """Requests of the pod as a whole take the place of its containers', unless one container is named (KEP-2837)."""
    if pod.spec.resources.requests and not metric.container:
        if metric.name not in pod.spec.resources.requests and not _some_has(pod, metric.name):
            yield Lack(pod, metric.name, (), ())
        return
    counted = [item for item in pod.spec.lasting if metric.container in ("", item.name)]
    without = tuple(item.name for item in counted if metric.name not in item.resources.requests)
    if without:
        having = tuple(item.name for item in counted if metric.name in item.resources.requests)
        yield Lack(pod, metric.name, without, having)


def _absences(hpa: HPA, pods: Sequence[Pod]) -> Iterator[Absence]:
    for position, metric in enumerate(hpa.spec.metrics):
        if metric.type == "ContainerResource" and metric.container_resource:
            container = metric.container_resource.container
            without = tuple(pod for pod in pods if container not in pod.spec.names)
            if without:
                yield Absence(position, container, without)


def _some_has(pod: Pod, resource: str) -> bool:
    return any(resource in item.resources.requests for item in pod.spec.lasting)
