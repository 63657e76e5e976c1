"""The objects that the API would hold: metrics-server's Deployment, its registration, policies and rights."""

from __future__ import annotations

from collections.abc import Mapping

from msdoctor.facts import paths
from msdoctor.repository.making import ANY_ADDRESS, Maker
from msdoctor.repository.trees import Tree

RBAC = {
    "Role": paths.ROLES,
    "ClusterRole": paths.CLUSTER_ROLES,
    "RoleBinding": paths.ROLE_BINDINGS,
    "ClusterRoleBinding": paths.CLUSTER_ROLE_BINDINGS,
}
# What every cluster has (kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go, namespace_policy.go).
BOOTSTRAPPED: Mapping[str, tuple[object, ...]] = {
    "ClusterRole": (
        {
            "metadata": {"name": "system:auth-delegator"},
            "rules": [
                {"apiGroups": ["authentication.k8s.io"], "resources": ["tokenreviews"], "verbs": ["create"]},
                {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
            ],
        },
        {
            "metadata": {"name": "cluster-admin"},
            "rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}],
        },
    ),
    "Role": (
        {
            "metadata": {"name": "extension-apiserver-authentication-reader", "namespace": "kube-system"},
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["configmaps"],
                    "resourceNames": ["extension-apiserver-authentication"],
                    "verbs": ["get", "list", "watch"],
                }
            ],
        },
    ),
}


def put_objects(maker: Maker) -> None:
    """Put what the repository holds of metrics-server's own objects, where it holds its Deployment."""
    declared = maker.declared
    if declared.deployment is None:
        return
    deployment = _in_namespace(declared.deployment.tree)
    namespace = deployment.text("metadata", "namespace")
    name = deployment.text("metadata", "name")
    maker.objects[f"deployment/{namespace}/{name}"] = deployment
    for number, path in enumerate(paths.DEPLOYMENTS):
        maker.api(path, {"items": [deployment.plain()] if number == 0 else []})
    for path in paths.PODS:
        maker.api(path, {"items": []})
    objects = [_in_namespace(item.tree, namespace) for item in declared.objects if item.kind != "Deployment"]
    for tree in objects:
        kind, own = tree.text("kind").lower(), tree.text("metadata", "namespace")
        maker.objects[f"{kind}/{own}/{tree.text('metadata', 'name')}"] = tree
        maker.objects.setdefault(f"{kind}/{tree.text('metadata', 'name')}", tree)
    _registration(maker, deployment, objects)
    _policies(maker, namespace, objects)
    _rbac(maker, deployment, objects)


def _in_namespace(tree: Tree, namespace: str = "kube-system") -> Tree:
    """An object with a namespace, that it is applied in where it names none."""
    if tree.text("metadata", "namespace") or tree.text("kind") in ("APIService", "ClusterRole", "ClusterRoleBinding"):
        return tree
    metadata = tree.get("metadata") or Tree({}, tree.at)
    fields = {**metadata.fields, "namespace": Tree(namespace, metadata.at)}
    return Tree({**tree.fields, "metadata": Tree(fields, metadata.at)}, tree.at, tree.end, tree.keys)


def _registration(maker: Maker, deployment: Tree, objects: list[Tree]) -> None:
    registered = [tree for tree in objects if tree.text("kind") == "APIService"]
    if not registered:
        return
    maker.api(paths.APISERVICES, {"items": [tree.plain() for tree in registered]})
    services = [tree for tree in objects if tree.text("kind") == "Service"]
    labels = (deployment.get("spec", "template", "metadata", "labels") or Tree({}, deployment.at)).plain()
    selecting = [tree for tree in services if _selects(tree, labels)]
    for item in registered:
        namespace = item.text("spec", "service", "namespace")
        name = item.text("spec", "service", "name")
        if not name:
            continue
        path = paths.service(namespace, name)
        own = [
            t for t in services if (t.text("metadata", "namespace"), t.text("metadata", "name")) == (namespace, name)
        ]
        if own:
            maker.api(path, own[0].plain())
            maker.api(paths.slices(namespace, name), {"items": _slices(own[0], own[0] in selecting)})
        elif selecting:
            maker.absent(path)
            maker.api(paths.slices(namespace, name), {"items": []})
            maker.api(
                paths.services(deployment.text("metadata", "namespace")), {"items": [t.plain() for t in services]}
            )


def _selects(service: Tree, labels: object) -> bool:
    selector = (service.get("spec", "selector") or Tree({}, service.at)).plain()
    return bool(selector) and isinstance(labels, dict) and selector.items() <= labels.items()


def _slices(service: Tree, selects: bool) -> list[object]:
    ports = [{"name": port.text("name"), "port": 10250} for port in (service.get("spec", "ports") or service).items]
    endpoints = [{"addresses": [ANY_ADDRESS], "conditions": {"ready": True}}] if selects else []
    return [{"metadata": {"name": service.text("metadata", "name")}, "endpoints": endpoints, "ports": ports}]


def _policies(maker: Maker, namespace: str, objects: list[Tree]) -> None:
    policies = [
        tree
        for tree in objects
        if tree.text("kind") == "NetworkPolicy" and tree.text("metadata", "namespace") == namespace
    ]
    if policies:
        maker.api(paths.network_policies(namespace), {"items": [tree.plain() for tree in policies]})


def _rbac(maker: Maker, deployment: Tree, objects: list[Tree]) -> None:
    """Roles and bindings, where the repository gives metrics-server any rights at all."""
    account = deployment.text("spec", "template", "spec", "serviceAccountName", default="default")
    bound = [
        subject
        for tree in objects
        if tree.text("kind") in ("RoleBinding", "ClusterRoleBinding")
        for subject in (tree.get("subjects") or tree).items
        if subject.text("name") == account or "metrics-server" in subject.text("name")
    ]
    if not bound:
        return
    for kind, path in RBAC.items():
        items = [tree.plain() for tree in objects if tree.text("kind") == kind]
        maker.api(path, {"items": [*items, *BOOTSTRAPPED.get(kind, ())]})
