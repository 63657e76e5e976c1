"""The certificate that each API server itself serves, where it was met or read.

A look that trusts the API server need not see it: the handshake has judged it. One that does not is told in OpenSSL's
words why, and then nothing else is to be had through the API; the certificate itself is got by a handshake that sends
no credential.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from msdoctor import x509
from msdoctor.bundle import WORKSTATION, Bundle, Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.facts.authentication import keys_beside
from msdoctor.facts.kubelets import shaken, tls_place
from msdoctor.facts.processes import Component
from msdoctor.model import Unseen


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """One API server's serving certificate.

    ``served``: it came off the wire, at ``where``; otherwise it lies in the file ``path`` of ``server``'s host.
    ``ca_key`` lies beside the cluster's CA there, empty where none was seen. ``also``: other flags that name that file.
    """

    leaf: x509.Certificate
    where: str
    served: bool
    at: datetime
    server: Component | None = None
    path: str = ""
    key: str = ""
    also: tuple[str, ...] = ()

    def expired(self, at: datetime) -> bool:
        """Whether its time was over."""
        return self.leaf.not_after < at


def wanted(bundle: Bundle) -> Iterator[Place]:
    """A handshake with the API server, where it is not trusted: nothing else shows why."""
    if refused(bundle) is not None:
        yield from _place(bundle)


def refused(bundle: Bundle) -> str | None:
    """Why the look does not trust the API server; None where it does, or never came so far."""
    refusal = bundle.api(paths.VERSION).refusal
    return refusal.detail if refusal and refusal.reason is Reason.UNTRUSTED else None


def _place(bundle: Bundle) -> Iterator[Place]:
    server = urlsplit(bundle.context.server)
    if server.scheme == "https" and server.hostname:
        yield tls_place(server.hostname, server.port or 443)


def server_certificates(bundle: Bundle, servers: Sequence[Component]) -> tuple[ServerCertificate, ...] | Unseen:
    """Those off the wire first. ``Unseen`` where there is none at all."""
    files = tuple(_in_files(bundle, servers))
    met = tuple(_on_wire(bundle, files))
    return (*met, *files) or Unseen("neither its handshake nor its file was read")


def _on_wire(bundle: Bundle, files: Sequence[ServerCertificate]) -> Iterator[ServerCertificate]:
    for place in _place(bundle):
        chain = shaken(bundle, place)
        if isinstance(chain, Unseen):
            continue
        same = next((one for one in files if one.leaf.der == chain[0].der), None)
        at = bundle.at(place).at
        if same:
            yield ServerCertificate(chain[0], place.path, True, at, same.server, same.path, same.key, same.also)
        else:
            yield ServerCertificate(chain[0], place.path, True, at)


def _in_files(bundle: Bundle, servers: Sequence[Component]) -> Iterator[ServerCertificate]:
    for server in servers:
        path = server.flags.text("tls-cert-file")
        document = bundle.at(Place(server.origin, Kind.FILE, path))
        if server.origin == WORKSTATION or document.body is None:
            continue
        try:
            leaf = x509.parse_pem(document.body)[0]
        except (x509.Unreadable, IndexError):
            continue
        key = server.flags.text("tls-private-key-file") or keys_beside(path)[0]
        also = tuple(f.name for f in server.flags.given if f.value == path and f.name != "tls-cert-file")
        yield ServerCertificate(leaf, f"{server.host}:{path}", False, document.at, server, path, key, also)
