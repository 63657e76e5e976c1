"""Somebody opened a connection and left without a handshake.

## What it means
A client connected and closed again before TLS began, or while it did.

## What it does not mean
That a certificate was refused: then the client says so, as in `remote error: tls: bad certificate`.

## What will not help
- restarting whoever prints it: it will be said again, and does no harm.

## How it comes about
TCP health checks of a load balancer, a port scan, an API server that gave up waiting.

## How to make sure
The address in the message: whose it is, and how often it comes.

## Source
net/http server.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.C,
    cls=Class.BENIGN,
    says=(
        Says("HandshakeFailed", where={"kind": "plain"}, likelihood=0.6),
        Says("HandshakeFailed", where={"kind": "left"}),
    ),
)
def benign_tls_handshake_eof() -> Iterator[NotApplicable]:
    yield ONLY_SAID
