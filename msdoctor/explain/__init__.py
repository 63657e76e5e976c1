"""What a pasted text is about: utterances weighed against what each check says of itself.

Pure: utterances and an index in, an explanation out. One pass over the utterances; what is kept grows with the number
of checks, not with the text, and an answer can be had at any time.

What a node said and has contradicted since is history: it comes last, and is sure of nothing. An event that is over, as
something else in the text shows, is left out.

In order: ``recognise`` (which ids an utterance fits), ``sayings`` (counted), ``judge`` (which id they are about
together), ``answer`` (with what its manual page says).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from msdoctor.explain.answer import SIGNS_OF_HEALTH, Explanation, Match, blanks_of, matches_of, meaning, well
from msdoctor.explain.events import Present, note_event
from msdoctor.explain.judge import judge
from msdoctor.explain.recognise import Recogniser, unless_ruled_out
from msdoctor.explain.sayings import CLEARLY, MOST_LISTED, Saying, Tally, is_consequence
from msdoctor.index import Knowledge
from msdoctor.model import RULED_OUT, Class, Hop
from msdoctor.utterances import Utterance, errors

__all__ = ["Explanation", "Hearing", "Match", "Recogniser", "blanks_of", "explain", "meaning"]


def explain(utterances: Iterable[Utterance], index: Knowledge) -> Explanation:
    """Say what the utterances are about, as far as the index knows."""
    hearing = Hearing(index)
    for utterance in utterances:
        hearing.hear(utterance)
    return hearing.explanation()


_MOST_NODES = 100_000  # of which the newest error is remembered
_SCRAPES = (Hop.E, Hop.F)


class Hearing:
    """Hears utterances one by one, of one text after the other, and says at any time what they are about."""

    def __init__(self, index: Knowledge) -> None:
        self._index = index
        self._recognise = Recogniser(index.entries)
        self._symptoms = {entry.id for entry in index.entries if entry.cls is Class.SYMPTOM}
        self._sayings: dict[tuple[object, ...], Saying] = {}
        self._well: dict[type[errors.InnermostError], Tally] = {}  # by the kind of sign
        self._present = Present()
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
        self._present.hear(utterance)
        likelihoods, of_several = self._recognise(utterance) if not self._is_told(utterance) else ({}, {})
        if isinstance(utterance.error, errors.Circumstance):
            self._weigh(utterance.error, likelihoods)
        elif likelihoods:
            kind = (type(utterance.error), *sorted(likelihoods.items()))
            saying = self._sayings.get(kind)
            if saying is None:
                tally = Tally(utterance, len(self._sayings))
                saying = self._sayings[kind] = Saying(
                    likelihoods, tally, is_consequence(utterance), of_several, self._symptoms
                )
            saying.tally.add(utterance)
            note_event(saying, utterance)
            node = utterance.connection.node
            if (
                utterance.connection.hop in _SCRAPES
                and node
                and (node in self._newest or len(self._newest) < _MOST_NODES)
            ):
                self._newest[node] = kind
        elif isinstance(utterance.error, tuple(SIGNS_OF_HEALTH)):
            self._well.setdefault(type(utterance.error), Tally(utterance, 0)).add(utterance)
        elif isinstance(utterance.error, errors.NothingListed):
            self._take_back_figures(utterance)
        elif not isinstance(utterance.error, errors.Noise):
            self._has_unknown_errors = True

    def _take_back_figures(self, utterance: Utterance) -> None:
        """What looked like figures was the head of an empty list: as kubectl would say of it, there are none yet."""
        shown = self._well.get(errors.Shown)
        if shown is not None and shown.utterance.error == errors.Shown("list"):
            del self._well[errors.Shown]
            self.hear(replace(utterance, error=errors.MetricsNotAvailableYet()))

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
        if text and text not in self._notes and len(self._notes) < MOST_LISTED:
            self._notes.append(text)

    def explanation(self) -> Explanation:
        """What everything that was heard is about."""
        current = set(self._newest.values())
        for kind, saying in self._sayings.items():
            saying.is_history = kind not in current and any(node in self._newest for node in saying.tally.nodes)
        told = [
            saying for saying in self._sayings.values() if not (saying.is_event and self._present.contradicts(saying))
        ]
        sayings = [
            unless_ruled_out(saying.as_told(), self._ruled_out)
            for saying in told
            if errors.ScaledToZero not in self._well
            or not isinstance(saying.tally.utterance.error, errors.UnknownTarget)
        ]
        classes = {entry.id: entry.cls for entry in self._index.entries}
        verdicts = judge(sayings, classes, self._favoured)
        matches = [
            match for verdict in verdicts for match in matches_of(verdict, self._favoured, self._signs, self._index)
        ]
        beside = any(classes[name] is Class.CAUSE and weight >= CLEARLY for name, weight in self._favoured.items())
        matches += [
            well(sign, self._well[sign], beside_trouble=beside)
            for sign in SIGNS_OF_HEALTH
            if sign in self._well and not (sign is errors.Started and self._has_unknown_errors)
        ]
        return Explanation(any(match.rivals for match in matches), tuple(matches), tuple(self._notes))
