"""Clusters whose API server does not get through to metrics-server, for the tests of hop C."""

from msdoctor.bundle import WORKSTATION, Kind, Place, Reason
from msdoctor.facts import paths
from msdoctor.facts.way import PROXY, REPLACEMENTS
from tests.facts.clusters import (
    MASTER,
    SERVER_ARGS,
    Patient,
    deployment,
    kubelet_certificate,
    listed,
    pod,
    with_host,
)

from .registered import registered

POD, CLUSTER_IP, SHUT, KUBELET = "10.244.1.5:10250", "10.96.0.20:443", "10.244.1.5:9", "192.0.2.11:10250"
LATE = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
SOCKET = "/etc/kubernetes/konnectivity-server/konnectivity-server.socket"
EGRESS = "/etc/kubernetes/egress.yaml"
DEFAULT = ("eth0", "00000000", "010200C0", "00000000")
LINK = ("eth0", "000200C0", "00000000", "00FFFFFF")
TO_PODS = ("eth0", "0001F40A", "0B0200C0", "00FFFFFF")
BY_OVERLAY = ("flannel.1", "0001F40A", "0001F40A", "00FFFFFF")


def cut_off(at: str = POD, error: str = LATE) -> Patient:
    """The API server says that it got no answer at an address. metrics-server is ready, on the worker."""
    url = f"https://{at}/apis/metrics.k8s.io/v1beta1"
    message = f'failing or missing response from {url}: Get "{url}": {error}'
    server = pod()
    server["status"]["podIP"] = "10.244.1.5"
    patient = registered("False", "FailedDiscoveryCheck", message)
    return patient.installed(deployment(), pods=(server,)).api(paths.RUNNING_PODS, listed(server))


def seen_on_host(patient: Patient, *routes: tuple[str, str, str, str], proxied: bool = True) -> Patient:
    """With the files of the API server's running host: its routes, and whether kube-proxy is among its processes."""
    with_host(patient)
    rows = [
        f"{device}\t{to}\t{by}\t{'0001' if by == '00000000' else '0003'}\t0\t0\t0\t{mask}\t0\t0\t0"
        for device, to, by, mask in routes
    ]
    patient.file(MASTER, "/proc/7/net/route", "\n".join(["Iface\tDestination\tGateway", *rows]) + "\n")
    for program in (PROXY, *REPLACEMENTS):
        patient.process(MASTER, program, *((program, "--v=2") if proxied and program == PROXY else ()))
    return patient


def dialling(patient: Patient, **met: str) -> Patient:
    """What the host meets at ``pod``, ``service``, ``shut`` and ``kubelet``: silent, opens, answers, or an error."""
    for name, outcome in met.items():
        address = {"pod": POD, "service": CLUSTER_IP, "shut": SHUT, "kubelet": KUBELET}[name]
        place = Place(f"host/{MASTER}", Kind.TLS, address)
        if outcome == "answers":
            patient.tls(address, kubelet_certificate("192.0.2.11"))
            patient.put(place, patient.documents[Place(WORKSTATION, Kind.TLS, address)].body or b"")
        elif outcome == "silent":
            patient.refuse(place, Reason.TIMEOUT, detail="no answer within 5 s")
        elif outcome == "opens":
            detail = "connected, but the TLS handshake was not over within 5 s"
            patient.refuse(place, Reason.TIMEOUT, detail=detail)
        else:
            patient.refuse(place, Reason.UNREACHABLE, detail=outcome)
    return patient


def tunnelled(error: str, *sockets: str) -> Patient:
    """An API server whose calls go into a tunnel; ``sockets`` are the files beside which its near end should be."""
    patient = with_host(cut_off(error=error), *SERVER_ARGS, f"--egress-selector-config-file={EGRESS}")
    selection = f"{{name: cluster, connection: {{proxyProtocol: GRPC, transport: {{uds: {{udsName: {SOCKET}}}}}}}}}"
    patient.file(MASTER, EGRESS, f"kind: EgressSelectorConfiguration\negressSelections: [{selection}]\n")
    return patient.directory(MASTER, SOCKET.rpartition("/")[0], *sockets)
