"""What an API server or a kubelet answers with instead of what was asked for, and what clients make of it."""

from __future__ import annotations

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


class HTTPStatus(InnermostError):
    """A status that is no success: ``request failed, status: "403 Forbidden"`` or ``bad status from URL: 403``."""

    code: str
    text: str = ""


class Forbidden(InnermostError):
    """``User "U" cannot VERB resource "R" in API group "G"`` or ``VERB path "P"`` (apiserver responsewriters).

    ``absent`` are roles that are bound to the user and do not exist: ``RBAC: clusterrole.rbac.authorization.k8s.io "R"
    not found`` (kubernetes plugin/pkg/auth/authorizer/rbac/rbac.go; several in brackets, with commas).
    """

    user: str
    verb: str
    resource: str
    scope: str = ""
    absent: tuple[str, ...] = ()

    @property
    def namespace(self) -> str:
        """The namespace that it is about; empty for the whole cluster."""
        return self.scope.partition("in the namespace ")[2].strip('"')

    @property
    def unfounded(self) -> str:
        """``yes`` where a role is bound that does not exist, or not yet."""
        return "yes" if self.absent else ""

    @property
    def unmade(self) -> str:
        """``yes`` where a role is among the absent that an API server makes itself when it starts."""
        return "yes" if any("metrics-server" not in role for role in self.absent) else ""

    @property
    def who(self) -> str:
        """``anonymous``, ``serviceaccount``, ``proxy`` for a name as front proxies have, ``named`` for any other.

        A name that is an address is that of a server's certificate: nobody else is called so.
        """
        if self.user == "system:anonymous":
            return "anonymous"
        if self.user.startswith("system:serviceaccount:"):
            return "serviceaccount"
        if self.user in _PROXY_NAMES or "front-proxy" in self.user:
            return "proxy"
        return "proxy" if self.user.replace(".", "").isdigit() and self.user.count(".") == 3 else "named"

    @property
    def whose(self) -> str:
        """Who lists nodes or pods: ``Heapster``, ``another``, or a ``default`` ServiceAccount, which is anybody's.

        Empty for metrics-server's, and where the text ends before it tells of which group they are.
        """
        if self.who == "serviceaccount" and "heapster" in self.user:
            return "Heapster"
        if self.who == "anonymous" or "metrics-server" in self.user or self.what != "list" or not self.scope:
            return ""
        return "default" if self.user.endswith(":default") else "another"

    @property
    def what(self) -> str:
        """``review`` of a token or of access, ``list`` of nodes and pods, ``other`` of what is no metrics-server's."""
        if self.resource.startswith(("subjectaccessreviews", "tokenreviews")):
            return "review"
        if self.resource in _OF_AUTOSCALING:  # the group may have been left out
            return "other"
        if self.resource.startswith("/apis/"):
            group = self.resource.split("/")[2]
            return "other" if group and not group.endswith("metrics.k8s.io") else ""
        if "." in self.resource and not self.resource.startswith("/"):
            return "" if self.resource.endswith((".metrics.k8s.io", ".metrics")) else "other"
        if self.absent:
            return ""
        if self.resource in _OF_NO_METRICS and self.scope:
            return "other"
        return "list" if self.resource in ("nodes", "pods", "namespaces") and self.verb in ("list", "watch") else ""

    @property
    def of(self) -> str:
        """``other`` where it is a review that an account may not make whose name is none of a metrics API's server.

        Every server that is asked with tokens, or behind kube-rbac-proxy, has such reviews made.
        """
        is_account = self.what == "review" and self.who == "serviceaccount"
        return "other" if is_account and not any(word in self.user for word in _OF_METRICS) else ""


_OF_AUTOSCALING = ("horizontalpodautoscalers", "verticalpodautoscalers")
_OF_NO_METRICS = (
    "endpoints",
    "events",
    "limitranges",
    "persistentvolumeclaims",
    "persistentvolumes",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "serviceaccounts",
    "services",
)
"""Resources of the core group that others list: kube-state-metrics, a dashboard, an operator."""

_OF_METRICS = ("metric", "adapter", "heapster", "prom", "monitor", "keda", "datadog", "scal", "hpa", ":default", "api")

_PROXY_NAMES = (
    "aggregator",
    "system:auth-proxy",
    "kube-aggregator",
    "system:kube-aggregator",
    "proxy-client",
    "kubernetes",
    "kube-apiserver",
    "system:kube-apiserver",
)


class RoleAbsent(InnermostError, hop=Hop.D):
    """``clusterroles.rbac.authorization.k8s.io "system:metrics-server" not found``: it or its binding is not there."""

    name: str

    @property
    def of(self) -> str:
        """Which of metrics-server's own it is, by its manifest's names: ``reader``, ``delegator`` or ``role``."""
        if "auth-reader" in self.name:
            return "reader"
        return "delegator" if "auth-delegator" in self.name else "role"


class Unauthorized(InnermostError):
    """``Unauthorized``, ``the server has asked for the client to provide credentials`` (apimachinery pkg/api/errors).

    What a client says whom an API server does not know: nothing about why. ``request`` is what was asked of it.
    """

    request: str = ""


class NotInCluster(InnermostError, hop=Hop.D):
    """``unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST … must be defined`` (client-go rest).

    It runs in no pod, and was told of no kubeconfig; of the token it says nothing, which is looked for later.
    """


class TokenUnread(InnermostError, hop=Hop.D):
    """``open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file`` (client-go rest/config.go)."""


class TokenExpired(InnermostError):
    """``[invalid bearer token, service account token has expired]``, once ``Token has expired.`` (the same file)."""


class TokenStale(InnermostError, hop=Hop.D):
    """``authentication.k8s.io/stale-token: subject: S, seconds after warning threshold: N`` (the same file).

    Its client does not read the token anew, and will be refused when the year is over for which it is still taken.
    """


class TokenEarly(InnermostError):
    """``[invalid bearer token, service account token is not valid yet]`` (kubernetes pkg/serviceaccount/claims.go)."""


class TokenInvalid(InnermostError):
    """``[invalid bearer token, REASON]``: any other reason (the same; jwt.go and legacy.go; go-jose's of a signature).

    The API server's log says it of a request to itself, a kubelet's of a TokenReview that it had made.
    """

    why: str = ""


class ServiceUnavailable(InnermostError):
    """``the server is currently unable to handle the request`` (apimachinery StatusReasonServiceUnavailable)."""

    request: str = ""

    @property
    def way(self) -> str:
        """``proxy`` of a request that the API server passed on to a node, pod or service."""
        return _way_of(self.request)


class AbandonedRequest(InnermostError):
    """``post-timeout activity - time-elapsed: T, VERB "PATH" result: R`` (apiserver server/filters/timeout.go).

    It tells which request the lines before it belonged to: its caller had gone when the handler ended.
    """

    verb: str
    path: str
    result: str = ""


class AuthorizationFailed(InnermostError, hop=Hop.F):
    """``Authorization error (user=U, verb=V, …)``: a kubelet could not ask (kubelet pkg/kubelet/server/server.go)."""


class ResourceNotFound(InnermostError):
    """``the server could not find the requested resource (get pods.metrics.k8s.io)``: nobody serves such a path."""

    request: str = ""

    @property
    def way(self) -> str:
        """``proxy`` of a request that the API server passed on to a node, pod or service."""
        return _way_of(self.request)

    @property
    def of(self) -> str:
        """``HPAs`` where those are not served, in the version that was asked for."""
        return "HPAs" if "horizontalpodautoscalers" in self.request else ""


def _way_of(request: str) -> str:
    asked = request.split(" ")
    is_named = len(asked) > 2 and asked[1] in ("nodes", "pods", "services")
    return "proxy" if is_named and not any(name in asked[2] for name in ("metrics-server", "heapster")) else ""


