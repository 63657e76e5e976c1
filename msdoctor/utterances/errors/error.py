"""The innermost error of an utterance, as a value."""

from __future__ import annotations

from typing import ClassVar

from msdoctor.model import Hop
from msdoctor.utterances.value import Value


class InnermostError(Value):
    """What went wrong.

    ``hop``: where, if the error itself tells, whoever says it and of whatever connection. ``wraps``: it is said around
    another error, and counts only where nothing else that its record says is known.
    """

    hop: ClassVar[Hop | None] = None
    wraps: ClassVar[bool] = False

    def __init_subclass__(cls, hop: Hop | None = None, wraps: bool = False) -> None:
        super().__init_subclass__()
        cls.hop = hop
        cls.wraps = wraps


class Circumstance(InnermostError):
    """No error: what a text shows of its cluster beside one (``utterances/circumstances.py``), and names nothing.

    What a check says of it is by how much it comes before others that an error leaves open with it. ``words`` are
    those of the text by which it is known.
    """

    what: str
    words: str = ""


class Unrecognised(InnermostError):
    """An error whose innermost part nobody here knows, said by a line that is known to be one."""

    text: str
