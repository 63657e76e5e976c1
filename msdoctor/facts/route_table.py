"""A host's table of IPv4 routes, as Linux shows it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from msdoctor.facts.routes import Route


def routes(text: str) -> Iterator[tuple[ipaddress.IPv4Network, Route]]:
    """The rows of proc(5)'s /proc/PID/net/route that are up; addresses stand there in hexadecimal, last byte first."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        try:
            device, network, gateway, flags, mask = fields[0], fields[1], fields[2], int(fields[3], 16), fields[7]
            there = ipaddress.IPv4Network((_address(network), _address(mask)))
        except (IndexError, ValueError):
            continue
        if flags & 0x1:
            yield there, Route(device, _address(gateway) if flags & 0x2 else "", str(there))


def longest(found: Iterator[tuple[ipaddress.IPv4Network, Route]], address: str) -> Route | None:
    """The route of the longest prefix that an address lies in."""
    try:
        wanted_address = ipaddress.IPv4Address(address)
    except ValueError:
        return None
    fitting = [item for item in found if wanted_address in item[0]]
    return max(fitting, key=lambda item: item[0].prefixlen)[1] if fitting else None


def _address(text: str) -> str:
    return str(ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(text), "little")))
