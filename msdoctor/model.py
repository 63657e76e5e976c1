"""The nouns of a judgement: what a check is, what it finds, and what follows from it.

Nothing here touches the network, the clock, a file or the environment, and importing it costs next to nothing:
``explain`` must answer in the time of a shell command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

Items = TypeVar("Items", bound="Sequence[object]")


class Hop(StrEnum):
    """A stretch of the pipeline, in the direction in which a consumer's question travels."""

    A = "A"  # kubectl, HPA, VPA to the API server
    B = "B"  # the APIService and the Service behind it
    C = "C"  # the aggregator to metrics-server
    D = "D"  # metrics-server itself, and how it knows the aggregator
    E = "E"  # metrics-server to the kubelets
    F = "F"  # how a kubelet knows and admits metrics-server
    G = "G"  # the kubelet's own data
    H = "H"  # consumers: HPA, VPA, kubectl
    X = "X"  # another system


HOP_NAMES: Mapping[Hop, str] = {
    Hop.A: "API server",
    Hop.B: "APIService",
    Hop.C: "aggregator",
    Hop.D: "metrics-server",
    Hop.E: "kubelet TLS",
    Hop.F: "kubelet auth",
    Hop.G: "kubelet data",
    Hop.H: "consumers",
}


class Class(StrEnum):
    """What kind of thing an id names."""

    CAUSE = "cause"  # breaks something
    RISK = "risk"  # works today, and is unsafe or about to break
    BENIGN = "benign"  # noise
    SYMPTOM = "symptom"  # never a cause by itself: leads on to one
    ELSEWHERE = "elsewhere"  # not this pipeline
    HEALTHY = "healthy"  # a sign that all is well


class Confidence(StrEnum):
    """How sure a finding is."""

    CERTAIN = "certain"  # the thing itself was read: the certificate off the wire, the flag off the process
    LIKELY = "likely"  # inferred from a status or an utterance that has one cause
    POSSIBLE = "possible"  # anything weaker


class State(StrEnum):
    """Whether a finding hurts now."""

    ACTIVE = "active"
    LATENT = "latent"  # true, and nothing fails by it today
    NEXT = "next"  # true, and hidden behind another cause until that is healed


class Passing(StrEnum):
    """Whether a disease may be over without anybody's doing, so that it is worth looking again."""

    NEVER = "somebody has to mend it"
    BY_ITSELF = "a cluster leaves it behind"
    WHILE_YOUNG = "only while the cluster is still being set up"


class Risk(StrEnum):
    """What a remedy costs besides its commands. A safe remedy has none."""

    DISRUPTIVE = "disruptive"
    WEAKENS_SECURITY = "weakens-security"


class EffectKind(StrEnum):
    """What a disease does where it sits. The pipeline chains these, never ids."""

    KUBELET_NOT_TRUSTED = "kubelet not trusted"  # subject: node; fails a scrape only where kubelets are verified
    SCRAPE_FAILS = "scrape fails"  # subject: node
    NOTHING_STORED = "nothing stored"
    NOT_LISTENING = "metrics-server does not answer on the port it is asked on"
    NOT_READY = "metrics-server not ready"
    NOT_INSTALLED = "metrics-server not installed"
    NO_ENDPOINTS = "no ready endpoint"
    API_NOT_REGISTERED = "metrics API not registered"
    OWNED_ELSEWHERE = "the APIService is another installation's"
    CUT_OFF = "the aggregator does not reach metrics-server"
    SERVER_NOT_TRUSTED = "the aggregator does not trust metrics-server"
    IDENTITY_REFUSED = "metrics-server refuses the aggregator"
    IDENTITY_CONFUSED = "metrics-server takes everybody for the aggregator"
    CALLERS_NOT_JUDGED = "metrics-server may not ask what a caller may do"
    COMES_AND_GOES = "some requests for metrics fail, others do not"
    OUTDATED = "a process runs with other flags than its files hold"
    APISERVICE_UNAVAILABLE = "APIService unavailable"
    NO_METRICS = "no metrics for anybody"
    NO_NODE_METRICS = "no metrics of the node and its pods"  # subject: node
    NO_NODE_FIGURES = "no figures of the node itself"  # subject: node
    NO_POD_METRICS = "no metrics of the pods on a node"  # subject: node
    HPA_BLIND = "HPA has no metrics"  # subject: namespace/name
    VPA_BLIND = "VPA has no metrics"  # subject: namespace/name
    HPA_WAITS = "the pods that an HPA computes with are not ready"  # subject: namespace/name
    USER_REFUSED = "a user may not read metrics"  # subject: user
    UNSAFE = "unsafe"  # nothing fails


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """One thing that happens, and to which node, HPA, VPA or user (empty: to the pipeline as a whole)."""

    kind: EffectKind
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What decides between candidates: a command, and what it shows if this id is the one.

    ``on``: the machine that it must run on, in words; empty where any workstation with kubectl will do.
    """

    look: str
    shows: str
    then: str
    on: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Causes that look alike from here: why, and what decides between them. Each look speaks for one id."""

    why: str
    decide: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Unseen:
    """A fact that could not be had, and why. Also what a check yields for an item that it could not judge.

    ``doubt`` is for an item that has one of a few diseases, of which it could not be seen which.
    """

    reason: str
    where: str = ""
    doubt: Doubt | None = None


