"""Go's path building (``crypto/x509`` verify.go ``Verify``, cert_pool.go), step for step, up to its first error."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from .certificate import Certificate, Moment
from .constraints import constraint_faults
from .extensions import CERT_SIGN
from .gotext import instant, quote
from .keys import UNSUPPORTED, signature_fault
from .model import ProblemKind, Usage
from .policies import policies_valid

MAX_SIGNATURE_CHECKS = 100
CANNOT_SIGN = "x509: invalid signature: parent certificate cannot sign this kind of certificate"
UNKNOWN_AUTHORITY = "x509: certificate signed by unknown authority"
_SIGNATURE_LIMIT = "x509: signature check attempts limit reached while verifying certificate chain"
_UNHANDLED_EXTENSION = "x509: unhandled critical extension"
_INCOMPATIBLE_USAGE = "x509: certificate specifies an incompatible key usage"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXTENDED_USAGES = {Usage.SERVER: "serverAuth", Usage.CLIENT: "clientAuth"}


@dataclass(frozen=True, slots=True)
class Fault:
    """One reason against a chain, in Go's words, and the certificate it lies in."""

    kind: ProblemKind
    text: str
    certificate: Certificate


class Pool:
    """A set of certificates to find issuers in; of equal ones the first counts."""

    def __init__(self, certificates: Iterable[Certificate]) -> None:
        self._known: set[bytes] = set()
        self._by_subject: dict[bytes, list[Certificate]] = {}
        for certificate in certificates:
            if certificate.der not in self._known:
                self._known.add(certificate.der)
                self._by_subject.setdefault(certificate.raw_subject, []).append(certificate)

    def __contains__(self, certificate: Certificate) -> bool:
        return certificate.der in self._known

    def issuers(self, certificate: Certificate) -> list[Certificate]:
        """Those of the issuer's name, likeliest first: key ids equal, then one of them missing, then different."""
        wanted = certificate.extensions.authority_key_id

        def unlikelihood(candidate: Certificate) -> int:
            offered = candidate.extensions.subject_key_id
            if offered == wanted:
                return 0
            return 2 if offered and wanted else 1

        return sorted(self._by_subject.get(certificate.raw_issuer, ()), key=unlikelihood)


@dataclass(frozen=True, slots=True)
class Question:
    """What a chain is wanted for: trusted roots, offered intermediates, the usage and the moment."""

    roots: Pool
    intermediates: Pool
    usage: Usage
    at: datetime


def validity_faults(certificate: Certificate, at: datetime) -> Iterator[Fault]:
    """What is wrong with a certificate wherever it stands in a chain, first what Go finds first."""
    if certificate.extensions.unhandled_critical:
        yield Fault(ProblemKind.UNHANDLED_CRITICAL_EXTENSION, _UNHANDLED_EXTENSION, certificate)
    elapsed = at - _EPOCH
    seconds = elapsed.days * 86_400 + elapsed.seconds
    if seconds < certificate.valid_from.seconds:
        yield Fault(ProblemKind.NOT_YET_VALID, _outside(at, "before", certificate.valid_from), certificate)
    elif (seconds, elapsed.microseconds) > (certificate.valid_to.seconds, 0):
        yield Fault(ProblemKind.EXPIRED, _outside(at, "after", certificate.valid_to), certificate)


def _outside(at: datetime, side: str, bound: Moment) -> str:
    return f"x509: certificate has expired or is not yet valid: current time {instant(at)} is {side} {bound.text}"


def issuer_faults(issuer: Certificate, chain: Sequence[Certificate], at: datetime, *, root: bool) -> Iterator[Fault]:
    """What forbids an issuer, whose signature is right, its place above a chain."""
    yield from validity_faults(issuer, at)
    extensions = issuer.extensions
    if not root and not extensions.is_ca:
        text = "x509: certificate is not authorized to sign other certificates"
        yield Fault(ProblemKind.NOT_A_CA, text, issuer)
    if extensions.max_path is not None and len(chain) - 1 > extensions.max_path:
        yield Fault(ProblemKind.PATH_LENGTH, "x509: too many intermediates for path length constraint", issuer)


def may_sign(issuer: Certificate) -> bool:
    """Whether an issuer's basic constraints and key usage let it sign certificates; older versions need not say so."""
    extensions = issuer.extensions
    if not extensions.is_ca and (extensions.basic_constraints or issuer.version == 3):
        return False
    return not extensions.key_usage or bool(extensions.key_usage & CERT_SIGN)


def signature_text(certificate: Certificate, issuer: Certificate) -> str | None:
    """Why a certificate's signature is not one by the issuer's key, in Go's words; None where it is."""
    if issuer.key is None:
        return UNSUPPORTED
    return signature_fault(certificate.algorithm, certificate.tbs, certificate.signature, issuer.key)


