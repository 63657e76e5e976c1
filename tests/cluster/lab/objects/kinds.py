"""The kinds of objects that several have one of."""

from typing import Any

Object = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"


def object_(
    version: str, kind: str, name: str, namespace: str | None, labels: dict[str, str] | None, **rest: object
) -> Object:
    """Any object; None for what it has not got."""
    metadata: Object = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def deployment(
    name: str,
    namespace: str,
    labels: dict[str, str],
    pod: Object,
    *,
    replicas: int,
    strategy: Object | None = None,
) -> Object:
    """One whose pods have its own labels."""
    spec: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    if strategy:
        spec["strategy"] = strategy
    return object_("apps/v1", "Deployment", name, namespace, labels, spec=spec)


def binding(name: str, role: str, subject: Object, labels: dict[str, str] | None = None) -> Object:
    """Bind a ClusterRole to a subject, all over the cluster."""
    reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": role}
    return object_(f"{RBAC}/v1", "ClusterRoleBinding", name, None, labels, roleRef=reference, subjects=[subject])


def user(name: str) -> Object:
    """A subject of a binding."""
    return {"apiGroup": RBAC, "kind": "User", "name": name}


def account(name: str) -> Object:
    """A subject of a binding, in kube-system."""
    return {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}
