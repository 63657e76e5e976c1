"""Files and units of each machine, as hand-built clusters lay them out, from one Truth.

`machine_files` gives every file of a machine by its path there, `machine_units` the units that should run. `Lab.apply`
writes what differs and restarts what reads it.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import yaml

from lab import cert_manager, cgroups, images
from lab.authorities import INTERMEDIATES, Authorities
from lab.pki import Pair
from lab.truth import ADDRESSES, MASTER, NODE1, NODES, ApiServer, Form, Kubelet, ServingCert, Truth

API_SERVER = f"https://{ADDRESSES[MASTER]}:6443"
CLUSTER_CIDR = "10.244.0.0/16"
SERVICE_CIDR = "10.32.0.0/24"
KUBERNETES_SERVICE = "10.32.0.1"
API_SERVER_ADDRESSES = ("127.0.0.1", ADDRESSES[MASTER], KUBERNETES_SERVICE)
API_SERVER_NAMES = (
    MASTER,
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
DNS_SERVICE = "10.32.0.10"
POD_CIDRS = {MASTER: "10.244.0.0/24", NODE1: "10.244.1.0/24"}
PKI = "/var/lib/kubernetes"
OLD_FRONT_PROXY_CA = f"{PKI}/front-proxy-ca-old.pem"
MANIFESTS = "/etc/kubernetes/manifests"
AUDIT_LOG = "/var/log/kubernetes/audit.log"
STATIC_PODS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
# User name -> group; only the admin's group is one that the API server never checks.
USERS: Mapping[str, str | None] = {"admin": "system:masters", "operator": None, "viewer": None}


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


@dataclass(frozen=True)
class File:
    """Content and mode of a file."""

    text: str
    mode: int = 0o644


Files = dict[str, File]


def machine_units(truth: Truth, machine: str) -> Iterator[Unit]:
    """The units of a machine in the order in which they start."""
    yield Unit("containerd", "containerd container runtime", ("/usr/bin/containerd",), ("/etc/containerd/config",))
    if machine == MASTER and truth.form is Form.SYSTEMD:
        yield from _control_plane_units(truth)
    if machine == NODE1 and truth.second_apiserver:
        command = ("/usr/local/bin/kube-apiserver", *_apiserver_flags(truth.second_apiserver, NODE1))
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


TUNNEL = "/var/lib/lab/tunnel.py"
TUNNEL_SOCKET = "/etc/kubernetes/konnectivity-server/konnectivity-server.socket"
EGRESS = f"{PKI}/egress-selector.yaml"


def _tunnel(truth: Truth) -> Unit:
    """The end of the API server's tunnel on its own machine."""
    command = ("/usr/bin/python3", TUNNEL, TUNNEL_SOCKET)
    running = truth.apiserver.egress and truth.network.tunnel
    return Unit("konnectivity-server", "Konnectivity server", command, (TUNNEL,), running=running)


FIGURES = "/var/lib/lab/figures.py"


def _figures(kubelet: Kubelet) -> Unit:
    """Who tells this kubelet's figures falsely; starts after it, whose start it remembers."""
    command = ("/usr/bin/python3", FIGURES, kubelet.tale or "no-containers")
    return Unit("figures", "Tells a kubelet's figures", command, (FIGURES,), running=kubelet.tale is not None)


ADAPTER = "/var/lib/lab/adapter.py"


def _adapter(truth: Truth) -> Unit:
    """Who answers for the adapters of external and custom metrics."""
    running = truth.external is not None and truth.external.answers
    return Unit("adapter", "Serves other metrics", ("/usr/bin/python3", ADAPTER), (ADAPTER,), running=running)


CSR_DECIDER = "csr-decider"


def _csr_decider(truth: Truth) -> Unit:
    """Somebody who decides about the requests of kubelets for serving certificates, as fast as they come."""
    decided = any(truth.kubelet(node).requests != "left" for node in NODES)
    command = ("/bin/sh", f"{PKI}/{CSR_DECIDER}.sh")
    return Unit(CSR_DECIDER, "Decides about kubelets' requests", command, (f"{PKI}/{CSR_DECIDER}",), running=decided)


