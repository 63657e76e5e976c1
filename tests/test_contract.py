"""What holds for every check: one word, a whole manual page, quotable evidence, silence where all is well."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from msdoctor import registry
from msdoctor.bundle import Document, Reason, Refusal, bundle_of
from msdoctor.collect import load
from msdoctor.explain import explain
from msdoctor.facts.cluster import Cluster, read_facts
from msdoctor.judge import Outcome, Result, judge
from msdoctor.model import ONLY_SAID, Blanks, Check, Class, Finding, Hop, bullets, sections
from msdoctor.utterances import errors
from msdoctor.utterances.reader import read
from msdoctor.vocabulary import VOCABULARY

CHECKOUT = Path(__file__).parents[1]
CHECKS = registry.load()
PARTS = [
    "What it means",
    "What it does not mean",
    "What will not help",
    "How it comes about",
    "How to make sure",
    "Source",
]
PROGRAMS = {"kubectl", "openssl", "ps", "cat", "ls", "cut", "tr", "base64"}

OF_A_HOST = {"curl", "grep", "ip", "journalctl", "stat", "sysctl", "systemctl"}

SAID = CHECKOUT / "fixtures" / "said"


def _is_only_said(check: Check) -> bool:
    return not check.needs and list(check.judge()) == [ONLY_SAID]


of_each_check = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
of_each_that_judges = pytest.mark.parametrize(
    "check", [check for check in CHECKS if not _is_only_said(check)], ids=lambda check: check.id
)
of_each_that_is_only_said = pytest.mark.parametrize(
    "check", [check for check in CHECKS if _is_only_said(check)], ids=lambda check: check.id
)


@cache
def _facts(fixture: str) -> Cluster:
    return read_facts(load(CHECKOUT / "fixtures" / fixture))


@cache
def _facts_where_all_is_refused() -> Cluster:
    bundle = load(CHECKOUT / "fixtures" / "healthy")
    no = Refusal(Reason.FORBIDDEN, "no", 403)
    documents = [Document(place, bundle.taken_at, refusal=no) for place in bundle.documents]
    return read_facts(bundle_of(documents, bundle.taken_at, bundle.context))


def _outcome(check: Check, fixture: str) -> Outcome:
    return judge(_facts(fixture), [check])[0]


def _commands(text: str) -> set[str]:
    """The first word of each command of a pipeline or a chain."""
    return {part.split()[0] for part in re.split(r"\||&&|;", text) if part.split()}


@of_each_check
def test_file_function_id_and_fixture_are_one_word(check: Check) -> None:
    assert Path(check.file) == CHECKOUT / "checks" / f"{check.id.replace('_', '__').replace('-', '_')}.py"
    recorded = CHECKOUT / "fixtures" / check.id / "bundle.json"
    assert (SAID / f"{check.id}.txt" if _is_only_said(check) else recorded).is_file()


@of_each_check
def test_its_id_hop_and_class_are_the_vocabularys(check: Check) -> None:
    entry = VOCABULARY[check.id]

    assert entry.hop in (check.hop, None)  # noise is of no hop, and heard at one
    assert check.cls in entry.classes


@of_each_check
def test_its_manual_page_is_whole(check: Check) -> None:
    assert check.title.endswith(".")
    assert [heading for heading, _ in sections(check.manual)] == PARTS
    assert all(text for _, text in sections(check.manual))
    assert bullets(check.manual, "What will not help")


@of_each_check
def test_it_asks_only_for_facts(check: Check) -> None:
    assert set(check.needs) <= set(Cluster.__dataclass_fields__)


@of_each_check
def test_what_it_says_is_an_error_that_the_reader_knows(check: Check) -> None:
    assert all(hasattr(errors, says.error) for says in check.says)
    assert all(look.then in VOCABULARY for look in check.decide)


@of_each_check
def test_what_decides_is_a_command_that_can_be_pasted(check: Check) -> None:
    for look in check.decide:
        assert look.look.split()[0] in PROGRAMS | OF_A_HOST
        assert ", on " not in look.look
        assert subprocess.run(["bash", "-n", "-c", look.look], check=False).returncode == 0


@of_each_that_is_only_said
def test_explain_knows_it_by_each_line_of_its_text(check: Check) -> None:
    """First, or among the candidates of an answer that says that the text alone does not decide."""
    for line in (SAID / f"{check.id}.txt").read_text().splitlines():
        answer = explain(read([line]), registry.load_index())
        named = [match.id for match in answer.matches]

        assert check.id in (named if answer.ambiguous else named[:1]), line


@of_each_that_judges
def test_it_fires_on_its_own_fixture_with_evidence_that_can_be_seen_again(check: Check) -> None:
    outcome = _outcome(check, check.id)

    assert outcome.result is Result.FAIL
    for finding in outcome.findings:
        assert finding.subjects
        assert finding.evidence
        for evidence in finding.evidence:
            assert evidence.saw
            assert evidence.where
            assert _commands(evidence.how) <= PROGRAMS


@of_each_check
def test_it_is_silent_where_all_is_well(check: Check) -> None:
    outcome = _outcome(check, "healthy")

    assert outcome.result in (Result.PASS, Result.NOT_APPLICABLE) or _only_notes(outcome.findings)


@of_each_check
def test_what_it_did_not_see_it_does_not_pass(check: Check) -> None:
    outcome = judge(_facts_where_all_is_refused(), [check])[0]

    assert outcome.result in (Result.UNSEEN, Result.NOT_APPLICABLE)
    assert outcome.reason


def _only_notes(findings: tuple[Finding, ...]) -> bool:
    """A note has no effect; upstream's own manifest earns one."""
    return bool(findings) and not any(finding.effects for finding in findings)


@of_each_check
def test_a_cause_has_a_remedy_and_the_secure_one_comes_first(check: Check) -> None:
    remedies = check.advise(Blanks())
    weakening = [bool(remedy.risks and "weakens-security" in remedy.risks) for remedy in remedies]

    assert remedies or check.cls is not Class.CAUSE
    assert weakening == sorted(weakening)
    assert all(remedy.commands and remedy.verify for remedy in remedies)


@of_each_that_judges
def test_its_remedies_name_this_clusters_own_things(check: Check) -> None:
    findings = _outcome(check, check.id).findings
    commands = [text for f in findings for r in f.remedies for text in (*r.commands, *r.undo, r.verify, r.on)]

    assert not [text for text in commands if re.search(r"<[A-Z][A-Z-]+>", text)]


def test_every_hop_that_a_check_sits_at_has_a_name() -> None:
    from msdoctor.pipeline import NAMES  # noqa: PLC0415

    assert {check.hop for check in CHECKS} - {Hop.X} <= set(NAMES)
