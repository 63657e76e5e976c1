"""What the checks of kubelets' serving certificates share: picking out one kind of problem, and the ways to heal it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from msdoctor.model import (
    Advise,
    Blanks,
    Confidence,
    Doubt,
    Effect,
    EffectKind,
    Finding,
    Look,
    Remedy,
    Risk,
    State,
    Unseen,
)
from msdoctor.x509 import ProblemKind

from . import _kubeadm
from ._distribution import keeper, own_new_certificate, told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from msdoctor.facts.kubelets import Kubelet, KubeletProblem
    from msdoctor.facts.repair import Repair
    from msdoctor.x509 import Certificate

# A new certificate is picked up on restart; then the next scrape must succeed, and an endpoint that was gone come back.
SHOWS_WITHIN_SECONDS = 90

# What cannot be told without knowing which CAs metrics-server trusts.
OF_THE_CHAIN = frozenset({ProblemKind.UNKNOWN_AUTHORITY, ProblemKind.KEY_USAGE})

SERVING = "--field-selector spec.signerName=kubernetes.io/kubelet-serving"


def findings(
    kubelets: Sequence[Kubelet], kinds: Collection[ProblemKind], advise: Advise, repair: Repair
) -> Iterator[Finding | Unseen]:
    """A finding per node whose certificate has this kind of problem, an ``Unseen`` per node not looked at."""
    for kubelet in kubelets:
        problem = next((item for item in kubelet.problems if item.kind in kinds), None)
        if kubelet.sound_on_disk:
            continue  # another disease: what it should serve is right, and it serves something older
        if problem:
            blanks = repair.blanks(kubelet.name, dialled=kubelet.dialled)
            yield replace(_finding(kubelet, problem, advise(blanks)), doubt=_doubt(kubelet, problem, blanks))
        elif kubelet.served is None or (kubelet.unseen and OF_THE_CHAIN.intersection(kinds)):
            yield Unseen(kubelet.unseen, kubelet.subject)


def _finding(kubelet: Kubelet, problem: KubeletProblem, remedies: tuple[Remedy, ...]) -> Finding:
    served = kubelet.served
    expired = problem.kind is ProblemKind.EXPIRED
    return Finding(
        summary=_summary(kubelet, problem),
        subjects=(kubelet.subject,),
        evidence=problem.evidence,
        effects=(Effect(EffectKind.KUBELET_NOT_TRUSTED, kubelet.name),),
        confidence=Confidence.CERTAIN if problem.certain else Confidence.LIKELY,
        state=State.ACTIVE if problem.first else State.NEXT,
        since=_began(served, expired),
        changed=f"its certificate {'expired' if expired else 'became valid'}" if served else "",
        remedies=remedies,
    )


def _doubt(kubelet: Kubelet, problem: KubeletProblem, blanks: Blanks) -> Doubt | None:
    """Whether a renewed one lies ready and was not read yet, where the node's files were not."""
    if problem.kind is not ProblemKind.EXPIRED or kubelet.served is None or kubelet.on_disk:
        return None
    file = blanks.get("kubelet_cert", "/var/lib/kubelet/pki/kubelet-server-current.pem or its tlsCertFile")
    look = f"openssl x509 -noout -enddate -in {file}"
    return Doubt(
        "Whether its file holds the same certificate or a renewed one, only its node tells.",
        (
            Look(look, f"{kubelet.served.not_after:%Y-%m-%d %H:%M}Z, as served", "kubelet-cert-expired", kubelet.name),
            Look(
                look,
                "a later date: it was renewed, and the kubelet has not read it",
                "kubelet-cert-not-reloaded",
                kubelet.name,
            ),
        ),
    )


def _began(served: Certificate | None, expired: bool) -> datetime | None:
    if served is None:
        return None
    return served.not_after if expired else served.not_before


