"""What the checks of a kubelet's admission share: when its faults show, and how its settings are mended.

A kubelet knows a caller by a client certificate, or by a token that it has the API server check (webhook
authentication), or as nameless (anonymous); then it asks the API server what that caller may do, or allows all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    NotApplicable,
    Remedy,
    State,
    Unseen,
)

from ._distribution import own_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.admission import Admission, Setting
    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation

# The kubelet restarts; then the next two scrapes must succeed, and an endpoint that was gone come back.
SHOWS_WITHIN_SECONDS = 90
REFUSED = "the API server refuses metrics-server's token: what this kubelet makes of a good one does not show"
WITHOUT_TOKEN = ("kubelet-client-certificate", "deprecated-kubelet-completely-insecure")


def state(one: Asked) -> State:
    """Whether a fault of a kubelet's admission shows now, or only once something before it is healed."""
    return State.NEXT if one.hidden else State.ACTIVE


def effects(one: Asked) -> tuple[Effect, ...]:
    """A scrape that it does not answer."""
    return (Effect(EffectKind.SCRAPE_FAILS, one.name),)


def found(
    one: Asked, seen: tuple[Evidence, ...], confidence: Confidence, what: str, remedies: tuple[Remedy, ...]
) -> Finding:
    """What one kubelet does, told of its node."""
    return Finding(
        summary=f"The kubelet of {one.name} {what}",
        subjects=(one.kubelet.subject,),
        evidence=seen,
        effects=effects(one),
        confidence=confidence,
        state=state(one),
        remedies=remedies,
    )


def not_by_token(installation: Installation) -> NotApplicable | None:
    """Where metrics-server shows kubelets no token, what they make of tokens does not matter."""
    other = next((name for name in WITHOUT_TOKEN if name in installation.flags), None)
    return NotApplicable(f"metrics-server runs with --{other} and shows kubelets no token") if other else None


def configz(node: str) -> str:
    """The command that shows a kubelet's settings in effect, by way of the API server."""
    return f"kubectl get --raw /api/v1/nodes/{node}/proxy/configz"


def strict(blanks: Blanks, advice: str, *wrong: str) -> tuple[Remedy, ...]:
    """Set the named settings (``tokens``, ``anonymous``, ``mode``) right where this kubelet takes them from."""
    return own_settings(blanks, advice, *wrong) or (_by_hand(blanks, advice, *wrong),)


def _by_hand(blanks: Blanks, advice: str, *wrong: str) -> Remedy:
    by_flag = [name for name in wrong if f"{name}_flag" in blanks]
    by_line = [name for name in wrong if name not in by_flag]
    commands: list[str] = []
    undo: list[str] = []
    if by_line:
        config = blanks["kubelet_config"]
        edits = " ".join(_line_edit(blanks, name) for name in by_line)
        commands += [f"cp -p {config} {config}.before", f"sed -i {edits} {config}"]
        undo += [f"mv {config}.before {config}"]
    if by_flag:
        unit = blanks["kubelet_unit"]
        edits = " ".join(_flag_edit(blanks, name) for name in by_flag)
        commands += [f"cp -p {unit} {unit}.before", f"sed -i {edits} {unit}", "systemctl daemon-reload"]
        undo += [f"mv {unit}.before {unit}", "systemctl daemon-reload"]
    return Remedy(
        advice=advice,
        commands=(*commands, "systemctl restart kubelet"),
        on=f"node/{blanks['node']}",
        undo=(" && ".join((*undo, "systemctl restart kubelet")),),
        verify=f"kubectl top node {blanks['node']}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


_FLAGS = {
    "tokens": ("authentication-token-webhook", "true"),
    "anonymous": ("anonymous-auth", "false"),
    "mode": ("authorization-mode", "Webhook"),
}
_LINES = {
    "tokens": ("enabled", "false", "true"),
    "anonymous": ("enabled", "true", "false"),
    "mode": ("mode", "AlwaysAllow", "Webhook"),
}


def _line_edit(blanks: Blanks, name: str) -> str:
    """By its number, and only if that line still sets it: several settings of the file are called ``enabled``."""
    key, wrong, right = _LINES[name]
    return f"-e '{blanks[f'{name}_line']}{{/{key}/s/{wrong}/{right}/}}'"


def _flag_edit(blanks: Blanks, name: str) -> str:
    flag, right = _FLAGS[name]
    if blanks[f"{name}_flag"] == "given":
        return rf"-e 's/--{flag}\([= ][[:alnum:]]*\)\{{0,1\}}/--{flag}={right}/'"
    return f"-e 's/ --kubeconfig[= ]/ --{flag}={right}&/'"


def places(admission: Admission | Unseen) -> dict[str, str]:
    """Where a kubelet's settings are made, for the blanks of ``strict``."""
    if isinstance(admission, Unseen):
        return {}
    settings = (("tokens", admission.tokens), ("anonymous", admission.anonymous), ("mode", admission.mode))
    unit = {"kubelet_unit": admission.unit} if admission.unit else {}
    return unit | {blank: value for name, setting in settings for blank, value in _place(name, setting)}


def _place(name: str, setting: Setting) -> Iterator[tuple[str, str]]:
    source = str(setting.source)
    if source == "file":
        yield f"{name}_line", str(setting.line)
    elif source != "default":
        yield f"{name}_flag", "given" if source == "flag" else "missing"
