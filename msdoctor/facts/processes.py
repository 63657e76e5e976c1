"""Processes of a host, and what the components among them were started with.

Flags in effect come from whichever tells the most: the running process, else the static pod's manifest, else the
systemd unit, else the configuration of k3s or rke2, else the mirror pod that the API shows. The file is named beside it
in any case, since that is where a remedy changes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import msgspec
import yaml

from msdoctor.bundle import Bundle, Document, Kind, Place
from msdoctor.facts import manifests, paths, rancher, units
from msdoctor.facts.flags import Argument, Flags, parse
from msdoctor.facts.forms import Form
from msdoctor.facts.objects import Container, Pod, PodList, Time, decode
from msdoctor.model import Unseen, those_seen

MANIFESTS = "/etc/kubernetes/manifests"
UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


class Process(msgspec.Struct, frozen=True):
    """One process of a host. ``environ`` keeps the values of proxy variables only; None where it may not be read."""

    args: tuple[str, ...]
    pid: int = 0
    started: Time | None = None
    environ: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Environ:
    """The environment of a component, as far as values are kept: of proxy variables.

    ``files`` tells by variable the file that gives it its value; ``read_from`` and ``how`` are where it was seen.
    """

    values: Mapping[str, str]
    files: Mapping[str, str]
    read_from: str
    how: str
    running: bool


@dataclass(frozen=True)
class Component:
    """A kube-apiserver or kubelet of one host.

    ``read_from`` names the document that the flags were read from, ``origin`` its vantage; ``file`` is where they are
    changed, empty if unknown. ``started`` is the running process's start. ``environ`` is None where it was not seen.
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
    environ: Environ | None = None

    @property
    def subject(self) -> str:
        """``process/kube-apiserver@k8s-master``."""
        return f"process/{self.program}@{self.host}"

    @property
    def where(self) -> str:
        """Where the flags are to be looked at: the file where one is known, else what was read."""
        return f"{self.host}:{self.file}" if self.file and self.origin.startswith("host/") else self.read_from

    def where_set(self, flag: str) -> str:
        """The same, with the line of one flag where its file was read."""
        given = self.file_flags.last(flag) if self.file and self.origin.startswith("host/") else None
        where = f"{self.host}:{given.file}" if given and given.file else self.where
        return f"{where}:{given.line}" if given and given.line else where

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
    written = _manifest(bundle, host, program) or _unit(bundle, host, program) or _of_rancher(bundle, host, program)
    if process is None and written is None:
        return None
    form, file, file_flags = written or (Form.UNKNOWN, "", Flags())
    return Component(
        program=program,
        host=host,
        form=form,
        flags=_flags_of(map(Argument, process.args), program) or Flags() if process else file_flags,
        read_from=f"{host}: running {program} (pid {process.pid})" if process else f"{host}:{file}",
        origin=f"host/{host}",
        file=file,
        file_flags=file_flags,
        started=process.started if process else None,
        environ=_environ(
            process, host, dict(_given(bundle, host, program, form)), "" if form is Form.RANCHER else file
        ),
    )


def _environ(process: Process | None, host: str, given: Mapping[str, tuple[str, str]], file: str) -> Environ | None:
    """The running process's, else what its unit or manifest would give it."""
    files = {name: path for name, (_, path) in given.items()}
    if process is not None and process.environ is not None:
        where = f"environment of pid {process.pid} on {host}"
        return Environ(process.environ, files, where, f"tr '\\0' '\\n' < /proc/{process.pid}/environ", True)
    if not file:
        return None
    return Environ({name: value for name, (value, _) in given.items()}, files, f"{host}:{file}", f"cat {file}", False)


def _given(bundle: Bundle, host: str, program: str, form: Form) -> Iterator[tuple[str, tuple[str, str]]]:
    """By variable its value and the file that gives it, in a static pod's manifest or in a unit."""
    if form is Form.STATIC_POD:
        path = f"{MANIFESTS}/{program}.yaml"
        text = _file(bundle, host, path)
        found = () if isinstance(text, Unseen) else those_seen(manifests.containers(text))
        own = next((item for item in found if _flags_of(item.words, program) is not None), None)
        yield from ((name, (value, path)) for name, value in (own.environ.items() if own else ()))
    elif form is Form.UNIT:
        files = dict(unit_files(bundle, host, program))
        named = [path for text in files.values() for path in units.environment_files(text)]
        texts = {path: text for path in named if isinstance(text := _file(bundle, host, path), str)}
        yield from units.environ(files, texts).items()


def _process(bundle: Bundle, host: str, program: str) -> Process | None:
    found = decode(bundle.at(Place(f"host/{host}", Kind.PROCESS, program)), tuple[Process, ...])
    # A process that ends or hides its command line shows no arguments, which is not to say that it was given none.
    return next((item for item in found if len(item.args) > 1), None) if not isinstance(found, Unseen) else None


def _manifest(bundle: Bundle, host: str, program: str) -> tuple[Form, str, Flags] | None:
    path = f"{MANIFESTS}/{program}.yaml"
    text = text_of(bundle.at(Place(f"host/{host}", Kind.FILE, path)))
    if isinstance(text, Unseen):
        return None
    found = manifests.containers(text)
    if isinstance(found, Unseen):
        return None
    given = (_flags_of(item.words, program) for item in found)
    flags = next((flags for flags in given if flags is not None), None)
    return None if flags is None else (Form.STATIC_POD, path, flags)


