"""A pod of metrics-server is ready, and the endpoints of its Service do not say so.

## What it means
The Service selects the pod, and the pod has been ready for half a minute or more, but the Service's EndpointSlices
hold other addresses, or none. So the API server dials nobody, or a pod that is gone, and nobody has metrics. Slices are
kept by the endpointslice controller inside kube-controller-manager: it does not run, or not this part of it.

## What it does not mean
That metrics-server, its Service or the network is at fault: a new pod would not be found either, nor that of any other
Service.

## What will not help
- restarting metrics-server: its next address would be one more that no slice holds.
- making the Service again: its slices would stay empty.
- --enable-aggregator-routing: with it and without, the address comes from the slices.

## How it comes about
kube-controller-manager stopped, without a leader, or cut off from the API server; `--controllers` without
`endpointslice-controller`; its role (`system:controller:endpointslice-controller`) taken away.

## How to make sure
Compare `kubectl -n kube-system get pods -o wide` with the Service's slices
(`kubectl -n kube-system get endpointslices -l kubernetes.io/service-name=metrics-server`).

## Source
kubernetes pkg/controller/endpointslice/endpointslice_controller.go; cmd/kube-controller-manager/names (1.36.3):
endpointslice-controller, `endpointslice` in its older name.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msdoctor.facts.forms import Form
from msdoctor.model import (
    Blanks,
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Passing,
    Remedy,
    Risk,
    Says,
    check,
)

from ._registration import apiservice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Pod
    from msdoctor.facts.processes import Component
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair

PROGRAM = "kube-controller-manager"
KEEPERS = ("endpointslice-controller", "endpointslice")
KEPT_WITHIN = timedelta(seconds=30)  # a controller that works takes less than one
SHOWS_WITHIN_SECONDS = 90


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """Let the controller run again: where a flag keeps it off, take that away first."""
    file = blanks.get("manager_file", f"/etc/systemd/system/{PROGRAM}.service")
    off = blanks.get("kept_off") == "yes"
    is_pod = blanks.get("manager_form") == Form.STATIC_POD
    commands, undo = _as_pod(file, off=off) if is_pod else _as_unit(file, off=off)
    return (
        Remedy(
            advice=(
                f"Let {PROGRAM} keep endpoints again: --controllers leaves that part of it out, and * is the default."
                if off
                else f"Start {PROGRAM} anew, which keeps the endpoints; if they stay old its log says why."
            ),
            commands=commands,
            on=f"control-plane/{blanks['manager_host']}",
            risks=(Risk.DISRUPTIVE,),
            undo=undo,
            verify=f"kubectl get apiservice {apiservice(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def _as_unit(file: str, *, off: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    restart = f"systemctl daemon-reload && systemctl restart {PROGRAM}"
    if not off:
        return (restart,), ()
    edit = (f"cp {file} {file}.before", f"sed -i 's/ --controllers=[^ ]*/ --controllers=*/' {file}", restart)
    return edit, (f"mv {file}.before {file} && {restart}",)


def _as_pod(file: str, *, off: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Written beside its place and moved there: the kubelet must not read half a manifest, nor a backup there."""
    beside = file.replace("/manifests/", "/")
    if not off:
        return (f"mv {file} {beside} && sleep 20 && mv {beside} {file}",), ()
    edit = (
        f"cp {file} {beside}.before",
        f"sed 's/--controllers=.*/--controllers=*/' {file} > {beside}.new",
        f"mv {beside}.new {file}",
    )
    return edit, (f"cp {beside}.before {beside}.new && mv {beside}.new {file}",)


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    passes=Passing.BY_ITSELF,  # a restart of the controller manager
    says=(Says("NoEndpoints", likelihood=0.1),),
    decide=(
        Look(
            "kubectl -n kube-system get pods -l k8s-app=metrics-server -o wide",
            "a pod is ready, with an address that no EndpointSlice has",
            "endpoints-controller-stale",
        ),
    ),
    advise=advise,
)
def endpoints_controller_stale(
    backend: Backend | None,
    installation: Installation | None,
    controller_managers: tuple[Component, ...],
    taken_at: datetime,
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    if backend is None or installation is None or not installation.selected_by(backend.service):
        yield NotApplicable("no Service of the metrics API selects metrics-server's pods")
        return
    ready = [pod for pod in installation.pods if pod.ready and pod.status.pod_ip]
    if any(pod.status.pod_ip in backend.ready for pod in ready):
        return
    late = [pod for pod in ready if _long_ready(pod, taken_at)]
    if late:
        yield _finding(late[0], backend, controller_managers, repair)


def _long_ready(pod: Pod, now: datetime) -> bool:
    since = pod.condition("Ready").last_transition_time
    return since is not None and now - since > KEPT_WITHIN


def _finding(pod: Pod, backend: Backend, managers: Sequence[Component], repair: Repair) -> Finding:
    since, address = pod.condition("Ready").last_transition_time, pod.status.pod_ip
    held = ", ".join((*backend.ready, *backend.not_ready)) or "no address"
    off = [manager for manager in managers if _keeps_off(manager)]
    at_fault = off or managers
    where = f"pod {pod.metadata.namespace}/{pod.metadata.name}"
    return Finding(
        summary=(
            f"The ready {where} is at {address}, and the EndpointSlices of its Service hold {held}"
            + (f": {PROGRAM} does not keep them." if off else ".")
        ),
        subjects=tuple(manager.subject for manager in off) or (backend.subject,),
        evidence=(
            Evidence(
                saw=f"Ready at {address}",
                where=where,
                how=f"kubectl -n {pod.metadata.namespace} get pod {pod.metadata.name} -o wide",
                at=since,
            ),
            Evidence(
                saw=held,
                where=f"EndpointSlices of {backend.subject}",
                how=f"kubectl -n {backend.namespace} get endpointslices -l kubernetes.io/service-name={backend.name}",
            ),
            *(_of(manager, f"--controllers={manager.flags.text('controllers')}") for manager in off),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
        since=since,
        changed="the pod became ready",
        remedies=advise(repair.blanks(**_blanks(at_fault[0], off=bool(off)))) if at_fault else (),
    )


def _keeps_off(manager: Component) -> bool:
    """Whether its flag leaves the endpointslice controller out; without the flag every one of them runs."""
    given = manager.flags.listed("controllers")
    if any(f"-{name}" in given for name in KEEPERS):
        return True
    return bool(given) and "*" not in given and not any(name in given for name in KEEPERS)


def _of(manager: Component, saw: str) -> Evidence:
    return Evidence(saw, manager.where, manager.how, manager.origin, manager.started)


def _blanks(manager: Component, *, off: bool) -> dict[str, str]:
    return {
        "manager_host": manager.host,
        "manager_form": str(manager.form),
        "manager_file": manager.file,
        "kept_off": "yes" if off else "no",
    }
