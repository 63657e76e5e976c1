"""The answer: verdicts become matches, with what the manual pages say.

``Match`` and ``Explanation`` are what renderers print.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from msdoctor.explain.judge import Verdict, in_order
from msdoctor.explain.sayings import Saying, Tally
from msdoctor.index import Knowledge
from msdoctor.model import Blanks, Class, Confidence, Hop, Look, Remedy, bullets, sections
from msdoctor.utterances import Utterance, errors

_MOST_QUOTED = 2000  # characters of a matched line

SURE = 0.8
"""What a likelihood must be for an id that stands alone to be called likely, and not just possible."""


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


def matches_of(
    verdict: Verdict, favoured: Mapping[str, float], signs: Mapping[str, str], index: Knowledge
) -> Iterator[Match]:
    """The verdict's ids, likeliest first.

    ``favoured``: by how much the text's circumstances put an id forward; ``signs``: the words that show those.
    """
    fitting = _beside_symptom(verdict, index)
    contenders = in_order(fitting, favoured)
    overtaken = contenders[0][0] != fitting[0][0]
    for place, (name, likelihood) in enumerate(contenders):
        said = [saying for saying in verdict.sayings if name in saying.likelihoods]
        rivals = tuple(other for other, _ in contenders if other != name)
        match = _match(name, likelihood, _together(said, name), rivals, index, earlier=verdict.is_history)
        yield replace(match, because=signs.get(name, "")) if overtaken and place == 0 else match


def _beside_symptom(verdict: Verdict, index: Knowledge) -> list[tuple[str, float]]:
    """The contenders, and behind a symptom all that may be: what confirms a symptom speaks against no cause of it."""
    contenders = verdict.contenders
    is_symptom = index.check(contenders[0][0]).cls is Class.SYMPTOM
    return verdict.ranking if is_symptom and not verdict.settled else contenders


def _together(sayings: list[Saying], name: str) -> Tally:
    """One tally of all, told by the utterance that names the id best."""
    best = max(sayings, key=lambda saying: saying.likelihoods[name])
    whole = Tally(best.tally.utterance, best.tally.place)
    whole.first, whole.last = best.tally.first, best.tally.last
    for saying in sayings:
        whole.merge(saying.tally)
    return whole


def _match(
    name: str, likelihood: float, tally: Tally, rivals: tuple[str, ...], index: Knowledge, *, earlier: bool
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


_AT_ZERO = (
    "The HPA rests: its target was scaled to zero, by hand or by another controller, and there is nothing to measure: "
    "<unknown> is all that can be shown. It goes on as soon as the target has a replica again."
)


_NO_PODS = (
    "The metrics API answered, with nothing, and that namespace has no pods, or none that fit the selector: kubectl "
    "looks before it says so, and has other words for pods without metrics. Look in the namespace where the pods are."
)


SIGNS_OF_HEALTH: dict[type[errors.InnermostError], tuple[str, Hop, str, str, Confidence]] = {
    errors.Started: ("metrics-server-started", Hop.D, "metrics-server started well", _STARTED, Confidence.LIKELY),
    errors.Shown: ("metrics-shown", Hop.A, "metrics are shown", _SHOWN, Confidence.POSSIBLE),
    errors.NothingToShow: ("no-pods-to-show", Hop.A, "there are no pods", _NO_PODS, Confidence.POSSIBLE),
    errors.ScaledToZero: (
        "hpa-scaled-to-zero",
        Hop.H,
        "the HPA's target has no replicas",
        _AT_ZERO,
        Confidence.LIKELY,
    ),
}
"""What is no trouble, in the order in which it is answered: name, hop, title, what it means, and how sure it is."""


def well(sign: type[errors.InnermostError], tally: Tally, *, beside_trouble: bool = False) -> Match:
    """The answer to a sign of health, for which no disease and so no check stands.

    ``beside_trouble``: the text shows what lets metrics-server start, and hurts only then.
    """
    name, hop, title, means, confidence = SIGNS_OF_HEALTH[sign]
    if beside_trouble and sign is errors.Started:
        confidence = Confidence.POSSIBLE
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
