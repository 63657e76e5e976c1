"""What the checks of an HPA's own target share: when such a fault is met, what it does, and how it is seen again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Confidence, Effect, EffectKind, Evidence, Finding, Remedy, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scaling import Scaled

# The controller looks every 15 s (kube-controller-manager --horizontal-pod-autoscaler-sync-period).
SHOWS_WITHIN_SECONDS = 60
NO_HPA = "no HPA asks for resource metrics"


def finding(
    one: Scaled,
    summary: str,
    evidence: Iterable[Evidence],
    remedies: Sequence[Remedy],
    *,
    said: bool,
    confidence: Confidence = Confidence.CERTAIN,
) -> Finding:
    """A finding about one HPA; ``said``: whether this is what its controller stumbles over now."""
    stopped = bool(one.complaint.reason)
    state = State.ACTIVE if said else State.NEXT if stopped else State.LATENT
    return Finding(
        summary=summary,
        subjects=(f"hpa/{one.hpa.key}",),
        evidence=tuple(evidence),
        effects=(Effect(EffectKind.HPA_BLIND, one.hpa.key),),
        state=state,
        confidence=confidence,
        since=one.complaint.last_transition_time if said else None,
        changed="the HPA stopped computing" if said else "",
        remedies=tuple(remedies),
    )


def complaint(one: Scaled) -> Evidence:
    """What the controller wrote."""
    said = one.complaint
    return Evidence(
        saw=f"{said.reason}: {said.message}",
        where=f"HPA {one.hpa.key}, condition {said.type}",
        how=f"kubectl -n {one.hpa.metadata.namespace} describe hpa {one.hpa.metadata.name}",
        at=said.last_transition_time,
    )


def asked_of(one: Scaled) -> Evidence:
    """What the HPA scales."""
    target = one.hpa.spec.scale_target_ref
    return Evidence(
        saw=f"scaleTargetRef: {target.api_version} {target.kind} {target.name}",
        where=f"spec of HPA {one.hpa.key}",
        how=f"kubectl -n {one.hpa.metadata.namespace} get hpa {one.hpa.metadata.name} -o yaml",
    )


def blanks_of(repair: Repair, one: Scaled, **more: str) -> Blanks:
    """Names for the remedies below."""
    target = one.hpa.spec.scale_target_ref
    return repair.blanks(
        namespace=one.hpa.metadata.namespace,
        hpa=one.hpa.metadata.name,
        target=f"{target.kind.lower()}/{target.name}",
        **more,
    )


def verify(blanks: Blanks) -> str:
    """``TARGETS`` shows a figure instead of ``<unknown>``."""
    return f"kubectl -n {blanks['namespace']} get hpa {blanks['hpa']}"


def repoint(blanks: Blanks, advice: str, field: str, value: str, before: str) -> Remedy:
    """Have the HPA scale something else."""
    patch = f"kubectl -n {blanks['namespace']} patch hpa {blanks['hpa']} --type merge -p"

    def to(name: str) -> str:
        return f"""{patch} '{{"spec":{{"scaleTargetRef":{{"{field}":"{name}"}}}}}}'"""

    return Remedy(
        advice=advice,
        commands=(to(value),),
        undo=(to(before),),
        verify=verify(blanks),
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )
