"""Command lines read as the Kubernetes components read them (spf13/pflag).

``--flag=value`` and ``--flag value`` are the same, except that a boolean flag takes no word after it; of a repeated
string flag the last wins; a flag without a value is ``true``. Unknown flags are kept: which of them exist is another
question.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Those of metrics-server, kube-apiserver and kubelet whose presence is judged or that often stand without a value.
BOOLEAN = frozenset(
    {
        "allow-privileged",
        "alsologtostderr",
        "anonymous-auth",
        "authentication-skip-lookup",
        "authentication-tolerate-lookup-failure",
        "authentication-token-webhook",
        "deprecated-kubelet-completely-insecure",
        "enable-aggregator-routing",
        "kubelet-insecure-tls",
        "kubelet-use-node-status-port",
        "logtostderr",
        "profiling",
        "rotate-certificates",
        "rotate-server-certificates",
    }
)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as written, and the line it stands on where it came from a file.

    ``file`` is named where it is another one than its component's own.
    """

    text: str
    line: int | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as given once: its name without dashes, its value, and its line, as in ``Argument``."""

    name: str
    value: str
    line: int | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Flags:
    """All flags of one command line, in order."""

    given: tuple[Flag, ...] = ()

    def __contains__(self, name: object) -> bool:
        return any(flag.name == name for flag in self.given)

    def last(self, name: str) -> Flag | None:
        """The occurrence that counts for a flag of one value."""
        return next((flag for flag in reversed(self.given) if flag.name == name), None)

    def values(self, name: str) -> tuple[str, ...]:
        """Every value that a flag was given, the one that counts last."""
        return tuple(flag.value for flag in self.given if flag.name == name)

    def text(self, name: str, default: str = "") -> str:
        """The value that counts, or the default."""
        flag = self.last(name)
        return default if flag is None else flag.value

    def on(self, name: str, default: bool = False) -> bool:
        """A boolean flag's value; strconv.ParseBool's words for true count."""
        flag = self.last(name)
        return default if flag is None else flag.value in ("1", "t", "T", "true", "TRUE", "True")

    def listed(self, name: str) -> tuple[str, ...]:
        """The elements of a list flag: occurrences add up, and each may hold several, as one line of CSV."""
        values = (flag.value.replace("\n", " ") for flag in self.given if flag.name == name)
        return tuple(part for row in csv.reader(values) for part in row if part)

    def line(self, name: str) -> int | None:
        """The line of the occurrence that counts."""
        flag = self.last(name)
        return flag.line if flag else None


def parse(arguments: Iterable[str | Argument]) -> Flags:
    """Read arguments (without the program's name) as pflag does.

    >>> parse(["--secure-port=4443", "--cert-dir", "/tmp", "--kubelet-insecure-tls"]).text("cert-dir")
    '/tmp'
    """
    return Flags(tuple(_flags([part if isinstance(part, Argument) else Argument(part) for part in arguments])))


def _flags(arguments: list[Argument]) -> Iterator[Flag]:
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        position += 1
        if argument.text == "--":
            return
        if not argument.text.startswith("-"):
            continue
        name, equals, value = argument.text.lstrip("-").partition("=")
        if not equals:
            value = "true"
            # Without its type a flag followed by a bare word is read as taking it, as nearly all of them do.
            takes_word = name not in BOOLEAN and position < len(arguments)
            if takes_word and not arguments[position].text.startswith("-"):
                value = arguments[position].text
                position += 1
        yield Flag(name, value, argument.line, argument.file)
