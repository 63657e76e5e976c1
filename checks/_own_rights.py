"""What the checks of metrics-server's own rights share: whether they matter here, how they are shown, how given.

Each right has one binding in upstream's manifest. What gives it back is that binding, for this ServiceAccount by name,
and nothing for anybody else.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Confidence, Evidence, Remedy, Unseen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_rights import Instead, OwnRights
    from msdoctor.facts.rbac import Request
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

# The API server knows a new binding within a second; then a pod starts, and scrapes twice.
SHOWS_WITHIN_SECONDS = 120
MOST_SHOWN = 3  # bindings in place of one


def serves(who: Installation) -> bool:
    """Whether a pod has started with what it needed, and has metrics."""
    return any(pod.ready for pod in who.pods)


def proven(who: Installation, flow: Flow | Unseen) -> bool:
    """Whether metrics come out of it, which takes all that these checks are about."""
    return serves(who) and not isinstance(flow, Unseen) and flow.refusal is None and bool(flow.nodes)


def kept_down(starts: Sequence[Start] | Unseen) -> bool:
    """Whether it does not come as far as to ask the API server anything."""
    if isinstance(starts, Unseen):
        return False
    return any(
        start.told or start.refused or start.not_listening or start.not_writing or start.foreign or start.unplaced
        for start in starts
    )


def confidence(own: OwnRights, requests: Sequence[Request]) -> Confidence:
    """Certain by the API server's answer, and likely by what roles allow, or by its own words."""
    reviewed = [own.by(request) == "SubjectAccessReview" for request in requests]
    return Confidence.CERTAIN if reviewed and all(reviewed) else Confidence.LIKELY


def shown(own: OwnRights, denied: Sequence[Request], instead: Sequence[Instead], none: str) -> Iterator[Evidence]:
    """What it may not do, and what is bound in place of what ought to be; ``none`` is said where nothing is."""
    for request in denied:
        yield Evidence(
            saw=f"ServiceAccount {own.namespace}/{own.account} may not {request}",
            where=str(own.by(request)),
            how=can_i(own, request),
        )
    for one in instead[:MOST_SHOWN]:
        scope = f"-n {one.bond.namespace} " if one.bond.namespace else ""
        yield Evidence(
            saw=one.text,
            where=f"{one.bond.kind} {one.bond.full_name}",
            how=f"kubectl {scope}get {one.bond.kind.lower()} {shlex.quote(one.bond.name)} -o yaml",
        )
    if not instead and denied and not isinstance(own.rbac, Unseen):
        namespace = denied[0].namespace
        kinds = "rolebindings,clusterrolebindings" if namespace else "clusterrolebindings"
        scope = f"-n {namespace} " if namespace else ""
        yield Evidence(saw=none, where="roles and bindings", how=f"kubectl {scope}get {kinds} -o wide")


def said(own: OwnRights, who: Installation, requests: Sequence[Request]) -> Iterator[Evidence]:
    """The API server's words to metrics-server, in its log; the same about several things once."""
    for request in requests:
        heard = own.heard.get(request)
        if heard:
            previous = " --previous" if "panic" in heard.text[:60] and not serves(who) else ""
            yield Evidence(
                saw=f"metrics-server says: {heard.text}",
                where=f"log of metrics-server, line {heard.line}",
                how=f"kubectl -n {who.namespace} logs deployment/{who.name}{previous}",
                at=heard.at,
            )
            return


def can_i(own: OwnRights, request: Request) -> str:
    """The command that asks the same again."""
    resource, _, subresource = request.resource.partition("/")
    what = f"{resource}.{request.group}" if request.group else resource
    words = [f"kubectl auth can-i {request.verb} {what}{f'/{request.name}' if request.name else ''}"]
    words += [f"--subresource={subresource}"] if subresource else []
    words += [f"-n {request.namespace}"] if request.namespace else []
    return " ".join((*words, f"--as=system:serviceaccount:{own.namespace}:{own.account}"))


def blanks_of(repair: Repair, own: OwnRights, instead: Sequence[Instead], **more: str) -> Blanks:
    """Whom to bind, and the binding that is there and names somebody else."""
    others = next((one.bond for one in instead if str(one.fault) == "it is of others"), None)
    known = {"account": f"{own.namespace}:{own.account}"} | more
    return repair.blanks(**known, **({"binding": others.name} if others else {}))


def account(blanks: Blanks) -> str:
    """Its ServiceAccount, as kubectl's arguments name it: ``NAMESPACE:NAME``."""
    return blanks.get("account", "kube-system:metrics-server")


def bind(blanks: Blanks, advice: str, name: str, role: str, *, namespace: str = "") -> Remedy:
    """The binding of upstream's manifest: made, or, where it is there for somebody else, given this subject too.

    ``role`` is ``--role=R`` or ``--clusterrole=R``.
    """
    kind, scope = ("rolebinding", f"-n {namespace} ") if namespace else ("clusterrolebinding", "")
    subject = f"--serviceaccount={account(blanks)}"
    given = blanks.get("binding")
    if given:
        return Remedy(
            advice=advice,
            commands=(f"kubectl {scope}set subject {kind} {given} {subject}",),
            verify=f"kubectl {scope}get {kind} {given} -o wide",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        )
    return Remedy(
        advice=advice,
        commands=(f"kubectl {scope}create {kind} {name} {role} {subject}",),
        undo=(f"kubectl {scope}delete {kind} {name}",),
        verify=f"kubectl {scope}get {kind} {name} -o wide",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def started_anew(blanks: Blanks) -> Remedy:
    """A container that has crashed for long is tried again within five minutes; a new pod at once."""
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    return Remedy(
        advice="Start metrics-server anew, rather than wait for its container's next try.",
        commands=(f"kubectl rollout restart {target}",),
        undo=(f"kubectl rollout undo {target}",),
        verify=f"kubectl rollout status {target}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def free_name(own: OwnRights, namespace: str, name: str) -> str:
    """A name for a new binding: upstream's, unless that one is there and binds another role, for good."""
    return f"{name}:{own.account}" if own.taken(namespace, name) else name
