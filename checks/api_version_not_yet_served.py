"""An object uses an API version that this server does not have yet.

## What it means
A manifest or a client asks for a version that came with a later Kubernetes: autoscaling/v2 with 1.23,
apiregistration.k8s.io/v1 with 1.10.

## What it does not mean
That the kind is unknown: an older version of it is served.

## What will not help
- installing CRDs: these kinds are built in.
- reinstalling metrics-server.

## How it comes about
A new chart or guide on an old cluster; a client library newer than the server.

## How to make sure
`kubectl api-versions | grep autoscaling`, and `kubectl version`.

## Source
kubernetes' API changes by release; k8s.io/apimachinery pkg/api/meta/errors.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Remedy, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import Blanks, NotApplicable


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        Remedy(
            advice="Write the object in a version that this server has, or upgrade the cluster.",
            commands=("kubectl api-versions",),
            verify=f"kubectl explain {blanks['kind']}",
            shows_within_seconds=0,
        ),
    )


@check(
    hop=Hop.H,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "a server of before 1.12"}, likelihood=0.6),
        Says("NoMatchForKind", where={"fate": "new"}, likelihood=0.9),
        Says("NoMatchForKind", where={"fate": "client"}, likelihood=0.5),
        Says("NoMatchForKind", where={"fate": "either", "outer": "unable to recognize"}, likelihood=0.65),
        Says("NoMatchForKind", where={"fate": "either"}, likelihood=0.35),
        Says("NoMatchForKind", where={"fate": "cut"}, likelihood=0.3),
        Says("ResourceNotFound", where={"outer": "*v2.Horizontal"}, likelihood=0.8),
        Says("ResourceNotFound", where={"of": "HPAs"}, likelihood=0.6),
        Says("ListFailed", where={"fate": "new"}, likelihood=0.6),
    ),
    advise=advise,
)
def api_version_not_yet_served() -> Iterator[NotApplicable]:
    yield ONLY_SAID
