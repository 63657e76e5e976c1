"""A request took long enough to be logged, and succeeded.

## What it means
Requests that take longer than half a second are logged step by step. It is a hint that something is slow, and no error.

## What it does not mean
That the request failed.

## What will not help
- restarting whoever prints it: it will be said again, and does no harm.

## How it comes about
A large cluster, a busy disk under etcd, an API server that had just started.

## How to make sure
The last line of the trace: how long all of it took.

## Source
k8s.io/utils/trace; k8s.io/apiserver pkg/endpoints/handlers/get.go.
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
    says=(Says("Noise", where={"what": "slow-trace"}),),
)
def benign_slow_trace() -> Iterator[NotApplicable]:
    yield ONLY_SAID
