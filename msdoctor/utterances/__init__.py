"""What components say, taken apart: who speaks, about which connection, and the innermost error as a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msdoctor.model import Hop
from msdoctor.utterances.errors import InnermostError

NO_YEAR = 4
"""Stands for a year that the text did not give: no log is of the year 4, and it had a 29th of February."""


class Speaker(StrEnum):
    """Which component, and where it matters which part of it, printed a line."""

    METRICS_SERVER = "metrics-server"  # its scraper, its storage, its probes
    DELEGATED_AUTH = "delegated-auth"  # authentication and authorization inside metrics-server
    AGGREGATOR = "aggregator"  # the API server's side of hop C, in conditions and in its log
    API_SERVER = "kube-apiserver"
    KUBELET = "kubelet"
    KUBECTL = "kubectl"
    HPA_CONTROLLER = "horizontal-pod-autoscaler"
    VPA = "vertical-pod-autoscaler"
    ALL_IN_ONE = "all-in-one"  # a program that is all of these but metrics-server: k3s, microk8s' kubelite
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Connection:
    """From whom to what, hence which hop. ``url`` and ``address`` (host:port) are as printed, or empty.

    ``api``: the API group that is spoken of, if it is one of those for metrics: ``metrics.k8s.io``, or another
    adapter's ``custom.metrics.k8s.io``, ``external.metrics.k8s.io``. What the ends of the control plane's tunnel to its
    nodes say of each other is of none, and has ``tunnel``.
    """

    hop: Hop | None = None
    url: str = ""
    address: str = ""
    node: str = ""
    api: str = ""

    @property
    def path(self) -> str:
        """The URL's path, without its query: what was asked of the other side."""
        _, _, rest = self.url.partition("://")
        slash = rest.find("/")
        return rest[slash:].partition("?")[0] if slash >= 0 else ""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing said. ``line`` counts from 1 in the text it was found in.

    ``outer`` is what was wrapped around the error, outermost first: ``("Failed to scrape node",)``. ``text`` is the
    line (or the lines, joined) with its prefixes taken off. ``at`` is of the year ``NO_YEAR``, and has no time zone,
    where the text gave none, as klog's header does; ``when`` prints it as the text had it.
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
    note: str = ""  # what the reader did not read of this line, and why
    file: str = ""  # where the text stood, if there are several


def when(at: datetime | None) -> str:
    """A time in ISO 8601, without the year that it does not have; empty for none."""
    if at is None:
        return ""
    return at.isoformat().removeprefix(f"{NO_YEAR:04}-").replace("+00:00", "Z")
