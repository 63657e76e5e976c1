"""A kubelet answers metrics-server, and its answer holds no figures at all.

## What it means
metrics-server scrapes the kubelet without complaint and stores nothing of it, neither the node's row nor any of its
pods'. That is what a kubelet gives that fails to make up its statistics: it still answers 200, with the one word
`resource_scrape_error 1`, and tells the reason only in its own log. Most often cAdvisor in the kubelet has no
statistics of the root cgroup: `failed to get root cgroup stats`.

## What it does not mean
That the way there, the certificate or the rights are wrong: each of these makes metrics-server complain.

## What will not help
- restarting or reinstalling metrics-server: the kubelet's answer stays empty.
- --kubelet-insecure-tls or more RBAC: the kubelet has answered.

## How it comes about
cAdvisor that could not start its watch of the root cgroup, or lost it; a cgroup hierarchy that was mounted anew under a
running kubelet; a container runtime that does not answer (`failed to list pod stats`), of which the node becomes
NotReady after a while.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/metrics/resource` has nothing but `resource_scrape_error 1`. The kubelet's
log says why: "Error getting summary for resourceMetric prometheus endpoint".

## Source
kubernetes pkg/kubelet/metrics/collectors/resource_metrics.go, pkg/kubelet/server/stats/summary.go and
pkg/kubelet/stats/provider.go (1.36.3); metrics-server pkg/scraper/client/resource/decode.go (0.8.0, V(1)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Effect, EffectKind, Finding, Hop, Look, Says, Unseen, check

from ._kubelet_data import RESOURCE_PATH, UNHEARD, journal, look_closer, rows, start_anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.figures import NodeFigures
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.model import Blanks, Remedy

SUMMARY = "Error getting summary for resourceMetric"
SELECTOR = "node-selector"
LOOKS = (
    Look(
        f"kubectl get --raw {RESOURCE_PATH}",
        "resource_scrape_error 1 and nothing else",
        "cadvisor-root-stats-missing",
    ),
    Look(
        f"journalctl -u kubelet | grep '{SUMMARY}'",
        'failed to get root cgroup stats: failed to get cgroup stats for "/"',
        "cadvisor-root-stats-missing",
        "the node",
    ),
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        look_closer(
            blanks,
            f"See why the kubelet of {node} makes up no statistics. If it speaks of the container runtime rather than"
            " of a cgroup, it is the runtime that needs a restart.",
            journal(blanks, SUMMARY),
        ),
        start_anew(blanks, "Start the kubelet anew, and its cAdvisor with it; containers run on meanwhile."),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("SummaryFailed", likelihood=0.5),
        Says("HTTPStatus", hop=Hop.E, where={"code": "500"}, likelihood=0.4),
        # /metrics/resource answers 200 all the same
        Says("HTTPStatus", hop=Hop.E, where={"code": "500", "path": "/stats/summary"}, likelihood=0.5),
        Says("NoCgroupStats", where={"cgroup": "/"}),
        Says("NoFilesystemStats", likelihood=0.7),
        Says("RuntimeUnreached", likelihood=0.3),
    ),
    decide=LOOKS,
    advise=advise,
)
def cadvisor_root_stats_missing(
    figures: tuple[NodeFigures, ...], installation: Installation, repair: Repair
) -> Iterator[Finding | Unseen]:
    if installation.flags.text(SELECTOR):
        return  # from 0.8 metrics-server may be told to leave nodes out
    for node in figures:
        if node.own or node.doubted or node.failure is not None or not node.no_pods:
            continue
        if node.ready.status != "True":
            continue  # from 0.9 metrics-server says nothing of such a node
        if not node.heard:
            yield Unseen(UNHEARD, node.subject)
            continue
        yield Finding(
            summary=(
                f"The kubelet of {node.name} answers metrics-server without any figures: it makes up no statistics."
                " Its log says whether it is cAdvisor, which has none of the root cgroup, or the container runtime."
            ),
            subjects=(node.subject,),
            evidence=tuple(rows(node)),
            effects=(Effect(EffectKind.SCRAPE_FAILS, node.name),),
            confidence=Confidence.POSSIBLE,
            remedies=advise(repair.blanks(node.name)),
        )