def _summary(kubelet: Kubelet, problem: KubeletProblem) -> str:
    text = problem.text.removeprefix("x509: ")
    held = kubelet.presumed
    if kubelet.served is None and held and held.where in {evidence.where for evidence in problem.evidence}:
        return (
            f"metrics-server dials {kubelet.name} at {kubelet.address}. What the kubelet serves there was not seen from"
            f" here; the certificate that it should be serving, of {held.leaf.subject}, issued by {held.leaf.issuer}:"
            f" {text}."
        )
    if kubelet.served is None:
        return f"metrics-server dials {kubelet.name} at {kubelet.address}, and refuses the certificate it meets there."
    return (
        f"metrics-server dials {kubelet.name} at {kubelet.address}, where the kubelet serves a certificate of"
        f" {kubelet.served.subject}, issued by {kubelet.served.issuer}: {text}."
    )


SCRAPES = "kubectl -n kube-system logs deployment/metrics-server | grep -m1 -o 'x509: .*'"


def reissue(blanks: Blanks) -> tuple[Remedy, ...]:
    """Heal a certificate whose names, dates, usages or issuer are wrong: issue the right one, from the right CA."""
    own = own_new_certificate(blanks)
    if own:
        return (*own, replace(insecure(blanks), way=own[-1].way + 1))
    if blanks.get("kubelet_mode") == "bootstrap":
        return (ask_again(blanks), approve(blanks), insecure(blanks))
    node, cert, key = blanks["node"], blanks["kubelet_cert"], blanks["kubelet_key"]
    served = f"openssl s_client -connect {blanks['dialled']} </dev/null 2>/dev/null"
    check = f"{served} | openssl x509 -noout -ext subjectAltName"
    return (
        Remedy(
            advice=f"Step 1 of 2: issue a certificate with {node}'s own names from the cluster CA.",
            commands=(
                (
                    f"openssl req -new -newkey rsa:2048 -nodes -keyout {node}-key.pem -out {node}.csr"
                    f" -subj /O=system:nodes/CN=system:node:{node}"
                ),
                (
                    f"printf '%s\\n' 'subjectAltName={blanks['san']}' extendedKeyUsage=serverAuth"
                    f" keyUsage=digitalSignature,keyEncipherment > {node}.ext"
                ),
                (
                    f"openssl x509 -req -in {node}.csr -CA {blanks['ca']} -CAkey {blanks['ca_key']}"
                    f" -set_serial 0x$(openssl rand -hex 8) -days 365 -extfile {node}.ext -out {node}.pem"
                ),
                f"scp {node}.pem {node}-key.pem {node}:",
            ),
            on=f"control-plane/{blanks['control_plane']}",
            verify=f"openssl verify -CAfile {blanks['ca']} {node}.pem",
            shows_within_seconds=0,
        ),
        Remedy(
            advice=f"Step 2 of 2: put it where {node}'s kubelet reads it, and restart the kubelet (pods keep running).",
            commands=(
                f"cp {cert} {cert}.before && cp {key} {key}.before",
                f"install -m 0644 {node}.pem {cert} && install -m 0600 {node}-key.pem {key}",
                "systemctl restart kubelet",
            ),
            on=f"node/{node}",
            undo=(f"mv {cert}.before {cert} && mv {key}.before {key} && systemctl restart kubelet",),
            verify=check,
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
        *bootstrap(blanks),
        insecure(blanks),
    )


def bootstrap(blanks: Blanks) -> tuple[Remedy, ...]:
    """The lasting way: the kubelet asks the cluster for its certificate, and renews it by itself."""
    if told(blanks) == "kubeadm":
        return (*_kubeadm.ask_for_certificates(blanks), _approved_last(blanks))
    node, config = blanks["node"], blanks["kubelet_config"]
    return (
        Remedy(
            advice=(
                "Lasting, step 1 of 2: let the kubelet ask the cluster for a certificate. Until"
                " it is approved (step 2) the kubelet serves none, and `kubectl logs` and `exec` fail on this node too."
            ),
            commands=(
                f"cp {config} {config}.before",
                (
                    f"sed -i -e '/^tlsCertFile:/d' -e '/^tlsPrivateKeyFile:/d' -e '/^serverTLSBootstrap:/d' {config}"
                    f" && echo 'serverTLSBootstrap: true' >> {config}"
                ),
                "systemctl restart kubelet",
            ),
            on=f"node/{node}",
            risks=(Risk.DISRUPTIVE,),
            undo=(f"mv {config}.before {config} && systemctl restart kubelet",),
            verify="kubectl get csr",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
            way=2,
        ),
        replace(
            approve(
                blanks, f"Step 2 of 2: approve its newest request, after seeing that it asks for {node}'s own names."
            ),
            way=2,
        ),
    )


def _approved_last(blanks: Blanks) -> Remedy:
    advice = (
        f"Step 3 of 3: approve {blanks['node']}'s newest request, after seeing that it asks for {blanks['node']}'s own"
        " names. Each renewal needs the same: from a person, or from an approver such as kubelet-csr-approver."
    )
    return replace(approve(blanks, advice), way=2)


def ask_again(blanks: Blanks) -> Remedy:
    """With serverTLSBootstrap: forget the certificate, so that the kubelet asks for another as it starts."""
    node, folder = blanks["node"], "/var/lib/kubelet/pki"
    return Remedy(
        advice=(
            f"Step 1 of 2: let {node}'s kubelet ask for a new certificate. Until it is approved (step 2) the kubelet"
            " serves none, and `kubectl logs` and `exec` fail on this node."
        ),
        commands=(
            f"mv {folder}/kubelet-server-current.pem {folder}/kubelet-server-before.pem",
            "systemctl restart kubelet",
        ),
        on=f"node/{node}",
        risks=(Risk.DISRUPTIVE,),
        undo=(
            f"mv {folder}/kubelet-server-before.pem {folder}/kubelet-server-current.pem && systemctl restart kubelet",
        ),
        verify="kubectl get csr",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def approve(blanks: Blanks, advice: str = "") -> Remedy:
    """Look at a node's newest request for a serving certificate, and approve it: it has no keys to its earlier ones."""
    node = blanks["node"]
    undecided = f'and (eq .spec.username "system:node:{node}") (not .status.conditions)'
    template = f'{{{{range .items}}}}{{{{if {undecided}}}}}{{{{.metadata.name}}}}{{{{"\\n"}}}}{{{{end}}}}{{{{end}}}}'
    newest = f"kubectl get csr {SERVING} --sort-by=.metadata.creationTimestamp -o go-template='{template}' | tail -1"
    return Remedy(
        advice=advice or f"Approve {node}'s newest request, after seeing that it asks for {node}'s own names only.",
        commands=(
            f'until CSR=$({newest}); [ -n "$CSR" ]; do sleep 2; done',
            "kubectl get csr $CSR -o jsonpath='{.spec.request}' | base64 -d | openssl req -noout -text",
            "kubectl certificate approve $CSR",
        ),
        verify=f"kubectl top node {node}",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
    )


def insecure(blanks: Blanks) -> Remedy:
    """What everybody is told to do, for when it must work now."""
    target = f"-n {blanks['namespace']} deployment/{blanks['deployment']}"
    return Remedy(
        advice=(
            "Last resort: tell metrics-server not to verify any kubelet. It then sends its token to whoever answers at"
            f" a node's address; take it back once the certificates are right.{keeper(blanks)}"
        ),
        commands=(
            (
                f"kubectl patch {target} --type json -p"
                ' \'[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--kubelet-insecure-tls"}]\''
            ),
        ),
        risks=(Risk.WEAKENS_SECURITY, Risk.DISRUPTIVE),
        undo=(f"kubectl rollout undo {target}",),
        verify="kubectl top nodes",
        shows_within_seconds=SHOWS_WITHIN_SECONDS,
        way=3,
    )
