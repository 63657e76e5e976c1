"""Distinguished names as Go reads and prints them (``crypto/x509`` parser.go ``parseName``, ``crypto/x509/pkix``)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from . import der
from .der import Reader
from .model import Unreadable

_COMMON_NAME, _ORGANIZATION, _SERIAL_NUMBER = "2.5.4.3", "2.5.4.10", "2.5.4.5"
# Go prints the attributes it knows in the reverse of this order; the last two only once, and only if not empty.
_GROUPED = {
    "2.5.4.6": "C",
    "2.5.4.8": "ST",
    "2.5.4.7": "L",
    "2.5.4.9": "STREET",
    "2.5.4.17": "POSTALCODE",
    _ORGANIZATION: "O",
    "2.5.4.11": "OU",
}
_SINGLE = {_COMMON_NAME: "CN", _SERIAL_NUMBER: "SERIALNUMBER"}
_PRINTABLE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'()+,-./ :=?")
_PRINTABLE_AND_COMMON_MISTAKES = _PRINTABLE | frozenset(b"*&")
_NUMERIC = frozenset(b"0123456789 ")


@dataclass(frozen=True, slots=True)
class Name:
    """A name's attributes, (dotted type, value), in the order in which they are written, without their grouping."""

    attributes: tuple[tuple[str, str], ...]

    def values(self, kind: str) -> tuple[str, ...]:
        """The values of every attribute of one type."""
        return tuple(value for name, value in self.attributes if name == kind)

    @property
    def common_name(self) -> str:
        """The last common name, or nothing."""
        return self.values(_COMMON_NAME)[-1:][0] if self.values(_COMMON_NAME) else ""

    @property
    def organizations(self) -> tuple[str, ...]:
        """All organizations: what Kubernetes takes for groups."""
        return self.values(_ORGANIZATION)

    def __str__(self) -> str:
        """As Go's ``pkix.Name.String`` prints it: roughly RFC 2253, the common name before the organization."""
        known = _GROUPED.keys() | _SINGLE.keys()
        parts = [f"{kind}=#{_der_string(value).hex()}" for kind, value in self.attributes if kind not in known]
        parts += [
            "+".join(f"{label}={_escape(value)}" for value in self.values(kind)) for kind, label in _GROUPED.items()
        ]
        parts += [
            f"{label}={_escape(self.values(kind)[-1])}"
            for kind, label in _SINGLE.items()
            if any(self.values(kind)[-1:])
        ]
        return ",".join(part for part in reversed(parts) if part)


def _escape(value: str) -> str:
    octets = len(value.encode())
    escaped, position = "", 0
    for character in value:
        at_an_end = position in (0, octets - 1)
        if character in ',+"\\<>;' or (character == " " and at_an_end) or (character == "#" and position == 0):
            escaped += "\\"
        escaped += character
        position += len(character.encode())
    return escaped


def _der_string(value: str) -> bytes:
    octets = value.encode()
    tag = der.PRINTABLE_STRING if _PRINTABLE.issuperset(octets) else der.UTF8_STRING
    size = len(octets)
    if size < 0x80:
        return bytes([tag, size]) + octets
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + octets


@lru_cache(maxsize=1024)  # thousands of certificates share an issuer
def parse_name(raw: bytes) -> Name:
    """Read a DER Name."""
    bad = "x509: invalid RDNSequence"
    attributes: list[tuple[str, str]] = []
    sequence = Reader(raw).read(der.SEQUENCE, bad)
    while not sequence.empty:
        members = sequence.read(der.SET, bad)
        while not members.empty:
            attribute = members.read(der.SEQUENCE, f"{bad}: invalid attribute")
            kind = der.dotted(attribute.oid(f"{bad}: invalid attribute type")) or ""
            tag, value = attribute.any(f"{bad}: invalid attribute value")
            try:
                attributes.append((kind, _string(tag, value.rest)))
            except Unreadable as reason:
                raise Unreadable(f"{bad}: invalid attribute value: {reason}") from None
    return Name(tuple(attributes))


def _string(tag: int, value: bytes) -> str:
    """The string types that Go takes in a name (parser.go ``parseASN1String``)."""
    match tag:
        case der.UTF8_STRING:
            return _decoded(value, "utf-8", "invalid UTF-8 string")
        case der.PRINTABLE_STRING:
            return _restricted(value, _PRINTABLE_AND_COMMON_MISTAKES, "invalid PrintableString")
        case der.IA5_STRING:
            return _decoded(value, "ascii", "invalid IA5String")
        case der.NUMERIC_STRING:
            return _restricted(value, _NUMERIC, "invalid NumericString")
        case der.T61_STRING:
            return value.decode("latin-1")
        case der.BMP_STRING:
            return _bmp(value)
    raise Unreadable(f"unsupported string type: {tag}")


def _decoded(value: bytes, encoding: str, complaint: str) -> str:
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        raise Unreadable(complaint) from None


def _restricted(value: bytes, allowed: frozenset[int], complaint: str) -> str:
    if not allowed.issuperset(value):
        raise Unreadable(complaint)
    return value.decode("ascii")


def _bmp(value: bytes) -> str:
    """UCS-2, without the surrogates and the code points that are never characters; a final NUL is dropped."""
    if len(value) % 2:
        raise Unreadable("invalid BMPString")
    points = [int.from_bytes(value[i : i + 2], "big") for i in range(0, len(value), 2)]
    if points[-1:] == [0]:
        points.pop()
    if any(point >= 0xFFFE or 0xFDD0 <= point <= 0xFDEF or 0xD800 <= point <= 0xDFFF for point in points):
        raise Unreadable("invalid BMPString")
    return "".join(map(chr, points))
