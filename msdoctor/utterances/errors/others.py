"""Words of systems beside this pipeline: other adapters, Prometheus, Heapster."""

from __future__ import annotations

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


class MetricUnknown(InnermostError, hop=Hop.X):
    """``the server could not find the metric M for pods`` and its kin of other adapters (custom-metrics-apiserver)."""

    metric: str = ""
    among: str = ""  # ``series`` where prometheus-adapter says that no rule of its own has found it


class NoAdapterMetrics(InnermostError, hop=Hop.X):
    """``no metrics returned from custom metrics API``, ``external`` (podautoscaler/metrics/client.go)."""


class AdapterFailed(InnermostError, hop=Hop.X, wraps=True):
    """``unable to fetch metrics from external metrics API: WHY``, ``custom``: whatever an adapter said of itself."""


class AdapterUnregistered(InnermostError, hop=Hop.X):
    """``no custom metrics API (custom.metrics.k8s.io) registered`` (k8s.io/metrics client)."""


class AnsweredByAnother(InnermostError, hop=Hop.X):
    """A metric of KEDA's, in the words of another adapter that does not know it: it has the APIService.

    ``DatadogMetric is invalid`` (datadog-agent pkg/clusteragent/externalmetrics), ``the server could not find the
    metric`` or ``descriptor`` (custom-metrics-apiserver, k8s-stackdriver), of ``scaledobject.keda.sh/name``.
    """


class ScaledObjectRefused(InnermostError, hop=Hop.H):
    """``Target resource doesn't exist``, ``… doesn't expose /scale subresource`` (keda pkg/common/message)."""

    lacks: str  # the ``target``, its ``scale``, or ``either``


class OperatorUnreached(InnermostError, hop=Hop.X):
    """``timeout while waiting to establish gRPC connection to KEDA Metrics Service server`` (keda pkg/provider).

    KEDA's adapter has the figures of its operator, by gRPC, and of nobody else.
    """


class AdapterEnds(InnermostError, hop=Hop.X, wraps=True):
    """``unable to run custom metrics adapter: …``, ``unable to construct external metrics provider: …``.

    With this the adapters end that are built on custom-metrics-apiserver, for whatever reason follows.
    """


class AdapterConfigRefused(InnermostError, hop=Hop.X):
    """``unable to load metrics discovery config: …``, with which prometheus-adapter ends (cmd/adapter/adapter.go)."""


class SeriesMismatch(InnermostError, hop=Hop.X):
    """``None of the results returned by when fetching metric M for N matched …`` (prometheus-adapter).

    Also ``unable to name series S, skipping``, and what else it says of a rule that fits no series or no resource.
    """


class NamelessContainer(InnermostError, hop=Hop.X):
    """A row of ``kubectl top pod --containers`` without a container's name.

    It is a pod's own cgroup, which cAdvisor has with the others: a query of prometheus-adapter's counts it, too.
    metrics-server has containers of the kubelet's, which all have names.
    """


class PrometheusUnreached(InnermostError, hop=Hop.X, wraps=True):
    """``unable to fetch metrics from prometheus``, ``unable to update list of all metrics`` (prometheus-adapter)."""


class PrometheusAnswered(InnermostError, hop=Hop.X):
    """``bad_response: unknown response code 404``, ``bad_data: …`` (prometheus-adapter pkg/client).

    ``client_error: client error: 401`` in the words of Prometheus' own client (client_golang api/prometheus/v1).
    """

    what: str


class HeapsterUnread(InnermostError, hop=Hop.A):
    """``failed to unmarshall heapster response: …`` (kubectl pkg/metricsutil to 1.17).

    ``began``: ``alert`` where it was none in JSON, but TLS' own.
    """

    began: str = ""


class HeapsterUnreached(InnermostError, hop=Hop.A, wraps=True):
    """A request for ``services http:heapster:``, which kubectl to 1.12 and HPAs to 1.8 sent (kubectl metricsutil)."""


class TargetRefused(InnermostError, hop=Hop.F):
    """``server returned HTTP status 401 Unauthorized``, of a kubelet: Prometheus' token is no better to it (scrape.go).

    What a 403 says concerns Prometheus' own role, and little of anybody else's.
    """

    code: str


class OtherSystem(InnermostError, hop=Hop.X):
    """Words of another system that shares some with this pipeline; ``which`` names it."""

    which: str


class ClocksDiffer(InnermostError):
    """``Clock at N is not synchronising``, ``Clock at N is out of sync by more than`` (node-mixin's alerts)."""
