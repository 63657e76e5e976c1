"""What the checks of the way from the API server to metrics-server share: who is suspected, how surely, and the looks.

One judgement for all of them, so that what one excludes none of the others still suspects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msdoctor.facts.routes import Met, Route
from msdoctor.model import (
    Confidence,
    Doubt,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    NotApplicable,
    Says,
    Unseen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.repair import Repair
    from msdoctor.facts.way import Stand, Way
    from msdoctor.model import Advise, Blanks

# Availability is asked every 30 s, and once more a few seconds after a failure.
SHOWS_WITHIN_SECONDS = 90
CANNOT_REACH = "aggregator-cannot-reach-service"
FIREWALL = "cloud-firewall-control-plane-to-node"
OVERLAY = "overlay-vxlan-udp-blocked"
MTU = "network-mtu-or-overlay"
TUNNEL = "konnectivity-tunnel-down"
POLICY = "network-policy-blocks"
ENVIRONMENT = "proxy-env-no_proxy"
ROUTING = "enable-aggregator-routing"
UNSEEN_FROM_AFAR = (
    "The API server gets no answer from metrics-server, and what is behind that looks alike from outside."
)


OF_ITS_OWN_TUNNEL = " 502 response to "
"""What k3s and rke2 say of it, through which their API servers dial whatever is in the cluster (pkg/util)."""


def unanswered(service: float, pod: float, logged: float = 0.0) -> tuple[Says, ...]:
    """A dial of the API server's that nobody answers, by what was dialled: the Service's port, or the pod's.

    ``logged``: the pod's, where the API server's own log says it. Who can read that runs the control plane, mostly on
    machines of one network, and no provider's firewall stands before them.
    """
    return tuple(
        Says(error, hop=Hop.C, where={**failure, **where}, likelihood=likelihood)
        for where, likelihood in (
            ({"port": "443"}, service),
            ({"port": "pod"}, pod),
            *(({"port": "pod", "outer": words}, logged) for words in _IN_THE_LOG),
        )
        if likelihood
        for error, failure in (
            ("Dial", {"failure": "i/o timeout"}),
            ("Dial", {"failure": "connection timed out"}),
            ("DeadlineExceeded", {}),
        )
    )


def in_its_own_tunnel(likelihood: float) -> tuple[Says, ...]:
    """What k3s and rke2 dial for their API server, of a pod, and nobody answers: their hosts have the pods' network."""
    where = {"port": "pod", "outer": OF_ITS_OWN_TUNNEL}
    return (
        *(
            Says("Dial", hop=Hop.C, where={**where, "failure": failure}, likelihood=likelihood)
            for failure in ("i/o timeout", "connection timed out")
        ),
        Says("DeadlineExceeded", hop=Hop.C, where=where, likelihood=likelihood),
    )


