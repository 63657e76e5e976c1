"""metrics-server keeps losing the API server.

## What it means
Connections that metrics-server holds to the API server, to watch nodes and pods and to ask who a caller is and what
they may do, break again and again, and are made anew in between. While one is broken callers are refused with 500, and
new nodes and pods are not noticed; after that everything works again, until the next time.

## What it does not mean
That the API server cannot be reached: a connection that is lost had been made. Nor a single restart of the API server,
which breaks every connection once, and is over in a minute.

## What will not help
- restarting metrics-server: its new connections go the same way.
- longer timeouts or more replicas: whatever cuts connections cuts all of them.
- --kubelet-insecure-tls: the kubelets are another way.

## How it comes about
A load balancer or a firewall between the nodes and the API server that forgets quiet connections, or changes its mind;
conntrack tables that overflow; an API server that is restarted over and over (OOM, liveness probe); a CNI or kube-proxy
that keeps rewriting the rules of the `kubernetes` Service; links that lose packets.

## How to make sure
`kubectl -n kube-system logs deployment/metrics-server --timestamps | grep -E 'connection lost|reset by peer|EOF'`: when
it happens, and whether the API server's or the load balancer's log knows of the same moments.

## Source
k8s.io/client-go 0.33.2 tools/cache/reflector.go ("Warning: watch ended with error"); k8s.io/apimachinery
pkg/watch/streamwatcher.go; golang.org/x/net http2 transport.go ("http2: client connection lost", by default after 30 s
of silence and 15 s without an answer to a ping).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

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
    Passing,
    Remedy,
    Says,
    check,
)

from ._starting import target

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from msdoctor.facts.contact import Trouble
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair

LEAST = 3  # once is a restart, twice may be two
RECENT = timedelta(minutes=30)
WITHIN = timedelta(hours=2)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice=(
                "Find what cuts the connections: whether the API server was restarted at those moments, and whether"
                " conntrack drops entries on metrics-server's node. A load balancer in front of the API server must"
                " leave a quiet connection alone for longer than 30 s, after which it is pinged."
            ),
            commands=(
                f"kubectl logs {target(blanks)} --timestamps | grep -E 'connection lost|reset by peer|EOF|refused'",
                "kubectl get --raw /metrics | grep ^process_start_time_seconds",
            ),
            verify=f"kubectl logs {target(blanks)} --since=30m | grep -E 'connection lost|reset by peer|EOF'",
            shows_within_seconds=1800,
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.BY_ITSELF,  # a restart of the API server
    says=(
        Says("ShortWatch", likelihood=0.4),
        Says("EtcdTrouble", likelihood=0.5),
        Says("ConnectionLost", hop=Hop.D, likelihood=0.8),
        Says("ConnectionLost", where={"outer": "unable to decode an event from the watch stream"}, likelihood=0.8),
        Says("ConnectionLost", where={"outer": "failed to list"}, likelihood=0.6),
        Says("ConnectionLost", hop=Hop.D, where={"outer": "Failed to make webhook"}, likelihood=0.6),
    ),
    decide=(
        Look(
            "kubectl -n kube-system logs deployment/metrics-server --timestamps | grep -E 'lost|reset by peer|EOF'",
            "many, minutes apart",
            "apiserver-connection-unstable",
        ),
    ),
    advise=advise,
)
def apiserver_connection_unstable(
    troubles: tuple[Trouble, ...], installation: Installation, taken_at: datetime, repair: Repair
) -> Iterator[Finding]:
    losses = [one for one in troubles if one.lost and not one.restarted and taken_at - one.last < WITHIN]
    if len(losses) < LEAST or taken_at - losses[-1].last > RECENT:
        return
    minutes = max(1, round((losses[-1].last - losses[0].first).total_seconds() / 60))
    yield Finding(
        summary=(
            f"metrics-server has lost its connections to the API server {len(losses)} times within"
            f" {minutes} minutes, and made them anew in between; the API server was not seen to be restarted then."
        ),
        subjects=(installation.subject,),
        evidence=tuple(_evidence(losses, installation)),
        effects=(Effect(EffectKind.COMES_AND_GOES),),
        confidence=Confidence.LIKELY,
        since=losses[0].first,
        changed="it lost one for the first time that its log tells of",
        remedies=advise(repair.blanks()),
    )


def _evidence(losses: Sequence[Trouble], who: Installation) -> Iterator[Evidence]:
    how = f"kubectl -n {who.namespace} logs deployment/{who.name} --timestamps"
    times = ", ".join(f"{one.first:%H:%M:%S}Z" for one in losses)
    yield Evidence(f"connections lost at {times}", "log of metrics-server", how)
    newest = losses[-1].newest
    yield Evidence(
        f"metrics-server says: {newest.text}", f"log of metrics-server, line {newest.line}", how, at=newest.at
    )
