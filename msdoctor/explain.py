"""What a pasted text is about: utterances weighed against what each check says of itself.

Pure: utterances and an index in, an explanation out. One pass over the utterances; what is kept grows with the number
of checks, not with the text, and an answer can be had at any time.

What a node said and has contradicted since is history: it comes last, and is sure of nothing.

An utterance is decided when one id fits it, or fits it clearly best. An undecided one is decided by its company: by an
id that another utterance names for certain, or by several utterances that together favour one id. What only the
consumers of a dead pipeline say (``Metrics API not available``) decides nothing once somebody nearer to the fault has
spoken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from math import prod

from msdoctor.index import IndexEntry, Knowledge
from msdoctor.model import RULED_OUT, Blanks, Class, Confidence, Hop, Look, Remedy, Says, bullets, sections
from msdoctor.utterances import Utterance, errors, when
from msdoctor.utterances.nodes import kind_of

CLEARLY = 0.5
"""One id is clearly the best where every other's likelihood is below this share of its own."""

SURE = 0.8
"""What a likelihood must be for an id that stands alone to be called likely, and not just possible."""

_MOST_QUOTED = 2000  # characters of a matched line
_MOST_LISTED = 10  # lines, nodes, files and notes that an answer names
_MOST_NODES = 100_000  # of which the newest error is remembered
_SCRAPES = (Hop.E, Hop.F)


