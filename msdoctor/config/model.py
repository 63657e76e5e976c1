"""What the user has decided about findings, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

from msdoctor.model import Class

OFF = "off"


@dataclass(frozen=True, slots=True)
class Suppression:
    """A finding that is known and accepted.

    ``name`` is an id, a glob or a hop's letter; ``subjects`` are globs, and every subject of a finding must fit one of
    them, so that a certificate accepted on one node never hides another node's. ``until`` is its last day, in UTC.
    ``where`` is the file and line that says so.
    """

    name: str
    reason: str
    subjects: tuple[str, ...] = ("*",)
    until: date | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``msdoctor.yaml`` and the command line say together.

    ``severities``: a name, and what its findings count as (``Class.CAUSE``, ``Class.RISK`` or ``OFF``); of several that
    fit, the last holds. ``select`` empty: everything. ``file`` is how the file that was read is shown.
    """

    file: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Class | None = None
    severities: Mapping[str, Class | str] = field(default_factory=lambda: MappingProxyType({}))
    suppressions: tuple[Suppression, ...] = ()
    baseline: Path | None = None
