"""A bundle in the making: what the parts of a declared cluster put into it, and where each of it stands."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from msdoctor.bundle import WORKSTATION, Bundle, Context, Document, Kind, Place, Reason, Refusal, bundle_of
from msdoctor.facts import units
from msdoctor.repository import standins
from msdoctor.repository.declared import Declared, nearest
from msdoctor.repository.holes import Holes
from msdoctor.repository.pieces import Pem, Text, Unit, file_of
from msdoctor.repository.place import At, NotRead
from msdoctor.repository.trees import Tree

ETC = "/etc/systemd/system"
ANY_NODE, ANY_ADDRESS = "every-node", "192.0.2.1"  # RFC 5737: for an inventory that was not given


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
class Maker:
    """Gathers the documents of one declared cluster. ``now``: when they count as seen."""

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

    def api(self, path: str, value: object) -> None:
        """What the API server would answer."""
        body = json.dumps(value).encode()
        self.documents.append(Document(Place(WORKSTATION, Kind.API, path), self.now, body))

    def absent(self, path: str) -> None:
        """What the API server would say there is not."""
        refusal = Refusal(Reason.ABSENT, "not in the repository", 404)
        self.documents.append(Document(Place(WORKSTATION, Kind.API, path), self.now, refusal=refusal))

    def file(self, host: str, path: str, text: Text) -> None:
        """A file of a host; of a private key only the public half."""
        self.hosts[host] = None
        body = self.holes.filled(text.body, host)
        if "PRIVATE KEY-----" in body:
            body = standins.public_half(body)
        self.documents.append(Document(Place(f"host/{host}", Kind.FILE, path), self.now, body.encode()))
        self.texts[host, path] = text
        self.folders.setdefault((host, posixpath.dirname(path)), set()).add(posixpath.basename(path))

    def folder(self, host: str, path: str, names: Iterable[str]) -> None:
        """Files that lie in a folder of a host, whatever is in them."""
        self.folders.setdefault((host, path), set()).update(names)

    def bundle(self) -> Bundle:
        """All of it so far."""
        for (host, path), names in self.folders.items():
            place = Place(f"host/{host}", Kind.DIRECTORY, path)
            self.documents.append(Document(place, self.now, json.dumps(sorted(names)).encode()))
        vantages = tuple(f"host/{host}" for host in self.hosts)
        return bundle_of(self.documents, self.now, Context(cluster="repository", vantages=vantages))


def is_of(file: str, host: str) -> bool:
    """Whether a file's path names a host: one of its folders, or its own name's beginning."""
    parts = file.split("/")
    stem = parts[-1].partition(".")[0]
    return host in parts[:-1] or stem == host or stem.startswith(f"{host}-") or stem.endswith(f"-{host}")


def put_unit(maker: Maker, host: str, unit: Unit) -> None:
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


def _with_holes(maker: Maker, text: Text, given: Iterable[str]) -> Text:
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


def pem_at(maker: Maker, host: str, path: str, near: str) -> Pem | None:
    """The file that lies at a path of a host: one of the same name, for this host if there are several."""
    name = posixpath.basename(maker.holes.filled(path, host))
    alike = [pem for pem in maker.declared.pems if posixpath.basename(pem.text.at.file) == name]
    own = [pem for pem in alike if is_of(pem.text.at.file, host)]
    others = [node.name for node in maker.declared.nodes if node.name != host]
    general = [pem for pem in alike if not any(is_of(pem.text.at.file, other) for other in others)]
    found = nearest(near, own or general, file_of)
    bodies = {pem.text.body.strip() for pem in found}
    if len(bodies) > 1:
        files = ", ".join(pem.text.at.file for pem in found[:3])
        maker.not_read.append(NotRead(found[0].text.at, f"which of {files} becomes {path} is not told"))
        return None
    return found[0] if found else None
