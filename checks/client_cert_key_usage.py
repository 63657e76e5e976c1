"""The aggregator's certificate may not be used by a client.

## What it means
The certificate that the API server shows metrics-server lists extended key usages, and clientAuth is not among them.
metrics-server asks for it, refuses what is forwarded with 401, and nobody has metrics.

## What it does not mean
That its name, its dates or its issuer are wrong: those were found right, or were not looked at yet. Its SANs do not
count here at all: of a client only the CN does.

## What will not help
- --kubelet-insecure-tls, caBundle or insecureSkipTLSVerify: they concern the certificates that others show.
- serverAuth besides: it is the client's usage that is asked for.
- more RBAC: nobody is refused rights.

## How it comes about
cfssl's profile `server` instead of `client` or `kubernetes`; a serving certificate used again as the proxy's; an
intermediate CA that is restricted to serverAuth.

## How to make sure
`openssl x509 -noout -ext extendedKeyUsage -in` the file of `--proxy-client-cert-file`.

## Source
k8s.io/apiserver pkg/authentication/request/x509/verify_options.go (0.33.2, DefaultVerifyOptions: clientAuth);
crypto/x509 verify.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Finding, Hop, Remedy, Says, Unseen, check
from msdoctor.x509 import ProblemKind

from . import _front_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.front_proxy import FrontProxy
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance

_HEARD = "The certificate that the API server shows metrics-server may not be used by a client."


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return _front_proxy.reissue(blanks)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("HTTPStatus", hop=Hop.D, where={"code": "401"}, likelihood=0.25),
        Says("IncompatibleUsage", hop=Hop.D, likelihood=0.9),
    ),
    advise=advise,
)
def client_cert_key_usage(
    front_proxies: tuple[FrontProxy, ...] | Unseen,
    authentication: AuthenticationConfig | Unseen | None,
    aggregators: tuple[Aggregator, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    if isinstance(front_proxies, Unseen):
        remedies = advise(_front_proxy.blanks_unseen(repair, authentication))
        yield _front_proxy.heard("IncompatibleUsage", _HEARD, remedies, aggregator, log, flow, repair) or front_proxies
        return
    for front in front_proxies:
        proxy, problem = front.proxy, front.problem(ProblemKind.KEY_USAGE)
        if problem is None:
            continue
        effects, state = _front_proxy.what_follows(front.taken, aggregators, flow)
        usages = ", ".join(proxy.leaf.extended_key_usages) or "not restricted, but an issuer's are"
        yield Finding(
            summary=(
                f"The certificate that the API server of {proxy.api_server.host} shows metrics-server may not be used"
                f" by a client: its extended key usage is {usages}."
                f"{_front_proxy.one_of(front.taken, aggregators)}"
            ),
            subjects=(proxy.api_server.subject,),
            evidence=(_front_proxy.shown(proxy, f"subject {proxy.leaf.subject}, extended key usage {usages}"),),
            effects=effects,
            confidence=_front_proxy.confidence_of(front),
            state=_front_proxy.state_of(front, problem, state),
            since=proxy.leaf.not_before,
            changed="the certificate became valid",
            remedies=advise(_front_proxy.blanks_of(repair, proxy, authentication)),
        )
