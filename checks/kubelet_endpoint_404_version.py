"""A kubelet does not serve the path that metrics-server asks it for.

## What it means
The kubelet was reached, trusted and let metrics-server in, and answers 404: it knows no such path. Either the node
bears the annotation `metrics.k8s.io/resource-metrics-path`, which metrics-server follows from 0.7 and which names a
path that this kubelet does not have, or the two are of releases that do not fit: metrics-server asks for
`/metrics/resource` from 0.6, which kubelets have from 1.18, and up to 0.5 for `/stats/summary`.

## What it does not mean
That the connection, the certificate or the rights are wrong: all three were needed to get this answer.

## What will not help
- --kubelet-insecure-tls or more RBAC: the kubelet has answered the question, with no.
- restarting the kubelet: it does not gain a path by that.

## How it comes about
An annotation meant for another agent on virtual nodes, or with a typing error; an old kubelet beside a new
metrics-server; something other than a kubelet that listens on the port.

## How to make sure
`kubectl get node NODE -o jsonpath='{.metadata.annotations}'`, and `kubectl get --raw
/api/v1/nodes/NODE/proxy/metrics/resource`, which asks the same kubelet for the usual path.

## Source
metrics-server pkg/scraper/client/resource/client.go (path, annotation and "request failed, status", seen with 0.8.0);
kubernetes pkg/kubelet/server/server.go (/metrics/resource from 1.18).
"""

from __future__ import annotations

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
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._kubelet_data import is_removed
from ._kubelet_reach import SHOWS_WITHIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.kubelets import Kubelet
    from msdoctor.facts.objects import Node
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.scrapes import FailedScrape

ANNOTATION = "metrics.k8s.io/resource-metrics-path"
LOOK = Look(
    "kubectl get node NODE -o jsonpath='{.metadata.annotations}'",
    f"{ANNOTATION} with a path that kubelets do not have",
    "kubelet-endpoint-404-version",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        Remedy(
            advice=f"Take the annotation off {node}, so that metrics-server asks for its own path again.",
            commands=(f"kubectl annotate node {node} {ANNOTATION}-",),
            undo=(f"kubectl annotate node {node} {ANNOTATION}={blanks['annotated_path']}",),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def advise_version(blanks: Blanks) -> tuple[Remedy, ...]:
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    return (
        Remedy(
            advice=(
                f"See what {blanks['node']}'s kubelet serves. One older than 1.18 has no /metrics/resource: upgrade it,"
                " or go back to metrics-server 0.5 with the role that belongs to it."
            ),
            commands=(
                f"kubectl get node {blanks['node']} -o jsonpath='{{.status.nodeInfo.kubeletVersion}}'",
                f"kubectl get --raw /api/v1/nodes/{blanks['node']}/proxy/metrics/resource",
                f"kubectl get {target} -o jsonpath='{{.spec.template.spec.containers[*].image}}'",
            ),
            verify=f"kubectl top node {blanks['node']}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(Says("HTTPStatus", hop=Hop.E, where={"code": "404"}),),
    decide=(LOOK,),
    advise=advise,
)
def kubelet_endpoint_404_version(
    failed_scrapes: tuple[FailedScrape, ...],
    nodes: tuple[Node, ...] | Unseen,
    kubelets: tuple[Kubelet, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    known = {} if isinstance(nodes, Unseen) else {node.metadata.name: node for node in nodes}
    taken = {kubelet.name for kubelet in those_seen(kubelets) if kubelet.impostor}
    for scrape in failed_scrapes:
        if scrape.node in taken or type(scrape.error).__name__ != "HTTPStatus" or scrape.error.parts()["code"] != "404":
            continue
        if isinstance(nodes, Unseen):
            yield Unseen("which path it was asked for is not known: the nodes were not seen", f"node/{scrape.node}")
            continue
        node = known.get(scrape.node)
        path = node.metadata.annotations.get(ANNOTATION, "") if node else ""
        if is_removed(path):
            continue  # old-stats-endpoint-removed names it
        version = node.status.node_info.kubelet_version if node else ""
        blanks = repair.blanks(scrape.node, annotated_path=path)
        yield Finding(
            summary=(
                f"metrics-server asks {scrape.node}'s kubelet for {path}, because the node's annotation says so, and"
                " the kubelet has no such path."
                if path
                else f"The kubelet of {scrape.node}{f', {version},' if version else ''} answers 404: it does not serve"
                " the path that this metrics-server asks for, or it is no kubelet that answers."
            ),
            subjects=(f"node/{scrape.node}",),
            evidence=(
                scrape.evidence,
                *(
                    (
                        Evidence(
                            saw=f"{ANNOTATION}: {path}",
                            where=f"Node {scrape.node}, annotations",
                            how=f"kubectl get node {scrape.node} -o yaml",
                        ),
                    )
                    if path
                    else ()
                ),
            ),
            effects=(Effect(EffectKind.SCRAPE_FAILS, scrape.node),),
            confidence=Confidence.CERTAIN if path else Confidence.LIKELY,
            remedies=advise(blanks) if path else advise_version(blanks),
        )
