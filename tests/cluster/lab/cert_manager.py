"""cert-manager's objects as they stand after an ACME issuer has refused the chart's certificate.

The controller is not here: statuses are as it writes them (pkg/controller/certificaterequests/acme/acme.go, its util's
Reporter, pkg/controller/certificates/issuing/issuing_controller.go), and `script` is what of it a self-signed Issuer
needs.
"""

from collections.abc import Iterator
from typing import Any, Literal

Object = dict[str, Any]

NAME, NAMESPACE, GROUP = "metrics-server", "kube-system", "cert-manager.io"
KINDS = {"Certificate": "certificates", "CertificateRequest": "certificaterequests", "Issuer": "issuers"}
# charts/metrics-server/templates/certificate.yaml
DNS_NAMES = [f"{NAME}.{NAMESPACE}", f"{NAME}.{NAMESPACE}.svc", f"{NAME}.{NAMESPACE}.svc.cluster.local"]
NOT_AMONG = (
    "The CSR PEM requests a commonName that is not present in the list of dnsNames or ipAddresses. If a commonName is"
    " set, ACME requires that the value is also present in the list of dnsNames or ipAddresses:"
    f' "{NAME}" does not exist in [{" ".join(DNS_NAMES)}] or []'
)
REJECTED = (
    f'Failed to wait for order resource "{NAME}-1-1847254398" to become ready: order is in "errored" state: Failed to'
    " create Order: 400 urn:ietf:params:acme:error:rejectedIdentifier: Error creating new order :: Cannot issue for"
    f' "{DNS_NAMES[0]}": Domain name does not end with a valid public suffix (TLD)'
)
WHEN = "2026-11-01T00:00:00Z"


def wanted(refusal: Literal["refuses-common-name", "refuses-names"], secret: str) -> Iterator[Object]:
    """Definitions first."""
    for kind, plural in KINDS.items():
        yield _definition(kind, plural)
    by_name = refusal == "refuses-common-name"
    message = NOT_AMONG if by_name else REJECTED
    reference = {"name": "letsencrypt-prod", "kind": "ClusterIssuer", "group": GROUP}
    spec: Object = {"dnsNames": DNS_NAMES, "secretName": secret, "issuerRef": reference}
    if by_name:
        spec["commonName"] = NAME
    absent = "Issuing certificate as Secret does not exist"
    failed = f"The certificate request has failed to complete and will be retried: {message}"
    conditions = [_condition("Ready", "DoesNotExist", absent), _condition("Issuing", "Failed", failed)]
    yield _object("Certificate", NAME, spec=spec, status={"conditions": conditions})
    approved = _condition("Approved", "cert-manager.io", "Certificate request has been approved by cert-manager.io")
    status = {
        "conditions": [approved | {"status": "True"}, _condition("Ready", "Failed", message)],
        "failureTime": WHEN,
    }
    request = _object("CertificateRequest", f"{NAME}-1", spec={"issuerRef": reference}, status=status)
    # Without the owner that cert-manager writes, whose uid is not known here: what has a wrong one is collected.
    request["metadata"]["annotations"] = {f"{GROUP}/certificate-name": NAME}
    yield request


def issued(secret: str) -> Iterator[Object]:
    """What the chart asks for, of an Issuer that signs for itself, once it is there. Definitions first."""
    for kind, plural in KINDS.items():
        yield _definition(kind, plural)
    yield _object("Issuer", f"{NAME}-issuer", spec={"selfSigned": {}})
    spec: Object = {
        "commonName": NAME,
        "dnsNames": DNS_NAMES,
        "secretName": secret,
        "usages": ["server auth", "client auth"],
        "privateKey": {"algorithm": "RSA", "size": 2048},
        "issuerRef": {"name": f"{NAME}-issuer", "kind": "Issuer", "group": GROUP},
    }
    ready = _condition("Ready", "Ready", "Certificate is up to date and has not expired") | {"status": "True"}
    yield _object("Certificate", NAME, spec=spec, status={"conditions": [ready]})


def identities() -> list[tuple[str, str, str]]:
    """The definitions: what is of them goes with them."""
    return [("CustomResourceDefinition", "", f"{plural}.{GROUP}") for plural in KINDS.values()]


def script(kubeconfig: str) -> str:
    """Fill the Secret of a Certificate whose Issuer signs for itself."""
    get = f"kubectl -n {NAMESPACE} get"
    names = ",".join(f"DNS:{name}" for name in DNS_NAMES)
    return (
        f"export KUBECONFIG={kubeconfig}\ncd /tmp\n"
        "while sleep 1; do\n"
        f"  set -- $({get} certificates.{GROUP} {NAME} -o jsonpath='{{.spec.issuerRef.name}} {{.spec.secretName}}')\n"
        f'  {get} issuers.{GROUP} "$1" >/dev/null 2>&1 || continue\n'
        f'  {get} secret "$2" >/dev/null 2>&1 && continue\n'
        f"  openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN={NAME} -addext subjectAltName={names}"
        " -keyout key.pem -out cert.pem\n"
        f'  kubectl -n {NAMESPACE} create secret tls "$2" --cert=cert.pem --key=key.pem\n'
        "done\n"
    )


def _condition(kind: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": "False", "reason": reason, "message": message, "lastTransitionTime": WHEN}


def _object(kind: str, name: str, **rest: Object) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, **rest}


def _definition(kind: str, plural: str) -> Object:
    anything = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    names = {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"}
    version = {"name": "v1", "served": True, "storage": True, "schema": anything}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }
