"""Clusters whose API server verifies metrics-server, and does not believe it."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msdoctor.facts import paths
from tests.facts.clusters import (
    CA,
    NOW,
    Issued,
    Patient,
    apiservice,
    container,
    deployment,
    healthy,
    issue,
    listed,
    pod,
)

OWN_NAME = "metrics-server.kube-system.svc"
POD = "pod/kube-system/metrics-server-1:10250"
DAY = timedelta(days=1)
UNREAD = "failing or missing response from https://10.244.1.5:10250/apis/metrics.k8s.io/v1beta1: Get "
UNREAD += '"https://10.244.1.5:10250/apis/metrics.k8s.io/v1beta1": tls: failed to verify certificate: '


def serving_certificate(*names: str, **more: Any) -> Issued:
    """One for metrics-server itself, from the cluster's CA unless another is named."""
    return issue(**({"name": "metrics-server", "by": CA, "sans": names or (OWN_NAME,)} | more))


def verified(
    *chain: Issued, authority: str = CA, said: str = "", ca_bundle: str | None = None, args: tuple[str, ...] = ()
) -> Patient:
    """The API server verifies metrics-server by this CA; ``said``: what it finds wrong."""
    status = ("False", "FailedDiscoveryCheck", UNREAD + said) if said else ("True", "Passed", "all checks passed")
    item = apiservice(*status)
    bundle = base64.b64encode(issue(authority).pem.encode()).decode() if ca_bundle is None else ca_bundle
    item["spec"] |= {"insecureSkipTLSVerify": False, "caBundle": bundle}
    patient = (healthy().silent() if said else healthy()).api(paths.APISERVICES, listed(item))
    if args:
        patient.installed(deployment(container(args)), pods=(pod("metrics-server-1", container(args)),))
    return patient.tls(POD, *chain) if chain else patient


ILL: dict[str, Callable[[], Patient]] = {
    "apiservice-cert-no-san": lambda: verified(
        serving_certificate("localhost"), said=f"x509: certificate is valid for localhost, not {OWN_NAME}"
    ),
    "apiservice-cabundle-mismatch": lambda: verified(
        serving_certificate(by="other-ca"), said="x509: certificate signed by unknown authority"
    ),
    "metrics-server-cert-expired": lambda: verified(serving_certificate(end=NOW - DAY)),
    "metrics-server-cert-expiring": lambda: verified(serving_certificate(end=NOW + 3 * DAY)),
}
WELL: dict[str, Callable[[], Patient]] = {
    "apiservice-cert-no-san": lambda: verified(serving_certificate()),
    "apiservice-cabundle-mismatch": lambda: verified(serving_certificate()),
    "metrics-server-cert-expired": lambda: verified(serving_certificate(end=NOW)),
    "metrics-server-cert-expiring": lambda: verified(serving_certificate()),
}
SEES: dict[str, tuple[str, ...]] = {
    "apiservice-cert-no-san": (paths.APISERVICES,),
    "apiservice-cabundle-mismatch": (paths.APISERVICES,),
    "metrics-server-cert-expired": (paths.APISERVICES,),
    "metrics-server-cert-expiring": (paths.APISERVICES,),
}
