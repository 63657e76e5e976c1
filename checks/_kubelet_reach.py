"""What the checks of the way to a kubelet share: the proof, and the ways to heal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Confidence, Doubt, Effect, EffectKind, Finding, Look, Remedy, Risk, Unseen

from ._distribution import keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.reach import Reach
    from msdoctor.facts.repair import Repair
    from msdoctor.model import Advise, Evidence

SHOWS_WITHIN_SECONDS = 90
ADDRESS_TYPES = "kubelet-preferred-address-types"
SANE_TYPES = "InternalIP,ExternalIP,Hostname"  # metrics-server manifests/base/deployment.yaml

NOT_READY = Look("kubectl get node NODE", "NotReady", "kubelet-down")
READY = Look("kubectl get node NODE", "Ready, and metrics-server is refused all the same", "node-firewall-reject")
VANISHES = Look(
    "openssl s_client -connect ADDRESS:10250 </dev/null",
    "no CONNECTED: the way there loses packets",
    "node-unreachable-timeout",
    "the node that metrics-server runs on",
)
DAWDLES = Look(
    "openssl s_client -connect ADDRESS:10250 </dev/null",
    "CONNECTED and a certificate at once: the way is open, and the kubelet is slow",
    "kubelet-slow-response",
    "the node that metrics-server runs on",
)

OWN_ADDRESS = Look(
    "ip -br address",
    "its Node object's InternalIP is not the address of its network",
    "node-wrong-internal-ip",
    "NODE",
)
DROPPED = Look("ip -br address", "it is: packets to it are dropped", "node-unreachable-timeout", "NODE")
STOPPED = Look("systemctl is-active kubelet", "anything but active", "kubelet-down", "NODE")
CUT_OFF = Look("systemctl is-active kubelet", "active: the machine is cut off", "node-unreachable-timeout", "NODE")


def doubt(reach: Reach, why: str, *looks: Look) -> Doubt:
    """That one of a few is the matter with a node, with its own name and address in what decides."""
    own = {"NODE": reach.name, "ADDRESS:10250": reach.kubelet.dialled}
    return Doubt(why, tuple(replace(look, look=_filled(look.look, own), on=_filled(look.on, own)) for look in looks))


def _filled(text: str, own: dict[str, str]) -> str:
    for blank, value in own.items():
        text = text.replace(blank, value)
    return text


def finding(
    reach: Reach,
    summary: str,
    advise: Advise,
    repair: Repair,
    *,
    confidence: Confidence,
    evidence: Sequence[Evidence] = (),
    effects: Sequence[Effect] = (),
    since: datetime | None = None,
    changed: str = "",
    looks: Sequence[Look] = (),
    **blanks: str,
) -> Finding:
    """A finding about one node that metrics-server does not get anything from, with what everybody met who dialled.

    ``looks`` decide between it and what else it may be, where it is merely possible.
    """
    kubelet = reach.kubelet
    known = repair.blanks(
        reach.name, address=kubelet.address, port=str(kubelet.port), dialled=kubelet.dialled, **blanks
    )
    return Finding(
        summary=summary,
        subjects=(reach.subject,),
        evidence=(*(attempt.evidence for attempt in reach.attempts), *evidence),
        effects=(Effect(EffectKind.SCRAPE_FAILS, reach.name), *effects),
        confidence=confidence,
        since=since or reach.since,
        changed=changed or ("metrics-server complained for the first time" if reach.since and not since else ""),
        remedies=advise(known),
        doubt=doubt(reach, summary, *looks) if looks and confidence is Confidence.POSSIBLE else None,
    )


def stores_nothing(installation: Installation | None) -> bool:
    """Whether metrics-server runs and is not ready, which it is only with metrics stored."""
    return installation is not None and bool(installation.pods) and not any(pod.ready for pod in installation.pods)


def open_port(blanks: Blanks) -> tuple[Remedy, ...]:
    """Let the kubelet's port in, with the two tools that keep a Linux host's rules."""
    node, port = blanks["node"], blanks["port"]
    return (
        Remedy(
            advice=(
                f"Let port {port} in on {node}, before any rule that forbids it; the kubelet itself asks every caller"
                " for credentials. This lasts until the host's firewall is loaded anew: put it into its configuration"
                " too. What forbids it may also stand on the way: a NetworkPolicy, a cloud's security group."
            ),
            commands=(f"iptables -I INPUT 1 -p tcp --dport {port} -j ACCEPT",),
            on=f"node/{node}",
            undo=(f"iptables -D INPUT -p tcp --dport {port} -j ACCEPT",),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        Remedy(
            advice=f"The same where firewalld keeps {node}'s rules.",
            commands=(f"firewall-cmd --permanent --add-port={port}/tcp", "firewall-cmd --reload"),
            on=f"node/{node}",
            undo=(f"firewall-cmd --permanent --remove-port={port}/tcp", "firewall-cmd --reload"),
            verify=f"kubectl top node {node}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
    )


def change_argument(blanks: Blanks, argument: str, advice: str) -> Remedy:
    """Give metrics-server's Deployment this argument, in the place of the one that ``position`` points to."""
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    position = blanks["position"]
    verb = "add" if position.endswith("/-") else "replace"
    return Remedy(
        advice=f"{advice}{keeper(blanks)}",
        commands=(
            f'kubectl patch {target} --type json -p \'[{{"op":"{verb}","path":"{position}","value":"{argument}"}}]\'',
        ),
        risks=(Risk.DISRUPTIVE,),
        undo=(f"kubectl rollout undo {target}",),
        verify="kubectl top nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def each(reaches: Sequence[Reach], judge: Callable[[Reach], Iterable[Finding | Unseen]]) -> Iterator[Finding | Unseen]:
    """Judge the nodes of which nothing is seen to come; without metrics-server's log silence clears none of them."""
    for reach in each_blind(reaches):
        items = tuple(judge(reach))
        yield from items or ((Unseen(reach.unheard, reach.subject),) if reach.unheard else ())


def each_blind(reaches: Sequence[Reach]) -> Iterator[Reach]:
    """Nodes of which nothing is seen to come, and whose kubelets metrics-server can dial at all."""
    yield from (reach for reach in reaches if reach.blind and reach.kubelet.address)
