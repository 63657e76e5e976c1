"""The tunnel that an API server dials pods and nodes through, where it has one: its egress selection ``cluster``.

apiserver pkg/server/egressselector; its near end is konnectivity's server, a unit or a static pod on the same host.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from msdoctor.bundle import Bundle, Kind, Place, Reason
from msdoctor.facts import manifests, processes
from msdoctor.facts.objects import decode
from msdoctor.facts.processes import Component, text_of
from msdoctor.model import Evidence, Unseen

EGRESS_FLAG = "egress-selector-config-file"
TUNNEL = "konnectivity-server"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """The egress selection ``cluster`` of an API server: through which socket or URL it goes, and what is there.

    ``there``: whether the socket's file exists; None where that is not seen or it is no socket. ``unit`` and
    ``manifest``: files of its near end on this host, empty where there are none.
    """

    server: Component
    protocol: str
    end: str
    there: bool | None
    unit: str
    manifest: str
    evidence: Evidence


def wanted(bundle: Bundle, server: Component) -> Iterator[Place]:
    """What there is to read of it on the API server's host."""
    path = server.flags.text(EGRESS_FLAG)
    if not path.startswith("/"):
        return
    yield Place(server.origin, Kind.FILE, path)
    selection = _selection(bundle, server)
    if selection and selection[1].startswith("/"):
        yield Place(server.origin, Kind.DIRECTORY, selection[1].rpartition("/")[0])
    yield from (Place(server.origin, Kind.FILE, file) for file in (*processes.unit_paths(TUNNEL), _manifest(TUNNEL)))


def tunnel(bundle: Bundle, server: Component) -> Tunnel | None:
    """None where the API server dials by itself."""
    path = server.flags.text(EGRESS_FLAG)
    selection = _selection(bundle, server)
    if not path or (selection and selection[0] == "Direct") or (selection is None and _has_file(bundle, server, path)):
        return None
    protocol, end = selection or ("", "")
    folder, _, name = end.rpartition("/")
    names = decode(bundle.at(Place(server.origin, Kind.DIRECTORY, folder)), tuple[str, ...])
    absent = bundle.at(Place(server.origin, Kind.DIRECTORY, folder)).refusal
    gone = absent is not None and absent.reason is Reason.ABSENT
    there = (name in names if not isinstance(names, Unseen) else False if gone else None) if end[:1] == "/" else None
    through = f"{protocol} through {end}" if end else "its selections are not seen"
    return Tunnel(
        server=server,
        protocol=protocol,
        end=end,
        there=there,
        unit=next((p for p in processes.unit_paths(TUNNEL) if _has_file(bundle, server, p)), ""),
        manifest=_manifest(TUNNEL) if _has_file(bundle, server, _manifest(TUNNEL)) else "",
        evidence=Evidence(
            saw=f"what is for the cluster goes by {through}" if end else through,
            where=f"{server.host}:{path}",
            how=f"cat {path}",
            origin=server.origin,
        ),
    )


def _selection(bundle: Bundle, server: Component) -> tuple[str, str] | None:
    """Protocol and end of the egress selection ``cluster``: the path of a socket, or a URL."""
    text = text_of(bundle.at(Place(server.origin, Kind.FILE, server.flags.text(EGRESS_FLAG))))
    if isinstance(text, Unseen):
        return None
    try:
        loaded = yaml.load(text, Loader=manifests.LOADER)  # noqa: S506  a safe loader under another name
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    for item in _items(_of(loaded, "egressSelections")):
        if str(_of(item, "name")).lower() == "cluster":
            connection = _of(item, "connection")
            transport = _of(connection, "transport")
            end = _of(_of(transport, "uds"), "udsName") or _of(_of(transport, "tcp"), "url") or ""
            return str(_of(connection, "proxyProtocol") or ""), str(end)
    return None


def _of(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, dict) else None


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _manifest(program: str) -> str:
    return f"{processes.MANIFESTS}/{program}.yaml"


def _has_file(bundle: Bundle, server: Component, path: str) -> bool:
    return bundle.at(Place(server.origin, Kind.FILE, path)).body is not None
