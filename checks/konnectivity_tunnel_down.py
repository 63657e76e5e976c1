"""The tunnel by which the API server reaches nodes and pods is down.

## What it means
An egress selector sends whatever the API server asks of the cluster into a tunnel (konnectivity): to a server beside
it, and from there by agents on the nodes. Its near end is not there, or has no agent; so the aggregator reaches no
metrics-server, and `kubectl logs`, `exec` and admission webhooks fail with it.

## What it does not mean
That metrics-server or its Service is at fault: nothing of the request ever left the control plane.

## What will not help
- opening ports to metrics-server: the tunnel is dialled by the agents, from the nodes to the control plane.
- --enable-aggregator-routing: with it and without, the request goes into the tunnel.
- restarting metrics-server: it is not asked.

## How it comes about
konnectivity-server stopped, or writes its socket elsewhere than the API server looks; agents that do not run, or may
not reach the server's port (8132 by default), or whose certificate or token has expired; with several servers, agents
that know only some of them.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/healthz` fails in the same words. On the control-plane host the file that
`--egress-selector-config-file` names says where the tunnel begins; `ls -l` the socket. The agents:
`kubectl -n kube-system get pods -l k8s-app=konnectivity-agent`.

## Source
apiserver pkg/server/egressselector/egress_selector.go (0.36.3); apiserver-network-proxy konnectivity-client
pkg/client/client.go (0.35.0) and pkg/server ("No agent available").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import RULED_OUT, Class, Hop, Passing, Remedy, Risk, Says, check

from ._registration import apiservice
from ._way import SHOWS_WITHIN_SECONDS, TUNNEL, judge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.way import Way
    from msdoctor.model import Blanks, Finding, NotApplicable, Unseen

PROGRAM = "konnectivity-server"

DIALING = "error dialing backend"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """Start the near end anew where its files lie; else the agents."""
    on = f"control-plane/{blanks['control_plane']}"
    if "tunnel_unit" in blanks:
        advice = "Start the tunnel's near end on the API server's host; if it does not stay, its log says why."
        return (_start(blanks, advice, (f"systemctl restart {PROGRAM}",), (f"systemctl stop {PROGRAM}",), on),)
    if "tunnel_manifest" in blanks:
        file = blanks["tunnel_manifest"]
        beside = file.replace("/manifests/", "/")
        advice = "Start the tunnel's near end anew, a static pod of this host; if it does not stay, its log says why."
        return (_start(blanks, advice, (f"mv {file} {beside} && sleep 20 && mv {beside} {file}",), (), on),)
    target = "daemonset/konnectivity-agent"
    commands = (f"kubectl -n kube-system rollout restart {target}", f"kubectl -n kube-system rollout status {target}")
    advice = "Start the tunnel's agents anew; if they stay away, see to their logs and to the server's."
    undo = (f"kubectl -n kube-system rollout undo {target}",)
    return (_start(blanks, advice, commands, undo, "workstation"),)


def _start(blanks: Blanks, advice: str, commands: tuple[str, ...], undo: tuple[str, ...], on: str) -> Remedy:
    return Remedy(
        advice=advice,
        commands=commands,
        on=on,
        risks=(Risk.DISRUPTIVE,),
        undo=undo,
        verify=f"kubectl get apiservice {apiservice(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    passes=Passing.BY_ITSELF,  # agents connect anew by themselves
    says=(
        Says("Circumstance", where={"what": "nobody to ask"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "AKS"}, likelihood=0.2),
        Says("Circumstance", where={"what": "a tunnel"}, likelihood=0.5),
        Says("TunnelFailed"),
        Says("TunnelDown"),
        Says("TunnelTroubled", likelihood=0.6),
        Says("AgentUnconnected"),
        *(
            Says(error, where={"api": "tunnel"})
            for error in ("Dial", "DeadlineExceeded", "Lookup", "ConnectionLost", "UnknownAuthority", "Expired")
        ),
        Says("BackendUnreached", likelihood=0.5),
        Says("ConnectionLost", hop=Hop.C, where={"outer": DIALING}),
        Says("DeadlineExceeded", hop=Hop.C, where={"outer": DIALING}, likelihood=0.7),
        Says("Dial", hop=Hop.C, where={"outer": DIALING}, likelihood=0.6),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.1),
    ),
    advise=advise,
)
def konnectivity_tunnel_down(way: Way | None, repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    yield from judge(way, TUNNEL, advise, repair)
