"""Our dataclasses are the standard library's, but for what they cost to define."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from msdoctor.dataclass import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Point:
    x: int
    y: int = 0
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)
    note: str = dataclasses.field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Empty:
    pass


@dataclass(frozen=True)
class Shape:
    name: str


@dataclass(frozen=True)
class Circle(Shape):
    radius: int = 1

    def __repr__(self) -> str:
        return f"a circle named {self.name}"


@dataclass(slots=True)
class Counter:
    count: int = 0


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Theirs:
    x: int
    y: int = 0
    tags: list[str] = dataclasses.field(default_factory=list, compare=False)
    note: str = dataclasses.field(default="", repr=False, compare=False)


QUESTIONS: list[Callable[[Any], object]] = [
    lambda cls: cls(1),
    lambda cls: cls(1, note="n").note,
    lambda cls: cls(1, 2, ["a"]).tags,
    lambda cls: cls(x=1) == cls(1, 0, ["other"]),
    lambda cls: cls(1) == cls(2),
    lambda cls: cls(1) == (1, 0),
    lambda cls: hash(cls(1)) == hash(cls(1, note="n")),
    lambda cls: [cls(1) < cls(1, 1), cls(1) <= cls(1), cls(1) > cls(2), cls(1) >= cls(2)],
    lambda cls: sorted([cls(2), cls(1, 5), cls(1)]),
    lambda cls: dataclasses.replace(cls(1), y=4),
    lambda cls: [field.name for field in dataclasses.fields(cls)],
    lambda cls: dataclasses.asdict(cls(1)),
    lambda cls: (cls.__match_args__, cls.__slots__),
    lambda cls: copy.deepcopy(cls(1, tags=["a"])),
]


@pytest.mark.parametrize("ask", QUESTIONS, ids=range(len(QUESTIONS)))
def test_it_answers_as_the_standard_librarys(ask: Callable[[Any], object]) -> None:
    assert repr(ask(Point)).replace("Point", "Theirs") == repr(ask(Theirs))


WRONG: list[Callable[[Any], object]] = [
    lambda cls: cls(),
    lambda cls: cls(1, 2, [], "", 5),
    lambda cls: cls(1, z=2),
    lambda cls: cls(1) < 5,
    lambda cls: setattr(cls(1), "x", 2),
    lambda cls: setattr(cls(1), "z", 2),
    lambda cls: delattr(cls(1), "x"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_it_refuses_what_the_standard_librarys_refuses(wrong: Callable[[Any], object]) -> None:
    for cls in (Theirs, Point):
        with pytest.raises((TypeError, dataclasses.FrozenInstanceError)):
            wrong(cls)


def test_each_object_has_a_default_of_its_own() -> None:
    assert Point(1).tags is not Point(1).tags


def test_what_a_class_says_itself_is_kept_and_inherited_fields_come_first() -> None:
    assert repr(Circle("c", 2)) == "a circle named c"
    assert repr(Shape("s")) == "Shape(name='s')"
    assert Circle("c") != Shape("c")
    assert Circle("c", 2).radius == 2


def test_one_without_fields_equals_another_and_can_be_hashed() -> None:
    assert {Empty(), Empty()} == {Empty()}


def test_one_that_may_change_changes_and_cannot_be_hashed() -> None:
    counter = Counter()
    counter.count += 1

    assert counter == Counter(1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(counter)


def test_one_that_is_packed_is_unpacked_as_it_was() -> None:
    assert pickle.loads(pickle.dumps(Point(1, 2, ["a"], "n"))).note == "n"
