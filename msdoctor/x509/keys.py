"""Public keys and signatures: which ones Go reads, which it verifies, and what it says of the rest.

Sources: ``crypto/x509`` parser.go ``parsePublicKey``, x509.go ``getSignatureAlgorithmFromAI`` and ``checkSignature``,
``crypto/internal/fips140/{nistec,rsa}``. The arithmetic of a signature is left to OpenSSL, loaded at the first one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from . import der
from .der import Reader, encoded
from .model import Unreadable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurve, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

NULL = b"\x05\x00"
UNSUPPORTED = "x509: cannot verify signature: algorithm unimplemented"


@dataclass(frozen=True, slots=True)
class Curve:
    """A curve y² = x³ - 3x + b over the integers modulo p, with coordinates of ``size`` bytes."""

    name: str
    p: int
    b: int
    size: int


_CURVES = {
    encoded("1.3.132.0.33"): Curve(
        "P224",
        2**224 - 2**96 + 1,
        0xB4050A850C04B3ABF54132565044B0B7D7BFD8BA270B39432355FFB4,
        28,
    ),
    encoded("1.2.840.10045.3.1.7"): Curve(
        "P256",
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        32,
    ),
    encoded("1.3.132.0.34"): Curve(
        "P384",
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        48,
    ),
    encoded("1.3.132.0.35"): Curve(
        "P521",
        2**521 - 1,
        int(
            "051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF10"
            "9E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00",
            16,
        ),
        66,
    ),
}


@dataclass(frozen=True, slots=True)
class RsaKey:
    """A modulus and an exponent, both positive."""

    n: int
    e: int


@dataclass(frozen=True, slots=True)
class EcKey:
    """A point on its curve, in SEC 1's uncompressed form."""

    curve: Curve
    point: bytes


@dataclass(frozen=True, slots=True)
class Ed25519Key:
    """32 bytes, not checked to be a point before they are used."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class DsaKey:
    """Go reads DSA keys and verifies nothing with them."""


PublicKey = RsaKey | EcKey | Ed25519Key | DsaKey

_RSA, _DSA = encoded("1.2.840.113549.1.1.1"), encoded("1.2.840.10040.4.1")
_EC, _ED25519 = encoded("1.2.840.10045.2.1"), encoded("1.3.101.112")
_GO_TYPES: dict[type[PublicKey], str] = {
    RsaKey: "*rsa.PublicKey",
    EcKey: "*ecdsa.PublicKey",
    Ed25519Key: "ed25519.PublicKey",
}


def parse_public_key(algorithm: bytes, parameters: bytes, bits: bytes) -> PublicKey | None:
    """The key of a SubjectPublicKeyInfo; None where its algorithm is one that Go leaves unread."""
    if algorithm == _RSA:
        return _rsa(parameters, bits)
    if algorithm == _EC:
        return _ec(parameters, bits)
    if algorithm == _ED25519:
        return _ed25519(parameters, bits)
    if algorithm == _DSA:
        return _dsa(parameters, bits)
    return None


def _rsa(parameters: bytes, bits: bytes) -> RsaKey:
    if parameters != NULL:
        raise Unreadable("x509: RSA key missing NULL parameters")
    fields = Reader(bits).read(der.SEQUENCE, "x509: invalid RSA public key")
    n = fields.integer("x509: invalid RSA modulus")
    e = fields.int64("x509: invalid RSA public exponent")
    if n <= 0:
        raise Unreadable("x509: RSA modulus is not a positive number")
    if e <= 0:
        raise Unreadable("x509: RSA public exponent is not a positive number")
    return RsaKey(n, e)


def _ec(parameters: bytes, bits: bytes) -> EcKey:
    curve = _CURVES.get(Reader(parameters).oid("x509: invalid ECDSA parameters"))
    if curve is None:
        raise Unreadable("x509: unsupported elliptic curve")
    if bits[:1] != b"\x04":
        raise Unreadable("ecdsa: invalid uncompressed public key")
    if len(bits) != 1 + 2 * curve.size:
        raise Unreadable(f"invalid {curve.name} point encoding")
    x = int.from_bytes(bits[1 : 1 + curve.size], "big")
    y = int.from_bytes(bits[1 + curve.size :], "big")
    if x >= curve.p or y >= curve.p:
        # Go has P-256 in assembly, with words of its own
        raise Unreadable(f"invalid {curve.name}{' element' if curve.name == 'P256' else 'Element'} encoding")
    if (y * y - (x * x - 3) * x - curve.b) % curve.p:
        raise Unreadable(f"{curve.name} point not on curve")
    return EcKey(curve, bits)


def _ed25519(parameters: bytes, bits: bytes) -> Ed25519Key:
    if parameters:
        raise Unreadable("x509: Ed25519 key encoded with illegal parameters")
    if len(bits) != 32:
        raise Unreadable("x509: wrong Ed25519 public key size")
    return Ed25519Key(bits)


def _dsa(parameters: bytes, bits: bytes) -> DsaKey:
    y = Reader(bits).integer("x509: invalid DSA public key")
    bad = "x509: invalid DSA parameters"
    domain = Reader(parameters).read(der.SEQUENCE, bad)
    p, q, g = domain.integer(bad), domain.integer(bad), domain.integer(bad)
    if min(y, p, q, g) <= 0:
        raise Unreadable("x509: zero or negative DSA parameter")
    return DsaKey()


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """How a certificate is signed: Go's name of it, the family of the key, the hash (none for Ed25519)."""

    name: str
    family: str
    hash: str = ""
    pss: bool = False

    @property
    def insecure(self) -> bool:
        """Whether Go refuses it for certificates, whoever signed."""
        return self.hash in ("MD5", "SHA1")


