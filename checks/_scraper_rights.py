"""What the checks of metrics-server's rights on kubelets share: the right it needs, whom its lack blinds, the cure.

Rights are granted in the cluster, not node by node: one that is lacking is lacking everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    NotApplicable,
    Remedy,
    State,
    Unseen,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_rights import OwnRights
    from msdoctor.facts.repair import Repair

METRICS, STATS = "nodes/metrics", "nodes/stats"
FIRST_TO_ASK_FOR_METRICS = (
    0,
    6,
)  # until then /stats/summary, and nodes/stats (metrics-server manifests/base/rbac.yaml)

# A kubelet remembers a refusal for 30 s (cacheUnauthorizedTTL); then two scrapes, and an endpoint that was gone.
SHOWS_WITHIN_SECONDS = 120


def needed(installation: Installation) -> tuple[str, str]:
    """The right that this metrics-server needs, and the one that other releases of it need."""
    version = installation.version
    return (STATS, METRICS) if version is not None and version < FIRST_TO_ASK_FOR_METRICS else (METRICS, STATS)


def not_even_listed(own: OwnRights | Unseen | None) -> NotApplicable | None:
    """Whoever may not list nodes asks no kubelet; the role that is lacking then, or its binding, is lacking whole."""
    if own is None or isinstance(own, Unseen) or not own.denied(own.for_lists[0]):
        return None
    return NotApplicable("it may not even list nodes and pods: its whole role is lacking (rbac-clusterrole-missing)")


def blinded(everyone: Sequence[Asked]) -> tuple[tuple[Asked, ...], State]:
    """The kubelets that refuse a metrics-server without rights, and whether that shows now.

    Not one that allows everybody everything, nor one that does not know metrics-server at all. While metrics still flow
    (a kubelet remembers for 5 minutes that it was allowed) it is latent.
    """
    asking = tuple(one for one in everyone if isinstance(one.admission, Unseen) or _asks_about_it(one))
    blind = tuple(one for one in asking if not one.works)
    shown = tuple(one for one in blind if not one.hidden)
    if shown:
        return shown, State.ACTIVE
    return (blind, State.NEXT) if blind else (asking, State.LATENT)


def _asks_about_it(one: Asked) -> bool:
    rules = one.admission
    return not isinstance(rules, Unseen) and rules.asks and rules.tokens.on


def finding(
    summary: str,
    right: str,
    who: Installation,
    whom: Sequence[Asked],
    state: State,
    role: str,
    repair: Repair,
    confidence: Confidence = Confidence.CERTAIN,
    more: tuple[Evidence, ...] = (),
) -> Finding:
    """The one finding of a right that is lacking on all kubelets alike. ``more`` is seen besides."""
    account = who.deployment.spec.template.spec.service_account_name
    reviewed = Evidence(
        saw=f"ServiceAccount {who.namespace}/{account} may not get {right}",
        where="SubjectAccessReview",
        how=can_i(who, right),
    )
    said = tuple(evidence for one in whom if one.code == "403" for evidence in one.said)
    return Finding(
        summary=summary,
        subjects=(f"clusterrole/{role}" if role else f"serviceaccount/{who.namespace}/{account}",),
        evidence=(*((reviewed,) if confidence is Confidence.CERTAIN else ()), *more, *said[:2]),
        effects=tuple(Effect(EffectKind.SCRAPE_FAILS, one.name) for one in whom),
        confidence=confidence,
        state=state,
        remedies=grant(repair.blanks(right=right, **({"role": role} if role else {}))),
    )


def can_i(who: Installation, right: str) -> str:
    """The command that asks the same again."""
    account = who.deployment.spec.template.spec.service_account_name
    resource, _, subresource = right.partition("/")
    return (
        f"kubectl auth can-i get {resource} --subresource={subresource}"
        f" --as=system:serviceaccount:{who.namespace}:{account}"
    )


def grant(blanks: Blanks) -> tuple[Remedy, ...]:
    """Give the role what metrics-server's own manifest gives it. The role's name is upstream's where none is known."""
    role, right = blanks.get("role", "system:metrics-server"), blanks.get("right", METRICS)
    rule = f'{{"apiGroups":[""],"resources":["{right}"],"verbs":["get"]}}'
    patch = f'[{{"op":"add","path":"/rules/-","value":{rule}}}]'
    return (
        Remedy(
            advice=f"Give metrics-server's role the right to get {right}, as its release's own manifest does.",
            commands=(f"kubectl patch clusterrole {role} --type json -p '{patch}'",),
            verify="kubectl top nodes",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )
