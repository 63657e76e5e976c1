"""A kubelet that is too old to read cgroup v2 has no figures of its node.

## What it means
metrics-server scrapes the kubelet without complaint and has rows of the pods that run there, and none of the node
itself. Kubelets before 1.22 read zeros from the root of cgroup v2, and metrics-server from 0.5 on leaves out a node
whose CPU time or memory is zero; it says so only with `-v=1`. Where every node is like that, `kubectl top nodes` says
`error: metrics not available yet`, and `kubectl top pods` works.

## What it does not mean
That metrics-server does not support cgroup v2: it reads no cgroup, and passes on what kubelets say. Nor that HPAs are
blind: pods' figures come from the container runtime, in the same answer.

## What will not help
- another metrics-server: 0.4 shows such a node with 0 instead of leaving it out.
- --kubelet-insecure-tls or more RBAC: nothing has been refused.
- restarting the kubelet: the same release reads the same zeros.

## How it comes about
A node whose system was renewed (Ubuntu 21.10, Debian 11, Fedora 31 and RHEL 9 were the first of theirs that start with
cgroup v2), under a Kubernetes that was not.

## How to make sure
`kubectl get node NODE -o wide` shows the kubelet's release. On the node `stat -fc %T /sys/fs/cgroup` says `cgroup2fs`
for v2; `tmpfs` is v1, and then it is not this (`cgroup-hierarchy-node-stats-zero`).

## Source
metrics-server KNOWN_ISSUES.md ("Nodes use cgroupv2 that are not supported as of Kubernetes 1.21"), its issues 819, 818
and 1117 (kubelets 1.21 and 1.19) and pkg/scraper/client/resource/decode.go ("Failed getting complete node metric",
V(1)); labring/sealos issue 2912 (1.21 without, 1.22 with figures of nodes); kubernetes issue 106393 (which cAdvisor);
Kubernetes' documentation, "About cgroup v2".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Risk,
    Says,
    Unseen,
    check,
)

from ._kubelet_data import OLD, SHOWS_WITHIN_SECONDS, UNHEARD, counts, look_closer, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.figures import NodeFigures
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.model import Blanks

V1 = Look("stat -fc %T /sys/fs/cgroup", "tmpfs: it is cgroup v1", "cgroup-hierarchy-node-stats-zero", "the node")
WITH_V1 = "systemd.unified_cgroup_hierarchy=0"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node = blanks["node"]
    return (
        look_closer(
            blanks,
            f"See that {node} has cgroup v2 (cgroup2fs). If it does, give it a kubelet of 1.22 or newer, as its others"
            " were installed, the control plane first; 1.25 is the first that calls cgroup v2 stable.",
            "stat -fc %T /sys/fs/cgroup",
            "kubelet --version",
        ),
        Remedy(
            advice=(
                f"Until it can be upgraded, start {node} with cgroup v1, where its boot loader is GRUB: drain it"
                f" first (`kubectl drain {node} --ignore-daemonsets`), because it restarts. The container runtime's and"
                " the kubelet's cgroup driver must stay one and the same."
            ),
            commands=(
                f"sed -i 's/^GRUB_CMDLINE_LINUX=\"/&{WITH_V1} /' /etc/default/grub",
                "update-grub || grub2-mkconfig -o /boot/grub2/grub.cfg",
                "systemctl reboot",
            ),
            on=f"node/{node}",
            risks=(Risk.DISRUPTIVE,),
            undo=(
                f"sed -i 's/{WITH_V1} //' /etc/default/grub",
                "update-grub || grub2-mkconfig -o /boot/grub2/grub.cfg",
                "systemctl reboot",
            ),
            verify=f"kubectl top node {node}",
            shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("NodeWithoutFigures", likelihood=0.3),
        Says("MetricsNotAvailableYet", likelihood=0.3),
        Says("NotFound", hop=Hop.A, where={"resource": "nodemetrics.metrics.k8s.io"}, likelihood=0.3),
        Says("Circumstance", where={"what": "cgroup v2"}, likelihood=0.5),
        # A root of v1 has both figures; of v2 such a kubelet reads neither.
        Says("ZeroFigures", where={"of": "memory"}, likelihood=0.8),
        Says("ZeroFigures", where={"of": "cpu"}, likelihood=0.65),
        Says("ZeroFigures", likelihood=0.5),
        Says("NoRootAccounting", likelihood=0.4),
        Says("CgroupsUnmounted", likelihood=0.9),
        Says("IncompleteFigures", where={"of": "node"}, likelihood=0.4),
    ),
    decide=(OLD, V1),
    advise=advise,
)
def cgroup_v2_unsupported(
    figures: tuple[NodeFigures, ...], installation: Installation, repair: Repair
) -> Iterator[Finding | Unseen]:
    asks_for_starts = installation.version == (0, 5)  # kubelet-null-starttime looks the same then
    alike = all(node.before_cgroup_v2 for node in figures) or any(node.own for node in figures)
    for node in figures:
        if not _may_be_it(node):
            continue
        if not node.heard:
            yield Unseen(UNHEARD, node.subject)
            continue
        sure = alike and node.comes_with_cgroup_v2 and not asks_for_starts
        info = node.node.status.node_info
        system = f"its system is {info.os_image}" if info.os_image else "which system it has is not seen"
        yield Finding(
            summary=(
                f"The kubelet of {node.name}, {info.kubelet_version}, reports its containers' figures and not its"
                " node's: before 1.22 kubelets read zeros from the root of cgroup v2."
                + ("" if sure else " Whether the node has cgroup v2 is to be seen on it.")
            ),
            subjects=(node.subject,),
            evidence=(
                Evidence(
                    saw=f"its kubelet is {info.kubelet_version}, and {system}",
                    where=f"Node {node.name}",
                    how=f"kubectl get node {node.name} -o wide",
                ),
                *rows(node),
                *((node.failure.evidence,) if node.failure else ()),
            ),
            effects=(Effect(EffectKind.NO_NODE_FIGURES, node.name),),
            confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
            remedies=advise(repair.blanks(node.name)),
        )


def _may_be_it(node: NodeFigures) -> bool:
    """Figures of its pods and not its own, of an old kubelet on a system that may have cgroup v2."""
    may = node.before_cgroup_v2 and node.comes_with_cgroup_v2 is not False
    return may and not node.own and not node.doubted and node.some_pods and counts(node)
