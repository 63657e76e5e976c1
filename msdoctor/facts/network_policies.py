"""What the NetworkPolicies of metrics-server's namespace leave of its traffic.

Policies only ever allow: a pod that none selects for a direction may do everything there, and one that is selected what
any of them allows (k8s.io/api networking/v1 types.go, 0.36.3). Whether the network plugin heeds them, the API does not
tell. The API server and kubelets are hosts, which only a rule without peers or an ``ipBlock`` speaks of; and as plugins
differ in the address that they see a host's packets come from, any ``ipBlock`` counts as one that lets it in.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Kubelet
from msdoctor.facts.labels import selects
from msdoctor.facts.objects import (
    EndpointSliceList,
    IPBlock,
    NetworkPolicy,
    NetworkPolicyList,
    PolicyEgressRule,
    PolicyPort,
    Service,
    decode,
)
from msdoctor.model import Unseen

INGRESS, EGRESS = "Ingress", "Egress"


@dataclass(frozen=True, slots=True)
class Policies:
    """The policies that select metrics-server's pods, by name, and what none of them allows.

    ``from_api_server``: whether the API server is let in to the pod's ``port``. ``to_api_server`` and ``to_kubelets``:
    where metrics-server is not let out to, as ``HOST:PORT``; empty where it is, or where that was not seen.
    """

    namespace: str
    names_in: tuple[str, ...]
    names_out: tuple[str, ...]
    port: int
    from_api_server: bool
    to_api_server: tuple[str, ...]
    to_kubelets: tuple[str, ...]


def wanted(installed: Sequence[Installation]) -> Iterator[str]:
    """The policies of each namespace that has a metrics-server."""
    yield from dict.fromkeys(paths.network_policies(one.namespace) for one in installed)


def policies(
    bundle: Bundle, installation: Installation | None, kubelets: Sequence[Kubelet]
) -> Policies | Unseen | None:
    """None where none selects its pods, or where they are on their hosts' network, to which no policy applies."""
    if installation is None or installation.deployment.spec.template.spec.host_network:
        return None
    listed = decode(bundle.api(paths.network_policies(installation.namespace)), NetworkPolicyList)
    if isinstance(listed, Unseen):
        return listed
    labels = installation.deployment.spec.template.metadata.labels
    ours = [policy for policy in listed.items if selects(policy.spec.pod_selector, labels)]
    if not ours:
        return None
    into = [policy for policy in ours if _concerns(policy, INGRESS)]
    out = [policy for policy in ours if _concerns(policy, EGRESS)]
    rules = [rule for policy in out for rule in policy.spec.egress]
    servers = tuple(_api_server(bundle))
    dialled = tuple((kubelet.address, kubelet.port) for kubelet in kubelets if kubelet.address)
    return Policies(
        namespace=installation.namespace,
        names_in=tuple(policy.metadata.name for policy in into),
        names_out=tuple(policy.metadata.name for policy in out),
        port=installation.secure_port,
        from_api_server=not into or _lets_in(into, installation),
        # Some plugins judge the Service's address, others the one behind it: either will do.
        to_api_server=_joined(servers) if out and not any(_lets_out(rules, *one) for one in servers) else (),
        to_kubelets=_joined(one for one in dialled if not _lets_out(rules, *one)) if out else (),
    )


def _concerns(policy: NetworkPolicy, direction: str) -> bool:
    """Types that are not given follow from the rules that are."""
    given = policy.spec.policy_types or ((INGRESS, EGRESS) if policy.spec.egress else (INGRESS,))
    return direction in given


def _lets_in(into: Iterable[NetworkPolicy], installation: Installation) -> bool:
    return any(
        _has_port(rule.ports, installation.secure_port, installation)
        and (not rule.peers or any(peer.ip_block for peer in rule.peers))
        for policy in into
        for rule in policy.spec.ingress
    )


def _lets_out(rules: Iterable[PolicyEgressRule], host: str, port: int) -> bool:
    return any(
        _has_port(rule.ports, port, None)
        and (not rule.peers or any(_holds(peer.ip_block, host) for peer in rule.peers))
        for rule in rules
    )


def _has_port(ports: Sequence[PolicyPort], port: int, installation: Installation | None) -> bool:
    """Whether a rule's ports hold this one; a name is a port's of the pod, and a host has none of that kind."""
    return not ports or any(_is_port(item, port, installation) for item in ports if item.protocol == "TCP")


def _is_port(item: PolicyPort, port: int, installation: Installation | None) -> bool:
    if item.port is None:
        return True
    if isinstance(item.port, str):
        return installation is not None and installation.port_number(item.port) == port
    return item.port <= port <= (item.end_port or item.port)


def _holds(block: IPBlock | None, host: str) -> bool:
    """A host that is given by name may have any address: it counts as one that is let out to."""
    if block is None:
        return False
    try:
        address = ipaddress.ip_address(host)
        excepted = any(address in ipaddress.ip_network(cidr, strict=False) for cidr in block.except_)
        return address in ipaddress.ip_network(block.cidr, strict=False) and not excepted
    except ValueError:
        return True


def _api_server(bundle: Bundle) -> Iterator[tuple[str, int]]:
    service = decode(bundle.api(paths.KUBERNETES_SERVICE), Service)
    slices = decode(bundle.api(paths.KUBERNETES_SLICES), EndpointSliceList)
    if isinstance(service, Unseen) or isinstance(slices, Unseen):
        return
    yield service.spec.cluster_ip, 443
    for piece in slices.items:
        for endpoint in piece.endpoints or ():
            yield from ((at, port.port or 6443) for at in endpoint.addresses for port in piece.ports or ())


def _joined(dialled: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    return tuple(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in dialled)