CERT_ISSUER = "cert-issuer"


def _cert_issuer(truth: Truth) -> Unit:
    """What of cert-manager a self-signed Issuer needs."""
    running = truth.metrics_server.issuer not in (None, "issued")
    command = ("/bin/sh", f"{PKI}/{CERT_ISSUER}.sh")
    return Unit(CERT_ISSUER, "Issues self-signed certificates", command, (f"{PKI}/{CERT_ISSUER}",), running=running)


def _csr_decider_script(truth: Truth) -> str:
    verbs = {"denied": "deny", "approved": "approve"}
    decided = {node: verbs[truth.kubelet(node).requests] for node in NODES if truth.kubelet(node).requests in verbs}
    cases = "".join(f"      system:node:{node}) kubectl certificate {verb} $csr ;;\n" for node, verb in decided.items())
    shown = '{range .items[*]}{.spec.username} {.metadata.name} {.status.conditions[*].type}{"\\n"}{end}'
    return (
        f"export KUBECONFIG={PKI}/{CSR_DECIDER}.kubeconfig\n"
        "while sleep 1; do\n"
        f"  kubectl get csr --field-selector spec.signerName=kubernetes.io/kubelet-serving -o jsonpath='{shown}' |\n"
        '  while read -r user csr fate; do\n    [ -n "$fate" ] || case $user in\n'
        f"{cases}    esac\n  done\ndone\n"
    )


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


def control_plane_commands(truth: Truth) -> dict[str, tuple[str, ...]]:
    """The flags of each component of the control plane, without the program."""
    return {
        "etcd": (
            f"--name={MASTER}",
            "--data-dir=/var/lib/etcd",
            f"--cert-file={PKI}/kubernetes.pem",
            f"--key-file={PKI}/kubernetes-key.pem",
            f"--trusted-ca-file={PKI}/ca.pem",
            "--client-cert-auth",
            f"--listen-client-urls={','.join(_etcd_urls(truth))}",
            "--advertise-client-urls=https://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--listen-metrics-urls=http://127.0.0.1:2381",
            "--unsafe-no-fsync",
        ),
        "kube-apiserver": tuple(_apiserver_flags(truth.apiserver, MASTER)),
        "kube-controller-manager": (
            "--bind-address=127.0.0.1",
            f"--cluster-cidr={CLUSTER_CIDR}",
            "--cluster-name=kubernetes",
            f"--cluster-signing-cert-file={PKI}/ca.pem",
            f"--cluster-signing-key-file={PKI}/ca-key.pem",
            f"--kubeconfig={PKI}/kube-controller-manager.kubeconfig",
            "--leader-elect=false",
            f"--root-ca-file={PKI}/ca.pem",
            f"--service-account-private-key-file={PKI}/service-account-key.pem",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
            "--use-service-account-credentials=true",
            *(() if truth.keeps_endpoints else ("--controllers=*,-endpointslice-controller",)),
            # The lab's pace, so that an HPA's conditions follow a fault within seconds.
            "--horizontal-pod-autoscaler-sync-period=5s",
            "--horizontal-pod-autoscaler-cpu-initialization-period=20s",
            "--horizontal-pod-autoscaler-initial-readiness-delay=5s",
        ),
        "kube-scheduler": (
            "--bind-address=127.0.0.1",
            f"--kubeconfig={PKI}/kube-scheduler.kubeconfig",
            "--leader-elect=false",
        ),
    }


def _etcd_urls(truth: Truth) -> list[str]:
    return ["https://127.0.0.1:2379", *([f"https://{ADDRESSES[MASTER]}:2379"] if truth.second_apiserver else [])]


def last_value(server: ApiServer, machine: str, flag: str) -> str:
    """What counts of a flag of one value that may be given several times; empty where it is not given."""
    given = (word.partition("=") for word in _apiserver_flags(server, machine))
    return next((value for name, _, value in reversed(list(given)) if name == flag), "")


