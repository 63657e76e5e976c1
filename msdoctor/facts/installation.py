"""metrics-server as it is installed: its Deployment, its pods and the arguments they run with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.flags import Flags, parse
from msdoctor.facts.objects import (
    Container,
    Deployment,
    DeploymentList,
    Event,
    EventList,
    Meta,
    Pod,
    PodList,
    Probe,
    Service,
    decode,
)
from msdoctor.facts.registration import Backend
from msdoctor.model import Unseen

# cmd/metrics-server/app/options: the order compiled in, which the manifests override.
COMPILED_ADDRESS_TYPES = ("Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP")
DEFAULT_CERT_DIR = "apiserver.local.config/certificates"  # k8s.io/apiserver SecureServingOptions
DEFAULT_SECURE_PORT = 443  # k8s.io/apiserver SecureServingOptions; the manifests always set another
DURATION = re.compile(r"(?:\d+(?:\.\d*)?(?:h|ms|m|s))+", re.ASCII)  # time.ParseDuration, without what is shorter
LONGEST_RESOLUTION = 86400
SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True, slots=True)
class Installation:
    """One Deployment of metrics-server, the container in it that serves, and its pods, oldest first."""

    deployment: Deployment
    container: Container
    pods: tuple[Pod, ...]

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.deployment.metadata.namespace

    @property
    def name(self) -> str:
        """The Deployment's name."""
        return self.deployment.metadata.name

    @property
    def subject(self) -> str:
        """``deployment/kube-system/metrics-server``."""
        return f"deployment/{self.namespace}/{self.name}"

    def runs_since(self, pod: Pod) -> datetime | None:
        """When the run of its container in this pod began, if one is under way."""
        states = (one.state.running for one in pod.status.container_statuses if one.name == self.container.name)
        return next((state.started_at for state in states if state), None)

    @property
    def flags(self) -> Flags:
        """The arguments of the Deployment, which its pods run with unless a rollout is stuck."""
        return parse((*self.container.command, *self.container.args))

    @property
    def verifies_kubelets(self) -> bool:
        """Whether it checks kubelets' certificates (cmd/metrics-server/app/options/kubelet_client.go)."""
        return not any(
            self.flags.on(name) for name in ("kubelet-insecure-tls", "deprecated-kubelet-completely-insecure")
        )

    @property
    def signs_for_itself(self) -> bool:
        """Whether it makes the certificate that it serves (apiserver pkg/server/options/serving.go, 0.36.3).

        It keeps it in ``--cert-dir``, and takes one that lies there already: on whatever outlives a pod, one may.
        """
        flags = self.flags
        if any(flags.text(name) for name in ("tls-cert-file", "tls-private-key-file")) or "tls-sni-cert-key" in flags:
            return False
        kept = (flags.text("cert-dir") or DEFAULT_CERT_DIR).rstrip("/")
        lost = {volume.name for volume in self.deployment.spec.template.spec.volumes if volume.empty_dir is not None}
        return all(
            mount.name in lost
            for mount in self.container.volume_mounts
            if f"{kept}/".startswith(f"{mount.mount_path.rstrip('/')}/")
        )

    @property
    def address_types(self) -> tuple[str, ...]:
        """Types of node addresses in the order in which it dials them."""
        return self.flags.listed("kubelet-preferred-address-types") or COMPILED_ADDRESS_TYPES

    @property
    def secure_port(self) -> int:
        """The port it listens on."""
        value = self.flags.text("secure-port")
        return int(value) if value.isdecimal() else DEFAULT_SECURE_PORT

    @property
    def resolution_seconds(self) -> int:
        """How often it scrapes; compiled default 60 s (options.go)."""
        return min(LONGEST_RESOLUTION, round(seconds(self.flags, "metric-resolution", 60))) or 60

    @property
    def request_timeout_seconds(self) -> float:
        """How long it waits for a kubelet; 10 s by default (cmd/metrics-server/app/options/kubelet_client.go)."""
        return seconds(self.flags, "kubelet-request-timeout", 10)

    @property
    def version(self) -> tuple[int, int] | None:
        """Major and minor from the image's tag, where it is one of a release."""
        tag = re.search(r":v?(\d+)\.(\d+)", self.container.image.partition("@")[0])
        return (int(tag[1]), int(tag[2])) if tag else None

    def pointer(self, argument: str) -> str:
        """The JSON pointer, in the Deployment, of the argument that contains this text; of a new one if none does."""
        containers = self.deployment.spec.template.spec.containers
        number = containers.index(self.container) if self.container in containers else 0
        container = f"/spec/template/spec/containers/{number}"
        for field, words in (("args", self.container.args), ("command", self.container.command)):
            for position, word in enumerate(words):
                if argument in word:
                    return f"{container}/{field}/{position}"
        return f"{container}/args/-"

    def port_number(self, port: int | str) -> int | None:
        """A port given by number or by the name that the container gives it; None where no port has that name."""
        if isinstance(port, int):
            return port
        return next((item.container_port for item in self.container.ports if item.name == port), None)

    def selected_by(self, service: Service | None) -> bool:
        """Whether a Service selects the pods that its template makes."""
        if service is None or not service.spec.selector or service.metadata.namespace != self.namespace:
            return False
        return service.spec.selector.items() <= self.deployment.spec.template.metadata.labels.items()

    @property
    def probes(self) -> tuple[tuple[str, Probe], ...]:
        """Its probes by name, those that it has."""
        both = (("livenessProbe", self.container.liveness_probe), ("readinessProbe", self.container.readiness_probe))
        return tuple((name, probe) for name, probe in both if probe is not None)


