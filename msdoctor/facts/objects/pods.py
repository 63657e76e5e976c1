"""Pods: what they are made of, and how their containers fare."""

from __future__ import annotations

import msgspec

from msdoctor.facts.objects.base import Condition, Meta, Name, Quantity, Struct, Time


class ContainerPort(Struct, frozen=True):
    container_port: int = 0
    name: str = ""
    host_port: int = 0


class HTTPGet(Struct, frozen=True):
    path: str = ""
    port: int | str = 0
    scheme: str = "HTTP"


class Probe(Struct, frozen=True):
    http_get: HTTPGet | None = None
    initial_delay_seconds: int = 0
    period_seconds: int = 10


class EnvVar(Struct, frozen=True):
    name: str = ""
    value: str = ""


class VolumeMount(Struct, frozen=True):
    name: Name = ""
    mount_path: str = ""


class Projected(Struct, frozen=True):
    """A volume made of several sources, as a kubelet makes the one with a pod's token."""


class SecretVolume(Struct, frozen=True):
    secret_name: Name = ""


class EmptyDir(Struct, frozen=True):
    """A volume that is empty when its pod is made, and may be written to."""


class Volume(Struct, frozen=True):
    name: Name = ""
    empty_dir: EmptyDir | None = None
    projected: Projected | None = None
    secret: SecretVolume | None = None


class Resources(Struct, frozen=True):
    requests: dict[str, Quantity] = {}
    limits: dict[str, Quantity] = {}


class SecurityContext(Struct, frozen=True):
    """A container's, or its pod's, whose fields count where the container has none."""

    run_as_user: int | None = None
    run_as_non_root: bool | None = None
    read_only_root_filesystem: bool | None = None


class Container(Struct, frozen=True):
    name: Name = ""
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    resources: Resources = Resources()
    security_context: SecurityContext = SecurityContext()
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    restart_policy: str = ""  # an init container's: Always makes a sidecar of it


class Toleration(Struct, frozen=True):
    key: str = ""
    operator: str = "Equal"
    value: str = ""
    effect: str = ""
    toleration_seconds: int | None = None


class PodSpec(Struct, frozen=True):
    containers: tuple[Container, ...] = ()
    init_containers: tuple[Container, ...] = ()
    resources: Resources = Resources()
    host_network: bool = False
    node_name: Name = ""
    node_selector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    priority_class_name: Name = ""
    security_context: SecurityContext = SecurityContext()
    service_account_name: str = "default"
    volumes: tuple[Volume, ...] = ()

    @property
    def lasting(self) -> tuple[Container, ...]:
        """Its containers, and those init containers that go on beside them."""
        return (*self.containers, *(item for item in self.init_containers if item.restart_policy == "Always"))

    @property
    def names(self) -> tuple[str, ...]:
        """Theirs."""
        return tuple(item.name for item in self.lasting)


class StateDetail(Struct, frozen=True):
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: Time | None = None
    finished_at: Time | None = None


class ContainerState(Struct, frozen=True):
    waiting: StateDetail | None = None
    running: StateDetail | None = None
    terminated: StateDetail | None = None


class ContainerStatus(Struct, frozen=True):
    name: Name = ""
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(Struct, frozen=True):
    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    start_time: Time | None = None
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    def condition(self, kind: str) -> Condition:
        """Its condition of one type; an empty one where it has none."""
        return next((item for item in self.status.conditions if item.type == kind), Condition())

    @property
    def ready(self) -> bool:
        """Whether it counts as an endpoint."""
        return self.condition("Ready").status == "True" and self.metadata.deletion_timestamp is None


class PodTemplate(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()


class PodList(Struct, frozen=True):
    items: tuple[Pod, ...]
