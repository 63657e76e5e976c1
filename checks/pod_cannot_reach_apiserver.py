"""metrics-server's pod does not reach the API server.

## What it means
metrics-server asks the API server for the ConfigMap that it starts with, for nodes and pods, and about every caller. It
dials the address of Service `kubernetes`, which kube-proxy on its own node leads on to an API server. Nothing comes of
it: a pod that starts is ended by its liveness probe or by its own panic, again and again; one that runs scrapes on, and
cannot tell any more who asks it and what they may.

## What it does not mean
That metrics-server or its arguments are wrong: it waits for an answer. That the API server is down: others ask it. That
rights are missing: nobody was asked about them.

## What will not help
- hostNetwork: it takes another way, on which ports collide; pods beside it still have none.
- more memory, longer probes, another image: it waits for an answer that never comes.
- RBAC, certificates, --kubelet-insecure-tls: nothing got far enough to need them.

## How it comes about
kube-proxy does not run on the pod's node, or has lost its rules; a firewall between the pods' addresses and the API
server's port; a pod network that the control plane has no way back to; endpoints of Service `kubernetes` at which no
API server is (`--advertise-address`); a NetworkPolicy on what metrics-server may send.

## How to make sure
On the pod's node: `openssl s_client -connect KUBERNETES_SERVICE_IP:443 </dev/null`; with CONNECTED there the node
itself gets through, and its pods alone do not. `kubectl -n default get endpointslices -l
kubernetes.io/service-name=kubernetes` shows where the address leads to.

## Source
client-go rest/config.go (InClusterConfig) and tools/cache/reflector.go; apiserver pkg/server/options/authentication.go
(`unable to load configmap based request-header-client-ca-file`); net/http transport.go (a dial takes 30 s);
metrics-server manifests/base/deployment.yaml (liveness probe: 3 times 10 s). Seen with metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Doubt,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    Passing,
    Remedy,
    Says,
    Unseen,
    check,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.api_way import ApiWay
    from msdoctor.facts.diversion import Diversions
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.overload import Overload
    from msdoctor.facts.repair import Repair

SHOWS_WITHIN_SECONDS = 120
ENDPOINTS = "kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes"
OWN_REQUESTS = ("configmap based", "failed to list", "Failed to watch", "make webhook auth")
LOOK = "openssl s_client -connect KUBERNETES_SERVICE_IP:443 </dev/null"

BY_PROXY = Doubt(
    "metrics-server may wait for the API server, and has a proxy in its environment",
    (
        Look(
            "kubectl -n default get service kubernetes -o jsonpath={.spec.clusterIP}",
            "an address that metrics-server's NO_PROXY does not hold",
            "proxy-env-no_proxy",
        ),
        Look(
            "kubectl -n default get service kubernetes -o jsonpath={.spec.clusterIP}",
            "an address that it holds: it is dialled",
            "pod-cannot-reach-apiserver",
        ),
    ),
)


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    return (_start_kube_proxy(blanks), _let_through(blanks))


NO_WAY = ("i/o timeout", "no route to host", "network is unreachable", "connection timed out")


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # the network and the cluster's DNS come after the nodes
    says=(
        *(
            Says("Dial", hop=Hop.D, where={"failure": failure})
            for failure in ("i/o timeout", "no route to host", "network is unreachable", "connection timed out")
        ),
        Says("Dial", hop=Hop.D, where={"failure": "connection refused"}, likelihood=0.6),
        Says("Dial", hop=Hop.D, likelihood=0.5),
        Says("DeadlineExceeded", hop=Hop.D, likelihood=0.7),
        Says("Lookup", hop=Hop.D, likelihood=0.7),
        Says("AuthenticationUnread", likelihood=0.5),
        Says("HTTPStatus", hop=Hop.D, where={"code": "500"}, likelihood=0.35),
        Says("AuthReaderHint", where={"refused": ""}, likelihood=0.4),
        Says("InformerNotSynced", likelihood=0.4),
        # What ends it over and over is in most reports that it cannot read how to know its callers.
        Says("PodState", where={"status": "CrashLoopBackOff"}, likelihood=0.45),
        Says("PodState", where={"status": "Error"}, likelihood=0.45),
        Says("UnknownAuthority", hop=Hop.A, where={"path": "/api"}, likelihood=0.5),
        Says("NotValidFor", hop=Hop.A, where={"path": "/api"}, likelihood=0.5),
        *(Says("Dial", where={"speaker": "metrics-server", "outer": words}) for words in OWN_REQUESTS),
        *(Says("Dial", where={"speaker": "delegated-auth", "outer": words}) for words in OWN_REQUESTS),
    ),
    decide=(Look(LOOK, "no CONNECTED", "pod-cannot-reach-apiserver", "the node of metrics-server's pod"),),
    advise=advise,
)
def pod_cannot_reach_apiserver(
    api_ways: tuple[ApiWay, ...],
    diversions: Diversions,
    overload: Overload | None,
    installation: Installation,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    if diversions.to_api_server:
        return  # it dials a proxy
    if overload is not None:
        return  # it is itself late with all that it asks
    if api_ways and diversions.api_server_unjudged:
        yield Unseen("it has a proxy, and where it dials the API server was not seen", installation.subject, BY_PROXY)
        return
    for way in api_ways[:1]:
        if way.restarted is not None:
            yield Unseen(
                f"the API server on {way.restarted.host} was only just started when metrics-server dialled it in vain;"
                " look again in two minutes",
                installation.subject,
            )
            continue
        if way.serves and not isinstance(flow, Unseen) and flow.refusal is None and flow.nodes:
            continue  # whatever it said, callers are answered
        if way.serves and (isinstance(flow, Unseen) or (flow.refusal and flow.refusal.status in (401, 403))):
            yield Unseen("whether callers are answered was not seen", installation.subject)
            continue
        if not way.dialled_in_vain and "cpu" in installation.container.resources.limits:
            yield Unseen("with a limit of CPU it may itself be what is slow", installation.subject)
            continue
        yield _finding(way, installation, repair)


def _finding(way: ApiWay, who: Installation, repair: Repair) -> Finding:
    blanks = repair.blanks(
        node=way.node,
        endpoint_port=(way.endpoints or ("",))[0].rpartition(":")[2] or "6443",
    )
    gone = way.proxied is False
    start, let = advise(blanks)
    return Finding(
        summary=f"{_does_not_reach(way)} {_where(way)}",
        subjects=(f"node/{way.node}" if gone else who.subject,),
        evidence=tuple(_evidence(way)),
        effects=(Effect(EffectKind.NO_METRICS if way.serves else EffectKind.NOT_LISTENING),),
        confidence=Confidence.LIKELY if way.dialled_in_vain or gone else Confidence.POSSIBLE,
        since=way.said.at if way.said else None,
        changed="it complained",
        remedies=(start,) if gone and way.unit else (let,),
    )


def _does_not_reach(way: ApiWay) -> str:
    if way.said is None and way.proxied is not False:
        return (
            f"metrics-server's pod on {way.node} is ended by its liveness probe before it says a word: most likely it"
            " waits for the API server, which it asks first."
        )
    error = way.said.error if way.said else None
    met = " ".join(filter(None, (getattr(error, "address", ""), getattr(error, "failure", ""))))
    return f"metrics-server's pod on {way.node} does not reach the API server: {met or 'no answer in time'}."


def _where(way: ApiWay) -> str:
    if way.proxied is False:
        return f"No kube-proxy runs on {way.node}, so the address of Service kubernetes leads nowhere there."
    if way.endpoints == ():
        return "Service kubernetes has no endpoint: no API server has written its address there."
    leads = f" leads on to {', '.join(way.endpoints)}" if way.endpoints else ""
    runs = f"kube-proxy runs on {way.node}, and its address{leads}. " if way.proxied else ""
    return f"{runs}Something on the way drops or refuses what pods send there: a firewall, a route that is missing."


def _evidence(way: ApiWay) -> Iterator[Evidence]:
    log = f"kubectl -n {way.namespace} logs {way.pod}" + ("" if way.serves else " --previous")
    words = f"metrics-server says: {way.said.text}" if way.said else "nothing but that it began, until it was ended"
    yield Evidence(words, f"log of pod/{way.namespace}/{way.pod}", log, at=way.said.at if way.said else None)
    if way.proxied is not None:
        saw = "kube-proxy runs" if way.proxied else "no kube-proxy runs"
        yield Evidence(saw, f"processes of {way.node}", "ps -ww -o args= -C kube-proxy", f"host/{way.node}")
    if way.endpoints is not None:
        saw = ", ".join(way.endpoints) or "no endpoint"
        yield Evidence(saw, "EndpointSlices of Service default/kubernetes", f"{ENDPOINTS} -o yaml")


def _start_kube_proxy(blanks: Blanks) -> Remedy:
    return Remedy(
        advice=f"Start kube-proxy on {blanks['node']}, as on every node: Services' addresses lead on from there.",
        commands=("systemctl enable --now kube-proxy",),
        on=f"node/{blanks['node']}",
        undo=("systemctl disable --now kube-proxy",),
        verify="kubectl top nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def _let_through(blanks: Blanks) -> Remedy:
    port = blanks.get("endpoint_port", "6443")
    rule = f"-p tcp --dport {port} -j ACCEPT"
    return Remedy(
        advice=(
            f"Let what pods on {blanks['node']} send to the API server's port {port} pass there, before any rule that"
            " forbids it; the API server asks every caller for credentials. This lasts until the host's firewall is"
            " loaded anew: put it into its configuration too. What forbids it may also stand on the API server's host,"
            " or on the way: a cloud's security group, a NetworkPolicy."
        ),
        commands=(f"iptables -I FORWARD 1 {rule}",),
        on=f"node/{blanks['node']}",
        undo=(f"iptables -D FORWARD {rule}",),
        verify="kubectl top nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )
