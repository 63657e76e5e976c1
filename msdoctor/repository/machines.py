"""The machines of a declared cluster, and on each its kubelet with its settings and its certificate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msdoctor.facts import kubelets, paths, processes
from msdoctor.repository import standins
from msdoctor.repository.declared import nearest
from msdoctor.repository.making import ANY_ADDRESS, ANY_NODE, ETC, Maker, is_of, pem_at, put_unit
from msdoctor.repository.pieces import KubeletSettings, Node, Text, Unit, file_of
from msdoctor.repository.place import At


def put_machines(maker: Maker, control_plane: str) -> None:
    """Put the Nodes and their kubelets' files. ``control_plane``: the name of the API server's host."""
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


def _kubelet(maker: Maker, node: Node) -> None:
    verified = maker.declared.deployment is not None  # by anything that the repository tells of
    if node.name == ANY_NODE and not verified:
        return
    unit = _for_host(maker, node, [one for one in maker.declared.units if _is_kubelet_of(one, node)])
    settings = _for_host(maker, node, maker.declared.settings)
    if unit is None and settings is None:
        if node.name != ANY_NODE:
            _lone_certificate(maker, node)
        return
    if unit is not None:
        put_unit(maker, node.name, unit)
    else:
        assert settings is not None  # noqa: S101
        body = "[Service]\nExecStart=/usr/bin/kubelet --config=/var/lib/kubelet/config.yaml\n"
        maker.file(node.name, f"{ETC}/kubelet.service", Text(body, settings.text.at, {}))
    found = [one for one in processes.components(maker.bundle(), "kubelet") if one.host == node.name]
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
    pem = pem_at(maker, node.name, file, at.file) if node.name != ANY_NODE else None
    if pem is not None and mode is not kubelets.Mode.BOOTSTRAP:
        maker.file(node.name, file, pem.text)
    elif mode is kubelets.Mode.SELF_SIGNED and verified:
        maker.file(node.name, file, Text(standins.own_of_kubelet(node.name, maker.now), at, {}))


def _is_kubelet_of(unit: Unit, node: Node) -> bool:
    if unit.program != "kubelet" or unit.drop_in:
        return False
    return unit.control_plane is None or node.control_plane in (None, unit.control_plane)


P = TypeVar("P", Unit, KubeletSettings)


def _for_host(maker: Maker, node: Node, candidates: Iterable[P]) -> P | None:
    """The piece that is for this host, or for every host."""
    listed = list(candidates)
    others = [other.name for other in maker.declared.nodes if other.name != node.name]
    own = [one for one in listed if is_of(one.text.at.file, node.name)]
    general = [one for one in listed if not any(is_of(one.text.at.file, other) for other in others)]
    near = nearest(maker.declared.anchor, own or general, file_of)
    return near[0] if near else None


def _lone_certificate(maker: Maker, node: Node) -> None:
    """A kubelet of which the repository has nothing but its certificate: by the node's name, or by the kubelet's."""
    names = (node.name, f"kubelet-{node.name}", f"{node.name}-kubelet", "kubelet", "kubelet-server")
    for name in names:
        for ending in ("pem", "crt"):
            pem = pem_at(maker, node.name, f"/var/lib/kubelet/{name}.{ending}", maker.declared.anchor)
            if pem is not None:
                path = f"/var/lib/kubelet/{name}.{ending}"
                body = f"[Service]\nExecStart=/usr/bin/kubelet --tls-cert-file={path}\n"
                maker.file(node.name, f"{ETC}/kubelet.service", Text(body, pem.text.at, {}))
                maker.file(node.name, path, pem.text)
                return
