"""Lines that a tool cut to its width, made whole where what is left tells what was there.

``systemctl status`` and ``journalctl`` without ``--full`` leave out the middle of what does not fit, and put dots there
(systemd src/basic/string-util.c, ellipsize_mem); in a pager they end it with ``>`` (less, ``--chop-long-lines``).
"""

from __future__ import annotations

import re

_CUT = re.compile(r"(?<=\S)(?:\.\.\.|…)(?=\S)|>\s*$")
_ENOUGH = 8  # characters of a sentence that must be left of it

# Of crypto/x509, net, net/http, apimachinery and kube-aggregator: what errors end with, and so lose their middle or end
_SENTENCES = (
    "the server is currently unable to handle the request",
    "the server could not find the requested resource",
    "failing or missing response from https://",
    "failed to retrieve openAPI spec, http error: ResponseCode: 503, Body: service unavailable",
    ": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
    ": context deadline exceeded",
    ": connect: connection refused",
    ": connect: no route to host",
    ": i/o timeout",
    ": x509: certificate signed by unknown authority",
    ": x509: certificate has expired or is not yet valid",
    " because it doesn't contain any IP SANs",
    ": remote error: tls: bad certificate",
    ": remote error: tls: internal error",
    ": no serving certificate available for the kubelet",
    ": too many open files",
    ": no space left on device",
)


# What a text ends with that was cut off without any mark: enough of a sentence to be no other's, and the rest of it
_ENDINGS = (
    (" because it doesn't c", "ontain any IP SANs"),
    ("x509: certificate sig", "ned by unknown authority"),
    ("x509: certificate has e", "xpired or is not yet valid"),
    (" is not in the al", "lowed list"),
    ("connect: connection re", "fused"),
    ("connect: connection t", "imed out"),
    ("connect: no r", "oute to host"),
    (": i/o t", "imeout"),
    (": no such h", "ost"),
    (": server mis", "behaving"),
    (": context dead", "line exceeded"),
    ("remote error: tls: inte", "rnal error"),
    (": bind: per", "mission denied"),
    (": bind: addr", "ess already in use"),
    (" have no ad", "dresses"),
    ("the server is currently un", "able to handle the request"),
    ("the server could not find the req", "uested resource"),
)
BEGUN = tuple(head.partition("'")[0] for head, _ in _ENDINGS)
"""By which a line that breaks off so is found, where no carrier escapes it."""

_LONGEST_ENDING = max(len(head) + len(rest) for head, rest in _ENDINGS)


def rest_of(text: str) -> str:
    """What is lacking at the end of a text that breaks off within a sentence; empty if it does not."""
    tail = text[-_LONGEST_ENDING:]
    for head, rest in _ENDINGS:
        at = tail.rfind(head)
        begun = tail[at + len(head) :]
        if at >= 0 and rest.startswith(begun) and begun != rest:
            return rest[len(begun) :]
    return ""


def made_whole(text: str) -> str:
    """The text with those sentences whole that dots or a line's end cut, as far as what is left of them is theirs."""
    cut = _CUT.search(text)
    if cut is None:
        return text
    before, after = text[: cut.start()], text[cut.end() :]
    for sentence in _SENTENCES:
        begun = _overlap(before, sentence)
        ended = _rest(sentence, after) if after else 0
        if begun + ended >= _ENOUGH and (begun >= _ENOUGH or ended >= _ENOUGH) and begun + ended < len(sentence):
            return before[: len(before) - begun] + sentence + after[ended:]
    return text


def _overlap(text: str, sentence: str) -> int:
    """How much of the sentence's beginning the text ends with."""
    longest = min(len(text), len(sentence) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(sentence[:size])), 0)


def _rest(sentence: str, text: str) -> int:
    """How much of the sentence's end the text begins with."""
    longest = min(len(text), len(sentence) - 1)
    return next((size for size in range(longest, 0, -1) if text.startswith(sentence[-size:])), 0)
