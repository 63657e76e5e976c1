"""The key of the aggregator's certificate belongs to another certificate.

## What it means
`--proxy-client-key-file` holds a key whose public half is not the one in `--proxy-client-cert-file`. An API server
does not start with such a pair, so that nobody is answered at all; one that was started with an earlier pair goes on
with that, and will not come back from its next restart.

## What it does not mean
That the certificate is refused by metrics-server: it is never shown.

## What will not help
- restarting the API server while the files are so: it stays down.
- taking the proxy-client flags away: nobody would have metrics then.
- more RBAC, or another --requestheader-allowed-names: nobody is asked who they are.

## How it comes about
One of the two files was renewed or restored and the other was not; two hosts' files were mixed up.

## How to make sure
`openssl x509 -noout -pubkey -in` the certificate and `openssl pkey -pubout -in` the key print the same, or not. The
API server's last words are `"command failed" err="tls: private key does not match public key"`, as they are where
`--tls-private-key-file` is the wrong one.

## Source
k8s.io/apiserver pkg/server/dynamiccertificates/dynamic_serving_content.go (0.36.3, loadCertKeyPair, by which
kube-aggregator pkg/apiserver/apiserver.go reads them at start and again while running); crypto/tls X509KeyPair.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Doubt,
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
)

from . import _front_proxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
    from msdoctor.facts.front_proxy import FrontProxy
    from msdoctor.facts.repair import Repair

LONG = timedelta(minutes=1)
# One that is started over and over listens for a moment each time, and what asks it then is cut off.
NOBODY_LISTENS = ("connection refused", "connection reset by peer")
HOST = "the API server's host"
# Under systemd, or as a static pod: the other one prints nothing.
LAST_WORDS = (
    "journalctl -q -u kube-apiserver -n 20; tail -n 20 /var/log/pods/kube-system_kube-apiserver-*/*/*.log 2>/dev/null"
)
DOES_NOT_START = Doubt(
    "No API server listens there. Of what concerns metrics, these keep one from starting; its last words tell, whatever"
    " it is.",
    (
        Look(LAST_WORDS, "tls: private key does not match public key", "front-proxy-key-mismatch", HOST),
        Look(LAST_WORDS, "contain overlapping certificates", "requestheader-ca-same-as-client-ca", HOST),
    ),
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return _front_proxy.reissue(blanks)


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    # Of the pair that it serves with it says the same.
    says=(Says("KeyMismatch", likelihood=0.45),),
    advise=advise,
)
def front_proxy_key_mismatch(
    front_proxies: tuple[FrontProxy, ...] | Unseen,
    authentication: AuthenticationConfig | Unseen | None,
    server_version: str | Unseen,
    taken_at: datetime,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    if isinstance(front_proxies, Unseen):
        refuses = isinstance(server_version, Unseen) and any(words in server_version.reason for words in NOBODY_LISTENS)
        yield replace(front_proxies, doubt=DOES_NOT_START if refuses else None)
        return
    for front in front_proxies:
        proxy = front.proxy
        if proxy.key_matches is None:
            yield Unseen("the key could not be read", proxy.api_server.subject)
        elif not proxy.key_matches:
            started = proxy.api_server.started
            # One that is started over and over is seen now and then, and never for long.
            lasts = started is not None and taken_at - started > LONG
            yield _finding(proxy, authentication, isinstance(server_version, str) or lasts, repair)


def _finding(proxy: ProxyClient, config: AuthenticationConfig | Unseen | None, runs: bool, repair: Repair) -> Finding:
    server = proxy.api_server
    key = server.flags.text("proxy-client-key-file")
    then = (
        "It still runs, with the pair that it was started with or read last, and will not come back from a restart."
        if runs
        else "It does not start with such a pair, and nobody is answered."
    )
    return Finding(
        summary=f"The API server of {server.host} has a proxy client key that is not its certificate's. {then}",
        subjects=(server.subject,),
        evidence=(
            _front_proxy.shown(proxy, f"subject {proxy.leaf.subject}, of another public key than the key file's"),
            Evidence(
                saw="a public half that is not the certificate's",
                where=f"{server.host}:{key}",
                how=f"openssl pkey -pubout -in {key}",
                origin=server.origin,
            ),
        ),
        effects=(Effect(EffectKind.UNSAFE if runs else EffectKind.NO_METRICS),),
        state=State.LATENT if runs else State.ACTIVE,
        remedies=advise(_front_proxy.blanks_of(repair, proxy, config)),
    )
