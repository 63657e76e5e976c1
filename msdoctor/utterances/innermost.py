"""The innermost error in a text: one small grammar for each kind, wherever in the text it stands.

A text is searched only for the anchors that begin with four of its characters in a row; a pattern is compiled when its
anchor is first met.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from msdoctor.utterances import errors
from msdoctor.utterances.errors import InnermostError
from msdoctor.utterances.grammar import Grammar
from msdoctor.utterances.grammars import GRAMMARS

_MOST_TRIES = 1000  # anchors of one kind that are tried in one line
_SHORTEST = min(len(grammar.anchor) for grammar in GRAMMARS)
_PIECE = 4  # characters; a line has few pieces, and there are many grammars


def _begun_by_piece() -> dict[str, list[int]]:
    """The grammars' numbers, by the first characters of their anchors."""
    begun: dict[str, list[int]] = {}
    for number, grammar in enumerate(GRAMMARS):
        begun.setdefault(grammar.anchor[:_PIECE], []).append(number)
    return begun


_BEGUN = _begun_by_piece()
_BEGINNINGS = frozenset(_BEGUN)
_LENGTHS = tuple(sorted({len(piece) for piece in _BEGUN}))


@dataclass(frozen=True, slots=True)
class Found:
    """An error, and where in the text it stands."""

    error: InnermostError
    start: int
    end: int


def find_errors(text: str) -> list[Found]:
    """The innermost errors of a text, in order. Of a chain ``a: b`` of known errors only the last is innermost."""
    if len(text) < _SHORTEST:
        return []
    hits = sorted(_hits(text), key=lambda found: (found.start, -found.end))
    kept: list[Found] = []
    for hit in hits:
        if kept and hit.start < kept[-1].end:
            continue
        if kept and text[kept[-1].end : hit.start] in _CHAINED:
            if _only_repeats(kept[-1].error, hit.error):
                continue
            kept.pop()
        kept.append(hit)
    return [hit for hit in kept if not hit.error.wraps] or kept


_CHAINED = (": ", ', response: "', '", response: "', ', response: "Internal Error: ', '", response: "Internal Error: ')


def _only_repeats(status: InnermostError, body: InnermostError) -> bool:
    """Whether a response's body says no more than its status did."""
    return isinstance(status, errors.HTTPStatus) and isinstance(body, errors.Unauthorized)


def _hits(text: str) -> Iterator[Found]:
    for grammar in _begun_in(text):
        position = text.find(grammar.anchor)
        tries = 0
        while position >= 0 and tries < _MOST_TRIES:
            tries += 1
            following = position + len(grammar.anchor)
            match = _compiled(grammar.pattern).match(text, position)
            if match is not None and not _within_word(text, position):
                yield Found(grammar.build(match), position, match.end())
                following = max(following, match.end())
            position = text.find(grammar.anchor, following)


def _begun_in(text: str) -> Iterator[Grammar]:
    """The grammars whose anchors' first characters are in a text, in their own order."""
    pieces = {text[start : start + length] for length in _LENGTHS for start in range(len(text) - length + 1)}
    numbers = sorted(number for piece in _BEGINNINGS & pieces for number in _BEGUN[piece])
    return (GRAMMARS[number] for number in numbers)


def _within_word(text: str, position: int) -> bool:
    """Whether the anchor is the tail of a longer ASCII word (``nslookup``); other scripts set no spaces."""
    before = text[position - 1 : position]
    return before.isascii() and before.isalnum() and text[position].isalnum()


def breaks_off(error: InnermostError, following: str) -> bool:
    """Whether an error at the very end of a line is cut in its last word, so that ``following`` belongs to it."""
    if isinstance(error, errors.NotValidFor | errors.NotValidForAny) and error.wanted:
        return error.wanted[-1:] in _OF_AN_ADDRESS and following[:1] in _OF_AN_ADDRESS
    return is_cut(error)


def is_cut(error: InnermostError) -> bool:
    """Whether a part of an error is not as anybody prints it, but cut, or joined with the next word."""
    match error:
        case errors.NotValidFor():
            return not error.wanted
        case errors.Dial() if error.address.endswith((":connect", ":getsockopt", ":")):
            return True
        case errors.Dial() | errors.Lookup() | errors.ConnectionLost():
            return not error.failure.endswith(_FAILURES)
        case errors.CannotListen():
            return any(known.startswith(error.failure) and known != error.failure for known in _OF_LISTENING)
        case errors.ContainerStatsFailed():
            return _LISTING.startswith(error.reason) or error.reason.endswith(" failure in a")
        case errors.TLSAlert():
            return error.alert not in _ALERTS
        case _:
            return False


_LISTING = "failed to list all container stats"  # kubelet pkg/kubelet/stats; what of hcsshim follows tells more
_OF_LISTENING = ("permission denied", "address already in use")
_OF_AN_ADDRESS = tuple("0123456789.:")
# syscall errors as Go prints them, net/net.go, net/dnsclient.go
_FAILURES = (
    "connection refused",
    "i/o timeout",
    "no route to host",
    "network is unreachable",
    "connection timed out",
    "connection reset by peer",
    "operation was canceled",
    "host is down",
    "no such host",
    "server misbehaving",
    "broken pipe",
    "EOF",
    "use of closed network connection",
    "client connection lost",
    "0-length response",
)
# crypto/tls/alert.go
_ALERTS = frozenset(
    {
        "close notify",
        "unexpected message",
        "bad record MAC",
        "decryption failed",
        "record overflow",
        "decompression failure",
        "handshake failure",
        "bad certificate",
        "unsupported certificate",
        "revoked certificate",
        "expired certificate",
        "unknown certificate",
        "illegal parameter",
        "unknown certificate authority",
        "access denied",
        "error decoding message",
        "error decrypting message",
        "export restriction",
        "protocol version not supported",
        "insufficient security level",
        "internal error",
        "inappropriate fallback",
        "user canceled",
        "no renegotiation",
        "missing extension",
        "unsupported extension",
        "certificate unobtainable",
        "unrecognized name",
        "bad certificate status response",
        "bad certificate hash value",
        "unknown PSK identity",
        "certificate required",
        "no application protocol",
    }
)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
