"""Which ids an utterance fits, and how well: what each check's ``says`` asks of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from msdoctor.explain.sayings import CLEARLY, Saying
from msdoctor.index import IndexEntry
from msdoctor.model import RULED_OUT, Hop, Says
from msdoctor.utterances import Utterance, errors
from msdoctor.utterances.nodes import kind_of


class Recogniser:
    """Tells which ids an utterance fits, and how well."""

    def __init__(self, entries: Iterable[IndexEntry]) -> None:
        self._by_error: dict[str, list[tuple[str, Says]]] = {}
        for entry in entries:
            for says in entry.says:
                self._by_error.setdefault(says.error, []).append((entry.id, says))

    def __call__(self, utterance: Utterance) -> tuple[dict[str, float], dict[str, float]]:
        """What each id is worth, and what where the same is said of more than one node."""
        likelihoods: dict[str, float] = {}
        of_several: dict[str, float] = {}
        for name, says in self._by_error.get(type(utterance.error).__name__, ()):
            likelihood = _fit(utterance, says)
            if likelihood > max(0.0, likelihoods.get(name, 0.0)) or likelihood == RULED_OUT:
                likelihoods[name] = likelihood
            if not says.lone and likelihood > of_several.get(name, 0.0):
                of_several[name] = likelihood
        return likelihoods, of_several


def unless_ruled_out(saying: Saying, ruled_out: AbstractSet[str]) -> Saying:
    """Without the ids that something else in the text speaks against, if any is left then."""
    left = {name: likelihood for name, likelihood in saying.likelihoods.items() if name not in ruled_out}
    return replace(saying, likelihoods=left) if left and len(left) < len(saying.likelihoods) else saying


def _fit(utterance: Utterance, says: Says) -> float:
    """How likely the id is, given the utterance; 0 where it does not fit."""
    if not all(_has(utterance, name, value) for name, value in says.where.items()):
        return 0.0
    if "api" not in says.where and _is_of_another_api(utterance):
        return 0.0
    if says.hop is None or utterance.connection.hop is says.hop:
        return says.likelihood
    may_be_ours = says.hop is not Hop.X and utterance.connection.hop is None and _stands_alone(utterance)
    return says.likelihood * CLEARLY if may_be_ours else 0.0


OTHER_APIS = ("custom.metrics.k8s.io", "external.metrics.k8s.io")
_PIPELINES_OWN = ("", "metrics.k8s.io")
_NO_GROUPS = ("heapster", "tunnel")  # what a connection's ``api`` is where it is none


# An adapter is an aggregated server as metrics-server is: what is said on the hops between is true of both. What
# consumers miss, and which Service has no pod, concerns the one that is named.
_CONSUMERS_SIDE = (Hop.A, Hop.B, Hop.H)


def _is_of_another_api(utterance: Utterance) -> bool:
    api = utterance.connection.api
    if api in OTHER_APIS or api == "heapster":
        return utterance.connection.hop in _CONSUMERS_SIDE
    return api not in _PIPELINES_OWN


# Sentences in which people quote an error of this pipeline, and words by which they speak of another one.
_OF_SCRAPES = r"(?i)metrics[ -]server|\bkubelets?\b|\bscrap|kubectl (?:logs|exec|top|attach)|\bworker nodes?\b"


_OF_OTHERS = r"(?i)\bpull|\bimage|\bhelm|\bchart|\bgit|webhook|repositor|registry|ingress|\betcd|login|docker"


# Hardly anybody but metrics-server, and the API server on the way to a kubelet, asks a server by its bare address.
_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"


def _stands_alone(utterance: Utterance) -> bool:
    """Whether the error itself is all that was pasted: its hop is open. Else the line tells of another connection."""
    if utterance.connection.url or utterance.severity:
        return False
    if getattr(utterance.error, "request", "") and not utterance.connection.api:
        return False  # of something else, which it names
    around = ": ".join(utterance.outer)
    if not around:
        return True
    is_of_address = re.fullmatch(_ADDRESS, getattr(utterance.error, "wanted", "")) is not None
    return (is_of_address or re.search(_OF_SCRAPES, around) is not None) and re.search(_OF_OTHERS, around) is None


def _has(utterance: Utterance, name: str, value: str) -> bool:
    """Whether a part of the utterance is, or has among its own parts, a value (a bundle's name is joined by ``::``)."""
    if name == "outer":
        return value in ": ".join(utterance.outer)
    if name == "speaker":
        return utterance.speaker.value == value
    if name == "api":
        return (
            utterance.connection.api == value
            or (value == "other" and utterance.connection.api in OTHER_APIS)
            or (
                value == "of no metrics" and utterance.connection.api not in (*_PIPELINES_OWN, *OTHER_APIS, *_NO_GROUPS)
            )
        )
    if name == "port":
        port = utterance.connection.address.rpartition(":")[2]
        return port == value or (value == "pod" and port not in ("", "443"))
    if name == "address":
        return re.sub(r":\d{1,5}$", "", utterance.connection.address) == value
    if name == "node_kind":
        return kind_of(_node_of(utterance)) == value
    if name == "way":
        return (getattr(utterance.error, "way", "") or _way_to(utterance)) == value
    if name == "path" and not hasattr(utterance.error, "path"):
        return value in utterance.connection.path
    own = getattr(utterance.error, name, "")
    return own == value or value in (own if isinstance(own, tuple) else own.split("::"))


def _way_to(utterance: Utterance) -> str:
    """``direct`` where an open connection led to the very address that was asked for: an HTTP proxy has its own."""
    where = utterance.connection
    led_to = utterance.error.address if isinstance(utterance.error, errors.ConnectionLost) else ""
    return "direct" if led_to and where.url and led_to == where.address else ""


def _node_of(utterance: Utterance) -> str:
    error = utterance.error
    if isinstance(error, errors.NotFound) and error.resource.startswith("nodemetrics"):
        return error.name
    return utterance.connection.node
