"""An old kubectl speaks to Heapster with the wrong scheme.

## What it means
Heapster serves TLS and was asked in plain HTTP, or the other way round: the answer's first bytes are not what was
expected.

## What it does not mean
That a certificate is wrong: it did not come to one. Nor that metrics-server is at fault.

## What will not help
- certificates for Heapster.
- restarting it.

## How it comes about
Heapster with --tls-cert behind `kubectl top`, which takes http unless --heapster-scheme=https is given.

## How to make sure
`kubectl get service -A | grep heapster` and Heapster's own flags.

## Source
kubectl pkg/cmd/top to 1.12; net/http (malformed HTTP response: bytes 15 03 01 are a TLS alert).
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
            advice="Use a kubectl of 1.13 or newer, with metrics-server; until then name the scheme.",
            commands=(f"kubectl top node --heapster-scheme=https --heapster-namespace={blanks['namespace']}",),
            verify="kubectl top node",
            shows_within_seconds=0,
        ),
    )


@check(
    hop=Hop.A,
    cls=Class.CAUSE,
    says=(
        Says("WrongScheme", where={"api": "heapster"}),
        Says("NotTLS", where={"api": "heapster"}),
        Says("HeapsterUnread", where={"began": "alert", "api": "heapster"}, likelihood=0.8),
    ),
    advise=advise,
)
def heapster_scheme_mismatch() -> Iterator[NotApplicable]:
    yield ONLY_SAID
