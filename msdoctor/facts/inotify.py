"""What each user of a host holds of the kernel's inotify, against what one user may (inotify(7), /proc interfaces).

The kernel counts by user: a kubelet, which runs as root, has what all of root's processes leave it, in containers too.
Descriptors are counted as the processes show them; one that two processes share is counted twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from msdoctor.bundle import Bundle, Kind, Place
from msdoctor.facts.objects import decode
from msdoctor.model import Unseen

ROOT = 0
PATH = "/proc"


class Holder(msgspec.Struct, frozen=True):
    """One user's processes of one program, and what they hold."""

    program: str
    instances: int
    watches: int


class User(msgspec.Struct, frozen=True):
    """What all processes of one user hold. ``holders``: those that hold the most, the first ones only."""

    uid: int
    instances: int
    watches: int
    holders: tuple[Holder, ...] = ()


class Inotify(msgspec.Struct, frozen=True):
    """One host's limits, which hold for each user by itself, and its users.

    ``unread``: processes that could not be looked into; what the users hold is then the least that they do.
    """

    max_user_instances: int
    max_user_watches: int
    users: tuple[User, ...] = ()
    unread: int = 0

    @property
    def root(self) -> User:
        """The user that kubelets run as."""
        return next((user for user in self.users if user.uid == ROOT), User(ROOT, 0, 0))

    @property
    def instances_left(self) -> int:
        """How many more root may make."""
        return max(0, self.max_user_instances - self.root.instances)

    @property
    def watches_left(self) -> int:
        """How many more root may set."""
        return max(0, self.max_user_watches - self.root.watches)

    @property
    def spent(self) -> bool:
        """Whether root can make no instance or set no watch any more: a kubelet that starts now cannot but end."""
        return not (self.instances_left and self.watches_left)


def inotify(bundle: Bundle) -> Mapping[str, Inotify | Unseen]:
    """By host; only of those on which no kubelet runs, see ``places``."""
    return {host: decode(bundle.at(_place(host)), Inotify) for host in bundle.hosts}


def places(bundle: Bundle) -> Iterator[Place]:
    """Where no kubelet runs it may be for this; a kubelet that runs has what it needs, and nothing need be counted."""
    for host in bundle.hosts:
        if bundle.at(Place(f"host/{host}", Kind.PROCESS, "kubelet")).body is not None and not _runs(bundle, host):
            yield _place(host)


def _runs(bundle: Bundle, host: str) -> bool:
    listed = decode(bundle.at(Place(f"host/{host}", Kind.PROCESS, "kubelet")), tuple[object, ...])
    return isinstance(listed, Unseen) or bool(listed)


def _place(host: str) -> Place:
    return Place(f"host/{host}", Kind.INOTIFY, PATH)
