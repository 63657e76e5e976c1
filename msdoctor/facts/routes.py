"""What a dial met, and the route that it took. Imports no parser: the checks of the way judge by these words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# Devices into which network plugins put what they wrap: flannel, calico, cilium, weave, antrea, OVN, VXLAN of any name.
OVERLAY = re.compile(r"(?:flannel|vxlan|.*vxlan|tunl|weave|genev|antrea|ovn|cilium|wg|flannel-wg)[\w.-]*")


class Met(StrEnum):
    """What came of a dial."""

    ANSWERS = "answers"
    OPENS = "connects, and no more"  # TCP stands, and the TLS handshake does not end
    REFUSED = "refused"
    NO_ROUTE = "no route"
    SILENT = "silent"
    TUNNEL = "tunnel"  # the near end of the API server's tunnel itself failed


@dataclass(frozen=True, slots=True)
class Route:
    """The IPv4 route that a host takes to an address: its device, its gateway (empty: on the link), its network."""

    device: str
    gateway: str
    network: str

    @property
    def is_default(self) -> bool:
        """Whether it is the one for whatever has no other."""
        return self.network == "0.0.0.0/0"

    @property
    def is_overlay(self) -> bool:
        """Whether what goes there is wrapped."""
        return OVERLAY.fullmatch(self.device) is not None

    def __str__(self) -> str:
        by = f" via {self.gateway}" if self.gateway else ""
        return f"{'default' if self.is_default else self.network}{by} dev {self.device}"