def seconds(flags: Flags, name: str, default: float) -> float:
    """A duration among flags, in seconds; the default where it is not given, or not as Go reads it."""
    given = flags.text(name)
    if not DURATION.fullmatch(given) or len(given) > 20:
        return default
    return sum(float(number) * SECONDS[unit] for number, unit in re.findall(r"([\d.]+)(h|ms|m|s)", given))


def installations(bundle: Bundle) -> tuple[Installation, ...] | Unseen:
    """Every metrics-server Deployment, by the labels that its manifests and its chart give it."""
    lists = [decode(bundle.api(path), DeploymentList) for path in paths.DEPLOYMENTS]
    pod_lists = [decode(bundle.api(path), PodList) for path in paths.PODS]
    unseen = next((item for item in (*lists, *pod_lists) if isinstance(item, Unseen)), None)
    if unseen:
        return unseen
    deployments = {_key(d.metadata): d for item in lists if not isinstance(item, Unseen) for d in item.items}
    pods = {_key(p.metadata): p for item in pod_lists if not isinstance(item, Unseen) for p in item.items}
    return tuple(_installation(deployment, tuple(pods.values())) for deployment in deployments.values())


def serving(found: Sequence[Installation], backend: Backend | Unseen | None) -> Installation | None:
    """Of several the one that the metrics API's Service selects; else the first."""
    service = backend.service if isinstance(backend, Backend) else None
    return next((one for one in found if one.selected_by(service)), next(iter(found), None))


def _key(metadata: Meta) -> str:
    return metadata.uid or f"{metadata.namespace}/{metadata.name}"


def _installation(deployment: Deployment, pods: tuple[Pod, ...]) -> Installation:
    containers = deployment.spec.template.spec.containers
    ours = (pod for pod in pods if _belongs(pod, deployment))
    oldest_first = sorted(ours, key=lambda pod: (str(pod.metadata.creation_timestamp or ""), pod.metadata.name))
    # A sidecar may bear its name too, such as addon-resizer's "metrics-server-nanny".
    best = min(containers, key=_likeness, default=Container())
    return Installation(deployment, best, tuple(oldest_first))


def _likeness(container: Container) -> int:
    image = container.image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    marks = ("metrics-server" in (container.name, image), image.startswith("metrics-server"))
    named = "metrics-server" in container.name + container.image
    return (*marks, named, True).index(True)


def _belongs(pod: Pod, deployment: Deployment) -> bool:
    wanted = deployment.spec.selector.match_labels.items()
    return pod.metadata.namespace == deployment.metadata.namespace and wanted <= pod.metadata.labels.items()


def events(bundle: Bundle, pods: tuple[Pod, ...]) -> tuple[Event, ...]:
    """Events of these pods, newest last. None of them proves anything by its absence: they are kept for an hour."""
    lists = (decode(bundle.api(paths.events(pod.metadata.namespace, pod.metadata.name)), EventList) for pod in pods)
    found = (event for item in lists if not isinstance(item, Unseen) for event in item.items)
    return tuple(sorted(found, key=lambda event: (str(event.last_timestamp or ""), event.reason, event.message)))


def log_paths(installation: Installation) -> Iterator[str]:
    """Which logs to read, oldest first: each pod's, and where its container was restarted that of the run before."""
    for pod in installation.pods:
        for status in pod.status.container_statuses:
            if status.name == installation.container.name:
                path = f"{pod.metadata.namespace}/{pod.metadata.name}/{status.name}"
                if status.restart_count:
                    yield f"{path}?previous"
                yield path
