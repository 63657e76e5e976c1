"""A lab that is killed leaves nothing behind: no process, no namespace, no mount, no cgroup, no folder.

Each case starts a lab, waits for a moment of its start-up, and kills one of its processes (or several) without warning.
What the kernel does not remove, the watcher does; where the watcher was killed itself, the next `down` of any lab.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from lab import cgroups, state
from lab.processes import ProcessId, children
from lab.truth import MASTER, NODE1

pytestmark = pytest.mark.cluster

NAME = f"killed-{os.getpid()}"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Starting:
    """A lab on its way up: the `up` process and what the lab's record says by now."""

    up: subprocess.Popen[bytes]

    @property
    def record(self) -> state.Record | None:
        return state.read(NAME)

    def folder_is_there(self) -> bool:
        return self.record is not None

    def supervisor_runs(self) -> bool:
        return self.record is not None and self.record.supervisor is not None

    def machines_run(self) -> bool:
        return self.record is not None and len(self.record.machines) == 2

    def etcd_runs(self) -> bool:
        return self.machines_run() and (self.root(MASTER) / "run/lab/state/etcd.json").exists()

    def pods_run(self) -> bool:
        return any(
            path.read_text().strip()
            for top in cgroups.leftovers(NAME)
            for path in top.glob(f"{NODE1}/kubepods/**/cgroup.procs")
        )

    def is_settled(self) -> bool:
        return self.up.poll() is not None

    def root(self, machine: str) -> Path:
        assert self.record
        return Path(f"/proc/{dict(self.record.machines)[machine].pid}/root")

    def kill_up(self) -> None:
        self.up.kill()

    def kill_watcher(self) -> None:
        assert self.record
        self.record.watcher.kill()

    def kill_supervisor(self) -> None:
        assert self.record
        assert self.record.supervisor is not None
        self.record.supervisor.kill()

    def kill_machine(self) -> None:
        assert self.record
        dict(self.record.machines)[NODE1].kill()

    def kill_starter(self) -> None:
        """The nsenter of a machine, the watcher's child."""
        assert self.record
        starters = [pid for pid in children(self.record.watcher.pid) if ProcessId.of(pid) != self.record.supervisor]
        os.kill(starters[0], signal.SIGKILL)

    def kill_up_and_watcher(self) -> None:
        self.kill_up()
        self.kill_watcher()


Moment = Callable[[Starting], bool]
Blow = Callable[[Starting], None]


@dataclass(frozen=True)
class Traces:
    """What a lab consists of, to look for afterwards: its namespaces, by number and held open.

    The kernel gives the number of a namespace that ended to the next one made, which here is soon one of another lab
    that starts beside this test; while a file on it is open, the number stays taken.
    """

    namespaces: Mapping[str, int]

    @classmethod
    def of(cls, starting: Starting) -> "Traces":
        record = starting.record
        tops = [record.supervisor.pid] if record and record.supervisor is not None else []
        ours = _namespaces(os.getpid())
        held: dict[str, int] = {}
        for pid in _descendants(tops):
            for link, path in _namespaces(pid).items():
                if link not in ours and link not in held:
                    _hold(held, path)
        return cls(held)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self.namespaces.values():
            os.close(file)

    def remaining_processes(self) -> list[str]:
        """Processes in the lab's namespaces or with its name in their environment."""
        return [
            f"{pid} {_command(pid)}"
            for pid in _all_pids()
            if self.namespaces.keys() & _namespaces(pid).keys() or f"LAB={NAME}" in _environment(pid)
        ]


@pytest.fixture
def starting() -> Iterator[Starting]:
    up = subprocess.Popen(
        [sys.executable, "-m", "lab", "up"],
        env={**os.environ, "LAB": NAME, "PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield Starting(up)
    up.kill()
    up.wait()
    _down(NAME)


@pytest.mark.parametrize(
    ("moment", "blow"),
    [
        (Starting.folder_is_there, Starting.kill_up),
        (Starting.supervisor_runs, Starting.kill_supervisor),
        (Starting.machines_run, Starting.kill_up),
        (Starting.machines_run, Starting.kill_starter),
        (Starting.etcd_runs, Starting.kill_supervisor),
        (Starting.etcd_runs, Starting.kill_machine),
        (Starting.pods_run, Starting.kill_up),
        (Starting.is_settled, Starting.kill_supervisor),
        (Starting.is_settled, Starting.kill_machine),
    ],
    ids=lambda step: step.__name__,
)
def test_the_watcher_leaves_nothing(starting: Starting, moment: Moment, blow: Blow) -> None:
    with _await(starting, moment) as traces:
        blow(starting)
        starting.up.wait(30)
        _eventually_empty(traces.remaining_processes)

    _eventually_empty(_leftovers)


@pytest.mark.parametrize(
    ("moment", "blow"),
    [
        (Starting.folder_is_there, Starting.kill_watcher),
        (Starting.machines_run, Starting.kill_watcher),
        (Starting.pods_run, Starting.kill_up_and_watcher),
        (Starting.is_settled, Starting.kill_watcher),
    ],
    ids=lambda step: step.__name__,
)
def test_the_next_lab_sweeps_up_after_a_killed_watcher(starting: Starting, moment: Moment, blow: Blow) -> None:
    with _await(starting, moment) as traces:
        blow(starting)
        starting.up.wait(300)  # it goes on until it misses its watcher, which takes long beside other labs
        _eventually_empty(traces.remaining_processes)

    _down("another-lab")
    assert _leftovers() == []


def _await(starting: Starting, moment: Moment) -> Traces:
    deadline = time.monotonic() + 180
    while not moment(starting):
        assert time.monotonic() < deadline, f"{moment} did not come"
        time.sleep(0.005)
    return Traces.of(starting)


def _eventually_empty(look: Callable[[], list[str]]) -> None:
    deadline = time.monotonic() + 20
    while found := look():
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


def _leftovers() -> list[str]:
    """Folders, cgroups and mounts that bear the lab's name."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found = [str(path) for path in (state.folder(NAME), *cgroups.leftovers(NAME)) if path.exists()]
    return found + [line for line in mounts if NAME in line]


def _down(name: str) -> None:
    environment = {**os.environ, "LAB": name, "PYTHONPATH": str(HERE)}
    subprocess.run(
        [sys.executable, "-m", "lab", "down"], env=environment, check=True, timeout=90, stdout=subprocess.DEVNULL
    )


def _all_pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _descendants(tops: list[int]) -> Iterator[int]:
    for pid in tops:
        yield pid
        yield from _descendants(children(pid))


def _namespaces(pid: int) -> dict[str, Path]:
    """By name, as in "net:[4026532001]", the file that stands for it while the process lives."""
    found = {}
    for kind in ("pid", "net", "mnt", "uts"):
        path = Path(f"/proc/{pid}/ns/{kind}")
        try:
            found[str(path.readlink())] = path
        except OSError:
            continue
    return found


def _hold(held: dict[str, int], path: Path) -> None:
    """Open a namespace; its name is read through the open file, as the process may end in between."""
    try:
        file = os.open(path, os.O_RDONLY)
    except OSError:
        return
    name = str(Path(f"/proc/self/fd/{file}").readlink())
    if held.setdefault(name, file) != file:
        os.close(file)


def _environment(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
