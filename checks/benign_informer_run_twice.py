"""A watcher inside a component was started a second time.

## What it means
The second start is refused and does nothing; the first one runs on.

## What it does not mean
That anything is missing.

## What will not help
- restarting whoever prints it: it will be said again, and does no harm.

## How it comes about
metrics-server 0.6 starts one informer from two places.

## How to make sure
`Caches are synced` follows.

## Source
k8s.io/client-go tools/cache/shared_informer.go.
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
    says=(Says("Noise", where={"what": "informer-run-twice"}),),
)
def benign_informer_run_twice() -> Iterator[NotApplicable]:
    yield ONLY_SAID
