"""A kubelet's figures hold a time that cannot be read, and the whole answer is thrown away with it.

## What it means
metrics-server reads a kubelet's answer with Prometheus' parser, which knows no time before 1970. One series with such a
time, usually the start of a container that has just gone (`-62135596800000`, the year 1), makes the whole answer
unreadable: the node and all its pods have no metrics, however good the other figures are.

## What it does not mean
That the kubelet cannot be reached, or that the named pod is in trouble: it is the kubelet's record of it that is wrong.
Nor are the clocks: a wrong clock gives times that can be read.

## What will not help
- --kubelet-insecure-tls or more RBAC: the answer came, and was not understood.
- setting the node's clock: the time is not from any clock, it was never set.
- restarting metrics-server: it reads the same series again. (Before 0.6.2 it also hung at it, and was restarted.)

## How it comes about
Kubelets before 1.25 print a container's start that they do not know as the zero time, which happens while a container
starts or stops, and stays where the runtime keeps a dead container. Other series get there by agents that serve the
path in the kubelet's place.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/metrics/resource | grep -e ' -[0-9]*$'` shows the series, and so whose it
is.

## Source
metrics-server pkg/scraper/client/resource/decode.go ("failed parsing metrics", seen with 0.8.0), issues 983, 1009 and
1141; prometheus model/textparse/promlex.l (a time is digits only), promparse.go; kubernetes issue 109679, mended by
pull request 110880 (pkg/kubelet/metrics/collectors/resource_metrics.go).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Effect, EffectKind, Finding, Hop, Look, Remedy, Says, check

from ._kubelet_data import RESOURCE_PATH, SHOWS_WITHIN_SECONDS, start_anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape
    from msdoctor.model import Blanks

EXPECTED = "timestamp or new record"
LOOK = Look(
    f"kubectl get --raw {RESOURCE_PATH} | grep -e ' -[0-9]*$'",
    "a series that ends in a time before 1970",
    "kubelet-bad-timestamp-series",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        start_anew(
            blanks,
            f"Start the kubelet of {node} anew: it forgets the container that it has a wrong start of, and those that"
            " run go on running.",
        ),
        Remedy(
            advice=(
                "See how old the kubelet is: one before 1.25 does it again with the next container that goes this way,"
                " and needs an upgrade; a newer one prints no such time, and something else may answer in its place."
            ),
            commands=(f"kubectl get node {node} -o jsonpath='{{.status.nodeInfo.kubeletVersion}}'",),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("UnreadableMetrics", likelihood=0.5),
        Says("UnreadableMetrics", where={"expected": EXPECTED}),
    ),
    decide=(LOOK,),
    advise=advise,
)
def kubelet_bad_timestamp_series(failed_scrapes: tuple[FailedScrape, ...], repair: Repair) -> Iterator[Finding]:
    for scrape in failed_scrapes:
        parts = scrape.error.parts()
        if type(scrape.error).__name__ != "UnreadableMetrics" or parts["expected"] != EXPECTED:
            continue
        yield Finding(
            summary=(
                f"The kubelet of {scrape.node} prints an impossible time{_of_what(parts['series'])}, and"
                " metrics-server throws its whole answer away."
            ),
            subjects=(f"node/{scrape.node}",),
            evidence=(scrape.evidence,),
            effects=(Effect(EffectKind.SCRAPE_FAILS, scrape.node),),
            confidence=Confidence.LIKELY,
            remedies=advise(repair.blanks(scrape.node)),
        )


def _of_what(series: str) -> str:
    labels = dict(re.findall(r'(\w{1,20})="([\w.-]{1,253})"', series))
    if not {"namespace", "pod"} <= labels.keys():
        return ""
    container = f"container {labels['container']} of " if "container" in labels else ""
    return f" for {container}pod {labels['namespace']}/{labels['pod']}"
