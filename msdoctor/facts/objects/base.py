"""What every Kubernetes object has: its name, its conditions, and the words that several kinds share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

# Kubernetes writes every time in UTC; one without a zone could not be compared with any other.
Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Struct(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Base of every object here: frozen, and named in JSON as Kubernetes names its fields."""


# What the API server lets an object be called: a forged bundle's name must not write into the command that quotes it.
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]*\Z")]


Quantity = str | int | float


class OwnerReference(Struct, frozen=True):
    kind: Name = ""
    name: Name = ""


class Meta(Struct, frozen=True):
    name: Name = ""
    namespace: Name = ""
    uid: str = ""
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: tuple[OwnerReference, ...] = ()


class Condition(Struct, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    last_transition_time: Time | None = None
    last_heartbeat_time: Time | None = None  # of a Node's conditions: when the kubelet last wrote it


class Conditions(Struct, frozen=True):
    conditions: tuple[Condition, ...] = ()


class LabelRequirement(Struct, frozen=True):
    """``operator``: In, NotIn, Exists or DoesNotExist."""

    key: str = ""
    operator: str = ""
    values: tuple[str, ...] = ()


class LabelSelector(Struct, frozen=True):
    match_labels: dict[str, str] = {}
    match_expressions: tuple[LabelRequirement, ...] = ()
