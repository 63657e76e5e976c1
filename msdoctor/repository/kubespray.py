"""What kubespray makes of an inventory's variables, as far as this pipeline goes.

It has kubeadm make the control plane, and installs kubelets and metrics-server by templates of its own. Variables of
one inventory come from many files: a role's defaults, then ``group_vars/all``, then the other groups, of which each
replaces what came before; those of ``host_vars`` are of one machine.

Sources: kubespray roles/kubespray_defaults/defaults/main/main.yml; roles/kubernetes/control-plane/templates,
kubeadm-config.v1beta4.yaml.j2; roles/kubernetes/node/templates, kubelet-config.v1beta1.yaml.j2 and
kubelet.env.v1beta1.j2; roles/kubernetes-apps/metrics_server (46dbdd3, August 2026).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from msdoctor.repository import charts, kubeadm
from msdoctor.repository.holes import Holes, has
from msdoctor.repository.pieces import KubeletSettings, Kubespray, Object, Piece, StaticPod, Text, Unit, file_of
from msdoctor.repository.place import At, NotRead
from msdoctor.repository.trees import Tree

INSTALLED = "metrics_server_enabled"
INSECURE = "metrics_server_kubelet_insecure_tls"
ROTATED = "kubelet_rotate_server_certificates"
# What an API server, a kubelet and metrics-server are decided by: files with any of these are kubespray's.
OF_KUBELETS = (
    "kubelet_authentication_token_webhook",
    "kubelet_authorization_mode_webhook",
    "kubelet_config_extra_args",
    "kubelet_custom_flags",
    ROTATED,
)
OWN_NAMES = frozenset(
    {
        *OF_KUBELETS,
        "kube_api_aggregator_routing",
        "kube_api_anonymous_auth",
        "kube_kubeadm_apiserver_extra_args",
        "kube_kubeadm_controller_extra_args",
        "metrics_server_container_port",
        "metrics_server_host_network",
        INSECURE,
        "metrics_server_kubelet_preferred_address_types",
        "metrics_server_metric_resolution",
    }
)
# What decides by being true, so that nothing is judged that hangs on one that a template fills in.
SWITCHES = (INSTALLED, INSECURE, ROTATED, "kubelet_authentication_token_webhook", "kubelet_authorization_mode_webhook")
CERTIFICATES = "/etc/kubernetes/ssl"
CONFIG = "/etc/kubernetes/kubelet-config.yaml"
ADDRESS_TYPES = "InternalIP,ExternalIP,Hostname"
_FOLDER = re.compile(r"(?:^|/)(group_vars|host_vars)/([^/.]+)")
_DEFAULTS = re.compile(r"(?:^|/)roles/.*/?(?:defaults|vars)/")
_TEMPLATES = re.compile(r"(?:^|/)roles/(?:kubernetes|kubernetes-apps)/[\w-]+/templates/")
_OWN_GROUP = re.compile(r"(?:^|/)group_vars/k8s[_-]cluster")
_SECTION = re.compile(r"^\[([\w.-]+):vars\][^\S\n]*$((?:\n(?!\[).*)*)", re.MULTILINE)
_ASSIGNED = re.compile(r"^([A-Za-z_]\w*)[ \t]*=[ \t]*([^#\n]*)", re.MULTILINE)

Variables = Mapping[str, Tree]


def of_yaml(tree: Tree) -> tuple[Kubespray, ...]:
    """The variables of a file, or those that an inventory in YAML gives its groups."""
    return tuple(Kubespray(one) for one in _mappings(tree) if _is_kubesprays(one.at.file, one.fields))


def _mappings(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree.value, dict):
        yield tree
        for name in ("all", "children", "vars"):
            below = tree.get(name)
            for one in (below, *(below.fields.values() if below and name == "children" else ())):
                yield from _mappings(one) if one else ()


def of_ini(text: str, file: str) -> tuple[Kubespray, ...]:
    """The variables that an inventory in INI form gives its groups."""
    return tuple(Kubespray(one) for one in _sections(text, file) if _is_kubesprays(file, one.fields))


def _sections(text: str, file: str) -> Iterator[Tree]:
    for section in _SECTION.finditer(text):
        fields = {}
        for match in _ASSIGNED.finditer(section[2]):
            start = section.start(2) + match.start()
            at = At(file, text.count("\n", 0, start) + 1, match.start(2) - match.start() + 1)
            fields[match[1]] = Tree(match[2].strip().strip("\"'"), at)
        yield Tree(fields, At(file, text.count("\n", 0, section.start()) + 1))


def _is_kubesprays(file: str, names: Iterable[str]) -> bool:
    """Others, too, have a variable by which metrics-server is installed: that one alone tells in its group only."""
    known = set(names)
    return bool(OWN_NAMES & known) or (INSTALLED in known and bool(_OWN_GROUP.search(file)))


def made(found: Sequence[Piece], holes: Holes, not_read: list[NotRead]) -> Iterator[Piece]:
    """What every inventory of a repository becomes: its control plane, its kubelets and its metrics-server."""
    given = sorted((piece for piece in found if isinstance(piece, Kubespray)), key=_precedence)
    defaults = [one for one in given if _DEFAULTS.search(one.tree.at.file)]
    inventories: dict[str, list[Kubespray]] = {}
    for one in given:
        if one not in defaults and not _host(one):
            inventories.setdefault(_inventory(one), []).append(one)
    for root, own in inventories.items():
        variables = _merged([*(one for one in defaults if _is_above(one, root)), *own])
        yield from _cluster(variables, own[-1].tree, holes, not_read)
        for one in given:
            if _host(one) and _inventory(one) == root and not set(OF_KUBELETS).isdisjoint(one.tree.fields):
                yield from _kubelet({**variables, **one.tree.fields}, one.tree, one.tree.at)


def without_templates(found: Sequence[Piece]) -> list[Piece]:
    """All but kubespray's own templates, where its roles lie beside an inventory: what they become is made of that."""
    if not any(isinstance(piece, Kubespray) for piece in found):
        return [*found]
    return [piece for piece in found if not _TEMPLATES.search(file_of(piece))]