class NotFound(InnermostError):
    """``deployments.apps "D" not found``, ``podmetrics.metrics.k8s.io "N/P" not found`` (NewNotFound)."""

    resource: str
    name: str

    @property
    def of(self) -> str:
        """``metrics-server`` where what makes its pods was looked for, and ``its service`` where that was."""
        if not self.name.endswith("metrics-server"):
            return ""
        kind = self.resource.partition(".")[0]
        if kind == "services":
            return "its service"
        return "metrics-server" if kind in ("deployments", "daemonsets") else ""


class MayNotGrant(InnermostError, hop=Hop.D):
    """``clusterroles… "NAME" is forbidden: user "U" … is attempting to grant RBAC permissions not currently held``.

    Who installs has fewer rights than what is installed is to have: the role, or the binding, was not made.
    """

    name: str

    @property
    def of(self) -> str:
        """Which of metrics-server's own it is, by its manifest's names: ``reader``, ``delegator`` or ``role``.

        ``users`` for the role of those who read metrics.
        """
        if "auth-reader" in self.name:
            return "reader"
        if "auth-delegator" in self.name:
            return "delegator"
        if "aggregated" in self.name and "metrics" in self.name:
            return "users"
        return "role" if "metrics-server" in self.name else ""


class ServerFailed(InnermostError, wraps=True):
    """``an error on the server ("…") has prevented the request from succeeding (get nodes.metrics.k8s.io)``."""

    request: str = ""


class ServerTooSlow(InnermostError):
    """``the server was unable to return a response in the time allotted``, ``request did not complete within …``."""

    request: str = ""


class TooManyRequests(InnermostError):
    """``the server has received too many requests and has asked us to try again later``."""

    request: str = ""


class WatchRefused(InnermostError, hop=Hop.D):
    """``Failed to watch *v1.Node: unknown (get nodes)`` (client-go rest/request.go): a watch was answered with 403."""

    resource: str


class ServerStops(InnermostError):
    """``apiserver is shutting down``, of whichever API server is asked (apiserver pkg/server/filters)."""


class ShortWatch(InnermostError, hop=Hop.D):
    """``very short watch: … Unexpected watch close``, ``too old resource version`` (client-go)."""


class EtcdTrouble(InnermostError, hop=Hop.D):
    """``etcdserver: request timed out``, ``etcdserver: leader changed``: what an API server passes on of its etcd."""


class HandlerTimeout(InnermostError):
    """``http: Handler timeout``, ``timeout or abort while handling`` (apiserver pkg/server/filters)."""


class NoMatchForKind(InnermostError, hop=Hop.H):
    """``no matches for kind "K" in version "V"``, ``in group "G"`` (apimachinery pkg/api/meta/errors.go)."""

    kind: str
    version: str = ""
    group: str = ""
    scheme: str = ""  # the program's own, in which it is not

    @property
    def fate(self) -> str:
        """What became of it: ``removed``, ``new``, ``either``; whose: ``keda``, ``metrics``, ``other``; else ``group``.

        ``either`` for a beta that came late and went: its name does not tell a server before it from one after it.
        ``cut`` where neither version nor group was copied, and the kind is one that has had several versions.
        ``client`` for what a kubectl does not know by itself, whatever its server serves.
        """
        if self.kind and not self.version and not self.group:
            return _FATE_OF_KIND.get(self.kind, "cut" if self.kind in _OF_SEVERAL_VERSIONS else "other")
        group, _, version = self.version.rpartition("/")
        if (group or self.group) == "metrics.k8s.io":
            return "metrics"
        if (group or self.group).endswith("keda.sh") or (group or self.group) == "keda.k8s.io":
            return "keda"
        if self.version in _LATE_BETAS:
            return "either"
        if not self.version and self.kind in _NEVER_SCALED:  # to 1.9 clients named no version
            return _FATE_OF_KIND.get(self.kind, "new") if self.group != "extensions" else "removed"
        if not self.version or self.kind == "Scale":
            return "group"
        if "." in group and (not group.endswith(".k8s.io") or group == "autoscaling.k8s.io"):
            return "other"
        if "beta" in version or "alpha" in version or group == "extensions":
            return "removed"
        return "client" if "kubectl" in self.scheme or "legacyscheme" in self.scheme else "new"


