"""API objects of the cluster from one Truth: plain JSON values, as `kubectl replace` takes them.

metrics-server's are upstream's components.yaml of 0.8.0, with the lab's pace: strategy Recreate (a broken new pod would
otherwise hide behind the old one, which still serves) and a quicker readiness probe.
"""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lab import cert_manager, images, other_metrics, vertical
from lab.authorities import Authorities
from lab.files import DNS_SERVICE
from lab.pki import Pair
from lab.truth import Hpa, MetricsServer, Rights, ServerPod, ServingCert, Truth

Object = dict[str, Any]

LABELS = {"k8s-app": "metrics-server"}
RBAC = "rbac.authorization.k8s.io"
API_SERVICE = "v1beta1.metrics.k8s.io"
TOKEN_SECRET = "metrics-server-token"
TLS_SECRET = "metrics-server-tls"
TLS_MOUNT = "/etc/metrics-server"
LEFTOVER = "metrics-server-legacy"
ADAPTER = "resource-adapter"
PART_OF_ROLE = "metrics-server-reads"
RENAMED = "metrics"  # the other ServiceAccount that its pods may run as
# Whom a remedy lets read metrics.
READERS = ("jane", "jane-nodes", "kube-system-horizontal-pod-autoscaler")
FLEETS = "fleets.example.com"
MIGRATION = "migrate"
NOT_AT_HOME = "kube-public"
TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"


def wanted(truth: Truth, authorities: Authorities) -> list[Object]:
    """Every object that should be there."""
    found = [*_access(), _controllers_role(truth.hpa), *_coredns(), *_busy(truth)]
    server, registration = truth.metrics_server, truth.api_service
    if server.deployed:
        found += _metrics_server(truth)
    if server.issuer == "issued":
        found += cert_manager.issued(TLS_SECRET)
    elif server.issuer:
        found += cert_manager.wanted(server.issuer, TLS_SECRET)
    if server.tls_cert and server.issuer in (None, "issued"):
        found.append(_tls_secret(server.tls_cert, authorities))
    if registration:
        found.append(_api_service(truth, authorities))
        found += [_service(registration.service, {"app": "gone"}, "https")] if registration.leftover else []
    if server.shut_in:
        found.append(_shut_in())
    if server.pod.quota:
        found.append(_quota())
    if truth.external:
        found += other_metrics.wanted(truth.external)
    if truth.vpa:
        found += vertical.wanted(truth.vpa)
    return found


def unwanted_of_vpas(truth: Truth) -> list[tuple[str, str, str]]:
    """The same of what belongs to VPAs, in a cluster that has had some."""
    kept = {_identity(thing) for thing in vertical.wanted(truth.vpa)} if truth.vpa else set()
    return [identity for identity in vertical.identities() if identity not in kept]


def unwanted(truth: Truth, authorities: Authorities) -> list[tuple[str, str, str]]:
    """(kind, namespace, name) of the objects that should not be there; an empty namespace means cluster-wide.

    A Job is one in any case: its template cannot be changed, so it is made anew.
    """
    kept = {_identity(thing) for thing in wanted(truth, authorities) if thing["kind"] != "Job"}
    everything = [
        _identity(thing) for thing in (*_metrics_server(Truth()), _api_service(Truth(), authorities), _quota())
    ]
    everything += [("Secret", "kube-system", TLS_SECRET), ("Service", "kube-system", LEFTOVER)]
    everything += [(kind, "kube-system", ADAPTER) for kind in ("Service", "Deployment")]
    # Bindings and roles of other patients, and what their remedies make.
    everything += [_identity(_shut_in()), ("NetworkPolicy", "kube-system", "metrics-server-needs")]
    everything += [
        ("ClusterRole", "", PART_OF_ROLE),
        ("ClusterRole", "", "metrics-reader-jane-nodes"),
        ("ServiceAccount", "kube-system", RENAMED),
    ]
    everything += [("ClusterRoleBinding", "", f"metrics-reader-{name}") for name in READERS]
    everything += [*other_metrics.identities(), *cert_manager.identities()]
    everything += [_identity(thing) for thing in _busy(replace(truth, hpa=Hpa(second=True, batch=True, ended=True)))]
    everything += [("HorizontalPodAutoscaler", NOT_AT_HOME, "busy"), ("CustomResourceDefinition", "", FLEETS)]
    return [identity for identity in everything if identity not in kept]


