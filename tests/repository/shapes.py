"""Repositories of other shapes than the story's, each with its faults or, repaired, without.

Every function writes a repository and takes ``right``: whether it is the repaired twin.
"""

from __future__ import annotations

from pathlib import Path

from .repositories import SERVER, issue, write, write_pair

COMPONENTS = """\
apiVersion: v1
kind: ServiceAccount
metadata: {name: metrics-server, namespace: kube-system, labels: {k8s-app: metrics-server}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: system:metrics-server}
rules:
- apiGroups: [""]
  resources: [nodes/metrics]
  verbs: [get]
- apiGroups: [""]
  resources: [pods, nodes]
  verbs: [get, list, watch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: metrics-server-auth-reader, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader}
subjects:
- {kind: ServiceAccount, name: metrics-server, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: metrics-server:system:auth-delegator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:auth-delegator}
subjects:
- {kind: ServiceAccount, name: metrics-server, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: system:metrics-server}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: system:metrics-server}
subjects:
- {kind: ServiceAccount, name: metrics-server, namespace: kube-system}
---
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec:
  selector:
    k8s-app: metrics-server
  ports:
  - {name: https, port: 443, protocol: TCP, targetPort: https}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: metrics-server
  namespace: kube-system
  labels: {k8s-app: metrics-server}
spec:
  selector:
    matchLabels: {k8s-app: metrics-server}
  template:
    metadata:
      labels: {k8s-app: metrics-server}
    spec:
      serviceAccountName: metrics-server
      containers:
      - name: metrics-server
        image: registry.k8s.io/metrics-server/metrics-server:v0.8.0
        args:
        - --cert-dir=/tmp
        - --secure-port=10250
        - --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
        - --kubelet-use-node-status-port
        - --metric-resolution=15s
        ports:
        - {name: https, containerPort: 10250, protocol: TCP}
        livenessProbe:
          httpGet: {path: /livez, port: https, scheme: HTTPS}
        readinessProbe:
          httpGet: {path: /readyz, port: https, scheme: HTTPS}
        volumeMounts:
        - {name: tmp-dir, mountPath: /tmp}
      volumes:
      - name: tmp-dir
        emptyDir: {}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: kube-system}
"""


def manifests(root: Path, *, right: bool) -> None:
    """metrics-server's own manifests, changed by hand."""
    text = COMPONENTS
    if not right:
        text = text.replace("--secure-port=10250", "--secure-port=4443")
        text = text.replace("    k8s-app: metrics-server\n  ports:", "    k8s-app: metrics\n  ports:")
        text = text.replace("resources: [nodes/metrics]", "resources: [nodes/stats]")
    write(root, "deploy/metrics-server.yaml", text)


KUBEADM = """\
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
apiServer:
  extraArgs:
  - name: enable-aggregator-routing
    value: "true"
  - name: requestheader-allowed-names
    value: {allowed}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
{bootstrap}"""
KUBEADM_V1BETA3 = """\
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
kubernetesVersion: v1.36.3
apiServer:
  extraArgs:
    requestheader-allowed-names: {allowed}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
{bootstrap}"""


def kubeadm(root: Path, *, right: bool, template: str = KUBEADM) -> None:
    allowed, bootstrap = ("front-proxy-client", "serverTLSBootstrap: true\n") if right else ("front-proxy-ca", "")
    write(root, "kubeadm.yaml", template.format(allowed=allowed, bootstrap=bootstrap))
    write(root, "addons/metrics-server.yaml", COMPONENTS)


def kubeadm_v1beta3(root: Path, *, right: bool) -> None:
    kubeadm(root, right=right, template=KUBEADM_V1BETA3)


def k3s(root: Path, *, right: bool) -> None:
    """The prefix without its dash, and a name that is not the one k3s gives its certificate."""
    allowed, prefix = ("system:auth-proxy", "X-Remote-Extra-") if right else ("front-proxy-client", "X-Remote-Extra")
    write(
        root,
        "k3s/config.yaml",
        "write-kubeconfig-mode: '0600'\n"
        "kube-apiserver-arg:\n"
        f"  - requestheader-allowed-names={allowed}\n"
        f"  - requestheader-extra-headers-prefix={prefix}\n",
    )


def rke2(root: Path, *, right: bool) -> None:
    allowed = "system:auth-proxy" if right else "front-proxy-client"
    text = f"kube-apiserver-arg:\n  - requestheader-allowed-names={allowed}\n"
    write(root, "etc/rancher/rke2/config.yaml", text)


KOPS = """\
apiVersion: kops.k8s.io/v1alpha2
kind: Cluster
metadata:
  name: prod.example.com
spec:
  kubernetesVersion: 1.32.0
  kubeAPIServer:
    requestheaderAllowedNames:
    - {allowed}
  kubelet:
    anonymousAuth: false
    authenticationTokenWebhook: true
    authorizationMode: Webhook
  metricsServer:
    enabled: true
"""


def kops(root: Path, *, right: bool) -> None:
    write(root, "cluster.yaml", KOPS.format(allowed="aggregator" if right else "front-proxy-client"))


