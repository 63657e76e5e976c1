"""CertificateSigningRequests made by hand, as kubelets and others make them."""

from __future__ import annotations

import base64
import ipaddress
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from .clusters import Issued, key, moment

Json = dict[str, Any]
SIGNER = "kubernetes.io/kubelet-serving"


def csr(
    name: str = "csr-1",
    *,
    node: str = "worker",
    names: tuple[str, ...] = ("192.0.2.11", "worker"),
    by: str = "",
    age: float = 60,
    fate: str = "",
    issued: Issued | None = None,
    **spec: Any,
) -> Json:
    """A request of a node's kubelet; ``by`` is who made it if not that one."""
    conditions = [
        {"type": fate, "status": "True", "reason": "Why", "message": "because", "lastTransitionTime": moment(-50)}
    ]
    return {
        "metadata": {"name": name, "creationTimestamp": moment(-age)},
        "spec": {
            "signerName": SIGNER,
            "username": by or f"system:node:{node}",
            "groups": ["system:nodes", "system:authenticated"],
            "usages": ["digital signature", "server auth"],
            "request": _request(f"system:node:{node}", names),
        }
        | spec,
        "status": ({"conditions": conditions} if fate else {})
        | ({"certificate": base64.b64encode(issued.pem.encode()).decode()} if issued else {}),
    }


def _request(common_name: str, names: tuple[str, ...]) -> str:
    subject = [
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "system:nodes"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name),
    ]
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_san(name) for name in names]), critical=False)
    request = builder.sign(key("a-request"), hashes.SHA256())
    return base64.b64encode(request.public_bytes(Encoding.PEM)).decode()


def _san(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