_PSS = encoded("1.2.840.113549.1.1.10")
_ALGORITHMS = {
    encoded("1.2.840.113549.1.1.4"): SignatureAlgorithm("MD5-RSA", "RSA", "MD5"),
    encoded("1.2.840.113549.1.1.5"): SignatureAlgorithm("SHA1-RSA", "RSA", "SHA1"),
    encoded("1.3.14.3.2.29"): SignatureAlgorithm("SHA1-RSA", "RSA", "SHA1"),
    encoded("1.2.840.113549.1.1.11"): SignatureAlgorithm("SHA256-RSA", "RSA", "SHA256"),
    encoded("1.2.840.113549.1.1.12"): SignatureAlgorithm("SHA384-RSA", "RSA", "SHA384"),
    encoded("1.2.840.113549.1.1.13"): SignatureAlgorithm("SHA512-RSA", "RSA", "SHA512"),
    encoded("1.2.840.10040.4.3"): SignatureAlgorithm("DSA-SHA1", "DSA", "SHA1"),
    encoded("2.16.840.1.101.3.4.3.2"): SignatureAlgorithm("DSA-SHA256", "DSA", "SHA256"),
    encoded("1.2.840.10045.4.1"): SignatureAlgorithm("ECDSA-SHA1", "ECDSA", "SHA1"),
    encoded("1.2.840.10045.4.3.2"): SignatureAlgorithm("ECDSA-SHA256", "ECDSA", "SHA256"),
    encoded("1.2.840.10045.4.3.3"): SignatureAlgorithm("ECDSA-SHA384", "ECDSA", "SHA384"),
    encoded("1.2.840.10045.4.3.4"): SignatureAlgorithm("ECDSA-SHA512", "ECDSA", "SHA512"),
    _ED25519: SignatureAlgorithm("Ed25519", "Ed25519"),
}
_PSS_HASHES = {
    (encoded("2.16.840.1.101.3.4.2.1"), 32): "SHA256",
    (encoded("2.16.840.1.101.3.4.2.2"), 48): "SHA384",
    (encoded("2.16.840.1.101.3.4.2.3"), 64): "SHA512",
}


def signature_algorithm(algorithm: bytes, parameters: bytes) -> SignatureAlgorithm | None:
    """The algorithm of an AlgorithmIdentifier; None where Go does not know it. Only for two do parameters count."""
    if algorithm == _PSS:
        try:
            return _pss(parameters)
        except Unreadable:
            return None
    if algorithm == _ED25519 and parameters:
        return None
    return _ALGORITHMS.get(algorithm)


def _pss(parameters: bytes) -> SignatureAlgorithm | None:
    """RSASSA-PSS with one hash throughout, salted to its length, nothing left to a default (RFC 4055 section 3.1)."""
    bad = "not one of the three that Go knows"
    fields = Reader(parameters).read(der.SEQUENCE, bad)
    hash_oid, hash_parameters = _identifier(fields.read(der.explicit(0), bad).read(der.SEQUENCE, bad))
    mask_oid, mask_parameters = _identifier(fields.read(der.explicit(1), bad).read(der.SEQUENCE, bad))
    mask_hash, mask_hash_parameters = _identifier(Reader(mask_parameters).read(der.SEQUENCE, bad))
    salt = fields.read(der.explicit(2), bad).int64(bad)
    trailer = fields.optional(der.explicit(3), bad)
    if trailer is None and not fields.empty and fields.any(bad)[1].empty:
        return None  # anything else may stand in the trailer's place, as long as it has a content
    if (
        hash_parameters not in (b"", NULL)
        or mask_oid != encoded("1.2.840.113549.1.1.8")
        or mask_hash != hash_oid
        or mask_hash_parameters not in (b"", NULL)
        or (trailer is not None and trailer.int64(bad) != 1)
        or (hash_oid, salt) not in _PSS_HASHES
    ):
        return None
    name = _PSS_HASHES[hash_oid, salt]
    return SignatureAlgorithm(f"{name}-RSAPSS", "RSA", name, pss=True)


