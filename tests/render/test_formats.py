"""Every form of a report: read back by its own reader, whatever the outcome, and whatever names a cluster holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from markdown_it import MarkdownIt

from msdoctor import registry
from msdoctor.alternatives import Alternatives
from msdoctor.bundle import Bundle
from msdoctor.cli import cli
from msdoctor.collect import load
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import Diagnosis, Remark, RemarkKind, SetAside, Suppressed, exit_code
from msdoctor.facts.cluster import Cluster, read_facts
from msdoctor.judge import Outcome, judge
from msdoctor.model import Class, Location, Look
from msdoctor.render import formats, github, markdown
from msdoctor.render.formats import FORMATS, Style
from msdoctor.render.terminal import one_line, visible
from msdoctor.vocabulary import VOCABULARY

from .patients import (
    AT_RISK,
    BROKEN,
    DEGRADED,
    HEALTHY,
    INCOMPLETE,
    LARGE,
    PATIENTS,
    REQUESTHEADER,
    SKIPS_TLS,
    check,
    hostile,
    wrong_certificate,
)
from .readers import (
    READERS,
    Command,
    github_commands,
    gitlab_entries,
    json_report,
    junit_suite,
    markdown_page,
    prometheus_metrics,
    sarif_run,
    yaml_report,
)

FIXTURES = Path(__file__).parents[2] / "fixtures"
# A recorded cluster for each outcome, and its exit code.
OUTCOMES = {
    "healthy": ("healthy", 0),
    "external-metrics-api-down": ("healthy", 0),  # all is well but for another pipeline
    "kubelet-insecure-tls": ("at-risk", 0),
    "kubelet-cert-san-mismatch": ("degraded", 1),
    "requestheader-config-missing": ("broken", 1),
    "metrics-not-yet-available": ("incomplete", 3),
}
ELSEWHERE = replace(REQUESTHEADER, check=replace(REQUESTHEADER.check, cls=Class.ELSEWHERE), explains=())


@cache
def seen(outcome: str) -> tuple[Bundle, Cluster, tuple[Outcome, ...]]:
    bundle = load(FIXTURES / outcome)
    cluster = read_facts(bundle)
    return bundle, cluster, judge(cluster, registry.load())


def diagnosed(outcome: str) -> Diagnosis:
    _, cluster, outcomes = seen(outcome)
    return diagnose(cluster, outcomes)


@pytest.fixture
def judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run takes up what was read and judged before: here it is about what comes after that."""

    def of_bundle(bundle: Bundle) -> Cluster:
        return next(cluster for known, cluster, _ in map(seen, OUTCOMES) if known is bundle)

    def of_cluster(cluster: Cluster, _: object) -> tuple[Outcome, ...]:
        return next(outcomes for _, known, outcomes in map(seen, OUTCOMES) if known is cluster)

    monkeypatch.setattr("msdoctor.collect.load", lambda path: seen(path.name)[0])
    monkeypatch.setattr("msdoctor.facts.cluster.read_facts", of_bundle)
    monkeypatch.setattr("msdoctor.judge.judge", of_cluster)


def made(name: str, diagnosis: Diagnosis, **style: Any) -> str:
    return formats.render(name, diagnosis, Style(**style))


# The exit code never depends on the form


def test_every_form_has_a_reader() -> None:
    assert FORMATS.keys() <= READERS.keys()


@pytest.mark.usefixtures("judged_once")
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_the_exit_code_is_the_same_in_every_form(outcome: str, form: str) -> None:
    result = CliRunner().invoke(cli, ["run", "--from", str(FIXTURES / outcome), "-o", form], catch_exceptions=False)

    assert result.exit_code == OUTCOMES[outcome][1]
    READERS[form](result.stdout)


@pytest.mark.usefixtures("judged_once")
@pytest.mark.parametrize("options", [("--exit-zero",), ("--strict",), ("--fail-on", "risk")], ids=" ".join)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_nor_with_all_forms_at_once_and_any_option(outcome: str, options: tuple[str, ...], tmp_path: Path) -> None:
    run = ["run", "--from", str(FIXTURES / outcome), *options]
    everything = [word for form in FORMATS for word in ("-o", f"{form}={tmp_path / form}")]

    assert CliRunner().invoke(cli, [*run, *everything]).exit_code == CliRunner().invoke(cli, run).exit_code
    for form in FORMATS:
        READERS[form]((tmp_path / form).read_text())


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_machine_reads_the_verdict(outcome: str) -> None:
    diagnosis, verdict = diagnosed(outcome), OUTCOMES[outcome][0]

    assert yaml_report(made("yaml", diagnosis)) == json_report(made("json", diagnosis))
    assert yaml_report(made("yaml", diagnosis))["verdict"] == verdict
    assert sarif_run(made("sarif", diagnosis))["properties"]["verdict"] == verdict
    assert dict(_properties(made("junit", diagnosis)))["verdict"] == verdict
    samples = prometheus_metrics(made("prometheus", diagnosis))["msdoctor_verdict"].samples
    assert [sample.labels["verdict"] for sample in samples if sample.value] == [verdict]
    assert f"## {verdict.upper()}: " in made("markdown", diagnosis)


@pytest.mark.parametrize("fail_on", [Class.CAUSE, Class.RISK])
@pytest.mark.parametrize("name", PATIENTS)
def test_tests_fail_where_the_run_does(name: str, fail_on: Class) -> None:
    suite = junit_suite(made("junit", PATIENTS[name], fail_on=str(fail_on)))

    assert bool(suite.failures + suite.errors) == bool(exit_code(PATIENTS[name], fail_on=fail_on))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", [name for name in PATIENTS if name != "hostile"])
def test_reports_made_by_hand_are_read_back(name: str, form: str) -> None:
    text = made(form, PATIENTS[name])

    READERS[form](text)
    assert text.endswith("\n")
    assert text == made(form, PATIENTS[name])


@pytest.mark.parametrize("form", FORMATS)
def test_files_alone_have_no_hops_and_are_reported_all_the_same(form: str) -> None:
    """What looks at a repository judges no flow: then nothing is said of one."""
    nothing = replace(HEALTHY.flow, nodes_seen=None, nodes_of=None, pods_seen=None, pods_of=None, hpas_of=None)
    READERS[form](made(form, replace(HEALTHY, hops=(), flow=nothing, requirements=(), checks=(), gaps=())))


def test_nobody_says_of_files_alone_that_metrics_flow() -> None:
    alone = replace(AT_RISK, context=replace(AT_RISK.context, vantages=("repository",)))

    assert "metrics flow" not in made("junit", alone)
    assert "metrics flow" not in made("github", alone)


# Whatever a cluster's names hold stays text

EVIL = {
    "terminal": "\x1b[2J\x1b]0;owned\x07\x7f\x9b31m",
    "bidi": "\u202eevil\u2066\u2069\u200b",
    "half-a-pair": "a\ud800b",
    "lines": "one\r\ntwo\u2028three\x85four\x0bfive",
    "command": "::error title=x::owned",
    "command-below": "\n::stop-commands::x\n##[error]owned",
    "escapes": "%0A::error::x %25 %3A %2C,title=owned",
    "markup": "<script>alert(1)</script><img src=x onerror=alert(1)></details></code>",
    "markdown": "**b** _i_ `c` ~~s~~ [l](https://evil.example) ![i](//evil.example/x) # h | a | b | &lt; \\",
    "fence": "```\n````sh\nrm -rf /\n```",
    "linked": "@everyone #1 !2 www.evil.example https://evil.example :tada: $x$ a@evil.example",
    "list": "- 1. + = item",
    "xml": "]]>&amp;<!-- --><![CDATA[x]]>\ufffe",
    "quotes": '"\'\\\\" } {0} {{x}} \\n',
    "yaml": "&a *a !!python/object:os.system {x: [y]} - ? : |",
    "empty": "",
}


