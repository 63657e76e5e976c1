"""metrics-server's pod may not run as root, and would.

## What it means
The pod says runAsNonRoot, and its image runs as root, or as a user that is named and not numbered, or runAsUser says 0.
The kubelet then does not make the container (CreateContainerConfigError). Nobody has metrics.

## What it does not mean
That metrics-server needs root: it runs as any user. That the namespace's pod security level refuses it: then there
would be no pod at all.

## What will not help
- running it as root, or taking runAsNonRoot away: it would run, with rights that it has no use for.
- deleting the pod: the next one has the same image and the same rule.

## How it comes about
An image of one's own or a mirror's build, without a numeric USER; `runAsUser: 1000` lost from the manifest; a policy
that adds runAsNonRoot to every pod.

## How to make sure
`kubectl -n kube-system describe pod -l k8s-app=metrics-server` has the event `container has runAsNonRoot and image will
run as root`, or `image has non-numeric user`.

## Source
kubernetes pkg/kubelet/kuberuntime/security_context_others.go (verifyRunAsNonRoot; 1.36.3); metrics-server
manifests/base/deployment.yaml (runAsUser 1000). Seen with Kubernetes 1.36.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Says,
    check,
)

from ._starting import finding, made, patched, status, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

USER = 1000  # manifests/base/deployment.yaml


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    user = f'{{"name":"{blanks["container"]}","securityContext":{{"runAsUser":{USER}}}}}'
    return (
        patched(
            blanks,
            f"Run it as user {USER}, as upstream's manifest does.",
            f'{{"spec":{{"template":{{"spec":{{"containers":[{user}]}}}}}}}}',
            kind="strategic",
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("PodSecurityViolated", likelihood=0.5),
        Says("MayNotRunAsRoot", likelihood=0.9),
        Says("PodState", where={"status": "CreateContainerConfigError"}, likelihood=0.7),
    ),
    decide=(
        Look(
            "kubectl -n kube-system get pods -l k8s-app=metrics-server",
            "CreateContainerConfigError",
            "pod-security-runasnonroot",
        ),
    ),
    advise=advise,
)
def pod_security_runasnonroot(
    starts: tuple[Start, ...], installation: Installation, repair: Repair
) -> Iterator[Finding]:
    for start in reversed(starts):
        if start.root is None or start.waits is None:
            continue
        forbidden, user = _rule(start)
        yield finding(
            installation,
            f"metrics-server's pod may not run as root, and {_would(start.root.why)}.",
            _evidence(start, installation, user),
            advise(repair.blanks()),
            confidence=Confidence.CERTAIN if forbidden and not user else Confidence.LIKELY,
            since=start.since,
            changed=made(start),
        )
        return


def _would(why: str) -> str:
    return why if why.startswith("runAsUser") else f"its image {why}"


def _rule(start: Start) -> tuple[bool, int | None]:
    """What the container says of it, or else its pod."""
    own, pods = start.container.security_context, start.pod.spec.security_context
    forbidden = own.run_as_non_root if own.run_as_non_root is not None else pods.run_as_non_root
    user = own.run_as_user if own.run_as_user is not None else pods.run_as_user
    return bool(forbidden), user


def _evidence(start: Start, who: Installation, user: int | None) -> Iterator[Evidence]:
    assert start.waits  # noqa: S101  the caller has looked
    yield status(start, f"{start.waits.reason}: {start.why or (start.root.why if start.root else '')}")
    yield template(who, f"runAsNonRoot: true, {'no runAsUser' if user is None else f'runAsUser: {user}'}", "containers")
