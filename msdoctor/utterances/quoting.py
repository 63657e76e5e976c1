"""Go's quoted strings (``strconv.Quote``), read leniently: a cut or doubled escape stays as it is.

What word processors, blogs and web pages make of a terminal's characters is undone: their quotation marks, dashes for
two hyphens, spaces that do not break, and HTML's character references. So is the apostrophe that YAML
doubles in a string between apostrophes.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"""\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv'"\\]))""")
_SINGLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_TYPED = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u2013\u2014", "--"),
        **dict.fromkeys("\u00a0\u2007\u2009\u202f", " "),
        **dict.fromkeys("\u200b\u2060\ufeff", None),
    }
)
_REFERENCES = {
    "&quot;": '"',
    "&#34;": '"',
    "&#39;": "'",
    "&apos;": "'",
    "&nbsp;": " ",
    "&lt;": "<",
    "&gt;": ">",
    "&amp;": "&",
}


_OF_YAML = r"(?<=[a-z])''(?=[a-z])"
_OF_MARKDOWN = r"\\([<>_])"  # none of Go's escapes
_ESCAPED = ("\\<", "\\>", "\\_")


def as_typed(line: str) -> str:
    """The line with a terminal's own characters."""
    if not line.isascii():
        line = line.translate(_TYPED)
    if "&" in line and ";" in line:
        for reference, character in _REFERENCES.items():
            line = line.replace(reference, character)
    if "''" in line:
        line = re.sub(_OF_YAML, "'", line)
    return re.sub(_OF_MARKDOWN, r"\1", line) if any(escaped in line for escaped in _ESCAPED) else line


def unquote(text: str) -> str:
    """The text with one level of Go's escapes taken off."""
    return _ESCAPE.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3]
    if code is None:
        return _SINGLE.get(match[4], match[4])
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else match[0]