_IN_THE_LOG = (
    "failed with",  # kube-aggregator …_available_controller.go, before what it writes into the condition
    OF_ITS_OWN_TUNNEL,
)


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One of the causes, how surely it is the one, in which words, and by what it was seen."""

    id: str
    confidence: Confidence
    summary: str
    evidence: tuple[Evidence, ...]
    stand: Stand | None = None
    subject: str = ""


def judge(way: Way | None, id_: str, advise: Advise, repair: Repair) -> Iterator[Finding | NotApplicable | Unseen]:
    """The finding of one check."""
    if way is None:
        yield NotApplicable("the API server does not complain of its way to metrics-server")
        return
    found = suspicions(way)
    if isinstance(found, Unseen):
        yield found
        return
    possible = {one.id for one in found if one.confidence is Confidence.POSSIBLE}
    for one in found:
        if one.id == id_:
            is_open, known = one.confidence is Confidence.POSSIBLE, blanks(way, one, repair)
            yield Finding(
                summary=one.summary,
                subjects=(one.subject or f"pod/{way.pod.metadata.namespace}/{way.pod.metadata.name}",),
                evidence=(*one.evidence, way.said),
                effects=(Effect(EffectKind.CUT_OFF),),
                confidence=one.confidence,
                since=way.said.at,
                changed="the API server began to complain",
                remedies=advise(known),
                doubt=Doubt(UNSEEN_FROM_AFAR, tuple(looks(way, known, possible))) if is_open else None,
            )


def blanks(way: Way, one: Suspicion, repair: Repair) -> Blanks:
    """What is known for a remedy."""
    stand = one.stand or (way.stands[0] if way.stands else None)
    known = {
        "pod_address": way.pod.status.pod_ip,
        "pod_port": str(way.port),
        "target": way.target,
        "shut": way.shut,
        "service_address": way.service,
        "node": way.pod.spec.node_name,
        "node_address": way.node_address,
    }
    if stand:
        known |= {
            "control_plane": stand.server.host,
            "has_proxy_unit": "yes" if stand.has_proxy_unit else "no",
            "proxied": "yes" if stand.proxied is True else "no",
            **({"has__enable_aggregator_routing": "yes"} if ROUTING in stand.server.flags else {}),
            "reaches_pod": "yes" if stand.to(way.target) is Met.ANSWERS else "no",
        }
        if isinstance(stand.route, Route):
            # What goes by default goes elsewhere too: of that only the pod is meant.
            network = f"{way.pod.status.pod_ip}/32" if stand.route.is_default else stand.route.network
            known |= {"network": network, "device": stand.route.device, "gateway": stand.route.gateway}
    elif way.control_plane:
        known |= {"control_plane": way.control_plane}
    known |= {"control_plane_address": way.control_plane_address} if way.control_plane_address else {}
    if way.tunnels:
        known |= {
            "control_plane": way.tunnels[0].server.host,
            "tunnel_unit": way.tunnels[0].unit,
            "tunnel_manifest": way.tunnels[0].manifest,
        }
    return repair.blanks(**{name: value for name, value in known.items() if value})


def suspicions(way: Way) -> tuple[Suspicion, ...] | Unseen:
    """Who may be it. Of several API servers one that tells more than a possibility is believed."""
    if way.stale:
        return Unseen(f"the API server complains of {way.dialled}, which is nobody's address any more")
    if way.by_env:
        return Unseen("the API server's environment names a proxy, and its calls may go there")
    if way.tunnels or way.met is Met.TUNNEL:
        return (_tunnel(way),)
    if not way.stands:
        return tuple(_from_afar(way, None))
    found = [one for stand in way.stands for one in _seen_on(way, stand)]
    sure = [one for one in found if one.confidence is not Confidence.POSSIBLE]
    return tuple({one.id: one for one in reversed(sure or found)}.values())[::-1]


def _tunnel(way: Way) -> Suspicion:
    tunnel = way.tunnels[0] if way.tunnels else None
    host = tunnel.server if tunnel else None
    evidence = [tunnel.evidence] if tunnel else []
    if tunnel and tunnel.there is False:
        evidence.insert(0, _no_socket(tunnel.end, tunnel.server.host))
    if way.met is Met.TUNNEL:
        words = f"The API server's tunnel to the nodes gives out before anything is dialled: {_said(way)}."
        sure = Confidence.CERTAIN if tunnel and tunnel.there is False else Confidence.LIKELY
    else:
        words = f"What the API server asks of {way.dialled} goes into its tunnel to the nodes, and nothing comes back."
        sure = Confidence.POSSIBLE
    return Suspicion(TUNNEL, sure, words, tuple(evidence), None, host.subject if host else "")


def _no_socket(path: str, host: str) -> Evidence:
    saw = "no such socket: nobody listens at the tunnel's near end"
    return Evidence(saw, f"{host}:{path}", f"ls -l {path}", f"host/{host}")


def _said(way: Way) -> str:
    return str(getattr(way.error, "failure", "")) or "no answer"


def _seen_on(way: Way, stand: Stand) -> Iterator[Suspicion]:
    """What one host shows; where nothing was dialled there, its processes and its routes."""
    if stand.to(way.target) is None:
        yield from _from_afar(way, stand)
    else:
        yield from _dialled(way, stand)


def _dialled(way: Way, stand: Stand) -> Iterator[Suspicion]:
    """What the host meets itself, where msdoctor runs on it."""
    met, shut = stand.to(way.target), stand.to(way.shut)
    host, seen = stand.server.host, _met(stand, way.target, way.shut)
    if met is Met.ANSWERS:
        if way.by_cluster_ip and stand.to(way.service) not in (None, Met.ANSWERS):
            yield _without_proxy(way, stand, _met(stand, way.service, way.target))
    elif met is Met.OPENS:
        words = (
            f"{host} opens a connection to metrics-server at {way.target}, and its TLS handshake does not end: small"
            " packets pass and large ones get lost. metrics-server itself is well: its node's probes get their answers."
        )
        yield Suspicion(MTU, Confidence.LIKELY, words, _met(stand, way.target), stand)
    elif shut in (Met.REFUSED, Met.ANSWERS):
        words = (
            f"Packets from {host} get to metrics-server's pod and back, as another port of it shows, and only what is"
            f" for port {way.port} does not: a firewall keeps the control plane from it."
        )
        yield Suspicion(FIREWALL, Confidence.LIKELY, words, seen, stand, f"node/{way.pod.spec.node_name}")
    else:
        yield from _lost(way, stand, (*seen, *_route(way, stand), *_met(stand, *_kubelets(way, stand))))


def _met(stand: Stand, *addresses: str) -> tuple[Evidence, ...]:
    """What the host met at each of these, in their order."""
    return tuple(dial.evidence for address in addresses for dial in stand.dials if dial.address == address)


def _kubelets(way: Way, stand: Stand) -> list[str]:
    """Where the host dialled the kubelet of metrics-server's node."""
    prefix = f"{way.node_address}:"
    return [dial.address for dial in stand.dials if way.node_address and dial.address.startswith(prefix)]