@dataclass(frozen=True, slots=True)
class Match:
    """One id that the text is about. ``rivals``: the other ids that the same lines fit, best first.

    ``because``: words of the text, which are no error, that put it before rivals that would come first without them.
    ``lines`` are those of the first of the ``files``, of which there are none where one text was given.
    """

    id: str
    cls: Class
    hop: Hop
    title: str
    confidence: Confidence
    line: int
    matched: str
    times: int
    first: str = ""
    last: str = ""
    means: str = ""
    will_not_help: tuple[str, ...] = ()
    decide: tuple[Look, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    lines: tuple[int, ...] = ()
    nodes: tuple[str, ...] = ()
    more_nodes: bool = False
    files: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    earlier: bool = False  # the same nodes have said something else since
    because: str = ""

    @property
    def verdict(self) -> tuple[object, ...]:
        """What the answer says, whoever said it and how often."""
        return self.id, self.confidence, self.rivals


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, best match first; no match for a text that nothing knows. ``notes``: what was not read, and why."""

    ambiguous: bool
    matches: tuple[Match, ...]
    notes: tuple[str, ...] = ()

    def beside(self, verdicts: AbstractSet[tuple[object, ...]]) -> Explanation | None:
        """The answer without what these verdicts said before; None where nothing is left."""
        fresh = tuple(match for match in self.matches if match.verdict not in verdicts)
        return Explanation(any(match.rivals for match in fresh), fresh) if fresh else None


def explain(utterances: Iterable[Utterance], index: Knowledge) -> Explanation:
    """Say what the utterances are about, as far as the index knows."""
    hearing = Hearing(index)
    for utterance in utterances:
        hearing.hear(utterance)
    return hearing.explanation()


# Hearing: utterances become counted sayings.


@dataclass(slots=True)
class _Tally:
    """How often something was said, where first, when, and of which nodes. ``place``: that of the first among all."""

    utterance: Utterance
    place: int
    times: int = 0
    first: str = ""
    last: str = ""
    lines: list[int] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    more_nodes: bool = False
    files: list[str] = field(default_factory=list)

    def add(self, utterance: Utterance) -> None:
        self.times += utterance.times
        said_at = when(utterance.at)
        self.first = self.first or said_at
        self.last = said_at or self.last
        is_of_first_file = utterance.file == self.utterance.file
        if is_of_first_file and len(self.lines) < _MOST_LISTED and utterance.line not in self.lines:
            self.lines.append(utterance.line)
        if utterance.file and len(self.files) < _MOST_LISTED and utterance.file not in self.files:
            self.files.append(utterance.file)
        self._add_nodes(utterance.connection.node)

    def merge(self, other: _Tally) -> None:
        self.times += other.times
        if other.utterance.file == self.utterance.file:
            self.lines = sorted({*self.lines, *other.lines})[:_MOST_LISTED]
        self.files = list(dict.fromkeys((*self.files, *other.files)))[:_MOST_LISTED]
        self._add_nodes(*other.nodes)
        self.more_nodes |= other.more_nodes
        if other.place < self.place:
            self.first = other.first or self.first
        else:
            self.last = other.last or self.last

    def _add_nodes(self, *nodes: str) -> None:
        for node in nodes:
            if not node or node in self.nodes:
                continue
            if len(self.nodes) < _MOST_LISTED:
                self.nodes.append(node)
            else:
                self.more_nodes = True


@dataclass(slots=True)
class _Saying:
    """Utterances that fit the same ids equally well."""

    likelihoods: Mapping[str, float]
    tally: _Tally
    is_consequence: bool
    of_several: Mapping[str, float]  # what the ids are worth where it is said of more than one node
    symptoms: AbstractSet[str]  # all ids that are no causes by themselves
    is_history: bool = False  # every node that it was said of has said something else since

    def as_told(self) -> _Saying:
        """The same, weighed by how many nodes it is said of."""
        if len(self.tally.nodes) < 2 or self.of_several == self.likelihoods:
            return self
        return replace(self, likelihoods=self.of_several)


class Hearing:
    """Hears utterances one by one, of one text after the other, and says at any time what they are about."""

    def __init__(self, index: Knowledge) -> None:
        self._index = index
        self._recognise = _Recogniser(index.entries)
        self._symptoms = {entry.id for entry in index.entries if entry.cls is Class.SYMPTOM}
        self._sayings: dict[tuple[object, ...], _Saying] = {}
        self._started: _Tally | None = None
        self._shown: _Tally | None = None
        self._has_unknown_errors = False
        self._has_message = False  # of an APIService that does not answer
        self._notes: list[str] = []
        self._newest: dict[str, tuple[object, ...]] = {}  # what each node said last
        self._favoured: dict[str, float] = {}  # by what the text shows beside its errors
        self._signs: dict[str, str] = {}  # the words that show it
        self._ruled_out: set[str] = set()  # by the same

    def hear(self, utterance: Utterance) -> None:
        """Count what was said with what fits the same ids."""
        self.note(utterance.note)
        likelihoods, of_several = self._recognise(utterance) if not self._is_told(utterance) else ({}, {})
        if isinstance(utterance.error, errors.Circumstance):
            self._weigh(utterance.error, likelihoods)
        elif likelihoods:
            kind = (type(utterance.error), *sorted(likelihoods.items()))
            saying = self._sayings.get(kind)
            if saying is None:
                tally = _Tally(utterance, len(self._sayings))
                saying = self._sayings[kind] = _Saying(
                    likelihoods, tally, _is_consequence(utterance), of_several, self._symptoms
                )
            saying.tally.add(utterance)
            node = utterance.connection.node
            if (
                utterance.connection.hop in _SCRAPES
                and node
                and (node in self._newest or len(self._newest) < _MOST_NODES)
            ):
                self._newest[node] = kind
        elif isinstance(utterance.error, errors.Started):
            self._started = self._started or _Tally(utterance, 0)
            self._started.add(utterance)
        elif isinstance(utterance.error, errors.Shown):
            self._shown = self._shown or _Tally(utterance, 0)
            self._shown.add(utterance)
        elif not isinstance(utterance.error, errors.Noise):
            self._has_unknown_errors = True

    def _weigh(self, circumstance: errors.Circumstance, weights: Mapping[str, float]) -> None:
        for name, weight in weights.items():
            if weight == RULED_OUT:
                self._ruled_out.add(name)
            elif weight > self._favoured.get(name, 0.0):
                self._favoured[name] = weight
                self._signs[name] = circumstance.words

    def _is_told(self, utterance: Utterance) -> bool:
        """Whether this is the reason of a condition whose message said more, just before."""
        if isinstance(utterance.error, errors.NoResponse):
            return self._has_message and utterance.outer[-1:] in (("reason",), ("Reason",))
        self._has_message |= "failing or missing response from" in utterance.outer
        return False

    def note(self, text: str) -> None:
        """Remember what could not be read, and why."""
        if text and text not in self._notes and len(self._notes) < _MOST_LISTED:
            self._notes.append(text)

    def explanation(self) -> Explanation:
        """What everything that was heard is about."""
        current = set(self._newest.values())
        for kind, saying in self._sayings.items():
            saying.is_history = kind not in current and any(node in self._newest for node in saying.tally.nodes)
        sayings = [_unless_ruled_out(saying.as_told(), self._ruled_out) for saying in self._sayings.values()]
        verdicts = _judge(sayings, {entry.id: entry.cls for entry in self._index.entries}, self._favoured)
        matches = [
            match for verdict in verdicts for match in _matches(verdict, self._favoured, self._signs, self._index)
        ]
        if self._started is not None and not self._has_unknown_errors:
            matches.append(
                _well("metrics-server-started", Hop.D, "metrics-server started well", _STARTED, self._started)
            )
        if self._shown is not None:
            matches.append(_well("metrics-shown", Hop.A, "metrics are shown", _SHOWN, self._shown, Confidence.POSSIBLE))
        return Explanation(any(match.rivals for match in matches), tuple(matches), tuple(self._notes))


class _Recogniser:
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


def _unless_ruled_out(saying: _Saying, ruled_out: AbstractSet[str]) -> _Saying:
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
            or (value == "of no metrics" and utterance.connection.api not in (*_PIPELINES_OWN, *OTHER_APIS, "heapster"))
        )
    if name == "port":
        port = utterance.connection.address.rpartition(":")[2]
        return port == value or (value == "pod" and port not in ("", "443"))
    if name == "node_kind":
        return kind_of(_node_of(utterance)) == value
    if name == "path" and not hasattr(utterance.error, "path"):
        return value in utterance.connection.path
    own = getattr(utterance.error, name, "")
    return own == value or value in (own if isinstance(own, tuple) else own.split("::"))


def _node_of(utterance: Utterance) -> str:
    error = utterance.error
    if isinstance(error, errors.NotFound) and error.resource.startswith("nodemetrics"):
        return error.name
    return utterance.connection.node


_SAID_OF_ANY_FAULT = (
    errors.NoResponse,
    errors.DiscoveryFailed,
    errors.OpenAPIUnread,
    errors.HPAUnable,
    errors.VPAUnable,
    errors.NodeWithoutFigures,
    errors.UnknownTarget,
    errors.PodState,
    errors.MetricsAPINotAvailable,
    errors.MetricsNotAvailableYet,
    errors.ServiceUnavailable,
    errors.NoPodMetrics,
    errors.NoEndpoints,
    errors.NoMetricsToServe,
    errors.ProbeStatus,
    errors.HealthCheckFailed,
)


def _is_consequence(utterance: Utterance) -> bool:
    """Whether this is said whatever broke nearer to the data. A ClusterIP without endpoints refuses, too."""
    if isinstance(utterance.error, errors.Dial):
        return utterance.connection.hop is Hop.C and utterance.error.failure == "connection refused"
    return isinstance(utterance.error, _SAID_OF_ANY_FAULT)


# Judging: sayings become verdicts.


@dataclass(slots=True)
class _Verdict:
    """Sayings that are about the same thing, and what that is: one id, or several that cannot be told apart.

    ``settled``: the id that one saying names by itself. The others then confirm it, and raise no rival.
    """

    sayings: list[_Saying]
    settled: str = ""

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """The ids with the likelihood that all sayings together give them, best first.

        What follows from any fault says nothing of which: it is not weighed beside what was said nearer to the fault.
        A symptom is no likelier as the cause where more is said of it.
        """
        weighed = [saying for saying in self.sayings if not saying.is_consequence] or self.sayings
        names = dict.fromkeys(name for saying in weighed for name in saying.likelihoods)
        together = {
            name: max(likelihoods) if name in weighed[0].symptoms else 1 - prod(1 - one for one in likelihoods)
            for name in names
            for likelihoods in ([saying.likelihoods.get(name, 0.0) for saying in weighed],)
        }
        return sorted(together.items(), key=lambda item: -item[1])

    @property
    def contenders(self) -> list[tuple[str, float]]:
        """The best id, and with it the others unless it is clearly better than each of them."""
        ranking = [(name, likelihood) for name, likelihood in self.ranking if self.settled in ("", name)]
        best = ranking[0][1]
        return ranking if any(other >= CLEARLY * best for _, other in ranking[1:]) else ranking[:1]

    @property
    def place(self) -> int:
        return min(saying.tally.place for saying in self.sayings)

    @property
    def is_history(self) -> bool:
        return all(saying.is_history for saying in self.sayings)

    def concerns(self, saying: _Saying) -> bool:
        return any(name in saying.likelihoods for name, _ in self.contenders)


def _judge(sayings: Iterable[_Saying], classes: Mapping[str, Class], favoured: Mapping[str, float]) -> list[_Verdict]:
    """Verdicts, causes before consequences, otherwise in the order of the text."""
    near, far, farthest = _split(sayings)
    verdicts = _weigh(near, [])
    has_cause = any(classes[verdict.contenders[0][0]] in (Class.CAUSE, Class.RISK) for verdict in verdicts)
    verdicts = _weigh((_as_symptoms(saying, verdicts, classes) for saying in far) if has_cause else far, verdicts)
    explained = verdicts if any(_explains_an_hpa(verdict.contenders[0][0], classes) for verdict in verdicts) else []
    verdicts = _weigh(
        [_as_symptoms(saying, explained, classes) for saying in farthest] if explained else farthest, verdicts
    )
    return sorted(
        verdicts,
        key=lambda verdict: (
            verdict.is_history,
            bool(explained) and verdict not in explained,
            _rank(verdict, classes[_in_order(verdict.contenders, favoured)[0][0]]),
            _in_order(verdict.contenders, favoured)[0][0] == _NOT_OURS,
            verdict.place,
        ),
    )


def _explains_an_hpa(name: str, classes: Mapping[str, Class]) -> bool:
    """Whether the id may be why an HPA shows ``<unknown>``: noise is not, nor what is only none of this."""
    return name != _NOT_OURS and (classes[name] is not Class.BENIGN or name.startswith("hpa-"))


_NOT_OURS = "not-resource-metrics-pipeline"  # what has a name of its own comes before what is only none of this


def _in_order(contenders: list[tuple[str, float]], favoured: Mapping[str, float]) -> list[tuple[str, float]]:
    """The contenders, best first, where what the text shows of the cluster counts too."""
    return sorted(contenders, key=lambda one: -(one[1] + favoured.get(one[0], 0.0)))


def _rank(verdict: _Verdict, cls: Class) -> float:
    """Causes first; what is seen of this pipeline's own inside comes before another system's troubles."""
    inside = any(saying.tally.utterance.connection.hop in _INSIDE for saying in verdict.sayings)
    return _RANK[Class.RISK] + 0.5 if cls is Class.SYMPTOM and inside else _RANK[cls]


_INSIDE = (Hop.B, Hop.C, Hop.D, Hop.E)
_RANK = {cls: rank for rank, cls in enumerate((Class.CAUSE, Class.RISK, Class.ELSEWHERE, Class.SYMPTOM, Class.BENIGN))}
_RANK[Class.HEALTHY] = len(_RANK)


def _split(sayings: Iterable[_Saying]) -> tuple[list[_Saying], list[_Saying], list[_Saying]]:
    """What is said near the fault, what is said whatever broke, and what only shows that something did."""
    near: list[_Saying] = []
    far: list[_Saying] = []
    farthest: list[_Saying] = []
    for saying in sayings:
        if isinstance(saying.tally.utterance.error, errors.UnknownTarget):
            farthest.append(saying)
        else:
            (far if saying.is_consequence else near).append(saying)
    return near, far, farthest


def _as_symptoms(saying: _Saying, verdicts: list[_Verdict], classes: Mapping[str, Class]) -> _Saying:
    """A consequence beside a known cause: it may confirm that cause or name a symptom, but accuses nobody else."""
    known = {name for verdict in verdicts for name, _ in verdict.contenders}
    left = {
        name: likelihood
        for name, likelihood in saying.likelihoods.items()
        if name in known or classes[name] not in (Class.CAUSE, Class.RISK)
    }
    return replace(saying, likelihoods=left)


def _weigh(sayings: Iterable[_Saying], verdicts: list[_Verdict]) -> list[_Verdict]:
    """Decide what is clear by itself first; the rest joins the verdict that it may belong to, or makes one."""
    verdicts = list(verdicts)
    unclear: list[_Saying] = []
    for saying in sayings:
        if not saying.likelihoods:
            continue
        contenders = _Verdict([saying]).contenders
        if len(contenders) > 1:
            unclear.append(saying)
        elif same := next((verdict for verdict in verdicts if verdict.settled == contenders[0][0]), None):
            same.sayings.append(saying)
        else:
            verdicts.append(_Verdict([saying], settled=contenders[0][0]))
    for saying in unclear:
        company = next((one for one in verdicts if one.concerns(saying) and one.is_history is saying.is_history), None)
        if company is None:
            verdicts.append(_Verdict([saying]))
        else:
            company.sayings.append(saying)
    return verdicts


# Answering: verdicts become matches, with what the manual pages say.


def _matches(
    verdict: _Verdict, favoured: Mapping[str, float], signs: Mapping[str, str], index: Knowledge
) -> Iterator[Match]:
    fitting = _beside_symptom(verdict, index)
    contenders = _in_order(fitting, favoured)
    overtaken = contenders[0][0] != fitting[0][0]
    for place, (name, likelihood) in enumerate(contenders):
        said = [saying for saying in verdict.sayings if name in saying.likelihoods]
        rivals = tuple(other for other, _ in contenders if other != name)
        match = _match(name, likelihood, _together(said, name), rivals, index, earlier=verdict.is_history)
        yield replace(match, because=signs.get(name, "")) if overtaken and place == 0 else match


def _beside_symptom(verdict: _Verdict, index: Knowledge) -> list[tuple[str, float]]:
    """The contenders, and behind a symptom all that may be: what confirms a symptom speaks against no cause of it."""
    contenders = verdict.contenders
    is_symptom = index.check(contenders[0][0]).cls is Class.SYMPTOM
    return verdict.ranking if is_symptom and not verdict.settled else contenders


def _together(sayings: list[_Saying], name: str) -> _Tally:
    """One tally of all, told by the utterance that names the id best."""
    best = max(sayings, key=lambda saying: saying.likelihoods[name])
    whole = _Tally(best.tally.utterance, best.tally.place)
    whole.first, whole.last = best.tally.first, best.tally.last
    for saying in sayings:
        whole.merge(saying.tally)
    return whole


def _match(
    name: str, likelihood: float, tally: _Tally, rivals: tuple[str, ...], index: Knowledge, *, earlier: bool
) -> Match:
    check = index.check(name)
    is_clear = not rivals and not earlier and likelihood >= SURE and tally.utterance.connection.hop is not None
    return Match(
        id=name,
        cls=check.cls,
        hop=check.hop,
        title=check.title,
        confidence=Confidence.LIKELY if is_clear else Confidence.POSSIBLE,
        line=tally.utterance.line,
        matched=tally.utterance.text[:_MOST_QUOTED],
        times=tally.times,
        first=tally.first,
        last=tally.last,
        means=meaning(check.manual),
        will_not_help=bullets(check.manual, "What will not help"),
        decide=check.decide if rivals else (),
        remedies=check.advise(blanks_of(tally.utterance)),
        lines=tuple(tally.lines),
        nodes=tuple(tally.nodes),
        more_nodes=tally.more_nodes,
        files=tuple(tally.files),
        rivals=rivals,
        earlier=earlier,
    )


def meaning(manual: str) -> str:
    """What a manual page says that its disease means."""
    return dict(sections(manual)).get("What it means", "")


_SAFE = re.compile(r"[A-Za-z0-9/\[][\w.,:/@\[\]%+-]{0,400}", re.ASCII)


def blanks_of(utterance: Utterance) -> Blanks:
    """What the utterance tells of the cluster's own names, for the remedies' commands.

    Text from a log ends up in a command that somebody pastes into a shell: only plain names and addresses are taken.
    """
    connection = utterance.connection
    host, _, port = connection.address.rpartition(":")
    known = {
        "node": connection.node,
        "address": connection.address,
        "host": (host or connection.address).strip("[]"),
        "port": port if host else "",
        "url": connection.url.partition("?")[0],
        "path": connection.path,
    }
    for name, value in utterance.error.parts().items():
        known.setdefault(name, ",".join(value) if isinstance(value, tuple) else value)
    if isinstance(utterance.error, errors.Forbidden):
        known["namespace"] = utterance.error.namespace
    return Blanks({name: value for name, value in known.items() if _SAFE.fullmatch(value)})


_STARTED = (
    "metrics-server started as it should: it made its certificate, loaded what it checks callers with, and listens. "
    "That it stores metrics, and that the API server reaches it, these lines do not say."
)


_SHOWN = (
    "Figures came: at that moment the whole way from the kubelets to this client worked, for the nodes and pods that "
    "are listed. One that is missing from the list they do not speak for."
)


def _well(
    name: str, hop: Hop, title: str, means: str, tally: _Tally, confidence: Confidence = Confidence.LIKELY
) -> Match:
    """The answer to a sign of health, for which no disease and so no check stands."""
    return Match(
        id=name,
        cls=Class.HEALTHY,
        hop=hop,
        title=title,
        confidence=confidence,
        line=tally.utterance.line,
        matched=tally.utterance.text[:_MOST_QUOTED],
        times=tally.times,
        first=tally.first,
        last=tally.last,
        means=means,
        lines=tuple(tally.lines),
        files=tuple(tally.files),
    )
