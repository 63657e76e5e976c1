"""metrics-server's image cannot be pulled.

## What it means
The kubelet asks a registry for the image that the Deployment names, and does not get it: there is none of that name and
tag, the registry wants credentials or is asked too often, or the node does not reach it. The container never starts.

## What it does not mean
That metrics-server or its configuration is at fault: nothing of it has run. That the API server cannot reach something:
it is the node that pulls.

## What will not help
- deleting the pod: the next one asks for the same image, from the same node or one like it.
- arguments, RBAC, certificates: no program runs that could use them.
- imagePullPolicy Always: it asks the registry even where the image is there.

## How it comes about
A tag without its `v` (releases are v0.8.0, not 0.8.0); the registry k8s.gcr.io, which has had no new release since
2023; a mirror that does not have this release; a cluster without a way to the internet, or behind a proxy that
containerd was not told of; a pull limit, or credentials that are missing or have run out.

## How to make sure
`kubectl -n kube-system describe pod -l k8s-app=metrics-server`: the events end with all that the registry answered.
On its node `crictl pull IMAGE` asks again.

## Source
kubernetes pkg/kubelet/images/image_manager.go and types.go (ErrImagePull, ImagePullBackOff, ErrImageNeverPull,
InvalidImageName; 1.36.3); containerd's answer after `failed to pull and unpack image`. Seen with containerd.
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
    Unseen,
    check,
)

from ._images import better, is_upstreams, set_image
from ._starting import SHOWS_WITHIN_SECONDS, finding, made, status, target, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

REASONS = ("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "RegistryUnavailable", "InvalidImageName")
# What registries and containerd answer, by what it comes to.
ANSWERS = (
    ("toomanyrequests", "the registry is asked too often"),
    ("not found", "the registry has none of that name and tag"),
    ("manifest unknown", "the registry has none of that name and tag"),
    ("unauthorized", "the registry wants credentials"),
    ("denied", "the registry wants credentials"),
    ("authorization failed", "the registry wants credentials"),
    ("no such host", "the node finds no address for the registry"),
    ("lookup ", "the node finds no address for the registry"),
    ("x509", "the node does not trust the registry's certificate"),
    ("dial tcp", "the node does not reach the registry"),
    ("timeout", "the node does not reach the registry"),
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        set_image(
            blanks,
            "Run upstream's image of a release that fits this cluster; where nodes have no way to its registry, name"
            " a mirror's that has it.",
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("NotReadyInTime", likelihood=0.4),
        Says("PodState", where={"status": "ImagePullBackOff"}),
        Says("PodState", where={"status": "ErrImagePull"}),
        Says("PodState", where={"status": "ErrImageNeverPull"}),
        Says("PodState", where={"status": "ImageInspectError"}, likelihood=0.7),
        Says("PodState", where={"status": "RegistryUnavailable"}, likelihood=0.9),
        Says("PodState", where={"status": "InvalidImageName"}, likelihood=0.6),
        Says("ImageNotPulled", where={"ours": "yes"}),
        Says("ImageNotPulled", where={"ours": "sandbox"}, likelihood=0.5),
        Says("ImageNotPulled", where={"ours": "unnamed"}, likelihood=0.5),
        Says("ImageNotPulled", where={"ours": "sandbox", "outer": "metrics-server"}, likelihood=0.9),
        Says("InvalidImageName", likelihood=0.7),
    ),
    decide=(Look("kubectl -n kube-system get pods -l k8s-app=metrics-server", "ImagePullBackOff", "image-pull"),),
    advise=advise,
)
def image_pull(
    starts: tuple[Start, ...], installation: Installation, server_version: str | Unseen, repair: Repair
) -> Iterator[Finding]:
    start = next((one for one in reversed(starts) if _waits(one)), None)
    if start is None or "{{" in start.container.image:
        return
    image = start.container.image
    blanks = repair.blanks(image=better(image, server_version))
    yield finding(
        installation,
        _summary(start, image),
        _evidence(start, installation, image),
        _remedies(blanks, start, image, repair),
        confidence=Confidence.LIKELY,
        since=start.since,
        changed=made(start),
    )


def _waits(start: Start) -> bool:
    return start.waits is not None and start.waits.reason in REASONS


def _reason(start: Start) -> str:
    """What it comes to, in words; empty where the answer is of no known kind."""
    if start.waits and start.waits.reason == "ErrImageNeverPull":
        return "the node has it not, and may not pull it (imagePullPolicy Never)"
    if start.waits and start.waits.reason == "InvalidImageName":
        return "that is not the name of an image"
    answer = (start.not_pulled.why if start.not_pulled else start.why).lower()
    return next((text for mark, text in ANSWERS if mark in answer), "")


def _summary(start: Start, image: str) -> str:
    text = f"metrics-server's image {image} cannot be pulled on {start.node}"
    reason = _reason(start)
    return f"{text}: {reason}." if reason else f"{text}."


def _evidence(start: Start, who: Installation, image: str) -> Iterator[Evidence]:
    waits = start.waits.reason if start.waits else ""
    answer = start.not_pulled.why if start.not_pulled else start.why
    yield status(start, f"{waits}: {answer}" if answer else waits)
    yield template(who, f"image: {image}", "containers")


def _remedies(blanks: Blanks, start: Start, image: str, repair: Repair) -> tuple[Remedy, ...]:
    """Where the image is upstream's own, and there is such a one, another one would fare the same."""
    if not is_upstreams(image) or "has none" in _reason(start):
        return advise(blanks)
    known = repair.blanks(start.node, wanted=image)
    return (
        Remedy(
            advice=(
                f"{start.node} has to get at it: see what it is answered, and mend its DNS, its way to the internet,"
                " containerd's proxy or credentials. Or name a mirror's image in the Deployment."
            ),
            commands=(f"crictl pull {known['wanted']}",),
            on=f"node/{known['node']}",
            verify=f"kubectl rollout status {target(blanks)}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )
