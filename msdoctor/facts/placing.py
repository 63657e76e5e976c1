"""Whether a node may take metrics-server's pod: what the scheduler weighs, as far as Node and pod alone tell.

Sources: kubernetes pkg/scheduler/framework/plugins, nodeunschedulable, nodeaffinity, tainttoleration, noderesources
(1.36.3); component-helpers scheduling/corev1/helpers.go for what a toleration covers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from msdoctor.facts.objects import Node, PodSpec, Quantity, Taint, Toleration

CORDON = "node.kubernetes.io/unschedulable"
# Taints that say how a node fares, set and taken away by controllers (k8s.io/api core/v1 well_known_taints.go).
OF_CONDITIONS = frozenset(
    {
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
        "node.kubernetes.io/memory-pressure",
        "node.kubernetes.io/disk-pressure",
        "node.kubernetes.io/pid-pressure",
        "node.kubernetes.io/network-unavailable",
        "node.kubernetes.io/out-of-service",
        "node.cloudprovider.kubernetes.io/uninitialized",
        "node.cloudprovider.kubernetes.io/shutdown",
    }
)
_NUMBER = re.compile(r"([+-]?[\d.]{1,30})(?:(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E)|[eE]([+-]?\d{1,2}))?", re.ASCII)
_FACTORS = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3")}
_FACTORS |= {unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", 1)}
_FACTORS |= {f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)}


@dataclass(frozen=True, slots=True)
class Placing:
    """One node, and why it may not take the pod: empty where neither Node nor pod says so.

    ``labels`` are those of the nodeSelector that it lacks, ``resources`` those of which the pod requests more than the
    node has for all its pods together.
    """

    node: str
    cordoned: bool
    labels: tuple[tuple[str, str], ...]
    taints: tuple[Taint, ...]
    resources: tuple[str, ...]

    @property
    def own_taints(self) -> tuple[Taint, ...]:
        """Taints that somebody gave it, not those that tell of its condition."""
        return tuple(taint for taint in self.taints if taint.key not in OF_CONDITIONS)

    @property
    def ailing(self) -> tuple[Taint, ...]:
        """Taints that tell of its condition."""
        return tuple(taint for taint in self.taints if taint.key in OF_CONDITIONS)

    @property
    def only_own_taints(self) -> bool:
        """Whether tolerating what somebody gave it is all that it takes."""
        return bool(self.own_taints) and not (self.cordoned or self.labels or self.resources or self.ailing)


def placings(nodes: Sequence[Node], pod: PodSpec) -> Iterator[Placing]:
    """Each node's."""
    for node in nodes:
        taints = (taint for taint in node.spec.taints if taint.effect in ("NoSchedule", "NoExecute"))
        yield Placing(
            node=node.metadata.name,
            cordoned=node.spec.unschedulable and not _tolerated(Taint(CORDON, "", "NoSchedule"), pod.tolerations),
            labels=tuple(item for item in pod.node_selector.items() if item not in node.metadata.labels.items()),
            taints=tuple(t for t in taints if t.key != CORDON and not _tolerated(t, pod.tolerations)),
            resources=tuple(_too_much(requests(pod), node.status.allocatable)),
        )


def _tolerated(taint: Taint, tolerations: Sequence[Toleration]) -> bool:
    return any(
        (not one.effect or one.effect == taint.effect)
        and (one.key == taint.key or (not one.key and one.operator == "Exists"))
        and (one.operator == "Exists" or one.value == taint.value)
        for one in tolerations
    )


def requests(pod: PodSpec) -> dict[str, Decimal]:
    """What its containers request together; of a limit without a request the API server makes one."""
    total: dict[str, Decimal] = {}
    for container in pod.containers:
        for name, wanted in (container.resources.limits | container.resources.requests).items():
            amount = quantity(wanted)
            if amount is not None:
                total[name] = total.get(name, Decimal()) + amount
    return total


def _too_much(wanted: Mapping[str, Decimal], has: Mapping[str, Quantity]) -> Iterator[str]:
    for name, amount in wanted.items():
        there = quantity(has[name]) if name in has else None
        if there is not None and amount > there:
            yield name


def quantity(text: Quantity) -> Decimal | None:
    """A resource quantity as a number, None for what is none (apimachinery pkg/api/resource/quantity.go).

    >>> quantity("1500m"), quantity("200Mi"), quantity("x")
    (Decimal('1.500'), Decimal('209715200'), None)
    """
    match = _NUMBER.fullmatch(str(text))
    if match is None or match[1].count(".") > 1 or not any(sign.isdigit() for sign in match[1]):
        return None
    factor = _FACTORS[match[2]] if match[2] else Decimal(10) ** int(match[3] or 0)
    return Decimal(match[1]) * factor
