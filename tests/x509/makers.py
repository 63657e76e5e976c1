"""Certificates made byte by byte, so that they can be wrong in every way; the same bytes on every run.

Nothing here is random: keys come from their names, signatures are deterministic (ECDSA by RFC 6979, PSS with a fixed
salt), and whatever varies is drawn from a ``Dice``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

T = TypeVar("T")
Hash = hashes.HashAlgorithm
PRIMES: dict[str, list[str]] = json.loads((Path(__file__).parent / "primes.json").read_text())


class Dice:
    """Draws that depend on nothing but the seed, on any Python."""

    def __init__(self, seed: str) -> None:
        self._seed = seed.encode()
        self._count = 0

    def below(self, limit: int) -> int:
        self._count += 1
        drawn = hashlib.sha256(self._seed + self._count.to_bytes(8, "big")).digest()
        return int.from_bytes(drawn[:8], "big") % limit

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], most: int) -> list[T]:
        return [self.pick(choices) for _ in range(self.below(most + 1))]

    def chance(self, percent: int) -> bool:
        return self.below(100) < percent

    def bytes(self, count: int) -> bytes:
        return b"".join(self.below(256).to_bytes(1, "big") for _ in range(count))


def tlv(tag: int, *parts: bytes) -> bytes:
    """A DER value."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def seq(*parts: bytes) -> bytes:
    return tlv(0x30, *parts)


def octets(content: bytes) -> bytes:
    return tlv(0x04, content)


def bits(content: bytes, unused: int = 0) -> bytes:
    return tlv(0x03, bytes([unused]), content)


def integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def boolean(value: bool) -> bytes:
    return tlv(0x01, b"\xff" if value else b"\x00")


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = b""
    for number in [40 * first + second, *rest]:
        digits = [number & 0x7F]
        while number := number >> 7:
            digits.append(number & 0x7F | 0x80)
        content += bytes(reversed(digits))
    return tlv(0x06, content)


NULL = tlv(0x05)


def attribute(kind: str, value: str | bytes, tag: int = 0x0C) -> bytes:
    """A relative distinguished name of one attribute."""
    return tlv(0x31, seq(oid(kind), tlv(tag, value.encode() if isinstance(value, str) else value)))


@lru_cache(4096)
def cn(name: str) -> bytes:
    """A whole name that is only a common name."""
    return seq(attribute("2.5.4.3", name))


@dataclass(frozen=True)
class Key:
    """A key pair: its SubjectPublicKeyInfo, how it signs by default, and its signature function."""

    spki: bytes
    algorithm: bytes
    sign: Callable[[bytes, bytes], bytes] = field(compare=False)


ED25519 = seq(oid("1.3.101.112"))
RSA_ALGORITHMS: dict[bytes, Hash] = {
    seq(oid("1.2.840.113549.1.1.4"), NULL): hashes.MD5(),
    seq(oid("1.2.840.113549.1.1.5"), NULL): hashes.SHA1(),
    seq(oid("1.3.14.3.2.29"), NULL): hashes.SHA1(),
    seq(oid("1.2.840.113549.1.1.11"), NULL): hashes.SHA256(),
    seq(oid("1.2.840.113549.1.1.12"), NULL): hashes.SHA384(),
    seq(oid("1.2.840.113549.1.1.13"), NULL): hashes.SHA512(),
}
RSA_SHA256 = seq(oid("1.2.840.113549.1.1.11"), NULL)
EC_ALGORITHMS: dict[bytes, Hash] = {
    seq(oid("1.2.840.10045.4.1")): hashes.SHA1(),
    seq(oid("1.2.840.10045.4.3.2")): hashes.SHA256(),
    seq(oid("1.2.840.10045.4.3.3")): hashes.SHA384(),
    seq(oid("1.2.840.10045.4.3.4")): hashes.SHA512(),
}
EC_SHA256 = seq(oid("1.2.840.10045.4.3.2"))
SHA_OIDS = {32: "2.16.840.1.101.3.4.2.1", 48: "2.16.840.1.101.3.4.2.2", 64: "2.16.840.1.101.3.4.2.3"}


