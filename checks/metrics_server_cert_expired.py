"""The certificate that metrics-server itself serves is past its notAfter, and the API server verifies it.

## What it means
The APIService has the API server verify metrics-server, whose own certificate is no longer valid. Every handshake ends
there, the APIService is unavailable, and nobody has metrics.

## What it does not mean
That a kubelet's certificate or the front proxy's has expired: those are others, on other ways. Nor that metrics-server
is down: it goes on gathering.

## What will not help
- restarting metrics-server alone: it would read the same file again.
- a new `caBundle`: validity is looked at before the issuer.
- `kubeadm certs renew all`: it renews the control plane's certificates, and not this one.
- --kubelet-insecure-tls: it concerns the next hop, between metrics-server and the kubelets.

## How it comes about
A certificate that a chart made once (`tls.type=helm`, a year), or that was made by hand and forgotten; cert-manager
that stopped renewing. metrics-server itself reads a renewed file within a minute.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o yaml` quotes `certificate has expired`, with the time that it took.

## Source
crypto/x509/verify.go, Certificate.isValid: the leaf's dates come first, and only the leaf's are said so (Go 1.26);
k8s.io/apiserver pkg/server/dynamiccertificates/dynamic_serving_content.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, Remedy, Says, Unseen, check
from msdoctor.x509 import ProblemKind

from ._served_certificate import findings, insecure, make_anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.verification import Verification


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (*make_anew(blanks), insecure(blanks))


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(Says("Expired", hop=Hop.C, likelihood=0.9),),
    advise=advise,
)
def metrics_server_cert_expired(
    verification: Verification, installation: Installation | Unseen | None, repair: Repair
) -> Iterator[Finding | Unseen]:
    yield from findings(verification, installation, {ProblemKind.EXPIRED}, advise, repair)
