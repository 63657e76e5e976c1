"""What kubeadm makes of its configuration, v1beta3 and v1beta4, as far as this pipeline goes: the static pods.

Sources: kubernetes cmd/kubeadm/app/phases/controlplane/manifests.go (getAPIServerCommand, getControllerManagerCommand),
app/util/arguments.go (what is given by the user takes the place of kubeadm's own), 1.36.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msdoctor.repository.pieces import KubeletSettings, StaticPod, Text
from msdoctor.repository.place import At
from msdoctor.repository.trees import Tree

NAME = "kubeadm"
PKI = "/etc/kubernetes/pki"


def pieces(tree: Tree, all_: Sequence[Tree]) -> Iterator[tuple[StaticPod | KubeletSettings, str]]:
    """Of a ClusterConfiguration the pods that kubeadm writes; the kubelets' settings where no document gives any."""
    if tree.text("kind") != "ClusterConfiguration":
        return
    pki = tree.text("certificatesDir", default=PKI).rstrip("/")
    own = _api_server(pki)
    given = _extra(tree.get("apiServer", "extraArgs"))
    pod = static_pod("kube-apiserver", own, given, _at(tree, "apiServer"))
    yield StaticPod("kube-apiserver", pod, NAME), "kubeadm ClusterConfiguration"
    manager = {"root-ca-file": f"{pki}/ca.crt", "cluster-signing-cert-file": f"{pki}/ca.crt"}
    given = _extra(tree.get("controllerManager", "extraArgs"))
    pod = static_pod("kube-controller-manager", manager, given, _at(tree, "controllerManager"))
    yield StaticPod("kube-controller-manager", pod, NAME), "kubeadm ClusterConfiguration: controller manager"
    if not any(item.text("kind") == "KubeletConfiguration" for item in all_):
        body = "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n"
        yield (
            KubeletSettings(Text(body, tree.at, {}), NAME),
            "kubeadm ClusterConfiguration: kubelets as kubeadm has them",
        )


def _at(tree: Tree, key: str) -> At:
    return tree.keys.get(key, tree.at)


def _extra(tree: Tree | None) -> list[tuple[str, str, At]]:
    """Arguments by name: a mapping in v1beta3, a list of names and values in v1beta4."""
    if tree is None:
        return []
    if isinstance(tree.value, dict):
        return [(name, tree.text(name), item.at) for name, item in tree.fields.items()]
    return [(i.text("name"), i.text("value"), (i.get("value") or i).at) for i in tree.items if i.text("name")]


def static_pod(program: str, own: dict[str, str], given: list[tuple[str, str, At]], at: At) -> Text:
    """A manifest with a distribution's own flags, of which those that are given take the place."""
    named = {name for name, _, _ in given}
    flags = [(name, value, None) for name, value in own.items() if name not in named]
    lines = [
        "apiVersion: v1",
        "kind: Pod",
        f"metadata: {{name: {program}, namespace: kube-system}}",
        "spec:",
        "  containers:",
        f"  - name: {program}",
        "    command:",
        f"    - {program}",
    ]
    places: dict[int, At] = {}
    for name, value, where in (*flags, *given):
        lines.append(f"    - {_quoted(f'--{name}={value}')}")
        if where:
            places[len(lines)] = where
    return Text("\n".join(lines) + "\n", at, places)


def _quoted(text: str) -> str:
    plain = text.isascii() and not any(char in text for char in " :#'\"{}[],&*!|>%@`\\\n")
    return text if plain else "'" + text.replace("'", "''").replace("\n", " ") + "'"


def _api_server(pki: str) -> dict[str, str]:
    return {
        "authorization-mode": "Node,RBAC",
        "client-ca-file": f"{pki}/ca.crt",
        "proxy-client-cert-file": f"{pki}/front-proxy-client.crt",
        "proxy-client-key-file": f"{pki}/front-proxy-client.key",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-client-ca-file": f"{pki}/front-proxy-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "service-account-key-file": f"{pki}/sa.pub",
        "service-account-signing-key-file": f"{pki}/sa.key",
        "tls-cert-file": f"{pki}/apiserver.crt",
    }
