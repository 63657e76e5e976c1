"""Name constraints (RFC 5280 section 4.2.1.10) the way Go 1.26 matches them (``crypto/x509`` constraints.go).

Go sorts a certificate's constraints, drops those inside a broader one, and looks only at the nearest below a name. The
same is done here, since which constraint is named in an error depends on it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .certificate import Certificate
from .domains import Mailbox, domain_valid, parse_mailbox
from .extensions import Subtrees
from .gotext import address_text, network_text, parse_address, quote, to4
from .model import Unreadable
from .uri import Uri

_T = TypeVar("_T")
_Asked_contra = TypeVar("_Asked_contra", contravariant=True)
_Network = tuple[bytes, bytes]


class _Finder(Protocol[_Asked_contra]):
    def find(self, name: _Asked_contra, /) -> str | None:
        """The constraint that a name falls under, as Go prints it."""


class Networks:
    """Permitted or excluded networks."""

    def __init__(self, networks: Sequence[_Network]) -> None:
        self._families = {
            size: _pruned(sorted(network for network in networks if len(network[0]) == size), _inside_network)
            for size in (4, 16)
        }

    def find(self, address: bytes) -> str | None:
        """The network that holds an address, as Go prints it."""
        networks = self._families[len(address)]
        if not networks:
            return None
        position = bisect_left(networks, address, key=lambda network: network[0])
        if position < len(networks) and networks[position][0] == address:
            return network_text(*networks[position])
        nearest = networks[max(position - 1, 0)]
        return network_text(*nearest) if _contains(nearest, address) else None


def _contains(network: _Network, address: bytes) -> bool:
    """Go's ``net.IPNet.Contains``; an IPv4 network mapped into IPv6 holds IPv4 addresses."""
    base, mask = network
    if (four := to4(base)) is not None:
        base, mask = four, mask[-4:]
    address = to4(address) or address
    return len(address) == len(base) and all(a & m == b & m for a, b, m in zip(address, base, mask, strict=True))


def _inside_network(outer: _Network, inner: _Network) -> bool:
    base, mask = inner
    last = bytes(octet | ~bits & 0xFF for octet, bits in zip(base, mask, strict=True))
    return _contains(outer, base) and _contains(outer, last)


class Domains:
    """Permitted or excluded domains, of DNS names, of URIs' hosts and of mailboxes."""

    def __init__(self, domains: Sequence[str], *, permitted: bool) -> None:
        self._everything = "" in domains
        self._domains = [] if self._everything else _pruned(sorted(domains, key=_backwards), _suffix)
        self._parents: dict[str, str] = {}
        if not permitted:
            for domain in map(str.lower, self._domains):
                if parent := _without_first_label(domain):
                    self._parents[parent] = domain

    def find(self, name: str) -> str | None:
        """The constraint that a name falls under; an excluded one also meets a wildcard beside it."""
        if self._everything:
            return ""
        if self._domains:
            position = bisect_left(self._domains, _backwards(name), key=_backwards)
            if position < len(self._domains) and _backwards(self._domains[position]) == _backwards(name):
                return self._domains[position]
            nearest = self._domains[max(position - 1, 0)]
            if _suffix(nearest, name):
                return nearest
        if name.startswith("*"):
            return self._parents.get(_without_first_label(name.lower()))
        return None


def _pruned(ordered: Sequence[_T], inside: Callable[[_T, _T], bool]) -> list[_T]:
    """Without those that lie inside the nearest kept before them."""
    kept: list[_T] = []
    for item in ordered:
        if not kept or not inside(kept[-1], item):
            kept.append(item)
    return kept


def _backwards(name: str) -> str:
    """The key to sort domains by: from the end, case folded, the dot before every other character."""
    return name[::-1].lower().replace(".", "\0")


def _suffix(domain: str, name: str) -> bool:
    """Whether a name is a domain or lies below it; a domain that begins with a dot is not inside itself without it."""
    if not name.lower().endswith(domain.lower()):
        return False
    return domain[0] == "." or len(name) == len(domain) or name[-len(domain) - 1] == "."


def _without_first_label(name: str) -> str:
    dot = name.find(".")
    return name[dot:] if dot >= 0 else ""


class Mailboxes:
    """Permitted or excluded mailboxes: whole addresses, and domains."""

    def __init__(self, constraints: Sequence[str], *, permitted: bool) -> None:
        exact = (parse_mailbox(constraint) for constraint in constraints if "@" in constraint)
        self._exact = {Mailbox(mailbox.local, mailbox.domain.lower()) for mailbox in exact if mailbox}
        self._domains = Domains(
            [constraint for constraint in constraints if "@" not in constraint], permitted=permitted
        )

    def find(self, mailbox: Mailbox) -> str | None:
        """The constraint that a mailbox falls under."""
        return str(mailbox) if mailbox in self._exact else self._domains.find(mailbox.domain)


