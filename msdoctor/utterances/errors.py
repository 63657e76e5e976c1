"""Innermost errors as values: what went wrong, with the names and addresses it went wrong with.

Each says which upstream source prints it. Fields are the text's own parts, never parsed further than the text goes; a
part that the text lacks is empty.
"""

from __future__ import annotations

import re
from typing import ClassVar

from msdoctor.model import Hop
from msdoctor.utterances.value import Value


class InnermostError(Value):
    """What went wrong.

    ``hop``: where, if the error itself tells, whoever says it and of whatever connection. ``wraps``: it is said around
    another error, and counts only where nothing else that its record says is known.
    """

    hop: ClassVar[Hop | None] = None
    wraps: ClassVar[bool] = False

    def __init_subclass__(cls, hop: Hop | None = None, wraps: bool = False) -> None:
        super().__init_subclass__()
        cls.hop = hop
        cls.wraps = wraps


def wants(name: str) -> str:
    """Whose name is looked for: the aggregator's is always ``SERVICE.NAMESPACE.svc`` (handler_proxy.go)."""
    return "service" if name.endswith(".svc") else ""


class NotValidFor(InnermostError):
    """``x509: certificate is valid for A, B, not C`` (crypto/x509/verify.go, HostnameError.Error)."""

    names: tuple[str, ...]
    wanted: str

    @property
    def alone(self) -> str:
        """The only name that it is valid for, if there is but one."""
        return self.names[0] if len(set(self.names)) == 1 else ""

    @property
    def wants(self) -> str:
        """``service`` where the name is one as the aggregator dials, else empty."""
        return wants(self.wanted)


class NoIPSANs(InnermostError):
    """``x509: cannot validate certificate for IP because it doesn't contain any IP SANs`` (the same)."""

    wanted: str


class NotValidForAny(InnermostError):
    """``x509: certificate is not valid for any names, but wanted to match C`` (the same)."""

    wanted: str

    @property
    def wants(self) -> str:
        """``service`` where the name is one as the aggregator dials, else empty."""
        return wants(self.wanted)


class LegacyCommonName(InnermostError):
    """``x509: certificate relies on legacy Common Name field, use SANs instead`` (the same, from Go 1.15)."""

    name: str = ""


class UnknownAuthority(InnermostError):
    """``x509: certificate signed by unknown authority``, with Go's hint if any (UnknownAuthorityError.Error)."""

    hint: str = ""
    candidate: str = ""

    @property
    def of(self) -> str:
        """``front proxy`` where the CA that was held against it is named as those of front proxies are."""
        return "front proxy" if any(name in self.candidate for name in ("front-proxy", "requestheader")) else ""


class Expired(InnermostError):
    """``x509: certificate has expired or is not yet valid: current time T is after U`` (CertificateInvalidError)."""

    now: str = ""
    not_after: str = ""


class NotYetValid(InnermostError):
    """The same, ``current time T is before U``."""

    now: str
    not_before: str


class IncompatibleUsage(InnermostError):
    """``x509: certificate specifies an incompatible key usage`` (the same)."""


class NotInAllowedList(InnermostError, hop=Hop.D):
    """``x509: subject with cn=X is not in the allowed list`` (apiserver authentication/request/x509/x509.go)."""

    name: str

    @property
    def of(self) -> str:
        """``client`` for a name that some component has as the API server's client, and no front proxy has."""
        return "client" if self.name.startswith(_CLIENTS) else ""


# Not kube-proxy's, whose certificate some guides give to the aggregator
_CLIENTS = ("system:kube-controller-manager", "system:kube-scheduler", "system:node:")


class MissingBundleContent(InnermostError, hop=Hop.D):
    """``missing content for CA bundle "NAME"`` (apiserver dynamiccertificates)."""

    bundle: str


class KeyMismatch(InnermostError):
    """``tls: private key does not match public key`` (crypto/tls X509KeyPair): key and certificate are no pair."""


class HeaderNotNamed(InnermostError):
    """``--FLAG is set without specifying the standard HEADER`` (apiserver pkg/server/options/authentication.go)."""

    header: str


