"""A kubelet's request for a serving certificate was denied, or the signer refused it.

## What it means
This kubelet has `serverTLSBootstrap: true`: it asks the cluster for its serving certificate, and whoever decides
about requests said no (Denied), or the signer would not sign (Failed). Without a certificate the kubelet ends every
handshake with "tls: internal error", so this node and its pods have no metrics, and `kubectl logs`, `exec` and
`port-forward` fail there too. It asks again after a while, and is told the same.

## What it does not mean
That something in the kubelet failed ("internal error" is all that TLS lets it say), or that a certificate is wrong:
there is none.

## What will not help
- --kubelet-insecure-tls: the kubelet ends the handshake itself; there is no certificate to overlook.
- approving the denied request: a decision stands; only the kubelet's next request can be approved.
- restarting the kubelet before whoever denies is set right: the next request is denied as well.

## How it comes about
An approver whose rules this node does not meet: a name or address outside its allowed ranges, a name that DNS does
not resolve to the address, a node name that its regular expression does not match. A person, by `kubectl certificate
deny`. Failed: the request names no DNS name and no address, or its usages are not those of a kubelet.

## How to make sure
`kubectl get csr`: condition Denied or Failed. `kubectl get csr NAME -o yaml --show-managed-fields` shows reason,
message and the program that wrote them.

## Source
client-go util/certificate/csr/csr.go WaitForCertificate ("certificate signing request is denied, reason: …") and
certificate_manager.go (0.36.3); kubernetes pkg/apis/certificates/helpers.go ValidateKubeletServingCSR (1.36.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, Look, Remedy, Says, Unseen, check

from ._distribution import restart
from ._kubelet_certificate import SHOWS_WITHIN_SECONDS, approve
from ._serving_request import asks, finding, still_asks, unseen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.csrs import ServingRequest
    from msdoctor.facts.kubelets import Kubelet
    from msdoctor.facts.repair import Repair

REFUSED = ("denied", "failed")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        Remedy(
            advice=(
                "Step 1 of 3: see what was asked for, and who said no and why. Set that right first: mend the"
                " approver's rules or the node's addresses, or stop the approver; until then every request is denied."
            ),
            commands=(
                (
                    f"kubectl get csr {blanks['csr']} -o jsonpath='{{.spec.request}}'"
                    " | base64 -d | openssl req -noout -text"
                ),
                f"kubectl get csr {blanks['csr']} -o yaml --show-managed-fields | grep -E 'reason:|message:|manager:'",
            ),
            verify=f"kubectl get csr {blanks['csr']}",
            shows_within_seconds=0,
        ),
        Remedy(
            advice="Step 2 of 3: let the kubelet ask again now (pods keep running).",
            commands=(restart(blanks),),
            on=f"node/{node}",
            verify="kubectl get csr",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        approve(
            blanks,
            f"Step 3 of 3, unless an approver that was set right has done so already: approve {node}'s newest request,"
            f" after seeing that it asks for {node}'s own names only.",
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        Says("CertificateNotSigned", where={"state": "Denied"}),
        Says("CertificateNotSigned", where={"state": "Failed"}),
        Says("CertificateNotSigned", where={"state": "Approved,Failed"}),
        Says("TLSAlert", hop=Hop.E, where={"alert": "internal error"}, likelihood=0.4),
    ),
    decide=(
        Look(
            "kubectl get csr",
            "the node's newest request of signer kubernetes.io/kubelet-serving is Denied or Failed",
            "kubelet-serving-csr-denied",
        ),
    ),
    advise=advise,
)
def kubelet_serving_csr_denied(
    kubelets: tuple[Kubelet, ...], csrs: tuple[ServingRequest, ...] | Unseen, taken_at: datetime, repair: Repair
) -> Iterator[Finding | Unseen]:
    if isinstance(csrs, Unseen):
        yield from unseen(kubelets, csrs)
        return
    for kubelet in kubelets:
        newest = asks(kubelet, csrs)
        if newest is None or newest.fate not in REFUSED or not still_asks(kubelet, newest, taken_at):
            continue
        when = f" at {newest.decided:%H:%M:%S}Z" if newest.decided else ""
        words = f"{'was denied' if newest.fate == 'denied' else 'failed'}{when}" + (
            f", by whoever wrote “{newest.decision}”" if newest.decision else ""
        )
        blanks = repair.blanks(kubelet.name, dialled=kubelet.dialled, csr=newest.name)
        yield finding(kubelet, newest, csrs, words, advise(blanks))
