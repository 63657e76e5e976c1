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
    "sysctl": "procps",
}


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
    if not Path("/sys/fs/cgroup").is_dir():
        raise NotHereError("the lab needs cgroups mounted at /sys/fs/cgroup")


def _found(program: str) -> bool:
    return Path(program).exists() if program.startswith("/") else shutil.which(program) is not None
