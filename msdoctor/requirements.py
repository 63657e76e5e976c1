"""The five requirements that metrics-server's documentation names, each met, not met or not seen, and by what.

https://github.com/kubernetes-sigs/metrics-server#requirements (0.8.0). A requirement is about what has to be there, and
not about everything that can fail at the same hop: rights that metrics-server lacks at a kubelet are refused by the
very webhook that is required.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msdoctor.facts.admission import Admission
from msdoctor.facts.cluster import Cluster
from msdoctor.facts.flow import Flow
from msdoctor.facts.installation import Installation
from msdoctor.model import Check, Class, EffectKind, Finding, Hop, State, Unseen, those_seen
from msdoctor.pipeline import Proof

REACHABLE = "reachable-from-apiserver"
AGGREGATION = "aggregation-layer"
WEBHOOK = "webhook-authn-authz"
CERTIFICATES = "kubelet-certificates"
CONTAINERS = "container-runtime-metrics"

MET, NOT_MET, UNSEEN = "met", "not-met", "unseen"

# What the API server has to trust or to be trusted for lies beyond reaching anybody.
_BEYOND_REACH = frozenset(
    {
        EffectKind.SERVER_NOT_TRUSTED,
        EffectKind.IDENTITY_REFUSED,
        EffectKind.IDENTITY_CONFUSED,
        EffectKind.COMES_AND_GOES,
        EffectKind.OUTDATED,
    }
)
_IDENTITY = _BEYOND_REACH - {EffectKind.SERVER_NOT_TRUSTED}
# A kubelet that asks nobody who comes or what he may do; of those at hop F the others are refused by what is required.
_WITHOUT_WEBHOOK = (
    "kubelet-webhook-unauthorized-401",
    "kubelet-anonymous-token-not-accepted",
    "kubelet-cannot-reach-apiserver-webhook",
    "kubelet-authz-always-allow",
)
_REQUESTS = ("kubelet-serving-csr-pending", "kubelet-serving-csr-denied")


@dataclass(frozen=True, slots=True)
class Requirement:
    """One of the five. ``state``: met, not-met or unseen; ``because`` is never empty."""

    id: str
    state: str
    because: str


Found = Sequence[tuple[Check, Finding]]


def requirements(found: Found, cluster: Cluster, fresh: Collection[str], proof: Proof) -> Iterator[Requirement]:
    """All five, in the order of the documentation. ``fresh``: the nodes of which metrics-server has fresh samples."""
    now = [(check, finding) for check, finding in found if finding.state is State.ACTIVE and finding.effects]
    told = {
        REACHABLE: (_unreachable(now), _reached(cluster, proof)),
        AGGREGATION: (_unknown_aggregator(now), _aggregates(cluster, proof)),
        WEBHOOK: (_without_webhook(now), _admits(cluster, fresh)),
        CERTIFICATES: (_untrusted(now), _trusted(cluster, fresh)),
        CONTAINERS: (_without_containers(now), _has_containers(cluster)),
    }
    for name, (against, by) in told.items():
        if against:
            check, finding = against
            yield Requirement(name, NOT_MET, f"{check.id}: {finding.summary}")
        else:
            yield Requirement(name, MET if by else UNSEEN, by or "nothing that was read tells")


Denial = tuple[Check, Finding] | None


def _kinds(finding: Finding) -> frozenset[EffectKind]:
    return frozenset(effect.kind for effect in finding.effects)


def _unreachable(now: Found) -> Denial:
    """Whatever sits on the way from the API server, or keeps metrics-server from listening where it is asked."""
    return next(
        (
            (check, finding)
            for check, finding in now
            if check.cls is Class.CAUSE
            and (
                EffectKind.NOT_LISTENING in _kinds(finding)
                or (
                    check.hop is Hop.C
                    and not _kinds(finding) & _BEYOND_REACH
                    and not check.id.startswith("front-proxy-")
                )
            )
        ),
        None,
    )


def _reached(cluster: Cluster, proof: Proof) -> str:
    refused = next((check for check in _messages(cluster) if "x509: " in check), "")
    if refused:
        return "metrics-server was reached: its certificate was seen there, and refused"
    return proof.hops.get(Hop.C, "")


def _messages(cluster: Cluster) -> list[str]:
    return [item.available.message for item in those_seen(cluster.apiservices)]


def _unknown_aggregator(now: Found) -> Denial:
    """metrics-server does not take the aggregator for a front proxy, or an API server has nothing to be one with."""
    return next(
        (
            (check, finding)
            for check, finding in now
            if check.cls is Class.CAUSE
            and check.hop in (Hop.C, Hop.D)
            and (_kinds(finding) & _IDENTITY or check.id == "front-proxy-key-mismatch")
        ),
        None,
    )


def _aggregates(cluster: Cluster, proof: Proof) -> str:
    one = cluster.aggregator
    if not isinstance(one, Unseen) and one.certain and not (one.refused or one.as_user or one.anonymous):
        return f"{one.server.partition('/')[2] or 'the API server'}: {one.why}"
    return proof.hops.get(Hop.D, "")


def _without_webhook(now: Found) -> Denial:
    return next(((check, finding) for check, finding in now if check.id in _WITHOUT_WEBHOOK), None)


def _admits(cluster: Cluster, fresh: Collection[str]) -> str:
    """A kubelet that gives figures has had metrics-server's token reviewed; or all are configured to do so."""
    if fresh:
        return f"{len(fresh)} of {_of(cluster, fresh)} kubelets admitted metrics-server"
    refusing = [s for s in those_seen(cluster.failed_scrapes) if type(s.said.error).__name__ == "Forbidden"]
    if refusing:
        return f"{refusing[0].node} knows metrics-server by its token, and refuses it by name"
    nodes = [node.metadata.name for node in those_seen(cluster.expected_nodes)]
    if nodes and all(_asks(cluster.admissions, name) for name in nodes):
        return f"{len(nodes)} of {len(nodes)} kubelets are configured so"
    return ""


