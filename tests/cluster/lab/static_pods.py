"""The control plane as static pods."""

import hashlib
from collections.abc import Iterator, Mapping

from lab import images
from lab.commands import control_plane_commands
from lab.layout import MANIFESTS, PKI, STATIC_PODS
from lab.truth import ADDRESSES, MASTER, Truth
from lab.units import CONTROL_PLANE_READS


def manifests(truth: Truth, texts: Mapping[str, str]) -> Iterator[tuple[str, dict[str, object]]]:
    """Static pods as kubeadm writes them, by their paths; `texts` are the machine's other files by theirs."""
    commands = control_plane_commands(truth)
    for name in STATIC_PODS:
        pod = _static_pod(name, commands[name], texts, truth.apiserver.environ if name == "kube-apiserver" else ())
        yield f"{MANIFESTS}/{name}.yaml", pod


def _static_pod(
    name: str, flags: tuple[str, ...], texts: Mapping[str, str], environ: tuple[tuple[str, str], ...]
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
            "annotations": {"msdoctor-lab/files": _digest(texts, CONTROL_PLANE_READS[name])},
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


def _digest(texts: Mapping[str, str], reads: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for path in sorted(texts):
        if path.startswith(reads):
            digest.update(texts[path].encode())
    return digest.hexdigest()[:16]
