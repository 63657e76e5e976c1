"""Findings reduced to roots: what is the matter, what it explains, what comes next, and what stays unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from msdoctor import pipeline
from msdoctor.alternatives import alternatives
from msdoctor.counting import complains, flow_report, fresh_nodes
from msdoctor.diagnosis import (
    Cause,
    CheckReport,
    Diagnosis,
    Explained,
    FlowReport,
    HopReport,
    HopState,
    Unexplained,
    Verdict,
)
from msdoctor.facts.cluster import Cluster
from msdoctor.facts.flow import Flow
from msdoctor.facts.installation import Installation
from msdoctor.judge import Outcome, Result
from msdoctor.model import Check, Class, Confidence, Effect, EffectKind, Finding, Hop, State, Unseen
from msdoctor.pipeline import Proof, Topology
from msdoctor.requirements import requirements


@dataclass(frozen=True, slots=True)
class _Found:
    check: Check
    finding: Finding


def diagnose(cluster: Cluster, outcomes: Sequence[Outcome]) -> Diagnosis:
    """Reduce what the checks found to its roots. Pure."""
    topology = pipeline.topology(cluster)
    contradictions: list[str] = []
    found = [_Found(o.check, _with_state(finding, topology)) for o in outcomes for finding in o.findings]
    for position, item in enumerate(found):
        contradiction = _contradiction(item, cluster, topology)
        if contradiction:
            contradictions.append(contradiction)
            found[position] = _Found(item.check, replace(item.finding, state=State.LATENT))
    found = [item for item in found if not _is_moot(item, found, topology)]
    causes = [item for item in found if item.check.cls in (Class.CAUSE, Class.RISK)]
    symptoms = [item for item in found if item.check.cls in (Class.SYMPTOM, Class.BENIGN)]
    roots = _roots(causes, topology)
    hurting = [item for item in roots if item.finding.state is State.ACTIVE and item.check.cls is Class.CAUSE]
    following = [*(item for item in causes if item not in roots), *symptoms]
    explained = {id(item): _explained(item, hurting, following, topology) for item in hurting}
    unexplained = _unexplained(hurting, symptoms, topology)
    pressing = [item for item in unexplained if not item.passes]
    total = pipeline.consequences(_effects((*hurting, *symptoms)), topology)
    flow = flow_report(cluster, total, topology)
    ordered = sorted(roots, key=_urgency)
    proof = pipeline.proof(cluster)
    hops = tuple(_hops(found, hurting, explained, topology, proof))
    hidden = pipeline.hidden(total, topology)
    proven = _proven(flow, for_all=Hop.D in proof.hops)
    return Diagnosis(
        taken_at=cluster.taken_at,
        context=cluster.context,
        server_version="" if isinstance(cluster.server_version, Unseen) else cluster.server_version,
        verdict=_verdict(roots, pressing, flow, total, proven=proven),
        flow=flow,
        causes=tuple(Cause(item.check, item.finding, explained.get(id(item), ())) for item in ordered),
        alternatives=alternatives([(item.check, item.finding) for item in ordered], outcomes, hidden),
        elsewhere=tuple(Cause(item.check, item.finding) for item in found if item.check.cls is Class.ELSEWHERE),
        unexplained=unexplained,
        contradictions=tuple(contradictions),
        hops=hops,
        requirements=tuple(
            requirements([(item.check, item.finding) for item in found], cluster, fresh_nodes(cluster), proof)
        ),
        checks=tuple(_report(outcome, hidden) for outcome in outcomes),
        gaps=cluster.gaps,
        proven=proven,
        readers=cluster.readers,
    )


def _with_state(finding: Finding, topology: Topology) -> Finding:
    """A kubelet's certificate that nobody looks at is latent: true, and nothing fails by it."""
    kinds = {effect.kind for effect in finding.effects}
    if kinds == {EffectKind.KUBELET_NOT_TRUSTED} and not topology.verifies_kubelets:
        return replace(finding, state=State.LATENT)
    return finding


