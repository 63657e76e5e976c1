"""metrics-server may not list and watch nodes and pods, and never begins to serve.

## What it means
metrics-server lists all nodes and pods before it opens its port, to know whom to ask and of whom. Its ServiceAccount
may not, so it runs, asks again and again, and nothing listens: its probes are refused, it never gets ready, and its
kubelet starts it anew every half minute. Without the right to get nodes/metrics, which the same role gives, kubelets
would refuse it next. Where it may list and only not watch, it works, and learns of new nodes and pods a minute late.

## What it does not mean
That its port or its probes are wrong: it has not come as far. That kubelets refuse it: none has been asked. That the
ConfigMap of the aggregation layer is the matter: that was read, or it would have crashed.

## What will not help
- longer or fewer probes: it waits for the lists, not they for it.
- cluster-admin for its ServiceAccount: it works, and whoever gets hold of its token then owns the cluster.
- rights for system:anonymous or for a kubelet: metrics-server comes under its own name.
- --kubelet-insecure-tls, hostNetwork, aggregation flags: none of them is about this.

## How it comes about
The ClusterRole or its binding was left out (`rbac.create=false`), trimmed, or deleted; the binding names another
ServiceAccount than the pods run as, after a move to another namespace or a Helm value.

## How to make sure
`kubectl auth can-i list nodes --as=system:serviceaccount:kube-system:metrics-server` says no, and its log repeats
`Failed to watch … nodes is forbidden: User "system:serviceaccount:…" cannot list resource "nodes"`. The addition `RBAC:
clusterrole.rbac.authorization.k8s.io "N" not found` says that a binding is there, and its role is not.

## Source
metrics-server pkg/server/server.go RunUntil (waits for both informers), manifests/base/rbac.yaml; client-go
tools/cache/reflector.go (`Failed to watch`; a failed watch lists again). Seen with metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Effect,
    EffectKind,
    Finding,
    Hop,
    Look,
    Passing,
    Remedy,
    Says,
    State,
    Unseen,
    check,
)

from ._own_rights import (
    SHOWS_WITHIN_SECONDS,
    bind,
    blanks_of,
    confidence,
    free_name,
    kept_down,
    proven,
    said,
    serves,
    shown,
    started_anew,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_rights import Instead, OwnRights
    from msdoctor.facts.rbac import Request
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

ROLE = "system:metrics-server"
CAN_I = "kubectl auth can-i list nodes --as=system:serviceaccount:kube-system:metrics-server"
RULES = (
    ('["nodes","pods"]', '["get","list","watch"]'),
    ('["nodes/metrics"]', '["get"]'),
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    lacking = blanks.get("lacking")
    if lacking:
        return (_added(lacking), started_anew(blanks))
    role = blanks.get("role", ROLE)
    making = () if "role_there" in blanks else (_made(role),)
    if "bound" in blanks:
        return (*making, started_anew(blanks))
    advice = "Bind it to metrics-server's ServiceAccount, and to nobody else, as its manifest does."
    return (*making, bind(blanks, advice, blanks.get("name", ROLE), f"--clusterrole={role}"), started_anew(blanks))


def _made(role: str) -> Remedy:
    return Remedy(
        advice="Make the ClusterRole of metrics-server's own manifest.",
        commands=(
            f"kubectl create clusterrole {role} --verb=get,list,watch --resource=nodes,pods",
            _add(role, *RULES[1]),
        ),
        undo=(f"kubectl delete clusterrole {role}",),
        verify=f"kubectl describe clusterrole {role}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _added(role: str) -> Remedy:
    return Remedy(
        advice="Give metrics-server's role what its own manifest gives it.",
        commands=tuple(_add(role, *rule) for rule in RULES),
        verify=f"kubectl describe clusterrole {role}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _add(role: str, resources: str, verbs: str) -> str:
    rule = f'{{"apiGroups":[""],"resources":{resources},"verbs":{verbs}}}'
    return f'kubectl patch clusterrole {role} --type json -p \'[{{"op":"add","path":"/rules/-","value":{rule}}}]\''


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # still being installed, object by object
    says=(
        Says("InformerNotSynced", likelihood=0.5),
        Says("MayNotGrant", where={"of": "role"}, likelihood=0.8),
        Says("RoleAbsent", where={"of": "role"}, likelihood=0.8),
        Says("Forbidden", where={"whose": "Heapster", "what": "list"}, likelihood=0.6),
        Says("Forbidden", where={"whose": "default"}, likelihood=0.5),  # where it was given no account of its own
        Says("Forbidden", hop=Hop.D, where={"resource": "nodes"}, likelihood=0.9),
        Says("WatchRefused", likelihood=0.6),  # every component watches, and this does not tell which
        Says("Forbidden", hop=Hop.D, where={"resource": "pods"}, likelihood=0.9),
        Says("Forbidden", hop=Hop.D, where={"resource": "namespaces"}, likelihood=0.9),  # 0.2 and 0.3 list them
        # it answers no probe before its lists are there
        Says("DeadlineExceeded", where={"outer": "ness probe failed"}, likelihood=0.4),
    ),
    decide=(Look(CAN_I, "no", "rbac-clusterrole-missing"),),
    advise=advise,
)
def rbac_clusterrole_missing(
    own_rights: OwnRights,
    installation: Installation,
    starts: tuple[Start, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    lists, watches = own_rights.for_lists
    denied = own_rights.denied(lists)
    unwatched = own_rights.denied(watches)
    unseen = own_rights.unseen((*lists, *watches))
    heard = tuple(request for request in lists if request in own_rights.heard)
    if denied:
        yield _finding(own_rights, installation, denied, _state(own_rights, installation, starts), repair)
    elif unseen and heard and not serves(installation):
        yield _finding(own_rights, installation, (), _state(own_rights, installation, starts), repair)
    elif unwatched:
        yield _unwatched(own_rights, installation, unwatched, repair)
    elif unseen and not proven(installation, flow):
        yield unseen


def _state(own: OwnRights, who: Installation, starts: Sequence[Start] | Unseen) -> State:
    """It asks for these once it has read the ConfigMap, and keeps what it had listed until it is started anew."""
    if serves(who):
        return State.LATENT
    crashes = own.denied(own.for_config[:1]) or (own.for_config[0] in own.heard and own.unseen(own.for_config[:1]))
    return State.NEXT if crashes or kept_down(starts) else State.ACTIVE


def _finding(own: OwnRights, who: Installation, denied: Sequence[Request], state: State, repair: Repair) -> Finding:
    lists, watches = own.for_lists
    instead = own.instead((*lists, *watches), ROLE)
    later = " It has listed them before that was so; started anew it will not." if state is State.LATENT else ""
    role = _role(own, instead)
    return Finding(
        summary=(
            f"ServiceAccount {own.namespace}/{own.account} may not list {_resources(denied or lists)}, and"
            f" metrics-server opens its port only once it has.{later}"
        ),
        subjects=(_subject(own, instead),),
        evidence=(*shown(own, denied, instead, _none(own)), *said(own, who, lists)),
        effects=(Effect(EffectKind.NOT_LISTENING),),
        confidence=confidence(own, denied),
        state=state,
        remedies=advise(blanks_of(repair, own, instead, **role)),
    )


def _unwatched(own: OwnRights, who: Installation, denied: Sequence[Request], repair: Repair) -> Finding:
    lists, watches = own.for_lists
    instead = own.instead((*lists, *watches), ROLE)
    return Finding(
        summary=(
            f"ServiceAccount {own.namespace}/{own.account} may list {_resources(denied)} and not watch them:"
            " metrics-server lists them over and over, and learns of new ones late."
        ),
        subjects=(_subject(own, instead),),
        evidence=(*shown(own, denied, instead, _none(own)), *said(own, who, denied)),
        effects=(Effect(EffectKind.UNSAFE),),
        confidence=confidence(own, denied),
        state=State.LATENT,
        remedies=advise(blanks_of(repair, own, instead, **_role(own, instead))),
    )


def _resources(requests: Sequence[Request]) -> str:
    return " and ".join(request.resource for request in requests)


def _none(own: OwnRights) -> str:
    return f"no ClusterRoleBinding gives that to ServiceAccount {own.namespace}/{own.account}"


def _subject(own: OwnRights, instead: Sequence[Instead]) -> str:
    lacks = next((one.bond for one in instead if str(one.fault) == "its role does not allow it"), None)
    return f"clusterrole/{lacks.role_name}" if lacks else f"serviceaccount/{own.namespace}/{own.account}"


def _role(own: OwnRights, instead: Sequence[Instead]) -> dict[str, str]:
    """The role to mend, to make or to bind. One that a controller puts together keeps nothing that is put into it."""
    lists, watches = own.for_lists
    for one in instead:
        if (
            str(one.fault) == "its role does not allow it"
            and one.bond.role_kind == "ClusterRole"
            and not one.aggregated
        ):
            return {"lacking": one.bond.role_name}
    name = {"name": free_name(own, "", ROLE)}
    if own.role_allows(ROLE, (*lists, *watches, own.for_kubelets)):
        return {**name, "role_there": "yes"}
    gone = next((one for one in instead if str(one.fault) == "its role does not exist"), None)
    if gone:
        return {"role": gone.bond.role_name, "bound": "yes"}
    return {**name, "role": name["name"]} if own.has_role(ROLE) is True else name
