"""No kubelet runs on a node: nothing answers on its port, and it no longer reports.

## What it means
The kubelet of the node has stopped, or the whole machine has. Dialled, its port refuses or stays silent, and its
Lease is no longer renewed, so the node becomes NotReady. Its pods may run on, but nobody can say so: they have no
metrics, and where metrics-server itself runs there, its pod counts as not ready and nobody has metrics.

## What it does not mean
That metrics-server or its rights are at fault. Nor is NotReady alone enough: a kubelet that is cut off from the API
server is NotReady too, and still shakes hands on its port.

## What will not help
- --kubelet-insecure-tls, certificates or RBAC: there is nobody to talk to.
- opening a firewall: where the port refuses it is the machine itself that says so.

## How it comes about
A kubelet stopped by hand or by a failed upgrade; one that cannot start (swap, cgroup driver, a bad configuration file);
a machine that is off. From 0.9 metrics-server says nothing of nodes that are not ready unless it is run with `-v=4`.

## How to make sure
`kubectl get node` says NotReady; on the node `systemctl status kubelet` and `journalctl -u kubelet`.

## Source
kubernetes pkg/controller/nodelifecycle (NodeStatusUnknown, 50 s after the last Lease), pkg/kubelet/kubelet.go;
metrics-server pkg/scraper/scraper.go (0.9: "Failed to scrape node, node is not ready", V(4)).
"""

from __future__ import annotations

from dataclasses import replace
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

from ._kubelet_reach import CUT_OFF, NOT_READY, READY, SHOWS_WITHIN_SECONDS, STOPPED, doubt, each, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msdoctor.facts.inotify import Inotify
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.stranded import Stranded

