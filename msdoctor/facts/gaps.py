"""What was not seen, and why: every refusal and timeout of a look, the like ones counted together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msdoctor.bundle import Bundle, Document, Kind, Place, Reason, Refusal
from msdoctor.facts import paths

# What the metrics API answers is what the look is about, and stands in the report as a symptom; but that this caller
# may not ask is no symptom of anything.
JUDGED_ELSEWHERE = (paths.NODE_METRICS, paths.POD_METRICS)


@dataclass(frozen=True, slots=True)
class Gap:
    """Things not seen for one reason. ``what`` names the first of ``count``; ``remedy`` is how to see them."""

    what: str
    reason: str
    count: int = 1
    remedy: str = ""


def gaps(bundle: Bundle) -> tuple[Gap, ...]:
    """In the order of the documents, host files that were not given last."""
    counted: dict[tuple[str, str], list[Document]] = {}
    for place in sorted(bundle.documents):
        document = bundle.documents[place]
        if document.refusal and not _expected(place, document.refusal):
            counted.setdefault((str(place.kind), _family(place, document.refusal)), []).append(document)
    refused = (_gap(documents[0], len(documents)) for documents in counted.values())
    return (*refused, *_without_host_files(bundle))


def _expected(place: Place, refusal: Refusal) -> bool:
    """An absence that says something, or that every cluster has."""
    if place.kind is Kind.API and place.path in JUDGED_ELSEWHERE:
        return refusal.status not in (None, 401, 403)
    return refusal.reason is Reason.ABSENT


def _family(place: Place, refusal: Refusal) -> str:
    """Refusals that differ only in the address count as one."""
    return f"{refusal.reason}{refusal.status or ''}" if place.kind is Kind.TLS else str(place)


def _gap(first: Document, count: int) -> Gap:
    place, reason = first.place, str(first.refusal)
    if place.kind is Kind.TLS and place.path.startswith("pod/"):
        if first.refusal and first.refusal.reason is Reason.NOT_ASKED:
            reason = str(Reason.NOT_ASKED)  # what it needs stands in the remedy
        return Gap("the certificate that metrics-server serves", reason, count, "--port-forward")
    if place.kind is Kind.TLS:
        return Gap(f"the certificate of the kubelet at {place.path}", f"from the workstation: {reason}", count)
    return Gap(str(place), reason, count)


def _without_host_files(bundle: Bundle) -> Iterator[Gap]:
    if not bundle.hosts:
        yield Gap(
            "files of the control-plane host (API server flags, proxy client certificate)",
            "no host files were given",
            remedy="--host-root NAME=DIR",
        )
