"""How Go writes things in its errors: quoted strings, IP addresses, instants. And how it reads an address."""

from __future__ import annotations

from datetime import datetime, timedelta

from .model import Unreadable

_ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
_CHUNK = 10**1000
_MAPPED = bytes(10) + b"\xff\xff"  # ::ffff:0:0/96, an IPv4 address in an IPv6 one


def quote(text: str | bytes) -> str:
    r"""Go's ``%q`` (``strconv.Quote``). Bytes that are not UTF-8 come out as ``\xNN``.

    >>> print(quote('say "é"'), quote(b"\xff"))
    "say \"é\"" "\xff"
    """
    decoded = text if isinstance(text, str) else text.decode("utf-8", "surrogateescape")
    return '"' + "".join(map(_escaped, decoded)) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if code in _ESCAPES:
        return _ESCAPES[code]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if printable(code):
        return character
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def printable(code: int) -> bool:
    """Go's ``strconv.IsPrint``, whatever version of Unicode this Python knows."""
    return _within(_SINCE_15_0, code) or (chr(code).isprintable() and not _within(_SINCE_15_1, code))


def _within(ranges: list[tuple[int, int]], code: int) -> bool:
    return any(first <= code <= last for first, last in ranges)


def _ranges(text: str) -> list[tuple[int, int]]:
    pairs = (item.partition("-") for item in text.split())
    return [(int(first, 16), int(last or first, 16)) for first, _, last in pairs]


# Go 1.26 has Unicode 15.0. Python 3.11 is a version behind, 3.13 ahead.
_SINCE_15_0 = _ranges("""
    CF3 ECE 10EFD-10EFF 1123F-11241 11B00-11B09 11F00-11F10 11F12-11F3A 11F3E-11F59 1342F 13440-13455 1B132 1B155
    1D2C0-1D2D3 1DF25-1DF2A 1E030-1E06D 1E08F 1E4D0-1E4F9 1F6DC 1F774-1F776 1F77B-1F77F 1F7D9 1FA75-1FA77 1FA87-1FA88
    1FAAD-1FAAF 1FABB-1FABD 1FABF 1FACE-1FACF 1FADA-1FADB 1FAE8 1FAF7-1FAF8 2B739 31350-323AF
""")
_SINCE_15_1 = _ranges("2FFC-2FFF 31EF 2EBF0-2EE5D")


def decimal(number: int) -> str:
    """A non-negative integer in decimal, of any size: Python itself stops at some thousand digits.

    >>> decimal(0), len(decimal(10**5000))
    ('0', 5001)
    """
    chunks: list[str] = []
    while number >= _CHUNK:
        number, low = divmod(number, _CHUNK)
        chunks.append(f"{low:01000}")
    return "".join([str(number), *reversed(chunks)])


def instant(at: datetime) -> str:
    """Go's ``time.RFC3339``, in the instant's own zone, fractions of a second cut off.

    >>> from datetime import timezone
    >>> instant(datetime(2024, 5, 1, 12, 0, 0, 999, timezone.utc))
    '2024-05-01T12:00:00Z'
    """
    offset = at.utcoffset() or timedelta()
    if not offset:
        zone = "Z"
    else:
        minutes = int(abs(offset).total_seconds()) // 60
        zone = f"{'-' if offset < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{at.year:04}-{at.month:02}-{at.day:02}T{at.hour:02}:{at.minute:02}:{at.second:02}{zone}"


def to4(address: bytes) -> bytes | None:
    """Go's ``net.IP.To4``: the four bytes of an IPv4 address, also of one mapped into IPv6."""
    if len(address) == 4:
        return address
    return address[12:] if address[:12] == _MAPPED else None


def same_address(one: bytes, other: bytes) -> bool:
    """Go's ``net.IP.Equal``: an IPv4 address equals the same one mapped into IPv6."""
    return (to4(one) or one) == (to4(other) or other)


def address_text(address: bytes) -> str:
    """Go's ``net.IP.String`` for 4 or 16 bytes.

    >>> address_text(bytes([192, 168, 10, 50])), address_text(bytes([*bytes(15), 1]))
    ('192.168.10.50', '::1')
    """
    if (four := to4(address)) is not None:
        return ".".join(map(str, four))
    groups = [int.from_bytes(address[i : i + 2], "big") for i in range(0, 16, 2)]
    start, length = _longest_zeros(groups)
    words = [f"{group:x}" for group in groups]
    if length < 2:
        return ":".join(words)
    return ":".join(words[:start]) + "::" + ":".join(words[start + length :])


