"""Evidence as it came: documents, each keyed by where it was read, with its body or the reason why there is none.

A bundle is what every later step works on, and all that it works on: a live run collects one, a saved one replays
exactly as the live run did. Reading and writing files is not done here (see ``msdoctor.collect.archive``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import quote

WORKSTATION = "workstation"
API_SERVER = "apiserver/"
MASTERS = "system:masters"
CALLER = ""  # a user's name in a review: whoever asks
SELF = "self"


class Kind(StrEnum):
    """What sort of thing a document is; it decides how ``Place.path`` reads and what the body holds."""

    API = "api"  # path: URL path with query; body: JSON as the API server sent it, secrets taken out
    REVIEW = "review"  # path: see ``review_path``; body: the SubjectAccessReview that came back, JSON
    LOG = "log"  # path: namespace/pod/container, with ``?previous`` for the run before; body: text with timestamps
    TLS = "tls"  # path: address:port; body: JSON, see ``collect.handshake``. From a host: as its API server dials
    FILE = "file"  # path: absolute, as the host sees it; body: the file, of a private key only its public half
    DIRECTORY = "directory"  # path: absolute; body: JSON list of the names in it, sorted
    PROCESS = "process"  # path: the program's name; body: JSON list of its processes, see ``facts.processes``
    INOTIFY = "inotify"  # path: /proc; body: JSON, what each user holds of it, see ``facts.inotify``


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a document was read: by whom (``workstation`` or ``host/NAME``), what sort of thing, and its name there.

    Of several API servers one that was asked by its own address has the origin ``apiserver/ADDRESS:PORT/NAME``: its
    certificate was held against that name, which pods know all of them by.
    """

    origin: str
    kind: Kind
    path: str

    @property
    def api_server(self) -> str:
        """``ADDRESS:PORT`` of the one API server that was asked; empty for whichever the kubeconfig leads to."""
        return self.origin.removeprefix(API_SERVER).partition("/")[0] if self.origin.startswith(API_SERVER) else ""

    def __str__(self) -> str:
        if self.kind is Kind.API:
            return f"{self.path} at {self.api_server}" if self.api_server else self.path
        if self.origin == WORKSTATION:
            return f"{self.kind} {self.path}"
        host = self.origin.removeprefix("host/")
        return f"{host}:{self.path}" if self.kind in (Kind.FILE, Kind.DIRECTORY) else f"{host}: {self.kind} {self.path}"


class Reason(StrEnum):
    """Why a document has no body."""

    UNAUTHORIZED = "unauthorized"  # 401
    FORBIDDEN = "forbidden"  # 403, or a file that may not be read
    ABSENT = "absent"  # 404, or no such file
    FAILED = "failed"  # any other answer that is not a success
    TIMEOUT = "timeout"  # its own time limit ran out
    DEADLINE = "deadline"  # the whole look's time ran out before or while it was asked
    UNREACHABLE = "unreachable"  # refused, reset, no route, no such name
    UNTRUSTED = "untrusted"  # the peer's certificate did not verify, and nothing was sent to it
    MALFORMED = "malformed"  # an answer that is not what it should be
    TOO_LARGE = "too large"
    NOT_ASKED = "not asked"  # nothing tried to read it


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document has no body: the reason, in the peer's own words where it had any, and its HTTP status."""

    reason: Reason
    detail: str = ""
    status: int | None = None

    def __str__(self) -> str:
        number = f" ({self.status})" if self.status else ""
        return f"{self.reason}{number}: {self.detail}" if self.detail else f"{self.reason}{number}"


@dataclass(frozen=True, slots=True)
class Document:
    """One thing read, or refused, at one moment. Exactly one of ``body`` and ``refusal`` is there."""

    place: Place
    at: datetime
    body: bytes | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """Whose cluster was looked at, as whom, from where. ``groups`` is empty where the credential does not tell.

    ``for_user`` is somebody else of whom it was asked what they may do, with groups that no look finds out by itself.
    """

    cluster: str = ""
    server: str = ""
    user: str = ""
    groups: tuple[str, ...] = ()
    vantages: tuple[str, ...] = (WORKSTATION,)
    for_user: str = ""
    for_groups: tuple[str, ...] = ()

    @property
    def is_master(self) -> bool:
        """Whether no extension server ever checks this user: k8s.io/apiserver lets system:masters do everything."""
        return MASTERS in self.groups


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that was read in one look. ``taken_at`` is its end, and stands for "now" in every judgement of it."""

    taken_at: datetime
    context: Context
    documents: Mapping[Place, Document] = field(default_factory=lambda: MappingProxyType({}))

    def at(self, place: Place) -> Document:
        """The document of a place; one that nothing tried to read is refused as "not asked"."""
        return self.documents.get(place) or Document(place, self.taken_at, refusal=Refusal(Reason.NOT_ASKED))

    def api(self, path: str) -> Document:
        """What the API server answered for a path."""
        return self.at(Place(WORKSTATION, Kind.API, path))

    def of(self, kind: Kind, origin: str | None = None) -> Iterator[Document]:
        """All documents of a kind, in the order of their places."""
        for place in sorted(self.documents):
            if place.kind is kind and origin in (None, place.origin):
                yield self.documents[place]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Names of the hosts whose files were looked at."""
        return tuple(vantage.removeprefix("host/") for vantage in self.context.vantages if vantage.startswith("host/"))


def bundle_of(documents: Iterable[Document], taken_at: datetime, context: Context) -> Bundle:
    """A bundle of these documents; of two with one place the later stands."""
    return Bundle(taken_at, context, MappingProxyType({document.place: document for document in documents}))


def review_path(user: str, groups: Iterable[str], verb: str, resource: str, namespace: str = "", name: str = "") -> str:
    """The name of a SubjectAccessReview: who, what; ``self`` for the caller, whose name is ``CALLER``.

    ``resource`` is ``group/resource[/subresource]`` with an empty group for the core one, as in ``/nodes/metrics``.

    >>> review_path(CALLER, (), "list", "metrics.k8s.io/nodes")
    'self list metrics.k8s.io/nodes'
    >>> review_path("Ann Lee", ("a,b",), "list", "/pods", "dev")
    'Ann%20Lee,a%2Cb list /pods in dev'
    """
    who = ",".join(map(_word, (user, *groups))) if user else SELF
    where = f" in {namespace}" if namespace else ""
    what = f" {name}" if name else ""
    return f"{who} {verb} {resource}{what}{where}"


def _word(name: str) -> str:
    """A user's or group's name, which may hold anything, as one word of a review's name that no other one has."""
    return quote(name, safe=":/@+=*") if name != SELF else f"%{ord(SELF[0]):02X}{SELF[1:]}"
