"""metrics-server may not ask the API server who may read metrics, so it refuses everybody but system:masters.

## What it means
For every question metrics-server asks the API server whether that user may read metrics (SubjectAccessReview), and who
comes with a token of their own (TokenReview). Its ServiceAccount may not ask, so each question ends with an internal
error: kubectl top, HPAs and VPAs have no metrics. Members of system:masters are never asked about. The aggregator's own
probe comes as one of them, so the APIService is Available; and so may you, which then proves nothing.

## What it does not mean
That the user lacks rights: nobody was asked about them. That the aggregation layer is broken: the error comes from
metrics-server, over a connection that stands. `Available: True` does not mean that anybody gets metrics.

## What will not help
- more rights for the user, for the HPA controller or for system:anonymous: they are not what is asked for.
- a look as a member of system:masters (an old kubeadm admin.conf): it works, and hides the fault.
- installing metrics-server again with `rbac.create=false`: the binding is part of what that leaves out.
- --kubelet-insecure-tls: kubelets have answered.

## How it comes about
The ClusterRoleBinding was left out, or names a ServiceAccount of another namespace or of another name: metrics-server
was moved, or a Helm value gave it another account.

## How to make sure
`kubectl auth can-i create subjectaccessreviews.authorization.k8s.io
--as=system:serviceaccount:kube-system:metrics-server` says no. `kubectl top nodes` says `InternalError …
subjectaccessreviews.authorization.k8s.io is forbidden`, unless you are of system:masters.

## Source
apiserver plugin/pkg/authorizer/webhook/webhook.go (`Failed to make webhook authorizer request`),
pkg/server/options/authorization.go (AlwaysAllowGroups, not yet in 0.20), pkg/endpoints/handlers/responsewriters
(`Internal Server Error: …`); metrics-server manifests/base/rbac.yaml (0.8.0). Seen with metrics-server 0.8.0.
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
    Passing,
    Remedy,
    Says,
    State,
    Unseen,
    check,
    those_seen,
)

from ._own_rights import bind, blanks_of, confidence, free_name, said, serves, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.bundle import Context
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import HPA
    from msdoctor.facts.own_rights import OwnRights
    from msdoctor.facts.rbac import Request
    from msdoctor.facts.repair import Repair

ROLE, BINDING = "system:auth-delegator", "metrics-server:system:auth-delegator"
CAN_I = (
    "kubectl auth can-i create subjectaccessreviews.authorization.k8s.io"
    " --as=system:serviceaccount:kube-system:metrics-server"
)
# AlwaysAllowGroups came with apiserver 0.21, and so with metrics-server 0.5; before, the aggregator is judged too.
FIRST_TO_SPARE_MASTERS = (0, 5)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    advice = "Let metrics-server's ServiceAccount ask the API server who may do what, as its manifest does."
    return (bind(blanks, advice, blanks.get("name", BINDING), f"--clusterrole={ROLE}"),)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # still being installed, object by object
    says=(
        Says("MayNotGrant", where={"of": "delegator"}, likelihood=0.8),
        Says("RoleAbsent", where={"of": "delegator"}, likelihood=0.8),
        Says("Forbidden", hop=Hop.D, where={"resource": "subjectaccessreviews.authorization.k8s.io", "of": ""}),
        Says("Forbidden", hop=Hop.D, where={"resource": "tokenreviews.authentication.k8s.io", "of": ""}),
        # It cannot ask whether its caller is admitted (to 0.4 it asks of the aggregator, too).
        Says("HTTPStatus", hop=Hop.D, where={"code": "500"}, likelihood=0.45),
    ),
    decide=(Look(CAN_I, "no", "rbac-auth-delegator-missing"),),
    advise=advise,
)
def rbac_auth_delegator_missing(
    own_rights: OwnRights,
    installation: Installation,
    flow: Flow | Unseen,
    hpas: tuple[HPA, ...] | Unseen,
    context: Context,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    whether, who = own_rights.for_callers
    denied = own_rights.denied((whether, who))
    unseen = own_rights.unseen((whether,))
    words = tuple(_words(own_rights, whether, flow, those_seen(hpas)))
    if whether in denied:
        yield _finding(own_rights, installation, denied, words, flow, context, repair)
    elif who in denied:
        yield _of_tokens_alone(own_rights, who, repair)
    elif unseen and words:
        yield _finding(own_rights, installation, (), words, flow, context, repair)
    elif unseen and not _served(flow):
        yield unseen


def _served(flow: Flow | Unseen) -> bool:
    return not isinstance(flow, Unseen) and flow.refusal is None


def _words(own: OwnRights, whether: Request, flow: Flow | Unseen, hpas: Sequence[HPA]) -> Iterator[Evidence]:
    """What callers are told by metrics-server now."""
    mark = f"{whether.resource}.{whether.group} is forbidden: User "
    ours = (f'{mark}"{own.user.name}"', f'{mark}\\"{own.user.name}\\"')
    if not isinstance(flow, Unseen) and flow.refusal and any(text in flow.refusal.detail for text in ours):
        path = "/apis/metrics.k8s.io/v1beta1/nodes"
        yield Evidence(saw=flow.refusal.detail, where=path, how=f"kubectl get --raw {path}")
    for hpa in hpas:
        for condition in hpa.status.conditions or ():
            if any(text in condition.message for text in ours):
                space, name = hpa.metadata.namespace, hpa.metadata.name
                yield Evidence(
                    saw=condition.message,
                    where=f"condition of HPA {hpa.key}",
                    how=f"kubectl -n {space} describe hpa {name}",
                    at=condition.last_transition_time,
                )
                return


def _finding(
    own: OwnRights,
    who: Installation,
    denied: Sequence[Request],
    words: Sequence[Evidence],
    flow: Flow | Unseen,
    context: Context,
    repair: Repair,
) -> Finding:
    instead = own.instead(own.for_callers, ROLE)
    blanks = blanks_of(repair, own, instead, name=free_name(own, "", BINDING))
    none = f"no ClusterRoleBinding binds {ROLE} to ServiceAccount {own.namespace}/{own.account}"
    heard = () if words else said(own, who, own.for_callers)
    spares = who.version is None or who.version >= FIRST_TO_SPARE_MASTERS
    effects = [Effect(EffectKind.CALLERS_NOT_JUDGED)]
    effects += [] if spares else [Effect(EffectKind.APISERVICE_UNAVAILABLE)]
    return Finding(
        summary=(
            f"ServiceAccount {own.namespace}/{own.account} may not ask whether a caller may read metrics, so"
            f" metrics-server refuses everybody but system:masters.{_of_you(flow, context)}"
        ),
        subjects=(f"serviceaccount/{own.namespace}/{own.account}",),
        evidence=(*shown(own, denied, instead, none), *words[:1], *heard),
        effects=tuple(effects),
        confidence=confidence(own, denied),
        state=State.ACTIVE if serves(who) else State.NEXT,
        remedies=advise(blanks),
    )


def _of_you(flow: Flow | Unseen, context: Context) -> str:
    if not _served(flow):
        return ""
    known = "system:masters" in context.groups
    of_it = "as a member of it" if known else "so you are one of them, or were asked about before"
    return f" You get metrics all the same, {of_it}: what you see proves nothing about others."


def _of_tokens_alone(own: OwnRights, request: Request, repair: Repair) -> Finding:
    """Nobody who comes by way of the aggregator brings a token of their own."""
    instead = own.instead((request,), ROLE)
    none = f"no ClusterRoleBinding binds {ROLE} to ServiceAccount {own.namespace}/{own.account}"
    return Finding(
        summary=(
            f"ServiceAccount {own.namespace}/{own.account} may not have tokens reviewed: whoever scrapes"
            " metrics-server itself with one, such as Prometheus, is refused. The metrics API does not need it."
        ),
        subjects=(f"serviceaccount/{own.namespace}/{own.account}",),
        evidence=tuple(shown(own, (request,), instead, none)),
        effects=(),
        confidence=confidence(own, (request,)),
        state=State.LATENT,
        remedies=advise(blanks_of(repair, own, instead, name=free_name(own, "", BINDING))),
    )
