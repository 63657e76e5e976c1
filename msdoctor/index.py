"""What ``explain`` knows of every check without importing any: its name, its place, and what it sounds like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from msdoctor.model import Check, Class, Hop, Look, Says


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One check, as far as recognising it needs."""

    id: str
    cls: Class
    hop: Hop
    title: str
    file: str
    says: tuple[Says, ...]
    decide: tuple[Look, ...]
    needs: Mapping[str, bool]
    present: frozenset[str]


class Knowledge(Protocol):
    """An index of checks that can also load the one that an answer names (``registry.Index``)."""

    @property
    def entries(self) -> tuple[IndexEntry, ...]:
        """Every check, by id."""

    def check(self, check_id: str, /) -> Check:
        """The check of an id, imported now."""
