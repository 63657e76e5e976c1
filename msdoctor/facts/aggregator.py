"""Who metrics-server takes each API server's aggregator for, derived once.

k8s.io/apiserver's delegated authentication tries, in this order: the requestheader CA with its allowed names and the
headers, then plain x509 against the client CA, then tokens, then anonymous, and anonymous only where none of the
others objected (authenticatorfactory/delegating.go). It reads the ConfigMap; the API server's flags only say what to
repair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from msdoctor import x509
from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient
from msdoctor.facts.objects import APIService
from msdoctor.facts.processes import Component
from msdoctor.model import Unseen

STATUS = re.compile(r"bad status from \S+: (\d+)")
WITHOUT_HEADERS = "it is a front proxy's, and the user is looked for in headers that are never sent"


class Taken(StrEnum):
    """What metrics-server makes of the aggregator's certificate."""

    PROXY = "front proxy"  # its headers are believed: all is well
    USER = "plain user"  # believed to be the certificate's own CN; the headers are ignored
    ANONYMOUS = "anonymous"  # 403
    REFUSED = "refused"  # 401


@dataclass(frozen=True, slots=True)
class Aggregator:
    """The answer for one API server (or for whichever wrote the condition), and whether it was read or inferred.

    ``server`` is the API server's subject, empty where what was seen does not tell which it is.
    """

    taken: Taken
    user: str
    why: str
    certain: bool
    server: str = ""
    groups: tuple[str, ...] = ()

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


def aggregators(
    config: AuthenticationConfig | Unseen | None,
    proxies: tuple[ProxyClient, ...] | Unseen,
    servers: Sequence[Component],
    apiservices: Sequence[APIService],
    named: str,
    heard: str,
    at: datetime,
) -> tuple[Aggregator, ...] | Unseen:
    """Derive each from the ConfigMap and its proxy client certificate; what those leave open, from what came back.

    ``named``: the user that metrics-server named in a 403 to somebody else. ``heard``: what its log says right now of a
    certificate that it refuses.
    """
    by_server = {} if isinstance(proxies, Unseen) else {proxy.api_server.subject: proxy for proxy in proxies}
    read = tuple(_read(config, by_server, servers, at))
    if read and (len(read) == len(servers) or any(one.taken is not Taken.PROXY for one in read)):
        return read
    inferred = _inferred(apiservices, named, heard)
    if isinstance(inferred, Unseen):
        return read or inferred
    return (*read, inferred)


def foremost(found: tuple[Aggregator, ...] | Unseen) -> Aggregator | Unseen:
    """The one that matters most: of several API servers, the first that is not taken for a front proxy."""
    if isinstance(found, Unseen):
        return found
    return next((one for one in found if one.taken is not Taken.PROXY), found[0])


def _read(
    config: AuthenticationConfig | Unseen | None,
    proxies: dict[str, ProxyClient],
    servers: Sequence[Component],
    at: datetime,
) -> Iterator[Aggregator]:
    for server in servers:
        if "proxy-client-cert-file" not in server.flags:
            why = "the API server has no proxy client certificate"
            yield Aggregator(Taken.ANONYMOUS, "system:anonymous", why, True, server.subject)
        elif server.subject in proxies and not isinstance(config, Unseen):
            yield judged(config, proxies[server.subject], at)


def judged(config: AuthenticationConfig | None, proxy: ProxyClient, at: datetime) -> Aggregator:
    """What an extension server makes of this certificate that goes by this ConfigMap."""
    taken, user, why = _taken(config, proxy, at)
    groups = proxy.leaf.organizations if taken is Taken.USER else ()
    return Aggregator(taken, user, why, True, proxy.api_server.subject, groups)


def _taken(config: AuthenticationConfig | None, proxy: ProxyClient, at: datetime) -> tuple[Taken, str, str]:
    name = proxy.leaf.common_name
    requestheader = _error(proxy, config.requestheader_ca if config else (), at)
    if config and config.requestheader_ca and requestheader is None:
        if not config.allows(name):
            requestheader = f"x509: subject with cn={name} is not in the allowed list"
        elif config.knows_user:
            return Taken.PROXY, "", "its certificate verifies and its CN is allowed"
        else:
            requestheader = WITHOUT_HEADERS
    if config is None or not (config.requestheader_ca or config.client_ca):
        # Without any CA nobody looks at a certificate, so nobody objects to it either.
        return Taken.ANONYMOUS, "system:anonymous", "no CA to look at its certificate with"
    if _error(proxy, config.client_ca, at) is None:
        return Taken.USER, name, "its certificate verifies against the client CA only"
    return Taken.REFUSED, "", requestheader or "no CA verifies its certificate"


def _error(proxy: ProxyClient, roots: Sequence[x509.Certificate], at: datetime) -> str | None:
    chain, pool = [item.der for item in proxy.chain], [item.der for item in roots]
    return x509.judge(chain, pool, name=None, usage=x509.Usage.CLIENT, at=at).error


def _inferred(apiservices: Sequence[APIService], named: str, heard: str) -> Aggregator | Unseen:
    for item in apiservices:
        status = STATUS.search(item.available.message)
        if status and status[1] == "401":
            return Aggregator(Taken.REFUSED, "", item.available.message, False)
        if status and status[1] == "403":
            return Aggregator(Taken.ANONYMOUS, "", item.available.message, False)
    if named:
        return Aggregator(Taken.USER, named, f"metrics-server answers others as user {named}", False)
    if heard and not apiservices:
        return Aggregator(Taken.REFUSED, "", heard, False)
    return Unseen("no files of a control-plane host were given, and no answer of metrics-server's tells")
