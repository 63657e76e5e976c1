"""What the metrics API holds of each node: its own row and its pods', and which of them are due.

metrics-server says nothing, at its default verbosity, of figures that it leaves out because they are incomplete
(metrics-server pkg/scraper/client/resource/decode.go, V(1)): what is missing shows only in the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.facts.flow import Flow, RunningPod
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Kubelet
from msdoctor.facts.objects import Condition, Node
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.model import Unseen, those_seen

# Two scrapes make a rate, a third may find that the kubelet has not measured since the one before (every 10 s to 20 s).
SCRAPES = 3
MEASURED_WITHIN = timedelta(seconds=30)
# Before, kubelets read zeros from cgroup v2's root (metrics-server KNOWN_ISSUES.md and issue 819).
KNOWS_CGROUP_V2 = 22
# Kubernetes' documentation, "About cgroup v2": from which release on systems have it unless told otherwise.
CGROUP_V2_SINCE = {
    "Ubuntu": (21, 10),
    "Debian GNU/Linux": (11,),
    "Fedora": (31,),
    "Red Hat Enterprise Linux": (9,),
    "AlmaLinux": (9,),
    "Rocky Linux": (9,),
    "Oracle Linux Server": (9,),
    "CentOS Stream": (9,),
    "CentOS Linux": (9,),
}


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """One node's rows. ``own``: whether its own is there and fresh.

    ``due``: its pods of which all containers run for long enough to have a row; ``lacking``: those that have none.
    ``failure`` is what metrics-server complains of, ``ready`` the node's condition; ``doubted``: whether the kubelet's
    certificate is one that metrics-server refuses, though it may not have said so yet; ``heard``: whether its log was
    read, without which its silence says nothing.
    """

    node: Node
    own: bool
    due: tuple[RunningPod, ...]
    lacking: tuple[RunningPod, ...]
    failure: FailedScrape | None
    ready: Condition
    doubted: bool
    heard: bool

    @property
    def name(self) -> str:
        """The node's name."""
        return self.node.metadata.name

    @property
    def subject(self) -> str:
        """``node/k8s-node1``."""
        return f"node/{self.name}"

    @property
    def before_cgroup_v2(self) -> bool:
        """Whether its kubelet is too old to read the root of cgroup v2."""
        minor = re.match(r"v1\.(\d{1,3})\.", self.node.status.node_info.kubelet_version)
        return minor is not None and int(minor[1]) < KNOWS_CGROUP_V2

    @property
    def comes_with_cgroup_v2(self) -> bool | None:
        """Whether its system has cgroup v2 unless it was told otherwise; None of a system that is not known."""
        image = self.node.status.node_info.os_image
        name = next((name for name in CGROUP_V2_SINCE if image.startswith(name)), "")
        release = re.search(r"(\d{1,4})(?:\.(\d{1,4}))?", image)
        if not (name and release):
            return None
        return tuple(int(part) for part in release.groups() if part) >= CGROUP_V2_SINCE[name]

    @property
    def no_pods(self) -> bool:
        """Whether pods are due and none of them has a row."""
        return bool(self.due) and len(self.lacking) == len(self.due)

    @property
    def some_pods(self) -> bool:
        """Whether some pod has a row."""
        return len(self.lacking) < len(self.due)


def figures(
    nodes: Sequence[Node] | Unseen,
    pods: Sequence[RunningPod] | Unseen,
    flow: Flow | Unseen,
    failed: Sequence[FailedScrape] | Unseen,
    installation: Installation | None,
    now: datetime,
    kubelets: Sequence[Kubelet] | Unseen,
) -> tuple[NodeFigures, ...] | Unseen:
    """Every node's; what lacks is judged once metrics-server has run for long enough."""
    if installation is None:
        return Unseen("there is no metrics-server")
    if isinstance(nodes, Unseen) or isinstance(pods, Unseen) or isinstance(flow, Unseen):
        return next(fact for fact in (nodes, pods, flow) if isinstance(fact, Unseen))
    refusal = flow.refusal or flow.pods_refusal
    if refusal:
        return Unseen(f"the metrics API gave no rows to look at: {refusal}")
    resolution = installation.resolution_seconds
    lately = now - timedelta(seconds=SCRAPES * resolution) - MEASURED_WITHIN
    complaints = {item.node: item for item in those_seen(failed)}
    verified = installation.verifies_kubelets
    doubted = {kubelet.name for kubelet in those_seen(kubelets) if any(problem.first for problem in kubelet.problems)}
    due: dict[str, list[RunningPod]] = {}
    for pod in pods:
        if pod.since and pod.since <= lately:
            due.setdefault(pod.node, []).append(pod)

    def one(node: Node) -> NodeFigures:
        name = node.metadata.name
        joined = node.metadata.creation_timestamp
        here = () if joined and joined > lately else due.get(name, ())
        return NodeFigures(
            node=node,
            own=flow.fresh(name, now, resolution),
            due=tuple(here),
            lacking=tuple(pod for pod in here if not flow.has_fresh(pod.key, now, resolution)),
            failure=complaints.get(name),
            ready=next((item for item in node.status.conditions if item.type == "Ready"), Condition()),
            doubted=verified and name in doubted,
            heard=not isinstance(failed, Unseen),
        )

    found = tuple(map(one, nodes))
    whole = all(node.own and not node.lacking for node in found)
    if not whole and not any(began <= lately for began in map(installation.runs_since, installation.pods) if began):
        return Unseen("metrics-server has not run for long enough to have every row")
    return found
