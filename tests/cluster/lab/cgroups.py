"""A cgroup per machine in every hierarchy, to be the kubelet's cgroupRoot.

Two kubelets in one cgroup tree would kill each other's pods as orphans.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
PARENT = "msdoctor-lab"


def root(lab: str, machine: str) -> str:
    """The kubelet's cgroupRoot for a machine, as a path inside each hierarchy."""
    return f"/{PARENT}/{lab}/{machine}"


def create(lab: str, machine: str) -> None:
    """Make a machine's cgroup in every hierarchy, usable at once."""
    for hierarchy in _hierarchies():
        folder = hierarchy
        for part in (PARENT, lab, machine):
            _delegate(folder)
            folder = folder / part
            folder.mkdir(exist_ok=True)
            _inherit_cpuset(folder)


def remove(lab: str, seconds: float = 10) -> None:
    """Remove all cgroups of a lab; its processes may still be on their way out, so try for some seconds."""
    deadline = time.monotonic() + seconds
    while leftovers(lab):
        for hierarchy in _hierarchies():
            _remove_tree(hierarchy / PARENT / lab)
            # Fails as long as another lab is there, which is as it should be.
            _try_rmdir(hierarchy / PARENT)
        if time.monotonic() > deadline:
            return
        time.sleep(0.05)


def leftovers(lab: str) -> list[Path]:
    """The lab's cgroup in each hierarchy that still has it."""
    return [path for hierarchy in _hierarchies() if (path := hierarchy / PARENT / lab).is_dir()]


def labs() -> set[str]:
    """Names of labs that have a cgroup anywhere."""
    return {
        path.name
        for hierarchy in _hierarchies()
        if (hierarchy / PARENT).is_dir()
        for path in (hierarchy / PARENT).iterdir()
        if path.is_dir()
    }


def _hierarchies() -> Iterator[Path]:
    if (MOUNT / "cgroup.controllers").exists():
        yield MOUNT
        return
    for path in sorted(MOUNT.iterdir()):
        if path.is_dir() and not path.is_symlink() and not (path / "cgroup.controllers").exists():
            yield path


def _delegate(folder: Path) -> None:
    """Only on cgroup v2: children have the controllers that their parent passes on."""
    control = folder / "cgroup.subtree_control"
    if control.exists():
        available = (folder / "cgroup.controllers").read_text().split()
        control.write_text(" ".join(f"+{name}" for name in available))


def _inherit_cpuset(folder: Path) -> None:
    """A new cpuset of v1 has neither CPU nor memory node, so nothing could enter it."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        own, inherited = folder / name, folder.parent / name
        if own.exists() and inherited.exists() and not own.read_text().strip():
            own.write_text(inherited.read_text())


def _remove_tree(top: Path) -> None:
    for folder, _, _ in os.walk(top, topdown=False):
        _try_rmdir(Path(folder))


def _try_rmdir(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return
