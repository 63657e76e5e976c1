"""A kubelet is asked for a path under /stats/ or /spec that kubelets no longer have.

## What it means
Heapster and the first agents of its kind read containers' figures from `/stats/container/`, `/stats/NAMESPACE/POD/…`
and `/spec/`. Kubelets gave these up: switched off from 1.18, gone from 1.21. Whoever asks for them gets 404, here
metrics-server because the node bears the annotation `metrics.k8s.io/resource-metrics-path` with such a path.

## What it does not mean
That the kubelet is down, or refuses: it has answered. `/stats/summary` and `/metrics/resource` are still there.

## What will not help
- restarting or downgrading the kubelet: no release that is still mended has the path.
- --kubelet-insecure-tls or more RBAC: it is not a question of rights; rights to nodes/stats give no path back.

## How it comes about
An annotation or a scrape configuration copied from Heapster's time; Heapster itself, which was retired with 1.13.

## How to make sure
`kubectl get node NODE -o jsonpath='{.metadata.annotations}'`; the URL in the complaint of whoever asks.

## Source
metrics-server pkg/scraper/client/resource/client.go (annotation, from 0.7; "request failed, status", seen with 0.8.0);
kubernetes pull requests 87440 (`--enable-cadvisor-json-endpoints`, off from 1.18) and 99236 (gone from 1.21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Effect, EffectKind, Evidence, Finding, Hop, Look, Remedy, Says, check

from ._kubelet_data import SHOWS_WITHIN_SECONDS, is_removed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.objects import Node
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape
    from msdoctor.model import Blanks

ANNOTATION = "metrics.k8s.io/resource-metrics-path"
LOOK = Look(
    "kubectl get node NODE -o jsonpath='{.metadata.annotations}'",
    "a path under /stats/ other than /stats/summary, or under /spec, as in the URL of the complaint",
    "old-stats-endpoint-removed",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        Remedy(
            advice=f"Take the annotation off {node}, so that metrics-server asks for a path that every kubelet has.",
            commands=(f"kubectl annotate node {node} {ANNOTATION}-",),
            undo=(f"kubectl annotate node {node} {ANNOTATION}={blanks['annotated_path']}",),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("HTTPStatus", hop=Hop.E, where={"code": "404"}, likelihood=0.5),
        Says("HTTPStatus", hop=Hop.E, where={"code": "404", "path": "/stats/container"}),
        Says("HTTPStatus", hop=Hop.E, where={"code": "404", "path": "/stats/"}, likelihood=0.9),
    ),
    decide=(LOOK,),
    advise=advise,
)
def old_stats_endpoint_removed(
    failed_scrapes: tuple[FailedScrape, ...], nodes: tuple[Node, ...], repair: Repair
) -> Iterator[Finding]:
    annotated = {node.metadata.name: node.metadata.annotations.get(ANNOTATION, "") for node in nodes}
    for scrape in failed_scrapes:
        path = annotated.get(scrape.node, "")
        if type(scrape.error).__name__ != "HTTPStatus" or scrape.error.parts()["code"] != "404" or not is_removed(path):
            continue
        yield Finding(
            summary=(
                f"metrics-server asks {scrape.node}'s kubelet for {path}, because the node's annotation says so, and"
                " kubelets gave that path up with 1.21."
            ),
            subjects=(f"node/{scrape.node}",),
            evidence=(
                scrape.evidence,
                Evidence(
                    saw=f"{ANNOTATION}: {path}",
                    where=f"Node {scrape.node}, annotations",
                    how=f"kubectl get node {scrape.node} -o yaml",
                ),
            ),
            effects=(Effect(EffectKind.SCRAPE_FAILS, scrape.node),),
            confidence=Confidence.CERTAIN,
            remedies=advise(repair.blanks(scrape.node, annotated_path=path)),
        )
