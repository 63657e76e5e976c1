"""metrics-server has too little CPU or memory.

## What it means
Its limit is below what it needs for this cluster. Out of memory, the kernel ends it (OOMKilled); out of CPU, it answers
its probes too late, and the kubelet ends it before it has become ready. It starts again and again.

## What it does not mean
That it leaks memory: what it needs grows with nodes and pods. That the nodes are full: a limit holds on an idle node
as well. That the network loses the probes: they are asked on the pod's own node.

## What will not help
- longer probes: out of memory it is ended all the same, and with too little CPU every scrape is late too.
- deleting the pod, or more replicas: each has the same limit and scrapes every node.
- a longer --metric-resolution: what it holds of each pod stays the same.

## How it comes about
Limits from a small cluster, or a namespace's LimitRange that gives a limit to whoever names none; a cluster that has
grown; a vertical autoscaler that was shown too little of it.

## How to make sure
`kubectl -n kube-system describe pod -l k8s-app=metrics-server`: `Last State: Terminated, Reason: OOMKilled`, or
`Liveness probe failed: … context deadline exceeded` with a small cpu limit above it, or `failed liveness probe, will be
restarted` and a log (`kubectl logs --previous`) that ends before `Serving securely on`.

## Source
metrics-server README, "Scaling": 100m and 200Mi for up to 100 nodes, from there 1m and 2Mi for each; kubernetes
pkg/kubelet/prober, pkg/kubelet/kuberuntime. Seen with metrics-server 0.8.0 on two nodes: at 10m of CPU it does not come
to listen within half a minute, and its probes fail by `context deadline exceeded`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Look,
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._starting import changed_by, finding, made, status, target, template

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import ContainerStatus, Event, Node, Pod
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

KILLED = "OOMKilled"
RECENT = timedelta(hours=1)  # a container that has run well since is not starved
LEAST_CPU = 100  # thousandths of a core, up to 100 nodes
LATE = re.compile(r"Liveness probe failed: .{0,300}(?:context deadline exceeded|Client\.Timeout exceeded)")
ENDED = "failed liveness probe, will be restarted"
SERVES = "Serving securely on"
MILLIS = re.compile(r"(\d{1,6})(m?)", re.ASCII)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    limit, request = blanks.get("limit", "memory=400Mi"), blanks.get("request", "memory=200Mi")
    return (
        changed_by(
            blanks,
            "Give it what a cluster of this size needs.",
            f"kubectl set resources {target(blanks)} -c {blanks['container']} --limits={limit} --requests={request}",
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # everything starts at once on machines that are busy with it
    says=(
        Says("Canceled", hop=Hop.E, likelihood=0.3),
        Says("DeadlineExceeded", where={"outer": "ness probe failed"}, likelihood=0.8),
        Says("ConnectionLost", where={"outer": "ness probe failed"}, likelihood=0.5),
        Says("CollectionLate", likelihood=0.6),
        Says("ResponsesMissing", likelihood=0.45),
        Says("OutOfMemory", likelihood=0.7),
        Says("PodState", where={"status": "OOMKilled"}, likelihood=0.95),
        Says("PodState", where={"status": "Unhealthy"}, likelihood=0.5),
        # From 0.5 on it is alive while it collects in time.
        Says("ProbeStatus", where={"code": "500", "probe": "liveness"}, likelihood=0.3),
    ),
    decide=(
        Look(
            "kubectl -n kube-system describe pod -l k8s-app=metrics-server | grep -A4 'Last State'",
            "Reason: OOMKilled",
            "metrics-server-resource-starvation",
        ),
    ),
    advise=advise,
)
def metrics_server_resource_starvation(
    starts: tuple[Start, ...],
    installation: Installation,
    nodes: tuple[Node, ...] | Unseen,
    taken_at: datetime,
    repair: Repair,
) -> Iterator[Finding]:
    size = len(those_seen(nodes))
    for pod in reversed(installation.pods):
        killed = _killed(pod, installation.container.name, taken_at)
        if killed:
            yield _out_of_memory(installation, pod, killed, repair.blanks(**_memory(installation, size)))
            return
    for start in reversed(starts):
        late = next((event for event in reversed(start.events) if _too_late(event, start)), None)
        if late and _starved_of_cpu(start):
            yield _out_of_cpu(
                installation, start, late, repair.blanks(limit="cpu=1", request=f"cpu={LEAST_CPU + size}m")
            )
            return


def _killed(pod: Pod, container: str, now: datetime) -> ContainerStatus | None:
    """The container's status if memory ended its last run, not long ago."""
    status = next((one for one in pod.status.container_statuses if one.name == container), None)
    ended = (status.state.terminated or status.last_state.terminated) if status else None
    if status is None or ended is None or ended.reason != KILLED:
        return None
    return status if not pod.ready or (ended.finished_at and now - ended.finished_at < RECENT) else None


