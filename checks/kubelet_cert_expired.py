"""A kubelet's serving certificate is past its notAfter.

## What it means
The certificate that this kubelet serves is no longer valid, so metrics-server ends the handshake, and this node and
its pods have no metrics. Validity is the first thing that Go looks at: names and issuer may be wrong as well.

## What it does not mean
That the node is down or not ready: the kubelet talks to the API server with another certificate. Nor that a clock is
wrong, unless the "current time" in the message is.

## What will not help
- --kubelet-insecure-tls: metrics-server then takes expired certificates too, along with anybody else's.
- `kubeadm certs renew all`: it renews the control plane's certificates, and none that a kubelet serves.
- restarting the kubelet alone: a self-signed certificate is never renewed while its file exists, and one from
  `tlsCertFile` is renewed by nobody but you.

## How it comes about
A self-signed kubelet certificate is valid for one year. One made by hand ends when it was made to end.

## How to make sure
`openssl s_client -connect ADDRESS:10250 </dev/null | openssl x509 -noout -enddate`, and compare `date` on the node
where metrics-server runs.

## Source
crypto/x509/verify.go, Certificate.isValid and CertificateInvalidError.Error (Go 1.26).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Finding, Hop, Says, Unseen, check
from msdoctor.x509 import ProblemKind

from ._kubelet_certificate import findings, reissue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.kubelets import Kubelet
    from msdoctor.facts.repair import Repair


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        Says("Expired", hop=Hop.E),
        Says("ListedCertificate", where={"of": "kubelet", "state": "expired"}),
    ),
    advise=reissue,
)
def kubelet_cert_expired(kubelets: tuple[Kubelet, ...], repair: Repair) -> Iterator[Finding | Unseen]:
    yield from findings(kubelets, {ProblemKind.EXPIRED}, reissue, repair)
