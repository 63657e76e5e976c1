"""A node's machine is gone, and its Node object is still listed.

## What it means
Somebody has written on the Node that its machine is taken away, and nothing is heard of it any more: no Lease renewed,
no answer on its kubelet's port. metrics-server goes on to dial every Node that is listed, and complains of this one
until its object is deleted: by a timeout, or `no route to host`. Nothing is expected of the node, and it is counted
nowhere.

## What it does not mean
That the network, a firewall or the kubelet is at fault, or that metrics of other nodes are kept back. A node that is
only drained is not meant: its kubelet reports, and has metrics, to its last minute. Nor one that took all of
metrics-server along, which does harm until its pod is made elsewhere: its kubelet is down then.

## What will not help
- opening the kubelet's port, or mending a route: there is no machine behind the address.
- restarting metrics-server: it lists the same nodes again.
- a longer --kubelet-request-timeout: every scrape would wait longer for nobody.

## How it comes about
A spot instance that was taken back, a node group that was made smaller, a machine that was shut down for the night: the
cloud's controller sees it some time after the machine went, and deletes the Node, or taints it where the machine still
exists. Without such a controller a Node stays for ever. A finalizer that nobody answers keeps a deleted one.

## How to make sure
`kubectl describe node NODE`: the taint `node.cloudprovider.kubernetes.io/shutdown` or `ToBeDeletedByClusterAutoscaler`,
a deletionTimestamp, the event `DeletingNode`. If it is not to come back and nobody takes it away: `kubectl delete node
NODE`.

## Source
kubernetes staging/src/k8s.io/cloud-provider/controllers/nodelifecycle/node_lifecycle_controller.go (it taints a node
that is not Ready and shut down, takes the taint off a Ready one, and deletes what "does not exist in the cloud
provider"); autoscaler cluster-autoscaler/utils/taints/taints.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Finding, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.leaving import Gone


@check(
    hop=Hop.E,
    cls=Class.BENIGN,
    says=(
        # Of a cloud's machines one that went is more frequent than one that is cut off; several at once are cut off.
        *(
            Says(error, hop=Hop.E, where={"node_kind": "cloud", **what}, likelihood=likelihood, lone=True)
            for error, what, likelihood in (
                ("Dial", {"failure": "no route to host"}, 0.8),
                ("Dial", {"failure": "connection refused"}, 0.8),
                ("Dial", {"failure": "i/o timeout"}, 0.95),
                ("DeadlineExceeded", {}, 0.8),
            )
        ),
        Says("Dial", hop=Hop.E, where={"failure": "no route to host"}, likelihood=0.3),
        Says("Dial", hop=Hop.E, where={"failure": "i/o timeout"}, likelihood=0.5),
        Says("DeadlineExceeded", hop=Hop.E, likelihood=0.3),
        Says("Dial", hop=Hop.E, where={"failure": "connection refused"}, likelihood=0.25),
    ),
)
def node_terminated_still_listed(gone: tuple[Gone, ...]) -> Iterator[Finding]:
    for item in gone:
        reach = item.reach
        when = f" since {reach.last_sign:%H:%M:%S}Z" if reach.last_sign else ""
        yield Finding(
            summary=f"Nothing was heard of {item.node}{when}, and {item.word}: nothing is expected of it.",
            subjects=(reach.subject,),
            evidence=(item.evidence, reach.sign(), *(attempt.evidence for attempt in reach.attempts)),
            effects=(),
            confidence=Confidence.CERTAIN if item.sure else Confidence.LIKELY,
            since=reach.last_sign,
            changed="it gave its last sign of life" if reach.last_sign else "",
        )
