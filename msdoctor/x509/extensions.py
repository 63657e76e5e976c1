"""The extensions of a certificate (RFC 5280 section 4.2) as Go reads them (parser.go ``processExtensions``)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import der
from .der import MAX_INT64, Reader, context, dotted, encoded, explicit
from .domains import domain_valid, parse_mailbox
from .gotext import parse_ip, quote
from .model import Unreadable
from .uri import Uri, parse_uri

CERT_SIGN = 1 << 5
SAN = encoded("2.5.29.17")
_NAME_CONSTRAINTS = encoded("2.5.29.30")
_EMAIL, _DNS, _URI, _IP = context(1), context(2), context(6), context(7)

USAGE_NAMES = {
    encoded("2.5.29.37.0"): "anyExtendedKeyUsage",
    encoded("1.3.6.1.5.5.7.3.1"): "serverAuth",
    encoded("1.3.6.1.5.5.7.3.2"): "clientAuth",
    encoded("1.3.6.1.5.5.7.3.3"): "codeSigning",
    encoded("1.3.6.1.5.5.7.3.4"): "emailProtection",
    encoded("1.3.6.1.5.5.7.3.5"): "ipsecEndSystem",
    encoded("1.3.6.1.5.5.7.3.6"): "ipsecTunnel",
    encoded("1.3.6.1.5.5.7.3.7"): "ipsecUser",
    encoded("1.3.6.1.5.5.7.3.8"): "timeStamping",
    encoded("1.3.6.1.5.5.7.3.9"): "OCSPSigning",
    encoded("1.3.6.1.4.1.311.10.3.3"): "msSGC",
    encoded("2.16.840.1.113730.4.1"): "nsSGC",
    encoded("1.3.6.1.4.1.311.2.1.22"): "msCodeCom",
    encoded("1.3.6.1.4.1.311.61.1.1"): "msKernelCode",
}


@dataclass(frozen=True, slots=True)
class Subtrees:
    """One half of a name constraint. Networks are (address, mask), of 4 or 16 bytes each, the address unmasked."""

    dns_names: tuple[str, ...] = ()
    networks: tuple[tuple[bytes, bytes], ...] = ()
    emails: tuple[str, ...] = ()
    uri_domains: tuple[str, ...] = ()


_NOTHING = Subtrees()


@dataclass(frozen=True, slots=True)
class Extensions:
    """What all extensions together say; the defaults are those of a certificate without any.

    ``san`` is the raw subject alternative name, None without one. ``max_path`` is None where the length is unlimited.
    Usages are Go's names, or dotted numbers for those that it does not know. Policies are object identifiers' content.
    """

    san: bytes | None = None
    dns_names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[bytes, ...] = ()
    uris: tuple[Uri, ...] = ()
    key_usage: int = 0
    basic_constraints: bool = False
    is_ca: bool = False
    max_path: int | None = None
    subject_key_id: bytes = b""
    authority_key_id: bytes = b""
    usages: tuple[str, ...] = ()
    name_constraints: bool = False
    permitted: Subtrees = _NOTHING
    excluded: Subtrees = _NOTHING
    policies: tuple[bytes, ...] = ()
    policy_mappings: tuple[tuple[bytes, bytes], ...] = ()
    require_explicit_policy: int | None = None
    inhibit_policy_mapping: int | None = None
    inhibit_any_policy: int | None = None
    unhandled_critical: tuple[str, ...] = ()


_Fields = dict[str, Any]


def read_extensions(sequence: Reader) -> Extensions:
    """Read the SEQUENCE OF Extension."""
    fields: _Fields = {}
    unhandled: list[str] = []
    for oid, critical, value in list(_split(sequence)):
        read = _READERS.get(oid)
        read_fields = read(value, critical) if read else {}
        if critical and (read is None or read_fields.pop("unhandled", False)):
            unhandled.append(dotted(oid) or "")
        read_fields.pop("unhandled", None)
        fields.update(read_fields)
    if unhandled:
        fields["unhandled_critical"] = tuple(unhandled)
    return Extensions(**fields)


def _split(sequence: Reader) -> Iterable[tuple[bytes, bool, bytes]]:
    seen = set[bytes]()
    while not sequence.empty:
        extension = sequence.read(der.SEQUENCE, "x509: malformed extension")
        oid = extension.oid("x509: malformed extension OID field")
        critical = extension.peek(der.BOOLEAN) and extension.boolean("x509: malformed extension critical field")
        value = extension.read(der.OCTET_STRING, "x509: malformed extension value field").rest
        if oid in seen:
            raise Unreadable(f"x509: certificate contains duplicate extension with OID {quote(dotted(oid) or '')}")
        seen.add(oid)
        yield oid, critical, value


def _key_usage(value: bytes, _critical: bool) -> _Fields:
    bits, _ = Reader(value).bit_string("x509: invalid key usage")
    return {"key_usage": sum(1 << i for i in range(min(9, 8 * len(bits))) if bits[i // 8] >> (7 - i % 8) & 1)}


def _basic_constraints(value: bytes, _critical: bool) -> _Fields:
    bad = "x509: invalid basic constraints"
    fields = Reader(value).read(der.SEQUENCE, bad)
    is_ca = fields.peek(der.BOOLEAN) and fields.boolean(bad)
    max_path = fields.integer(bad) if fields.peek(der.INTEGER) else None
    if max_path is not None and not 0 <= max_path <= MAX_INT64:
        raise Unreadable(bad)
    return {"basic_constraints": True, "is_ca": is_ca, "max_path": max_path}


def _subject_alternative_names(value: bytes, _critical: bool) -> _Fields:
    dns_names: list[str] = []
    emails: list[str] = []
    addresses: list[bytes] = []
    uris: list[Uri] = []
    names = Reader(value).read(der.SEQUENCE, "x509: invalid subject alternative names")
    while not names.empty:
        tag, content = names.any("x509: invalid subject alternative name")
        if tag == _DNS:
            dns_names.append(_ascii(content.rest, "dNSName"))
        elif tag == _IP:
            addresses.append(_address(content.rest))
        elif tag == _EMAIL:
            emails.append(_ascii(content.rest, "rfc822Name"))
        elif tag == _URI:
            uris.append(_uri(_ascii(content.rest, "uniformResourceIdentifier")))
    return {
        "san": value,
        "dns_names": tuple(dns_names),
        "emails": tuple(emails),
        "addresses": tuple(addresses),
        "uris": tuple(uris),
        "unhandled": not (dns_names or emails or addresses or uris),
    }


def _ascii(value: bytes, field: str) -> str:
    if not value.isascii():
        raise Unreadable(f"x509: SAN {field} is malformed")
    return value.decode("ascii")


def _address(value: bytes) -> bytes:
    if len(value) not in (4, 16):
        raise Unreadable(f"x509: cannot parse IP address of length {len(value)}")
    return value


def _uri(text: str) -> Uri:
    try:
        uri = parse_uri(text)
    except Unreadable as reason:
        raise Unreadable(f"x509: cannot parse URI {quote(text)}: {reason}") from None
    if not domain_valid(uri.host):
        raise Unreadable(f"x509: cannot parse URI {quote(text)}: invalid domain")
    return uri


def _name_constraints(value: bytes, _critical: bool) -> _Fields:
    bad = "x509: invalid NameConstraints extension"
    outer = Reader(value)
    fields = outer.read(der.SEQUENCE, bad)
    if not outer.empty:
        raise Unreadable(bad)
    permitted, excluded = fields.optional(explicit(0), bad), fields.optional(explicit(1), bad)
    if not fields.empty:
        raise Unreadable(bad)
    if (permitted is None or permitted.empty) and (excluded is None or excluded.empty):
        raise Unreadable("x509: empty name constraints extension")
    permitted_trees, permitted_unknown = _subtrees(permitted, bad)
    excluded_trees, excluded_unknown = _subtrees(excluded, bad)
    return {
        "name_constraints": True,
        "permitted": permitted_trees,
        "excluded": excluded_trees,
        "unhandled": permitted_unknown or excluded_unknown,
    }


def _subtrees(reader: Reader | None, bad: str) -> tuple[Subtrees, bool]:
    """The subtrees, and whether there was one of a kind that Go cannot handle (a directory name)."""
    dns_names: list[str] = []
    networks: list[tuple[bytes, bytes]] = []
    emails: list[str] = []
    uri_domains: list[str] = []
    unknown = False
    while reader is not None and not reader.empty:
        tag, content = reader.read(der.SEQUENCE, bad).any(bad)
        if tag == _DNS:
            dns_names.append(_constraint_domain(content.rest, "dnsName constraint"))
        elif tag == _IP:
            networks.append(_constraint_network(content.rest))
        elif tag == _EMAIL:
            emails.append(_constraint_email(content.rest))
        elif tag == _URI:
            uri_domains.append(_constraint_uri(content.rest))
        else:
            unknown = True
    return Subtrees(tuple(dns_names), tuple(networks), tuple(emails), tuple(uri_domains)), unknown


def _constraint_text(value: bytes) -> str:
    if not value.isascii():
        raise Unreadable(f"x509: invalid constraint value: x509: {quote(value)} cannot be encoded as an IA5String")
    return value.decode("ascii")


def _constraint_domain(value: bytes, what: str) -> str:
    text = _constraint_text(value)
    if not domain_valid(text, constraint=True):
        raise Unreadable(f"x509: failed to parse {what} {quote(text)}")
    return text


def _constraint_email(value: bytes) -> str:
    text = _constraint_text(value)
    if "@" not in text:
        return _constraint_domain(value, "rfc822Name constraint")
    if parse_mailbox(text) is None:
        raise Unreadable(f"x509: failed to parse rfc822Name constraint {quote(text)}")
    return text


def _constraint_uri(value: bytes) -> str:
    text = _constraint_text(value)
    if parse_ip(text) is not None:
        raise Unreadable(f"x509: failed to parse URI constraint {quote(text)}: cannot be IP address")
    return _constraint_domain(value, "URI constraint")


def _constraint_network(value: bytes) -> tuple[bytes, bytes]:
    if len(value) not in (8, 32):
        raise Unreadable(f"x509: IP constraint contained value of length {len(value)}")
    address, mask = value[: len(value) // 2], value[len(value) // 2 :]
    inverted = ~int.from_bytes(mask, "big") & ((1 << 8 * len(mask)) - 1)
    if inverted & (inverted + 1):  # not ones, then zeros
        raise Unreadable(f"x509: IP constraint contained invalid mask {mask.hex()}")
    return address, mask


def _crl_distribution_points(value: bytes, _critical: bool) -> _Fields:
    bad = "x509: invalid CRL distribution point"
    points = Reader(value).read(der.SEQUENCE, f"{bad}s")
    while not points.empty:
        name = points.read(der.SEQUENCE, bad).optional(explicit(0), bad)
        if name is None:
            continue
        full_name = name.read(explicit(0), bad)
        while full_name.peek(_URI):
            full_name.read(_URI, bad)
    return {}


def _authority_key_id(value: bytes, critical: bool) -> _Fields:
    if critical:
        raise Unreadable("x509: authority key identifier incorrectly marked critical")
    bad = "x509: invalid authority key identifier"
    key_id = Reader(value).read(der.SEQUENCE, bad).optional(context(0), bad)
    return {"authority_key_id": key_id.rest if key_id else b""}


def _subject_key_id(value: bytes, critical: bool) -> _Fields:
    if critical:
        raise Unreadable("x509: subject key identifier incorrectly marked critical")
    return {"subject_key_id": Reader(value).read(der.OCTET_STRING, "x509: invalid subject key identifier").rest}


def _extended_key_usage(value: bytes, _critical: bool) -> _Fields:
    bad = "x509: invalid extended key usages"
    usages: list[str] = []
    sequence = Reader(value).read(der.SEQUENCE, bad)
    while not sequence.empty:
        oid = sequence.oid(bad)
        usages.append(USAGE_NAMES.get(oid) or dotted(oid) or "")
    return {"usages": tuple(usages)}


def _policies(value: bytes, _critical: bool) -> _Fields:
    bad = "x509: invalid certificate policies"
    policies: dict[bytes, None] = {}
    sequence = Reader(value).read(der.SEQUENCE, bad)
    while not sequence.empty:
        oid = sequence.read(der.SEQUENCE, bad).read(der.OID, bad).rest
        if oid in policies or not _well_formed(oid):
            raise Unreadable(bad)
        policies[oid] = None
    return {"policies": tuple(policies)}


def _well_formed(oid: bytes) -> bool:
    """Numbers of any size, each in as few bytes as it takes (oid.go ``newOIDFromDER``)."""
    starts = [0, *(i + 1 for i, byte in enumerate(oid) if byte < 0x80)]
    return starts.pop() == len(oid) > 0 and all(oid[start] != 0x80 for start in starts)


def _policy_mappings(value: bytes, _critical: bool) -> _Fields:
    bad = "x509: invalid policy mappings extension"
    mappings: list[tuple[bytes, bytes]] = []
    sequence = Reader(value).read(der.SEQUENCE, bad)
    while not sequence.empty:
        pair = sequence.read(der.SEQUENCE, bad)
        mappings.append((pair.read(der.OID, bad).rest, pair.read(der.OID, bad).rest))
    return {"policy_mappings": tuple(mappings)}


def _policy_constraints(value: bytes, _critical: bool) -> _Fields:
    bad = "x509: invalid policy constraints extension"
    fields = Reader(value).read(der.SEQUENCE, bad)
    return {
        "require_explicit_policy": fields.int64(bad, context(0)) if fields.peek(context(0)) else None,
        "inhibit_policy_mapping": fields.int64(bad, context(1)) if fields.peek(context(1)) else None,
    }


def _inhibit_any_policy(value: bytes, _critical: bool) -> _Fields:
    return {"inhibit_any_policy": Reader(value).int64("x509: invalid inhibit any policy extension")}


def _authority_information_access(value: bytes, critical: bool) -> _Fields:
    if critical:
        raise Unreadable("x509: authority info access incorrectly marked critical")
    bad = "x509: invalid authority info access"
    sequence = Reader(value).read(der.SEQUENCE, bad)
    while not sequence.empty:
        access = sequence.read(der.SEQUENCE, bad)
        access.oid(bad)
        access.optional(_URI, bad)
    return {}


_READERS: dict[bytes, Callable[[bytes, bool], _Fields]] = {
    encoded("2.5.29.14"): _subject_key_id,
    encoded("2.5.29.15"): _key_usage,
    SAN: _subject_alternative_names,
    encoded("2.5.29.19"): _basic_constraints,
    _NAME_CONSTRAINTS: _name_constraints,
    encoded("2.5.29.31"): _crl_distribution_points,
    encoded("2.5.29.32"): _policies,
    encoded("2.5.29.33"): _policy_mappings,
    encoded("2.5.29.35"): _authority_key_id,
    encoded("2.5.29.36"): _policy_constraints,
    encoded("2.5.29.37"): _extended_key_usage,
    encoded("2.5.29.54"): _inhibit_any_policy,
    encoded("1.3.6.1.5.5.7.1.1"): _authority_information_access,
}
