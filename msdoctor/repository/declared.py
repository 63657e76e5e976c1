"""The clusters that a repository declares: which of its pieces belong together.

An API server and a metrics-server belong together where they lie nearest each other; so does all else with either. A
repository of several environments, each with the same files, is several clusters.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from msdoctor.repository import charts, rancher
from msdoctor.repository.kustomize import Kustomized, by_operations, merged
from msdoctor.repository.pieces import (
    KubeletSettings,
    Node,
    Object,
    Patch,
    Pem,
    Piece,
    Rancher,
    StaticPod,
    Text,
    Unit,
    Variables,
    file_of,
)
from msdoctor.repository.trees import Tree

Server = Unit | StaticPod | Rancher
T = TypeVar("T")
BESIDE = 2  # folders from one to the other, as from a role's tasks to its templates


@dataclass(frozen=True, slots=True)
class Declared:
    """One cluster: its API server and metrics-server, where there are any, and everything near to them.

    ``of_kustomization`` tells that ``objects`` are all that metrics-server is installed with. ``partial``: of its
    Deployment only what a patch says is known.
    """

    server: Server | None
    deployment: Object | None
    objects: tuple[Object, ...]
    units: tuple[Unit, ...]
    pods: tuple[StaticPod, ...]
    settings: tuple[KubeletSettings, ...]
    variables: tuple[Variables, ...]
    pems: tuple[Pem, ...]
    nodes: tuple[Node, ...]
    partial: bool = False

    @property
    def anchor(self) -> str:
        """The file that nearness is measured from."""
        if self.server is not None:
            return self.server.text.at.file
        return self.deployment.at.file if self.deployment else ""


def distance(one: str, other: str) -> tuple[int, int]:
    """How far apart two files lie: what they do not share of their folders, and the same of the other."""
    a, b = posixpath.dirname(one).split("/"), posixpath.dirname(other).split("/")
    shared = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        shared += 1
    return (len(a) + len(b) - 2 * shared, len(b) - shared)


def nearest(anchor: str, candidates: Iterable[T], file: Callable[[T], str]) -> list[T]:
    """Those candidates that lie nearest to a file: ``file`` gives each one's path."""
    listed = list(candidates)
    if not listed:
        return []
    best = min(distance(anchor, file(item)) for item in listed)
    return [item for item in listed if distance(anchor, file(item)) == best]


@dataclass(frozen=True, slots=True)
class _Installed:
    deployment: Object
    objects: tuple[Object, ...]
    partial: bool = False


def declared(pieces: Sequence[Piece], kustomized: Kustomized) -> tuple[Declared, ...]:
    """Every cluster, each judged by itself."""
    servers = [
        *(piece for piece in pieces if isinstance(piece, Unit | StaticPod) and _is_server(piece)),
        *_of_rancher(pieces),
    ]
    installed = _installed(pieces, kustomized)
    pairs: list[tuple[Server | None, _Installed | None]] = []
    taken: set[int] = set()
    for server in servers:
        near = nearest(file_of(server), installed, lambda one: one.deployment.at.file)
        taken.update(id(one) for one in near)
        pairs += [(server, one) for one in near] or [(server, None)]
    for one in installed:
        if id(one) not in taken:
            near_servers = nearest(one.deployment.at.file, servers, file_of)
            pairs.append((near_servers[0] if near_servers else None, one))
    rest = _Rest(pieces)
    if not pairs and (rest.settings or rest.kubelet_units):
        pairs.append((None, None))
    agents = (_agents(kubelet, installed, rest) for kubelet in _kubelets_of_agents(pieces))
    return (*(_declared(server, one, rest) for server, one in pairs), *agents)


