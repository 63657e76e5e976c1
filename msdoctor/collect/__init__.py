"""The only impure part: everything that reads a cluster, a host, a saved bundle or the clock.

``live`` takes one look and gives a bundle; ``save`` and ``load`` keep it. Whatever the user gave and cannot be used
is a ``ConfigurationError``; whatever a peer did is a refused document.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from msdoctor.bundle import WORKSTATION, Bundle, Context
from msdoctor.collect.archive import check_target, load, save
from msdoctor.collect.errors import ConfigurationError
from msdoctor.collect.look import OnProgress, Wanted, silent

__all__ = ["ConfigurationError", "LookOptions", "OnProgress", "Wanted", "check_target", "live", "load", "save"]


@dataclass(frozen=True, slots=True)
class LookOptions:
    """What to look at, and as whom: kubectl's own flags, and ours.

    ``host_roots`` are (node name or None, directory); without a name it is read from the root's ``/etc/hostname``.
    ``timeout`` is in seconds and bounds the whole look, credential plugins included. ``offline`` looks at host roots
    only. ``for_user`` is somebody else, with the groups they are in, of whom is asked what they may do.
    ``port_forward`` allows the one thing that is more than reading: a stream to metrics-server's own port.
    """

    kubeconfig: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    host_roots: tuple[tuple[str | None, Path], ...] = ()
    timeout: float = 60.0
    port_forward: bool = False
    for_user: tuple[str, tuple[str, ...]] = ("", ())
    offline: bool = False


def live(options: LookOptions, wanted: Wanted, on_progress: OnProgress = silent) -> Bundle:
    """One look at a cluster, its hosts, or both. Raises ConfigurationError before anything was sent."""
    # Imported here: replaying a saved bundle needs none of the network's libraries.
    from msdoctor.collect.host import open_roots  # noqa: PLC0415
    from msdoctor.collect.look import look  # noqa: PLC0415  at the top it would hide its own module
    from msdoctor.collect.sources import Everything  # noqa: PLC0415

    began = time.monotonic()
    hosts = open_roots(options.host_roots)
    vantages = tuple(f"host/{name}" for name in hosts)
    if options.offline:
        sources = Everything(Context(vantages=vantages), None, hosts)
    else:
        from msdoctor.collect.api import Api  # noqa: PLC0415
        from msdoctor.collect.kubeconfig import Choice, resolve  # noqa: PLC0415

        choice = Choice(options.kubeconfig, options.context, options.cluster, options.user)
        access, who = resolve(choice, plugin_seconds=options.timeout)
        context = Context(who.cluster, who.server, who.user, who.groups, (WORKSTATION, *vantages), *options.for_user)
        sources = Everything(context, Api(access), hosts, options.port_forward)
    remaining = options.timeout - (time.monotonic() - began)
    return look(sources, wanted, timeout=max(0.0, remaining), on_progress=on_progress)