def those_seen(items: Items | Unseen) -> Items | tuple[()]:
    """The items of a list, none where it is unseen: for a reader to whom the two come to the same."""
    return () if isinstance(items, Unseen) else items


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """What a check yields where its question does not arise in this cluster."""

    reason: str


ONLY_SAID = NotApplicable("known by what is said of it: give the text to the command explain")
"""What a check yields that no look can judge: noise, another system, a fault of objects that are not read."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something seen, quotable and repeatable.

    ``where`` names the document (an API path, a file with its line, an address); ``origin`` the vantage it was read
    from; ``how`` is a command that shows it again; ``at`` is when the thing itself happened, not when it was read.
    """

    saw: str
    where: str
    how: str
    origin: str = "workstation"
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """Commands to paste, in order, on the machine named by ``on``.

    ``on``: ``workstation``, ``control-plane/NAME``, ``node/NAME`` or ``repository``. Times in seconds. Remedies of one
    ``way`` are steps, done one after the other; another way is done instead.
    """

    advice: str
    commands: tuple[str, ...]
    on: str = "workstation"
    risks: tuple[Risk, ...] = ()
    undo: tuple[str, ...] = ()
    verify: str = ""
    shows_within_seconds: int = 60
    way: int = 1


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file of a host or a repository. Line and column count from 1."""

    file: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A disease met in one cluster: what it is about, the proof, what it does, and what heals it.

    ``subjects`` name the process or object at fault: ``process/kube-apiserver@k8s-master``, ``node/k8s-node1``.
    ``evidence`` is never empty. ``doubt`` is for one that holds as far as is seen, where another id, which only
    something unseen would show, may be the better name for it.
    """

    summary: str
    subjects: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    effects: tuple[Effect, ...]
    confidence: Confidence = Confidence.CERTAIN
    state: State = State.ACTIVE
    since: datetime | None = None
    changed: str = ""  # what changed just before ``since``, in words
    location: Location | None = None
    remedies: tuple[Remedy, ...] = ()
    doubt: Doubt | None = None


class Blanks(dict[str, str]):
    """Values for the blanks in a remedy's commands; one that is not known reads as its name in angle brackets.

    >>> f"ssh {Blanks(node='k8s-node1')['node']}", f"ssh {Blanks()['node']}"
    ('ssh k8s-node1', 'ssh <NODE>')
    """

    def __missing__(self, name: str) -> str:
        return f"<{name.upper().replace('_', '-')}>"


RULED_OUT = -1.0


