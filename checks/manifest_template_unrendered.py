"""metrics-server's manifest still holds template text.

## What it means
The Deployment's image or one of its arguments is a template's blank, such as `{{ .Values.image.tag }}`, that nobody
filled in. The kubelet takes it for the name of an image, metrics-server for an argument, and neither can use it.

## What it does not mean
That the registry is at fault, or this release of metrics-server: neither was asked anything sensible.

## What will not help
- deleting the pod, or applying the same file again: the blanks stay blanks.
- credentials for a registry: there is no image of such a name anywhere.

## How it comes about
A chart's template file was applied by `kubectl apply -f` instead of being installed by helm; a pipeline's step that
fills in the values was left out, or filled in only some.

## How to make sure
`kubectl -n kube-system get deployment metrics-server -o yaml | grep -n '{{'` finds them.

## Source
kubernetes pkg/kubelet/images/image_manager.go (`Failed to apply default image tag "{{ … }}": couldn't parse image
name`, InvalidImageName; 1.36.3). Seen with Kubernetes 1.36.3.
"""

from __future__ import annotations

import json
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

from ._images import better, set_image
from ._starting import changed_by, finding, made, status, target, template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.starts import Start

BLANK = "{{"
# manifests/base/deployment.yaml of 0.8; the port is also the container's
UPSTREAMS = {
    "cert-dir": "/tmp",  # noqa: S108
    "secure-port": "10250",
    "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
    "metric-resolution": "15s",
}


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (set_image(blanks, "Name a real image; or install the chart with helm, which fills in all its blanks."),)


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(
        Says("InvalidImageName", likelihood=0.9),
        Says("TemplateBlank", likelihood=0.9),
        Says("ManifestUnreadable", likelihood=0.6),
        Says("RejectedArgument", where={"of": "template"}),
    ),
    decide=(
        Look(
            "kubectl -n kube-system get deployment metrics-server -o yaml | grep -n '{{'",
            "a line with {{ … }}",
            "manifest-template-unrendered",
        ),
    ),
    advise=advise,
)
def manifest_template_unrendered(
    starts: tuple[Start, ...], installation: Installation, server_version: str | Unseen, repair: Repair
) -> Iterator[Finding]:
    container = installation.container
    left = [word for word in (container.image, *container.command, *container.args) if BLANK in word]
    if not left or not starts:
        return
    start = starts[-1]
    yield finding(
        installation,
        f"metrics-server's Deployment still holds template text: {', '.join(left[:3])}.",
        _evidence(start, installation, left),
        _remedies(installation, repair.blanks(image=better(container.image, server_version))),
        confidence=Confidence.CERTAIN,
        since=start.since,
        changed=made(start),
    )


def _evidence(start: Start, who: Installation, left: list[str]) -> Iterator[Evidence]:
    yield template(who, "; ".join(left), "containers")
    if start.waits:
        yield status(start, f"{start.waits.reason} {start.why}".strip())


def _remedies(who: Installation, blanks: Blanks) -> tuple[Remedy, ...]:
    """The image and the arguments in one go, the latter from the end so that none moves."""
    operations = list(_operations(who))
    commands = [f"kubectl set image {target(blanks)} {blanks['container']}={blanks['image']}"]
    if not operations:
        return advise(blanks)
    patch = json.dumps(operations, separators=(",", ":"))
    change = f"kubectl patch {target(blanks)} --type json -p '{patch}'"
    commands = [*commands, change] if BLANK in who.container.image else [change]
    return (changed_by(blanks, "Give each blank upstream's value, or take its argument away.", *commands),)


def _operations(who: Installation) -> Iterator[dict[str, str]]:
    number = who.deployment.spec.template.spec.containers.index(who.container)
    for field, words in (("args", who.container.args), ("command", who.container.command)):
        for position in reversed(range(len(words))):
            name = words[position].lstrip("-").partition("=")[0]
            if BLANK not in words[position]:
                continue
            path = f"/spec/template/spec/containers/{number}/{field}/{position}"
            if name in UPSTREAMS:
                yield {"op": "replace", "path": path, "value": f"--{name}={UPSTREAMS[name]}"}
            else:
                yield {"op": "remove", "path": path}
