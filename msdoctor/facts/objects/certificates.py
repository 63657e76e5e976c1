"""Certificates as cert-manager has them made (cert-manager.io)."""

from __future__ import annotations

import msgspec

from msdoctor.facts.objects.base import Conditions, Meta, Name, Struct


class IssuerReference(Struct, frozen=True):
    name: Name = ""
    kind: Name = "Issuer"
    group: Name = "cert-manager.io"


class CertificateSpec(Struct, frozen=True):
    secret_name: Name = ""
    common_name: str = ""
    dns_names: tuple[str, ...] = msgspec.field(default=(), name="dnsNames")
    issuer_ref: IssuerReference = IssuerReference()


class Certificate(Struct, frozen=True):
    """cert-manager.io/v1 Certificate."""

    metadata: Meta = Meta()
    spec: CertificateSpec = CertificateSpec()
    status: Conditions = Conditions()


class CertificateList(Struct, frozen=True):
    items: tuple[Certificate, ...]


class CertificateRequest(Struct, frozen=True):
    """cert-manager.io/v1 CertificateRequest, one try to fill a Certificate's Secret."""

    metadata: Meta = Meta()
    status: Conditions = Conditions()


class CertificateRequestList(Struct, frozen=True):
    items: tuple[CertificateRequest, ...]
