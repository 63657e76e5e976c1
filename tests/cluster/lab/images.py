"""Container images made by hand: there is no registry to pull from.

An image is a tar of `manifest.json`, `config.json` and one layer with one program, as `ctr images import` reads it.
"""

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lab.binaries import KUBERNETES_VERSION
from lab.truth import Form

PAUSE = "registry.k8s.io/pause:3.10"
METRICS_SERVER = "registry.k8s.io/metrics-server/metrics-server"
COREDNS = "registry.k8s.io/coredns/coredns:v1.14.7"
BUSY = "docker.io/msdoctor-lab/busy:1"
ETCD = "registry.k8s.io/etcd:3.4.23"
CONTROL_PLANE = {
    name: f"registry.k8s.io/{name}:{KUBERNETES_VERSION}"
    for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
}
ETCD_PROGRAM = Path("/usr/bin/etcd")


ELF_MACHINES = {"amd64": 0x3E, "arm64": 0xB7}
OTHER_ARCHITECTURE = "amd64" if platform.machine() == "aarch64" else "arm64"
# As upstream's were called when each processor had its own.
FOREIGN = f"registry.k8s.io/metrics-server/metrics-server-{OTHER_ARCHITECTURE}:v0.8.0"


@dataclass(frozen=True)
class Image:
    """`files` maps each path inside the image to the file of this machine that goes there."""

    tag: str
    entrypoint: tuple[str, ...]
    files: Mapping[str, Path]

    def archive(self) -> bytes:
        """The image in the form that `docker save` writes."""
        layer = _tar((name.lstrip("/"), path.read_bytes(), 0o755) for name, path in self.files.items())
        digest = hashlib.sha256(layer).hexdigest()
        config = {
            "architecture": _architecture(),
            "os": "linux",
            "config": {"Entrypoint": self.entrypoint, "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
        manifest = [{"Config": "config.json", "RepoTags": [self.tag], "Layers": ["layer.tar"]}]
        return _tar(
            (
                ("manifest.json", json.dumps(manifest).encode(), 0o644),
                ("config.json", json.dumps(config).encode(), 0o644),
                ("layer.tar", layer, 0o644),
            )
        )


def workload(binaries: Mapping[str, Path]) -> Iterator[Image]:
    """What every node needs, the pause image first."""
    init = binaries["lab-init"]
    yield Image(PAUSE, ("/pause",), {"/pause": init})
    yield Image(COREDNS, ("/coredns",), {"/coredns": binaries["coredns"]})
    yield Image(BUSY, ("/busy",), {"/busy": init})


def metrics_server(binaries: Mapping[str, Path], version: str) -> Image:
    """One release of metrics-server, as in "v0.8.0"."""
    program = binaries[f"metrics-server-{version.removeprefix('v').rpartition('.')[0]}"]
    return Image(f"{METRICS_SERVER}:{version}", ("/metrics-server",), {"/metrics-server": program})


def recommender(binaries: Mapping[str, Path], tag: str) -> Image:
    """VPA's recommender."""
    return Image(tag, ("/recommender",), {"/recommender": binaries["recommender"]})


def foreign(program: Path, folder: Path) -> Image:
    """An image of metrics-server for another processor: the head of its program, marked as the other's."""
    head = bytearray(program.read_bytes()[:4096])
    head[18:20] = (ELF_MACHINES[OTHER_ARCHITECTURE]).to_bytes(2, "little")
    file = folder / "foreign"
    file.write_bytes(head)
    return Image(FOREIGN, ("/metrics-server",), {"/metrics-server": file})


def control_plane(binaries: Mapping[str, Path], form: Form) -> Iterator[Image]:
    """What k8s-master needs beforehand: the static pods' images, and pause to run them in."""
    if form is Form.SYSTEMD:
        return
    yield Image(ETCD, ("etcd",), {"/usr/local/bin/etcd": ETCD_PROGRAM, **_libraries(ETCD_PROGRAM)})
    for name, tag in CONTROL_PLANE.items():
        yield Image(tag, (name,), {f"/usr/local/bin/{name}": binaries[name]})


def _libraries(program: Path) -> dict[str, Path]:
    """Debian's etcd is linked dynamically: the libraries that it asks for, by the paths at which it finds them."""
    lines = subprocess.run(["ldd", str(program)], check=True, capture_output=True, text=True).stdout.splitlines()
    paths = [word for line in lines for word in line.split() if word.startswith("/")]
    return {path: Path(path) for path in paths}


def _tar(files: Iterable[tuple[str, bytes, int]]) -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        for name, content, mode in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = mode
            archive.addfile(entry, io.BytesIO(content))
    return whole.getvalue()


def _architecture() -> str:
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    machine = subprocess.run(["uname", "-m"], check=True, capture_output=True, text=True).stdout.strip()
    return names.get(machine, machine)
