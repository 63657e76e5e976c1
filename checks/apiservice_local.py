"""The APIService of the metrics API names no Service, so the API server takes the API for one of its own.

## What it means
An APIService without `spec.service` is local: the API server forwards nothing, and looks for metrics.k8s.io among the
APIs that it serves itself, where there is none. Every question about metrics ends in 404. The APIService is Available
all the same, reason Local, because local ones always are.

## What it does not mean
That metrics-server is broken or missing: nothing is asked of it. Nor does `True` in `kubectl get apiservices` mean that
the API works; its column SERVICE says `Local`.

## What will not help
- restarting metrics-server or the API server: the object would stay as it is.
- --kubelet-insecure-tls: it concerns the hop between metrics-server and the kubelets.
- aggregation flags and front-proxy certificates: nothing is forwarded.

## How it comes about
A manifest cut down, or a patch that took the service away; a custom resource of the group metrics.k8s.io, for which
the API server registers a local APIService by itself and keeps it so (label `automanaged`).

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io` shows `Local` under SERVICE.

## Source
kube-aggregator pkg/apiserver/handler_proxy.go, updateAPIService, and pkg/controllers/status/local (0.36.3); the label
in pkg/controllers/autoregister/autoregister_controller.go: without it what was changed by hand is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    RULED_OUT,
    Blanks,
    Class,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    Unseen,
    check,
)

from ._registration import SHOWS_WITHIN_SECONDS, apiservice, leading_there, right_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, Service
    from msdoctor.facts.repair import Repair

AUTOMANAGED = "kube-aggregator.kubernetes.io/automanaged"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    name = apiservice(blanks)
    # As metrics-server's manifest has it: a server that signs for itself could not be verified.
    spec = f'{{"service":{right_service(blanks)},"insecureSkipTLSVerify":true}}'
    patch = f'{{"metadata":{{"labels":{{"{AUTOMANAGED}":null}}}},"spec":{spec}}}'
    back = '{"spec":{"service":null,"insecureSkipTLSVerify":null}}'
    return (
        Remedy(
            advice="Name metrics-server's Service in it, as metrics-server's own manifest does.",
            commands=(f"kubectl patch apiservice {name} --type merge -p '{patch}'",),
            undo=(f"kubectl patch apiservice {name} --type merge -p '{back}'",),
            verify=f"kubectl get apiservice {name}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "asked in vain"}, likelihood=RULED_OUT),
        Says("Circumstance", where={"what": "nobody to ask"}, likelihood=RULED_OUT),
        Says("ResourceNotFound", hop=Hop.A, likelihood=0.2),
        Says("RegisteredLocally", likelihood=0.9),
    ),
    decide=(Look("kubectl get apiservice v1beta1.metrics.k8s.io", "Local under SERVICE", "apiservice-local"),),
    advise=advise,
)
def apiservice_local(
    apiservices: tuple[APIService, ...],
    installations: tuple[Installation, ...] | Unseen,
    own_services: tuple[Service, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    if not isinstance(flow, Unseen) and flow.nodes:
        yield NotApplicable("the metrics API answers, whoever serves it")
        return
    for item in apiservices:
        if item.spec.service is None:
            yield _finding(item, _blanks(own_services, installations), repair)


def _blanks(services: tuple[Service, ...] | Unseen, installations: tuple[Installation, ...] | Unseen) -> dict[str, str]:
    if isinstance(installations, Unseen) or not installations:
        return {}
    one = installations[0]
    usual = {"right_service": "metrics-server", "right_namespace": one.namespace, "right_port": "443"}
    return usual | leading_there(services, installations)


def _finding(item: APIService, blanks: dict[str, str], repair: Repair) -> Finding:
    name, managed = item.metadata.name, item.metadata.labels.get(AUTOMANAGED, "")
    how = f"kubectl get apiservice {name} -o yaml"
    return Finding(
        summary=(
            f"APIService {name} names no Service, so the API server looks for the metrics API in itself, and answers"
            " 404."
        ),
        subjects=(f"apiservice/{name}",),
        evidence=(
            Evidence("no spec.service", f"APIService {name}", how),
            Evidence(
                saw=f"{item.available.reason or 'not set'}: {item.available.message}",
                where=f"APIService {name}, condition Available",
                how=how,
                at=item.available.last_transition_time,
            ),
            *((_managed(managed, name, how),) if managed else ()),
        ),
        effects=(Effect(EffectKind.API_NOT_REGISTERED),),
        remedies=advise(repair.blanks(apiservice=name, **blanks)) if blanks else (),
    )


def _managed(how_long: str, name: str, how: str) -> Evidence:
    saw = f"label {AUTOMANAGED}: {how_long}: the API server made it, for a custom resource of this group"
    return Evidence(saw, f"APIService {name}", how)
