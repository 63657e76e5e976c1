"""Which argument a release of metrics-server does not start with, and what it takes instead.

Read off the arguments themselves, for where its log is not to be had; where it is, the log comes first. Sources:
metrics-server cmd/metrics-server/app/options and its release notes: 0.7.0 took klog's flags away and brought four of
its own, 0.8.0 brought the generic API server's, 0.9.0 two more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msdoctor.facts.flags import BOOLEAN, Flags
from msdoctor.facts.installation import Installation, seconds
from msdoctor.utterances import errors

Version = tuple[int, int]

REMOVED: dict[Version, frozenset[str]] = {
    (0, 7): frozenset(
        {
            "add-dir-header",
            "add_dir_header",
            "alsologtostderr",
            "log-backtrace-at",
            "log-dir",
            "log-file",
            "log-file-max-size",
            "log_backtrace_at",
            "log_dir",
            "log_file",
            "log_file_max_size",
            "logtostderr",
            "one-output",
            "one_output",
            "skip-headers",
            "skip-log-headers",
            "skip_headers",
            "skip_log_headers",
            "stderrthreshold",
        }
    )
}
ADDED: dict[Version, frozenset[str]] = {
    (0, 7): frozenset({"kubelet-request-timeout", "node-selector", "logging-format", "debug-socket-path"}),
    (0, 8): frozenset(
        {"requestheader-uid-headers", "emulated-version", "advertise-address", "shutdown-delay-duration"}
    ),
    (0, 9): frozenset({"tls-curve-preferences", "min-compatibility-version"}),
}
# options/kubelet_client.go Validate, in its order: of each pair the one to take away.
EXCLUSIVE = (
    ("kubelet-certificate-authority", "kubelet-insecure-tls"),
    ("kubelet-client-key", "deprecated-kubelet-completely-insecure"),
    ("kubelet-client-certificate", "deprecated-kubelet-completely-insecure"),
    ("kubelet-insecure-tls", "deprecated-kubelet-completely-insecure"),
    ("kubelet-certificate-authority", "deprecated-kubelet-completely-insecure"),
)
DURATIONS = ("metric-resolution", "kubelet-request-timeout")
LEAST_RESOLUTION = 10
SHARE_OF_RESOLUTION = 0.9


@dataclass(frozen=True, slots=True)
class Mend:
    """A change of arguments: ``flag`` (without dashes) is given ``value``, or taken away where that is None."""

    flag: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """What a release says of its arguments, as it would print it, and what mends them."""

    text: str
    mends: tuple[Mend, ...]


def rejected(flags: Flags, version: Version | None) -> Rejected | None:
    """The first thing that a release would refuse, None where it would start or its version is not known."""
    for release, names in REMOVED.items():
        gone = next((flag.name for flag in flags.given if flag.name in names), None)
        if gone and version and version >= release:
            return Rejected(f"unknown flag: --{gone}", (Mend(gone),))
    for release, names in ADDED.items():
        new = next((flag.name for flag in flags.given if flag.name in names), None)
        if new and version and version < release:
            return Rejected(f"unknown flag: --{new}", (Mend(new),))
    return _unreadable(flags) or _exclusive(flags) or _out_of_bounds(flags, version)


def _unreadable(flags: Flags) -> Rejected | None:
    for name in DURATIONS:
        value = flags.text(name)
        if value.isdecimal() and value != "0":
            why = f'invalid argument "{value}" for "--{name}" flag: time: missing unit in duration "{value}"'
            return Rejected(why, (Mend(name, f"{value}s"),))
    return None


def _exclusive(flags: Flags) -> Rejected | None:
    for kept, other in EXCLUSIVE:
        if _given(flags, kept) and flags.on(other):
            return Rejected(f"cannot use both --{kept} and --{other}", (Mend(other),))
    return None


def _given(flags: Flags, name: str) -> bool:
    return flags.on(name) if name in BOOLEAN else bool(flags.text(name))


def _out_of_bounds(flags: Flags, version: Version | None) -> Rejected | None:
    resolution = seconds(flags, "metric-resolution", 60)
    timeout = seconds(flags, "kubelet-request-timeout", 10)
    if resolution < LEAST_RESOLUTION:
        given = flags.text("metric-resolution")
        text = f"metric-resolution should be a time duration at least 10s, but value {given} provided"
        return Rejected(text, paced(15, timeout))
    if version and version >= (0, 7) and resolution * SHARE_OF_RESOLUTION < timeout:
        text = (
            "metric-resolution should be larger than kubelet-request-timeout, but metric-resolution value"
            f" {_duration(resolution)} kubelet-request-timeout value {_duration(timeout)} provided"
        )
        return Rejected(text, paced(resolution, timeout))
    return None


def paced(resolution: float, timeout: float) -> tuple[Mend, ...]:
    """A resolution as asked for, and a timeout that goes with it: up to nine tenths."""
    most = int(resolution * SHARE_OF_RESOLUTION)
    wanted = (Mend("metric-resolution", _duration(resolution)),)
    return wanted if timeout <= most else (*wanted, Mend("kubelet-request-timeout", f"{most}s"))


def _duration(value: float) -> str:
    """As time.Duration prints what has no fraction of a second."""
    return f"{value:g}s" if value < 60 or value % 60 else f"{int(value // 60)}m0s"


def said(error: object, flags: Flags) -> tuple[Mend, ...]:
    """What mends that which metrics-server's own log complains of; nothing where that is for its owner to know."""
    if isinstance(error, errors.UnknownFlag):
        return (Mend(error.flag.lstrip("-").partition("=")[0]),)
    if not isinstance(error, errors.RejectedArgument):
        return ()
    if "should be" in error.text:
        resolution = max(seconds(flags, "metric-resolution", 60), LEAST_RESOLUTION)
        timeout = seconds(flags, "kubelet-request-timeout", 10) or 10
        return paced(resolution if resolution > LEAST_RESOLUTION else 15, timeout)
    if "time: missing unit" in error.text:
        name = error.flag.lstrip("-")
        return (Mend(name, f"{flags.text(name)}s"),)
    named = re.findall(r"--([\w-]+)", error.text)
    if error.text.startswith("cannot use both"):
        return (Mend(named[-1]),)
    return tuple(Mend(name) for name in named if name in flags)


