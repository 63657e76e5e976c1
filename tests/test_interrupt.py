"""Ctrl-C while something is awaited."""

import signal
import time

import pytest

from msdoctor.interrupt import Interrupt


def _ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_a_wait_brings_what_it_brings() -> None:
    with Interrupt() as interrupt:
        assert interrupt.unless_asked(lambda: "a line") == "a line"
    assert not interrupt.asked


def test_ctrl_c_ends_a_wait_and_is_remembered() -> None:
    with Interrupt() as interrupt:
        assert interrupt.unless_asked(_ctrl_c) is None
    assert interrupt.asked


def test_after_ctrl_c_no_wait_is_begun() -> None:
    """Between two waits it breaks nothing, and the next one would last until something comes."""
    begun: list[float] = []
    with Interrupt() as interrupt:
        _ctrl_c()
        assert interrupt.unless_asked(lambda: begun.append(time.monotonic())) is None
    assert begun == []


def test_the_second_ctrl_c_interrupts_at_once() -> None:
    with Interrupt():
        _ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            _ctrl_c()


def test_afterwards_ctrl_c_is_what_it_was() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Interrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is before
