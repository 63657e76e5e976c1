"""The API server was restarting at that moment.

## What it means
For a short while metrics-server could not reach the API server, or lost its connections to it, and since then it does
not complain any more. The API server was started at that time. Its complaints are of the past.

## What it does not mean
That anything is to be done. If it comes again and again, it is apiserver-connection-unstable; if it lasts, the pod does
not reach the API server.

## What will not help
- restarting metrics-server: it has connected anew by itself.
- changing anything that a line of that time names: it was right before, and is right now.

## How it comes about
An upgrade, a changed manifest or certificate, a reboot of the control plane, a failed liveness probe.

## How to make sure
`kubectl get --raw /metrics | grep ^process_start_time_seconds`: the time at which the API server was started, in
seconds since 1970, beside the times in metrics-server's log.

## Source
k8s.io/client-go 0.33.2 tools/cache/reflector.go: "Failed to watch", again after 0.8 to 60 s.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Evidence, Finding, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from msdoctor.facts.contact import Trouble
    from msdoctor.facts.installation import Installation

LONGEST = timedelta(minutes=5)


@check(
    hop=Hop.D,
    cls=Class.BENIGN,
    says=(
        Says("Circumstance", where={"what": "reached before"}, likelihood=0.3),
        Says("EtcdTrouble", likelihood=0.5),
        Says("ServerStops", likelihood=0.7),
        Says("HealthCheckFailed", where={"whose": "API server"}, likelihood=0.6),
        Says("Dial", hop=Hop.D, where={"failure": "connection refused"}, likelihood=0.5),
        Says("ConnectionLost", hop=Hop.D, likelihood=0.5),
        Says("Dial", where={"outer": "failed to list", "failure": "connection refused"}, likelihood=0.4),
        # to 1.18 with a capital, and of a watch; a kubelet's own lists begin before there is an API server
        Says("Dial", where={"outer": "client-go/informers/", "failure": "connection refused"}, likelihood=0.4),
        Says("Dial", where={"outer": "Failed to make webhook", "failure": "connection refused"}, likelihood=0.4),
        Says("ConnectionLost", where={"outer": "failed to list"}, likelihood=0.3),
    ),
)
def apiserver_restarting(
    troubles: tuple[Trouble, ...], installation: Installation, taken_at: datetime
) -> Iterator[Finding]:
    for one in troubles[-1:]:
        server = one.restarted
        if server is None or server.started is None or one.last - one.first > LONGEST or not one.over(taken_at):
            continue
        how = f"kubectl -n {installation.namespace} logs deployment/{installation.name} --timestamps"
        yield Finding(
            summary=(
                f"The API server on {server.host} was started at {server.started:%H:%M:%S}Z; what metrics-server says"
                f" of it between {one.first:%H:%M:%S}Z and {one.last:%H:%M:%S}Z is of the past."
            ),
            subjects=(server.subject,),
            evidence=(
                Evidence(
                    saw=f"kube-apiserver runs since {server.started:%H:%M:%S}Z",
                    where=server.read_from,
                    how=f"ps -o lstart= -C {server.program}",
                    origin=server.origin,
                    at=server.started,
                ),
                Evidence(
                    saw=f"metrics-server says: {one.newest.text}",
                    where=f"log of metrics-server, line {one.newest.line}",
                    how=how,
                    at=one.newest.at,
                ),
            ),
            effects=(),
            confidence=Confidence.CERTAIN,
        )
