"""Innermost errors as values: what went wrong, with the names and addresses it went wrong with.

Each says which upstream source prints it. Fields are the text's own parts, never parsed further than the text goes; a
part that the text lacks is empty.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotValidFor:
    """``x509: certificate is valid for A, B, not C`` (crypto/x509/verify.go, HostnameError.Error)."""

    names: tuple[str, ...]
    wanted: str


@dataclass(frozen=True, slots=True)
class NoIPSANs:
    """``x509: cannot validate certificate for IP because it doesn't contain any IP SANs`` (the same)."""

    wanted: str


@dataclass(frozen=True, slots=True)
class NotValidForAny:
    """``x509: certificate is not valid for any names, but wanted to match C`` (the same)."""

    wanted: str


@dataclass(frozen=True, slots=True)
class LegacyCommonName:
    """``x509: certificate relies on legacy Common Name field, use SANs instead`` (the same, from Go 1.15)."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class UnknownAuthority:
    """``x509: certificate signed by unknown authority``, with Go's hint where it gives one (UnknownAuthorityError.Error)."""

    hint: str = ""
    candidate: str = ""


@dataclass(frozen=True, slots=True)
class Expired:
    """``x509: certificate has expired or is not yet valid: current time T is after U`` (CertificateInvalidError.Error)."""

    now: str = ""
    not_after: str = ""


@dataclass(frozen=True, slots=True)
class NotYetValid:
    """The same, ``current time T is before U``."""

    now: str
    not_before: str


@dataclass(frozen=True, slots=True)
class IncompatibleUsage:
    """``x509: certificate specifies an incompatible key usage`` (the same)."""


@dataclass(frozen=True, slots=True)
class NotInAllowedList:
    """``x509: subject with cn=X is not in the allowed list`` (apiserver authentication/request/x509/x509.go)."""

    name: str


@dataclass(frozen=True, slots=True)
class MissingBundleContent:
    """``missing content for CA bundle "NAME"`` (apiserver dynamiccertificates)."""

    bundle: str


@dataclass(frozen=True, slots=True)
class TLSAlert:
    """``remote error: tls: ALERT`` (crypto/tls/alert.go): the peer gave up, and said no more than this."""

    alert: str


@dataclass(frozen=True, slots=True)
class HTTPStatus:
    """A status that is not a success, from ``request failed, status: "403 Forbidden"`` or ``bad status from URL: 403``."""

    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """``User "U" cannot VERB resource "R" in API group "G" …`` or ``cannot VERB path "P"`` (apiserver responsewriters)."""

    user: str
    verb: str
    resource: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Dial:
    """``dial tcp ADDRESS: connect: connection refused``, ``i/o timeout``, ``no route to host`` … (net/net.go OpError)."""

    address: str
    failure: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """``lookup NAME on SERVER: no such host``, ``server misbehaving``, ``i/o timeout`` (net/net.go DNSError)."""

    name: str
    server: str
    failure: str


@dataclass(frozen=True, slots=True)
class DeadlineExceeded:
    """``context deadline exceeded`` and its kin of net/http: no answer in time."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Canceled:
    """``context canceled``: whoever asked no longer waits."""


@dataclass(frozen=True, slots=True)
class NoMetricsToServe:
    """``no metrics to serve``: nothing is stored yet, or any more (metrics-server pkg/server/server.go)."""


@dataclass(frozen=True, slots=True)
class MetricsAPINotAvailable:
    """``error: Metrics API not available`` (kubectl top)."""


@dataclass(frozen=True, slots=True)
class MetricsNotAvailableYet:
    """``error: metrics not available yet`` (kubectl top)."""


@dataclass(frozen=True, slots=True)
class ServiceUnavailable:
    """``the server is currently unable to handle the request`` (apimachinery StatusReasonServiceUnavailable)."""

    request: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """A line that a component prints when it starts well; ``what`` names the step."""

    what: str


InnermostError = (
    NotValidFor
    | NoIPSANs
    | NotValidForAny
    | LegacyCommonName
    | UnknownAuthority
    | Expired
    | NotYetValid
    | IncompatibleUsage
    | NotInAllowedList
    | MissingBundleContent
    | TLSAlert
    | HTTPStatus
    | Forbidden
    | Dial
    | Lookup
    | DeadlineExceeded
    | Canceled
    | NoMetricsToServe
    | MetricsAPINotAvailable
    | MetricsNotAvailableYet
    | ServiceUnavailable
    | Started
)
