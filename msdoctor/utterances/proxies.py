"""Errors of HTTP proxies between components. Nothing here is heavy: every check is loaded for ``explain``."""

from __future__ import annotations

from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import Dial, ProxyAnswer


def speaks_of_a_proxy(said: Utterance) -> bool:
    """Whether an error is a proxy's, or is about the way to one."""
    if isinstance(said.error, ProxyAnswer):
        return True
    return isinstance(said.error, Dial) and any("proxyconnect" in wrapper for wrapper in said.outer)