def _longest_zeros(groups: list[int]) -> tuple[int, int]:
    best, run = (0, 0), 0
    for index, group in enumerate(groups):
        run = run + 1 if group == 0 else 0
        if run > best[1]:
            best = (index - run + 1, run)
    return best


def network_text(address: bytes, mask: bytes) -> str:
    """Go's ``net.IPNet.String`` for a mask of leading ones."""
    if (four := to4(address)) is not None:
        address, mask = four, mask[-4:]
    return f"{address_text(address)}/{int.from_bytes(mask, 'big').bit_count()}"


def parse_ip(text: str) -> bytes | None:
    """Go's ``net.ParseIP``: 4 or 16 bytes, or None; no zones, no octets with leading zeros."""
    if "%" in text:
        return None
    try:
        return parse_address(text)
    except Unreadable:
        return None


def parse_address(text: str) -> bytes:
    """Go's ``netip.ParseAddr``, without the zone; raises ``Unreadable`` with its words."""
    for character in text:
        if character == ".":
            return _ipv4(text, text)
        if character == ":":
            return _ipv6(text)
        if character == "%":
            raise _bad(text, "missing IPv6 address")
    raise _bad(text, "unable to parse IP")


def _bad(text: str, why: str, at: str = "") -> Unreadable:
    return Unreadable(f"ParseAddr({quote(text)}): {why}" + (f" (at {quote(at)})" if at else ""))


def _ipv4(whole: str, text: str) -> bytes:
    fields: list[int] = []
    value, digits = 0, 0
    for i, character in enumerate(text):
        if "0" <= character <= "9":
            if digits == 1 and value == 0:
                raise _bad(whole, "IPv4 field has octet with leading zero")
            value, digits = value * 10 + int(character), digits + 1
            if value > 255:
                raise _bad(whole, "IPv4 field has value >255")
        elif character == ".":
            if i in (0, len(text) - 1) or text[i - 1] == ".":
                raise _bad(whole, "IPv4 field must have at least one digit", text[i:])
            if len(fields) == 3:
                raise _bad(whole, "IPv4 address too long")
            fields.append(value)
            value, digits = 0, 0
        else:
            raise _bad(whole, "unexpected character", text[i:])
    if len(fields) < 3:
        raise _bad(whole, "IPv4 address too short")
    return bytes([*fields, value])


def _ipv6(whole: str) -> bytes:
    text, percent, zone = whole.partition("%")
    if percent and not zone:
        raise _bad(whole, "zone must be a non-empty string")
    address, gap = _groups(whole, text)
    if len(address) == 16:
        if gap is not None:
            raise _bad(whole, "the :: must expand to at least one field of zeros")
        return bytes(address)
    if gap is None:
        raise _bad(whole, "address string too short")
    address[gap:gap] = bytes(16 - len(address))
    return bytes(address)


def _groups(whole: str, text: str) -> tuple[bytearray, int | None]:
    """The bytes written out, and at which of them ``::`` stands."""
    address, gap = bytearray(), None
    if text.startswith("::"):
        gap, text = 0, text[2:]
    while text and len(address) < 16:
        digits = _hex_digits(whole, text)
        if text[digits : digits + 1] == ".":
            return address + _embedded_ipv4(whole, text, len(address), gap), gap
        address += int(text[:digits], 16).to_bytes(2, "big")
        text, elided = _after_group(whole, text[digits:], gap)
        if elided:
            gap = len(address)
    if text:
        raise _bad(whole, "trailing garbage after address", text)
    return address, gap


def _embedded_ipv4(whole: str, text: str, position: int, gap: int | None) -> bytes:
    if gap is None and position != 12:
        raise _bad(whole, "embedded IPv4 address must replace the final 2 fields of the address", text)
    if position > 12:
        raise _bad(whole, "too many hex fields to fit an embedded IPv4 at the end of the address", text)
    return _ipv4(whole, text)


def _after_group(whole: str, text: str, gap: int | None) -> tuple[str, bool]:
    """What follows a group's colon, and whether ``::`` stood there."""
    if not text:
        return "", False
    if text[0] != ":":
        raise _bad(whole, "unexpected character, want colon", text)
    if len(text) == 1:
        raise _bad(whole, "colon must be followed by more characters", text)
    if text[1] != ":":
        return text[1:], False
    if gap is not None:
        raise _bad(whole, "multiple :: in address", text[1:])
    return text[2:], True


def _hex_digits(whole: str, text: str) -> int:
    digits = 0
    while digits < len(text) and text[digits] in "0123456789abcdefABCDEF":
        digits += 1
        if digits > 4:
            raise _bad(whole, "each group must have 4 or less digits", text)
    if digits == 0:
        raise _bad(whole, "each colon-separated field must have at least one digit", text)
    return digits
