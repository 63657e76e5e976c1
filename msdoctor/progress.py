"""What is being waited for, on standard error, when a look takes long and somebody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET_SECONDS = 1.0


def _silent(*_: object) -> None:
    """Nobody watches."""


@contextmanager
def progress() -> Iterator[Callable[[int, int, str], None]]:
    """A callback for ``collect.live``; its line is wiped when the look is over."""
    if not sys.stderr.isatty():
        yield _silent
        return
    began = time.monotonic()
    shown = False

    def show(done: int, total: int, current: str) -> None:
        nonlocal shown
        if time.monotonic() - began > QUIET_SECONDS:
            shown = True
            sys.stderr.write(f"\r\x1b[K{done} of {total} documents; {current}"[:90])
            sys.stderr.flush()

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
