"""One CA vouches for front proxies and for ordinary clients alike.

## What it means
`--requestheader-client-ca-file` and `--client-ca-file` share a CA, so that only the allowed names keep a client's
certificate from speaking for anybody. Without allowed names every client certificate of the cluster may: to the API
server, and to every server behind the aggregator. A newer API server does not even start so ("contain overlapping
certificates; --requestheader-allowed-names must be specified", seen with 1.36.3).

With names that leave the aggregator's own out, metrics-server says nothing and takes everybody for the user that the
aggregator's certificate names: the APIService is Available, and `kubectl top` is refused in that user's name. If its
group is system:masters, everybody may do everything there.

## What it does not mean
That the user named in the refusal lacks rights: nobody of that name asked. Nor, with the aggregator's name among the
allowed ones, that anything fails by it.

## What will not help
- more RBAC, least of all for the proxy's name: forwarded users would all act as the proxy.
- emptying --requestheader-allowed-names: any client could then impersonate anybody.
- taking the CA out of the flag alone: the ConfigMap is a union that never shrinks and keeps it.

## How it comes about
A cluster built by hand with one CA for everything; a guide that gives `ca.pem` to both flags.

## How to make sure
`kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml`: `client-ca-file` and
`requestheader-client-ca-file` hold the same certificate.

## Source
k8s.io/apiserver pkg/authentication/authenticatorfactory/delegating.go and pkg/authentication/request/union (0.33.2:
what one refuses, a later one may accept); kubernetes' documentation, "Configure the Aggregation Layer", CA reusage;
kubernetes pkg/kubeapiserver/options/authentication.go (1.36.3, Validate: CAs that overlap, without allowed names).
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
    Remedy,
    Says,
    State,
    Unseen,
    check,
    those_seen,
)

from . import _front_proxy
from ._api_server_flags import set_flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.aggregator import Aggregator
    from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair

LOOK = Look(
    paths.AUTHENTICATION_HOW,
    "client-ca-file and requestheader-client-ca-file hold the same certificate",
    "requestheader-ca-same-as-client-ca",
)
LEFT_OVER = " No API server's flags have it for front proxies any more; what was published before was never taken back."
FLAGS = ("requestheader-client-ca-file", "proxy-client-cert-file", "proxy-client-key-file")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """A CA for front proxies alone, under names that nothing else has; then the union without the old one."""
    made, name = f"{blanks['pki']}/aggregator", blanks["proxy_name"]
    flags = {
        "--requestheader-client-ca-file": f"{made}-ca.pem",
        "--proxy-client-cert-file": f"{made}.pem",
        "--proxy-client-key-file": f"{made}-key.pem",
        **({"--requestheader-allowed-names": name} if "allow" in blanks else {}),
    }
    return (
        Remedy(
            advice="Step 1 of 3: make a CA for the aggregator alone, and its certificate.",
            commands=(
                (
                    "openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=aggregator-ca"
                    f" -keyout {made}-ca-key.pem -out {made}-ca.pem"
                ),
                f"openssl req -newkey rsa:2048 -nodes -subj /CN={name} -keyout {made}-key.pem -out {made}.csr",
                f"printf 'extendedKeyUsage=clientAuth\\n' > {made}.ext",
                (
                    f"openssl x509 -req -in {made}.csr -CA {made}-ca.pem -CAkey {made}-ca-key.pem"
                    f" -set_serial 0x$(openssl rand -hex 8) -days 365 -extfile {made}.ext -out {made}.pem"
                ),
            ),
            on=f"control-plane/{blanks['control_plane']}",
            verify=f"openssl verify -CAfile {made}-ca.pem -purpose sslclient {made}.pem",
            shows_within_seconds=0,
        ),
        set_flags(blanks, flags, "Step 2 of 3: have the API server use them."),
        _front_proxy.publish_anew(
            blanks,
            "Step 3 of 3, once every API server has them: delete what was published, which would keep the shared CA."
            " The API servers write it again within a minute.",
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("OverlappingCAs"),
        # An API server holds every client's certificate against the front-proxy CA first; only one that is the clients'
        # CA too comes as far as the name.
        Says("NotInAllowedList", where={"of": "client"}, likelihood=0.7),
        Says("NotInAllowedList", where={"of": "either"}, likelihood=0.5),
        *(
            Says("Forbidden", hop=hop, where={"user": user}, likelihood=0.6)
            for hop in (Hop.A, Hop.D)
            for user in _front_proxy.PROXIES
        ),
        Says("Forbidden", hop=Hop.A, where={"who": "proxy"}, likelihood=0.6),
        Says("Forbidden", hop=Hop.A, where={"who": "proxy", "api": "other"}, likelihood=0.6),
    ),
    decide=(LOOK,),
    advise=advise,
)
def requestheader_ca_same_as_client_ca(
    authentication: AuthenticationConfig | Unseen | None,
    aggregator: Aggregator | Unseen,
    api_servers: tuple[Component, ...] | Unseen,
    proxy_clients: tuple[ProxyClient, ...] | Unseen,
    server_version: str | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    config = authentication
    if isinstance(config, Unseen):
        refusing = [proxy for proxy in those_seen(proxy_clients) if _does_not_start(proxy)]
        if not refusing or isinstance(server_version, str):
            yield config
            return
        yield from (_down(proxy, repair) for proxy in refusing)
        return
    if config is None or not config.shared:
        return
    taken = None if isinstance(aggregator, Unseen) else aggregator
    wrong = taken is not None and taken.as_user
    safe = bool(config.allowed_names) and not wrong
    servers = those_seen(api_servers)
    left = _is_left_over(config, those_seen(proxy_clients))
    remedies = _forget(repair) if left else () if safe else advise(_blanks(config, servers, repair))
    yield Finding(
        summary=_summary(config, taken) + (LEFT_OVER if left else ""),
        subjects=tuple(server.subject for server in servers) or ("process/kube-apiserver",),
        evidence=(
            _front_proxy.published(
                f"requestheader-client-ca-file and client-ca-file both hold {_front_proxy.names(config.shared)}"
            ),
            _front_proxy.published(f"requestheader-allowed-names is {', '.join(config.allowed_names) or 'empty'}"),
        ),
        effects=() if safe else (Effect(EffectKind.UNSAFE),),
        state=State.LATENT,
        remedies=remedies,
    )


def _does_not_start(proxy: ProxyClient) -> bool:
    """The API server's own rule: the CAs overlap, and no name is given."""
    own = {ca.der for ca in proxy.own_ca}
    overlap = any(ca.der in own for ca in proxy.own_client_ca)
    return overlap and not proxy.api_server.flags.listed("requestheader-allowed-names")


