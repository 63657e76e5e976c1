"""A kubelet's serving certificate is not valid yet: the clocks of two machines disagree.

## What it means
The certificate that this kubelet serves begins in the future, as seen by metrics-server, so it ends the handshake,
and this node and its pods have no metrics. Either the clock of whoever made the certificate ran ahead, or the clock
of the machine where metrics-server runs is behind.

## What it does not mean
That the certificate has expired, although the message begins with "has expired or is not yet valid": its end says "is
before". Nor that it has to be made anew: once the clocks agree, it becomes valid by itself at its notBefore.

## What will not help
- --kubelet-insecure-tls: metrics-server then accepts any certificate, and its samples are still dated by clocks that
  disagree.
- restarting metrics-server or the kubelet: neither changes a clock or a certificate.
- making a new certificate on the same machine while its clock is wrong: the new one begins ahead too.

## How it comes about
No time synchronisation (chrony, systemd-timesyncd) on one machine; a virtual machine that was paused; a local time
written as UTC; a certificate dated for later on purpose.

## How to make sure
`date -u` on the node, on the control plane, and on the node where metrics-server runs, against the certificate's
`openssl x509 -noout -startdate`. Two clocks that agree outvote the third; if all agree, the certificate was dated
ahead.

## Source
crypto/x509/verify.go, Certificate.isValid and CertificateInvalidError.Error (Go 1.26).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Finding,
    Hop,
    Remedy,
    Says,
    State,
    Unseen,
    check,
)
from msdoctor.x509 import ProblemKind

from ._kubelet_certificate import SHOWS_WITHIN_SECONDS, reissue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from msdoctor.facts.kubelets import Kubelet, KubeletProblem
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice=(
                "First compare the clocks, here and on every node: set right the one that stands apart. That alone"
                " heals where a clock was behind. What follows is for a certificate that was dated ahead."
            ),
            commands=("date -u",),
            on=f"control-plane/{blanks['control_plane']}",
            verify=f"kubectl top node {blanks['node']}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        *reissue(blanks),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        Says("OlderSample", likelihood=0.5),
        Says("NotYetValid"),
        Says("TokenEarly", likelihood=0.9),
        Says("ClocksDiffer", likelihood=0.7),
        Says("NotYetValid", hop=Hop.E),
    ),
    advise=advise,
)
def clock_skew(
    kubelets: tuple[Kubelet, ...],
    failed_scrapes: tuple[FailedScrape, ...] | Unseen,
    taken_at: datetime,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    said = {} if isinstance(failed_scrapes, Unseen) else {scrape.node: scrape for scrape in failed_scrapes}
    for kubelet in kubelets:
        problem = next((item for item in kubelet.problems if item.kind is ProblemKind.NOT_YET_VALID), None)
        if kubelet.sound_on_disk:
            continue
        if problem:
            yield _finding(kubelet, problem, said.get(kubelet.name), taken_at, repair)
        elif kubelet.served is None:
            yield Unseen(kubelet.unseen, kubelet.subject)


def _finding(
    kubelet: Kubelet, problem: KubeletProblem, said: FailedScrape | None, taken_at: datetime, repair: Repair
) -> Finding:
    """Certain where two clocks agree that the certificate is ahead: that of this look, and metrics-server's."""
    agreed = said is not None and type(said.error).__name__ == "NotYetValid"
    told = (said.evidence,) if agreed and said and problem.certain else ()
    return Finding(
        summary=_summary(kubelet, taken_at, agreed=agreed),
        subjects=(kubelet.subject,),
        evidence=(*problem.evidence, *told),
        effects=(Effect(EffectKind.KUBELET_NOT_TRUSTED, kubelet.name),),
        confidence=Confidence.CERTAIN if problem.certain and agreed else Confidence.LIKELY,
        state=State.ACTIVE if problem.first else State.NEXT,
        remedies=advise(repair.blanks(kubelet.name, dialled=kubelet.dialled)),
    )


def _summary(kubelet: Kubelet, taken_at: datetime, *, agreed: bool) -> str:
    held = kubelet.served or (kubelet.presumed.leaf if kubelet.presumed else None)
    if held is None:
        return (
            f"To metrics-server the certificate of {kubelet.name} is not valid yet: its clock is behind, or whoever"
            " made the certificate had one that ran ahead. `date -u` on these machines tells which."
        )
    begins = f"{held.not_before:%Y-%m-%d %H:%M:%S}Z, {_length(held.not_before - taken_at)} from now"
    whose = "by the clock of this look and by metrics-server's" if agreed else "by the clock of this look"
    return (
        f"The certificate of {kubelet.name}'s kubelet is valid only from {begins} {whose}: whoever made it had a clock"
        " that ran ahead, or dated it for later. `date -u` on these machines tells which."
    )


def _length(time: timedelta) -> str:
    minutes = max(1, int(time.total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"
