"""A kubelet's serving certificate may not be used by a server.

## What it means
The certificate that this kubelet serves lists what it may be used for (extended key usage), and being a server
(serverAuth) is not among it, or an authority above it may not issue for servers. metrics-server ends the handshake,
so this node and its pods have no metrics. Go looks at this last: names, dates and issuer are right.

## What it does not mean
That the kubelet's certificate for the API server is wrong: that one needs clientAuth, and is another file. Nor that
the "key usage" of openssl's first line is meant: Go compares the extended one.

## What will not help
- --kubelet-insecure-tls: it does not mend the certificate but stops looking at it; metrics-server then sends its
  token to whoever answers at that address.
- adding names or authorities: they were accepted already.
- restarting the kubelet: it serves the same file again.

## How it comes about
The kubelet's client certificate was put where the serving one belongs (`tlsCertFile`), or a signing profile for
clients (cfssl, Vault, an openssl extension file) was used for it.

## How to make sure
`openssl s_client -connect ADDRESS:10250 </dev/null | openssl x509 -noout -ext extendedKeyUsage` lacks "TLS Web Server
Authentication".

## Source
crypto/x509/verify.go, Certificate.Verify and checkChainForKeyUsage (Go 1.26); client-go leaves
VerifyOptions.KeyUsages at its default, serverAuth.
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
    says=(Says("IncompatibleUsage", hop=Hop.E),),
    advise=reissue,
)
def kubelet_cert_key_usage(kubelets: tuple[Kubelet, ...], repair: Repair) -> Iterator[Finding | Unseen]:
    yield from findings(kubelets, {ProblemKind.KEY_USAGE}, reissue, repair)
