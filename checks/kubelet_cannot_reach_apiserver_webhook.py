"""A kubelet cannot ask the API server about metrics-server's token, so it admits nobody by a token.

## What it means
The kubelet runs and answers on its port, but does not get through to the API server, or is not let in there. To check a
token it has to ask; without an answer metrics-server gets 401, or waits until its time is up. The node's status stops
being reported as well, so the node turns NotReady, and its pods with it.

## What it does not mean
That the kubelet is down: it still shakes hands. That metrics-server's token is bad: nobody got to judge it.

## What will not help
- webhook authentication or authorization switched off: the kubelet would then admit nobody, or everybody.
- --kubelet-insecure-tls: the certificate was accepted; the answer came over that connection.
- more rights for metrics-server: the kubelet cannot ask about them.
- draining or deleting the node: its replacement goes the same way if a firewall or a route is at fault.

## How it comes about
A firewall or a route between the node and the API server; a load balancer before the API servers that is down; the
kubelet's own client certificate has expired; its kubeconfig names an old address.

## How to make sure
On the node: `journalctl -u kubelet` says "Unable to authenticate the request due to an error" (`context canceled` where
packets vanish and metrics-server gives up first), and why its node's status cannot be updated. A kubelet remembers for
2 minutes whom it has admitted, so metrics go on for that long.

## Source
kubernetes cmd/kubelet/app/auth.go, pkg/kubelet/server/server.go InstallAuthFilter,
pkg/kubelet/apis/config/v1beta1/defaults.go (cacheTTL 2m), 1.36.3; seen with metrics-server 0.8.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

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
    NotApplicable,
    Passing,
    Remedy,
    Risk,
    Says,
    State,
    Unseen,
    check,
)
from msdoctor.utterances.errors import DeadlineExceeded

from ._distribution import restart, service
from ._kubelet_admission import REFUSED, effects, not_by_token, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.bundle import Context
    from msdoctor.facts.admission import Admission
    from msdoctor.facts.asked import Asked
    from msdoctor.facts.installation import Installation
    from msdoctor.facts.own_token import OwnToken
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair


ASKING = ("Unable to authenticate the request", "Authorization error", "Failed to make webhook")


def _log(blanks: Blanks) -> str:
    unit = service(blanks)
    return f"journalctl -u {unit} --since=-10min | grep -iE 'authenticate|node status|unauthorized' | tail -5"


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    node, host, port = blanks["node"], blanks["api_host"], blanks["api_port"]
    rule = f"OUTPUT -p tcp -d {host} --dport {port} -j ACCEPT"
    reach = f"curl -sk --max-time 5 https://{host}:{port}/livez"
    return (
        Remedy(
            advice=(
                "Step 1 of 2: see why it does not get through. An answer of any kind to the second command means that"
                " the network is open, and the fault lies in its credentials: the log then says Unauthorized."
            ),
            commands=(
                _log(blanks),
                f"{reach} || echo no way to the API server",
            ),
            on=f"node/{node}",
            verify=f"kubectl get node {node}",
            shows_within_seconds=0,
        ),
        Remedy(
            advice=(
                "Step 2 of 2, where there is no way: let the host's own firewall pass the kubelet's packets (until the"
                " next boot; whatever manages the firewall must learn it too), and restart the kubelet."
            ),
            commands=(f"iptables -I {rule}", restart(blanks)),
            on=f"node/{node}",
            undo=(f"iptables -D {rule}",),
            verify=f"kubectl get node {node}",
            shows_within_seconds=120,
        ),
    )


def _ask_again(blanks: Blanks) -> tuple[Remedy, ...]:
    """Where the way to the API server is open: let the kubelet read its files, or metrics-server get a new token."""
    node, target = blanks["node"], f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    return (
        Remedy(
            advice="See what the kubelet says of the token, and restart it (pods keep running) to have its files read.",
            commands=(_log(blanks), restart(blanks)),
            on=f"node/{node}",
            verify=f"kubectl top node {node}",
            shows_within_seconds=90,
        ),
        Remedy(
            advice="Where its log says that the token is invalid: give metrics-server a new one, with a new pod.",
            commands=(f"kubectl rollout restart {target}",),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl rollout undo {target}",),
            verify=f"kubectl top node {node}",
            shows_within_seconds=120,
            way=2,
        ),
    )


@check(
    hop=Hop.F,
    cls=Class.CAUSE,
    passes=Passing.WHILE_YOUNG,  # the network and the cluster's DNS come after the nodes
    says=(
        Says("NodeNotReady", likelihood=0.3),
        Says("AuthorizationFailed"),
        Says("NodeUnknownToKubelet", likelihood=0.5),
        Says("HTTPStatus", hop=Hop.E, where={"code": "500"}, likelihood=0.45),
        Says("HTTPStatus", hop=Hop.F, where={"code": "401"}, likelihood=0.35),
        *(
            Says(error, where={"speaker": "kubelet", "outer": words}, likelihood=0.8)
            for error in ("Canceled", "DeadlineExceeded")
            for words in ("Unable to authenticate the request", "Authorization error")
        ),
        *(
            Says(error, hop=Hop.F, where={"path": path}, likelihood=likelihood)
            for path in ("tokenreviews", "subjectaccessreviews")
            for error, likelihood in (
                ("DeadlineExceeded", 1.0),
                ("Dial", 1.0),
                ("Lookup", 1.0),
                ("ConnectionLost", 0.7),
                ("UnknownAuthority", 0.7),
                ("NotValidFor", 0.7),
            )
        ),
        Says("Forbidden", hop=Hop.F, where={"what": "review"}),
        *(Says("Unauthorized", hop=Hop.F, where={"speaker": "kubelet", "outer": words}) for words in ASKING),
    ),
    decide=(
        Look(
            "kubectl get node NODE",
            "it is NotReady: stopped posting node status",
            "kubelet-cannot-reach-apiserver-webhook",
        ),
    ),
    advise=advise,
)
def kubelet_cannot_reach_apiserver_webhook(
    asked: tuple[Asked, ...],
    installation: Installation,
    repair: Repair,
    context: Context,
    own_token: OwnToken | Unseen | None,
) -> Iterator[Finding | Unseen | NotApplicable]:
    aside = not_by_token(installation)
    if aside:
        yield aside
        return
    server = urlsplit(context.server)
    blanks = {"api_host": server.hostname or "", "api_port": str(server.port or 443)}
    for one in asked:
        rules = one.admission
        if one.works or (not isinstance(rules, Unseen) and not rules.tokens.on):
            continue
        known = repair.blanks(one.name, **{name: value for name, value in blanks.items() if value})
        if one.reach and one.cut_off and (one.code == "401" or one.kubelet.served is not None):
            yield _cut_off(one, one.reach, installation, advise(known))
        elif one.code == "401" and own_token and not isinstance(own_token, Unseen):
            yield Unseen(REFUSED, one.kubelet.subject)
        elif one.code == "401" and not isinstance(rules, Unseen):
            yield _in_touch(one, rules, _ask_again(known))
        elif one.cut_off:
            yield Unseen("whether a kubelet still answers there was not seen", one.kubelet.subject)


def _cut_off(one: Asked, reach: Reach, installation: Installation, remedies: tuple[Remedy, ...]) -> Finding:
    answers = Evidence(saw="it shakes hands and serves its certificate", where=one.kubelet.dialled, how=one.kubelet.how)
    return Finding(
        summary=(
            f"The kubelet of {one.name} answers, and the API server does not hear from it: it cannot ask about"
            " metrics-server's token, and refuses it or lets it wait."
        ),
        subjects=(one.kubelet.subject,),
        evidence=(reach.sign(), *((answers,) if one.kubelet.served else ()), *one.said),
        effects=(*effects(one), *_takes_along(one, installation)),
        confidence=Confidence.LIKELY,
        state=State.ACTIVE if one.failure and isinstance(one.failure.error, DeadlineExceeded) else state(one),
        since=reach.last_sign,
        changed="it reported to the API server for the last time",
        remedies=remedies,
    )


def _takes_along(one: Asked, installation: Installation) -> Iterator[Effect]:
    """The pods of a node that is not heard of are no longer ready, whatever they do; perhaps metrics-server's own."""
    if installation.pods and all(pod.spec.node_name == one.name and not pod.ready for pod in installation.pods):
        yield Effect(EffectKind.NOT_READY)


def _in_touch(one: Asked, rules: Admission, remedies: tuple[Remedy, ...]) -> Finding:
    """A kubelet that is to check tokens and says 401: it got no answer or a no, or it has never read its file."""
    return Finding(
        summary=(
            f"The kubelet of {one.name} answers metrics-server 401, and is set to have tokens checked. Either it cannot"
            " ask the API server, or was told that the token is not valid: its log (`journalctl -u kubelet`) tells"
            " which. Or it has not been restarted since its configuration was changed."
        ),
        subjects=(one.kubelet.subject,),
        evidence=(*one.said, rules.tokens.evidence),
        effects=effects(one),
        confidence=Confidence.POSSIBLE,
        remedies=remedies,
    )
