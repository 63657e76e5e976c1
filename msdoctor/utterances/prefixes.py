"""What carriers of log lines put before them, taken off: kubectl, journald, CRI, docker, colours.

Sources: ``kubectl logs`` (kubectl pkg/cmd/logs/logs.go, ``[pod/NAME/CONTAINER] ``; ``--timestamps`` is RFC 3339 with
nanoseconds, written by the kubelet); the CRI log format (``TIME STREAM F|P TEXT``, kubelet
pkg/kubelet/kuberuntime/logs/logs.go); docker's json-file driver (``{"log":…,"stream":…,"time":…}``), and the documents
that shippers make of its lines (fluent-bit's ``log``, ``pod``, ``container``; Azure's ``properties`` around them;
Google's ``textPayload``); journald's ``short``, ``short-iso`` and ``json`` output (systemd src/shared/logs-show.c), of
which a month has the name that it has in the reader's language, and syslog, which has no number of a process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from msdoctor.utterances import Speaker
from msdoctor.utterances.ellipses import made_whole
from msdoctor.utterances.quoting import unquote

# Texts, not compiled: most lines have none of these, and re keeps what it compiled.
_COLOUR = r"\x1b\[[0-9;:?]{0,40}[A-Za-z]"
_RFC3339 = r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d))"
_POD = r"\[pod/([^\]/\s]{1,253})/([^\]\s]{1,253})\]\s?"
_CRI = _RFC3339 + r" (?:stdout|stderr) ([FP])(?:\s|$)"
_TIMESTAMP = _RFC3339 + r"\s"
_JOURNAL = (
    r"(?:[^\W\d_]{3,5}\.? [ \d]?\d \d\d:\d\d:\d\d(?:\.\d{1,6})?|" + _RFC3339 + r") \S{1,253} "
    r"([\w.@-]{1,64})(?:\[\d{1,10}\])?: "
)
# One field of a document that was printed over several lines, as log stores show what they keep
_FIELD_OF_A_STORE = r'"(?:log|message|MESSAGE|textPayload|msg)"\s?: ?"((?:[^"\\]|\\.){0,60000})"?,?\s*$'
_IN_STORES = ("log", "MESSAGE", "textPayload", "@message")
_DOCKERS = {"log", "stream", "time", "attrs"}
_DEEPEST = 3  # objects within objects of a store's document that are looked into
# The rest of a journal's line where its time is of another language, or the selection began within it.
_PROGRAM = (
    r"(?:\S{1,253} {1,2}){0,5}?"
    r"(?P<name>kube[\w.-]{0,40}|hyperkube|k3s[\w-]{0,20}|rke2[\w-]{0,20}|[\w.-]{0,20}microk8s[\w.-]{0,40})"
    r"(?:\[\d{1,10}\]: |: (?=[IWEF]\d{4} \d\d:))"
)
# Quotes as word processors and chats set them
_TYPESET = str.maketrans({**dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‘’‚‛", "'")})
_CUTS = ("...", "…", ">")
_BARS = "│┃║"  # frames of terminal programs such as k9s
# Words with which people say that an error follows; any other word may name what it is an error of.
_ANNOUNCING = (
    " hi hello hey all i i'm we am have had having get gets got getting see seeing saw facing found there there's with"
    " and but then now still it this the that these following same below here is are was log logs say says show shows"
    " error errors message messages output in of from my our "
)
_LONGEST_ANNOUNCEMENT = 160
_MARKS = ("`", "*", "_")
_MARKED = r"(`{1,2}|\*\*|__?|\*)([^`]{1,65536})\1[.,;:]?\s*"  # Markdown's code, bold and italics around a line
# logrus' text format, in which k3s and k0s print what their components say
_LOGFMT = r'(?:time="?([^"\s]{1,40}(?: [^"\s]{1,20})?)"? )?level=\w{1,10} msg="((?:[^"\\]|\\.){0,60000})"?'
# and the error of what it says, which WithError puts beside it (logrus logger.go; containerd, CRI-O, dockerd)
_ITS_ERROR = r'(?:^|\s)error="((?:[^"\\]|\\.){0,60000})"?'
# klog's fields within a string, of which a copy has the inside
_INSIDE = r'"?((?:[^"\\]|\\.){0,60000})"?,?\s*'
_FIELDS_INSIDE = r'\\"\s{1,4}[A-Za-z]\w{0,60}=\\{1,7}"'
_MOST = 6  # carriers nest (docker's JSON within journald's line), but not without end

_NAMES = (
    ("metrics-server", Speaker.METRICS_SERVER),
    ("kube-apiserver", Speaker.API_SERVER),
    ("kube-controller-manager", Speaker.HPA_CONTROLLER),
    ("kubelet", Speaker.KUBELET),
    ("daemon-apiserver", Speaker.API_SERVER),
    ("kubelite", Speaker.ALL_IN_ONE),
    ("k3s", Speaker.ALL_IN_ONE),
)


@dataclass(frozen=True, slots=True)
class Carried:
    """A line as its component printed it, with what its carriers told: when, who, and whether there is more of it."""

    text: str
    at: datetime | None = None
    speaker: Speaker = Speaker.UNKNOWN
    partial: bool = False
    prefixed: bool = False


def take_off(line: str) -> Carried:
    """The line without its carriers' prefixes, in whatever order they were put on."""
    plain = line if line.isascii() else line.translate(_TYPESET)
    carried = Carried(re.sub(_COLOUR, "", plain) if "\x1b" in plain else plain)
    if any(bar in line for bar in _BARS):
        carried = replace(carried, text=carried.text.strip(" " + _BARS))
    if line[:1] in _MARKS and (marked := re.fullmatch(_MARKED, carried.text)):
        carried = replace(carried, text=marked[2])
    announcement, colon, announced = carried.text[: _LONGEST_ANNOUNCEMENT + 2].partition(": ")
    if colon and " " in announcement.strip() and announces(announcement):
        carried = replace(carried, text=announced + carried.text[_LONGEST_ANNOUNCEMENT + 2 :])
    for _ in range(_MOST):
        inner = _one(carried)
        if inner is None:
            break
        carried = inner
    if any(cut in carried.text for cut in _CUTS):
        carried = replace(carried, text=made_whole(carried.text))
    return carried


