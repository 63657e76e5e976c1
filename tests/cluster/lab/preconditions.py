"""What a machine needs to run a lab, checked before anything starts."""

import os
import shutil
import sys
from pathlib import Path

# Program (or folder) -> the Debian package that brings it.
PACKAGES = {
    "/usr/bin/etcd": "etcd-server",
    "containerd": "containerd",
    "runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "ip": "iproute2",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "sysctl": "procps",
    "gcc": "gcc libc6-dev",
}
GO = "Go, which fetches the release that the components ask for, from 1.21 on: https://go.dev/dl"


# Each lab's kubelets, API server and containers watch files with about two dozen of them, all as the same user.
INOTIFY_LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
INOTIFY_FOR_A_LAB = 30


class NotHereError(Exception):
    """This machine cannot run a lab; the text says what is missing."""


def check_preconditions() -> None:
    """Raise `NotHereError` unless a lab can run here."""
    if sys.platform != "linux":
        raise NotHereError("the lab runs on Linux only: it is made of namespaces and cgroups")
    if os.geteuid() != 0:
        raise NotHereError("the lab needs root: it makes namespaces, mounts and cgroups")
    missing = [package for program, package in PACKAGES.items() if not _found(program)]
    if missing:
        raise NotHereError(f"missing Debian packages: apt-get install {' '.join(sorted(set(missing)))}")
    if not _found("go"):
        raise NotHereError(f"missing: {GO}")
    if not Path("/sys/fs/cgroup").is_dir():
        raise NotHereError("the lab needs cgroups mounted at /sys/fs/cgroup")
    limit, used = int(INOTIFY_LIMIT.read_text()), _inotify_instances()
    if limit - used < INOTIFY_FOR_A_LAB:
        # A kubelet that gets none does not register its node, and says why only in its log.
        raise NotHereError(
            f"{used} of {limit} inotify instances are in use, and a lab takes {INOTIFY_FOR_A_LAB}: end another lab, or "
            "sysctl -w fs.inotify.max_user_instances=1024"
        )


def _found(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None


def _inotify_instances() -> int:
    """How many there are on this machine, as far as processes can be looked at."""
    count = 0
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            count += sum(str(file.readlink()) == "anon_inode:inotify" for file in folder.iterdir())
        except OSError:
            continue  # it has ended meanwhile
    return count
