"""A certificate to be looked at by itself: from a file, from standard input, or off the wire."""

from __future__ import annotations

import ipaddress
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from msdoctor import x509
from msdoctor.bundle import Reason, Refusal
from msdoctor.collect.errors import ConfigurationError
from msdoctor.collect.handshake import shake_hands, split_address

LARGEST = 4 * 1024 * 1024  # bytes of a file; all CAs that a system trusts take a tenth

_FILE_LIKE = re.compile(r"[/\\~]|\.(pem|crt|cer|cert|der|key|csr|p7b|p12|pfx|txt)$")
_HOST_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_INDENTED = re.compile(rb"^[ \t]+-----BEGIN CERTIFICATE-----", re.MULTILINE)
_LABEL = re.compile(rb"^-----BEGIN ([A-Z0-9 ]+)-----", re.MULTILINE)
_OF_PEM, _OF_BASE64_PEM = b"-----BEGIN ", b"LS0tLS1CRUdJTi"
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")  # PowerShell's `>` writes them
_DER = b"\x30"


@dataclass(frozen=True, slots=True)
class Target:
    """What a word was taken for: an address to dial, or a file (``-``: standard input). ``note``: why, if in doubt."""

    word: str
    address: str = ""
    note: str = ""

    @property
    def host(self) -> str:
        """Of an address, the part that is dialled."""
        return split_address(self.address)[0] if self.address else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A chain as it was met, in DER, leaf first; where, in words; and whose certificates the peer asks clients for."""

    chain: tuple[bytes, ...]
    where: str
    acceptable_cas: tuple[str, ...] = ()


def target(word: str) -> Target:
    """A file if there is one of that name; else an address, ``HOST:PORT`` or an ``https://`` URL."""
    if word == "-":
        return Target(word)
    if word.startswith("https://"):
        return Target(word, _of_url(word))
    if _there(word):
        note = f"{word}: read as the file of that name; for the address, give https://{word}"
        return Target(word, note=note if _is_address(word) else "")
    if not word.strip():
        raise ConfigurationError("give a certificate's file, or an address such as 192.168.10.51:10250")
    if not _is_address(word):
        raise ConfigurationError(f"{word}: no such file{_why_no_address(word)}")
    return Target(word, word)


def show(wanted: Target, name: str | None, seconds: float) -> Shown | Refusal:
    """Read it. ``name`` is asked for on the wire, where a server may have several certificates."""
    if not wanted.address:
        where = "standard input" if wanted.word == "-" else f"the file {wanted.word}"
        return Shown(tuple(in_file(wanted.word)), where)
    asked = name if name and _HOST_NAME.fullmatch(name) and not _is_ip(name) else None
    answer = shake_hands(wanted.address, seconds, server_name=asked)
    if isinstance(answer, Refusal):
        return answer
    seen = json.loads(answer)
    also = f", asked for {asked}" if asked and asked != wanted.host else ""
    if not seen["chain"]:
        return Refusal(Reason.FAILED, "it shook hands without one")
    chain = tuple(der for pem in seen["chain"] for der in x509.pem_certificates(pem.encode()))
    return Shown(chain, f"the address {wanted.address} ({seen['protocol']}{also})", tuple(seen["acceptableCAs"]))


def not_shown(wanted: Target, refusal: Refusal) -> str:
    """Why an address showed no certificate, and that a file was not meant."""
    file = "no such file, and the address " if wanted.word == wanted.address else ""
    return f"{wanted.word}: {file}showed no certificate: {refusal.detail or refusal.reason}"


def in_file(name: str, option: str = "") -> list[bytes]:
    """The certificates of a PEM or DER file, in DER, leaf first. Raises ConfigurationError where it holds none."""
    told = "standard input" if name == "-" else f"{option} {name}".strip()
    content = _content(name, told)
    if content.startswith(_DER):
        return [content]
    try:
        return x509.pem_certificates(content)
    except x509.Unreadable as reason:
        raise ConfigurationError(f"{told}: {_why_no_certificate(content, str(reason))}") from None


def _content(name: str, told: str) -> bytes:
    try:
        if name == "-":
            if sys.stdin is None:  # closed before this program began
                raise ConfigurationError("standard input is closed; give a file")
            content = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(LARGEST + 1)
    except IsADirectoryError:
        raise ConfigurationError(f"{told}: a directory; name a file in it") from None
    except FileNotFoundError:
        raise ConfigurationError(f"{told}: no such file") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{told}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if not content.strip():
        raise ConfigurationError(f"{told}: empty; did the command that should have written it fail?")
    if len(content) > LARGEST:
        raise ConfigurationError(f"{told}: larger than {LARGEST >> 20} MiB, and so no file of certificates")
    return content


def _why_no_certificate(content: bytes, reason: str) -> str:
    if content.startswith(_MARKS):
        return "it begins with a byte order mark, as PowerShell's > writes it; save it as plain ASCII"
    if _INDENTED.search(content):
        return "its lines are indented, as within YAML; cut the certificate out, each line from its first column"
    if content.lstrip().startswith(_OF_BASE64_PEM):
        return "base64 of a PEM file, as in a Secret or a kubeconfig; decode it first: base64 -d"
    labels = [label.decode() for label in _LABEL.findall(content)]
    if "CERTIFICATE" in labels and not reason.startswith("certificate "):
        return "cut short: a certificate begins in it and does not end"
    if "CERTIFICATE" in labels:
        return reason
    if "CERTIFICATE REQUEST" in labels or "NEW CERTIFICATE REQUEST" in labels:
        return "it holds a request for a certificate, and no certificate yet"
    if any(label.endswith("PRIVATE KEY") for label in labels):
        return "it holds a private key, and no certificate"
    if labels:
        return f"it holds {labels[0]}, and no CERTIFICATE"
    return "neither PEM nor DER"


# Words on the command line


def _there(word: str) -> bool:
    try:
        return bool(word) and Path(word).exists()
    except (OSError, ValueError):
        return False


def _is_address(word: str) -> bool:
    try:
        split_address(word)
    except ValueError:
        return False
    return "/" not in word and word.split() == [word]


def _of_url(word: str) -> str:
    try:
        parts = urlsplit(word)
        address = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
        address = f"{address}:{parts.port or 443}"
        split_address(address)
    except ValueError:
        raise ConfigurationError(f"{word}: not an address; give https://HOST:PORT") from None
    return address


def _why_no_address(word: str) -> str:
    if _FILE_LIKE.search(word) or word.split() != [word]:
        return ""
    if _is_ip(word) and ":" in word:
        return f"; an IPv6 address stands in brackets, with a port: [{word}]:10250 is a kubelet's"
    if ":" not in word:
        return f"; an address needs a port: {word}:10250 is a kubelet's"
    if word.count(":") > 1 and not word.startswith("["):
        host, _, port = word.rpartition(":")
        return f"; an IPv6 address stands in brackets: [{host}]:{port}"
    return "; an address is HOST:PORT, with a port from 1 to 65535"


def _is_ip(word: str) -> bool:
    try:
        ipaddress.ip_address(word.strip("[]"))
    except ValueError:
        return False
    return True