class _Half:
    """The permitted or the excluded subtrees of one certificate, ready to be asked; None for a kind that it lacks."""

    def __init__(self, subtrees: Subtrees, *, permitted: bool) -> None:
        self.networks = Networks(subtrees.networks) if subtrees.networks else None
        self.dns = Domains(subtrees.dns_names, permitted=permitted) if subtrees.dns_names else None
        self.uris = Domains(subtrees.uri_domains, permitted=permitted) if subtrees.uri_domains else None
        self.emails = Mailboxes(subtrees.emails, permitted=permitted) if subtrees.emails else None


class _Constraints:
    """Both halves of one certificate."""

    def __init__(self, certificate: Certificate) -> None:
        self.permitted = _Half(certificate.extensions.permitted, permitted=True)
        self.excluded = _Half(certificate.extensions.excluded, permitted=False)

    def faults(self, claimed: _Claimed) -> Iterator[str | None]:
        """Of each claimed name, in Go's order and words, why these constraints forbid it; None where they do not."""
        permitted, excluded = self.permitted, self.excluded
        for address in claimed.addresses:
            yield _fault("IP address", address_text(address), address, permitted.networks, excluded.networks)
        for name in claimed.dns_names:
            if not domain_valid(name):
                yield f"x509: cannot parse dnsName {quote(name)}"
            yield _fault("DNS name", name, name, permitted.dns, excluded.dns)
        for text, host in claimed.uris:
            yield _fault("URI", text, host, permitted.uris, excluded.uris)
        for mailbox in claimed.mailboxes:
            yield _fault("email address", str(mailbox), mailbox, permitted.emails, excluded.emails)


def _fault(kind: str, text: str, name: _T, permitted: _Finder[_T] | None, excluded: _Finder[_T] | None) -> str | None:
    if permitted is not None and permitted.find(name) is None:
        return f"{kind} {quote(text)} is not permitted by any constraint"
    if excluded is not None and (constraint := excluded.find(name)) is not None:
        return f"{kind} {quote(text)} is excluded by constraint {quote(constraint)}"
    return None


@dataclass(frozen=True, slots=True)
class _Claimed:
    """The names that a certificate claims; URIs as (text, host)."""

    addresses: tuple[bytes, ...]
    dns_names: tuple[str, ...]
    uris: list[tuple[str, str]]
    mailboxes: list[Mailbox]


def _claimed(certificate: Certificate) -> _Claimed:
    extensions = certificate.extensions
    uris = [(uri.text, _uri_domain(uri)) for uri in extensions.uris]
    return _Claimed(extensions.addresses, extensions.dns_names, uris, list(map(_mailbox, extensions.emails)))


def _uri_domain(uri: Uri) -> str:
    """The host that a URI is matched by; raises ``Unreadable`` where it has none."""
    host, text = uri.host.lower(), _quoted_bytes(uri.text)
    if not host:
        raise Unreadable(f"URI with empty host ({text}) cannot be matched against constraints")
    if ":" in host and not host.endswith("]"):
        host = _without_port(uri.host)
    if _is_address(host) or (host.startswith("[") and host.endswith("]")):
        raise Unreadable(f"URI with IP ({text}) cannot be matched against constraints")
    return host


def _quoted_bytes(text: str) -> str:
    return quote(text.encode("latin-1"))


def _is_address(host: str) -> bool:
    try:
        parse_address(host)
    except Unreadable:
        return False
    return True


def _without_port(host: str) -> str:
    """Go's ``net.SplitHostPort``, of a host with a colon in it that the URI's parser has let through."""
    end = host.rfind(":")
    if host[0] == "[":
        return host[1 : host.index("]")]
    if host.index(":") != end:
        raise Unreadable(f"cannot parse URI host {quote(host)}: address {host}: too many colons in address")
    if "[" in host or "]" in host:
        bracket = "[" if "[" in host else "]"
        raise Unreadable(f"cannot parse URI host {quote(host)}: address {host}: unexpected '{bracket}' in address")
    return host[:end]


def _mailbox(text: str) -> Mailbox:
    mailbox = parse_mailbox(text)
    if mailbox is None:
        raise Unreadable(f"cannot parse rfc822Name {quote(text)}")
    return Mailbox(mailbox.local, mailbox.domain.lower())


def constraint_faults(chain: Sequence[Certificate]) -> Iterator[tuple[str, Certificate]]:
    """The names in a chain, leaf first, that one above forbids: why, and who claims it. Go tells the first."""
    constrained = [(i, _Constraints(above)) for i, above in enumerate(chain) if above.extensions.name_constraints]
    for position, certificate in enumerate(chain):
        applicable = [constraints for i, constraints in constrained if i > position]
        if not applicable or certificate.extensions.san is None:
            continue
        try:
            claimed = _claimed(certificate)
        except Unreadable as reason:
            yield str(reason), certificate
            continue
        for constraints in applicable:
            yield from ((fault, certificate) for fault in constraints.faults(claimed) if fault)
