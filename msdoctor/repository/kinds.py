"""Says by its content what each file is. Pure: text in, pieces out.

What a file is called decides only between things that read alike: an environment file and a script, a list of machines
and prose.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field

from msdoctor.facts import units
from msdoctor.repository import (
    charts,
    holes,
    imperative,
    inventories,
    kops,
    kubeadm,
    kubespray,
    rancher,
    scripts,
    trees,
)
from msdoctor.repository.holes import Holes
from msdoctor.repository.imperative import Source
from msdoctor.repository.pieces import (
    Found,
    KubeletSettings,
    Kubespray,
    Kustomization,
    Node,
    Object,
    Patch,
    Pem,
    Rancher,
    Recognised,
    StaticPod,
    Text,
    Unit,
    Variables,
    at_of,
)
from msdoctor.repository.place import At, NotRead
from msdoctor.repository.trees import Tree

PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kubelet")
SERVICES = (*PROGRAMS, "k3s", "k3s-agent", "rke2-server", "rke2-agent")
METRICS_SERVER = "metrics-server"
GROUP = "metrics.k8s.io"
RBAC = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_UNIT = re.compile(r"^\s*ExecStart\s*=", re.MULTILINE)
_UNIT_PART = re.compile(r"^\[(?:Service|Unit|Install)\]", re.MULTILINE)
_YAMLISH = re.compile(r"^\s*(?:[\w./-]+|\"[^\"\n]+\")\s*:(?:\s|$)|^\s*[{\[]|^- ", re.MULTILINE)
_RANCHER_LINE = re.compile(rf"^{rancher.KEY.pattern}\s*:", re.MULTILINE)
_TEMPLATE_ENDINGS = re.compile(r"(?i)\.(j2|jinja2?|tpl|tmpl|tftpl|erb|gotmpl)$")
_YAML_ENDINGS = (".yaml", ".yml", ".json")
_SHELL_ENDINGS = (".sh", ".bash", ".tf", ".md~", ".userdata", ".cloud-init")
_CERTIFICATE_ENDINGS = (".pem", ".crt", ".cert", ".cer", ".key")


@dataclass(slots=True)
class Reader:
    """Reads files one after the other, and gathers what they are."""

    holes: Holes = field(default_factory=Holes)
    found: Found = field(default_factory=Found)
    not_read: list[NotRead] = field(default_factory=list)

    told: rancher.Told = field(init=False)  # of the file that is read now, as are its lines
    lines: list[str] = field(init=False)

    def read(self, path: str, text: str) -> None:
        """Recognise one file. A file that is nothing of this pipeline's leaves no trace."""
        self.told, self.lines = rancher.Told(path, self.holes), text.split("\n")
        self._read(path, text)
        for unit in self.told.units():
            self.found.add(unit, unit.text.at, f"command of {unit.program}")
        self.not_read += filter(None, [self.told.beyond])

    def _read(self, path: str, text: str) -> None:
        name = _TEMPLATE_ENDINGS.sub("", path.rpartition("/")[2]).lower()
        if _is_pem(name, text):
            self._pem(path, text)
        elif _UNIT.search(text) and _UNIT_PART.search(text) and not text.startswith("#!") and "<<" not in text:
            self._unit(path, text, name)
        elif name.endswith(_YAML_ENDINGS) or _reads_as_objects(text):
            self._yaml(path, text, name)
        elif text.startswith("#!") or name.endswith(_SHELL_ENDINGS) or "<<" in text or name in ("makefile", "justfile"):
            self._script(path, text)
        elif nodes := self._inventory(path, text, name):
            self._nodes(nodes)
            self._kubespray(kubespray.of_ini(text, path))
        elif _is_variables(text, name):
            body = holes.literal(text, path, self.holes)
            self.found.add(Variables(Text(body, At(path))), At(path), "environment file")
        else:
            self._script(path, text)

    # Certificates

    def _pem(self, path: str, text: str) -> None:
        if "PRIVATE KEY-----" in text and "-----BEGIN CERTIFICATE-----" not in text:
            self.found.add(
                Pem(Text(text, At(path)), is_key=True), At(path), "private key (only its public half is kept)"
            )
        elif "-----BEGIN CERTIFICATE-----" in text:
            line = text.count("\n", 0, text.index("-----BEGIN CERTIFICATE-----")) + 1
            self.found.add(Pem(Text(text, At(path, line))), At(path), "certificate")

    # Units

    def _unit(self, path: str, text: str, name: str, line: int = 1, known: dict[str, str] | None = None) -> None:
        body = holes.literal(text, path, self.holes, known, for_shell=known is not None)
        program = _service(path, name, body)
        if program is None:
            return
        lines = "\n" * (line - 1) + body
        drop_in = name if f"{program}.service.d" in path or name.endswith(".conf") else ""
        started = _UNIT.search(lines)
        at = At(path, lines.count("\n", 0, started.end()) + 1 if started else line)
        what = f"systemd unit of {program}"
        self.found.add(
            Unit(program, Text(lines, at), drop_in), At(path, line), f"drop-in of {program}" if drop_in else what
        )

    # YAML

    def _yaml(self, path: str, text: str, name: str, line: int = 1) -> None:
        template = holes.is_template(text)
        body = holes.literal(text, path, self.holes) if template or "${" in text else text
        body = "\n" * (line - 1) + body
        read = trees.read(body, path)
        recognised = [self._document(path, body, tree, read.trees, name) for tree in read.trees]
        if not any(recognised) and not read.wrong:
            return
        why = "a template that is not rendered: " if template else ""
        self.not_read += [NotRead(wrong.at, f"{why}{self.holes.restored(wrong.reason)}") for wrong in read.wrong]

    def _document(self, path: str, text: str, tree: Tree, all_: Sequence[Tree], name: str) -> bool:
        """Recognise one document; False where it is nothing of this pipeline's."""
        before = len(self.found.pieces)
        whole = Text(trees.only(text, tree, tuple(all_)), tree.at)
        if tree.text("kind") and tree.text("apiVersion"):
            self._of_a_kind(path, whole, tree, all_)
        elif name.startswith("kustomization"):
            self.found.add(Kustomization(tree), tree.at, "kustomization")
        else:
            self._of_no_kind(path, whole, tree, name)
        return len(self.found.pieces) > before

    def _of_a_kind(self, path: str, whole: Text, tree: Tree, all_: Sequence[Tree]) -> None:
        kind, version = tree.text("kind"), tree.text("apiVersion")
        if kind == "List":
            for item in (tree.get("items") or tree).items:
                self._object(path, whole, item)
        elif kind == "Kustomization":
            self.found.add(Kustomization(tree), tree.at, "kustomization")
        elif kind == "KubeletConfiguration":
            of = kubeadm.NAME if any(item.text("apiVersion").startswith("kubeadm.") for item in all_) else ""
            self.found.add(KubeletSettings(whole, of), tree.at, kind)
        elif version.startswith("kubeadm.k8s.io/"):
            for piece, what in kubeadm.pieces(tree, all_):
                self.found.add(piece, tree.at, what)
        elif version.startswith("kops.k8s.io/") and kind == "Cluster":
            for part, what in kops.pieces(tree):
                self.found.add(part, tree.at, what)
        else:
            self._object(path, whole, tree)

    def _of_no_kind(self, path: str, whole: Text, tree: Tree, name: str) -> None:
        """Settings, patches and values, which say only by their keys what they are."""
        named = name.startswith("config.y") and ("k3s" in path or "rke2" in path)
        if named or any(rancher.KEY.fullmatch(key) for key in tree.fields):
            program = "rke2" if "rke2" in path else "k3s"
            self.found.add(Rancher(program, whole), tree.at, f"configuration of {program}")
        elif tree.get("spec", "template", "spec", "containers") is not None:
            self.found.add(Patch(tree), tree.at, "patch of a Deployment")
        elif values := charts.of_values(tree, path):
            self.found.add(values, tree.at, "values of metrics-server's chart")
        else:
            if nodes := inventories.of_yaml(tree):
                self._nodes(nodes)
            self._kubespray(kubespray.of_yaml(tree))
            self._within(path, tree)

    def _object(self, path: str, whole: Text, tree: Tree) -> None:
        kind, name = tree.text("kind"), tree.text("metadata", "name")
        if kind == "Pod":
            program = _program_of_pod(tree)
            if program:
                text = Text(whole.body, _where_started(tree, program))
                self.found.add(StaticPod(program, text), tree.at, f"static pod of {program}")
        elif kind == "Node":
            node = inventories.of_object(tree)
            if node:
                self._nodes((node,))
        elif piece := charts.of_release(tree):
            self.found.add(piece, tree.at, "values of metrics-server's chart")
        elif _is_ours(tree, kind):
            self.found.add(Object(tree), tree.at, f"{kind} {name}")
        elif kind == "Deployment" and name == METRICS_SERVER:
            self.found.add(Patch(tree, name), tree.at, f"patch of Deployment {name}")
        else:
            self._within(path, tree)

    def _nodes(self, nodes: Sequence[Node]) -> None:
        self.found.pieces += nodes
        self.found.files.append(Recognised(nodes[0].at, f"inventory of {len(nodes)} machines"))

    def _kubespray(self, variables: Sequence[Kubespray]) -> None:
        for one in variables:
            self.found.add(one, one.tree.at, "variables of kubespray")

    def _within(self, path: str, tree: Tree) -> None:
        """Texts within a file of another purpose: what Ansible copies, cloud-init writes, a ConfigMap holds."""
        self.told.tree(tree, self.lines)
        for item in tree.walk():
            value, block = item.value, 1 if item.end > item.at.line else 0
            if isinstance(value, dict):
                self._module(item)
            elif isinstance(value, list):
                self._imperative(Source(path, _command_of(item), item.at.line, item.at.column - 1))
            elif (
                isinstance(value, str) and "\n" in value and any(mark in value for mark in (*PROGRAMS, METRICS_SERVER))
            ):
                self._embedded(path, value, item.at.line + block)
            elif isinstance(value, str):
                indent = 0 if block else item.at.column - 1
                self._imperative(Source(path, value, item.at.line + block, indent))

    def _module(self, tree: Tree) -> None:
        made = imperative.of_module(tree)
        if made is not None:
            self.found.add(made[0], tree.at, made[1])

    def _imperative(self, source: Source, taken: Sequence[tuple[int, int]] = ()) -> None:
        """What commands make of metrics-server, but for those of lines that were understood already."""
        commands = imperative.read(source, self.holes)
        self.not_read += commands.not_read
        for piece, what in commands.pieces:
            line = at_of(piece).line - source.line + 1
            if not any(start <= line <= end for start, end in taken):
                self.found.add(piece, at_of(piece), what)

    def _embedded(self, path: str, text: str, line: int, name: str = "", known: dict[str, str] | None = None) -> None:
        if _UNIT.search(text) and _UNIT_PART.search(text) and "<<" not in text:
            self._unit(path, text, name.rpartition("/")[2] or path.rpartition("/")[2], line, known)
        elif _reads_as_objects(text) or name.endswith(_YAML_ENDINGS) or _RANCHER_LINE.search(text):
            if known is not None:
                text = holes.literal(text, path, self.holes, known, for_shell=True)
            self._yaml(path, text, name.rpartition("/")[2], line)
        else:
            self._script(path, text, line)

    # Scripts

    def _script(self, path: str, text: str, line: int = 1) -> None:
        known = scripts.assignments(text)
        taken: list[tuple[int, int]] = []
        for part in scripts.heredocs(text):
            taken.append((part.line, part.line + part.body.count("\n")))
            self._embedded(path, part.body, line - 1 + part.line, part.name, None if part.literal else known)
        for target, part in scripts.patches(text):
            body = "\n" * (line - 2 + part.line) + part.body
            for tree in trees.read(body, path).trees:
                if isinstance(tree.value, dict) and METRICS_SERVER in target:
                    self.found.add(Patch(tree, target), tree.at, f"patch of Deployment {target}")
        self._imperative(Source(path, text, line), taken)
        self.told.script(text, line, taken, known)
        for program, part in scripts.commands(text):
            if not any(start <= part.line <= end for start, end in taken):
                lines = "\n" * (line - 2 + part.line) + holes.literal(
                    part.body, path, self.holes, known, for_shell=True
                )
                at = At(path, line - 1 + part.line)
                self.found.add(Unit(program, Text(lines, at)), at, f"command of {program}")

    # Inventories

    def _inventory(self, path: str, text: str, name: str) -> tuple[Node, ...]:
        nodes: tuple[Node, ...] = ()
        if re.search(r"^\[[\w.:-]+\]", text, re.MULTILINE) and not _UNIT_PART.search(text):
            nodes = inventories.ini(text, path)
        elif name.startswith(("hosts", "inventory", "nodes", "machines")):
            nodes = inventories.ini(text, path) or inventories.listed(text, path)
        return nodes