def pss_algorithm(
    size: int, *, salt: int | None = None, null: bytes = NULL, mgf: int | None = None, more: bytes = b""
) -> bytes:
    """RSASSA-PSS with a hash of ``size`` bytes; the rest as Go writes it unless told otherwise."""
    mask = seq(oid("1.2.840.113549.1.1.8"), seq(oid(SHA_OIDS[mgf or size]), null))
    return seq(
        oid("1.2.840.113549.1.1.10"),
        seq(
            tlv(0xA0, seq(oid(SHA_OIDS[size]), null)),
            tlv(0xA1, mask),
            tlv(0xA2, integer(size if salt is None else salt)),
            more,
        ),
    )


PSS_ALGORITHMS: dict[bytes, Hash] = {
    pss_algorithm(32): hashes.SHA256(),
    pss_algorithm(48): hashes.SHA384(),
    pss_algorithm(64): hashes.SHA512(),
}


@cache
def ed(name: str) -> Key:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key(spki, ED25519, lambda _algorithm, tbs: private.sign(tbs))


CURVES: dict[str, ec.EllipticCurve] = {
    "P224": ec.SECP224R1(),
    "P256": ec.SECP256R1(),
    "P384": ec.SECP384R1(),
    "P521": ec.SECP521R1(),
}


@cache
def ecdsa(name: str, curve: str = "P256") -> Key:
    private = ec.derive_private_key(int.from_bytes(hashlib.sha224(name.encode()).digest()[1:], "big"), CURVES[curve])
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(algorithm: bytes, tbs: bytes) -> bytes:
        digest = EC_ALGORITHMS.get(algorithm, hashes.SHA256())
        return private.sign(tbs, ec.ECDSA(digest, deterministic_signing=True))

    return Key(spki, EC_SHA256, sign)


@cache
def rsa_key(name: str) -> Key:
    """One of the keys in primes.json."""
    p, q = (int(prime, 16) for prime in PRIMES[name])
    n, e = p * q, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    size = (n.bit_length() + 7) // 8
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, n))
    private = numbers.private_key() if n.bit_length() >= 1024 else None

    def sign(algorithm: bytes, tbs: bytes) -> bytes:
        if private is None:
            return bytes(size)  # Go does not get as far as looking at it
        if algorithm in PSS_ALGORITHMS:
            if size < 2 * PSS_ALGORITHMS[algorithm].digest_size + 2:
                return bytes(size)  # too short a key for this hash
            return pow(int.from_bytes(_pss(tbs, PSS_ALGORITHMS[algorithm], size), "big"), d, n).to_bytes(size, "big")
        return private.sign(tbs, padding.PKCS1v15(), RSA_ALGORITHMS.get(algorithm, hashes.SHA256()))

    return Key(rsa_spki(n, e), RSA_SHA256, sign)


def rsa_spki(n: int, e: int, parameters: bytes = NULL) -> bytes:
    return seq(seq(oid("1.2.840.113549.1.1.1"), parameters), bits(seq(integer(n), integer(e))))


def _pss(tbs: bytes, digest: Hash, size: int) -> bytes:
    """EMSA-PSS (RFC 8017 section 9.1.1) with a salt of zeros, for a modulus of whole bytes."""
    name, length = digest.name, digest.digest_size
    hashed = hashlib.new(name, bytes(8) + hashlib.new(name, tbs).digest() + bytes(length)).digest()
    block = bytes(size - 2 * length - 2) + b"\x01" + bytes(length)
    mask, counter = b"", 0
    while len(mask) < len(block):
        mask += hashlib.new(name, hashed + counter.to_bytes(4, "big")).digest()
        counter += 1
    masked = bytes(a ^ b for a, b in zip(block, mask, strict=False))
    return bytes([masked[0] & 0x7F]) + masked[1:] + hashed + b"\xbc"


