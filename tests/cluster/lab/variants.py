"""Patients by name: those of `patients.py`, and what their names can be made into.

    NAME[-everywhere | -on-master | -below][+NAME…][@0.9]

`-everywhere` has the fault on both nodes instead of k8s-node1 alone, `-on-master` on the other one, `-below` on the
node where metrics-server itself runs. `+` joins faults, which have to touch different things. `@0.9` runs the next
release of metrics-server.
"""

from dataclasses import replace

from lab.binaries import METRICS_SERVER_VERSIONS
from lab.patients import FAULTS, Fault
from lab.truth import ADDRESSES, HEALTHY, MASTER, NODE1, Drop, Form, Kubelet, ServingCert, Truth

OTHER = {MASTER: NODE1, NODE1: MASTER}
OTHER_ADDRESS = {ADDRESSES[one]: ADDRESSES[other] for one, other in OTHER.items()}


def patient(name: str, form: Form = Form.SYSTEMD) -> Truth:
    """The truth of a patient by name, on a control plane of the given form; `KeyError` for a name that makes none."""
    faults, _, release = name.partition("@")
    truth = replace(HEALTHY, form=form)
    for part in faults.split("+"):
        truth = _fault(part)(truth)
    if release:
        version = next((version for version in METRICS_SERVER_VERSIONS if version.startswith(f"v{release}.")), None)
        if version is None:
            raise KeyError(name)
        truth = replace(truth, metrics_server=replace(truth.metrics_server, version=version))
    return truth


def parts(name: str) -> list[str]:
    """The names in `patients.py` of which a name is made."""
    return [_split(part)[0] for part in name.partition("@")[0].split("+")]


def _split(part: str) -> tuple[str, str]:
    """A name of `patients.py` and what follows it."""
    if part in FAULTS:
        return part, ""
    for suffix in ("-everywhere", "-on-master", "-below"):
        if part.endswith(suffix):
            return part.removesuffix(suffix), suffix
    raise KeyError(part)


def _fault(part: str) -> Fault:
    name, suffix = _split(part)
    fault = FAULTS[name]
    match suffix:
        case "-everywhere":
            return lambda truth: _mirrored(fault(_mirrored(fault(truth))))
        case "-on-master":
            return lambda truth: _mirrored(fault(_mirrored(truth)))
        case "-below":
            return lambda truth: _with_metrics_server_on(NODE1, fault(truth))
        case _:
            return fault


def _with_metrics_server_on(node: str, truth: Truth) -> Truth:
    return replace(truth, metrics_server=replace(truth.metrics_server, node=node))


def _mirrored(truth: Truth) -> Truth:
    """The same with the two nodes exchanged: their kubelets, their firewalls and where metrics-server runs."""
    node = truth.metrics_server.node
    return replace(
        truth,
        k8s_master=_mirrored_kubelet(truth.k8s_node1),
        k8s_node1=_mirrored_kubelet(truth.k8s_master),
        firewall=tuple(_mirrored_drop(drop) for drop in truth.firewall),
        metrics_server=replace(truth.metrics_server, node=OTHER[node] if node else None),
    )


def _mirrored_kubelet(kubelet: Kubelet) -> Kubelet:
    renewed = kubelet.renewed
    return replace(
        kubelet,
        serving_cert=_mirrored_cert(kubelet.serving_cert),
        renewed=_mirrored_cert(renewed) if renewed else None,
    )


def _mirrored_cert(cert: ServingCert) -> ServingCert:
    return replace(
        cert,
        ips=tuple(OTHER_ADDRESS.get(ip, ip) for ip in cert.ips),
        dns_names=tuple(OTHER.get(name, name) for name in cert.dns_names),
    )


def _mirrored_drop(drop: Drop) -> Drop:
    words = tuple(OTHER_ADDRESS.get(word, word) for word in drop.match)
    return replace(drop, machine=OTHER.get(drop.machine, drop.machine), match=words)
