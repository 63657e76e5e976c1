"""Opens the files of a repository: only what lies below the paths given, each once, and none without a bound.

The one module here that touches a disk. Links are followed only where they lead to a file below the paths; what else
stands in the way (a FIFO, a loop, a file that may not be read or is no text) is said with its place.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msdoctor.errors import GivenError
from msdoctor.repository.place import At, NotRead

LARGEST = 16 * 1024 * 1024  # bytes of one file
MOST_FILES = 1_000_000
FIRST = 32 * 1024
OF_VERSIONS = frozenset({".git", ".hg", ".svn"})
BOM = "\ufeff"

NAMES = ("kustomization", "hosts", "inventory", "nodes", "machines", "values")
# Files that would be understood if they were text.
TEXTS = (".yaml", ".yml", ".json", ".service", ".conf", ".pem", ".crt", ".cer", ".cert", ".key", ".sh", ".env", ".j2")


@dataclass(frozen=True, slots=True)
class File:
    """A file that has to do with this pipeline: its path as given and found, its text with plain line ends."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Walked:
    """All that was found. ``looked_at`` counts the files that were opened."""

    files: tuple[File, ...]
    not_read: tuple[NotRead, ...]
    looked_at: int


def walk(paths: Sequence[Path]) -> Walked:
    """Read what lies at and below the paths. Raises GivenError for one that is not there."""
    for path in paths:
        if not os.path.lexists(path):
            raise GivenError(f"{path}: no such file or directory")
    walker = _Walker(tuple(path.resolve() for path in paths))
    for path in paths:
        walker.visit(path)
    return Walked(tuple(walker.files), tuple(walker.not_read), walker.looked_at)


class _Walker:
    def __init__(self, roots: tuple[Path, ...]) -> None:
        self.roots = roots
        self.files: list[File] = []
        self.not_read: list[NotRead] = []
        self.looked_at = 0
        self.seen: set[str] = set()

    def visit(self, path: Path) -> None:
        name = os.path.normpath(path)
        try:
            mode = path.stat().st_mode
        except OSError as error:
            self.fail(name, _words(error))
            return
        if stat.S_ISDIR(mode):
            self.folder(name)
        elif stat.S_ISREG(mode):
            self.read(name)
        else:
            self.fail(name, _what(mode))

    def folder(self, top: str) -> None:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(folder) as entries:
                    listed = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                self.fail(folder, _words(error))
                continue
            below = []
            for entry in listed:
                if entry.is_symlink():
                    self.link(_plain(entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    if entry.name not in OF_VERSIONS:
                        below.append(_plain(entry.path))
                elif entry.is_file(follow_symlinks=False):
                    self.read(_plain(entry.path))
                else:
                    self.fail(_plain(entry.path), _what(entry.stat(follow_symlinks=False).st_mode))
            waiting.extend(reversed(below))

    def link(self, path: str) -> None:
        """A folder that is linked to is met where it lies; a file is read under this name as well."""
        try:
            target = Path(path).resolve(strict=True)
            mode = target.stat().st_mode
        except (OSError, RuntimeError) as error:
            self.fail(path, _words(error) if isinstance(error, OSError) else "symbolic links in a loop")
            return
        if not any(target == root or root in target.parents for root in self.roots):
            self.fail(path, "a link that leads out of the paths given, and is not followed")
        elif stat.S_ISREG(mode):
            self.read(path)
        elif not stat.S_ISDIR(mode):
            self.fail(path, _what(mode))

    def read(self, path: str) -> None:
        if path in self.seen:
            return
        if self.looked_at >= MOST_FILES:
            if self.looked_at == MOST_FILES:
                self.fail(path, f"more than {MOST_FILES:,} files: this one and those after it were not opened")
            self.looked_at += 1
            return
        self.seen.add(path)
        self.looked_at += 1
        try:
            content = _content(path)
        except OSError as error:
            self.fail(path, _words(error))
            return
        if content is None:
            self.fail(path, f"larger than {LARGEST >> 20} MiB, and not read")
            return
        name = path.rpartition("/")[2].lower()
        if not _concerns(content, name):
            return
        self.keep(path, name, content)

    def keep(self, path: str, name: str, content: bytes) -> None:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            if b"\0" not in content or name.endswith(TEXTS):
                line = content.count(b"\n", 0, error.start) + 1
                self.not_read.append(NotRead(At(path, line), "not UTF-8, and not read"))
            return
        if "\0" in text:
            if name.endswith(TEXTS):
                self.fail(path, "binary, and not read")
            return
        self.files.append(File(path, text.removeprefix(BOM).replace("\r\n", "\n")))

    def fail(self, path: str, why: str) -> None:
        self.not_read.append(NotRead(At(path), why))


def _plain(path: str) -> str:
    """A path as people write it, without a dot before it."""
    return path.removeprefix("./")


def _concerns(content: bytes, name: str) -> bool:
    # Written out, and the rarest last: of most of ten thousand files this is all that is looked at.
    marked = (
        (b"kube" in content and any(word in content for word in (b"kubelet", b"kubeadm", b"kube-", b"kube_api_a")))
        or (b"metrics" in content and any(word in content for word in (b"metrics-s", b"metrics_s", b"k8s.io")))
        or (b"k8s.io" in content and (b"NetworkPolicy" in content or b"kops" in content))
        or b"-----BEGIN " in content
        or b"requestheader" in content
        or b"ansible_host" in content
        or b"kind: Node" in content
    )
    if marked:
        return True
    if name.startswith(NAMES):
        return True
    # A certificate without its armour, or a text that is none.
    return name.endswith(TEXTS) and b"\0" in content[:FIRST]


def _content(path: str) -> bytes | None:
    """The bytes of a file; None where there are more than the bound."""
    # Not blocking and not following: whatever took the place of a file since it was listed is not waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        first = os.read(descriptor, FIRST)
        if len(first) < FIRST:
            return first
        if os.fstat(descriptor).st_size > LARGEST:
            return None
        parts = [first]
        total = len(first)
        while part := os.read(descriptor, 1024 * 1024):
            parts.append(part)
            total += len(part)
            if total > LARGEST:
                return None
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _what(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"), (stat.S_ISBLK, "a device"))
    return f"{next((words for is_it, words in kinds if is_it(mode)), 'a device')}, which is not opened"


def _words(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "symbolic links in a loop"
    return (error.strerror or str(error)).lower()
