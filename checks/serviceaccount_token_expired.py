"""metrics-server's token has expired, and nobody has renewed it.

## What it means
metrics-server shows the token of its ServiceAccount to the API server, and to every kubelet, which has the API server
check it. Its time is up: the API server says no to metrics-server's own lists and reviews (Unauthorized), and each
kubelet answers 401. So no node has metrics any more. Started with such a token, metrics-server does not even start.

## What it does not mean
That rights are missing: those are asked about only for a caller who is known (403). That the kubelets are set up
wrongly: they ask, and are told no, all of them alike. That a certificate expired: tokens have times of their own.

## What will not help
- more rights, or its roles and bindings made anew: it is not known who comes.
- a restart, where the token comes from a Secret: the new pod gets the same one.
- webhook authentication switched off in the kubelets, or anonymous admission: they would then admit nobody, or anybody.
- a Secret with a token that never expires: whoever once reads it is metrics-server for good.

## How it comes about
Somebody took a token (`kubectl create token`), put it into a Secret or a kubeconfig, and mounts that in place of the
one that a kubelet gives each pod. A kubelet renews its own at four fifths of its time, so that one expires only where
the kubelet is cut off from the API server, a clock is wrong, or metrics-server does not read the file again (to 0.3).

## How to make sure
On any node `journalctl -u kubelet | grep 'invalid bearer token'`, or the same in the API server's log, says `service
account token has expired`. What the token itself says stands between its dots: `cut -d. -f2 FILE | base64 -d`, `exp`.

## Source
metrics-server pkg/scraper/client/resource/client.go (`request failed, status: "401 Unauthorized"`); apiserver
plugin/pkg/authorizer/webhook/webhook.go (`Failed to make webhook authorizer request: Unauthorized`); kubernetes
pkg/serviceaccount/claims.go (`service account token has expired`; go-jose grants a minute beyond it),
pkg/kubelet/token/token_manager.go (requiresRefresh), 1.36.3; seen with metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Confidence, Finding, Hop, Look, NotApplicable, Remedy, Says, Unseen, check

from ._kubelet_admission import not_by_token
from ._own_token import REASON, blanks_of, effects, kubelets_token, new_pod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_token import OwnToken
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    if "mount" not in blanks:
        return (new_pod(blanks),)
    return (kubelets_token(blanks), _same_secret(blanks))


def _same_secret(blanks: Blanks) -> Remedy:
    namespace, secret = blanks["namespace"], blanks["secret"]
    token = f"$(kubectl -n {namespace} create token {blanks['account']} --duration=24h)"
    return Remedy(
        advice="Or gain a day: put a new token into that Secret. The pod sees it within two minutes.",
        commands=(
            f'kubectl -n {namespace} patch secret {secret} -p "{{\\"stringData\\":{{\\"token\\":\\"{token}\\"}}}}"',
        ),
        verify="kubectl top nodes",
        shows_within_seconds=240,
        way=2,
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("TokenExpired"),
        Says("TokenStale", likelihood=0.8),
        Says("Unauthorized", hop=Hop.D, likelihood=0.5),
        Says("HTTPStatus", hop=Hop.F, where={"code": "401"}, likelihood=0.2),
    ),
    decide=(Look(REASON, "service account token has expired", "serviceaccount-token-expired", "any node"),),
    advise=advise,
)
def serviceaccount_token_expired(
    own_token: OwnToken | None,
    installation: Installation,
    asked: tuple[Asked, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable]:
    if own_token is None or own_token.fate.name not in ("EXPIRED", "GIVEN"):
        yield from filter(None, (not_by_token(installation),))
        return
    yield Finding(
        summary=_summary(own_token),
        subjects=(installation.subject,),
        evidence=(*own_token.said, *own_token.proof),
        effects=effects(own_token, asked),
        confidence=Confidence.CERTAIN if own_token.read else Confidence.POSSIBLE,
        since=own_token.since,
        changed="its token expired" if own_token.since else "",
        remedies=advise(repair.blanks(**blanks_of(own_token, installation))),
    )


def _summary(token: OwnToken) -> str:
    source = {
        "SECRET": f"It comes from Secret {token.secret}, which no kubelet renews.",
        "KUBECONFIG": "It comes from a kubeconfig, which no kubelet renews.",
        "KUBELET": "Its kubelet should have renewed it: look whether that node is in touch, and at its clock.",
    }[token.held.name]
    if token.read:
        return f"The API server refuses metrics-server's token, which has expired. {source}"
    return (
        f"The API server refuses metrics-server's token. {source} Most likely it has expired; `{REASON}` on a node says"
        " so, or for what other reason it is refused."
    )
