"""What an API server's next start would change: flags that its file holds and its process lacks, or the other way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from msdoctor.bundle import Bundle
from msdoctor.facts.aggregator import Aggregator, Taken, judged
from msdoctor.facts.authentication import AuthenticationConfig, ProxyClient, proxy_clients
from msdoctor.facts.flags import Flags
from msdoctor.facts.processes import Component
from msdoctor.model import Unseen

# Those that this pipeline depends on.
LISTS = (
    "requestheader-allowed-names",
    "requestheader-username-headers",
    "requestheader-group-headers",
    "requestheader-extra-headers-prefix",
)
TEXTS = (
    "client-ca-file",
    "requestheader-client-ca-file",
    "proxy-client-cert-file",
    "proxy-client-key-file",
    "enable-aggregator-routing",
    "egress-selector-config-file",
)


@dataclass(frozen=True, slots=True)
class Pending:
    """One API server: each flag that differs, as it runs and as it is written; empty text where it is not given.

    ``now`` is who metrics-server takes its aggregator for; ``heals`` whether that is wrong, and right after a start
    with the file's flags; ``outlook`` what will be wrong after one that is right now.
    """

    server: Component
    changed: Mapping[str, tuple[str, str]]
    now: Aggregator | None
    heals: bool
    outlook: str


def pending(
    bundle: Bundle,
    servers: Sequence[Component],
    config: AuthenticationConfig | Unseen | None,
    taken: Sequence[Aggregator],
    at: datetime,
) -> tuple[Pending, ...] | Unseen:
    """Of every API server whose process and file were both read."""
    both = [server for server in servers if server.started is not None and server.file_flags.given]
    if not both:
        return Unseen("no API server's process and file were both read; --host-root NAME=DIR")
    return tuple(_pending(bundle, server, config, taken, at) for server in both)


def _pending(
    bundle: Bundle,
    server: Component,
    config: AuthenticationConfig | Unseen | None,
    taken: Sequence[Aggregator],
    at: datetime,
) -> Pending:
    differs = dict(changed(server.flags, server.file_flags))
    now = next((one for one in taken if one.server == server.subject), None)
    then = _then(bundle, server, config, at) if differs else None
    heals = now is not None and now.taken is not Taken.PROXY and then is Taken.PROXY
    worse = now is not None and now.taken is Taken.PROXY and then not in (None, Taken.PROXY)
    outlook = "After its next start metrics-server would not know its aggregator." if worse else ""
    return Pending(server, differs, now, heals, outlook)


def changed(runs: Flags, written: Flags) -> Iterator[tuple[str, tuple[str, str]]]:
    """Each flag that this pipeline depends on and that differs: its value in either, empty where it is not given."""
    for name in (*TEXTS, *LISTS):
        pair = (_value(runs, name), _value(written, name))
        # What is written with a variable was not read as it will be given.
        if pair[0] != pair[1] and "$" not in pair[1]:
            yield name, pair


def _value(flags: Flags, name: str) -> str:
    return ",".join(flags.listed(name)) if name in LISTS else flags.text(name)


def _then(
    bundle: Bundle, server: Component, config: AuthenticationConfig | Unseen | None, at: datetime
) -> Taken | None:
    """Who the aggregator would be taken for; None where a file that the flags name was not read."""
    if isinstance(config, Unseen):
        return None
    if "proxy-client-cert-file" not in server.file_flags:
        return Taken.ANONYMOUS
    found = proxy_clients(bundle, [replace(server, flags=server.file_flags)])
    if isinstance(found, Unseen) or not found:
        return None
    return judged(_union(config, found[0], server.file_flags), found[0], at).taken


def _union(config: AuthenticationConfig | None, proxy: ProxyClient, flags: Flags) -> AuthenticationConfig | None:
    """The ConfigMap once this API server has added what it has."""
    if config is None:
        return None
    return replace(
        config,
        requestheader_ca=(*config.requestheader_ca, *proxy.own_ca),
        allowed_names=(*config.allowed_names, *flags.listed("requestheader-allowed-names")),
        username_headers=(*config.username_headers, *flags.listed("requestheader-username-headers")),
        group_headers=(*config.group_headers, *flags.listed("requestheader-group-headers")),
    )