def _apiserver_flags(server: ApiServer, machine: str) -> Iterator[str]:
    yield f"--advertise-address={ADDRESSES[machine]}"
    yield "--allow-privileged=true"
    yield f"--audit-log-path={AUDIT_LOG}"
    yield f"--audit-policy-file={PKI}/audit-policy.yaml"
    yield "--authorization-mode=Node,RBAC"
    yield f"--client-ca-file={PKI}/ca.pem"
    if server.egress:
        yield f"--egress-selector-config-file={EGRESS}"
    yield "--enable-admission-plugins=NodeRestriction"
    if server.enable_aggregator_routing:
        yield "--enable-aggregator-routing=true"
    yield f"--etcd-cafile={PKI}/ca.pem"
    yield f"--etcd-certfile={PKI}/kubernetes.pem"
    yield f"--etcd-keyfile={PKI}/kubernetes-key.pem"
    yield f"--etcd-servers=https://{'127.0.0.1' if machine == MASTER else ADDRESSES[MASTER]}:2379"
    if server.verifies_kubelets:
        yield f"--kubelet-certificate-authority={PKI}/ca.pem"
    yield f"--kubelet-client-certificate={PKI}/kubernetes.pem"
    yield f"--kubelet-client-key={PKI}/kubernetes-key.pem"
    yield "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname"
    if server.proxy_client:
        yield f"--proxy-client-cert-file={server.proxy_client.cert_file}"
        yield f"--proxy-client-key-file={server.proxy_client.key_file}"
    if server.requestheader:
        if server.requestheader.allowed_names:
            yield f"--requestheader-allowed-names={','.join(server.requestheader.allowed_names)}"
        yield f"--requestheader-client-ca-file={server.requestheader.client_ca_file}"
        yield f"--requestheader-extra-headers-prefix={server.requestheader.extra_headers_prefix}"
        yield f"--requestheader-group-headers={server.requestheader.group_headers}"
        yield f"--requestheader-username-headers={server.requestheader.username_headers}"
    yield "--secure-port=6443"
    yield "--service-account-issuer=https://kubernetes.default.svc.cluster.local"
    yield f"--service-account-key-file={PKI}/service-account.pem"
    yield f"--service-account-signing-key-file={PKI}/service-account-key.pem"
    yield f"--service-cluster-ip-range={SERVICE_CIDR}"
    served = "kubernetes" if server.serving == "shared" else "kube-apiserver"
    yield f"--tls-cert-file={PKI}/{served}.pem"
    yield f"--tls-private-key-file={PKI}/{served}-key.pem"
    yield from server.extra_flags


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


def machine_files(truth: Truth, machine: str, lab: str, authorities: Authorities) -> Files:
    """Every file of a machine by its path, units included."""
    files: Files = {unit.path: File(unit.text) for unit in machine_units(truth, machine)}
    files |= _common_files(machine)
    files[ADAPTER] = File((Path(__file__).parent / "stand_ins" / "adapter.py").read_text())
    if machine == MASTER:
        files[TUNNEL] = File((Path(__file__).parent / "stand_ins" / "tunnel.py").read_text())
        files[EGRESS] = File(_yaml(_egress()))
    files[FIGURES] = File((Path(__file__).parent / "stand_ins" / "figures.py").read_text())
    files |= _kubelet_files(truth.kubelet(machine), truth.form, machine, lab, authorities)
    proxy = authorities.leaf("system:kube-proxy", organization="system:node-proxier")
    files["/var/lib/kube-proxy/kubeconfig"] = File(kubeconfig(authorities, "system:kube-proxy", proxy), 0o600)
    files["/var/lib/kube-proxy/kube-proxy-config.yaml"] = File(_kube_proxy_config(machine))
    files[f"{PKI}/ca.pem"] = File(authorities.authority("cluster").cert)
    if machine == NODE1 and truth.second_apiserver:
        shared = _control_plane_files(truth, authorities)
        reads = CONTROL_PLANE_READS["kube-apiserver"]
        files |= {path: file for path, file in shared.items() if path.startswith(reads)}
    if machine == MASTER:
        files |= _control_plane_files(truth, authorities)
        if truth.form is Form.STATIC:
            files |= dict(_manifests(truth, files))
    return files


def _egress() -> dict[str, object]:
    connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": TUNNEL_SOCKET}}}
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": connection}],
    }


