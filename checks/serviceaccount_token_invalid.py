"""The API server refuses metrics-server's token: it is not, or no longer, a valid one.

## What it means
metrics-server shows the token of its ServiceAccount to the API server, and to every kubelet, which has the API server
check it. The API server says no: to metrics-server's own lists and reviews (Unauthorized), and to each kubelet, which
then answers 401. So no node has metrics any more. Started anew with such a token, metrics-server does not even start.

## What it does not mean
That rights are missing: those are asked about only for a caller who is known (403). That the kubelets are set up
wrongly: they ask, and are told no, all of them alike. That the token expired: the API server says so where it did.

## What will not help
- more rights, or its roles and bindings made anew: it is not known who comes.
- deleting the container or waiting for its restart: the token belongs to the pod, and only a new pod gets a new one.
- webhook authentication switched off in the kubelets, or anonymous admission: they would then admit nobody, or anybody.
- --kubelet-insecure-tls: the certificates were accepted; the answer came over those connections.

## How it comes about
The ServiceAccount was deleted and made again, by an uninstall or `kubectl replace --force`: a token holds the uid of
the one that it was issued for. Or the API server was given another `--service-account-key-file`, as where a control
plane was built anew, or keys were exchanged, while pods run; or it signs with one key and accepts only another.

## How to make sure
On any node `journalctl -u kubelet | grep 'invalid bearer token'`, or the same in the API server's log: after the comma
stands why. `service account UID (A) does not match claim (B)`: another ServiceAccount of that name; `error in
cryptographic primitive`: another key; `has been deleted`, `has been invalidated`: what it was bound to is gone.

## Source
metrics-server pkg/scraper/client/resource/client.go (`request failed, status: "401 Unauthorized"`); apiserver
plugin/pkg/authorizer/webhook/webhook.go (`Failed to make webhook authorizer request: Unauthorized`),
pkg/server/options/authentication.go (`unable to load configmap based request-header-client-ca-file`); kubernetes
pkg/serviceaccount/claims.go and jwt.go (1.36.3); seen with metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Remedy,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._kubelet_admission import not_by_token
from ._own_token import REASON, SHOWS_WITHIN_SECONDS, accept_key, account, blanks_of, effects, kubelets_token, new_pod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_token import OwnToken
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    renewed = kubelets_token(blanks) if "mount" in blanks else new_pod(blanks)
    return (renewed, accept_key(blanks))


def _advise_account(blanks: Blanks) -> Remedy:
    name = f"-n {blanks['namespace']} serviceaccount {blanks['account']}"
    return Remedy(
        advice="First make its ServiceAccount again; the roles are bound to its name, and still are.",
        commands=(f"kubectl create {name}",),
        undo=(f"kubectl delete {name}",),
        verify=f"kubectl get {name}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("TokenUnread", likelihood=0.8),
        Says("NotInCluster", likelihood=0.4),
        Says("UnknownAuthority", hop=Hop.A, where={"path": "/api"}, likelihood=0.4),
        Says("TokenInvalid"),
        Says("Unauthorized", hop=Hop.D, likelihood=0.6),
        Says("HTTPStatus", hop=Hop.F, where={"code": "401"}, likelihood=0.3),
    ),
    decide=(
        Look(
            REASON, "invalid bearer token, and another reason than expiry", "serviceaccount-token-invalid", "any node"
        ),
    ),
    advise=advise,
)
def serviceaccount_token_invalid(
    own_token: OwnToken | None,
    installation: Installation,
    asked: tuple[Asked, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    what = _SUMMARIES.get(own_token.fate.name) if own_token else None
    if own_token is None or what is None:
        yield from filter(None, (not_by_token(installation),))
        return
    blanks = repair.blanks(**blanks_of(own_token, installation))
    yield Finding(
        summary="The API server refuses metrics-server's token" + what.format(account=account(installation)),
        subjects=(installation.subject,),
        evidence=(*own_token.said, *own_token.proof),
        effects=effects(own_token, asked),
        confidence=_confidence(own_token, installation, asked),
        since=own_token.since,
        changed="its ServiceAccount was made" if own_token.since else "",
        remedies=_remedies(own_token, blanks),
    )


_SUMMARIES = {
    "ACCOUNT_GONE": ": its ServiceAccount {account} does not exist.",
    "ACCOUNT_REMADE": (
        ": it was issued for an earlier ServiceAccount {account}, which has since been deleted and made anew."
    ),
    "UNKNOWN_KEY": (
        ", which has not expired, and whose ServiceAccount {account} is still the same. Most likely it is signed with a"
        f" key that the API server does not accept; `{REASON}` on a node says why it is refused."
    ),
    "RENEWED": (
        ". Its kubelet renews it long before it expires, so it is invalid for another reason: of an earlier"
        f" ServiceAccount {{account}}, or signed with a key that is not accepted; `{REASON}` on a node says which."
    ),
}


def _confidence(token: OwnToken, who: Installation, asked: tuple[Asked, ...] | Unseen) -> Confidence:
    """A kubelet that the API server does not hear from renews nothing."""
    if token.fate.name in ("ACCOUNT_GONE", "ACCOUNT_REMADE") and token.read:
        return Confidence.CERTAIN
    homes = {pod.spec.node_name for pod in who.pods}
    cut_off = any(one.cut_off for one in those_seen(asked) if one.name in homes)
    return Confidence.POSSIBLE if cut_off and token.fate.name == "RENEWED" else Confidence.LIKELY


def _remedies(token: OwnToken, blanks: Blanks) -> tuple[Remedy, ...]:
    renewed, key = advise(blanks)
    match token.fate.name:
        case "ACCOUNT_GONE":
            return (_advise_account(blanks), renewed)
        case "ACCOUNT_REMADE":
            return (renewed,)
        case _:
            return (renewed, key)
