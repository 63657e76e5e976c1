"""A NetworkPolicy leaves metrics-server's traffic no way.

## What it means
NetworkPolicies select metrics-server's pods, and none of them allows what it lives by: the API server in to the pod's
port, metrics-server out to the API server, or out to the kubelets. The API does not tell whether the network plugin
heeds policies. While metrics flow this is a risk: a plugin that begins to heed them shuts metrics-server in. Where a
connection on that very stretch times out, it is a possible cause.

## What it does not mean
That the policy is wrong for all else in the namespace: policies add up, and one more lets metrics-server through.

## What will not help
- allowing port 443: that is the Service's, and a policy judges the pod's own port.
- a podSelector or a namespaceSelector for the API server or kubelets: they are hosts, and no selector takes a host.
- restarting metrics-server: its new pod is selected as well.

## How it comes about
A policy that denies everything by default, put into every namespace; a chart's policy that knows the Service's port, or
only callers that are pods; a plugin that did not heed policies, replaced by one that does.

## How to make sure
`kubectl -n NAMESPACE describe networkpolicy`; then allow the stretch, as the remedy does, and see whether metrics come.
From the pod's own node a policy shuts nobody out, so that a kubelet's probes pass all the same.

## Source
k8s.io/api networking/v1 types.go (0.36.3): which pods, which directions, which ports and peers.
"""

from __future__ import annotations

import json
from dataclasses import replace
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
    NotApplicable,
    Remedy,
    Says,
    State,
    Unseen,
    check,
)
from msdoctor.utterances.errors import DeadlineExceeded, Dial
from msdoctor.utterances.reader import read_error

from ._registration import availability
from ._way import unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.api_way import ApiWay
    from msdoctor.facts.flow import Flow
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.network_policies import Policies
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.repair import Repair

SHOWS_WITHIN_SECONDS = 90
NAME = "metrics-server-needs"
TCP, UDP = "TCP", "UDP"
HEEDLESS = " Metrics flow all the same: the network plugin makes nothing of it, so far."


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    """One policy more, which allows what metrics-server lives by, and takes nothing from the others."""
    namespace = blanks["namespace"]
    labels = dict(one.split("=", 1) for one in blanks.get("labels", "k8s-app=metrics-server").split(","))
    out = [_port(number) for number in blanks.get("ports_out", "10250,6443").split(",")]
    names = [{"protocol": protocol, "port": 53} for protocol in (UDP, TCP)]
    directions = blanks.get("directions", "Ingress,Egress").split(",")
    spec: dict[str, object] = {"podSelector": {"matchLabels": labels}, "policyTypes": directions}
    if "Ingress" in directions:
        spec["ingress"] = [{"ports": [_port(blanks.get("pod_port", "10250"))]}]
    if "Egress" in directions:
        spec["egress"] = [{"ports": [*out, *names]}]
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": spec,
    }
    return (
        Remedy(
            advice=(
                "Allow metrics-server what it lives by, in a policy of its own: policies add up, and the others stay as"
                " they are. Its port asks every caller for credentials."
            ),
            commands=(f"echo '{json.dumps(policy)}' | kubectl apply -f -",),
            undo=(f"kubectl -n {namespace} delete networkpolicy {NAME}",),
            verify="kubectl top nodes",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


def _port(number: str) -> dict[str, object]:
    return {"protocol": TCP, "port": int(number)}


@check(
    hop=Hop.C,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "a network policy"}, likelihood=0.5),
        *unanswered(service=0.2, pod=0.3),
        Says("PolicyDenied", likelihood=0.7),
        Says("OpenAPIUnread", likelihood=0.15),
        Says("PodState", where={"status": "CrashLoopBackOff"}, likelihood=0.1),  # its probes or its own requests
        Says("ServiceUnavailable", hop=Hop.A, likelihood=0.15),
    ),
    advise=advise,
)
def network_policy_blocks(
    policies: Policies | None,
    installation: Installation | None,
    apiservices: tuple[APIService, ...],
    api_ways: tuple[ApiWay, ...] | Unseen,
    flow: Flow | Unseen,
    repair: Repair,
) -> Iterator[Finding | NotApplicable | Unseen]:
    if policies is None or installation is None:
        yield NotApplicable("no NetworkPolicy selects metrics-server's pods")
        return
    closed = tuple(_closed(policies))
    if not closed:
        return
    if not installation.pods:
        # No pod is there yet to be cut off: of a repository, or of one that another fault keeps from running.
        found = _finding(policies, installation, closed, (), repair)
        summary = found.summary.removesuffix(HEEDLESS)
        yield replace(found, summary=summary, confidence=Confidence.LIKELY, state=State.NEXT)
        return
    flows = not isinstance(flow, Unseen) and flow.refusal is None and bool(flow.nodes)
    met = () if flows else tuple(_timeouts(policies, apiservices, api_ways))
    if not flows and not met:
        yield Unseen(
            "policies leave metrics-server no way, and no connection was seen to time out there", installation.subject
        )
        return
    yield _finding(policies, installation, closed, met, repair)