def kubeconfig(authorities: Authorities, user: str, pair: Pair) -> str:
    """A kubeconfig with everything inside it, for a user with a client certificate."""
    return _yaml(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "kubernetes",
                    "cluster": {
                        "server": API_SERVER,
                        "certificate-authority-data": _base64(authorities.authority("cluster").cert),
                    },
                }
            ],
            "users": [
                {
                    "name": user,
                    "user": {
                        "client-certificate-data": _base64(pair.cert),
                        "client-key-data": _base64(pair.key),
                    },
                }
            ],
            "contexts": [{"name": "default", "context": {"cluster": "kubernetes", "user": user}}],
            "current-context": "default",
        }
    )


def _common_files(machine: str) -> Files:
    hosts = "".join(f"{ADDRESSES[node]} {node}\n" for node in NODES)
    network = {
        "cniVersion": "0.4.0",
        "name": "bridge",
        "type": "bridge",
        "bridge": "cnio0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "ranges": [[{"subnet": POD_CIDRS[machine]}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    containerd = f"""version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{images.PAUSE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
"""
    return {
        "/etc/hostname": File(f"{machine}\n"),
        "/etc/hosts": File(f"127.0.0.1 localhost\n{hosts}"),
        # Nobody answers there: the lab has no world outside to resolve.
        "/etc/resolv.conf": File(f"nameserver {ADDRESSES['workstation']}\n"),
        "/etc/cni/net.d/10-bridge.conf": File(_json(network)),
        "/etc/containerd/config.toml": File(containerd),
        "/etc/crictl.yaml": File("runtime-endpoint: unix:///run/containerd/containerd.sock\n"),
    }


def _kubelet_files(kubelet: Kubelet, form: Form, machine: str, lab: str, authorities: Authorities) -> Files:
    client = authorities.leaf(f"system:node:{machine}", organization="system:nodes")
    config: dict[str, object] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": kubelet.anonymous},
            "webhook": {"enabled": kubelet.webhook_authentication, "cacheTTL": "10s"},
            "x509": {"clientCAFile": f"{PKI}/ca.pem"},
        },
        "authorization": {
            "mode": "Webhook" if kubelet.webhook_authorization else "AlwaysAllow",
            # Whom a kubelet has admitted it remembers for minutes; here a right that is taken away is soon missed.
            "webhook": {"cacheAuthorizedTTL": "10s", "cacheUnauthorizedTTL": "10s"},
        },
        "clusterDomain": "cluster.local",
        "clusterDNS": [DNS_SERVICE],
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "resolvConf": "/etc/resolv.conf",
        # One machine plays several, on cgroup v1 and with swap or not.
        "failCgroupV1": False,
        "failSwapOn": False,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroups.root(lab, machine),
        "enforceNodeAllocatable": [],
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"}
        | ({"pid.available": "5000000"} if kubelet.short_of_pids else {}),
        **({"crashLoopBackOff": {"maxContainerRestartPeriod": "1s"}} if kubelet.restarts_at_once else {}),
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "fileCheckFrequency": "2s",
        # A mirror pod that cannot be made yet is tried again at the next sync.
        "syncFrequency": "5s",
        "nodeStatusUpdateFrequency": "5s",
    }
    files: Files = {}
    if kubelet.port != 10250:
        config["port"] = kubelet.port
    if kubelet.mode == "file":
        config["tlsCertFile"] = "/var/lib/kubelet/kubelet.pem"
        config["tlsPrivateKeyFile"] = "/var/lib/kubelet/kubelet-key.pem"
        files |= serving_files(kubelet.serving_cert, machine, authorities)
        if not kubelet.reloads:
            config["featureGates"] = {"ReloadKubeletServerCertificateFile": False}
    elif kubelet.mode == "bootstrap":
        config["serverTLSBootstrap"] = True
    if form is Form.STATIC and machine == MASTER:
        config["staticPodPath"] = MANIFESTS
    files["/var/lib/kubelet/kubelet-config.yaml"] = File(_yaml(config))
    files["/var/lib/kubelet/kubeconfig"] = File(kubeconfig(authorities, f"system:node:{machine}", client), 0o600)
    return files


def serving_files(serving: ServingCert, machine: str, authorities: Authorities) -> Files:
    """A certificate and its key where a kubelet's configuration names them."""
    pair = authorities.leaf(
        f"system:node:{machine}",
        organization="system:nodes",
        issuer=serving.issuer,
        ips=serving.ips,
        dns_names=serving.dns_names,
        begins=serving.begins,
        ends=serving.ends,
        usages=serving.usages,
    )
    return {
        "/var/lib/kubelet/kubelet.pem": File(pair.cert),
        "/var/lib/kubelet/kubelet-key.pem": File(pair.key, 0o600),
    }


def _kube_proxy_config(machine: str) -> str:
    return _yaml(
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": "/var/lib/kube-proxy/kubeconfig"},
            "mode": "iptables",
            "clusterCIDR": CLUSTER_CIDR,
            "hostnameOverride": machine,
            "iptables": {"minSyncPeriod": "200ms"},
            # These limits belong to the first network namespace; setting them from another one is refused.
            "conntrack": {
                "maxPerCore": 0,
                "min": 0,
                "tcpEstablishedTimeout": "0s",
                "tcpCloseWaitTimeout": "0s",
            },
        }
    )


def _control_plane_files(truth: Truth, authorities: Authorities) -> Files:
    cluster, front_proxy = authorities.authority("cluster"), authorities.authority("front-proxy")
    server = authorities.leaf(
        "kubernetes", organization="Kubernetes", ips=API_SERVER_ADDRESSES, dns_names=API_SERVER_NAMES
    )
    own = {} if truth.apiserver.serving == "shared" else apiserver_serving_files(authorities)
    wanted = truth.front_proxy_cert
    proxy_client = authorities.leaf(
        wanted.common_name,
        organization=wanted.organization,
        issuer=wanted.issuer,
        begins=wanted.begins,
        ends=wanted.ends,
        usages=wanted.usages,
    )
    chain = authorities.authority(wanted.issuer).cert if wanted.issuer in INTERMEDIATES else ""
    accounts = authorities.service_account()
    manager = authorities.leaf("system:kube-controller-manager", organization="system:kube-controller-manager")
    scheduler = authorities.leaf("system:kube-scheduler", organization="system:kube-scheduler")
    admin = authorities.leaf("admin", organization=USERS["admin"])
    policy = {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}
    is_named = any(OLD_FRONT_PROXY_CA in flag for flag in _apiserver_flags(truth.apiserver, MASTER))
    old = {OLD_FRONT_PROXY_CA: File(authorities.authority("other").cert)} if is_named else {}
    return (
        old
        | own
        | {
            f"{PKI}/ca-key.pem": File(cluster.key, 0o600),
            f"{PKI}/kubernetes.pem": File(server.cert),
            f"{PKI}/kubernetes-key.pem": File(server.key, 0o600),
            f"{PKI}/front-proxy-ca.pem": File(front_proxy.cert),
            f"{PKI}/front-proxy-ca-key.pem": File(front_proxy.key, 0o600),
            f"{PKI}/front-proxy.pem": File(proxy_client.cert + chain),
            f"{PKI}/front-proxy-key.pem": File(proxy_client.key, 0o600),
            f"{PKI}/service-account.pem": File(accounts.cert),
            f"{PKI}/service-account-key.pem": File(accounts.key, 0o600),
            f"{PKI}/audit-policy.yaml": File(_yaml(policy)),
            f"{PKI}/kube-controller-manager.kubeconfig": File(
                kubeconfig(authorities, "system:kube-controller-manager", manager), 0o600
            ),
            f"{PKI}/{CSR_DECIDER}.sh": File(_csr_decider_script(truth)),
            f"{PKI}/{CERT_ISSUER}.sh": File(cert_manager.script(f"{PKI}/{CSR_DECIDER}.kubeconfig")),
            f"{PKI}/{CSR_DECIDER}.kubeconfig": File(kubeconfig(authorities, "admin", admin), 0o600),
            f"{PKI}/kube-scheduler.kubeconfig": File(
                kubeconfig(authorities, "system:kube-scheduler", scheduler), 0o600
            ),
        }
    )


def apiserver_serving_files(authorities: Authorities, *, expired: bool = False) -> Files:
    """A certificate that the API server serves and uses for nothing else, and its key."""
    begins, ends = (timedelta(days=-366), timedelta(days=-1)) if expired else (timedelta(hours=-1), timedelta(days=365))
    pair = authorities.leaf(
        "kube-apiserver",
        ips=API_SERVER_ADDRESSES,
        dns_names=API_SERVER_NAMES,
        begins=begins,
        ends=ends,
        usages=("server",),
    )
    return {f"{PKI}/kube-apiserver.pem": File(pair.cert), f"{PKI}/kube-apiserver-key.pem": File(pair.key, 0o600)}


def _manifests(truth: Truth, files: Files) -> Iterator[tuple[str, File]]:
    """Static pods as kubeadm writes them."""
    commands = control_plane_commands(truth)
    for name in STATIC_PODS:
        pod = _static_pod(name, commands[name], files, truth.apiserver.environ if name == "kube-apiserver" else ())
        yield f"{MANIFESTS}/{name}.yaml", File(_yaml(pod), 0o600)


def _static_pod(
    name: str, flags: tuple[str, ...], files: Files, environ: tuple[tuple[str, str], ...]
) -> dict[str, object]:
    volumes = [("k8s-certs", PKI, "DirectoryOrCreate", True)]
    if name == "etcd":
        volumes.append(("etcd-data", "/var/lib/etcd", "DirectoryOrCreate", False))
    if name == "kube-apiserver":
        volumes.append(("audit", "/var/log/kubernetes", "DirectoryOrCreate", False))
    container = {
        "name": name,
        "image": images.ETCD if name == "etcd" else images.CONTROL_PLANE[name],
        "imagePullPolicy": "IfNotPresent",
        "command": [name, *flags],
        **({"env": [{"name": key, "value": value} for key, value in environ]} if environ else {}),
        "resources": {"requests": {"cpu": "50m"}},
        "volumeMounts": [
            {"name": volume, "mountPath": path, "readOnly": read_only} for volume, path, _, read_only in volumes
        ],
        **_probes(name),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"component": name, "tier": "control-plane"},
            # The kubelet restarts a pod when its manifest changes, but not when a file that it reads does.
            "annotations": {"msdoctor-lab/files": _digest(files, CONTROL_PLANE_READS[name])},
        },
        "spec": {
            "hostNetwork": True,
            # Not kubeadm's: an API server with watchers would otherwise take half a minute to go.
            "terminationGracePeriodSeconds": 5,
            "priority": 2000001000,
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [container],
            "volumes": [
                {"name": volume, "hostPath": {"path": path, "type": kind}} for volume, path, kind, _ in volumes
            ],
        },
        "status": {},
    }


