"""The Kubernetes objects that facts are made of, each with only the fields that are read.

Decoding straight into these from the bytes of a list measured fifty times faster, and seven times smaller, than
building every object in full.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import msgspec

from msdoctor.bundle import Document
from msdoctor.model import Unseen

# Kubernetes writes every time in UTC; one without a zone could not be compared with any other.
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Struct(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base of every object here: frozen, and named in JSON as Kubernetes names its fields."""


# What the API server lets an object be called: a forged bundle's name must not write into the command that quotes it.
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]*\Z")]


class OwnerReference(Struct, frozen=True):
    kind: Name = ""
    name: Name = ""


class Meta(Struct, frozen=True):
    name: Name = ""
    namespace: Name = ""
    uid: str = ""
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()


class Condition(Struct, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: Time | None = None
    last_heartbeat_time: Time | None = None  # of a Node's conditions: when the kubelet last wrote it


class Conditions(Struct, frozen=True):
    conditions: tuple[Condition, ...] = ()


class ServiceReference(Struct, frozen=True):
    name: Name = ""
    namespace: Name = ""
    port: int = 443


class APIServiceSpec(Struct, frozen=True):
    group: str = ""
    version: str = ""
    service: ServiceReference | None = None
    ca_bundle: str = ""
    insecure_skip_tls_verify: bool = msgspec.field(default=False, name="insecureSkipTLSVerify")


class APIService(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: APIServiceSpec = APIServiceSpec()
    status: Conditions = Conditions()

    @property
    def available(self) -> Condition:
        """Its Available condition; an empty one where the API server has not written any yet."""
        return next((item for item in self.status.conditions if item.type == "Available"), Condition())


class ServicePort(Struct, frozen=True):
    port: int = 0
    name: str = ""
    target_port: int | str = 0


class ServiceSpec(Struct, frozen=True):
    type: str = "ClusterIP"
    cluster_ip: str = msgspec.field(default="", name="clusterIP")
    selector: dict[str, str] = {}
    ports: tuple[ServicePort, ...] = ()


class Service(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: ServiceSpec = ServiceSpec()


class EndpointConditions(Struct, frozen=True):
    ready: bool | None = None


class Endpoint(Struct, frozen=True):
    addresses: tuple[str, ...] = ()
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


class EndpointPort(Struct, frozen=True):
    name: str | None = None
    port: int | None = None


class EndpointSlice(Struct, frozen=True):
    metadata: Meta = Meta()
    endpoints: tuple[Endpoint, ...] | None = ()
    ports: tuple[EndpointPort, ...] | None = ()


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


Quantity = str | int | float


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


class LabelRequirement(Struct, frozen=True):
    """``operator``: In, NotIn, Exists or DoesNotExist."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class LabelSelector(Struct, frozen=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelRequirement, ...] = ()


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


class NodeAddress(Struct, frozen=True):
    type: str = ""
    address: str = ""


class DaemonEndpoint(Struct, frozen=True):
    port: int = msgspec.field(default=0, name="Port")


class DaemonEndpoints(Struct, frozen=True):
    kubelet_endpoint: DaemonEndpoint = DaemonEndpoint()


class NodeInfo(Struct, frozen=True):
    architecture: str = ""
    kubelet_version: str = ""
    os_image: str = ""
    container_runtime_version: str = ""


class NodeStatus(Struct, frozen=True):
    addresses: tuple[NodeAddress, ...] = ()
    allocatable: dict[str, Quantity] = {}
    conditions: tuple[Condition, ...] = ()
    daemon_endpoints: DaemonEndpoints = DaemonEndpoints()
    node_info: NodeInfo = NodeInfo()


class Taint(Struct, frozen=True):
    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Struct, frozen=True):
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    provider_id: str = msgspec.field(default="", name="providerID")
    pod_cidrs: tuple[str, ...] = msgspec.field(default=(), name="podCIDRs")


class Node(Struct, frozen=True):
    metadata: Meta = Meta()
    status: NodeStatus = NodeStatus()
    spec: NodeSpec = NodeSpec()


class LeaseSpec(Struct, frozen=True):
    renew_time: Time | None = None
    lease_duration_seconds: int = 0


class Lease(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: LeaseSpec = LeaseSpec()


class MetricsItem(Struct, frozen=True):
    """A NodeMetrics or a PodMetrics. ``timestamp`` is the end of the sample's window."""

    metadata: Meta = Meta()
    timestamp: Time | None = None
    window: str = ""


class ServiceAccount(Struct, frozen=True):
    metadata: Meta = Meta()


class ConfigMap(Struct, frozen=True):
    metadata: Meta = Meta()
    data: dict[str, str] = {}


class ScaleTarget(Struct, frozen=True):
    kind: Name = ""
    name: Name = ""
    api_version: str = ""


class MetricTarget(Struct, frozen=True):
    average_utilization: int | None = None


class ResourceMetric(Struct, frozen=True):
    """``container`` is named where it is one container's usage that counts."""

    name: str = ""
    container: Name = ""
    target: MetricTarget = MetricTarget()


class MetricSpec(Struct, frozen=True):
    """One thing that an HPA is measured by; ``type`` says from which of the metrics APIs it comes."""

    type: str = ""
    resource: ResourceMetric | None = None
    container_resource: ResourceMetric | None = None


class HPASpec(Struct, frozen=True):
    scale_target_ref: ScaleTarget = ScaleTarget()
    metrics: tuple[MetricSpec, ...] = ()


class HPAStatus(Struct, frozen=True):
    conditions: tuple[Condition, ...] | None = ()
    current_replicas: int = 0


class HPA(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: HPASpec = HPASpec()
    status: HPAStatus = HPAStatus()

    @property
    def key(self) -> str:
        """``namespace/name``."""
        return f"{self.metadata.namespace}/{self.metadata.name}"


class ContainerRecommendation(Struct, frozen=True):
    container_name: Name = ""
    target: dict[str, Quantity] = {}


class Recommendation(Struct, frozen=True):
    container_recommendations: tuple[ContainerRecommendation, ...] | None = ()


class RecommenderName(Struct, frozen=True):
    name: str = ""


class UpdatePolicy(Struct, frozen=True):
    update_mode: str | None = None


class VPASpec(Struct, frozen=True):
    target_ref: ScaleTarget | None = None
    update_policy: UpdatePolicy | None = None
    recommenders: tuple[RecommenderName, ...] | None = ()


class VPAStatus(Struct, frozen=True):
    conditions: tuple[Condition, ...] | None = ()
    recommendation: Recommendation | None = None


class VPA(Struct, frozen=True):
    """A VerticalPodAutoscaler of autoscaling.k8s.io/v1 (kubernetes/autoscaler, its types.go)."""

    metadata: Meta = Meta()
    spec: VPASpec = VPASpec()
    status: VPAStatus = VPAStatus()

    @property
    def key(self) -> str:
        """Namespace/name."""
        return f"{self.metadata.namespace}/{self.metadata.name}"

    @property
    def target(self) -> ScaleTarget:
        """What it recommends for."""
        return self.spec.target_ref or ScaleTarget()

    @property
    def recommends(self) -> bool:
        """Whether it has a recommendation, be it an old one."""
        return bool(self.status.recommendation and self.status.recommendation.container_recommendations)


class CheckpointSpec(Struct, frozen=True):
    vpa_object_name: Name = ""
    container_name: Name = ""


class CheckpointStatus(Struct, frozen=True):
    last_sample_start: Time | None = None
    last_update_time: Time | None = None


class VPACheckpoint(Struct, frozen=True):
    """What VPA's recommender has seen of one container of a VPA's target, as it saves it once a minute."""

    metadata: Meta = Meta()
    spec: CheckpointSpec = CheckpointSpec()
    status: CheckpointStatus = CheckpointStatus()


class InvolvedObject(Struct, frozen=True):
    """``field_path``: ``spec.containers{NAME}`` where it is about one container of a pod."""

    kind: Name = ""
    name: Name = ""
    field_path: str = ""


class Event(Struct, frozen=True):
    metadata: Meta = Meta()
    involved_object: InvolvedObject = InvolvedObject()
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int | None = None
    last_timestamp: Time | None = None


class IssuerReference(Struct, frozen=True):
    name: Name = ""
    kind: Name = "Issuer"
    group: Name = "cert-manager.io"


class CertificateSpec(Struct, frozen=True):
    secret_name: Name = ""
    common_name: str = ""
    dns_names: tuple[str, ...] = msgspec.field(default=(), name="dnsNames")
    issuer_ref: IssuerReference = IssuerReference()


class Certificate(Struct, frozen=True):
    """cert-manager.io/v1 Certificate."""

    metadata: Meta = Meta()
    spec: CertificateSpec = CertificateSpec()
    status: Conditions = Conditions()


class CertificateRequest(Struct, frozen=True):
    """cert-manager.io/v1 CertificateRequest, one try to fill a Certificate's Secret."""

    metadata: Meta = Meta()
    status: Conditions = Conditions()


class Version(Struct, frozen=True):
    git_version: str


class ReviewStatus(Struct, frozen=True):
    allowed: bool
    reason: str = ""


class Review(Struct, frozen=True):
    status: ReviewStatus


class RbacMeta(Struct, frozen=True):
    """RBAC objects may be called almost anything: whoever prints such a name in a command has to look at it first."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] = {}


class PolicyRule(Struct, frozen=True):
    """A rule about resources; one about paths has none of these but verbs."""

    verbs: tuple[str, ...] = ()
    api_groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


class AggregationRule(Struct, frozen=True):
    cluster_role_selectors: tuple[LabelSelector, ...] = ()


class Role(Struct, frozen=True):
    """A Role or a ClusterRole."""

    metadata: RbacMeta = RbacMeta()
    rules: tuple[PolicyRule, ...] = ()
    aggregation_rule: AggregationRule | None = None


class RoleRef(Struct, frozen=True):
    kind: str = ""
    name: str = ""


class Subject(Struct, frozen=True):
    kind: str = ""
    name: str = ""
    namespace: str = ""


class Binding(Struct, frozen=True):
    """A RoleBinding or a ClusterRoleBinding."""

    metadata: RbacMeta = RbacMeta()
    role_ref: RoleRef = RoleRef()
    subjects: tuple[Subject, ...] = ()


# A list always has items, be it none: what has not even those is no list, and shows nothing of what there is.


class APIServiceList(Struct, frozen=True):
    items: tuple[APIService, ...]


class ServiceList(Struct, frozen=True):
    items: tuple[Service, ...]


class PolicyPort(Struct, frozen=True):
    """``port`` is a number or a name of the pod's; None is every port of the protocol."""

    protocol: str = "TCP"
    port: int | str | None = None
    end_port: int | None = None


class IPBlock(Struct, frozen=True):
    cidr: str = ""
    except_: tuple[str, ...] = msgspec.field(default=(), name="except")


class PolicyPeer(Struct, frozen=True):
    """Its selectors, which are not read, select pods; ``ip_block`` alone speaks of addresses that are no pod's."""

    ip_block: IPBlock | None = None


class PolicyIngressRule(Struct, frozen=True):
    ports: tuple[PolicyPort, ...] = ()
    peers: tuple[PolicyPeer, ...] = msgspec.field(default=(), name="from")


class PolicyEgressRule(Struct, frozen=True):
    ports: tuple[PolicyPort, ...] = ()
    peers: tuple[PolicyPeer, ...] = msgspec.field(default=(), name="to")


class NetworkPolicySpec(Struct, frozen=True):
    pod_selector: LabelSelector = LabelSelector()
    policy_types: tuple[str, ...] = ()
    ingress: tuple[PolicyIngressRule, ...] = ()
    egress: tuple[PolicyEgressRule, ...] = ()


class NetworkPolicy(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: NetworkPolicySpec = NetworkPolicySpec()


class NetworkPolicyList(Struct, frozen=True):
    items: tuple[NetworkPolicy, ...]


class EndpointSliceList(Struct, frozen=True):
    items: tuple[EndpointSlice, ...]


class DeploymentList(Struct, frozen=True):
    items: tuple[Deployment, ...]


class PodList(Struct, frozen=True):
    items: tuple[Pod, ...]


class NodeList(Struct, frozen=True):
    items: tuple[Node, ...]


class LeaseList(Struct, frozen=True):
    items: tuple[Lease, ...]


class MetricsList(Struct, frozen=True):
    items: tuple[MetricsItem, ...] | None


class HPAList(Struct, frozen=True):
    items: tuple[HPA, ...]


class VPAList(Struct, frozen=True):
    items: tuple[VPA, ...]


class VPACheckpointList(Struct, frozen=True):
    items: tuple[VPACheckpoint, ...]


class EventList(Struct, frozen=True):
    items: tuple[Event, ...]


class RoleList(Struct, frozen=True):
    items: tuple[Role, ...]


class BindingList(Struct, frozen=True):
    items: tuple[Binding, ...]


class CertificateList(Struct, frozen=True):
    items: tuple[Certificate, ...]


class CertificateRequestList(Struct, frozen=True):
    items: tuple[CertificateRequest, ...]


T = TypeVar("T")


def decode(document: Document, shape: type[T]) -> T | Unseen:
    """A document's body as an object, or why it is not to be had: refused, or not of that shape."""
    if document.body is None:
        return Unseen(str(document.refusal), str(document.place))
    result: T | _NotOfThatShape = _decode(document.body, shape)  # type: ignore[arg-type]  # types are hashable
    if isinstance(result, _NotOfThatShape):
        return Unseen(f"not a {getattr(shape, '__name__', shape)}: {result}", str(document.place))
    if _nameless(result) or any(map(_nameless, getattr(result, "items", None) or ())):
        return Unseen(f"not a {getattr(shape, '__name__', shape)}: an object without a name", str(document.place))
    return result


def _nameless(value: object) -> bool:
    metadata = getattr(value, "metadata", None)
    return isinstance(metadata, Meta) and not metadata.name


class _NotOfThatShape(str):
    __slots__ = ()


@lru_cache(maxsize=256)
def _decode(body: bytes, shape: Any) -> Any:
    """Kept, because the plan of what to read next asks for the same lists again and again while they come in."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return _decode_with_nulls(body, shape, _NotOfThatShape(error))


def _decode_with_nulls(body: bytes, shape: Any, otherwise: _NotOfThatShape) -> Any:
    """To Go a field that is null is one that is not there, anywhere; this is slower, and seldom needed."""
    try:
        return msgspec.convert(_without_nulls(json.loads(body)), type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return otherwise


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
