"""Clusters whose kubelets lack a certificate, or serve another one than their file holds."""

from datetime import timedelta
from typing import Any

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.facts import paths
from tests.facts.clusters import ADDRESSES, NOW, Issued, Patient, healthy, kubelet_certificate, listed, sample

ADDRESS = ADDRESSES["worker"]
DIALLED = f"{ADDRESS}:10250"
DAY = timedelta(days=1)
CONFIG = "/var/lib/kubelet/config.yaml"
FILE = "/var/lib/kubelet/kubelet.pem"
BY_FILE = f"tlsCertFile: {FILE}\ntlsPrivateKeyFile: /var/lib/kubelet/kubelet-key.pem\n"


def asked(*requests: dict[str, Any]) -> Patient:
    """All is well, and these requests are there."""
    return healthy().api(paths.CSRS, listed(*requests))


def without_certificate(*requests: dict[str, Any]) -> Patient:
    """The worker's kubelet has nothing to serve."""
    place = Place(WORKSTATION, Kind.TLS, DIALLED)
    patient = asked(*requests).metrics(sample("master"))
    return patient.refuse(place, Reason.FAILED, detail="remote error: tls: internal error")


def configured(patient: Patient, settings: str, *chain: Issued, host: str = "worker") -> Patient:
    """The same with a kubelet's configuration, and the file that it may name."""
    patient.process(host, "kubelet", "kubelet", f"--config={CONFIG}").file(host, CONFIG, settings)
    return patient.file(host, FILE, "".join(item.pem for item in chain))


def not_reloaded() -> Patient:
    """The old certificate has expired, and the file was renewed before that."""
    old = kubelet_certificate(ADDRESS, end=NOW - DAY)
    new = kubelet_certificate(ADDRESS, start=NOW - 2 * DAY, generation="2")
    return configured(healthy().metrics(sample("master")).tls(DIALLED, old), BY_FILE, new)


def all_loaded() -> Patient:
    """Every kubelet serves what its file holds."""
    patient = healthy()
    for name, at in ADDRESSES.items():
        configured(patient, BY_FILE, kubelet_certificate(at), host=name)
    return patient
