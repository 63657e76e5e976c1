"""Ctrl-C while something is read: it ends the reading, and what was read by then is still answered."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Self, TypeVar

_T = TypeVar("_T")


class Interrupt:
    """Within ``with``, the first Ctrl-C is a wish (``asked``); the second interrupts at once, as without it."""

    def __init__(self) -> None:
        self.asked = False
        self._may_break = False
        self._before: object = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)  # type: ignore[arg-type]  # what it was before

    def unless_asked(self, wait: Callable[[], _T]) -> _T | None:
        """What a wait brings, which the wish ends at once, and which is not begun after it; None then."""
        self._may_break = True
        try:
            return None if self.asked else wait()
        except KeyboardInterrupt:
            if not self.asked:
                raise
            return None
        finally:
            self._may_break = False

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        is_second = self.asked
        self.asked = True
        if self._may_break or is_second:
            raise KeyboardInterrupt
