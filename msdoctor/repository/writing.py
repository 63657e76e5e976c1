"""Writes a changed file: all of it or nothing, with its own line ends, mark, owner and permissions."""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from msdoctor.errors import GivenError
from msdoctor.repository.walk import BOM


def write(path: str, before: str, after: str, roots: Sequence[Path]) -> None:
    """Replace a file's text. Raises GivenError where it is not what was read any more, or may not be written.

    ``roots`` are the paths that were given: a link that leads out of them by now is not followed.
    """
    target = Path(path).resolve()
    if not any(target == root or root in target.parents for root in map(Path.resolve, roots)):
        raise GivenError(f"{path}: leads out of the paths given by now; nothing was written to it")
    try:
        status = target.stat()
        was = target.read_bytes().decode("utf-8")
        plain = was.removeprefix(BOM)
        if not stat.S_ISREG(status.st_mode) or plain.replace("\r\n", "\n") != before:
            raise GivenError(f"{path}: has changed since it was read; nothing was written to it")
        if not status.st_mode & 0o222 or not os.access(target, os.W_OK):
            raise GivenError(f"{path}: is write-protected; nothing was written to it")
        text = (BOM if was.startswith(BOM) else "") + "".join(_with_ends(plain, after))
        _replace(target, text.encode(), status)
    except (OSError, UnicodeDecodeError) as error:
        raise GivenError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error


def _with_ends(plain: str, after: str) -> Iterator[str]:
    """The lines of a text, with the ends that they had; a new one has that of the line before."""
    old, new = plain.split("\n"), after.split("\n")
    bare = [line.removesuffix("\r") for line in old]
    end = "\r\n" if old[0].endswith("\r") else "\n"
    for _, first, last, start, stop in difflib.SequenceMatcher(None, bare, new, autojunk=False).get_opcodes():
        for number, line in enumerate(new[start:stop]):
            if first + number < last and first + number < len(old) - 1:
                end = "\r\n" if old[first + number].endswith("\r") else "\n"
            yield line if start + number == len(new) - 1 else f"{line}{end}"


def _replace(target: Path, content: bytes, status: os.stat_result) -> None:
    """Beside it, and then renamed, so that nothing half-written ever bears its name."""
    mode = stat.S_IMODE(status.st_mode)
    beside = target.parent / f".msdoctor-{os.urandom(6).hex()}.tmp"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            os.fchmod(stream.fileno(), mode)
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
