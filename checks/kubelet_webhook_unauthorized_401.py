"""A kubelet does not have tokens checked, so it answers metrics-server 401.

## What it means
metrics-server shows the kubelet the token of its ServiceAccount. A kubelet checks a token by asking the API server
(webhook authentication). This one does not ask, and admits nobody without a name either: whoever comes without a client
certificate gets 401. This node and its pods have no metrics.

## What it does not mean
That the token is bad: it was never looked at. That rights are missing: those are asked about afterwards. `kubectl logs`
and `exec` work all the same, because the API server comes with a client certificate.

## What will not help
- anonymous admission: the kubelet then takes metrics-server for a nameless caller and answers 403.
- more rights for metrics-server: the kubelet does not get as far as its rights.
- --kubelet-insecure-tls: the certificate was accepted; the answer came over that connection.
- deleting metrics-server's pod or its token: a new token is not looked at either.

## How it comes about
`authentication.webhook.enabled: false` in the kubelet's configuration, or `--authentication-token-webhook=false`. A
kubelet that runs without `--config` has it off unless the flag is given.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/configz` shows the settings in effect under `authentication`. If webhook
authentication is on there, the kubelet's question to the API server fails: its log says "Unable to authenticate the
request".

## Source
metrics-server pkg/scraper/client/resource/client.go (`request failed, status: "401 Unauthorized"`); kubernetes
cmd/kubelet/app/auth.go BuildAuthn, pkg/kubelet/server/server.go InstallAuthFilter,
pkg/kubelet/apis/config/v1beta1/defaults.go, cmd/kubelet/app/options/options.go applyLegacyDefaults (1.36.3).
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

from ._kubelet_admission import REFUSED, configz, found, not_by_token, places, strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_token import OwnToken
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    advice = "Let the kubelet have tokens checked by the API server, and restart it (pods keep running)."
    return strict(blanks, advice, "tokens")


@check(
    hop=Hop.F,
    cls=Class.CAUSE,
    says=(
        Says("HTTPStatus", hop=Hop.F, where={"code": "401"}, likelihood=0.6),
        Says("ClientUnknownToKubelet", likelihood=0.4),
        # another client's token, which a kubelet has to ask about as it has to about metrics-server's
        Says("TargetRefused", where={"code": "401"}, likelihood=0.7),
    ),
    decide=(
        Look(configz("NODE"), "authentication.webhook.enabled is false", "kubelet-webhook-unauthorized-401"),
        Look("kubectl get node NODE", "it is NotReady", "kubelet-cannot-reach-apiserver-webhook"),
    ),
    advise=advise,
)
def kubelet_webhook_unauthorized_401(
    asked: tuple[Asked, ...],
    installation: Installation,
    repair: Repair,
    own_token: OwnToken | Unseen | None,
) -> Iterator[Finding | Unseen | NotApplicable]:
    aside = not_by_token(installation)
    if aside:
        yield aside
        return
    for one in asked:
        rules = one.admission
        if not isinstance(rules, Unseen):
            if rules.refuses_tokens:
                seen = (rules.tokens.evidence, rules.anonymous.evidence, *one.said)
                yield found(one, seen, Confidence.CERTAIN, _READ, _remedies(one, repair))
        elif one.code == "401" and own_token and not isinstance(own_token, Unseen):
            yield Unseen(REFUSED, one.kubelet.subject)
        elif one.code == "401" and not one.cut_off:
            what = _TOLD.format(how=configz(one.name))
            yield found(one, one.said, Confidence.LIKELY, what, _remedies(one, repair))
        elif not one.works:
            yield Unseen(rules.reason, one.kubelet.subject)


_READ = "does not have tokens checked (webhook authentication is off) and admits nobody without a name: it answers 401."
_TOLD = (
    "answers metrics-server 401, and its node is in touch with the API server. Most likely it does not have tokens"
    " checked; `{how}` then shows authentication.webhook.enabled as false."
)


def _remedies(one: Asked, repair: Repair) -> tuple[Remedy, ...]:
    return advise(repair.blanks(one.name, **places(one.admission)))
