"""What the user hands to ``explain``: a text, standard input, files or folders of them, as blocks of bytes.

What is packed is unpacked as it is read. Nothing is held whole: a file may be larger than the memory, or have no end.
"""

from __future__ import annotations

import codecs
import io
import os
import select
import stat
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Protocol

from msdoctor.called import called
from msdoctor.errors import GivenError
from msdoctor.interrupt import Interrupt

BLOCK = 1024 * 1024
_START = 8192  # bytes by which a text is told from a program
_IDLE_SECONDS = 0.2
_BETWEEN_SECONDS = 0.25

_PATH_STARTS = ("/", "./", "../", "~/")
_PACKED_ENDS = (".gz", ".xz", ".zst", ".bz2")
_PATH_ENDS = (".log", ".txt", ".out", ".err", ".json", ".yaml", ".yml", *_PACKED_ENDS)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # PowerShell's `>` writes it
_GZIP, _XZ, _BZIP2, _ZSTD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd"
_TAR_MARK, _TAR_PLACE = b"ustar", 257

Note = Callable[[str], None]
OnRead = Callable[[int], None]
"""Told how far into a file, or how far into what came through a pipe, was read: in bytes, as they lie there."""


@dataclass(frozen=True, slots=True)
class Given:
    """What the words are: a text, standard input, or files."""

    text: str = ""
    is_input: bool = False
    paths: tuple[Path, ...] = ()
    is_many: bool = False  # where there may be several files, an answer says which one it is about


def given(words: tuple[str, ...]) -> Given:
    """What the words are: ``-``; files and folders, where each is there; else a text. Raises GivenError."""
    if words == ("-",):
        return Given(is_input=True)
    if "-" in words:
        raise GivenError("- is standard input, and stands alone")
    if all(map(is_there, words)):
        paths = tuple(chain.from_iterable(_files(Path(word)) for word in words))
        return Given(paths=paths, is_many=len(words) > 1 or Path(words[0]).is_dir())
    missing = next(word for word in words if not is_there(word))
    if all(is_there(word) or _looks_like_a_path(word) for word in words):
        raise GivenError(f"{missing}: no such file; if it is an error's text, give the whole line, in quotes")
    text = " ".join(words)
    if not text.strip():
        raise GivenError("the text is empty; did the command that should have printed it fail?")
    return Given(text=text)


def is_there(word: str) -> bool:
    """Whether anything has this name: a file, a directory, a pipe such as that of ``<(command)``."""
    try:
        return bool(word) and Path(word).exists()
    except (OSError, ValueError):  # a pasted line is often too long for a name
        return False


def _looks_like_a_path(word: str) -> bool:
    return word.split() == [word] and (word.startswith(_PATH_STARTS) or word.endswith(_PATH_ENDS))


def _files(path: Path) -> Iterator[Path]:
    """The path itself, or every file in a folder and below, by name. What it links to elsewhere is not in it."""
    if not path.is_dir():
        yield path
        return
    if (path / "bundle.json").is_file():
        raise GivenError(f"{path}: a bundle; it is diagnosed: {called()} run --from {path}")
    is_empty = True
    for folder, folders, names in os.walk(path, onerror=_refuse):
        folders.sort()
        for file in (Path(folder, name) for name in sorted(names)):
            if file.is_file() and not file.is_symlink():
                is_empty = False
                yield file
    if is_empty:
        raise GivenError(f"{path}: a directory without a file in it")


def _refuse(error: OSError) -> None:
    raise GivenError(f"{error.filename}: cannot be read: {error.strerror}") from error


def size(path: Path) -> int:
    """How many bytes there are; 0 where nobody knows."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def standard_input() -> IO[bytes]:
    """Standard input, as bytes. Raises GivenError."""
    if sys.stdin is None:  # closed before this program began
        raise GivenError("standard input is closed; give a file, or the text itself in quotes")
    return sys.stdin.buffer


class _Source(Protocol):
    """Whatever unpacks."""

    def read1(self, size: int, /) -> bytes:
        """What there is, up to so many bytes; nothing at the end."""


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """A file. Raises GivenError."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise GivenError(f"{path}: cannot be read: {error.strerror or error}") from error
    with stream:
        yield stream


def blocks(name: str, stream: IO[bytes], interrupt: Interrupt, note: Note, on_read: OnRead) -> Iterator[bytes]:
    """A text in UTF-8, to its end. ``note`` is told where it breaks off. Raises GivenError where it is no text."""
    buffered: io.BufferedReader
    buffered = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)  # type: ignore[arg-type]
    if interrupt.unless_asked(buffered.peek) == b"":
        raise GivenError(f"{name}: empty; did the command that should have written it fail?")
    if interrupt.asked:
        return
    source, failures = _unpacked(name, buffered)
    yield from _in_utf_8(name, _pieces(name, source, failures, interrupt, note, _position(stream, on_read)))


def _position(stream: IO[bytes], on_read: OnRead) -> OnRead:
    """What tells how far the reading is, given the number of bytes that came out."""
    try:
        is_file = stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        is_file = False
    return (lambda _: on_read(stream.tell())) if is_file else on_read


