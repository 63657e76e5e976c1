"""The Service that the APIService of the metrics API names does not exist.

## What it means
metrics-server is installed, and the APIService sends whoever asks for metrics to a Service that is not there: it was
deleted, has another name, or lies in another namespace. The API server answers 503 to every such question.

## What it does not mean
That metrics-server is broken: nothing gets as far as it. `Metrics API not available` is what kubectl makes of it.

## What will not help
- restarting metrics-server: it makes no Service; its manifest does.
- deleting the APIService: then nobody knows where metrics are to be had at all.
- --kubelet-insecure-tls: it concerns the hop between metrics-server and the kubelets.

## How it comes about
A chart installed under another release name or namespace beside an APIService that was there before; a Service deleted
by hand; a typing error in an APIService written by hand.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o jsonpath='{.spec.service}'`, and `kubectl get services -A`.

## Source
kube-aggregator pkg/controllers/status/remote/remote_available_controller.go (0.36.3), reason ServiceNotFound.
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
    Look,
    NotApplicable,
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
)

from ._registration import (
    SHOWS_WITHIN_SECONDS,
    apiservice,
    as_before,
    condition,
    leading_there,
    names_service,
    point_to,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, Service
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair


NAME_IT = "Have the APIService name the Service that leads to metrics-server."


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """Where another Service leads to metrics-server, name that one; else make the one that is named."""
    return (point_to(blanks, NAME_IT),) if "right_service" in blanks else (_make(blanks),)


def _make(blanks: Blanks) -> Remedy:
    name, namespace = blanks["service"], blanks["namespace"]
    pairs = (pair.partition("=") for pair in blanks["selector"].split(","))
    selector = "".join(f'    {label}: "{value}"\n' for label, _, value in pairs)
    return Remedy(
        advice="Make the Service, as metrics-server's manifest does, with the port that metrics-server listens on.",
        commands=(
            (
                "kubectl apply -f - <<'EOF'\n"
                "apiVersion: v1\n"
                "kind: Service\n"
                "metadata:\n"
                f"  name: {name}\n"
                f"  namespace: {namespace}\n"
                "spec:\n"
                "  selector:\n"
                f"{selector}"
                "  ports:\n"
                f"  - {{name: https, port: {blanks['asked_port']}, targetPort: {blanks['secure_port']}}}\n"
                "EOF"
            ),
        ),
        undo=(f"kubectl -n {namespace} delete service {name}",),
        verify=f"kubectl get apiservice {apiservice(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # still being installed, object by object
    says=(
        Says("ServiceAbsent", likelihood=0.6),
        Says("NotFound", where={"of": "its service"}, likelihood=0.4),  # or it is in another namespace
    ),
    decide=(
        Look(
            "kubectl get deployments -A -l k8s-app=metrics-server",
            "a metrics-server is installed",
            "apiservice-service-missing",
        ),
    ),
    advise=advise,
)
def apiservice_service_missing(
    backend: Backend | None,
    apiservices: tuple[APIService, ...],
    installations: tuple[Installation, ...],
    own_services: tuple[Service, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    if backend is None or not installations:
        yield NotApplicable("no metrics-server is installed" if backend else "no APIService names a Service")
        return
    if backend.service is not None:
        return
    there = leading_there(own_services, installations)
    leads = f", while {there['right_namespace']}/{there['right_service']} leads to metrics-server" if there else ""
    yield Finding(
        summary=f"The metrics API is registered with the Service {backend.namespace}/{backend.name}, which is not there"
        f"{leads}.",
        subjects=tuple(f"apiservice/{item.metadata.name}" for item in apiservices if item.spec.service),
        evidence=(
            *names_service(apiservices, backend),
            Evidence(
                saw="there is no such Service",
                where=f"Service {backend.namespace}/{backend.name}",
                how=f"kubectl -n {backend.namespace} get service {backend.name}",
            ),
            *(_leads(there["right_namespace"], there["right_service"]) if there else ()),
            *condition(apiservices, "ServiceNotFound"),
        ),
        effects=(Effect(EffectKind.NO_ENDPOINTS),),
        remedies=_remedies(backend, installations, there, repair),
    )


def _leads(namespace: str, name: str) -> Iterator[Evidence]:
    yield Evidence(
        saw="its selector fits metrics-server's pods",
        where=f"Service {namespace}/{name}",
        how=f"kubectl -n {namespace} get service {name} -o yaml",
    )


def _remedies(
    backend: Backend, installations: tuple[Installation, ...], there: dict[str, str], repair: Repair
) -> tuple[Remedy, ...]:
    if there:
        blanks = repair.blanks(**there)
        return (point_to(blanks, NAME_IT, undo=as_before(blanks, backend)),)
    one = next((one for one in installations if one.namespace == backend.namespace), None)
    if one is None:
        return ()
    return advise(
        repair.blanks(
            service=backend.name,
            namespace=one.namespace,
            asked_port=str(backend.port),
            secure_port=str(one.secure_port),
            selector=written(one.deployment.spec.selector.match_labels),
        )
    )