def _of_rancher(pieces: Sequence[Piece]) -> list[Rancher]:
    """Servers of k3s and rke2, each with its configuration and its command, where it has both."""
    configs = [one for one in pieces if isinstance(one, Rancher) and not rancher.is_agents(one.text.at.file)]
    commands = [one for name in rancher.SERVERS.values() for one in _commands(pieces, name)]
    left = list(commands)
    found: list[Rancher] = []
    for config in configs:
        alike = [unit for unit in commands if unit.program == rancher.SERVERS[config.program]]
        fits = [
            unit
            for unit in nearest(file_of(config), alike, file_of)[:1]
            # Two that are the only ones go together, and others where they lie beside each other.
            if len(configs) == len(commands) == 1 or distance(file_of(config), file_of(unit))[0] <= BESIDE
        ]
        found.append(Rancher(config.program, config.text, fits[0] if fits else None))
        left = [unit for unit in left if unit not in fits]
    programs = {unit: program for program, unit in rancher.SERVERS.items()}
    return [*found, *(Rancher(programs[unit.program], Text("", unit.text.at, {}), unit) for unit in left)]


def _commands(pieces: Sequence[Piece], program: str) -> list[Unit]:
    """Units of a program, or drop-ins that give the whole command where their unit is an installer's."""
    units = [one for one in pieces if isinstance(one, Unit) and one.program == program]
    whole = [one for one in units if not one.drop_in]
    return whole or [replace(one, drop_in="") for one in units if f"/{program.partition('-')[0]} " in one.text.body]


def _kubelets_of_agents(pieces: Sequence[Piece]) -> Iterator[Unit]:
    for program, service in rancher.AGENTS.items():
        for unit in _commands(pieces, service):
            yield from filter(None, [rancher.kubelet(program, None, unit, control_plane=False)])
    for one in pieces:
        if isinstance(one, Rancher) and rancher.is_agents(one.text.at.file):
            yield from filter(None, [rancher.kubelet(one.program, one.text, None, control_plane=False)])


def _agents(kubelet: Unit, installed: Sequence[_Installed], rest: _Rest) -> Declared:
    """Machines without an API server, judged by themselves: their kubelets are told something else than a server's."""
    near = nearest(file_of(kubelet), installed, lambda one: one.deployment.at.file)
    whole = _declared(None, near[0] if near else None, rest)
    workers = tuple(node for node in whole.nodes if not node.control_plane)
    return replace(whole, units=(kubelet,), settings=(), nodes=workers)


def _is_server(piece: Unit | StaticPod) -> bool:
    if isinstance(piece, Unit):
        return piece.program == "kube-apiserver" and not piece.drop_in
    return piece.program == "kube-apiserver"


