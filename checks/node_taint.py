"""metrics-server does not tolerate the taints of the nodes, so none takes its pod.

## What it means
A taint keeps every pod off a node that does not tolerate it. All nodes have one (NoSchedule or NoExecute) that
metrics-server's pod does not tolerate, and it waits, Pending, for a node without.

## What it does not mean
That the nodes are full or broken: a taint is somebody's wish. That metrics-server must run on a control plane: it may
run anywhere from where it reaches the kubelets.

## What will not help
- deleting the pod, or installing metrics-server again: the next one tolerates no more.
- hostNetwork, fewer requests or a higher priority: none of them outweighs a taint.
- --kubelet-insecure-tls or RBAC: nothing runs yet that could use them.

## How it comes about
A cluster of one machine, whose only node is the control plane and has its taint; node pools that are all dedicated
to something (a team, GPUs, spot instances); the last node without a taint was drained and taken away.

## How to make sure
`kubectl -n kube-system describe pod -l k8s-app=metrics-server` ends in FailedScheduling with `untolerated taint`;
`kubectl get nodes -o custom-columns=NODE:.metadata.name,TAINTS:.spec.taints` shows them. Taints named
node.kubernetes.io/not-ready, unreachable or *-pressure tell of a node's condition instead: mend the node.

## Source
kubernetes pkg/scheduler/framework/plugins/tainttoleration/taint_toleration.go (`node(s) had untolerated taint(s)` from
1.35; before with the taint, `node(s) had untolerated taint {KEY: VALUE}`); kubeadm's taint
node-role.kubernetes.io/control-plane. Seen with Kubernetes 1.36.3.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Finding,
    Hop,
    Look,
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._starting import SHOWS_WITHIN_SECONDS, finding, made, patched, target
from ._unplaced import evidence, only_taints, shown, unplaced

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.placing import Placing
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

LOOK = "kubectl get nodes -o custom-columns=NODE:.metadata.name,TAINTS:.spec.taints"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node, taints = blanks["node"], blanks["taints"].split(",")
    tolerations = [_toleration(taint) for taint in taints]
    path = "/spec/template/spec/tolerations"
    if blanks.get("tolerates") == "something":
        operations: list[object] = [{"op": "add", "path": f"{path}/-", "value": one} for one in tolerations]
    else:
        operations = [{"op": "add", "path": path, "value": tolerations}]
    return (
        patched(
            blanks,
            f"Let metrics-server tolerate {' and '.join(taints)}: it then runs on {node}, and may on others like it.",
            json.dumps(operations, separators=(",", ":")),
        ),
        Remedy(
            advice=f"Or take the taint off {node}: other pods, too, may then come there.",
            commands=tuple(f"kubectl taint node {node} {taint}-" for taint in taints),
            undo=tuple(f"kubectl taint node {node} {taint}" for taint in taints),
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


def _toleration(taint: str) -> dict[str, str]:
    """Of a taint as kubectl writes it."""
    named, _, effect = taint.partition(":")
    key, equals, value = named.partition("=")
    given = {"operator": "Equal", "value": value} if equals else {"operator": "Exists"}
    return {"key": key, **given, "effect": effect}


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # taints that a cloud's controller or a network's agent takes away once it is ready
    says=(
        Says("NoNodeFits", where={"because": "taints"}, likelihood=0.8),
        Says("NoNodeFits", where={"taints": "most"}, likelihood=0.85),
        Says("NoNodeFits", where={"taints": "some"}, likelihood=0.5),
    ),
    decide=(Look(LOOK, "a taint on every node, none of them of node.kubernetes.io", "node-taint"),),
    advise=advise,
)
def node_taint(
    starts: tuple[Start, ...],
    placings: tuple[Placing, ...] | Unseen,
    installation: Installation,
    repair: Repair,
) -> Iterator[Finding]:
    start = unplaced(starts)
    if start is None or not only_taints(placings, start):
        return
    seen = those_seen(placings)
    chosen = min(seen, key=lambda placing: len(placing.own_taints), default=None)
    known = {"node": chosen.node, "taints": ",".join(map(shown, chosen.own_taints))} if chosen else {}
    tolerates = "something" if installation.deployment.spec.template.spec.tolerations else "nothing"
    yield finding(
        installation,
        _summary(seen),
        evidence(start, placings),
        advise(repair.blanks(tolerates=tolerates, **known)),
        # Without the Nodes it may be that all are not ready, which their taints tell as well.
        confidence=Confidence.CERTAIN if seen else Confidence.POSSIBLE,
        since=start.since,
        changed=made(start),
    )


def _summary(placings: Sequence[Placing]) -> str:
    if not placings:
        return (
            "No node takes metrics-server's pod: it does not tolerate their taints, says the scheduler. Which those"
            f" are, and whether they tell of nodes that are not ready, `{LOOK}` shows."
        )
    taints = tuple(dict.fromkeys(shown(taint) for placing in placings for taint in placing.own_taints))
    nodes = "the only node has" if len(placings) == 1 else f"all {len(placings)} nodes have"
    listed = ", ".join(taints[:3]) + (f" and {len(taints) - 3} more" if len(taints) > 3 else "")
    return f"No node takes metrics-server's pod: {nodes} a taint that it does not tolerate, {listed}."
