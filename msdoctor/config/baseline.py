"""What was found once and is lived with, so that only what is new fails. Its file has no times in it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import msgspec

from msdoctor.diagnosis import Cause, Diagnosis, SetAside, fingerprint
from msdoctor.errors import GivenError
from msdoctor.model import State

FORMAT = "1"


class Entry(msgspec.Struct, frozen=True, rename={"print_": "fingerprint"}):
    """One finding. ``state`` as it was then; a symptom without a cause is active."""

    id: str
    subjects: tuple[str, ...]
    state: State
    print_: str
    summary: str = ""


class _File(msgspec.Struct):
    schemaVersion: str  # noqa: N815  as the file has it
    findings: list[Entry]


@dataclass(frozen=True)
class Baseline:
    """Findings of an earlier look. ``file`` is how the file is shown."""

    file: str
    entries: tuple[Entry, ...]

    def knows(self, print_: str, state: State) -> bool:
        """Whether it was there then; a fault that nothing failed by, and something does now, is as good as new."""
        entry = self._by_fingerprint.get(print_)
        return entry is not None and (state is not State.ACTIVE or entry.state is State.ACTIVE)

    @cached_property
    def _by_fingerprint(self) -> dict[str, Entry]:
        return {entry.print_: entry for entry in self.entries}


def read(content: bytes, file: str) -> Baseline:
    """A baseline as ``text`` writes it. Raises GivenError for anything else."""
    again = "write it anew with --write-baseline"
    try:
        found = msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GivenError(f"{file}: no baseline of msdoctor: {error}; {again}") from None
    if found.schemaVersion != FORMAT:
        raise GivenError(f"{file}: a baseline of another version, {found.schemaVersion}; {again}")
    return Baseline(file, tuple(found.findings))


def text(entries: Iterable[Entry]) -> str:
    """The file that holds them, one finding to a line, so that a difference shows what came and what went."""
    lines = sorted({f"\n  {json.dumps(msgspec.to_builtins(entry))}" for entry in entries})
    return f'{{"schemaVersion": "{FORMAT}", "findings": [{",".join(lines)}\n]}}\n'


def entries_of(diagnosis: Diagnosis) -> Iterator[Entry]:
    """What a baseline of this diagnosis holds: all that counts, and all that a baseline has set aside."""
    for cause in diagnosis.causes:
        yield _of_cause(cause)
    for item in diagnosis.unexplained:
        yield Entry(item.id, item.subjects, State.ACTIVE, fingerprint(item.id, item.subjects), item.summary)
    for aside in diagnosis.suppressed:
        if aside.by is SetAside.BASELINE:
            state = aside.cause.finding.state if aside.cause else State.ACTIVE
            yield Entry(aside.id, aside.subjects, state, aside.fingerprint, aside.summary)


def _of_cause(cause: Cause) -> Entry:
    return Entry(cause.id, cause.finding.subjects, cause.finding.state, cause.fingerprint, cause.finding.summary)