class OverlappingCAs(InnermostError):
    """``FLAG and FLAG contain overlapping certificates`` (kubernetes pkg/kubeapiserver/options/authentication.go)."""


class TLSAlert(InnermostError):
    """``remote error: tls: ALERT`` (crypto/tls/alert.go): the peer gave up, and said no more than this."""

    alert: str


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
        return self.scope.partition('in the namespace "')[2].rstrip('"')

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
    def what(self) -> str:
        """``review`` of a token or of access, ``list`` of nodes and pods."""
        if self.resource.startswith(("subjectaccessreviews", "tokenreviews")):
            return "review"
        if self.absent:
            return ""
        return "list" if self.resource in ("nodes", "pods", "namespaces") and self.verb in ("list", "watch") else ""


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


class Unauthorized(InnermostError):
    """``Unauthorized``, ``the server has asked for the client to provide credentials`` (apimachinery pkg/api/errors).

    What a client says whom an API server does not know: nothing about why. ``request`` is what was asked of it.
    """

    request: str = ""


class TokenUnread(InnermostError, hop=Hop.D):
    """``open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file`` (client-go rest/config.go)."""


class TokenExpired(InnermostError):
    """``[invalid bearer token, service account token has expired]``, once ``Token has expired.`` (the same file)."""


class TokenEarly(InnermostError):
    """``[invalid bearer token, service account token is not valid yet]`` (kubernetes pkg/serviceaccount/claims.go)."""


class TokenInvalid(InnermostError):
    """``[invalid bearer token, REASON]``: any other reason (the same; jwt.go and legacy.go; go-jose's of a signature).

    The API server's log says it of a request to itself, a kubelet's of a TokenReview that it had made.
    """

    why: str = ""


class Dial(InnermostError):
    """``dial tcp ADDRESS: connect: connection refused``, ``i/o timeout`` … (net/net.go OpError)."""

    address: str
    failure: str

    @property
    def family(self) -> str:
        """``6`` for an IPv6 address."""
        return "6" if self.address.startswith("[") else ""


class ColonsInAddress(InnermostError):
    """``invalid URL port "8::1:10255"`` (net/http of Go 1.8), ``too many colons in address A`` (net.SplitHostPort).

    An IPv6 address was put before its port without brackets.
    """

    address: str


class Lookup(InnermostError):
    """``lookup NAME on SERVER: no such host``, ``server misbehaving``, ``i/o timeout`` (net/net.go DNSError)."""

    name: str
    server: str
    failure: str

    @property
    def answer(self) -> str:
        """``none`` where the server was not reached, ``late`` where the caller's time was over before.

        The resolver names the server only where that was the one that did not answer (net/dnsclient_unix.go).
        """
        if not self.server and self.failure.endswith("i/o timeout"):
            return "late"
        return "none" if self.failure.endswith(("i/o timeout", "refused", "unreachable", "no route to host")) else ""


class DeadlineExceeded(InnermostError):
    """``context deadline exceeded`` and its kin of net/http: no answer in time."""

    text: str = ""

    @property
    def phase(self) -> str:
        """``handshake`` where the connection had opened, ``connection`` where it had not; else it is not said."""
        if "TLS handshake" in self.text:
            return "handshake"
        return "connection" if "while waiting for connection" in self.text else ""


class Canceled(InnermostError):
    """``context canceled``: whoever asked no longer waits."""


class NoMetricsToServe(InnermostError, hop=Hop.D):
    """``no metrics to serve``: nothing is stored yet, or any more (metrics-server pkg/server/server.go)."""


class MetricsAPINotAvailable(InnermostError, hop=Hop.A):
    """``error: Metrics API not available`` (kubectl top)."""


class MetricsNotAvailableYet(InnermostError, hop=Hop.A):
    """``error: metrics not available yet`` (kubectl top)."""


class ServiceUnavailable(InnermostError):
    """``the server is currently unable to handle the request`` (apimachinery StatusReasonServiceUnavailable)."""

    request: str = ""


