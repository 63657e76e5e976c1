"""The Kubernetes objects that facts are made of, each with only the fields that are read.

Decoding straight into these from the bytes of a list measured fifty times faster, and seven times smaller, than
building every object in full.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from msdoctor.bundle import Document
from msdoctor.model import Unseen


class Struct(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base of every object here: frozen, and named in JSON as Kubernetes names its fields."""


class OwnerReference(Struct):
    kind: str = ""
    name: str = ""


class Meta(Struct):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()


class Condition(Struct):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class Conditions(Struct):
    conditions: tuple[Condition, ...] = ()


class ServiceReference(Struct):
    name: str = ""
    namespace: str = ""
    port: int = 443


class APIServiceSpec(Struct):
    group: str = ""
    version: str = ""
    service: ServiceReference | None = None
    ca_bundle: str = ""
    insecure_skip_tls_verify: bool = msgspec.field(default=False, name="insecureSkipTLSVerify")


class APIService(Struct):
    metadata: Meta = Meta()
    spec: APIServiceSpec = APIServiceSpec()
    status: Conditions = Conditions()


class ServicePort(Struct):
    port: int = 0
    name: str = ""
    target_port: int | str = 0


class ServiceSpec(Struct):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()


class Service(Struct):
    metadata: Meta = Meta()
    spec: ServiceSpec = ServiceSpec()


class EndpointConditions(Struct):
    ready: bool | None = None


class Endpoint(Struct):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


class EndpointPort(Struct):
    name: str | None = None
    port: int | None = None


class EndpointSlice(Struct):
    metadata: Meta = Meta()
    endpoints: tuple[Endpoint, ...] | None = ()
    ports: tuple[EndpointPort, ...] | None = ()


class ContainerPort(Struct):
    container_port: int = 0
    name: str = ""
    host_port: int = 0


class HTTPGet(Struct):
    path: str = ""
    port: int | str = 0
    scheme: str = "HTTP"


class Probe(Struct):
    http_get: HTTPGet | None = None
    initial_delay_seconds: int = 0
    period_seconds: int = 10


class EnvVar(Struct):
    name: str = ""
    value: str = ""


class Container(Struct):
    name: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    env: tuple[EnvVar, ...] = ()
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None


class PodSpec(Struct):
    containers: tuple[Container, ...] = ()
    host_network: bool = False
    node_name: str = ""
    service_account_name: str = "default"


class StateDetail(Struct):
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Struct):
    waiting: StateDetail | None = None
    running: StateDetail | None = None
    terminated: StateDetail | None = None


class ContainerStatus(Struct):
    name: str = ""
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


class PodStatus(Struct):
    phase: str = ""
    pod_ip: str = msgspec.field(default="", name="podIP")
    start_time: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Struct):
    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class PodTemplate(Struct):
    metadata: Meta = Meta()
    spec: PodSpec = PodSpec()


class LabelSelector(Struct):
    match_labels: dict[str, str] = {}


class DeploymentSpec(Struct):
    replicas: int = 1
    selector: LabelSelector = LabelSelector()
    template: PodTemplate = PodTemplate()


class DeploymentStatus(Struct):
    replicas: int = 0
    ready_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(Struct):
    metadata: Meta = Meta()
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class NodeAddress(Struct):
    type: str = ""
    address: str = ""


class DaemonEndpoint(Struct):
    port: int = msgspec.field(default=0, name="Port")


class DaemonEndpoints(Struct):
    kubelet_endpoint: DaemonEndpoint = DaemonEndpoint()


class NodeInfo(Struct):
    kubelet_version: str = ""


class NodeStatus(Struct):
    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[Condition, ...] = ()
    daemon_endpoints: DaemonEndpoints = DaemonEndpoints()
    node_info: NodeInfo = NodeInfo()


class Node(Struct):
    metadata: Meta = Meta()
    status: NodeStatus = NodeStatus()


class MetricsItem(Struct):
    """A NodeMetrics or a PodMetrics. ``timestamp`` is the end of the sample's window."""

    metadata: Meta = Meta()
    timestamp: datetime | None = None
    window: str = ""


class ConfigMap(Struct):
    metadata: Meta = Meta()
    data: dict[str, str] = {}


class ScaleTarget(Struct):
    kind: str = ""
    name: str = ""
    api_version: str = ""


class ResourceMetric(Struct):
    name: str = ""


class MetricSpec(Struct):
    type: str = ""
    resource: ResourceMetric | None = None
    container_resource: ResourceMetric | None = None


class HPASpec(Struct):
    scale_target_ref: ScaleTarget = ScaleTarget()
    metrics: tuple[MetricSpec, ...] = ()


class HPAStatus(Struct):
    conditions: tuple[Condition, ...] | None = ()
    current_replicas: int = 0


class HPA(Struct):
    metadata: Meta = Meta()
    spec: HPASpec = HPASpec()
    status: HPAStatus = HPAStatus()


class InvolvedObject(Struct):
    kind: str = ""
    name: str = ""


class Event(Struct):
    metadata: Meta = Meta()
    involved_object: InvolvedObject = InvolvedObject()
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int | None = None
    last_timestamp: datetime | None = None


class Version(Struct):
    git_version: str = ""


class ReviewStatus(Struct):
    allowed: bool = False
    reason: str = ""


class Review(Struct):
    status: ReviewStatus = ReviewStatus()


class APIServiceList(Struct):
    items: tuple[APIService, ...] = ()


class ServiceList(Struct):
    items: tuple[Service, ...] = ()


class EndpointSliceList(Struct):
    items: tuple[EndpointSlice, ...] = ()


class DeploymentList(Struct):
    items: tuple[Deployment, ...] = ()


class PodList(Struct):
    items: tuple[Pod, ...] = ()


class NodeList(Struct):
    items: tuple[Node, ...] = ()


class MetricsList(Struct):
    items: tuple[MetricsItem, ...] = ()


class HPAList(Struct):
    items: tuple[HPA, ...] = ()


class EventList(Struct):
    items: tuple[Event, ...] = ()


T = TypeVar("T")


def decode(document: Document, shape: type[T]) -> T | Unseen:
    """A document's body as an object, or why it is not to be had: refused, or not of that shape."""
    if document.body is None:
        return Unseen(str(document.refusal), str(document.place))
    result = _decode(document.body, shape)
    if isinstance(result, str):
        return Unseen(f"not a {shape.__name__}: {result}", str(document.place))
    return result  # type: ignore[no-any-return]


@lru_cache(maxsize=256)
def _decode(body: bytes, shape: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        return str(error)
