"""The aggregator's client certificate, or the CA that issued it, has expired.

## What it means
The certificate that the API server shows metrics-server is past its notAfter, or every front-proxy CA is. Every
forwarded request is refused with 401, the APIService is unavailable and nobody has metrics.

## What it does not mean
That the certificates of the API server's own clients have expired: those are others, and `kubectl` works.

## What will not help
- --kubelet-insecure-tls, caBundle or insecureSkipTLSVerify: they concern the certificates that others show.
- restarting metrics-server or the API server: both read the same file again.
- more RBAC: nobody is refused rights.

## How it comes about
A certificate made by hand for a year and forgotten; on kubeadm's clusters, a year without an upgrade.

## How to make sure
`openssl x509 -noout -enddate -in` the file of `--proxy-client-cert-file`, and of `--requestheader-client-ca-file`.

## Source
k8s.io/apiserver pkg/authentication/request/x509/x509.go (0.33.2, Verifier.AuthenticateRequest); kubernetes 1.36.3
pkg/controlplane/controller/clusterauthenticationtrust (filterExpiredCerts: a CA that has expired is not published).
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
    Says,
    State,
    Unseen,
    check,
)
from msdoctor.x509 import ProblemKind

from . import _front_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.front_proxy import FrontProxy
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance

_HEARD = (
    "The certificate that the API server shows metrics-server has expired, or its CA, unless the clock of"
    " metrics-server's node is wrong: the line names the time by which it judged."
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return _front_proxy.reissue(blanks)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("HTTPStatus", hop=Hop.D, where={"code": "401"}, likelihood=0.3),
        # The API server itself says the same of any client whose certificate has expired.
        Says("Expired", hop=Hop.D, likelihood=0.75),
        Says("ListedCertificate", where={"of": "front-proxy", "state": "expired"}),
    ),
    advise=advise,
)
def front_proxy_cert_expired(
    front_proxies: tuple[FrontProxy, ...] | Unseen,
    authentication: AuthenticationConfig | Unseen | None,
    aggregators: tuple[Aggregator, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    taken_at: datetime,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    if isinstance(front_proxies, Unseen):
        remedies = advise(_front_proxy.blanks_unseen(repair, authentication))
        yield _front_proxy.heard("Expired", _HEARD, remedies, aggregator, log, flow, repair) or front_proxies
        return
    for front in front_proxies:
        if front.proxy.leaf.not_after < taken_at:
            yield _finding(front, authentication, aggregators, flow, repair)
        elif front.proxy.own_ca and all(ca.not_after < taken_at for ca in front.proxy.own_ca) and not front.published:
            yield _expired_ca(front, repair)


def _finding(
    front: FrontProxy,
    config: AuthenticationConfig | Unseen | None,
    aggregators: tuple[Aggregator, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Finding:
    proxy, leaf = front.proxy, front.proxy.leaf
    effects, state = _front_proxy.what_follows(front.taken, aggregators, flow)
    problem = front.problem(ProblemKind.EXPIRED)
    return Finding(
        summary=(
            f"The certificate that the API server of {proxy.api_server.host} shows metrics-server, of {leaf.subject},"
            f" ended on {leaf.not_after:{_front_proxy.TIME}}Z."
            f"{_front_proxy.one_of(front.taken, aggregators)}"
        ),
        subjects=(proxy.api_server.subject,),
        evidence=(
            _front_proxy.shown(
                proxy,
                f"subject {leaf.subject}, issuer {leaf.issuer}, valid {leaf.not_before:{_front_proxy.TIME}}Z to"
                f" {leaf.not_after:{_front_proxy.TIME}}Z",
            ),
        ),
        effects=effects,
        state=_front_proxy.state_of(front, problem, state) if problem else State.NEXT,
        since=leaf.not_after,
        changed="the certificate expired",
        remedies=advise(_front_proxy.blanks_of(repair, proxy, config)),
    )


def _expired_ca(front: FrontProxy, repair: Repair) -> Finding:
    """Of an expired CA nothing is published, so that metrics-server knows no front proxy at all."""
    proxy = front.proxy
    path = proxy.api_server.flags.text("requestheader-client-ca-file")
    ended = max(ca.not_after for ca in proxy.own_ca)
    return Finding(
        summary=(
            f"The front-proxy CA of the API server of {proxy.api_server.host} ended on {ended:{_front_proxy.TIME}}Z, so"
            " that it is published no longer, and metrics-server knows no front proxy."
        ),
        subjects=(proxy.api_server.subject,),
        evidence=(
            _front_proxy.in_file(proxy.api_server, path, f"CA {proxy.own_ca[0].subject}, valid to {ended:%Y-%m-%d}"),
        ),
        effects=(Effect(EffectKind.IDENTITY_REFUSED),),
        since=ended,
        changed="the front-proxy CA expired",
        remedies=_front_proxy.renew_ca(_front_proxy.blanks_of(repair, proxy, None)),
    )
