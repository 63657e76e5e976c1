"""`run --wait` waits for what passes by, and for nothing that somebody has to mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from msdoctor import registry
from msdoctor.bundle import Bundle
from msdoctor.cli import cli
from msdoctor.cli import run as run_command
from msdoctor.cli.wait import Patience, until_healthy
from msdoctor.collect import load
from msdoctor.diagnose import diagnose
from msdoctor.diagnosis import AwaitedNode, Diagnosis
from msdoctor.facts.cluster import read_facts
from msdoctor.facts.objects import Meta, Node
from msdoctor.judge import Result, judge
from msdoctor.model import Class, Confidence, Passing, Unseen
from msdoctor.waiting import YOUNG, Decision, Next, decide, is_young

FIXTURES = Path(__file__).parents[1] / "fixtures"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@cache
def diagnosed(name: str) -> Diagnosis:
    cluster = read_facts(load(FIXTURES / name))
    return diagnose(cluster, judge(cluster, registry.load()))


# What to do after a look


@pytest.mark.parametrize(
    "name", ["healthy", "kubelet-cert-expiring", "apiserver-restarting", "startup-race-rbac-not-ready"]
)
def test_metrics_that_flow_end_it(name: str) -> None:
    assert decide(diagnosed(name)) == Decision(Next.HEALTHY, "metrics flow")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("metrics-not-yet-available", "metrics-not-yet-available"),
        ("metrics-not-yet-available@0.9", "metrics-not-yet-available"),
        ("apiservice-backend-starting", "metrics-not-yet-available"),
        ("node-just-joined", "for the first metrics of k8s-node1, which joined just now"),
        ("kubelet-serving-csr-pending", "kubelet-serving-csr-pending: it may pass by itself"),
        ("metrics-server-node-down", "metrics-server-node-down: it may pass by itself"),
        ("metrics-server-unschedulable", "metrics-server-unschedulable: it may pass by itself"),
        ("kubelet-down", "kubelet-down: it may pass by itself"),
    ],
)
def test_what_passes_by_is_waited_for(name: str, why: str) -> None:
    assert decide(diagnosed(name)) == Decision(Next.WAIT, why)


@pytest.mark.parametrize(
    "name",
    [
        "requestheader-config-missing",
        "metrics-server-not-ready",  # by certificates that somebody has to issue
        "kubelet-cert-san-mismatch",
        "apiservice-port-mismatch",
        "bad-flag-or-args",
        "metrics-server-missing",
        "rbac-auth-reader-missing",
        "hpa-missing-requests",
    ],
)
def test_what_somebody_has_to_mend_is_not_waited_for(name: str) -> None:
    assert decide(diagnosed(name)).next is Next.BROKEN


@pytest.mark.parametrize("name", ["metrics-server-missing", "rbac-auth-reader-missing", "metrics-api-not-registered"])
def test_what_may_still_be_installed_is_waited_for_in_a_young_cluster(name: str) -> None:
    assert decide(diagnosed(name)).next is Next.BROKEN
    assert decide(diagnosed(name), young=True).next is Next.WAIT


def test_a_lasting_cause_beside_one_that_passes_ends_it_by_its_own_name() -> None:
    causes = (*diagnosed("kubelet-serving-csr-pending").causes, *diagnosed("kubelet-cert-expired").causes)
    both = replace(diagnosed("kubelet-cert-expired"), causes=causes)

    assert decide(both) == Decision(Next.BROKEN, "kubelet-cert-expired: waiting does not heal that")


def test_a_cause_that_is_only_possible_is_looked_at_again() -> None:
    degraded = diagnosed("kubelet-cert-expired")
    cause = degraded.causes[0]
    possible = replace(cause, finding=replace(cause.finding, confidence=Confidence.POSSIBLE))
    undecided = replace(degraded, causes=(possible,), verdict=diagnosed("metrics-not-yet-available").verdict)

    assert decide(undecided) == Decision(Next.WAIT, "kubelet-cert-expired: possible, and not sure")


def test_an_api_server_that_does_not_answer_yet_is_waited_for() -> None:
    starting = replace(diagnosed("metrics-not-yet-available"), unexplained=(), causes=(), server_version="")

    decision = decide(starting)
    assert decision.next is Next.WAIT
    assert decision.because.startswith("the API server told nothing: ")


def test_a_risk_is_waited_for_as_little_as_a_cause_where_it_fails() -> None:
    assert decide(diagnosed("kubelet-cert-expiring"), fail_on=Class.RISK).next is Next.BROKEN


def test_what_stays_unseen_while_metrics_flow_is_not_waited_for() -> None:
    healthy = diagnosed("healthy")
    crashed = replace(healthy, checks=(replace(healthy.checks[0], outcome=Result.ERROR), *healthy.checks[1:]))

    assert decide(healthy, strict=True).next is Next.UNDECIDED
    assert decide(crashed).next is Next.UNDECIDED


def test_a_node_that_just_joined_is_waited_for_although_the_others_are_well() -> None:
    flow = replace(diagnosed("healthy").flow, awaited_nodes=(AwaitedNode("new", NOW),))

    assert decide(replace(diagnosed("healthy"), flow=flow)).next is Next.WAIT


def test_only_causes_pass_by() -> None:
    passing = [check for check in registry.load() if check.passes is not Passing.NEVER]

    assert passing
    assert all(check.cls is Class.CAUSE for check in passing)


def _node(age: timedelta) -> Node:
    return Node(metadata=Meta(name="n", creation_timestamp=NOW - age))


def test_a_cluster_is_as_old_as_its_oldest_node() -> None:
    new, old = _node(timedelta(minutes=1)), _node(YOUNG)

    assert is_young((new,), NOW)
    assert is_young((), NOW)
    assert not is_young((new, old), NOW)
    assert not is_young(Unseen("forbidden"), NOW)


# The loop


@dataclass
class FakeClock:
    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Cluster:
    """Answers each look with the next of these states, the last for ever; a look lasts so long."""

    clock: FakeClock
    states: Sequence[Decision]
    look_seconds: float = 2.0
    given: list[float] = field(default_factory=list)

    def look(self, most: float) -> Decision:
        self.given.append(most)
        self.clock.now += min(self.look_seconds, most)
        return self.states[min(len(self.given), len(self.states)) - 1]


WAITING, OTHER = Decision(Next.WAIT, "starting"), Decision(Next.WAIT, "node n joined")
HEALTHY, BROKEN = Decision(Next.HEALTHY, "metrics flow"), Decision(Next.BROKEN, "broken")


def wait(
    *states: Decision, seconds: float = 300, look_seconds: float = 2, timeout: float = 60
) -> tuple[Cluster, Decision, list[str]]:
    clock, said = FakeClock(), list[str]()
    cluster = Cluster(clock, states, look_seconds)
    last = until_healthy(cluster.look, lambda seen: seen, Patience(seconds, timeout), said.append, clock)
    return cluster, last, said


def test_it_ends_when_metrics_flow_and_says_each_change_once() -> None:
    cluster, last, said = wait(WAITING, WAITING, OTHER, HEALTHY)

    assert last == HEALTHY
    assert said == [
        "0:02 waiting: starting",
        "0:16 waiting: node n joined",
        "0:23 healthy: metrics flow",
    ]
    assert cluster.clock.slept == [5, 5, 5]


def test_it_ends_at_once_where_waiting_heals_nothing() -> None:
    cluster, last, said = wait(BROKEN, HEALTHY)

    assert (last, said, cluster.clock.slept) == (BROKEN, ["0:02 broken: broken"], [])


def test_it_gives_the_last_report_when_the_time_is_over_and_not_later() -> None:
    cluster, last, said = wait(WAITING, OTHER, seconds=20)

    assert last == OTHER
    assert said[-1].endswith(" given up: the time of --wait is over")
    assert cluster.clock.now - 1000 <= 20


@pytest.mark.parametrize("look_seconds", [0.1, 1, 2, 7, 19, 30])
@pytest.mark.parametrize("seconds", [1, 5, 20, 61])
def test_it_never_lasts_longer_than_it_was_given(seconds: float, look_seconds: float) -> None:
    cluster, _, _ = wait(WAITING, seconds=seconds, look_seconds=look_seconds)

    assert cluster.clock.now - 1000 <= seconds + 1e-6


def test_no_look_is_cut_short_but_the_first() -> None:
    cluster, _, _ = wait(WAITING, seconds=60, look_seconds=7)

    assert all(most >= 14 for most in cluster.given)


def test_a_quick_look_has_time_to_spare_in_the_end() -> None:
    cluster, _, _ = wait(WAITING, seconds=60, look_seconds=0.1)

    assert all(most > 3 for most in cluster.given)


def test_a_look_is_bounded_by_its_timeout_and_by_what_is_left() -> None:
    assert wait(HEALTHY, timeout=60, seconds=300)[0].given == [60]
    assert wait(HEALTHY, timeout=60, seconds=10)[0].given == [10]


def test_slow_looks_leave_the_cluster_as_much_time_between_them() -> None:
    cluster, _, _ = wait(WAITING, WAITING, HEALTHY, look_seconds=12)

    assert cluster.clock.slept == [12, 12]


# The command


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Looks that see one recorded cluster after the other."""
    names: list[str] = []

    def look(options: dict[str, object]) -> Bundle:
        assert isinstance(options["timeout"], float)
        return load(FIXTURES / (names.pop(0) if len(names) > 1 else names[0]))

    monkeypatch.setattr(run_command, "_look", look)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.chdir(tmp_path)
    return names


