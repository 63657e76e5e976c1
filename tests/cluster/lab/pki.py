"""The lab's certificates: EC P-256 keys and X.509 certificates, both PEM.

Made with the `cryptography` package rather than openssl's command line, so that SANs, issuers and dates are values.
"""

import base64
import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM (PKCS#8, unencrypted)."""

    cert: str
    key: str


def authority(common_name: str, issuer: Pair | None = None) -> Pair:
    """A new certificate authority, valid for ten years: self-signed, unless another one issues it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name, None)
    issuer_name, signing_key = _issuer(issuer) if issuer else (name, key)
    now = datetime.now(UTC)
    builder = _builder(name, issuer_name, key.public_key(), now - 400 * timedelta(days=1), now + 10 * YEAR)
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(usage, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    return _pair(builder.sign(signing_key, hashes.SHA256()), key)


def leaf(
    issuer: Pair | None,
    common_name: str,
    *,
    organization: str | None = None,
    ips: Iterable[str] = (),
    dns_names: Iterable[str] = (),
    begins: timedelta = -HOUR,
    ends: timedelta = YEAR,
    usages: Iterable[str] = ("server", "client"),
) -> Pair:
    """A new key and a certificate for it, signed by that key where nobody issues it; dates count from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(common_name, organization)
    ca_name, ca_key = _issuer(issuer) if issuer else (name, key)
    now = datetime.now(UTC)
    builder = _builder(name, ca_name, key.public_key(), now + begins, now + ends)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    known = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
    builder = builder.add_extension(x509.ExtendedKeyUsage([known[usage] for usage in usages]), critical=False)
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
    names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _pair(builder.sign(ca_key, hashes.SHA256()), key)


def _issuer(pair: Pair) -> tuple[x509.Name, ec.EllipticCurvePrivateKey]:
    key = serialization.load_pem_private_key(pair.key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(pair.cert.encode()).subject, key


def key_pair() -> Pair:
    """A bare public and private key, for service account tokens: `cert` holds the public key."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Pair(public.decode(), _private(key))


def token(pair: Pair, claims: Mapping[str, object]) -> str:
    """A token of these claims (RFC 7519), signed with ES256 by the key of `key_pair`."""
    key = serialization.load_pem_private_key(pair.key.encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signed = f"{_segment(json.dumps({'alg': 'ES256'}).encode())}.{_segment(json.dumps(claims).encode())}"
    numbers = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{_segment(b''.join(number.to_bytes(32, 'big') for number in numbers))}"


def _segment(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _name(common_name: str, organization: str | None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=begins,
        not_valid_after=ends,
    )


def _pair(cert: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    return Pair(cert.public_bytes(serialization.Encoding.PEM).decode(), _private(key))


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