class Started(InnermostError, hop=Hop.D):
    """A line that a component prints when it starts well; ``what`` names the step."""

    what: str


class Shown(InnermostError, hop=Hop.A):
    """Figures: the head of what ``kubectl top`` prints, a ``NodeMetricsList`` that the API answered with."""


class Noise(InnermostError, hop=Hop.D):
    """A line that looks like trouble and is none; ``what`` names it, as in the ids of benign causes."""

    what: str


class AbandonedRequest(InnermostError):
    """``post-timeout activity - time-elapsed: T, VERB "PATH" result: R`` (apiserver server/filters/timeout.go).

    It tells which request the lines before it belonged to: its caller had gone when the handler ended.
    """

    verb: str
    path: str
    result: str = ""


class RequestHeaderNotProvided(InnermostError, hop=Hop.D):
    """``Cluster doesn't provide KEY in configmap/…`` (apiserver options/authentication.go, to 1.17).

    Later versions say nothing when the key is absent.
    """

    key: str


class ConnectionLost(InnermostError):
    """``EOF``, ``read tcp A->B: read: connection reset by peer``, ``http2: client connection lost``."""

    failure: str
    address: str = ""


class NotTLS(InnermostError):
    """``http: server gave HTTP response to HTTPS client``, ``tls: first record does not look like a TLS handshake``."""

    text: str


class TunnelFailed(InnermostError, hop=Hop.C):
    """The API server's own tunnel to the nodes gave out, not what it leads to (apiserver egressselector, konnectivity).

    ``failure`` is its words, ``tunnel`` the socket or address of the tunnel's near end, where they name it.
    """

    failure: str
    tunnel: str = ""


class ProxyAnswer(InnermostError):
    """``Get "URL": Forbidden`` without ``bad status``: an HTTP proxy refused to connect (net/http transport.go)."""

    answer: str


class AddressNotAllowed(InnermostError, hop=Hop.C):
    """``Address is not allowed``: an API server of EKS, of an address that is none of its VPC's.

    Upstream's own words are ``address not allowed``, of addresses of the host itself (kubernetes pkg/proxy/util).
    """


class NoAddressOfType(InnermostError, hop=Hop.E):
    """``no address matched types [InternalIP …]`` (metrics-server pkg/utils/address_resolver.go)."""

    types: str


class JustRegistered(InnermostError, hop=Hop.B):
    """``False (MissingEndpoints)   12s``: an APIService in ``kubectl get apiservice`` that is seconds old."""


class NoEndpoints(InnermostError, hop=Hop.B):
    """``endpoints for service/S in "N" have no addresses with port name "P"`` (kube-aggregator)."""

    service: str
    namespace: str
    port_name: str = ""


class ServiceAbsent(InnermostError, hop=Hop.B):
    """``service/S in "N" is not present`` (kube-aggregator, reason ServiceNotFound)."""

    service: str
    namespace: str


class ServicePortAbsent(InnermostError, hop=Hop.B):
    """``service/S in "N" is not listening on port P`` (kube-aggregator, reason ServicePortError)."""

    service: str
    namespace: str
    port: str


class ServiceUnroutable(InnermostError, hop=Hop.C):
    """``cannot route to service with ClusterIP "None"``: a headless one (apiserver pkg/util/proxy, ResolveCluster)."""

    cluster_ip: str = ""


class OwnedByAnotherRelease(InnermostError, hop=Hop.B):
    """``APIService "N" … exists and cannot be imported into the current release`` (helm pkg/action/validate.go).

    ``release`` is the one that would have it, ``owner`` the one that has; both empty where nobody's name is on it.
    """

    name: str
    release: str = ""
    owner: str = ""

    @property
    def of(self) -> str:
        """``metrics-server`` for its APIService and all that is named after it."""
        return "metrics-server" if "metrics-server" in self.name or self.name == "v1beta1.metrics.k8s.io" else ""


