"""The registration of metrics-server's API."""

import base64

from lab.authorities import Authorities
from lab.objects.kinds import Object, object_
from lab.objects.metrics_server import LABELS, installed_by, served
from lab.truth import Truth

API_SERVICE = "v1beta1.metrics.k8s.io"


def wanted(truth: Truth, authorities: Authorities) -> Object:
    """The APIService; there has to be one."""
    registration = truth.api_service
    assert registration is not None
    spec: Object = {
        "group": "metrics.k8s.io",
        "groupPriorityMinimum": 100,
        "version": "v1beta1",
        "versionPriority": 100,
    }
    if not registration.local:
        spec["insecureSkipTLSVerify"] = registration.insecure_skip_tls_verify
        spec["service"] = {"name": registration.service, "namespace": "kube-system", "port": registration.port}
    if registration.ca_bundle:
        cert = truth.metrics_server.tls_cert if registration.ca_bundle == "served" else None
        pair = served(cert, authorities) if cert else authorities.authority(registration.ca_bundle)
        spec["caBundle"] = base64.b64encode(pair.cert.encode()).decode()
    found = object_("apiregistration.k8s.io/v1", "APIService", API_SERVICE, None, LABELS, spec=spec)
    if registration.injected:
        found["metadata"]["annotations"] = {"cert-manager.io/inject-ca-from": "kube-system/metrics-server"}
    return installed_by(registration.release, found)