class _Rest:
    """All pieces by what they are."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.units = [
            p for p in pieces if isinstance(p, Unit) and not (p.program == "kube-apiserver" and not p.drop_in)
        ]
        self.pods = [p for p in pieces if isinstance(p, StaticPod) and p.program != "kube-apiserver"]
        self.settings = [p for p in pieces if isinstance(p, KubeletSettings)]
        self.variables = [p for p in pieces if isinstance(p, Variables)]
        self.pems = [p for p in pieces if isinstance(p, Pem)]
        self.nodes = [p for p in pieces if isinstance(p, Node)]

    @property
    def kubelet_units(self) -> list[Unit]:
        """Units of kubelets."""
        return [unit for unit in self.units if unit.program == "kubelet"]


def _declared(server: Server | None, one: _Installed | None, rest: _Rest) -> Declared:
    anchor = file_of(server) if server else one.deployment.at.file if one else ""
    if not anchor:
        kubelets: tuple[Piece, ...] = (*rest.settings, *rest.kubelet_units)
        anchor = next(map(file_of, kubelets), "")
    own: list[Unit] = []
    if isinstance(server, Rancher):
        own += filter(None, [rancher.kubelet(server.program, server.text, server.unit, control_plane=True)])
    inventories = nearest(anchor, dict.fromkeys(node.at.file for node in rest.nodes), lambda file: file)
    return Declared(
        server=server,
        deployment=one.deployment if one else None,
        objects=one.objects if one else (),
        units=(*own, *rest.units),
        pods=tuple(nearest(anchor, rest.pods, file_of)),
        settings=tuple(rest.settings),
        variables=tuple(rest.variables),
        pems=tuple(rest.pems),
        nodes=_once(node for node in rest.nodes if node.at.file in inventories),
        partial=bool(one and one.partial),
    )


def _once(nodes: Iterable[Node]) -> tuple[Node, ...]:
    found: dict[str, Node] = {}
    for node in nodes:
        known = found.get(node.name)
        if known is None:
            found[node.name] = node
        elif known.control_plane is None and node.control_plane is not None:
            found[node.name] = Node(node.name, known.addresses, known.at, node.control_plane)
    return tuple(found.values())


# metrics-server, as it is installed


def _installed(pieces: Sequence[Piece], kustomized: Kustomized) -> list[_Installed]:
    """Each metrics-server: those that kustomizations build, and those of manifests that none of them takes."""
    found: list[_Installed] = []
    patches = [piece for piece in pieces if isinstance(piece, Patch)]
    loose = [p for p in patches if p.tree.at.file not in kustomized.files()]
    used: set[str] = set(kustomized.files())
    for _, objects in kustomized.outermost():
        used.update(item.at.file for item in objects)
        found += [_Installed(item, tuple(objects)) for item in objects if item.kind == "Deployment"]
    plain = [piece for piece in pieces if isinstance(piece, Object) and piece.at.file not in used]
    deployments = [piece for piece in plain if piece.kind == "Deployment"]
    laid: set[int] = set()
    for deployment in deployments:
        for patch in loose:
            near = nearest(patch.tree.at.file, deployments, file_of)
            if deployment in near and patch.target in ("", deployment.name):
                deployment = Object(_patched(deployment, patch))
                laid.add(id(patch))
        found.append(_Installed(deployment, _beside(deployment, plain)))
    alone = [*(patch for patch in loose if id(patch) not in laid), *kustomized.unfounded()]
    for patches_ in _by_file(filter(_is_of_metrics_server, alone)):
        lone = _alone(patches_)
        found.append(_Installed(lone, _beside(lone, plain), partial=True))
    return found


def _by_file(patches: Iterable[Patch]) -> list[list[Patch]]:
    grouped: dict[str, list[Patch]] = {}
    for patch in patches:
        grouped.setdefault(patch.tree.at.file, []).append(patch)
    return list(grouped.values())


def _patched(deployment: Object, patch: Patch) -> Tree:
    if isinstance(patch.tree.value, list):
        return by_operations(deployment.tree, patch.tree.items)
    return merged(deployment.tree, _at_least_named(patch.tree, deployment))


def _at_least_named(patch: Tree, deployment: Object) -> Tree:
    """A patch without the fields that would rename what it is laid over."""
    fields = {name: value for name, value in patch.fields.items() if name not in ("kind", "apiVersion", "metadata")}
    return Tree(fields, deployment.at, patch.end, patch.keys)


def _is_of_metrics_server(patch: Patch) -> bool:
    containers = patch.tree.get("spec", "template", "spec", "containers")
    named = [container.text("name") for container in containers.items] if containers else []
    return charts.NAME in (patch.target, *named)


def _alone(patches: Sequence[Patch]) -> Object:
    """A Deployment of which only these patches are known."""
    first = patches[0]
    at = first.tree.at
    head = charts.made(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": first.target or charts.NAME, "namespace": "kube-system"},
        },
        at,
    )
    container = {"name": charts.NAME, "args": []}
    empty = charts.made({"template": {"spec": {"containers": [container]}}}, at)
    whole = Object(Tree({**head.fields, "spec": empty}, at, first.tree.end))
    for patch in patches:
        whole = Object(_patched(whole, patch))
    return whole


def _beside(deployment: Object, objects: Sequence[Object]) -> tuple[Object, ...]:
    """Of every object of a kind and a name the one that lies nearest to the Deployment."""
    named: dict[tuple[str, str, str], list[Object]] = {}
    for item in objects:
        if item.kind != "Deployment":
            named.setdefault((item.kind, item.namespace, item.name), []).append(item)
    return (deployment, *(nearest(deployment.at.file, alike, file_of)[0] for alike in named.values()))
