"""Clusters whose kubelets metrics-server does not reach, for the tests of hop E."""

from datetime import timedelta

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.facts import paths
from tests.facts.clusters import (
    ADDRESSES,
    MANIFEST_ARGS,
    NOW,
    Json,
    Patient,
    container,
    deployment,
    healthy,
    kubelet_certificate,
    listed,
    moment,
    node,
    pod,
    sample,
)

WORKER = "192.0.2.11:10250"
REFUSED = "dial tcp 192.0.2.11:10250: connect: connection refused"
NO_ROUTE = "dial tcp 192.0.2.11:10250: connect: no route to host"
TIMEOUT = "context deadline exceeded"
NO_NAME = "dial tcp: lookup worker on 10.96.0.10:53: no such host"
NO_ANSWER = "dial tcp: lookup worker on 10.96.0.10:53: read udp 10.0.0.3:4000->10.96.0.10:53: i/o timeout"
BY_NAME = tuple(arg for arg in MANIFEST_ARGS if "address-types" not in arg)


def complaint(error: str, name: str = "worker", age: float = 5, url: str = "https://192.0.2.11:10250") -> str:
    """A line of metrics-server's log, as `kubectl logs --timestamps` prints it."""
    at = NOW - timedelta(seconds=age)
    said = "Failed to scrape node, timeout to access kubelet" if error == TIMEOUT else "Failed to scrape node"
    get = f'Get \\"{url}/metrics/resource\\": {error}' if url else error
    klog = f"E{at:%m%d %H:%M:%S}.000000       1 scraper.go:149]"
    return f'{at:%Y-%m-%dT%H:%M:%S}.000000000Z {klog} "{said}" err="{get}" node="{name}"\n'


def unreached(error: str, *, ages: tuple[float, ...] = (35, 20, 5), url: str = "https://192.0.2.11:10250") -> Patient:
    """The worker is not scraped, and metrics-server says why; the master is."""
    patient = healthy().installed(deployment(), pods=(pod(node="master"),)).metrics(sample("master"))
    return patient.log("".join(complaint(error, age=age, url=url) for age in ages))


def leases(patient: Patient, **ages: float) -> Patient:
    """Every node's Lease, renewed so many seconds ago (3, unless another age is given)."""
    items = [_lease(name, ages.get(name, 3)) for name in ADDRESSES]
    return patient.api(paths.NODE_LEASES, listed(*items))


def _lease(name: str, age: float) -> Json:
    return {"metadata": {"name": name}, "spec": {"renewTime": moment(-age), "leaseDurationSeconds": 40}}


def stopped(patient: Patient, name: str = "worker") -> Patient:
    """The node controller has given the node up."""
    listing = []
    for one, at in ADDRESSES.items():
        item = node(one, ("InternalIP", at), ("Hostname", one))
        if one == name:
            item["status"]["conditions"] = [{"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}]
        listing.append(item)
    return leases(patient.api(paths.NODES, listed(*listing)), **{name: 300})


def sharing(patient: Patient) -> Patient:
    """Both nodes are registered under the address that every such machine's NAT card has."""
    nodes = (node(name, ("InternalIP", "10.0.2.15"), ("Hostname", name)) for name in ADDRESSES)
    return patient.api(paths.NODES, listed(*nodes))


def annotated(patient: Patient) -> Patient:
    listing = [node(name, ("InternalIP", at)) for name, at in ADDRESSES.items()]
    listing[1]["metadata"]["annotations"] = {"metrics.k8s.io/resource-metrics-path": "/metrics/resources"}
    return patient.api(paths.NODES, listed(*listing))


def read_only_port() -> Patient:
    log = complaint("dial tcp 192.0.2.11:10255: connect: connection refused", url="https://192.0.2.11:10255")
    args = tuple(arg for arg in MANIFEST_ARGS if "node-status-port" not in arg)
    return healthy().args(*args, "--kubelet-port=10255").metrics(sample("master")).log(log)


ITSELF = "tls: failed to verify certificate: x509: certificate is valid for 127.0.0.1, not 192.0.2.11"


def answer(status: str) -> str:
    """What a scrape was answered with."""
    return complaint("", url="").replace('err=""', f'err="request failed, status: \\"{status}\\""')


def sitting(
    log: str, *, host_network: bool = False, address: str = ADDRESSES["worker"], node: str = "worker"
) -> Patient:
    """metrics-server's pod runs on that node with that address, and the master alone gives metrics."""
    one = pod(node=node)
    one["spec"]["hostNetwork"] = host_network
    one["status"]["podIP"] = address
    return healthy().installed(deployment(), pods=(one,)).metrics(sample("master")).log(log)


COLONS = 'Get https://2001:db8::11:10250/stats/summary/: invalid URL port "db8::11:10250"'


def without_brackets(release: str = "v0.2.1", log: str = COLONS) -> Patient:
    """A metrics-server of that release, and a worker that has got an IPv6 address too."""
    old = container(("--source=kubernetes.summary_api:''",))
    old["image"] = f"gcr.io/google_containers/metrics-server-amd64:{release}"
    nodes = [node("master", ("InternalIP", "192.0.2.10"))]
    nodes.append(node("worker", ("InternalIP", "192.0.2.11"), ("InternalIP", "2001:db8::11")))
    patient = healthy().installed(deployment(old), pods=(pod("metrics-server-1", old, node="master"),))
    at = f"{NOW - timedelta(seconds=5):%Y-%m-%dT%H:%M:%S}.000000000Z"
    said = f"{at} E0301 11:59:55.000000       1 summary.go:97] error while getting metrics summary from Kubelet"
    line = f"{said} worker(2001:db8::11:10250): {log}\n" if log else ""
    return patient.api(paths.NODES, listed(*nodes)).metrics(sample("master")).log(line)


def misregistered() -> Patient:
    """The worker's kubelet took its NAT card's address; its certificate is for the other card's, where it answers."""
    nodes = [node("master", ("InternalIP", "192.0.2.10")), node("worker", ("InternalIP", "10.0.2.15"))]
    patient = leases(unreached(TIMEOUT, url="https://10.0.2.15:10250").api(paths.NODES, listed(*nodes)))
    patient = workstation(patient, Reason.UNREACHABLE, "network is unreachable", "10.0.2.15:10250")
    args = ("/usr/bin/kubelet", "--node-ip=10.0.2.15", "--tls-cert-file=/pki/kubelet.crt")
    patient.process("worker", "kubelet", *args).file(
        "worker", "/pki/kubelet.crt", kubelet_certificate("192.0.2.11").pem
    )
    return patient.file("worker", "/etc/systemd/system/kubelet.service", f"[Service]\nExecStart={' '.join(args)}\n")


def workstation(patient: Patient, reason: Reason, detail: str, where: str = WORKER) -> Patient:
    """What the workstation meets there instead of a handshake."""
    return patient.refuse(Place(WORKSTATION, Kind.TLS, where), reason, detail=detail)


def silent_to_workstation(patient: Patient) -> Patient:
    return workstation(patient, Reason.TIMEOUT, "no answer within 5 s")


def refuses_workstation(patient: Patient) -> Patient:
    return workstation(patient, Reason.UNREACHABLE, "connection refused")


def log_behind_it(patient: Patient, reason: Reason = Reason.TIMEOUT, detail: str = "no answer within 10 s") -> Patient:
    """metrics-server runs on the worker, and the API server gets no log from there."""
    return patient.refuse(
        Place(WORKSTATION, Kind.LOG, "kube-system/metrics-server-1/metrics-server"), reason, detail=detail
    )