def _too_late(event: Event, start: Start) -> bool:
    """Whether a probe's answer came too late, or the last run was ended before it had come to listen."""
    if ENDED in event.message:
        return not start.unheard and not any(SERVES in one.text for one in start.said)
    return bool(LATE.search(event.message))


def _starved_of_cpu(start: Start) -> bool:
    """Whether its CPU is limited to less than it needs in the smallest cluster, and it complains of nothing else."""
    limit = MILLIS.fullmatch(str(start.container.resources.limits.get("cpu", "")))
    if limit is None or int(limit[1]) * (1 if limit[2] else 1000) >= LEAST_CPU:
        return False
    return all(one.severity not in ("E", "F") for one in start.said)


def _memory(who: Installation, nodes: int) -> dict[str, str]:
    """Twice what the README asks for at this size, and no less than twice what did not suffice, in Mi."""
    needed = 200 + 2 * max(0, nodes - 100)
    limit = re.fullmatch(r"(\d{1,6})(Mi|Gi)", str(who.container.resources.limits.get("memory", "")))
    given = int(limit[1]) * (1024 if limit[2] == "Gi" else 1) if limit else 0
    return {"limit": f"memory={2 * max(needed, given)}Mi", "request": f"memory={needed}Mi"}


def _out_of_memory(who: Installation, pod: Pod, status: ContainerStatus, blanks: Blanks) -> Finding:
    limit = next((c.resources.limits.get("memory") for c in pod.spec.containers if c.name == status.name), None)
    ended = status.state.terminated or status.last_state.terminated
    name = f"{pod.metadata.namespace}/{pod.metadata.name}"
    told = f"its limit of {limit}" if limit else "the memory that its node had left: it has no limit of its own"
    return finding(
        who,
        f"metrics-server was ended for want of memory ({KILLED}) and started again, {status.restart_count} times:"
        f" it needs more than {told}.",
        (
            Evidence(
                saw=f"{KILLED}, exit code {ended.exit_code if ended else ''}, restarts: {status.restart_count}",
                where=f"status of pod/{name}",
                how=f"kubectl -n {pod.metadata.namespace} describe pod {pod.metadata.name}",
                at=ended.finished_at if ended else None,
            ),
            template(who, f"memory limit: {limit or 'none'}", "resources"),
        ),
        advise(blanks),
        confidence=Confidence.CERTAIN if limit else Confidence.LIKELY,
        since=pod.metadata.creation_timestamp,
        changed=f"pod {pod.metadata.name} was made",
    )


def _out_of_cpu(who: Installation, start: Start, late: Event, blanks: Blanks) -> Finding:
    limit = start.container.resources.limits.get("cpu")
    return finding(
        who,
        f"metrics-server has no more than {limit} of CPU, and answers its probes too late to be left alive: it takes"
        f" {LEAST_CPU}m even in a small cluster.",
        (
            Evidence(saw=late.message, where=f"event of {start.subject}", how=start.describe, at=late.last_timestamp),
            template(who, f"cpu limit: {limit}", "resources"),
            status(start, f"restarts: {start.status.restart_count}"),
        ),
        advise(blanks),
        confidence=Confidence.LIKELY,
        since=start.since,
        changed=made(start),
    )
