"""Which image of metrics-server to run in place of one that does not come, or does not run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msdoctor.model import Unseen

from ._starting import changed_by, target

if TYPE_CHECKING:
    from msdoctor.model import Blanks, Remedy

UPSTREAM = "registry.k8s.io/metrics-server/metrics-server"
RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)", re.ASCII)
MULTI_ARCH_FROM = (0, 3, 7)  # earlier images name their processor: metrics-server-arm64
# metrics-server's README, "Compatibility Matrix": the newest release for an API server from this minor version on.
FITTING = ((34, "v0.9.0"), (31, "v0.8.0"), (27, "v0.7.2"), (0, "v0.6.4"))


def better(image: str, server_version: str | Unseen) -> str:
    """Upstream's image of the release that the tag means, or else of one that fits the API server."""
    tag = tag_of(image)
    meant = RELEASE.fullmatch(tag)
    named = f"{UPSTREAM}:v{tag.removeprefix('v')}"
    if meant and tuple(map(int, meant.groups())) >= MULTI_ARCH_FROM and named != image:
        return named
    return f"{UPSTREAM}:{_fitting(server_version)}"


def tag_of(image: str) -> str:
    """The tag; empty where there is none."""
    name = image.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[2]


def is_upstreams(image: str) -> bool:
    """Whether it is called as upstream calls its releases."""
    name, _, tag = image.partition("@")[0].partition(":")
    return name == UPSTREAM and tag.startswith("v") and RELEASE.fullmatch(tag) is not None


def _fitting(server_version: str | Unseen) -> str:
    found = re.match(r"v?1\.(\d+)", server_version) if isinstance(server_version, str) else None
    minor = int(found[1]) if found else FITTING[1][0]
    return next(release for least, release in FITTING if minor >= least)


def set_image(blanks: Blanks, advice: str, way: int = 1) -> Remedy:
    """Run another image."""
    return changed_by(
        blanks, advice, f"kubectl set image {target(blanks)} {blanks['container']}={blanks['image']}", way=way
    )
