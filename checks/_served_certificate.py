"""What the checks of metrics-server's own certificate share: picking out one kind of fault, and the ways to heal it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Advise,
    Blanks,
    Confidence,
    Effect,
    EffectKind,
    Finding,
    Remedy,
    Risk,
    State,
    Unseen,
)

from ._registration import SHOWS_WITHIN_SECONDS, apiservice

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.repair import Repair
    from msdoctor.facts.verification import ServingFault, Verification
    from msdoctor.x509 import ProblemKind

MOUNT = "/etc/metrics-server-tls"


def findings(
    verification: Verification,
    installation: Installation | Unseen | None,
    kinds: Collection[ProblemKind],
    advise: Advise,
    repair: Repair,
) -> Iterator[Finding | Unseen]:
    """A finding for each fault of these kinds, about metrics-server, whose certificate it is."""
    one = None if isinstance(installation, Unseen) else installation
    found = [fault for fault in verification.faults if fault.kind in kinds]
    for fault in found:
        asked = f"The API server asks for {verification.name}, and metrics-server serves {named(fault)}"
        remedies = advise(repair.blanks(**blanks_of(one, verification)))
        yield finding(fault, f"{asked}: {said(fault.text)}.", subject(one, verification), remedies)
    if not found:
        yield from unseen(verification)


def unseen(verification: Verification) -> Iterator[Unseen]:
    """Why nothing can be said of what is served. An API server that goes on asking has verified it."""
    if verification.unseen and not verification.unreadable and not verification.passed:
        yield Unseen(verification.unseen, f"apiservice/{verification.apiservice}")


def finding(fault: ServingFault, summary: str, subject: str, remedies: tuple[Remedy, ...]) -> Finding:
    """A certificate that the aggregator refuses, for this reason or for another that comes before it."""
    return Finding(
        summary=summary,
        subjects=(subject,),
        evidence=fault.evidence,
        effects=(Effect(EffectKind.SERVER_NOT_TRUSTED),),
        confidence=Confidence.CERTAIN if fault.certain else Confidence.LIKELY,
        state=State.ACTIVE if fault.first else State.NEXT,
        since=fault.ends if fault.served else None,
        changed="its certificate expired" if fault.ends and fault.served else "",
        remedies=remedies,
    )


def named(fault: ServingFault) -> str:
    """``a certificate of CN=metrics-server, issued by CN=Kubernetes`` where it was met."""
    if fault.served is None:
        return "a certificate"
    return f"a certificate of {fault.served.leaf.subject}, issued by {fault.served.leaf.issuer}"


def said(text: str) -> str:
    """The error in a fault's text, without what is wrapped around it."""
    return text[max(0, text.rfind("x509: ")) :].removeprefix("x509: ").rstrip('"')


def subject(installation: Installation | None, verification: Verification) -> str:
    """Whose certificate it is."""
    service, namespace = verification.name.split(".")[:2]
    return installation.subject if installation else f"service/{namespace}/{service}"


def blanks_of(installation: Installation | None, verification: Verification) -> dict[str, str]:
    """Values for the blanks below: where the certificate lies, or where it is to be put."""
    known = {"apiservice": verification.apiservice, "wanted": verification.name}
    if installation is None:
        return known
    spec = installation.deployment.spec.template.spec
    number = spec.containers.index(installation.container) if installation.container in spec.containers else 0
    file = installation.flags.text("tls-cert-file")
    mounts = {mount.name: mount.mount_path.rstrip("/") for mount in installation.container.volume_mounts}
    secret = next(
        (
            volume.secret.secret_name
            for volume in spec.volumes
            if volume.secret and file and file.rpartition("/")[0] == mounts.get(volume.name)
        ),
        "",
    )
    return {
        **known,
        "namespace": installation.namespace,
        "deployment": installation.name,
        "secret": secret or f"{installation.name}-tls",
        "mounted": "yes" if secret else "no",
        "top": "/spec/template/spec",
        "at": f"/spec/template/spec/containers/{number}",
        "volumes": "some" if spec.volumes else "none",
        "mounts": "some" if mounts else "none",
        "by_cluster_ca": "yes" if verification.by_cluster_ca else "no",
    }


