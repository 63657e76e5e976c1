"""Flags of the components that k3s and rke2 start themselves, from their configuration files.

``/etc/rancher/PROGRAM/config.yaml``, then every .yaml or .yml of ``config.yaml.d`` by name, then the words of the unit:
a key that comes again replaces the earlier one, unless a ``+`` ends it, which appends (k3s pkg/configfilearg/parser.go,
readConfigFile; words of the command line follow as further values). ``kube-apiserver-arg`` and its kin hold one
``flag=value`` each. A flag that is named there takes the place of PROGRAM's own, and several add up, in order;
``flag+`` keeps PROGRAM's before, ``flag-`` after (pkg/util/args.go, GetArgs).

k3s runs all components in one process, whose arguments it hides (pkg/cli/server/server.go, SetProcTitle); rke2 writes
static pods, which show what is in effect. Both write those anew at every start: flags are changed in the configuration.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import yaml

from msdoctor.bundle import Bundle, Kind, Place
from msdoctor.facts import manifests
from msdoctor.facts.flags import Argument, Flags, parse
from msdoctor.facts.objects import decode
from msdoctor.model import those_seen

DATA = "/var/lib/rancher"
K3S, RKE2 = "k3s", "rke2"
PROGRAMS = (K3S, RKE2)
UNITS = {K3S: "k3s", RKE2: "rke2-server"}
ARGUMENTS = {
    "kube-apiserver": "kube-apiserver-arg",
    "kube-controller-manager": "kube-controller-manager-arg",
}
ENDINGS = (".yaml", ".yml")

Values = Mapping[str, tuple[Argument, ...]]


@dataclass(frozen=True, slots=True)
class Settings:
    """What one host's k3s or rke2 is told: every key's values, each with the file and line that it stands in."""

    program: str
    values: Values = field(default_factory=dict)

    @property
    def file(self) -> str:
        """Where its flags are changed."""
        return config(self.program)

    def text(self, key: str, default: str = "") -> str:
        """The value that counts of a key of one value."""
        values = self.values.get(key, ())
        return values[-1].text if values else default


def config(program: str) -> str:
    """Its configuration file."""
    return f"/etc/rancher/{program}/config.yaml"


def there(bundle: Bundle, host: str) -> tuple[str, ...]:
    """Which of the two have a data directory on a host."""
    names = decode(bundle.at(Place(f"host/{host}", Kind.DIRECTORY, DATA)), tuple[str, ...])
    return tuple(program for program in PROGRAMS if program in those_seen(names))


def places(bundle: Bundle, host: str) -> Iterator[Place]:
    """What to read of a host, its units excepted."""
    origin = f"host/{host}"
    yield Place(origin, Kind.DIRECTORY, DATA)
    for program in there(bundle, host):
        yield Place(origin, Kind.FILE, config(program))
        yield Place(origin, Kind.DIRECTORY, f"{config(program)}.d")
        yield from (Place(origin, Kind.FILE, path) for path in _drop_ins(bundle, host, program))
        if program == RKE2:
            yield from (Place(origin, Kind.FILE, pod_manifest(component)) for component in ARGUMENTS)


def pod_manifest(component: str) -> str:
    """Where rke2 writes a component's static pod (rke2 pkg/podexecutor/staticpod.go)."""
    return f"{DATA}/{RKE2}/agent/pod-manifests/{component}.yaml"


def _drop_ins(bundle: Bundle, host: str, program: str) -> tuple[str, ...]:
    folder = f"{config(program)}.d"
    names = decode(bundle.at(Place(f"host/{host}", Kind.DIRECTORY, folder)), tuple[str, ...])
    return tuple(f"{folder}/{name}" for name in sorted(those_seen(names)) if name.lower().endswith(ENDINGS))


def settings(bundle: Bundle, host: str, unit_words: Mapping[str, Sequence[Argument]]) -> Settings | None:
    """What the program of a host is told, if it runs the control plane; ``unit_words`` by program: its unit's command.

    A k3s host is an agent, without a control plane, where its unit says so; only a server has a unit of this name.
    """
    for program in there(bundle, host):
        words = unit_words.get(program, ())
        files = (config(program), *_drop_ins(bundle, host, program))
        texts = {path: _text(bundle, host, path) for path in files}
        if not any(word.text == "server" for word in words):
            continue
        values = merged({path: text for path, text in texts.items() if text})
        return Settings(program, _with_words(values, words))
    return None


