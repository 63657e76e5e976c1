"""A node turns connections to its kubelet's port away, although its kubelet runs.

## What it means
metrics-server is refused at once (`connection refused`) or told that there is no way (`no route to host`), while the
kubelet of that node lives and reports to the API server. A firewall rejects the port, with `tcp-reset` or
`icmp-port-unreachable` in the one case and, as firewalld does, with `icmp-host-prohibited` in the other. The node and
its pods have no metrics.

## What it does not mean
That the kubelet is down: a stopped kubelet is refused just so, but then it no longer renews its Lease either. Nor that
its certificate or metrics-server's rights are wrong: no handshake has begun.

## What will not help
- --kubelet-insecure-tls: it concerns the certificate, and no handshake has begun.
- restarting the kubelet: it runs, and listens.
- reinstalling metrics-server: the rule is the node's, or stands on the way to it.

## How it comes about
A hardened host or a fresh firewalld that lets in what the control plane needs and not what pods on other nodes ask. A
kubelet that listens on another address than its node's looks the same.

## How to make sure
`kubectl get node` says Ready; on the node, `ss -ltn` shows the port and `iptables -S INPUT`, `nft list ruleset` or
`firewall-cmd --list-all` the rule.

## Source
iptables-extensions(8), target REJECT; Linux icmp_err_convert (port unreachable becomes ECONNREFUSED, host prohibited
EHOSTUNREACH); kubernetes pkg/kubelet/kubelet.go (renewal of the Lease).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Finding, Hop, Says, Unseen, check

from ._kubelet_reach import NOT_READY, READY, doubt, each, finding, open_port, stores_nothing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair

TURNED_AWAY = ("refused", "no route")
RENEWS = timedelta(seconds=20)  # twice the pace at which a kubelet renews its Lease
STARTS = timedelta(seconds=30)  # within which a kubelet listens


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        Says("ConnectionLost", hop=Hop.E, likelihood=0.4),
        Says("Dial", hop=Hop.E, where={"failure": "permission denied"}, likelihood=0.6),
        Says("Dial", hop=Hop.E, where={"failure": "operation not permitted"}, likelihood=0.6),
        Says("Dial", hop=Hop.E, where={"failure": "connection refused"}, likelihood=0.5),
        Says("Dial", hop=Hop.E, where={"failure": "no route to host"}, likelihood=0.6),
    ),
    decide=(NOT_READY, READY),
    advise=open_port,
)
def node_firewall_reject(
    reaches: tuple[Reach, ...], installation: Installation | Unseen | None, repair: Repair
) -> Iterator[Finding | Unseen]:
    deployed = None if isinstance(installation, Unseen) else installation

    def judge(reach: Reach) -> Iterator[Finding | Unseen]:
        # Refused where no kubelet is to be expected is another matter.
        if reach.reporting is False or reach.shared_with or reach.found_at or not _is_its_port(reach):
            return
        if reach.said:
            yield from _told(reach, repair)
        elif reach.unheard and (reach.scraped is False or stores_nothing(deployed)):
            yield from _untold(reach, repair)

    yield from each(reaches, judge)


def _told(reach: Reach, repair: Repair) -> Iterator[Finding | Unseen]:
    """metrics-server itself says that it is turned away."""
    met = reach.outcome("metrics-server")
    if met not in TURNED_AWAY:
        return
    if not reach.lives:
        why = "turned away, and no sign of life since: stopped, or behind a firewall"
        yield Unseen(why, reach.subject, doubt(reach, why, NOT_READY, READY))
        return
    shakes = reach.outcome("workstation") == "answers"
    # A kubelet that restarts is refused once; that there is no way can come of a wrong address, too.
    sure = reach.times > 1 and (met == "refused" or shakes)
    yield finding(
        reach,
        f"metrics-server is turned away at {reach.kubelet.dialled}, where it dials {reach.name}, and the kubelet there"
        " runs: "
        + (
            "it shakes hands with the workstation. A firewall rejects what comes from metrics-server."
            if shakes
            else "it has reported to the API server since. A firewall rejects its port."
        ),
        open_port,
        repair,
        confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
        evidence=(reach.sign(),),
        looks=(READY, NOT_READY),
    )


def _untold(reach: Reach, repair: Repair) -> Iterator[Finding]:
    """Of metrics-server no word is to be had, as where its own log is behind the port in question."""
    away = reach.by("the API server")
    if away is None or away.outcome not in TURNED_AWAY or reach.reporting is not True:
        return
    # For longer than the samples have failed to come the kubelet would be silent towards the API server, too.
    lived = reach.scraped is False and reach.last_sign is not None and away.at - reach.last_sign < RENEWS
    ran = any(process.started and away.at - process.started > STARTS for process in reach.processes or ())
    yield finding(
        reach,
        f"The API server is turned away at {reach.kubelet.dialled}, where metrics-server dials {reach.name}, and the"
        " kubelet there reports all the same: a firewall rejects its port.",
        open_port,
        repair,
        confidence=Confidence.LIKELY if lived or ran else Confidence.POSSIBLE,
        evidence=(reach.sign(),),
        looks=(READY, NOT_READY),
    )


def _is_its_port(reach: Reach) -> bool:
    return reach.kubelet.port == (reach.kubelet.node.status.daemon_endpoints.kubelet_endpoint.port or 10250)
