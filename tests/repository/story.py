"""The repository of a cluster that was built by hand after a guide: units, certificates, a patch."""

from __future__ import annotations

from pathlib import Path

from .repositories import CLIENT, SERVER, issue, write, write_pair

FLAGS = """\
[Unit]
Description=Kubernetes API Server
Documentation=https://github.com/kubernetes/kubernetes

[Service]
ExecStart=/usr/local/bin/kube-apiserver \\
  --advertise-address=192.168.10.50 \\
  --authorization-mode=Node,RBAC \\
  --client-ca-file=/var/lib/kubernetes/ca.pem \\
  --service-account-key-file=/var/lib/kubernetes/service-account.pem \\
{aggregation}\
  --v=2
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""
AGGREGATION = """\
  --enable-aggregator-routing=true \\
  --requestheader-client-ca-file=/var/lib/kubernetes/front-proxy-ca.pem \\
  --requestheader-allowed-names={allowed} \\
  --requestheader-extra-headers-prefix={prefix} \\
  --requestheader-group-headers=X-Remote-Group \\
  --requestheader-username-headers=X-Remote-User \\
  --proxy-client-cert-file=/var/lib/kubernetes/front-proxy.pem \\
  --proxy-client-key-file=/var/lib/kubernetes/front-proxy-key.pem \\
"""
MANAGER = """\
[Service]
ExecStart=/usr/local/bin/kube-controller-manager \\
  --root-ca-file=/var/lib/kubernetes/ca.pem \\
  --v=2
"""
KUBELET = """\
[Service]
ExecStart=/usr/local/bin/kubelet \\
  --config=/var/lib/kubelet/kubelet-config.yaml \\
  --v=2
"""
SETTINGS = """\
kind: KubeletConfiguration
apiVersion: kubelet.config.k8s.io/v1beta1
authentication:
  anonymous:
    enabled: false
  webhook:
    enabled: true
  x509:
    clientCAFile: /var/lib/kubernetes/ca.pem
authorization:
  mode: Webhook
tlsCertFile: /var/lib/kubelet/{certificate}.pem
tlsPrivateKeyFile: /var/lib/kubelet/{certificate}-key.pem
"""
INVENTORY = """\
[master]
k8s-master ansible_host=192.168.10.50

[node]
k8s-node1 ansible_host=192.168.10.51
"""
INSTALL = """\
#!/bin/sh
set -e
kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml
kubectl patch deploy metrics-server -n kube-system --patch "
spec:
  template:
    spec:
      containers:
      - args:
        - --cert-dir=/tmp
        - --secure-port=10250
        - --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
        - --kubelet-use-node-status-port
        - --metric-resolution=15s
{insecure}\
        name: metrics-server
"
"""


def make(
    root: Path,
    *,
    aggregation: bool = True,
    allowed: str = "front-proxy-ca",
    prefix: str = "X-Remote-Extra",
    insecure: bool = True,
    own_certificates: bool = False,
    days: int = 365,
) -> None:
    """As the guide has it; ``allowed``, ``prefix`` and so on are where it goes wrong."""
    ca, front = issue("kubernetes"), issue("front-proxy-ca")
    write_pair(root, "certs/ca.pem", ca)
    write_pair(root, "certs/front-proxy-ca.pem", front)
    write_pair(root, "certs/front-proxy.pem", issue("front-proxy-client", front, usages=[CLIENT], days=days))
    nodes = {"k8s-master": "192.168.10.50", "k8s-node1": "192.168.10.51"}
    for name, address in nodes.items():
        shared = "kubelet" if name == "k8s-master" else None
        file = f"certs/{name}/kubelet.pem" if own_certificates else f"certs/{shared}.pem"
        if own_certificates or shared:
            issued = issue(f"system:node:{name}", ca, usages=[SERVER, CLIENT], ips=[address], dns=[name], days=days)
            write_pair(root, file, issued)
    flags = AGGREGATION.format(allowed=allowed, prefix=prefix) if aggregation else ""
    write(root, "units/kube-apiserver.service", FLAGS.format(aggregation=flags))
    write(root, "units/kube-controller-manager.service", MANAGER)
    write(root, "units/kubelet.service", KUBELET)
    write(root, "config/kubelet-config.yaml", SETTINGS.format(certificate="kubelet"))
    write(root, "inventory.ini", INVENTORY)
    line = "        - --kubelet-insecure-tls\n" if insecure else ""
    write(root, "metrics-server/install.sh", INSTALL.format(insecure=line))


def make_right(root: Path) -> None:
    """The same without a fault."""
    make(root, allowed="front-proxy-client", prefix="X-Remote-Extra-", insecure=False, own_certificates=True)
