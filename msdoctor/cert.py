"""A certificate before it is rolled out: for whom it would do, and for whom not. Pure; the chain and the CAs are given.

Without a CA nothing is trusted, and Go says "signed by unknown authority" of every chain. So does the judgement here;
that nobody was named to trust is told apart from a CA that did not issue it (``Report.proven_but_for_issuer``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from msdoctor import x509
from msdoctor.x509.verify import signature_text

MOST_NAMES = 24  # of a certificate's own names that are judged, each by itself

Read = x509.Certificate | x509.Unreadable


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the chain would do for one purpose: as a server's at a name or address, or as a client's (no name)."""

    usage: x509.Usage
    name: str | None
    judgement: x509.Judgement


@dataclass(frozen=True, slots=True)
class Report:
    """A chain as read, leaf first, the CAs it was judged by (None: none was given), and for whom it would do.

    ``asked`` answers the question itself; ``others``, the same question for its own names, and for the other usage.
    """

    chain: tuple[Read, ...]
    roots: tuple[Read, ...] | None
    at: datetime
    asked: Answer
    others: tuple[Answer, ...]

    @property
    def valid(self) -> bool:
        """Whether Go would accept it, of the CAs that were given."""
        return self.asked.judgement.valid

    @property
    def proven_but_for_issuer(self) -> bool:
        """Whether nothing speaks against it but that no CA was given."""
        return self.roots is None and all(map(_of_the_issuer, self.asked.judgement.problems))


def report(
    chain: Sequence[bytes], roots: Sequence[bytes] | None, *, name: str | None, usage: x509.Usage, at: datetime
) -> Report:
    """Judge a chain (DER, leaf first) for the question that was asked, and for those that lie near."""

    def answer(usage: x509.Usage, name: str | None) -> Answer:
        return Answer(usage, name, x509.judge(chain, roots or (), name=name, usage=usage, at=at))

    read = tuple(map(_read, chain))
    others = tuple(answer(*question) for question in _near(read[0], name, usage))
    trusted = None if roots is None else tuple(map(_read, roots))
    return Report(read, trusted, at, answer(usage, name or None), others)


def problems(answer: Answer, roots: Sequence[Read] | None) -> tuple[x509.Problem, ...]:
    """What speaks against it; where no CA was given, without the one thing that follows from that alone."""
    return tuple(problem for problem in answer.judgement.problems if roots is not None or not _of_the_issuer(problem))


def self_signed(certificate: x509.Certificate) -> bool:
    """Whether it names itself as its issuer, and its own key signed it."""
    return certificate.self_issued and not signature_text(certificate, certificate)


def issuer_among(certificate: x509.Certificate, candidates: Sequence[Read]) -> tuple[int | None, bool]:
    """Which of these signed it; and whether any bears the issuer's name, though its key may be another."""
    named = [
        (place, candidate)
        for place, candidate in enumerate(candidates)
        if isinstance(candidate, x509.Certificate) and candidate.raw_subject == certificate.raw_issuer
    ]
    signer = next((place for place, candidate in named if not signature_text(certificate, candidate)), None)
    return signer, bool(named)


def _read(der: bytes) -> Read:
    try:
        return x509.parse(der)
    except x509.Unreadable as reason:
        return reason


def _near(leaf: Read, name: str | None, usage: x509.Usage) -> Iterator[tuple[x509.Usage, str | None]]:
    """Its own names, as a server's, and the client that it would make."""
    if isinstance(leaf, x509.Unreadable):
        return
    own = dict.fromkeys(filter(None, (*leaf.ip_addresses, *leaf.dns_names)))
    for other in list(own)[:MOST_NAMES]:
        if (usage, name) != (x509.Usage.SERVER, other):
            yield x509.Usage.SERVER, other
    if usage is not x509.Usage.CLIENT or name:
        yield x509.Usage.CLIENT, None


def _of_the_issuer(problem: x509.Problem) -> bool:
    return problem.kind is x509.ProblemKind.UNKNOWN_AUTHORITY