class AppliedOverAnother(InnermostError, hop=Hop.B):
    """``The Deployment "N" is invalid: spec.selector: … field is immutable``: kubectl, of another installation's.

    What it applied before, it merged: the Service selects by both installations' labels, and so no pod at all.
    """

    name: str


class IssuerRefuses(InnermostError, hop=Hop.D):
    """cert-manager: ``The CSR PEM requests a commonName that is not present …``, ``…:acme:error:rejectedIdentifier``.

    ``of``: what an ACME issuer refuses, ``common name`` or ``names`` (pkg/controller/certificaterequests/acme/acme.go).
    """

    of: str


class NoPodMetrics(InnermostError, hop=Hop.H):
    """``no metrics returned from resource metrics API`` (HPA), ``Metrics not available for pod P`` (kubectl)."""

    pod: str = ""


class ProbeStatus(InnermostError, hop=Hop.D):
    """``HTTP probe failed with statuscode: 500`` (kubelet): the probed process answers, and says no."""

    code: str
    probe: str = ""


class HealthCheckFailed(InnermostError, hop=Hop.D):
    """``[-]NAME failed: reason withheld`` (apiserver server/healthz/healthz.go)."""

    name: str


class UnknownFlag(InnermostError, hop=Hop.D):
    """``unknown flag: --F``, ``unknown shorthand flag: 'f' in -F`` (pflag errors.go)."""

    flag: str

    @property
    def of(self) -> str:
        """``kubectl`` for one that newer versions of ``kubectl top`` have, ``operator`` for one that operators have."""
        name = self.flag.split("=")[0]
        if name in _FLAGS_OF_OPERATORS:
            return "operator"
        return "kubectl" if name in _FLAGS_OF_TOP else "metrics-server"


# kubebuilder pkg/plugins/golang, as it scaffolds cmd/main.go and main.go
_FLAGS_OF_OPERATORS = (
    "--metrics-bind-address",
    "--metrics-addr",
    "--metrics-secure",
    "--health-probe-bind-address",
    "--leader-elect",
    "--enable-leader-election",
)
_FLAGS_OF_TOP = ("--sort-by", "--containers", "--no-headers", "--use-protocol-buffers", "--sum", "--show-capacity")


class RejectedArgument(InnermostError, hop=Hop.D):
    """An argument whose flag is known: ``invalid argument "15" for "--metric-resolution" flag: …`` (pflag errors.go).

    Also what metrics-server itself refuses (cmd/metrics-server/app/options): ``cannot use both --A and --B``,
    ``metric-resolution should be …``. ``text`` is all of it.
    """

    text: str
    flag: str = ""


class CannotWriteCertificate(InnermostError, hop=Hop.D):
    """``error creating self-signed certificates: mkdir PATH: FAILURE`` (metrics-server …/options/options.go)."""

    path: str
    failure: str


class CannotListen(InnermostError, hop=Hop.D):
    """``failed to listen on ADDRESS: listen tcp ADDRESS: bind: FAILURE`` (apiserver options/serving.go)."""

    address: str
    failure: str


class NoNodeFits(InnermostError, hop=Hop.D):
    """``0/2 nodes are available: 2 node(s) had untolerated taint(s). …`` (kube-scheduler framework/types.go FitError).

    ``because``: ``taints`` where it names nothing else, ``ports`` likewise, else ``other``.
    """

    reasons: tuple[str, ...]
    because: str


class ImageNotPulled(InnermostError, hop=Hop.D):
    """``Failed to pull image "I": WHY``, ``Back-off pulling image "I"`` (kubelet pkg/kubelet/images/image_manager.go).

    ``ours``: ``yes`` where the image is called metrics-server.
    """

    image: str
    why: str = ""
    ours: str = ""

    @property
    def lacks(self) -> str:
        """``platform`` where the image is there, and not for this processor."""
        return "platform" if "no match for platform" in self.why or "no matching manifest" in self.why else ""


class InvalidImageName(InnermostError, hop=Hop.D):
    """``Failed to apply default image tag "I": couldn't parse image name …`` (the same)."""

    image: str


class ExecFormat(InnermostError, hop=Hop.D):
    """``exec format error``: ENOEXEC, for a program that is not this processor's."""


