"""How each kubelet admits those who ask it: whether it has tokens checked, admits the nameless, and who decides.

In effect is, in this order, the flag that the process was started with, its configuration file's setting, and the
default: that of KubeletConfiguration v1beta1 where there is a file, else that of the flags, which is another one for
each of the three (kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go and cmd/kubelet/app/options/options.go,
``applyLegacyDefaults``; 1.36.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import yaml

from msdoctor.bundle import Bundle, Kind, Place
from msdoctor.facts import manifests
from msdoctor.facts.processes import Component, text_of
from msdoctor.model import Evidence, Unseen


class Source(StrEnum):
    """Where a setting is made, and so where it is changed."""

    FLAG = "flag"
    FILE = "file"
    DEFAULT = "default"  # of a kubelet with a configuration file that leaves it open
    FLAG_DEFAULT = "flag default"  # of a kubelet without a configuration file


@dataclass(frozen=True, slots=True)
class _Key:
    path: tuple[str, ...]
    flag: str
    default: str
    flag_default: str

    @property
    def name(self) -> str:
        return ".".join(self.path)


TOKENS = _Key(("authentication", "webhook", "enabled"), "authentication-token-webhook", "true", "false")
ANONYMOUS = _Key(("authentication", "anonymous", "enabled"), "anonymous-auth", "false", "true")
MODE = _Key(("authorization", "mode"), "authorization-mode", "Webhook", "AlwaysAllow")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting in effect: its value, where it is made (with the line, in a file), and how to see it again."""

    name: str
    value: str
    source: Source
    evidence: Evidence
    line: int | None = None

    @property
    def on(self) -> bool:
        """A switch's position."""
        return self.value.lower() in ("true", "1", "t")


@dataclass(frozen=True, slots=True)
class Admission:
    """One kubelet's rules: ``tokens`` is webhook authentication, ``mode`` how it authorizes.

    ``config`` is its configuration file, ``unit`` the file that gives it its flags; empty where there is none.
    """

    host: str
    tokens: Setting
    anonymous: Setting
    mode: Setting
    config: str = ""
    unit: str = ""

    @property
    def asks(self) -> bool:
        """Whether it asks the API server what a caller may do."""
        return self.mode.value == "Webhook"

    @property
    def refuses_tokens(self) -> bool:
        """It knows nobody by a token, and nobody without a name: 401."""
        return not self.tokens.on and not self.anonymous.on

    @property
    def ignores_tokens(self) -> bool:
        """It takes who brings a token for nameless, and asks what the nameless may do: 403."""
        return not self.tokens.on and self.anonymous.on and self.asks


def admissions(bundle: Bundle, kubelets: Iterable[Component]) -> Mapping[str, Admission | Unseen]:
    """By host. A host without a kubelet is not in it; one whose kubelet's settings cannot be told is ``Unseen``."""
    return {process.host: _admission(bundle, process) for process in kubelets}


def _admission(bundle: Bundle, process: Component) -> Admission | Unseen:
    config = process.flags.text("config")
    root: yaml.Node | None = None
    if config:
        place = Place(process.origin, Kind.FILE, config)
        text = text_of(bundle.at(place))
        if isinstance(text, Unseen):
            return text
        try:
            root = yaml.compose(text, Loader=manifests.LOADER)
        except (yaml.YAMLError, RecursionError) as error:
            return Unseen(f"not YAML: {' '.join(str(error).split())}", str(place))
    settings = tuple(_setting(process, config, root, key) for key in (TOKENS, ANONYMOUS, MODE))
    drop_ins = process.flags.text("config-dir")
    if drop_ins and any(setting.source is not Source.FLAG for setting in settings):
        return Unseen(f"{drop_ins} may hold settings that override {config or 'the defaults'}", process.where)
    tokens, anonymous, mode = settings
    return Admission(process.host, tokens, anonymous, mode, config, process.file)


def _setting(process: Component, config: str, root: yaml.Node | None, key: _Key) -> Setting:
    given = process.flags.last(key.flag)
    if given is not None:
        saw = f"--{key.flag}={given.value}"
        how = f"ps -ww -o args= -C {process.program}"
        evidence = Evidence(saw=saw, where=process.read_from, how=how, origin=process.origin)
        return Setting(key.name, given.value, Source.FLAG, evidence, given.line)
    where = f"{process.host}:{config}"
    if root is not None and (found := _at(root, key.path)) is not None:
        line = found.start_mark.line + 1
        how = f"cat {config}"
        evidence = Evidence(f"{key.name}: {found.value}", f"{where}:{line}", how, process.origin)
        return Setting(key.name, found.value, Source.FILE, evidence, line)
    if config:
        evidence = Evidence(f"{key.name} is left to its default, {key.default}", where, f"cat {config}", process.origin)
        return Setting(key.name, key.default, Source.DEFAULT, evidence)
    evidence = Evidence(
        saw=f"neither --config nor --{key.flag}, whose default is {key.flag_default}",
        where=process.read_from,
        how=f"ps -ww -o args= -C {process.program}",
        origin=process.origin,
    )
    return Setting(key.name, key.flag_default, Source.FLAG_DEFAULT, evidence)


def _at(root: yaml.Node, path: tuple[str, ...]) -> yaml.ScalarNode | None:
    """The value at a path, with its place; null is as good as none, to Kubernetes as here."""
    node: yaml.Node | None = root
    for key in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        node = next((value for name, value in pairs if getattr(name, "value", None) == key), None)
    if not isinstance(node, yaml.ScalarNode) or node.value in ("", "~", "null"):
        return None
    return node
