"""What k3s and rke2 are told outside of their configuration files: in scripts, playbooks, cloud-init and units.

``INSTALL_K3S_EXEC`` and the arguments of the installer become the words of the unit that it writes (k3s install.sh,
setup_env), and count like those of a command line: the components' flags stand in ``--kube-apiserver-arg``,
``--kube-controller-manager-arg`` and ``--kubelet-arg``, one ``flag=value`` each (k3s pkg/cli/cmds/server.go and
agent.go; rke2 pkg/cli/cmds has the same). The kubelet's own flags are those of k3s pkg/daemons/agent: of a flag that is
given the given value counts (pkg/util/args.go, GetArgs).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from msdoctor.facts import rancher, units
from msdoctor.facts.flags import Argument, parse
from msdoctor.repository.holes import Holes
from msdoctor.repository.pieces import Text, Unit
from msdoctor.repository.place import At, NotRead
from msdoctor.repository.trees import Tree

SERVERS = {rancher.K3S: "k3s", rancher.RKE2: "rke2-server"}
AGENTS = {rancher.K3S: "k3s-agent", rancher.RKE2: "rke2-agent"}
KUBELET = "kubelet-arg"
MOST = 500  # arguments of one file; no file that people write has as many
_NAMES = "kube-apiserver-arg|kube-controller-manager-arg|kubelet-arg"
KEY = re.compile(rf"(?:{_NAMES})\+?")
_OPTION = re.compile(
    rf"(?<![\w-])--({_NAMES})(?:=|[ \t]+|[ \t]*\\\n[ \t]*)"
    r"""(?:\\?"(?P<double>[^"\n\\]*)|\\?'(?P<single>[^'\n\\]*)|(?P<bare>[^\s"'\\;|&<>()]+))"""
)
_AGENT = re.compile(r"(?<![\w/.-])agent(?![\w.-])|agent[_-]?args|(?<!\w)K3S_URL=", re.IGNORECASE)
_SERVER = re.compile(
    r"(?<![\w/.-])server(?![\w./-])|server[_-]?args|kube-(?:apiserver|controller-manager)-arg", re.IGNORECASE
)
_AGENTS_FILE = re.compile(r"(?i)(?:^|[/_-])(?:agent|worker)s?(?:[/._-]|$)")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Option:
    """One ``flag=value`` for a component: the option that gives it, and where it stands."""

    name: str
    value: str
    at: At


@dataclass(slots=True)
class Told:
    """What the commands of one file tell k3s and rke2, by the unit that it is told to."""

    path: str
    holes: Holes
    options: dict[str, list[Option]] = field(default_factory=dict)
    beyond: NotRead | None = None  # the first of those that were too many

    def script(self, text: str, line: int, taken: Sequence[tuple[int, int]], known: Mapping[str, str]) -> None:
        """Of a shell script that begins at a line, but for those lines that are of another text."""
        if "-arg" not in text:
            return
        for number, command in _commands(text):
            if any(start <= number <= end for start, end in taken) or command.lstrip().startswith(("#", "//")):
                continue
            unit = self._unit(command) if "-arg" in command else ""
            for match in _OPTION.finditer(command):
                if self.beyond:
                    return
                start = match.start(_group(match))
                where = line - 1 + number + command.count("\n", 0, start)
                at = At(self.path, where, start - command.rfind("\n", 0, start))
                self._add(unit, match[1], _resolved(match[_group(match)], known), at)

    def tree(self, tree: Tree, lines: Sequence[str], key: str = "") -> None:
        """Of a YAML document: its commands in one line or as lists, and settings below a variable's name."""
        if self.beyond:
            return
        if isinstance(tree.value, dict):
            for name, item in tree.fields.items():
                if key and KEY.fullmatch(name):
                    for one in item.items or [item]:
                        self._add(self._unit(key), name.rstrip("+"), one.text(), _exactly(one, one.text(), lines))
                else:
                    self.tree(item, lines, name)
        elif isinstance(tree.value, list):
            self._list(tree.items, lines, key)
        elif isinstance(tree.value, str) and "-arg" in tree.value and "\n" not in tree.value:
            self._words(tree, lines, self._unit(f"{key} {tree.value}"))

    def _list(self, items: Sequence[Tree], lines: Sequence[str], key: str) -> None:
        words = [item.text() for item in items]
        unit = self._unit(" ".join((key, *words))) if any("-arg" in word for word in words) else ""
        for place, item in enumerate(items):
            if isinstance(item.value, dict | list):
                self.tree(item, lines, key)
                continue
            bare = KEY.fullmatch(words[place].removeprefix("--"))
            if bare and words[place].startswith("--") and place + 1 < len(items):
                value = words[place + 1]
                self._add(unit, bare[0], value, _exactly(items[place + 1], value, lines))
            elif unit and "\n" not in words[place]:
                self._words(item, lines, unit)

    def _words(self, tree: Tree, lines: Sequence[str], unit: str) -> None:
        for match in _OPTION.finditer(tree.text()):
            if self.beyond:
                return
            value = match[_group(match)]
            self._add(unit, match[1], value, _exactly(tree, value, lines))

    def _unit(self, command: str) -> str:
        """The unit that a command is of: an agent's only where nothing of it is a server's."""
        program = rancher.RKE2 if "rke2" in command or ("rke2" in self.path and "k3s" not in command) else rancher.K3S
        return (AGENTS if _AGENT.search(command) and not _SERVER.search(command) else SERVERS)[program]

    def _add(self, unit: str, name: str, value: str, at: At) -> None:
        if sum(map(len, self.options.values())) >= MOST:
            why = f"more than {MOST:,} arguments of k3s and rke2: this one and those after it were not read"
            self.beyond = self.beyond or NotRead(at, why)
            return
        flag, equals, given = value.partition("=")
        if "$" in given or "{{" in given:
            value = f"{flag}{equals}{self.holes.make(given, at)}"
        self.options.setdefault(unit, []).append(Option(name, value, at))

    def units(self) -> Iterator[Unit]:
        """Units with these words, as the installer would write them."""
        for program, options in self.options.items():
            binary, role = ("rke2" if "rke2" in program else "k3s"), ("agent" if "agent" in program else "server")
            lines = ["[Service]", f"ExecStart=/usr/local/bin/{binary} {role}"]
            lines[-1:] = [f"{lines[-1]} \\", *(f"  '--{one.name}={one.value}' \\" for one in options)]
            places = {number: one.at for number, one in enumerate(options, 3)}
            yield Unit(program, Text("\n".join(lines).removesuffix(" \\") + "\n", options[0].at, places))


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """Lines of a script, those that a backslash goes on behind joined: the number of the first, and the whole."""
    joined: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        joined.append(line)
        if not line.endswith("\\"):
            yield number + 1 - len(joined), "\n".join(joined)
            joined = []
    if joined:
        yield text.count("\n") + 2 - len(joined), "\n".join(joined)


def _group(match: re.Match[str]) -> str:
    return next(name for name in ("double", "single", "bare") if match[name] is not None)


def _resolved(value: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: known.get(match[1] or match[2], match[0]), value)


def _exactly(scalar: Tree, value: str, lines: Sequence[str]) -> At:
    """Line and column of a value that stands within a scalar."""
    at = scalar.at
    for number in range(at.line, min(max(scalar.end, at.line), len(lines)) + 1):
        column = lines[number - 1].find(value, at.column - 1 if number == at.line else 0)
        if value and column >= 0:
            return At(at.file, number, column + 1)
    return at


def is_agents(file: str) -> bool:
    """Whether a file's path says that it is of agents, which have no API server."""
    return bool(_AGENTS_FILE.search(file))


def kubelet(program: str, config: Text | None, unit: Unit | None, *, control_plane: bool) -> Unit | None:
    """The kubelet that k3s or rke2 starts, where anything is told to it."""
    given = [*_of_config(config), *_of_unit(unit)]
    if not given:
        return None
    folder = f"{rancher.DATA}/{program}/agent"
    own = {
        "anonymous-auth": "false",
        "authentication-token-webhook": "true",
        "authorization-mode": "Webhook",
        "client-ca-file": f"{folder}/client-ca.crt",
        "tls-cert-file": f"{folder}/serving-kubelet.crt",
        "tls-private-key-file": f"{folder}/serving-kubelet.key",
    }
    named = {one.value.removeprefix("--").partition("=")[0].rstrip("+-") for one in given}
    lines = ["[Service]", "ExecStart=/usr/bin/kubelet \\"]
    lines += [f"  --{name}={value} \\" for name, value in own.items() if name not in named]
    places: dict[int, At] = {}
    for one in given:
        lines.append(f"  --{one.value.removeprefix('--')} \\")
        places[len(lines)] = one.at
    body = "\n".join(lines).removesuffix(" \\") + "\n"
    return Unit("kubelet", Text(body, given[0].at, places), control_plane=control_plane)


def _of_config(config: Text | None) -> Iterator[Option]:
    values = rancher.merged({"": config.body}).get(KUBELET, ()) if config else ()
    yield from (_option(argument, config) for argument in values if config)


def _of_unit(unit: Unit | None) -> Iterator[Option]:
    command = units.command({"": unit.text.body}, {}) if unit else None
    flags = parse(command.words).given if command else ()
    for flag in flags:
        if unit and flag.name == KUBELET:
            yield _option(Argument(flag.value, flag.line), unit.text)


def _option(argument: Argument, text: Text) -> Option:
    return Option(KUBELET, argument.text, text.place_of(argument.line, argument.text))