def test_a_cluster_that_starts_becomes_healthy(recorded: list[str], tmp_path: Path) -> None:
    recorded += ["apiservice-backend-starting", "metrics-not-yet-available", "healthy"]

    done = CliRunner().invoke(cli, ["run", "--wait", "5m", "--save", str(tmp_path / "seen")])
    assert done.exit_code == 0
    assert "HEALTHY" in done.stdout
    assert [line.split(" ", 1)[1] for line in done.stderr.splitlines()] == [
        "waiting: metrics-not-yet-available",
        "healthy: metrics flow",
    ]
    assert load(tmp_path / "seen").taken_at == load(FIXTURES / "healthy").taken_at


def test_a_broken_one_exits_with_1_at_once(recorded: list[str]) -> None:
    recorded += ["requestheader-config-missing", "healthy"]

    done = CliRunner().invoke(cli, ["run", "--wait", "5m"])
    assert done.exit_code == 1
    assert "broken: requestheader-config-missing: waiting does not heal that" in done.stderr


def test_what_is_suppressed_is_not_waited_for(recorded: list[str]) -> None:
    recorded += ["requestheader-config-missing"]

    done = CliRunner().invoke(cli, ["run", "--wait", "5m", "--ignore", "requestheader-config-missing"])
    assert done.exit_code == 0
    assert "healthy: nothing that counts is the matter" in done.stderr


@pytest.mark.parametrize("value", ["soon", "0s", "", "-5m", "5", "5m", "1h30m"])
def test_how_long_is_a_length_of_time(recorded: list[str], value: str) -> None:
    recorded += ["healthy"]

    assert CliRunner().invoke(cli, ["run", f"--wait={value}"]).exit_code == (0 if value in ("5", "5m", "1h30m") else 2)


def test_a_saved_bundle_is_not_waited_for() -> None:
    done = CliRunner().invoke(cli, ["run", "--from", str(FIXTURES / "healthy"), "--wait", "5m"])

    assert done.exit_code == 2
    assert "what --from saved does not change" in done.output