def _lost(way: Way, stand: Stand, seen: tuple[Evidence, ...]) -> Iterator[Suspicion]:
    """Nothing of the pod answers there, on whatever port."""
    host, node, route = stand.server.host, way.pod.spec.node_name, stand.route
    kubelet = next((stand.to(address) for address in _kubelets(way, stand)), None)
    met = stand.to(way.target)
    if route is None:
        yield _without_route(way, stand, seen)
    elif isinstance(route, Route) and route.is_default and met is Met.NO_ROUTE:
        yield _by_default(stand, seen, Confidence.LIKELY)
    elif isinstance(route, Route) and route.is_overlay and way.is_remote(stand) and kubelet is Met.ANSWERS:
        words = (
            f"{host} reaches the kubelet of {node}, and nothing of the pods there, which it sends to by"
            f" {route.device}: what the overlay wraps does not pass between the two."
        )
        yield Suspicion(OVERLAY, Confidence.LIKELY, words, seen, stand, f"node/{node}")
    else:
        yield from _from_afar(way, stand, seen)


def _from_afar(way: Way, stand: Stand | None, seen: tuple[Evidence, ...] = ()) -> Iterator[Suspicion]:
    """The short list, less what the host's processes and routes exclude."""
    if way.met is Met.OPENS:
        words = f"The API server connects to {way.dialled}, and the TLS handshake does not end: large packets get lost."
        yield Suspicion(MTU, Confidence.LIKELY, words, seen, stand)
        return
    route = stand.route if stand else Unseen("no host")
    seen = seen or (tuple(_route(way, stand)) if stand else ())
    if way.by_cluster_ip and stand and stand.proxied is False and not stand.dials:
        yield _without_proxy(way, stand, seen)
        return
    if stand and route is None:
        yield _without_route(way, stand, seen)
    elif route is not None:
        yield from _possible(way, stand, route, seen)


def _possible(way: Way, stand: Stand | None, route: Route | Unseen, seen: tuple[Evidence, ...]) -> Iterator[Suspicion]:
    host = stand.server.host if stand else "the API server's host"
    node = f"node/{way.pod.spec.node_name}"
    unsure, remote = Confidence.POSSIBLE, stand is None or way.is_remote(stand)
    if isinstance(route, Route) and route.is_default and stand:
        yield _by_default(stand, seen, unsure)
    elif isinstance(route, Unseen) or (way.by_cluster_ip and stand and isinstance(stand.proxied, Unseen)):
        lacks = "has no kube-proxy, or no route to pods" if way.by_cluster_ip else "has no route to pods"
        words = f"Perhaps {host} {lacks}, so that {way.dialled} leads nowhere."
        yield Suspicion(CANNOT_REACH, unsure, words, seen, stand)
    words = f"Perhaps a firewall keeps {host} from port {way.port} of metrics-server's pod."
    yield Suspicion(FIREWALL, unsure, words, seen, stand, node)
    wrapped = isinstance(route, Unseen) or route.is_overlay
    if wrapped and remote and way.met is Met.SILENT:
        words = "Perhaps the nodes do not get what their overlay network wraps for pods."
        yield Suspicion(OVERLAY, unsure, words, seen, stand, node)
    if way.met is Met.SILENT and not (stand and stand.dials):
        words = "Perhaps the connection opens, and packets of full size get lost."
        yield Suspicion(MTU, unsure, words, seen, stand)