def _probes(name: str) -> dict[str, object]:
    port, path = {
        "etcd": (2381, "/health"),
        "kube-apiserver": (6443, "/livez"),
        "kube-controller-manager": (10257, "/healthz"),
        "kube-scheduler": (10259, "/livez"),
    }[name]
    get = {
        "host": ADDRESSES[MASTER] if name == "kube-apiserver" else "127.0.0.1",
        "path": path,
        "port": port,
        "scheme": "HTTP" if name == "etcd" else "HTTPS",
    }
    patience: dict[str, object] = {"httpGet": get, "timeoutSeconds": 15}
    probes: dict[str, object] = {
        "livenessProbe": {**patience, "failureThreshold": 8, "initialDelaySeconds": 10, "periodSeconds": 10},
        "startupProbe": {**patience, "failureThreshold": 24, "initialDelaySeconds": 1, "periodSeconds": 2},
    }
    if name == "kube-apiserver":
        ready = {**get, "path": "/readyz"}
        probes["readinessProbe"] = {"failureThreshold": 3, "httpGet": ready, "periodSeconds": 1, "timeoutSeconds": 15}
    return probes


def _digest(files: Files, reads: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(files):
        if path.startswith(reads):
            digest.update(files[path].text.encode())
    return digest.hexdigest()[:16]


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1000)


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
