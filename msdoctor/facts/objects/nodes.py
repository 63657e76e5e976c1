"""Nodes, and the Leases by which their kubelets say that they are there."""

from __future__ import annotations

import msgspec

from msdoctor.facts.objects.base import Condition, Meta, Quantity, Struct, Time


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


class NodeList(Struct, frozen=True):
    items: tuple[Node, ...]


class LeaseSpec(Struct, frozen=True):
    renew_time: Time | None = None
    lease_duration_seconds: int = 0


class Lease(Struct, frozen=True):
    metadata: Meta = Meta()
    spec: LeaseSpec = LeaseSpec()


class LeaseList(Struct, frozen=True):
    items: tuple[Lease, ...]
