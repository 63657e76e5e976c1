"""The node of the only metrics-server pod is down.

## What it means
The machine that metrics-server runs on is off, or cut off from everybody: its Lease is not renewed and nothing answers
at its address, not even with a refusal. Its pod counts as not ready, the Service has no endpoint, and nobody has
metrics. After some minutes (`tolerationSeconds`, 300 unless set) the cluster makes a pod on another node by itself, if
one takes it.

## What it does not mean
That metrics-server or its configuration is at fault. A kubelet that was stopped is something else: its machine goes on
to refuse connections, and its pods to run.

## What will not help
- restarting the Deployment: the old pod is waited for, and nobody is there to end it.
- --kubelet-insecure-tls, RBAC or certificates: nobody is there to be talked to.
- deleting the APIService: it works again as soon as a pod is ready elsewhere.

## How it comes about
A machine that crashed, was shut down or taken back by the cloud, or lost its network, with the only pod on it; a pod
that tolerates everything for ever, or whose nodeSelector fits this node alone, is not even moved.

## How to make sure
`kubectl -n kube-system get pods -l k8s-app=metrics-server -o wide` and `kubectl get nodes`: its node is NotReady, and
`ping` gets no answer.

## Source
kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go, pkg/controller/tainteviction/taint_eviction.go,
plugin/pkg/admission/defaulttolerationseconds/admission.go.
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
    Passing,
    Remedy,
    Risk,
    Says,
    Unseen,
    check,
)

from ._starting import SHOWS_WITHIN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.stranded import Stranded


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (_move(blanks), _forget(blanks))


def _move(blanks: Blanks) -> Remedy:
    return Remedy(
        advice=(
            "Take the lost pod away, so that it is made on another node at once. When all is well again give the"
            " Deployment a second replica on another node, with a PodDisruptionBudget: upstream's"
            " high-availability.yaml has both."
        ),
        commands=(f"kubectl -n {blanks['namespace']} delete pod {blanks['pod']} --wait=false",),
        verify=f"kubectl -n {blanks['namespace']} get pods -o wide",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _forget(blanks: Blanks) -> Remedy:
    node = blanks["node"]
    return Remedy(
        advice=(
            f"If the machine {node} is off and does not come back soon, take its Node away; a kubelet that comes"
            " back and is started anew registers it again, without labels and taints that were set by hand."
        ),
        commands=(f"kubectl delete node {node} --wait=false",),
        risks=(Risk.DISRUPTIVE,),
        verify="kubectl get nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.BY_ITSELF,  # the pod is made anew elsewhere, or the node comes back
    says=(
        Says("Circumstance", where={"what": "a node down"}, likelihood=0.5),
        Says("PodState", where={"status": "Terminating"}, likelihood=0.7),
        Says("PodState", where={"status": "Unknown"}, likelihood=0.9),
        Says("PodState", where={"status": "NodeLost"}, likelihood=0.9),
        Says("DiscoveryFailed", likelihood=0.2),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.15),
    ),
    decide=(
        Look(
            "kubectl -n kube-system get pods -l k8s-app=metrics-server -o wide; kubectl get nodes",
            "its node is NotReady, and its address answers nobody",
            "metrics-server-node-down",
        ),
    ),
    advise=advise,
)
def metrics_server_node_down(
    stranded: Stranded | None, installation: Installation, taken_at: datetime, repair: Repair
) -> Iterator[Finding | Unseen]:
    if stranded is None:
        return
    names = [reach.name for reach in stranded.nodes]
    first = stranded.nodes[0]
    yield Finding(
        summary=_summary(stranded, taken_at),
        subjects=tuple(reach.subject for reach in stranded.nodes),
        evidence=(
            *_where(stranded, installation),
            *(reach.sign() for reach in stranded.nodes),
            *(attempt.evidence for reach in stranded.nodes for attempt in reach.attempts),
        ),
        effects=(Effect(EffectKind.NOT_READY), *(Effect(EffectKind.SCRAPE_FAILS, name) for name in names)),
        confidence=Confidence.LIKELY,
        since=first.last_sign,
        changed=f"{first.name} gave its last sign of life" if first.last_sign else "",
        remedies=_remedies(stranded, repair),
    )


def _summary(stranded: Stranded, now: datetime) -> str:
    names = ", ".join(reach.name for reach in stranded.nodes)
    text = (
        f"metrics-server's pod is on {names}, which is down or cut off: nothing is heard of the machine, and nobody who"
        " dials it gets as much as a refusal."
    )
    if stranded.moves_at and stranded.moves_at > now:
        text += f" The cluster makes a pod elsewhere by itself at {stranded.moves_at:%H:%M:%S}Z."
    return text


def _where(stranded: Stranded, installation: Installation) -> Iterator[Evidence]:
    for pod in stranded.pods:
        gone = ", being deleted" if pod.metadata.deletion_timestamp else ""
        yield Evidence(
            saw=f"it is on {pod.spec.node_name} and not ready{gone}",
            where=f"pod/{pod.metadata.namespace}/{pod.metadata.name}",
            how=f"kubectl -n {installation.namespace} get pod {pod.metadata.name} -o wide",
        )


def _remedies(stranded: Stranded, repair: Repair) -> tuple[Remedy, ...]:
    left = [pod.metadata.name for pod in stranded.pods if pod.metadata.deletion_timestamp is None]
    moves = tuple(_move(repair.blanks(pod=name)) for name in left)
    # Whoever marked a machine takes its Node away too.
    forgets = () if stranded.marked else tuple(_forget(repair.blanks(reach.name)) for reach in stranded.nodes)
    return (*moves, *forgets)
