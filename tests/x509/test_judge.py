from __future__ import annotations

import base64
import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from chains import LEAF, MIDDLE, NODE, ROOT, below, cases, with_exts, without
from makers import (
    CLIENT,
    SERVER,
    Cert,
    Ext,
    attribute,
    basic,
    cn,
    dns,
    ed,
    integer,
    ip,
    key_usage,
    rsa_key,
    san,
    seq,
    tlv,
    usages,
    utc,
)

from msdoctor.x509 import Judgement, Problem, ProblemKind, Unreadable, Usage, judge, parse, parse_pem

SHA1_RSA = seq(tlv(0x06, bytes.fromhex("2a864886f70d010105")), tlv(0x05))
JUNE = datetime(2025, 6, 1, 12, tzinfo=UTC)
LATER = datetime(2040, 1, 1, tzinfo=UTC)
EXPIRED = "x509: certificate has expired or is not yet valid"
OTHER_NODE = "192.168.10.51"


def judged(
    chain: list[Cert],
    roots: list[Cert] | None = None,
    *,
    name: str | None = NODE,
    usage: Usage = Usage.SERVER,
    at: datetime = JUNE,
) -> Judgement:
    authorities = [ROOT] if roots is None else roots
    return judge([cert.der for cert in chain], [root.der for root in authorities], name=name, usage=usage, at=at)


def kinds(judgement: Judgement) -> list[tuple[ProblemKind, int]]:
    return [(problem.kind, problem.certificate) for problem in judgement.problems]


def test_a_kubelets_certificate_for_its_own_address_is_valid() -> None:
    judgement = judged([LEAF])

    assert judgement.valid
    assert judgement == Judgement(error=None, problems=())


def test_the_storys_certificate_is_valid_for_50_not_51() -> None:
    text = "x509: certificate is valid for 192.168.10.50, not 192.168.10.51"

    judgement = judged([LEAF], name=OTHER_NODE)

    assert not judgement.valid
    assert judgement == Judgement(text, (Problem(ProblemKind.NAME_MISMATCH, text, 0),))


def test_an_address_is_never_matched_by_a_dns_name() -> None:
    leaf = with_exts(LEAF, san(dns(OTHER_NODE)))

    judgement = judged([leaf], name=OTHER_NODE)

    assert judgement.error == (
        "x509: cannot validate certificate for 192.168.10.51 because it doesn't contain any IP SANs"
    )
    assert kinds(judgement) == [(ProblemKind.NO_IP_SANS, 0)]


def test_a_common_name_alone_is_legacy_for_a_host_and_for_an_address() -> None:
    leaf = without(LEAF, "2.5.29.17")
    for name in ("k8s-node1", NODE):
        judgement = judged([replace(leaf, subject=cn(name))], name=name)

        assert judgement.error == "x509: certificate relies on legacy Common Name field, use SANs instead"
        assert kinds(judgement) == [(ProblemKind.LEGACY_COMMON_NAME, 0)]


def test_a_certificate_without_names_says_so() -> None:
    judgement = judged([with_exts(LEAF, san(ip(NODE)))], name="k8s-node1")

    assert judgement.error == "x509: certificate is not valid for any names, but wanted to match k8s-node1"
    assert kinds(judgement) == [(ProblemKind.NO_NAMES, 0)]


def test_a_re_created_authority_of_the_same_name_is_named_in_the_error() -> None:
    judgement = judged([LEAF], [replace(ROOT, key=ed("re-created"), signer=ed("re-created"))])

    assert judgement.error == (
        "x509: certificate signed by unknown authority (possibly because of "
        '"x509: Ed25519 verification failure" while trying to verify candidate authority certificate "kubernetes")'
    )
    assert kinds(judgement) == [(ProblemKind.UNKNOWN_AUTHORITY, 0)]


def test_expiry_hides_the_name_hides_the_authority_hides_the_usage_and_all_are_told() -> None:
    leaf = with_exts(LEAF, usages(CLIENT))

    judgement = judged([leaf], [replace(ROOT, subject=cn("another"))], name=OTHER_NODE, at=LATER)

    assert [problem.text for problem in judgement.problems] == [
        f"{EXPIRED}: current time 2040-01-01T00:00:00Z is after 2034-01-01T00:00:00Z",
        "x509: certificate is valid for 192.168.10.50, not 192.168.10.51",
        "x509: certificate signed by unknown authority",
        "x509: certificate specifies an incompatible key usage",
    ]
    assert judgement.error == judgement.problems[0].text
    assert [problem.kind for problem in judgement.problems] == [
        ProblemKind.EXPIRED,
        ProblemKind.NAME_MISMATCH,
        ProblemKind.UNKNOWN_AUTHORITY,
        ProblemKind.KEY_USAGE,
    ]