def _closed(policies: Policies) -> Iterator[str]:
    if not policies.from_api_server:
        yield f"the API server in to port {policies.port}"
    if policies.to_api_server:
        yield f"metrics-server out to the API server at {' or '.join(policies.to_api_server)}"
    if policies.to_kubelets:
        more = f" and {len(policies.to_kubelets) - 1} more" if len(policies.to_kubelets) > 1 else ""
        yield f"it out to the kubelet at {policies.to_kubelets[0]}{more}"


def _timeouts(
    policies: Policies, apiservices: tuple[APIService, ...], api_ways: tuple[ApiWay, ...] | Unseen
) -> Iterator[Evidence]:
    """What was seen to time out on a stretch that is closed."""
    for item in apiservices if not policies.from_api_server else ():
        if item.spec.service and item.available.reason == "FailedDiscoveryCheck" and _timed_out(item.available.message):
            yield availability(item)
    for way in api_ways if policies.to_api_server and not isinstance(api_ways, Unseen) else ():
        if way.said and isinstance(way.said.error, Dial) and way.said.error.failure == "i/o timeout":
            how = f"kubectl -n {way.namespace} logs {way.pod}" + ("" if way.serves else " --previous")
            yield Evidence(way.said.text, f"log of pod/{way.namespace}/{way.pod}", how, at=way.said.at)


def _timed_out(message: str) -> bool:
    error = read_error(message)
    return isinstance(error, DeadlineExceeded) or (isinstance(error, Dial) and error.failure == "i/o timeout")


def _finding(
    policies: Policies, who: Installation, closed: tuple[str, ...], met: tuple[Evidence, ...], repair: Repair
) -> Finding:
    names = tuple(dict.fromkeys((*policies.names_in, *policies.names_out)))
    count = f"{names[0]} selects" if len(names) == 1 else f"{', '.join(names)} select"
    summary = f"NetworkPolicy {count} metrics-server's pods, and nothing lets {', nor '.join(closed)}."
    told = HEEDLESS if not met else ""
    how = f"kubectl -n {policies.namespace} describe networkpolicy"
    saw = f"no rule lets {', nor '.join(closed)}"
    return Finding(
        summary=summary + told,
        subjects=tuple(f"networkpolicy/{policies.namespace}/{name}" for name in names),
        evidence=(Evidence(saw, f"NetworkPolicies of namespace {policies.namespace}: {', '.join(names)}", how), *met),
        effects=(Effect(EffectKind.NO_METRICS),),
        confidence=Confidence.POSSIBLE if met else Confidence.CERTAIN,
        state=State.ACTIVE if met else State.LATENT,
        remedies=advise(_blanks(policies, who, repair)),
        doubt=_doubt(policies, summary, how) if met else None,
    )


def _doubt(policies: Policies, why: str, how: str) -> Doubt:
    other = "pod-cannot-reach-apiserver" if policies.from_api_server else "cloud-firewall-control-plane-to-node"
    return Doubt(
        why,
        (
            Look(how, "metrics come once it is allowed, as its repair does", "network-policy-blocks"),
            Look(how, "nothing changes by that: a firewall, or a route", other),
        ),
    )


def _blanks(policies: Policies, who: Installation, repair: Repair) -> Blanks:
    out = bool(policies.to_api_server or policies.to_kubelets)
    directions = [name for name, closed in (("Ingress", not policies.from_api_server), ("Egress", out)) if closed]
    ports = [at.rpartition(":")[2] for at in (*policies.to_kubelets, *policies.to_api_server)]
    labels = ",".join(f"{name}={value}" for name, value in who.deployment.spec.selector.match_labels.items())
    known = repair.blanks(namespace=policies.namespace)
    known |= {"directions": ",".join(directions), "pod_port": str(policies.port)}
    known |= {"ports_out": ",".join(sorted(set(ports)))} if ports else {}
    return Blanks(known | ({"labels": labels} if labels else {}))
