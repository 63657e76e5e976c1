"""metrics-server may not listen on a port below 1024.

## What it means
`--secure-port` names a port that only a privileged process may listen on, and metrics-server runs as an ordinary user
without the capability NET_BIND_SERVICE. It ends with `bind: permission denied` and is started again and again.

## What it does not mean
That the Service must change: it keeps its port 443, and leads from there to whichever port the pod has. That a firewall
or RBAC denies something: it is the node's kernel.

## What will not help
- running as root or privileged: it would work, and give a program that needs no such right a great deal of it.
- hostNetwork: the same port is as privileged there, and perhaps taken too.
- another port of the Service: nobody is refused there.

## How it comes about
The pod's port was set to the Service's, 443; or `--secure-port` was lost by a patch that replaced the whole list of
arguments, and 443 is what the library takes without it. The images of 0.5 mark their program with the capability, so
that a pod that drops it may not even start it: `exec … operation not permitted`.

## How to make sure
`kubectl -n kube-system logs deployment/metrics-server --previous | grep 'bind:'`

## Source
apiserver pkg/server/options/serving.go (default 443; `failed to listen on 0.0.0.0:443: listen tcp 0.0.0.0:443: bind:
permission denied`); metrics-server manifests/base/deployment.yaml. Seen with metrics-server 0.8.0.
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
    Remedy,
    Says,
    Unseen,
    check,
)

from ._starting import finding, log, made, moved, ports, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

PORT = 10250  # metrics-server's own from 0.7 on
FIRST_UNPRIVILEGED = 1024
DENIED = "permission denied"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (moved(blanks, PORT, f"Listen on {PORT}, as upstream's manifest does; the Service keeps its own port."),)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("CannotListen", where={"failure": DENIED}),
        Says("ExecForbidden", likelihood=0.7),
        Says("PodState", where={"status": "CrashLoopBackOff"}, likelihood=0.2),
    ),
    decide=(
        Look(
            "kubectl -n kube-system logs deployment/metrics-server --previous | grep 'bind:'",
            "permission denied",
            "secure-port-privileged-bind",
        ),
    ),
    advise=advise,
)
def secure_port_privileged_bind(
    starts: tuple[Start, ...],
    installation: Installation,
    backend: Backend | Unseen | None,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    port = installation.secure_port
    if not 0 < port < FIRST_UNPRIVILEGED:
        return
    for start in reversed(starts):
        failed = start.not_listening
        if failed and failed.failure == DENIED:
            yield finding(
                installation,
                f"metrics-server may not listen on port {port}: it runs without the right to any below 1024.",
                _evidence(start, installation, failed.address),
                advise(repair.blanks(**ports(installation, backend))),
                confidence=Confidence.CERTAIN,
                since=start.since,
                changed=made(start),
            )
            return
    yield from (Unseen(start.unheard, start.subject) for start in starts if start.ended and start.unheard)


def _evidence(start: Start, who: Installation, address: str) -> Iterator[Evidence]:
    given = who.flags.text("secure-port")
    yield log(start, f"failed to listen on {address}: bind: {DENIED}")
    yield template(who, f"--secure-port={given}" if given else "no --secure-port, which stands for 443", "args")
