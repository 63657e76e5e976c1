"""A certificate as Go reads it (``crypto/x509`` parser.go): what it says, and the parts that a judgement needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from . import der
from .der import Reader, context, explicit
from .extensions import Extensions, read_extensions
from .gotext import address_text, decimal
from .keys import PublicKey, SignatureAlgorithm, parse_public_key, signature_algorithm
from .model import Unreadable
from .names import Name, parse_name

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_CYCLE_DAYS = 146_097  # in 400 years
_ZONE = rb"(?:Z|([+-])(\d\d)(\d\d))"
_UTC = re.compile(rb"(\d{2})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?" + _ZONE)
_GENERALIZED = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)" + _ZONE)
_NO_EXTENSIONS = Extensions()


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in a certificate: seconds since 1970, and as Go prints it, in the zone it is written in."""

    seconds: int
    text: str

    @property
    def utc(self) -> datetime:
        """As a datetime; beyond what one can hold, the nearest that it can."""
        try:
            return _EPOCH + timedelta(seconds=self.seconds)
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC) if self.seconds < 0 else datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a certificate says. Built only by ``parse``.

    ``valid_from`` and ``valid_to`` are the instants as written; ``not_before`` and ``not_after`` the same in UTC.
    ``public_key`` is the SubjectPublicKeyInfo in DER. ``key`` is None where Go does not know the key's algorithm,
    ``algorithm`` None where it does not know the signature's.
    """

    der: bytes
    tbs: bytes
    version: int
    serial: int
    raw_issuer: bytes
    raw_subject: bytes
    issuer_name: Name
    subject_name: Name
    valid_from: Moment
    valid_to: Moment
    public_key: bytes
    key: PublicKey | None
    algorithm: SignatureAlgorithm | None
    signature: bytes
    extensions: Extensions

    @property
    def serial_text(self) -> str:
        """The serial number in decimal, which an odd certificate's may be too long for ``str``."""
        return decimal(self.serial)

    @property
    def subject(self) -> str:
        """The subject, as Go's ``pkix.Name.String`` prints it: ``CN=system:node:k8s-node1,O=system:nodes``."""
        return str(self.subject_name)

    @property
    def issuer(self) -> str:
        """The issuer, printed likewise."""
        return str(self.issuer_name)

    @property
    def common_name(self) -> str:
        """The subject's common name: who a client is to Kubernetes."""
        return self.subject_name.common_name

    @property
    def organizations(self) -> tuple[str, ...]:
        """The subject's organizations: a client's groups to Kubernetes."""
        return self.subject_name.organizations

    @property
    def dns_names(self) -> tuple[str, ...]:
        """DNS names among the subject alternative names."""
        return self.extensions.dns_names

    @property
    def ip_addresses(self) -> tuple[str, ...]:
        """IP addresses among the subject alternative names, as Go prints them."""
        return tuple(map(address_text, self.extensions.addresses))

    @property
    def not_before(self) -> datetime:
        """The first second of its validity, UTC."""
        return self.valid_from.utc

    @property
    def not_after(self) -> datetime:
        """The last second of its validity, UTC."""
        return self.valid_to.utc

    @property
    def subject_key_id(self) -> str:
        """Hex, empty without one."""
        return self.extensions.subject_key_id.hex()

    @property
    def authority_key_id(self) -> str:
        """Hex, empty without one."""
        return self.extensions.authority_key_id.hex()

    @property
    def is_ca(self) -> bool:
        """Whether its basic constraints say that it is an authority."""
        return self.extensions.is_ca

    @property
    def extended_key_usages(self) -> tuple[str, ...]:
        """``serverAuth``, ``clientAuth`` …; dotted numbers for those that Go does not know. None: good for any."""
        return self.extensions.usages

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are one name; it need not be signed by its own key."""
        return self.raw_issuer == self.raw_subject

    @property
    def sha256(self) -> str:
        """The fingerprint: hex of the SHA-256 of the DER."""
        return sha256(self.der).hexdigest()


@lru_cache(maxsize=512)  # authorities come back with every certificate below them
def parse(der_bytes: bytes) -> Certificate:
    """Read one certificate; raises ``Unreadable`` with the reason of Go's ``ParseCertificate`` where that refuses."""
    certificate = _parse_first(der_bytes)
    if len(certificate.der) != len(der_bytes):
        raise Unreadable("x509: trailing data")
    return certificate


def _parse_first(der_bytes: bytes) -> Certificate:
    raw = Reader(der_bytes).element(der.SEQUENCE, "x509: malformed certificate")
    outer = Reader(raw).read(der.SEQUENCE, "x509: malformed certificate")
    tbs = outer.element(der.SEQUENCE, "x509: malformed tbs certificate")
    fields = Reader(tbs).read(der.SEQUENCE, "x509: malformed tbs certificate")

    version = _version(fields)
    serial = fields.integer("x509: malformed serial number")
    if serial < 0:
        raise Unreadable("x509: negative serial number")
    algorithm = _algorithm(fields, outer)
    raw_issuer = fields.element(der.SEQUENCE, "x509: malformed issuer")
    issuer = parse_name(raw_issuer)
    validity = fields.read(der.SEQUENCE, "x509: malformed validity")
    valid_from, valid_to = _moment(validity), _moment(validity)
    raw_subject = fields.element(der.SEQUENCE, "x509: malformed issuer")  # Go says so of the subject, too
    subject = parse_name(raw_subject)
    public_key = fields.element(der.SEQUENCE, "x509: malformed spki")
    key = _public_key(public_key)
    extensions = _extensions(fields, version)
    bits, padding = outer.bit_string("x509: malformed signature")
    return Certificate(
        der=raw,
        tbs=tbs,
        version=version,
        serial=serial,
        raw_issuer=raw_issuer,
        raw_subject=raw_subject,
        issuer_name=issuer,
        subject_name=subject,
        valid_from=valid_from,
        valid_to=valid_to,
        public_key=public_key,
        key=key,
        algorithm=algorithm,
        signature=_right_aligned(bits, padding),
        extensions=extensions,
    )


def _version(fields: Reader) -> int:
    """1, 2 or 3: one more than what is written."""
    bad = "x509: malformed version"
    content = fields.optional(explicit(0), bad)
    if content is None:
        return 1
    version = content.int64(bad)
    if not content.empty or version < 0:
        raise Unreadable(bad)
    if version == der.MAX_INT64:
        return -version - 1  # Go's int wraps round
    if version > 2:
        raise Unreadable("x509: invalid version")
    return version + 1


def _algorithm(fields: Reader, outer: Reader) -> SignatureAlgorithm | None:
    inside = fields.read(der.SEQUENCE, "x509: malformed signature algorithm identifier")
    outside = outer.read(der.SEQUENCE, "x509: malformed algorithm identifier")
    if inside.rest != outside.rest:
        raise Unreadable("x509: inner and outer signature algorithm identifiers don't match")
    return signature_algorithm(*_identifier(inside))


def _identifier(fields: Reader) -> tuple[bytes, bytes]:
    """An AlgorithmIdentifier: its object identifier's content, and its parameters with their header, or nothing."""
    oid = fields.oid("x509: malformed OID")
    start = fields.at
    if not fields.empty:
        fields.any("x509: malformed parameters")
    return oid, fields.data[start : fields.at]


def _public_key(spki: bytes) -> PublicKey | None:
    fields = Reader(spki).read(der.SEQUENCE, "x509: malformed spki")
    identifier = fields.read(der.SEQUENCE, "x509: malformed public key algorithm identifier")
    oid, parameters = _identifier(identifier)
    bits, padding = fields.bit_string("x509: malformed subjectPublicKey")
    return parse_public_key(oid, parameters, _right_aligned(bits, padding))


def _right_aligned(bits: bytes, padding: int) -> bytes:
    """Go's ``asn1.BitString.RightAlign``: shifted so that the padding is in front."""
    if not padding:
        return bits
    return (int.from_bytes(bits, "big") >> padding).to_bytes(len(bits), "big")


def _extensions(fields: Reader, version: int) -> Extensions:
    if version < 2:
        return _NO_EXTENSIONS
    fields.optional(context(1), "x509: malformed issuerUniqueID")
    fields.optional(context(2), "x509: malformed subjectUniqueID")
    if version < 3:
        return _NO_EXTENSIONS
    wrapper = fields.optional(explicit(3), "x509: malformed extensions")
    if wrapper is None:
        return _NO_EXTENSIONS
    return read_extensions(wrapper.read(der.SEQUENCE, "x509: malformed extensions"))


def _moment(validity: Reader) -> Moment:
    """A UTCTime, which may lack its seconds, or a GeneralizedTime, in any zone (cryptobyte ``ReadASN1UTCTime``)."""
    if validity.peek(der.UTC_TIME):
        bad, pattern = "x509: malformed UTCTime", _UTC
    elif validity.peek(der.GENERALIZED_TIME):
        bad, pattern = "x509: malformed GeneralizedTime", _GENERALIZED
    else:
        raise Unreadable("x509: unsupported time format")
    _, content = validity.any(bad)
    match = pattern.fullmatch(content.rest)
    if match is None:
        raise Unreadable(bad)
    year, month, day, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
    if pattern is _UTC:
        year += 1900 if year >= 50 else 2000
    offset, zone = _zone(match[7], match[8], match[9], bad)
    try:
        # date has no year 0, which is a leap year like 400
        day_number = date(year or 400, month, day).toordinal() - (0 if year else _CYCLE_DAYS) - _EPOCH_DAY
    except ValueError:
        raise Unreadable(bad) from None
    if hour > 23 or minute > 59 or second > 59:
        raise Unreadable(bad)
    seconds = 86_400 * day_number + 3600 * hour + 60 * minute + second - offset
    return Moment(seconds, f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{zone}")


def _zone(sign: bytes | None, hours: bytes, minutes: bytes, bad: str) -> tuple[int, str]:
    """A zone's seconds east of UTC, and as RFC 3339 writes it. Go takes 24 hours, and no zero but ``Z``."""
    if sign is None:
        return 0, "Z"
    if int(hours) > 24 or int(minutes) > 59 or not int(hours + minutes):
        raise Unreadable(bad)
    offset = 3600 * int(hours) + 60 * int(minutes)
    text = f"{sign.decode()}{hours.decode()}:{minutes.decode()}"
    return (-offset if sign == b"-" else offset), text
