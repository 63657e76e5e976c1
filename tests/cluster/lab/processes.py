"""Processes by pid AND kernel start time, so that a reused pid is never mistaken for the process that had it before."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessId:
    """A process of the first PID namespace; `start` is its start time in clock ticks since boot."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """The process that has this pid now; `ProcessLookupError` if there is none."""
        start = _start(pid)
        if start is None:
            raise ProcessLookupError(pid)
        return cls(pid, start)

    @property
    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        return _start(self.pid) == self.start

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal, if it still is this process."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait_gone(self, seconds: float) -> bool:
        """Wait until it has ended; False if it has not within that time."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


def children(pid: int) -> list[int]:
    """The pids of a process's children, empty once it is gone."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def command_name(pid: int) -> str:
    """The kernel's name of a process, empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _start(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])
