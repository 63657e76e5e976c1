"""Writes a changed file: all of it or nothing, with its own line ends, mark and permissions."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from msdoctor.errors import GivenError
from msdoctor.repository.walk import BOM


def write(path: str, before: str, after: str) -> None:
    """Replace a file's text. Raises GivenError where it is not what was read any more, or may not be written."""
    target = Path(path).resolve()
    try:
        was = target.read_bytes().decode("utf-8")
        plain = was.removeprefix(BOM)
        ends = "\r\n" if "\r\n" in plain else "\n"
        if plain.replace("\r\n", "\n") != before:
            raise GivenError(f"{path}: has changed since it was read; nothing was written to it")
        text = (BOM if was.startswith(BOM) else "") + after.replace("\n", ends)
        mode = stat.S_IMODE(target.stat().st_mode)
        beside = target.parent / f".msdoctor-{os.urandom(6).hex()}.tmp"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(text.encode())
                os.fchmod(stream.fileno(), mode)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except (OSError, UnicodeDecodeError) as error:
        raise GivenError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
