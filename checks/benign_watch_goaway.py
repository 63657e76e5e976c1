"""The server asked a watcher to connect again.

## What it means
An API server ends old connections on purpose, so that its clients spread over all of them. The client opens a new watch
and goes on.

## What it does not mean
That the connection is unstable: it was ended in good order.

## What will not help
- restarting whoever prints it: it will be said again, and does no harm.

## How it comes about
--goaway-chance of the API server, a load balancer's longest connection, a rolling restart of the control plane.

## How to make sure
Nothing else is said around it; metrics go on.

## Source
golang.org/x/net/http2 (GOAWAY); k8s.io/apiserver pkg/server/filters/goaway.go; client-go tools/cache/reflector.go (very
short watch).
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
    says=(
        Says("ShortWatch", likelihood=0.7),
        Says("Noise", where={"what": "watch-goaway"}),
    ),
)
def benign_watch_goaway() -> Iterator[NotApplicable]:
    yield ONLY_SAID
