"""Why kubelets end containers of pods that an HPA scales: probes that fail, told in the pods' events.

An event is written as often as a container is ended, until the kubelet has written 25 of one pod; then one in five
minutes (client-go tools/record/events_cache.go). So one that is there may be older than the newest ending.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.objects import Event, EventList, Pod, decode
from msdoctor.facts.scaling import Scaled, scaled
from msdoctor.model import Unseen, those_seen

# pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodActions; prober/prober.go, probe (1.36.3)
_ENDED = re.compile(r"Container (\S+) failed (liveness|startup) probe, will be restarted")
_OUT_OF_MEMORY = "OOMKilled"


@dataclass(frozen=True, slots=True)
class Ending:
    """A container that its kubelet ends. ``probe``: liveness or startup; ``failed`` is what it met, if that is told."""

    container: str
    probe: str
    said: str
    failed: str


def endings(bundle: Bundle, found: tuple[Scaled, ...] | Unseen) -> Mapping[str, Ending]:
    """By ``namespace/name`` of the pod; none of a pod whose events tell of no probe."""
    ended = ((pod, _ending(bundle, pod)) for pod in _restarting(those_seen(found)))
    return {f"{pod.metadata.namespace}/{pod.metadata.name}": ending for pod, ending in ended if ending}


def wanted(bundle: Bundle) -> Iterator[str]:
    """The events of one pod of each HPA that has no rows, the one that was restarted most."""
    for pod in _restarting(those_seen(scaled(bundle))):
        yield paths.events(pod.metadata.namespace, pod.metadata.name)


def _restarting(found: tuple[Scaled, ...]) -> Iterator[Pod]:
    for one in found:
        most = max(one.own, key=_restarts, default=None) if one.says_no_rows else None
        if most is not None and _restarts(most):
            yield most


def _restarts(pod: Pod) -> int:
    return max((status.restart_count for status in pod.status.container_statuses), default=0)


def _ending(bundle: Bundle, pod: Pod) -> Ending | None:
    listed = decode(bundle.api(paths.events(pod.metadata.namespace, pod.metadata.name)), EventList)
    told = () if isinstance(listed, Unseen) else listed.items
    out_of_memory = {
        status.name
        for status in pod.status.container_statuses
        if status.last_state.terminated and status.last_state.terminated.reason == _OUT_OF_MEMORY
    }
    for event in told:
        ended = _ENDED.search(event.message)
        if ended and ended[1] not in out_of_memory:
            return Ending(ended[1], ended[2], event.message, _met(told, ended[1], ended[2]))
    return None


def _met(told: tuple[Event, ...], container: str, probe: str) -> str:
    """``dial tcp 10.244.0.5:9: connect: connection refused``; empty where no event says it of this container."""
    start = f"{probe.capitalize()} probe failed: "
    own = (event.message for event in told if event.involved_object.field_path == f"spec.containers{{{container}}}")
    return next((message.removeprefix(start) for message in own if message.startswith(start)), "")
