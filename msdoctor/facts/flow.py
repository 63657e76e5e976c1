"""Whether metrics flow: what the metrics API answered to the very question that consumers ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.bundle import Bundle, Reason, Refusal
from msdoctor.facts import paths
from msdoctor.facts.objects import HPA, HPAList, MetricsList, Node, Pod, PodList, decode
from msdoctor.model import Unseen

# A sample older than this many scrapes is not fresh; two are normal, one may be late.
FRESH_SCRAPES = 3


def scrapes_late(resolution_seconds: int) -> timedelta:
    """After how long without one a scrape has failed."""
    return timedelta(seconds=FRESH_SCRAPES * resolution_seconds + 15)


@dataclass(frozen=True, slots=True)
class Flow:
    """Samples by node name and by namespace/name of a pod: the end of each sample's window.

    ``refusal`` is the API server's answer where it gave no node metrics, ``pods_refusal`` where it gave none of pods.
    """

    nodes: Mapping[str, datetime]
    pods: Mapping[str, datetime]
    refusal: Refusal | None
    pods_refusal: Refusal | None

    def awaited_until(self, node: Node, now: datetime, resolution_seconds: int) -> datetime | None:
        """Until when a node that has just joined may lack metrics; None if it has some, or has been there for longer.

        metrics-server makes figures of two scrapes, and knows of a node from the next one on (pkg/storage/node.go).
        """
        joined = node.metadata.creation_timestamp
        if joined is None or node.metadata.name in self.nodes:
            return None
        latest = joined + scrapes_late(resolution_seconds)
        return latest if now <= latest else None

    @property
    def newest(self) -> datetime | None:
        """The end of the newest sample."""
        return max((*self.nodes.values(), *self.pods.values()), default=None)

    def fresh(self, node: str, now: datetime, resolution_seconds: int) -> bool:
        """Whether a node's newest sample is young enough to say that its kubelet is being scraped now."""
        at = self.nodes.get(node)
        return at is not None and now - at <= scrapes_late(resolution_seconds)

    def has_fresh(self, pod: str, now: datetime, resolution_seconds: int) -> bool:
        """The same of a pod by ``namespace/name``."""
        at = self.pods.get(pod)
        return at is not None and now - at <= scrapes_late(resolution_seconds)


def flow(bundle: Bundle) -> Flow | Unseen:
    """What the metrics API gave, or ``Unseen`` where it was never asked or its answer could not be had."""
    nodes, pods = bundle.api(paths.NODE_METRICS), bundle.api(paths.POD_METRICS)
    if nodes.refusal and nodes.refusal.status is None:
        return Unseen(str(nodes.refusal), str(nodes.place))
    node_items, pod_items = decode(nodes, MetricsList), decode(pods, MetricsList)
    if nodes.body is not None and isinstance(node_items, Unseen):
        return node_items
    return Flow(
        nodes={i.metadata.name: i.timestamp for i in _items(node_items) if i.timestamp},
        pods={f"{i.metadata.namespace}/{i.metadata.name}": i.timestamp for i in _items(pod_items) if i.timestamp},
        refusal=nodes.refusal,
        pods_refusal=pods.refusal or _unreadable(pod_items),
    )


def _unreadable(found: MetricsList | Unseen) -> Refusal | None:
    """Why a list says nothing of what there is; metrics-server's own has items, be it none (pkg/api/pod.go)."""
    if isinstance(found, Unseen):
        return Refusal(Reason.MALFORMED, found.reason)
    return Refusal(Reason.MALFORMED, "a list without items") if found.items is None else None


def _items(found: MetricsList | Unseen) -> tuple:  # type: ignore[type-arg]
    return () if isinstance(found, Unseen) else found.items or ()


@dataclass(frozen=True, slots=True)
class RunningPod:
    """A pod in phase Running. ``since``: when the last of its containers began, None where not all of them run.

    ``restarts``: how often its containers were begun anew.
    """

    key: str  # namespace/name
    node: str
    labels: Mapping[str, str]
    owners: tuple[str, ...]  # kind/name
    since: datetime | None = None
    restarts: int = 0


def running_pods(bundle: Bundle) -> tuple[RunningPod, ...] | Unseen:
    """All pods in phase Running."""
    found = decode(bundle.api(paths.RUNNING_PODS), PodList)
    if isinstance(found, Unseen):
        return found
    return tuple(
        RunningPod(
            key=f"{pod.metadata.namespace}/{pod.metadata.name}",
            node=pod.spec.node_name,
            labels=pod.metadata.labels,
            owners=tuple(f"{owner.kind}/{owner.name}" for owner in pod.metadata.owner_references),
            since=_all_running_since(pod),
            restarts=sum(status.restart_count for status in pod.status.container_statuses),
        )
        for pod in found.items
    )


def _all_running_since(pod: Pod) -> datetime | None:
    running = [status.state.running for status in pod.status.container_statuses]
    starts = [state.started_at for state in running if state and state.started_at]
    return max(starts) if starts and len(starts) == len(running) else None


def resource_hpas(bundle: Bundle) -> tuple[HPA, ...] | Unseen:
    """HPAs that ask for resource metrics; those on custom or external metrics use another pipeline."""
    found = decode(bundle.api(paths.HPAS), HPAList)
    if isinstance(found, Unseen):
        return found
    return tuple(
        hpa for hpa in found.items if any(m.type in ("Resource", "ContainerResource") for m in hpa.spec.metrics)
    )
