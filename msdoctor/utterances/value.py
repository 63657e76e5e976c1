"""Immutable values that cost next to nothing to define.

There are as many kinds of error as grammars, and ``explain`` must answer in the time of a shell command: dataclasses
compile the methods of every class anew, which for this many takes longer than all the rest of the program.
"""

from __future__ import annotations

from typing import Any, ClassVar, Never, dataclass_transform


@dataclass_transform(frozen_default=True)
class Value:
    """A base class whose subclasses' annotations are their fields, as in a frozen dataclass; values equal by fields."""

    _names: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls._names = tuple(cls.__annotations__)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = self._names
        given = dict(zip(names, args, strict=False))
        if len(args) > len(names) or kwargs.keys() - (set(names) - given.keys()):
            raise TypeError(f"{type(self).__name__} takes {', '.join(names) or 'nothing'}, each once")
        given.update(kwargs)
        missing = [name for name in names if name not in given and not hasattr(type(self), name)]
        if missing:
            raise TypeError(f"{type(self).__name__} lacks {', '.join(missing)}")
        self.__dict__.update(given)

    def parts(self) -> dict[str, Any]:
        """The fields by name, in order."""
        return {name: getattr(self, name) for name in self._names}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.parts() == self.parts()

    def __hash__(self) -> int:
        return hash((type(self), *self.parts().values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.parts().items())})"

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"{type(self).__name__} does not change")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"{type(self).__name__} does not change")
