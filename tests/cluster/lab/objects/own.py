"""The cluster's own: who may do what, and its DNS."""

from collections.abc import Iterator

from lab import images
from lab.layout import DNS_SERVICE
from lab.objects.kinds import RBAC, Object, account, binding, deployment, object_, user
from lab.truth import Hpa


def access() -> Iterator[Object]:
    """The lab's users, and the API server's way to the kubelets as hand-built clusters grant it."""
    yield binding("lab-operator", "cluster-admin", user("operator"))
    yield binding("lab-viewer", "view", user("viewer"))
    resources = ["nodes/proxy", "nodes/stats", "nodes/log", "nodes/spec", "nodes/metrics"]
    rules = [{"apiGroups": [""], "resources": resources, "verbs": ["*"]}]
    yield object_(f"{RBAC}/v1", "ClusterRole", "system:kube-apiserver-to-kubelet", None, None, rules=rules)
    yield binding("system:kube-apiserver", "system:kube-apiserver-to-kubelet", user("kubernetes"))


def controllers_role(hpa: Hpa) -> Object:
    """The HPA controller's, as the API server makes it (bootstrappolicy/controller_policy.go)."""
    rules: list[Object] = [
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers/status"], "verbs": ["update"]},
        {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["get", "update"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
        *(
            {"apiGroups": [f"{api}metrics.k8s.io"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
            for api in ("custom.", "external.")
        ),
        {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    ]
    if hpa.reads:
        rules.append({"apiGroups": ["metrics.k8s.io"], "resources": ["pods"], "verbs": ["list", "watch"]})
    name, labels = "system:controller:horizontal-pod-autoscaler", {"kubernetes.io/bootstrapping": "rbac-defaults"}
    return object_(f"{RBAC}/v1", "ClusterRole", name, None, labels, rules=rules)


def coredns() -> Iterator[Object]:
    """The cluster's DNS server."""
    labels = {"k8s-app": "kube-dns"}
    corefile = (
        ".:53 {\n    errors\n    health\n    ready\n"
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n      pods insecure\n    }\n    cache 30\n}\n"
    )
    yield object_("v1", "ServiceAccount", "coredns", "kube-system", None)
    rules = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    yield object_(f"{RBAC}/v1", "ClusterRole", "system:coredns", None, None, rules=rules)
    yield binding("system:coredns", "system:coredns", account("coredns"))
    yield object_("v1", "ConfigMap", "coredns", "kube-system", None, data={"Corefile": corefile})
    container = {
        "name": "coredns",
        "image": images.COREDNS,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"containerPort": 53, "name": "dns", "protocol": "UDP"},
            {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 3},
        "resources": {"requests": {"cpu": "50m", "memory": "70Mi"}},
        "volumeMounts": [{"name": "config-volume", "mountPath": "/etc/coredns", "readOnly": True}],
    }
    pod = {
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
        "containers": [container],
        "volumes": [{"name": "config-volume", "configMap": {"name": "coredns"}}],
    }
    yield deployment("coredns", "kube-system", labels, pod, replicas=1)
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    service = {"selector": labels, "clusterIP": DNS_SERVICE, "ports": ports}
    yield object_("v1", "Service", "kube-dns", "kube-system", labels, spec=service)