def _precedence(one: Kubespray) -> tuple[bool, bool, str]:
    match = _FOLDER.search(one.tree.at.file)
    return (_DEFAULTS.search(one.tree.at.file) is None, bool(match and match[2] != "all"), one.tree.at.file)


def _host(one: Kubespray) -> str:
    match = _FOLDER.search(one.tree.at.file)
    return match[2] if match and match[1] == "host_vars" else ""


def _inventory(one: Kubespray) -> str:
    file = one.tree.at.file
    match = _FOLDER.search(file)
    return file[: match.start()] if match else file.rpartition("/")[0]


def _is_above(default: Kubespray, root: str) -> bool:
    return root.startswith(default.tree.at.file.partition("roles/")[0].rstrip("/"))


def _merged(pieces: Iterable[Kubespray]) -> Variables:
    return {name: value for one in pieces for name, value in one.tree.fields.items()}


def _cluster(variables: Variables, last: Tree, holes: Holes, not_read: list[NotRead]) -> Iterator[Piece]:
    """``last`` is the file whose variables replace those of every other."""
    open_ = {name: tree for name in SWITCHES if (tree := variables.get(name)) and has(str(tree.value))}
    not_read += (
        NotRead(tree.at, f"a template that the repository does not resolve: {name}: {holes.restored(str(tree.value))}")
        for name, tree in open_.items()
    )
    yield from _control_plane(variables, last.at)
    if open_.keys().isdisjoint(OF_KUBELETS):
        yield from _kubelet(variables, last, variables.get(ROTATED, last).at)
    if open_.keys().isdisjoint((INSTALLED, INSECURE)) and _on(variables, INSTALLED, default=False):
        yield from _metrics_server(variables)


def _on(variables: Variables, name: str, *, default: bool) -> bool:
    """A switch's position; Ansible's words for true count."""
    tree = variables.get(name)
    return default if tree is None else str(tree.value).lower() in ("true", "yes", "on", "1")


def _text(variables: Variables, name: str, default: str = "") -> str:
    tree = variables.get(name)
    return tree.text() or default if tree is not None else default


# The control plane


def _control_plane(variables: Variables, at: At) -> Iterator[StaticPod]:
    """What kubeadm writes, of the configuration that kubespray gives it."""
    arguments = dict(_api_server(variables))
    manager = variables.get("kube_kubeadm_controller_extra_args") or Tree({}, at)
    config = charts.made(
        {
            "apiVersion": "kubeadm.k8s.io/v1beta4",
            "kind": "ClusterConfiguration",
            "certificatesDir": _text(variables, "kube_cert_dir", CERTIFICATES),
            "apiServer": {"extraArgs": arguments},
            "controllerManager": {"extraArgs": manager},
        },
        at,
    )
    for piece, _ in kubeadm.pieces(config, [charts.made({"kind": "KubeletConfiguration"}, at)]):
        if isinstance(piece, StaticPod):
            yield piece


def _api_server(variables: Variables) -> Iterator[tuple[str, Tree]]:
    named = {"enable-aggregator-routing": "kube_api_aggregator_routing", "anonymous-auth": "kube_api_anonymous_auth"}
    yield from ((flag, variables[name]) for flag, name in named.items() if name in variables)
    modes = variables.get("authorization_modes")
    if modes is not None:
        yield "authorization-mode", Tree(",".join(str(item.value) for item in modes.items) or modes.text(), modes.at)
    extra = variables.get("kube_kubeadm_apiserver_extra_args")
    yield from extra.fields.items() if extra else ()


