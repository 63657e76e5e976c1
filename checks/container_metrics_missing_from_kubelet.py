"""A kubelet reports its node's figures and none of its containers'.

## What it means
metrics-server scrapes the kubelet without complaint and has the node's own row, and not one of the pods that have run
there for a while has any. The kubelet takes containers' figures from the container runtime and from cAdvisor, and one
of them gives none, or zeros: metrics-server drops a pod as soon as one of its containers has no CPU time or no memory,
and says so only with `-v=1`. HPAs whose pods are there cannot compute.

## What it does not mean
That the way to the kubelet, its certificate or its admission is wrong: the node's figures came in the same answer. Nor
is a pod without a row a sign by itself: one that has just started, has ended or has a container that does not run
rightly has none.

## What will not help
- restarting or reinstalling metrics-server: it would read the same answer.
- --kubelet-insecure-tls or more RBAC: nothing has been refused.
- making the HPA again: it asks for rows that are not there.

## How it comes about
cri-dockerd before 0.2.3, which reports no memory of its containers; a data root of the runtime that the kubelet does
not know; kubelet and runtime with different cgroup drivers; a runtime that was upgraded under a running kubelet; memory
accounting switched off in the kernel's arguments.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/metrics/resource | grep ^container_`: no lines, or zeros. On the node
`crictl stats`: the runtime's own word.

## Source
metrics-server pkg/scraper/client/resource/decode.go (0.8.0 and 0.9.0: "Failed getting complete Pod metric", V(1)),
pkg/storage/storage.go (0.9.0: "pod metrics are missing"), KNOWN_ISSUES.md; metrics-server issues 1013, 1036, 1061;
kubernetes pkg/kubelet/metrics/collectors/resource_metrics.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Confidence, Effect, EffectKind, Evidence, Finding, Hop, Look, Says, check

from ._kubelet_data import RESOURCE_PATH, rows, start_anew

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.figures import NodeFigures
    from msdoctor.facts.repair import Repair
    from msdoctor.model import Blanks, Remedy

ENOUGH_PODS = 2  # of one pod alone its own container may be at fault
LOOK = Look(
    f"kubectl get --raw {RESOURCE_PATH} | grep ^container_",
    "no lines, or figures that are 0, though containers run there",
    "container-metrics-missing-from-kubelet",
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    runtime = blanks.get("runtime", "containerd")
    return (
        start_anew(
            blanks,
            f"Ask {blanks['node']}'s runtime for its own figures, then start the kubelet anew: it finds the runtime and"
            " its cgroups again. Containers run on meanwhile. If `crictl stats` has none either, it is the runtime that"
            f" needs a restart or an upgrade (it is {runtime}; cri-dockerd from 0.2.3).",
            "crictl stats || true",
        ),
    )


@check(
    hop=Hop.G,
    cls=Class.CAUSE,
    says=(
        Says("PartialFigures", likelihood=0.7),
        Says("SummaryFailed", likelihood=0.5),
        Says("ContainerStatsFailed", likelihood=0.6),
        Says("NoCgroupStats", likelihood=0.4),
        Says("ZeroFigures", where={"of": "memory"}, likelihood=0.4),
        Says("ZeroFigures", where={"of": "cpu"}, likelihood=0.35),
        Says("Circumstance", where={"what": "containers' figures"}, likelihood=0.6),
        Says("RuntimeUnreached", likelihood=0.6),
        Says("RuntimeSick", likelihood=0.5),
        Says("DeadlineExceeded", hop=Hop.G, likelihood=0.6),
        Says("NoPodMetrics", where={"speaker": "kubectl"}, likelihood=0.5),
        Says("NoPodMetrics", likelihood=0.35),
        Says("StorageLacks", where={"what": "pod"}),
        Says("IncompleteFigures", where={"of": "pod"}, likelihood=0.4),
        Says("IncompleteFigures", where={"of": "container"}, likelihood=0.4),
        Says("NoneStored", likelihood=0.4),
        # With figures of nodes metrics-server has read their kubelets: what it lacks, they did not give.
        Says("Circumstance", where={"what": "nodes' figures"}, likelihood=0.28),
        Says("NotFound", hop=Hop.A, where={"resource": "podmetrics.metrics.k8s.io"}, likelihood=0.55),
    ),
    decide=(LOOK,),
    advise=advise,
)
def container_metrics_missing_from_kubelet(figures: tuple[NodeFigures, ...], repair: Repair) -> Iterator[Finding]:
    for node in figures:
        if not (node.own and node.no_pods and node.failure is None):
            continue
        runtime = node.node.status.node_info.container_runtime_version
        blanks = repair.blanks(node.name, runtime=runtime)
        yield Finding(
            summary=(
                f"The kubelet of {node.name} reports its node's figures and none of its containers': of"
                f" {_pods(len(node.due))} that have run there for a while none has a row. It is the kubelet, or the"
                " runtime that it asks."
            ),
            subjects=(node.subject,),
            evidence=(*rows(node), *_runtime(node.name, runtime)),
            effects=(Effect(EffectKind.NO_POD_METRICS, node.name),),
            confidence=Confidence.LIKELY if len(node.due) >= ENOUGH_PODS else Confidence.POSSIBLE,
            remedies=advise(blanks),
        )


def _pods(number: int) -> str:
    return "the one pod" if number == 1 else f"{number} pods"


def _runtime(node: str, version: str) -> Iterator[Evidence]:
    if version:
        yield Evidence(
            saw=f"its container runtime is {version}", where=f"Node {node}", how=f"kubectl get node {node} -o wide"
        )
