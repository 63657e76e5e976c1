"""The bundle that a look at a declared cluster would bring home, and where each of its documents stands.

What the repository does not decide is left unasked, so that facts about it are unseen: absence here is only ever told
of what the repository would have to hold. The ConfigMap that the API server publishes is worked out from its flags, a
Service's endpoints from its selector, as the cluster itself would.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from msdoctor.bundle import WORKSTATION, Bundle, Context, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.facts import kubelets, paths, processes, rancher, units
from msdoctor.facts.flags import Flags
from msdoctor.repository import standins
from msdoctor.repository.declared import Declared, Server, nearest
from msdoctor.repository.holes import Holes, has
from msdoctor.repository.kubeadm import NAME as KUBEADM
from msdoctor.repository.kubeadm import static_pod
from msdoctor.repository.pieces import KubeletSettings, Node, Pem, Rancher, StaticPod, Text, Unit, at_of, file_of
from msdoctor.repository.place import At, NotRead
from msdoctor.repository.trees import Tree

ETC = "/etc/systemd/system"
CONTROL_PLANE = "control-plane"
ANY_NODE, ANY_ADDRESS = "every-node", "192.0.2.1"  # RFC 5737: for an inventory that was not given
REQUESTHEADER_CA = "requestheader-client-ca-file"
PUBLISHED = ("requestheader-allowed-names", "requestheader-username-headers", "requestheader-group-headers")
PREFIX = "requestheader-extra-headers-prefix"
SERVER_FILES = (
    "client-ca-file",
    REQUESTHEADER_CA,
    "proxy-client-cert-file",
    "proxy-client-key-file",
    "tls-cert-file",
    "kubelet-certificate-authority",
)
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


@dataclass(slots=True)
class Made:
    """A bundle, and where in the repository its documents, its flags and its objects stand."""

    bundle: Bundle
    texts: Mapping[tuple[str, str], Text]  # by host and path
    flags: Mapping[str, At]  # by flag of the API server
    objects: Mapping[str, Tree]  # by subject, such as deployment/kube-system/metrics-server
    nodes: Mapping[str, At]
    server_at: At | None
    not_read: tuple[NotRead, ...]
    paths: Mapping[str, str]  # by path of a host: the file that becomes what lies there


@dataclass(slots=True)
class _Maker:
    declared: Declared
    holes: Holes
    now: datetime
    documents: list[Document] = field(default_factory=list)
    texts: dict[tuple[str, str], Text] = field(default_factory=dict)
    objects: dict[str, Tree] = field(default_factory=dict)
    not_read: list[NotRead] = field(default_factory=list)
    hosts: dict[str, None] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    folders: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    # Putting documents

    def api(self, path: str, value: object) -> None:
        body = json.dumps(value).encode()
        self.documents.append(Document(Place(WORKSTATION, Kind.API, path), self.now, body))

    def absent(self, path: str) -> None:
        refusal = Refusal(Reason.ABSENT, "not in the repository", 404)
        self.documents.append(Document(Place(WORKSTATION, Kind.API, path), self.now, refusal=refusal))

    def file(self, host: str, path: str, text: Text) -> None:
        self.hosts[host] = None
        body = self.holes.filled(text.body, host)
        if "PRIVATE KEY-----" in body:
            body = standins.public_half(body)
        self.documents.append(Document(Place(f"host/{host}", Kind.FILE, path), self.now, body.encode()))
        self.texts[host, path] = text
        self.folders.setdefault((host, posixpath.dirname(path)), set()).add(posixpath.basename(path))

    def folder(self, host: str, path: str, names: Iterable[str]) -> None:
        self.folders.setdefault((host, path), set()).update(names)

    def bundle(self) -> Bundle:
        for (host, path), names in self.folders.items():
            place = Place(f"host/{host}", Kind.DIRECTORY, path)
            self.documents.append(Document(place, self.now, json.dumps(sorted(names)).encode()))
        vantages = tuple(f"host/{host}" for host in self.hosts)
        return bundle_of(self.documents, self.now, Context(cluster="repository", vantages=vantages))


def made(declared: Declared, holes: Holes, now: datetime) -> Made:
    """The bundle of one cluster. Pure, but for the keys of certificates that are made up."""
    maker = _Maker(declared, holes, now)
    host = _control_plane(declared)
    flags: dict[str, At] = {}
    server_at = None
    if declared.server is not None:
        server_at = _server(maker, host)
        flags = _publish(maker, host)
        _managers(maker, host)
    _objects(maker)
    _machines(maker, host)
    return Made(
        maker.bundle(),
        maker.texts,
        flags,
        maker.objects,
        {node.name: node.at for node in declared.nodes},
        server_at,
        tuple(maker.not_read),
        maker.paths,
    )


def _control_plane(declared: Declared) -> str:
    """The host that the API server's files are of."""
    masters = [node for node in declared.nodes if node.control_plane]
    of_file = [node for node in declared.nodes if declared.server and _is_of(declared.server.text.at.file, node.name)]
    chosen = next(iter((*of_file, *masters)), None)
    return chosen.name if chosen else CONTROL_PLANE


