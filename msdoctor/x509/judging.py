"""Every problem at once: what Go says first, then what it would say if each mending uncovered the next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from .certificate import Certificate, parse
from .hostnames import hostname_fault
from .keys import UNSUPPORTED
from .model import Judgement, Problem, ProblemKind, Unreadable, Usage
from .policies import policies_valid
from .verify import (
    CANNOT_SIGN,
    MAX_SIGNATURE_CHECKS,
    UNKNOWN_AUTHORITY,
    Fault,
    Pool,
    Question,
    already_in,
    chain_fault,
    issuer_faults,
    may_sign,
    name_constraint_faults,
    signature_text,
    usage_faults,
    validity_faults,
)

# crypto/tls handshake_client.go, for a peer that sends no certificate
_NOTHING_SENT = "tls: received empty certificates message"


def judge(chain: Sequence[bytes], roots: Sequence[bytes], *, name: str | None, usage: Usage, at: datetime) -> Judgement:
    """Judge a chain as Go's ``Certificate.Verify`` does.

    ``chain`` is what the peer sent, in DER: the leaf, then any intermediates in any order. Of ``roots``, also in DER,
    those that Go cannot read count for nothing, as in ``CertPool.AppendCertsFromPEM``. ``name`` is a DNS name or an
    address, None where none is checked, as for a client's certificate. ``at`` must be aware.
    """
    if at.utcoffset() is None:
        msg = "the moment needs a time zone"
        raise ValueError(msg)
    if not chain:
        return Judgement(_NOTHING_SENT, (Problem(ProblemKind.UNREADABLE, _NOTHING_SENT, 0),))
    read = [_read(der) for der in chain]
    unreadable = [
        Problem(ProblemKind.UNREADABLE, str(reason), position)
        for position, reason in enumerate(read)
        if isinstance(reason, Unreadable)
    ]
    leaf, *others = read
    if isinstance(leaf, Unreadable):
        return Judgement(unreadable[0].text, tuple(unreadable))
    intermediates = Pool(other for other in others if isinstance(other, Certificate))
    question = Question(_trusted(tuple(roots)), intermediates, usage, at)
    faults: Iterable[Fault] = _faults(leaf, name, question)
    if unreadable:  # with a link missing, that the chain leads nowhere is no finding
        faults = (fault for fault in faults if fault.kind is not ProblemKind.UNKNOWN_AUTHORITY)
    problems = unreadable + _located(faults, [*chain, *roots])
    if any(problem.kind is ProblemKind.UNKNOWN_AUTHORITY for problem in problems):
        problems += _unreadable_roots(roots, len(chain))
    return Judgement(problems[0].text if problems else None, tuple(problems))


def _read(der: bytes) -> Certificate | Unreadable:
    try:
        return parse(der)
    except Unreadable as reason:
        return reason


@lru_cache(maxsize=16)  # thousands of nodes are judged against one set of roots
def _trusted(roots: tuple[bytes, ...]) -> Pool:
    return Pool(root for root in map(_read, roots) if isinstance(root, Certificate))


def _unreadable_roots(roots: Sequence[bytes], first: int) -> list[Problem]:
    return [
        Problem(ProblemKind.UNREADABLE, str(reason), first + position)
        for position, reason in enumerate(map(_read, roots))
        if isinstance(reason, Unreadable)
    ]


def _located(faults: Iterable[Fault], certificates: Sequence[bytes]) -> list[Problem]:
    """Faults as problems, each once, with the place of its certificate."""
    problems = (Problem(fault.kind, fault.text, certificates.index(fault.certificate.der)) for fault in faults)
    return list(dict.fromkeys(problems))


def _faults(leaf: Certificate, name: str | None, question: Question) -> Iterator[Fault]:
    """All faults, in the order in which Go comes to them."""
    yield from validity_faults(leaf, question.at)
    if name and (mismatch := hostname_fault(leaf, name)):
        kind, text = mismatch
        yield Fault(kind, text, leaf)
    first = chain_fault(leaf, question)
    if first is None:
        return
    yield first
    path = _nearest_path(leaf, question)
    if not path.complete and first.kind is not ProblemKind.UNKNOWN_AUTHORITY:
        yield Fault(ProblemKind.UNKNOWN_AUTHORITY, UNKNOWN_AUTHORITY, path.chain[-1])
    yield from path.faults
    yield from _whole_chain_faults(path.chain, question.usage)


def _whole_chain_faults(chain: Sequence[Certificate], usage: Usage) -> Iterator[Fault]:
    yield from usage_faults(chain, usage)
    yield from name_constraint_faults(chain)
    if not policies_valid(chain):
        text = "x509: no valid chains built: 1 candidate chains with invalid policies"
        yield Fault(ProblemKind.POLICY, text, chain[0])


@dataclass(frozen=True, slots=True)
class _Path:
    """A chain that would do if its faults were mended; it is complete if it ends in a root."""

    chain: tuple[Certificate, ...]
    faults: tuple[Fault, ...]
    complete: bool


def _nearest_path(leaf: Certificate, question: Question) -> _Path:
    """The path with the least to mend: one to a root before one that ends nowhere, then the one with fewest faults."""
    if leaf in question.roots:
        return _Path((leaf,), (), complete=True)
    paths = list(_Wanderer(question).paths(_Path((leaf,), (), complete=False)))
    return min(paths, key=lambda path: (not path.complete, len(path.faults), -len(path.chain)))


class _Wanderer:
    """Walks upwards through issuers whose key made the signature, noting what forbids them instead of turning back."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._steps = 0

    def paths(self, below: _Path) -> Iterator[_Path]:
        yield below
        for root, pool in ((True, self._question.roots), (False, self._question.intermediates)):
            for issuer in pool.issuers(below.chain[-1]):
                self._steps += 1
                if self._steps > MAX_SIGNATURE_CHECKS:
                    return
                if already_in(issuer, below.chain):
                    continue
                faults = self._step_faults(below, issuer, root=root)
                if faults is None:
                    continue
                path = _Path((*below.chain, issuer), below.faults + faults, complete=root)
                if root:
                    yield path
                else:
                    yield from self.paths(path)

    def _step_faults(self, below: _Path, issuer: Certificate, *, root: bool) -> tuple[Fault, ...] | None:
        """What is wrong with this issuer above that path; None where its key did not sign."""
        certificate = below.chain[-1]
        faults: list[Fault] = []
        if text := signature_text(certificate, issuer):
            # What Go will not check was made by this issuer for all that is known, unless the key ids tell otherwise.
            if (unchecked := _unchecked(text, certificate, issuer)) is None or _ids_differ(certificate, issuer):
                return None
            faults.append(unchecked)
        if not may_sign(issuer):
            faults.append(Fault(ProblemKind.NOT_A_CA, CANNOT_SIGN, issuer))
        placed = issuer_faults(issuer, below.chain, self._question.at, root=root)
        faults += (fault for fault in placed if fault.kind is not ProblemKind.NOT_A_CA or may_sign(issuer))
        return tuple(faults)


def _unchecked(text: str, certificate: Certificate, issuer: Certificate) -> Fault | None:
    """The fault that keeps Go from checking a signature; None where it was checked, and is wrong."""
    signed_oddly = certificate.algorithm is None or certificate.algorithm.insecure
    if "insecure" in text:  # the signature's hash, or the issuer's short key
        return Fault(ProblemKind.INSECURE_ALGORITHM, text, certificate if signed_oddly else issuer)
    if text == UNSUPPORTED:
        return Fault(ProblemKind.UNSUPPORTED_ALGORITHM, text, certificate if signed_oddly else issuer)
    return None


def _ids_differ(certificate: Certificate, issuer: Certificate) -> bool:
    wanted, offered = certificate.extensions.authority_key_id, issuer.extensions.subject_key_id
    return bool(wanted and offered and wanted != offered)
