"""Utterances that fit the same ids, counted: how often they were said, when, where, and of which nodes."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from msdoctor.model import Hop
from msdoctor.utterances import Utterance, errors, when

CLEARLY = 0.5
"""One id is clearly the best where every other's likelihood is below this share of its own."""

MOST_LISTED = 10  # lines, nodes, files and notes that an answer names


@dataclass(slots=True)
class Tally:
    """How often something was said, where first, when, and of which nodes. ``place``: that of the first among all."""

    utterance: Utterance
    place: int
    times: int = 0
    first: str = ""
    last: str = ""
    lines: list[int] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    more_nodes: bool = False
    files: list[str] = field(default_factory=list)

    def add(self, utterance: Utterance) -> None:
        """Count the same said once more."""
        self.times += utterance.times
        said_at = when(utterance.at)
        self.first = self.first or said_at
        self.last = said_at or self.last
        is_of_first_file = utterance.file == self.utterance.file
        if is_of_first_file and len(self.lines) < MOST_LISTED and utterance.line not in self.lines:
            self.lines.append(utterance.line)
        if utterance.file and len(self.files) < MOST_LISTED and utterance.file not in self.files:
            self.files.append(utterance.file)
        self._add_nodes(utterance.connection.node)

    def merge(self, other: Tally) -> None:
        """Count what was said in other words to the same end."""
        self.times += other.times
        if other.utterance.file == self.utterance.file:
            self.lines = sorted({*self.lines, *other.lines})[:MOST_LISTED]
        self.files = list(dict.fromkeys((*self.files, *other.files)))[:MOST_LISTED]
        self._add_nodes(*other.nodes)
        self.more_nodes |= other.more_nodes
        if other.place < self.place:
            self.first = other.first or self.first
        else:
            self.last = other.last or self.last

    def _add_nodes(self, *nodes: str) -> None:
        for node in nodes:
            if not node or node in self.nodes:
                continue
            if len(self.nodes) < MOST_LISTED:
                self.nodes.append(node)
            else:
                self.more_nodes = True


@dataclass(slots=True)
class Saying:
    """Utterances that fit the same ids equally well."""

    likelihoods: Mapping[str, float]
    tally: Tally
    is_consequence: bool
    of_several: Mapping[str, float]  # what the ids are worth where it is said of more than one node
    symptoms: AbstractSet[str]  # all ids that are no causes by themselves
    is_history: bool = False  # every node that it was said of has said something else since
    is_event: bool = True  # only events that may be over say it
    newest: int | None = None  # how many seconds ago the last of those was, where they are of pods and all tell it
    pods: set[str] = field(default_factory=set)  # those of them, by name; empty for one that is not named

    def as_told(self) -> Saying:
        """The same, weighed by how many nodes it is said of."""
        if len(self.tally.nodes) < 2 or self.of_several == self.likelihoods:
            return self
        return replace(self, likelihoods=self.of_several)


_SAID_OF_ANY_FAULT = (
    errors.NoResponse,
    errors.DiscoveryFailed,
    errors.OpenAPIUnread,
    errors.HPAUnable,
    errors.VPAUnable,
    errors.NodeWithoutFigures,
    errors.UnknownTarget,
    errors.PodState,
    errors.MetricsAPINotAvailable,
    errors.MetricsNotAvailableYet,
    errors.ServiceUnavailable,
    errors.NoPodMetrics,
    errors.NoEndpoints,
    errors.NoMetricsToServe,
    errors.NoneStored,
    errors.ResponsesMissing,
    errors.ProbeStatus,
    errors.HealthCheckFailed,
)


def is_consequence(utterance: Utterance) -> bool:
    """Whether this is said whatever broke nearer to the data. A ClusterIP without endpoints refuses, too.

    So does a pod that is probed, or it is silent, whatever keeps it from listening.
    """
    if any("ness probe failed" in wrapper for wrapper in utterance.outer):
        return True
    if isinstance(utterance.error, errors.Dial):
        return utterance.connection.hop is Hop.C and utterance.error.failure == "connection refused"
    # Who asks Heapster tells by that alone which kubectl it is, whatever comes of it.
    return isinstance(utterance.error, _SAID_OF_ANY_FAULT) and utterance.connection.api != "heapster"
