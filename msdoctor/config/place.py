"""Where ``msdoctor.yaml`` lies, and its text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msdoctor.config.model import Settings
from msdoctor.config.names import Known
from msdoctor.config.reading import SettingsError, read

NAME = "msdoctor.yaml"
LARGEST = 1024 * 1024
_REPOSITORY = (".git", ".hg", ".jj")


def find(start: Path, home: Path | None) -> Path | None:
    """The nearest ``msdoctor.yaml`` in a directory or above it, up to the root of its repository or the home directory.

    Both of these are still looked at.
    """
    return next((folder / NAME for folder in _upwards(start, home) if (folder / NAME).is_file()), None)


def _upwards(start: Path, home: Path | None) -> Iterator[Path]:
    for folder in (start, *start.parents):
        yield folder
        if folder == home or any((folder / mark).exists() for mark in _REPOSITORY):
            return


def load(file: Path, ids: Known, *, here: Path) -> Settings:
    """The settings in a file, shown as it is reached from ``here`` where it lies below. Raises SettingsError."""
    shown = str(file.relative_to(here)) if file.is_relative_to(here) else str(file)
    return read(_text(file, shown), ids, file=shown, folder=file.parent)


def _text(file: Path, shown: str) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"{shown}: cannot be read: {error.strerror or error}") from None
    if len(content) > LARGEST:
        raise SettingsError(f"{shown}: larger than 1 MiB, which no {NAME} is")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{shown}:{line}: not UTF-8: byte 0x{content[error.start]:02x}") from None