def _of_rancher(bundle: Bundle, host: str, program: str) -> tuple[Form, str, Flags] | None:
    """What k3s or rke2 starts it with: rke2's static pod shows it, of k3s it is worked out."""
    told = told_to_rancher(bundle, host) if program in rancher.ARGUMENTS else None
    if told is None:
        return None
    if told.program == rancher.K3S:
        return Form.RANCHER, told.file, rancher.flags(told, program)
    path = rancher.pod_manifest(program)
    text = _file(bundle, host, path)
    found = text if isinstance(text, Unseen) else manifests.containers(text)
    for item in those_seen(found):
        flags = _flags_of((replace(word, file=path) for word in item.words), program)
        if flags is not None:
            return Form.RANCHER, told.file, flags
    return None


def told_to_rancher(bundle: Bundle, host: str) -> rancher.Settings | None:
    """What the k3s or rke2 of a host is told, by its files and by its unit's words, if it runs the control plane."""
    commands = {name: _unit_command(bundle, host, unit) for name, unit in rancher.UNITS.items()}
    words = {
        name: [replace(word, file=command.path) for word in command.words] if command else []
        for name, command in commands.items()
    }
    return rancher.settings(bundle, host, words)


def _unit(bundle: Bundle, host: str, program: str) -> tuple[Form, str, Flags] | None:
    command = _unit_command(bundle, host, program)
    flags = None if command is None else _flags_of(command.words, program)
    return None if command is None or flags is None else (Form.UNIT, command.path, flags)


def _unit_command(bundle: Bundle, host: str, unit: str) -> units.Command | None:
    files = dict(unit_files(bundle, host, unit))
    environment: dict[str, str] = {}
    for text in files.values():
        for path in units.environment_files(text):
            content = text_of(bundle.at(Place(f"host/{host}", Kind.FILE, path)))
            environment |= {} if isinstance(content, Unseen) else units.environment(content)
    return units.command(files, environment)


def unit_files(bundle: Bundle, host: str, program: str) -> Iterator[tuple[str, str]]:
    """Path and text of a service's unit and its drop-ins, in systemd's order: the unit first, drop-ins by name."""
    paths = [f"{folder}/{program}.service" for folder in UNIT_FOLDERS]
    unit = next(((path, text) for path in paths if isinstance(text := _file(bundle, host, path), str)), None)
    if unit is None:
        return
    yield unit
    drop_ins: dict[str, str] = {}  # one of a later folder masks its namesake of an earlier one
    for folder in reversed(UNIT_FOLDERS):
        place = Place(f"host/{host}", Kind.DIRECTORY, f"{folder}/{program}.service.d")
        names = decode(bundle.at(place), tuple[str, ...])
        drop_ins |= {name: f"{place.path}/{name}" for name in (those_seen(names))}
    for name in sorted(drop_ins):
        text = _file(bundle, host, drop_ins[name])
        if name.endswith(".conf") and isinstance(text, str):
            yield drop_ins[name], text


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
            flags = _flags_of(map(Argument, (*container.command, *container.args)), "kube-apiserver")
            if flags is None:
                continue
            running = next((s.state.running for s in pod.status.container_statuses if s.name == container.name), None)
            yield Component(
                program="kube-apiserver",
                host=pod.spec.node_name,
                form=Form.STATIC_POD,
                flags=flags,
                read_from=f"pod kube-system/{pod.metadata.name}",
                origin="workstation",
                file=f"{MANIFESTS}/kube-apiserver.yaml",
                started=running.started_at if running else None,
                environ=_mirrored_environ(pod, container),
            )


def _mirrored_environ(pod: Pod, container: Container) -> Environ:
    values = {item.name: item.value for item in container.env}
    file = f"{MANIFESTS}/kube-apiserver.yaml"
    how = f"kubectl -n kube-system get pod {pod.metadata.name} -o yaml"
    return Environ(values, dict.fromkeys(values, file), f"pod kube-system/{pod.metadata.name}", how, True)


def _flags_of(words: Iterable[Argument], program: str) -> Flags | None:
    """The flags behind a program's name, whatever starts it (go-runner, hyperkube); None where it is not named.

    What a shell or a script of another name is given says nothing about the flags that the program gets in the end.
    """
    left = iter(words)
    named = any(word.text.rpartition("/")[2] == program for word in left)
    return parse(left) if named else None


def why_none(bundle: Bundle, program: str) -> str:
    """Why no component of that name was found, where host files were given."""
    for host in bundle.hosts:
        path = f"{MANIFESTS}/{program}.yaml"
        text = text_of(bundle.at(Place(f"host/{host}", Kind.FILE, path)))
        found = text if isinstance(text, Unseen) else manifests.containers(text)
        if isinstance(found, Unseen) and isinstance(text, str):
            return f"{host}:{path}: {found.reason}"
    if bundle.hosts:
        return f"neither a process nor a manifest nor a unit of {program} was found on {', '.join(bundle.hosts)}"
    return "no files of a control-plane host were given, and no mirror pod shows its flags"


def kubelet_settings(text: str) -> dict[str, str]:
    """A KubeletConfiguration's settings of one value, those under ``authentication.x509`` by their own name."""
    try:
        loaded = yaml.load(text, Loader=manifests.LOADER)  # noqa: S506  a safe loader under another name
    except (yaml.YAMLError, ValueError, RecursionError):  # ValueError: what looks like a date and is none
        return {}
    whole = _mapping(loaded)
    settings = {**_mapping(_mapping(whole.get("authentication")).get("x509")), **whole}
    return {str(name): str(value) for name, value in settings.items() if isinstance(value, str | int | bool)}


def _mapping(value: object) -> dict[object, object]:
    return value if isinstance(value, dict) else {}


def unit_paths(program: str) -> tuple[str, ...]:
    """Where a program's unit may lie."""
    return tuple(f"{folder}/{program}.service" for folder in UNIT_FOLDERS)
