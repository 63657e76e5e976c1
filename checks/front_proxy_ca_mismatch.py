"""The aggregator's certificate was not issued by a front-proxy CA that the API servers publish.

## What it means
metrics-server holds the certificate that the aggregator shows against the CAs in the ConfigMap
extension-apiserver-authentication, and none of them issued it. It answers 401, the APIService is unavailable and
nobody has metrics. If the cluster's client CA issued it, it is worse: the APIService stays Available, and
metrics-server takes everybody for the one user that the certificate names.

## What it does not mean
That a CA is missing from metrics-server's image, or that its own certificate is wrong: "certificate signed by unknown
authority" is said of the certificate that the API server shows. Nor that the user named in a 403 needs rights.

## What will not help
- --kubelet-insecure-tls, caBundle or insecureSkipTLSVerify: they concern the certificates that others show.
- adding the client CA to --requestheader-client-ca-file: any client could then impersonate anybody.
- more RBAC, least of all for the proxy's name: forwarded users would all act as the proxy.
- another --requestheader-allowed-names: the name is only looked at once the issuer is known.

## How it comes about
The front-proxy CA was made anew and the client certificate was not; one CA's file was copied over the other's; a guide
has the certificate issued by the cluster CA; one of several API servers has a certificate of its own making;
`--requestheader-client-ca-file` is given twice, and the last one, which counts, is the wrong one. Or metrics-server has
lost its watch of the ConfigMap, and still holds what was published before.

## How to make sure
`openssl verify -CAfile` the file of `--requestheader-client-ca-file` `-purpose sslclient` the file of
`--proxy-client-cert-file`. From a workstation: AKID in metrics-server's log against the key ids of the published CAs.

## Source
k8s.io/apiserver pkg/authentication/request/x509/x509.go (0.33.2, Verifier.AuthenticateRequest, and Authenticator with
the certificate's identifiers), pkg/authentication/request/union (which collects what both say).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts import paths
from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Risk,
    Says,
    Unseen,
    check,
)
from msdoctor.x509 import ProblemKind

from . import _front_proxy
from ._api_server_flags import take_away

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.asked_for import AskedFor
    from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.front_proxy import FrontProxy
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance
    from msdoctor.x509 import Problem

CA_FLAG = "--requestheader-client-ca-file"
# Other ids speak of these.
ANOTHERS = (ProblemKind.EXPIRED, ProblemKind.NOT_YET_VALID, ProblemKind.KEY_USAGE)
LOOK = Look(
    paths.AUTHENTICATION_HOW,
    "requestheader-client-ca-file is there, and none of its CAs has the key id that follows AKID",
    "front-proxy-ca-mismatch",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    if "not_loaded" in blanks:
        restart = f"kubectl -n {blanks['namespace']} rollout restart deployment/{blanks['deployment']}"
        return (
            Remedy(
                advice="Start metrics-server anew: it reads the ConfigMap as it starts.",
                commands=(restart,),
                risks=(Risk.DISRUPTIVE,),
                verify=f"kubectl get apiservice {blanks['apiservice']}",
                shows_within_seconds=90,
            ),
        )
    if "passed_over" in blanks:
        return (
            take_away(
                blanks,
                CA_FLAG,
                blanks["proxy_ca"],
                blanks["passed_over"],
                f"Take away the {CA_FLAG} that wins, so that {blanks['passed_over']} counts.",
            ),
            _front_proxy.publish_anew(blanks, "Then have the API server publish that CA alone."),
        )
    return _front_proxy.reissue(blanks)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    # Beside a second look at the client CA only; that one alone is said where no front-proxy CA was looked at.
    says=(
        Says("NoResponse", likelihood=0.15),
        Says("Unauthorized", hop=Hop.A, likelihood=0.4),
        Says("HTTPStatus", hop=Hop.D, where={"code": "401"}, likelihood=0.5),
        Says("UnknownAuthority", hop=Hop.D, likelihood=0.4),
        Says("UnknownAuthority", where={"of": "front proxy"}, likelihood=0.95),
        *(
            Says("Forbidden", hop=hop, where={"user": user}, likelihood=0.5)
            for hop in (Hop.A, Hop.D)
            for user in _front_proxy.PROXIES
        ),
        Says("Forbidden", hop=Hop.A, where={"who": "proxy"}, likelihood=0.5),
    ),
    decide=(LOOK,),
    advise=advise,
)
def front_proxy_ca_mismatch(
    front_proxies: tuple[FrontProxy, ...] | Unseen,
    authentication: AuthenticationConfig | Unseen | None,
    aggregators: tuple[Aggregator, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    metrics_server_asks_for: AskedFor | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if not isinstance(authentication, Unseen) and not (authentication and authentication.requestheader_ca):
        yield NotApplicable("no front-proxy CA is published")
        return
    if not isinstance(authentication, Unseen):
        yield from _not_loaded(authentication, metrics_server_asks_for, flow, repair)
    if isinstance(front_proxies, Unseen):
        yield _from_what_is_said(authentication, aggregator, log, flow, repair, front_proxies)
        return
    for front in front_proxies:
        problem = next((item for item in front.problems if item.kind not in ANOTHERS), None)
        if problem and front.published:
            yield _finding(front, problem, authentication, aggregators, flow, repair)
        elif problem and front.proxy.own_ca:
            yield Unseen(
                "the certificate is not of the API server's own --requestheader-client-ca-file, and what is published"
                " was not seen",
                front.proxy.api_server.subject,
            )


def _not_loaded(
    config: AuthenticationConfig, asks: AskedFor | Unseen, flow: Flow | Unseen, repair: Repair
) -> Iterator[Finding]:
    """A published CA whose name is not among those that metrics-server asks for in its handshake.

    It watches the ConfigMap and takes up what is new within seconds, unless that watch is broken.
    """
    refused = not isinstance(flow, Unseen) and flow.refusal is not None
    if isinstance(asks, Unseen) or not refused or not asks.lacks(config.client_ca, config.requestheader_ca):
        return
    blanks = repair.blanks(not_loaded="yes")
    yield Finding(
        summary=(
            f"metrics-server has not loaded the front-proxy CA that is published now,"
            f" {_front_proxy.names(config.requestheader_ca)}, and refuses what the API server forwards."
        ),
        subjects=(f"deployment/{blanks['namespace']}/{blanks['deployment']}",),
        evidence=(
            asks.evidence,
            _front_proxy.published(f"requestheader-client-ca-file is {_front_proxy.names(config.requestheader_ca)}"),
        ),
        effects=(Effect(EffectKind.IDENTITY_REFUSED),),
        confidence=Confidence.LIKELY,
        remedies=advise(blanks),
    )


def _finding(
    front: FrontProxy,
    problem: Problem,
    config: AuthenticationConfig | Unseen | None,
    aggregators: tuple[Aggregator, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Finding:
    proxy, taken = front.proxy, front.taken
    effects, state = _front_proxy.what_follows(taken, aggregators, flow)
    published = () if config is None or isinstance(config, Unseen) else config.requestheader_ca
    blanks = _front_proxy.blanks_of(repair, proxy, config)
    if proxy.passed_over:
        blanks["passed_over"] = proxy.passed_over
    then = "refuses what it forwards with 401"
    if taken and taken.as_user:
        then = (
            f"takes whoever comes through it for user {taken.user}"
            + (f" of group {', '.join(taken.groups)}" if taken.groups else "")
            + ": the cluster's client CA issued it"
        )
    return Finding(
        summary=(
            f"The certificate that the API server of {proxy.api_server.host} shows metrics-server was issued by"
            f" {proxy.leaf.issuer}, which is no published front-proxy CA; metrics-server {then}."
            f"{_twice(proxy)}{_front_proxy.one_of(taken, aggregators)}"
        ),
        subjects=(proxy.api_server.subject,),
        evidence=(
            _front_proxy.shown(
                proxy,
                f"subject {proxy.leaf.subject}, issuer {proxy.leaf.issuer} (key id"
                f" {_front_proxy.colons(proxy.leaf.authority_key_id) or 'not told'})",
            ),
            _front_proxy.published(f"requestheader-client-ca-file is {_front_proxy.names(published)}"),
            *_given(proxy),
        ),
        effects=effects,
        state=_front_proxy.state_of(front, problem, state),
        since=proxy.leaf.not_before,
        changed="the certificate became valid",
        remedies=advise(blanks),
    )


def _twice(proxy: ProxyClient) -> str:
    """Why the CA that vouches for it is not the one that counts."""
    if not proxy.passed_over:
        return ""
    return f" {proxy.passed_over} would vouch for it, but {CA_FLAG} is given more than once, and the last wins."


def _given(proxy: ProxyClient) -> Iterator[Evidence]:
    server = proxy.api_server
    values = server.flags.values(CA_FLAG.removeprefix("--"))
    if proxy.passed_over:
        yield Evidence(
            saw=f"{CA_FLAG} is given {len(values)} times: {', then '.join(values)}",
            where=server.where_set(CA_FLAG.removeprefix("--")),
            how=server.how,
            origin=server.origin,
            at=server.started,
        )


def _from_what_is_said(
    config: AuthenticationConfig | Unseen | None,
    aggregator: Aggregator | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
    unseen: Unseen,
) -> Finding | Unseen:
    """Without the certificate: metrics-server's log tells its issuer's key id, or a 403 its name."""
    if config is None or isinstance(config, Unseen) or isinstance(aggregator, Unseen):
        return unseen
    if aggregator.as_user and not aggregator.certain and not config.shared and config.knows_user:
        return _named(config, aggregator, repair)
    line = next(_front_proxy.refusals(log, "UnknownAuthority"), None) if aggregator.refused else None
    if line is None:
        return unseen
    issuer = _front_proxy.authority_key(line.text)
    if issuer and any(ca.subject_key_id == issuer for ca in config.requestheader_ca):
        return Unseen("metrics-server's log is older than what is published", unseen.where)
    blanks = _front_proxy.blanks_unseen(repair, config)
    effects, confidence = _front_proxy.follows_from_what_is_said(flow)
    of = f"a CA with key id {_front_proxy.colons(issuer)}" if issuer else "a CA that it does not name"
    return Finding(
        summary=(
            f"The certificate that the API server shows metrics-server was issued by {of}, which is no published"
            " front-proxy CA; metrics-server refuses what it forwards with 401."
        ),
        subjects=("process/kube-apiserver",),
        evidence=(
            _front_proxy.said(line, blanks),
            _front_proxy.published(f"requestheader-client-ca-file is {_front_proxy.names(config.requestheader_ca)}"),
        ),
        effects=effects,
        confidence=confidence,
        remedies=advise(blanks),
    )


def _named(config: AuthenticationConfig, aggregator: Aggregator, repair: Repair) -> Finding:
    """A front proxy believed by its own name, although no published front-proxy CA is a client CA."""
    return Finding(
        summary=(
            f"metrics-server takes whoever comes through the API server for user {aggregator.user}: so its certificate"
            " is not of a published front-proxy CA, but of the cluster's client CA."
        ),
        subjects=("process/kube-apiserver",),
        evidence=(
            Evidence(
                saw=f'a refusal that names User "{aggregator.user}", who did not ask',
                where="answer of the metrics API",
                how=f"kubectl get --raw {paths.NODE_METRICS}",
            ),
            _front_proxy.published(f"requestheader-client-ca-file is {_front_proxy.names(config.requestheader_ca)}"),
        ),
        effects=(Effect(EffectKind.IDENTITY_CONFUSED),),
        confidence=Confidence.LIKELY,
        remedies=advise(_front_proxy.blanks_unseen(repair, config)),
    )
