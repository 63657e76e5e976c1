"""What the checks of metrics-server's own token share: whom a refused token blinds, where the reason stands, cures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.facts.forms import Form
from msdoctor.model import Blanks, Effect, EffectKind, Remedy, Risk, those_seen

from ._api_server_flags import add_flags

if TYPE_CHECKING:
    from collections.abc import Sequence

    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_token import OwnToken
    from msdoctor.model import Unseen

# A new pod starts, scrapes twice, and becomes an endpoint again; kubelets remember a token for 2 minutes, good or bad.
SHOWS_WITHIN_SECONDS = 120
REASON = "journalctl -u kubelet --since=-10min | grep 'invalid bearer token' | tail -3"


def effects(token: OwnToken, asked: Sequence[Asked] | Unseen) -> tuple[Effect, ...]:
    """Without a token it does not start; if it has started, no kubelet that has tokens checked answers it."""
    if token.starting:
        return (Effect(EffectKind.NOT_LISTENING),)
    everyone = those_seen(asked)
    refusing = [one for one in everyone if one.code == "401"] or [one for one in everyone if not one.works]
    return tuple(Effect(EffectKind.SCRAPE_FAILS, one.name) for one in refusing or everyone)


def account(installation: Installation) -> str:
    """Its ServiceAccount as ``NAMESPACE/NAME``."""
    return f"{installation.namespace}/{installation.deployment.spec.template.spec.service_account_name}"


def blanks_of(token: OwnToken, installation: Installation) -> dict[str, str]:
    """Where its token comes from, for the blanks of the remedies."""
    name = installation.deployment.spec.template.spec.service_account_name
    known = {"account": name, "secret": token.secret, "volume": token.volume, "mount": token.mount}
    return {blank: value for blank, value in known.items() if value}


def new_pod(blanks: Blanks) -> Remedy:
    """A pod's token is its own: a new pod gets a new one."""
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    return Remedy(
        advice="Start a new pod: its kubelet asks for a new token. Nothing is lost, metrics-server keeps nothing.",
        commands=(f"kubectl rollout restart {target}", f"kubectl rollout status {target} --timeout=120s"),
        undo=(f"kubectl rollout undo {target}",),
        verify="kubectl top nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def kubelets_token(blanks: Blanks) -> Remedy:
    """Give up the mounted Secret: the kubelet then mounts a token of its own, and renews it."""
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    steps = (
        f'{{"op":"remove","path":"{blanks["mount"]}"}}',
        f'{{"op":"remove","path":"{blanks["volume"]}"}}',
        '{"op":"add","path":"/spec/template/spec/automountServiceAccountToken","value":true}',
    )
    return Remedy(
        advice=f"Let the kubelet give metrics-server its token, and renew it, in place of Secret {blanks['secret']}.",
        commands=(f"kubectl patch {target} --type json -p '[{','.join(steps)}]'",),
        undo=(f"kubectl rollout undo {target}",),
        verify=f"kubectl rollout status {target}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def accept_key(blanks: Blanks) -> Remedy:
    """The API server signs with one key and accepts others: the flag may be given several times, with either half."""
    key = blanks["signing_key"]
    form = blanks.get("apiserver_form", Form.UNKNOWN)
    advice = (
        f"Where a new pod's token is refused too ({REASON}): have the API server accept what it signs. Its"
        f" --service-account-key-file ({blanks['accepted_key']}) then lacks the public half of {key}."
    )
    known = Blanks({**blanks, "apiserver_form": str(form)})
    remedy = add_flags(known, (f"--service-account-key-file={key}",), advice)
    return Remedy(
        advice=remedy.advice,
        commands=remedy.commands,
        on=remedy.on,
        risks=(Risk.DISRUPTIVE,),
        undo=remedy.undo,
        verify="kubectl top nodes",
        shows_within_seconds=remedy.shows_within_seconds,
        way=2,
    )
