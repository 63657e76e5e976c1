"""Dataclasses that cost next to nothing to define.

``dataclasses`` compiles half a dozen methods for every class when it is defined. For the two hundred classes of this
program that takes longer than anything else that it does at its start. Here methods are shared, and only ``__init__``
is compiled, when a class is called for the first time: most classes are not called in a run. What ``dataclasses`` gives
otherwise (``fields``, ``replace``, slots, matching by place) is its own.
"""

from __future__ import annotations

import dataclasses
import operator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  handed on
else:

    def dataclass(*, frozen=False, slots=False, order=False):
        """As ``dataclasses.dataclass``."""

        def define(cls):
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            methods = _methods(made) | (_of_frozen(made) if frozen else {}) | (_of_ordered(made) if order else {})
            for name, method in methods.items():
                if name not in vars(cls):
                    setattr(made, name, method)
            return made

        return define


def _methods(cls: type[Any]) -> dict[str, Any]:
    compared = _compared(cls)
    shown = [item.name for item in dataclasses.fields(cls) if item.repr]

    def init(self: object, *args: Any, **kwargs: Any) -> None:
        cls.__init__ = _init(cls)
        cls.__init__(self, *args, **kwargs)

    def text(self: object) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    def equal(self: object, other: object) -> Any:
        return compared(self) == compared(other) if type(other) is type(self) else NotImplemented

    return {"__init__": init, "__repr__": text, "__eq__": equal, "__hash__": None}


def _of_frozen(cls: type[Any]) -> dict[str, Any]:
    compared = _compared(cls)
    return {
        "__hash__": lambda self: hash(compared(self)),
        "__setattr__": _refuse,
        "__delattr__": _refuse,
        "__reduce__": _reduce,
    }


def _of_ordered(cls: type[Any]) -> dict[str, Any]:
    compared = _compared(cls)

    def method(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], Any]:
        return lambda self, other: (
            compare(compared(self), compared(other)) if type(other) is type(self) else NotImplemented
        )

    return {
        f"__{compare.__name__}__": method(compare) for compare in (operator.lt, operator.le, operator.gt, operator.ge)
    }


def _compared(cls: type[Any]) -> Callable[[object], Any]:
    """What of an object is compared with another's."""
    names = [item.name for item in dataclasses.fields(cls) if item.compare]
    return operator.attrgetter(*names) if names else lambda _: ()


def _init(cls: type[Any]) -> Any:
    """The method that sets the fields. Its text holds nothing but their names."""
    known: dict[str, Any] = {"_set": object.__setattr__, "_absent": object()}
    parameters, body = ["self"], ["pass"]
    for item in dataclasses.fields(cls):
        name = value = item.name
        if item.default_factory is not dataclasses.MISSING:
            known[f"_make_{name}"] = item.default_factory
            parameters.append(f"{name}=_absent")
            value = f"_make_{name}() if {name} is _absent else {name}"
        elif item.default is not dataclasses.MISSING:
            known[f"_default_{name}"] = item.default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        body.append(f"_set(self, {name!r}, {value})")
    exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(body), known)  # noqa: S102
    known["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return known["__init__"]


def _refuse(self: object, name: str, *_: object) -> None:
    raise dataclasses.FrozenInstanceError(f"{type(self).__name__} does not change: {name}")


def _reduce(self: Any) -> tuple[Any, ...]:
    """For ``copy`` and ``pickle``, which would set the fields one by one."""
    return _made_of, (type(self), tuple(getattr(self, item.name) for item in dataclasses.fields(self)))


def _made_of(cls: type[Any], values: Sequence[object]) -> object:
    made = object.__new__(cls)
    for item, value in zip(dataclasses.fields(cls), values, strict=True):
        object.__setattr__(made, item.name, value)
    return made
