"""What metrics-server says of what it scrapes and stores."""

from __future__ import annotations

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


class NoMetricsToServe(InnermostError, hop=Hop.D):
    """``no metrics to serve``: nothing is stored yet, or any more (metrics-server pkg/server/server.go)."""


class Noise(InnermostError, hop=Hop.D):
    """A line that looks like trouble and is none; ``what`` names it, as in the ids of benign causes."""

    what: str


class NoAddressOfType(InnermostError, hop=Hop.E):
    """``no address matched types [InternalIP …]`` (metrics-server pkg/utils/address_resolver.go)."""

    types: str


class UnreadableMetrics(InnermostError, hop=Hop.G):
    """``failed parsing metrics: expected E, got G ("K") while parsing: "SERIES"`` (metrics-server pkg/scraper/client).

    The reason is the Prometheus parser's (model/textparse/promparse.go); one that expects nothing is in ``reason``.
    """

    expected: str = ""
    got: str = ""
    series: str = ""
    reason: str = ""


class FiguresWithoutTime(InnermostError, hop=Hop.G):
    """``Failed getting node metric timestamp``, or ``container`` (metrics-server 0.5 …/summary/decode.go, V(1))."""

    of: str


class CounterWentBack(InnermostError, hop=Hop.G):
    """``unexpected decrease in cumulative CPU usage value``, or ``startTime of …`` (metrics-server pkg/storage).

    0.5.0 said nothing, and reported less than nothing instead: ``counter`` is ``usage`` then.
    """

    counter: str


class IncompleteFigures(InnermostError, hop=Hop.G):
    """``Failed getting complete node metric``, ``Pod`` or ``container`` (metrics-server …/resource/decode.go, V(1)).

    In 0.3 ``discarding data: missing cpu usage metric`` (pkg/sources/summary/summary.go).
    """

    of: str


class StorageLacks(InnermostError, hop=Hop.G):
    """``Metric storage is not ready, pod metrics are missing`` (metrics-server 0.9 pkg/storage/storage.go, V(2))."""

    what: str


class OlderSample(InnermostError, hop=Hop.G):
    """``… metrics point is older than stored previous`` (metrics-server pkg/storage, V(2))."""


class NoneStored(InnermostError, hop=Hop.D):
    """``No metrics for container C in pod P``: its kubelet gave none, or was not read (0.2 pkg/storage)."""


class NoMetricsKnown(InnermostError, hop=Hop.D):
    """``no metrics known for pod``, or ``node "N"`` (metrics-server to 0.4 pkg/storage, pkg/provider)."""

    of: str


class CollectionLate(InnermostError, hop=Hop.D):
    """``metric collection didn't finish on time``, ``time since last tick (…) was greater than …``.

    To 0.2: ``Spent too long waiting for housekeeping to start``.
    """


class ResponsesMissing(InnermostError, hop=Hop.E):
    """To 0.2: ``Failed to get all responses in time (got 3/10)``, ``Failed to get kubelet_summary:… response in time``.

    What came of each kubelet that was asked, another line says.
    """


class InformerNotSynced(InnermostError, hop=Hop.D):
    """``cache for node informer has not synced``, ``1 informers not started yet``: its lists of nodes and pods."""
