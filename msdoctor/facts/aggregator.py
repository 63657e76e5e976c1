"""Who metrics-server takes the aggregator for, derived once.

k8s.io/apiserver's delegated authentication tries, in this order: the requestheader CA with its allowed names, then
plain x509 against the client CA, then tokens, then anonymous, and anonymous only where none of the others objected
(authenticatorfactory/delegating.go). It reads the ConfigMap; the API server's flags only say what to repair.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msdoctor import x509
from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
from msdoctor.facts.objects import APIService
from msdoctor.facts.processes import Component
from msdoctor.model import Unseen

STATUS = re.compile(r"bad status from \S+: (\d+)")


class Taken(StrEnum):
    """What metrics-server makes of the aggregator's certificate."""

    PROXY = "front proxy"  # its headers are believed: all is well
    USER = "plain user"  # believed to be the certificate's own CN; the headers are ignored
    ANONYMOUS = "anonymous"  # 403
    REFUSED = "refused"  # 401


@dataclass(frozen=True, slots=True)
class Aggregator:
    """The answer for one API server (or for whichever wrote the condition), and whether it was read or inferred."""

    taken: Taken
    user: str
    why: str
    certain: bool

    @property
    def anonymous(self) -> bool:
        """Whether it comes as nobody."""
        return self.taken is Taken.ANONYMOUS

    @property
    def refused(self) -> bool:
        """Whether it is turned away for its certificate."""
        return self.taken is Taken.REFUSED

    @property
    def as_user(self) -> bool:
        """Whether its headers are ignored and it is taken for a user of its own."""
        return self.taken is Taken.USER


def aggregator(
    config: AuthenticationConfig | Unseen | None,
    proxies: tuple[ProxyClient, ...] | Unseen,
    servers: Sequence[Component],
    apiservices: Sequence[APIService],
    at: datetime,
) -> Aggregator | Unseen:
    """Derive it from the ConfigMap and the proxy client certificate; failing those, from the status that came back."""
    if servers and all("proxy-client-cert-file" not in server.flags for server in servers):
        return Aggregator(Taken.ANONYMOUS, "system:anonymous", "the API server has no proxy client certificate", True)
    if not isinstance(config, Unseen) and not isinstance(proxies, Unseen) and proxies:
        return _judged(config, proxies[0], at)
    return _inferred(apiservices)


def _judged(config: AuthenticationConfig | None, proxy: ProxyClient, at: datetime) -> Aggregator:
    name = proxy.leaf.common_name
    requestheader = _error(proxy, config.requestheader_ca if config else (), at)
    if config and config.requestheader_ca and requestheader is None:
        if not config.allowed_names or name in config.allowed_names:
            return Aggregator(Taken.PROXY, "", "its certificate verifies and its CN is allowed", True)
        requestheader = f"x509: subject with cn={name} is not in the allowed list"
    if config is None or not (config.requestheader_ca or config.client_ca):
        # Without any CA nobody looks at a certificate, so nobody objects to it either.
        return Aggregator(Taken.ANONYMOUS, "system:anonymous", "no CA to look at its certificate with", True)
    if _error(proxy, config.client_ca, at) is None:
        return Aggregator(Taken.USER, name, "its certificate verifies against the client CA only", True)
    return Aggregator(Taken.REFUSED, "", requestheader or "no CA verifies its certificate", True)


def _error(proxy: ProxyClient, roots: Sequence[x509.Certificate], at: datetime) -> str | None:
    chain, pool = [item.der for item in proxy.chain], [item.der for item in roots]
    return x509.judge(chain, pool, name=None, usage=x509.Usage.CLIENT, at=at).error


def _inferred(apiservices: Sequence[APIService]) -> Aggregator | Unseen:
    for item in apiservices:
        status = STATUS.search(item.available.message)
        if status and status[1] == "401":
            return Aggregator(Taken.REFUSED, "", item.available.message, False)
        if status and status[1] == "403":
            return Aggregator(Taken.ANONYMOUS, "", item.available.message, False)
    return Unseen("no files of a control-plane host were given, and no answer of metrics-server's tells")
