"""The beginning of a lab's processes, and their end: `watch.py` is what runs meanwhile."""

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab import state, watch
from lab.folders import lay_out
from lab.machines import LabError
from lab.truth import Truth

# This process's ends of the pipes to the watchers of labs that end with it.
_LIFELINES: dict[str, int] = {}


@contextmanager
def begun(name: str, truth: Truth, programs: Mapping[str, Path], *, stays: bool) -> Iterator[state.Record]:
    """Start a lab's machines; it ends again if what is done with them fails.

    Else it ends with this process, however that ends, unless it `stays`. `LabError` if one of this name is up.
    """
    if (record := state.read(name)) and record.watcher.alive:
        raise LabError(f"lab {name} is up already: use it, end it with `down`, or choose another LAB=NAME")
    token = uuid.uuid4().hex
    lifeline = watch.start(name, token, programs["lab-init"])
    try:
        yield _await_machines(name, token, lambda: lay_out(name, truth, programs))
    except BaseException:
        os.close(lifeline)
        _abandon(name, token)
        raise
    if stays:
        os.write(lifeline, watch.KEEP)
        os.close(lifeline)
    else:
        _LIFELINES[name] = lifeline


def _await_machines(name: str, token: str, prepare: Callable[[], None]) -> state.Record:
    """Prepare as soon as the watcher has made the state folder, then wait for the machines."""
    deadline = time.monotonic() + 60
    prepared = False
    while time.monotonic() < deadline:
        record = state.read(name)
        mine = record is not None and record.token == token and record.watcher.alive
        if prepared and not mine:
            break
        if mine and not prepared:
            prepare()
            prepared = True
        if record and mine and record.machines:
            return record
        if record and not mine and record.watcher.alive:
            raise LabError(f"lab {name} is being started by somebody else")
        time.sleep(0.02)
    raise LabError(f"lab {name} did not start, or was ended; what its watcher said is above")


def _abandon(name: str, token: str) -> None:
    """Wait for the end of a lab that did not come to stand, and remove what was written after its end."""
    record = state.read(name)
    if record and record.token == token and not record.watcher.wait_gone(30):
        record.watcher.kill()
    with state.alone():
        state.sweep()
        state.remove_root()


def down(name: str) -> bool:
    """End a lab if it is up, and remove what any dead lab left behind; returns whether it was up."""
    record = state.read(name)
    was_up = record is not None and record.watcher.alive
    if record and was_up:
        record.watcher.kill(signal.SIGTERM)
        if not record.watcher.wait_gone(30):
            record.watcher.kill()
    if name in _LIFELINES:
        os.close(_LIFELINES.pop(name))
    with state.alone():
        state.sweep()
        state.remove_root()
    return was_up
