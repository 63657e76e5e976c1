"""Connections from the API server to metrics-server open, and packets of full size get lost.

## What it means
TCP's small packets pass between the API server's host and metrics-server's pod, so that the connection stands. The
first large ones, those of the TLS handshake, are dropped on the way without a word, because they are larger than a
link or a tunnel there carries, and nobody tells the sender. The handshake never ends, the APIService is unavailable.

## What it does not mean
That metrics-server is slow or its certificate wrong: its own node's probes, TLS like this, get their answers.

## What will not help
- opening ports: the connection opens.
- insecureSkipTLSVerify: no certificate arrives.
- a longer timeout: what was dropped is sent again as large as before.

## How it comes about
The network plugin's MTU is the card's own although it wraps packets (VXLAN takes 50 bytes, IPIP 20, WireGuard 60 and
more); a VPN or a cloud's link below 1500; a firewall that drops ICMP "fragmentation needed".

## How to make sure
On the API server's host `openssl s_client -connect POD-ADDRESS:PORT </dev/null` prints CONNECTED and then nothing;
`ping -M do -s 1372 POD-ADDRESS` answers for small sizes and not for larger ones. In the APIService's condition it looks
like any other timeout: its five seconds end before Go's ten of a handshake, `net/http: TLS handshake timeout`.

## Source
client-go transport/cache.go (TLSHandshakeTimeout 10 s); kube-aggregator
pkg/controllers/status/remote/remote_available_controller.go (Timeout 5 s; 0.36.3); RFC 2923.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Hop, Remedy, Says, check

from ._registration import apiservice
from ._way import LOOKS, MTU, SHOWS_WITHIN_SECONDS, judge, unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.way import Way
    from msdoctor.model import Blanks, Finding, NotApplicable, Unseen

SAFE_MTU = 1280  # what every link of IPv6 has to carry; no wrapping in use takes more than 1500 less this


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """Keep packets on this way small; for good that is the network plugin's MTU."""
    network = blanks["network"]
    gateway = f" via {blanks['gateway']}" if "gateway" in blanks else ""
    route = f"ip route replace {network}{gateway} dev {blanks['device']}"
    return (
        Remedy(
            advice=(
                f"Have packets between the API server's host and pods in {network} stay below {SAFE_MTU} bytes, in both"
                " directions. It lasts until the host restarts: for good, set the network plugin's MTU to what the link"
                " carries less what it wraps (50 bytes for VXLAN), and restart its pods."
            ),
            commands=(f"{route} mtu {SAFE_MTU}",),
            on=f"control-plane/{blanks['control_plane']}",
            undo=(route,),
            verify=f"kubectl get apiservice {apiservice(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        Says("DeadlineExceeded", hop=Hop.C, where={"phase": "handshake"}, likelihood=0.9),
        Says("DeadlineExceeded", hop=Hop.D, where={"phase": "handshake"}, likelihood=0.85),
        Says("DeadlineExceeded", hop=Hop.E, where={"phase": "handshake"}, likelihood=0.5),
        *unanswered(service=0.15, pod=0.15),
    ),
    decide=LOOKS,
    advise=advise,
)
def network_mtu_or_overlay(way: Way | None, repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    yield from judge(way, MTU, advise, repair)