class MayNotRunAsRoot(InnermostError, hop=Hop.D):
    """``container has runAsNonRoot and image WHY`` (kubelet pkg/kubelet/kuberuntime/security_context_others.go)."""

    why: str


class QuotaExceeded(InnermostError, hop=Hop.D):
    """``exceeded quota: Q, requested: …, used: …, limited: …``, ``failed quota: Q: must specify …``.

    apiserver pkg/admission/plugin/resourcequota/controller.go.
    """

    quota: str
    text: str


class NotAdmitted(InnermostError, hop=Hop.D):
    """``error looking up service account N/S``, ``admission webhook "W" denied the request``: no pod is made."""

    by: str


class NotExecutable(InnermostError, hop=Hop.D):
    """``exec: "--cert-dir=/tmp": executable file not found``: arguments where a command belongs (runc, Docker)."""

    what: str


class PodSecurityViolated(InnermostError, hop=Hop.D):
    """``violates PodSecurity "restricted:latest": WHAT`` (pod-security-admission admission/admission.go)."""

    level: str
    what: str


class Evicted(InnermostError, hop=Hop.D):
    """``The node was low on resource: memory.`` (kubelet pkg/kubelet/eviction/helpers.go)."""

    resource: str


class OutOfMemory(InnermostError, hop=Hop.D):
    """``OOMKilled``: the kernel ended it at its memory limit."""


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
    """``unexpected decrease in cumulative CPU usage value``, or ``startTime of …`` (metrics-server pkg/storage)."""

    counter: str


class IncompleteFigures(InnermostError, hop=Hop.G):
    """``Failed getting complete node metric``, ``Pod`` or ``container`` (metrics-server …/resource/decode.go, V(1)).

    In 0.3 ``discarding data: missing cpu usage metric`` (pkg/sources/summary/summary.go).
    """

    of: str


class StorageLacks(InnermostError, hop=Hop.G):
    """``Metric storage is not ready, pod metrics are missing`` (metrics-server 0.9 pkg/storage/storage.go, V(2))."""

    what: str


class ContainerStatsFailed(InnermostError, hop=Hop.G):
    """``failed to list pod stats: REASON`` (kubelet pkg/kubelet/server/stats). ``platform``: windows if hcs speaks."""

    reason: str
    platform: str = ""


class SummaryFailed(InnermostError, hop=Hop.G, wraps=True):
    """``Error getting summary for resourceMetric prometheus endpoint`` (kubelet pkg/kubelet/metrics/collectors)."""


class PartialFigures(InnermostError, hop=Hop.G):
    """``Partial failure issuing cadvisor.ContainerInfoV2`` (kubelet pkg/kubelet/stats/cadvisor_stats_provider.go)."""


class NodeNotReady(InnermostError, hop=Hop.E):
    """``Kubelet stopped posting node status``, a node's row in ``kubectl get nodes`` that is ``NotReady``."""


class CgroupsUnmounted(InnermostError, hop=Hop.G):
    """``mountpoint for cpu not found``: a program that knows cgroup v1 on a node that has v2 (runc libcontainer)."""


class NoRootAccounting(InnermostError, hop=Hop.G):
    """``open /sys/fs/cgroup/cpu.stat: no such file or directory``: nothing is counted at the hierarchy's root."""

    file: str


class KubeletExits(InnermostError, hop=Hop.E, wraps=True):
    """``failed to run Kubelet: REASON``: it ends (kubernetes cmd/kubelet/app/server.go)."""


class RuntimeUnreached(InnermostError, hop=Hop.G):
    """``dial unix SOCKET: …`` of a container runtime: the kubelet has nobody to ask for containers' figures."""

    failure: str
    socket: str


class RuntimeSick(InnermostError, hop=Hop.G, wraps=True):
    """``PLEG is not healthy``, ``container runtime is down``: why a kubelet says it is not ready (pkg/kubelet)."""


