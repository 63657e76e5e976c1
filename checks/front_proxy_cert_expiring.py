"""The aggregator's client certificate expires soon, and nothing has renewed it.

## What it means
Metrics flow today. When the certificate ends, metrics-server refuses with 401 whatever the API server forwards, and
nobody has metrics any more; every other API that is served through the aggregator goes with it.

## What it does not mean
That the API server itself stops: its serving certificate and its clients' are others.

## What will not help
- restarting the API server: it reads the same file again. It renews this certificate never by itself.
- waiting: only kubeadm renews it, and only in an upgrade or when told.

## How it comes about
A certificate made by hand for a year; a kubeadm cluster that has not been upgraded for nearly a year.

## How to make sure
`openssl x509 -noout -enddate -in` the file of `--proxy-client-cert-file`.

## Source
The window is the last tenth of a certificate's life, and 30 days at most, as for the kubelets' (see
`msdoctor checks kubelet-cert-expiring`); kubeadm renews on upgrades and shows the rest of their lives in
`kubeadm certs check-expiration` (kubernetes 1.36.3 cmd/kubeadm/app/phases/certs/renewal).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Effect, EffectKind, Evidence, Finding, Hop, Remedy, Says, State, Unseen, check

from . import _front_proxy
from .kubelet_cert_expiring import ends_soon

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from msdoctor.facts.authentication import AuthenticationConfig
    from msdoctor.facts.front_proxy import FrontProxy
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair
    from msdoctor.x509 import Certificate


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return _front_proxy.reissue(blanks)


@check(
    hop=Hop.D,
    cls=Class.RISK,
    says=(Says("ListedCertificate", where={"of": "front-proxy", "state": "expiring"}),),
    advise=advise,
)
def front_proxy_cert_expiring(
    front_proxies: tuple[FrontProxy, ...],
    authentication: AuthenticationConfig | Unseen | None,
    taken_at: datetime,
    expiring_within: timedelta | None,
    repair: Repair,
) -> Iterator[Finding]:
    for front in front_proxies:
        proxy, leaf = front.proxy, front.proxy.leaf
        issuers = [ca for ca in proxy.own_ca if ca.raw_subject == leaf.raw_issuer]
        blanks = _front_proxy.blanks_of(repair, proxy, authentication)
        server = proxy.api_server
        if ends_soon(leaf, taken_at, expiring_within):
            saw = f"subject {leaf.subject}, issuer {leaf.issuer}, valid until {_end(leaf)}"
            yield _finding(server, "certificate", leaf, taken_at, _front_proxy.shown(proxy, saw), advise(blanks))
        elif issuers and all(ends_soon(ca, taken_at, expiring_within) for ca in issuers):
            path = server.flags.text("requestheader-client-ca-file")
            seen = _front_proxy.in_file(server, path, f"CA {issuers[0].subject}, valid until {_end(issuers[0])}")
            yield _finding(server, "CA of the certificate", issuers[0], taken_at, seen, _front_proxy.renew_ca(blanks))


def _finding(
    server: Component,
    what: str,
    ending: Certificate,
    now: datetime,
    evidence: Evidence,
    remedies: tuple[Remedy, ...],
) -> Finding:
    hours = int((ending.not_after - now).total_seconds() // 3600)
    return Finding(
        summary=(
            f"The {what} that the API server of {server.host} shows metrics-server ends on {_end(ending)}, in"
            f" {hours // 24} d {hours % 24} h; from then on nobody has metrics."
        ),
        subjects=(server.subject,),
        evidence=(evidence,),
        effects=(Effect(EffectKind.UNSAFE),),
        state=State.LATENT,
        remedies=remedies,
    )


def _end(certificate: Certificate) -> str:
    return f"{certificate.not_after:{_front_proxy.TIME}}Z"
