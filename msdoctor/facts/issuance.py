"""Certificates that metrics-server's pod waits for, and what cert-manager says of why there is none.

cert-manager is asked only where a pod mounts a Secret: the Certificate that would fill it, and its newest request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msdoctor.bundle import Bundle
from msdoctor.facts import paths
from msdoctor.facts.installation import Installation
from msdoctor.facts.objects import (
    Certificate,
    CertificateList,
    CertificateRequest,
    CertificateRequestList,
    Condition,
    Event,
    decode,
)
from msdoctor.facts.starts import Start
from msdoctor.model import Unseen
from msdoctor.utterances.errors import IssuerRefuses
from msdoctor.utterances.reader import read_error

OF_CERTIFICATE = "cert-manager.io/certificate-name"
# kubernetes pkg/volume/secret/secret.go, through the kubelet's event FailedMount
ABSENT = re.compile(r'secret "(?P<name>[A-Za-z0-9.-]{1,253})" not found')


@dataclass(frozen=True, slots=True)
class Refused:
    """A Certificate that its issuer refused: which pod waits for it, what the kubelet says, and what cert-manager."""

    start: Start
    absent: Event
    certificate: Certificate
    subject: str
    condition: Condition
    error: IssuerRefuses

    @property
    def how(self) -> str:
        """The command that shows the certificate and its requests."""
        return f"kubectl -n {self.certificate.metadata.namespace} describe certificate,certificaterequest"


def wanted(installations: Sequence[Installation]) -> Iterator[str]:
    """What to ask of cert-manager, in each namespace where metrics-server mounts a Secret."""
    mounting = (one for one in installations if any(v.secret for v in one.deployment.spec.template.spec.volumes))
    for namespace in dict.fromkeys(one.namespace for one in mounting):
        yield from (paths.certificates(namespace), paths.certificate_requests(namespace))


def refused_certificates(bundle: Bundle, starts: Sequence[Start] | Unseen) -> tuple[Refused, ...] | Unseen:
    """Those that pods of metrics-server wait for."""
    if isinstance(starts, Unseen):
        return starts
    found: list[Refused] = []
    for start in starts:
        event = next((event for event in reversed(start.events) if ABSENT.search(event.message)), None)
        if event is None:
            continue
        absent = ABSENT.search(event.message)
        namespace = start.pod.metadata.namespace
        document = bundle.api(paths.certificates(namespace))
        if document.refusal and document.refusal.status == 404:
            continue  # no cert-manager: somebody else was to make it
        certificates = decode(document, CertificateList)
        if isinstance(certificates, Unseen):
            return certificates
        requests = decode(bundle.api(paths.certificate_requests(namespace)), CertificateRequestList)
        asked = () if isinstance(requests, Unseen) else requests.items
        for one in certificates.items:
            if absent and one.spec.secret_name == absent["name"]:
                found += _refused(start, event, one, asked)
    return tuple(found)


def _refused(start: Start, event: Event, one: Certificate, requests: Sequence[CertificateRequest]) -> Iterator[Refused]:
    """Its own word, or its newest request's, where that is one of an issuer that refuses."""
    name, namespace = one.metadata.name, one.metadata.namespace
    own = [("certificate", name, condition) for condition in one.status.conditions if condition.type == "Issuing"]
    made = sorted(requests, key=lambda each: (str(each.metadata.creation_timestamp or ""), each.metadata.name))
    of_requests = [
        ("certificaterequest", each.metadata.name, condition)
        for each in reversed(made)
        if each.metadata.annotations.get(OF_CERTIFICATE) == name
        for condition in each.status.conditions
        if condition.type == "Ready"
    ]
    for kind, called, condition in (*of_requests[:1], *own):
        error = read_error(condition.message) if condition.status == "False" else None
        if isinstance(error, IssuerRefuses):
            yield Refused(start, event, one, f"{kind}/{namespace}/{called}", condition, error)
            return