def poisoned(evil: str) -> Diagnosis:
    """Every text that can come from a cluster, a host or a file is this one."""
    diagnosis = hostile(evil)
    finding = replace(diagnosis.causes[0].finding, location=Location(evil, 3, 4))
    other = replace(diagnosis.causes[0], check=replace(diagnosis.causes[0].check, cls=Class.ELSEWHERE), finding=finding)
    either = Alternatives(("kubelet-down", "kubelet-cert-expired"), (evil,), evil, (Look(evil, evil, "kubelet-down"),))
    cause = replace(diagnosis.causes[0], finding=finding)
    hops = tuple(replace(hop, note=evil) for hop in diagnosis.hops)
    plain = diagnosis.causes[0]
    return replace(
        diagnosis, causes=(plain, cause), elsewhere=(other,), alternatives=(either,), hops=hops, gaps=diagnosis.gaps * 2
    )


def shown(evil: str) -> str:
    return visible(one_line(evil))


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_nothing_that_does_not_print_gets_out(evil: str, form: str) -> None:
    text = made(form, poisoned(evil))

    assert [character for character in text if not character.isprintable() and character not in "\n\t"] == []


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_json_and_yaml_hold_it_as_it_is(evil: str) -> None:
    document = json.loads(made("json", poisoned(evil)))
    same = yaml.safe_load(made("yaml", poisoned(evil)))

    assert document["causes"][0]["summary"] == evil
    if "\ud800" not in evil:  # half a pair is no character, and YAML has no way to write it
        assert same == document


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_junit_holds_it_as_text(evil: str) -> None:
    suite = junit_suite(made("junit", poisoned(evil)))

    assert [case.name for case in suite] == ["metrics flow", "crashed", "kubelet-cert-san-mismatch", shown(evil)]
    (crash,) = list(suite)[1].result
    assert crash.message == shown(evil)
    assert dict(_properties(made("junit", poisoned(evil))))["cluster"] == shown(evil)


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_sarif_holds_it_as_text(evil: str) -> None:
    run = sarif_run(made("sarif", poisoned(evil)))

    message = run["results"][0]["message"]["text"]
    assert re.search(r"(?<!\\)[\[\]]", message) is None  # no link
    assert re.search(r"(?<!\{)\{\d", message) is None  # no blank
    assert shown(evil) in message.replace("\\[", "[").replace("\\]", "]").replace("{{", "{").replace("}}", "}")
    assert run["results"][0]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == visible(evil)


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_a_runner_takes_no_command_from_it(evil: str) -> None:
    commands = github_commands(made("github", poisoned(evil)))

    titles = [command.properties["title"] for command in commands]
    assert sorted(titles) == sorted([*["kubelet-cert-san-mismatch"] * 3, shown(evil), "not seen"] if evil else titles)
    assert {name for command in commands for name in command.properties} <= {"title", "file", "line", "col"}
    assert all("##[" not in command.name for command in commands)
    assert shown(evil) in commands[0].message
    placed = [command for command in commands if "file" in command.properties]
    assert all(command.properties["file"] == shown(evil) for command in placed)


@pytest.mark.parametrize("evil", [evil for evil in EVIL.values() if evil])  # an id is never empty
def test_gitlab_takes_it_as_text(evil: str) -> None:
    entries = gitlab_entries(made("gitlab", poisoned(evil)))

    assert shown(evil) in entries[0]["description"]


