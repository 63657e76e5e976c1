"""Files of each machine, as hand-built clusters lay them out, from one Truth.

`machine_files` gives every file of a machine by its path there, units included. `Lab.apply` writes what differs and
restarts what reads it.
"""

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import yaml

from lab import cert_manager, cgroups, images, static_pods
from lab.authorities import INTERMEDIATES, Authorities
from lab.commands import apiserver_flags
from lab.layout import (
    ADAPTER,
    API_SERVER,
    API_SERVER_ADDRESSES,
    API_SERVER_NAMES,
    CERT_ISSUER,
    CLUSTER_CIDR,
    CSR_DECIDER,
    DNS_SERVICE,
    EGRESS,
    FIGURES,
    MANIFESTS,
    OLD_FRONT_PROXY_CA,
    PKI,
    POD_CIDRS,
    TUNNEL,
    TUNNEL_SOCKET,
    USERS,
)
from lab.pki import Pair
from lab.truth import ADDRESSES, MASTER, NODE1, NODES, Form, Kubelet, ServingCert, Truth
from lab.units import CONTROL_PLANE_READS, machine_units


@dataclass(frozen=True)
class File:
    """Content and mode of a file."""

    text: str
    mode: int = 0o644


Files = dict[str, File]


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
            texts = {path: file.text for path, file in files.items()}
            pods = static_pods.manifests(truth, texts)
            files |= {path: File(_yaml(pod), 0o600) for path, pod in pods}
    return files


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


def _egress() -> dict[str, object]:
    connection = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": TUNNEL_SOCKET}}}
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": connection}],
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
    is_named = any(OLD_FRONT_PROXY_CA in flag for flag in apiserver_flags(truth.apiserver, MASTER))
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


def _yaml(value: object) -> str:
    return yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1000)


def _json(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
