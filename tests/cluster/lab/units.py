"""The systemd units of each machine: what runs there, and what it reads."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.commands import apiserver_flags, control_plane_commands
from lab.layout import ADAPTER, CERT_ISSUER, CSR_DECIDER, FIGURES, PKI, STATIC_PODS, TUNNEL, TUNNEL_SOCKET
from lab.truth import ADDRESSES, MASTER, NODE1, NODES, Form, Kubelet, Truth


@dataclass(frozen=True)
class Unit:
    """A systemd unit: `command` is ExecStart, `reads` the paths (prefixes) whose change calls for a restart."""

    name: str
    description: str
    command: tuple[str, ...]
    reads: tuple[str, ...] = ()
    running: bool = True
    stop_seconds: int = 5
    environ: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """Where its file lies on the machine."""
        return f"/etc/systemd/system/{self.name}.service"

    @property
    def text(self) -> str:
        """The unit file, one flag a line."""
        # A quote that the process is to be given stands behind a backslash (systemd.syntax(7)).
        command = " \\\n  ".join(word.replace('"', '\\"') for word in self.command)
        environ = "".join(f'Environment="{name}={value}"\n' for name, value in self.environ)
        return (
            f"[Unit]\nDescription={self.description}\nAfter=network.target\n\n"
            f"[Service]\n{environ}ExecStart={command}\nRestart=always\nRestartSec=1\nKillMode=process\n"
            f"TimeoutStopSec={self.stop_seconds}\n\n[Install]\nWantedBy=multi-user.target\n"
        )


def machine_units(truth: Truth, machine: str) -> Iterator[Unit]:
    """The units of a machine in the order in which they start."""
    yield Unit("containerd", "containerd container runtime", ("/usr/bin/containerd",), ("/etc/containerd/config",))
    if machine == MASTER and truth.form is Form.SYSTEMD:
        yield from _control_plane_units(truth)
    if machine == NODE1 and truth.second_apiserver:
        command = ("/usr/local/bin/kube-apiserver", *apiserver_flags(truth.second_apiserver, NODE1))
        reads = CONTROL_PLANE_READS["kube-apiserver"]
        environ = truth.second_apiserver.environ
        yield Unit("kube-apiserver", "Kubernetes API Server", command, reads, stop_seconds=3, environ=environ)
    yield Unit(
        "kubelet",
        "Kubernetes Kubelet",
        _kubelet_command(machine, truth.kubelet(machine)),
        ("/var/lib/kubelet/kube", f"{PKI}/ca.pem"),
        running=truth.kubelet(machine).running,
    )
    yield Unit(
        "kube-proxy",
        "Kubernetes Kube Proxy",
        ("/usr/local/bin/kube-proxy", "--config=/var/lib/kube-proxy/kube-proxy-config.yaml"),
        ("/var/lib/kube-proxy/kube",),
        running=machine != MASTER or truth.network.proxy_on_master,
    )
    if machine == MASTER:
        yield _tunnel(truth)
    yield _figures(truth.kubelet(machine))
    if machine == NODE1:
        yield _adapter(truth)
    if machine == MASTER:
        yield _csr_decider(truth)
        yield _cert_issuer(truth)


def _tunnel(truth: Truth) -> Unit:
    """The end of the API server's tunnel on its own machine."""
    command = ("/usr/bin/python3", TUNNEL, TUNNEL_SOCKET)
    running = truth.apiserver.egress and truth.network.tunnel
    return Unit("konnectivity-server", "Konnectivity server", command, (TUNNEL,), running=running)


def _figures(kubelet: Kubelet) -> Unit:
    """Who tells this kubelet's figures falsely; starts after it, whose start it remembers."""
    command = ("/usr/bin/python3", FIGURES, kubelet.tale or "no-containers")
    return Unit("figures", "Tells a kubelet's figures", command, (FIGURES,), running=kubelet.tale is not None)


def _adapter(truth: Truth) -> Unit:
    """Who answers for the adapters of external and custom metrics."""
    running = truth.external is not None and truth.external.answers
    return Unit("adapter", "Serves other metrics", ("/usr/bin/python3", ADAPTER), (ADAPTER,), running=running)


def _csr_decider(truth: Truth) -> Unit:
    """Somebody who decides about the requests of kubelets for serving certificates, as fast as they come."""
    decided = any(truth.kubelet(node).requests != "left" for node in NODES)
    command = ("/bin/sh", f"{PKI}/{CSR_DECIDER}.sh")
    return Unit(CSR_DECIDER, "Decides about kubelets' requests", command, (f"{PKI}/{CSR_DECIDER}",), running=decided)


def _cert_issuer(truth: Truth) -> Unit:
    """What of cert-manager a self-signed Issuer needs."""
    running = truth.metrics_server.issuer not in (None, "issued")
    command = ("/bin/sh", f"{PKI}/{CERT_ISSUER}.sh")
    return Unit(CERT_ISSUER, "Issues self-signed certificates", command, (f"{PKI}/{CERT_ISSUER}",), running=running)


def _control_plane_units(truth: Truth) -> Iterator[Unit]:
    commands = control_plane_commands(truth)
    descriptions = ("etcd", "Kubernetes API Server", "Kubernetes Controller Manager", "Kubernetes Scheduler")
    for name, description in zip(STATIC_PODS, descriptions, strict=True):
        program = "/usr/bin/etcd" if name == "etcd" else f"/usr/local/bin/{name}"
        environ = truth.apiserver.environ if name == "kube-apiserver" else ()
        command = (program, *commands[name])
        yield Unit(name, description, command, CONTROL_PLANE_READS[name], stop_seconds=3, environ=environ)


CONTROL_PLANE_READS: Mapping[str, tuple[str, ...]] = {
    "etcd": (f"{PKI}/kubernetes", f"{PKI}/ca.pem"),
    "kube-apiserver": (
        f"{PKI}/kubernetes",
        f"{PKI}/ca.pem",
        f"{PKI}/service-account",
        f"{PKI}/front-proxy",
        f"{PKI}/audit-policy",
        f"{PKI}/kube-apiserver",
    ),
    "kube-controller-manager": (f"{PKI}/ca", f"{PKI}/kube-controller-manager", f"{PKI}/service-account"),
    "kube-scheduler": (f"{PKI}/kube-scheduler",),
}


def _kubelet_command(machine: str, kubelet: Kubelet) -> tuple[str, ...]:
    return (
        "/usr/local/bin/kubelet",
        "--config=/var/lib/kubelet/kubelet-config.yaml",
        "--kubeconfig=/var/lib/kubelet/kubeconfig",
        f"--hostname-override={machine}",
        f"--node-ip={kubelet.node_ip or ADDRESSES[machine]}",
        "--register-node=true",
        "--v=2",
    )
