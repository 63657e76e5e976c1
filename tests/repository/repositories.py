"""Repositories made for the tests, each as such a cluster's files are kept, with faults or without."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from msdoctor.registry import load
from msdoctor.repository.judging import Judged, preflight
from msdoctor.repository.walk import walk

NOW = datetime.now(UTC).replace(microsecond=0)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, form, none).decode()


def issue(
    name: str,
    by: Issued | None = None,
    *,
    usages: Sequence[x509.ObjectIdentifier] = (),
    ips: Sequence[str] = (),
    dns: Sequence[str] = (),
    days: int = 365,
) -> Issued:
    """A certificate that a CA issued, or a CA."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    names = [*(x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips), *(x509.DNSName(one) for one in dns)]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


def write(root: Path, path: str, text: str) -> None:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def write_pair(root: Path, path: str, issued: Issued) -> None:
    write(root, path, issued.pem)
    stem, _, ending = path.rpartition(".")
    write(root, f"{stem}-key.{ending}", issued.key_pem)


def judge(*paths: Path, expiring_within: timedelta | None = None) -> Judged:
    return preflight(walk(paths), load(), NOW, expiring_within)


def found(judged: Judged, root: Path) -> dict[str, set[str]]:
    """The places of each finding, as ``file:line`` below the root."""
    places: dict[str, set[str]] = {}
    for cause in judged.diagnosis.causes:
        at = cause.finding.location
        place = f"{Path(at.file).relative_to(root)}:{at.line}" if at else "nowhere"
        if cause.finding.effects or cause.finding.remedies:
            places.setdefault(cause.id, set()).add(place)
    return places


def line_of(root: Path, path: str, text: str) -> str:
    """``path:line`` of the first line that holds a text."""
    for number, line in enumerate((root / path).read_text().splitlines(), 1):
        if text in line:
            return f"{path}:{number}"
    raise AssertionError(f"{path} holds no {text}")