def test_an_expired_root_is_an_expiry_of_the_root() -> None:
    root = replace(ROOT, validity=utc("200101000000Z") + utc("210101000000Z"))

    judgement = judged([LEAF], [root])

    assert judgement.error is not None
    assert judgement.error.endswith("current time 2025-06-01T12:00:00Z is after 2021-01-01T00:00:00Z")
    assert kinds(judgement) == [(ProblemKind.EXPIRED, 1)]


def test_the_moment_is_printed_in_its_own_zone() -> None:
    judgement = judged([LEAF], at=LATER.astimezone(timezone(timedelta(hours=-5, minutes=-30))))

    assert judgement.error is not None
    assert "current time 2039-12-31T18:30:00-05:30 is after" in judgement.error


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        judged([LEAF], at=JUNE.replace(tzinfo=None))


FLAWS: dict[str, tuple[Callable[[Cert], Cert], ProblemKind]] = {
    "expired": (lambda c: replace(c, validity=utc("200101000000Z") + utc("210101000000Z")), ProblemKind.EXPIRED),
    "not yet valid": (lambda c: replace(c, validity=utc("300101000000Z") * 2), ProblemKind.NOT_YET_VALID),
    "not a CA": (lambda c: with_exts(c, basic(ca=False)), ProblemKind.NOT_A_CA),
    "no basic constraints": (lambda c: without(c, "2.5.29.19"), ProblemKind.NOT_A_CA),
    "may not sign": (lambda c: with_exts(c, key_usage(0)), ProblemKind.NOT_A_CA),
    "client only": (lambda c: with_exts(c, usages(CLIENT)), ProblemKind.KEY_USAGE),
    "odd": (lambda c: with_exts(c, Ext("1.2.3.4", b"", critical=True)), ProblemKind.UNHANDLED_CRITICAL_EXTENSION),
    "other nets": (
        lambda c: with_exts(c, Ext("2.5.29.30", seq(tlv(0xA0, seq(ip(bytes([10, 0, 0, 0, 255, 0, 0, 0]))))))),
        ProblemKind.NAME_CONSTRAINT,
    ),
    "policy": (lambda c: with_exts(c, Ext("2.5.29.36", seq(tlv(0x80, b"\x00")))), ProblemKind.POLICY),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_one_flaw_of_an_intermediate_is_told_wherever_it_stands(flaw: str) -> None:
    mar, kind = FLAWS[flaw]
    middle = mar(MIDDLE)

    judgement = judged([below(middle, LEAF), middle])

    assert not judgement.valid
    assert judgement.problems[0].text == judgement.error
    assert kind in {problem.kind for problem in judgement.problems}


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(FLAWS, 2)))
def test_two_flaws_of_an_intermediate_are_both_told(one: str, other: str) -> None:
    (mar, kind), (mar_too, kind_too) = FLAWS[one], FLAWS[other]
    middle = mar_too(mar(MIDDLE))
    # the second of two validities, or of two sets of basic constraints, takes the place of the first
    told = {kind_too} if {one, other} <= {"expired", "not yet valid"} else {kind, kind_too}

    judgement = judged([below(middle, LEAF), middle])

    assert told <= {problem.kind for problem in judgement.problems}


def test_a_sha1_signature_is_insecure_and_told_with_the_rest() -> None:
    root = replace(ROOT, key=rsa_key("one"), signer=rsa_key("one"))
    leaf = replace(below(root, with_exts(LEAF, usages(CLIENT))), algorithm=SHA1_RSA)

    judgement = judged([leaf], [root])

    assert judgement.error == (
        "x509: certificate signed by unknown authority (possibly because of "
        '"x509: cannot verify signature: insecure algorithm SHA1-RSA" '
        'while trying to verify candidate authority certificate "kubernetes")'
    )
    assert kinds(judgement) == [
        (ProblemKind.UNKNOWN_AUTHORITY, 0),
        (ProblemKind.INSECURE_ALGORITHM, 0),
        (ProblemKind.KEY_USAGE, 0),
    ]


def test_a_signature_by_an_algorithm_that_go_lacks_is_told() -> None:
    unknown = seq(tlv(0x06, bytes.fromhex("2a0304")))

    judgement = judged([replace(LEAF, algorithm=unknown)])

    assert judgement.error is not None
    assert "algorithm unimplemented" in judgement.error
    assert kinds(judgement) == [(ProblemKind.UNKNOWN_AUTHORITY, 0), (ProblemKind.UNSUPPORTED_ALGORITHM, 0)]


def test_an_authority_with_a_short_key_is_told() -> None:
    root = replace(ROOT, key=rsa_key("weak"), signer=rsa_key("weak"))

    judgement = judged([below(root, LEAF)], [root])

    assert kinds(judgement) == [(ProblemKind.UNKNOWN_AUTHORITY, 0), (ProblemKind.INSECURE_ALGORITHM, 1)]
    assert judgement.problems[1].text.startswith("crypto/rsa: 512-bit keys are insecure")