def _asks(admissions: Mapping[str, Admission | Unseen], node: str) -> bool:
    rules = admissions.get(node)
    return isinstance(rules, Admission) and rules.tokens.on and rules.mode.value == "Webhook"


def _untrusted(now: Found) -> Denial:
    return next(
        (
            (check, finding)
            for check, finding in now
            if check.cls is Class.CAUSE and (EffectKind.KUBELET_NOT_TRUSTED in _kinds(finding) or check.id in _REQUESTS)
        ),
        None,
    )


def _trusted(cluster: Cluster, fresh: Collection[str]) -> str:
    """Verified for every node, by metrics-server itself or by what they serve; or not asked for."""
    installed = cluster.installation
    if isinstance(installed, Installation) and not installed.verifies_kubelets:
        return "verification is off: --kubelet-insecure-tls"
    nodes = {node.metadata.name for node in those_seen(cluster.expected_nodes)}
    if nodes and nodes <= set(fresh):
        return f"metrics-server verified {len(nodes)} of {len(nodes)}"
    served = [kubelet for kubelet in those_seen(cluster.kubelets) if kubelet.name in nodes]
    well = [kubelet for kubelet in served if kubelet.served and not (kubelet.problems or kubelet.unseen)]
    if nodes and len(well) == len(nodes):
        return f"{len(well)} of {len(nodes)} kubelets serve one that metrics-server would accept"
    return ""


def _without_containers(now: Found) -> Denial:
    return next(((check, finding) for check, finding in now if check.cls is Class.CAUSE and check.hop is Hop.G), None)


def _has_containers(cluster: Cluster) -> str:
    flow = cluster.flow
    if not isinstance(flow, Flow) or not flow.pods:
        return ""
    return f"{len(flow.pods)} pods have metrics"


def _of(cluster: Cluster, fresh: Collection[str]) -> int:
    return max(len(those_seen(cluster.expected_nodes)), len(fresh))
