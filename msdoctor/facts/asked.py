"""How each kubelet met metrics-server: what was asked of it, and what became of the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msdoctor.facts.admission import Admission
from msdoctor.facts.flow import Flow
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Kubelet
from msdoctor.facts.reach import Reach
from msdoctor.facts.scrapes import FailedScrape
from msdoctor.model import Evidence, Hop, Unseen, those_seen
from msdoctor.utterances.errors import HTTPStatus

NO_FILES = "its configuration was not read: no files of its host were given (--host-root NAME=DIR)"


@dataclass(frozen=True, slots=True)
class Asked:
    """One kubelet and what became of metrics-server's question to it.

    ``failure`` is the newest complaint that no later success overtakes; ``works``: its metrics are fresh and nobody
    complains. ``hidden``: something fails before the kubelet looks at who asks.
    """

    kubelet: Kubelet
    admission: Admission | Unseen
    failure: FailedScrape | None
    works: bool
    hidden: bool
    reach: Reach | None

    @property
    def name(self) -> str:
        """The node's name."""
        return self.kubelet.name

    @property
    def code(self) -> str:
        """401 or 403 where that is what the kubelet answers now."""
        failed = self.failure
        if failed is None or failed.said.connection.hop is not Hop.F or not isinstance(failed.error, HTTPStatus):
            return ""
        return "" if self.kubelet.impostor else failed.error.code

    @property
    def cut_off(self) -> bool:
        """Whether it has stopped reporting to the API server."""
        return self.reach is not None and self.reach.reporting is False

    @property
    def said(self) -> tuple[Evidence, ...]:
        """What metrics-server says of it."""
        return (self.failure.evidence,) if self.failure else ()


def asked(
    kubelets: Sequence[Kubelet] | Unseen,
    admissions: Mapping[str, Admission | Unseen],
    failed: Sequence[FailedScrape] | Unseen,
    flow: Flow | Unseen,
    installation: Installation | None,
    now: datetime,
    reaches: Sequence[Reach] | Unseen,
) -> tuple[Asked, ...] | Unseen:
    """Every kubelet, in the order of the nodes."""
    if isinstance(kubelets, Unseen):
        return kubelets
    resolution = installation.resolution_seconds if installation else 60
    verified = installation is None or installation.verifies_kubelets
    reached = {item.name: item for item in those_seen(reaches)}
    complaints = {item.node: item for item in those_seen(failed)}

    def one(kubelet: Kubelet) -> Asked:
        failure = complaints.get(kubelet.name)
        sampled = not isinstance(flow, Unseen) and flow.fresh(kubelet.name, now, resolution)
        refused = failure is not None and failure.said.connection.hop is Hop.F and not kubelet.impostor
        untrusted = verified and any(problem.first for problem in kubelet.problems)
        return Asked(
            kubelet,
            admissions.get(kubelet.name, Unseen(NO_FILES)),
            failure,
            works=sampled and failure is None,
            hidden=not refused and (failure is not None or untrusted),
            reach=reached.get(kubelet.name),
        )

    return tuple(map(one, kubelets))