def _is_of(file: str, host: str) -> bool:
    """Whether a file's path names a host: one of its folders, or its own name's beginning."""
    parts = file.split("/")
    stem = parts[-1].partition(".")[0]
    return host in parts[:-1] or stem == host or stem.startswith(f"{host}-") or stem.endswith(f"-{host}")


# The API server


def _server(maker: _Maker, host: str) -> At:
    server = maker.declared.server
    assert server is not None  # noqa: S101
    if isinstance(server, StaticPod):
        maker.file(host, f"{processes.MANIFESTS}/kube-apiserver.yaml", server.text)
    elif isinstance(server, Unit):
        _unit(maker, host, server)
    else:
        _rancher(maker, host, server)
    return server.text.at


def _unit(maker: _Maker, host: str, unit: Unit) -> None:
    """A unit with its drop-ins and environment files; a variable that none of them gives is a hole."""
    declared, service = maker.declared, f"{unit.program}.service"
    file = unit.text.at.file
    near = [one for one in declared.units if one.drop_in and one.program == unit.program]
    drop_ins = nearest(file, near, file_of)
    bodies = {"": unit.text.body, **{one.drop_in: one.text.body for one in drop_ins}}
    named = [path for body in bodies.values() for path in units.environment_files(maker.holes.filled(body, host))]
    environment: dict[str, str] = {}
    for path in named:
        name = posixpath.basename(path)
        alike = [one for one in declared.variables if _is_named(one.text.at.file, name)]
        for own in nearest(file, alike, file_of)[:1]:
            maker.file(host, path, own.text)
            environment |= units.environment(own.text.body)
    given = {*environment, *(name for name in units.environ(bodies, {}))}
    maker.file(host, f"{ETC}/{service}", _with_holes(maker, unit.text, given))
    for one in drop_ins:
        maker.file(host, f"{ETC}/{service}.d/{one.drop_in}", _with_holes(maker, one.text, given))


def _is_named(file: str, name: str) -> bool:
    """Whether a file, be it a template, becomes one of that name."""
    own = posixpath.basename(file)
    return own == name or re.sub(r"(?i)\.(j2|tpl|tmpl|tftpl|erb|env)$", "", own) == name or own == f"{name}.env"


def _with_holes(maker: _Maker, text: Text, given: Iterable[str]) -> Text:
    known = frozenset(given)
    lines = text.body.split("\n")
    command = False
    for place, line in enumerate(lines):
        command = line.lstrip().startswith("ExecStart=") or (command and lines[place - 1].rstrip().endswith("\\"))
        if command and "$" in line:

            def at_line(match: re.Match[str], number: int = place + 1) -> str:
                name = match[1] or match[2]
                return match[0] if name in known else maker.holes.make(match[0], text.place(number))

            lines[place] = re.sub(r"(?<!\$)\$(?:\{(\w+)\}|(\w+))", at_line, line)
    return Text("\n".join(lines), text.at, text.lines)


