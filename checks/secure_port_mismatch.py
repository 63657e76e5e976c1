"""metrics-server listens on another port than its Service and its probes ask on.

## What it means
`--secure-port` says where metrics-server listens; the Service and the probes ask on the container's port, usually by
its name. They differ, so the probes are refused, the pod never becomes ready and is restarted again and again, and
nobody has metrics.

## What it does not mean
That a firewall or the network is in the way: "connection refused" comes from the pod itself.

## What will not help
- --kubelet-insecure-tls: it concerns the next hop, between metrics-server and the kubelets.
- hostNetwork: the port asked for would still not be the one listened on, and 10250 is the kubelet's there.
- a longer initialDelaySeconds: nothing will ever listen on the port asked.

## How it comes about
A patch from a guide of the days when metrics-server listened on 4443, put on a manifest of 0.7 or newer, whose
container port and probes say 10250; or the other way round.

## How to make sure
Compare `--secure-port` with `containerPort`: `kubectl -n kube-system get deployment metrics-server -o yaml`.

## Source
metrics-server manifests/base/deployment.yaml (4443 to 0.6, 10250 from 0.7); k8s.io/apiserver
pkg/server/options/serving.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Remedy,
    Risk,
    Says,
    Unseen,
    check,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import Event
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    position, port = blanks["position"], blanks["container_port"]
    return (
        Remedy(
            advice=f"Listen on the port that the Service and the probes ask on, {port}.",
            commands=(
                (
                    f"kubectl patch {target} --type json -p"
                    f' \'[{{"op":"replace","path":"{position}","value":"--secure-port={port}"}}]\''
                ),
            ),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo {target}",),
            verify=f"kubectl rollout status {target}",
            shows_within_seconds=90,
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("Dial", hop=Hop.C, where={"failure": "connection refused", "port": "pod"}, likelihood=0.45),
        Says("Dial", hop=Hop.C, where={"failure": "connection refused", "port": "443"}, likelihood=0.3),
        Says("Dial", where={"outer": "ness probe failed", "failure": "connection refused"}, likelihood=0.5),
    ),
    advise=advise,
)
def secure_port_mismatch(
    installation: Installation,
    backend: Backend | Unseen | None,
    events: tuple[Event, ...],
    repair: Repair,
) -> Iterator[Finding]:
    asked = dict(_asked(installation, backend))
    wrong = {who: port for who, port in asked.items() if port != installation.secure_port}
    if not wrong:
        return
    port = next(iter(wrong.values()))
    how = f"kubectl -n {installation.namespace} get deployment {installation.name} -o yaml"
    yield Finding(
        summary=(
            f"metrics-server listens on port {installation.secure_port};"
            f" {_and(list(wrong))} {'ask' if len(wrong) > 1 else 'asks'} on {port}."
        ),
        subjects=(installation.subject,),
        evidence=(
            Evidence(f"--secure-port={installation.secure_port}", f"{installation.subject}, args", how),
            *(
                Evidence(f"{who} asks on {number}", f"{installation.subject}, ports and probes", how)
                for who, number in wrong.items()
            ),
            *_refused(events, port, installation.namespace),
        ),
        effects=(Effect(EffectKind.NOT_LISTENING),),
        since=max(
            (pod.metadata.creation_timestamp for pod in installation.pods if pod.metadata.creation_timestamp),
            default=None,
        ),
        changed="its newest pod was made",
        remedies=advise(repair.blanks(container_port=str(port), position=installation.pointer("--secure-port"))),
    )


def _asked(installation: Installation, backend: Backend | Unseen | None) -> Iterator[tuple[str, int]]:
    """Who asks on which port of the pod, as far as names lead to a number.

    Where a pod of just this container is ready its probes are answered, be it by a sidecar. Of the Service only the
    port counts that the APIService names, and that only if it is this installation's Service.
    """
    for name, probe in () if _answers(installation) else installation.probes:
        number = installation.port_number(probe.http_get.port) if probe.http_get else None
        if number is not None:
            yield f"its {name}", number
    if backend and not isinstance(backend, Unseen) and backend.service and installation.selected_by(backend.service):
        for port in (item for item in backend.service.spec.ports if item.port == backend.port):
            number = installation.port_number(port.target_port or port.port)
            if number is not None:
                yield f"the Service {backend.name}", number


def _answers(installation: Installation) -> bool:
    wanted = installation.container
    return any(
        pod.ready and (item.command, item.args) == (wanted.command, wanted.args)
        for pod in installation.pods
        for item in pod.spec.containers
        if item.name == wanted.name
    )


def _refused(events: tuple[Event, ...], port: int, namespace: str) -> Iterator[Evidence]:
    refusals = [event for event in events if f":{port}/" in event.message and "connection refused" in event.message]
    for event in refusals[-1:]:
        yield Evidence(
            saw=event.message,
            where=f"event of pod {namespace}/{event.involved_object.name}, {event.count or 1} times",
            how=f"kubectl -n {namespace} describe pod {event.involved_object.name}",
            at=event.last_timestamp,
        )


def _and(words: list[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
