"""What the checks of a metrics-server that does not start share: what follows, how it is said, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import Blanks, Confidence, Effect, EffectKind, Evidence, Finding, Remedy, Risk, State, Unseen

from ._distribution import keeper

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.registration import Backend
    from msdoctor.facts.starts import Start

SHOWS_WITHIN_SECONDS = 90
STILL_SERVES = " An earlier pod still serves: metrics flow until that one goes."


def finding(
    who: Installation,
    summary: str,
    evidence: Iterable[Evidence],
    remedies: Sequence[Remedy],
    *,
    confidence: Confidence,
    since: datetime | None = None,
    changed: str = "",
) -> Finding:
    """A finding about a pod that does not serve: nobody has metrics, unless another pod has not gone yet."""
    serves = any(pod.ready for pod in who.pods)
    return Finding(
        summary=summary + (STILL_SERVES if serves else ""),
        subjects=(who.subject,),
        evidence=tuple(evidence),
        effects=(Effect(EffectKind.NOT_LISTENING),),
        state=State.LATENT if serves else State.ACTIVE,
        confidence=confidence,
        since=since,
        changed=changed if since else "",
        remedies=tuple(remedies),
    )


def made(start: Start) -> str:
    """What changed when a pod was made."""
    return f"pod {start.pod.metadata.name} was made"


def status(start: Start, saw: str) -> Evidence:
    """What stands in a pod's status."""
    return Evidence(saw=saw, where=f"status of {start.subject}", how=start.describe)


def log(start: Start, saw: str) -> Evidence:
    """What a pod's container said before it ended."""
    ended = start.ended
    return Evidence(saw=saw, where=f"log of {start.subject}", how=start.log, at=ended.finished_at if ended else None)


def template(who: Installation, saw: str, what: str) -> Evidence:
    """What the Deployment gives its pods."""
    how = f"kubectl -n {who.namespace} get deployment {who.name} -o yaml"
    return Evidence(saw=saw, where=f"{who.subject}, {what}", how=how)


def target(blanks: Blanks) -> str:
    """The Deployment, as kubectl's arguments name it."""
    return f"-n {blanks['namespace']} deployment/{blanks['deployment']}"


def patched(blanks: Blanks, advice: str, patch: str, kind: str = "json", way: int = 1) -> Remedy:
    """Change the Deployment's template; ``patch`` is JSON without a single quote in it."""
    return changed_by(blanks, advice, f"kubectl patch {target(blanks)} --type {kind} -p '{patch}'", way=way)


def changed_by(blanks: Blanks, advice: str, *commands: str, way: int = 1) -> Remedy:
    """Change the Deployment's template by commands of another kind."""
    return Remedy(
        advice=f"{advice}{keeper(blanks)}",
        commands=commands,
        risks=(Risk.DISRUPTIVE,),
        undo=(f"kubectl rollout undo {target(blanks)}",),
        verify=f"kubectl rollout status {target(blanks)}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=way,
    )


def ports(who: Installation, backend: Backend | Unseen | None) -> dict[str, str]:
    """Where the Deployment, and a Service that names the port by its number, say where metrics-server listens."""
    containers = who.deployment.spec.template.spec.containers
    number = containers.index(who.container)
    known = {"position": who.pointer("--secure-port")}
    for place, port in enumerate(who.container.ports):
        if port.name == "https" or port.container_port == who.secure_port:
            known["port_path"] = f"/spec/template/spec/containers/{number}/ports/{place}"
            known["host_port"] = str(port.host_port or "")
    if isinstance(backend, Unseen) or backend is None or backend.service is None:
        return known
    for place, one in enumerate(backend.service.spec.ports):
        if one.target_port == who.secure_port:
            known |= {"service": backend.name, "service_path": f"/spec/ports/{place}/targetPort"}
    return known


def moved(blanks: Blanks, port: int, advice: str) -> Remedy:
    """Have metrics-server listen on another port, and everything that asks there ask on that."""
    verb = "add" if blanks["position"].endswith("/-") else "replace"
    operations = [f'{{"op":"{verb}","path":"{blanks["position"]}","value":"--secure-port={port}"}}']
    fields = ["containerPort"] if "port_path" in blanks else []
    fields += ["hostPort"] if "host_port" in blanks else []
    operations += [f'{{"op":"replace","path":"{blanks["port_path"]}/{field}","value":{port}}}' for field in fields]
    commands = [f"kubectl patch {target(blanks)} --type json -p '[{','.join(operations)}]'"]
    if "service_path" in blanks:
        service = f"-n {blanks['namespace']} service/{blanks['service']}"
        change = f'[{{"op":"replace","path":"{blanks["service_path"]}","value":{port}}}]'
        commands.append(f"kubectl patch {service} --type json -p '{change}'")
    return changed_by(blanks, advice, *commands)
