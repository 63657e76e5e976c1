"""A lab's state folder, and the sweeping of those whose lab has died.

`<root>/<lab>/`: `lab.json` (who runs it), `form`, `patient`, `pki/`, `workstation/` (kubeconfigs), and per machine
`<machine>/etc` and `<machine>/var`. The root is `$MSDOCTOR_LAB_STATE`, else `/run/msdoctor-lab`.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import cgroups
from lab.processes import ProcessId

ROOT = Path(os.environ.get("MSDOCTOR_LAB_STATE") or "/run/msdoctor-lab")
DEFAULT_NAME = "msdoctor"


@dataclass(frozen=True)
class Record:
    """Who runs a lab: its watcher, PID 1 of its PID namespace, PID 1 of each machine; pids of the first namespace.

    `token` is the word by which the `up` that started the watcher knows its own.
    """

    token: str
    watcher: ProcessId
    supervisor: ProcessId | None = None
    machines: tuple[tuple[str, ProcessId], ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the lab is up as a whole."""
        parts = [self.watcher, self.supervisor, *(pid for _, pid in self.machines)]
        return bool(self.machines) and all(part is not None and part.alive for part in parts)


def folder(lab: str) -> Path:
    """The state folder of a lab; it need not exist."""
    return ROOT / lab


def lab_name() -> str:
    """The lab that the environment asks for."""
    name = os.environ.get("LAB") or DEFAULT_NAME
    if not name.replace("-", "").replace("_", "").isalnum():
        raise SystemExit(f"LAB={name!r}: use letters, digits, - and _ only")
    return name


def read(lab: str) -> Record | None:
    """The record of a lab, None if there is none."""
    try:
        raw = json.loads((folder(lab) / "lab.json").read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return Record(
        raw.get("token", ""),
        ProcessId(*raw["watcher"]),
        ProcessId(*raw["supervisor"]) if raw["supervisor"] else None,
        tuple((name, ProcessId(*pid)) for name, pid in raw["machines"].items()),
    )


def write(lab: str, record: Record) -> None:
    """Store the record of a lab, whole or not at all."""
    pair = [record.supervisor.pid, record.supervisor.start] if record.supervisor else None
    raw = {
        "token": record.token,
        "watcher": [record.watcher.pid, record.watcher.start],
        "supervisor": pair,
        "machines": {name: [pid.pid, pid.start] for name, pid in record.machines},
    }
    put(folder(lab) / "lab.json", json.dumps(raw))


def put(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file beside its place and rename it, so that nobody reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # A leading dot: the kubelet passes over such names in its folder of manifests.
    scratch = path.with_name(f".{path.name}.new")
    scratch.write_text(text)
    scratch.chmod(mode)
    scratch.rename(path)


@contextmanager
def alone() -> Iterator[None]:
    """Hold off everyone else who would create or remove a state folder."""
    while True:
        ROOT.mkdir(parents=True, exist_ok=True)
        handle = os.open(ROOT, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # The last lab to end removes the root; whoever waited for it then holds a lock on nothing.
        if ROOT.is_dir() and os.fstat(handle).st_ino == ROOT.stat().st_ino:
            break
        os.close(handle)
    try:
        yield
    finally:
        os.close(handle)


def remove(lab: str) -> None:
    """Remove cgroups and state folder of a lab whose processes have ended."""
    cgroups.remove(lab)
    shutil.rmtree(folder(lab), ignore_errors=True)


def sweep() -> list[str]:
    """Remove what dead labs left behind and return their names; call it while `alone`."""
    names = {path.name for path in ROOT.iterdir() if path.is_dir()} | cgroups.labs()
    dead = [name for name in sorted(names) if not _has_watcher(name)]
    for name in dead:
        record = read(name)
        if record and record.supervisor:
            record.supervisor.kill()
        remove(name)
    return dead


def _has_watcher(lab: str) -> bool:
    record = read(lab)
    return record is not None and record.watcher.alive


def remove_root() -> None:
    """Remove the folder of all labs if no lab is left."""
    try:
        ROOT.rmdir()
    except OSError:
        return
