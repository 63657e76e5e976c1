"""Where facts are read through the API, and the commands that show the same. Costs nothing to import."""

from __future__ import annotations

VERSION = "/version"
APISERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"
AUTHENTICATION = "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication"
AUTHENTICATION_HOW = "kubectl -n kube-system get configmap extension-apiserver-authentication -o yaml"
ROOT_CA = "/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt"
KUBEADM_CONFIG = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
KUBELET_CONFIG = "/api/v1/namespaces/kube-system/configmaps/kubelet-config"
NODES = "/api/v1/nodes"
NODE_LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
API_SERVER_PODS = "/api/v1/namespaces/kube-system/pods?labelSelector=component%3Dkube-apiserver"
NODE_METRICS = "/apis/metrics.k8s.io/v1beta1/nodes"
POD_METRICS = "/apis/metrics.k8s.io/v1beta1/pods"
RUNNING_PODS = "/api/v1/pods?fieldSelector=status.phase%3DRunning"
HPAS = "/apis/autoscaling/v2/horizontalpodautoscalers"
# Who may not list VPAs is refused them where there is no such kind either; of the kind itself everybody may read.
VPA_KIND = "/apis/autoscaling.k8s.io/v1"
VPAS = f"{VPA_KIND}/verticalpodautoscalers"
VPA_CHECKPOINTS = f"{VPA_KIND}/verticalpodautoscalercheckpoints"
KUBERNETES_SERVICE = "/api/v1/namespaces/default/services/kubernetes"
ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS = RBAC = tuple(
    f"/apis/rbac.authorization.k8s.io/v1/{kind}"
    for kind in ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
)
KUBERNETES_SLICES = (
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    "?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes"
)
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

# The manifest's label and the chart's (metrics-server manifests/base and charts/metrics-server/templates/_helpers.tpl).
SELECTORS = ("k8s-app%3Dmetrics-server", "app.kubernetes.io%2Fname%3Dmetrics-server")
DEPLOYMENTS = tuple(f"/apis/apps/v1/deployments?labelSelector={selector}" for selector in SELECTORS)
PODS = tuple(f"/api/v1/pods?labelSelector={selector}" for selector in SELECTORS)


# KEDA's adapter, by the label of its chart and of its manifest (kedacore/charts, keda config/metrics-server).
KEDA_ADAPTERS = ("keda-operator-metrics-apiserver", "keda-metrics-apiserver")
KEDA_SERVICES = f"/api/v1/services?labelSelector=app.kubernetes.io%2Fname%20in%20%28{'%2C'.join(KEDA_ADAPTERS)}%29"


def service(namespace: str, name: str) -> str:
    """A Service."""
    return f"/api/v1/namespaces/{namespace}/services/{name}"


def services(namespace: str) -> str:
    """The Services of a namespace."""
    return f"/api/v1/namespaces/{namespace}/services"


def network_policies(namespace: str) -> str:
    """The NetworkPolicies of a namespace."""
    return f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"


def service_account(namespace: str, name: str) -> str:
    """A ServiceAccount."""
    return f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}"


def slices(namespace: str, service_name: str) -> str:
    """A Service's EndpointSlices."""
    return (
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
        f"?labelSelector=kubernetes.io%2Fservice-name%3D{service_name}"
    )


def pod(namespace: str, name: str) -> str:
    """A list of one pod, or of none: for whoever may list pods, and get none by name."""
    return f"/api/v1/namespaces/{namespace}/pods?fieldSelector=metadata.name%3D{name}"


def events(namespace: str, name: str) -> str:
    """The events of one object."""
    return f"/api/v1/namespaces/{namespace}/events?fieldSelector=involvedObject.name%3D{name}"


def certificates(namespace: str) -> str:
    """cert-manager's Certificates of a namespace."""
    return f"/apis/cert-manager.io/v1/namespaces/{namespace}/certificates"


def certificate_requests(namespace: str) -> str:
    """Its CertificateRequests, each one try to fill a Certificate's Secret."""
    return f"/apis/cert-manager.io/v1/namespaces/{namespace}/certificaterequests"


def workload(namespace: str, plural: str, name: str) -> str:
    """A Deployment, StatefulSet or ReplicaSet."""
    return f"/apis/apps/v1/namespaces/{namespace}/{plural}/{name}"
