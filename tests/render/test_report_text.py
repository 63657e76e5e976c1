"""The text report, whole: each file in expected/ is a report to be read as prose.

After a change that is meant, ``UPDATE_EXPECTED=1 pytest tests/render`` writes them anew; read the difference.
"""

import os
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from msdoctor.diagnosis import Diagnosis, HopReport, HopState, Verdict
from msdoctor.facts.gaps import Gap
from msdoctor.judge import Result
from msdoctor.model import Confidence, Hop, State
from msdoctor.render import report_causes, report_head, report_text

from .patients import (
    AS_MASTERS,
    AT_RISK,
    BROKEN,
    DEGRADED,
    HEALTHY,
    HOSTILE,
    INCOMPLETE,
    INSECURE,
    LARGE,
    PATIENTS,
    REQUESTHEADER,
    wrong_certificate,
)

EXPECTED = Path(__file__).parent / "expected"
STATES = tuple(HopState)


def text(diagnosis: Diagnosis, *, width: int = 80, verbose: bool = False) -> str:
    """The report without colour."""
    return report_text.text(diagnosis, width=width, verbose=verbose, age="1.1 s")


def commands(diagnosis: Diagnosis) -> set[str]:
    """Every line of every command in it."""
    found = set()
    for cause in diagnosis.causes:
        found |= {item.how for item in cause.finding.evidence}
        for remedy in cause.finding.remedies:
            found |= {
                line for command in (*remedy.commands, *remedy.undo, remedy.verify) for line in command.split("\n")
            }
    return found


@pytest.mark.parametrize("name", [*PATIENTS, "broken-verbose"])
def test_whole_reports(name: str) -> None:
    report = text(PATIENTS[name.removesuffix("-verbose")], verbose=name.endswith("-verbose"))
    file = EXPECTED / f"{name}.txt"
    if os.environ.get("UPDATE_EXPECTED"):
        file.write_text(report, encoding="utf-8")
    assert report == file.read_text(encoding="utf-8")


def test_no_expected_report_without_its_patient() -> None:
    assert {file.stem for file in EXPECTED.iterdir()} == {*PATIENTS, "broken-verbose"}


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", [name for name in PATIENTS if name != "hostile"])
def test_only_commands_are_wider_than_the_terminal(name: str, verbose: bool, width: int) -> None:
    whole = commands(PATIENTS[name])
    for line in text(PATIENTS[name], width=width, verbose=verbose).split("\n"):
        # A path that a label stands beside, or a command of the report's own.
        alone = len(line.split()) <= 2 or line.strip().startswith(("kubectl ", "`"))
        assert len(line) <= width or line.strip() in whole or alone, line
        assert line == line.rstrip()


@pytest.mark.parametrize("name", ["broken", "degraded"])
def test_every_command_of_an_active_cause_is_there_on_lines_of_its_own(name: str) -> None:
    report = text(PATIENTS[name])
    lines = {line.strip() for line in report.split("\n")}
    for cause in PATIENTS[name].causes:
        for remedy in cause.finding.remedies:
            for command in remedy.commands:
                assert set(command.split("\n")) <= lines
            assert all(command in report for command in remedy.undo)
            assert remedy.verify in report


def test_a_command_of_several_lines_can_be_pasted_as_it_stands() -> None:
    assert "\ncat > front-proxy.ext <<EOF\nextendedKeyUsage=clientAuth\nEOF\n" in text(BROKEN)


def test_what_is_latent_is_never_healed_by_weakening() -> None:
    assert INSECURE in wrong_certificate(state=State.LATENT).finding.remedies
    assert INSECURE.advice not in text(AT_RISK)
    assert "WEAKENS SECURITY" in text(DEGRADED)


@pytest.mark.parametrize("state", STATES)
def test_the_row_of_hops_fits_and_says_each_state_in_a_word_and_a_symbol(state: HopState) -> None:
    hops = tuple(HopReport(hop, state) for hop in tuple(Hop)[:8])
    report = text(replace(HEALTHY, hops=hops))
    row = next(line for line in report.split("\n") if line.startswith("  A "))
    words = report.split("\n")[report.split("\n").index(row) + 3]
    assert len(row) <= 80
    assert len(words) <= 80
    assert re.split(r"\s{2,}", words.strip()) == [state.replace("-", " ")] * 8
    assert len(re.findall(r"\b[A-H] \S", row)) == 8


def test_hops_say_why_they_are_not_ok() -> None:
    hops = (HopReport(Hop.E, HopState.OK, "2 scraped"), HopReport(Hop.C, HopState.UNKNOWN, "hidden by B: no endpoint"))
    report = replace(
        BROKEN, hops=(*hops, HopReport(Hop.D, HopState.BROKEN), HopReport(Hop.H, HopState.UNKNOWN, "not seen"))
    )
    assert "\n\n  C hidden by B: no endpoint   D cause 1\n\n" in text(report)
    assert "E cause 2, 2 scraped" not in text(report, verbose=True)
    assert "  E 2 scraped   C hidden" in text(report, verbose=True)
    assert "H not seen" in text(report, verbose=True)


