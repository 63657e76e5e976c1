"""This has only words in common with resource metrics.

## What it means
The message comes from another system: the metrics endpoint of an operator (controller-runtime calls it its metrics
server), Prometheus scraping something, an admission webhook, the VPA's own objects.

## What it does not mean
That metrics-server, its APIService or a kubelet is at fault.

## What will not help
- anything that is advised for metrics-server: it is not the one that speaks.

## How it comes about
Words such as `metrics server`, `scrape` and `service.namespace.svc` are used by many.

## How to make sure
Whose log it is, and which address the message names.

## Source
sigs.k8s.io/controller-runtime pkg/metrics/server; prometheus scrape/scrape.go; k8s.io/apiserver pkg/util/webhook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable

# What is said of any aggregated server, and of kubectl's own way to the API server.
_OF_ANY_APISERVICE = (
    "NoResponse",
    "DiscoveryFailed",
    "EmptyDiscovery",
    "OpenAPIUnread",
    "NoEndpoints",
    "ServiceAbsent",
    "ServiceUnavailable",
    "ResourceNotFound",
    "Dial",
    "DeadlineExceeded",
    "UnknownAuthority",
    "NotValidFor",
    "HTTPStatus",
)
_OF_KUBECTL = ("UnknownAuthority", "NotValidFor", "Dial", "Lookup", "DeadlineExceeded", "ConnectionLost")
# of Prometheus, which asks whomever for /metrics
_OF_A_SCRAPE = (*_OF_KUBECTL, "NoIPSANs", "NotValidForAny", "Expired", "HTTPStatus", "NotTLS")


@check(
    hop=Hop.X,
    cls=Class.ELSEWHERE,
    says=(
        Says("FieldUnknown", likelihood=0.6),
        Says("NoMatchForKind", where={"fate": "other"}, likelihood=0.8),
        Says("OtherSystem"),
        Says("TargetRefused", likelihood=0.6),
        Says("UnknownFlag", where={"of": "operator"}, likelihood=0.75),
        Says("UnknownFlag", where={"of": "other", "speaker": "unknown"}, likelihood=0.6),
        # another Service than metrics-server's, such as a webhook's
        *(
            Says(error, hop=Hop.C, where={"wants": "other", "api": ""}, likelihood=0.7)
            for error in ("NotValidFor", "NotValidForAny")
        ),
        # kubectl says it whatever it asked for: its own kubeconfig may be at fault, for every command
        Says("Unauthorized", hop=Hop.A, where={"outer": "You must be logged in"}, likelihood=0.35),
        Says("Unauthorized", hop=Hop.A, where={"outer": "You must be logged in", "api": ""}, likelihood=0.6),
        # what a kubelet serves beside metrics (kubelet pkg/kubelet/server/auth.go), to a pod that asks it itself
        Says("Forbidden", hop=Hop.F, where={"resource": "nodes/proxy", "who": "serviceaccount"}, likelihood=0.7),
        Says("Forbidden", hop=Hop.D, where={"of": "other"}, likelihood=0.7),
        # kubernetes/autoscaler addon-resizer, a container beside metrics-server that reads and writes its Deployment
        *(
            Says(
                "Forbidden",
                hop=Hop.D,
                where={"who": "serviceaccount", "resource": f"deployments.{group}"},
                likelihood=0.8,
            )
            for group in ("apps", "extensions")
        ),
        # the HPA controller's own rights on the object that it scales
        Says("Forbidden", where={"outer": "unable to get the target's current scale"}, likelihood=0.8),
        Says("Forbidden", where={"outer": "query scale subresource"}, likelihood=0.8),
        # what asks Prometheus through the API server, Lens and its like; kubectl to 1.9 asked Heapster so
        Says("Forbidden", where={"resource": "services/proxy", "api": ""}, likelihood=0.8),
        Says("Forbidden", hop=Hop.X, where={"what": "other"}, likelihood=0.8),
        Says("Forbidden", where={"resource": "pods/proxy", "api": ""}, likelihood=0.8),
        *(Says(error, where={"way": "proxy"}, likelihood=0.7) for error in ("ServiceUnavailable", "ResourceNotFound")),
        Says("Forbidden", where={"whose": "Heapster", "what": "list"}, likelihood=0.5),
        Says("Forbidden", where={"whose": "another"}, likelihood=0.7),
        Says("Forbidden", where={"whose": "default"}, likelihood=0.6),
        # what Prometheus reads of every component, for which the aggregator and kubelets' callers never ask
        Says("Forbidden", where={"resource": "/metrics"}, likelihood=0.7),
        *(Says(error, where={"api": "of no metrics"}, likelihood=0.9) for error in _OF_ANY_APISERVICE),
        *(Says(error, where={"of": "other"}, likelihood=0.9) for error in ("NoEndpoints", "ServiceAbsent")),
        Says("ImageNotPulled", where={"ours": "other"}, likelihood=0.7),
        *(Says(error, hop=Hop.X, where={"path": "/metrics"}, likelihood=0.8) for error in _OF_A_SCRAPE),
        *(Says(error, hop=Hop.A, where={"speaker": "kubectl"}, likelihood=0.8) for error in _OF_KUBECTL),
    ),
)
def not_resource_metrics_pipeline() -> Iterator[NotApplicable]:
    yield ONLY_SAID
