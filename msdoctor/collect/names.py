"""The names of a cluster's objects, for a shell that completes a word: at once, or not at all."""

from __future__ import annotations

import json
from time import monotonic

from msdoctor.bundle import WORKSTATION, Kind, Place, Refusal
from msdoctor.collect.api import Api
from msdoctor.collect.errors import ConfigurationError
from msdoctor.collect.kubeconfig import Choice, resolve

MOST = 500


def names(choice: Choice, path: str, seconds: float) -> tuple[str, ...]:
    """Of the objects in the list at ``path``, at most ``MOST``; none where that fails in any way."""
    ends = monotonic() + seconds
    try:
        access, _ = resolve(choice, plugin_seconds=seconds)
    except ConfigurationError:
        return ()
    answer = Api(access).read(Place(WORKSTATION, Kind.API, f"{path}?limit={MOST}"), max(0.1, ends - monotonic()))
    if isinstance(answer, Refusal):
        return ()
    try:
        return tuple(str(item["metadata"]["name"]) for item in json.loads(answer)["items"])
    except (ValueError, KeyError, TypeError):
        return ()
