"""Processes of a host, and what the components among them were started with.

Flags in effect come from whichever tells the most: the running process, else the static pod's manifest, else the
systemd unit, else the mirror pod that the API shows. The manifest or unit is named beside it in any case, since that is
where a remedy changes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

import msgspec
import yaml

from msdoctor.bundle import Bundle, Document, Kind, Place
from msdoctor.facts import manifests, paths, units
from msdoctor.facts.flags import Argument, Flags, parse
from msdoctor.facts.forms import Form
from msdoctor.facts.objects import PodList, decode
from msdoctor.model import Unseen

MANIFESTS = "/etc/kubernetes/manifests"
UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


class Process(msgspec.Struct, frozen=True):
    """One process of a host. ``environ`` keeps the values of proxy variables only."""

    pid: int = 0
    started: datetime | None = None
    args: tuple[str, ...] = ()
    environ: dict[str, str] = {}


@dataclass(frozen=True)
class Component:
    """A kube-apiserver or kubelet of one host.

    ``read_from`` names the document that the flags were read from, ``origin`` its vantage; ``file`` is where they are
    changed, empty if unknown. ``started`` is the running process's start.
    """

    program: str
    host: str
    form: Form
    flags: Flags
    read_from: str
    origin: str
    file: str = ""
    file_flags: Flags = field(default_factory=Flags)
    started: datetime | None = None

    @property
    def subject(self) -> str:
        """``process/kube-apiserver@k8s-master``."""
        return f"process/{self.program}@{self.host}"

    @property
    def where(self) -> str:
        """Where the flags are to be looked at: the file where one is known, else what was read."""
        return f"{self.host}:{self.file}" if self.file and self.origin.startswith("host/") else self.read_from

    @cached_property
    def how(self) -> str:
        """A command that shows the flags again."""
        if self.origin.startswith("host/"):
            return f"cat {self.file}" if self.file else f"ps -ww -o args= -C {self.program}"
        return f"kubectl -n kube-system get pod {self.program}-{self.host} -o yaml"


def components(bundle: Bundle, program: str) -> tuple[Component, ...]:
    """Each host's component of that name, from its files, and those whose mirror pods the API shows besides."""
    on_hosts = tuple(found for host in bundle.hosts if (found := _on_host(bundle, host, program)))
    known = {component.host for component in on_hosts}
    mirrored = _mirrored(bundle) if program == "kube-apiserver" else ()
    return on_hosts + tuple(component for component in mirrored if component.host not in known)


def _on_host(bundle: Bundle, host: str, program: str) -> Component | None:
    process = _process(bundle, host, program)
    written = _manifest(bundle, host, program) or _unit(bundle, host, program)
    if process is None and written is None:
        return None
    form, file, file_flags = written or (Form.UNKNOWN, "", Flags())
    return Component(
        program=program,
        host=host,
        form=form,
        flags=parse(process.args[1:]) if process else file_flags,
        read_from=f"{host}: running {program} (pid {process.pid})" if process else f"{host}:{file}",
        origin=f"host/{host}",
        file=file,
        file_flags=file_flags,
        started=process.started if process else None,
    )


def _process(bundle: Bundle, host: str, program: str) -> Process | None:
    found = decode(bundle.at(Place(f"host/{host}", Kind.PROCESS, program)), tuple[Process, ...])
    return found[0] if not isinstance(found, Unseen) and found else None


def _manifest(bundle: Bundle, host: str, program: str) -> tuple[Form, str, Flags] | None:
    path = f"{MANIFESTS}/{program}.yaml"
    text = text_of(bundle.at(Place(f"host/{host}", Kind.FILE, path)))
    if isinstance(text, Unseen):
        return None
    found = manifests.containers(text)
    if isinstance(found, Unseen):
        return None
    words = next((item.words for item in found if item.container == program or _runs(item.words, program)), None)
    return None if words is None else (Form.STATIC_POD, path, parse(words[1:]))


def _unit(bundle: Bundle, host: str, program: str) -> tuple[Form, str, Flags] | None:
    files = dict(unit_files(bundle, host, program))
    environment: dict[str, str] = {}
    for text in files.values():
        for path in units.environment_files(text):
            content = text_of(bundle.at(Place(f"host/{host}", Kind.FILE, path)))
            environment |= {} if isinstance(content, Unseen) else units.environment(content)
    command = units.command(files, environment)
    return None if command is None else (Form.UNIT, command.path, parse(command.words[1:]))


def unit_files(bundle: Bundle, host: str, program: str) -> Iterator[tuple[str, str]]:
    """Path and text of a service's unit and its drop-ins, in systemd's order: the unit first, drop-ins by name."""
    paths = [f"{folder}/{program}.service" for folder in UNIT_FOLDERS]
    unit = next(((path, text) for path in paths if isinstance(text := _file(bundle, host, path), str)), None)
    if unit is None:
        return
    yield unit
    for folder in reversed(UNIT_FOLDERS):
        drop_ins = f"{folder}/{program}.service.d"
        names = decode(bundle.at(Place(f"host/{host}", Kind.DIRECTORY, drop_ins)), tuple[str, ...])
        for name in () if isinstance(names, Unseen) else sorted(names):
            text = _file(bundle, host, f"{drop_ins}/{name}")
            if name.endswith(".conf") and isinstance(text, str):
                yield f"{drop_ins}/{name}", text


def _file(bundle: Bundle, host: str, path: str) -> str | Unseen:
    return text_of(bundle.at(Place(f"host/{host}", Kind.FILE, path)))


def text_of(document: Document) -> str | Unseen:
    """A file's text; what is not UTF-8 in it is kept as replacement characters."""
    if document.body is None:
        return Unseen(str(document.refusal), str(document.place))
    return document.body.decode("utf-8", "replace")


def _mirrored(bundle: Bundle) -> Iterator[Component]:
    """kube-apiservers shown by their mirror pods, as on every cluster whose control plane is static pods."""
    pods = decode(bundle.api(paths.API_SERVER_PODS), PodList)
    for pod in () if isinstance(pods, Unseen) else pods.items:
        for container in pod.spec.containers:
            words = (*container.command, *container.args)
            if container.name != "kube-apiserver" and not _runs(tuple(map(Argument, words)), "kube-apiserver"):
                continue
            running = next((s.state.running for s in pod.status.container_statuses if s.name == container.name), None)
            yield Component(
                program="kube-apiserver",
                host=pod.spec.node_name,
                form=Form.STATIC_POD,
                flags=parse(words[1:]),
                read_from=f"pod kube-system/{pod.metadata.name}",
                origin="workstation",
                file=f"{MANIFESTS}/kube-apiserver.yaml",
                started=running.started_at if running else None,
            )


def _runs(words: tuple[Argument, ...], program: str) -> bool:
    return bool(words) and words[0].text.rpartition("/")[2] == program


def kubelet_settings(text: str) -> dict[str, str]:
    """A KubeletConfiguration's settings of one value, those under ``authentication.x509`` by their own name."""
    try:
        loaded = yaml.load(text, Loader=manifests.LOADER)  # noqa: S506  a safe loader under another name
    except yaml.YAMLError:
        return {}
    if not isinstance(loaded, dict):
        return {}
    x509 = (loaded.get("authentication") or {}).get("x509") or {}
    return {str(name): str(value) for name, value in {**x509, **loaded}.items() if isinstance(value, str | int | bool)}
