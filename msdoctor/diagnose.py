"""Findings reduced to roots: what is the matter, what it explains, what comes next, and what stays unknown."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from msdoctor import pipeline
from msdoctor.alternatives import Alternatives, alternatives
from msdoctor.bundle import Context, Refusal
from msdoctor.dataclass import dataclass
from msdoctor.facts.cluster import Cluster
from msdoctor.facts.flow import Flow, scrapes_late
from msdoctor.facts.gaps import Gap
from msdoctor.facts.installation import Installation
from msdoctor.facts.readers import Reader
from msdoctor.judge import Outcome, Result
from msdoctor.model import Check, Class, Confidence, Effect, EffectKind, Finding, Hop, State, Unseen, those_seen
from msdoctor.pipeline import Proof, Topology
from msdoctor.requirements import Requirement, requirements


class Verdict(StrEnum):
    """The whole in one word."""

    HEALTHY = "healthy"
    AT_RISK = "at-risk"
    DEGRADED = "degraded"
    BROKEN = "broken"
    INCOMPLETE = "incomplete"


class HopState(StrEnum):
    """What is known of one hop."""

    OK = "ok"
    AT_RISK = "at-risk"
    DEGRADED = "degraded"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Explained:
    """A symptom that a cause accounts for."""

    id: str
    subjects: tuple[str, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A root: a cause or a risk that nothing else explains."""

    check: Check
    finding: Finding
    explains: tuple[Explained, ...] = ()
    severity: Class | None = None  # what it counts as by the user's settings, or before a roll-out

    @property
    def id(self) -> str:
        """Its check's id."""
        return self.check.id

    @property
    def fingerprint(self) -> str:
        """The same for the same disease of the same thing, at any time."""
        return fingerprint(self.id, self.finding.subjects)

    @property
    def breaks(self) -> bool:
        """Whether something fails by it now."""
        return self.check.cls is Class.CAUSE and self.finding.state is State.ACTIVE

    def fails(self, fail_on: Class) -> bool:
        """Whether it counts in the exit code, as what it is or as what the user has said."""
        if self.severity is not None:
            return self.severity is Class.CAUSE or fail_on is Class.RISK
        return self.breaks or (fail_on is Class.RISK and bool(self.finding.effects))


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A symptom without a known cause, and what to look at next. ``passes``: it is over by itself, as a rule."""

    id: str
    subjects: tuple[str, ...]
    summary: str
    look: tuple[str, ...]
    passes: bool = False


class SetAside(StrEnum):
    """By what something found is neither told among the causes nor counted in the exit code."""

    SUPPRESSION = "suppression"
    SEVERITY = "severity"
    IGNORED = "ignore"
    NOT_SELECTED = "select"
    BASELINE = "baseline"
    INLINE = "inline"  # a comment in the file that it was found in


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A cause, or a symptom without one, that the user has decided to live with; it still is what it is.

    ``until``: the last moment at which it does not count. ``where``: the file that says so, with
    its line if it has one; empty where the command line does. ``cause`` is None for a symptom.
    """

    id: str
    subjects: tuple[str, ...]
    summary: str
    by: SetAside
    reason: str
    until: datetime | None = None
    where: str = ""
    cause: Cause | None = None

    @property
    def fingerprint(self) -> str:
        """As a cause has it."""
        return fingerprint(self.id, self.subjects)


class RemarkKind(StrEnum):
    """What there is to say about the user's own settings."""

    EXPIRED = "expired"  # a suppression whose last day is past; it suppresses nothing
    UNUSED = "unused"  # a suppression that fits nothing that was found
    UNSEEN = "unseen"  # one, or a line of a baseline, of which this look cannot tell whether it still holds
    FIXED = "fixed"  # in the baseline, and no longer there
    BAD = "bad"  # a comment in a file that cannot be used
    SEVERITY = "severity"  # something that counts as the user has said


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be said about the user's own settings, and which line of theirs it concerns."""

    kind: RemarkKind
    text: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class HopReport:
    """One hop's state, and in a few words why."""

    hop: Hop
    state: HopState
    note: str = ""


@dataclass(frozen=True, slots=True)
class BlindHPA:
    """An HPA without metrics: its key, what it scales (such as ``deployment/busy``) and how many there are."""

    key: str
    target: str = ""
    replicas: int = 0


@dataclass(frozen=True, slots=True)
class AwaitedNode:
    """A node that has just joined, and when at the latest its first metrics are due."""

    name: str
    until: datetime


@dataclass(frozen=True, slots=True)
class GoneNode:
    """A node of which nothing is expected any more, and what is said of its machine."""

    name: str
    word: str