def _identity(thing: Object) -> tuple[str, str, str]:
    return thing["kind"], thing["metadata"].get("namespace", ""), thing["metadata"]["name"]


def _object(
    version: str, kind: str, name: str, namespace: str | None, labels: dict[str, str] | None, **rest: object
) -> Object:
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _binding(name: str, role: str, subject: Object, labels: dict[str, str] | None = None) -> Object:
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
    return _object(f"{RBAC}/v1", "ClusterRoleBinding", name, None, labels, roleRef=reference, subjects=[subject])


def _user(name: str) -> Object:
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def _account(name: str) -> Object:
    return {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}


def _access() -> Iterator[Object]:
    """The lab's users, and the API server's way to the kubelets as hand-built clusters grant it."""
    yield _binding("lab-operator", "cluster-admin", _user("operator"))
    yield _binding("lab-viewer", "view", _user("viewer"))
    resources = ["nodes/proxy", "nodes/stats", "nodes/log", "nodes/spec", "nodes/metrics"]
    rules = [{"apiGroups": [""], "resources": resources, "verbs": ["*"]}]
    yield _object(f"{RBAC}/v1", "ClusterRole", "system:kube-apiserver-to-kubelet", None, None, rules=rules)
    yield _binding("system:kube-apiserver", "system:kube-apiserver-to-kubelet", _user("kubernetes"))


def _controllers_role(hpa: Hpa) -> Object:
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
    return _object(f"{RBAC}/v1", "ClusterRole", name, None, labels, rules=rules)


def _coredns() -> Iterator[Object]:
    labels = {"k8s-app": "kube-dns"}
    corefile = (
        ".:53 {\n    errors\n    health\n    ready\n"
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n      pods insecure\n    }\n    cache 30\n}\n"
    )
    yield _object("v1", "ServiceAccount", "coredns", "kube-system", None)
    rules = [
        {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
    ]
    yield _object(f"{RBAC}/v1", "ClusterRole", "system:coredns", None, None, rules=rules)
    yield _binding("system:coredns", "system:coredns", _account("coredns"))
    yield _object("v1", "ConfigMap", "coredns", "kube-system", None, data={"Corefile": corefile})
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
    yield _deployment("coredns", "kube-system", labels, pod, replicas=1)
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    service = {"selector": labels, "clusterIP": DNS_SERVICE, "ports": ports}
    yield _object("v1", "Service", "kube-dns", "kube-system", labels, spec=service)


def _busy(truth: Truth) -> Iterator[Object]:
    """A workload, one pod a node, and its autoscaler."""
    labels = {"app": "busy"}
    strategy = None if truth.hpa.ready else {"type": "Recreate"}
    busy = _deployment("busy", "default", labels, _busy_pod(truth.hpa, labels), replicas=2, strategy=strategy)
    busy["spec"]["paused"] = truth.hpa.worker
    yield busy
    if truth.hpa.batch:
        yield _batch(labels)
    if truth.hpa.ended:
        yield _ended(labels)
    if truth.hpa.kind == "Fleet":
        yield from _fleet(labels)
    yield _autoscaler("busy", truth)
    if truth.hpa.second:
        yield _autoscaler("busy-by-hand", truth)


def _busy_pod(hpa: Hpa, labels: dict[str, str]) -> Object:
    """It uses 20 thousandths of a core."""
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": labels},
    }
    pod: Object = {
        "terminationGracePeriodSeconds": 1,
        "topologySpreadConstraints": [spread],
        "containers": list(_busy_containers(hpa)),
    }
    if hpa.sidecar:
        sidecar = _container("log-shipper", hpa, "burn", "1", restartPolicy="Always")
        del sidecar["resources"]
        pod["initContainers"] = [sidecar]
    if hpa.of_pod:
        pod["resources"] = {"requests": dict(hpa.of_pod)}
    return pod


