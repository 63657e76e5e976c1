"""What components say, taken apart: who speaks, about which connection, and the innermost error as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msdoctor.model import Hop
from msdoctor.utterances.errors import InnermostError


class Speaker(StrEnum):
    """Which component, and where it matters which part of it, printed a line."""

    METRICS_SERVER = "metrics-server"  # its scraper, its storage, its probes
    DELEGATED_AUTH = "delegated-auth"  # authentication and authorization inside metrics-server
    AGGREGATOR = "aggregator"  # the API server's side of hop C, in conditions and in its log
    API_SERVER = "kube-apiserver"
    KUBELET = "kubelet"
    KUBECTL = "kubectl"
    HPA_CONTROLLER = "horizontal-pod-autoscaler"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Connection:
    """From whom to what, hence which hop. ``url`` and ``address`` (host:port) are as printed, empty where they are not."""

    hop: Hop | None = None
    url: str = ""
    address: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing said. ``line`` counts from 1 in the text it was found in; ``at`` has a year only if the text gave one.

    ``outer`` is what was wrapped around the error, outermost first: ``("Failed to scrape node",)``. ``text`` is the line
    (or the lines, joined) with its prefixes taken off.
    """

    speaker: Speaker
    connection: Connection
    error: InnermostError
    outer: tuple[str, ...]
    text: str
    line: int
    at: datetime | None = None
    severity: str = ""
    times: int = 1