def _pieces(
    name: str,
    source: _Source,
    failures: tuple[type[Exception], ...],
    interrupt: Interrupt,
    note: Note,
    on_read: OnRead,
) -> Iterator[bytes]:
    """What the source holds, in large pieces; what has come when it is interrupted, or breaks off, is one of them."""
    done = 0
    is_over = False
    while not is_over and not interrupt.asked:
        parts: list[bytes] = []
        is_over = True
        try:
            is_over = not interrupt.unless_asked(partial(_fill, parts, source))
        except failures as error:
            if not done and not parts:
                raise GivenError(f"{name}: cannot be read: {error}") from error
            note(f"{name}: breaks off: {error}")
        done += sum(map(len, parts))
        on_read(done)
        if parts:
            yield b"".join(parts)


def _fill(parts: list[bytes], source: _Source) -> bool:
    """Add what the source holds, up to a whole block; whether there was so much."""
    missing = BLOCK
    while missing and (part := source.read1(missing)):
        parts.append(part)
        missing -= len(part)
    return missing == 0


def _unpacked(name: str, packed: io.BufferedReader) -> tuple[_Source, tuple[type[Exception], ...]]:
    """The stream, unpacked as its first bytes ask for, and how that may fail."""
    start = packed.peek()
    if start.startswith(_GZIP):
        import gzip  # noqa: PLC0415  each is imported where it is needed: most texts are not packed

        return gzip.GzipFile(fileobj=packed), (OSError, EOFError, zlib.error)
    if start.startswith(_XZ):
        import lzma  # noqa: PLC0415

        return lzma.LZMAFile(packed), (OSError, EOFError, lzma.LZMAError)
    if start.startswith(_BZIP2):
        import bz2  # noqa: PLC0415

        return bz2.BZ2File(packed), (OSError, EOFError)
    if start.startswith(_ZSTD):
        return _of_zstd(name, packed)
    return packed, (OSError,)


def _of_zstd(name: str, packed: io.BufferedReader) -> tuple[_Source, tuple[type[Exception], ...]]:
    try:
        import zstandard  # noqa: PLC0415
    except ImportError:
        hint = f"pip install zstandard, or zstd -dc {name} | {called()} explain -"
        raise GivenError(f"{name}: packed by zstd, which takes a package to unpack: {hint}") from None
    reader = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    return reader, (OSError, zstandard.ZstdError)


def _in_utf_8(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The pieces as UTF-8. An empty one says that nothing more has come yet. Raises GivenError for what is no text."""
    start = next(filter(None, pieces), b"")
    if start.startswith(_TAR_MARK, _TAR_PLACE):
        raise GivenError(
            f"{name}: an archive; unpack it and name the folder, or a bundle: {called()} run --from {name}"
        )
    is_wide = start.startswith(_UTF_16)
    if b"\0" in start[:_START] and not is_wide:
        raise GivenError(f"{name}: not text; give a log, or the error itself in quotes")
    if not is_wide:
        yield start.removeprefix(codecs.BOM_UTF8)
        yield from pieces
        return
    decode = codecs.getincrementaldecoder("utf-16")("replace").decode
    for piece in chain([start], pieces):
        yield decode(piece).encode()


# Following: a text that has no end yet.


def arriving(name: str, stream: IO[bytes], path: Path | None, interrupt: Interrupt) -> Iterator[bytes]:
    """What is in a text and what comes to it, until its writer closes it or an interrupt.

    An empty block says that nothing came for a while. ``path``: of a file, which is followed as ``tail -F`` does: a new
    one of its name takes its place. Raises GivenError.
    """
    pieces = _growing(stream, path, interrupt) if path and _is_regular(stream) else _coming(stream, interrupt)
    return _in_utf_8(name, _unpackable(name, pieces))


def _is_regular(stream: IO[bytes]) -> bool:
    return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)


def _unpackable(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        if number == 0 and piece.startswith((_GZIP, _XZ, _BZIP2, _ZSTD)):
            raise GivenError(f"{name}: packed, and so nothing will come to it: leave out --follow")
        yield piece


def _coming(stream: IO[bytes], interrupt: Interrupt) -> Iterator[bytes]:
    """What comes through a pipe."""
    place = stream.fileno()
    wait: float | None = None
    while not interrupt.asked:
        piece = interrupt.unless_asked(partial(_next, place, wait))
        if piece == b"":
            return
        wait = None if piece is None else _IDLE_SECONDS
        yield piece or b""


def _next(place: int, wait: float | None) -> bytes | None:
    """What comes next; None where nothing does for so many seconds."""
    return os.read(place, BLOCK) if select.select([place], [], [], wait)[0] else None


def _growing(stream: IO[bytes], path: Path, interrupt: Interrupt) -> Iterator[bytes]:
    """What comes to a file."""
    with os.fdopen(os.dup(stream.fileno()), "rb", buffering=0) as first:
        current: IO[bytes] = first
        while not interrupt.asked:
            piece = current.read(BLOCK)
            yield piece
            if piece:
                continue
            interrupt.unless_asked(partial(time.sleep, _BETWEEN_SECONDS))
            current = _replaced(current, path)
        current.close()


def _replaced(current: IO[bytes], path: Path) -> IO[bytes]:
    """The file that now has the name, from its start, where it is another one or was emptied; else the same."""
    try:
        now = path.stat()
        was = os.fstat(current.fileno())
        if (now.st_dev, now.st_ino) != (was.st_dev, was.st_ino):
            following = path.open("rb", buffering=0)
            current.close()
            return following
    except OSError:
        return current  # between two files there is a moment without one
    if now.st_size < current.tell():
        current.seek(0)
    return current