def _busy_containers(hpa: Hpa) -> Iterator[Object]:
    nobody_listens = {"tcpSocket": {"port": 9}}
    # Pods that were ready before would be computed with as long as these are not.
    probes = {} if hpa.ready else {"readinessProbe": {**nobody_listens, "periodSeconds": 3}}
    yield _container("busy", hpa, "burn", "20", **probes)
    if hpa.flaky:
        probe = {**nobody_listens, "periodSeconds": 2, "failureThreshold": 2}
        yield _container("flaky", hpa, "burn", "1", livenessProbe=probe)
    if hpa.idle:
        yield _container("idle", hpa, "idle")
    if hpa.worker:
        yield _container("worker", hpa, "burn", "20")


def _container(name: str, hpa: Hpa, *args: str, **rest: object) -> Object:
    asked = {"requests": {"cpu": hpa.requests_cpu, "memory": "16Mi"}} if hpa.requests_cpu else {}
    image = {"image": images.BUSY, "imagePullPolicy": "IfNotPresent"}
    return {"name": name, **image, "args": list(args), "resources": asked, **rest}


def _batch(labels: dict[str, str]) -> Object:
    """Another workload whose pods carry another's labels too, and whose selector does not ask for them."""
    container = {"name": "batch", "image": images.BUSY, "imagePullPolicy": "IfNotPresent", "args": ["burn", "5"]}
    own = {"job": "batch"}
    batch = _deployment(
        "batch", "default", own, {"terminationGracePeriodSeconds": 1, "containers": [container]}, replicas=1
    )
    batch["spec"]["template"]["metadata"]["labels"] = own | labels
    return batch


def _ended(labels: dict[str, str]) -> Object:
    container = {"name": "migrate", "image": images.BUSY, "imagePullPolicy": "IfNotPresent", "args": ["end"]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container], "restartPolicy": "Never"}}
    return _object("batch/v1", "Job", MIGRATION, "default", None, spec={"template": template})