def _is_moot(item: _Found, found: Sequence[_Found], topology: Topology) -> bool:
    """Whether it was only one answer of several to a question that something better than possible answers."""
    if item.finding.doubt is None or item.finding.confidence is not Confidence.POSSIBLE:
        return False
    effects = frozenset(item.finding.effects)
    follows = pipeline.consequences(effects, topology) - effects
    return any(
        follows <= pipeline.consequences(other.finding.effects, topology)
        for other in found
        if other.check.cls is Class.CAUSE
        and other.finding.state is State.ACTIVE
        and other.finding.confidence is not Confidence.POSSIBLE
    )


def _passes(item: _Found) -> bool:
    """Whether it is a consumer that waits, while nothing is the matter with metrics."""
    return item.check.cls is Class.BENIGN and item.check.hop is Hop.H


def _effects(found: Iterable[_Found]) -> frozenset[Effect]:
    return frozenset(effect for item in found for effect in item.finding.effects)


def _roots(causes: Sequence[_Found], topology: Topology) -> list[_Found]:
    """Those that are no consequence of another: their every effect follows from none of the others.

    Of symptoms that is all. A cause goes away with another one only where healing that one heals both; a Service that
    selects nothing stays a cause beside kubelets whose refusal would leave it without endpoints too. What is merely
    possible takes nothing away from what is known, and a risk is nobody's consequence.
    """
    reach = {id(item): pipeline.consequences(item.finding.effects, topology) for item in causes}

    def follows(item: _Found, other: _Found) -> bool:
        effects = frozenset(item.finding.effects)
        if not effects or item is other or item.check.cls is Class.RISK:
            return False
        if other.finding.confidence is Confidence.POSSIBLE and item.finding.confidence is not Confidence.POSSIBLE:
            return False
        if item.check.cls is Class.CAUSE and not pipeline.heals_what_follows(other.finding.effects):
            return False
        mutual = frozenset(other.finding.effects) <= reach[id(item)]
        return effects <= reach[id(other)] and not mutual

    active = [item for item in causes if item.finding.state is State.ACTIVE]
    return [
        item
        for item in causes
        if item.finding.state is not State.ACTIVE or not any(follows(item, other) for other in active)
    ]


def _explained(
    item: _Found, causes: Sequence[_Found], symptoms: Sequence[_Found], topology: Topology
) -> tuple[Explained, ...]:
    """The symptoms that this cause brings about alone, or that it and causes elsewhere bring about together.

    Causes that overlap with it, such as another one at the same node, are left out of that: where each of two would
    do, both explain.
    """
    reach = {id(cause): pipeline.consequences(cause.finding.effects, topology) for cause in causes}
    alone = reach[id(item)]
    elsewhere = _effects(cause for cause in causes if not reach[id(cause)] & alone)
    without = pipeline.consequences(elsewhere, topology)
    together = pipeline.consequences(elsewhere | frozenset(item.finding.effects), topology)

    def accounts_for(symptom: _Found) -> bool:
        effects = frozenset(symptom.finding.effects)
        return bool(effects) and (effects <= alone or (effects <= together and not effects <= without))

    return tuple(
        Explained(symptom.check.id, symptom.finding.subjects, symptom.finding.summary)
        for symptom in symptoms
        if accounts_for(symptom)
    )


def _unexplained(causes: Sequence[_Found], symptoms: Sequence[_Found], topology: Topology) -> tuple[Unexplained, ...]:
    """Symptoms that no cause accounts for; of those, the ones that no other such symptom accounts for."""
    known = pipeline.consequences(_effects(causes), topology)
    left = [item for item in symptoms if item.finding.effects and not frozenset(item.finding.effects) <= known]
    return tuple(
        Unexplained(
            item.check.id,
            item.finding.subjects,
            item.finding.summary,
            tuple(dict.fromkeys(evidence.how for evidence in item.finding.evidence)),
            _passes(item),
        )
        for item in _roots(left, topology)
    )


