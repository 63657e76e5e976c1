"""Files of a host, read below a root: ``/`` itself, a mount of it, or a copy of its files.

Nothing outside the root is ever opened: links are followed as the host itself would follow them.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from msdoctor.bundle import Kind, Place, Reason, Refusal
from msdoctor.collect.errors import ConfigurationError
from msdoctor.collect.look import Answer

LARGEST = 1024 * 1024  # bytes of one file
DESCRIPTORS = 200_000  # of all processes, looked at before counting them is given up
WATCHES = 2_000_000  # counted of one descriptor
INOTIFY_LIMITS = ("max_user_instances", "max_user_watches")
HOLDERS = 5  # programs that are named, of each user's
BOOT_ID = "/proc/sys/kernel/random/boot_id"
LINKS = 40  # followed before it is called a loop, as in Linux's path_resolution(7)

EXPECTED = (
    "etc/kubernetes",
    "etc/systemd",
    "etc/rancher",
    "var/lib/kubernetes",
    "var/lib/kubelet",
    "var/lib/rancher",
    "var/snap/microk8s",
    "proc/1",
)

_REASONS = {
    errno.ENOENT: (Reason.ABSENT, "no such file"),
    errno.ENOTDIR: (Reason.ABSENT, "no such file: a part of the path is not a directory"),
    errno.EACCES: (Reason.FORBIDDEN, "permission denied"),
    errno.EPERM: (Reason.FORBIDDEN, "operation not permitted"),
    errno.ELOOP: (Reason.MALFORMED, "symbolic links in a loop"),
    errno.EISDIR: (Reason.MALFORMED, "a directory, not a file"),
    errno.ESRCH: (Reason.ABSENT, "no such process"),
}


class _NotAFileError(Exception):
    """Something that is not opened, in words."""


class _TooLargeError(Exception):
    """A file beyond the bound."""


def open_roots(roots: tuple[tuple[str | None, Path], ...]) -> dict[str, HostRoot]:
    """Host roots by node name. Raises ConfigurationError for a root that is not one, or a name that is taken."""
    hosts: dict[str, HostRoot] = {}
    for given, directory in roots:
        root = _checked(directory)
        name = given or root.hostname()
        if name in hosts:
            raise ConfigurationError(f"--host-root: two roots for {name}: {hosts[name].directory} and {directory}")
        hosts[name] = root
    return hosts


def _checked(directory: Path) -> HostRoot:
    if not directory.is_dir():
        raise ConfigurationError(f"--host-root {directory}: no such directory")
    root = HostRoot(directory)
    if not any(root.has(f"/{path}") for path in EXPECTED):
        raise ConfigurationError(
            f"--host-root {directory}: not the root of a host's files: none of {', '.join(EXPECTED)} is below it"
        )
    return root


@dataclass(frozen=True, slots=True)
class HostRoot:
    """The files of one host, by the paths that they have there."""

    directory: Path

    def read(self, place: Place) -> Answer:
        """The body of a FILE, DIRECTORY, PROCESS or INOTIFY place, or the refusal."""
        try:
            if place.kind is Kind.FILE:
                return self._content(place.path)
            if place.kind is Kind.DIRECTORY:
                return _json(sorted(entry.name for entry in self._resolve(place.path).iterdir()))
            if place.kind is Kind.INOTIFY:
                return self._inotify()
            return self._processes(place.path)
        except OSError as error:
            reason, words = _REASONS.get(error.errno or 0, (Reason.FAILED, error.strerror or str(error)))
            if place.kind is Kind.DIRECTORY and error.errno == errno.ENOTDIR:
                words = "no such directory"
            return Refusal(reason, words)
        except _NotAFileError as error:
            return Refusal(Reason.MALFORMED, str(error))
        except _TooLargeError:
            return Refusal(Reason.TOO_LARGE, f"more than {LARGEST >> 20} MiB")

    def has(self, path: str) -> bool:
        """Whether anything stands at a path of the host."""
        try:
            return self._resolve(path).exists()
        except OSError:
            return False

    def shares_network(self, program: str) -> bool:
        """Whether a process of that name runs on this very machine, in the network that msdoctor itself is in.

        The network's number is the same on every machine that has only one, so the machine's boot id counts as well.
        """
        try:
            if self._content(BOOT_ID) != Path(BOOT_ID).read_bytes():
                return False
            mine = Path("/proc/self/ns/net").readlink()
            return any((self._resolve(f"/proc/{pid}/ns") / "net").readlink() == mine for pid, _ in self._named(program))
        except (OSError, _NotAFileError, _TooLargeError):
            return False

    def hostname(self) -> str:
        """The host's own name. Raises ConfigurationError where its files do not tell."""
        try:
            name = self._content("/etc/hostname").decode("utf-8", "replace").strip()
        except (OSError, _NotAFileError, _TooLargeError):
            name = ""
        if not name or "/" in name:
            raise ConfigurationError(
                f"--host-root {self.directory}: there is no /etc/hostname in it;"
                f" name the node: --host-root NAME={self.directory}"
            )
        return name

    def _resolve(self, path: str) -> Path:
        """Where a path of the host lies here. Raises OSError, with ELOOP for links that never end."""
        current = self.directory
        depth = 0
        waiting = deque(part for part in path.split("/") if part)
        links = 0
        while waiting:
            part = waiting.popleft()
            if part == ".":
                continue
            if part == "..":
                # The root's parent is the root, there as here.
                current, depth = (current.parent, depth - 1) if depth else (current, 0)
                continue
            below = current / part
            if not below.is_symlink():
                current, depth = below, depth + 1
                continue
            links += 1
            if links > LINKS:
                raise OSError(errno.ELOOP, "symbolic links in a loop")
            target = below.readlink()
            if target.is_absolute():
                current, depth = self.directory, 0
            waiting.extendleft(reversed([part for part in target.parts if part != "/"]))
        return current

    def _content(self, path: str) -> bytes:
        # Not blocking, so that a FIFO that slipped in is not waited for; not following, as links are resolved already.
        place = self._resolve(path)
        _demand_file(os.lstat(place).st_mode)
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _demand_file(os.fstat(descriptor).st_mode)
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise _TooLargeError
        return content

    # Processes

    def _processes(self, program: str) -> Answer:
        if not self.has("/proc/stat") and not self._pids():
            return Refusal(Reason.ABSENT, "no /proc under this root")
        booted = self._booted()
        return _json([self._process(pid, args, booted) for pid, args in self._named(program)])

    def _pids(self) -> list[int]:
        try:
            return sorted(int(entry.name) for entry in self._resolve("/proc").iterdir() if entry.name.isdecimal())
        except OSError:
            return []

    def _named(self, program: str) -> Iterator[tuple[int, list[str]]]:
        for pid in self._pids():
            try:
                args = _strings(self._content(f"/proc/{pid}/cmdline"))
            except (OSError, _NotAFileError, _TooLargeError):
                continue  # it ended meanwhile
            if args and args[0].rpartition("/")[2] == program:
                yield pid, args

    def _process(self, pid: int, args: list[str], booted: int | None) -> dict[str, Any]:
        process = {"pid": pid, "started": self._started(pid, booted), "args": args}
        environ = self._environ(pid)
        return process if environ is None else process | {"environ": environ}

    def _environ(self, pid: int) -> dict[str, str] | None:
        """The environment; None where it may not be read, which is not the same as none."""
        try:
            pairs = (item.partition("=") for item in _strings(self._content(f"/proc/{pid}/environ")))
        except (OSError, _NotAFileError, _TooLargeError):
            return None
        return {name: value for name, _, value in pairs}

    def _booted(self) -> int | None:
        """The host's start, in seconds since 1970: ``btime`` of proc(5)'s /proc/stat."""
        try:
            lines = self._content("/proc/stat").decode("ascii", "replace").splitlines()
            return next((int(line.split()[1]) for line in lines if line.startswith("btime ")), None)
        except (OSError, _NotAFileError, _TooLargeError, ValueError, IndexError):
            return None

    def _started(self, pid: int, booted: int | None) -> str | None:
        """Field 22 of /proc/PID/stat: clock ticks since the start of the host, 100 a second on every Linux."""
        if booted is None:
            return None
        try:
            # The second field, a name in brackets, may hold spaces and brackets itself.
            fields = self._content(f"/proc/{pid}/stat").decode("ascii", "replace").rpartition(")")[2].split()
            started = booted + int(fields[19]) // 100
        except (OSError, _NotAFileError, _TooLargeError, ValueError, IndexError):
            return None
        return f"{datetime.fromtimestamp(started, UTC):%Y-%m-%dT%H:%M:%SZ}"

    # inotify

    def _inotify(self) -> Answer:
        """What each user's processes hold at least: ``unread`` counts the processes that may not be looked into."""
        try:
            limits = {name: int(self._content(f"/proc/sys/fs/inotify/{name}")) for name in INOTIFY_LIMITS}
        except ValueError:
            return Refusal(Reason.MALFORMED, "the limit is not a number")
        left, unread = DESCRIPTORS, 0
        held: dict[int, dict[str, list[int]]] = {}
        for pid in self._pids():
            try:
                uid, program = self._owner(pid)
                descriptors = list(self._resolve(f"/proc/{pid}/fd").iterdir())
                left -= len(descriptors)
                if left < 0:
                    return Refusal(Reason.TOO_LARGE, f"more than {DESCRIPTORS:,} open descriptors")
                watches = [count for item in descriptors if (count := self._watches(pid, item)) is not None]
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile
            except (PermissionError, KeyError, ValueError, IndexError, _NotAFileError):
                unread += 1
                continue
            if watches:
                sums = held.setdefault(uid, {}).setdefault(program, [0, 0])
                sums[0] += len(watches)
                sums[1] += sum(watches)
        users = [_user(uid, programs) for uid, programs in sorted(held.items())]
        return _json(limits | {"users": users, "unread": unread})

    def _owner(self, pid: int) -> tuple[int, str]:
        """The effective user and the name of a process, from proc(5)'s /proc/PID/status."""
        lines = self._content(f"/proc/{pid}/status").decode("utf-8", "replace").splitlines()
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        return int(fields["Uid"].split()[1]), fields["Name"].strip()

    def _watches(self, pid: int, descriptor: Path) -> int | None:
        """How many watches an inotify descriptor has; None if it is another one, or closed meanwhile."""
        try:
            if str(descriptor.readlink()) != "anon_inode:inotify":
                return None
            # One line a watch, in thousands and more: counted as it is read, with no bound on bytes.
            place = self._resolve(f"/proc/{pid}/fdinfo/{descriptor.name}")
            _demand_file(os.lstat(place).st_mode)
            with place.open("rb") as lines:
                return sum(line.startswith(b"inotify ") for line in islice(lines, WATCHES))
        except FileNotFoundError:
            return None


def _user(uid: int, programs: dict[str, list[int]]) -> dict[str, Any]:
    most = sorted(programs.items(), key=lambda item: item[1], reverse=True)[:HOLDERS]
    return {
        "uid": uid,
        "instances": sum(instances for instances, _ in programs.values()),
        "watches": sum(watches for _, watches in programs.values()),
        "holders": [
            {"program": name, "instances": instances, "watches": watches} for name, (instances, watches) in most
        ],
    }


def _demand_file(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, "a directory, not a file")
    if not stat.S_ISREG(mode):
        what = "a FIFO" if stat.S_ISFIFO(mode) else "a device or socket"
        raise _NotAFileError(f"{what}, which is not opened")


def _strings(content: bytes) -> list[str]:
    return [item.decode("utf-8", "replace") for item in content.removesuffix(b"\0").split(b"\0")] if content else []


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