LAST_WORDS = "journalctl -u kubelet -n 20"
WHY_IT_ENDED = "Why it ended, and whether it can start, only its node tells."
ENDED = Look(LAST_WORDS, "it was stopped, or says nothing of inotify", "kubelet-down", "NODE")
NO_INOTIFY = Look(
    LAST_WORDS, "inotify_init or inotify_add_watch fails at every start", "inotify-limit-exhausted", "NODE"
)
UNCOUNTED = Unseen("no files of its host were given")
ORIGINS = ("metrics-server", "the API server", "workstation")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        Remedy(
            advice=f"Start the kubelet on {node}. If it does not stay up, `journalctl -u kubelet` there says why.",
            commands=("systemctl start kubelet",),
            on=f"node/{node}",
            undo=("systemctl stop kubelet",),
            verify=f"kubectl get node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    passes=Passing.BY_ITSELF,  # a node that boots
    says=(
        Says("NodeWithoutFigures", likelihood=0.3),
        Says("NotFound", hop=Hop.A, where={"resource": "nodemetrics.metrics.k8s.io"}, likelihood=0.3),
        Says("NodeNotReady", likelihood=0.6),
        Says("KubeletExits", likelihood=0.9),
        Says("ClientCertificateExpired", likelihood=0.75),
        *(
            Says(error, where={"outer": "failed to run Kubelet"})
            for error in (
                "Unauthorized",
                "Dial",
                "Lookup",
                "DeadlineExceeded",
                "Expired",
                "UnknownAuthority",
                "NotValidFor",
            )
        ),
        Says("Dial", hop=Hop.E, where={"outer": "node is not ready"}, likelihood=0.9),
        Says("DeadlineExceeded", hop=Hop.E, where={"outer": "node is not ready"}, likelihood=0.9),
        Says("UnknownFlag", where={"outer": "parse kubelet flag"}),
        Says("UnknownFlag", where={"speaker": "kubelet"}),
        Says("ConnectionLost", hop=Hop.E, likelihood=0.5),
        Says("Dial", hop=Hop.E, where={"failure": "connection refused"}, likelihood=0.6),
        Says("Dial", hop=Hop.E, where={"failure": "no route to host"}, likelihood=0.5),
        Says("Dial", hop=Hop.E, where={"failure": "host is down"}, likelihood=0.9),
    ),
    decide=(NOT_READY, READY),
    advise=advise,
)
def kubelet_down(
    reaches: tuple[Reach, ...],
    installation: Installation | Unseen | None,
    inotify: Mapping[str, Inotify | Unseen],
    stranded: Stranded | Unseen | None,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    deployed = None if isinstance(installation, Unseen) else installation
    down = {reach.name for reach in reaches if _may_be_down(reach) and _is_complained_of(reach, deployed)}
    # A machine that takes all of metrics-server along is metrics-server-node-down.
    lost = set() if stranded is None or isinstance(stranded, Unseen) else {reach.name for reach in stranded.nodes}
    hosts = {pod.spec.node_name for pod in deployed.pods} if deployed else set()
    takes_along = bool(hosts) and hosts <= down

    def judge(reach: Reach) -> Iterator[Finding]:
        if reach.name not in down - lost or _cannot_start(reach, inotify):
            return
        refused, unlisted = _is_refused(reach), _is_unlisted(reach)
        hosting = takes_along and reach.name in hosts
        found = finding(
            reach,
            _summary(reach, refused, unlisted, hosting),
            advise,
            repair,
            confidence=Confidence.CERTAIN if unlisted else Confidence.LIKELY if refused else Confidence.POSSIBLE,
            evidence=(reach.sign(), *_unlisted(reach, unlisted)),
            effects=(Effect(EffectKind.NOT_READY),) if hosting else (),
            since=reach.last_sign,
            changed="it gave its last sign of life",
            looks=(STOPPED, CUT_OFF),
        )
        counted = not isinstance(inotify.get(reach.name, UNCOUNTED), Unseen)
        yield found if found.doubt or counted else replace(found, doubt=doubt(reach, WHY_IT_ENDED, ENDED, NO_INOTIFY))

    yield from each(reaches, judge)


def _may_be_down(reach: Reach) -> bool:
    """Nothing comes of it, it answers nobody, and either it does not report or its own host shows that it is gone."""
    answered = any(reach.outcome(origin) in ("answers", "late") for origin in ("workstation", "the API server"))
    if reach.scraped is True or answered or reach.processes or not reach.kubelet.address:
        return False
    return reach.reporting is False or (_is_unlisted(reach) and _is_refused(reach) and not reach.lives)


def _is_complained_of(reach: Reach, deployed: Installation | None) -> bool:
    """Up to 0.8 metrics-server complains of every node that it does not reach; from 0.9 not of one that is NotReady."""
    silent = deployed is not None and deployed.version is not None and deployed.version >= (0, 9)
    return reach.said is not None or bool(reach.unheard) or silent


def _is_refused(reach: Reach) -> bool:
    return any(reach.outcome(origin) == "refused" for origin in ORIGINS)


def _is_unlisted(reach: Reach) -> bool:
    """Its unit is there and its process is not; in k3s a kubelet has neither of its own."""
    return reach.processes == () and reach.process is not None


def _cannot_start(reach: Reach, inotify: Mapping[str, Inotify | Unseen]) -> bool:
    """Then it is inotify-limit-exhausted: one that is started ends again."""
    held = inotify.get(reach.name)
    return _is_unlisted(reach) and held is not None and not isinstance(held, Unseen) and held.spent


def _summary(reach: Reach, refused: bool, unlisted: bool, takes_along: bool) -> str:
    when = f" since {reach.last_sign:%H:%M:%S}Z" if reach.last_sign else ""
    silent = f"{reach.name} has not reported to the API server{when}"
    if unlisted:
        text = f"No kubelet runs on {reach.name}: its process list has none."
    elif refused:
        text = f"No kubelet runs on {reach.name}: {silent}, and its port refuses connections, so the machine is up."
    else:
        text = (
            f"{silent}, and nothing answers on its kubelet's port: it is down with its machine, or the machine is cut"
            " off from the network."
        )
    return text + (" metrics-server's own pod is there, and counts as not ready." if takes_along else "")


def _unlisted(reach: Reach, unlisted: bool) -> Iterator[Evidence]:
    if unlisted:
        yield Evidence(
            saw="no process of that name",
            where=f"{reach.name}: process list",
            how="ps -ww -o args= -C kubelet",
            origin=f"host/{reach.name}",
        )
