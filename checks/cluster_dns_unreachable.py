"""metrics-server dials nodes by name, and gets no answer from the cluster's DNS.

## What it means
Of a node's addresses metrics-server takes one that is a name, asks the cluster's DNS for it, and nobody answers there:
the packets vanish or are turned away. No connection to a kubelet is begun, so no node so dialled has metrics.

## What it does not mean
That DNS does not know the name: it has not been asked, or its answer was lost. Nor is any kubelet at fault.

## What will not help
- --kubelet-insecure-tls: it concerns the certificate, and there is not even an address yet.
- other names, or names in the nodes' /etc/hosts: it is the DNS that is not reached.

## How it comes about
CoreDNS without a ready pod; a NetworkPolicy or a firewall on port 53; kube-proxy gone from metrics-server's node. And
`--kubelet-preferred-address-types` without InternalIP in front, else no DNS would be needed.

## How to make sure
`kubectl -n kube-system get pods -l k8s-app=kube-dns`, and metrics-server's log: `lookup NAME on ADDRESS:53` and then
`i/o timeout` or `connection refused`. Where its own time is up before the DNS client's, only `context deadline
exceeded` is left of it.

## Source
Go net/dnsclient_unix.go (5 s an attempt, two attempts), net/net.go DNSError; seen with metrics-server 0.8.0.
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
    Unseen,
    check,
)

from ._kubelet_reach import ADDRESS_TYPES, SANE_TYPES, SHOWS_WITHIN_SECONDS, change_argument

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape
    from msdoctor.utterances import Utterance

UNANSWERED = ("i/o timeout", "connection refused", "no route to host", "network is unreachable")
LATELY = timedelta(minutes=3)
LOOK = Look("kubectl -n kube-system get pods -l k8s-app=kube-dns", "no pod that is ready", "cluster-dns-unreachable")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        change_argument(
            blanks,
            f"--{ADDRESS_TYPES}={SANE_TYPES}",
            "Dial nodes at their InternalIP, as upstream's manifest does, which asks no DNS. Kubelets' certificates"
            " must then hold it.",
        ),
        Remedy(
            advice="Besides, for whoever else needs DNS: see whether it runs, and start it anew.",
            commands=(
                "kubectl -n kube-system get pods -l k8s-app=kube-dns -o wide",
                "kubectl -n kube-system rollout restart deployment -l k8s-app=kube-dns",
            ),
            verify="kubectl -n kube-system get pods -l k8s-app=kube-dns",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # the network and the cluster's DNS come after the nodes
    says=(
        Says("Lookup", hop=Hop.E, where={"answer": "none"}),
        # The caller's time was over first: a server that asks another one in vain is as slow as one that is away.
        Says("Lookup", hop=Hop.E, where={"answer": "late"}, likelihood=0.6),
        # The API server by a name, as 0.2 had it: whoever does not reach the DNS may reach no other Service, either.
        Says("Lookup", hop=Hop.D, where={"answer": "none"}, likelihood=0.75),
    ),
    decide=(LOOK,),
    advise=advise,
)
def cluster_dns_unreachable(
    failed_scrapes: tuple[FailedScrape, ...],
    log: tuple[Utterance, ...],
    installation: Installation | Unseen | None,
    repair: Repair,
    taken_at: datetime,
) -> Iterator[Finding]:
    deployed = None if isinstance(installation, Unseen) else installation
    position = deployed.pointer(f"--{ADDRESS_TYPES}") if deployed else ""
    unanswered = [said for said in log if _is_unanswered(said) and said.at and said.at.tzinfo]
    lately = any(said.at and taken_at - said.at < LATELY for said in unanswered)
    for scrape in failed_scrapes:
        told = _is_unanswered(scrape.said)
        # metrics-server's own time is often up before the DNS client's: of a name, that is the same trouble.
        if not told and not (lately and _ran_out(scrape.said)):
            continue
        server = next((said.error.parts()["server"] for said in reversed(unanswered)), "")
        yield Finding(
            summary=(
                f"metrics-server dials {scrape.node} by its name, and gets no answer from the DNS that it"
                f" asks{f', {server}' if server else ''}."
            ),
            subjects=(f"node/{scrape.node}",),
            evidence=(scrape.evidence, *(() if told else _heard(unanswered[-1], scrape.evidence))),
            effects=(Effect(EffectKind.SCRAPE_FAILS, scrape.node),),
            confidence=Confidence.LIKELY,
            remedies=advise(repair.blanks(scrape.node, position=position)),
        )


def _is_unanswered(said: Utterance) -> bool:
    if type(said.error).__name__ != "Lookup" or said.connection.hop is not Hop.E:
        return False
    return bool(said.error.parts()["failure"].endswith(UNANSWERED))


def _ran_out(said: Utterance) -> bool:
    """Whether time ran out for a connection to a name."""
    host = said.connection.address.rpartition(":")[0]
    return type(said.error).__name__ == "DeadlineExceeded" and host[:1].isalpha()


def _heard(said: Utterance, like: Evidence) -> tuple[Evidence, ...]:
    return (
        Evidence(f"metrics-server says: {said.text}", f"log of metrics-server, line {said.line}", like.how, at=said.at),
    )