def _down(proxy: ProxyClient, repair: Repair) -> Finding:
    server, name = proxy.api_server, proxy.leaf.common_name
    path = server.flags.text("requestheader-client-ca-file")
    where = {"control_plane": server.host, "apiserver_form": str(server.form), "apiserver_file": server.file}
    advice = "Allow the aggregator's name, and no other, so that the API server starts; then give it a CA of its own."
    return Finding(
        summary=(
            f"The API server of {server.host} has one CA for clients and for front proxies, and no allowed names. A"
            " newer one does not start so, and this one does not answer."
        ),
        subjects=(server.subject,),
        evidence=(
            _front_proxy.in_file(server, path, f"{_front_proxy.names(proxy.own_ca)}, which --client-ca-file holds too"),
            Evidence("no --requestheader-allowed-names", server.where, server.how, server.origin, server.started),
        ),
        effects=(Effect(EffectKind.NO_METRICS),),
        confidence=Confidence.LIKELY,
        remedies=(set_flags(repair.blanks(**where), {"--requestheader-allowed-names": name}, advice),),
    )


def _is_left_over(config: AuthenticationConfig, proxies: tuple[ProxyClient, ...]) -> bool:
    """Whether no API server has the shared CA for front proxies any more: only what was published before does."""
    shared = {ca.public_key for ca in config.shared}
    return bool(proxies) and all(
        proxy.own_ca and not shared.intersection(ca.public_key for ca in proxy.own_ca) for proxy in proxies
    )


def _forget(repair: Repair) -> tuple[Remedy, ...]:
    advice = "Delete what was published, which keeps the shared CA. The API servers write it again within a minute."
    return (_front_proxy.publish_anew(repair.blanks(), advice),)


def _summary(config: AuthenticationConfig, taken: Aggregator | None) -> str:
    if not config.allowed_names:
        return (
            "The published front-proxy CA is the clients' CA too, and any name is allowed: whoever has a client"
            " certificate of this cluster may speak for anybody, to the API server and to metrics-server."
        )
    if taken is not None and taken.as_user and "system:masters" in taken.groups:
        return (
            "The published front-proxy CA is the clients' CA too, and the aggregator's name is not allowed: so"
            f" metrics-server takes everybody for user {taken.user} of group system:masters, who may do everything."
        )
    if taken is not None and taken.as_user:
        return (
            "The published front-proxy CA is the clients' CA too. That is why nothing is said of the aggregator's name"
            f" not being allowed: metrics-server takes everybody for a client, user {taken.user}."
        )
    return (
        "The published front-proxy CA is the clients' CA too; only the allowed names keep clients from speaking for"
        " others."
    )


def _blanks(config: AuthenticationConfig, servers: tuple[Component, ...], repair: Repair) -> Blanks:
    there = next((server.file_flags if server.file_flags.given else server.flags for server in servers), None)
    given = {f"has__{flag.replace('-', '_')}": "yes" for flag in FLAGS if there and flag in there}
    name = (*config.allowed_names, "front-proxy-client")[0]
    allow = {} if config.allowed_names else {"allow": "yes"}
    return repair.blanks(proxy_name=name, **given, **allow)
