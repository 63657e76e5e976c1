"""The CAs of whose certificates a TLS server asks its clients: their names, told to anybody before any credential.

An API server names its client CA and its requestheader CA, metrics-server those that it has loaded at this moment
(k8s.io/apiserver pkg/server/dynamiccertificates/tlsconfig.go, ClientCAs; crypto/tls writes their subjects into the
CertificateRequest). Only names: two CAs of one name look alike, and one that serves both ends shows once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from msdoctor import x509
from msdoctor.bundle import WORKSTATION, Bundle, Context, Kind, Place
from msdoctor.facts.installation import Installation
from msdoctor.facts.kubelets import Handshake
from msdoctor.facts.objects import decode
from msdoctor.model import Evidence, Unseen

HTTPS = 443


@dataclass(frozen=True, slots=True)
class AskedFor:
    """The names of one server's list, as Go prints them, and how to see it again."""

    whose: str
    names: tuple[str, ...]
    where: str
    how: str

    @property
    def evidence(self) -> Evidence:
        """The list itself."""
        listed = ", ".join(self.names) or "no CA at all"
        return Evidence(f"{self.whose} asks its clients for certificates of {listed}", self.where, self.how)

    def lacks(self, known: Sequence[x509.Certificate], sought: Sequence[x509.Certificate]) -> bool:
        """Whether none of ``sought`` is in the list, which has one of ``known``: then names are written alike."""
        return any(ca.subject in self.names for ca in known) and not any(ca.subject in self.names for ca in sought)


def server_place(context: Context) -> Place | None:
    """Where the API server that was asked shakes hands; None where that is not known."""
    try:
        url = urlsplit(context.server)
        host, port = url.hostname, url.port or HTTPS
    except ValueError:
        return None
    if url.scheme != "https" or not host:
        return None
    return Place(WORKSTATION, Kind.TLS, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


def pod_place(one: Installation, pod: str) -> Place:
    """Where a pod of metrics-server shakes hands, by a port-forward."""
    return Place(WORKSTATION, Kind.TLS, f"pod/{one.namespace}/{pod}:{one.secure_port}")


def of_api_server(bundle: Bundle) -> AskedFor | Unseen:
    """What the API server asks for; through a proxy that ends TLS itself it would be that one's list."""
    place = server_place(bundle.context)
    if place is None:
        return Unseen("the API server's address is not known")
    show = f"openssl s_client -connect {place.path} </dev/null 2>/dev/null | grep -A9 'client certificate CA names'"
    return _asked_for(bundle, place, "the API server", show)


def of_metrics_server(bundle: Bundle, installation: Installation | None) -> AskedFor | Unseen:
    """What the first pod that was met asks for."""
    found: AskedFor | Unseen = Unseen("no pod of metrics-server is known")
    if installation is None:
        return found
    for pod in installation.pods:
        name = pod.metadata.name
        show = (
            f"kubectl -n {installation.namespace} port-forward {name} 4443:{installation.secure_port} & sleep 2;"
            " openssl s_client -connect 127.0.0.1:4443 </dev/null 2>/dev/null | grep -A9 'client certificate CA names'"
        )
        found = _asked_for(bundle, pod_place(installation, name), "metrics-server", show)
        if isinstance(found, AskedFor):
            return found
    return found


def _asked_for(bundle: Bundle, place: Place, whose: str, show: str) -> AskedFor | Unseen:
    handshake = decode(bundle.at(place), Handshake)
    if isinstance(handshake, Unseen):
        return Unseen(f"no handshake with {whose}: {handshake.reason}", place.path)
    return AskedFor(whose, handshake.acceptable_cas, f"TLS handshake with {place.path}", show)