@dataclass(frozen=True, slots=True)
class FlowReport:
    """How much of the cluster gives metrics now. None where it could not be counted.

    A node that is awaited is not blind. One whose machine is gone is not counted at all.
    """

    nodes_seen: int | None
    nodes_of: int | None
    pods_seen: int | None
    pods_of: int | None
    newest_sample_age_seconds: int | None
    asked_as: str
    conclusive: bool
    blind_nodes: tuple[str, ...] = ()
    blind_hpas: tuple[BlindHPA, ...] = ()
    hpas_of: int | None = None
    awaited_nodes: tuple[AwaitedNode, ...] = ()
    gone_nodes: tuple[GoneNode, ...] = ()
    podless_nodes: tuple[str, ...] = ()  # with figures of their own and of none of their pods
    nodes: tuple[str, ...] = ()  # all that metrics are expected of, as far as they may be listed


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What became of one check. ``seen`` and ``of`` count items where it judges one by one."""

    id: str
    outcome: Result
    reason: str = ""
    seen: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A file of a repository, or a part of one that begins at a line, and what it was taken for."""

    file: str
    line: int
    what: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that a report tells. ``elsewhere``: what is the matter with other pipelines, and changes nothing of this.

    ``proven``: fresh metrics were seen end to end, whatever else is wrong. ``suppressed`` and ``remarks`` come from the
    user's settings and are empty until ``config.policy`` has applied them. ``sources`` are what was judged where it
    was no cluster but a repository, and None of a cluster.
    """

    taken_at: datetime
    context: Context
    server_version: str
    verdict: Verdict
    flow: FlowReport
    causes: tuple[Cause, ...]
    alternatives: tuple[Alternatives, ...]
    elsewhere: tuple[Cause, ...]
    unexplained: tuple[Unexplained, ...]
    contradictions: tuple[str, ...]
    hops: tuple[HopReport, ...]
    requirements: tuple[Requirement, ...]
    checks: tuple[CheckReport, ...]
    gaps: tuple[Gap, ...]
    sources: tuple[Source, ...] | None = None
    proven: bool = False
    suppressed: tuple[Suppressed, ...] = ()
    remarks: tuple[Remark, ...] = ()
    readers: tuple[Reader, ...] = ()

    @property
    def refused_users(self) -> tuple[str, ...]:
        """Those who may not read metrics, where that is all that breaks anything; else nobody."""
        effects = [effect for cause in self.causes if cause.breaks for effect in cause.finding.effects]
        one = all(effect.kind is EffectKind.USER_REFUSED and effect.subject for effect in effects)
        return tuple(dict.fromkeys(effect.subject for effect in effects)) if one else ()


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
    flow = _flow(cluster, total, topology)
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
            requirements([(item.check, item.finding) for item in found], cluster, _fresh(cluster), proof)
        ),
        checks=tuple(_report(outcome, hidden) for outcome in outcomes),
        gaps=cluster.gaps,
        proven=proven,
        readers=cluster.readers,
    )


def fingerprint(check_id: str, subjects: Sequence[str]) -> str:
    """The same for the same disease of the same thing, at any time."""
    return hashlib.sha256("\0".join((check_id, *subjects)).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def exit_code(
    diagnosis: Diagnosis, *, fail_on: Class = Class.CAUSE, exit_zero: bool = False, strict: bool = False
) -> int:
    """0 nothing at or above ``fail_on`` and metrics seen to flow; 1 a cause; 3 undecided. The same in every format.

    What is suppressed does not count: where it is known to be why no metrics flow, that is no open question either.
    """
    failing = [cause for cause in diagnosis.causes if cause.fails(fail_on)]
    if any(cause.finding.confidence is not Confidence.POSSIBLE for cause in failing):
        return 0 if exit_zero else 1
    crashed = any(check.outcome is Result.ERROR for check in diagnosis.checks)
    unseen = diagnosis.gaps or any(check.outcome is Result.UNSEEN for check in diagnosis.checks)
    open_ = any(not item.passes for item in diagnosis.unexplained)
    if failing or crashed or open_ or not accounted_for(diagnosis) or (strict and unseen):
        return 3
    return 0


def accounted_for(diagnosis: Diagnosis) -> bool:
    """Whether metrics flow, or do not for a reason that is known."""
    known = diagnosis.verdict in (Verdict.BROKEN, Verdict.DEGRADED)
    return known or diagnosis.proven or diagnosis.verdict in (Verdict.HEALTHY, Verdict.AT_RISK)


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


def _flow(cluster: Cluster, total: frozenset[Effect], topology: Topology) -> FlowReport:
    flow = cluster.flow
    # A caller who may not ask has seen nothing, neither samples nor that there are none.
    counted = isinstance(flow, Flow) and not (_refuses_caller(flow.refusal) and cluster.may_read_metrics is not True)
    pods_counted = counted and isinstance(flow, Flow) and not _refuses_caller(flow.pods_refusal)
    resolution, fresh = _resolution(cluster), _fresh(cluster)
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
        podless_nodes=_podless(cluster, fresh, resolution) if pods_counted else (),
        nodes=tuple(sorted(topology.nodes)),
    )


def _resolution(cluster: Cluster) -> int:
    return cluster.installation.resolution_seconds if isinstance(cluster.installation, Installation) else 60


def _fresh(cluster: Cluster) -> frozenset[str]:
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
        if until and node.metadata.name not in kept and not _complains(cluster, node.metadata.name):
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
    of_users = (EffectKind.USER_REFUSED, EffectKind.HPA_BLIND)
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
        if newer and flow.fresh(node, cluster.taken_at, resolution) and not _complains(cluster, node):
            return (
                f"{item.check.id} says that node {node} gives no metrics, and its newest sample is"
                f" from {sample:%H:%M:%S}Z: metrics-server may trust another CA than was"
                " looked at, or dial another address, or the fault may be younger than the sample"
            )
    return ""


def _complains(cluster: Cluster, node: str) -> bool:
    """Whether metrics-server has failed to scrape the node since its newest sample."""
    failed = those_seen(cluster.failed_scrapes)
    return any(scrape.node == node for scrape in failed)


def _report(outcome: Outcome, hidden: dict[Hop, str]) -> CheckReport:
    """A disease that lies beyond what is hidden, and shows only where it is reached, did not pass."""
    if outcome.result is Result.UNSEEN and outcome.check.hop in hidden:
        return CheckReport(outcome.check.id, Result.NOT_EVALUATED, hidden[outcome.check.hop])
    return CheckReport(outcome.check.id, outcome.result, outcome.reason, outcome.seen, outcome.of)