def _rancher(maker: _Maker, host: str, server: Rancher) -> None:
    """k3s works out its flags itself; of rke2 the static pod that it writes is worked out here."""
    program = server.program
    maker.folder(host, rancher.DATA, [program])
    maker.file(host, rancher.config(program), server.text)
    unit = f"[Service]\nExecStart=/usr/local/bin/{program} server\n"
    maker.file(host, f"{ETC}/{rancher.UNITS[program]}.service", Text(unit, server.text.at, {}))
    if program == rancher.RKE2:
        told = rancher.Settings(program, rancher.merged({"": server.text.body}))
        flags = rancher.flags(told, "kube-apiserver")
        given = [(flag.name, flag.value, server.text.place(flag.line)) for flag in flags.given if flag.line]
        own = {flag.name: flag.value for flag in flags.given if not flag.line}
        maker.file(
            host, rancher.pod_manifest("kube-apiserver"), static_pod("kube-apiserver", own, given, server.text.at)
        )


def _so_far(maker: _Maker) -> Bundle:
    return maker.bundle()


def _publish(maker: _Maker, host: str) -> dict[str, At]:
    """The certificates that the flags name, and the ConfigMap that the API server would publish."""
    server = maker.declared.server
    assert server is not None  # noqa: S101
    found = processes.components(_so_far(maker), "kube-apiserver")
    if not found:
        maker.not_read.append(NotRead(server.text.at, "the command of kube-apiserver cannot be told from it"))
        return {}
    component = found[0]
    flags = component.flags
    text = _text_of_flags(maker, host, component, server)
    places = {flag.name: _place_of_flag(maker, host, flag.name, flag.file, flag.line, text) for flag in flags.given}
    open_ = [word for word in (flag.name for flag in flags.given) if has(word)]
    if _is_open(text, open_) and (REQUESTHEADER_CA not in flags or "proxy-client-cert-file" not in flags):
        _give_up(maker, host, text)
        return places
    _certificates(maker, host, flags, server)
    _config_map(maker, host, flags)
    return places


def _text_of_flags(maker: _Maker, host: str, component: processes.Component, server: Server) -> Text:
    return maker.texts.get((host, component.file)) or server.text


def _place_of_flag(maker: _Maker, host: str, name: str, file: str, line: int | None, text: Text) -> At:
    own = maker.texts.get((host, file)) if file else None
    return (own or text).place_of(line, f"--{name}")


def _is_open(text: Text, names: list[str]) -> bool:
    """Whether there may be more flags than are seen: a hole that stands for whole words."""
    if names:
        return True
    for line in text.body.splitlines():
        bare = re.sub(r"--[\w-]+=\S*", "", line)
        if has(bare) and ("-" not in bare.replace("msdoctor-hole-", "") or re.search(r"(^|\s|\")msdoctor-hole-", bare)):
            return True
    return False


def _give_up(maker: _Maker, host: str, text: Text) -> None:
    """Forget the API server: what it lacks may stand in what is not seen."""
    holes = maker.holes.within(text.body)
    at = holes[0].at if holes else text.at
    written = holes[0].written if holes else ""
    maker.not_read.append(NotRead(at, f"flags of kube-apiserver that the repository does not hold: {written}"))
    maker.documents = [d for d in maker.documents if d.place.origin != f"host/{host}"]
    maker.texts = {key: value for key, value in maker.texts.items() if key[0] != host}
    maker.folders = {key: value for key, value in maker.folders.items() if key[0] != host}
    maker.hosts.pop(host, None)


def _made_by_distribution(maker: _Maker) -> tuple[str, str] | None:
    """Names of the front-proxy CA and of the certificate that a distribution makes."""
    server = maker.declared.server
    if isinstance(server, StaticPod) and server.of == KUBEADM:
        return "front-proxy-ca", "front-proxy-client"
    if isinstance(server, StaticPod) and server.of == "kops":
        return "apiserver-aggregator-ca", "aggregator"
    if isinstance(server, Rancher):
        return f"{server.program}-request-header-ca", "system:auth-proxy"
    return None