class NoFilesystemStats(InnermostError, hop=Hop.G):
    """``failed to get rootFs info: …``, ``failed to get imageFs stats: …`` (kubelet pkg/kubelet/stats)."""

    filesystem: str


class NodeUnknownToKubelet(InnermostError, hop=Hop.G):
    """``failed to get node info: node "N" not found`` (kubelet pkg/kubelet/server/stats/summary.go)."""


class AuthorizationFailed(InnermostError, hop=Hop.F):
    """``Authorization error (user=U, verb=V, …)``: a kubelet could not ask (kubelet pkg/kubelet/server/server.go)."""


class OlderSample(InnermostError, hop=Hop.G):
    """``… metrics point is older than stored previous`` (metrics-server pkg/storage, V(2))."""


class NoCgroupStats(InnermostError, hop=Hop.G):
    """``failed to get cgroup stats for "NAME": REASON`` (kubelet pkg/kubelet/stats/provider.go); ``/`` is the root."""

    cgroup: str
    reason: str = ""

    @property
    def of(self) -> str:
        """``system`` for the host's own: services and sessions, and what kubelets are told to be themselves in.

        systemd.special(7); a kubelet's ``--kubelet-cgroups``, ``--runtime-cgroups`` and ``--system-cgroups``.
        """
        is_told = _ONE_WORD.fullmatch(self.cgroup) is not None and "kubepods" not in self.cgroup
        return "system" if is_told or self.cgroup.startswith(_SYSTEM) else ""


_SYSTEM = ("/system.slice", "/user.slice", "/machine.slice", "/init.scope")
_ONE_WORD = re.compile(r"/[A-Za-z][A-Za-z._-]{0,60}")


class InotifyExhausted(InnermostError, hop=Hop.G):
    """``inotify_init: too many open files``, ``inotify_add_watch PATH: no space left on device`` (cAdvisor).

    ``call`` is ``fsnotify`` for ``error creating fsnotify watcher: too many open files``, which any component says.
    """

    call: str
    failure: str


# Statuses of an API server, and what its library says of requests (apimachinery pkg/api/errors, apiserver pkg/server)


class ResourceNotFound(InnermostError):
    """``the server could not find the requested resource (get pods.metrics.k8s.io)``: nobody serves such a path."""

    request: str = ""


class NotFound(InnermostError):
    """``deployments.apps "D" not found``, ``podmetrics.metrics.k8s.io "N/P" not found`` (NewNotFound)."""

    resource: str
    name: str


class ServerFailed(InnermostError, wraps=True):
    """``an error on the server ("…") has prevented the request from succeeding (get nodes.metrics.k8s.io)``."""

    request: str = ""


class ServerTooSlow(InnermostError):
    """``the server was unable to return a response in the time allotted``, ``request did not complete within …``."""

    request: str = ""


class TooManyRequests(InnermostError):
    """``the server has received too many requests and has asked us to try again later``."""

    request: str = ""


class ShortWatch(InnermostError, hop=Hop.D):
    """``very short watch: … Unexpected watch close``, ``too old resource version`` (client-go)."""


class EtcdTrouble(InnermostError, hop=Hop.D):
    """``etcdserver: request timed out``, ``etcdserver: leader changed``: what an API server passes on of its etcd."""


class HandlerTimeout(InnermostError, hop=Hop.D):
    """``http: Handler timeout``, ``timeout or abort while handling`` (apiserver pkg/server/filters)."""


class NoMatchForKind(InnermostError, hop=Hop.H):
    """``no matches for kind "K" in version "V"``, ``in group "G"`` (apimachinery pkg/api/meta/errors.go)."""

    kind: str
    version: str = ""
    group: str = ""

    @property
    def fate(self) -> str:
        """What became of it: ``removed``, ``new``, ``either``; whose: ``keda``, ``metrics``, ``other``; else ``group``.

        ``either`` for a beta that came late and went: its name does not tell a server before it from one after it.
        """
        group, _, version = self.version.rpartition("/")
        if (group or self.group) == "metrics.k8s.io":
            return "metrics"
        if (group or self.group).endswith("keda.sh") or (group or self.group) == "keda.k8s.io":
            return "keda"
        if self.version in _LATE_BETAS:
            return "either"
        if not self.version or self.kind == "Scale":
            return "group"
        if "." in group and (not group.endswith(".k8s.io") or group == "autoscaling.k8s.io"):
            return "other"
        if "beta" in version or "alpha" in version or group == "extensions":
            return "removed"
        return "new"


