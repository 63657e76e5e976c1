"""The real components, built from their Go modules and kept in a cache keyed by what they are built from.

Layout of the cache: ``<cache>/<component>-<key>/<binary>`` beside a ``SHA256SUMS`` that is checked before every use, so
that a half-written or altered file is never taken for a component. The cache lies outside the checkout:
``$MSDOCTOR_LAB_CACHE``, else ``~/.cache/msdoctor-lab``.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
MODULES = HERE.parent / "components"
INIT_SOURCE = HERE / "init.c"

KUBERNETES_VERSION = "v1.36.3"
# The one that patients have unless they say otherwise comes first.
METRICS_SERVER_VERSIONS = ("v0.8.0", "v0.9.0")
COREDNS_VERSION = "v1.14.7"
VPA_VERSION = "v1.8.1"

VPA_MODULE = "k8s.io/autoscaler/vertical-pod-autoscaler"
VERSION_PACKAGE = "k8s.io/component-base/version"
METRICS_SERVER_VERSION_PACKAGES = ("sigs.k8s.io/metrics-server/pkg/version", "k8s.io/client-go/pkg/version")


@dataclass(frozen=True)
class Component:
    """One Go module of ``components/`` and the commands that it yields.

    ``ldflags`` stamps the version: a kube-apiserver without one reports an empty version, and clients misjudge it.
    ``suffix`` tells its commands from those of another release. ``tags`` leave parts of its source out.
    """

    name: str
    packages: tuple[str, ...]
    ldflags: str = "-s -w"
    suffix: str = ""
    tags: str = ""

    @property
    def folder(self) -> Path:
        """Where its go.mod and go.sum lie."""
        return MODULES / self.name

    @property
    def key(self) -> str:
        """A digest of everything that decides what the build yields, as far as it is ours to decide."""
        digest = hashlib.sha256()
        for part in (
            (self.folder / "go.mod").read_bytes(),
            (self.folder / "go.sum").read_bytes(),
            self.ldflags.encode(),
            *([self.tags.encode()] if self.tags else []),
            " ".join(self.packages).encode(),
            go_version().encode(),
        ):
            digest.update(part + b"\0")
        return digest.hexdigest()[:16]


def _kubernetes(name: str, *commands: str) -> Component:
    major, minor, _ = KUBERNETES_VERSION.removeprefix("v").split(".")
    stamps = {"gitVersion": KUBERNETES_VERSION, "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X {VERSION_PACKAGE}.{name}={value}" for name, value in stamps.items())
    return Component(name, tuple(f"k8s.io/kubernetes/cmd/{command}" for command in commands), f"-s -w {flags}")


def _metrics_server(version: str) -> Component:
    stamps = " ".join(f"-X {package}.gitVersion={version}" for package in METRICS_SERVER_VERSION_PACKAGES)
    suffix = f"-{version.removeprefix('v').rpartition('.')[0]}"
    return Component(
        f"metrics-server{suffix}", ("sigs.k8s.io/metrics-server/cmd/metrics-server",), f"-s -w {stamps}", suffix
    )


COMPONENTS = (
    _kubernetes(
        "kubernetes", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"
    ),
    *(_metrics_server(version) for version in METRICS_SERVER_VERSIONS),
    Component("coredns", ("github.com/coredns/coredns",)),
)
# No part of any lab: programs that judge by themselves what msdoctor reads and writes.
TOOLS = (
    _kubernetes("kubeadm", "kubeadm"),
    # Without the clients of every cloud, which find what Prometheus scrapes, it takes two thirds of the time to build.
    Component("promtool", ("github.com/prometheus/prometheus/cmd/promtool",), tags="remove_all_sd"),
)

# Which few patients have, and takes minutes to build: it is not among the others.
VPA = Component("vertical-pod-autoscaler", (f"{VPA_MODULE}/pkg/recommender",))


def cache_folder() -> Path:
    """The folder that holds built binaries, made if it is not there."""
    folder = Path(os.environ.get("MSDOCTOR_LAB_CACHE") or Path.home() / ".cache" / "msdoctor-lab")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def folder_of(name: str) -> Path:
    """The folder of a component's binaries; `ensure` fills it."""
    component = next(component for component in COMPONENTS if component.name == name)
    return cache_folder() / f"{component.name}-{component.key}"


@cache
def go_version() -> str:
    """What ``go version`` prints: another compiler means another build."""
    return subprocess.run(["go", "version"], check=True, capture_output=True, text=True).stdout.strip()


def ensure(components: Iterable[Component] = COMPONENTS) -> dict[str, Path]:
    """Every binary of the lab by name, or those of other components; built now where the cache has no sound copy.

    Raises ``subprocess.CalledProcessError`` when a build fails; its output has then been shown.
    """
    found: dict[str, Path] = {}
    for component in components:
        found |= _ensure(component)
    found["lab-init"] = _ensure_init()
    return found


def tool(name: str) -> Path:
    """One of `TOOLS`, built now where the cache has no sound copy. Raises as `ensure` does."""
    return _ensure(next(component for component in TOOLS if component.name == name))[name]


def _ensure(component: Component) -> dict[str, Path]:
    target = cache_folder() / f"{component.name}-{component.key}"
    with _alone(target):
        if not _sound(target):
            _build(component, target)
    return {path.name + component.suffix: path for path in target.iterdir() if path.name != "SHA256SUMS"}


def _build(component: Component, target: Path) -> None:
    print(f"building {component.name} from its modules into {target} …", flush=True)
    scratch = target.with_name(target.name + ".partial")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    subprocess.run(
        ["go", "install", "-trimpath", "-tags", component.tags, "-ldflags", component.ldflags, *component.packages],
        cwd=component.folder,
        env={**os.environ, "CGO_ENABLED": "0", "GOBIN": str(scratch)},
        check=True,
    )
    _seal(scratch, target)


def _ensure_init() -> Path:
    """PID 1 of a machine, pause image and workload: one static C program."""
    key = hashlib.sha256(INIT_SOURCE.read_bytes()).hexdigest()[:16]
    target = cache_folder() / f"init-{key}"
    with _alone(target):
        if not _sound(target):
            scratch = target.with_name(target.name + ".partial")
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            subprocess.run(
                ["gcc", "-O2", "-static", "-Wall", "-o", str(scratch / "lab-init"), str(INIT_SOURCE)], check=True
            )
            _seal(scratch, target)
    return target / "lab-init"


def _seal(scratch: Path, target: Path) -> None:
    sums = "".join(f"{_sha256(path)}  {path.name}\n" for path in sorted(scratch.iterdir()))
    (scratch / "SHA256SUMS").write_text(sums)
    shutil.rmtree(target, ignore_errors=True)
    scratch.rename(target)


def _sound(target: Path) -> bool:
    sums = target / "SHA256SUMS"
    if not sums.is_file():
        return False
    wanted = [line.split("  ", 1) for line in sums.read_text().splitlines()]
    return all((target / name).is_file() and _sha256(target / name) == digest for digest, name in wanted)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Hold off other labs that want the same build at the same time."""
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    for name, path in sorted({**ensure(), **{component.name: tool(component.name) for component in TOOLS}}.items()):
        print(f"{name:26} {path}")
