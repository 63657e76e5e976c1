"""URIs as Go's ``net/url`` reads and prints them: its errors surface in a certificate's, and so does its spelling.

Text here holds one character per byte (Latin-1), since unescaping may yield any byte.
"""

from __future__ import annotations

from dataclasses import dataclass

from .gotext import parse_address, quote
from .model import Unreadable

_HEX = frozenset("0123456789abcdefABCDEF")
_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")
# Characters that need no escape, by the part of the URI they stand in (net/url encoding_table.go).
_PATH = _UNRESERVED | frozenset("$&+,/:;=@")
_HOST = _UNRESERVED | frozenset("!\"$&'()*+,:;<=>[]")
_USER = _UNRESERVED | frozenset("$&+,;=")
_FRAGMENT = _UNRESERVED | frozenset("!$&()*+,/:;=?@")
_LEFT_ALONE = frozenset("!$&'()*+,;=:@[]%")
_USERINFO = _UNRESERVED | frozenset(":!$&'()*+,;=%@")


@dataclass(frozen=True, slots=True)
class Uri:
    """A parsed URI: its host (with its port), and how Go prints it."""

    host: str
    text: str


def parse_uri(raw: str) -> Uri:
    """Go's ``url.Parse``; raises ``Unreadable`` with its words."""
    before, _, fragment = raw.partition("#")
    try:
        host, text = _parse(before)
    except Unreadable as reason:
        raise Unreadable(f"parse {_quoted(before)}: {reason}") from None
    try:
        decoded = _unescape(fragment)
    except Unreadable as reason:
        raise Unreadable(f"parse {_quoted(raw)}: {reason}") from None
    return Uri(host, text + (f"#{_spelling(fragment, decoded, _FRAGMENT)}" if decoded else ""))


def _quoted(text: str) -> str:
    return quote(text.encode("latin-1"))


def _parse(raw: str) -> tuple[str, str]:
    if any(character < " " or character == "\x7f" for character in raw):
        raise Unreadable("net/url: invalid control character in URL")
    if raw == "*":
        return "", "*"
    scheme, rest = _scheme(raw)
    if rest.endswith("?") and rest.count("?") == 1:
        rest, query = rest[:-1], "?"
    else:
        rest, _, asked = rest.partition("?")
        query = f"?{asked}" if asked else ""
    if not rest.startswith("/"):
        if scheme and rest:
            return "", f"{scheme}:{rest}{query}"
        if not scheme and ":" in rest.partition("/")[0]:
            raise Unreadable("first path segment in URL cannot contain colon")
    host, text = _hierarchy(scheme, rest)
    return host, text + query


def _scheme(raw: str) -> tuple[str, str]:
    for i, character in enumerate(raw):
        if character.isascii() and character.isalpha():
            continue
        if character in "0123456789+-.":
            if i == 0:
                break
        elif character == ":":
            if i == 0:
                raise Unreadable("missing protocol scheme")
            return raw[:i].lower(), raw[i + 1 :]
        else:
            break
    return "", raw


def _hierarchy(scheme: str, rest: str) -> tuple[str, str]:
    """Host, and the text from the scheme to the path."""
    user: str | None = None
    host, omit_host = "", False
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, path = rest[2:].partition("/")
        user, host = _authority(scheme, authority)
        rest = slash + path
    elif scheme and rest.startswith("/"):
        omit_host = True
    decoded = _unescape(rest)
    path = "*" if decoded == "*" else _spelling(rest, decoded, _PATH)

    text = f"{scheme}:" if scheme else ""
    if (scheme or host or user is not None) and not (omit_host and not host and user is None):
        if host or decoded or user is not None:
            text += "//"
        text += f"{user}@" if user is not None else ""
        text += _escape(host, _HOST)
    return host, text + path


def _authority(scheme: str, authority: str) -> tuple[str | None, str]:
    """The user part as Go prints it, and the host with its port."""
    userinfo, at, host = authority.rpartition("@")
    host = _host(scheme, host)
    if not at:
        return None, host
    if not _USERINFO.issuperset(userinfo):
        raise Unreadable("net/url: invalid userinfo")
    parts = [_escape(_unescape(part), _USER) for part in userinfo.split(":", 1)]
    return ":".join(parts), host


def _host(scheme: str, host: str) -> str:
    bracket = host.rfind("[")
    if bracket > 0:
        raise Unreadable("invalid IP-literal")
    if bracket == 0:
        return _literal(host)
    if ":" in host:
        # Databases list several hosts with ports; only for the web does Go insist on one colon.
        colon = host.index(":") if scheme in ("http", "https") else host.rindex(":")
        _check_port(host[colon:])
    return _unescape(host, host=True)


def _literal(host: str) -> str:
    end = host.rfind("]")
    if end < 0:
        raise Unreadable("missing ']' in host")
    port, name = host[end + 1 :], host[1:end]
    _check_port(port)
    port = _unescape(port, host=True)
    zone = name.find("%25")
    if zone >= 0:
        name = _unescape(name[:zone], host=True) + _unescape(name[zone:], host=True, zone=True)
    else:
        name = _unescape(name, host=True)
    try:
        address = parse_address(name)
    except Unreadable as reason:
        raise Unreadable(f"invalid host: {reason}") from None
    if len(address) == 4:
        raise Unreadable("invalid IP-literal")
    return f"[{name}]{port}"


def _check_port(port: str) -> None:
    digits = port[1:]
    if port and not (port[0] == ":" and all("0" <= digit <= "9" for digit in digits)):
        raise Unreadable(f"invalid port {_quoted(port)} after host")


def _unescape(text: str, *, host: bool = False, zone: bool = False) -> str:
    """Decode ``%NN``. A host may escape only bytes above ASCII, a zone also what could stand there unescaped."""
    decoded, i = "", 0
    while i < len(text):
        character = text[i]
        if character == "%":
            escape = text[i : i + 3]
            if len(escape) < 3 or not _HEX.issuperset(escape[1:]):
                raise Unreadable(f"invalid URL escape {_quoted(escape)}")
            byte = chr(int(escape[1:], 16))
            if escape != "%25" and (byte not in _HOST and byte != " " if zone else host and byte < "\x80"):
                raise Unreadable(f"invalid URL escape {_quoted(escape)}")
            decoded += byte
            i += 3
            continue
        if host and character < "\x80" and character not in _HOST:
            raise Unreadable(f"invalid character {_quoted(character)} in host name")
        decoded += character
        i += 1
    return decoded


def _escape(text: str, allowed: frozenset[str]) -> str:
    return "".join(character if character in allowed else f"%{ord(character):02X}" for character in text)


def _spelling(raw: str, decoded: str, allowed: frozenset[str]) -> str:
    """The spelling in the certificate where it is a valid one, else Go's own."""
    return raw if (allowed | _LEFT_ALONE).issuperset(raw) else _escape(decoded, allowed)
