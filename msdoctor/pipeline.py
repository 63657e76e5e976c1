"""How trouble travels: the one place that knows what follows from what, and what hides what.

Effects are chained, never ids, so that a new check touches nothing here. Each rule takes the effects so far and yields
what follows from them in this cluster; ``consequences`` applies all of them until nothing new comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msdoctor.facts.cluster import Cluster
from msdoctor.facts.flow import RunningPod
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import HPA, ScaleTarget
from msdoctor.facts.scaling import belongs
from msdoctor.facts.vertical import that_need_metrics
from msdoctor.model import HOP_NAMES, Effect, EffectKind, Hop, Unseen, those_seen

NAMES = HOP_NAMES


@dataclass(frozen=True)
class Topology:
    """What of a cluster decides how far trouble reaches. ``hpa_nodes``: the nodes that an HPA's pods run on.

    ``vpa_nodes``: those of a VPA's.
    """

    nodes: frozenset[str]
    hpa_nodes: Mapping[str, frozenset[str]]
    verifies_kubelets: bool
    vpa_nodes: Mapping[str, frozenset[str]] = field(default_factory=dict)


def topology(cluster: Cluster) -> Topology:
    """Read off the facts; what is unseen reaches nothing."""
    installation = cluster.installation
    hpas = those_seen(cluster.hpas)
    pods = those_seen(cluster.running_pods)
    return Topology(
        nodes=frozenset(node.metadata.name for node in those_seen(cluster.expected_nodes)),
        hpa_nodes={hpa.key: _nodes_of(hpa.metadata.namespace, hpa.spec.scale_target_ref, pods) for hpa in hpas},
        verifies_kubelets=not isinstance(installation, Installation) or installation.verifies_kubelets,
        vpa_nodes={
            item.key: _nodes_of(item.vpa.metadata.namespace, item.vpa.target, pods)
            for item in that_need_metrics(cluster.vpas)
        },
    )


def _nodes_of(namespace: str, target: ScaleTarget, pods: Iterable[RunningPod]) -> frozenset[str]:
    return frozenset(pod.node for pod in pods if _is_of(namespace, target, pod))


def _is_of(namespace: str, target: ScaleTarget, pod: RunningPod) -> bool:
    owners = [(kind, name) for kind, _, name in (owner.partition("/") for owner in pod.owners)]
    return pod.key.startswith(namespace + "/") and belongs(target, owners)


Rule = Callable[[frozenset[Effect], Topology], Iterator[Effect]]


def _untrusted_kubelet(effects: frozenset[Effect], cluster: Topology) -> Iterator[Effect]:
    """A certificate that metrics-server refuses fails the scrape, unless it was told not to look at certificates."""
    if cluster.verifies_kubelets:
        yield from (
            Effect(EffectKind.SCRAPE_FAILS, node) for node in _subjects(effects, EffectKind.KUBELET_NOT_TRUSTED)
        )


def _failed_scrape(effects: frozenset[Effect], cluster: Topology) -> Iterator[Effect]:
    """A node that is not scraped has no metrics; when none is left nothing is stored at all."""
    failed = _subjects(effects, EffectKind.SCRAPE_FAILS)
    yield from (Effect(EffectKind.NO_NODE_METRICS, node) for node in failed)
    if cluster.nodes and failed >= cluster.nodes:
        yield Effect(EffectKind.NOTHING_STORED)


def _blind_node(effects: frozenset[Effect], _: Topology) -> Iterator[Effect]:
    """A kubelet that gives nothing gives neither its node's figures nor its containers', which can fail apart too."""
    for node in _subjects(effects, EffectKind.NO_NODE_METRICS):
        yield Effect(EffectKind.NO_NODE_FIGURES, node)
        yield Effect(EffectKind.NO_POD_METRICS, node)


def _chain(cause: EffectKind, *follows: EffectKind) -> Rule:
    def rule(effects: frozenset[Effect], _: Topology) -> Iterator[Effect]:
        if any(effect.kind is cause for effect in effects):
            yield from (Effect(kind) for kind in follows)

    return rule


def _no_metrics(effects: frozenset[Effect], cluster: Topology) -> Iterator[Effect]:
    """Without the API every node, HPA and VPA is blind; without a node, each of those whose pods are all there."""
    blind = _subjects(effects, EffectKind.NO_POD_METRICS)
    if Effect(EffectKind.NO_METRICS) in effects:
        yield from (Effect(EffectKind.NO_NODE_METRICS, node) for node in cluster.nodes)
        yield from (Effect(EffectKind.HPA_BLIND, hpa) for hpa in cluster.hpa_nodes)
        yield from (Effect(EffectKind.VPA_BLIND, vpa) for vpa in cluster.vpa_nodes)
    yield from (Effect(EffectKind.HPA_BLIND, hpa) for hpa, on in cluster.hpa_nodes.items() if on and on <= blind)
    yield from (Effect(EffectKind.VPA_BLIND, vpa) for vpa, on in cluster.vpa_nodes.items() if on and on <= blind)


def _waiting(effects: frozenset[Effect], _: Topology) -> Iterator[Effect]:
    """An HPA that waits for its pods computes nothing meanwhile."""
    yield from (Effect(EffectKind.HPA_BLIND, hpa) for hpa in _subjects(effects, EffectKind.HPA_WAITS))


RULES: tuple[Rule, ...] = (
    _untrusted_kubelet,
    _failed_scrape,
    _blind_node,
    _chain(EffectKind.NOTHING_STORED, EffectKind.NOT_READY),
    _chain(EffectKind.NOT_LISTENING, EffectKind.NOT_READY),
    _chain(EffectKind.NOT_READY, EffectKind.NO_ENDPOINTS),
    _chain(EffectKind.NOT_INSTALLED, EffectKind.NO_ENDPOINTS, EffectKind.API_NOT_REGISTERED),
    _chain(EffectKind.OWNED_ELSEWHERE, EffectKind.NO_ENDPOINTS),
    _chain(EffectKind.NO_ENDPOINTS, EffectKind.APISERVICE_UNAVAILABLE),
    _chain(EffectKind.CUT_OFF, EffectKind.APISERVICE_UNAVAILABLE),
    _chain(EffectKind.SERVER_NOT_TRUSTED, EffectKind.APISERVICE_UNAVAILABLE),
    _chain(EffectKind.IDENTITY_REFUSED, EffectKind.APISERVICE_UNAVAILABLE),
    _chain(EffectKind.IDENTITY_CONFUSED, EffectKind.NO_METRICS),
    _chain(EffectKind.CALLERS_NOT_JUDGED, EffectKind.NO_METRICS),
    _chain(EffectKind.APISERVICE_UNAVAILABLE, EffectKind.NO_METRICS),
    _chain(EffectKind.API_NOT_REGISTERED, EffectKind.NO_METRICS),
    _no_metrics,
    _waiting,
)


def consequences(effects: Iterable[Effect], cluster: Topology) -> frozenset[Effect]:
    """These effects and all that follows from them together. Rules only add, so this ends."""
    known = frozenset(effects)
    while True:
        more = known.union(*(rule(known, cluster) for rule in RULES))
        if more == known:
            return known
        known = more


def heals_what_follows(effects: Iterable[Effect]) -> bool:
    """Whether healing these heals causes that follow.

    Installing metrics-server brings its APIService and Service; a restart takes the place of flags that only a process
    still lacks; an APIService that is handed over names another Service.
    """
    heals = (EffectKind.NOT_INSTALLED, EffectKind.OUTDATED, EffectKind.OWNED_ELSEWHERE)
    return any(effect.kind in heals for effect in effects)


def hidden(effects: frozenset[Effect], cluster: Topology) -> dict[Hop, str]:
    """Hops that nothing can reach while these effects last, and why; what lies there is not judged by silence."""
    kinds = {effect.kind for effect in effects}
    if EffectKind.NOT_INSTALLED in kinds:
        return dict.fromkeys((Hop.C, Hop.D, Hop.E, Hop.F, Hop.G), "there is no metrics-server")
    found: dict[Hop, str] = {}
    if EffectKind.API_NOT_REGISTERED in kinds:
        found |= dict.fromkeys((Hop.C, Hop.D), "hidden by B: nothing is asked of metrics-server")
    if EffectKind.NO_ENDPOINTS in kinds:
        found |= dict.fromkeys((Hop.C, Hop.D), "hidden by B: there is no endpoint to ask")
    if EffectKind.CUT_OFF in kinds:
        found.setdefault(Hop.D, "hidden by C: nothing gets to metrics-server")
    if EffectKind.SERVER_NOT_TRUSTED in kinds:
        found.setdefault(Hop.D, "hidden by C: nothing is asked of a server that is not trusted")
    refused = _subjects(effects, EffectKind.KUBELET_NOT_TRUSTED)
    if cluster.verifies_kubelets and cluster.nodes and refused >= cluster.nodes:
        found |= dict.fromkeys((Hop.F, Hop.G), "hidden by E: no kubelet is asked anything")
    return found


def _subjects(effects: frozenset[Effect], kind: EffectKind) -> frozenset[str]:
    return frozenset(effect.subject for effect in effects if effect.kind is kind)


@dataclass(frozen=True, slots=True)
class Proof:
    """What of the pipeline was seen to work, hop by hop, in words."""

    hops: Mapping[Hop, str]


def proof(cluster: Cluster) -> Proof:
    """Hops that were seen to work just now, by what passed over them."""
    hops: dict[Hop, str] = {}
    flow, installation = cluster.flow, cluster.installation
    if not isinstance(cluster.server_version, Unseen):
        hops[Hop.A] = "the API server answers"
    if not isinstance(cluster.backend, Unseen) and cluster.backend and cluster.backend.ready:
        hops[Hop.B] = f"{len(cluster.backend.ready)} ready"
    if _reached(cluster):
        hops[Hop.C] = "metrics-server answers"
    if not isinstance(flow, Unseen) and flow.refusal is None:
        hops |= {
            Hop.A: "metrics answered",
            Hop.B: "metrics answered",
            Hop.C: "metrics answered",
        }
        # It checks nobody of system:masters, so that its answer tells nothing of how it fares with others.
        others = [hpa for hpa in those_seen(cluster.hpas) if _scaling(hpa)]
        if not cluster.context.is_master or others:
            hops[Hop.D] = "metrics answered" if not cluster.context.is_master else _computing(others)
        if flow.nodes:
            hops |= dict.fromkeys((Hop.E, Hop.F, Hop.G), f"{len(flow.nodes)} scraped")
    elif isinstance(installation, Installation) and any(pod.ready for pod in installation.pods):
        # Ready means that metrics are stored (metrics-server pkg/server/server.go), so some kubelet was scraped.
        hops |= dict.fromkeys((Hop.E, Hop.F, Hop.G), "metrics-server is ready")
    if _every_kubelet_refuses(cluster):
        hops[Hop.E] = "kubelets answer"
    if not isinstance(cluster.hpas, Unseen) and all(_scaling(hpa) for hpa in cluster.hpas):
        hops[Hop.H] = _computing(cluster.hpas) if cluster.hpas else "no HPA asks"
    return Proof(hops)


def _computing(hpas: Sequence[HPA]) -> str:
    return "1 HPA computes" if len(hpas) == 1 else f"{len(hpas)} HPAs compute"


def _scaling(hpa: HPA) -> bool:
    return any(item.type == "ScalingActive" and item.status == "True" for item in hpa.status.conditions or ())


def _every_kubelet_refuses(cluster: Cluster) -> bool:
    """Whether metrics-server is told by each that it may not: what it was told came over a connection that stands."""
    nodes = those_seen(cluster.expected_nodes)
    failed = those_seen(cluster.failed_scrapes)
    refusing = {scrape.node for scrape in failed if scrape.said.connection.hop is Hop.F}
    return bool(nodes) and all(node.metadata.name in refusing for node in nodes)


def _reached(cluster: Cluster) -> bool:
    registered = those_seen(cluster.apiservices)
    return any(
        item.available.status == "True" or "bad status from" in item.available.message
        for item in registered
        if item.spec.service
    )