# What msdoctor itself marks up, and nothing else.
MARKED = {"h2", "h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "pre"}
MARKED |= {"details", "summary", "br"}


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_markdown_shows_it_as_text(evil: str) -> None:
    page = markdown_page(made("markdown", poisoned(evil)))

    assert page.tags <= MARKED
    assert page.attributes <= {("class", "language-sh")}
    assert "".join(shown(evil).split()) in "".join(page.text.split())


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_markdown_gives_a_site_nothing_to_link_or_to_call(evil: str) -> None:
    prose = markdown_page(made("markdown", poisoned(evil))).prose

    assert re.search(r"@|://|www\.|(?<!\w)[#!]\d|\$|:[a-z]\w*:", prose) is None


@pytest.mark.parametrize("evil", EVIL.values(), ids=EVIL)
def test_prometheus_reads_it_as_one_label(evil: str) -> None:
    metrics = prometheus_metrics(made("prometheus", poisoned(evil)))

    for metric in metrics.values():
        assert {sample.labels["cluster"] for sample in metric.samples} <= {visible(evil)}


# JUnit


def _properties(text: str) -> list[tuple[str, str]]:
    return [(item.name, item.value) for item in junit_suite(text).properties()]  # type: ignore[no-untyped-call]


def test_each_check_is_a_test_after_the_verdict() -> None:
    suite = junit_suite(made("junit", BROKEN))

    listed = [check.id for check in BROKEN.checks]
    assert [case.name for case in suite] == ["metrics flow", *listed, "apiservice-insecure-skip-tls"]
    assert list(suite)[1].classname == "msdoctor.kubelet TLS"
    assert suite.timestamp == "2026-03-01T14:02:07"


def test_a_cause_is_a_failure_with_its_evidence_and_repair() -> None:
    case = next(case for case in junit_suite(made("junit", BROKEN)) if case.name == "requestheader-config-missing")
    (failure,) = case.result

    assert failure.message == REQUESTHEADER.finding.summary
    assert "  saw: it holds only client-ca-file\n" in failure.text
    assert "  repair on k8s-master: First make a front-proxy CA" in failure.text
    assert "\n    extendedKeyUsage=clientAuth\n" in failure.text


def test_what_was_not_seen_is_skipped_with_its_reason_and_a_crash_is_an_error() -> None:
    cases = {case.name: case for case in junit_suite(made("junit", INCOMPLETE))}

    (skipped,) = cases["requestheader-config-missing"].result
    assert (type(skipped).__name__, skipped.message) == ("Skipped", "unseen: configmap: forbidden (403)")
    (crash,) = cases["broken-plug-in"].result
    assert (type(crash).__name__, crash.message) == ("Error", "the check itself failed: KeyError: 'spec'")
    (undecided,) = cases["metrics flow"].result
    assert undecided.message == "INCOMPLETE: 1 symptom, no known cause; blind: 2 of 2 nodes, 1 of 1 HPA"


def test_a_risk_passes_unless_risks_are_to_fail_and_is_told_in_the_output() -> None:
    checks = tuple(replace(item, id="kubelet-insecure-tls") for item in AT_RISK.checks[:1])
    case = list(junit_suite(made("junit", replace(AT_RISK, checks=checks))))[1]
    strict = list(junit_suite(made("junit", replace(AT_RISK, checks=checks), fail_on="risk")))[1]

    assert case.is_passed
    assert "metrics-server sends its token to whoever answers" in case.system_out
    assert strict.is_failure


def test_a_symptom_that_a_cause_explains_is_not_a_second_failure() -> None:
    checks = (replace(BROKEN.checks[0], id="apiservice-unavailable"),)
    case = list(junit_suite(made("junit", replace(BROKEN, checks=checks))))[1]

    assert case.is_skipped
    assert case.result[0].message == "follows from requestheader-config-missing"


def test_a_symptom_that_passes_by_itself_fails_nothing() -> None:
    waits = replace(HEALTHY, unexplained=tuple(replace(item, passes=True) for item in INCOMPLETE.unexplained))
    suite = junit_suite(made("junit", waits))

    assert (suite.failures, suite.errors) == (0, 0)
    assert "passes by itself" in str(list(suite)[-2].system_out) + str(list(suite)[-1].system_out)
    assert sarif_run(made("sarif", waits))["results"][-1]["level"] == "note"
    assert "Seen, and over by itself, as a rule" in markdown_page(made("markdown", waits)).text


def test_a_file_is_named_where_there_is_one() -> None:
    case = next(case for case in junit_suite(made("junit", BROKEN)) if case.name == "requestheader-config-missing")

    assert (case._elem.get("file"), case._elem.get("line")) == (
        "k8s-master:/etc/kubernetes/manifests/kube-apiserver.yaml",
        "14",
    )


def test_five_hundred_nodes_are_one_failure_of_a_readable_size() -> None:
    case = next(case for case in junit_suite(made("junit", LARGE)) if case.name == "kubelet-cert-san-mismatch")

    assert case.result[0].message.endswith("(and 499 more)")
    assert len(case.result[0].text) < 100_000
    assert "node/node-0499" in case.result[0].text


# SARIF


def test_a_rule_has_its_manual_page_and_where_there_is_one_its_address() -> None:
    page = "## What it means\nA thing.\n\n## Source\nhttps://kubernetes.io/docs/x (v1.33)."
    linked = replace(REQUESTHEADER, check=replace(REQUESTHEADER.check, manual=page))
    (rule,) = sarif_run(made("sarif", replace(BROKEN, causes=(linked,))))["tool"]["driver"]["rules"]

    assert rule["helpUri"] == "https://kubernetes.io/docs/x"
    assert rule["fullDescription"]["text"] == "A thing."
    assert rule["help"]["markdown"].endswith(page)
    assert "helpUri" not in sarif_run(made("sarif", BROKEN))["tool"]["driver"]["rules"][0]


def test_fingerprints_hold_no_time() -> None:
    later = replace(
        BROKEN.causes[0],
        finding=replace(BROKEN.causes[0].finding, since=None, evidence=BROKEN.causes[0].finding.evidence[:1]),
    )
    runs = [
        sarif_run(made("sarif", diagnosis))["results"][0]["partialFingerprints"]
        for diagnosis in (BROKEN, replace(BROKEN, taken_at=BROKEN.taken_at.replace(year=2030), causes=(later,)))
    ]

    assert runs[0] == runs[1] == {"msdoctor/v1": BROKEN.causes[0].fingerprint}


@pytest.mark.parametrize(
    ("file", "artifact"),
    [
        ("deploy/a b#1.yaml", {"uri": "deploy/a%20b%231.yaml", "uriBaseId": "%SRCROOT%"}),
        ("./x.yaml", {"uri": "x.yaml", "uriBaseId": "%SRCROOT%"}),
        ("a:b.yaml", {"uri": "a%3Ab.yaml", "uriBaseId": "%SRCROOT%"}),
        ("/srv/x.yaml", {"uri": "file:///srv/x.yaml"}),
        ("k8s-master:/etc/x.yaml", {"uri": "file://k8s-master/etc/x.yaml"}),
    ],
)
def test_a_file_is_where_its_reader_looks_for_it(file: str, artifact: Mapping[str, str]) -> None:
    finding = replace(REQUESTHEADER.finding, location=Location(file, 14, 3))
    run = sarif_run(made("sarif", replace(BROKEN, causes=(replace(REQUESTHEADER, finding=finding),))))
    (place,) = run["results"][0]["locations"]

    assert place["physicalLocation"] == {
        "artifactLocation": artifact,
        "region": {"startLine": 14, "startColumn": 3},
    }
    assert place["logicalLocations"][0]["fullyQualifiedName"] == "process/kube-apiserver@k8s-master"


def test_levels_say_what_hurts() -> None:
    results = sarif_run(made("sarif", replace(AT_RISK, elsewhere=(ELSEWHERE,))))["results"]

    assert [(result["ruleId"], result["level"]) for result in results] == [
        ("kubelet-cert-san-mismatch", "warning"),
        ("kubelet-insecure-tls", "warning"),
        ("apiservice-insecure-skip-tls", "note"),
        ("requestheader-config-missing", "note"),
    ]
    assert sarif_run(made("sarif", BROKEN))["results"][0]["level"] == "error"


def test_no_result_is_not_taken_for_health_where_nothing_is_proven() -> None:
    blank = replace(INCOMPLETE, unexplained=(), checks=INCOMPLETE.checks[1:])
    undecided = sarif_run(made("sarif", blank))
    (invocation,) = undecided["invocations"]

    assert undecided["results"] == []
    assert invocation["executionSuccessful"] is False
    assert [note["descriptor"]["id"] for note in invocation["toolExecutionNotifications"]] == [
        "undecided",
        *["not-seen"] * 3,
    ]
    assert sarif_run(made("sarif", HEALTHY))["invocations"][0]["executionSuccessful"] is True


# GitHub


def worst(diagnosis: Diagnosis) -> list[Command]:
    return github_commands(made("github", diagnosis))


def test_the_ten_that_are_shown_are_the_worst_and_different_ones() -> None:
    """GitHub shows ten of each kind for a step, in the order of their lines."""
    files = [
        replace(cause, finding=replace(cause.finding, location=Location(f"{place}.yaml", 1)))
        for place, cause in enumerate([wrong_certificate()] * 20)
    ]
    notes = [
        replace(REQUESTHEADER, check=check(f"note-{place}", REQUESTHEADER.check.hop, Class.RISK)) for place in range(12)
    ]
    commands = worst(replace(BROKEN, causes=(*notes, *files, REQUESTHEADER)))
    errors = [command.properties["title"] for command in commands if command.name == "error"][:10]

    assert errors[:2] == ["kubelet-cert-san-mismatch", "requestheader-config-missing"]
    assert errors[2:] == ["kubelet-cert-san-mismatch"] * 8
    kinds = [command.name for command in commands]
    assert kinds == sorted(kinds, key=["error", "warning", "notice"].index)


def test_thousands_of_nodes_are_one_annotation() -> None:
    first = worst(LARGE)[0]

    assert "499 more like it: node/node-0001, node/node-0002, node/node-0003 …" in first.message
    assert len(worst(LARGE)) < 10


def test_a_place_in_a_file_is_annotated() -> None:
    assert worst(BROKEN)[0].properties == {
        "title": "requestheader-config-missing",
        "file": "k8s-master:/etc/kubernetes/manifests/kube-apiserver.yaml",
        "line": "14",
    }


def test_health_is_said_too_and_that_nothing_is_proven_is_an_error() -> None:
    assert (worst(HEALTHY)[1].name, worst(HEALTHY)[1].message) == (
        "notice",
        "HEALTHY: metrics flow; seen: 2 of 2 nodes, 11 of 12 pods",
    )
    undecided = worst(replace(INCOMPLETE, unexplained=()))[0]
    assert (undecided.name, undecided.properties["title"]) == ("error", "incomplete")
    assert undecided.message.startswith("INCOMPLETE: metrics not seen to flow, no cause found;")


def test_the_job_summary_is_added_to_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = tmp_path / "summary"
    summary.write_text("of the step before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    run = ["run", "--from", str(FIXTURES / "requestheader-config-missing")]
    CliRunner().invoke(cli, run)
    assert summary.read_text() == "of the step before\n"
    result = CliRunner().invoke(cli, [*run, "-o", "text", "-o", f"github={tmp_path / 'commands'}"])

    assert result.exit_code == 1
    assert summary.read_text().startswith("of the step before\n## BROKEN: ")


def test_a_summary_that_cannot_be_written_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    result = CliRunner().invoke(cli, ["run", "--from", str(FIXTURES / "healthy"), "-o", "github"])

    assert result.exit_code == 0
    assert "no job summary: " in result.stderr


def test_a_summary_is_never_larger_than_github_takes_and_is_closed_where_it_is_cut() -> None:
    whole = made("markdown", LARGE, verbose=True)
    for most in range(2_000, 30_000, 700):
        part = markdown.cut(whole, most)
        assert len(part.encode()) <= most
        tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(part)
        fences = [token.content for token in tokens if token.type == "fence"]
        assert not [text for text in fences if "<details>" in text or "the rest does not fit" in text]
        assert part.count("<details>") == part.count("</details>")
        assert part.endswith("`msdoctor run` tells it all.\n")
    assert len(github.summary(LARGE, Style(verbose=True)).encode()) <= github.LARGEST_SUMMARY


# GitLab


def test_an_empty_report_says_that_all_is_well_and_only_then() -> None:
    assert gitlab_entries(made("gitlab", replace(HEALTHY, causes=()))) == []
    (entry,) = gitlab_entries(made("gitlab", replace(INCOMPLETE, unexplained=())))
    assert (entry["check_name"], entry["severity"]) == ("incomplete", "critical")


def test_severities_and_places() -> None:
    entries = gitlab_entries(made("gitlab", replace(BROKEN, elsewhere=(ELSEWHERE,))))

    assert [(entry["severity"], entry["location"]["path"]) for entry in entries] == [
        ("blocker", "k8s-master:/etc/kubernetes/manifests/kube-apiserver.yaml"),
        ("blocker", "node/k8s-node1"),
        ("info", "apiservice/v1beta1.metrics.k8s.io"),
        ("info", "k8s-master:/etc/kubernetes/manifests/kube-apiserver.yaml"),
    ]
    assert gitlab_entries(made("gitlab", DEGRADED))[0]["severity"] == "critical"


# Markdown


def test_the_report_is_a_page() -> None:
    page = markdown_page(made("markdown", BROKEN, age="just now"))

    assert page.tags == MARKED - {"br"} | ({"br"} & page.tags)
    for text in (
        "BROKEN: no metrics for anybody: 2 causes",
        "blind: 2 of 2 nodes, 1 of 1 HPA",
        "1. ✗ requestheader-config-missing: certain",
        "Repair in this order: 1, then 2.",
        "extendedKeyUsage=clientAuth\nEOF\n",
        "the certificate that metrics-server serves: not asked; see it with --port-forward",
    ):
        assert text in page.text


def test_commands_are_copied_as_they_must_be_typed() -> None:
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(made("markdown", BROKEN))
    blocks = "".join(token.content for token in tokens if token.type == "fence")

    for cause in BROKEN.causes:
        for remedy in cause.finding.remedies:
            for command in remedy.commands:
                assert f"{command}\n" in blocks


# Prometheus

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "msdoctor.rules.yaml"


def values(diagnosis: Diagnosis, name: str) -> dict[str, float]:
    """Each series' value by its labels other than the cluster's name."""
    samples = prometheus_metrics(made("prometheus", diagnosis))[name].samples
    return {
        ",".join(f"{key}={value}" for key, value in sample.labels.items() if key != "cluster"): sample.value
        for sample in samples
    }


def test_one_gauge_for_each_cause() -> None:
    assert values(BROKEN, "msdoctor_cause") == {
        "id=requestheader-config-missing,class=cause,hop=D,confidence=certain,state=active": 1,
        "id=kubelet-cert-san-mismatch,class=cause,hop=E,confidence=certain,state=active": 1,
        "id=apiservice-insecure-skip-tls,class=risk,hop=C,confidence=certain,state=active": 1,
    }
    assert values(LARGE, "msdoctor_cause") == {
        "id=kubelet-cert-san-mismatch,class=cause,hop=E,confidence=certain,state=active": 499,
        "id=kubelet-cert-san-mismatch,class=cause,hop=E,confidence=likely,state=active": 1,
    }


def test_counts_and_times() -> None:
    assert values(DEGRADED, "msdoctor_nodes_seen") == {"": 1}
    assert values(DEGRADED, "msdoctor_nodes") == {"": 2}
    assert values(INCOMPLETE, "msdoctor_unseen") == {"": 4}
    assert values(INCOMPLETE, "msdoctor_unexplained") == {"id=apiservice-unavailable": 1}
    assert values(BROKEN, "msdoctor_taken_at_timestamp_seconds") == {"": BROKEN.taken_at.timestamp()}
    assert values(BROKEN, "msdoctor_newest_sample_age_seconds") == {}  # there is none, which is not 0
    assert values(BROKEN, "msdoctor_hop_state")["hop=D,name=metrics-server,state=broken"] == 1
    assert values(BROKEN, "msdoctor_hop_state")["hop=D,name=metrics-server,state=ok"] == 0
    assert sum(values(INCOMPLETE, "msdoctor_checks").values()) == len(INCOMPLETE.checks)
    assert values(replace(HEALTHY, elsewhere=(ELSEWHERE,)), "msdoctor_elsewhere") == {
        "id=requestheader-config-missing": 1
    }


# The alert rules beside the metrics


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    assert set(group) == {"name", "rules"}
    return list(group["rules"])


def test_each_rule_is_one_that_prometheus_takes() -> None:
    """What its own reader asks for (prometheus: model/rulefmt), as far as it shows without its language."""
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"[A-Z][A-Za-z]+", rule["alert"])
        assert re.fullmatch(r"\d+[smhd]", rule["for"])
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}
        for text in rule["annotations"].values():
            assert text.count("{{") == text.count("}}")
            assert "{{ $labels.cluster }}" in rule["annotations"]["summary"]


