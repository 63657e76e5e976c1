"""NetworkPolicies."""

from __future__ import annotations

import msgspec

from msdoctor.facts.objects.base import LabelSelector, Meta, Struct


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
