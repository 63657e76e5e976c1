"""Documents as objects."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from msdoctor.bundle import Document
from msdoctor.facts.objects.base import Meta
from msdoctor.model import Unseen

T = TypeVar("T")


def decode(document: Document, shape: type[T]) -> T | Unseen:
    """A document's body as an object, or why it is not to be had: refused, or not of that shape."""
    if document.body is None:
        return Unseen(str(document.refusal), str(document.place))
    result: T | _NotOfThatShape = _decode(document.body, shape)  # type: ignore[arg-type]  # types are hashable
    if isinstance(result, _NotOfThatShape):
        return Unseen(f"not a {getattr(shape, '__name__', shape)}: {result}", str(document.place))
    if _nameless(result) or any(map(_nameless, getattr(result, "items", None) or ())):
        return Unseen(f"not a {getattr(shape, '__name__', shape)}: an object without a name", str(document.place))
    return result


def _nameless(value: object) -> bool:
    metadata = getattr(value, "metadata", None)
    return isinstance(metadata, Meta) and not metadata.name


class _NotOfThatShape(str):
    __slots__ = ()


@lru_cache(maxsize=256)
def _decode(body: bytes, shape: Any) -> Any:
    """Kept, because the plan of what to read next asks for the same lists again and again while they come in."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return _decode_with_nulls(body, shape, _NotOfThatShape(error))


def _decode_with_nulls(body: bytes, shape: Any, otherwise: _NotOfThatShape) -> Any:
    """To Go a field that is null is one that is not there, anywhere; this is slower, and seldom needed."""
    try:
        return msgspec.convert(_without_nulls(json.loads(body)), type=shape)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return otherwise


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
