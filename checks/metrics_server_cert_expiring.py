"""The certificate that metrics-server itself serves expires soon, and the API server verifies it.

## What it means
Metrics flow today. When the certificate ends the API server ends every handshake with metrics-server, and nobody has
metrics. Whoever made it has not renewed it although the last tenth of its life has begun.

## What it does not mean
That a kubelet's certificate or the front proxy's ends: those are others. Where the APIService is not verified
(`insecureSkipTLSVerify`, upstream's default) this date matters to nobody.

## What will not help
- restarting metrics-server: it reads a renewed file by itself, and an old one stays as it is.
- `kubeadm certs renew all`: it renews the control plane's certificates, and not this one.
- switching verification off: there is time for a certificate.

## How it comes about
A certificate that a chart made once, or that was made by hand and forgotten; cert-manager that stopped renewing, which
it does with a third of the life left.

## How to make sure
`kubectl -n kube-system port-forward deployment/metrics-server 4443:10250`, and beside it
`openssl s_client -connect 127.0.0.1:4443 </dev/null | openssl x509 -noout -enddate`.

## Source
The window is that of kubelet-cert-expiring: the last tenth of a certificate's life, 30 days at most. k8s.io/apiserver
pkg/server/dynamiccertificates/dynamic_serving_content.go (a renewed file is read within a minute, 0.36.3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Effect,
    EffectKind,
    Finding,
    Hop,
    Remedy,
    State,
    Unseen,
    check,
)

from ._served_certificate import blanks_of, make_anew, subject
from .kubelet_cert_expiring import ends_soon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.verification import Served, Verification


def renew(blanks: Blanks) -> tuple[Remedy, ...]:
    """There is time for a certificate: nothing fails that verification would have to be switched off for."""
    return make_anew(blanks)


@check(hop=Hop.C, cls=Class.RISK, advise=renew)
def metrics_server_cert_expiring(
    verification: Verification,
    installation: Installation | Unseen | None,
    taken_at: datetime,
    expiring_within: timedelta | None,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    one = None if isinstance(installation, Unseen) else installation
    if verification.unseen or one is None:
        yield Unseen(verification.unseen or "no metrics-server is seen", f"apiservice/{verification.apiservice}")
        return
    first = next((served for served in verification.served if ends_soon(served.leaf, taken_at, expiring_within)), None)
    if first:
        yield _finding(first, verification, one, taken_at, repair)


def _finding(
    served: Served, verification: Verification, one: Installation, taken_at: datetime, repair: Repair
) -> Finding:
    leaf, left = served.leaf, served.leaf.not_after - taken_at
    ends = f"{leaf.not_after:%Y-%m-%d %H:%M}Z"
    hours = int(left.total_seconds() // 3600)
    saw = f"certificate of {leaf.subject}, issued by {leaf.issuer}, valid until {ends}"
    return Finding(
        summary=(
            f"The certificate that metrics-server serves ends on {ends}, in {hours // 24} d {hours % 24} h; the API"
            " server verifies it, so from then on nobody has metrics."
        ),
        subjects=(subject(one, verification),),
        evidence=(served.evidence(saw, one.namespace, one.secure_port),),
        effects=(Effect(EffectKind.UNSAFE),),
        state=State.LATENT,
        remedies=renew(repair.blanks(**blanks_of(one, verification))),
    )
