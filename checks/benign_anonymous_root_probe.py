"""Somebody without a name asked for the root path.

## What it means
A load balancer, a scanner or a browser asked for `/` without any credential, and was told that the anonymous user may
not.

## What it does not mean
That metrics are refused: nobody who wants them asks for `/`. The same text with a path under `/apis/metrics.k8s.io` is
another matter.

## What will not help
- rights for system:anonymous: they would open the API to everybody.

## How it comes about
Health checks of a load balancer that are set to HTTP, a curl by hand, monitoring.

## How to make sure
The path in the message is `/`.

## Source
k8s.io/apiserver pkg/endpoints/handlers/responsewriters/errors.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.D,
    cls=Class.BENIGN,
    says=(Says("Forbidden", where={"resource": "/"}),),
)
def benign_anonymous_root_probe() -> Iterator[NotApplicable]:
    yield ONLY_SAID
