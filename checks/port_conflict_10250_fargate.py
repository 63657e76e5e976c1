"""metrics-server listens where it looks for a kubelet, and asks itself.

## What it means
metrics-server dials a node's address on a port on which, in that very network, it listens itself. It meets its own
certificate, which is for localhost and 127.0.0.1 only, and refuses it; or, told not to look at certificates, its own
403. The node's kubelet is never asked. It is so where its pod has the node's address: with hostNetwork, once the
kubelet has another port, and on Fargate, where every pod has a node of its own and the node's address.

## What it does not mean
That the kubelet's certificate is wrong, or that metrics-server lacks rights at the kubelet: no kubelet was met.

## What will not help
- another certificate for the kubelet: it is not the one that was refused.
- --kubelet-insecure-tls: it turns the refused certificate into metrics-server's own answer to itself, 403.
- more rights for its ServiceAccount: metrics-server would then answer itself 404, since it has no such path.

## How it comes about
From 0.7 metrics-server's manifest has it listen on 10250, until then on 4443: an upgrade on Fargate; hostNetwork with
a kubelet that was given another port, and without `--kubelet-use-node-status-port`.

## How to make sure
`openssl s_client -connect ADDRESS:10250 </dev/null | openssl x509 -noout -issuer -ext subjectAltName` on the node, or
in metrics-server's network: an issuer `localhost-ca@…` is metrics-server. `kubectl get pods -o wide`: its pod has the
node's address.

## Source
metrics-server manifests/base/deployment.yaml (`--secure-port`), pkg/scraper/client/resource/client.go; k8s.io/apiserver
pkg/server/options/serving.go, MaybeDefaultWithSelfSignedCerts; kubernetes-sigs/metrics-server issues 1271, 1422 and
1468 (Fargate). Seen with 0.8.0 and hostNetwork.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Effect,
    EffectKind,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Risk,
    Says,
    Unseen,
    check,
    those_seen,
)

from ._kubelet_reach import SHOWS_WITHIN_SECONDS, change_argument, each, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.impostor import Impostor
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.objects import APIService
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair

WHERE = "kubectl get pods -A -o wide | grep metrics-server"
FREE_PORT = 4443  # metrics-server's own until 0.7
NOWHERE = "-"


def ask_reported_port(blanks: Blanks) -> tuple[Remedy, ...]:
    return (
        change_argument(
            blanks,
            "--kubelet-use-node-status-port",
            "Ask each kubelet on the port that its node reports, as upstream's manifest does.",
        ),
    )


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    numbers = [path for path in blanks["port_positions"].split(",") if path != NOWHERE]
    changes = [
        f'{{"op":"replace","path":"{blanks["position"]}","value":"--secure-port={FREE_PORT}"}}',
        *(f'{{"op":"replace","path":"{path}","value":{FREE_PORT}}}' for path in numbers),
    ]
    return (
        Remedy(
            advice=(
                f"Have metrics-server listen on another port, {FREE_PORT}. Its Service and its probes find it by the"
                " port's name; a firewall between the control plane and the nodes must let it through. On Fargate the"
                " node of its own pod then refuses it: a pod there is kept from its own kubelet, and only this one node"
                " stays without metrics."
            ),
            commands=(f"kubectl patch {target} --type json -p '[{','.join(changes)}]'",),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo {target}",),
            verify="kubectl top nodes",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.E,
    cls=Class.CAUSE,
    says=(
        Says("Circumstance", where={"what": "fargate"}, likelihood=0.9),
        # On Fargate metrics-server's own node is the one that it never reaches.
        Says("HTTPStatus", hop=Hop.F, where={"code": "403", "node_kind": "fargate"}, likelihood=0.9),
        Says("Dial", hop=Hop.E, where={"failure": "connection refused", "node_kind": "fargate"}, likelihood=0.9),
        Says("Dial", hop=Hop.E, where={"failure": "i/o timeout", "node_kind": "fargate"}, likelihood=0.6),
        Says("DeadlineExceeded", hop=Hop.E, where={"node_kind": "fargate"}, likelihood=0.6),
        Says("HTTPStatus", hop=Hop.F, where={"code": "403"}, likelihood=0.2),
        # Whoever else asks a node, as kubectl does for logs, meets a kubelet there.
        *(
            Says("NotValidFor", hop=Hop.E, where={"alone": name, **what}, likelihood=likelihood)
            for name in ("127.0.0.1", "localhost")
            for what, likelihood in (({"path": "/metrics/resource"}, 1.0), ({"node_kind": "fargate"}, 1.0), ({}, 0.6))
        ),
    ),
    decide=(
        Look(WHERE, "its pod has the address that is dialled", "port-conflict-10250-fargate"),
        Look(WHERE, "its pod has another one, so that the certificate is a kubelet's", "kubelet-cert-san-mismatch"),
    ),
    advise=advise,
)
def port_conflict_10250_fargate(
    reaches: tuple[Reach, ...],
    installation: Installation,
    apiservices: tuple[APIService, ...] | Unseen,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    def judge(reach: Reach) -> Iterator[Finding]:
        met = reach.kubelet.impostor
        if met:
            sound = met.seen and met.pod is not None
            yield finding(
                reach,
                _summary(reach, met),
                ask_reported_port if _reports_another(reach) else advise,
                repair,
                confidence=Confidence.CERTAIN if sound else Confidence.LIKELY,
                evidence=(*_seen(reach, installation, met),),
                effects=_also(reach, those_seen(apiservices)),
                position=installation.pointer("--kubelet-port" if _reports_another(reach) else "--secure-port"),
                port_positions=",".join(_port_positions(installation)) or NOWHERE,
            )

    yield from each(reaches, judge)


def _reports_another(reach: Reach) -> bool:
    reported = reach.kubelet.node.status.daemon_endpoints.kubelet_endpoint.port
    return bool(reported) and reported != reach.kubelet.port


def _summary(reach: Reach, met: Impostor) -> str:
    dials = f"metrics-server dials {reach.name} at {reach.kubelet.dialled}"
    if met.pod:
        where = "in the node's own network" if met.pod.spec.host_network else "with the node's own address"
        met_there = f"where its own pod listens, {where}: it meets itself, and no kubelet."
    else:
        met_there = "where metrics-server itself answers, and no kubelet."
    reported = reach.kubelet.node.status.daemon_endpoints.kubelet_endpoint.port
    elsewhere = f" The node says that its kubelet is on {reported}." if _reports_another(reach) else ""
    return f"{dials}, {met_there}{elsewhere}"


def _seen(reach: Reach, installation: Installation, met: Impostor) -> Iterator[Evidence]:
    if met.seen:
        yield met.evidence
    if met.pod:
        name, namespace = met.pod.metadata.name, met.pod.metadata.namespace
        network = "hostNetwork: true, " if met.pod.spec.host_network else ""
        yield Evidence(
            saw=f"{network}on node {reach.name}, --secure-port={installation.secure_port}",
            where=f"pod {namespace}/{name}",
            how=f"kubectl -n {namespace} get pod {name} -o yaml",
        )


def _also(reach: Reach, apiservices: tuple[APIService, ...]) -> tuple[Effect, ...]:
    """On Fargate the aggregator, which dials the same place from elsewhere, meets the kubelet instead."""
    met = f"bad status from https://{reach.kubelet.dialled}/"
    kept = any(met in item.available.message for item in apiservices)
    return (Effect(EffectKind.APISERVICE_UNAVAILABLE),) if kept else ()


def _port_positions(installation: Installation) -> Iterator[str]:
    """Where the Deployment has the number of the port. With hostNetwork both stand there, and have to be the same."""
    containers = installation.deployment.spec.template.spec.containers
    number = containers.index(installation.container) if installation.container in containers else 0
    for place, port in enumerate(installation.container.ports):
        if port.container_port == installation.secure_port:
            path = f"/spec/template/spec/containers/{number}/ports/{place}"
            yield f"{path}/containerPort"
            if port.host_port:
                yield f"{path}/hostPort"