def test_every_name_that_an_authority_may_not_vouch_for_is_told() -> None:
    only_ten = Ext("2.5.29.30", seq(tlv(0xA0, seq(ip(bytes([10, 0, 0, 0, 255, 0, 0, 0])))), tlv(0xA1, seq(dns("svc")))))
    leaf = with_exts(LEAF, san(ip(NODE), ip("10.0.0.1"), ip(OTHER_NODE), dns("a.svc")))

    judgement = judged([leaf], [with_exts(ROOT, only_ten)])

    assert [problem.text.rpartition(": ")[2] for problem in judgement.problems] == [
        'IP address "192.168.10.50" is not permitted by any constraint',
        'IP address "192.168.10.51" is not permitted by any constraint',
        'DNS name "a.svc" is excluded by constraint "svc"',
    ]


def test_a_path_too_long_is_a_fault_of_the_root_that_limits_it() -> None:
    root = with_exts(ROOT, basic(path=0))

    judgement = judged([below(MIDDLE, LEAF), MIDDLE], [root])

    assert judgement.error == "x509: too many intermediates for path length constraint"
    assert kinds(judgement) == [(ProblemKind.PATH_LENGTH, 2)]


def test_a_version_1_authority_does_as_a_root_and_not_in_between() -> None:
    old_root = replace(ROOT, version=b"", exts=())
    old_middle = replace(MIDDLE, version=b"", exts=())

    assert judged([LEAF], [old_root]).valid
    assert judged([below(old_middle, LEAF), old_middle]).error == (
        "x509: certificate is not authorized to sign other certificates"
    )


def test_a_client_is_judged_by_client_usage_and_without_a_name() -> None:
    client = with_exts(LEAF, usages(CLIENT))

    assert judged([client], name=None, usage=Usage.CLIENT).valid
    assert judged([LEAF], name=None, usage=Usage.CLIENT).error == (
        "x509: certificate specifies an incompatible key usage"
    )


def test_a_usage_that_an_authority_leaves_out_is_gone_for_all_below() -> None:
    judgement = judged([LEAF], [with_exts(ROOT, usages(CLIENT))])

    assert kinds(judgement) == [(ProblemKind.KEY_USAGE, 1)]


def test_a_self_signed_certificate_is_valid_only_as_its_own_root() -> None:
    own = replace(LEAF, issuer=LEAF.subject, signer=LEAF.key)

    assert judged([own], [own]).valid
    assert judged([own]).error == "x509: certificate signed by unknown authority"


def test_an_unreadable_leaf_is_reported_with_the_reason_and_never_valid() -> None:
    judgement = judged([replace(LEAF, serial=integer(-1))])

    assert judgement == Judgement(
        "x509: negative serial number", (Problem(ProblemKind.UNREADABLE, "x509: negative serial number", 0),)
    )


def test_an_unreadable_intermediate_is_the_error_and_the_leafs_own_problems_follow() -> None:
    broken = replace(MIDDLE, version=tlv(0xA0, integer(7)))

    judgement = judged([below(MIDDLE, LEAF), broken], name=OTHER_NODE)

    assert kinds(judgement) == [(ProblemKind.UNREADABLE, 1), (ProblemKind.NAME_MISMATCH, 0)]
    assert judgement.error == "x509: invalid version"


def test_an_unreadable_root_explains_an_unknown_authority() -> None:
    judgement = judged([LEAF], [replace(ROOT, serial=integer(-1))])

    assert judgement.error == "x509: certificate signed by unknown authority"
    assert kinds(judgement) == [(ProblemKind.UNKNOWN_AUTHORITY, 0), (ProblemKind.UNREADABLE, 1)]


def test_a_peer_that_sends_nothing_is_unreadable() -> None:
    judgement = judged([])

    assert judgement.error == "tls: received empty certificates message"
    assert kinds(judgement) == [(ProblemKind.UNREADABLE, 0)]


def test_the_first_problem_is_the_error_in_every_case_of_the_set() -> None:
    for case in itertools.islice(cases(), 0, None, 9):
        at = datetime.fromisoformat(case.at)
        judgement = judge(case.chain, case.roots, name=case.name, usage=Usage(case.usage), at=at)
        everything = len(case.chain) + len(case.roots)

        assert judgement.error == next((problem.text for problem in judgement.problems), None)
        assert judgement.valid == (not judgement.problems)
        assert all(0 <= problem.certificate < everything for problem in judgement.problems)
        assert len(set(judgement.problems)) == len(judgement.problems)


