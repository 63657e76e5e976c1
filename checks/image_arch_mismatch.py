"""metrics-server's image is built for another processor than its node's.

## What it means
The image was pulled, and the kernel does not know its program for one of its own (ENOEXEC): it is for another
processor, such as arm64 on an amd64 machine. The container ends before it has begun, again and again.

## What it does not mean
That the image is missing, or that metrics-server crashes: not one instruction of it has run.

## What will not help
- deleting the pod: the next one has the same image, on a node of the same kind.
- arguments, memory, RBAC: nothing runs that could use them.
- pulling it anew: what comes is the same.

## How it comes about
Images up to 0.3.6 had their processor in their name (metrics-server-amd64, -arm64), and old guides still do; an image
that was saved, or copied into a mirror, on a machine of another kind; a cluster with nodes of both kinds.

## How to make sure
`kubectl -n kube-system logs deployment/metrics-server` says `exec format error`; `kubectl get nodes -L
kubernetes.io/arch` shows what the nodes are.

## Source
execve(2), ENOEXEC; runc's `exec /metrics-server: exec format error` in the container's log, or `failed to create
containerd task: … exec format error` in the pod's status (containerd); metrics-server's releases, multi-architecture
from 0.3.7. Seen with containerd and runc.
"""

from __future__ import annotations

import re
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
    those_seen,
)

from ._images import better, set_image
from ._starting import finding, log, made, status, template

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Node
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

NAMED = re.compile(r"-(amd64|arm64|arm|ppc64le|s390x)(?=[:@]|$)", re.ASCII)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (set_image(blanks, "Run upstream's image, which is there for every processor under one name."),)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("ImageNotPulled", where={"lacks": "platform"}),
        Says("ExecFormat", likelihood=0.9),
        Says("PodState", where={"status": "CrashLoopBackOff"}, likelihood=0.15),
    ),
    decide=(
        Look("kubectl get nodes -L kubernetes.io/arch", "not what the image was built for", "image-arch-mismatch"),
    ),
    advise=advise,
)
def image_arch_mismatch(
    starts: tuple[Start, ...],
    installation: Installation,
    nodes: tuple[Node, ...] | Unseen,
    server_version: str | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    for start in reversed(starts):
        if not start.foreign:
            continue
        image = start.container.image
        machine = _architecture(start.node, those_seen(nodes))
        named = NAMED.search(image)
        yield finding(
            installation,
            _summary(image, start.node, machine, named[1] if named else ""),
            _evidence(start, installation, machine),
            advise(repair.blanks(image=better(image, server_version))),
            confidence=Confidence.CERTAIN if named and machine and named[1] != machine else Confidence.LIKELY,
            since=start.since,
            changed=made(start),
        )
        return
    yield from (Unseen(start.unheard, start.subject) for start in starts if start.ended and start.unheard)


def _architecture(name: str, nodes: Sequence[Node]) -> str:
    return next((node.status.node_info.architecture for node in nodes if node.metadata.name == name), "")


def _summary(image: str, node: str, machine: str, named: str) -> str:
    of = f", which is {machine}" if machine else ""
    if named and machine and named != machine:
        return f"metrics-server's image {image} is for {named}, and does not run on {node}{of}."
    return (
        f"The program in metrics-server's image {image} is none that {node}{of} can run: it is for another processor,"
        " or damaged."
    )


def _evidence(start: Start, who: Installation, machine: str) -> Iterator[Evidence]:
    if any(type(one.error).__name__ == "ExecFormat" for one in start.said):
        yield log(start, "exec format error")
    else:
        yield status(start, start.why or "exec format error")
    yield template(who, f"image: {start.container.image}", "containers")
    if machine:
        yield Evidence(
            saw=f"architecture: {machine}",
            where=f"Node {start.node}",
            how=f"kubectl get node {start.node} -o jsonpath='{{.status.nodeInfo.architecture}}'",
        )