def test_rules_ask_for_what_is_written() -> None:
    """Each metric, label and value of a rule is one that reports have."""
    metrics: dict[str, dict[str, set[str]]] = {}
    for diagnosis in (BROKEN, DEGRADED, HEALTHY, INCOMPLETE, AT_RISK):
        for name, metric in prometheus_metrics(made("prometheus", diagnosis)).items():
            for sample in metric.samples:
                for label, value in sample.labels.items():
                    metrics.setdefault(name, {}).setdefault(label, set()).add(value)
    for rule in rules():
        asked = re.findall(r"(msdoctor_\w+)(?:\{([^}]*)\})?", rule["expr"])
        assert asked
        for name, selectors in asked:
            for label, operator, value in re.findall(r'(\w+)(=~?)"([^"]*)"', selectors):
                assert operator == "=~" or value in metrics[name][label], rule["alert"]
                assert label in metrics[name], rule["alert"]
            assert name in metrics, rule["alert"]
        for label in re.findall(r"\$labels\.(\w+)", str(rule["annotations"])):
            assert label in metrics[asked[0][0]], rule["alert"]


def test_every_verdict_but_health_raises_an_alert_and_certificates_their_own() -> None:
    asked = set(re.findall(r'verdict="([\w-]+)"', RULES.read_text()))
    assert asked == {"broken", "degraded", "incomplete", "at-risk"}
    (pattern,) = re.findall(r'id=~"([^"]+)"', RULES.read_text())
    expiring = {name for name in VOCABULARY if re.fullmatch(pattern, name)}
    assert expiring >= {"kubelet-cert-expiring", "front-proxy-cert-expiring", "metrics-server-cert-expiring"}