def _urgency(item: _Found) -> tuple[bool, bool, int, str, str]:
    """Breaking ones first, then in the order of repair, from the consumer to the kubelets; mere notes last."""
    state = (State.ACTIVE, State.NEXT, State.LATENT).index(item.finding.state)
    return (not item.finding.effects, item.check.cls is not Class.CAUSE, state, item.check.hop, item.check.id)


def _verdict(
    roots: Sequence[_Found],
    unexplained: Sequence[Unexplained],
    flow: FlowReport,
    total: frozenset[Effect],
    *,
    proven: bool,
) -> Verdict:
    active = [item for item in roots if item.check.cls is Class.CAUSE and item.finding.state is State.ACTIVE]
    if any(item.finding.confidence is not Confidence.POSSIBLE for item in active):
        nothing = not flow.nodes_seen and Effect(EffectKind.NO_METRICS) in total
        return Verdict.BROKEN if nothing else Verdict.DEGRADED
    if active or unexplained or not proven:
        return Verdict.INCOMPLETE
    worrying = any(item.finding.effects for item in roots)
    return Verdict.AT_RISK if worrying else Verdict.HEALTHY


def _proven(flow: FlowReport, *, for_all: bool) -> bool:
    """``for_all``: metrics-server was seen to answer somebody whom it has checked."""
    # Nodes' metrics alone prove nothing to an HPA, which lives on those of pods.
    uncounted = None in (flow.pods_seen, flow.pods_of)
    missing = flow.blind_nodes or flow.podless_nodes
    return bool(flow.nodes_seen) and not missing and not uncounted and for_all


def _hops(
    found: Sequence[_Found],
    roots: Sequence[_Found],
    explained: Mapping[int, tuple[Explained, ...]],
    topology: Topology,
    proof: Proof,
) -> Iterator[HopReport]:
    known = pipeline.consequences(_effects(roots), topology)
    symptoms = [item for item in found if item.check.cls is Class.SYMPTOM]
    hidden = pipeline.hidden(pipeline.consequences(_effects((*roots, *symptoms)), topology), topology)
    for hop in pipeline.NAMES:
        here = [item for item in found if item.check.hop is hop and item.finding.effects]
        causes = [item for item in here if item.check.cls is Class.CAUSE and item.finding.state is State.ACTIVE]
        left = [i for i in here if i.check.cls is Class.SYMPTOM and not frozenset(i.finding.effects) <= known]
        waits = pipeline.consequences(_effects(filter(_passes, here)), topology)
        if left and all(frozenset(item.finding.effects) <= waits for item in left) and not causes:
            yield HopReport(hop, HopState.DEGRADED, "waits for pods to be ready")
            continue
        follows = [item for item in here if item.check.cls is Class.SYMPTOM and item not in left]
        if causes or left:
            yield _broken(hop, causes or left, topology)
        elif hop in hidden:
            yield HopReport(hop, HopState.UNKNOWN, hidden[hop])
        elif follows and (hop is Hop.H or hop not in proof.hops):
            ids = {item.check.id for item in follows}
            behind = {root.check.hop for root in roots if any(e.id in ids for e in explained[id(root)])}
            yield _broken(hop, follows, topology, "follows from " + ", ".join(sorted(behind)))
        elif any(item.finding.state is State.LATENT or item.check.cls is Class.RISK for item in here):
            yield HopReport(hop, HopState.AT_RISK, "works, unsafely")
        elif hop in proof.hops:
            yield HopReport(hop, HopState.OK, proof.hops[hop])
        else:
            yield HopReport(hop, HopState.UNKNOWN, "not seen")


