"""Counts how much of a cluster gives metrics now, and names what does not."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msdoctor.bundle import Refusal
from msdoctor.diagnosis import AwaitedNode, BlindHPA, BlindVPA, FlowReport, GoneNode
from msdoctor.facts.cluster import Cluster
from msdoctor.facts.flow import Flow, scrapes_late
from msdoctor.facts.installation import Installation
from msdoctor.model import Effect, EffectKind, Unseen, those_seen
from msdoctor.pipeline import Topology


def flow_report(cluster: Cluster, total: frozenset[Effect], topology: Topology) -> FlowReport:
    """How much of the cluster gives metrics. ``total``: all that happens in it."""
    flow = cluster.flow
    # A caller who may not ask has seen nothing, neither samples nor that there are none.
    counted = isinstance(flow, Flow) and not (_refuses_caller(flow.refusal) and cluster.may_read_metrics is not True)
    pods_counted = counted and isinstance(flow, Flow) and not _refuses_caller(flow.pods_refusal)
    resolution, fresh = _resolution(cluster), fresh_nodes(cluster)
    newest = flow.newest if isinstance(flow, Flow) else None
    pods = None if isinstance(cluster.running_pods, Unseen) else {pod.key for pod in cluster.running_pods}
    sampled = set(flow.pods) if isinstance(flow, Flow) else set()
    of = None if isinstance(cluster.expected_nodes, Unseen) else len(cluster.expected_nodes)
    blind_hpas = {effect.subject for effect in total if effect.kind is EffectKind.HPA_BLIND}
    awaited = tuple(_awaited(cluster, flow, total, resolution)) if isinstance(flow, Flow) and counted else ()
    due = (topology.nodes or _named_nodes(cluster)) - {node.name for node in awaited}
    return FlowReport(
        nodes_seen=len(fresh) if counted else None,
        nodes_of=of,
        pods_seen=(len(sampled) if pods is None else len(sampled & pods)) if pods_counted else None,
        pods_of=None if pods is None else len(pods),
        newest_sample_age_seconds=None if newest is None else max(0, int((cluster.taken_at - newest).total_seconds())),
        asked_as=cluster.context.user,
        conclusive=bool(fresh) and not cluster.context.is_master,
        blind_nodes=tuple(sorted(due - fresh)) if counted else (),
        awaited_nodes=awaited,
        gone_nodes=tuple(GoneNode(item.node, item.word) for item in those_seen(cluster.gone)),
        blind_hpas=_blind(cluster, frozenset(blind_hpas)),
        hpas_of=None if isinstance(cluster.hpas, Unseen) else len(cluster.hpas),
        blind_vpas=tuple(_blind_vpas(cluster, total)),
        vpas_of=None if isinstance(cluster.vpas, Unseen) else len(cluster.vpas),
        podless_nodes=_podless(cluster, fresh, resolution) if pods_counted else (),
        nodes=tuple(sorted(topology.nodes)),
    )


def _resolution(cluster: Cluster) -> int:
    return cluster.installation.resolution_seconds if isinstance(cluster.installation, Installation) else 60


def fresh_nodes(cluster: Cluster) -> frozenset[str]:
    """The nodes that are being scraped now."""
    flow = cluster.flow
    if not isinstance(flow, Flow):
        return frozenset()
    return frozenset(node for node in flow.nodes if flow.fresh(node, cluster.taken_at, _resolution(cluster)))


def _podless(cluster: Cluster, sampled_nodes: Collection[str], resolution: int) -> tuple[str, ...]:
    flow, long_ago = cluster.flow, cluster.taken_at - scrapes_late(resolution)
    running = (pod for pod in those_seen(cluster.running_pods) if pod.node in sampled_nodes)
    pods = [pod for pod in running if pod.since and pod.since < long_ago]
    if isinstance(flow, Unseen):
        return ()
    sampled = {pod.node for pod in pods if flow.has_fresh(pod.key, cluster.taken_at, resolution)}
    return tuple(sorted({pod.node for pod in pods} - sampled))


def _awaited(cluster: Cluster, flow: Flow, total: frozenset[Effect], resolution: int) -> Iterator[AwaitedNode]:
    """Nodes too young to have metrics, while nothing speaks against their getting some, and others have theirs."""
    if not isinstance(cluster.installation, Installation):
        return  # how long its two scrapes take is not known
    kept = {effect.subject for effect in total if effect.kind is EffectKind.NO_NODE_FIGURES}
    for node in those_seen(cluster.nodes) if flow.nodes else ():
        until = flow.awaited_until(node, cluster.taken_at, resolution)
        if until and node.metadata.name not in kept and not complains(cluster, node.metadata.name):
            yield AwaitedNode(node.metadata.name, until)


def _named_nodes(cluster: Cluster) -> frozenset[str]:
    """Nodes that something else names where they may not be listed: a pod that runs there, a scrape that fails."""
    pods = those_seen(cluster.running_pods)
    failed = those_seen(cluster.failed_scrapes)
    return frozenset(name for name in (*(pod.node for pod in pods), *(scrape.node for scrape in failed)) if name)


def _refuses_caller(refusal: Refusal | None) -> bool:
    return refusal is not None and refusal.status in (401, 403)


def _blind(cluster: Cluster, keys: frozenset[str]) -> tuple[BlindHPA, ...]:
    hpas = those_seen(cluster.hpas)
    blind = (hpa for hpa in hpas if hpa.key in keys)
    return tuple(
        BlindHPA(
            hpa.key,
            f"{hpa.spec.scale_target_ref.kind.lower()}/{hpa.spec.scale_target_ref.name}",
            hpa.status.current_replicas,
        )
        for hpa in sorted(blind, key=lambda hpa: hpa.key)
    )


def complains(cluster: Cluster, node: str) -> bool:
    """Whether metrics-server has failed to scrape the node since its newest sample."""
    failed = those_seen(cluster.failed_scrapes)
    return any(scrape.node == node for scrape in failed)


def _blind_vpas(cluster: Cluster, total: frozenset[Effect]) -> Iterator[BlindVPA]:
    keys = {effect.subject for effect in total if effect.kind is EffectKind.VPA_BLIND}
    for vpa in sorted(those_seen(cluster.vpas), key=lambda vpa: vpa.key):
        if vpa.key in keys:
            yield BlindVPA(vpa.key, vpa.target, vpa.recommends)
