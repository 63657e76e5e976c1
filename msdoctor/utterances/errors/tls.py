"""What TLS and certificates fail with: Go's crypto/tls and crypto/x509, and those who judge a client's certificate."""

from __future__ import annotations

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


def wants(name: str) -> str:
    """Whose name is looked for: the aggregator's is always ``SERVICE.NAMESPACE.svc`` (handler_proxy.go).

    ``service`` for metrics-server's, ``adapter`` for one named as other metrics adapters are, ``other`` for any that is
    not of metrics, such as a webhook's; empty for what is no Service's name, and for the API server's own.
    """
    if not name.endswith(".svc") or name.startswith("kubernetes."):
        return ""
    if any(part in name for part in _ADAPTERS):
        return "adapter"
    return "service" if "metrics" in name else "other"


_ADAPTERS = ("keda", "adapter", "custom-metrics", "external-metrics", "datadog")


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
        """Whose name is looked for, if it is one as the aggregator dials."""
        return wants(self.wanted)


class NoIPSANs(InnermostError):
    """``x509: cannot validate certificate for IP because it doesn't contain any IP SANs`` (the same)."""

    wanted: str


class NotValidForAny(InnermostError):
    """``x509: certificate is not valid for any names, but wanted to match C`` (the same)."""

    wanted: str

    @property
    def wants(self) -> str:
        """Whose name is looked for, if it is one as the aggregator dials."""
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
        """``client`` for a name that some component has as the API server's client, and no front proxy has.

        ``either`` for kube-proxy's, whose certificate some guides give to the aggregator.
        """
        if self.name == "system:kube-proxy":
            return "either"
        return "client" if self.name.startswith(_CLIENTS) else ""


_CLIENTS = ("system:kube-controller-manager", "system:kube-scheduler", "system:node:")


class MissingBundleContent(InnermostError, hop=Hop.D):
    """``missing content for CA bundle "NAME"`` (apiserver dynamiccertificates)."""

    bundle: str


class KeyMismatch(InnermostError):
    """``tls: private key does not match public key`` (crypto/tls X509KeyPair): key and certificate are no pair.

    So are files that hold something else: ``tls: found a certificate rather than a key in the PEM for the private
    key``.
    """


class Distrusted(InnermostError, hop=Hop.X):
    """``verify error:num=18:…``, ``Verify return code: 10 (…)``: openssl's s_client, of whomever it was pointed at.

    ``why`` is its number: 18 and 19 are self-signed, 10 has expired (crypto/x509/x509_txt.c).
    """

    why: str


class ListedCertificate(InnermostError):
    """A row in which kubeadm, microk8s or k3s tells of a certificate that has ended, or ends within a month.

    ``of``: ``front-proxy``, ``API server`` or ``kubelet``; ``state``: ``expired`` or ``expiring``.
    """

    of: str
    state: str


class HeaderNotNamed(InnermostError):
    """``--FLAG is set without specifying the standard HEADER`` (apiserver pkg/server/options/authentication.go)."""

    header: str


class OverlappingCAs(InnermostError):
    """``FLAG and FLAG contain overlapping certificates`` (kubernetes pkg/kubeapiserver/options/authentication.go)."""


class TLSAlert(InnermostError):
    """``remote error: tls: ALERT`` (crypto/tls/alert.go): the peer gave up, and said no more than this."""

    alert: str


class HandshakeFailed(InnermostError):
    """``http: TLS handshake error from PEER: WHY`` (net/http server.go): what a server says of a client that left."""

    peer: str
    why: str

    @property
    def kind(self) -> str:
        """``left`` without a word, ``refused`` the certificate, ``plain`` text, ``no-certificate`` of a kubelet."""
        if self.why.endswith(("EOF", "connection reset by peer", "i/o timeout", "broken pipe")):
            return "left"
        if "certificate available for the kubelet" in self.why or self.why == "no certificate available":
            return "no-certificate"
        if "HTTP request to an HTTPS server" in self.why or "first record does not look like" in self.why:
            return "plain"
        return "refused" if "certificate" in self.why and self.why.startswith("remote error") else "other"