def _text(bundle: Bundle, host: str, path: str) -> str:
    body = bundle.at(Place(f"host/{host}", Kind.FILE, path)).body
    return "" if body is None else body.decode("utf-8", "replace")


def merged(texts: Mapping[str, str]) -> Values:
    """Configuration files in the order in which they are read; one that is not YAML says nothing."""
    found: dict[str, tuple[Argument, ...]] = {}
    for path, text in texts.items():
        for key, values in _pairs(path, text):
            name = key.removesuffix("+")
            found[name] = (*found.get(name, ()), *values) if key.endswith("+") else values
    return found


def _pairs(path: str, text: str) -> Iterator[tuple[str, tuple[Argument, ...]]]:
    try:
        root = yaml.compose(text, Loader=manifests.LOADER)
    except (yaml.YAMLError, RecursionError):
        return
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        listed = value.value if isinstance(value, yaml.SequenceNode) else [value]
        items = [item for item in listed if isinstance(item, yaml.ScalarNode)]
        if isinstance(key, yaml.ScalarNode):
            yield key.value, tuple(Argument(item.value, item.start_mark.line + 1, path) for item in items)


def _with_words(values: Values, words: Sequence[Argument]) -> Values:
    """Words of a command line come after the files' values of the same key."""
    found = dict(values)
    behind = next((place for place, word in enumerate(words) if word.text == "server"), len(words))
    for flag in parse(words[behind + 1 :]).given:
        argument = Argument(flag.value, flag.line, flag.file)
        found[flag.name] = (*found.get(flag.name, ()), argument)
    return found


def flags(told: Settings, component: str) -> Flags:
    """What a component of k3s is started with: k3s's own flags, or those that the configuration has in their place."""
    extra = told.values.get(ARGUMENTS[component], ())
    own = {name: (Argument(value),) for name, value in _own(told, component).items()}
    given: dict[str, tuple[Argument, ...]] = {}
    for item in extra:
        name, _, value = item.text.removeprefix("--").partition("=")
        one = replace(item, text=value if "=" in item.text else "true")
        clean = name.rstrip("-+")
        before = given.get(clean, ())
        if name.endswith("+"):
            given[clean] = (*own.get(clean, ()), *before, one)
        elif name.endswith("-"):
            given[clean] = (one, *own.get(clean, ()), *before)
        else:
            given[clean] = (*before, one)
        own.pop(clean, None)
    words = ((name, value) for name, values in {**own, **given}.items() for value in values)
    return parse([replace(value, text=f"--{name}={value.text}") for name, value in words])


def _own(told: Settings, component: str) -> dict[str, str]:
    """Those of k3s's own flags that this pipeline depends on (pkg/daemons/control/server.go, apiServer and so on)."""
    data = told.text("data-dir") or told.text("d") or f"{DATA}/{told.program}"
    tls = posixpath.join(data, "server", "tls")
    if component == "kube-controller-manager":
        signing = "cluster-signing-kubelet-serving"
        return {
            "root-ca-file": f"{tls}/server-ca.crt",
            "use-service-account-credentials": "true",
            f"{signing}-cert-file": f"{tls}/server-ca.crt",
            f"{signing}-key-file": f"{tls}/server-ca.key",
        }
    tunnel = {
        "enable-aggregator-routing": "true",
        "egress-selector-config-file": posixpath.join(data, "server", "etc", "egress-selector-config.yaml"),
    }
    return {
        **(tunnel if told.text("egress-selector-mode") != "disabled" else {}),
        "authorization-mode": "Node,RBAC",
        "client-ca-file": f"{tls}/client-ca.crt",
        "kubelet-certificate-authority": f"{tls}/server-ca.crt",
        "proxy-client-cert-file": f"{tls}/client-auth-proxy.crt",
        "proxy-client-key-file": f"{tls}/client-auth-proxy.key",
        "requestheader-allowed-names": "system:auth-proxy",
        "requestheader-client-ca-file": f"{tls}/request-header-ca.crt",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-username-headers": "X-Remote-User",
        "service-account-key-file": f"{tls}/service.key",
        "tls-cert-file": f"{tls}/serving-kube-apiserver.crt",
    }
