"""Whether metrics-server's pods reach the API server, and where their way to it ends.

A pod dials the address of Service ``kubernetes`` (client-go rest/config.go, InClusterConfig), which only kube-proxy, or
what stands in for it, on that pod's own node makes lead to an endpoint. Where packets vanish a dial takes 30 s, as
long as a liveness probe of upstream's manifest has patience: the pod may be ended before it has said a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place
from msdoctor.facts import replicas
from msdoctor.facts.contact import started_meanwhile
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import decode
from msdoctor.facts.processes import Component, Process
from msdoctor.facts.starts import Start
from msdoctor.model import Unseen
from msdoctor.utterances import Speaker, Utterance
from msdoctor.utterances.errors import ConnectionLost, DeadlineExceeded, Dial, Started
from msdoctor.utterances.reader import read_log

KUBE_PROXY = "kube-proxy"
UNIT = "/etc/systemd/system/kube-proxy.service"
FIRST_READ = "configmap based"  # apiserver pkg/server/options/authentication.go, which ends it before it serves
SERVES = Started("serving")
# What metrics-server asks of the API server: the ConfigMap it starts with, its lists and watches, its reviews.
OWN_REQUESTS = (FIRST_READ, "failed to list", "Failed to watch", "make webhook auth", "extension-apiserver-auth")
# A reflector that fails tries again within a minute (client-go tools/cache/reflector.go, 0.8 to 30 s, and the dial).
LATELY_SECONDS = 120


@dataclass(frozen=True, slots=True)
class ApiWay:
    """One pod's way to the API server that fails.

    ``said`` is its newest complaint, None where it was ended before it had one. ``serves``: the pod is Ready, and
    scrapes on. ``endpoints`` are those of Service ``kubernetes``, None where they were not seen. ``proxied``: whether
    kube-proxy runs on its node, None where that was not seen; ``unit``: whether it lies ready there as a unit.
    ``restarted`` is the API server that was just being started when the dial was refused.
    """

    pod: str
    namespace: str
    node: str
    said: Utterance | None
    serves: bool
    endpoints: tuple[str, ...] | None
    proxied: bool | None
    unit: bool
    restarted: Component | None

    @property
    def dialled_in_vain(self) -> bool:
        """Whether it said that a dial failed."""
        return self.said is not None and isinstance(self.said.error, Dial)


def wanted(bundle: Bundle, installed: Sequence[Installation]) -> Iterator[Place]:
    """What runs and lies on the nodes of its pods."""
    nodes = {pod.spec.node_name for one in installed for pod in one.pods}
    for host in bundle.hosts:
        if host in nodes:
            yield Place(f"host/{host}", Kind.PROCESS, KUBE_PROXY)
            yield Place(f"host/{host}", Kind.FILE, UNIT)


def api_ways(
    bundle: Bundle,
    installation: Installation | None,
    starts: Sequence[Start],
    log: Sequence[Utterance] | Unseen,
    servers: Sequence[Component],
) -> tuple[ApiWay, ...] | Unseen:
    """Those of its pods that fail, newest pod first. ``Unseen`` where a pod's words were not to be had."""
    if installation is None:
        return ()
    if isinstance(log, Unseen):
        return log
    held_up = (start for start in reversed(starts) if _is_held_up(start) and not _is_served_now(bundle, start))
    failing = [(start.pod, _newest(start.said)) for start in held_up]
    for pod in installation.pods[-1:]:
        running = None if starts or not pod.ready else _complaint(log, bundle, installation.runs_since(pod))
        failing += [(pod, running)] if running else []
    return tuple(
        ApiWay(
            pod=pod.metadata.name,
            namespace=pod.metadata.namespace,
            node=pod.spec.node_name,
            said=said,
            serves=pod.ready,
            endpoints=replicas.addresses(bundle),
            proxied=_runs(bundle, pod.spec.node_name),
            unit=bundle.at(Place(f"host/{pod.spec.node_name}", Kind.FILE, UNIT)).body is not None,
            restarted=_restarted(said, servers),
        )
        for pod, said in failing
    )


def is_about_api_server(said: Utterance) -> bool:
    """Whether a complaint is of the way to the API server: nothing came back, or somebody on the way said no."""
    if not isinstance(said.error, Dial | DeadlineExceeded | ConnectionLost):
        return False
    if any("proxyconnect" in part for part in said.outer):
        return False
    return any(words in part for part in said.outer for words in OWN_REQUESTS)


def _is_held_up(start: Start) -> bool:
    """Whether its last run came as far as to dial the API server, and no further."""
    if start.ended is None or start.unheard or start.ended.reason == "OOMKilled":
        return False
    if _newest(start.said):
        return True
    # By its probe, with SIGKILL or SIGTERM, and with nothing said but that it began, if that.
    return start.ended.exit_code in (137, 143) and all(isinstance(one.error, Started) for one in start.said)


def _is_served_now(bundle: Bundle, start: Start) -> bool:
    """Whether the run since has begun to serve, and got what the one that ended began with: it reads that before."""
    said = _newest(start.said)
    if start.status.state.running is None or said is None or not any(FIRST_READ in part for part in said.outer):
        return False
    pod = start.pod.metadata
    now = bundle.at(Place(WORKSTATION, Kind.LOG, f"{pod.namespace}/{pod.name}/{start.status.name}"))
    lines = (now.body or b"").decode("utf-8", "replace").splitlines()
    return any(one.error == SERVES for one in read_log(lines, speaker=Speaker.METRICS_SERVER))


def _newest(said: Sequence[Utterance]) -> Utterance | None:
    """A dial that failed tells more than an answer that was late, which an API server that is slow gives as well."""
    about = [one for one in reversed(said) if is_about_api_server(one) and not isinstance(one.error, ConnectionLost)]
    return next((one for one in about if isinstance(one.error, Dial)), next(iter(about), None))


def _complaint(log: Sequence[Utterance], bundle: Bundle, began: datetime | None) -> Utterance | None:
    """The newest, if it is of the last minutes: a watch that comes back is not spoken of.

    And if it is of the run that is ready now. One before it may have ended for want of the API server.
    """
    lately = bundle.taken_at - timedelta(seconds=LATELY_SECONDS)
    since = max(lately, began) if began else lately
    return _newest([one for one in log if one.at and one.at.tzinfo and one.at > since])


def _restarted(said: Utterance | None, servers: Sequence[Component]) -> Component | None:
    if said is None or said.at is None or said.at.tzinfo is None:
        return None
    if not isinstance(said.error, Dial) or said.error.failure != "connection refused":
        return None
    return next(started_meanwhile(servers, said.at, said.at), None)


def _runs(bundle: Bundle, node: str) -> bool | None:
    found = decode(bundle.at(Place(f"host/{node}", Kind.PROCESS, KUBE_PROXY)), tuple[Process, ...])
    return None if isinstance(found, Unseen) else bool(found)
