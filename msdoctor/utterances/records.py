"""One log record: its message, its fields, and what its header tells.

Sources: klog's header ``Lmmdd hh:mm:ss.uuuuuu threadid file:line] `` (klog v2 klog.go, formatHeader); structured text
``"msg" key="value"`` with Go-quoted strings, other values bare (klog v2 internal/serialize/keyvalues.go); JSON with
``ts`` in milliseconds, ``caller``, ``msg``, ``err`` (component-base logs/json/json.go). A first quote that was not
copied and an end that was cut off are taken as if they were there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from msdoctor.utterances import NO_YEAR
from msdoctor.utterances.quoting import unquote

KLOG = re.compile(
    r"\b([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})\s{1,10}\d{1,10} ([\w.+-]{1,100}\.go):(\d{1,6})\] ?"
)
"""The header of one klog line. It is searched for, not expected at the start: any tool may have put its own before."""

# What is left of it where the selection began within it.
_CUT = re.compile(r"(?:[\d:.]{1,20} {1,10}\d{1,10} |\d{1,10} )?([\w.+-]{1,100}\.go):(\d{1,6})\] ?")
_MESSAGE = re.compile(r'"?((?:[^"\\]|\\.)*)"(?=\s+[A-Za-z][\w./-]{0,60}(?:\(s\))?=|\s*$)')
# Within a value there may be quotes whose escapes are lost: Markdown and HTML take the backslash before a quote off.
_FIELD = re.compile(
    r'\s([A-Za-z][\w./-]{0,60}(?:\(s\))?)=(?:"((?:[^"\\]|\\.|"(?=[\w/<\[(*$-])(?![\w./-]{1,60}=)[^"\\]*")*)("?)|(\S+))',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Record:
    """What one line says.

    ``open`` means that a quoted value in it does not end: the line was cut or wrapped. ``headless``: the quote that
    begins its message was not copied, so that it may be the end of a value instead.
    """

    message: str
    fields: Mapping[str, str] = field(default_factory=dict)
    severity: str = ""
    source: str = ""  # file:line, as the header has it
    at: datetime | None = None
    open: bool = False
    headless: bool = False


def read_record(text: str) -> Record:
    """The record that a line is, whatever its format; plain text is a message without fields."""
    if text.startswith("{"):
        found = _json(text)
        if found is not None:
            return found
    header = KLOG.search(text, 0, 1000)
    if header is None:
        cut = _CUT.match(text)
        return (
            _structured(text[cut.end() :], "", f"{cut[1]}:{cut[2]}", None) if cut else _structured(text, "", "", None)
        )
    return _structured(text[header.end() :], header[1], f"{header[8]}:{header[9]}", _klog_time(header))


def _structured(body: str, severity: str, source: str, at: datetime | None) -> Record:
    message = _MESSAGE.match(body)
    if message is None:
        return Record(body.strip(), {}, severity, source, at)
    fields: dict[str, str] = {}
    is_open = False
    for key, quoted, end, bare in _FIELD.findall(body, message.end()):
        fields.setdefault(key, bare or unquote(quoted))
        is_open = not bare and not end
    return Record(unquote(message[1]), fields, severity, source, at, is_open, body[:1] != '"')


def _klog_time(header: re.Match[str]) -> datetime | None:
    month, day, hour, minute, second, microsecond = (int(header[group]) for group in range(2, 8))
    try:
        return datetime(NO_YEAR, month, day, hour, minute, second, microsecond)  # noqa: DTZ001 klog names no zone
    except ValueError:
        return None


def _json(text: str) -> Record | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    message = document.get("msg")
    if not isinstance(message, str):
        return None
    fields = {key: _plain(value) for key, value in document.items() if key not in ("ts", "caller", "msg", "v")}
    severity = "I" if "v" in document else "E" if "err" in document else ""
    return Record(message, fields, severity, str(document.get("caller", "")), _json_time(document.get("ts")))


def _plain(value: object) -> str:
    """A field as klog's text would have it: a reference to an object is its name, with its namespace if it has one."""
    if isinstance(value, dict):
        return "/".join(str(value[key]) for key in ("namespace", "name") if value.get(key))
    return str(value)


def _json_time(stamp: object) -> datetime | None:
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return None
    try:
        return datetime.fromtimestamp(stamp / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
