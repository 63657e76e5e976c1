"""Scrapes that fail now: what metrics-server last said of each kubelet, as long as nothing later overtakes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msdoctor.facts.flow import Flow, scrapes_late
from msdoctor.facts.installation import Installation
from msdoctor.model import Evidence, Hop, Unseen
from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import CounterWentBack, InnermostError

# Hops that a scrape crosses: the connection, the kubelet's admission, its answer.
OF_A_SCRAPE = (Hop.E, Hop.F, Hop.G)


@dataclass(frozen=True, slots=True)
class FailedScrape:
    """The newest complaint about one node. ``error`` is its innermost error, ``evidence`` quotes the line."""

    node: str
    said: Utterance
    evidence: Evidence

    @property
    def error(self) -> InnermostError:
        """What went wrong."""
        return self.said.error


def failed_scrapes(
    log: Sequence[Utterance], flow: Flow | Unseen, installation: Installation | None, now: datetime
) -> tuple[FailedScrape, ...]:
    """By node. A complaint overtaken by a later sample, or by the silence of a running metrics-server, is history."""
    newest: dict[str, Utterance] = {}
    for said in log:
        node = said.connection.node
        if node and _is_complaint(said) and not _is_later(newest.get(node), said):
            newest[node] = said
    samples = {} if isinstance(flow, Unseen) else flow.nodes
    silence_since = _silence_since(installation, now)
    lasting = {n: said for n, said in newest.items() if not _overtaken(said, samples.get(n), silence_since)}
    return tuple(FailedScrape(node, said, _evidence(said, installation)) for node, said in sorted(lasting.items()))


def _is_complaint(said: Utterance) -> bool:
    """Of a scrape; a sample that is left out later was scraped all right."""
    return said.connection.hop in OF_A_SCRAPE and not isinstance(said.error, CounterWentBack)


def _silence_since(installation: Installation | None, now: datetime) -> datetime | None:
    """Since when a metrics-server that runs would have complained again: it does so at every scrape that fails."""
    if installation is None:
        return None
    statuses = (status for pod in installation.pods for status in pod.status.container_statuses)
    running = any(status.name == installation.container.name and status.state.running for status in statuses)
    return now - scrapes_late(installation.resolution_seconds) if running else None


def _is_later(one: Utterance | None, other: Utterance) -> bool:
    first, second = _moment(one) if one else None, _moment(other)
    return first is not None and second is not None and first > second


def _moment(said: Utterance) -> datetime | None:
    """When it was said. A bare klog header has no year and no zone; kubectl's own timestamps have both."""
    return said.at if said.at and said.at.tzinfo else None


def _overtaken(said: Utterance, sample: datetime | None, silence_since: datetime | None) -> bool:
    when = _moment(said)
    if when is None:
        return sample is not None
    return (sample is not None and sample > when) or (silence_since is not None and when < silence_since)


def _evidence(said: Utterance, installation: Installation | None) -> Evidence:
    namespace = installation.namespace if installation else "kube-system"
    deployment = installation.name if installation else "metrics-server"
    return Evidence(
        saw=f"metrics-server says: {said.text}",
        where=f"log of metrics-server, line {said.line}",
        how=f"kubectl -n {namespace} logs deployment/{deployment}",
        at=said.at,
    )
