"""metrics-server may not read how it is to know the aggregator, and does not start.

## What it means
The API server writes into ConfigMap kube-system/extension-apiserver-authentication by which CA, names and headers its
aggregator is known. metrics-server reads it as it starts, and follows it. Its ServiceAccount may not, so it ends before
it serves anything, again and again: CrashLoopBackOff. Where it may get the ConfigMap and not list and watch it, it
starts, has no CA, and takes every request of the aggregator for a stranger's.

## What it does not mean
That the ConfigMap is missing or wrong: it was not read. That the API server lacks flags. That rights on nodes or on
pods are missing: those are asked for later, and by another binding.

## What will not help
- a ClusterRole, or a RoleBinding in metrics-server's own namespace: the ConfigMap is in kube-system, so the RoleBinding
  has to be there too, wherever metrics-server runs.
- rights for the aggregator's name or for system:anonymous: metrics-server asks as its ServiceAccount.
- --authentication-skip-lookup or --authentication-tolerate-lookup-failure: it starts, and refuses the aggregator.
- --kubelet-insecure-tls: no kubelet is asked yet.

## How it comes about
metrics-server was moved to another namespace, or given another ServiceAccount, and the RoleBinding still names the
former one; the RoleBinding was made beside metrics-server; or it was left out of a manifest by hand.

## How to make sure
`kubectl auth can-i get configmaps/extension-apiserver-authentication -n kube-system
--as=system:serviceaccount:kube-system:metrics-server` says no, and `kubectl -n kube-system logs deploy/metrics-server
--previous` ends with `panic: unable to load configmap based request-header-client-ca-file: … is forbidden`.

## Source
apiserver pkg/server/options/authentication.go (`unable to load configmap based request-header-client-ca-file`),
pkg/authentication/request/headerrequest/requestheader_controller.go, pkg/server/dynamiccertificates (0.33.2);
kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/namespace_policy.go (the Role); metrics-server
manifests/base/rbac.yaml (0.8.0). Seen with metrics-server 0.8.0.
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

SYSTEM, CONFIG = "kube-system", "extension-apiserver-authentication"
ROLE, BINDING = f"{CONFIG}-reader", "metrics-server-auth-reader"
CAN_I = f"kubectl auth can-i get configmaps/{CONFIG} -n {SYSTEM} --as=system:serviceaccount:kube-system:metrics-server"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    making = (_the_role(blanks),) if "role_gone" in blanks else ()
    advice = "Let metrics-server's ServiceAccount, and nobody else, read that one ConfigMap, as its manifest does."
    bound = bind(blanks, advice, blanks.get("name", BINDING), f"--role={ROLE}", namespace=SYSTEM)
    return (*making, bound, started_anew(blanks))


def _the_role(_: Blanks) -> Remedy:
    named = f"--resource=configmaps --resource-name={CONFIG}"
    return Remedy(
        advice="First make the Role again, which every API server makes as it starts.",
        commands=(f"kubectl -n {SYSTEM} create role {ROLE} --verb=get,list,watch {named}",),
        undo=(f"kubectl -n {SYSTEM} delete role {ROLE}",),
        verify=f"kubectl -n {SYSTEM} get role {ROLE}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # still being installed, object by object
    says=(
        Says("AuthReaderHint", where={"refused": "yes"}),
        Says("MayNotGrant", where={"of": "reader"}, likelihood=0.8),
        Says("RoleAbsent", where={"of": "reader"}, likelihood=0.8),
        Says("AuthReaderHint", likelihood=0.7),
        Says("AuthenticationUnread", likelihood=0.3),
        Says("Forbidden", hop=Hop.D, where={"resource": "configmaps"}),
        # it ends without that ConfigMap, be a probe under way or not
        Says("PodState", where={"status": "CrashLoopBackOff"}, likelihood=0.35),
        Says("PodState", where={"status": "Error"}, likelihood=0.35),
        Says("ConnectionLost", where={"outer": "ness probe failed"}, likelihood=0.35),
    ),
    decide=(Look(CAN_I, "no", "rbac-auth-reader-missing"),),
    advise=advise,
)
def rbac_auth_reader_missing(
    own_rights: OwnRights,
    installation: Installation,
    starts: tuple[Start, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen | NotApplicable]:
    aside = _told_by_flags(installation)
    if aside:
        yield aside
        return
    wanted = own_rights.for_config
    denied = own_rights.denied(wanted)
    unseen = own_rights.unseen(wanted)
    if denied:
        yield _finding(own_rights, installation, denied, starts, flow, repair)
    elif unseen and own_rights.heard.get(wanted[0]) and not serves(installation):
        yield _finding(own_rights, installation, (), starts, flow, repair)
    elif unseen and not proven(installation, flow):
        yield unseen


def _told_by_flags(who: Installation) -> NotApplicable | None:
    other = next(
        (
            name
            for name in ("requestheader-client-ca-file", "authentication-skip-lookup")
            if who.flags.on(name) or who.flags.text(name).startswith("/")
        ),
        None,
    )
    return NotApplicable(f"it runs with --{other}, and does not look there") if other else None


def _finding(
    own: OwnRights,
    who: Installation,
    denied: Sequence[Request],
    starts: Sequence[Start] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Finding:
    wanted = own.for_config
    starting = not denied or wanted[0] in denied
    crashes = starting and not who.flags.on("authentication-tolerate-lookup-failure")
    instead = own.instead(wanted, ROLE)
    blanks = blanks_of(
        repair,
        own,
        instead,
        name=free_name(own, SYSTEM, BINDING),
        **({"role_gone": "yes"} if own.has_role(ROLE, SYSTEM) is False else {}),
    )
    state = _state(own, who, starts, flow, crashes=crashes)
    kind = EffectKind.NOT_LISTENING if crashes else EffectKind.IDENTITY_REFUSED
    return Finding(
        summary=_summary(own, crashes=crashes, runs=state is State.LATENT),
        subjects=(f"serviceaccount/{own.namespace}/{own.account}",),
        evidence=_evidence(own, who, denied, instead),
        effects=(Effect(kind),),
        confidence=confidence(own, denied),
        state=state,
        remedies=advise(blanks),
    )


def _summary(own: OwnRights, *, crashes: bool, runs: bool) -> str:
    account = f"ServiceAccount {own.namespace}/{own.account}"
    if not crashes:
        return (
            f"{account} may not follow ConfigMap {SYSTEM}/{CONFIG}: metrics-server has no CA to know the aggregator by."
        )
    later = " It has started before that was so; started anew it will not." if runs else ""
    return f"{account} may not read ConfigMap {SYSTEM}/{CONFIG}, without which metrics-server does not start.{later}"


def _evidence(
    own: OwnRights, who: Installation, denied: Sequence[Request], instead: Sequence[Instead]
) -> tuple[Evidence, ...]:
    none = f"no RoleBinding in {SYSTEM} binds Role {ROLE} to ServiceAccount {own.namespace}/{own.account}"
    return (*shown(own, denied[:1], instead, none), *said(own, who, own.for_config))


def _state(
    own: OwnRights, who: Installation, starts: Sequence[Start] | Unseen, flow: Flow | Unseen, *, crashes: bool
) -> State:
    """It reads the ConfigMap first of all, and once: one that runs on has read it."""
    if proven(who, flow) or (crashes and (serves(who) or _runs_on(own, starts))):
        return State.LATENT
    return State.NEXT if kept_down(starts) else State.ACTIVE


def _runs_on(own: OwnRights, starts: Sequence[Start] | Unseen) -> bool:
    if isinstance(starts, Unseen) or own.for_config[0] in own.heard:
        return False
    return any(start.status.state.running for start in starts)
