"""Which reader answers for which place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from msdoctor.bundle import Context, Kind, Place, Reason, Refusal
from msdoctor.collect.api import Api
from msdoctor.collect.handshake import shake_hands
from msdoctor.collect.host import HostRoot
from msdoctor.collect.look import Answer

# A managed control plane's own addresses are mostly out of reach, and must not hold up the look.
API_SERVER_SECONDS = 3.0

POD = "pod/"  # a TLS place of a pod's own port: ``pod/NAMESPACE/NAME:PORT``


@dataclass(frozen=True, slots=True)
class Everything:
    """The API server (none when only files are looked at), the network as this machine sees it, and host roots."""

    context: Context
    api: Api | None
    hosts: Mapping[str, HostRoot] = field(default_factory=dict)
    port_forward: bool = False

    def read(self, place: Place, seconds: float) -> Answer:
        """What stands at a place, or why that cannot be said, within about ``seconds``."""
        if place.origin.startswith("host/"):
            return self._host(place, seconds)
        if self.api is None:
            return Refusal(Reason.NOT_ASKED, "only host files were looked at")
        if place.api_server:
            return self._api_server(self.api, place, seconds)
        if place.kind is not Kind.TLS:
            return self.api.read(place, seconds)
        if not place.path.startswith(POD):
            return shake_hands(place.path, seconds)
        if not self.port_forward:
            return Refusal(Reason.NOT_ASKED, "needs --port-forward")
        from msdoctor.collect.portforward import through_port_forward  # noqa: PLC0415  the kubernetes package is slow to import

        return through_port_forward(self.api.access, place.path.removeprefix(POD), seconds)

    def _api_server(self, api: Api, place: Place, seconds: float) -> Answer:
        """One of several, as `kubectl --server` asks it: what the kubeconfig's CA has not issued gets no credential."""
        if api.access.insecure or not api.access.server.startswith("https:"):
            return Refusal(Reason.NOT_ASKED, "the kubeconfig's own way to the API server verifies no certificate")
        access = replace(
            api.access, server=f"https://{place.api_server}", tls_server_name=place.origin.rpartition("/")[2]
        )
        return Api(access).read(place, min(seconds, API_SERVER_SECONDS))

    def _host(self, place: Place, seconds: float) -> Answer:
        name = place.origin.removeprefix("host/")
        root = self.hosts.get(name)
        if root is None:
            return Refusal(Reason.NOT_ASKED, f"no host files: --host-root {name}=DIR")
        if place.kind is not Kind.TLS:
            return root.read(place)
        # From anywhere else it would be another machine's network that answers.
        if not root.shares_network("kube-apiserver"):
            return Refusal(Reason.NOT_ASKED, f"needs msdoctor to run on {name} itself, beside its API server")
        # Ended well before it is given up on: how far it came tells a lost packet from a large one that was lost.
        return shake_hands(place.path, seconds * 0.8)
