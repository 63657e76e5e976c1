"""Which proxy a Go program's environment names for a request, judged as Go judges it.

golang.org/x/net/http/httpproxy reads the variables: of two spellings the first that is not empty counts, upper case
first; ``HTTP_PROXY`` is for http, ``HTTPS_PROXY`` for https; this machine itself is never proxied. Kubernetes' clients
put a look of their own before it (apimachinery pkg/util/net/http.go, NewProxierWithNoProxyCIDR), which comes to the
same but for networks that are written with leading zeros. Nothing is resolved: an address is not exempt by a name.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NO_PROXY = ("NO_PROXY", "no_proxy")
PROXIES = {"https": ("HTTPS_PROXY", "https_proxy"), "http": ("HTTP_PROXY", "http_proxy")}


def variable(environ: Mapping[str, str], names: tuple[str, ...]) -> str:
    """The name among these whose value counts; empty where none has a value."""
    return next((name for name in names if environ.get(name)), "")


def proxy_of(environ: Mapping[str, str], host: str, port: int, scheme: str = "https") -> str:
    """The proxy that a request to this host and port is sent to, as its variable spells it; empty for none.

    >>> proxy_of({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.32.0.0/24"}, "10.244.1.5", 10250)
    'http://proxy:3128'
    >>> proxy_of({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.32.0.0/24"}, "10.32.0.1", 443)
    ''
    """
    proxy = environ.get(variable(environ, PROXIES[scheme]), "")
    exceptions = environ.get(variable(environ, NO_PROXY), "")
    return "" if not proxy or exempt(exceptions, host, port) else proxy


def exempt(exceptions: str, host: str, port: int) -> bool:
    """Whether a value of ``NO_PROXY`` keeps requests to this host and port from a proxy."""
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = [entry.strip().lower() for entry in exceptions.split(",") if entry.strip()]
    return "*" in entries or any(_matches(entry, host.strip().lower(), str(port), address) for entry in entries)


def _matches(entry: str, host: str, port: str, address: Address | None) -> bool:
    if "/" in entry:
        network = _network(entry)
        if network is not None:
            return address is not None and address in network
    name, given_port = _split(entry)
    if not name or given_port not in ("", port):
        return False
    own = _address(name)
    if own is not None:
        return address is not None and own == address
    return address is None and _is_within(host, name)


def _is_within(host: str, domain: str) -> bool:
    """``a.b`` is for itself and what is below it, ``.a.b`` and ``*.a.b`` only for what is below."""
    domain = domain[1:] if domain.startswith("*.") else domain
    return host.endswith(domain) if domain.startswith(".") else host == domain or host.endswith(f".{domain}")


def _split(entry: str) -> tuple[str, str]:
    """Host and port as Go's net.SplitHostPort parts them; what it cannot part is all host."""
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        return (host, rest[1:]) if bracket and rest.startswith(":") else (entry, "")
    host, colon, port = entry.rpartition(":")
    return (host, port) if colon and ":" not in host else (entry, "")


def _address(text: str) -> Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    # Go takes an IPv4 address in IPv6's clothes for what it is.
    return getattr(found, "ipv4_mapped", None) or found


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if not text.rpartition("/")[2].isdecimal():
        return None  # a mask is no length to Go
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
