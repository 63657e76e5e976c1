"""Where things are in the lab: addresses and ranges, paths on the machines, and who its users are."""

from collections.abc import Mapping

from lab.truth import ADDRESSES, MASTER, NODE1

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
TUNNEL = "/var/lib/lab/tunnel.py"
TUNNEL_SOCKET = "/etc/kubernetes/konnectivity-server/konnectivity-server.socket"
EGRESS = f"{PKI}/egress-selector.yaml"
FIGURES = "/var/lib/lab/figures.py"
ADAPTER = "/var/lib/lab/adapter.py"
CSR_DECIDER = "csr-decider"
CERT_ISSUER = "cert-issuer"