def _fleet(labels: dict[str, str]) -> Iterator[Object]:
    """Something to be scaled whose definition does not say where its pods' labels stand; they stand in its status."""
    fields = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": fields},
        "subresources": {"scale": scale},
    }
    names = {"kind": "Fleet", "plural": "fleets", "singular": "fleet", "listKind": "FleetList"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    yield _object("apiextensions.k8s.io/v1", "CustomResourceDefinition", FLEETS, None, None, spec=spec)
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    status = {"replicas": 2, "selector": selector}
    yield _object("example.com/v1", "Fleet", "busy", "default", None, spec={"replicas": 2}, status=status)


def _autoscaler(name: str, truth: Truth) -> Object:
    usage: Object = {
        "name": "cpu",
        "target": {"type": "Utilization", "averageUtilization": truth.hpa.target_percent},
    }
    metric: Object = {"type": "Resource", "resource": usage}
    if truth.hpa.container:
        metric = {"type": "ContainerResource", "containerResource": usage | {"container": truth.hpa.container}}
    spec = {
        "scaleTargetRef": {"apiVersion": truth.hpa.api_version, "kind": truth.hpa.kind, "name": truth.hpa.target},
        "minReplicas": 2,
        "maxReplicas": 4,
        "metrics": [metric],
    }
    return _object("autoscaling/v2", "HorizontalPodAutoscaler", name, truth.hpa.namespace, None, spec=spec)


def _deployment(
    name: str,
    namespace: str,
    labels: dict[str, str],
    pod: Object,
    *,
    replicas: int,
    strategy: Object | None = None,
) -> Object:
    spec: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if strategy:
        spec["strategy"] = strategy
    return _object("apps/v1", "Deployment", name, namespace, labels, spec=spec)


def _metrics_server(truth: Truth) -> Iterator[Object]:
    wanted = truth.metrics_server
    name = "metrics-server"
    for account in sorted({name, wanted.rights.account}):
        yield _object("v1", "ServiceAccount", account, "kube-system", LABELS)
    aggregate = {f"{RBAC}/aggregate-to-{role}": "true" for role in ("admin", "edit", "view")}
    reads = [{"apiGroups": ["metrics.k8s.io"], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]}]
    yield _object(
        f"{RBAC}/v1", "ClusterRole", "system:aggregated-metrics-reader", None, {**LABELS, **aggregate}, rules=reads
    )
    yield from _rights(wanted)
    labels = {"app": ADAPTER} if wanted.adapter else LABELS
    name = ADAPTER if wanted.adapter else name
    selector = labels if wanted.adapter else {"k8s-app": wanted.service_selector}
    if wanted.has_service:
        yield _service(name, selector, wanted.service_target_port)
    deployment = _deployment(
        name,
        "kube-system",
        labels,
        _metrics_server_pod(truth),
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
        deployment["spec"]["template"]["metadata"]["annotations"] = annotations
    yield _installed_by(wanted.release, deployment)


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
        yield _object(f"{RBAC}/v1", "ClusterRole", PART_OF_ROLE, None, {**LABELS, **label}, rules=rules)
        selected = {"clusterRoleSelectors": [{"matchLabels": label}]}
        yield _object(f"{RBAC}/v1", "ClusterRole", role, None, LABELS, aggregationRule=selected, rules=[])
    elif rights.role != "gone":
        yield _object(f"{RBAC}/v1", "ClusterRole", role, None, LABELS, rules=rules)
    subject = {
        "account": _account("metrics-server"),
        "account-elsewhere": {**_account("metrics-server"), "namespace": "monitoring"},
        "group": {"apiGroup": RBAC, "kind": "Group", "name": "system:serviceaccounts:kube-system"},
    }[rights.to]
    if rights.auth_reader:
        yield _object(
            f"{RBAC}/v1",
            "RoleBinding",
            "metrics-server-auth-reader",
            "kube-system",
            LABELS,
            roleRef={"apiGroup": RBAC, "kind": "Role", "name": "extension-apiserver-authentication-reader"},
            subjects=[subject],
        )
    if rights.delegator:
        yield _binding("metrics-server:system:auth-delegator", "system:auth-delegator", subject, LABELS)
    if rights.role != "unbound":
        yield _binding(role, role, subject, LABELS)


def _service(name: str, selector: dict[str, str], target_port: str) -> Object:
    port = {"appProtocol": "https", "name": "https", "port": 443, "protocol": "TCP", "targetPort": target_port}
    return _object("v1", "Service", name, "kube-system", LABELS, spec={"ports": [port], "selector": selector})


def _installed_by(release: str | None, thing: Object) -> Object:
    """What Helm writes into the objects of a release."""
    if release:
        metadata = thing["metadata"]
        metadata["labels"] = metadata["labels"] | {"app.kubernetes.io/managed-by": "Helm"}
        metadata["annotations"] = {
            "meta.helm.sh/release-name": release,
            "meta.helm.sh/release-namespace": "kube-system",
        }
    return thing


def _tls_secret(cert: ServingCert, authorities: Authorities) -> Object:
    pair = _served(cert, authorities)
    content = {"tls.crt": pair.cert, "tls.key": pair.key}
    return _object("v1", "Secret", TLS_SECRET, "kube-system", LABELS, type="kubernetes.io/tls", stringData=content)


def _served(cert: ServingCert, authorities: Authorities) -> Pair:
    return authorities.leaf(
        "metrics-server",
        issuer=cert.issuer,
        ips=cert.ips,
        dns_names=cert.dns_names,
        begins=cert.begins,
        ends=cert.ends,
        usages=cert.usages,
    )


def _metrics_server_pod(truth: Truth) -> Object:
    wanted = truth.metrics_server
    container: Object = {
        "name": "metrics-server",
        "image": wanted.pod.image or f"{images.METRICS_SERVER}:{wanted.version}",
        "imagePullPolicy": "IfNotPresent",
        "args": list(wanted.args),
        **({"env": [{"name": name, "value": value} for name, value in wanted.environ]} if wanted.environ else {}),
        "ports": [{"containerPort": wanted.container_port, "name": "https", "protocol": "TCP"}],
        "livenessProbe": {
            "failureThreshold": 3,
            "httpGet": {"path": "/livez", "port": "https", "scheme": "HTTPS"},
            "periodSeconds": wanted.pod.patience // 3,
        },
        "readinessProbe": {
            "failureThreshold": 3,
            "httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"},
            "initialDelaySeconds": 1,
            "periodSeconds": 3,
        },
        "resources": _resources(wanted.pod),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "runAsUser": 1000,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"mountPath": "/tmp", "name": "tmp-dir"}],
    }
    pod: Object = {
        "containers": [container],
        "nodeSelector": {"kubernetes.io/os": "linux"}
        | ({"kubernetes.io/hostname": wanted.node} if wanted.node else {}),
        "priorityClassName": "system-cluster-critical",
        "serviceAccountName": wanted.rights.account,
        "terminationGracePeriodSeconds": 3,
        "volumes": [{"emptyDir": {}, "name": "tmp-dir"}],
    }
    pod["nodeSelector"] |= dict(wanted.pod.selector)
    if wanted.pod.prefers:
        pod["affinity"] = {"nodeAffinity": _preference(wanted.pod.prefers)}
    if wanted.pod.user is None:
        del container["securityContext"]["runAsUser"]
    if not wanted.pod.writable:
        container["volumeMounts"], pod["volumes"] = [], []
    if not wanted.pod.critical:
        del pod["priorityClassName"]
    if wanted.token == "secret":
        container["volumeMounts"].append({"mountPath": TOKEN_MOUNT, "name": "token", "readOnly": True})
        pod["volumes"].append({"name": "token", "secret": {"secretName": TOKEN_SECRET}})
        pod["automountServiceAccountToken"] = False
    if wanted.tls_cert:
        container["args"] += [f"--tls-cert-file={TLS_MOUNT}/tls.crt", f"--tls-private-key-file={TLS_MOUNT}/tls.key"]
        container["volumeMounts"].append({"mountPath": TLS_MOUNT, "name": "tls", "readOnly": True})
        pod["volumes"].append({"name": "tls", "secret": {"secretName": TLS_SECRET}})
    return pod | ({"hostNetwork": True} if wanted.host_network else {})


