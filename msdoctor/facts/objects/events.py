"""Events."""

from __future__ import annotations

from msdoctor.facts.objects.base import Meta, Name, Struct, Time


class InvolvedObject(Struct, frozen=True):
    """``field_path``: ``spec.containers{NAME}`` where it is about one container of a pod."""

    kind: Name = ""
    name: Name = ""
    field_path: str = ""


class Event(Struct, frozen=True):
    metadata: Meta = Meta()
    involved_object: InvolvedObject = InvolvedObject()
    reason: str = ""
    message: str = ""
    type: str = ""
    count: int | None = None
    last_timestamp: Time | None = None


class EventList(Struct, frozen=True):
    items: tuple[Event, ...]
