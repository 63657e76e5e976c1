"""metrics-server runs on its node's own network, and its port is taken there.

## What it means
With hostNetwork the pod listens on its node's own addresses. Another process of the node has the port already, most
often the kubelet, whose 10250 is metrics-server's default from 0.7 on. metrics-server ends with `address already in
use` and is started again and again; or, where it is another pod that has the port, no node takes it.

## What it does not mean
That the network, a firewall or RBAC is in the way. That hostNetwork is wrong: some clusters need it, with another port.

## What will not help
- deleting the pod: the kubelet keeps its port, and the next pod finds it taken too.
- another replica: on each node the same port is taken by that node's kubelet.
- another port for the kubelet: everything that talks to kubelets would have to follow.

## How it comes about
hostNetwork was added by a guide or by the chart's value, where the API server has no route to pods, to a manifest of
0.7 or newer; earlier ones listened on 4443. Or two pods with hostNetwork and the same port are meant for one node.

## How to make sure
`kubectl -n kube-system logs deployment/metrics-server --previous | grep 'bind:'`, and on its node `ss -lntp` tells who
has the port.

## Source
apiserver pkg/server/options/serving.go (`failed to create listener: failed to listen on 0.0.0.0:10250: listen tcp
0.0.0.0:10250: bind: address already in use`); metrics-server manifests/base/deployment.yaml (4443 to 0.6, 10250 from
0.7); kubernetes pkg/scheduler/framework/plugins/nodeports (`didn't have free ports for the requested pod ports`). Seen
with metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._starting import finding, log, made, moved, patched, ports, status, template
from ._unplaced import about_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Node
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

FREE = 4443  # metrics-server's own port to 0.6
TAKEN = "address already in use"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        moved(
            blanks,
            FREE,
            f"Listen on another port, {FREE}; what the API server reaches its nodes through has to let that in.",
        ),
        patched(
            blanks,
            "Or leave the node's network, if the API server reaches pods.",
            f'[{{"op":"remove","path":"/spec/template/spec/hostNetwork"}}{_host_port(blanks)}]',
            way=2,
        ),
    )


def _host_port(blanks: Blanks) -> str:
    """What the API server has added to the port of a pod with hostNetwork."""
    return f',{{"op":"remove","path":"{blanks["port_path"]}/hostPort"}}' if "host_port" in blanks else ""


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("CannotListen", where={"failure": TAKEN}, likelihood=0.9),
        Says("NoNodeFits", where={"because": "ports"}),
        Says("NoNodeFits", where={"ports": "most"}, likelihood=0.85),
        Says("NoNodeFits", where={"ports": "some"}, likelihood=0.5),
        Says("ProbeStatus", where={"code": "404"}, likelihood=0.4),  # the kubelet answers, on the same port
        Says("PodState", where={"status": "CrashLoopBackOff"}, likelihood=0.15),
        Says("PodState", where={"status": "Error"}, likelihood=0.15),
    ),
    decide=(
        Look(
            "kubectl -n kube-system get deployment metrics-server -o jsonpath='{.spec.template.spec.hostNetwork}'",
            "true",
            "hostnetwork-port-conflict",
        ),
    ),
    advise=advise,
)
def hostnetwork_port_conflict(
    starts: tuple[Start, ...],
    installation: Installation | None,
    backend: Backend | Unseen | None,
    nodes: tuple[Node, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if installation is None or not installation.deployment.spec.template.spec.host_network:
        yield NotApplicable(
            "metrics-server does not run on its node's network" if installation else "none is installed"
        )
        return
    port = installation.secure_port
    for start in reversed(starts):
        kubelets = _kubelets_port(start, those_seen(nodes))
        heard = start.not_listening is not None and start.not_listening.failure == TAKEN
        crowded = about_ports(start)
        silent = start.unheard and start.ended is not None and start.ended.exit_code in (1, 2) and kubelets == port
        if not (heard or crowded or silent):
            continue
        whose = "the kubelet listens there already" if kubelets == port else "another process listens there already"
        if crowded:
            whose = "a pod on each node has that port already"
        yield finding(
            installation,
            f"metrics-server runs on its node's own network and wants port {port}: {whose}.",
            _evidence(start, installation, heard, crowded, kubelets),
            advise(repair.blanks(**ports(installation, backend))),
            confidence=Confidence.CERTAIN if heard else Confidence.LIKELY,
            since=start.since,
            changed=made(start),
        )
        return
    yield from (Unseen(start.unheard, start.subject) for start in starts if start.ended and start.unheard)


def _kubelets_port(start: Start, nodes: Sequence[Node]) -> int:
    """Where the kubelet of its node listens; 0 where that was not seen."""
    node = next((node for node in nodes if node.metadata.name == start.node), None)
    return node.status.daemon_endpoints.kubelet_endpoint.port if node else 0


def _evidence(start: Start, who: Installation, heard: bool, crowded: bool, kubelets: int) -> Iterator[Evidence]:
    if heard and start.not_listening:
        yield log(start, f"failed to listen on {start.not_listening.address}: bind: {TAKEN}")
    elif crowded:
        yield status(start, f"PodScheduled is False: {start.unplaced}")
    elif start.ended:
        yield status(start, f"ended with exit code {start.ended.exit_code}")
    yield template(who, f"hostNetwork: true, --secure-port={who.secure_port}", "spec")
    if kubelets:
        yield Evidence(
            saw=f"its kubelet listens on {kubelets}",
            where=f"Node {start.node}",
            how=f"kubectl get node {start.node} -o jsonpath='{{.status.daemonEndpoints.kubeletEndpoint.Port}}'",
        )
