"""A container that keeps restarting hides the pods that an HPA scales.

## What it means
metrics-server gives a pod only as a whole, and a container only once it has measured it in two scrapes. Each start of a
container begins that anew, so that a pod of which one container is started again and again has no row, however well
its other containers run. The HPA has nothing to compute with, and keeps the number of pods as it is.

## What it does not mean
That the pipeline is at fault: other pods of the same nodes have rows. Nor that an idle container hides its pod: one
that does nothing has used some CPU since its start, and is shown with 0m (seen with 0.8.0 in the lab). Nor does one
that waits for its next start, in CrashLoopBackOff: it is left out, and the others are shown.

## What will not help
- restarting metrics-server: every pod would have to be measured twice again.
- a shorter --metric-resolution: it takes two scrapes within one life of the container, and kubelets measure no more
  often than every ten seconds.
- making the HPA again: it asks for rows that are not there.

## How it comes about
A liveness probe that fails, too little memory for a sidecar, a container that ends as it has nothing to do and is
started again. While its back-off is short, or capped low (crashLoopBackOff.maxContainerRestartPeriod of the kubelet),
the pod is hidden nearly always; with the usual back-off of minutes it comes and goes.

## How to make sure
`kubectl get pods`, column RESTARTS; `kubectl describe pod POD`: Last State and the events say why it was ended.
`kubectl top pod POD --containers` finds nothing while `kubectl top pods` shows others.

## Source
metrics-server pkg/storage/pod.go (0.8.0 and 0.9.0: GetMetrics gives a pod if all containers of its newest point are in
the one before; Store keeps a point of the one before only if the container has not begun since), pkg/scraper/client/
resource/decode.go (a pod is left out if a container's CPU since its start, or its memory, is zero). Events of a probe:
kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go, computePodActions, and prober/prober.go (1.36.3).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Risk,
    Says,
    check,
)

from ._scaling import NO_HPA, SHOWS_WITHIN_SECONDS, complaint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from msdoctor.facts.endings import Ending
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import ContainerStatus, Pod
    from msdoctor.facts.scaling import Scaled

# Kubelets measure every 10 s to 20 s.
MEASURED_WITHIN = timedelta(seconds=30)
LOOK = Look("kubectl get pods -A", "a pod of the target restarts again and again", "hpa-pods-restarting")


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (_without_probe(blanks) if "probe" in blanks else _look(blanks),)


def _without_probe(blanks: Blanks) -> Remedy:
    on, container, probe = f"-n {blanks['namespace']} {blanks['target']}", blanks["container"], blanks["probe"]
    met = f" ({blanks['met']})" if blanks.get("met") else ""
    without = f'{{"spec":{{"template":{{"spec":{{"containers":[{{"name":"{container}","{probe}Probe":null}}]}}}}}}}}'
    return Remedy(
        advice=(
            f"The kubelet ends container {container} because its {probe} probe fails{met}. Correct the probe, or what"
            " keeps the container from answering it. Until then have it run without, and metrics come back; nobody"
            " starts it again then if it hangs."
        ),
        commands=(f"kubectl patch {on} -p '{without}'",),
        risks=(Risk.DISRUPTIVE,),
        undo=(f"kubectl rollout undo {on}",),
        verify=f"kubectl -n {blanks['namespace']} top pods",
        shows_within_seconds=2 * SHOWS_WITHIN_SECONDS,
    )


def _look(blanks: Blanks) -> Remedy:
    return Remedy(
        advice=(
            f"Find out why container {blanks['container']} is ended: the first command says how it ended last and"
            " which probe failed, the second what it said before. Mend that, in its workload; metrics come back by"
            " themselves once it has run for two scrapes."
        ),
        commands=(
            f"kubectl -n {blanks['namespace']} describe pod {blanks['pod']}",
            f"kubectl -n {blanks['namespace']} logs {blanks['pod']} -c {blanks['container']} --previous",
        ),
        verify=f"kubectl -n {blanks['namespace']} top pods",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("NotFound", hop=Hop.A, where={"resource": "podmetrics.metrics.k8s.io"}, likelihood=0.4),
        Says("NoPodMetrics", likelihood=0.3),
        Says("NoPodsReady", where={"cut": ""}, likelihood=0.4),
        Says("NoPodsReady", likelihood=0.3),
        # To 1.33; metrics-server leaves out a container that waits for its next start.
        Says("ContainerNotInMetrics", where={"outer": "failed to get container metrics"}, likelihood=0.55),
    ),
    decide=(LOOK,),
    advise=advise,
)
def hpa_pods_restarting(
    scaled: tuple[Scaled, ...],
    flow: Flow,
    installation: Installation | None,
    endings: Mapping[str, Ending],
    taken_at: datetime,
) -> Iterator[Finding | NotApplicable]:
    if not scaled:
        yield NotApplicable(NO_HPA)
        return
    if installation is None:
        yield NotApplicable("there is no metrics-server")
        return
    resolution = installation.resolution_seconds
    lately = taken_at - timedelta(seconds=2 * resolution) - MEASURED_WITHIN
    for one in scaled:
        if not one.says_no_rows or not one.own:
            continue
        hidden = [(pod, restarted(pod, lately)) for pod in one.own if is_hidden(pod, flow, taken_at, resolution)]
        if len(hidden) == len(one.own) and all(status for _, status in hidden):
            yield _finding(one, [(pod, status) for pod, status in hidden if status], endings)


def is_hidden(pod: Pod, flow: Flow, now: datetime, resolution: int) -> bool:
    """Whether a pod has no row on a node that has one."""
    key = f"{pod.metadata.namespace}/{pod.metadata.name}"
    return flow.fresh(pod.spec.node_name, now, resolution) and not flow.has_fresh(key, now, resolution)


def restarted(pod: Pod, lately: datetime) -> ContainerStatus | None:
    """A container that was started again too lately to have been measured twice."""
    for status in pod.status.container_statuses:
        running, ended = status.state.running, status.state.terminated
        begun = running.started_at if running else None
        if status.restart_count and ((begun and begun > lately) or ended):
            return status
    return None


def _finding(one: Scaled, hidden: list[tuple[Pod, ContainerStatus]], endings: Mapping[str, Ending]) -> Finding:
    pod, status = max(hidden, key=lambda item: item[1].restart_count)
    namespace, name = pod.metadata.namespace, pod.metadata.name
    ending = endings.get(f"{namespace}/{name}")
    # What a webhook puts in is not in the template, and cannot be changed there.
    if ending and (ending.container != status.name or status.name not in one.template):
        ending = None
    return Finding(
        summary=(
            f"Container {status.name} keeps restarting ({status.restart_count} times in pod {name}), and metrics-server"
            f" shows no pod before each of its containers was measured twice. So HPA {one.hpa.key} has metrics of none"
            f" of the {len(one.own)} pods of {one.target}."
        ),
        subjects=(f"hpa/{one.hpa.key}",),
        evidence=(
            complaint(one),
            Evidence(
                saw=f"{_ended(status)}{f'; {ending.said}' if ending else ''}",
                where=f"pod {namespace}/{name}, container {status.name}",
                how=f"kubectl -n {namespace} describe pod {name}",
            ),
            Evidence(
                saw=(
                    f"no row of {', '.join(item.metadata.name for item, _ in hidden[:3])}, and a fresh one of each of"
                    " their nodes"
                ),
                where="the metrics API",
                how=f"kubectl -n {namespace} top pods",
            ),
        ),
        effects=(Effect(EffectKind.HPA_BLIND, one.hpa.key),),
        confidence=Confidence.LIKELY,
        since=one.complaint.last_transition_time,
        remedies=advise(_blanks(one, pod, status, ending)),
    )


def _blanks(one: Scaled, pod: Pod, status: ContainerStatus, ending: Ending | None) -> Blanks:
    known = {"probe": ending.probe, "met": ending.failed} if ending else {}
    return Blanks(
        namespace=pod.metadata.namespace, pod=pod.metadata.name, target=one.target, container=status.name, **known
    )


def _ended(status: ContainerStatus) -> str:
    last = status.last_state.terminated
    how = f", ended last with {last.reason or 'no reason'} ({last.exit_code})" if last else ""
    return f"restarted {status.restart_count} times{how}"
