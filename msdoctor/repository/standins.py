"""Certificates that a repository does not hold: what a distribution makes by itself, and what stands for one unseen.

Nothing is signed with their keys, which are thrown away. They let the ordinary facts be read: an API server with a
front-proxy CA publishes one, whether the repository holds that CA or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

UNSEEN = "msdoctor-not-in-the-repository"  # the CN of a CA that stands for one unseen
Key = ec.EllipticCurvePrivateKey
LIFE = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Pair:
    """A CA and a client certificate that it issued, PEM."""

    ca: str
    leaf: str


@lru_cache(maxsize=32)
def pair(ca_name: str, leaf_name: str, now: datetime) -> Pair:
    """A front-proxy CA and its client certificate, as a distribution makes them."""
    key, own = _key(), _key()
    ca = _certificate(ca_name, key, ca_name, key, now, is_ca=True)
    return Pair(ca, _certificate(leaf_name, own, ca_name, key, now, is_ca=False))


@lru_cache(maxsize=4)
def unseen_ca(now: datetime) -> str:
    """A CA that nobody has: for a file that a flag names and the repository does not hold."""
    key = _key()
    return _certificate(UNSEEN, key, UNSEEN, key, now, is_ca=True)


@lru_cache(maxsize=4)
def own_of_kubelet(node: str, now: datetime) -> str:
    """What a kubelet signs for itself: for its name alone (client-go util/cert, GenerateSelfSignedCertKey)."""
    key, ca = _key(), _key()
    issuer = f"{node}-ca@{int(now.timestamp())}"
    return _certificate(f"{node}@{int(now.timestamp())}", key, issuer, ca, now, is_ca=False, dns=node)


def public_half(key: str) -> str:
    """A private key's public half, PEM, as bundles keep keys; empty where it is encrypted or cannot be read."""
    try:
        public = serialization.load_pem_private_key(key.encode(), password=None).public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return public.public_bytes(serialization.Encoding.PEM, form).decode()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return ""


def _key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def _certificate(
    name: str, key: Key, issuer: str, issuer_key: Key, now: datetime, *, is_ca: bool, dns: str = ""
) -> str:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if not is_ca:
        usage = Usage.SERVER_AUTH if dns else Usage.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if dns:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(dns)]), critical=False)
    signed = builder.sign(issuer_key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()