_LATE_BETAS = (
    "autoscaling/v2beta2",  # 1.12 to 1.25
    "networking.k8s.io/v1beta1",  # 1.14 to 1.21
)


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


class VersionDeprecated(InnermostError, hop=Hop.H):
    """``autoscaling/v2beta2 HorizontalPodAutoscaler is deprecated in v1.23+, unavailable in v1.26+`` (a warning)."""

    unavailable_in: str = ""


class HandshakeFailed(InnermostError):
    """``http: TLS handshake error from PEER: WHY`` (net/http server.go): what a server says of a client that left."""

    peer: str
    why: str

    @property
    def kind(self) -> str:
        """``left`` without a word, ``refused`` the certificate, ``plain`` text, ``no-certificate`` of a kubelet."""
        if self.why.endswith(("EOF", "connection reset by peer", "i/o timeout", "broken pipe")):
            return "left"
        if "no serving certificate available for the kubelet" in self.why:
            return "no-certificate"
        if "HTTP request to an HTTPS server" in self.why or "first record does not look like" in self.why:
            return "plain"
        return "refused" if "certificate" in self.why and self.why.startswith("remote error") else "other"


class AuthenticationUnread(InnermostError, hop=Hop.D, wraps=True):
    """``unable to load configmap based request-header-client-ca-file`` (apiserver pkg/server/options)."""


class AuthReaderHint(InnermostError, hop=Hop.D):
    """``Unable to get configmap/extension-apiserver-authentication … Usually fixed by 'kubectl create rolebinding``.

    ``refused``: ``yes`` in the wording of a version that says it only where the right is missing (apiserver 1.14 on).
    """

    refused: str = ""


class FileUnread(InnermostError, hop=Hop.D):
    """``unable to load client CA file "F": open F: no such file or directory`` (apiserver pkg/server/options)."""

    file: str


class ListFailed(InnermostError, wraps=True):
    """``failed to list *v1.Node`` (client-go tools/cache/reflector.go)."""

    kind: str

    @property
    def fate(self) -> str:
        """What became of an HPA's version: ``removed`` for a beta, ``new`` for the second."""
        if self.kind.startswith("v2beta"):
            return "removed"
        return "new" if self.kind == "v2.HorizontalPodAutoscaler" else ""


# The aggregator


class NoResponse(InnermostError, hop=Hop.C, wraps=True):
    """``failing or missing response from URL``, reason FailedDiscoveryCheck (kube-aggregator)."""


class DiscoveryFailed(InnermostError, hop=Hop.A, wraps=True):
    """``unable to retrieve the complete list of server APIs``, ``stale GroupVersion discovery`` (client-go)."""


class EmptyDiscovery(InnermostError, hop=Hop.A):
    """``Got empty response for: external.metrics.k8s.io/v1beta1``: an adapter that has no metric yet (client-go)."""


class OpenAPIUnread(InnermostError, hop=Hop.A):
    """``loading OpenAPI spec for "v1beta1.metrics.k8s.io" failed with: …`` (kube-aggregator controllers/openapi)."""

    code: str = ""


class BackendUnreached(InnermostError, hop=Hop.C, wraps=True):
    """``error dialing backend: …``, ``error trying to reach service: …`` (apimachinery pkg/util/proxy)."""


class TunnelDown(InnermostError, hop=Hop.C):
    """``No agent available``, ``No SSH tunnels currently open``: the control plane's way to the nodes is gone."""

    text: str


# metrics-server


class NoMetricsKnown(InnermostError, hop=Hop.D):
    """``no metrics known for pod``, or ``node "N"`` (metrics-server to 0.4 pkg/storage, pkg/provider)."""

    of: str


