"""What comes of a connection before anybody answers: looked up, dialled, proxied, tunnelled, lost."""

from __future__ import annotations

from msdoctor.model import Hop
from msdoctor.utterances.errors.error import InnermostError


class Dial(InnermostError):
    """``dial tcp ADDRESS: connect: connection refused``, ``i/o timeout`` … (net/net.go OpError)."""

    address: str
    failure: str

    @property
    def family(self) -> str:
        """``6`` for an IPv6 address."""
        return "6" if self.address.startswith("[") else ""


class ColonsInAddress(InnermostError):
    """``invalid URL port "8::1:10255"`` (net/http of Go 1.8), ``too many colons in address A`` (net.SplitHostPort).

    An IPv6 address was put before its port without brackets.
    """

    address: str


class Lookup(InnermostError):
    """``lookup NAME on SERVER: no such host``, ``server misbehaving``, ``i/o timeout`` (net/net.go DNSError)."""

    name: str
    server: str
    failure: str

    @property
    def answer(self) -> str:
        """``none`` where the server was not reached, ``late`` where the caller's time was over before.

        The resolver names the server only where that was the one that did not answer (net/dnsclient_unix.go). What
        getaddrinfo(3) says where it may be another time, or is not known, is ``again``: EAI_AGAIN and EAI_NONAME, in
        the words of glibc and of musl, which programs print that are linked with them (net/cgo_unix.go).
        """
        if self.failure.startswith(("Temporary", "Try again", "Name or service not known", "Name does not resolve")):
            return "again"
        if not self.server and self.failure.endswith("i/o timeout"):
            return "late"
        return "none" if self.failure.endswith(("i/o timeout", "refused", "unreachable", "no route to host")) else ""


class DeadlineExceeded(InnermostError):
    """``context deadline exceeded`` and its kin of net/http: no answer in time."""

    text: str = ""

    @property
    def phase(self) -> str:
        """``handshake`` where the connection had opened, ``connection`` where it had not; else it is not said."""
        if "TLS handshake" in self.text:
            return "handshake"
        return "connection" if "while waiting for connection" in self.text else ""


class Canceled(InnermostError):
    """``context canceled``: whoever asked no longer waits."""


class ConnectionLost(InnermostError):
    """``EOF``, ``read tcp A->B: read: connection reset by peer``, ``http2: client connection lost``."""

    failure: str
    address: str = ""


class NotTLS(InnermostError):
    """``http: server gave HTTP response to HTTPS client``, ``tls: first record does not look like a TLS handshake``."""

    text: str


class TunnelFailed(InnermostError, hop=Hop.C):
    """The API server's own tunnel to the nodes gave out, not what it leads to (apiserver egressselector, konnectivity).

    ``failure`` is its words, ``tunnel`` the socket or address of the tunnel's near end, where they name it.
    """

    failure: str
    tunnel: str = ""


class ProxyAnswer(InnermostError):
    """``Get "URL": Forbidden`` without ``bad status``: an HTTP proxy refused to connect (net/http transport.go)."""

    answer: str


class AddressNotAllowed(InnermostError, hop=Hop.C):
    """``Address is not allowed``: an API server of EKS, of an address that is none of its VPC's.

    Upstream's own words are ``address not allowed``, of addresses of the host itself (kubernetes pkg/proxy/util).
    """


class BackendUnreached(InnermostError, hop=Hop.C, wraps=True):
    """``error dialing backend: …``, ``error trying to reach service: …`` (apimachinery pkg/util/proxy)."""


class TunnelDown(InnermostError, hop=Hop.C):
    """``No agent available``, ``No SSH tunnels currently open``: the control plane's way to the nodes is gone."""

    text: str


class TunnelTroubled(InnermostError, wraps=True):
    """``could not get frontend client``, ``DATA to Backend failed``: what konnectivity's server cannot pass on.

    apiserver-network-proxy pkg/server/server.go; rancher/remotedialer client.go, for k3s's agents. Of some connections,
    so that the tunnel may stand for others.
    """


class PolicyDenied(InnermostError):
    """``policy-verdict:none INGRESS DENIED``, ``drop (Policy denied)``: a packet that Cilium did not let through.

    cilium hubble/pkg/printer/printer.go, monitor and api/v1/flow (``POLICY_DENIED``). Whose packet, it says in numbers.
    """


class OverlayChecksum(InnermostError):
    """``10.0.0.2.8472: [bad udp cksum 0x1 -> 0x2!]``: a packet of VXLAN that its receiver drops (tcpdump).

    On the host that sends it, it may be whole yet: the network card is still to write its checksum.
    """


class WrongScheme(InnermostError):
    r"""``malformed HTTP response "\x15\x03…"``: plain HTTP was spoken to a server of TLS (net/http)."""