def json_patch(installation: Installation, mends: Sequence[Mend]) -> str:
    """A JSON patch of the Deployment that makes these changes; empty where the arguments to change are not in it."""
    number = installation.deployment.spec.template.spec.containers.index(installation.container)
    container = f"/spec/template/spec/containers/{number}"
    spots = [spot for mend in mends for spot in _spots(installation, mend.flag)]
    changed = {mend.flag: f"--{mend.flag}={mend.value}" for mend in mends if mend.value is not None}
    found = {name for _, _, name in spots}
    replaced: set[str] = set()
    operations: list[dict[str, object]] = []
    # From the end, so that what is taken away moves nothing that is still to be changed.
    for field, position, name in sorted(spots, reverse=True):
        path = f"{container}/{field}/{position}"
        if name in changed and name not in replaced:
            operations.append({"op": "replace", "path": path, "value": changed[name]})
            replaced.add(name)
        else:
            operations.append({"op": "remove", "path": path})
    added = [text for name, text in changed.items() if name not in found]
    if not operations and not added:
        return ""
    if added and not installation.container.args:
        operations.append({"op": "add", "path": f"{container}/args", "value": []})
    operations += [{"op": "add", "path": f"{container}/args/-", "value": text} for text in added]
    return json.dumps(operations, separators=(",", ":"))


def _spots(installation: Installation, name: str) -> Iterator[tuple[str, int, str]]:
    """Where a flag stands, and the word after it where that is its value: the list, the place in it, the name."""
    for field, words in (("command", installation.container.command), ("args", installation.container.args)):
        for position, word in enumerate(words):
            if word.lstrip("-").partition("=")[0] != name or not word.startswith("-"):
                continue
            yield field, position, name
            following = words[position + 1] if position + 1 < len(words) else "-"
            if "=" not in word and name not in BOOLEAN and not following.startswith("-"):
                yield field, position + 1, name