def _certificates(maker: _Maker, host: str, flags: Flags, server: Server) -> None:
    at = at_of(server)
    own = _made_by_distribution(maker)
    for name in SERVER_FILES:
        for path in flags.values(name):
            pem = _pem(maker, host, path, at.file)
            if pem is not None:
                maker.file(host, path, pem.text)
    if own:
        pair = standins.pair(*own, maker.now)
        ca, leaf = flags.text(REQUESTHEADER_CA), flags.text("proxy-client-cert-file")
        unseen = (host, ca) not in maker.texts and (host, leaf) not in maker.texts
        if unseen and ca and leaf and not has(ca + leaf):
            maker.file(host, ca, Text(pair.ca, at, {}))
            maker.file(host, leaf, Text(pair.leaf, at, {}))
    folder = posixpath.dirname(flags.text("client-ca-file") or flags.text(REQUESTHEADER_CA))
    if folder:
        for pem in nearest(at.file, maker.declared.pems, file_of):
            name = posixpath.basename(pem.text.at.file)
            maker.folder(host, folder, [name])
            maker.paths.setdefault(f"{folder}/{name}", pem.text.at.file)
            if "front-proxy" in name and (host, f"{folder}/{name}") not in maker.texts:
                maker.file(host, f"{folder}/{name}", pem.text)


def _pem(maker: _Maker, host: str, path: str, near: str) -> Pem | None:
    """The file that lies at a path of a host: one of the same name, for this host if there are several."""
    name = posixpath.basename(maker.holes.filled(path, host))
    alike = [pem for pem in maker.declared.pems if posixpath.basename(pem.text.at.file) == name]
    own = [pem for pem in alike if _is_of(pem.text.at.file, host)]
    others = [node.name for node in maker.declared.nodes if node.name != host]
    general = [pem for pem in alike if not any(_is_of(pem.text.at.file, other) for other in others)]
    found = nearest(near, own or general, file_of)
    bodies = {pem.text.body.strip() for pem in found}
    if len(bodies) > 1:
        files = ", ".join(pem.text.at.file for pem in found[:3])
        maker.not_read.append(NotRead(found[0].text.at, f"which of {files} becomes {path} is not told"))
        return None
    return found[0] if found else None


def _config_map(maker: _Maker, host: str, flags: Flags) -> None:
    data: dict[str, str] = {}
    for key in ("client-ca-file", REQUESTHEADER_CA):
        if key in flags:
            text = maker.texts.get((host, flags.text(key)))
            data[key] = text.body.strip() + "\n" if text else standins.unseen_ca(maker.now)
    if REQUESTHEADER_CA in flags:
        data |= {key: json.dumps(list(flags.listed(key))) for key in (*PUBLISHED, PREFIX)}
    metadata = {"name": "extension-apiserver-authentication", "namespace": "kube-system"}
    self_ = {"metadata": metadata, "data": data}
    maker.api(paths.AUTHENTICATION, self_)


def _managers(maker: _Maker, host: str) -> None:
    """The controller manager, whose root CA is the one that metrics-server trusts kubelets by."""
    if host not in maker.hosts:
        return
    anchor = maker.declared.anchor
    program = "kube-controller-manager"
    pods = [pod for pod in maker.declared.pods if pod.program == program]
    own = [unit for unit in maker.declared.units if unit.program == program and not unit.drop_in]
    for pod in nearest(anchor, pods, file_of)[:1]:
        maker.file(host, f"{processes.MANIFESTS}/{program}.yaml", pod.text)
    for unit in nearest(anchor, own, file_of)[:1] if not pods else ():
        _unit(maker, host, unit)
    found = processes.components(_so_far(maker), program)
    path = found[0].flags.text("root-ca-file") if found else ""
    pem = _pem(maker, host, path, anchor) if path else None
    if pem is not None and not pem.is_key:
        metadata = {"name": "kube-root-ca.crt", "namespace": "kube-system"}
        maker.api(paths.ROOT_CA, {"metadata": metadata, "data": {"ca.crt": pem.text.body}})


# Objects


def _objects(maker: _Maker) -> None:
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


def _registration(maker: _Maker, deployment: Tree, objects: list[Tree]) -> None:
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


def _policies(maker: _Maker, namespace: str, objects: list[Tree]) -> None:
    policies = [
        tree
        for tree in objects
        if tree.text("kind") == "NetworkPolicy" and tree.text("metadata", "namespace") == namespace
    ]
    if policies:
        maker.api(paths.network_policies(namespace), {"items": [tree.plain() for tree in policies]})


