"""Why a connection failed, in the words that Go's programs use for it."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

from msdoctor.bundle import Reason, Refusal

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset by peer",
    errno.EPIPE: "broken pipe",
    errno.EHOSTUNREACH: "no route to host",
    errno.ENETUNREACH: "network is unreachable",
    errno.EACCES: "permission denied",
    errno.EPERM: "operation not permitted",
}


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and everything wrapped inside it, outermost first. Libraries wrap by cause, by context, by argument."""
    waiting, seen = [error], set[int]()
    while waiting:
        error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        inner = (*error.args, getattr(error, "reason", None), error.__cause__, error.__context__)
        waiting += [item for item in inner if isinstance(item, BaseException)]


def network_refusal(error: BaseException, seconds: float) -> Refusal | None:
    """The refusal that a failed connection amounts to; None where the error is no matter of the network."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLError):
            return None
        if isinstance(cause, socket.gaierror):
            return Refusal(Reason.UNREACHABLE, f"no such host ({cause.strerror})")
        if isinstance(cause, TimeoutError) or (isinstance(cause, OSError) and cause.errno == errno.ETIMEDOUT):
            return Refusal(Reason.TIMEOUT, f"no answer within {seconds:.0f} s")
        if isinstance(cause, OSError) and cause.errno in _WORDS:
            return Refusal(Reason.UNREACHABLE, _WORDS[cause.errno])
    return None
