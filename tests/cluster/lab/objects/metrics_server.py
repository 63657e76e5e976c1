"""metrics-server, as upstream's components.yaml of 0.8.0 installs it, and what keeps it from its work.

With the lab's pace: strategy Recreate (a broken new pod would otherwise hide behind the old one, which still serves),
and a quicker readiness probe.
"""

import hashlib
from collections.abc import Iterator

from lab.authorities import Authorities
from lab.objects.kinds import RBAC, Object, account, binding, deployment, object_
from lab.objects.server_pod import TLS_SECRET, pod_of
from lab.pki import Pair
from lab.truth import MetricsServer, Rights, ServingCert, Truth

LABELS = {"k8s-app": "metrics-server"}
ADAPTER = "resource-adapter"
PART_OF_ROLE = "metrics-server-reads"
RENAMED = "metrics"  # the other ServiceAccount that its pods may run as


def wanted(truth: Truth) -> Iterator[Object]:
    """What upstream's manifest has, but for the registration."""
    wanted = truth.metrics_server
    name = "metrics-server"
    for runs_as in sorted({name, wanted.rights.account}):
        yield object_("v1", "ServiceAccount", runs_as, "kube-system", LABELS)
    aggregate = {f"{RBAC}/aggregate-to-{role}": "true" for role in ("admin", "edit", "view")}
    reads = [{"apiGroups": ["metrics.k8s.io"], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}]
    yield object_(
        f"{RBAC}/v1", "ClusterRole", "system:aggregated-metrics-reader", None, {**LABELS, **aggregate}, rules=reads
    )
    yield from _rights(wanted)
    labels = {"app": ADAPTER} if wanted.adapter else LABELS
    name = ADAPTER if wanted.adapter else name
    selector = labels if wanted.adapter else {"k8s-app": wanted.service_selector}
    if wanted.has_service:
        yield service(name, selector, wanted.service_target_port)
    deployed = deployment(
        name,
        "kube-system",
        labels,
        pod_of(truth),
        replicas=wanted.replicas,
        strategy={"type": "RollingUpdate" if wanted.pod.rolling else "Recreate"},
    )
    annotations = {}
    if wanted.tls_cert:
        # A pod that is there would read a new certificate in time, and its connections keep the one they began with.
        annotations["msdoctor-lab/serves"] = _digest(wanted.tls_cert)
    if wanted.rights not in (Rights(), Rights(role="gone")):
        # One that is there has read what it may read no more, and one that crashes would be tried ever more seldom.
        annotations["msdoctor-lab/rights"] = _digest(wanted.rights)
    if annotations:
        deployed["spec"]["template"]["metadata"]["annotations"] = annotations
    yield installed_by(wanted.release, deployed)


def _digest(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]


def _rights(wanted: MetricsServer) -> Iterator[Object]:
    """Its ClusterRole, and the three bindings of upstream's manifest."""
    rights = wanted.rights
    verbs = ["get", "list"] if rights.role == "no-watch" else ["get", "list", "watch"]
    rules = [{"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": verbs}]
    if wanted.kubelet_rights:
        rules.insert(0, {"apiGroups": [""], "resources": list(wanted.kubelet_rights), "verbs": ["get"]})
    role = "system:metrics-server"
    if rights.role == "aggregated":
        label = {"lab/aggregate-to-metrics-server": "true"}
        yield object_(f"{RBAC}/v1", "ClusterRole", PART_OF_ROLE, None, {**LABELS, **label}, rules=rules)
        selected = {"clusterRoleSelectors": [{"matchLabels": label}]}
        yield object_(f"{RBAC}/v1", "ClusterRole", role, None, LABELS, aggregationRule=selected, rules=[])
    elif rights.role != "gone":
        yield object_(f"{RBAC}/v1", "ClusterRole", role, None, LABELS, rules=rules)
    subject = {
        "account": account("metrics-server"),
        "account-elsewhere": {**account("metrics-server"), "namespace": "monitoring"},
        "group": {"apiGroup": RBAC, "kind": "Group", "name": "system:serviceaccounts:kube-system"},
    }[rights.to]
    if rights.auth_reader:
        yield object_(
            f"{RBAC}/v1",
            "RoleBinding",
            "metrics-server-auth-reader",
            "kube-system",
            LABELS,
            roleRef={"apiGroup": RBAC, "kind": "Role", "name": "extension-apiserver-authentication-reader"},
            subjects=[subject],
        )
    if rights.delegator:
        yield binding("metrics-server:system:auth-delegator", "system:auth-delegator", subject, LABELS)
    if rights.role != "unbound":
        yield binding(role, role, subject, LABELS)


def service(name: str, selector: dict[str, str], target_port: str) -> Object:
    """One of metrics-server's, however it is called."""
    port = {"appProtocol": "https", "name": "https", "port": 443, "protocol": "TCP", "targetPort": target_port}
    return object_("v1", "Service", name, "kube-system", LABELS, spec={"ports": [port], "selector": selector})


def installed_by(release: str | None, thing: Object) -> Object:
    """What Helm writes into the objects of a release."""
    if release:
        metadata = thing["metadata"]
        metadata["labels"] = metadata["labels"] | {"app.kubernetes.io/managed-by": "Helm"}
        metadata["annotations"] = {
            "meta.helm.sh/release-name": release,
            "meta.helm.sh/release-namespace": "kube-system",
        }
    return thing


def tls_secret(cert: ServingCert, authorities: Authorities) -> Object:
    """What it serves, where its pod mounts it from."""
    pair = served(cert, authorities)
    content = {"tls.crt": pair.cert, "tls.key": pair.key}
    return object_("v1", "Secret", TLS_SECRET, "kube-system", LABELS, type="kubernetes.io/tls", stringData=content)


def served(cert: ServingCert, authorities: Authorities) -> Pair:
    """The certificate that it serves."""
    return authorities.leaf(
        "metrics-server",
        issuer=cert.issuer,
        ips=cert.ips,
        dns_names=cert.dns_names,
        begins=cert.begins,
        ends=cert.ends,
        usages=cert.usages,
    )


def shut_in() -> Object:
    """A NetworkPolicy that lets nothing in."""
    spec: Object = {"podSelector": {}, "policyTypes": ["Ingress"]}
    return object_("networking.k8s.io/v1", "NetworkPolicy", "default-deny-ingress", "kube-system", None, spec=spec)


def quota() -> Object:
    """CoreDNS has a pod there already, and is to keep it."""
    return object_("v1", "ResourceQuota", "few-pods", "kube-system", None, spec={"hard": {"pods": "1"}})