@dataclass(frozen=True, slots=True)
class Says:
    """An utterance by which this disease makes itself heard.

    ``error`` is the name of an error value in ``msdoctor.utterances.errors``; an utterance fits where that is its
    innermost error, where it crosses ``hop`` (if given), and where every value in ``where`` equals the error's field of
    that name, or the utterance's ``speaker`` (by its value, such as ``metrics-server``), ``path`` or ``outer`` (text
    that must occur in what was wrapped around the error), ``address`` (without its port; empty where none is named),
    or ``node_kind`` (what the node's name tells of its machine, see ``msdoctor.utterances.nodes``). ``likelihood``
    orders the ids that one utterance fits: 1.0 is "this alone says it". ``lone``: it fits only where the text says so
    of no more than one node. A ``Circumstance`` that is worth ``RULED_OUT`` shows that this is not the disease, where
    others are left.
    """

    error: str
    hop: Hop | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    likelihood: float = 1.0
    lone: bool = False


Item = Finding | Unseen | NotApplicable
Judge = Callable[..., Iterable[Item]]
Advise = Callable[[Blanks], tuple[Remedy, ...]]


@dataclass(frozen=True, slots=True)
class Check:
    """One disease: its name, its manual page, how it is recognised in facts and in text, and what heals it.

    ``needs`` maps the name of each fact that ``judge`` asks for to whether it also takes that fact as ``Unseen``.
    ``present`` are those of them that it is not asked about where they are None: its question does not arise then.
    """

    id: str
    hop: Hop
    cls: Class
    title: str
    manual: str
    says: tuple[Says, ...]
    decide: tuple[Look, ...]
    advise: Advise
    needs: Mapping[str, bool]
    judge: Judge
    file: str
    present: frozenset[str] = frozenset()
    passes: Passing = Passing.NEVER


def no_remedy(_: Blanks) -> tuple[Remedy, ...]:
    """For symptoms and notes: what heals them is the remedy of their cause."""
    return ()


def check(
    *,
    hop: Hop,
    cls: Class,
    says: Iterable[Says] = (),
    decide: Iterable[Look] = (),
    advise: Advise = no_remedy,
    passes: Passing = Passing.NEVER,
) -> Callable[[Judge], Check]:
    """Make a check of a judging function; its id is the function's name, its manual page the module's docstring.

    The name's underscores stand for dashes; one that is the id's own is written twice (``proxy_env_no__proxy``).
    """

    def wrap(judge: Judge) -> Check:
        module_doc = judge.__globals__.get("__doc__") or ""
        annotations = _annotations(judge)
        title, _, manual = module_doc.strip().partition("\n")
        return Check(
            id="_".join(part.replace("_", "-") for part in judge.__name__.split("__")),
            hop=hop,
            cls=cls,
            title=title.strip(),
            manual=manual.strip(),
            says=tuple(says),
            decide=tuple(decide),
            advise=advise,
            needs={name: "Unseen" in annotation for name, annotation in annotations.items()},
            present=frozenset(name for name, said in annotations.items() if said and not _admits_none(said)),
            judge=judge,
            file=judge.__code__.co_filename,
            passes=passes,
        )

    return wrap


def _admits_none(annotation: str) -> bool:
    return any(word in annotation for word in ("None", "Optional", "Any"))


def _annotations(judge: Judge) -> dict[str, str]:
    """Each parameter's annotation, empty where it has none.

    They are read as text: evaluating them would import every fact's type, and ``explain`` needs none.
    """
    names = judge.__code__.co_varnames[: judge.__code__.co_argcount]
    return {name: str(judge.__annotations__.get(name, "")) for name in names}


def sections(manual: str) -> Iterator[tuple[str, str]]:
    """A manual page's ``## Heading`` sections as (heading, text) pairs, in order."""
    for block in ("\n" + manual).split("\n## ")[1:]:
        heading, _, text = block.partition("\n")
        yield heading.strip(), text.strip()


def bullets(manual: str, heading: str) -> tuple[str, ...]:
    """The ``- `` items under one heading of a manual page, each on one line."""
    text = dict(sections(manual)).get(heading, "")
    return tuple(" ".join(item.split()) for item in ("\n" + text).split("\n- ")[1:])
