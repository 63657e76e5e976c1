"""What was not seen, and why: every refusal and timeout of a look, the like ones counted together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msdoctor.bundle import Bundle, Document, Kind, Reason
from msdoctor.facts import flow

# What the metrics API refuses is what the look is about, and stands in the report as a symptom.
JUDGED_ELSEWHERE = (flow.NODE_METRICS, flow.POD_METRICS)


@dataclass(frozen=True, slots=True)
class Gap:
    """Things not seen for one reason. ``what`` names the first of ``count``; ``remedy`` is how to see them, or empty."""

    what: str
    reason: str
    count: int = 1
    remedy: str = ""


def gaps(bundle: Bundle) -> tuple[Gap, ...]:
    """In the order of the documents, host files that were not given last."""
    counted: dict[tuple[str, str], list[Document]] = {}
    for place in sorted(bundle.documents):
        document = bundle.documents[place]
        if document.refusal and not _expected(document):
            counted.setdefault((str(place.kind), _family(document)), []).append(document)
    return tuple(_gap(documents) for documents in counted.values()) + tuple(_without_host_files(bundle))


def _expected(document: Document) -> bool:
    """An absence that says something, or that every cluster has."""
    assert document.refusal
    if document.place.kind is Kind.API and document.place.path in JUDGED_ELSEWHERE:
        return document.refusal.status is not None
    return document.refusal.reason is Reason.ABSENT


def _family(document: Document) -> str:
    """Refusals that differ only in the address count as one."""
    assert document.refusal
    return (
        f"{document.refusal.reason}{document.refusal.status or ''}"
        if document.place.kind is Kind.TLS
        else str(document.place)
    )


def _gap(documents: list[Document]) -> Gap:
    first = documents[0]
    assert first.refusal
    place, refusal = first.place, first.refusal
    if place.kind is Kind.TLS and place.path.startswith("pod/"):
        return Gap("the certificate that metrics-server serves", str(refusal), len(documents), "--port-forward")
    if place.kind is Kind.TLS:
        return Gap(
            f"the certificate of the kubelet at {place.path}", f"from the workstation: {refusal}", len(documents)
        )
    return Gap(str(place), str(refusal), len(documents))


def _without_host_files(bundle: Bundle) -> Iterator[Gap]:
    if not bundle.hosts:
        yield Gap(
            "files of the control-plane host (API server flags, proxy client certificate)",
            "no host files were given",
            remedy="--host-root NAME=DIR",
        )