# What the user has decided to live with

ASIDE = replace(
    BROKEN,
    causes=BROKEN.causes[1:],
    suppressed=(
        Suppressed(
            "requestheader-config-missing",
            REQUESTHEADER.finding.subjects,
            REQUESTHEADER.finding.summary,
            SetAside.SUPPRESSION,
            "the lab is rebuilt next week",
            where="msdoctor.yaml:3",
            cause=REQUESTHEADER,
        ),
        Suppressed("hpa-metrics-failing", ("hpa/default/busy",), "It scales nothing.", SetAside.IGNORED, "--ignore"),
    ),
    remarks=(Remark(RemarkKind.UNUSED, "fits nothing that was found", "msdoctor.yaml:9"),),
)


@pytest.mark.parametrize("form", FORMATS)
def test_what_is_set_aside_is_read_back_too(form: str) -> None:
    READERS[form](made(form, ASIDE))


def test_what_is_set_aside_is_told_and_fails_nothing() -> None:
    results = sarif_run(made("sarif", ASIDE))["results"]
    aside = {item["ruleId"]: item["suppressions"][0] for item in results if "suppressions" in item}
    assert aside["requestheader-config-missing"] == {
        "kind": "external",
        "status": "accepted",
        "justification": "the lab is rebuilt next week (msdoctor.yaml:3)",
    }
    assert len(results) == 4

    case = next(case for case in junit_suite(made("junit", ASIDE)) if case.name == "requestheader-config-missing")
    assert case.is_skipped
    assert case.result[0].message.endswith("Not counted: the lab is rebuilt next week (msdoctor.yaml:3)")
    alone = junit_suite(made("junit", replace(ASIDE, causes=(), proven=True)))
    assert (alone.failures, alone.errors) == (0, 0) == (exit_code(replace(ASIDE, causes=())), 0)

    assert "requestheader-config-missing" not in made("github", ASIDE)
    assert "::notice title=settings::fits nothing that was found (msdoctor.yaml:9)" in made("github", ASIDE)
    assert "Why not: the lab is rebuilt next week" in markdown_page(made("markdown", ASIDE)).text
    assert values(ASIDE, "msdoctor_suppressed")["id=hpa-metrics-failing"] == 1
    assert [entry["check_name"] for entry in gitlab_entries(made("gitlab", ASIDE))] == [
        "kubelet-cert-san-mismatch",
        "apiservice-insecure-skip-tls",
    ]


def test_what_counts_as_the_user_has_said_has_that_level() -> None:
    causes = (replace(SKIPS_TLS, severity=Class.CAUSE), replace(REQUESTHEADER, severity=Class.RISK))
    results = sarif_run(made("sarif", replace(BROKEN, causes=causes)))["results"]

    assert [result["level"] for result in results] == ["error", "warning"]