def _broken(hop: Hop, found: Sequence[_Found], topology: Topology, note: str = "") -> HopReport:
    """Degraded where all that is wrong concerns some nodes, users or requests, and not the others."""
    effects = [effect for item in found for effect in item.finding.effects]
    nodes = {effect.subject for effect in effects if effect.subject in topology.nodes}
    counted = f"{len(nodes)} of {len(topology.nodes)} nodes" if nodes else ""
    users = [effect.subject for effect in effects if effect.kind is EffectKind.USER_REFUSED and effect.subject]
    of_users = (EffectKind.USER_REFUSED, EffectKind.HPA_BLIND, EffectKind.VPA_BLIND)
    if users and all(effect.kind in of_users for effect in effects):
        return HopReport(hop, HopState.DEGRADED, note or f"for {', '.join(users)}")
    if all(effect.kind is EffectKind.COMES_AND_GOES for effect in effects):
        return HopReport(hop, HopState.DEGRADED, note or "fails at times")
    partial = bool(nodes) and nodes < topology.nodes and all(effect.subject in nodes for effect in effects)
    return HopReport(hop, HopState.DEGRADED if partial else HopState.BROKEN, note or counted)


# With any of these no question about metrics is answered.
_SILENCING = frozenset(
    {
        EffectKind.NOT_LISTENING,
        EffectKind.NOT_READY,
        EffectKind.NOT_INSTALLED,
        EffectKind.NO_ENDPOINTS,
        EffectKind.API_NOT_REGISTERED,
        EffectKind.OWNED_ELSEWHERE,
        EffectKind.CUT_OFF,
        EffectKind.SERVER_NOT_TRUSTED,
        EffectKind.IDENTITY_REFUSED,
        EffectKind.IDENTITY_CONFUSED,
        EffectKind.APISERVICE_UNAVAILABLE,
        EffectKind.NO_METRICS,
        EffectKind.USER_REFUSED,
    }
)


def _contradiction(item: _Found, cluster: Cluster, topology: Topology) -> str:
    """How a cause is belied by metrics that flow all the same; what it says is then true at most of another day."""
    flow, finding = cluster.flow, item.finding
    if not isinstance(flow, Flow) or flow.refusal is not None or item.check.cls is not Class.CAUSE:
        return ""
    if finding.state is not State.ACTIVE:
        return ""
    if any(effect.kind is EffectKind.CALLERS_NOT_JUDGED for effect in finding.effects):
        return ""  # whoever is of system:masters, known to be or not, is served all the same
    refuses_one = any(effect.kind is EffectKind.USER_REFUSED and effect.subject for effect in finding.effects)
    if flow.nodes and not refuses_one and any(effect.kind in _SILENCING for effect in finding.effects):
        return (
            f"{item.check.id} would keep everybody from metrics, and the metrics API answers all the same: what is"
            " wrong is perhaps not in use yet, or no longer"
        )
    resolution = cluster.installation.resolution_seconds if isinstance(cluster.installation, Installation) else 60
    reach = pipeline.consequences(finding.effects, topology)
    nodes = sorted(effect.subject for effect in reach if effect.kind is EffectKind.NO_NODE_METRICS)
    for node in nodes:
        sample = flow.nodes.get(node)
        newer = sample is not None and (finding.since is None or finding.since < sample)
        if newer and flow.fresh(node, cluster.taken_at, resolution) and not complains(cluster, node):
            return (
                f"{item.check.id} says that node {node} gives no metrics, and its newest sample is"
                f" from {sample:%H:%M:%S}Z: metrics-server may trust another CA than was"
                " looked at, or dial another address, or the fault may be younger than the sample"
            )
    return ""


def _report(outcome: Outcome, hidden: dict[Hop, str]) -> CheckReport:
    """A disease that lies beyond what is hidden, and shows only where it is reached, did not pass."""
    if outcome.result is Result.UNSEEN and outcome.check.hop in hidden:
        return CheckReport(outcome.check.id, Result.NOT_EVALUATED, hidden[outcome.check.hop])
    return CheckReport(outcome.check.id, outcome.result, outcome.reason, outcome.seen, outcome.of)
