"""Whether an error is an HTTP proxy's, or is about the way to one."""

from msdoctor.utterances import Utterance
from msdoctor.utterances.errors import Dial, ProxyAnswer


def speaks_of_a_proxy(said: Utterance) -> bool:
    """A proxy says no in its answer to CONNECT; net/http says ``proxyconnect`` of a dial of one."""
    if isinstance(said.error, ProxyAnswer):
        return True
    return isinstance(said.error, Dial) and any("proxyconnect" in wrapper for wrapper in said.outer)