def _command_of(tree: Tree) -> str:
    """A command that is given as a list of its words; empty where it is none."""
    words = [str(item.value) for item in tree.items if not isinstance(item.value, dict | list)]
    is_one = len(words) == len(tree.items) and words[:1] in (["kubectl"], ["helm"], ["sed"], ["yq"])
    return shlex.join(words) if is_one else ""


def _is_pem(name: str, text: str) -> bool:
    return "-----BEGIN " in text and (name.endswith(_CERTIFICATE_ENDINGS) or text.lstrip().startswith("-----BEGIN "))


def _reads_as_objects(text: str) -> bool:
    return bool(re.search(r"^\s*\"?(?:apiVersion|kind)\"?\s*:", text, re.MULTILINE))


def _service(path: str, name: str, text: str) -> str | None:
    """Which service a unit or a drop-in is of."""
    folder = path.rpartition("/")[0].rpartition("/")[2].removesuffix(".service.d")
    for service in SERVICES:
        if name == f"{service}.service" or folder == service:
            return service
    command = units.command({"": text}, {})
    first = command.words[0].text.rpartition("/")[2] if command else ""
    named = [word.text.rpartition("/")[2] for word in command.words] if command else []
    if first in ("k3s", "rke2"):
        role = "agent" if "agent" in named else "server"
        return ("k3s-agent" if role == "agent" else "k3s") if first == "k3s" else f"rke2-{role}"
    return next((program for program in PROGRAMS if program in named), None)