ANSIBLE_UNIT = """\
[Unit]
Description=Kubernetes API Server

[Service]
EnvironmentFile=-/etc/default/kube-apiserver
ExecStart={{{{ bin_dir }}}}/kube-apiserver \\
  --advertise-address={{{{ ansible_host }}}} \\
  --authorization-mode=Node,RBAC \\
  --client-ca-file={{{{ pki_dir }}}}/ca.pem \\
  --requestheader-client-ca-file={{{{ pki_dir }}}}/front-proxy-ca.pem \\
  --requestheader-allowed-names={allowed} \\
  --requestheader-extra-headers-prefix=X-Remote-Extra- \\
  --requestheader-group-headers=X-Remote-Group \\
  --requestheader-username-headers={user} \\
  --proxy-client-cert-file={{{{ pki_dir }}}}/front-proxy-client.pem \\
  --proxy-client-key-file={{{{ pki_dir }}}}/front-proxy-client-key.pem
"""


def ansible(root: Path, *, right: bool) -> None:
    """Roles with templates: the certificates are files of the role, and names of the paths are variables."""
    ca, front = issue("kubernetes"), issue("front-proxy-ca")
    role = "roles/control-plane"
    write_pair(root, f"{role}/files/ca.pem", ca)
    write_pair(root, f"{role}/files/front-proxy-ca.pem", front)
    write_pair(root, f"{role}/files/front-proxy-client.pem", issue("front-proxy-client", front))
    user = "X-Remote-User" if right else "X-Remote-Name"
    unit = ANSIBLE_UNIT.format(allowed="front-proxy-client", user=user)
    write(root, f"{role}/templates/kube-apiserver.service.j2", unit)
    settings = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    settings += "tlsCertFile: /etc/kubernetes/pki/{{ inventory_hostname }}.pem\n"
    settings += "tlsPrivateKeyFile: /etc/kubernetes/pki/{{ inventory_hostname }}-key.pem\n"
    write(root, "roles/node/templates/kubelet-config.yaml.j2", settings)
    addresses = {"cp1": "10.0.0.10", "worker1": "10.0.0.11"}
    for name, address in addresses.items():
        of = address if right or name == "cp1" else "10.0.0.12"
        write_pair(root, f"roles/node/files/{name}.pem", issue(f"system:node:{name}", ca, usages=[SERVER], ips=[of]))
    write(
        root,
        "inventory/hosts.yml",
        "all:\n  children:\n"
        "    kube_control_plane:\n      hosts:\n        cp1: {ansible_host: 10.0.0.10}\n"
        "    kube_node:\n      hosts:\n        worker1: {ansible_host: 10.0.0.11}\n",
    )


PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: metrics-server
  namespace: kube-system
spec:
  template:
    spec:
      containers:
      - name: metrics-server
        args:
        - --cert-dir=/tmp
        - --secure-port={port}
        - --kubelet-preferred-address-types=InternalIP
        - --metric-resolution={resolution}
        - --kubelet-request-timeout=30s
"""


def kustomize(root: Path, *, right: bool) -> None:
    """A base as upstream has it, and an overlay whose patch brings the faults."""
    write(root, "base/components.yaml", COMPONENTS)
    write(root, "base/kustomization.yaml", "resources:\n- components.yaml\n")
    text = PATCH.format(port=10250 if right else 4443, resolution="60s" if right else "15s")
    write(root, "overlays/prod/args.yaml", text)
    write(root, "overlays/prod/kustomization.yaml", "resources:\n- ../../base\npatches:\n- path: args.yaml\n")


def chart(root: Path, *, right: bool) -> None:
    """Values of metrics-server's chart."""
    text = "containerPort: 10250\nimage:\n  tag: v0.8.0\nargs:\n- --kubelet-request-timeout="
    write(root, "charts/metrics-server/values.yaml", text + ("10s\n" if right else "20s\n"))


def kubespray(root: Path, *, right: bool) -> None:
    """An inventory's variables: those of its own group replace those of all."""
    where = "inventory/prod"
    write(
        root,
        f"{where}/hosts.yaml",
        "all:\n  hosts:\n    cp1: {ansible_host: 10.0.0.10}\n    w1: {ansible_host: 10.0.0.11}\n"
        "  children:\n    kube_control_plane: {hosts: {cp1: }}\n    kube_node: {hosts: {w1: }}\n",
    )
    write(root, f"{where}/group_vars/all/all.yml", "kubelet_rotate_server_certificates: false\n")
    write(
        root,
        f"{where}/group_vars/k8s_cluster/addons.yml",
        f"metrics_server_enabled: {'false' if right else 'true'}\nmetrics_server_kubelet_insecure_tls: false\n"
        f"metrics_server_metric_resolution: {'15s' if right else '5s'}\n",
    )
    if right:
        write(root, "addons/metrics-server.yaml", COMPONENTS)
    write(
        root,
        f"{where}/group_vars/k8s_cluster/k8s-cluster.yml",
        "kube_api_aggregator_routing: true\n"
        "kube_kubeadm_apiserver_extra_args:\n"
        f"  requestheader-allowed-names: {'front-proxy-client' if right else 'front-proxy'}\n"
        f"kubelet_rotate_server_certificates: {'true' if right else 'false'}\n"
        f"kubelet_authentication_token_webhook: {'true' if right else 'false'}\n"
        "kubelet_custom_flags:\n"
        f"- --authorization-mode={'Webhook' if right else 'AlwaysAllow'}\n",
    )
