"""Innermost errors as values: what went wrong, with the names and addresses it went wrong with.

Each says which upstream source prints it. Fields are the text's own parts, never parsed further than the text goes; a
part that the text lacks is empty.
"""

from __future__ import annotations

from typing import ClassVar

from msdoctor.model import Hop
from msdoctor.utterances.value import Value


class InnermostError(Value):
    """What went wrong. ``hop``: where, if the error itself tells, whoever says it and of whatever connection."""

    hop: ClassVar[Hop | None] = None

    def __init_subclass__(cls, hop: Hop | None = None) -> None:
        super().__init_subclass__()
        cls.hop = hop


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
    def unfounded(self) -> str:
        """``yes`` where a role is bound that does not exist, or not yet."""
        return "yes" if self.absent else ""


class Unauthorized(InnermostError):
    """``Unauthorized``, ``the server has asked for the client to provide credentials`` (apimachinery pkg/api/errors).

    What a client says whom an API server does not know: nothing about why. ``request`` is what was asked of it.
    """

    request: str = ""


class TokenExpired(InnermostError):
    """``[invalid bearer token, service account token has expired]`` (kubernetes pkg/serviceaccount/claims.go)."""


class TokenInvalid(InnermostError):
    """``[invalid bearer token, REASON]``: any other reason (the same; jwt.go and legacy.go; go-jose's of a signature).

    The API server's log says it of a request to itself, a kubelet's of a TokenReview that it had made.
    """

    why: str = ""


class Dial(InnermostError):
    """``dial tcp ADDRESS: connect: connection refused``, ``i/o timeout`` … (net/net.go OpError)."""

    address: str
    failure: str


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


class DeadlineExceeded(InnermostError):
    """``context deadline exceeded`` and its kin of net/http: no answer in time."""

    text: str = ""


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


class ProxyAnswer(InnermostError):
    """``Get "URL": Forbidden`` without ``bad status``: an HTTP proxy refused to connect (net/http transport.go)."""

    answer: str


class NoAddressOfType(InnermostError, hop=Hop.E):
    """``no address matched types [InternalIP …]`` (metrics-server pkg/utils/address_resolver.go)."""

    types: str


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


class OwnedByAnotherRelease(InnermostError, hop=Hop.B):
    """``APIService "N" … exists and cannot be imported into the current release`` (helm pkg/action/validate.go).

    ``release`` is the one that would have it, ``owner`` the one that has; both empty where nobody's name is on it.
    """

    name: str
    release: str = ""
    owner: str = ""


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


class NoCgroupStats(InnermostError, hop=Hop.G):
    """``failed to get cgroup stats for "NAME": REASON`` (kubelet pkg/kubelet/stats/provider.go); ``/`` is the root."""

    cgroup: str
    reason: str = ""


class InotifyExhausted(InnermostError, hop=Hop.G):
    """``inotify_init: too many open files``, ``inotify_add_watch PATH: no space left on device`` (cAdvisor).

    ``call`` is ``fsnotify`` for ``error creating fsnotify watcher: too many open files``, which any component says.
    """

    call: str
    failure: str


class Unrecognised(InnermostError):
    """An error whose innermost part nobody here knows, said by a line that is known to be one."""

    text: str