def _is_variables(text: str, name: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    assigned = sum(bool(re.match(r"\s*(?:export\s+)?[A-Za-z_]\w*\s*=", line)) for line in lines)
    return bool(assigned) and (name.endswith((".env", ".conf")) or "." not in name or assigned * 2 >= len(lines))


def _containers(tree: Tree, *path: str) -> list[Tree]:
    found = tree.get(*path, "containers")
    return found.items if found else []


def _words(container: Tree) -> list[Tree]:
    listed = (container.get("command"), container.get("args"))
    return [word for words in listed if words for word in words.items]


def _program_of_pod(tree: Tree) -> str | None:
    for container in _containers(tree, "spec"):
        for word in _words(container):
            name = str(word.value).rpartition("/")[2]
            if name in PROGRAMS:
                return name
    return None


def _where_started(tree: Tree, program: str) -> At:
    for container in _containers(tree, "spec"):
        for word in _words(container):
            if str(word.value).rpartition("/")[2] == program:
                return word.at
    return tree.at


def _is_ours(tree: Tree, kind: str) -> bool:
    """Whether an object is of the pipeline's own: metrics-server's, or one that can stand in its way."""
    if kind == "APIService":
        return tree.text("spec", "group") == GROUP
    if kind == "Deployment":
        return any(
            METRICS_SERVER in container.text("name") + container.text("image")
            and (container.text("image") or container.get("args"))
            for container in _containers(tree, "spec", "template", "spec")
        )
    return kind in ("Service", "ServiceAccount", "NetworkPolicy", *RBAC)
