"""The watcher: starts a lab's namespaces, waits for their end, and removes what the kernel does not.

    watcher (first PID namespace)
      supervisor = PID 1 of the lab's PID namespace; its network namespace is the workstation's
        machine  = PID 1 of a PID namespace nested in it, with mount, UTS, IPC and network namespaces of its own

Everything that the lab runs is inside the supervisor's PID namespace, so the kernel ends all of it at the instant at
which the supervisor ends; mounts and network namespaces have no name outside and go with their last process. The
supervisor has PDEATHSIG on the watcher. What is left to the watcher are cgroup directories and the state folder; should
it be killed too, the next `up` or `down` of any lab sweeps them.

`up` holds the other end of a pipe, the lifeline, until the lab stands: if `up` is killed, the lab ends.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TextIO

from lab import cgroups, state
from lab.processes import ProcessId, children, command_name
from lab.truth import NODES

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
PR_SET_PDEATHSIG = 1
KEEP = b"k"

# /var/run is a symlink into the tmpfs; the host's own /usr/local/bin is hidden behind the lab's binaries.
MACHINE_SCRIPT = """
set -e
hostname "$1"
mount --bind "$2/bin" /usr/local/bin
while read -r name source; do mount --bind "$source" "/usr/local/bin/$name"; done < "$2/binaries"
mount --bind "$3/etc" /etc
mount --bind "$3/var" /var
mount -t tmpfs -o mode=755 tmpfs /run
mount --make-rshared /
ip link set lo up
exec lab-init
"""

_libc = ctypes.CDLL(None, use_errno=True)


def main(lab: str, token: str, lifeline: int, init: str) -> None:
    """Run a lab until it ends; the caller has already detached this process."""
    watcher = ProcessId.of(os.getpid())
    with state.alone():
        state.sweep()
        if state.read(lab) is not None:
            raise SystemExit(f"lab {lab} is up already")
        state.folder(lab).mkdir()
        state.write(lab, state.Record(token, watcher))
    signal.signal(signal.SIGTERM, _end)
    supervisor: ProcessId | None = None
    starters: list[subprocess.Popen[bytes]] = []
    # Whoever reads what `up` prints must not wait for the end of the lab.
    caller = _log_to(state.folder(lab) / "watch.log")
    try:
        supervisor = _start_supervisor(init)
        state.write(lab, state.Record(token, watcher, supervisor))
        _await_binaries(lab, lifeline)
        starters.extend(_start_machine(lab, name, supervisor) for name in NODES)
        machines = tuple((name, _first_process(starter)) for name, starter in zip(NODES, starters, strict=True))
        state.write(lab, state.Record(token, watcher, supervisor, machines))
        _wait(supervisor, starters, lifeline, caller)
    except BaseException:
        _tell(caller, (state.folder(lab) / "watch.log").read_text() + traceback.format_exc())
        raise
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if supervisor is not None:
            supervisor.kill()
            # They are in the supervisor's PID namespace, which does not end before its last zombie is collected.
            for starter in starters:
                with suppress(subprocess.TimeoutExpired):
                    starter.wait(10)
            supervisor.wait_gone(10)
        with state.alone():
            state.remove(lab)
            state.remove_root()


def _log_to(path: Path) -> TextIO:
    """Turn this process's output into a file; returns where it went before."""
    caller = os.fdopen(os.dup(2), "w")
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    return caller


def _tell(caller: TextIO, text: str) -> None:
    """Say why the lab did not start, unless it had started already or was told to end."""
    if not caller.closed and "SystemExit: 0" not in text:
        caller.write(text)
        caller.flush()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _start_supervisor(init: str) -> ProcessId:
    """Fork PID 1 of the lab; returns once it is in its own namespaces and waits."""
    _check(_libc.unshare(CLONE_NEWPID), "unshare")
    alive, kept = os.pipe()
    ready, told = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(kept)
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        # The watcher may have died before the line above took effect; then its end of the pipe is closed.
        if select.select([alive], [], [], 0)[0]:
            os._exit(1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        _check(_libc.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC), "unshare")
        _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount")
        os.write(told, b"r")
        os.execv(init, [init])
    os.close(told)
    os.close(alive)
    if os.read(ready, 1) != b"r":
        raise SystemExit("the lab's namespaces could not be made")
    os.close(ready)
    return ProcessId.of(pid)


def _start_machine(lab: str, name: str, supervisor: ProcessId) -> subprocess.Popen[bytes]:
    cgroups.create(lab, name)
    top = state.folder(lab)
    enter = ["nsenter", "-t", str(supervisor.pid), "--pid", "--net", "--mount", "--"]
    divide = ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "--net", "--mount-proc", "--"]
    script = ["sh", "-c", MACHINE_SCRIPT, "sh", name, str(top), str(top / name)]
    return subprocess.Popen([*enter, *divide, *script], stdin=subprocess.DEVNULL, start_new_session=True)


def _first_process(starter: subprocess.Popen[bytes]) -> ProcessId:
    """PID 1 of the machine that `nsenter` (the starter) and its child `unshare` have made."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and starter.poll() is None:
        for middle in children(starter.pid):
            for pid in children(middle):
                if command_name(pid) == "lab-init":
                    return ProcessId.of(pid)
        time.sleep(0.01)
    raise SystemExit(f"a machine did not start (exit {starter.poll()})")


def _await_binaries(lab: str, lifeline: int) -> None:
    """`up` lays out the machines' folders meanwhile and says so by the file that the machines' script reads."""
    while not (state.folder(lab) / "binaries").exists():
        if select.select([lifeline], [], [], 0.02)[0]:
            raise SystemExit("up has gone away")


def _wait(supervisor: ProcessId, starters: list[subprocess.Popen[bytes]], lifeline: int, caller: TextIO) -> None:
    """Return when the lab has ended: a part of it died, or `up` did before the lab stood."""
    watched = [lifeline]
    while supervisor.alive and all(starter.poll() is None for starter in starters):
        if select.select(watched, [], [], 0.2)[0]:
            if os.read(lifeline, 1) != KEEP:
                return
            watched = []
            caller.close()


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def start(lab: str, token: str, init: Path) -> int:
    """Start the watcher of a lab, detached from the caller; returns the caller's end of the lifeline."""
    end, mine = os.pipe()
    command = [sys.executable, "-m", "lab.watch", lab, token, str(end), str(init)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    # Twice removed, so that a long-lived caller never has a dead child to collect.
    subprocess.run(
        ["setsid", "--fork", *command], check=True, pass_fds=[end], env=environment, stdin=subprocess.DEVNULL
    )
    os.close(end)
    return mine


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
