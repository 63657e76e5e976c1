"""What the user hands to ``explain``: a text, standard input or a file, as lines."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TextIO

from msdoctor.errors import GivenError
from msdoctor.utterances.reader import lines_of

_PATH_STARTS = ("/", "./", "../", "~/")
_PATH_ENDS = (".log", ".txt", ".out", ".err", ".json", ".yaml", ".yml", ".gz")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # PowerShell's `>` writes it
_GZIP = b"\x1f\x8b"


@contextmanager
def lines(words: tuple[str, ...]) -> Iterator[Iterable[str]]:
    """The lines of ``-``, of a file, or of the words themselves. Raises GivenError."""
    if words == ("-",):
        text = _decoded("standard input", _standard_input())
        yield lines_of(text)
    elif len(words) == 1 and is_there(words[0]):
        with _opened(Path(words[0])) as stream, _decoded(words[0], stream) as text:
            yield lines_of(text)
    elif len(words) == 1 and _looks_like_a_path(words[0]):
        raise GivenError(f"{words[0]}: no such file; if it is an error's text, give the whole line, in quotes")
    else:
        yield _split(" ".join(words))


def is_there(word: str) -> bool:
    """Whether anything has this name: a file, a directory, a pipe such as that of ``<(command)``."""
    try:
        return bool(word) and Path(word).exists()
    except (OSError, ValueError):  # a pasted line is often too long for a name
        return False


def _looks_like_a_path(word: str) -> bool:
    return word.split() == [word] and (word.startswith(_PATH_STARTS) or word.endswith(_PATH_ENDS))


def _split(text: str) -> list[str]:
    if not text.strip():
        raise GivenError("the text is empty; did the command that should have printed it fail?")
    return text.splitlines()


def _standard_input() -> IO[bytes]:
    if sys.stdin is None:  # closed before this program began
        raise GivenError("standard input is closed; give a file, or the text itself in quotes")
    return sys.stdin.buffer


def _opened(path: Path) -> IO[bytes]:
    if path.is_dir():
        raise GivenError(f"{path}: a directory; name a file in it, or diagnose a bundle: msdoctor run --from {path}")
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise GivenError(f"{path}: cannot be read: {error.strerror or error}") from error


def _decoded(name: str, stream: IO[bytes]) -> TextIO:
    buffered = io.BufferedReader(stream)  # type: ignore[type-var]  # whatever can be read into will do
    start = buffered.peek(io.DEFAULT_BUFFER_SIZE)
    if not start:
        raise GivenError(f"{name}: empty; did the command that should have written it fail?")
    if start.startswith(_GZIP):
        raise GivenError(
            f"{name}: packed; a log: gunzip -c {name} | msdoctor explain -; a bundle: msdoctor run --from {name}"
        )
    wide = start.startswith(_UTF_16)
    if b"\0" in start and not wide:
        raise GivenError(f"{name}: not text; give a log, or the error itself in quotes")
    return io.TextIOWrapper(buffered, "utf-16" if wide else "utf-8-sig", errors="replace")