def test_a_certificate_is_read_into_words() -> None:
    certificate = parse(LEAF.der)

    assert certificate.subject == "CN=system:node:k8s-node1,O=system:nodes"
    assert certificate.issuer == "CN=kubernetes"
    assert certificate.common_name == "system:node:k8s-node1"
    assert certificate.organizations == ("system:nodes",)
    assert certificate.dns_names == ("k8s-node1",)
    assert certificate.ip_addresses == (NODE,)
    assert certificate.not_before == datetime(2024, 1, 1, tzinfo=UTC)
    assert certificate.not_after == datetime(2034, 1, 1, tzinfo=UTC)
    assert certificate.serial == 4711
    assert certificate.authority_key_id == b"root".hex()
    assert certificate.subject_key_id == ""
    assert certificate.extended_key_usages == ("serverAuth",)
    assert not certificate.is_ca
    assert not certificate.self_issued
    assert certificate.der == LEAF.der
    assert certificate.public_key == LEAF.key.spki
    assert len(certificate.sha256) == 64


def test_a_name_is_printed_as_go_prints_it() -> None:
    name = seq(
        attribute("2.5.4.6", "DE"),
        attribute("2.5.4.10", "a, b"),
        attribute("2.5.4.97", "x"),
        attribute("2.5.4.3", "#n "),
    )

    assert parse(replace(LEAF, subject=name).der).subject == r"CN=\#n\ ,O=a\, b,C=DE,2.5.4.97=#130178"


def test_a_validity_beyond_pythons_calendar_is_cut_to_it() -> None:
    early = replace(LEAF, validity=tlv(0x18, b"00000101000000Z") + tlv(0x18, b"99991231235959-2400"))

    certificate = parse(early.der)

    assert certificate.not_before == datetime.min.replace(tzinfo=UTC)
    assert certificate.not_after == datetime.max.replace(tzinfo=UTC)


def pem(der: bytes, label: str = "CERTIFICATE") -> bytes:
    return f"-----BEGIN {label}-----\n".encode() + base64.encodebytes(der) + f"-----END {label}-----\n".encode()


def test_a_pem_file_gives_its_certificates_and_nothing_else() -> None:
    text = b"# a CA bundle\n" + pem(ROOT.der) + pem(b"secret", "EC PRIVATE KEY") + pem(LEAF.der).replace(b"\n", b"\r\n")

    assert [certificate.der for certificate in parse_pem(text)] == [ROOT.der, LEAF.der]


def test_a_bad_block_of_a_pem_file_is_named_by_its_number() -> None:
    with pytest.raises(Unreadable, match=r"^certificate 2: x509: malformed certificate$"):
        parse_pem(pem(ROOT.der) + pem(LEAF.der[:-5]))
    with pytest.raises(Unreadable, match=r"^certificate 1: not base64: "):
        parse_pem(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize(
    "text", [b"", b"no", pem(b"x", "PUBLIC KEY"), pem(ROOT.der)[:-10], pem(ROOT.der).replace(b"\n", b"\nA: b\n", 1)]
)
def test_a_pem_file_without_certificates_says_so(text: bytes) -> None:
    with pytest.raises(Unreadable, match="no certificate in PEM"):
        parse_pem(text)


def test_a_certificate_of_a_megabyte_is_judged_like_any_other() -> None:
    names = [dns(f"name-{i}.example.com") for i in range(30_000)]
    policies = Ext(
        "2.5.29.32",
        seq(
            *(
                seq(tlv(0x06, b"\x2a" + bytes([0x81 + i // 16384, 0x80 | i // 128 % 128, i % 128])))
                for i in range(20_000)
            )
        ),
    )
    trees = seq(tlv(0xA0, *(seq(name) for name in names[:10_000])))

    judgement = judged([with_exts(LEAF, san(*names), policies)], [with_exts(ROOT, Ext("2.5.29.30", trees))], name="n")

    assert judgement.error == "x509: certificate is valid for 30000 names, but none matched n"
    assert kinds(judgement) == [(ProblemKind.NAME_MISMATCH, 0), *[(ProblemKind.NAME_CONSTRAINT, 0)] * 20_000]


def test_importing_the_package_loads_no_cryptography_and_no_parser() -> None:
    names = "n for n in sys.modules if 'crypto' in n or n.startswith('msdoctor.x509.')"
    code = f"import sys, msdoctor.x509; print(sorted({names}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "['msdoctor.x509.model']"


def test_reading_certificates_needs_no_cryptography() -> None:
    code = "import sys, msdoctor.x509 as x; x.parse, x.judge, x.parse_pem; print('cryptography' in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "False"


def test_both_usages_may_be_claimed() -> None:
    both = with_exts(LEAF, usages(SERVER, CLIENT))

    assert judged([both]).valid
    assert judged([both], usage=Usage.CLIENT).valid
