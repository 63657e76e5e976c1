"""KEDA's resource definitions are not installed.

## What it means
A ScaledObject or a part of KEDA asks for `keda.sh`, which this cluster does not serve: the definitions were not
installed, or were removed.

## What it does not mean
That metrics-server is concerned.

## What will not help
- reinstalling metrics-server, or changing its flags: it has no part in this.

## How it comes about
A chart installed without its crds folder, a `helm template` without --include-crds, an uninstall that took the
definitions along.

## How to make sure
`kubectl get crd | grep keda.sh`.

## Source
k8s.io/apimachinery pkg/api/meta/errors.go; kedacore/keda config/crd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.X,
    cls=Class.ELSEWHERE,
    says=(
        Says("NoMatchForKind", where={"fate": "keda"}),
        Says("NoMatchForKind", where={"fate": "keda", "api": "other"}),
        *(
            Says("ResourceNotFound", where={"outer": words})
            for words in ("keda.sh", "ScaledObject", "ScaledJob", "TriggerAuthentication")
        ),
    ),
)
def keda_crd_missing() -> Iterator[NotApplicable]:
    yield ONLY_SAID
