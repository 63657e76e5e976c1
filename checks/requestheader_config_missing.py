"""The API server has no front-proxy CA, so metrics-server cannot know the requests that it forwards.

## What it means
The API server runs without `--requestheader-client-ca-file`, so it publishes no front-proxy CA in the ConfigMap
extension-apiserver-authentication. metrics-server then takes every request that the aggregator forwards for an
anonymous one and answers 403; the APIService is unavailable and nobody has metrics.

## What it does not mean
That anybody lacks rights: `User "system:anonymous" cannot get path "/apis/metrics.k8s.io/v1beta1"` speaks of the
aggregator, which was not recognised. Nor that metrics-server is at fault: it starts without a word about it.

## What will not help
- --kubelet-insecure-tls: it concerns the next hop, between metrics-server and the kubelets.
- more RBAC, least of all for `system:anonymous`: nobody is refused rights here, and it would open the API to
  everybody.
- --enable-aggregator-routing=true: it only chooses which address is dialled.
- reinstalling metrics-server: the configuration is the API server's.

## How it comes about
A cluster built by hand whose API server never got the aggregation flags; kubeadm, k3s and kops set them.

## How to make sure
`kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml` has `client-ca-file` and nothing
that begins with `requestheader-`. Who may not read it sees in any TLS handshake with the API server, before any
credential, of which CAs it asks for certificates: the clients' and, where there is one, the front proxies'. Only names
are told: a CA that serves both ends shows once.

## Source
kubernetes pkg/controlplane/controller/clusterauthenticationtrust (what is published); k8s.io/apiserver
pkg/authentication/authenticatorfactory/delegating.go (what an aggregated server makes of it, seen with 0.33), and
pkg/server/dynamiccertificates/tlsconfig.go (ClientCAs, which the handshake names).
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
    Says,
    Unseen,
    check,
    those_seen,
)

from ._api_server_flags import (
    HEADERS,
    add_flags,
    lacking,
    lacks,
    make_front_proxy_certificates,
    taken_for_anonymous,
    unless_written,
    with_front_proxy_files,
)
from ._front_proxy import what_follows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.asked_for import AskedFor
    from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair
    from msdoctor.x509 import Certificate

# What the API server itself answers while its aggregator cannot use metrics-server (or forgets its group).
UNAVAILABLE = (404, 503)
CA = "requestheader-client-ca-file"
LOOK = Look(
    paths.AUTHENTICATION_HOW,
    "no key that begins with requestheader-",
    "requestheader-config-missing",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    filled = with_front_proxy_files(blanks)
    flags = (
        f"--requestheader-client-ca-file={filled['front_proxy_ca']}",
        f"--requestheader-allowed-names={filled['front_proxy_name']}",
        *HEADERS,
        f"--proxy-client-cert-file={filled['front_proxy_cert']}",
        f"--proxy-client-key-file={filled['front_proxy_key']}",
    )
    advice = "Give the API server its front-proxy CA and its proxy client certificate."
    return (*make_front_proxy_certificates(blanks), add_flags(filled, flags, advice))


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("NoResponse", likelihood=0.2),
        Says("HTTPStatus", hop=Hop.D, where={"code": "401"}, likelihood=0.4),
        Says("RequestHeaderNotProvided", where={"key": "requestheader-client-ca-file"}),
        Says("Unauthorized", hop=Hop.A, likelihood=0.5),
        Says("Circumstance", where={"what": "kubectl top"}, likelihood=0.15),
        Says("Circumstance", where={"what": "a cluster of one's own"}, likelihood=0.1),
        Says("AuthReaderHint", where={"refused": ""}, likelihood=0.4),
        Says("NotFound", where={"name": "extension-apiserver-authentication"}, likelihood=0.6),
        *taken_for_anonymous(0.7),
        Says("MissingBundleContent", where={"bundle": "requestheader-client-ca-file"}, likelihood=1.0),
        # The second look, at the client CA, without a first one.
        Says("UnknownAuthority", hop=Hop.D, where={"outer": "verifying certificate SN="}, likelihood=0.7),
    ),
    decide=(LOOK,),
    advise=advise,
)
def requestheader_config_missing(
    authentication: AuthenticationConfig | Unseen | None,
    api_server_asks_for: AskedFor | Unseen,
    api_servers: tuple[Component, ...] | Unseen,
    aggregator: Aggregator | Unseen,
    aggregators: tuple[Aggregator, ...] | Unseen,
    proxy_clients: tuple[ProxyClient, ...] | Unseen,
    flow: Flow | Unseen,
    taken_at: datetime,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if isinstance(authentication, Unseen):
        yield _from_the_handshake(api_server_asks_for, flow, repair, authentication)
        return
    if authentication is not None and authentication.requestheader_ca:
        return
    if any(_is_over(proxy.own_ca, taken_at) for proxy in those_seen(proxy_clients)):
        yield NotApplicable("the API server has a front-proxy CA, which has expired and is published no longer")
        return
    servers = those_seen(api_servers)
    without = lacking(servers, (CA,))
    taken = None if isinstance(aggregator, Unseen) else aggregator
    effects, state = what_follows(taken, aggregators, flow)
    user = taken.user if taken and taken.as_user else ""
    yield Finding(
        summary=(
            "The API server publishes no front-proxy CA, so metrics-server takes every request that it forwards for "
            + (f"one of user {user}." if user else "an anonymous one and answers 403.")
        ),
        subjects=tuple(server.subject for server in without) or ("process/kube-apiserver",),
        evidence=(
            Evidence(
                saw=_saw(authentication),
                where="ConfigMap kube-system/extension-apiserver-authentication",
                how=paths.AUTHENTICATION_HOW,
            ),
            *(lacks(server, f"no --{_lacking(server)}") for server in without),
        ),
        effects=effects,
        state=state,
        since=next((server.started for server in without if server.started), None),
        changed="the API server was started" if without else "",
        remedies=advise(repair.blanks()),
        doubt=None if servers else unless_written("--requestheader", "requestheader-config-missing"),
    )


def _from_the_handshake(
    asks: AskedFor | Unseen, flow: Flow | Unseen, repair: Repair, unseen: Unseen
) -> Finding | Unseen:
    """For who may not read the ConfigMap: an API server with a front-proxy CA of its own names it beside the clients'.

    One name is also what a CA that serves both ends shows as; so that it is a cause is no more than possible.
    """
    refusal = None if isinstance(flow, Unseen) else flow.refusal
    unavailable = refusal is not None and refusal.status in UNAVAILABLE
    if isinstance(asks, Unseen) or len(asks.names) != 1 or not unavailable:
        return unseen
    return Finding(
        summary=(
            f"The API server asks its clients for certificates of {asks.names[0]} alone: it has no front-proxy CA, so"
            " that metrics-server takes what it forwards for anonymous; or one CA serves both ends."
        ),
        subjects=("process/kube-apiserver",),
        evidence=(asks.evidence,),
        effects=(Effect(EffectKind.IDENTITY_REFUSED),),
        confidence=Confidence.POSSIBLE,
        remedies=advise(repair.blanks()),
    )


def _lacking(server: Component) -> str:
    """What it lacks. Without the CA the others do nothing (apiserver pkg/server/options/authentication.go)."""
    return CA if any(flag.name.startswith("requestheader-") for flag in server.flags.given) else "requestheader-* flag"


def _is_over(own_ca: tuple[Certificate, ...], now: datetime) -> bool:
    return bool(own_ca) and all(ca.not_after < now for ca in own_ca)


def _saw(authentication: AuthenticationConfig | None) -> str:
    if authentication is None:
        return "it is not there"
    return f"it holds only {', '.join(authentication.keys)}" if authentication.keys else "it is empty"