def _preference(node: str) -> Object:
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    preference = {"weight": 100, "preference": {"matchExpressions": [here]}}
    return {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}


def _resources(pod: ServerPod) -> Object:
    limits = {"cpu": pod.cpu_limit, "memory": pod.memory_limit}
    given = {name: limit for name, limit in limits.items() if limit}
    asked = {"cpu": pod.cpu_limit or "100m", "memory": pod.memory_limit or pod.memory}
    return {"requests": asked} | ({"limits": given} if given else {})


def _shut_in() -> Object:
    spec: Object = {"podSelector": {}, "policyTypes": ["Ingress"]}
    return _object("networking.k8s.io/v1", "NetworkPolicy", "default-deny-ingress", "kube-system", None, spec=spec)


def _quota() -> Object:
    """CoreDNS has a pod there already, and is to keep it."""
    return _object("v1", "ResourceQuota", "few-pods", "kube-system", None, spec={"hard": {"pods": "1"}})


def _api_service(truth: Truth, authorities: Authorities) -> Object:
    registration = truth.api_service
    assert registration is not None
    spec: Object = {
        "group": "metrics.k8s.io",
        "groupPriorityMinimum": 100,
        "version": "v1beta1",
        "versionPriority": 100,
    }
    if not registration.local:
        spec["insecureSkipTLSVerify"] = registration.insecure_skip_tls_verify
        spec["service"] = {"name": registration.service, "namespace": "kube-system", "port": registration.port}
    if registration.ca_bundle:
        served = truth.metrics_server.tls_cert if registration.ca_bundle == "served" else None
        pair = _served(served, authorities) if served else authorities.authority(registration.ca_bundle)
        spec["caBundle"] = base64.b64encode(pair.cert.encode()).decode()
    found = _object("apiregistration.k8s.io/v1", "APIService", API_SERVICE, None, LABELS, spec=spec)
    if registration.injected:
        found["metadata"]["annotations"] = {"cert-manager.io/inject-ca-from": "kube-system/metrics-server"}
    return _installed_by(registration.release, found)