@dataclass(frozen=True)
class Ext:
    """One extension."""

    oid: str
    value: bytes
    critical: bool = False

    @property
    def der(self) -> bytes:
        return seq(oid(self.oid), boolean(True) if self.critical else b"", octets(self.value))


def san(*names: bytes, critical: bool = False) -> Ext:
    return Ext("2.5.29.17", seq(*names), critical)


def dns(name: str | bytes) -> bytes:
    return tlv(0x82, name.encode() if isinstance(name, str) else name)


def ip(text: str | bytes) -> bytes:
    """An address: dotted, or as many bytes as given."""
    return tlv(0x87, bytes(map(int, text.split("."))) if isinstance(text, str) else text)


def email(name: str | bytes) -> bytes:
    return tlv(0x81, name.encode() if isinstance(name, str) else name)


def uri(name: str | bytes) -> bytes:
    return tlv(0x86, name.encode() if isinstance(name, str) else name)


def usages(*dotted: str) -> Ext:
    return Ext("2.5.29.37", seq(*map(oid, dotted)))


SERVER, CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"


def basic(ca: bool = True, path: int | None = None, critical: bool = True) -> Ext:
    return Ext("2.5.29.19", seq(boolean(True) if ca else b"", b"" if path is None else integer(path)), critical)


def key_usage(*positions: int) -> Ext:
    """Bits by their number in RFC 5280 4.2.1.3; 5 is keyCertSign."""
    value = sum(0x8000 >> position for position in positions)
    content = value.to_bytes(2, "big") if value & 0xFF else bytes([value >> 8])
    unused = 0
    while unused < 7 and not content[-1] >> unused & 1:
        unused += 1
    return Ext("2.5.29.15", bits(content, unused if content != b"\x00" else 7), critical=True)


def skid(key_id: bytes) -> Ext:
    return Ext("2.5.29.14", octets(key_id))


def akid(key_id: bytes) -> Ext:
    return Ext("2.5.29.35", seq(tlv(0x80, key_id)))


def utc(text: str) -> bytes:
    return tlv(0x17, text.encode())


def generalized(text: str) -> bytes:
    return tlv(0x18, text.encode())


FROM, TO = utc("240101000000Z"), utc("340101000000Z")


@dataclass(frozen=True)
class Cert:
    """What to put into a certificate; ``tbs_tail`` and the like are bytes that do not belong there."""

    subject: bytes
    issuer: bytes
    key: Key
    signer: Key
    exts: tuple[Ext, ...] = ()
    validity: bytes = FROM + TO
    version: bytes = tlv(0xA0, integer(2))
    serial: bytes = integer(4711)
    spki: bytes | None = None
    algorithm: bytes | None = None
    outer_algorithm: bytes | None = None
    unique_ids: bytes = b""
    raw_extensions: bytes | None = None
    tbs_tail: bytes = b""
    signature: bytes | None = None

    @property
    def der(self) -> bytes:
        return _der(self)


@lru_cache(20_000)
def _der(cert: Cert) -> bytes:
    extensions = cert.raw_extensions
    if extensions is None:
        extensions = tlv(0xA3, seq(*(ext.der for ext in cert.exts))) if cert.exts else b""
    algorithm = cert.algorithm or cert.signer.algorithm
    tbs = seq(
        cert.version,
        cert.serial,
        algorithm,
        cert.issuer,
        seq(cert.validity),
        cert.subject,
        cert.spki or cert.key.spki,
        cert.unique_ids,
        extensions,
        cert.tbs_tail,
    )
    return signed(tbs, cert.signer, algorithm, cert.outer_algorithm, cert.signature)


def signed(
    tbs: bytes, signer: Key, algorithm: bytes, outer: bytes | None = None, signature: bytes | None = None
) -> bytes:
    """A certificate of a finished TBSCertificate."""
    made = bits(signer.sign(algorithm, tbs)) if signature is None else signature
    return seq(tbs, outer or algorithm, made)
