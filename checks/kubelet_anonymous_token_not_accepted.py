"""A kubelet takes metrics-server for a nameless caller, and answers 403.

## What it means
metrics-server shows the kubelet the token of its ServiceAccount. This kubelet does not have tokens checked (webhook
authentication is off), and admits callers without a name (anonymous is on). So it takes metrics-server for the user
system:anonymous, asks the API server what that one may do, and answers 403. This node and its pods have no metrics.

## What it does not mean
That metrics-server lacks rights: the kubelet never asked about metrics-server. The review of what its ServiceAccount
may do says yes.

## What will not help
- rights for system:anonymous: everybody who reaches the kubelet's port would have them too.
- more rights for metrics-server's ServiceAccount: the kubelet does not know that it is metrics-server who asks.
- authorization mode AlwaysAllow: everybody who reaches the kubelet's port could run commands in its pods.
- --kubelet-insecure-tls: the certificate was accepted; the answer came over that connection.

## How it comes about
`authentication.webhook.enabled: false` with `authentication.anonymous.enabled: true` in the kubelet's configuration; or
a kubelet without `--config`, whose flags default so, with `--authorization-mode=Webhook`.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/configz` shows the settings in effect under `authentication`. The kubelet's
log (`-v=2`) says "Forbidden" with user="system:anonymous".

## Source
metrics-server pkg/scraper/client/resource/client.go (`request failed, status: "403 Forbidden"`); kubernetes
cmd/kubelet/app/auth.go BuildAuthn, pkg/kubelet/server/server.go InstallAuthFilter (1.36.3).
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
)

from ._kubelet_admission import configz, found, not_by_token, places, strict
from ._scraper_rights import METRICS, needed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    advice = (
        "Let the kubelet have tokens checked by the API server, and admit nobody without a name; restart it (pods keep"
        " running)."
    )
    return strict(blanks, advice, "tokens", "anonymous")


@check(
    hop=Hop.F,
    cls=Class.CAUSE,
    says=(
        Says("HTTPStatus", hop=Hop.F, where={"code": "403"}, likelihood=0.4),
        Says("Forbidden", hop=Hop.F, where={"user": "system:anonymous", "resource": "nodes/metrics"}),
        Says("Forbidden", hop=Hop.F, where={"user": "system:anonymous", "resource": "nodes/stats"}),
    ),
    decide=(
        Look(
            configz("NODE"),
            "authentication.webhook.enabled is false and anonymous.enabled true",
            "kubelet-anonymous-token-not-accepted",
        ),
    ),
    advise=advise,
)
def kubelet_anonymous_token_not_accepted(
    asked: tuple[Asked, ...],
    installation: Installation,
    may_scrape: bool | Unseen,
    may_read_stats: bool | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen | NotApplicable]:
    aside = not_by_token(installation)
    if aside:
        yield aside
        return
    may = may_scrape if needed(installation)[0] == METRICS else may_read_stats
    # What metrics-server may do, it may do with every kubelet.
    allowed = may is True or (isinstance(may, Unseen) and any(one.works for one in asked))
    # Where the image does not tell its release, it may need another right than the one that was asked about.
    confidence = Confidence.LIKELY if installation.version else Confidence.POSSIBLE
    for one in asked:
        rules = one.admission
        if one.works:
            continue
        if not isinstance(rules, Unseen):
            if rules.ignores_tokens:
                seen = (rules.tokens.evidence, rules.anonymous.evidence, *one.said)
                yield found(one, seen, Confidence.CERTAIN, _READ, _remedies(one, repair))
        elif one.code == "403" and allowed:
            what = _TOLD.format(how=configz(one.name))
            yield found(one, one.said, confidence, what, _remedies(one, repair))
        else:
            yield Unseen(rules.reason, one.kubelet.subject)


_READ = (
    "does not have tokens checked (webhook authentication is off) and takes metrics-server for a nameless caller, who"
    " may not read its metrics: it answers 403."
)
_TOLD = (
    "answers metrics-server 403, and metrics-server may read kubelets' metrics. Most likely its token was not looked"
    " at; `{how}` then shows authentication.webhook.enabled as false and authentication.anonymous.enabled as true. If"
    " the right was granted only now, wait a minute: a kubelet remembers a refusal for 30 s."
)


def _remedies(one: Asked, repair: Repair) -> tuple[Remedy, ...]:
    return advise(repair.blanks(one.name, **places(one.admission)))
