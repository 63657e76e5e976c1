"""A kubelet allows everything to everybody whom it admits.

## What it means
The kubelet does not ask the API server what a caller may do. Any pod's token, and with anonymous admission nobody's,
is enough to read logs and to run commands in every pod of the node.

## What it does not mean
That metrics are in danger: they flow. That metrics-server has the rights it needs elsewhere: this node does not ask.

## What will not help
- fewer rights in the cluster's roles: this kubelet does not look at them.
- anonymous admission switched off, and no more: every pod has a token.

## How it comes about
`authorization.mode: AlwaysAllow` in the kubelet's configuration, or a kubelet that runs without `--config`, whose flag
`--authorization-mode` defaults to it. Some guides advise it against a 403 of metrics-server.

## How to make sure
`kubectl get --raw /api/v1/nodes/NODE/proxy/configz` shows the settings in effect under `authorization`.

## Source
kubernetes cmd/kubelet/app/auth.go BuildAuthz, pkg/kubelet/apis/config/v1beta1/defaults.go,
cmd/kubelet/app/options/options.go applyLegacyDefaults (1.36.3); CIS Kubernetes Benchmark, "Ensure that the
--authorization-mode argument is not set to AlwaysAllow".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Class, Effect, EffectKind, Finding, Hop, Remedy, Says, Unseen, check

from ._kubelet_admission import places, strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.admission import Admission
    from msdoctor.facts.asked import Asked
    from msdoctor.facts.repair import Repair


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    advice = (
        "Have the API server asked what a caller may do, and restart the kubelet (pods keep running). Whoever had no"
        " rights on kubelets and used them all the same is refused from then on."
    )
    return strict(blanks, advice, "mode")


@check(
    hop=Hop.F,
    cls=Class.RISK,
    says=(Says("KubeletOpen", where={"to": "all"}, likelihood=0.9),),
    advise=advise,
)
def kubelet_authz_always_allow(asked: tuple[Asked, ...], repair: Repair) -> Iterator[Finding | Unseen]:
    for one in asked:
        kubelet, rules = one.kubelet, one.admission
        if isinstance(rules, Unseen):
            yield Unseen(rules.reason, kubelet.subject)
        elif rules.mode.value == "AlwaysAllow":
            yield Finding(
                summary=(
                    f"The kubelet of {kubelet.name} asks nobody what a caller may do: {_whoever(rules)} may run"
                    " commands in every pod of the node."
                ),
                subjects=(kubelet.subject,),
                evidence=(rules.mode.evidence,),
                effects=(Effect(EffectKind.UNSAFE),),
                remedies=advise(repair.blanks(kubelet.name, **places(rules))),
            )


def _whoever(rules: Admission) -> str:
    if rules.anonymous.on:
        return "everybody who reaches its port"
    return "whoever has the token of any pod" if rules.tokens.on else "whoever has a certificate of its client CA"
