"""The Containerfile, built by buildah, and its image, run by runc: as nobody, on a root file system that is read-only.

No registry of images is asked: the base is made of this machine's own Debian packages, and stands for python's image.
What that one has besides, and that its digest is there, is not tried here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from msdoctor import __version__

from .conftest import CHECKOUT, Built, Ended, once, run

TOOLS = ("buildah", "runc", "apt-cache", "dpkg-query")
MISSING = [name for name in TOOLS if shutil.which(name) is None]
DEBIAN_PYTHON = Path("/usr/bin/python3")

pytestmark = pytest.mark.skipif(
    not os.environ.get("MSDOCTOR_IMAGE_REQUIRED") and (bool(MISSING) or os.getuid() != 0),
    reason=f"needs root and {', '.join(MISSING) or 'nothing else'}",
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image: what it says of itself, and its files."""

    config: dict[str, Any]
    root: Path
    folder: Path

    def run(self, *arguments: str, work: Path, expected: int = 0) -> Ended:
        """Start its entrypoint on a read-only root without a network or a capability, as its own user."""
        user, group = map(int, self.config["User"].split(":"))
        bundle = self.folder / "bundle"
        shutil.rmtree(bundle, ignore_errors=True)
        bundle.mkdir()
        mounts = [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/work", "type": "none", "source": str(work), "options": ["rbind", "ro"]},
        ]
        kinds = ("pid", "network", "ipc", "uts", "mount")
        described = {
            "ociVersion": "1.0.2",
            "root": {"path": str(self.root), "readonly": True},
            "process": {
                "args": [*self.config["Entrypoint"], *arguments],
                "env": self.config["Env"],
                "cwd": self.config["WorkingDir"],
                "user": {"uid": user, "gid": group},
                "capabilities": {},
                "noNewPrivileges": True,
            },
            "mounts": mounts,
            "linux": {"namespaces": [{"type": kind} for kind in kinds]},
        }
        (bundle / "config.json").write_text(json.dumps(described))
        name = f"msdoctor-test-{os.getpid()}"
        runc = ["runc", "--root", self.folder / "runc", "run", "--bundle", bundle, name]
        return run(runc, cwd=bundle, env=dict(os.environ), expected=expected)


