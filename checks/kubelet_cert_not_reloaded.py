"""A kubelet serves an older certificate than the one that lies in its file.

## What it means
The file that the kubelet's configuration names was renewed, and what it serves on the wire is still the certificate
that it read before. Where the old one is refused already, this node and its pods have no metrics although the file is
right; else they will have none when the old one ends.

## What it does not mean
That another certificate has to be made: the new one is judged as metrics-server would judge it, and where that would
refuse it, msdoctor says so.
Within a minute after a renewal this is nothing yet: a kubelet that reloads looks at its file once a minute.

## What will not help
- issuing yet another certificate: it will not be read either.
- restarting metrics-server: it meets the same old certificate.
- --kubelet-insecure-tls: it hides that the kubelet's renewals have no effect.

## How it comes about
A kubelet before 1.31, or one with feature gate ReloadKubeletServerCertificateFile off, reads `tlsCertFile` only when
it starts. A kubelet that reloads keeps the old pair as long as the new certificate and the new key do not belong
together. A self-signed `kubelet.crt` that was replaced is read at the next start as well.

## How to make sure
`openssl s_client -connect ADDRESS:10250 </dev/null | openssl x509 -noout -fingerprint -enddate`, and the same of the
file on the node.

## Source
kubernetes pkg/kubelet/kubelet.go NewMainKubelet and pkg/features/kube_features.go (1.36.3: beta, on, and may be
switched off); pkg/kubelet/certificate/kubelet.go NewKubeletServerCertificateDynamicFileManager.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
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
from msdoctor.x509 import ProblemKind

from ._distribution import restart
from ._kubelet_certificate import SHOWS_WITHIN_SECONDS, insecure, reissue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.kubelets import Held, Kubelet
    from msdoctor.facts.repair import Repair
    from msdoctor.x509 import Certificate


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node, cert, key = blanks["node"], blanks["kubelet_cert"], blanks["kubelet_key"]
    served = f"openssl s_client -connect {blanks['dialled']} </dev/null 2>/dev/null"
    return (
        Remedy(
            advice=(
                f"Restart {node}'s kubelet, which then reads the file (pods keep running); but only if the key beside"
                " it belongs to the certificate, or it would not start again."
            ),
            commands=(
                (
                    f'[ "$(openssl x509 -noout -pubkey -in {cert})" = "$(openssl pkey -pubout -in {key})" ]'
                    f" && {restart(blanks)}"
                ),
            ),
            on=f"node/{node}",
            verify=f"{served} | openssl x509 -noout -enddate",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        replace(insecure(blanks), way=2),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        Says("Expired", hop=Hop.E, likelihood=0.5),
        # pkg/kubelet/certificate/kubelet.go, from 1.31: it goes on with the pair that it has
        Says("KeyMismatch", where={"outer": "invalid certificate and key pair from file"}),
    ),
    advise=advise,
)
def kubelet_cert_not_reloaded(kubelets: tuple[Kubelet, ...], repair: Repair) -> Iterator[Finding | Unseen]:
    for kubelet in kubelets:
        served, renewed = kubelet.served, kubelet.renewed
        if served and renewed and kubelet.sound_on_disk:
            yield _finding(kubelet, served, renewed, repair)
        elif served and renewed and not kubelet.problems and kubelet.wrong_on_disk:
            yield _wrong_renewal(kubelet, served, renewed, repair)
        elif served is None or kubelet.on_disk is None:
            yield Unseen(
                kubelet.unseen or f"the file that {kubelet.name}'s kubelet serves was not read", kubelet.subject
            )


def _finding(kubelet: Kubelet, served: Certificate, renewed: Held, repair: Repair) -> Finding:
    problem = next((item for item in kubelet.problems if item.first), None)
    wrong = f" metrics-server refuses the old one: {problem.text.removeprefix('x509: ')}." if problem else ""
    later = "" if problem else f" Metrics last until the old one ends, on {served.not_after:%Y-%m-%d %H:%M}Z."
    path = renewed.where.partition(":")[2]
    files = {"kubelet_cert": path, "kubelet_key": path} if kubelet.mode == "bootstrap" else {}
    expired = problem is not None and problem.kind is ProblemKind.EXPIRED
    remedies = advise(repair.blanks(kubelet.name, dialled=kubelet.dialled, **files))
    return Finding(
        summary=(
            f"{renewed.where} holds a certificate made later than the one that {kubelet.name}'s kubelet serves at"
            f" {kubelet.dialled}.{wrong}{later}"
        ),
        subjects=(kubelet.subject,),
        evidence=(
            Evidence(_words("served", served), kubelet.dialled, kubelet.how, at=served.not_before),
            renewed.evidence(_words("in the file", renewed.leaf)),
        ),
        effects=(Effect(EffectKind.KUBELET_NOT_TRUSTED, kubelet.name),),
        state=State.ACTIVE if problem else State.LATENT,
        since=served.not_after if expired else None,
        changed="the certificate that it serves expired" if expired else "",
        remedies=remedies if problem else remedies[:1],
    )


def _wrong_renewal(kubelet: Kubelet, served: Certificate, renewed: Held, repair: Repair) -> Finding:
    """What is served does, and what lies ready to be served at the next start does not."""
    faults = "; ".join(text.removeprefix("x509: ") for text in kubelet.wrong_on_disk)
    return Finding(
        summary=(
            f"{renewed.where} holds a certificate made later than the one that {kubelet.name}'s kubelet serves, and"
            f" metrics-server would refuse it: {faults}. Once the kubelet reads it, at its next start at the latest,"
            " the node has no metrics."
        ),
        subjects=(kubelet.subject,),
        evidence=(
            Evidence(_words("served", served), kubelet.dialled, kubelet.how, at=served.not_before),
            renewed.evidence(_words("in the file", renewed.leaf)),
        ),
        effects=(Effect(EffectKind.KUBELET_NOT_TRUSTED, kubelet.name),),
        state=State.LATENT,
        remedies=tuple(
            remedy
            for remedy in reissue(repair.blanks(kubelet.name, dialled=kubelet.dialled))
            if Risk.WEAKENS_SECURITY not in remedy.risks
        ),
    )


def _words(where: str, leaf: Certificate) -> str:
    return (
        f"{where}: serial {leaf.serial:x}, valid {leaf.not_before:%Y-%m-%d %H:%M}Z to {leaf.not_after:%Y-%m-%d %H:%M}Z"
    )
