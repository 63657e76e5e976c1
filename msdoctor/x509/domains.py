"""Domain names and mailboxes inside certificates, as far as Go checks them (``crypto/x509`` parser.go, verify.go)."""

from __future__ import annotations

from dataclasses import dataclass

_ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.")
# Quoted: RFC 2821's qtext, and the space, which RFC 3696's examples have.
_QUOTED = frozenset(map(chr, [*range(1, 9), 11, 12, *range(14, 34), *range(35, 92), *range(93, 128)]))
_AFTER_BACKSLASH = frozenset(map(chr, [*range(1, 10), 11, 12, *range(14, 128)]))


def domain_valid(name: str, *, constraint: bool = False) -> bool:
    """Go's ``domainNameValid``: printable labels, none empty; or nothing. A constraint may begin with a dot."""
    if not name:
        return True
    if constraint and name[0] == "." and len(name) > 1:
        name = name[1:]
    return all(label and all("!" <= character <= "~" for character in label) for label in name.split("."))


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An e-mail address taken apart; the local part without its quotes."""

    local: str
    domain: str

    def __str__(self) -> str:
        """As Go prints it: quotes are not put back."""
        return f"{self.local}@{self.domain}"


def parse_mailbox(text: str) -> Mailbox | None:
    """Go's ``parseRFC2821Mailbox``; None where it finds none."""
    parsed = _quoted_local(text[1:]) if text.startswith('"') else _plain_local(text)
    if parsed is None:
        return None
    local, rest = parsed
    if not rest.startswith("@") or not domain_valid(rest[1:]):
        return None
    return Mailbox(local, rest[1:])


def _quoted_local(text: str) -> tuple[str, str] | None:
    local, i = "", 0
    while i < len(text):
        character = text[i]
        i += 1
        if character == '"':
            return local, text[i:]
        allowed = _QUOTED
        if character == "\\":
            character, allowed = text[i : i + 1], _AFTER_BACKSLASH
            i += 1
        if character not in allowed:
            return None
        local += character
    return None


def _plain_local(text: str) -> tuple[str, str] | None:
    local, i = "", 0
    while i < len(text):
        if text[i] == "\\":
            i += 1
            if i == len(text):
                return None
        elif text[i] not in _ATOM:
            break
        local += text[i]
        i += 1
    if not local or local.startswith(".") or local.endswith(".") or ".." in local:
        return None
    return local, text[i:]
