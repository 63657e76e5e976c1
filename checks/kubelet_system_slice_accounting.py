"""Only the host's own services have no figures.

## What it means
A kubelet cannot read the usage of one of the host's own groups, such as `/system.slice/kubelet.service`. Nodes and pods
are not concerned.

## What it does not mean
That metrics of nodes or pods are missing.

## What will not help
- restarting whoever prints it: it will be said again, and does no harm.

## How it comes about
systemd without CPUAccounting and MemoryAccounting for these units, as on CentOS 7.

## How to make sure
`kubectl top nodes` and `kubectl top pods -A` show figures.

## Source
kubernetes pkg/kubelet/server/stats/summary_sys_containers.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msdoctor.model import ONLY_SAID, Class, Hop, Says, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from msdoctor.model import NotApplicable


@check(
    hop=Hop.G,
    cls=Class.BENIGN,
    says=(
        Says("Noise", where={"what": "system-slice-accounting"}),
        Says("NoCgroupStats", where={"of": "system"}),
        Says("NoCgroupStats", where={"outer": "Failed to get system container stats"}),
    ),
)
def kubelet_system_slice_accounting() -> Iterator[NotApplicable]:
    yield ONLY_SAID
