"""Checks as a user names them: an id, a glob of ids, or the letter of a hop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from fnmatch import fnmatchcase

from msdoctor.called import called
from msdoctor.model import Check, Hop

HOPS = tuple(hop.value for hop in Hop)

Known = Mapping[str, Hop | None]
"""Every id that there is, and its hop, which mere noise has none of."""


def known(checks: Iterable[Check] = ()) -> Known:
    """The ids of the vocabulary, which are those of every version, and those of the checks at hand."""
    from msdoctor.vocabulary import VOCABULARY  # noqa: PLC0415  a comment without ids is read without it

    return {
        **{entry.id: entry.hop for entry in VOCABULARY.values()},
        **{check.id: check.hop for check in checks},
    }


def matches(pattern: str, check_id: str, hop: Hop | None) -> bool:
    """Whether this check is meant.

    >>> [matches(pattern, "kubelet-down", Hop.E) for pattern in ("kubelet-*", "E", "D")]
    [True, True, False]
    """
    return hop == pattern if pattern in HOPS else fnmatchcase(check_id, pattern)


def problem(pattern: str, ids: Known) -> str:
    """What is wrong with a name, and the nearest that is right; empty where nothing is.

    >>> problem("kubelet-donw", {"kubelet-down": Hop.E})
    'there is no check kubelet-donw; did you mean kubelet-down?'
    """
    if pattern in ids or any(matches(pattern, check_id, hop) for check_id, hop in ids.items()):
        return ""
    if len(pattern) == 1 and pattern.upper() in HOPS:
        return f"hops are written large: did you mean {pattern.upper()}?"
    kind = "no check has an id like" if any(sign in pattern for sign in "*?[") else "there is no check"
    near = get_close_matches(pattern, [*ids, *HOPS], n=1)
    advice = f"did you mean {near[0]}?" if near else f"`{called()} checks` lists them"
    return f"{kind} {pattern or '(empty)'}; {advice}"


def nearest(word: str, words: Iterable[str]) -> str:
    """A question that names the nearest of these words, or else all of them."""
    all_ = list(words)
    near = get_close_matches(word.lower(), all_, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(all_)}"