def _identifier(fields: Reader) -> tuple[bytes, bytes]:
    bad = "not an algorithm identifier"
    oid = fields.oid(bad)
    start = fields.at
    if not fields.empty:
        fields.any(bad)
    return oid, fields.data[start : fields.at]


def signature_fault(
    algorithm: SignatureAlgorithm | None, signed: bytes, signature: bytes, key: PublicKey
) -> str | None:
    """Why Go does not take ``signature`` for one over ``signed`` by ``key``, in its words; None where it does."""
    if algorithm is None:
        return UNSUPPORTED
    if algorithm.insecure:
        return f"x509: cannot verify signature: insecure algorithm {algorithm.name}"
    if isinstance(key, DsaKey):
        return UNSUPPORTED
    if algorithm.family != _family(key):
        return (
            f"x509: signature algorithm specifies an {algorithm.family} public key, "
            f"but have public key of type {_GO_TYPES[type(key)]}"
        )
    if isinstance(key, RsaKey):
        return _rsa_fault(key, algorithm, signed, signature)
    if isinstance(key, EcKey):
        return None if _ec_verifies(key, algorithm.hash, signed, signature) else "x509: ECDSA verification failure"
    return None if _ed25519_verifies(key, signed, signature) else "x509: Ed25519 verification failure"


def _family(key: RsaKey | EcKey | Ed25519Key) -> str:
    return {RsaKey: "RSA", EcKey: "ECDSA", Ed25519Key: "Ed25519"}[type(key)]


def _rsa_fault(key: RsaKey, algorithm: SignatureAlgorithm, signed: bytes, signature: bytes) -> str | None:
    if fault := _rsa_key_fault(key):
        return fault
    verified = len(signature) == (key.n.bit_length() + 7) // 8 and _rsa_verifies(key, algorithm, signed, signature)
    return None if verified else "crypto/rsa: verification error"


@lru_cache(maxsize=256)
def _rsa_key_fault(key: RsaKey) -> str | None:
    """``crypto/rsa`` rsa.go ``checkKeySize``, then fips140/rsa ``checkPublicKey``."""
    bits = key.n.bit_length()
    if bits < 1024:
        return f"crypto/rsa: {bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)"
    if key.n % 2 == 0:
        return "crypto/rsa: public modulus is even"
    if key.e < 2:
        return "crypto/rsa: public exponent too small or negative"
    if key.e % 2 == 0:
        return "crypto/rsa: public exponent is even"
    if key.e > 2**31 - 1:
        return "crypto/rsa: public exponent too large"
    return None


def _rsa_verifies(key: RsaKey, algorithm: SignatureAlgorithm, signed: bytes, signature: bytes) -> bool:
    # OpenSSL takes no key above 16,384 bits, so that its signatures count as wrong here; crypto/tls stops at 8,192.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, PKCS1v15  # noqa: PLC0415

    digest = _hash(algorithm.hash)
    padding = PSS(MGF1(digest), digest.digest_size) if algorithm.pss else PKCS1v15()
    try:
        _rsa_key(key).verify(signature, signed, padding, digest)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=256)
def _rsa_key(key: RsaKey) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415

    return RSAPublicNumbers(key.e, key.n).public_key()


def _ec_verifies(key: EcKey, hash_name: str, signed: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415

    if not _is_ec_signature(signature):
        return False
    try:
        _ec_key(key).verify(signature, signed, ECDSA(_hash(hash_name)))
    except InvalidSignature:
        return False
    return True


def _is_ec_signature(signature: bytes) -> bool:
    """Two non-negative integers in strict DER and nothing else (``crypto/ecdsa`` ``parseSignature``)."""
    outer = Reader(signature)
    try:
        pair = outer.read(der.SEQUENCE, "")
        return min(pair.integer(""), pair.integer("")) >= 0 and pair.empty and outer.empty
    except Unreadable:
        return False


@lru_cache(maxsize=256)
def _ec_key(key: EcKey) -> EllipticCurvePublicKey:
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    curves: dict[str, type[EllipticCurve]] = {
        "P224": ec.SECP224R1,
        "P256": ec.SECP256R1,
        "P384": ec.SECP384R1,
        "P521": ec.SECP521R1,
    }
    return ec.EllipticCurvePublicKey.from_encoded_point(curves[key.curve.name](), key.point)


def _ed25519_verifies(key: Ed25519Key, signed: bytes, signature: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    try:
        Ed25519PublicKey.from_public_bytes(key.raw).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache
def _hash(name: str) -> HashAlgorithm:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415

    algorithms: dict[str, type[HashAlgorithm]] = {
        "SHA256": hashes.SHA256,
        "SHA384": hashes.SHA384,
        "SHA512": hashes.SHA512,
    }
    return algorithms[name]()