# Kubelets


def _kubelet(variables: Variables, last: Tree, at: At) -> Iterator[KubeletSettings | Unit]:
    lines = _Lines()
    _settings(lines, variables)
    rotated = {"serverTLSBootstrap: true": (At(last.at.file, last.end), f"{ROTATED}: true")}
    adds = {} if ROTATED in variables else rotated
    yield KubeletSettings(replace(lines.text(at), adds=adds), kubeadm.NAME)
    unit = _Lines()
    unit.add("[Service]")
    unit.add(f"ExecStart=/usr/local/bin/kubelet --config={CONFIG} \\")
    custom = variables.get("kubelet_custom_flags") or Tree([], at)
    for flag in custom.items or ([custom] if custom.text() else []):
        unit.add(f"  {flag.value} \\", flag)
    unit.add("  --kubeconfig=/etc/kubernetes/kubelet.conf")
    yield Unit("kubelet", unit.text(at))


class _Lines:
    """A file that kubespray would write, and where in the inventory each of its lines is decided."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[int, At] = {}

    def add(self, line: str, tree: Tree | None = None) -> None:
        self.lines.append(line)
        if tree is not None:
            self.places[len(self.lines)] = tree.at

    def text(self, at: At) -> Text:
        return Text("\n".join(self.lines) + "\n", at, self.places)


def _settings(lines: _Lines, variables: Variables) -> None:
    """A KubeletConfiguration: kubespray's own settings, and what is given beside them."""
    extra = variables.get("kubelet_config_extra_args")
    given = extra.fields if extra else {}
    lines.add("kind: KubeletConfiguration")
    lines.add("apiVersion: kubelet.config.k8s.io/v1beta1")
    if "authentication" not in given:
        tokens = "kubelet_authentication_token_webhook"
        lines.add("authentication:")
        lines.add("  anonymous:")
        lines.add("    enabled: false")
        lines.add("  webhook:")
        lines.add(f"    enabled: {str(_on(variables, tokens, default=True)).lower()}", variables.get(tokens))
        lines.add("  x509:")
        lines.add(f"    clientCAFile: {_text(variables, 'kube_cert_dir', CERTIFICATES)}/ca.crt")
    if "authorization" not in given:
        asked = "kubelet_authorization_mode_webhook"
        lines.add("authorization:")
        mode = "Webhook" if _on(variables, asked, default=True) else "AlwaysAllow"
        lines.add(f"  mode: {mode}", variables.get(asked))
    if "serverTLSBootstrap" not in given and _on(variables, ROTATED, default=False):
        lines.add("serverTLSBootstrap: true", variables.get(ROTATED))
    for name, tree in given.items():
        lines.add(f"{name}: {json.dumps(tree.plain())}", tree)


# metrics-server


def _metrics_server(variables: Variables) -> Iterator[Object]:
    at = variables[INSTALLED].at
    port = _text(variables, "metrics_server_container_port", str(charts.PORT))
    types = variables.get("metrics_server_kubelet_preferred_address_types")
    args = [
        Tree("--cert-dir=/tmp", at),
        _argument(variables, "secure-port", "metrics_server_container_port", str(charts.PORT), at),
        Tree("--kubelet-use-node-status-port", at),
        _argument(variables, "metric-resolution", "metrics_server_metric_resolution", "15s", at),
    ]
    if types is None or types.text():
        option = "kubelet-preferred-address-types"
        args.append(_argument(variables, option, "metrics_server_kubelet_preferred_address_types", ADDRESS_TYPES, at))
    insecure = variables.get(INSECURE)
    unverified = _on(variables, INSECURE, default=True)
    if unverified:
        args.append(Tree("--kubelet-insecure-tls=true", insecure.at if insecure else at))
    version = _text(variables, "metrics_server_image_tag") or _text(variables, "metrics_server_version")
    image = "registry.k8s.io/metrics-server/metrics-server" + (f":v{version.lstrip('v')}" if version else "")
    yield Object(
        charts.deployment(
            args,
            at,
            port=int(port) if port.isdecimal() else charts.PORT,
            image="" if has(image) else image,
            host_network=_on(variables, "metrics_server_host_network", default=False),
        )
    )
    # The same variable decides whether the API server verifies metrics-server.
    yield Object(charts.apiservice(Tree(unverified, insecure.at if insecure else at), at))


def _argument(variables: Variables, flag: str, name: str, default: str, at: At) -> Tree:
    tree = variables.get(name)
    return Tree(f"--{flag}={_text(variables, name, default)}", tree.at if tree is not None else at)
