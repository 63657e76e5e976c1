"""Whether a certificate is for a host (``crypto/x509`` verify.go ``VerifyHostname``, ``HostnameError``; RFC 6125)."""

from __future__ import annotations

import re

from .certificate import Certificate
from .gotext import address_text, parse_ip, same_address
from .model import ProblemKind

_LIST_LIMIT = 100  # from here on Go counts names instead of listing them
_LABEL = re.compile(r"[a-z0-9_A-Z][a-zA-Z0-9_-]*")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def hostname_fault(certificate: Certificate, host: str) -> tuple[ProblemKind, str] | None:
    """Why a certificate is not for a DNS name or an address (also one in brackets), in Go's words; None where it is."""
    bare = host[1:-1] if len(host) >= 3 and host[0] == "[" and host[-1] == "]" else host
    address = parse_ip(bare)
    if address is not None:
        if any(same_address(address, candidate) for candidate in certificate.extensions.addresses):
            return None
        return _mismatch(certificate, bare)
    if _matches_name(certificate, host):
        return None
    return _mismatch(certificate, host)


def _matches_name(certificate: Certificate, host: str) -> bool:
    name = host.translate(_LOWER)
    is_hostname = _valid_hostname(name.removesuffix("."), pattern=False)
    labels = _labels(name)
    for candidate in certificate.extensions.dns_names:
        # Wildcards and final dots are for real host names only; anything else must be the same, letter by letter.
        if is_hostname and _valid_hostname(candidate, pattern=True):
            if _matches_labels(candidate, labels):
                return True
        elif candidate not in ("", ".") and candidate.translate(_LOWER) == name:
            return True
    return False


def _labels(host: str) -> list[str]:
    return host.removesuffix(".").translate(_LOWER).split(".")


def _valid_hostname(host: str, *, pattern: bool) -> bool:
    if host == "*":
        return False
    labels = host.split(".")
    if pattern and labels[0] == "*":
        labels = labels[1:]
    return all(map(_LABEL.fullmatch, labels))


def _matches_labels(pattern: str, labels: list[str]) -> bool:
    if not pattern:
        return False
    parts = pattern.translate(_LOWER).split(".")
    if len(parts) != len(labels):
        return False
    return all(
        part == label or (i == 0 and part == "*") for i, (part, label) in enumerate(zip(parts, labels, strict=True))
    )


def _mismatch(certificate: Certificate, host: str) -> tuple[ProblemKind, str]:
    if certificate.extensions.san is None and _matches_labels(certificate.common_name, _labels(host)):
        return (
            ProblemKind.LEGACY_COMMON_NAME,
            "x509: certificate relies on legacy Common Name field, use SANs instead",
        )
    if parse_ip(host) is not None:
        return _address_mismatch(certificate.extensions.addresses, host)
    names = certificate.extensions.dns_names
    if len(names) >= _LIST_LIMIT:
        return ProblemKind.NAME_MISMATCH, f"x509: certificate is valid for {len(names)} names, but none matched {host}"
    if not (listed := ", ".join(names)):
        return ProblemKind.NO_NAMES, f"x509: certificate is not valid for any names, but wanted to match {host}"
    return ProblemKind.NAME_MISMATCH, f"x509: certificate is valid for {listed}, not {host}"


def _address_mismatch(addresses: tuple[bytes, ...], host: str) -> tuple[ProblemKind, str]:
    if not addresses:
        return (
            ProblemKind.NO_IP_SANS,
            f"x509: cannot validate certificate for {host} because it doesn't contain any IP SANs",
        )
    if len(addresses) >= _LIST_LIMIT:
        return (
            ProblemKind.NAME_MISMATCH,
            f"x509: certificate is valid for {len(addresses)} IP SANs, but none matched {host}",
        )
    listed = ", ".join(map(address_text, addresses))
    return ProblemKind.NAME_MISMATCH, f"x509: certificate is valid for {listed}, not {host}"
