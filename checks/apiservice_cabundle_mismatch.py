"""The CAs in the APIService's caBundle do not verify the certificate that metrics-server serves.

## What it means
The APIService has the API server verify metrics-server, by the CAs in `spec.caBundle`, or by those of its own host
where there are none. The certificate served comes from another one, so the API server ends every handshake, and nobody
has metrics.

## What it does not mean
That metrics-server refuses the aggregator: `remote error: tls: bad certificate` in metrics-server's log is the API
server's refusal. Nor that a kubelet's certificate is at fault: that is the next hop.

## What will not help
- `--requestheader-client-ca-file` and other flags of the front proxy: they say whom metrics-server believes.
- --kubelet-certificate-authority or --kubelet-insecure-tls: they concern the kubelets.
- restarting the API server: it reads the APIService anew at each look.

## How it comes about
A certificate renewed from a new CA, and the caBundle left as it was (a chart without cert-manager's injector, or
GitOps that puts the old one back); `insecureSkipTLSVerify` taken away while metrics-server signs for itself; a caBundle
that was encoded twice, or is no PEM.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o jsonpath='{.spec.caBundle}' | base64 -d` is the certificate of the CA
that is trusted; `msdoctor run --port-forward` reads off the wire who has issued what is served.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3), BuildTransportConfig; client-go
transport/transport.go, rootCertPool; a caBundle that it cannot read leaves the condition as it was (the same, sync).
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
    Says,
    Unseen,
    check,
)
from msdoctor.x509 import ProblemKind

from ._served_certificate import (
    blanks_of,
    finding,
    insecure,
    make_anew,
    named,
    said,
    trust,
    unseen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.verification import ServingFault, Verification

# All that Go finds once dates and names are right.
OF_THE_CHAIN = frozenset(ProblemKind) - {
    ProblemKind.EXPIRED,
    ProblemKind.NOT_YET_VALID,
    ProblemKind.NAME_MISMATCH,
    ProblemKind.NO_NAMES,
    ProblemKind.NO_IP_SANS,
    ProblemKind.LEGACY_COMMON_NAME,
}


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    if blanks.get("by_cluster_ca") == "yes":
        first = trust(
            blanks,
            "Trust the cluster's CA, which has issued what is served.",
            "kubectl -n kube-system get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}'"
            " | base64 | tr -d '\\n'",
        )
    elif blanks.get("mounted", "yes") == "yes":
        first = trust(
            blanks,
            "Trust the CA that lies in the Secret beside the certificate, as cert-manager and the chart keep it there.",
            f"kubectl -n {blanks['namespace']} get secret {blanks['secret']} -o jsonpath='{{.data.ca\\.crt}}'",
        )
    else:
        return (*make_anew(blanks), insecure(blanks))
    return (first, *make_anew(blanks, way=2), insecure(blanks, way=3))


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        Says("NoResponse", likelihood=0.15),
        Says("HandshakeFailed", hop=Hop.C, where={"kind": "refused"}, likelihood=0.7),
        Says("UnknownAuthority", hop=Hop.C, likelihood=0.9),
        Says("IncompatibleUsage", hop=Hop.C, likelihood=0.9),
    ),
    advise=advise,
)
def apiservice_cabundle_mismatch(
    verification: Verification, installation: Installation | Unseen | None, repair: Repair
) -> Iterator[Finding | Unseen]:
    one = None if isinstance(installation, Unseen) else installation
    remedies = advise(repair.blanks(**blanks_of(one, verification)))
    if verification.unreadable:
        yield _unreadable(verification, remedies)
        return
    found = [fault for fault in verification.faults if fault.kind in OF_THE_CHAIN]
    for fault in found:
        # What heals a fault that comes before this one is a certificate made anew, and trusted.
        steps = remedies if fault.first else ()
        yield finding(fault, _summary(fault, verification), f"apiservice/{verification.apiservice}", steps)
    if not found and verification.roots is None and not verification.passed:
        yield Unseen("it has no caBundle: which CAs the API server's host trusts is not seen")
    elif not found:
        yield from unseen(verification)


def _summary(fault: ServingFault, verification: Verification) -> str:
    if verification.roots is None:
        trusted = "has no caBundle, so the API server trusts what its host trusts"
    else:
        trusted = f"trusts {' and '.join(str(root.subject) for root in verification.roots[:3])}"
    return (
        f"APIService {verification.apiservice} {trusted}, and metrics-server serves {named(fault)}: {said(fault.text)}."
    )


def _unreadable(verification: Verification, remedies: tuple[Remedy, ...]) -> Finding:
    name = verification.apiservice
    return Finding(
        summary=(
            f"The caBundle of APIService {name} holds no certificate, so the API server does not even begin to ask"
            " metrics-server."
        ),
        subjects=(f"apiservice/{name}",),
        evidence=(
            Evidence(
                saw=f"spec.caBundle: {verification.unreadable}",
                where=f"APIService {name}",
                how=f"kubectl get apiservice {name} -o jsonpath='{{.spec.caBundle}}'",
            ),
        ),
        effects=(Effect(EffectKind.SERVER_NOT_TRUSTED),),
        remedies=remedies,
    )