def announces(text: str) -> bool:
    """Whether a text says nothing but that an error follows. ``Error`` alone is how a program begins."""
    return (
        text != "Error"
        and len(text) <= _LONGEST_ANNOUNCEMENT
        and all(f" {word.strip(',.!-').lower()} " in _ANNOUNCING for word in text.split())
    )


def speaker_of_name(name: str) -> Speaker:
    """Which component a program's, pod's or container's name stands for."""
    return next((speaker for part, speaker in _NAMES if part in name), Speaker.UNKNOWN)


def _one(carried: Carried) -> Carried | None:
    text = carried.text.lstrip()
    head = text[:1]
    if head == "[" and (pod := re.match(_POD, text)):
        return _without(carried, text[pod.end() :], None, speaker_of_name(f"{pod[2]} {pod[1]}"))
    if head == "{" and any(f'"{name}"' in text for name in _IN_STORES):
        return _stored(carried, text)
    if head == '"' and (field := re.match(_FIELD_OF_A_STORE, text)):
        return _without(carried, unquote(field[1]).rstrip("\n"), None)
    if head in ("t", "l") and (logfmt := re.match(_LOGFMT, text)):
        fields = text[logfmt.end() :]
        error = re.search(_ITS_ERROR, fields)
        said = f"{logfmt[2]}: {error[1]}" if error else logfmt[2]
        return _without(carried, unquote(said), logfmt[1], speaker_of_name(fields))
    if "=\\" in text and re.search(_FIELDS_INSIDE, text) and (inside := re.fullmatch(_INSIDE, text)):
        return _without(carried, unquote(inside[1]).rstrip("\n"), None)
    if head.isdigit() and (cri := re.match(_CRI, text)):
        return replace(_without(carried, text[cri.end() :], cri[1]), partial=cri[2] == "P")
    return _journals(carried, text, head)


def _journals(carried: Carried, text: str, head: str) -> Carried | None:
    if (head.isdigit() or head.isalpha()) and (journal := re.match(_JOURNAL, text)):
        return _without(carried, text[journal.end() :], journal[1], speaker_of_name(journal[2]))
    if head.isdigit() and (stamp := re.match(_TIMESTAMP, text)):
        return _without(carried, text[stamp.end() :], stamp[1])
    if ": " in text[:400] and (program := re.match(_PROGRAM, text)):
        return _without(carried, text[program.end() :], None, speaker_of_name(program["name"]))
    return None


def _without(carried: Carried, text: str, stamp: str | None, speaker: Speaker = Speaker.UNKNOWN) -> Carried:
    return Carried(
        text=text,
        at=(read_time(stamp) if stamp else None) or carried.at,
        speaker=carried.speaker if speaker is Speaker.UNKNOWN else speaker,
        partial=carried.partial,
        prefixed=True,
    )


def _stored(carried: Carried, text: str) -> Carried | None:
    """What docker's driver, or a log store that has such documents within its own, keeps of a line."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    log = _line_in(document, _DEEPEST)
    if log is None:
        return None
    time = document.get("time", "")
    is_docker = text.startswith('{"log":')
    return replace(_without(carried, log.rstrip("\r\n"), str(time)), partial=is_docker and not log.endswith("\n"))


def _line_in(document: Mapping[str, object], depth: int) -> str | None:
    """The line that a document, or one within it, keeps."""
    for name in _IN_STORES:
        if isinstance(line := document.get(name), str):
            return line
    within = (part for part in document.values() if isinstance(part, dict)) if depth else ()
    return next((line for part in within if (line := _line_in(part, depth - 1)) is not None), None)


def read_time(text: str) -> datetime | None:
    """A time of RFC 3339; nanoseconds are cut to microseconds, which is all that ``datetime`` holds."""
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
