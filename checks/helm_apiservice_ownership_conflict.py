"""The APIService belongs to another Helm release than the metrics-server that runs.

## What it means
There is one APIService of a name in a cluster, and Helm lets only the release that made it change it. metrics-server
was installed by another release, or a second time, and the APIService still is the first one's and names that one's
Service, behind which there is nothing. Helm refuses an installation that would take it over, and one that leaves it out
(`apiService.create=false`) does not get asked.

## What it does not mean
That either installation is broken in itself, or that the API server is at fault. While the other release's Service
still answers, its APIService is right, and nothing is wrong.

## What will not help
- installing the chart again, under whatever name: the object would belong to the other release all the same.
- restarting metrics-server: the APIService goes on naming the other Service.
- `helm upgrade --force`: it replaces what is the release's own, and this is not.

## How it comes about
A release under a new name or in a new namespace beside an old one whose uninstallation failed halfway; a provider's
add-on that brings metrics-server, and a chart beside it.

## How to make sure
`kubectl get apiservice v1beta1.metrics.k8s.io -o yaml` and the Deployment's: their annotations
`meta.helm.sh/release-name` and `meta.helm.sh/release-namespace` differ.

## Source
helm pkg/action/validate.go, checkOwnership: "exists and cannot be imported into the current release: invalid ownership
metadata" where label or annotations are another release's.
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
    NotApplicable,
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
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService, Meta, Service
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.repair import Repair

NAME, NAMESPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (hand_over(blanks), point_to(blanks, "Step 2 of 2: have it name the Service that leads to metrics-server."))


def hand_over(blanks: Blanks) -> Remedy:
    """Write into the APIService that it is the running server's release's."""
    annotate = f"kubectl annotate apiservice {apiservice(blanks)} --overwrite"
    before = f"{annotate} {NAME}={blanks['owner']} {NAMESPACE}={blanks['owner_namespace']}"
    return Remedy(
        advice=(
            "Step 1 of 2: hand the APIService over to the release that runs metrics-server; its next `helm upgrade`"
            " then keeps it."
        ),
        commands=(
            f"{annotate} {NAME}={blanks['release']} {NAMESPACE}={blanks['release_namespace']}",
            f"kubectl label apiservice {apiservice(blanks)} --overwrite app.kubernetes.io/managed-by=Helm",
        ),
        undo=(before,) if "owner" in blanks else (),
        verify=f"kubectl get apiservice {apiservice(blanks)} -o jsonpath='{{.metadata.annotations}}'",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.B,
    cls=Class.CAUSE,
    says=(
        Says("OwnedByAnotherRelease", where={"of": "metrics-server"}),
        Says("OwnedByAnotherRelease", where={"of": "nobody"}, likelihood=0.6),
    ),
    advise=advise,
)
def helm_apiservice_ownership_conflict(
    backend: Backend | None,
    apiservices: tuple[APIService, ...],
    installations: tuple[Installation, ...],
    own_services: tuple[Service, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    one = next((one for one in installations if _release(one.deployment.metadata)), None)
    if backend is None or one is None:
        yield NotApplicable("no APIService names a Service, or no metrics-server was installed by Helm")
        return
    if backend.ready or backend.not_ready or any(each.selected_by(backend.service) for each in installations):
        return  # whoever owns it, there is somebody behind it
    for item in apiservices:
        owner, release = _release(item.metadata), _release(one.deployment.metadata)
        if item.spec.service and owner and owner != release:
            there = leading_there(own_services, installations)
            yield _finding(item, backend, one, apiservices, _remedies(item, backend, one, there, repair))


def _release(metadata: Meta) -> tuple[str, str] | None:
    """Namespace and name of the release that an object says it belongs to."""
    name = metadata.annotations.get(NAME, "")
    return (metadata.annotations.get(NAMESPACE, ""), name) if name else None


def _written(metadata: Meta) -> str:
    return "/".join(part for part in _release(metadata) or () if part)


def _finding(
    item: APIService,
    backend: Backend,
    one: Installation,
    apiservices: tuple[APIService, ...],
    remedies: tuple[Remedy, ...],
) -> Finding:
    name = item.metadata.name
    owner, release = _written(item.metadata), _written(one.deployment.metadata)
    return Finding(
        summary=(
            f"APIService {name} belongs to the Helm release {owner}, and metrics-server to {release}; it names"
            f" {backend.namespace}/{backend.name}, behind which there is nothing."
        ),
        subjects=(f"apiservice/{name}",),
        evidence=(
            Evidence(f"release {owner}", f"APIService {name}", f"kubectl get apiservice {name} -o yaml"),
            Evidence(
                saw=f"release {release}",
                where=one.subject,
                how=f"kubectl -n {one.namespace} get deployment {one.name} -o yaml",
            ),
            *names_service(apiservices, backend),
            *condition(apiservices, "ServiceNotFound", "MissingEndpoints", "EndpointsNotFound"),
        ),
        effects=(Effect(EffectKind.OWNED_ELSEWHERE),),
        remedies=remedies,
    )


def _remedies(
    item: APIService, backend: Backend, one: Installation, there: dict[str, str], repair: Repair
) -> tuple[Remedy, ...]:
    owner_namespace, owner = _release(item.metadata) or ("", "")
    namespace, release = _release(one.deployment.metadata) or ("", "")
    blanks = repair.blanks(
        apiservice=item.metadata.name,
        owner=owner,
        owner_namespace=owner_namespace,
        release=release,
        release_namespace=namespace,
        **there,
    )
    if not there:
        return (hand_over(blanks),)
    advice = "Step 2 of 2: have it name the Service that leads to metrics-server."
    return (hand_over(blanks), point_to(blanks, advice, undo=as_before(blanks, backend)))
