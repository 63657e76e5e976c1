"""What each command's exit codes mean: the end of its help, and a section of its manual page."""

from __future__ import annotations

_GIVEN = {2: "something that was given cannot be used: an option, a file"}
_LAST = {4: "internal error", 130: "interrupted"}
_WELL = {0: "done", **_GIVEN, **_LAST}

EXITS = {
    "": {
        0: "all is well",
        1: "something was found",
        **_GIVEN,
        3: "undecided: too little was seen to tell",
        **_LAST,
    },
    "run": {
        0: "metrics were seen to flow, and nothing was found that counts",
        1: "a cause was found, or a risk with --fail-on risk",
        **_GIVEN,
        3: "undecided: metrics not seen to flow, and no sure cause found",
        **_LAST,
    },
    "preflight": {
        0: "nothing was found that counts",
        1: "a cause was found, or a risk with --fail-on risk",
        **_GIVEN,
        3: "with --strict: something could not be seen",
        **_LAST,
    },
    "collect": {0: "something was seen, and is saved", **_GIVEN, 3: "nothing was seen; the bundle says why", **_LAST},
    "explain": {0: "the text, or the id, is known", 1: "nothing is known of the text", **_GIVEN, **_LAST},
    "cert": {
        0: "Go would accept the certificate",
        1: "Go would not",
        **_GIVEN,
        3: "the address showed no certificate",
        **_LAST,
    },
    "checks": _WELL,
    "version": _WELL,
    "completion": _WELL,
}


def epilog(command: str = "") -> str:
    """The end of a command's help; without a name, of the whole program's."""
    lines = [f"{code:>5}  {meaning}" for code, meaning in EXITS[command].items()]
    title = "Exit codes:" if command else "Exit codes; the help of each command says what they mean there:"
    return "\n".join(("\b", title, *lines))