_FATE_OF_KIND = {
    "HorizontalPodAutoscaler": "either",
    "PodMetrics": "metrics",
    "NodeMetrics": "metrics",
    **dict.fromkeys(("ScaledObject", "ScaledJob", "TriggerAuthentication", "ClusterTriggerAuthentication"), "keda"),
}
_OF_SEVERAL_VERSIONS = (
    "APIService",
    "ClusterRole",
    "ClusterRoleBinding",
    "CronJob",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "Ingress",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "PodSecurityPolicy",
    "ReplicaSet",
    "Role",
    "RoleBinding",
    "StatefulSet",
)
_SCALED = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet")
_NEVER_SCALED = (*_FATE_OF_KIND, *(kind for kind in _OF_SEVERAL_VERSIONS if kind not in _SCALED))
_LATE_BETAS = (
    "autoscaling/v2beta2",  # 1.12 to 1.25
    "networking.k8s.io/v1beta1",  # 1.14 to 1.21
)


class VersionGone(InnermostError, hop=Hop.H):
    """``The V API version of K is no longer served as of v1.26`` (kubernetes.io's guide to migration)."""


class VersionUnexpected(InnermostError, hop=Hop.H):
    """``the API version in the data (G/V1) does not match the expected API version (G/V2)`` (kubectl to 1.11)."""

    given: str
    expected: str


class TypeUnknown(InnermostError, hop=Hop.A):
    """``the server doesn't have a resource type "T"`` (cli-runtime pkg/resource/builder.go)."""

    name: str

    @property
    def of(self) -> str:
        """``metrics`` for what only the metrics API has."""
        return "metrics" if self.name.lower() in _TYPES_OF_METRICS or "metrics.k8s.io" in self.name else ""


_TYPES_OF_METRICS = ("nodemetrics", "podmetrics", "nodemetricses", "podmetricses")


class FieldUnknown(InnermostError, hop=Hop.H):
    """``ValidationError(HorizontalPodAutoscaler.spec.…): unknown field "F"``, ``strict decoding error`` (kubectl).

    An object has fields of another version than it says that it is of. ``trouble``: or ``missing required field``.
    """

    field: str
    trouble: str = "unknown field"

    @property
    def written_for(self) -> str:
        """``v2beta1`` where only that version has the field, or goes without it (k8s.io/api/autoscaling/v2beta1)."""
        last = self.field.rpartition(".")[2]
        return "v2beta1" if last in (_TO_V2BETA1 if self.trouble.startswith("unknown") else _FROM_V2BETA2) else ""


_TO_V2BETA1 = ("targetAverageUtilization", "targetAverageValue", "metricName", "metricSelector")
_FROM_V2BETA2 = ("target", "metric")


class VersionDeprecated(InnermostError, hop=Hop.H):
    """``autoscaling/v2beta2 HorizontalPodAutoscaler is deprecated in v1.23+, unavailable in v1.26+`` (a warning)."""

    unavailable_in: str = ""


class ListFailed(InnermostError, wraps=True):
    """``failed to list *v1.Node`` (client-go tools/cache/reflector.go)."""

    kind: str

    @property
    def fate(self) -> str:
        """What became of an HPA's version: ``removed`` for a beta, ``new`` for the second."""
        if self.kind.startswith("v2beta"):
            return "removed"
        return "new" if self.kind == "v2.HorizontalPodAutoscaler" else ""
