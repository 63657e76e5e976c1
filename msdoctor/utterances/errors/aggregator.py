"""What the aggregator and those who register and discover APIs say: APIServices, their Services and endpoints."""

from __future__ import annotations

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError

# parts of the names of Services behind metrics.k8s.io, and custom and external metrics
_ADAPTERS = (
    "metric",
    "adapter",
    "heapster",
    "keda",
    "datadog",
    "cluster-agent",
    "autoscaler",
    "newrelic",
    "stackdriver",
)


def _whose(service: str) -> str:
    return "other" if service and not any(part in service for part in _ADAPTERS) else ""


class JustRegistered(InnermostError, hop=Hop.B):
    """``False (MissingEndpoints)   12s``: an APIService in ``kubectl get apiservice`` that is seconds old."""


class NoEndpoints(InnermostError, hop=Hop.B):
    """``endpoints for service/S in "N" have no addresses with port name "P"`` (kube-aggregator)."""

    service: str
    namespace: str
    port_name: str = ""

    @property
    def of(self) -> str:
        """``other`` where the Service is named as no metrics adapter's is."""
        return _whose(self.service)


class StillUnavailable(InnermostError, hop=Hop.B):
    """``APIService/N status: 'InProgress'`` (flux), ``timed out waiting for the condition on apiservices/N``."""

    name: str


class ServiceAbsent(InnermostError, hop=Hop.B):
    """``service/S in "N" is not present`` (kube-aggregator, reason ServiceNotFound)."""

    service: str
    namespace: str

    @property
    def of(self) -> str:
        """``other`` where the Service is named as no metrics adapter's is."""
        return _whose(self.service)


class ServicePortAbsent(InnermostError, hop=Hop.B):
    """``service/S in "N" is not listening on port P`` (kube-aggregator, reason ServicePortError)."""

    service: str
    namespace: str
    port: str


class ServiceUnroutable(InnermostError, hop=Hop.C):
    """``cannot route to service with ClusterIP "None"``: a headless one (apiserver pkg/util/proxy, ResolveCluster)."""

    cluster_ip: str = ""


class APIServiceRefused(InnermostError, hop=Hop.B):
    """``APIService.apiregistration.k8s.io "N" is invalid: WHY`` (kube-aggregator): it was not made."""

    name: str


class OwnedByAnotherRelease(InnermostError, hop=Hop.B):
    """``APIService "N" … exists and cannot be imported into the current release`` (helm pkg/action/validate.go).

    ``release`` is the one that would have it, ``owner`` the one that has; both empty where nobody's name is on it.
    """

    name: str
    release: str = ""
    owner: str = ""

    @property
    def of(self) -> str:
        """``metrics-server`` for its APIService and all that is named after it, ``nobody`` where nothing is named."""
        if not self.name:
            return "nobody"
        is_ours = "metrics-server" in self.name or "aggregated-metrics" in self.name
        return "metrics-server" if is_ours or self.name == "v1beta1.metrics.k8s.io" else ""


class AppliedOverAnother(InnermostError, hop=Hop.B):
    """``The Deployment "N" is invalid: spec.selector: … field is immutable``: kubectl, of another installation's.

    What it applied before, it merged: the Service selects by both installations' labels, and so no pod at all.
    """

    name: str


class NoResponse(InnermostError, hop=Hop.C, wraps=True):
    """``failing or missing response from URL``, reason FailedDiscoveryCheck (kube-aggregator)."""


class DiscoveryFailed(InnermostError, hop=Hop.A, wraps=True):
    """``unable to retrieve the complete list of server APIs``, ``stale GroupVersion discovery`` (client-go)."""


class EmptyDiscovery(InnermostError, hop=Hop.A):
    """``Got empty response for: external.metrics.k8s.io/v1beta1``: an adapter that has no metric yet (client-go)."""


class AgentUnconnected(InnermostError, hop=Hop.C, wraps=True):
    """``cannot connect once: WHY``, ``Failed to validate authentication token, err:WHY``: konnectivity's agents, alone.

    apiserver-network-proxy pkg/agent/clientset.go and pkg/server/server.go.
    """


class OpenAPIUnread(InnermostError, hop=Hop.A):
    """``loading OpenAPI spec for "v1beta1.metrics.k8s.io" failed with: …`` (kube-aggregator controllers/openapi)."""

    code: str = ""


class RegisteredLocally(InnermostError, hop=Hop.B):
    """``v1beta1.metrics.k8s.io  Local  True``, as ``kubectl get apiservices`` lists one that names no Service."""