def test_states_differ_without_colour() -> None:
    symbols = {report_head.HOP_STATES[state][0] for state in STATES}
    assert len(symbols) == len(STATES)


def test_a_narrow_terminal_gets_a_line_for_each_hop() -> None:
    assert "  D ✗ metrics-server  broken\n" in text(BROKEN, width=60)


@pytest.mark.parametrize("name", PATIENTS)
def test_without_colour_no_escape_and_with_colour_the_same_text(name: str) -> None:
    coloured = report_text.text(PATIENTS[name], colour=True, age="1.1 s")
    assert "\x1b" not in text(PATIENTS[name])
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text(PATIENTS[name])


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("verbose", [False, True])
def test_hostile_names_stay_text(verbose: bool, colour: bool) -> None:
    report = report_text.text(HOSTILE, verbose=verbose, colour=colour, age="1.1 s")
    ours = re.sub(r"\x1b\[[0-9;]*m", "", report) if colour else report
    assert "\\x1b[2J" in ours
    assert not [c for c in ours if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]


def test_a_forged_name_enters_no_command_of_the_report_s_own() -> None:
    assert "kubectl -n <NAMESPACE> scale <KIND>/<NAME>" in text(HOSTILE)


@pytest.mark.parametrize("name", PATIENTS)
def test_a_terminal_without_unicode_gets_ascii(name: str) -> None:
    report = report_text.text(PATIENTS[name], ascii_only=True)
    assert report.isascii()
    assert len(report.split("\n")) == len(report_text.text(PATIENTS[name]).split("\n"))


def test_what_many_things_share_is_told_once() -> None:
    report = text(LARGE)
    assert len(report.split("\n")) < 80
    assert "499 more: node/node-0001" in report
    assert "90 times" in report
    assert len(text(LARGE, verbose=True).split("\n")) > 5000


def test_up_to_three_of_a_kind_are_told_in_full_and_what_they_share_comes_last() -> None:
    causes = (wrong_certificate(), wrong_certificate("k8s-node2", "192.0.2.52"))
    report = text(replace(DEGRADED, causes=causes))
    assert "metrics are missing: 1 cause " in report
    assert report.index("on k8s-node1:") < report.index("on k8s-node2:") < report.index(INSECURE.advice[-20:])
    assert report.count("WEAKENS SECURITY") == 1


def test_what_comes_next_is_said_to_be_hidden() -> None:
    report = text(replace(BROKEN, causes=(REQUESTHEADER, wrong_certificate(state=State.NEXT))))
    assert "no metrics for anybody: 1 cause " in report
    assert "2 » kubelet-cert-san-mismatch   certain, next " in report
    assert "Repair in this order" not in report


def test_a_possible_cause_is_called_so() -> None:
    finding = replace(REQUESTHEADER.finding, confidence=Confidence.POSSIBLE)
    report = text(replace(BROKEN, verdict=Verdict.INCOMPLETE, causes=(replace(REQUESTHEADER, finding=finding),)))
    assert "INCOMPLETE   1 possible cause " in report
    assert "1 ✗ requestheader-config-missing   possible " in report


def test_where_nothing_is_known_it_says_what_to_do_next() -> None:
    gaps = tuple(Gap(f"/api/v1/thing-{n}", "unreachable: connection refused") for n in range(20))
    flow = replace(
        BROKEN.flow, nodes_seen=None, nodes_of=None, pods_seen=None, pods_of=None, blind_nodes=(), blind_hpas=()
    )
    nothing = replace(INCOMPLETE, unexplained=(), gaps=gaps, flow=flow)
    report = text(nothing)
    assert "INCOMPLETE   metrics not seen to flow, no cause found\n" in report
    assert "Next: see to what stands first under Not seen (unreachable: connection refused)," in report
    assert "/api/v1/thing-2 and 17 more:" in report
    assert all(gap.what in text(nothing, verbose=True) for gap in gaps)


def test_one_answered_as_system_masters_proves_nothing_about_others() -> None:
    assert "proves nothing about" in text(AS_MASTERS)
    assert "proves nothing about" not in text(HEALTHY)


def test_a_check_that_crashed_is_named() -> None:
    assert Result.ERROR in {item.outcome for item in INCOMPLETE.checks}
    assert "broken-plug-in: the check itself failed" in text(INCOMPLETE)


def test_times_bear_a_date_where_it_is_not_the_report_s() -> None:
    assert "since     13:20:07Z:" in text(BROKEN)
    assert "since     2026-03-01 13:20:07Z:" in text(replace(BROKEN, taken_at=datetime(2026, 3, 2, tzinfo=UTC)))


def test_no_help_gives_its_reason_even_where_that_takes_a_second_line() -> None:
    reason = report_causes._reason
    assert reason("moving it: it stays, and so on. More.", 20) == "moving it: it stays"
    assert reason("moving it: it stays, and so on. More.", 32) == "moving it: it stays, and so on"
    assert reason("a very long what: why", 5) == "a very long what: why"
    assert reason("no colon at all", 5) == "no colon at all"
