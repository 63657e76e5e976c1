"""metrics-server asks kubelets on the read-only port, 10255, which is closed.

## What it means
With `--kubelet-port=10255` metrics-server dials the port on which old kubelets served everybody without asking who they
were. Kubelets have it closed by default since long, so it refuses, and nobody has metrics. Where it is open it speaks
plain HTTP, and metrics-server, which speaks TLS, cannot use it either.

## What it does not mean
That the kubelets are down or behind a firewall: their own port, 10250, was not asked.

## What will not help
- --kubelet-insecure-tls: there is nobody to shake hands with.
- opening 10255 in a firewall, or with `readOnlyPort: 10255`: it gives every pod's figures to everybody, and
  metrics-server from 0.6 cannot speak plain HTTP.

## How it comes about
A guide of the time of Heapster, or of metrics-server up to 0.3 with `--deprecated-kubelet-completely-insecure`.

## How to make sure
The arguments of metrics-server's Deployment, and on a node `ss -ltn`.

## Source
metrics-server cmd/metrics-server/app/options/kubelet_client.go (`--kubelet-port`, `--kubelet-use-node-status-port`);
kubernetes pkg/kubelet/apis/config (readOnlyPort, 0 by default). Seen with 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Confidence, Evidence, Finding, Hop, Remedy, Says, check

from ._kubelet_reach import change_argument, each_blind, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair

PORT = 10255


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        change_argument(
            blanks,
            "--kubelet-use-node-status-port",
            "Dial the port that each node says is its kubelet's, as upstream's manifest does.",
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        # A port that nobody serves refuses; whatever else is said is said on the way to it.
        Says("Dial", hop=Hop.E, where={"port": "10255", "failure": "connection refused"}, likelihood=0.95),
        Says("Dial", hop=Hop.E, where={"port": "10255"}, likelihood=0.4),
        Says("HTTPStatus", hop=Hop.E, where={"port": "10255"}, likelihood=0.5),
        Says("NotTLS", hop=Hop.E, likelihood=0.8),
        # net/http server.go: "Client sent an HTTP request to an HTTPS server"
        Says("HTTPStatus", hop=Hop.E, where={"code": "400"}, likelihood=0.7),
        Says("WrongScheme", hop=Hop.E, likelihood=0.7),  # asked without TLS, as that port is, on the one with TLS
    ),
    advise=advise,
)
def kubelet_read_only_port_10255(
    reaches: tuple[Reach, ...], installation: Installation, repair: Repair
) -> Iterator[Finding]:
    for reach in each_blind(reaches):
        if reach.kubelet.port != PORT or reach.kubelet.node.status.daemon_endpoints.kubelet_endpoint.port == PORT:
            continue
        told = reach.outcome("metrics-server")
        yield finding(
            reach,
            f"metrics-server dials {reach.name} at {reach.kubelet.dialled}, the read-only port; the node says that its"
            f" kubelet listens on {reach.kubelet.node.status.daemon_endpoints.kubelet_endpoint.port or 10250}.",
            advise,
            repair,
            confidence=Confidence.CERTAIN if told else Confidence.LIKELY,
            evidence=(
                Evidence(
                    saw=f"--kubelet-port={PORT}",
                    where=f"{installation.subject}, args",
                    how=f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml",
                ),
            ),
            position=installation.pointer("--kubelet-port"),
        )
