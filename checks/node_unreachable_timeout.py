"""Packets to a kubelet's port vanish on the way.

## What it means
metrics-server dials the kubelet, and nothing comes back: no refusal, no answer, until its time is up (10 s unless
`--kubelet-request-timeout` says otherwise). Something between the two drops the packets, while the kubelet lives and
reports to the API server. The node and its pods have no metrics; where every node is like that, metrics-server never
becomes ready and nobody has metrics.

## What it does not mean
That the kubelet is down: it renews its Lease with the API server, which it dials itself. Nor that its certificate or
its permissions are right: nothing got far enough to tell.

## What will not help
- --kubelet-insecure-tls: it concerns the certificate, and no handshake has begun.
- a longer --kubelet-request-timeout: what is dropped does not come later.
- reinstalling metrics-server: the packets are lost outside of it.

## How it comes about
A host firewall or a cloud's security group that lets the port in from some machines and not from the pods or from the
other nodes; a NetworkPolicy on metrics-server; an overlay network whose packets do not pass between nodes; a pod
network that overlaps with the nodes' own addresses; no route.

## How to make sure
metrics-server's message `timeout to access kubelet` does not tell in which phase the time ran out, and a kubelet that
is too slow looks the same. On the node that metrics-server runs on: `openssl s_client -connect ADDRESS:10250
</dev/null`. Without `CONNECTED` packets are lost; with it and a certificate at once the kubelet is slow
(`kubelet-slow-response`). Which nodes fail tells more: if metrics-server's own node works and all others fail, it is
the way between nodes.

## Source
metrics-server pkg/scraper/scraper.go ("Failed to scrape node, timeout to access kubelet", from 0.7; seen with 0.8.0).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Finding, Hop, Passing, Says, Unseen, check

from ._kubelet_reach import (
    CUT_OFF,
    DAWDLES,
    DROPPED,
    OWN_ADDRESS,
    STOPPED,
    VANISHES,
    doubt,
    each,
    finding,
    open_port,
    stores_nothing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair

METRICS_SERVER, API_SERVER, WORKSTATION = "metrics-server", "the API server", "workstation"
# With less time than this even a kubelet that is well does not always answer in time.
LEAST_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Picture:
    """What all nodes together tell, seen once."""

    waits: float
    stores_nothing: bool
    workstation_reaches: bool
    log_is_behind_it: bool
    only_own_node_works: bool
    networks: frozenset[str]


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # the network and the cluster's DNS come after the nodes
    says=(
        Says("NodeWithoutFigures", likelihood=0.5),
        Says("NotFound", hop=Hop.A, where={"resource": "nodemetrics.metrics.k8s.io"}, likelihood=0.3),
        Says("NodeNotReady", likelihood=0.3),
        Says("ResponsesMissing", likelihood=0.5),
        Says("Dial", hop=Hop.E, where={"failure": "network is unreachable"}, likelihood=0.7),
        Says("Dial", hop=Hop.E, where={"failure": "operation timed out"}, likelihood=0.9),
        Says("DeadlineExceeded", hop=Hop.E, likelihood=0.7),
        Says("Dial", hop=Hop.E, where={"failure": "i/o timeout"}, likelihood=0.9),
        # whoever waited for the connection gave up
        Says("Dial", hop=Hop.E, where={"failure": "operation was canceled"}, likelihood=0.7),
        Says("Dial", hop=Hop.E, where={"failure": "connection timed out"}, likelihood=0.9),
        # kubectl's exec and attach, as far as no tunnel of the control plane's leads to the node
        *(
            Says(
                "Dial",
                hop=Hop.C,
                where={"outer": "error dialing backend", "port": "10250", "failure": failure},
                likelihood=0.5,
            )
            for failure in ("i/o timeout", "connection timed out")
        ),
    ),
    decide=(VANISHES, DAWDLES),
    advise=open_port,
)
def node_unreachable_timeout(
    reaches: tuple[Reach, ...], installation: Installation | Unseen | None, repair: Repair
) -> Iterator[Finding | Unseen]:
    picture = _picture(reaches, None if isinstance(installation, Unseen) else installation)

    def judge(reach: Reach) -> Iterator[Finding | Unseen]:
        if reach.reporting is not True or reach.shared_with or reach.found_at:
            return  # silent towards the API server as well: down, perhaps; or dialled at a wrong address
        if reach.said:
            yield from _told(reach, picture, repair)
        elif reach.unheard:
            yield from _untold(reach, picture, repair)

    yield from each(reaches, judge)


def _told(reach: Reach, picture: _Picture, repair: Repair) -> Iterator[Finding | Unseen]:
    """metrics-server itself complains of a timeout; the others tell whether a slow kubelet may be behind it."""
    if reach.outcome(METRICS_SERVER) != "silent":
        return
    others = _silent_to(reach, picture)
    if not others and picture.waits < LEAST_SECONDS:
        return  # the time that it gives a kubelet is too short to tell
    between = picture.only_own_node_works and not reach.hosts_metrics_server
    if not others and not between and not reach.reports_since:
        why = "no answer in time, and whether its kubelet reports meanwhile is not seen"
        yield Unseen(why, reach.subject, doubt(reach, why, STOPPED, CUT_OFF))
        return
    if any(character.isalpha() for character in reach.kubelet.address) and ":" not in reach.kubelet.address:
        yield Unseen("no answer in time: from the node, or from the DNS that was asked for its name", reach.subject)
        return
    if _is_among_strangers(reach, picture) or reach.outcome(WORKSTATION) in ("no route", "refused"):
        why = "no answer in time: packets are dropped, or the address is not the node's"
        yield Unseen(why, reach.subject, doubt(reach, why, OWN_ADDRESS, DROPPED))
        return
    yield finding(
        reach,
        f"metrics-server gets no answer in time at {reach.kubelet.dialled}, where it dials {reach.name}, and the"
        f" kubelet there lives. {_why(reach, others, between)}",
        open_port,
        repair,
        confidence=Confidence.LIKELY if others or between else Confidence.POSSIBLE,
        evidence=(reach.sign(),),
        looks=(VANISHES, DAWDLES),
    )


def _why(reach: Reach, others: list[str], between: bool) -> str:
    if others:
        get = "get" if len(others) > 1 else "gets"
        return f"{' and '.join(others)} {get} no answer there either: packets to its port are dropped."
    if between:
        return (
            "Only the node that metrics-server itself runs on gives it metrics: packets are dropped on the way from"
            " there to other nodes."
        )
    if reach.outcome(WORKSTATION) == "answers":
        return (
            "It shakes hands with the workstation. Either packets are dropped on metrics-server's way to it, or it is"
            " slow to answer: a dial from metrics-server's node decides."
        )
    return "Either packets to its port are dropped, or it is slow to answer: a dial from metrics-server's node decides."


def _untold(reach: Reach, picture: _Picture, repair: Repair) -> Iterator[Finding]:
    """Of metrics-server no word is to be had, as where its own log is behind the port in question."""
    others = _silent_to(reach, picture)
    nothing_comes = reach.scraped is False or picture.stores_nothing
    if reach.outcome(WORKSTATION) not in (None, "silent") or not (nothing_comes and picture.log_is_behind_it):
        return
    if not others and reach.outcome(WORKSTATION) is None:
        return
    sure = len(others) > 1
    yield finding(
        reach,
        f"Nothing comes back from {reach.kubelet.dialled}, where metrics-server dials {reach.name}, and the kubelet"
        " there lives. "
        + (
            "The API server and the workstation, which reaches other kubelets, get no answer: packets are dropped."
            if sure
            else "What metrics-server itself meets is not seen, because its log lies behind such a port: packets are"
            " perhaps dropped."
        ),
        open_port,
        repair,
        confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
        evidence=(reach.sign(),),
        looks=(VANISHES, DAWDLES),
    )


def _silent_to(reach: Reach, picture: _Picture) -> list[str]:
    """Who else gets no answer there. A workstation that reaches no kubelet at all is merely elsewhere."""
    found = ["The API server"] if reach.outcome(API_SERVER) == "silent" else []
    if reach.outcome(WORKSTATION) == "silent" and picture.workstation_reaches:
        found.append("the workstation" if found else "The workstation")
    return found


def _is_among_strangers(reach: Reach, picture: _Picture) -> bool:
    """Whether its address lies in another network than those of all kubelets that answer."""
    if reach.outcome(WORKSTATION) == "answers" or not picture.networks:
        return False
    return _network(reach) not in picture.networks


def _network(reach: Reach) -> str:
    """The first two bytes of its address, which says little, but enough to doubt an address."""
    return ".".join(reach.kubelet.address.split(".")[:2])


def _picture(reaches: tuple[Reach, ...], deployed: Installation | None) -> _Picture:
    own = [reach for reach in reaches if reach.hosts_metrics_server]
    others = [reach for reach in reaches if not reach.hosts_metrics_server]
    return _Picture(
        waits=deployed.request_timeout_seconds if deployed else 10.0,
        stores_nothing=stores_nothing(deployed),
        workstation_reaches=any(reach.outcome(WORKSTATION) == "answers" for reach in reaches),
        log_is_behind_it=any(reach.outcome(API_SERVER) == "silent" for reach in reaches),
        # One other that fails may fail for itself; it takes several to point at what they have in common.
        only_own_node_works=bool(own)
        and len(others) > 1
        and all(reach.scraped for reach in own)
        and all(reach.outcome(METRICS_SERVER) == "silent" for reach in others),
        networks=frozenset(
            _network(reach) for reach in reaches if reach.scraped or reach.outcome(WORKSTATION) == "answers"
        ),
    )
