"""Clusters whose kubelets refuse metrics-server, for the tests of hop F."""

from datetime import timedelta

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.facts import paths, rights
from tests.facts.clusters import ADDRESSES, NOW, SCRAPER, Patient, healthy, listed, moment, node, sample

NO_WEBHOOK = "authentication:\n  anonymous:\n    enabled: {}\n  webhook:\n    enabled: false\n"
SOUND = "kind: KubeletConfiguration\n"
ALL = tuple(ADDRESSES)
UNAUTHORIZED, FORBIDDEN = "401 Unauthorized", "403 Forbidden"


def refusal(node_name: str, status: str, age: float = 5) -> str:
    at = NOW - timedelta(seconds=age)
    klog = f"E{at:%m%d %H:%M:%S}.000000       1 scraper.go:149]"
    said = f'"Failed to scrape node" err="request failed, status: \\"{status}\\"" node="{node_name}"'
    return f"{at:%Y-%m-%dT%H:%M:%S}.000000000Z {klog} {said}\n"


def refusing(status: str, *names: str) -> Patient:
    """These kubelets answer with this status, the others are scraped."""
    patient = healthy().log("".join(refusal(name, status) for name in names))
    return patient.metrics(*(sample(name) for name in ADDRESSES if name not in names))


def set_up(patient: Patient, text: str, *hosts: str) -> Patient:
    for host in hosts or ("worker",):
        patient.process(host, "kubelet", "/usr/bin/kubelet", "--config=/etc/kubelet.yaml", "--kubeconfig=/k")
        patient.file(host, "/etc/kubelet.yaml", text)
    return patient


def denied(patient: Patient, stats: bool | None = None) -> Patient:
    patient.review(rights.scrapes(SCRAPER), allowed=False)
    return patient if stats is None else patient.review(rights.reads_stats(SCRAPER), allowed=stats)


def unreviewed(patient: Patient) -> Patient:
    return patient.refuse(Place(WORKSTATION, Kind.REVIEW, rights.scrapes(SCRAPER)), Reason.FORBIDDEN, 403)


def not_heard_of(patient: Patient, name: str = "worker") -> Patient:
    listing = []
    for one, at in ADDRESSES.items():
        item = node(one, ("InternalIP", at), ("Hostname", one))
        if one == name:
            message = "Kubelet stopped posting node status."
            gone = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": message}
            item["status"]["conditions"] = [gone | {"lastTransitionTime": moment(-200)}]
        listing.append(item)
    return patient.api(paths.NODES, listed(*listing))
