"""What was not seen, and why: every refusal and timeout of a look, the like ones counted together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msdoctor.bundle import API_SERVER, WORKSTATION, Bundle, Document, Kind, Place, Reason, Refusal
from msdoctor.facts import paths
from msdoctor.facts.asked_for import server_place
from msdoctor.facts.kubelets import Kubelet, tls_place

# What the metrics API answers is what the look is about, and stands in the report as a symptom; but that this caller
# may not ask is no symptom of anything.
JUDGED_ELSEWHERE = (paths.NODE_METRICS, paths.POD_METRICS)


@dataclass(frozen=True, slots=True)
class Gap:
    """Things not seen for one reason. ``what`` names the first of ``count``; ``remedy`` is how to see them.

    ``others`` are the addresses of the rest, where that is what they differ in.
    """

    what: str
    reason: str
    count: int = 1
    remedy: str = ""
    others: tuple[str, ...] = ()


def gaps(bundle: Bundle, kubelets: Sequence[Kubelet] = ()) -> tuple[Gap, ...]:
    """In the order of the documents, then kubelets that answered with nothing to judge, then host files not given."""
    server = server_place(bundle.context)
    counted: dict[tuple[str, str], list[Document]] = {}
    for place in sorted(bundle.documents):
        document = bundle.documents[place]
        if document.refusal and not _expected(place, document.refusal, server):
            counted.setdefault((str(place.kind), _family(place, document.refusal)), []).append(document)
    refused = (_gap(documents) for documents in counted.values())
    return (*refused, *_answered_in_vain(bundle, kubelets), *_without_host_files(bundle))


def _expected(place: Place, refusal: Refusal, server: Place | None) -> bool:
    """An absence that says something, or that every cluster has."""
    if place == server:
        return True  # whether it answers is told by all that is asked of it
    if place.kind is Kind.TLS and place.origin != WORKSTATION:
        return refusal.reason not in (Reason.NOT_ASKED, Reason.DEADLINE)  # what else was met is what was looked for
    if place.kind is Kind.API and place.path in JUDGED_ELSEWHERE:
        return refusal.status not in (None, 401, 403)
    return refusal.reason is Reason.ABSENT


def _family(place: Place, refusal: Refusal) -> str:
    """Refusals that differ only in the address count as one; metrics-server's own are told apart from kubelets'."""
    if place.origin.startswith(API_SERVER):
        return f"{API_SERVER} {refusal.reason}"
    if place.kind is not Kind.TLS:
        return str(place)
    if place.origin != WORKSTATION:
        return f"{place.origin} {refusal.reason}"
    return f"pod {refusal.reason}" if place.path.startswith("pod/") else str(refusal)


def _gap(documents: Sequence[Document]) -> Gap:
    first, count = documents[0], len(documents)
    place, reason = first.place, str(first.refusal)
    if place.origin.startswith(API_SERVER):
        address, *others = [document.place.api_server for document in documents]
        return Gap(f"what API server {address} answers for itself", reason, count, others=tuple(others))
    if place.kind is Kind.TLS and place.origin != WORKSTATION:
        host = place.origin.removeprefix("host/")
        return Gap(f"what {host} meets at {place.path}", reason, count, f"--host-root {host}=/")
    if place.kind is Kind.TLS and place.path.startswith("pod/"):
        if first.refusal and first.refusal.reason is Reason.NOT_ASKED:
            reason = str(Reason.NOT_ASKED)  # what it needs stands in the remedy
        return Gap("the certificate that metrics-server serves", reason, count, "--port-forward")
    if place.kind is Kind.TLS:
        return _of_kubelets([document.place.path for document in documents], reason)
    return Gap(str(place), reason, count)


def _of_kubelets(addresses: Sequence[str], reason: str) -> Gap:
    first, *others = addresses
    what = f"the certificate of the kubelet at {first}"
    return Gap(what, f"from the workstation: {reason}", len(addresses), others=tuple(others))


def _answered_in_vain(bundle: Bundle, kubelets: Sequence[Kubelet]) -> Iterator[Gap]:
    """A handshake that was had, and showed nothing that can be judged."""
    reasons: dict[str, list[str]] = {}
    for kubelet in kubelets:
        if kubelet.served is None and kubelet.address and bundle.at(tls_place(kubelet.address, kubelet.port)).body:
            reasons.setdefault(kubelet.unseen, []).append(kubelet.dialled)
    for reason, addresses in reasons.items():
        yield _of_kubelets(addresses, reason)


def _without_host_files(bundle: Bundle) -> Iterator[Gap]:
    if not bundle.hosts:
        yield Gap(
            "files of the control-plane host (API server flags, proxy client certificate)",
            "no host files were given",
            remedy="--host-root NAME=DIR",
        )
