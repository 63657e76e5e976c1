"""metrics-server was refused while its roles were not yet in place, and is not any more.

## What it means
An API server that starts makes its own roles within some seconds, and an installer its bindings and roles one after
the other. Whoever asks in between is refused, with the addition that a bound role was not found. metrics-server asks
again, or is started again, and it works since.

## What it does not mean
That rights are missing now: they have been asked for, or used, since. A refusal without that addition is another
matter, and so is one that goes on.

## What will not help
- more roles or bindings: those that it needs are there.
- deleting the pod: it serves.
- a longer initialDelaySeconds: it hides some lines of the log, and nothing else.

## How it comes about
The control plane was restarted, or the cluster made, with metrics-server among its first pods; or a manifest was
applied whose bindings come before their roles.

## How to make sure
`kubectl -n kube-system logs deploy/metrics-server --timestamps | grep 'not found'`: no such line is younger than the
pod's last `Ready`. Where they go on, see `rbac-clusterrole-missing`.

## Source
kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go (`RBAC: clusterrole.rbac.authorization.k8s.io "N" not found`),
pkg/registry/rbac/rest/storage_rbac.go (post-start hook rbac/bootstrap-roles), 1.36.3. Seen with metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Class, Evidence, Finding, Hop, Look, Says, Unseen, check

from ._own_rights import proven

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_rights import OwnRights
    from msdoctor.utterances import Utterance


@check(
    hop=Hop.D,
    cls=Class.BENIGN,
    says=(
        Says("Forbidden", where={"unmade": "yes"}, likelihood=0.95),
        Says("HealthCheckFailed", where={"name": "poststarthook/rbac/bootstrap-roles"}, likelihood=0.5),
        Says("Forbidden", hop=Hop.D, where={"unfounded": "yes"}, likelihood=0.5),
    ),
    decide=(
        Look(
            "kubectl -n kube-system get pods -l k8s-app=metrics-server",
            "READY 1/1, and no such line since",
            "startup-race-rbac-not-ready",
        ),
    ),
)
def startup_race_rbac_not_ready(
    log: tuple[Utterance, ...],
    own_rights: OwnRights,
    installation: Installation,
    flow: Flow | Unseen,
) -> Iterator[Finding]:
    said = [utterance for utterance in log if _unfounded(utterance)]
    if not said or not proven(installation, flow) or own_rights.lacking:
        return
    last = said[-1]
    yield Finding(
        summary=(
            f"metrics-server was refused {len(said)} times while a role that is bound to it did not exist. It does"
            " now, and metrics flow."
        ),
        subjects=(installation.subject,),
        evidence=(
            Evidence(
                saw=f"metrics-server says: {last.text}",
                where=f"log of metrics-server, line {last.line}",
                how=f"kubectl -n {installation.namespace} logs deployment/{installation.name}",
                at=last.at,
            ),
        ),
        effects=(),
    )


def _unfounded(utterance: Utterance) -> bool:
    return utterance.connection.hop is Hop.D and bool(getattr(utterance.error, "unfounded", ""))
