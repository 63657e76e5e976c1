"""A kubelet reports its containers' figures, and zero for its node.

## What it means
metrics-server scrapes the kubelet without complaint and has rows of the pods that run there, and none of the node
itself. It drops a node whose CPU time or memory is zero, and says so only with `-v=1`. A kubelet reads its node's
figures from the root of the cgroup hierarchy; where that root has no accounting, they are zero.

## What it does not mean
That the node is unreachable: its pods' figures came in the same answer, and HPAs compute. Only `kubectl top nodes`, and
what else looks at nodes, goes without.

## What will not help
- restarting or reinstalling metrics-server: it would read the same zeros.
- --kubelet-insecure-tls or more RBAC: nothing has been refused.
- an older metrics-server: 0.4 shows such a node with 0 instead of leaving it out.

## How it comes about
cgroup v2 whose root is not the machine's: a kubelet in a container or in a namespace without `cpu.stat` at its root,
an init system other than systemd, the `cpu` and `memory` controllers not enabled for children; cgroup v1 and v2 mixed;
a kubelet older than 1.22 on cgroup v2 (`cgroup-v2-unsupported`); memory accounting off in the kernel's arguments.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/metrics/resource | grep ^node_` shows a 0. On the node `stat -fc %T
/sys/fs/cgroup` names the hierarchy, and `cat /sys/fs/cgroup/cpu.stat` (v2) what is counted at its root.

## Source
metrics-server pkg/scraper/client/resource/decode.go (0.8.0 and 0.9.0: "Failed getting complete node metric", V(1)),
issue 819; kubernetes issues 111291 and 111621 ("open /sys/fs/cgroup/cpu.stat: no such file or directory").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Effect, EffectKind, Finding, Hop, Look, Says, Unseen, check

from ._kubelet_data import OLD, RESOURCE_PATH, UNHEARD, counts, look_closer, rows, start_anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.figures import NodeFigures
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.model import Blanks, Remedy

ZERO = Look(
    f"kubectl get --raw {RESOURCE_PATH} | grep ^node_",
    "node_cpu_usage_seconds_total or node_memory_working_set_bytes is 0",
    "cgroup-hierarchy-node-stats-zero",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        look_closer(
            blanks,
            f"See which hierarchy {node} has and what is counted at its root. cgroup2fs needs a cpu.stat with"
            " usage_usec above 0, and cpu and memory among the controllers; tmpfs is v1, and needs the memory"
            " controller. What lacks is set where the node is made: its kernel's arguments, its init system, the"
            " container that the kubelet runs in.",
            "stat -fc %T /sys/fs/cgroup",
            "cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cgroup.controllers || cat /proc/cgroups",
        ),
        start_anew(blanks, "Then start the kubelet anew, which finds the hierarchy only when it starts."),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("ZeroFigures", where={"of": ""}, likelihood=0.7),
        Says("ZeroFigures", where={"of": "cpu"}, likelihood=0.6),
        Says("ZeroFigures", where={"of": "memory"}, likelihood=0.5),
        Says("NoRootAccounting", likelihood=0.9),
        Says("NoCgroupStats", likelihood=0.3),
        Says("IncompleteFigures", where={"of": "node"}, likelihood=0.8),
        Says("IncompleteFigures", where={"outer": "Skipped node "}, likelihood=0.8),
        Says("StorageLacks", where={"what": "node"}, likelihood=0.7),
    ),
    decide=(ZERO, OLD),
    advise=advise,
)
def cgroup_hierarchy_node_stats_zero(
    figures: tuple[NodeFigures, ...], installation: Installation, repair: Repair
) -> Iterator[Finding | Unseen]:
    asks_for_starts = installation.version == (0, 5)  # kubelet-null-starttime looks the same then
    answered = any(node.own for node in figures)
    for node in figures:
        if node.own or node.doubted or not node.some_pods or not counts(node):
            continue
        if node.before_cgroup_v2 and node.comes_with_cgroup_v2 is not False:
            continue  # cgroup-v2-unsupported, which looks the same
        if not (node.heard and answered):
            yield Unseen(UNHEARD if answered else "no node has a row: the answer itself may be at fault", node.subject)
            continue
        yield Finding(
            summary=(
                f"The kubelet of {node.name} reports its containers' figures and not its node's, which are zero then:"
                " the root of its cgroup hierarchy counts nothing."
            ),
            subjects=(node.subject,),
            evidence=(*rows(node), *((node.failure.evidence,) if node.failure else ())),
            effects=(Effect(EffectKind.NO_NODE_FIGURES, node.name),),
            confidence=Confidence.POSSIBLE if asks_for_starts or node.before_cgroup_v2 else Confidence.LIKELY,
            remedies=advise(repair.blanks(node.name)),
        )