def _rbac(maker: _Maker, deployment: Tree, objects: list[Tree]) -> None:
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


# Machines and their kubelets


def _machines(maker: _Maker, control_plane: str) -> None:
    declared = maker.declared
    nodes = list(declared.nodes)
    if not nodes:
        # Without an inventory, one that stands for every node: of it nothing is judged that its address decides.
        nodes = [Node(ANY_NODE, (ANY_ADDRESS,), At(declared.anchor))]
    maker.api(paths.NODES, {"items": [_node(node, node.name == control_plane) for node in nodes]})
    for node in nodes:
        _kubelet(maker, node)


def _node(node: Node, is_control_plane: bool) -> object:
    labels = {"node-role.kubernetes.io/control-plane": ""} if is_control_plane or node.control_plane else {}
    addresses = [{"type": "InternalIP", "address": address} for address in node.addresses]
    return {
        "metadata": {"name": node.name, "labels": labels},
        "status": {"addresses": [*addresses, {"type": "Hostname", "address": node.name}]},
    }


def _kubelet(maker: _Maker, node: Node) -> None:
    if node.name == ANY_NODE and maker.declared.deployment is None:
        return  # whether anything verifies it is not told
    unit = _for_host(maker, node, [u for u in maker.declared.units if u.program == "kubelet" and not u.drop_in])
    settings = _for_host(maker, node, maker.declared.settings)
    if unit is None and settings is None:
        if node.name != ANY_NODE:
            _lone_certificate(maker, node)
        return
    if unit is not None:
        _unit(maker, node.name, unit)
    else:
        assert settings is not None  # noqa: S101
        body = "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n"
        maker.file(node.name, f"{ETC}/kubelet.service", Text(body, settings.text.at, {}))
    found = [one for one in processes.components(_so_far(maker), "kubelet") if one.host == node.name]
    if not found:
        return
    flags = found[0].flags
    path = maker.holes.filled(flags.text("config"), node.name)
    if path and settings is not None:
        maker.file(node.name, path, settings.text)
    elif path:
        return  # its settings are elsewhere, and with them where its certificate lies
    told = processes.kubelet_settings(maker.holes.filled(settings.text.body, node.name)) if settings and path else {}
    mode, file = kubelets.serving_file(flags, told)
    at = (settings or unit).text.at  # type: ignore[union-attr]
    pem = _pem(maker, node.name, file, at.file) if node.name != ANY_NODE else None
    if pem is not None and mode is not kubelets.Mode.BOOTSTRAP:
        maker.file(node.name, file, pem.text)
    elif mode is kubelets.Mode.SELF_SIGNED:
        maker.file(node.name, file, Text(standins.own_of_kubelet(node.name, maker.now), at, {}))


P = TypeVar("P", Unit, KubeletSettings)


def _for_host(maker: _Maker, node: Node, candidates: Iterable[P]) -> P | None:
    """The piece that is for this host, or for every host."""
    listed = list(candidates)
    others = [other.name for other in maker.declared.nodes if other.name != node.name]
    own = [one for one in listed if _is_of(one.text.at.file, node.name)]
    general = [one for one in listed if not any(_is_of(one.text.at.file, other) for other in others)]
    near = nearest(maker.declared.anchor, own or general, file_of)
    return near[0] if near else None


def _lone_certificate(maker: _Maker, node: Node) -> None:
    """A kubelet of which the repository has nothing but its certificate: by the node's name, or by the kubelet's."""
    names = (node.name, f"kubelet-{node.name}", f"{node.name}-kubelet", "kubelet", "kubelet-server")
    for name in names:
        for ending in ("pem", "crt"):
            pem = _pem(maker, node.name, f"/var/lib/kubelet/{name}.{ending}", maker.declared.anchor)
            if pem is not None:
                path = f"/var/lib/kubelet/{name}.{ending}"
                body = f"[Service]\nExecStart=/usr/bin/kubelet --tls-cert-file={path}\n"
                maker.file(node.name, f"{ETC}/kubelet.service", Text(body, pem.text.at, {}))
                maker.file(node.name, path, pem.text)
                return
