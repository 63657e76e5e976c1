"""The API server's host has no way to metrics-server's address.

## What it means
The API server dials metrics-server itself, from the network of its own host. By default it dials the Service's
ClusterIP, which only kube-proxy (or what stands in for it) on that very host makes lead anywhere; with
`--enable-aggregator-routing` it dials a pod's address, for which the host needs a route. Where that is missing, its
packets leave by the default route and are lost: the APIService is unavailable and nobody has metrics.

## What it does not mean
That metrics-server is broken: its pod is ready, and pods reach it. Nor that the aggregation layer is off:
`--enable-aggregator-routing` does not switch it on, but says which address is dialled.

## What will not help
- --kubelet-insecure-tls: it concerns another connection, metrics-server's own to the kubelets.
- insecureSkipTLSVerify: no handshake has begun.
- hostNetwork for metrics-server: it evades the question, takes a port of its node, and exposes it there.
- more RBAC: nobody was refused.

## How it comes about
A control plane set up by hand whose hosts run neither kubelet nor kube-proxy nor network plugin, or where kube-proxy
has stopped; `--enable-aggregator-routing` switched on where only kube-proxy knows the way.

## How to make sure
On the API server's host: `openssl s_client -connect CLUSTER-IP:443 </dev/null`, then the same with a pod's address and
port, and `ip route get POD-ADDRESS`. Run msdoctor there (`--host-root NAME=/`) and it dials both itself.

## Source
apiserver pkg/util/proxy/proxy.go (ResolveCluster, ResolveEndpoint); kube-aggregator
pkg/controllers/status/remote/remote_available_controller.go (0.36.3); proc(5), /proc/PID/net/route.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import RULED_OUT, Class, Hop, Passing, Remedy, Says, check

from ._api_server_flags import set_flags
from ._registration import apiservice
from ._way import CANNOT_REACH, LOOKS, SHOWS_WITHIN_SECONDS, judge, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.way import Way
    from msdoctor.model import Blanks, Finding, NotApplicable, Unseen


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """Start kube-proxy where it lies ready; dial pods where the host reaches them; else lay the route."""
    if "proxied" not in blanks and blanks.get("port") == "443":
        return (_start_proxy(blanks), replace(_lay_route(blanks), way=2))
    if blanks.get("proxied") != "no":
        return (_lay_route(blanks),)
    ways = [_start_proxy(blanks)] if blanks.get("has_proxy_unit") == "yes" else []
    if blanks.get("reaches_pod") == "yes" and "apiserver_form" in blanks:
        advice = "Have the API server dial metrics-server's pods themselves, whom its host reaches without kube-proxy."
        ways.append(replace(set_flags(blanks, {"--enable-aggregator-routing": "true"}, advice), way=len(ways) + 1))
    return tuple(ways) or (_start_proxy(blanks),)


def _start_proxy(blanks: Blanks) -> Remedy:
    return Remedy(
        advice="Run kube-proxy on the API server's host, as on every node: Services' addresses lead on from there.",
        commands=("systemctl enable --now kube-proxy",),
        on=f"control-plane/{blanks['control_plane']}",
        undo=("systemctl disable --now kube-proxy",),
        verify=f"kubectl get apiservice {apiservice(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _lay_route(blanks: Blanks) -> Remedy:
    route = f"{blanks['pod_address']}/32 via {blanks['node_address']}"
    return Remedy(
        advice=(
            f"Lay a route from the API server's host to metrics-server's pod, by its node {blanks['node']}. It lasts"
            " until the pod moves or the host restarts: for good, run the network plugin's agent on this host, or give"
            " it a route to each node's whole range of pods."
        ),
        commands=(f"ip route replace {route}",),
        on=f"control-plane/{blanks['control_plane']}",
        undo=(f"ip route del {route}",),
        verify=f"kubectl get apiservice {apiservice(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # the network and the cluster's DNS come after the nodes
    says=(
        Says("Circumstance", where={"what": "nobody to ask"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "a cluster of one's own"}, likelihood=0.2),
        *unanswered(service=0.7, pod=0.45, logged=0.65),
        Says("AddressNotAllowed"),
        Says("ServiceUnroutable", likelihood=0.7),
        Says("Dial", hop=Hop.C, where={"failure": "no route to host"}, likelihood=0.7),
        Says("Dial", hop=Hop.C, where={"failure": "network is unreachable"}, likelihood=0.9),
        Says("Dial", hop=Hop.C, where={"failure": "connection refused"}, likelihood=0.25),
        # the API server's dial to Heapster's pod, as it tells kubectl of it (apimachinery pkg/util/proxy)
        *(
            Says("Dial", hop=Hop.A, where={"api": "heapster", "failure": failure}, likelihood=0.65)
            for failure in ("network is unreachable", "no route to host", "connection timed out", "i/o timeout")
        ),
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.45),
        Says("OpenAPIUnread", likelihood=0.35),
        Says("DiscoveryFailed", likelihood=0.35),
        Says("NoResponse", likelihood=0.5),
        Says("Lookup", hop=Hop.C, likelihood=0.4),
        Says("ConnectionLost", hop=Hop.C, likelihood=0.35),
        Says("HTTPStatus", hop=Hop.C, where={"code": "503"}, likelihood=0.35),
    ),
    decide=LOOKS,
    advise=advise,
)
def aggregator_cannot_reach_service(way: Way | None, repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    yield from judge(way, CANNOT_REACH, advise, repair)
