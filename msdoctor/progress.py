"""What is being waited for, on standard error, when something takes long and somebody watches."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msdoctor.render.terminal import visible

QUIET_SECONDS = 1.0
BETWEEN_SECONDS = 0.5

_WIPE = "\r\x1b[K"


@contextmanager
def progress() -> Iterator[Callable[[int, int, str], None]]:
    """A callback for ``collect.live``; its line is wiped when the look is over."""
    with _drawn("nothing has answered yet") as line:
        yield line.update


@contextmanager
def reading() -> Iterator[Callable[[int, int], None]]:
    """A callback for a ``reading.Reading``; its line is wiped when all is read."""
    with _drawn("nothing has come yet") as line:
        yield line.read


@contextmanager
def _drawn(text: str) -> Iterator[_Line]:
    line = _Line(text)
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield line
        return
    # Drawn by a thread: while a peer does not answer, nothing calls back, and that is when somebody wonders.
    over = threading.Event()
    drawer = threading.Thread(target=line.draw_until, args=(over,), name="progress", daemon=True)
    drawer.start()
    try:
        yield line
    finally:
        over.set()
        drawer.join()


class _Line:
    """The line as it stands. Written by whoever works, read by the drawing thread; a torn read draws an old word."""

    def __init__(self, text: str) -> None:
        self._began = time.monotonic()
        self._text = text

    def update(self, done: int, total: int, current: str) -> None:
        """How many documents are there, of how many, and which came last."""
        self._text = f"{done} of {total} documents; last: {current}"

    def read(self, done: int, total: int) -> None:
        """How many bytes were read, of how many; 0 where that is not known."""
        self._text = f"{done / 1e6:.0f} MB{f' of {total / 1e6:.0f}' if total else ''} read"

    def draw_until(self, over: threading.Event) -> None:
        """Draw now and then, once it has taken long, and leave nothing behind."""
        if over.wait(QUIET_SECONDS):
            return
        import shutil  # noqa: PLC0415  seldom needed, and `explain` has to start fast

        while not over.is_set():
            # One column is left over: of a line that the terminal wraps, only the last part would be wiped.
            columns = shutil.get_terminal_size().columns - 1
            seconds = time.monotonic() - self._began
            self._write(_WIPE + visible(f"{seconds:.0f} s: {self._text}")[:columns])
            over.wait(BETWEEN_SECONDS)
        self._write(_WIPE)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
