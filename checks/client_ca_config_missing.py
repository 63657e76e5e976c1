"""The API server publishes no CA for client certificates.

## What it means
The API server runs without `--client-ca-file`, so the ConfigMap extension-apiserver-authentication has no
`client-ca-file`. Whoever shows a client certificate, to the API server or to metrics-server itself, is not known by
it. What the aggregator forwards is known by the front-proxy CA, so metrics flow as long as that is published.

## What it does not mean
That this keeps metrics away: metrics-server complains of it in its log, and answers all the same. If metrics are
missing besides, look for another cause.

## What will not help
- making --requestheader-client-ca-file the clients' CA: any client could then impersonate anybody.
- writing the key into the ConfigMap by hand: it stays only as long as nobody deletes the ConfigMap.
- more RBAC: nobody is refused rights.

## How it comes about
A cluster whose users and nodes all come with tokens; a flag lost in an upgrade.

## How to make sure
`kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml` has no `client-ca-file`.

## Source
kubernetes 1.36.3 pkg/controlplane/controller/clusterauthenticationtrust (getConfigMapDataFor); k8s.io/apiserver 0.33.2
pkg/server/dynamiccertificates/configmap_cafile_content.go (processNextWorkItem: the line, over and over).
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
    those_seen,
)

from . import _front_proxy
from ._api_server_flags import lacking, lacks, set_flags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.authentication import AuthenticationConfig
    from msdoctor.facts.processes import Component
    from msdoctor.facts.repair import Repair
    from msdoctor.utterances import Utterance

KEY = "client-ca-file"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    advice = "Give the API server the CA of the cluster's client certificates; it publishes it within a minute."
    return (set_flags(blanks, {"--client-ca-file": blanks["ca"]}, advice),)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("MissingBundleContent", where={"bundle": KEY}),
        Says("RequestHeaderNotProvided", where={"key": KEY}),
        # The API server writes the ConfigMap for either of the two.
        Says("NotFound", where={"name": "extension-apiserver-authentication"}, likelihood=0.5),
    ),
    advise=advise,
)
def client_ca_config_missing(
    authentication: AuthenticationConfig | None,
    api_servers: tuple[Component, ...] | Unseen,
    log: tuple[Utterance, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding]:
    if authentication is not None and authentication.client_ca:
        return
    servers = those_seen(api_servers)
    without = lacking(servers, (KEY,))
    lines = (line for line in those_seen(log) if getattr(line.error, "bundle", "").endswith(f"::{KEY}"))
    line = next(lines, None)
    yield Finding(
        summary=(
            "The API server publishes no CA for client certificates: whoever shows one, to it or to metrics-server, is"
            " not known by it. What the aggregator forwards does not depend on it."
        ),
        subjects=tuple(server.subject for server in without) or ("process/kube-apiserver",),
        evidence=(
            _front_proxy.published(f"there is no {KEY}" if authentication else "it is not there"),
            *(lacks(server, f"no --{KEY}") for server in without),
            *((_front_proxy.said(line, repair.blanks()),) if line else ()),
        ),
        effects=(Effect(EffectKind.UNSAFE),),
        state=State.LATENT,
        since=next((server.started for server in without if server.started), None),
        changed="the API server was started" if without else "",
        remedies=advise(repair.blanks()),
    )
