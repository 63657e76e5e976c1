"""A kubelet admits callers who have no name.

## What it means
Whoever reaches the kubelet's port without a certificate or a token is the user system:anonymous there. What that one
may do is asked of the API server, or, with authorization mode AlwaysAllow, is everything: commands in every pod of the
node included.

## What it does not mean
That metrics are in danger: they flow, as long as the kubelet has tokens checked besides.

## What will not help
- closing the read-only port 10255: this is the kubelet's main port.
- a firewall alone: every pod of the cluster can reach the kubelets in most networks.

## How it comes about
`authentication.anonymous.enabled: true` in the kubelet's configuration, or a kubelet that runs without `--config`,
whose flag `--anonymous-auth` defaults to true. Some guides advise it against a 401 of metrics-server.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/configz` shows the settings in effect under `authentication`.

## Source
kubernetes cmd/kubelet/app/auth.go BuildAuthn, pkg/kubelet/apis/config/v1beta1/defaults.go,
cmd/kubelet/app/options/options.go applyLegacyDefaults (1.36.3); CIS Kubernetes Benchmark, "Ensure that the
--anonymous-auth argument is set to false".
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
    NotApplicable,
    Remedy,
    Says,
    Unseen,
    check,
)

from ._kubelet_admission import places, strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.admission import Admission
    from msdoctor.facts.asked import Asked
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return strict(blanks, "Admit nobody without a name, and restart the kubelet (pods keep running).", "anonymous")


@check(
    hop=Hop.F,
    cls=Class.RISK,
    says=(Says("KubeletOpen", where={"to": "anonymous"}, likelihood=0.9),),
    advise=advise,
)
def kubelet_anonymous_enabled(
    asked: tuple[Asked, ...],
    repair: Repair,
) -> Iterator[Finding | Unseen | NotApplicable]:
    for one in asked:
        rules = one.admission
        if isinstance(rules, Unseen):
            yield Unseen(rules.reason, one.kubelet.subject)
        elif rules.ignores_tokens and not one.works:
            yield NotApplicable("told, and healed, as kubelet-anonymous-token-not-accepted")
        elif rules.anonymous.on:
            yield _finding(one, rules, repair)


def _finding(one: Asked, rules: Admission, repair: Repair) -> Finding:
    may = (
        "and then asks the API server what the nameless may do"
        if rules.asks
        else "and allows them everything, commands in its pods included"
    )
    more = () if rules.asks else (rules.mode.evidence,)
    return Finding(
        summary=f"The kubelet of {one.name} admits callers without a name, {may}.",
        subjects=(one.kubelet.subject,),
        evidence=(rules.anonymous.evidence, *more),
        effects=(Effect(EffectKind.UNSAFE),),
        remedies=advise(repair.blanks(one.name, **places(one.admission))),
    )
