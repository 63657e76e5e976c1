"""What the checks of kubelets' requests for serving certificates share."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import Confidence, Effect, EffectKind, Evidence, Finding, Remedy, State, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from msdoctor.facts.csrs import ServingRequest
    from msdoctor.facts.kubelets import Kubelet

# A kubelet waits 15 minutes for an answer, then asks anew within a minute (client-go util/certificate,
# certificateWaitTimeout and the back-off after it). An older request that nothing followed is nobody's any more.
ASKS_AGAIN_WITHIN = timedelta(minutes=20)
DECIDED_JUST_NOW = timedelta(seconds=30)


def unseen(kubelets: Sequence[Kubelet], why: Unseen) -> Iterator[Unseen]:
    """Where requests may not be read: a kubelet that serves a certificate lacks none; others may."""
    for kubelet in kubelets:
        if kubelet.alert:
            reason = "it ends handshakes as a kubelet without a certificate does; `kubectl get csr` would tell why"
            yield Unseen(f"{reason}, {why.reason}", kubelet.subject)
        elif kubelet.served is None and kubelet.mode in (None, "bootstrap"):
            yield Unseen(why.reason, kubelet.subject)


def asks(kubelet: Kubelet, requests: Sequence[ServingRequest]) -> ServingRequest | None:
    """The last request that the kubelet made, unless it is known to take its certificate from elsewhere."""
    if kubelet.mode not in (None, "bootstrap"):
        return None
    return next((one for one in reversed(requests) if one.node == kubelet.name), None)


def still_asks(kubelet: Kubelet, newest: ServingRequest, now: datetime) -> bool:
    """Whether the request is one that the kubelet still cares for."""
    return kubelet.alert is not None or newest.created is None or newest.created > now - ASKS_AGAIN_WITHIN


def finding(
    kubelet: Kubelet,
    newest: ServingRequest,
    requests: Sequence[ServingRequest],
    fate: str,
    remedies: tuple[Remedy, ...],
) -> Finding:
    """What became of the newest request, and whether the kubelet lacks a certificate by it today."""
    asked = f"{newest.requestor} asked for a serving certificate" + (
        f" at {newest.created:%H:%M:%S}Z" if newest.created else ""
    )
    saw = f"{asked}: {newest.fate}" + (f" ({newest.decision})" if newest.decision else "")
    return Finding(
        summary=(
            f"Request {newest.name} of {kubelet.name}'s kubelet {fate}.{_today(kubelet)}{_others(kubelet, requests)}"
        ),
        subjects=(kubelet.subject,),
        evidence=(
            *((kubelet.alert,) if kubelet.alert else ()),
            Evidence(saw, newest.where, newest.how, at=newest.created),
            *(_not_its_own(one, kubelet) for one in _foreign(kubelet, requests)),
        ),
        effects=(Effect(EffectKind.SCRAPE_FAILS, kubelet.name),),
        confidence=Confidence.CERTAIN if kubelet.alert or kubelet.served else Confidence.LIKELY,
        state=State.ACTIVE if kubelet.alert else State.LATENT,
        since=newest.created if kubelet.alert else None,
        changed="its kubelet asked for a certificate" if kubelet.alert and newest.created else "",
        remedies=remedies,
    )


def _today(kubelet: Kubelet) -> str:
    if kubelet.alert:
        return (
            " Until then it has none to serve: no metrics of the node and its pods, no `kubectl logs` or `exec` there."
        )
    if kubelet.served:
        return f" Until then it serves the one that ends on {kubelet.served.not_after:%Y-%m-%d %H:%M}Z."
    return " What it serves meanwhile was not seen."


def _others(kubelet: Kubelet, requests: Sequence[ServingRequest]) -> str:
    names = [one.name for one in _foreign(kubelet, requests)]
    return f" Do not approve {', '.join(names)}: not made by this node, and asking for its names." if names else ""


def _not_its_own(one: ServingRequest, kubelet: Kubelet) -> Evidence:
    names = ", ".join(one.wish.names) if one.wish else ""
    return Evidence(f"{one.requestor} asks to be {kubelet.name} ({names})", one.where, one.how, at=one.created)


def _foreign(kubelet: Kubelet, requests: Sequence[ServingRequest]) -> tuple[ServingRequest, ...]:
    from msdoctor.facts.csrs import foreign  # noqa: PLC0415  as all facts

    return foreign(requests, kubelet.node)
