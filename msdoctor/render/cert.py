"""A judged certificate in words, for whoever is about to roll it out, and as the JSON of ``cert -o json``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from msdoctor import x509
from msdoctor.cert import Answer, Report, issuer_among, problems, self_signed
from msdoctor.x509.keys import DsaKey, EcKey, Ed25519Key, RsaKey

from .terminal import BODY, BOLD, GREEN, RED, YELLOW, Page, plain_ascii
from .words import and_list, count

SCHEMA_VERSION = "1"

_MOST_NAMES = 12  # of one certificate, or of CAs
_MOST_CERTIFICATES = 8
_NO_CA = "who issued it was not judged: no CA was given (--ca FILE)"
# The bits of a key usage in their order (RFC 5280, 4.2.1.3).
_KEY_USAGES = (
    "digital signature",
    "content commitment",
    "key encipherment",
    "data encipherment",
    "key agreement",
    "certificate signing",
    "CRL signing",
    "encipher only",
    "decipher only",
)
_EXTENDED_USAGES = {"serverAuth": "server", "clientAuth": "client", "anyExtendedKeyUsage": "any"}


def json_(report: Report) -> str:
    """The judgement alone. ASCII, so that no character of a certificate steers a terminal."""
    judgement = report.asked.judgement
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "valid": judgement.valid,
        "error": judgement.error,
        "problems": list(dict.fromkeys(problem.text for problem in judgement.problems)),
    }
    return json.dumps(document, indent=2, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the chain and the CAs come from, in words, and whose certificates the peer asks its own clients for."""

    where: str
    ca: str = ""
    acceptable_cas: tuple[str, ...] = ()


def text(report: Report, source: Source, *, width: int = 80, colour: bool = False, ascii_only: bool = False) -> str:
    """For a terminal: the verdict, for whom it would do, and every certificate."""
    page = Page(width, colour)
    sections = [
        _verdict(report, page),
        _head(report, source, page),
        _answers(report, page),
        *(_certificate(place, report, source, page) for place in range(len(report.chain))[:_MOST_CERTIFICATES]),
        _left_out(report, page),
        _next(report, page),
    ]
    whole = "\n\n".join("\n".join(lines) for lines in map(list, sections) if lines) + "\n"
    return plain_ascii(whole) if ascii_only else whole


def _verdict(report: Report, page: Page) -> Iterator[str]:
    wrong = problems(report.asked, report.roots)
    if report.valid:
        yield page.paint("VALID", BOLD, GREEN)
    elif report.proven_but_for_issuer:
        yield page.paint("NOT PROVEN", BOLD, YELLOW) + f"   {_NO_CA}"
    else:
        more = "" if len(wrong) == 1 else ", of which Go tells the first only"
        yield page.paint("NOT VALID", BOLD, RED) + f"   {count(len(wrong), 'problem')}{more}"


def _head(report: Report, source: Source, page: Page) -> Iterator[str]:
    yield from page.wrapped(f"read from {source.where}: {count(len(report.chain), 'certificate')}")
    if report.roots is None:
        yield "judged by no CA: none was given"
    else:
        names = (
            root.subject if isinstance(root, x509.Certificate) else f"unreadable ({root})" for root in report.roots
        )
        yield from page.wrapped(f"judged by {source.ca}: {_some(dict.fromkeys(names), '; ')}")
    yield f"judged at {report.at.isoformat(timespec='seconds').replace('+00:00', 'Z')}"
    if source.acceptable_cas:
        yield from page.wrapped(f"it asks its own clients for certificates of: {_some(source.acceptable_cas, '; ')}")


# For whom it would do


def _answers(report: Report, page: Page) -> Iterator[str]:
    yield from _answer(_whom(report.asked, report), report.asked, report, page)
    for names, answer in _alike(report):
        yield from _answer(names, answer, report, page)


def _alike(report: Report) -> Iterator[tuple[str, Answer]]:
    """The other answers, those that are the same told together."""
    same: dict[tuple[str, tuple[str, ...]], list[Answer]] = {}
    for answer in report.others:
        whom = _dialler(answer.name) if answer.name else _whom(answer, report)
        told = tuple(problem.text for problem in answer.judgement.problems)
        same.setdefault((whom, told), []).append(answer)
    for (whom, _), members in same.items():
        names = [answer.name for answer in members if answer.name]
        yield f"{whom} {_some(names)}" if names else whom, members[0]


def _answer(whom: str, answer: Answer, report: Report, page: Page) -> Iterator[str]:
    wrong = problems(answer, report.roots)
    if answer.judgement.valid:
        yield from page.wrapped(f"for {whom}: yes", "    ", first="")
    elif not wrong:
        yield from page.wrapped(f"for {whom}: not proven, for want of a CA", "    ", first="")
    else:
        yield from page.wrapped(f"for {whom}: no: {wrong[0].text}", "    ", first="")
        for problem in wrong[1:]:
            yield from page.wrapped(
                f"once that is mended: {problem.text}{_of_whom(problem, report)}", "      ", first="    "
            )


def _whom(answer: Answer, report: Report) -> str:
    if answer.usage is x509.Usage.SERVER:
        return f"{_dialler(answer.name)} {answer.name}" if answer.name else "a client that looks at no name"
    leaf = report.chain[0]
    if isinstance(leaf, x509.Unreadable):
        return "a server that asks its clients for a certificate"
    groups = f" of {and_list(leaf.organizations[:3])}" if leaf.organizations else ""
    user = f"user {leaf.common_name}{groups}" if leaf.common_name else "nobody: it has no common name"
    named = f" named {answer.name}" if answer.name else ""
    return f"a server that asks its clients{named} for a certificate ({user})"


