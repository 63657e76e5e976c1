"""The chart asks for a certificate that its issuer cannot give.

## What it means
metrics-server's pod waits for a Secret that cert-manager is to fill, and the issuer refuses what it is asked for. An
ACME issuer, such as Let's Encrypt, wants the common name among the DNS names, and vouches only for names whose owner
it can ask from outside. The chart's certificate has the common name `metrics-server`, which is not among its names, and
names that end in `.svc`, which no public CA signs.

## What it does not mean
That cert-manager is broken, that metrics-server's image or arguments are wrong, or that kubelets are concerned: this
is the certificate that metrics-server shows to the API server.

## What will not help
- deleting the pod, or the request: the next one asks for the same.
- taking the common name away: a public CA then refuses the names that are left.
- --kubelet-insecure-tls: it is about other certificates.

## How it comes about
The chart with `tls.type=cert-manager` and `tls.certManager.existingIssuer` set to the issuer that ingresses use. A name
of more than 64 characters is refused earlier, when the Certificate is made.

## How to make sure
`kubectl -n kube-system describe certificate,certificaterequest`: the request's condition Ready.

## Source
metrics-server charts/metrics-server/templates/certificate.yaml (chart 3.13); cert-manager
pkg/controller/certificaterequests/acme/acme.go, pkg/controller/certificates/issuing/issuing_controller.go; RFC 8555
section 6.7, rejectedIdentifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import (
    Blanks,
    Class,
    Confidence,
    Evidence,
    Finding,
    Hop,
    Look,
    Remedy,
    Says,
    check,
)

from ._starting import finding, made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.facts.installation import Installation
    from msdoctor.facts.issuance import Refused
    from msdoctor.facts.repair import Repair

ISSUER = "metrics-server-issuer"  # the chart's own, where it is not given one
SHOWS_WITHIN_SECONDS = 180  # a kubelet waits for up to two minutes until it looks for a Secret again
BECAUSE = {
    "common name": "an ACME issuer wants the common name {name} among the DNS names",
    "names": "an ACME issuer vouches only for names that it can ask for from outside",
}


def advise(blanks: Blanks) -> tuple[Remedy, ...]:
    namespace, certificate, issuer = blanks["namespace"], blanks["certificate"], blanks["issuer"]
    reference = f'{{"spec":{{"issuerRef":{{"name":"{ISSUER}","kind":"Issuer","group":"cert-manager.io"}}}}}}'
    before = f'{{"spec":{{"issuerRef":{{"name":"{issuer}","kind":"{blanks["kind"]}","group":"{blanks["group"]}"}}}}}}'
    own = (
        f'{{"apiVersion":"cert-manager.io/v1","kind":"Issuer","metadata":{{"name":"{ISSUER}",'
        f'"namespace":"{namespace}"}},"spec":{{"selfSigned":{{}}}}}}'
    )
    patch = f"kubectl -n {namespace} patch certificate {certificate} --type merge -p"
    return (
        Remedy(
            advice=(
                "Have the certificate issued by an issuer within the cluster, as the chart does that is given none;"
                " the Secret then also holds the ca.crt that the APIService's caBundle is to trust. In the chart's"
                " values: tls.certManager.existingIssuer.enabled=false."
            ),
            commands=(f"kubectl apply -f - <<'END'\n{own}\nEND", f"{patch} '{reference}'"),
            undo=(f"{patch} '{before}'",),
            verify=f"kubectl -n {namespace} get certificate {certificate}",
            shows_within_seconds=SHOWS_WITHIN_SECONDS,
        ),
    )


@check(
    hop=Hop.D,
    cls=Class.CAUSE,
    says=(Says("IssuerRefuses", likelihood=0.9),),
    decide=(
        Look(
            "kubectl -n kube-system describe certificate,certificaterequest",
            "a request that failed, with ACME in its message",
            "chart-cert-acme-cn",
        ),
    ),
    advise=advise,
)
def chart_cert_acme_cn(
    refused_certificates: tuple[Refused, ...], installation: Installation, repair: Repair
) -> Iterator[Finding]:
    for one in refused_certificates[-1:]:
        metadata, spec = one.certificate.metadata, one.certificate.spec
        blanks = repair.blanks(
            namespace=metadata.namespace,
            certificate=metadata.name,
            issuer=spec.issuer_ref.name,
            kind=spec.issuer_ref.kind,
            group=spec.issuer_ref.group,
        )
        yield finding(
            installation,
            _summary(one),
            _evidence(one),
            advise(blanks),
            confidence=Confidence.CERTAIN,
            since=one.start.since,
            changed=made(one.start),
        )


def _summary(one: Refused) -> str:
    spec = one.certificate.spec
    because = BECAUSE[one.error.of].format(name=spec.common_name or "(none)")
    return (
        f"metrics-server's pod waits for Secret {spec.secret_name}, which cert-manager cannot fill:"
        f" {spec.issuer_ref.kind} {spec.issuer_ref.name} refuses the certificate, since {because}."
    )


def _evidence(one: Refused) -> Iterator[Evidence]:
    yield Evidence(
        saw=one.condition.message,
        where=f"{one.subject}, condition {one.condition.type}",
        how=one.how,
        at=one.condition.last_transition_time,
    )
    yield Evidence(
        saw=one.absent.message,
        where=f"event of {one.start.subject}",
        how=one.start.describe,
        at=one.absent.last_timestamp,
    )
    spec = one.certificate.spec
    yield Evidence(
        saw=f"common name {spec.common_name or '(none)'}, DNS names {', '.join(spec.dns_names)}",
        where=f"certificate/{one.certificate.metadata.namespace}/{one.certificate.metadata.name}",
        how=f"kubectl -n {one.certificate.metadata.namespace} get certificate {one.certificate.metadata.name} -o yaml",
    )