def make_anew(blanks: Blanks, way: int = 1) -> tuple[Remedy, ...]:
    """A new certificate for the Service's name, served, and trusted by the APIService."""
    namespace, secret, own = blanks["namespace"], blanks["secret"], blanks["deployment"]
    is_mounted = blanks.get("mounted") == "yes"
    return (
        Remedy(
            advice=(
                "Step 1 of 3: make a certificate for the name that the aggregator asks for, and keep it in a Secret."
                " Where cert-manager or a chart keeps that Secret, have it renewed there instead."
            ),
            commands=(
                (
                    f"openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN={own}"
                    f" -addext subjectAltName=DNS:{blanks['wanted']},DNS:{blanks['wanted']}.cluster.local"
                    f" -addext extendedKeyUsage=serverAuth -keyout {own}-key.pem -out {own}.pem"
                ),
                (
                    f"kubectl -n {namespace} create secret tls {secret} --cert={own}.pem --key={own}-key.pem"
                    " --dry-run=client -o yaml | kubectl apply -f -"
                ),
            ),
            undo=() if is_mounted else (f"kubectl -n {namespace} delete secret {secret}",),
            verify=f"openssl x509 -noout -ext subjectAltName -in {own}.pem",
            shows_within_seconds=0,
            way=way,
        ),
        Remedy(
            advice="Step 2 of 3: have metrics-server serve it.",
            commands=_serve_again(blanks) if is_mounted else _serve_first(blanks),
            risks=(Risk.DISRUPTIVE,),
            undo=(f"kubectl -n {namespace} rollout undo deployment/{own}",),
            verify=f"kubectl -n {namespace} rollout status deployment/{own}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=way,
        ),
        trust(
            blanks,
            "Step 3 of 3: have the APIService trust it.",
            f"base64 < {own}.pem | tr -d '\\n'",
            way=way,
        ),
    )


def _serve_again(blanks: Blanks) -> tuple[str, ...]:
    return (f"kubectl -n {blanks['namespace']} rollout restart deployment/{blanks['deployment']}",)


def _serve_first(blanks: Blanks) -> tuple[str, ...]:
    volume = f'{{"name":"serving","secret":{{"secretName":"{blanks["secret"]}"}}}}'
    mount = f'{{"name":"serving","mountPath":"{MOUNT}","readOnly":true}}'
    steps = (
        _added(f"{blanks['top']}/volumes", volume, blanks.get("volumes")),
        _added(f"{blanks['at']}/volumeMounts", mount, blanks.get("mounts")),
        _added(f"{blanks['at']}/args", f'"--tls-cert-file={MOUNT}/tls.crt"'),
        _added(f"{blanks['at']}/args", f'"--tls-private-key-file={MOUNT}/tls.key"'),
    )
    target = f"kubectl -n {blanks['namespace']} patch deployment/{blanks['deployment']} --type json"
    return (f"{target} -p '[{','.join(steps)}]'",)


def _added(path: str, value: str, there: str | None = "some") -> str:
    """A JSON patch's step: to a list that is there, or as the first item of one that is not."""
    place, what = (path, f"[{value}]") if there == "none" else (f"{path}/-", value)
    return f'{{"op":"add","path":"{place}","value":{what}}}'


def trust(blanks: Blanks, advice: str, authority: str, way: int = 1) -> Remedy:
    """Have the APIService verify against the CA that a command prints in base64."""
    name = apiservice(blanks)
    patch = f"kubectl patch apiservice {name} --type merge -p"
    return Remedy(
        advice=advice,
        commands=(
            f"kubectl get apiservice {name} -o jsonpath='{{.spec.caBundle}}' > {name}.caBundle",
            f'CA=$({authority}) && test -n "$CA"',
            f'{patch} "{{\\"spec\\":{{\\"caBundle\\":\\"$CA\\"}}}}"',
        ),
        undo=(f'{patch} "{{\\"spec\\":{{\\"caBundle\\":\\"$(cat {name}.caBundle)\\"}}}}"',),
        verify=f"kubectl get apiservice {name}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=way,
    )


def insecure(blanks: Blanks, way: int = 2) -> Remedy:
    """What metrics-server's own manifest does, and gives away."""
    name = apiservice(blanks)
    patch = f"kubectl patch apiservice {name} --type merge -p"
    back = f'{patch} "{{\\"spec\\":{{\\"insecureSkipTLSVerify\\":null,\\"caBundle\\":\\"$(cat {name}.caBundle)\\"}}}}"'
    return Remedy(
        advice=(
            "Last resort, and what metrics-server's own manifest does: do not verify metrics-server. Whoever answers"
            " at its address is then believed, and learns who asks."
        ),
        commands=(
            f"kubectl get apiservice {name} -o jsonpath='{{.spec.caBundle}}' > {name}.caBundle",
            f"""{patch} '{{"spec":{{"insecureSkipTLSVerify":true,"caBundle":null}}}}'""",
        ),
        risks=(Risk.WEAKENS_SECURITY,),
        undo=(back,),
        verify=f"kubectl get apiservice {name}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=way,
    )