def _without_proxy(way: Way, stand: Stand, seen: tuple[Evidence, ...]) -> Suspicion:
    host = stand.server.host
    nobody = Evidence(
        saw="no kube-proxy, nor anything known to stand in for it",
        where=f"processes of {host}",
        how="ps -e -o args",
        origin=stand.server.origin,
    )
    reaches = f" {host} reaches the pod itself at {way.target}." if stand.to(way.target) is Met.ANSWERS else ""
    if stand.proxied is False:
        sure = Confidence.CERTAIN if stand.dials else Confidence.LIKELY
        words = (
            f"The API server dials the Service's address {way.service}, and no kube-proxy runs on {host} to lead on"
            f" from there.{reaches}"
        )
        return Suspicion(CANNOT_REACH, sure, words, (nobody, *seen), stand, stand.server.subject)
    runs = f", although {stand.proxy_seen} runs there" if stand.proxied is True else ""
    words = f"The API server dials the Service's address {way.service}, which leads nowhere on {host}{runs}.{reaches}"
    return Suspicion(CANNOT_REACH, Confidence.LIKELY, words, seen, stand, stand.server.subject)


def _without_route(way: Way, stand: Stand, seen: tuple[Evidence, ...]) -> Suspicion:
    words = (
        f"{stand.server.host} has no route to metrics-server's pod at {way.pod.status.pod_ip}, not even a default one."
    )
    return Suspicion(CANNOT_REACH, Confidence.CERTAIN, words, seen, stand, stand.server.subject)


def _by_default(stand: Stand, seen: tuple[Evidence, ...], sure: Confidence) -> Suspicion:
    route = stand.route
    gateway = f"its default gateway {route.gateway}" if isinstance(route, Route) else "its default gateway"
    lead = "" if sure is Confidence.LIKELY else "Perhaps it has no way to pods: "
    words = f"{lead}{stand.server.host} has no route of its own to metrics-server's pod, and sends what is for it to"
    words += f" {gateway}, which says that there is no way." if sure is Confidence.LIKELY else f" {gateway}."
    return Suspicion(CANNOT_REACH, sure, words, seen, stand, stand.server.subject)


def _route(way: Way, stand: Stand) -> Iterator[Evidence]:
    if isinstance(stand.route, Unseen):
        return
    yield Evidence(
        saw=f"route to {way.pod.status.pod_ip}: {stand.route or 'none'}",
        where=f"routes of {stand.server.host}",
        how=stand.routes_how,
        origin=stand.server.origin,
    )


def looks(way: Way, known: Blanks, ids: set[str]) -> Iterator[Look]:
    """The looks that tell these apart, and those at what else looks like them."""

    def look(command: str, shows: str, then: str) -> Iterator[Look]:
        if then in ids:
            yield Look(command, shows, then, host)

    host = known.get("control_plane", HOST)
    pod = f"openssl s_client -connect {known['target']} </dev/null"
    if way.by_cluster_ip:
        yield from look(pod, "a certificate: only the Service's address leads nowhere", CANNOT_REACH)
    yield from look(pod, "CONNECTED, and no certificate", MTU)
    shut = f"openssl s_client -connect {known['shut']} </dev/null"
    yield from look(shut, "refused at once: the pod is reached, and only its port is shut", FIREWALL)
    route = f"ip route get {known['pod_address']}"
    yield from look(route, "unreachable, or by a gateway that knows nothing of pods", CANNOT_REACH)
    yield from look(route, "by flannel.1, vxlan.calico or another overlay's device", OVERLAY)
    policies = f"kubectl -n {known['namespace']} get networkpolicies"
    yield Look(policies, "one that selects metrics-server's pods", POLICY)
    if not way.stands:
        environ = "tr '\\0' '\\n' < /proc/$(pidof kube-apiserver)/environ | grep -i _proxy"
        yield Look(environ, "a proxy, and no exception for the address", ENVIRONMENT, host)


# What `explain` has to go by: a text alone, which none of them decides.
HOST = "the API server's host"
FROM_HOST = "openssl s_client -connect POD-ADDRESS:10250 </dev/null"
LOOKS = (
    Look(FROM_HOST, "a certificate: only the Service's address leads nowhere", CANNOT_REACH, HOST),
    Look(FROM_HOST, "CONNECTED, and no certificate: large packets get lost", MTU, HOST),
    Look("openssl s_client -connect POD-ADDRESS:9 </dev/null", "refused at once", FIREWALL, HOST),
    Look("ip route get POD-ADDRESS", "unreachable, or only by default", CANNOT_REACH, HOST),
    Look("ip route get POD-ADDRESS", "by an overlay's device", OVERLAY, HOST),
)
