"""An HTTP/2 stream was closed before its end.

## What it means
A client went away while its answer was being written, and the server says so.

## What it does not mean
That the answer was wrong, or that metrics are missing.

## What will not help
- restarting whoever prints it: it will be said again, and does no harm.

## How it comes about
A `kubectl` that was interrupted, a client with a short timeout, the end of a watch. If it comes with every request,
answers take too long: see request-timeout-overload.

## How to make sure
`kubectl top nodes` works.

## Source
golang.org/x/net/http2; k8s.io/apiserver pkg/endpoints/handlers/responsewriters (apiserver was unable to write a JSON
response).
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
        Says("Noise", where={"what": "http2-stream-closed"}),
        # the API server looks at an adapter with several requests at once, and leaves once one of them was answered
        Says("HandlerTimeout", hop=Hop.D, where={"api": "other"}),
        *(
            Says("AbandonedRequest", where={"path": f"/apis/{group}.metrics.k8s.io/{version}"}, likelihood=0.8)
            for group in ("custom", "external")
            for version in ("v1beta1", "v1beta2")
        ),
    ),
)
def benign_http2_stream_closed() -> Iterator[NotApplicable]:
    yield ONLY_SAID
