"""Machines and their addresses: Ansible inventories (INI and YAML), Node objects, lists as /etc/hosts has them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from msdoctor.repository.pieces import Node
from msdoctor.repository.place import At
from msdoctor.repository.trees import Tree

ADDRESS_KEYS = ("ip", "ansible_host", "ansible_ssh_host", "access_ip", "address", "internal_ip", "private_ip")
_CONTROL_PLANE = re.compile(r"(?i)master|control[-_]?plane|controller|\bserver\b|^k3s_server|apiserver")
_WORKER = re.compile(r"(?i)worker|node|agent|kubelet")
_GROUP = re.compile(r"\[([\w.-]+)(?::(\w+))?\]")
_PAIR = re.compile(r"""([\w.-]+)=("[^"]*"|'[^']*'|\S+)""")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def is_address(text: str) -> bool:
    """Whether it is an IP address, IPv4 or IPv6, and not one of the loopback."""
    try:
        return not ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def of_control_plane(group: str) -> bool | None:
    """What a group's name says of its machines."""
    if _CONTROL_PLANE.search(group):
        return True
    return False if _WORKER.search(group) else None


def ini(text: str, file: str) -> tuple[Node, ...]:
    """Of an Ansible inventory in INI form: a host counts where it has an address."""
    group, kind = "", ""
    found: dict[str, Node] = {}
    roles: dict[str, list[bool | None]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].strip()
        header = _GROUP.fullmatch(words)
        if header:
            group, kind = header[1], header[2] or ""
            continue
        if not words or kind in ("vars", "children"):
            continue
        name = words.split()[0]
        pairs = {key: value.strip("\"'") for key, value in _PAIR.findall(words)}
        addresses = [pairs[key] for key in ADDRESS_KEYS if is_address(pairs.get(key, ""))]
        roles.setdefault(name, []).append(of_control_plane(group))
        if addresses and name not in found and _HOST_NAME.fullmatch(name):
            found[name] = Node(name, tuple(dict.fromkeys(addresses)), At(file, number))
    return tuple(Node(node.name, node.addresses, node.at, _either(roles[node.name])) for node in found.values())


def _either(roles: list[bool | None]) -> bool | None:
    told = [role for role in roles if role is not None]
    return any(told) if told else None


def listed(text: str, file: str) -> tuple[Node, ...]:
    """Lines of an address and a name, as /etc/hosts has them, in either order."""
    found: dict[str, Node] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = re.split(r"[\s,;|]+", line.split("#", 1)[0].strip())
        addresses = [word for word in words if is_address(word)]
        names = [word for word in words if _HOST_NAME.fullmatch(word) and re.search("[A-Za-z]", word)]
        if len(addresses) == 1 and names and is_address(words[0]):
            name = min(names, key=lambda word: (word.count("."), names.index(word)))
            found.setdefault(name, Node(name, tuple(addresses), At(file, number), of_control_plane(line)))
    return tuple(found.values())


def of_yaml(tree: Tree) -> tuple[Node, ...]:
    """Of an Ansible inventory in YAML: hosts with an address, and the groups that they are in."""
    found: dict[str, Node] = {}
    roles: dict[str, list[bool | None]] = {}
    for group, name, variables in _hosts("", tree):
        addresses = [text for key in ADDRESS_KEYS if is_address(text := variables.text(key))]
        roles.setdefault(name, []).append(of_control_plane(group))
        if addresses and name not in found and _HOST_NAME.fullmatch(name):
            found[name] = Node(name, tuple(dict.fromkeys(addresses)), variables.at)
    return tuple(Node(node.name, node.addresses, node.at, _either(roles[node.name])) for node in found.values())


def _hosts(group: str, tree: Tree) -> Iterator[tuple[str, str, Tree]]:
    for name, value in tree.fields.items():
        if name == "hosts":
            yield from ((group, host, Tree(v.value, value.keys.get(host, v.at))) for host, v in value.fields.items())
        elif isinstance(value.value, dict) and name != "vars":
            yield from _hosts(group if name == "children" else name, value)


def of_object(tree: Tree) -> Node | None:
    """Of a Node object: its addresses are in its status, or annotated."""
    addresses = [item.text("address") for item in (tree.get("status", "addresses") or Tree([], tree.at)).items]
    ips = tuple(address for address in addresses if is_address(address))
    labels = tree.get("metadata", "labels")
    control_plane = any("control-plane" in key or "master" in key for key in (labels.fields if labels else ()))
    return Node(tree.text("metadata", "name"), ips, tree.at, control_plane) if ips else None
