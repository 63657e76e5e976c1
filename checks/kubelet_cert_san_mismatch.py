"""A kubelet's serving certificate is valid for other names than the address at which it is dialled.

## What it means
metrics-server dials a kubelet at one of its node's addresses, and the certificate served there lists names and
addresses among which that one is not. It ends the handshake, so this node and its pods have no metrics; where every
node is like that, metrics-server never becomes ready and nobody has metrics.

## What it does not mean
That the certificate authority is wrong: Go compares the names before it looks at who signed, so a second fault may
still hide behind this one. msdoctor reads the certificate itself and lists everything that is wrong with it.

## What will not help
- --kubelet-insecure-tls: it does not mend the certificate but stops looking at it; metrics-server then sends its
  token to whoever answers at that address.
- adding certificate authorities: the names are compared first, and no CA changes them.
- --kubelet-preferred-address-types=Hostname: it helps only where the name is in the certificate and the cluster's DNS
  knows it, which it usually does not.
- reinstalling metrics-server: the certificate belongs to the kubelet.

## How it comes about
One certificate copied to several nodes; a node whose address changed; a certificate made for the host name only, or
for the control plane, and used by every kubelet.

## How to make sure
Read the certificate where metrics-server does: `openssl s_client -connect ADDRESS:10250 </dev/null | openssl x509
-noout -ext subjectAltName`, and compare it with `kubectl get nodes -o wide`.

## Source
crypto/x509/verify.go, Certificate.VerifyHostname and HostnameError.Error (Go 1.26); metrics-server
pkg/utils/address_resolver.go (which address is dialled).
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
        Says("HandshakeFailed", hop=Hop.E, where={"kind": "refused"}, likelihood=0.4),
        Says("NotValidFor", hop=Hop.E, likelihood=0.95),
    ),
    advise=reissue,
)
def kubelet_cert_san_mismatch(kubelets: tuple[Kubelet, ...], repair: Repair) -> Iterator[Finding | Unseen]:
    yield from findings(kubelets, {ProblemKind.NAME_MISMATCH}, reissue, repair)
