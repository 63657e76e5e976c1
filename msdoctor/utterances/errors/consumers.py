"""What kubectl, HPAs and VPAs say at the pipeline's end."""

from __future__ import annotations

import re

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


class MetricsAPINotAvailable(InnermostError, hop=Hop.A):
    """``error: Metrics API not available`` (kubectl top)."""


class MetricsNotAvailableYet(InnermostError, hop=Hop.A):
    """``error: metrics not available yet`` (kubectl top)."""


class Shown(InnermostError, hop=Hop.A):
    """Figures: the head of what ``kubectl top`` prints, or (``list``) a ``NodeMetricsList`` of the metrics API."""

    of: str = "table"


class NothingListed(InnermostError, hop=Hop.A):
    """``"items": []`` on a line of its own: no news but of a list that the lines before are the head of."""


class NothingToShow(InnermostError, hop=Hop.A):
    """``No resources found in N namespace`` of ``kubectl top pods``: there are no pods there (kubectl from 1.20)."""


class NoPodMetrics(InnermostError, hop=Hop.H):
    """``no metrics returned from resource metrics API`` (HPA), ``Metrics not available for pod P`` (kubectl)."""

    pod: str = ""


class VPAUnable(InnermostError, hop=Hop.H):
    """``Cannot get ContainerMetricsSnapshot from MetricsClient`` (VPA's pkg/recommender/input/cluster_feeder.go)."""


class UnknownTarget(InnermostError, hop=Hop.H):
    """``<unknown>/80%`` in ``kubectl get hpa``: nothing to hold against the target.

    ``kind``: what the HPA is to scale, where it is of a kind that cannot be scaled.
    """

    kind: str = ""


class ScaledToZero(InnermostError, hop=Hop.H):
    """``scaling is disabled since the replica count of the target is zero``: nothing is measured (horizontal.go)."""


class NodeWithoutFigures(InnermostError, hop=Hop.E):
    """A node's row in ``kubectl top nodes`` that has nothing but ``<unknown>`` (kubectl pkg/metricsutil)."""

    node: str


class ZeroFigures(InnermostError, hop=Hop.G):
    """``0m  0%  0Mi  0%``: a node's row in ``kubectl top nodes`` whose figures are all zero.

    ``of``: ``cpu`` or ``memory`` where only that one is, in the row or in what a kubelet answers.
    """

    of: str = ""


class HPAUnable(InnermostError, hop=Hop.H, wraps=True):
    """``unable to get metrics for resource cpu``, reason FailedGetResourceMetric (pkg/controller/podautoscaler)."""

    resource: str = ""


class MissingRequest(InnermostError, hop=Hop.H):
    """``missing request for cpu in container C of Pod P``; to 1.24 without its end (replica_calculator.go)."""

    resource: str
    container: str = ""
    pod: str = ""

    @property
    def by(self) -> str:
        """Who made the pod, as its name tells."""
        return _by(self.pod)

    @property
    def sidecar(self) -> str:
        """``yes`` where the container is named as something that is put beside an application, ``no`` for another."""
        if not self.container:
            return ""
        is_known = any(part in self.container for part in _SIDECARS)
        return "yes" if is_known and not _is_of_its_name(self.container, self.pod) else "no"


def _is_of_its_name(container: str, pod: str) -> bool:
    """Whether a container is named as its pod, or the pod as it: it is the application's own."""
    one, other = (re.sub(r"[^a-z0-9]", "", name) for name in (container, _of_workload(pod)))
    return min(len(one), len(other)) > 2 and (one in other or other in one)


def _of_workload(pod: str) -> str:
    """A pod's name without its namespace, and without what its controllers added."""
    return re.sub(r"(?:-[a-z0-9]{4,10})?-(?:[a-z0-9]{5}|\d{1,4})$", "", pod.rpartition("/")[2])


# kubernetes pkg/controller/cronjob: to 1.20 the second of its run, since then its minute. To 1.8 a ReplicaSet's hash is
# a number of as many digits.
_OF_A_RUN = r"-(?:[23]\d{7}|1[5-9]\d{8})-[a-z0-9]{5}$"


def _by(pod: str) -> str:
    """``job`` where it is named as those of a CronJob, by the time of its run: none of an HPA's target."""
    return "job" if re.search(_OF_A_RUN, pod) else ""


_SIDECARS = (
    "istio",
    "linkerd",
    "envoy",
    "proxy",
    "sidecar",
    "agent",
    "dapr",
    "fluent",
    "filebeat",
    "exporter",
    "otel",
    "opentelemetry",
    "collector",
    "consul",
    "vault",
    "promtail",
    "logstash",
    "telegraf",
    "log-router",
    "xray",
    "git-sync",
    "reloader",
)


class NoPodsReady(InnermostError, hop=Hop.H):
    """``did not receive metrics for targeted pods (pods might be unready)``; to 1.22 ``… for any ready pods``.

    ``cut``: ``yes`` where only its beginning was copied.
    """

    cut: str = ""


class NoPodsSelected(InnermostError, hop=Hop.H):
    """``no pods returned by selector while calculating replica count`` (replica_calculator.go)."""


class SelectorMissing(InnermostError, hop=Hop.H):
    """``selector is required``, ``the HPA target's scale is missing a selector`` (horizontal.go)."""


class SelectorAmbiguous(InnermostError, hop=Hop.H):
    """``pods by selector S are controlled by multiple HPAs: […]`` (horizontal.go, from 1.26)."""

    selector: str = ""


class ScaleFailed(InnermostError, hop=Hop.H, wraps=True):
    """``the HPA controller was unable to get the target's current scale``, reason FailedGetScale (horizontal.go)."""


class ContainerNotInMetrics(InnermostError, hop=Hop.H):
    """``container C not present in metrics for pod N/P`` (to 1.33), ``container C not found in Pod P`` (from 1.36)."""

    container: str
    pod: str = ""

    @property
    def by(self) -> str:
        """Who made the pod, as its name tells."""
        return _by(self.pod)
