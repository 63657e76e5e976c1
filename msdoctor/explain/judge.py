"""What sayings are about together: each verdict is one id, or several that cannot be told apart.

A saying is decided when one id fits it, or fits it clearly best. An undecided one is decided by its company: by an id
that another saying names for certain, or by several that together favour one id. What only the consumers of a dead
pipeline say (``Metrics API not available``) decides nothing once somebody nearer to the fault has spoken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod

from msdoctor.explain.sayings import CLEARLY, Saying
from msdoctor.model import Class, Hop
from msdoctor.utterances import errors


@dataclass(slots=True)
class Verdict:
    """Sayings that are about the same thing, and what that is: one id, or several that cannot be told apart.

    ``settled``: the id that one saying names by itself. The others then confirm it, and raise no rival.
    """

    sayings: list[Saying]
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
        """Where in the text it was said first."""
        return min(saying.tally.place for saying in self.sayings)

    @property
    def is_history(self) -> bool:
        """Whether all of it has been contradicted since."""
        return all(saying.is_history for saying in self.sayings)

    def concerns(self, saying: Saying) -> bool:
        """Whether the saying may be about the same."""
        return any(name in saying.likelihoods for name, _ in self.contenders)


def judge(sayings: Iterable[Saying], classes: Mapping[str, Class], favoured: Mapping[str, float]) -> list[Verdict]:
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
            _rank(verdict, classes[in_order(verdict.contenders, favoured)[0][0]]),
            in_order(verdict.contenders, favoured)[0][0] == _NOT_OURS,
            in_order(verdict.contenders, favoured)[0][0].startswith(_NOISE),
            verdict.place,
        ),
    )


def _explains_an_hpa(name: str, classes: Mapping[str, Class]) -> bool:
    """Whether the id may be why an HPA shows ``<unknown>``: noise is not, nor what is only none of this."""
    return name != _NOT_OURS and (classes[name] is not Class.BENIGN or name.startswith("hpa-"))


_NOISE = "benign-"  # comes after what is no fault either, and yet more than a line
_NOT_OURS = "not-resource-metrics-pipeline"  # what has a name of its own comes before what is only none of this


def in_order(contenders: list[tuple[str, float]], favoured: Mapping[str, float]) -> list[tuple[str, float]]:
    """The contenders, best first, where what the text shows of the cluster counts too."""
    return sorted(contenders, key=lambda one: -(one[1] + favoured.get(one[0], 0.0)))


def _rank(verdict: Verdict, cls: Class) -> float:
    """Causes first; what is seen of this pipeline's own inside comes before another system's troubles."""
    inside = any(saying.tally.utterance.connection.hop in _INSIDE for saying in verdict.sayings)
    return _RANK[Class.RISK] + 0.5 if cls is Class.SYMPTOM and inside else _RANK[cls]


_INSIDE = (Hop.B, Hop.C, Hop.D, Hop.E)
_RANK = {cls: rank for rank, cls in enumerate((Class.CAUSE, Class.RISK, Class.ELSEWHERE, Class.SYMPTOM, Class.BENIGN))}


_RANK[Class.HEALTHY] = len(_RANK)


def _split(sayings: Iterable[Saying]) -> tuple[list[Saying], list[Saying], list[Saying]]:
    """What is said near the fault, what is said whatever broke, and what only shows that something did."""
    near: list[Saying] = []
    far: list[Saying] = []
    farthest: list[Saying] = []
    for saying in sayings:
        if isinstance(saying.tally.utterance.error, errors.UnknownTarget):
            farthest.append(saying)
        else:
            (far if saying.is_consequence else near).append(saying)
    return near, far, farthest


def _as_symptoms(saying: Saying, verdicts: list[Verdict], classes: Mapping[str, Class]) -> Saying:
    """A consequence beside a known cause: it may confirm that cause or name a symptom, but accuses nobody else."""
    known = {name for verdict in verdicts for name, _ in verdict.contenders}
    left = {
        name: likelihood
        for name, likelihood in saying.likelihoods.items()
        if name in known or classes[name] not in (Class.CAUSE, Class.RISK)
    }
    return replace(saying, likelihoods=left)


def _weigh(sayings: Iterable[Saying], verdicts: list[Verdict]) -> list[Verdict]:
    """Decide what is clear by itself first; the rest joins the verdict that it may belong to, or makes one."""
    verdicts = list(verdicts)
    unclear: list[Saying] = []
    for saying in sayings:
        if not saying.likelihoods:
            continue
        contenders = Verdict([saying]).contenders
        if len(contenders) > 1:
            unclear.append(saying)
        elif same := next((verdict for verdict in verdicts if _has_named(verdict, saying, contenders[0][0])), None):
            same.sayings.append(saying)
        else:
            verdicts.append(Verdict([saying], settled=contenders[0][0]))
    for saying in unclear:
        company = next((one for one in verdicts if one.concerns(saying) and one.is_history is saying.is_history), None)
        if company is None:
            verdicts.append(Verdict([saying]))
        else:
            company.sayings.append(saying)
    return verdicts


def _has_named(verdict: Verdict, saying: Saying, name: str) -> bool:
    """Whether the verdict is this id, or leaves it open: a consequence decides nothing that was open nearer by."""
    if verdict.settled:
        return verdict.settled == name
    return saying.is_consequence and verdict.is_history is saying.is_history and verdict.concerns(saying)
