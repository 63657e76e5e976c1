"""The node has no inotify instances or watches left, and its kubelet cannot start.

## What it means
A kubelet watches the cgroups of its containers and its own files through the kernel's inotify, of which one user may
hold only so much. All of root's processes share it, those in containers too. A kubelet that starts and gets none says
"Failed to start cAdvisor" and ends; systemd starts it again and again. The node becomes NotReady, and it and its pods
have no metrics. A kubelet that runs already keeps what it has: it fails with its next restart.

## What it does not mean
That the disk is full, though the kernel calls missing watches "no space left on device", or that a process has too
many files open, though it calls missing instances "too many open files". Nor is metrics-server at fault.

## What will not help
- --kubelet-insecure-tls, certificates or RBAC: there is nobody to talk to.
- clearing the disk, or raising `ulimit -n`: neither counts inotify.
- starting the kubelet again: it ends again, until the limit is raised or others let go.

## How it comes about
128 instances are the default of many kernels, and log shippers, file watchers and several clusters in containers on
one machine use them up. Where nodes are containers (kind, k3d) it is the limit of the machine below them, which a look
at one node does not count. The limit of instances is reached long before that of watches, mostly.

## How to make sure
On the node `journalctl -u kubelet | grep -e inotify -e fsnotify`; the limits with `sysctl fs.inotify`; who holds it
with `find /proc/[0-9]*/fd -lname anon_inode:inotify | cut -d/ -f3 | sort | uniq -c`.

## Source
kubernetes pkg/kubelet/kubelet.go (1.36.3, initializeRuntimeDependentModules: "Failed to start cAdvisor", then exit 1);
cAdvisor 0.56.2 container/raw/watcher.go; k8s.io/utils inotify/inotify_linux.go ("inotify_init", "inotify_add_watch");
k8s.io/apiserver 0.36.3 pkg/server/dynamiccertificates ("error creating fsnotify watcher"); inotify(7), proc(5).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import (
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Hop,
    Look,
    Remedy,
    Risk,
    Says,
    Unseen,
    check,
)

from ._kubelet_reach import SHOWS_WITHIN_SECONDS, each_blind, finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from msdoctor.facts.inotify import Inotify
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair
    from msdoctor.model import Blanks, Finding

TAKES = 6  # instances that a kubelet of 1.36 holds when it runs, counted in the lab
NAMED = 3
FILE = "/etc/sysctl.d/99-inotify.conf"
# kind's known issues ask for 512 and 524288; a limit that is not reached costs nothing.
INSTANCES, WATCHES = 1024, 524288
LOOK = Look(
    "sysctl fs.inotify; journalctl -u kubelet | grep -e inotify -e fsnotify | tail",
    "a kubelet that ends with inotify_init or inotify_add_watch, again and again",
    "inotify-limit-exhausted",
    "the node",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    limits = f"fs.inotify.max_user_instances = {blanks.get('instances', str(INSTANCES))}"
    watches = f"fs.inotify.max_user_watches = {blanks.get('watches', str(WATCHES))}"
    service = blanks.get("kubelet_service", "kubelet")
    return (
        Remedy(
            advice=(
                f"Raise {node}'s limits, now and for the machine's next start, and start the kubelet. Where the node"
                " is a container (kind, k3d), do the first two on the machine below."
            ),
            commands=(
                f"printf '%s\\n' '{limits}' '{watches}' > {FILE}",
                f"sysctl -p {FILE}",
                f"systemctl restart {service}",
            ),
            on=f"node/{node}",
            risks=(Risk.DISRUPTIVE,),
            undo=(
                f"rm {FILE}",
                (
                    f"sysctl -w fs.inotify.max_user_instances={blanks['old_instances']}"
                    f" fs.inotify.max_user_watches={blanks['old_watches']}"
                ),
            ),
            verify=f"kubectl get node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("Dial", hop=Hop.E, where={"failure": "connection refused"}, likelihood=0.2),
        Says("InotifyExhausted", where={"call": "inotify_init"}),
        Says("InotifyExhausted", where={"call": "inotify_add_watch"}),
        Says("InotifyExhausted", where={"call": "fsnotify"}, likelihood=0.4),
    ),
    decide=(LOOK,),
    advise=advise,
)
def inotify_limit_exhausted(
    reaches: tuple[Reach, ...],
    inotify: Mapping[str, Inotify | Unseen],
    installation: Installation | Unseen | None,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    stopped = {reach.name: reach for reach in each_blind(reaches) if _is_stopped(reach)}
    spent = {name for name in stopped if (held := inotify.get(name)) and not isinstance(held, Unseen) and held.spent}
    for name, reach in stopped.items():
        held = inotify.get(name)
        if held is None or isinstance(held, Unseen):
            yield Unseen(held.reason if held else "its descriptors were not counted", reach.subject)
        elif held.spent or held.instances_left < TAKES:
            yield _finding(reach, held, repair, takes_along=name in spent and _hosts_all(installation, spent, name))
        elif held.unread:
            yield Unseen(f"{held.unread} of its processes could not be looked into", reach.subject)


def _is_stopped(reach: Reach) -> bool:
    """Its unit is there and its process is not, and nobody is answered."""
    answered = any(attempt.outcome in ("answers", "late") for attempt in reach.attempts)
    return reach.processes == () and reach.process is not None and not answered


def _hosts_all(installation: Installation | Unseen | None, down: set[str], name: str) -> bool:
    if installation is None or isinstance(installation, Unseen):
        return False
    hosts = {pod.spec.node_name for pod in installation.pods}
    return name in hosts and hosts <= down


def _finding(reach: Reach, held: Inotify, repair: Repair, *, takes_along: bool) -> Finding:
    found = finding(
        reach,
        _summary(reach.name, held) + (" metrics-server's own pod is there, and counts as not ready." * takes_along),
        advise,
        repair,
        confidence=Confidence.LIKELY if held.spent else Confidence.POSSIBLE,
        evidence=(reach.sign(),),
        effects=(Effect(EffectKind.NOT_READY),) if takes_along else (),
        since=reach.last_sign,
        changed="it gave its last sign of life",
        old_instances=str(held.max_user_instances),
        old_watches=str(held.max_user_watches),
        instances=str(max(INSTANCES, 2 * held.max_user_instances)),
        watches=str(max(WATCHES, held.max_user_watches if held.watches_left else 2 * held.max_user_watches)),
    )
    return replace(found, evidence=(_use(reach.name, held), _no_process(reach.name), *found.evidence))


def _summary(node: str, held: Inotify) -> str:
    if not held.spent:
        return (
            f"No kubelet runs on {node}, perhaps because of inotify: root may make {held.instances_left} more instances"
            f" there, and a kubelet takes {TAKES}. Its log says whether that is why it ended."
        )
    what = _short_of(held)
    return f"No kubelet runs on {node}, and none can start: root's processes hold all inotify {what} that they may."


def _use(node: str, held: Inotify) -> Evidence:
    what = _short_of(held)
    if what == "instances":
        limit, used = held.max_user_instances, held.root.instances
        by_program = {holder.program: holder.instances for holder in held.root.holders}
    else:
        limit, used = held.max_user_watches, held.root.watches
        by_program = {holder.program: holder.watches for holder in held.root.holders}
    most = sorted(by_program, key=lambda program: -by_program[program])[:NAMED]
    named = ", ".join(f"{program} {by_program[program]}" for program in most)
    return Evidence(
        saw=f"root's processes hold {used} inotify {what} where one user may hold {limit}: {named}",
        where=f"{node}:/proc/sys/fs/inotify/max_user_{what}, and every process's descriptors",
        how=f"cat /proc/sys/fs/inotify/max_user_{what}",
        origin=f"host/{node}",
    )


def _short_of(held: Inotify) -> str:
    return "watches" if held.instances_left and not held.watches_left else "instances"


def _no_process(node: str) -> Evidence:
    return Evidence(
        saw="no process of that name",
        where=f"{node}: process list",
        how="ps -ww -o args= -C kubelet",
        origin=f"host/{node}",
    )