def already_in(candidate: Certificate, chain: Sequence[Certificate]) -> bool:
    """Whether a chain would run in a circle: same subject, key and subject alternative names count as the same."""
    san = candidate.extensions.san
    for certificate in chain:
        if (candidate.raw_subject, candidate.public_key) != (certificate.raw_subject, certificate.public_key):
            continue
        if san == certificate.extensions.san:
            return True
        if san is None or certificate.extensions.san is None:
            return False
    return False


def usage_faults(chain: Sequence[Certificate], usage: Usage) -> Iterator[Fault]:
    """The certificates of a chain, leaf first, whose extended key usages leave this usage out."""
    wanted = {_EXTENDED_USAGES[usage], "anyExtendedKeyUsage"}
    for certificate in chain:
        if certificate.extensions.usages and wanted.isdisjoint(certificate.extensions.usages):
            yield Fault(ProblemKind.KEY_USAGE, _INCOMPATIBLE_USAGE, certificate)


def name_constraint_faults(chain: Sequence[Certificate]) -> Iterator[Fault]:
    """The names in a chain, leaf first, that a certificate above them forbids."""
    for why, certificate in constraint_faults(chain):
        text = f"x509: a root or intermediate certificate is not authorized to sign for this name: {why}"
        yield Fault(ProblemKind.NAME_CONSTRAINT, text, certificate)


def chain_fault(leaf: Certificate, question: Question) -> Fault | None:
    """Why no chain leads from a leaf, good in itself, to a root: the one reason that Go gives; None where one does."""
    if leaf in question.roots:
        return _choose(leaf, [[leaf]], question.usage)
    chains, fault = _Builder(question).build(leaf, [leaf])
    return fault or _choose(leaf, chains, question.usage)


def _choose(leaf: Certificate, chains: list[list[Certificate]], usage: Usage) -> Fault | None:
    """What is wrong with every chain, None if one is good. A forbidden name outranks the rest."""
    constraint: Fault | None = None
    usage_fault: Fault | None = None
    bad_usages = bad_policies = 0
    for chain in chains:
        if not policies_valid(chain):
            bad_policies += 1
        elif offence := next(usage_faults(chain, usage), None):
            usage_fault = usage_fault or offence
            bad_usages += 1
        elif fault := next(name_constraint_faults(chain), None):
            constraint = constraint or fault
        else:
            return None
    if constraint or (usage_fault and not bad_policies):
        return constraint or usage_fault
    details = [f"{bad_usages} candidate chains with incompatible key usage"] if bad_usages else []
    details.append(f"{bad_policies} candidate chains with invalid policies")
    return Fault(ProblemKind.POLICY, f"x509: no valid chains built: {', '.join(details)}", leaf)


class _Builder:
    """One search for chains. All its branches draw on one budget of signature checks."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._checks = 0

    def build(self, certificate: Certificate, chain: list[Certificate]) -> tuple[list[list[Certificate]], Fault | None]:
        """All chains from ``chain``, which ends in ``certificate``, to a root; or none, and the reason Go gives."""
        chains: list[list[Certificate]] = []
        fault: Fault | None = None
        hint: tuple[str, Certificate] | None = None
        for root, candidate in self._candidates(certificate):
            self._checks += 1
            if self._checks > MAX_SIGNATURE_CHECKS:
                fault = Fault(ProblemKind.SIGNATURE_LIMIT, _SIGNATURE_LIMIT, certificate)
                break
            if candidate.key is None or already_in(candidate, chain):
                continue
            if refusal := _refusal(certificate, candidate):
                hint = hint or (refusal, candidate)
                continue
            # As in Go, the last candidate's own fault is the answer, unhinted, whatever came before it.
            fault = next(issuer_faults(candidate, chain, self._question.at, root=root), None)
            if fault:
                hint = hint or (fault.text, candidate)
            elif root:
                chains.append([*chain, candidate])
            else:
                longer, fault = self.build(candidate, [*chain, candidate])
                chains += longer
                if fault and fault.kind is ProblemKind.SIGNATURE_LIMIT:
                    break
        if chains:
            return chains, None
        return [], fault or Fault(ProblemKind.UNKNOWN_AUTHORITY, UNKNOWN_AUTHORITY + _hint(hint), certificate)

    def _candidates(self, certificate: Certificate) -> Iterator[tuple[bool, Certificate]]:
        """Possible issuers, and whether each is a root; roots come first."""
        for root, pool in ((True, self._question.roots), (False, self._question.intermediates)):
            for candidate in pool.issuers(certificate):
                yield root, candidate


def _refusal(certificate: Certificate, issuer: Certificate) -> str | None:
    return signature_text(certificate, issuer) if may_sign(issuer) else CANNOT_SIGN


def _hint(hint: tuple[str, Certificate] | None) -> str:
    if hint is None:
        return ""
    why, candidate = hint
    name = candidate.common_name or next(iter(candidate.organizations), f"serial:{candidate.serial_text}")
    return f" (possibly because of {quote(why)} while trying to verify candidate authority certificate {quote(name)})"
