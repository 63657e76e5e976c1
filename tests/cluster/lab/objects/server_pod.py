"""The pod of metrics-server."""

from lab import images
from lab.objects.kinds import Object
from lab.truth import ServerPod, Truth

TOKEN_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
TLS_MOUNT = "/etc/metrics-server"
TOKEN_SECRET = "metrics-server-token"
TLS_SECRET = "metrics-server-tls"


def pod_of(truth: Truth) -> Object:
    """The template of its pods."""
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
