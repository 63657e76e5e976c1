"""A reader of DER as strict, and as lax, as the one under Go's certificate parser (``golang.org/x/crypto/cryptobyte``).

Tags have one byte; lengths are definite, minimal and of at most four bytes. What follows a value inside its container
is left to the caller, who mostly ignores it, as Go does.
"""

from __future__ import annotations

from functools import lru_cache

from .model import Unreadable

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8_STRING = 0x01, 0x02, 0x03, 0x04, 0x06, 0x0C
NUMERIC_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x12, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME, BMP_STRING = 0x17, 0x18, 0x1E
SEQUENCE, SET = 0x30, 0x31
MAX_INT64 = (1 << 63) - 1


def context(number: int) -> int:
    """The tag of a context-specific primitive."""
    return 0x80 | number


def explicit(number: int) -> int:
    """The tag of a context-specific constructed value."""
    return 0xA0 | number


class Reader:
    """The unread rest of a value. Every read takes the complaint to raise as ``Unreadable`` where Go would refuse."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    @property
    def empty(self) -> bool:
        """Whether nothing is left."""
        return self.at >= self.end

    @property
    def rest(self) -> bytes:
        """What is left, as bytes."""
        return self.data[self.at : self.end]

    def peek(self, tag: int) -> bool:
        """Whether the next value, if there is one, has this tag."""
        return self.at < self.end and self.data[self.at] == tag

    def any(self, complaint: str) -> tuple[int, Reader]:
        """The next value's tag and content."""
        data, at, end = self.data, self.at, self.end
        if end - at < 2 or data[at] & 0x1F == 0x1F:
            raise Unreadable(complaint)
        tag, length, start = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[start : start + size], "big")
            if not 1 <= size <= 4 or end - start < size or length < 0x80 or length >> (8 * (size - 1)) == 0:
                raise Unreadable(complaint)
            start += size
        self.at = start + length
        if self.at > end:
            raise Unreadable(complaint)
        return tag, Reader(data, start, self.at)

    def read(self, tag: int, complaint: str) -> Reader:
        """The content of the next value, which must have this tag."""
        found, content = self.any(complaint)
        if found != tag:
            raise Unreadable(complaint)
        return content

    def element(self, tag: int, complaint: str) -> bytes:
        """The next value with its header, which must have this tag."""
        start = self.at
        self.read(tag, complaint)
        return self.data[start : self.at]

    def optional(self, tag: int, complaint: str) -> Reader | None:
        """The content of the next value if it has this tag, else None and nothing is read."""
        return self.read(tag, complaint) if self.peek(tag) else None

    def boolean(self, complaint: str) -> bool:
        """A BOOLEAN: 00 or FF, nothing between."""
        content = self.read(BOOLEAN, complaint).rest
        if content not in (b"\x00", b"\xff"):
            raise Unreadable(complaint)
        return content == b"\xff"

    def integer(self, complaint: str, tag: int = INTEGER) -> int:
        """An INTEGER of any size, minimally encoded."""
        content = self.read(tag, complaint).rest
        if not content or (len(content) > 1 and content[0] == (0xFF if content[1] & 0x80 else 0)):
            raise Unreadable(complaint)
        return int.from_bytes(content, "big", signed=True)

    def int64(self, complaint: str, tag: int = INTEGER) -> int:
        """An INTEGER that fits Go's ``int``."""
        number = self.integer(complaint, tag)
        if not -MAX_INT64 - 1 <= number <= MAX_INT64:
            raise Unreadable(complaint)
        return number

    def oid(self, complaint: str) -> bytes:
        """An OBJECT IDENTIFIER, as its content: one encoding each, so that equal identifiers are equal bytes."""
        content = self.read(OID, complaint).rest
        if dotted(content) is None:
            raise Unreadable(complaint)
        return content

    def bit_string(self, complaint: str) -> tuple[bytes, int]:
        """A BIT STRING: its bytes, and how many bits of the last one are padding (all zero)."""
        content = self.read(BIT_STRING, complaint).rest
        if not content:
            raise Unreadable(complaint)
        padding, bits = content[0], content[1:]
        if padding > 7 or (bits[-1] & ((1 << padding) - 1) if bits else padding):
            raise Unreadable(complaint)
        return bits, padding


@lru_cache(maxsize=4096)
def dotted(oid: bytes) -> str | None:
    """An object identifier's content as dotted numbers; None where Go would refuse it (``readBase128Int``)."""
    numbers: list[int] = []
    number, length = 0, 0
    for byte in oid:
        if length == 5 or number >= 1 << 24 or (length == 0 and byte == 0x80):
            return None
        number, length = number << 7 | byte & 0x7F, length + 1
        if byte < 0x80:
            numbers.append(number)
            number, length = 0, 0
    if not numbers or length:
        return None
    top = min(numbers[0] // 40, 2)
    return ".".join(map(str, [top, numbers[0] - 40 * top, *numbers[1:]]))


@lru_cache(maxsize=256)
def encoded(dotted_oid: str) -> bytes:
    """The content of an object identifier written as dotted numbers.

    >>> encoded("2.5.29.17").hex()
    '551d11'
    """
    first, second, *rest = map(int, dotted_oid.split("."))
    return b"".join(map(_base128, [40 * first + second, *rest]))


def _base128(number: int) -> bytes:
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))