@pytest.fixture(scope="module")
def image(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Image:
    with once(tmp_path_factory, "image") as (folder, is_first):
        if is_first:
            _build(built, folder)
    config = json.loads((folder / "config.json").read_text())
    return Image(config, folder / "root", tmp_path_factory.mktemp("image"))


def _build(built: Built, folder: Path) -> None:
    """Leave the image's files in ``root`` and its configuration in ``config.json``."""
    stores = ["--root", folder / "store", "--runroot", folder / "run", "--storage-driver", "overlay"]

    def buildah(*words: str | Path) -> str:
        return run(["buildah", *stores, *words], cwd=CHECKOUT, env=dict(os.environ)).out.strip()

    _debian(folder / "base", built.wheels)
    base = buildah("from", "scratch")
    buildah("copy", "--quiet", base, folder / "base", "/")
    buildah("config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", base)
    buildah("commit", "--quiet", base, "localhost/python")
    # A folder of wheels stands for the registry of packages.
    (folder / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    shutil.copytree(built.wheels, folder / "wheels")
    _wheels_for_debian(built, folder / "wheels")
    volumes = [f"{folder / 'wheels'}:/wheels:ro", f"{folder / 'pip.conf'}:/etc/pip.conf:ro"]
    buildah(
        *("bud", "--isolation", "chroot", "--pull-never", "--layers=false", "--tag", "localhost/msdoctor"),
        *("--build-arg", "PYTHON=localhost/python", "--build-arg", "REVISION=1234abc"),
        *(word for volume in volumes for word in ("--volume", volume)),
        CHECKOUT,
    )
    said = json.loads(buildah("inspect", "--type", "image", "localhost/msdoctor"))
    (folder / "config.json").write_text(json.dumps(said["OCIv1"]["config"]))
    container = buildah("from", "--pull-never", "localhost/msdoctor")
    # Copied, since what is mounted would have to be unmounted by the last of the workers.
    run(["cp", "-a", buildah("mount", container), folder / "root"], cwd=folder, env=dict(os.environ))
    buildah("umount", "--all")
    buildah("rm", "--all")
    shutil.rmtree(folder / "store")


def _debian(root: Path, wheels: Path) -> None:
    """The files of Debian's Python and of what it needs, from the packages that are installed here, with pip."""
    no = [f"--no-{kind}" for kind in ("recommends", "suggests", "conflicts", "breaks", "replaces", "enhances")]
    needs = ["python3", "dash", "coreutils"]
    depends = subprocess.run(
        ["apt-cache", "depends", "--recurse", "--installed", *no, *needs], capture_output=True, text=True, check=True
    )
    packages = [line for line in depends.stdout.splitlines() if not line.startswith((" ", "<", "|"))]
    listed = subprocess.run(["dpkg-query", "--listfiles", *packages], capture_output=True, text=True, check=False)
    unneeded = ("/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/var")
    paths = {line for line in listed.stdout.splitlines() if line.startswith("/") and not line.startswith(unneeded)}
    kept = sorted(path[1:] for path in paths if path != "/." and os.path.lexists(path))
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    packed = subprocess.run(
        ["tar", "-C", "/", "-c", "--no-recursion", "-T", "-"],
        input="\n".join(kept).encode(),
        capture_output=True,
        check=True,
    )
    subprocess.run(["tar", "-C", root, "-x", "--keep-directory-symlink"], input=packed.stdout, check=True)
    (root / "usr" / "local" / "bin").mkdir(parents=True, exist_ok=True)
    (root / "usr" / "local" / "bin" / "python").symlink_to(DEBIAN_PYTHON)  # its name in python's image
    (pip,) = wheels.glob("pip-*.whl")
    (folder,) = (root / "usr" / "lib").glob("python3.*")
    zipfile.ZipFile(pip).extractall(root / "usr" / "local" / "lib" / folder.name / "dist-packages")
    (folder / "EXTERNALLY-MANAGED").unlink()
    (root / "tmp").mkdir()


def _wheels_for_debian(built: Built, wheels: Path) -> None:
    """Where the tests run on another Python than Debian's, its wheels are not there yet."""
    tell = "import sys; print('%d.%d' % sys.version_info[:2])"
    version = run([DEBIAN_PYTHON, "-c", tell], cwd=wheels, env={}).out.strip()
    if any(f"-cp{version.replace('.', '')}-" in wheel.name for wheel in wheels.glob("cffi-*")):
        return
    pip = [shutil.which("python3") or "python3", "-m", "pip", "download", "--quiet", "--only-binary", ":all:"]
    pinned = ["--constraint", CHECKOUT / "constraints.txt", "--python-version", version, "--dest", wheels]
    run([*pip, *pinned, built.wheel, "setuptools"], cwd=wheels, env=dict(os.environ))


def test_it_is_nobody_and_says_what_it_is(image: Image) -> None:
    labels = image.config["Labels"]

    assert image.config["User"] == "65532:65532"
    assert image.config["Entrypoint"] == ["/opt/msdoctor/bin/msdoctor"]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.revision"] == "1234abc"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_it_starts(image: Image, tmp_path: Path) -> None:
    assert image.run("version", work=tmp_path).out == f"msdoctor {__version__}\n"
    text = "x509: certificate is valid for 10.0.0.1, not 10.0.0.2"
    assert "kubelet-cert-san-mismatch" in image.run("explain", text, work=tmp_path).out


def test_it_judges_a_repository_and_a_saved_look(image: Image, faulty: Path) -> None:
    faulty.chmod(0o755)
    assert "requestheader-allowed-names-mismatch" in image.run("preflight", ".", work=faulty, expected=1).out
    ended = image.run("run", "--from", ".", work=CHECKOUT / "fixtures" / "story", expected=1)
    assert "requestheader-config-missing" in ended.out


def test_it_needs_no_shell(image: Image, tmp_path: Path) -> None:
    shells = [image.root / "usr" / "bin" / name for name in ("sh", "dash", "bash")]
    hidden = [shell.rename(shell.with_name(f"{shell.name}.hidden")) for shell in shells if os.path.lexists(shell)]
    try:
        image.run("version", work=tmp_path)
    finally:
        for path in hidden:
            path.rename(path.with_name(path.name.removesuffix(".hidden")))


def test_nothing_in_it_can_be_written_by_its_user_and_nothing_of_the_build_is_left(image: Image) -> None:
    program = image.root / "opt" / "msdoctor"
    writable = [path for path in program.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o022]

    assert writable == []
    assert not (image.root / "source").exists()
    assert not (image.root / "wheel").exists()
    assert list(program.rglob("pip")) == []
    assert list(program.rglob("cli/__pycache__/run.*.pyc"))
