"""Certificates in PEM, as Go's ``encoding/pem`` finds the blocks."""

from __future__ import annotations

import base64
import binascii
import re

from .certificate import Certificate, parse
from .model import Unreadable

_BLOCK = re.compile(
    rb"^-----BEGIN (?P<label>[^\n]*?)-----[ \t]*\r?\n"
    rb"(?P<body>(?:(?!-----BEGIN )[^\n]*\n)*?)"
    rb"-----END (?P=label)-----[ \t]*\r?$",
    re.MULTILINE,
)


def parse_pem(text: bytes) -> list[Certificate]:
    """All certificates of a PEM file, in order; other blocks, and blocks with headers, are passed over as Go does.

    Raises ``Unreadable``: which block (counted from 1 over the file's certificates) is not one and why, or that there
    is none at all.
    """
    return [_certificate(number, der) for number, der in enumerate(pem_certificates(text), 1)]


def pem_certificates(text: bytes) -> list[bytes]:
    """The same certificates in DER, whether they can be read or not. Raises ``Unreadable`` where it is no base64."""
    blocks = [match["body"] for match in _BLOCK.finditer(text) if match["label"] == b"CERTIFICATE"]
    certificates = [_decoded(number, body) for number, body in enumerate(blocks, 1) if b":" not in body]
    if not certificates:
        raise Unreadable("no certificate in PEM")
    return certificates


def _decoded(number: int, body: bytes) -> bytes:
    try:
        return base64.b64decode(body.translate(None, b" \t\r\n"), validate=True)
    except binascii.Error as reason:
        raise Unreadable(f"certificate {number}: not base64: {reason}") from None


def _certificate(number: int, der: bytes) -> Certificate:
    try:
        return parse(der)
    except Unreadable as reason:
        raise Unreadable(f"certificate {number}: {reason}") from None
