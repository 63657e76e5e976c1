"""A kubelet's serving certificate expires soon, and nothing has renewed it.

## What it means
Metrics flow today. When the certificate ends, metrics-server ends its handshakes with this kubelet, and this node and
its pods have no metrics. A kubelet that asks the cluster for its certificate renews it when 70 to 90 % of its life
are over; one in its last tenth has missed that, and one from a file is renewed by nobody but you.

## What it does not mean
That the node's certificate for the API server ends as well: that is another one, and the kubelet renews it by itself.

## What will not help
- `kubeadm certs renew all`: it renews the control plane's certificates, and none that a kubelet serves.
- restarting the kubelet alone: a self-signed certificate is never renewed while its file exists, and one from
  `tlsCertFile` is renewed by nobody but you.
- waiting for rotation without looking at `kubectl get csr`: a renewal needs an approval like the first request.

## How it comes about
A certificate made by hand and forgotten; a self-signed one, valid for a year; a renewal that nobody approves.

## How to make sure
`openssl s_client -connect ADDRESS:10250 </dev/null | openssl x509 -noout -enddate`.

## Source
The window is the last tenth of a certificate's life, and 30 days at most: client-go
util/certificate/certificate_manager.go (0.36.3, nextRotationDeadline and jitteryDuration) renews between 70 and 90 %,
and of a year's certificate 30 days leave a missed renewal a week to be made up for before anybody is warned.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Remedy,
    Risk,
    Says,
    State,
    Unseen,
    check,
)

from ._kubelet_certificate import reissue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.kubelets import Kubelet
    from msdoctor.facts.repair import Repair
    from msdoctor.x509 import Certificate

WINDOW = timedelta(days=30)
SHARE = 10


def renew(blanks: Blanks) -> tuple[Remedy, ...]:
    """There is time for a certificate: nothing fails that verification would have to be switched off for."""
    return tuple(remedy for remedy in reissue(blanks) if Risk.WEAKENS_SECURITY not in remedy.risks)


@check(
    hop=Hop.E,
    cls=Class.RISK,
    says=(Says("ListedCertificate", where={"of": "kubelet", "state": "expiring"}),),
    advise=renew,
)
def kubelet_cert_expiring(
    kubelets: tuple[Kubelet, ...], taken_at: datetime, expiring_within: timedelta | None, repair: Repair
) -> Iterator[Finding | Unseen]:
    for kubelet in kubelets:
        held = kubelet.presumed
        leaf = kubelet.served or (held.leaf if held else None)
        if leaf is None or (kubelet.served is None and kubelet.alert):
            yield Unseen(kubelet.unseen, kubelet.subject)
        elif ends_soon(leaf, taken_at, expiring_within) and not kubelet.sound_on_disk:
            yield _finding(kubelet, leaf, taken_at, repair)
        elif kubelet.served is None:
            yield Unseen(kubelet.unseen, kubelet.subject)


def ends_soon(leaf: Certificate, now: datetime, within: timedelta | None) -> bool:
    """Whether it ends within the time that was asked for, else in the last tenth of its life and within the window."""
    left = leaf.not_after - now
    window = within or min(WINDOW, (leaf.not_after - leaf.not_before) / SHARE)
    return timedelta(0) <= left < window


def _finding(kubelet: Kubelet, leaf: Certificate, taken_at: datetime, repair: Repair) -> Finding:
    left = leaf.not_after - taken_at
    ends = f"{leaf.not_after:%Y-%m-%d %H:%M}Z"
    saw = f"certificate of {leaf.subject}, issued by {leaf.issuer}, valid until {ends}"
    held = kubelet.presumed
    evidence = held.evidence(saw) if held and kubelet.served is None else Evidence(saw, kubelet.dialled, kubelet.how)
    hours = int(left.total_seconds() // 3600)
    return Finding(
        summary=(
            f"The certificate of {kubelet.name}'s kubelet ends on {ends}, in {hours // 24} d {hours % 24} h; from then"
            " on the node and its pods have no metrics."
        ),
        subjects=(kubelet.subject,),
        evidence=(evidence,),
        effects=(Effect(EffectKind.UNSAFE, kubelet.name),),
        confidence=Confidence.CERTAIN if kubelet.served else Confidence.LIKELY,
        state=State.LATENT,
        remedies=renew(repair.blanks(kubelet.name, dialled=kubelet.dialled)),
    )