def _dialler(name: str) -> str:
    """Who dials by such a name: the aggregator a Service by ``NAME.NAMESPACE.svc``, metrics-server its kubelets."""
    return "the API server dialling" if name.endswith(".svc") else "metrics-server dialling"


def _of_whom(problem: x509.Problem, report: Report) -> str:
    """Which certificate it is about, where that is not the first."""
    every = (*report.chain, *(report.roots or ()))
    if problem.certificate == 0 or problem.certificate >= len(every):
        return ""
    one = every[problem.certificate]
    return f" ({one.subject})" if isinstance(one, x509.Certificate) else f" (certificate {problem.certificate + 1})"


# A certificate in words


def _certificate(place: int, report: Report, source: Source, page: Page) -> Iterator[str]:
    one = report.chain[place]
    yield page.paint(f"certificate {place + 1} of {len(report.chain)}", BOLD)
    if isinstance(one, x509.Unreadable):
        yield from page.labelled("", f"cannot be read: {one}")
        return
    yield from page.labelled("subject", one.subject or "empty")
    yield from page.labelled("issuer", f"{one.issuer or 'empty'}, {_issuer(place, one, report, source)}")
    yield from _names(one, page)
    yield from page.labelled("valid", f"from {one.valid_from.text} to {one.valid_to.text}")
    yield from page.labelled("", _left(one, report))
    yield from page.labelled("usages", _usages(one))
    yield from page.labelled(
        "key", f"{_key(one)}; signed with {one.algorithm.name if one.algorithm else 'what Go does not know'}"
    )
    yield from page.labelled("serial", f"{one.serial:x}")
    yield from page.labelled("sha256", one.sha256)


def _left_out(report: Report, page: Page) -> Iterator[str]:
    if len(report.chain) > _MOST_CERTIFICATES:
        yield from page.wrapped(
            f"and {len(report.chain) - _MOST_CERTIFICATES} more; only the first is judged, the others as its issuers"
        )


def _issuer(place: int, one: x509.Certificate, report: Report, source: Source) -> str:
    """Where the issuer is: itself, in the chain, among the CAs, or nowhere."""
    in_ca, same_name = issuer_among(one, report.roots or ())
    if in_ca is not None:
        return f"{'itself, ' if self_signed(one) else ''}which is in {source.ca}"
    if self_signed(one):
        return "itself: it is self-signed"
    in_chain, _ = issuer_among(one, [*report.chain[:place], *report.chain[place + 1 :]])
    if in_chain is not None:
        return f"which is certificate {in_chain + 1 + (in_chain >= place)}"
    if same_name:
        return f"of which {source.ca} has one of the same name whose key did not sign this"
    if one.self_issued:
        return "its own name, but not its own signature"
    return "which is not here" if report.roots is None else f"which is neither here nor in {source.ca}"


def _names(one: x509.Certificate, page: Page) -> Iterator[str]:
    """The alternative names by their sorts: an address is never looked for among DNS names."""
    extensions = one.extensions
    uris = tuple(uri.text for uri in extensions.uris)
    label = "names"
    for sort, values in (("IP", one.ip_addresses), ("DNS", one.dns_names), ("email", extensions.emails), ("URI", uris)):
        if values:
            yield from page.labelled(label, f"{sort} {_some(values)}")
            label = ""
    if label:
        why = "; Go does not look at the common name" if one.common_name and not one.is_ca else ""
        yield from page.labelled(label, f"none{why}")


def _left(one: x509.Certificate, report: Report) -> str:
    now = int(report.at.timestamp())
    begins, ends = one.valid_from.seconds, one.valid_to.seconds
    if ends < begins:
        return "it ends before it begins"
    if now < begins:
        return f"begins in {_long(begins - now)}, for {_long(ends - begins)}"
    if now > ends:
        return f"EXPIRED {_long(now - ends)} ago"
    return f"{_long(ends - now)} left of {_long(ends - begins)}"


def _long(seconds: int) -> str:
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _usages(one: x509.Certificate) -> str:
    extended = [_EXTENDED_USAGES.get(usage, usage) for usage in one.extended_key_usages]
    bits = [name for place, name in enumerate(_KEY_USAGES) if one.extensions.key_usage >> place & 1]
    use = and_list(extended) if extended else "any (it names none)"
    ca = "; may sign certificates (CA)" if one.is_ca else ""
    return f"{use}{'; key for ' + ', '.join(bits) if bits else ''}{ca}"


def _key(one: x509.Certificate) -> str:
    match one.key:
        case RsaKey(n=n):
            return f"RSA, {n.bit_length()} bits"
        case EcKey(curve=curve):
            return f"ECDSA, {curve.name}"
        case Ed25519Key():
            return "Ed25519"
        case DsaKey():
            return "DSA"
    return "of a sort that Go does not know"


# What to do


def _next(report: Report, page: Page) -> Iterator[str]:
    if report.roots is None:
        yield from page.wrapped(
            "To judge who issued it, give the CA that will be trusted. metrics-server's for kubelets:"
        )
        yield from page.command(
            "kubectl -n kube-system get configmap kube-root-ca.crt -o jsonpath='{.data.ca\\.crt}' > ca.crt", BODY[:4]
        )


def _some(names: Iterable[str], between: str = ", ") -> str:
    listed: Sequence[str] = tuple(names)
    more = f"{between}and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return f"{between.join(listed[:_MOST_NAMES])}{more}"
