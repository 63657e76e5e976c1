"""metrics-server runs with --kubelet-insecure-tls and verifies no kubelet.

## What it means
metrics-server accepts whatever certificate it meets at a node's address, and sends its token there. Metrics flow, and
faults of the kubelets' certificates are hidden until the flag is taken away.

## What it does not mean
That the certificates are right. What is wrong with them is listed as latent.

## What will not help
- leaving it for later: an expired or stolen certificate will not be noticed either.
- moving metrics-server to the host network: the peer is still not authenticated.

## How it comes about
It is the first answer that every search engine gives to an x509 error of metrics-server.

## How to make sure
`kubectl -n kube-system get deployment metrics-server -o yaml | grep insecure`.

## Source
metrics-server cmd/metrics-server/app/options/kubelet_client.go.
"""

from __future__ import annotations

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
    Unseen,
    check,
)

from ._distribution import keeper, own_verification

INSECURE = ("kubelet-insecure-tls", "deprecated-kubelet-completely-insecure")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.kubelets import Kubelet
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    own = own_verification(blanks)
    return (
        *own,
        Remedy(
            advice=(
                "Mend the kubelets' certificates (those at fault are listed as latent), then take the flag away."
                f"{keeper(blanks)}"
            ),
            commands=(f'kubectl patch {target} --type json -p \'[{{"op":"remove","path":"{blanks["position"]}"}}]\'',),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo {target}",),
            verify="kubectl top nodes",
            shows_within_seconds=90,
            way=len(own) + 1,
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.RISK,
    advise=advise,
)
def kubelet_insecure_tls(
    installation: Installation, kubelets: tuple[Kubelet, ...] | Unseen, repair: Repair
) -> Iterator[Finding]:
    if installation.verifies_kubelets:
        return
    wrong = [] if isinstance(kubelets, Unseen) else [kubelet.name for kubelet in kubelets if kubelet.problems]
    hides = f" It hides the certificates of {', '.join(wrong)}." if wrong else ""
    yield Finding(
        summary=f"metrics-server sends its token to whoever answers at a node's address.{hides}",
        subjects=(installation.subject,),
        evidence=(
            Evidence(
                saw=" ".join(f"--{name}" for name in INSECURE if installation.flags.on(name)),
                where=f"{installation.subject}, args",
                how=f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml",
            ),
        ),
        effects=(Effect(EffectKind.UNSAFE),),
        remedies=advise(repair.blanks(position=installation.pointer("insecure"))),
    )