class CollectionLate(InnermostError, hop=Hop.D):
    """``metric collection didn't finish on time``, ``time since last tick (…) was greater than …``."""


class InformerNotSynced(InnermostError, hop=Hop.D):
    """``cache for node informer has not synced``, ``1 informers not started yet``: its lists of nodes and pods."""


class PodState(InnermostError, hop=Hop.D):
    """metrics-server's row in ``kubectl get pods``: its status, and how many of its containers are ready."""

    status: str
    ready: str


# Kubelets


class CertificateNotSigned(InnermostError, hop=Hop.E):
    """``Certificate request was not signed`` (client-go util/certificate), a kubelet's CSR that is ``Pending``."""

    state: str = "Pending"


# Consumers


class VPAUnable(InnermostError, hop=Hop.H):
    """``Cannot get ContainerMetricsSnapshot from MetricsClient`` (VPA's pkg/recommender/input/cluster_feeder.go)."""


class UnknownTarget(InnermostError, hop=Hop.H):
    """``<unknown>/80%`` in ``kubectl get hpa``: nothing to hold against the target."""


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
        """``job`` where the pod is named as those of a CronJob, by the minute of its run: none of an HPA's target."""
        return "job" if re.search(r"-\d{8,10}-[a-z0-9]{5}$", self.pod) else ""

    @property
    def sidecar(self) -> str:
        """``yes`` where the container is named as something that is put beside an application."""
        return "yes" if any(part in self.container for part in _SIDECARS) else ""


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
)


class NoPodsReady(InnermostError, hop=Hop.H):
    """``did not receive metrics for targeted pods (pods might be unready)``; to 1.22 ``… for any ready pods``."""


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
    """``container C not present in metrics for pod P``, ``container C not found in Pod P``."""

    container: str


# Other systems


class MetricUnknown(InnermostError, hop=Hop.X):
    """``the server could not find the metric M for pods`` and its kin of other adapters (custom-metrics-apiserver)."""

    metric: str = ""


class NoAdapterMetrics(InnermostError, hop=Hop.X):
    """``no metrics returned from custom metrics API``, ``external`` (podautoscaler/metrics/client.go)."""


class AdapterFailed(InnermostError, hop=Hop.X, wraps=True):
    """``unable to fetch metrics from external metrics API: WHY``, ``custom``: whatever an adapter said of itself."""


class AdapterUnregistered(InnermostError, hop=Hop.X):
    """``no custom metrics API (custom.metrics.k8s.io) registered`` (k8s.io/metrics client)."""


class SeriesMismatch(InnermostError, hop=Hop.X):
    """``None of the results returned by when fetching metric M for N matched …`` (prometheus-adapter)."""


class PrometheusUnreached(InnermostError, hop=Hop.X, wraps=True):
    """``unable to fetch metrics from prometheus``, ``unable to update list of all metrics`` (prometheus-adapter)."""


class PrometheusAnswered(InnermostError, hop=Hop.X):
    """``bad_response: unknown response code 404``, ``bad_data: …`` (prometheus-adapter pkg/client)."""

    what: str


class HeapsterUnreached(InnermostError, hop=Hop.A, wraps=True):
    """A request for ``services http:heapster:``, which kubectl to 1.12 and HPAs to 1.8 sent (kubectl metricsutil)."""


class WrongScheme(InnermostError):
    r"""``malformed HTTP response "\x15\x03…"``: plain HTTP was spoken to a server of TLS (net/http)."""


class OtherSystem(InnermostError, hop=Hop.X):
    """Words of another system that shares some with this pipeline; ``which`` names it."""

    which: str


class Circumstance(InnermostError):
    """No error: what a text shows of its cluster beside one (``utterances/circumstances.py``), and names nothing.

    What a check says of it is by how much it comes before others that an error leaves open with it. ``words`` are
    those of the text by which it is known.
    """

    what: str
    words: str = ""


class Unrecognised(InnermostError):
    """An error whose innermost part nobody here knows, said by a line that is known to be one."""

    text: str
